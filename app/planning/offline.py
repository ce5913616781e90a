"""The plan on a phone without signal; it carries, besides those who are visited, who is due and who is near."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from app.identity.permissions import P
from app.kernel.access import Actor
from app.kernel.dates import today_in
from app.planning.queries import get_day, list_due_candidates, list_near_candidates
from app.sync.ports import Carried, Subjects


def _subjects(actor: Actor, now: datetime) -> Iterable[UUID]:
    plan = get_day(actor, today_in(actor.zone, now), now)
    return [each.id for each in (*list_due_candidates(actor, plan), *list_near_candidates(actor, plan))]


def _addresses(actor: Actor, now: datetime, _accounts: Subjects) -> Iterable[str]:
    today = today_in(actor.zone, now)
    return ["/plan", f"/plan?day={today}", f"/plan?day={today + timedelta(days=1)}", "/nearby"]


CARRIED = Carried(P.PLANNING_USE, subjects=_subjects, addresses=_addresses)

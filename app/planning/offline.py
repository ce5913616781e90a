"""The plan on a phone without signal: every day that the page offers, who is near to today's stops and who is due."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from app.accounts.queries import nearest_accounts
from app.accounts.rules import AccountFilters
from app.identity.permissions import P
from app.kernel.access import Actor
from app.kernel.dates import today_in
from app.planning.candidates import list_due_candidates
from app.planning.forms import shown_days
from app.planning.queries import get_day, position_of
from app.sync.ports import Carried, Subjects

NEIGHBOURS = 80  # shared by the stops, which have many in common


def _subjects(actor: Actor, now: datetime) -> Iterable[UUID]:
    plan = get_day(actor, today_in(actor.zone, now), now)
    for due in list_due_candidates(actor, plan):  # the page offers them
        yield due.id
    stops = [plan.shift.start, *(position_of(line) for line in (*plan.begun, *plan.waiting))]
    known = [position for position in dict.fromkeys(stops) if position is not None]
    for position in known:
        for near in nearest_accounts(actor, position, max(5, NEIGHBOURS // len(known)), AccountFilters(), plan.day):
            yield near.id


def _addresses(actor: Actor, now: datetime, _accounts: Subjects) -> Iterable[str]:
    today = today_in(actor.zone, now)
    return ["/plan", *(f"/plan?day={day}" for day in shown_days(today, today)), "/nearby"]


CARRIED = Carried(P.PLANNING_USE, subjects=_subjects, addresses=_addresses)

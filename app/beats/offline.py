"""One's weeks on a phone without signal: this one and the next, and the plans of the next days that have visits."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from app.identity.permissions import P
from app.kernel.access import Actor
from app.kernel.dates import today_in
from app.sync.ports import Carried, Subjects
from app.visits.queries import count_days

DAYS = 3  # over a weekend, too


def _addresses(actor: Actor, now: datetime, _accounts: Subjects) -> Iterable[str]:
    today = today_in(actor.zone, now)
    following = today + timedelta(days=7 - today.weekday())
    days = sorted(count_days(actor, today, today + timedelta(days=7)))[:DAYS]
    return ["/plan/weeks", f"/plan/weeks?week={following}", *(f"/plan?day={day}" for day in days)]


CARRIED = Carried(P.PLANNING_USE, addresses=_addresses)

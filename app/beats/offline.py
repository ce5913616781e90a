"""One's weeks on a phone without signal, this one and the next; planning carries the days themselves."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from app.identity.permissions import P
from app.kernel.access import Actor
from app.kernel.dates import today_in
from app.sync.ports import Carried, Subjects


def _addresses(actor: Actor, now: datetime, _accounts: Subjects) -> Iterable[str]:
    today = today_in(actor.zone, now)
    following = today + timedelta(days=7 - today.weekday())
    return ["/plan/weeks", f"/plan/weeks?week={following}"]


CARRIED = Carried(P.PLANNING_USE, addresses=_addresses)

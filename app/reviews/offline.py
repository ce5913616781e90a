"""What a phone without signal carries of reviews: the visits that a manager asks about."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from app.identity.permissions import P
from app.kernel.access import Actor
from app.reviews.queries import asked_about
from app.sync.ports import Carried, Rows, Subjects
from app.visits.offline import slots_of
from app.visits.queries import VisitLine, list_own


def _lines(actor: Actor, now: datetime) -> list[VisitLine]:
    return list_own(actor, asked_about(actor.person_id), now)


def _subjects(actor: Actor, now: datetime) -> Iterable[UUID]:
    return [line.row.account_id for line in _lines(actor, now)]


def _addresses(actor: Actor, now: datetime, _accounts: Subjects) -> Iterable[str]:
    return ["/visits/queried", *(f"/visits/{line.row.id}" for line in _lines(actor, now))]


def _rows(actor: Actor, now: datetime, _accounts: Subjects) -> Rows:
    return {line.row.id: slots_of(line) for line in _lines(actor, now)}


CARRIED = Carried(P.VISITS_WRITE, _subjects, _addresses, _rows)

"""What a manager does with visits of reps: schedule them, put a day in order, take them out again.

Never what the rep has begun, explained, or made their own. Done again with the same ids, nothing changes.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, exists, select
from sqlalchemy.orm import aliased

from app.accounts.models import Account, Place
from app.identity.permissions import P
from app.infra.db import db
from app.infra.journal import record
from app.kernel.access import Actor, must
from app.kernel.dates import today_in
from app.visits.actions import FURTHEST_PLAN
from app.visits.events import DayArranged, VisitPlanned, VisitWithdrawn
from app.visits.models import CheckIn, Dismissal, Visit, VisitAlias
from app.visits.queries import get_rep

MOST_IDS = 500  # in one statement: databases limit how many values it may have


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A visit that a rep is to make."""

    visit_id: UUID
    account_id: UUID
    place_id: UUID
    day: date
    minutes: int


def schedule_visits(actor: Actor, rep_id: UUID, wanted: Sequence[Scheduled], now: datetime) -> frozenset[UUID]:
    """Give the rep these visits; the ids of those that are there now.

    Not made are visits of days that are over or more than a year ahead, to customers that are archived or not the
    rep's, and where another open visit of the rep to the customer stands on that day. NotFoundError for a rep beyond
    the actor's reach.
    """
    must(actor, P.BEATS_MANAGE)
    rep = get_rep(actor, rep_id)
    today = today_in(rep.zone, now)
    known = _own(rep_id, [each.visit_id for each in wanted])
    visited = _open_days(rep_id, min((each.day for each in wanted), default=today))
    places = _places(rep_id, [each.account_id for each in wanted])
    made = set(known)
    for each in wanted:
        is_possible = today <= each.day <= today + FURTHEST_PLAN and (each.account_id, each.place_id) in places
        if each.visit_id in known or not is_possible or (each.account_id, each.day) in visited:
            continue
        db.session.add(
            Visit(
                id=each.visit_id, account_id=each.account_id, place_id=each.place_id, rep_id=rep_id,
                planned_on=each.day, planned=True, minutes=each.minutes, created_at=now, created_by=actor.id,
            )
        )  # fmt: skip
        record(actor, VisitPlanned(each.visit_id, account_id=each.account_id, planned_on=each.day), now)
        made.add(each.visit_id)
        visited.add((each.account_id, each.day))
    db.session.flush()
    return frozenset(made)


def order_day(actor: Actor, rep_id: UUID, day: date, stops: Mapping[UUID, tuple[int, datetime]], now: datetime) -> None:
    """Give the rep's visits of that day their place in the order and their expected beginning; what has begun or is
    called off keeps what it had, and so does what is not named."""
    must(actor, P.BEATS_MANAGE)
    get_rep(actor, rep_id)
    open_visits = select(Visit).where(Visit.rep_id == rep_id, Visit.planned_on == day, *_UNTOLD)
    ordered = [visit for visit in db.session.scalars(open_visits) if visit.id in stops]
    ordered.sort(key=lambda visit: stops[visit.id])
    if all((visit.sequence, visit.planned_at) == stops[visit.id] for visit in ordered):
        return
    for visit in ordered:
        visit.sequence, visit.planned_at = stops[visit.id]
    record(actor, DayArranged(rep_id, day, ",".join(str(visit.id) for visit in ordered)), now)
    db.session.flush()


def withdraw_visits(actor: Actor, rep_id: UUID, visit_ids: Collection[UUID], now: datetime) -> int:
    """Take these visits of the rep out of the plan, as far as they are of today or later and nothing has happened to
    them; how many that were. A phone that did not hear of it may still check in (`visits.actions.take_up`)."""
    must(actor, P.BEATS_MANAGE)
    rep = get_rep(actor, rep_id)
    today, gone = today_in(rep.zone, now), 0
    for some in _portions(visit_ids):
        rows = db.session.execute(
            select(Visit.id, Visit.account_id, Visit.place_id, Visit.planned_on)
            .where(Visit.id.in_(some), Visit.rep_id == rep_id, Visit.planned_on >= today, *_UNTOLD)
            .where(~exists().where(VisitAlias.visit_id == Visit.id), Visit.id.not_in(promised(rep_id)))
        ).all()
        for row in rows:
            told = VisitWithdrawn(
                row.id, account_id=row.account_id, planned_on=row.planned_on, place_id=row.place_id, rep_id=rep_id
            )
            record(actor, told, now)
        db.session.execute(delete(Visit).where(Visit.id.in_([row.id for row in rows])))
        gone += len(rows)
    db.session.flush()
    return gone


_UNTOLD = (
    ~exists().where(CheckIn.visit_id == Visit.id),
    ~exists().where(Dismissal.visit_id == Visit.id),
)


def promised(rep_id: UUID) -> Select[Any]:
    """The ids of visits to which the rep has postponed others: what was said to a customer."""
    before = aliased(Visit)
    return (
        select(Dismissal.postponed_to)
        .join(before, before.id == Dismissal.visit_id)
        .where(before.rep_id == rep_id, Dismissal.postponed_to.is_not(None))
    )


def _own(rep_id: UUID, visit_ids: Collection[UUID]) -> frozenset[UUID]:
    """Those of the ids that are visits of the rep already."""
    found: set[UUID] = set()
    for some in _portions(visit_ids):
        found |= set(db.session.scalars(select(Visit.id).where(Visit.id.in_(some), Visit.rep_id == rep_id)))
    return frozenset(found)


def _open_days(rep_id: UUID, first: date) -> set[tuple[UUID, date]]:
    """(account, day) of the rep's visits from that day on that are not called off."""
    rows = db.session.execute(
        select(Visit.account_id, Visit.planned_on)
        .where(Visit.rep_id == rep_id, Visit.planned_on.between(first, first + FURTHEST_PLAN))
        .where(~exists().where(Dismissal.visit_id == Visit.id))
    )
    return {(row.account_id, row.planned_on) for row in rows}


def _places(rep_id: UUID, account_ids: Collection[UUID]) -> frozenset[tuple[UUID, UUID]]:
    """(account, place) of the rep's live accounts among these."""
    found: set[tuple[UUID, UUID]] = set()
    for some in _portions(account_ids):
        rows = db.session.execute(
            select(Account.id, Place.id.label("place_id"))
            .join(Place, Place.account_id == Account.id)
            .where(Account.id.in_(some), Account.owner_id == rep_id)
            .where(Account.archived_at.is_(None), Place.archived_at.is_(None))
        )
        found |= {(row.id, row.place_id) for row in rows}
    return frozenset(found)


def _portions(ids: Collection[UUID]) -> list[list[UUID]]:
    wanted = sorted(set(ids))
    return [wanted[start : start + MOST_IDS] for start in range(0, len(wanted), MOST_IDS)]

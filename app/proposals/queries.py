"""What an account's check-ins propose for its places (rules.py), read when it is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.orm import aliased

from app.accounts.models import Account, Place
from app.accounts.queries import list_places
from app.infra.db import db, fetch
from app.infra.scope import belongs_to
from app.kernel.access import Actor
from app.kernel.dates import today_in
from app.kernel.geo import Position
from app.proposals.models import ProposalDismissal
from app.proposals.rules import KnownPlace, Proposal, Witness, propose
from app.reviews.models import Review
from app.reviews.queries import has_findings, is_last
from app.reviews.rules import Standing
from app.visits.models import CheckIn, Visit
from app.visits.rules import Verdict

LATEST = 60  # check-ins that are looked at: of a customer who is visited weekly, those of a year
UNDOUBTED = (Verdict.ON_SITE, Verdict.NO_PLACE)


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal with the place that it moves, None where it is a new one."""

    proposal: Proposal
    place: Place | None


def list_proposals(actor: Actor, account_id: UUID) -> list[Proposed]:
    """What the latest check-ins at an account propose, as far as the actor sees their visits. One statement, two where
    there is something to propose."""
    rows = _check_ins(actor, account_id)
    witnesses, settled = [_witness(row) for row in rows], _settled(rows)
    met = {row.place_id: KnownPlace(row.place_id, _at(row), row.certainty, row.radius) for row in rows}
    if not propose(list(met.values()), witnesses, settled):
        return []
    places = list_places(actor, account_id)  # a known one where nobody was may forbid a new one
    known = [KnownPlace(each.id, _at(each), each.certainty, each.radius) for each in places]
    by_id = {each.id: each for each in places}
    found = propose(known, witnesses, settled)
    return [Proposed(each, by_id[each.place_id] if each.place_id else None) for each in found]


def _check_ins(actor: Actor, account_id: UUID) -> Sequence[Any]:
    """The latest check-ins with a fix, each with its place, what was said last, and until when it is settled."""
    last = aliased(Review)
    settled = select(func.max(ProposalDismissal.at)).where(ProposalDismissal.account_id == account_id)
    rows = (
        select(
            CheckIn.visit_id,
            CheckIn.at,
            CheckIn.lat.label("fix_lat"),
            CheckIn.lon.label("fix_lon"),
            CheckIn.accuracy,
            CheckIn.distance,
            CheckIn.verdict,
            CheckIn.verdict_reason,
            last.kind.label("standing"),
            has_findings().label("has_findings"),
            Place.id.label("place_id"),
            Place.lat,
            Place.lon,
            Place.certainty,
            Place.radius,
            Place.zone,
            settled.where(ProposalDismissal.place_id == Place.id).correlate(Place).scalar_subquery().label("moved"),
            settled.where(ProposalDismissal.place_id.is_(None)).scalar_subquery().label("added"),
        )
        .join(Visit, Visit.id == CheckIn.visit_id)
        .join(Account, Account.id == Visit.account_id)
        .join(Place, Place.id == Visit.place_id)
        .outerjoin(last, and_(last.visit_id == Visit.id, is_last(last)))
        .where(Visit.account_id == account_id, belongs_to(actor, Visit.rep_id, Account.owner_id))
        .where(CheckIn.lat.is_not(None), Place.archived_at.is_(None))
        .order_by(CheckIn.at.desc(), CheckIn.visit_id)
        .limit(LATEST)
    )
    return fetch(rows)


def _witness(row: Any) -> Witness:
    accepted = row.standing == Standing.ACCEPTED
    unjudged = row.verdict in UNDOUBTED or row.verdict_reason == "place_approximate"
    return Witness(
        row.visit_id, row.place_id, row.at, today_in(row.zone, row.at), Position(row.fix_lat, row.fix_lon),
        row.accuracy if row.accuracy is not None else 1e6, row.distance,
        is_trusted=accepted or (unjudged and row.standing is None and not row.has_findings), is_accepted=accepted,
    )  # fmt: skip


def _settled(rows: Sequence[Any]) -> dict[UUID | None, datetime]:
    settled: dict[UUID | None, datetime] = {row.place_id: row.moved for row in rows if row.moved is not None}
    if rows and rows[0].added is not None:
        settled[None] = rows[0].added
    return settled


def _at(place: Any) -> Position | None:
    return Position(place.lat, place.lon) if place.lat is not None else None


def find_dismissal_of(row_id: UUID) -> ProposalDismissal | None:
    """The dismissed proposal of this id, anybody's."""
    return db.session.get(ProposalDismissal, row_id)

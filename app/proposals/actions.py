"""Adopting what check-ins propose for an account's places, or putting it aside."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from app.accounts.actions import add_place, set_position
from app.accounts.models import Place
from app.accounts.queries import get_account, get_main_place, get_place
from app.accounts.rules import PlaceInput
from app.identity.permissions import P
from app.infra.db import db
from app.infra.journal import record
from app.kernel.access import Actor, must
from app.kernel.errors import InvalidError, NotFoundError, must_match
from app.kernel.i18n import N_
from app.proposals.events import PlaceProposalAdopted, PlaceProposalDismissed
from app.proposals.models import ProposalDismissal
from app.proposals.queries import find_dismissal_of, list_proposals
from app.proposals.rules import ENOUGH_DAYS, Proposal

GONE = N_("The check-ins that this rested on say something else by now. Open the customer again.")


def adopt_position(
    actor: Actor, account_id: UUID, place_id: UUID, visit_ids: Collection[UUID], version: int | None, now: datetime
) -> Place:
    """Give a place the position that these check-ins propose. StaleError where the place changed since `version`,
    InvalidError where they propose nothing for it any more."""
    must(actor, P.ACCOUNTS_WRITE)
    place = get_place(actor, place_id)
    if place.account_id != account_id:
        raise NotFoundError
    must_match(version, place.version)
    proposal = _still_proposed(actor, account_id, place_id, visit_ids)
    place = set_position(actor, place_id, proposal.position, "exact", now)
    _record(actor, place, proposal.visits, now)
    return place


def adopt_place(
    actor: Actor, account_id: UUID, row_id: UUID, label: str, visit_ids: Collection[UUID], now: datetime
) -> Place:
    """Add the place that these check-ins propose, with the town and the clock of the main one. `row_id` there already:
    that place, nothing is done."""
    must(actor, P.ACCOUNTS_WRITE)
    get_account(actor, account_id)
    if (known := db.session.get(Place, row_id)) is not None:
        if known.account_id != account_id:
            raise NotFoundError
        return known
    proposal = _still_proposed(actor, account_id, None, visit_ids)
    main = get_main_place(actor, account_id)
    given = PlaceInput(
        main.zone, label=label, country=main.country, region=main.region, city=main.city, position=proposal.position
    )
    place = add_place(actor, account_id, row_id, given, now)
    _record(actor, place, proposal.visits, now)
    return place


def dismiss_proposal(actor: Actor, account_id: UUID, place_id: UUID | None, row_id: UUID, now: datetime) -> None:
    """Not now: what was checked in until now proposes nothing for this place any more (None: no new place)."""
    must(actor, P.ACCOUNTS_WRITE)
    get_account(actor, account_id)
    if place_id is not None and get_place(actor, place_id).account_id != account_id:
        raise NotFoundError
    if (known := find_dismissal_of(row_id)) is not None:
        if (known.account_id, known.person_id) != (account_id, actor.id):
            raise NotFoundError
        return
    db.session.add(
        ProposalDismissal(id=row_id, account_id=account_id, place_id=place_id, person_id=actor.person_id, at=now)
    )
    record(actor, PlaceProposalDismissed(account_id, place_id=place_id), now)
    db.session.flush()


def _still_proposed(actor: Actor, account_id: UUID, place_id: UUID | None, visit_ids: Collection[UUID]) -> Proposal:
    """The proposal that was shown, as it is now: a further visit may have joined the ones it rested on."""
    for each in list_proposals(actor, account_id):
        if each.proposal.place_id == place_id and len({*each.proposal.visits} & {*visit_ids}) >= ENOUGH_DAYS:
            return each.proposal
    raise InvalidError("", GONE)


def _record(actor: Actor, place: Place, visits: Collection[UUID], now: datetime) -> None:
    adopted = PlaceProposalAdopted(
        place.id, account_id=place.account_id, lat=place.lat or 0.0, lon=place.lon or 0.0,
        visits=",".join(str(each) for each in visits),
    )  # fmt: skip
    record(actor, adopted, now)
    db.session.flush()

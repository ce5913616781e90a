"""What check-ins propose for a customer's places: on the customer's page, adopted by one tap or put aside."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext as _

from app.accounts.navigation import directions_to
from app.accounts.queries import get_account, get_place
from app.identity.permissions import P
from app.kernel.access import Actor
from app.kernel.errors import NotFoundError, StaleError
from app.kernel.geo import Position
from app.kernel.i18n import N_
from app.kernel.ids import new_id, parse_id
from app.proposals.actions import adopt_place, adopt_position, dismiss_proposal
from app.proposals.forms import PositionForm
from app.proposals.queries import Proposed, list_proposals
from app.proposals.rules import bearing_of
from app.web.actor import current_actor
from app.web.arrival import captured_at
from app.web.conflict import stale
from app.web.form import SHORT, int_or_none, strip
from app.web.guard import needs
from app.web.htmx import goto
from app.web.maps import mainland
from app.web.ui import distance_text

blueprint = Blueprint("proposals", __name__)

MOST_VISITS = 60
DIRECTIONS = (
    N_("%(distance)s to the north of where it is entered"),
    N_("%(distance)s to the north-east of where it is entered"),
    N_("%(distance)s to the east of where it is entered"),
    N_("%(distance)s to the south-east of where it is entered"),
    N_("%(distance)s to the south of where it is entered"),
    N_("%(distance)s to the south-west of where it is entered"),
    N_("%(distance)s to the west of where it is entered"),
    N_("%(distance)s to the north-west of where it is entered"),
)


@blueprint.post("/accounts/<uuid:account_id>/proposals")
@needs(P.ACCOUNTS_WRITE)
def proposal_adopt(account_id: UUID) -> Response:
    """Adopt what the named check-ins propose: for a place, else a new place."""
    actor, now, visits = current_actor(), captured_at(), _visits()
    get_account(actor, account_id)
    place_id = parse_id(request.form.get("place_id"))
    if place_id is None:
        label = (strip(request.form.get("label")) or "")[:SHORT]
        adopt_place(actor, account_id, _row_id(), label, visits, now)
        flash(_("The new place is added."), "success")
    else:
        try:
            adopt_position(actor, account_id, place_id, visits, int_or_none("version"), now)
        except StaleError:
            return _stale(actor, account_id, place_id)
        flash(_("The place has its new position."), "success")
    return goto(url_for("accounts.account_show", account_id=account_id))


@blueprint.post("/accounts/<uuid:account_id>/proposals/dismissal")
@needs(P.ACCOUNTS_WRITE)
def proposal_dismiss(account_id: UUID) -> Response:
    actor = current_actor()
    dismiss_proposal(actor, account_id, parse_id(request.form.get("place_id")), _row_id(), captured_at())
    flash(_("Put aside until new visits say so again."), "success")
    return goto(url_for("accounts.account_show", account_id=account_id))


def proposals_panel(actor: Actor, account_id: UUID) -> dict[str, Any] | None:
    """For the customer's page, None where nothing is proposed."""
    if not actor.may(P.VISITS_READ):
        return None
    found = list_proposals(actor, account_id)
    return {"account_id": account_id, "proposals": [_shown(each) for each in found]} if found else None


def _shown(found: Proposed) -> dict[str, Any]:
    proposal, place = found.proposal, found.place
    where = ""
    if place is not None and place.lat is not None and place.lon is not None:
        turn = bearing_of(Position(place.lat, place.lon), proposal.position)
        where = _(DIRECTIONS[turn], distance=distance_text(proposal.shift_m))
    device = request.headers.get("User-Agent", "")
    return {
        "place": place,
        "name": (place.label or place.address) if place else "",
        "where": where,
        "is_rough": place is not None and place.certainty != "exact",
        "visits": list(zip(proposal.visits, proposal.days, strict=True)),
        "map": directions_to(proposal.position, "", mainland(), device).suggested,
    }


def _stale(actor: Actor, account_id: UUID, place_id: UUID) -> Response:
    place = get_place(actor, place_id)
    if place.account_id != account_id:
        raise NotFoundError
    found = [each.proposal.position for each in list_proposals(actor, account_id) if each.place is place]
    given = PositionForm(data={"lat": round(found[0].lat, 6), "lon": round(found[0].lon, 6)} if found else {})
    saved = PositionForm(data={"lat": place.lat, "lon": place.lon})
    return stale(given, saved, url_for("accounts.account_show", account_id=account_id))


def _visits() -> list[UUID]:
    named = [parse_id(each) for each in request.form.get("visits", "").split(",")[:MOST_VISITS]]
    return [each for each in named if each is not None]


def _row_id() -> UUID:
    """The id of the row that this post makes: the form's own key, so that one filled-in form is one row for ever."""
    return parse_id(request.form.get("once")) or new_id()

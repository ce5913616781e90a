"""Nearby: customers around the phone, around an address that we know, or around a customer."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from flask import Blueprint, redirect, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.accounts.queries import NearAccount, list_accounts, nearest_accounts
from app.accounts.rules import DAYS, RATINGS, AccountFilters
from app.identity.permissions import P
from app.kernel.access import Actor
from app.kernel.dates import today_in
from app.kernel.errors import InvalidError
from app.kernel.geo import Position
from app.kernel.i18n import N_
from app.planning.forms import RADII_M, NearbyAsked
from app.planning.queries import Centre, find_planned, get_centre
from app.web.actor import current_actor
from app.web.errors import reason_text
from app.web.form import translated
from app.web.guard import needs
from app.web.htmx import page
from app.web.locale import day_text
from app.web.maps import on_map
from app.web.ui import distance_text

blueprint = Blueprint("nearby", __name__)

LISTED, PINNED = 50, 200
NEAR_ENOUGH_M, FAR_OUT = 2000, 4  # on the map: so many metres, or times the median distance
MOST_HITS = 10


@blueprint.get("/nearby")
@needs(P.PLANNING_USE)
def nearby_index() -> Response:
    actor = current_actor()
    try:
        asked = NearbyAsked.read(request.args)
    except InvalidError as error:
        return _start(actor, NearbyAsked(), reason_text(error), 422)
    if asked.position:
        if request.args.to_dict() != asked.args():
            return redirect(asked.url())  # the exact position of a person does not stay in the address
        return _around(actor, asked, Centre(asked.position), asked.position)
    if asked.account_id:
        centre = get_centre(actor, asked.account_id)
        if centre.position:
            return _around(actor, asked, centre, centre.position)
        return _start(actor, NearbyAsked(), _("%(name)s has no position yet.", name=centre.name))
    return _start(actor, asked, translated(_NO_FIX[asked.position_error]) if asked.position_error else "")


def _start(actor: Actor, asked: NearbyAsked, problem: str, status: int = 200) -> Response:
    """The ways to say around what; the hits where a search was asked."""
    hits = None
    if asked.filters.q:
        today = today_in(actor.zone, datetime.now(UTC))
        hits = list_accounts(actor, AccountFilters(q=asked.filters.q), 1, today).rows[:MOST_HITS]
    return page(
        "planning/start.html",
        status=status,
        asked=asked,
        unasked=replace(asked.filters, q=""),
        hits=hits,
        problem=problem,
    )


def _around(actor: Actor, asked: NearbyAsked, centre: Centre, position: Position) -> Response:
    today = today_in(actor.zone, datetime.now(UTC))
    found = nearest_accounts(actor, position, PINNED, asked.filters, today, max_radius_m=asked.radius_m)
    planned = find_planned(actor, today)
    return page(
        "planning/nearby.html",
        asked=asked,
        unasked=AccountFilters(),
        centre=centre,
        rows=found[:LISTED],
        number=len(on_one_map(found)),
        planned=planned,
        today=today,
        chips_=_chips(asked),
        pins=_pins(asked, position, found, planned),
    )


_NO_FIX = {
    "denied": N_("The phone does not give its position. Allow it in the browser's settings, or go on without."),
    "unavailable": N_("No position here. Go on without, or try again under the open sky."),
    "timeout": N_("No position in time. Go on without, or try again under the open sky."),
}


def _chips(asked: NearbyAsked) -> list[tuple[str, str, bool]]:
    """(label, address, whether it holds now) of the filters; the address of one that holds takes it away."""

    def chip(label: str, holds: bool, there: AccountFilters, gone: AccountFilters) -> tuple[str, str, bool]:
        return label, asked.url(filters=gone if holds else there), holds

    def within(metres: int) -> tuple[str, str, bool]:
        holds = asked.radius_m == metres
        label = _("Within %(number)s km", number=metres // 1000)
        return label, asked.url(radius_m=None if holds else metres), holds

    now = asked.filters
    owners = ((_("Mine"), "me"), (_("Public pool"), "none"))
    return [
        *(chip(name, now.owner == own, replace(now, owner=own), replace(now, owner="")) for name, own in owners),
        *(chip(each, now.rating == each, replace(now, rating=each), replace(now, rating="")) for each in RATINGS),
        *(within(metres) for metres in RADII_M),
        *(
            chip(
                _("Not visited for %(number)s days", number=days),
                now.days == days,
                replace(now, days=days),
                replace(now, days=None),
            )
            for days in DAYS
        ),
    ]


def _pins(
    asked: NearbyAsked, position: Position, found: list[NearAccount], planned: Mapping[UUID, UUID]
) -> dict[str, object]:
    """What the map draws; coordinates in the datum of the tiles."""
    lat, lon = on_map(position.lat, position.lon)
    here: dict[str, object] = {"center": [lat, lon], **({"radius_m": asked.radius_m} if asked.radius_m else {})}
    if asked.position:
        here["you"] = {"lat": lat, "lon": lon, **({"accuracy_m": asked.accuracy_m} if asked.accuracy_m else {})}
    return {"pins": [_pin(row, row.id in planned) for row in on_one_map(found)], **here}


def on_one_map(found: list[NearAccount]) -> list[NearAccount]:
    """Those that one map can show: not one on the next continent, which would shrink all the others to a dot."""
    if not found:
        return []
    reach = max(NEAR_ENOUGH_M, FAR_OUT * found[len(found) // 2].distance_m)
    return [row for row in found if row.distance_m <= reach]


def _pin(row: NearAccount, is_planned: bool) -> dict[str, object]:
    lat, lon = on_map(row.lat, row.lon)
    seen = _("Last visit %(day)s", day=day_text(row.last_visit_on)) if row.last_visit_on else _("Never visited")
    return {
        "id": str(row.place_id),
        "lat": lat,
        "lon": lon,
        "label": row.name,
        "sub": f"{distance_text(row.distance_m)} · {seen}",
        "url": f"/accounts/{row.id}",
        "tone": "planned" if is_planned else "account",
        "class": row.rating,
    }

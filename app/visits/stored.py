"""The visits and photos that a rep finds under "Stored about me"."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from app.identity.ports import Column, Row, Stored
from app.identity.queries import get_company
from app.kernel.access import Actor
from app.kernel.i18n import N_
from app.visits.queries import counted_photos, counted_visits, list_own_photos, list_own_visits
from app.visits.rules import OUTCOMES, VERDICT_NAMES


def _visit(row: Row) -> str:
    return f"/visits/{row.get('visit_id') or row['id']}"


def _visits(actor: Actor, first: int, most: int) -> list[Mapping[str, Any]]:
    """With the day on which the raw position is deleted: nothing where there is none, or none any more."""
    kept = timedelta(days=get_company().raw_fix_days)
    rows = list_own_visits(actor, first, most)
    return [
        {**row, "until": (row["at"] + kept).date() if row["lat"] is not None and row["at"] else None} for row in rows
    ]


VISITS = Stored(
    "visits",
    N_("Visits, with the position at each check-in"),
    (
        Column("name", N_("Customer")),
        Column("planned_on", N_("Date")),
        Column("address", N_("Address")),
        Column("purpose", N_("Purpose")),
        Column("at", N_("Check-in")),
        Column("received_at", N_("Arrived")),
        Column("check_out_at", N_("Check-out")),
        Column("verdict", N_("Verdict"), VERDICT_NAMES),
        Column("distance", N_("Distance (m)")),
        Column("lat", N_("Latitude")),
        Column("lon", N_("Longitude")),
        Column("accuracy", N_("Accuracy (m)")),
        Column("altitude", N_("Altitude (m)")),
        Column("speed", N_("Speed (m/s)")),
        Column("fix_at", N_("Time of the position")),
        Column("fix_count", N_("Number of positions")),
        Column("waited", N_("Waited for it (ms)")),
        Column("position_error", N_("Why there is no position")),
        Column("until", N_("The position is deleted on")),
        Column("fix_deleted_at", N_("The position was deleted")),
        Column("reason", N_("Reason")),
        Column("outcome", N_("Outcome"), OUTCOMES),
        Column("text", N_("Notes")),
        Column("dismissal", N_("Did not take place")),
        Column("dismissal_reason", N_("Why")),
        Column("id", N_("Number"), is_shown=False),
    ),
    counted_visits,
    _visits,
    _visit,
)
PHOTOS = Stored(
    "photos",
    N_("Photos at visits"),
    (
        Column("name", N_("Customer")),
        Column("at", N_("When")),
        Column("received_at", N_("Arrived")),
        Column("taken_at", N_("By the camera's clock")),
        Column("width", N_("Width")),
        Column("height", N_("Height")),
        Column("size", N_("Bytes")),
        Column("exif", N_("What the camera wrote")),
        Column("id", N_("Number"), is_shown=False),
    ),
    counted_photos,
    list_own_photos,
    _visit,
)
STORED = (VISITS, PHOTOS)

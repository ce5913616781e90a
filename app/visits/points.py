"""The points of visits: where each took place, for the map. Who changes what they are made from tells it here.

A visit without a fix stands where its place was then: a customer who moves takes no earlier visit along.
"""

from collections.abc import Callable, Collection
from functools import partial
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, delete, extract, func, insert, select, update

from app.accounts.models import Place
from app.infra import cells
from app.infra.db import AnyRow, db, transact
from app.kernel.dates import today_in
from app.kernel.geo import Position, quadkey
from app.visits.models import CheckIn, Report, Visit, VisitPoint

LAYER = "visits"
_AT_ONCE = 2000
_POINT = cast(Table, VisitPoint.__table__)


def locate(visit_ids: Collection[UUID]) -> None:
    """Write the points of these visits anew and let the cells know, in the caller's transaction: after a check-in, and
    after fixes were deleted, when a visit falls back to its place.

    At most some thousand ids. Where nothing has changed it does nothing; visits without a check-in have no point.
    """
    ids = list(visit_ids)
    if not ids:
        return
    db.session.flush()
    known = {row.visit_id: row for row in db.session.execute(select(_POINT).where(_POINT.c.visit_id.in_(ids)))}
    sources = (
        select(
            Visit.id, Visit.account_id, Visit.rep_id, CheckIn.at, CheckIn.lat, CheckIn.lon, CheckIn.verdict,
            Report.outcome, Place.zone, Place.qk,
        )
        .join(CheckIn, CheckIn.visit_id == Visit.id)
        .join(Place, Place.id == Visit.place_id)
        .outerjoin(Report, Report.visit_id == Visit.id)
        .where(Visit.id.in_(ids))
    )  # fmt: skip
    points = [_point(row) for row in db.session.execute(sources)]
    points = [point for point in points if dict(getattr(known.get(point["visit_id"]), "_mapping", {})) != point]
    before = [known[point["visit_id"]] for point in points if point["visit_id"] in known]
    if before:
        db.session.execute(delete(_POINT).where(_POINT.c.visit_id.in_([row.visit_id for row in before])))
    if points:
        db.session.execute(insert(_POINT), points)
    cells.change(
        LAYER,
        [(row.qk, cells.month_of(row.day)) for row in before if row.qk is not None],
        [(point["qk"], cells.month_of(point["day"])) for point in points if point["qk"] is not None],
    )


def _point(row: AnyRow) -> dict[str, Any]:
    return {
        "visit_id": row.id,
        "account_id": row.account_id,
        "rep_id": row.rep_id,
        "day": today_in(row.zone, row.at),
        "qk": row.qk if row.lat is None else quadkey(Position(row.lat, row.lon)),
        "verdict": row.verdict,
        "outcome": row.outcome or "",
    }


def tell_outcome(visit_id: UUID, outcome: str) -> None:
    """What came of a visit, in the caller's transaction."""
    db.session.execute(update(_POINT).where(_POINT.c.visit_id == visit_id).values(outcome=outcome))


def locate_all(tell: Callable[[int, int], None]) -> None:
    """Write the points of all visits anew, some thousand in each transaction; `tell(done, total)` after each."""
    total = transact(lambda: db.session.scalar(select(func.count()).select_from(CheckIn))) or 0
    done, ids = 0, _next_ids(None)
    while ids:
        transact(partial(locate, ids))
        done += len(ids)
        tell(done, total)
        ids = _next_ids(ids[-1])


def _next_ids(after: UUID | None) -> list[UUID]:
    following = select(CheckIn.visit_id).order_by(CheckIn.visit_id).limit(_AT_ONCE)
    if after is not None:
        following = following.where(CheckIn.visit_id > after)
    return transact(lambda: list(db.session.scalars(following)))


def count_anew() -> int:
    """The cells of the visits from their points; the number of those on the map. In the caller's transaction."""
    day = VisitPoint.day
    return cells.rebuild(LAYER, VisitPoint.qk, extract("year", day) * 12 + extract("month", day) - 1)

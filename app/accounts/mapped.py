"""What the cells of the map count of the customers: their places that are live and have a position."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import case, select, update

from app.accounts.models import Place
from app.infra import cells
from app.infra.db import db

LAYER = "places"
_SHOWN = case((Place.is_live.is_(True), Place.qk), else_=None)


def show_on_map(account_ids: Collection[UUID]) -> None:
    """Count the places of these accounts where they are now, and no longer where they were. Called again, or where
    nothing has moved, it does nothing."""
    if not account_ids:
        return
    ids = list(account_ids)
    moved = db.session.execute(
        select(Place.id, Place.map_qk, _SHOWN.label("shown")).where(Place.account_id.in_(ids))
    ).all()
    moved = [row for row in moved if row.map_qk != row.shown]
    if not moved:
        return
    db.session.execute(update(Place).where(Place.id.in_([row.id for row in moved])).values(map_qk=_SHOWN))
    cells.change(
        LAYER,
        [(row.map_qk, 0) for row in moved if row.map_qk is not None],
        [(row.shown, 0) for row in moved if row.shown is not None],
    )


def count_anew() -> int:
    """All places from the beginning, and their cells; the number of those on the map. In the caller's transaction."""
    db.session.execute(update(Place).where(Place.map_qk.is_distinct_from(_SHOWN)).values(map_qk=_SHOWN))
    return cells.rebuild(LAYER, Place.map_qk)

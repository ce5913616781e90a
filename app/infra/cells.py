"""How many points stand in each cell of the map, kept beforehand: a million are drawn as fast as fifty.

A cell is a tile of web Mercator, named by the leading bits of the search key (app.kernel.geo): the tile of zoom z that
holds a key is `key >> 2 * (26 - z)`. Every second zoom is kept; a map asks one that is finer than what it draws.

Who changes a point says so in the same transaction (`change`), and that only adds a row of its own (`CellChange`): the
tiles of the whole world, which every writer would count up, are touched by one job that folds those rows in (`fold`).
Whoever counts reads both. So writers never wait for each other, and a count is never late.

Points lie in layers; those of a layer with a calendar are counted by month (`month_of`), the others by month 0.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Index,
    Integer,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    union_all,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.infra.db import AnySelect, Model, db, fetch, id_column, transact
from app.kernel.geo import LAST_KEY, ZOOM, KeyRange

ZOOMS = (4, 6, 8, 10, 12)
FINEST = ZOOMS[-1]
FOLDED_AT_ONCE = 5000

Point = tuple[int, int]
"""Search key and month of something on the map."""


class Cell(Model):
    """`number` points of a layer in a month in a cell of a zoom, but for the changes that are not folded in yet."""

    __tablename__ = "map_cell"
    layer: Mapped[str] = mapped_column(primary_key=True)
    zoom: Mapped[int] = mapped_column(primary_key=True)
    cell: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    month: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]


class CellChange(Model):
    """`number` points more (or, below zero, fewer) in a cell of the zoom FINEST: not yet in the cells."""

    __tablename__ = "map_cell_change"
    __table_args__ = (Index(None, "layer", "cell"),)
    id: Mapped[UUID] = id_column()
    layer: Mapped[str]
    cell: Mapped[int] = mapped_column(BigInteger)
    month: Mapped[int]
    number: Mapped[int]


def month_of(day: date) -> int:
    """The month of a day, counted from the year 0: neighbours differ by one."""
    return day.year * 12 + day.month - 1


def bits_below(zoom: int) -> int:
    """Bits of a search key that a tile of this zoom leaves open."""
    return 2 * (ZOOM - zoom)


def above(key: Any, bits: int) -> ColumnElement[int]:
    """A column of keys or tiles, shifted right. The number of bits is an INTEGER: PostgreSQL has no other shift."""
    return cast("ColumnElement[int]", key.bitwise_rshift(literal(bits, Integer)))


def change(layer: str, gone: Iterable[Point], come: Iterable[Point]) -> None:
    """Points have left the layer, others have come; in the transaction that changes them."""
    number: Counter[tuple[int, int]] = Counter()
    for points, sign in ((gone, -1), (come, 1)):
        for key, month in points:
            number[key >> bits_below(FINEST), month] += sign
    rows = [{"layer": layer, "cell": cell, "month": month, "number": n} for (cell, month), n in number.items() if n]
    if rows:
        db.session.execute(insert(CellChange), rows)


def count(
    layer: str, zoom: int, ranges: Sequence[KeyRange] | None = None, months: tuple[int, int] = (0, 0)
) -> list[tuple[int, int]]:
    """(cell of `zoom`, points in it) of the cells with any that touch the key ranges (None: all of the world), in the
    months from first to last; `zoom` is one of ZOOMS."""
    known = select(Cell.cell.label("cell"), Cell.number.label("number")).where(
        Cell.layer == layer, Cell.zoom == zoom, Cell.month.between(*months)
    )
    coarser = bits_below(zoom) - bits_below(FINEST)
    news = select(above(CellChange.cell, coarser), CellChange.number).where(
        CellChange.layer == layer, CellChange.month.between(*months)
    )
    if ranges is not None and list(ranges) != [(0, LAST_KEY)]:
        shift, fine = bits_below(zoom), bits_below(FINEST)
        known = known.where(or_(*(Cell.cell.between(low >> shift, high >> shift) for low, high in ranges)))
        # Whole cells of the zoom, as above, so that both count the same points.
        news = news.where(
            or_(
                *(
                    CellChange.cell.between(low >> shift << shift >> fine, ((high >> shift) + 1 << shift) - 1 >> fine)
                    for low, high in ranges
                )
            )
        )
    both = union_all(known, news).subquery()
    total = func.sum(both.c.number)
    statement: AnySelect = select(both.c.cell, total).group_by(both.c.cell).having(total != 0)
    return [(cell, int(number)) for cell, number in fetch(statement)]


# The same words on SQLite and PostgreSQL.
_ADD = text(
    "INSERT INTO map_cell (layer, zoom, cell, month, number) VALUES (:layer, :zoom, :cell, :month, :number)"
    " ON CONFLICT (layer, zoom, cell, month) DO UPDATE SET number = map_cell.number + excluded.number"
)


def fold() -> int:
    """Count the changes into the cells of all zooms, a few thousand in each transaction. Returns how many they were."""
    folded = 0
    while some := transact(_fold_some):
        folded += some
    return folded


def _fold_some() -> int:
    rows = db.session.execute(
        select(CellChange.id, CellChange.layer, CellChange.cell, CellChange.month, CellChange.number)
        .order_by(CellChange.id)
        .limit(FOLDED_AT_ONCE)
    ).all()
    number: Counter[tuple[str, int, int, int]] = Counter()
    for row in rows:
        for zoom in ZOOMS:
            number[row.layer, zoom, row.cell >> bits_below(zoom) - bits_below(FINEST), row.month] += row.number
    keys = ("layer", "zoom", "cell", "month")
    # Always in the same order: two who fold at once wait for each other and do not deadlock.
    changed = [(dict(zip(keys, at, strict=True)), n) for at, n in sorted(number.items()) if n]
    if changed:
        db.session.execute(_ADD, [at | {"number": n} for at, n in changed])
    if fewer := [at for at, n in changed if n < 0]:
        gone = text(
            "DELETE FROM map_cell WHERE layer = :layer AND zoom = :zoom AND cell = :cell AND month = :month"
            " AND number = 0"
        )
        db.session.execute(gone, fewer)
    if rows:
        db.session.execute(delete(CellChange).where(CellChange.id.in_([row.id for row in rows])))
    return len(rows)


def rebuild(layer: str, key: Any, month: Any = None) -> int:
    """Count a layer anew: `key` is the column with the search keys (None: on no map), `month` the expression for the
    month where the layer has a calendar. Returns the number of points; within the caller's transaction."""
    db.session.execute(delete(Cell).where(Cell.layer == layer))
    db.session.execute(delete(CellChange).where(CellChange.layer == layer))
    into = ["layer", "zoom", "cell", "month", "number"]
    month = literal(0) if month is None else month
    cell = above(key, bits_below(FINEST)).label("cell")
    points = (
        select(literal(layer), literal(FINEST), cell, month.label("month"), func.count())
        .where(key.is_not(None))
        .group_by("cell", "month")
    )
    db.session.execute(insert(Cell).from_select(into, points))
    for finer, zoom in zip(ZOOMS[:0:-1], ZOOMS[-2::-1], strict=True):
        cell = above(Cell.cell, bits_below(zoom) - bits_below(finer)).label("upper")
        tiles = (
            select(literal(layer), literal(zoom), cell, Cell.month, func.sum(Cell.number))
            .where(Cell.layer == layer, Cell.zoom == finer)
            .group_by("upper", Cell.month)
        )
        db.session.execute(insert(Cell).from_select(into, tiles))
    return int(db.session.scalar(select(func.sum(Cell.number)).where(Cell.layer == layer, Cell.zoom == ZOOMS[0])) or 0)

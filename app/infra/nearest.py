"""The k nearest rows to a position, exactly, on any database and with any filter: usually in two statements.

1. *Window*: the rows whose keys stand next to the position's key, a fixed number on either side whatever the filter,
   hold k matches or more: the k-th of them says how far one must go. With too few, a larger window is tried; with too
   few again the filter matches so little that all its rows are read at once.
2. *Circle*: the key ranges that cover a circle of that radius, ordered by the chord. Nothing outside can be nearer.

In a gap (an ocean, a pole, a coast) the keys next to the position lead to rows far away, and a circle as large as that
may hold the whole table. Then *tiles* come between: a few probes of the index find where in the circle rows stand, tile
in tile, and leave only what can hold the k nearest.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    BindParameter,
    ColumnElement,
    Connection,
    Double,
    FromClause,
    Integer,
    Row,
    Select,
    bindparam,
    column,
    func,
    literal,
    or_,
    select,
    union_all,
    values,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import False_
from sqlalchemy.sql.functions import FunctionElement

from app.kernel.geo import (
    HALF_CIRCUMFERENCE_M,
    LAST_KEY,
    KeyRange,
    Position,
    arc_m,
    chord2,
    covering,
    join,
    quadkey,
    span_m,
    split,
    unit_vector,
)

_COVER = 9  # the most ranges that `covering` gives
_PARTS = 24  # ranges looked at together where tiles are narrowed down
_NOTHING = (1, 0)  # what unused ranges are bound to, so that each statement has one shape
_ROUNDS = 8
_MANY = 3  # a range with so many times k rows is looked into again

_Part = tuple[float, KeyRange]  # metres at which it begins
_WINDOWS = (10, 160)  # rows looked at on either side of the key, in multiples of k
_FAR_M = 100_000.0  # no circle as large as this is read without a look at what stands in it
_MARGIN = 1.000001  # puts a row that lies on the circle into it


def nearest(
    connection: Connection | Session,
    columns: Sequence[Any],
    position: Position,
    k: int,
    *,
    place: FromClause,
    where: Sequence[ColumnElement[bool]] = (),
    joins: Sequence[ColumnElement[bool]] = (),
    max_radius_m: float | None = None,
) -> list[Row[Any]]:
    """The k rows nearest to `position` (fewer where fewer match), nearest first.

    `columns` are what is selected; each row has a further column `chord2` (`geo.arc_m(row.chord2)` is its distance in
    metres). `place` has the columns id, qk (BIGINT, indexed), ux, uy and uz (double); rows without a key never appear.
    `where` are the filters, with the conditions of a join where they ask another table. `joins` are the conditions by
    which `columns` of other tables are found once the k rows are known. Nothing beyond `max_radius_m` is returned.
    """
    if k < 1:
        raise ValueError("k must be at least 1")
    if any(isinstance(clause, False_) for clause in where):
        return []  # SQLAlchemy folds such a statement to `WHERE false` and warns of the joins that are gone
    reach = HALF_CIRCUMFERENCE_M if max_radius_m is None else min(max_radius_m, HALF_CIRCUMFERENCE_M)
    x, y, z = unit_vector(position)
    known = {"x": x, "y": y, "z": z, "farthest": chord2(reach), "k": k}

    radius, in_gap = reach, False
    for aside in _WINDOWS:
        window = connection.execute(
            _window(place, where), known | {"key": quadkey(position), "aside": aside * k - 1}
        ).all()
        hits = sorted(arc_m(row.chord2) for row in window if not row.is_end)
        if len(hits) == k:
            radius = min(hits[-1] * _MARGIN, reach)
            # Evenly spread rows have a quarter of k within half the distance. Many fewer: nearer rows may stand
            # elsewhere in the order, a whole city of them. Many more: the last of the k were only found far away.
            even = k / 8 <= sum(metres < radius / 2 for metres in hits) <= k * 0.6
            in_gap = radius > _FAR_M or not even
        if len(hits) == k or not any(row.is_end for row in window):
            break
    if in_gap:
        parts, ranges = _PARTS, _narrowed(connection, _tiles(place, where), position, k, radius)
    elif radius < HALF_CIRCUMFERENCE_M:
        parts, ranges = _COVER, covering(position, radius)
    else:
        parts, ranges = 0, []
    in_sqlite = (connection.connection() if isinstance(connection, Session) else connection).dialect.name == "sqlite"
    circle = _circle(columns, place, where, joins, parts, in_sqlite)
    return list(connection.execute(circle, known | _range_values(ranges, parts)).all())


def _narrowed(
    connection: Connection | Session, tiles: Select[Any], position: Position, k: int, radius: float
) -> list[KeyRange]:
    """Key ranges which hold every match that can be among the k nearest; `radius` is known to hold k.

    Each round looks into the nearest ranges. One with many rows brings the radius down to its far end and is taken
    apart; what begins beyond the radius is dropped.
    """

    def spans(parts: Iterable[KeyRange]) -> list[_Part]:
        return [(near, part) for part in parts if (near := span_m(position, *part)[0]) <= radius]

    sparse: list[_Part] = []
    unknown = spans(part for whole in covering(position, radius) for part in split(*whole))
    for _ in range(_ROUNDS):
        unknown = sorted(part for part in unknown if part[0] <= radius)
        if not unknown:
            break
        batch, unknown = unknown[:_PARTS], unknown[_PARTS:]
        bound = _range_values([part for _, part in batch], _PARTS)
        for first, last, crowded in connection.execute(tiles, bound | {"many": _MANY * k - 1}).all():
            if crowded is not None:
                radius = min(radius, span_m(position, first, last)[1] * _MARGIN)
                unknown += spans(split(first, last))
            elif first is not None:
                sparse += spans([(first, last)])
    return join([part for near, part in (*sparse, *unknown) if near <= radius], _PARTS)


class _Few(FunctionElement[int]):
    """A condition which few rows fulfil. SQLite cannot know that of a bound range and may start from the filter's index
    or table and read all of it; `likelihood` tells it (sqlite.org/lang_corefunc.html). Elsewhere as it stands."""

    inherit_cache = True
    type = Integer()  # as a Boolean, SQLAlchemy would write `likelihood(...) = 1`, which no index can answer


@compiles(_Few)
def _as_it_stands(element: _Few, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(next(iter(element.clauses)), **options)


@compiles(_Few, "sqlite")
def _with_likelihood(element: _Few, compiler: SQLCompiler, **options: Any) -> str:
    return f"likelihood({_as_it_stands(element, compiler, **options)}, 0.001)"


def _between(place: FromClause, low: ColumnElement[int], high: ColumnElement[int]) -> tuple[_Few, _Few]:
    return _Few(place.c.qk >= low), _Few(place.c.qk <= high)


@lru_cache(maxsize=32)
def _chord2(place: FromClause) -> ColumnElement[float]:
    dx = place.c.ux - bindparam("x", type_=Double)
    dy = place.c.uy - bindparam("y", type_=Double)
    dz = place.c.uz - bindparam("z", type_=Double)
    return dx * dx + dy * dy + dz * dz


def _window(place: FromClause, where: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """Rows (is_end, chord2): the k nearest matches among `aside` rows before the key and as many after it, and an end
    for either side that has more."""
    end = place.alias("window_end")
    key = bindparam("key", type_=BigInteger)
    step = bindparam("aside", type_=Integer)
    ends = select(end.c.qk).limit(1).offset(step)
    below = ends.where(end.c.qk < key).order_by(end.c.qk.desc()).cte("below")
    above = ends.where(end.c.qk >= key).order_by(end.c.qk).cte("above")
    inside = (
        _selected([literal(0).label("is_end")], place, where)
        .where(
            *_between(
                place,
                func.coalesce(select(below.c.qk).scalar_subquery(), 0),
                func.coalesce(select(above.c.qk).scalar_subquery(), LAST_KEY),
            )
        )
        .subquery("inside")
    )
    return select(
        union_all(
            select(literal(1).label("is_end"), literal(0.0).label("chord2")).select_from(below),
            select(literal(1), literal(0.0)).select_from(above),
            select(inside.c.is_end, inside.c.chord2),
        ).subquery("seen")
    )


def _tiles(place: FromClause, where: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """For each key range that holds a match: first and last key of a match, and another key if there are `many`."""
    part = _key_ranges(_PARTS)
    inside = select(place.c.qk).where(*where, *_between(place, part.c.low, part.c.high)).correlate(part)
    up, down = inside.order_by(place.c.qk).limit(1), inside.order_by(place.c.qk.desc()).limit(1)
    return select(
        up.scalar_subquery().label("first"),
        down.scalar_subquery().label("last"),
        up.offset(bindparam("many", type_=Integer)).scalar_subquery().label("crowded"),
    ).select_from(part)


def _circle(
    columns: Sequence[Any],
    place: FromClause,
    where: Sequence[ColumnElement[bool]],
    joins: Sequence[ColumnElement[bool]],
    parts: int,
    in_sqlite: bool,
) -> Select[Any]:
    """The k nearest matches in so many key ranges; in all the world if none, by whichever index the filters have.

    SQLite wants the ranges as a table to join: with many of them in an OR it rather reads the whole table. PostgreSQL
    wants the OR, whose ranges it can weigh: of the join it thinks that every row might fit, and sorts the whole table.
    """
    chosen = _selected([place.c.id], place, where)
    if not parts:
        chosen = chosen.where(place.c.qk.is_not(None))
    elif in_sqlite:
        part = _key_ranges(parts)
        chosen = chosen.where(*_between(place, part.c.low, part.c.high))
    else:
        chosen = chosen.where(_in_ranges(place, parts))
    near = chosen.subquery("near")  # k rows, for which alone the rest is looked up
    return select(*columns, near.c.chord2).where(place.c.id == near.c.id, *joins).order_by(near.c.chord2)


@lru_cache(maxsize=32)
def _in_ranges(place: FromClause, parts: int) -> ColumnElement[bool]:
    return or_(*(place.c.qk.between(low, high) for low, high in _bounds(parts)))


@lru_cache(maxsize=2)
def _key_ranges(parts: int) -> CTE:
    """The ranges as a table (low, high)."""
    ranges = values(column("low", BigInteger), column("high", BigInteger), name="part").data(_bounds(parts))
    return ranges.cte("key_range")


@lru_cache(maxsize=2)
def _bounds(parts: int) -> list[tuple[BindParameter[int], BindParameter[int]]]:
    return [(bindparam(f"low{n}", type_=BigInteger), bindparam(f"high{n}", type_=BigInteger)) for n in range(parts)]


def _selected(columns: Sequence[Any], place: FromClause, where: Sequence[ColumnElement[bool]]) -> Select[Any]:
    squared = _chord2(place)
    chosen = select(*columns, squared.label("chord2")).where(*where, squared <= bindparam("farthest", type_=Double))
    return chosen.order_by(squared).limit(bindparam("k", type_=Integer))


def _range_values(ranges: Sequence[KeyRange], parts: int) -> dict[str, int]:
    padded = [*ranges, *[_NOTHING] * (parts - len(ranges))]
    return {
        f"{end}{n}": value for n, pair in enumerate(padded) for end, value in zip(("low", "high"), pair, strict=True)
    }

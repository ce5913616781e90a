"""The k nearest rows are those of brute force: with every filter, at the poles, the antimeridian and in gaps."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pysqlite3.dbapi2
import pytest
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Double,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    false,
    insert,
)

from app.infra.nearest import nearest
from app.kernel.geo import Position, arc_m, distance_m, quadkey, unit_vector

K = 20

metadata = MetaData()
firm = Table("nearest_firm", metadata, Column("id", Integer, primary_key=True), Column("grade", String(1)))
spot = Table(
    "nearest_spot",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("firm_id", Integer),
    Column("owner_id", Integer),
    Column("qk", BigInteger, index=True),
    Column("ux", Double),
    Column("uy", Double),
    Column("uz", Double),
    Index("nearest_spot_owner", "owner_id", "qk"),
)


@dataclass(frozen=True)
class Row:
    id: int
    owner_id: int | None
    grade: str
    position: Position


@dataclass
class World:
    connection: Connection
    rows: list[Row]
    statements: list[str]

    def ids(
        self, position: Position, where: Sequence[ColumnElement[bool]] = (), max_radius_m: float | None = None
    ) -> list[int]:
        self.statements.clear()
        found = nearest(self.connection, [spot.c.id], position, K, place=spot, where=where, max_radius_m=max_radius_m)
        return [row.id for row in found]


def make_rows() -> list[Row]:
    """Towns with a few thousand spots, some scattered ones, and one address that hundreds share."""
    chance = random.Random(7)
    towns = [
        (51.5, -0.1),
        (25.03, 121.56),
        (31.23, 121.47),
        (-36.85, 174.76),
        (64.1, -21.9),
        (-16.5, 179.99),
        (0.0, 0.0),
    ]
    positions = []
    for lat, lon in towns:
        for _ in range(500):
            around = (lon + chance.gauss(0, 0.1) + 180.0) % 360.0 - 180.0
            positions.append(Position(lat + chance.gauss(0, 0.1), around))
    positions += [Position(chance.uniform(-90, 90), chance.uniform(-180, 180)) for _ in range(100)]
    positions += [Position(90, 12), Position(-90, 0), Position(12, 180), Position(12, -180)]
    positions += [Position(48.8566, 2.3522)] * 400
    return [
        Row(n, chance.choice([None, *range(6), 6 if n % 50 == 0 else 0]), chance.choice("ABBCCCCC"), position)
        for n, position in enumerate(positions)
    ]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "sqlite":
        engine = create_engine("sqlite://", module=pysqlite3.dbapi2)
    else:
        engine = create_engine(request.getfixturevalue("postgres_url"))
    rows = make_rows()
    statements: list[str] = []
    with engine.connect() as connection:
        metadata.create_all(connection)
        connection.execute(insert(firm), [{"id": row.id, "grade": row.grade} for row in rows])
        values = []
        for row in rows:
            x, y, z = unit_vector(row.position)
            key = quadkey(row.position)
            values.append(
                {"id": row.id, "firm_id": row.id, "owner_id": row.owner_id, "qk": key, "ux": x, "uy": y, "uz": z}
            )
        connection.execute(insert(spot), values)
        nowhere = {"firm_id": 0, "owner_id": 0, "qk": None, "ux": None, "uy": None, "uz": None}
        connection.execute(insert(spot), [{"id": len(rows) + n} | nowhere for n in range(5)])
        event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
        yield World(connection, rows, statements)
        connection.rollback()
    engine.dispose()


def points() -> list[Position]:
    chance = random.Random(8)
    fixed = [(90, 0), (-90, 0), (0, 180), (0, -180), (-16.5, -179.99), (12, 180), (85.2, 3), (-89.9, 77), (51.5, 0.0)]
    oceans = [(-40, -120), (30, -40), (-50, 80)]
    anywhere = [(chance.uniform(-90, 90), chance.uniform(-180, 180)) for _ in range(12)]
    in_town = [(51.5 + chance.gauss(0, 0.2), chance.gauss(0, 0.2)) for _ in range(6)]
    near_paris = [(48.8566, 2.3522), (48.86, 2.4)]
    return [Position(lat, lon) for lat, lon in (*fixed, *oceans, *anywhere, *in_town, *near_paris)]


def assert_right(world: World, position: Position, ids: list[int], matching: list[Row]) -> None:
    """In order, without repetition, of matching rows, and as near as any: rows in one place may change places."""
    by_id = {row.id: row for row in matching}
    distances = [distance_m(position, by_id[found].position) for found in ids]
    expected = sorted(distance_m(position, row.position) for row in matching)[:K]
    assert len(set(ids)) == len(ids)
    assert distances == pytest.approx(expected, rel=1e-6, abs=1.0 if max(expected, default=0) > 19_000_000 else 1e-3)


in_grade_a = (spot.c.firm_id == firm.c.id, firm.c.grade == "A")


@pytest.mark.parametrize(
    ("where", "owners", "grades"),
    [
        ((), {None, *range(7)}, "ABC"),
        ((spot.c.owner_id == 1,), {1}, "ABC"),
        ((spot.c.owner_id == 6,), {6}, "ABC"),
        ((spot.c.owner_id.in_([1, 2]) | spot.c.owner_id.is_(None),), {None, 1, 2}, "ABC"),
        (in_grade_a, {None, *range(7)}, "A"),
        ((*in_grade_a, spot.c.owner_id == 6), {6}, "A"),
    ],
    ids=["all", "owner", "small owner", "team or pool", "class", "class of a small owner"],
)
def test_as_brute_force(
    world: World, where: tuple[ColumnElement[bool], ...], owners: set[int | None], grades: str
) -> None:
    matching = [row for row in world.rows if row.owner_id in owners and row.grade in grades]
    for position in points():
        assert_right(world, position, world.ids(position, where), matching)
        assert len(world.statements) <= 12


def test_two_statements_where_customers_are(world: World) -> None:
    counts = []
    for row in world.rows[:600:10]:
        world.ids(row.position)
        counts.append(len(world.statements))
    assert sorted(counts)[len(counts) // 2] == 2


def test_statements_keep_their_shape(world: World) -> None:
    shapes = set()
    for position in points():
        world.ids(position)
        shapes |= set(world.statements)
    assert len(shapes) <= 4  # window, tiles, and a circle of few or of many ranges


def test_a_filter_that_matches_nothing_ends_soon(world: World) -> None:
    assert world.ids(Position(51.5, 0), (spot.c.owner_id == 99,)) == []
    assert len(world.statements) <= 3
    assert world.ids(Position(51.5, 0), (false(),)) == []
    assert not world.statements


def test_nothing_beyond_the_radius(world: World) -> None:
    london = Position(51.5, -0.1)
    for radius in (0.0, 50.0, 1_500.0, 3_000_000.0):
        matching = [row for row in world.rows if distance_m(london, row.position) <= radius]
        assert_right(world, london, world.ids(london, max_radius_m=radius), matching)


def test_rows_bring_columns_and_distance(world: World) -> None:
    here = world.rows[5].position
    first, *_ = nearest(
        world.connection,
        [spot.c.id, firm.c.grade],
        here,
        3,
        place=spot,
        joins=[firm.c.id == spot.c.firm_id],
    )
    assert (first.id, first.grade) == (world.rows[5].id, world.rows[5].grade)
    assert arc_m(first.chord2) == pytest.approx(0, abs=1e-3)


def test_fewer_than_k_are_all(world: World) -> None:
    assert world.ids(Position(0, 0), (spot.c.id.in_([3, 2000, 3700]),)) and len(world.statements) <= 3


def test_none_is_no_number_of_rows(world: World) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        nearest(world.connection, [spot.c.id], Position(0, 0), 0, place=spot)

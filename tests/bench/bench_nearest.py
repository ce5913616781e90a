"""Nearest 20 of 1,000,000 accounts, on SQLite and on PostgreSQL, timed in SQL and checked against brute force.

    python -m tests.bench.bench_nearest [rows]

Needs the shared data (`FIELDBOOK_SHARED`, default ../shared), about 1 GB of temporary space and some minutes. Prints
name=value lines: `*_ms` is the time in SQL of one search (all its statements together), `*_call_p50_ms` that of the
whole call with SQLAlchemy and Python around it, `*_statements_mean` and `_max` how many statements a search took. Ends
with status 1 if an answer was wrong.
"""

import csv
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pysqlite3.dbapi2
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Double,
    Engine,
    ForeignKey,
    Index,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    text,
)

from app.infra.db import Id
from app.infra.nearest import nearest
from app.kernel.geo import Position, arc_m, quadkey, unit_vector
from tests.postgres import PostgresUnavailable, temporary_postgres

K = 20
POINTS = 500
NEAR_M = 50_000  # points with so many customers around are measured apart: `*_near_*`
REGIONS, REPS = 100, 5  # a region is a stretch of the key order; each of its reps has a fifth of its customers
SHARED = Path(os.environ.get("FIELDBOOK_SHARED", "../shared"))

metadata = MetaData()
account = Table(
    "account", metadata, Column("id", Id, primary_key=True), Column("name", String), Column("grade", String(1))
)
place = Table(
    "place",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", Id, ForeignKey("account.id")),
    Column("owner_id", Id),
    Column("qk", BigInteger),
    Column("ux", Double),
    Column("uy", Double),
    Column("uz", Double),
)
INDEXES = (Index("place_qk", place.c.qk), Index("place_owner_qk", place.c.owner_id, place.c.qk))


@dataclass
class Accounts:
    """Every account in columns, as brute force wants them; row n has the ids UUID(int=n + 1)."""

    names: list[str]
    positions: list[Position]
    vectors: Any  # float64 (n, 3)
    keys: list[int]
    owners: Any  # int (n,), -1 = nobody's
    grades: Any  # str (n,)


def identity(number: int) -> UUID:
    return UUID(int=number + 1)


def read_accounts(rows: int, folder: Path) -> Accounts:
    made = folder / "accounts.csv"
    names_of_firms = SHARED / "data/names/cn_company_short_names_28w.txt"
    with made.open("wb") as out:
        generator = SHARED / "data/tools/make_perf_accounts.py"
        subprocess.run([sys.executable, generator, str(rows), "--cn", names_of_firms], stdout=out, check=True)
    with made.open(encoding="utf-8", newline="") as lines:
        read = [(row["name"], Position(float(row["lat"]), float(row["lon"]))) for row in csv.DictReader(lines)]
    made.unlink()
    names, positions = [name for name, _ in read], [position for _, position in read]
    keys = [quadkey(position) for position in positions]
    chance = np.random.default_rng(1)
    region = np.empty(rows, dtype=int)
    region[np.argsort(keys)] = np.arange(rows) * REGIONS // rows
    owners = np.where(chance.random(rows) < 0.2, -1, region * REPS + chance.integers(0, REPS, rows))
    grades = chance.choice(["A", "B", "C"], rows, p=[0.1, 0.3, 0.6])
    return Accounts(names, positions, np.array([unit_vector(p) for p in positions]), keys, owners, grades)


def rows_of(accounts: Accounts) -> Iterator[tuple[UUID, UUID, UUID | None, int, float, float, float]]:
    for n, key in enumerate(accounts.keys):
        owner = int(accounts.owners[n])
        yield (identity(n), identity(n), identity(owner) if owner >= 0 else None, key, *map(float, accounts.vectors[n]))


def load(engine: Engine, accounts: Accounts) -> None:
    metadata.create_all(engine, tables=[account, place], checkfirst=False)
    for index in INDEXES:
        index.drop(engine)
    firms = ((identity(n), name, str(accounts.grades[n])) for n, name in enumerate(accounts.names))
    raw = engine.raw_connection()
    cursor: Any = raw.cursor()
    if engine.dialect.name == "postgresql":
        for table, rows in (("account", firms), ("place", rows_of(accounts))):
            with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
    else:
        cursor.executemany("INSERT INTO account VALUES (?, ?, ?)", ((i.bytes, *rest) for i, *rest in firms))
        cursor.executemany(
            "INSERT INTO place VALUES (?, ?, ?, ?, ?, ?, ?)",
            ((i.bytes, a.bytes, o and o.bytes, *rest) for i, a, o, *rest in rows_of(accounts)),
        )
    raw.commit()
    raw.close()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for index in INDEXES:
            index.create(connection)
        # What autovacuum does in time on PostgreSQL.
        connection.execute(text("VACUUM ANALYZE" if engine.dialect.name == "postgresql" else "ANALYZE"))


def points(accounts: Accounts) -> list[Position]:
    """Where customers are, just beside, anywhere, in empty oceans, at the poles and at the antimeridian."""
    chance = random.Random(2)

    def anywhere(south: float, west: float, north: float, east: float) -> Position:
        return Position(chance.uniform(south, north), chance.uniform(west, east))

    chosen = [Position(90, 0), Position(-90, 0), Position(0, 180), Position(0, -180), Position(52, 180), Position(0, 0)]
    chosen += [chance.choice(accounts.positions) for _ in range(200)]
    for _ in range(100):
        near = chance.choice(accounts.positions)
        chosen.append(Position(near.lat + chance.gauss(0, 0.2), near.lon + chance.gauss(0, 0.2)))
    chosen += [anywhere(-90, -180, 90, 180) for _ in range(60)]
    chosen += [anywhere(-50, -150, -10, -90) for _ in range(30)]  # South Pacific
    chosen += [anywhere(20, -50, 45, -25) for _ in range(20)]  # Atlantic
    chosen += [anywhere(84, -180, 90, 180) for _ in range(15)]
    chosen += [anywhere(-90, -180, -84, 180) for _ in range(15)]
    chosen += [anywhere(-60, 179.9, 70, 180) for _ in range(27)]
    chosen += [anywhere(-60, -180, 70, -179.9) for _ in range(27)]
    assert len(chosen) == POINTS
    chance.shuffle(chosen)
    return chosen


@dataclass(frozen=True)
class Filter:
    name: str
    where: tuple[ColumnElement[bool], ...]
    matches: Any  # bool (n,)


def filters(accounts: Accounts) -> list[list[Filter]]:
    """Per kind of filter, one or a few to take turns with. Owners lie in far regions and in near ones alike."""
    in_grade = (place.c.account_id == account.c.id, account.c.grade == "A")
    own, team, grade_own = [], [], []
    for region in range(0, REGIONS, 9):
        mine, all_ours = region * REPS, range(region * REPS, region * REPS + REPS)
        is_mine = place.c.owner_id == identity(mine)
        own.append(Filter("owner", (is_mine,), accounts.owners == mine))
        grade_own.append(
            Filter("owner_class", (is_mine, *in_grade), (accounts.owners == mine) & (accounts.grades == "A"))
        )
        team.append(
            Filter(
                "team_or_pool",
                (place.c.owner_id.in_([identity(n) for n in all_ours]) | place.c.owner_id.is_(None),),
                np.isin(accounts.owners, [*all_ours, -1]),
            )
        )
    none = (place.c.account_id == account.c.id, account.c.grade == "Z")
    return [
        [Filter("", (), np.ones(len(accounts.keys), dtype=bool))],
        [Filter("class", in_grade, accounts.grades == "A")],
        own,
        grade_own,
        team,
        [Filter("nothing", none, np.zeros(len(accounts.keys), dtype=bool))],
    ]


def is_right(found: Sequence[Any], accounts: Accounts, numbers: Any, position: Position) -> bool:
    """The same distances as brute force over the matching row numbers gives (rows in one place may change places)."""
    steps = accounts.vectors[numbers] - np.array(unit_vector(position))
    squared = steps[:, 0] ** 2 + steps[:, 1] ** 2 + steps[:, 2] ** 2
    expected = np.sort(np.partition(squared, K)[:K] if len(squared) > K else squared)
    ids = np.array([row.id.int - 1 for row in found], dtype=int)
    if len(ids) != len(expected) or len(set(ids)) != len(ids) or not np.isin(ids, numbers).all():
        return False
    own = ((accounts.vectors[ids] - np.array(unit_vector(position))) ** 2).sum(axis=1) if len(ids) else expected
    return bool(np.allclose(own, expected, rtol=1e-9, atol=1e-18))


_spent: list[float] = []  # seconds of each statement, fetching included: SQLite computes rows as they are fetched


class TimedCursor(pysqlite3.dbapi2.Cursor):
    def fetchall(self) -> list[Any]:
        start = time.perf_counter()
        rows: list[Any] = super().fetchall()
        _spent[-1] += time.perf_counter() - start
        return rows


class TimedConnection(pysqlite3.dbapi2.Connection):
    def cursor(self, *_: Any) -> TimedCursor:
        return TimedCursor(self)


def start_stopwatch(engine: Engine) -> None:
    @event.listens_for(engine, "before_cursor_execute")
    def before(*_: Any) -> None:
        _spent.append(-time.perf_counter())

    @event.listens_for(engine, "after_cursor_execute")
    def after(*_: Any) -> None:
        _spent[-1] += time.perf_counter()


def measure(connection: Connection, accounts: Accounts, kind: list[Filter], at: list[Position]) -> int:
    """Search at every point, print the figures; the number of wrong answers."""
    numbers = [np.flatnonzero(one.matches) for one in kind]
    in_sql, calls, statements, near, wrong = [], [], [], [], 0
    for n, position in enumerate(at):
        one = kind[n % len(kind)]
        _spent.clear()
        start = time.perf_counter()
        found = nearest(connection, (place.c.id,), position, K, place=place, where=one.where)
        calls.append(time.perf_counter() - start)
        in_sql.append(sum(_spent))
        statements.append(len(_spent))
        if found and arc_m(found[-1].chord2) < NEAR_M:
            near.append((in_sql[-1], statements[-1]))
        wrong += not is_right(found, accounts, numbers[n % len(kind)], position)
    prefix = "_".join(
        filter(None, ("nearest", connection.dialect.name.replace("postgresql", "postgres"), kind[0].name))
    )
    for name, values, percent in (
        ("p50", in_sql, 50),
        ("p95", in_sql, 95),
        ("max", in_sql, 100),
        ("call_p50", calls, 50),
    ):
        print(f"{prefix}_{name}_ms={np.percentile(values, percent) * 1000:.2f}")
    print(f"{prefix}_statements_mean={np.mean(statements):.2f}\n{prefix}_statements_max={max(statements)}")
    if near:
        near_ms, near_statements = np.percentile(near, 95, axis=0) * (1000, 1)
        print(f"{prefix}_near_p95_ms={near_ms:.2f}\n{prefix}_near_statements_p95={near_statements:.0f}")
    print(f"{prefix}_wrong={wrong}", flush=True)
    return wrong


def bench(engine: Engine, accounts: Accounts) -> int:
    load(engine, accounts)
    start_stopwatch(engine)
    at = points(accounts)
    with engine.connect() as connection:
        for position in at[:50]:
            nearest(connection, (place.c.id,), position, K, place=place)
        wrong = sum(
            measure(connection, accounts, kind, at if kind[0].name != "nothing" else at[:20])
            for kind in filters(accounts)
        )
    engine.dispose()
    return wrong


def main() -> int:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory(prefix="fieldbook-nearest-") as name:
        folder = Path(name)
        accounts = read_accounts(rows, folder)
        print(f"nearest_rows={rows}\nnearest_points={POINTS}")
        url = f"sqlite:///{folder / 'nearest.sqlite'}"
        timed = {"factory": TimedConnection}
        wrong = bench(create_engine(url, module=pysqlite3.dbapi2, connect_args=timed), accounts)
        try:
            with temporary_postgres() as url:
                # Small queries only: starting parallel workers or a compiler takes longer than any of them.
                options = {"options": "-c max_parallel_workers_per_gather=0 -c jit=off"}
                wrong += bench(create_engine(url, connect_args=options), accounts)
        except PostgresUnavailable as error:
            print(f"PostgreSQL was not measured: {error}", file=sys.stderr)
    print(f"nearest_wrong={wrong}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

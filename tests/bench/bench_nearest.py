"""Nearest 20 of 1,000,000 accounts, on SQLite and on PostgreSQL, timed in SQL and checked against brute force.

    python -m tests.bench.bench_nearest [rows]

Needs the shared data (`FIELDBOOK_SHARED`, default ../shared), about 2 GB of temporary space and some minutes. The
application's own tables are filled, and asked as the page "nearby" asks: who looks, archived or not, the filters.
Prints name=value lines: `*_ms` is the time in SQL of one search (all its statements together), `*_call_p50_ms` that of
the whole call with SQLAlchemy and Python around it, `*_statements_mean` and `_max` how many statements a search took,
BEGIN not counted; `*_near_*` only the points with 20 customers within 50 km. Ends with status 1 if an answer was wrong.
"""

import csv
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import flask_migrate
import numpy as np
import pysqlite3.dbapi2
from sqlalchemy import Engine, Table, event, insert, text

from app.accounts.models import Account, Place
from app.accounts.queries import NearAccount, nearest_accounts
from app.accounts.rules import AccountFilters
from app.config import ROOT, Settings
from app.factory import create_app
from app.identity.administration import save_team
from app.identity.models import Person
from app.infra.db import db, transact
from app.kernel.access import SYSTEM, Actor, Reach
from app.kernel.geo import Position, quadkey, unit_vector
from tests.postgres import PostgresUnavailable, temporary_postgres

K = 20
POINTS = 500
NEAR_M = 50_000
REGIONS, REPS = 100, 5  # a region is a stretch of the key order; each of its reps has a fifth of its customers
SHARED = Path(os.environ.get("FIELDBOOK_SHARED", "../shared"))
NOW = datetime(2026, 3, 10, tzinfo=UTC)
_ACCOUNT, _PLACE = cast(Table, Account.__table__), cast(Table, Place.__table__)


@dataclass
class Accounts:
    """Every account in columns, as brute force wants them; row n has the ids UUID(int=n + 1)."""

    names: list[str]
    positions: list[Position]
    vectors: Any  # float64 (n, 3)
    keys: list[int]
    owners: Any  # int (n,), -1 = nobody's
    grades: Any  # str (n,)
    visited: Sequence[date | None] | None = None  # when for the last time


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


def rows_of(table: Table, accounts: Accounts, sqlite: bool) -> Iterator[list[Any]]:
    """The rows of accounts or places as the driver takes them; what is not said is blank."""
    usual = {column.name: None if column.nullable else _blank(column) for column in table.columns}
    usual |= {"language": "en", "zone": "UTC", "certainty": "exact"}
    usual["created_at"] = str(NOW.replace(tzinfo=None)) if sqlite else NOW
    names = [column.name for column in table.columns]
    for n, name in enumerate(accounts.names):
        owner = int(accounts.owners[n])
        x, y, z = map(float, accounts.vectors[n])
        said = {
            "id": identity(n), "account_id": identity(n), "owner_id": identity(owner) if owner >= 0 else None,
            "rating": str(accounts.grades[n]), "name": name, "identity": name, "search": name,
            "lat": accounts.positions[n].lat, "lon": accounts.positions[n].lon, "qk": accounts.keys[n],
            "ux": x, "uy": y, "uz": z, "map_qk": accounts.keys[n],
        }  # fmt: skip
        visited = accounts.visited[n] if accounts.visited else None
        said["last_visit_on"] = str(visited) if sqlite and visited else visited
        row = [said.get(each, usual[each]) for each in names]
        yield [value.bytes if isinstance(value, UUID) else value for value in row] if sqlite else row


def _blank(column: Any) -> Any:
    return column.default.arg if column.default is not None and column.default.is_scalar else ""


def load(accounts: Accounts) -> None:
    """Fill the migrated database of this application: reps, accounts, places."""
    sqlite = db.engine.dialect.name == "sqlite"
    team = transact(lambda: save_team(SYSTEM, None, "Sales", None, "UTC", None, NOW).id)
    reps = [
        {"id": identity(n), "email": f"{n}@rep.example", "name": f"Rep {n}", "password_hash": "", "role": "rep",
         "team_id": team, "zone": "UTC", "language": "en", "created_at": NOW}
        for n in range(REGIONS * REPS)
    ]  # fmt: skip
    transact(lambda: db.session.execute(insert(Person), reps))
    indexes = [index for table in (_ACCOUNT, _PLACE) for index in table.indexes]
    for index in indexes:
        index.drop(db.engine)
    raw = db.engine.raw_connection()
    cursor: Any = raw.cursor()
    for table in (_ACCOUNT, _PLACE):
        rows, names = rows_of(table, accounts, sqlite), ", ".join(table.columns.keys())
        if sqlite:
            cursor.execute("BEGIN")
            values = ", ".join("?" * len(table.columns))
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({values})", rows)
            cursor.execute("COMMIT")
        else:
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
    raw.commit()
    raw.close()
    for index in indexes:
        index.create(db.engine)
    with db.engine.connect() as connection:
        # What autovacuum does in time on PostgreSQL.
        connection.connection.driver_connection.rollback()  # type: ignore[union-attr] # it is connected
        if sqlite:
            connection.execute(text("ANALYZE"))
            connection.commit()
        else:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM ANALYZE"))


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
class Search:
    """Who looks for what, and which rows fit."""

    name: str
    actor: Actor
    filters: AccountFilters
    matches: Any  # bool (n,)


def searches(accounts: Accounts) -> list[list[Search]]:
    """Per kind, one or a few to take turns with. Owners lie in far regions and in near ones alike."""
    is_a, owners = accounts.grades == "A", accounts.owners
    boss = replace(SYSTEM, id=identity(0))
    own, team, own_a = [], [], []
    for region in range(0, REGIONS, 9):
        first = region * REPS
        mine = AccountFilters(owner=str(identity(first)))
        own.append(Search("owner", boss, mine, owners == first))
        own_a.append(Search("owner_class", boss, replace(mine, rating="A"), (owners == first) & is_a))
        people = frozenset(identity(first + rep) for rep in range(REPS))
        manager = replace(boss, reach=Reach.TEAM, people=people)
        fits = np.isin(owners, [*range(first, first + REPS), -1])
        team.append(Search("team_or_pool", manager, AccountFilters(), fits))
    nobody = np.zeros(len(accounts.keys), dtype=bool)
    return [
        [Search("", boss, AccountFilters(), ~nobody)],
        [Search("class", boss, AccountFilters(rating="A"), is_a)],
        own,
        own_a,
        team,
        [Search("nothing", boss, AccountFilters(rating="Z"), nobody)],
    ]


def is_right(found: Sequence[NearAccount], accounts: Accounts, numbers: Any, position: Position) -> bool:
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
    """From now on `_spent` tells the time of each statement."""
    engine.dispose()

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, _args: Any, parameters: dict[str, Any]) -> None:
        if engine.dialect.name == "sqlite":
            parameters["factory"] = TimedConnection

    @event.listens_for(engine, "before_cursor_execute")
    def before(*_: Any) -> None:
        _spent.append(-time.perf_counter())

    @event.listens_for(engine, "after_cursor_execute")
    def after(*_: Any) -> None:
        _spent[-1] += time.perf_counter()


def measure(accounts: Accounts, kind: list[Search], at: list[Position]) -> int:
    """Search at every point, print the figures; the number of wrong answers."""
    numbers = [np.flatnonzero(one.matches) for one in kind]
    in_sql, calls, statements, near, wrong = [], [], [], [], 0
    for n, position in enumerate(at):
        one = kind[n % len(kind)]
        _spent.clear()
        start = time.perf_counter()
        found = nearest_accounts(one.actor, position, K, one.filters, NOW.date())
        calls.append(time.perf_counter() - start)
        in_sql.append(sum(_spent))
        statements.append(len(_spent))
        if found and found[-1].distance_m < NEAR_M:
            near.append((in_sql[-1], statements[-1]))
        wrong += not is_right(found, accounts, numbers[n % len(kind)], position)
        db.session.rollback()
    prefix = "_".join(filter(None, ("nearest", db.engine.dialect.name.replace("postgresql", "postgres"), kind[0].name)))
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


def bench(accounts: Accounts, data: Path, database_url: str = "") -> int:
    """Fill a new database, search in it; the number of wrong answers."""
    settings = Settings(data, database_url, "", "127.0.0.1", 8000, "", "", "", "", "wgs84", development=False)
    app = create_app(settings, SQLITE_SYNCHRONOUS="OFF")
    with app.app_context():
        flask_migrate.upgrade(directory=str(ROOT / "migrations"))
        load(accounts)
        start_stopwatch(db.engine)
        at, kinds = points(accounts), searches(accounts)
        for position in at[:50]:
            nearest_accounts(kinds[0][0].actor, position, K, AccountFilters(), NOW.date())
        db.session.rollback()
        wrong = sum(measure(accounts, kind, at if kind[0].name != "nothing" else at[:20]) for kind in kinds)
        db.session.remove()
        db.engine.dispose()
    return wrong


def main() -> int:
    """Measure and print."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory(prefix="fieldbook-nearest-") as name:
        folder = Path(name)
        accounts = read_accounts(rows, folder)
        print(f"nearest_rows={rows}\nnearest_points={POINTS}")
        wrong = bench(accounts, folder / "sqlite")
        try:
            with temporary_postgres() as url:
                wrong += bench(accounts, folder / "postgresql", url)
        except PostgresUnavailable as error:
            print(f"PostgreSQL was not measured: {error}", file=sys.stderr)
    print(f"nearest_wrong={wrong}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""China's prefectures imported, and the accounts of a company assigned to them.

    python -m tests.bench.bench_territories [rows]

Needs the shared data (`FIELDBOOK_SHARED`, default ../shared). On SQLite, rows (50,000 unless told; 1,000,000 takes some
minutes and 2 GB of temporary space) are in the database; the steps are those of the worker: the file is read and
mended, the preview looks at all accounts, the application moves them, an undoing is previewed. In memory a million
positions are assigned without a database. Prints name=value lines; `*_s` are seconds, `*_cpu_s`
those of the processor. Ends with status 1 if an account
lies elsewhere than Shapely says of every outline by itself.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import flask_migrate
import numpy as np
import shapely
from sqlalchemy import func, select

from app.config import ROOT, Settings
from app.factory import create_app
from app.identity.administration import PersonInput, add_person
from app.identity.models import Person, Team
from app.identity.queries import actor_of
from app.infra import files
from app.infra.db import db, transact
from app.kernel.access import SYSTEM, Actor
from app.kernel.geo import Position
from app.kernel.ids import new_id
from app.territories.actions import accept_mended, apply_change, choose_source, draft_import, undo_change
from app.territories.jobs import carry_out
from app.territories.models import Territory, TerritoryAccount, TerritoryChange
from app.territories.queries import atlas_of, list_definitions
from app.territories.shapes import name_choices, read_file
from tests.bench.bench_nearest import NOW, SHARED, identity, load, read_accounts

CHINA = SHARED / "data/geo/cn_prefectures_and_municipality_districts_wgs84.geojson"
MEMORY = 1_000_000


@dataclass(slots=True)
class At:
    """A position, without anything that a rule could ask."""

    lat: float
    lon: float
    country: str | None = None
    region: str | None = None
    city: str | None = None
    district: str | None = None
    postcode: str | None = None
    category: str = ""
    rating: str = "C"


@contextmanager
def told(name: str) -> Iterator[None]:
    start, busy = time.perf_counter(), time.process_time()
    yield
    print(f"territories_{name}_s={time.perf_counter() - start:.2f}")
    print(f"territories_{name}_cpu_s={time.process_time() - busy:.2f}", flush=True)


def administrator() -> Actor:
    """Somebody who may."""

    def make() -> UUID:
        team = db.session.scalars(select(Team.id)).one()
        given = PersonInput("ada@bench.example", "Ada", "", "admin", team, "UTC", "en", 0)
        return add_person(SYSTEM, given, "correct horse battery", NOW).id

    return actor_of(db.session.get_one(Person, transact(make)))


def carried_out(actor: Actor, change: Callable[[], TerritoryChange]) -> TerritoryChange:
    """Ask, and do at once what the worker would do."""

    def ask() -> tuple[UUID, int]:
        found = change()
        return found.id, found.round

    change_id, number = transact(ask)
    carry_out(change_id, number, actor, lambda _done, _total: None)
    db.session.rollback()
    return db.session.get_one(TerritoryChange, change_id, populate_existing=True)


def bench(rows: int, folder: Path) -> int:
    """All steps; how many of the looked-at accounts lie wrong."""
    accounts = read_accounts(rows, folder)
    settings = Settings(folder / "sqlite", "", "", "127.0.0.1", 8000, "", "", "", "", "wgs84", development=False)
    app = create_app(settings, SQLITE_SYNCHRONOUS="OFF")
    with app.app_context():
        flask_migrate.upgrade(directory=str(ROOT / "migrations"))
        load(accounts)
        actor, change_id, now = administrator(), new_id(), datetime.now(UTC)
        content = CHINA.read_bytes()
        features = read_file(content)
        source = {"file_name": CHINA.name, "digest": files.store(content), "features": len(features),
                  "choices": name_choices(features)}  # fmt: skip
        transact(lambda: draft_import(actor, change_id, source, now))
        with told("read"):
            carried_out(actor, lambda: choose_source(actor, change_id, "name", "adcode", "wgs84", None, now))
        with told("mend_and_preview"):
            change = carried_out(actor, lambda: accept_mended(actor, change_id, None, now))
        print(f"territories_moves={change.summary['moved']}")
        with told("apply"):
            carried_out(actor, lambda: apply_change(actor, change_id, None, now))
        with told("undo_preview"):
            carried_out(actor, lambda: undo_change(actor, change_id, new_id(), now))
        print(f"territories_count={db.session.scalar(select(func.count()).select_from(Territory))}")
        wrong = checked(rows, accounts.positions)
        in_memory([At(each.lat, each.lon) for each in accounts.positions])
        db.session.remove()
        db.engine.dispose()
    return wrong


def checked(rows: int, positions: list[Position]) -> int:
    """Some accounts, each against all outlines one by one."""
    atlas = atlas_of(list_definitions())
    wrong = 0
    for n in np.random.default_rng(7).integers(0, rows, 2000):
        at = positions[int(n)]
        point = shapely.Point(at.lon, at.lat)
        around = {each.id for each in atlas.regions if each.area is not None and each.area.intersects(point)}
        found = db.session.scalar(
            select(TerritoryAccount.territory_id).where(TerritoryAccount.account_id == identity(int(n)))
        )
        wrong += found not in around if around else found is not None
    return wrong


def in_memory(some: list[At]) -> None:
    """A million positions in one question."""
    atlas = atlas_of(list_definitions())
    many = [some[n % len(some)] for n in range(MEMORY)]
    with told("assign_1000000_in_memory"):
        found = atlas.find(many)
    print(f"territories_assigned={sum(each[0] is not None for each in found)}")


def main() -> int:
    """Measure and print."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    print(f"territories_rows={rows}")
    with tempfile.TemporaryDirectory(prefix="fieldbook-territories-") as name:
        wrong = bench(rows, Path(name))
    print(f"territories_wrong={wrong}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

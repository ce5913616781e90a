"""Whatever people do, the cells say what counting the places and visits says."""

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import insert, select, update

from app.accounts import mapped
from app.accounts.actions import (
    add_place,
    archive_account,
    archive_place,
    assign_owner,
    change_place,
    restore_account,
    set_position,
)
from app.accounts.models import Account, Place
from app.accounts.rules import PlaceInput
from app.infra import cells
from app.infra.db import db, transact
from app.kernel.dates import today_in
from app.kernel.errors import FieldbookError
from app.kernel.geo import Position, quadkey
from app.kernel.ids import new_id
from app.visits import points
from app.visits.actions import OUTCOMES, CheckInInput, ReportInput, check_in_unplanned, save_report
from app.visits.models import CheckIn, Report, Visit, VisitPoint
from app.visits.rules import Fix
from tests.conftest import NOW, Cast
from tests.visitmap.conftest import BUND, World, customer

ALL_MONTHS = (0, 99_999)


def places_counted() -> Counter[int]:
    rows = db.session.execute(
        select(Place.qk)
        .join(Account, Account.id == Place.account_id)
        .where(Place.qk.is_not(None), Place.archived_at.is_(None), Account.archived_at.is_(None))
    )
    return Counter(row.qk for row in rows)


def facts_of(visit_ids: list[UUID] | None = None) -> dict[UUID, cells.Point]:
    """Visit -> where and in which month it counts: where the fix was, else where the place is now; on the day of the
    check-in there. Visits that are nowhere are left out."""
    rows = (
        select(CheckIn.visit_id, CheckIn.at, CheckIn.lat, CheckIn.lon, Place.zone, Place.qk)
        .join(Visit, Visit.id == CheckIn.visit_id)
        .join(Place, Place.id == Visit.place_id)
    )
    if visit_ids is not None:
        rows = rows.where(CheckIn.visit_id.in_(visit_ids))
    found: dict[UUID, cells.Point] = {}
    for row in db.session.execute(rows):
        key = row.qk if row.lat is None else quadkey(Position(row.lat, row.lon))
        if key is not None:
            found[row.visit_id] = key, cells.month_of(today_in(row.zone, row.at))
    return found


def check_all(known: dict[UUID, cells.Point] | None = None) -> None:
    """`known`: where each visit counts; by its facts as they are now where that is not said."""
    places, visits = places_counted(), Counter((facts_of() if known is None else known).values())
    for zoom in cells.ZOOMS:
        shift = cells.bits_below(zoom)
        expected: Counter[int] = Counter()
        for key, number in places.items():
            expected[key >> shift] += number
        assert dict(cells.count(mapped.LAYER, zoom)) == dict(expected)
        for months in (ALL_MONTHS, *((month, month) for month in {month for _, month in visits})):
            tiles: Counter[int] = Counter()
            for (key, month), number in visits.items():
                if months[0] <= month <= months[1]:
                    tiles[key >> shift] += number
            assert dict(cells.count(points.LAYER, zoom, None, months)) == dict(tiles)
    repeated = select(Place.last_visit_on, Account.last_visit_on).join(Account, Account.id == Place.account_id)
    assert all(of_place == of_account for of_place, of_account in db.session.execute(repeated))
    db.session.rollback()


def forget_fixes(visit_ids: list[UUID]) -> None:
    """As the retention of raw fixes does it."""
    gone = update(CheckIn).where(CheckIn.visit_id.in_(visit_ids))
    db.session.execute(gone.values(lat=None, lon=None, accuracy=None, fix_at=None))
    points.locate(visit_ids)


@pytest.mark.parametrize("seed", range(3))
def test_the_cells_are_true_after_anything(cast: Cast, seed: int) -> None:
    chance = Random(seed)
    where = [BUND, Position(0, 180), Position(0, -180), Position(89.9, 10), Position(-89.9, 10), Position(51.5, -0.1)]
    accounts: list[UUID] = []
    known: dict[UUID, cells.Point] = {}  # a place that moves later takes no visit along

    def happened(*visit_ids: UUID) -> None:
        for each in visit_ids:
            known.pop(each, None)
        known.update(facts_of(list(visit_ids)))

    def anywhere() -> Position | None:
        return chance.choice([None, *where, Position(chance.uniform(-80, 80), chance.uniform(-180, 180))])

    def given() -> PlaceInput:
        return PlaceInput(chance.choice(["Asia/Shanghai", "America/Los_Angeles"]), position=anywhere())

    def place() -> Place:
        return chance.choice(db.session.scalars(select(Place).order_by(Place.id)).all())

    def visit() -> None:
        at = NOW - timedelta(days=chance.randint(0, 5), hours=chance.randint(0, 23))
        here = anywhere()
        fix = Fix(here, chance.choice([5.0, 900.0]), at) if here else None
        saying = CheckInInput(fix, reason="x", tapped_at=at, adopt=chance.random() < 0.3, unasked=True)
        happened(check_in_unplanned(cast.ada, new_id(), chance.choice(accounts), None, saying, at).visit_id)

    def report() -> None:
        visited = chance.choice(db.session.scalars(select(CheckIn.visit_id).order_by(CheckIn.visit_id)).all())
        before = db.session.get(Report, visited)
        said = ReportInput(chance.choice(list(OUTCOMES)), chance.choice("xyz"))
        save_report(cast.ada, visited, said, before.version if before else 0, NOW)
        assert db.session.get_one(VisitPoint, visited).outcome == said.outcome

    def forget() -> None:
        ids = list(db.session.scalars(select(CheckIn.visit_id).where(CheckIn.lat.is_not(None))).all())
        some = chance.sample(ids, min(len(ids), 2))
        forget_fixes(some)
        happened(*some)

    def someone() -> UUID | None:
        return chance.choice([None, cast.rita.id, cast.ren.id])

    def deed() -> None:
        if not accounts or chance.random() < 0.2:
            accounts.append(customer(cast.ada, f"C{len(accounts)}", anywhere(), someone()))
            return
        account = chance.choice(accounts)
        chance.choice(
            [
                lambda: add_place(cast.ada, account, None, given(), NOW),
                lambda: (at := place()) and change_place(cast.ada, at.id, given(), at.version, NOW),
                lambda: set_position(cast.ada, place().id, chance.choice(where), "exact", NOW),
                lambda: archive_place(cast.ada, place().id, NOW),
                lambda: archive_account(cast.ada, account, NOW),
                lambda: restore_account(cast.ada, account, NOW),
                lambda: assign_owner(cast.ada, account, someone(), db.session.get_one(Account, account).version, NOW),
                visit,
                visit,
                report,
                forget,
            ]
        )()

    def tried() -> None:
        with suppress(FieldbookError, IndexError):
            deed()

    for step in range(60):
        transact(tried)
        if chance.random() < 0.1:
            cells.fold()
        if step % 15 == 14:
            check_all(known)
    cells.fold()
    check_all(known)


def test_who_forgets_a_fix_leaves_the_visit_at_its_place(cast: Cast, world: World) -> None:
    far = world.visits["far"]
    assert transact(lambda: db.session.get_one(VisitPoint, far).qk) == quadkey(Position(BUND.lat + 0.5, BUND.lon))
    transact(lambda: forget_fixes([far]))
    point = transact(lambda: db.session.get_one(VisitPoint, far))
    assert (point.qk, point.verdict) == (quadkey(BUND), "off_site"), "the verdict stays"
    check_all()


def test_a_place_repeats_when_its_account_was_visited(cast: Cast, world: World) -> None:
    def said() -> set[Any]:
        rows = select(Place.last_visit_on, Account.last_visit_on).join(Account, Account.id == Place.account_id)
        return {tuple(row) for row in db.session.execute(rows.where(Account.id == world.bund))}

    transact(lambda: add_place(cast.rita, world.bund, None, PlaceInput("UTC"), NOW))
    ((repeated, visited),) = transact(said)
    assert repeated == visited == today_in("Asia/Shanghai", world.at - timedelta(hours=2))


def test_rebuilding_finds_what_was_wrong(app: Flask, cast: Cast, world: World) -> None:
    def spoil() -> None:
        db.session.execute(update(cells.Cell).values(number=7))
        db.session.execute(insert(cells.CellChange), [{"layer": mapped.LAYER, "cell": 3, "month": 0, "number": 9}])
        db.session.execute(update(Place).values(map_qk=5))
        db.session.execute(update(VisitPoint).values(qk=5, outcome="x", day=NOW.date()))

    cells.fold()
    transact(spoil)
    db.session.remove()
    ran = app.test_cli_runner().invoke(args=["map", "rebuild"])
    assert ran.exit_code == 0, ran.output
    assert "places: 3 on the map" in ran.output
    assert "visits: 3 on the map" in ran.output
    assert "points 4/4" in ran.output
    check_all()
    assert transact(lambda: db.session.get_one(VisitPoint, world.visits["bund"]).outcome) == ""


def test_an_import_counts_its_places(app: Flask, cast: Cast, tmp_path: Path) -> None:
    file = tmp_path / "shops.csv"
    head = "id,name,address,lat,lon\n"
    file.write_text(head + "".join(f"{n},Shop {n},{n} Road,{31 + n / 100},121.5\n" for n in range(30)) + "x,Y,Z,,\n")
    runner = app.test_cli_runner()
    assert "created=31" in runner.invoke(args=["accounts", "import", str(file)]).output
    check_all()
    assert sum(number for _, number in cells.count(mapped.LAYER, 4)) == 30
    file.write_text(head + "".join(f"{n},Shop {n},{n} Road,{41 + n / 100},-71.5\n" for n in range(30)))
    assert "updated=30" in runner.invoke(args=["accounts", "import", str(file), "--source", "shops.csv"]).output
    check_all()
    assert len(cells.count(mapped.LAYER, 4)) == 1

"""Backup and restore: everything comes back, on either database, or nothing does and the reason is told."""

import gzip
import io
import json
import os
import tarfile
import threading
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import flask_migrate
import psycopg
import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, insert, inspect, select

from app.accounts.queries import get_main_place
from app.config import ROOT
from app.contracts.actions import make_contract
from app.documents.actions import keep_file
from app.factory import create_app
from app.identity.models import Device, Team
from app.infra import backup, files
from app.infra.db import db, transact
from app.infra.queue import Job, enqueue
from app.kernel.ids import new_id
from app.sales.actions import place_order
from app.sales.models import Order
from app.visits.actions import CheckInInput, add_photo, check_in_unplanned
from app.visits.photos import take_in
from tests.conftest import NOW, PASSWORD, Browser, Cast, settings_for
from tests.sales.conftest import Shop, basket, shop

__all__ = ["shop"]
Open = Callable[[Any], Browser]
Make = Callable[[str], Flask]
CHILD, PARENT = UUID(int=1), UUID(int=2)


@pytest.fixture
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """empty("sqlite"), empty("postgresql"): a new installation without any table."""
    made: list[tuple[Flask, str]] = []

    def make(kind: str) -> Flask:
        url, name = "", f"restored_{new_id().hex}"
        if kind == "postgresql":
            server = request.getfixturevalue("postgres_url").replace("+psycopg", "")
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name}")
            url = server.removesuffix("/postgres") + f"/{name}"
        app = create_app(
            settings_for(tmp_path / name, url), TESTING=True, SQLITE_SYNCHRONOUS="OFF", ACTOR_CACHE_SECONDS=0
        )
        made.append((app, url))
        return app

    yield make
    for app, _url in made:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def command(app: Flask, *arguments: Any) -> Any:
    return app.test_cli_runner().invoke(args=[str(each) for each in arguments])


def all_rows() -> dict[str, list[Any]]:
    """Every table, row for row."""
    db.session.rollback()
    return {
        table.name: sorted((tuple(row) for row in db.session.execute(select(table))), key=repr)
        for table in db.metadata.sorted_tables
    }


def signed_out(devices: list[Any]) -> list[Any]:
    """Rows of devices as they are after a restore, `ended_at` being now."""
    assert devices
    db.session.rollback()
    ended = db.session.scalars(select(Device.ended_at).distinct()).one()
    place = list(Device.__table__.c.keys()).index("ended_at")
    return [(*row[:place], ended, *row[place + 1 :]) for row in devices]


def all_files(app: Flask) -> dict[str, bytes]:
    data = app.config["DATA"]
    found = (path for folder in backup.FOLDERS for path in (data / folder).rglob("*") if path.is_file())
    return {str(path.relative_to(data)): path.read_bytes() for path in found}


@pytest.fixture
def full(app: Flask, cast: Cast, shop: Shop, browser: Open) -> Flask:
    """An installation with something of everything."""
    for path in (app.config["DATA"] / folder for folder in backup.FOLDERS):
        for old in path.rglob("*"):
            if old.is_file():
                old.unlink()

    def fill() -> None:
        db.session.execute(insert(Team), [
            {"id": CHILD, "name": "Night", "parent_id": PARENT, "zone": "Europe/London", "version": 1},
            {"id": PARENT, "name": "Day", "parent_id": None, "zone": "Europe/London", "version": 1},
        ])  # fmt: skip
        place = get_main_place(cast.rita, shop.kitchen).id
        arrival = CheckInInput(None, position_error="denied", reason="辣 🌶 ok")
        visit = check_in_unplanned(cast.rita, new_id(), shop.kitchen, place, arrival, NOW).visit_id
        picture = io.BytesIO()
        Image.new("RGB", (8, 8), "red").save(picture, "JPEG")
        add_photo(cast.rita, visit, new_id(), take_in(picture.getvalue(), "", "Asia/Shanghai"), NOW)
        order = place_order(cast.rita, new_id(), shop.kitchen, basket((shop.oil, 3), delivery_on=date(2026, 4, 1)), NOW)
        contract = make_contract(cast.rita, new_id(), order.id, "zh_Hant", NOW)
        keep_file(contract.document_id, files.store(b"%PDF-1.7 contract"), 1, 17, NOW)
        enqueue("odd", {"text": "\ud800 alone", "deep": [1, {"two": None}]}, cast.rita.id, NOW)

    transact(fill)
    assert browser(cast.rita).post(f"/accounts/{shop.kitchen}/notes", text="Closed on Mondays 周一").status_code == 303
    imports: Path = app.config["DATA"] / "imports"
    imports.mkdir(exist_ok=True)
    (imports / "tiendas ñ 店-20260310.csv").write_bytes("\ufeffLine\r\n".encode())
    return app


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_everything_comes_back_also_on_the_other_database(
    full: Flask, cast: Cast, empty: Make, tmp_path: Path, kind: str
) -> None:
    (full.config["DATA"] / "files" / "aa").mkdir(exist_ok=True)
    unfinished = full.config["DATA"] / "files" / "aa" / f"{'b' * 62}.0123"
    unfinished.write_bytes(b"half")
    archive = tmp_path / "friday.tar.gz"
    told = command(full, "backup", archive)
    unfinished.unlink()
    assert (told.exit_code, "3 files" in told.output) == (0, True), told.output
    assert archive.stat().st_mode & 0o777 == 0o600, "it holds password hashes"
    rows, stored = all_rows(), all_files(full)
    filled = {name for name, found in rows.items() if found}
    assert {"account", "visit", "visit_photo", "contract", "document", "job", "receipt", "journal", "counter"} <= filled

    other = empty(kind)
    with other.app_context():
        told = command(other, "restore", archive)
        assert told.exit_code == 0, told.output
        restored = all_rows()
        assert restored.pop("device") == signed_out(rows.pop("device")), "whatever was taken away since stays out"
        assert restored == rows
        assert all_files(other) == stored
        assert db.session.get_one(Team, CHILD).parent_id == PARENT
        assert other.config["SECRET_KEY"] != full.config["SECRET_KEY"], "a backup makes no sessions"
    client = other.test_client()
    given = {"email": "rita@harbour.example", "password": PASSWORD}
    assert client.post("/sign-in", data=given, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303
    assert client.get("/settings").status_code == 200

    with other.app_context():
        again = command(other, "restore", archive)
        assert again.exit_code == 1
        assert "not empty" in again.output
        assert all_rows()["account"] == rows["account"]


def test_what_is_written_meanwhile_is_in_it_wholly_or_not_at_all(
    full: Flask, cast: Cast, shop: Shop, empty: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time that a batch of rows is written into the archive, somebody places an order."""
    db.session.rollback()
    before, add = all_rows(), backup._add
    db.session.remove()

    def order() -> None:
        with full.app_context():
            transact(lambda: place_order(cast.rita, new_id(), shop.kitchen, basket((shop.tea, 1)), NOW))

    def add_while_somebody_works(archive: Any, name: str, content: bytes) -> None:
        if name.startswith(("rows/account/", "rows/sales_order/")):
            thread = threading.Thread(target=order)
            thread.start()
            thread.join()
        add(archive, name, content)

    monkeypatch.setattr(backup, "_add", add_while_somebody_works)
    assert command(full, "backup", tmp_path / "b.tar.gz").exit_code == 0
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Order)) == 3
    other = empty("sqlite")
    with other.app_context():
        assert command(other, "restore", tmp_path / "b.tar.gz").exit_code == 0
        restored = all_rows()
        assert restored.pop("device") == signed_out(before.pop("device"))
        assert restored == before


# --- Refusals: they do not depend on the database, so one of them is enough ------------------------------------------


@pytest.fixture
def small(empty: Make) -> Flask:
    """A migrated installation with two teams and a file."""
    app = empty("sqlite")
    with app.app_context():
        flask_migrate.upgrade(directory=str(ROOT / "migrations"))
        transact(lambda: db.session.add(Team(id=PARENT, name="One", zone="UTC")))
        files.store(b"logo" * 50_000)
    return app


@pytest.fixture
def archive(small: Flask, tmp_path: Path) -> Path:
    path = tmp_path / "small.tar.gz"
    assert command(small, "backup", path).exit_code == 0
    return path


def refused(app: Flask, archive: Path) -> str:
    """The reason; nothing of the archive came into the database, nothing half-written lies about."""
    told = command(app, "restore", archive)
    assert told.exit_code == 1, told.output
    assert isinstance(told.exception, SystemExit), told.exception
    with app.app_context():
        assert not inspect(db.engine).has_table("team") or not db.session.scalar(select(func.count(Team.id)))
    left = [path.name for path in app.config["DATA"].rglob("*") if path.is_file() and "restored" in path.name]
    assert left == []
    return str(told.output)


def packed(path: Path, **members: bytes) -> Path:
    """A tar.gz of these names and contents."""
    with tarfile.open(path, "w:gz") as out:
        for name, content in members.items():
            header = tarfile.TarInfo(name)
            header.size = len(content)
            out.addfile(header, io.BytesIO(content))
    return path


def changed(archive: Path, target: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """A copy of a good archive, with some members another way."""
    with tarfile.open(archive) as good:
        members = {member.name: good.extractfile(member).read() for member in good}  # type: ignore[union-attr]
    change(members)
    return packed(target, **members)


def test_a_backup_replaces_no_file_and_leaves_no_half_one(
    small: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "target.tar.gz"
    target.write_text("the only copy of something")
    assert "is there already" in command(small, "backup", target).output
    assert target.read_text() == "the only copy of something"
    assert "Cannot write" in command(small, "backup", tmp_path / "nowhere" / "b.tar.gz").output
    before = set(tmp_path.iterdir())

    def full_disk(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup, "_copy_file", full_disk)
    told = command(small, "backup", tmp_path / "other.tar.gz")
    assert (told.exit_code, "No space left" in told.output) == (1, True)
    assert set(tmp_path.iterdir()) == before


def test_without_tables_there_is_nothing_to_back_up(empty: Make, tmp_path: Path) -> None:
    told = command(empty("sqlite"), "backup", tmp_path / "b.tar.gz")
    assert (told.exit_code, "nothing to back up" in told.output) == (1, True)
    assert list(tmp_path.glob("*.gz")) == []


def test_foreign_archives_are_refused(empty: Make, tmp_path: Path) -> None:
    other = empty("sqlite")
    assert "not a Fieldbook backup" in refused(other, packed(tmp_path / "photos.tar.gz", **{"a.jpg": b"x"}))
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff no archive")
    assert "no Fieldbook backup at all" in refused(other, tmp_path / "photo.jpg")
    (tmp_path / "nothing").write_bytes(b"")
    assert "no Fieldbook backup at all" in refused(other, tmp_path / "nothing")
    with tarfile.open(tmp_path / "plain.tar", "w"):
        pass
    assert "no Fieldbook backup at all" in refused(other, tmp_path / "plain.tar")
    assert command(other, "restore", tmp_path / "none.tar.gz").exit_code == 2


def test_a_damaged_archive_brings_nothing(small: Flask, archive: Path, empty: Make, tmp_path: Path) -> None:
    other, whole, cut = empty("sqlite"), archive.read_bytes(), tmp_path / "cut.tar.gz"
    for length in (len(whole) - 1, len(whole) - 9, len(whole) * 2 // 3, len(whole) // 3, 30):
        cut.write_bytes(whole[:length])
        assert "damaged" in refused(other, cut), length
    cut.write_bytes(whole[:-8] + bytes(8))  # the checksum
    assert "damaged" in refused(other, cut)
    with gzip.open(archive) as unpacked:
        tar = unpacked.read()
    with gzip.open(cut, "wb") as out:
        out.write(tar.replace(b"logologo", b"logoLOGO"))
    assert "is not what it was" in refused(other, cut)
    assert command(other, "restore", archive).exit_code == 0, "the good one still comes in"


def test_backups_of_newer_versions_are_refused(archive: Path, empty: Make, tmp_path: Path) -> None:
    def newer(**values: Any) -> Callable[[dict[str, bytes]], None]:
        def change(members: dict[str, bytes]) -> None:
            members["about.json"] = json.dumps(json.loads(members["about.json"]) | values).encode()

        return change

    other = empty("sqlite")
    assert "has format 99" in refused(other, changed(archive, tmp_path / "a.tar.gz", newer(format=99)))
    told = refused(other, changed(archive, tmp_path / "b.tar.gz", newer(revision="from_the_future")))
    assert "newer version" in told
    assert not (other.config["DATA"] / "fieldbook.sqlite").exists() or "team" not in told


def also(name: str) -> Callable[[dict[str, bytes]], None]:
    return lambda members: members.update({name: b'["x"]'})


def test_nothing_is_written_where_it_does_not_belong(archive: Path, empty: Make, tmp_path: Path) -> None:
    other = empty("sqlite")
    secret = (other.config["DATA"] / "secret").read_text()
    for number, name in enumerate((
        "data/../../outside", "data/files/../../outside", "data/secret", "data/fieldbook.sqlite", "data//etc/outside",
        "data/files/aa/short", "data/imports/../secret", "data/imports/..\\outside", "data/imports/", "data/files",
        "rows/alembic_version/000000.jsonl", "rows/nowhere/000000.jsonl",
    )):  # fmt: skip
        before = {path for path in tmp_path.rglob("*") if path.is_file()}
        hostile = changed(
            archive, tmp_path / f"{number}.tar.gz", lambda members, name=name: members.update({name: b'["x"]'})
        )
        assert "does not belong" in refused(other, hostile), name
        new = {path.name for path in tmp_path.rglob("*") if path.is_file() and path not in before}
        assert not {each for each in new if "outside" in each or "short" in each}
    assert (other.config["DATA"] / "secret").read_text() == secret


def test_links_in_an_archive_are_passed_over(archive: Path, empty: Make, tmp_path: Path) -> None:
    hostile = tmp_path / "links.tar.gz"
    with tarfile.open(archive) as good, tarfile.open(hostile, "w:gz") as out:
        for member in good:
            out.addfile(member, good.extractfile(member))
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE):
            link = tarfile.TarInfo("data/imports/link.csv")
            link.type, link.linkname = kind, "../secret"
            out.addfile(link)
    other = empty("sqlite")
    assert command(other, "restore", hostile).exit_code == 0
    assert not os.path.lexists(other.config["DATA"] / "imports" / "link.csv")


def test_rows_that_do_not_fit_are_told_and_leave_nothing(archive: Path, empty: Make, tmp_path: Path) -> None:
    def broken(members: dict[str, bytes]) -> None:
        members["rows/team/000000.jsonl"] += b'\n["00000000000000000000000000000009", "Two"]'

    def orphan(members: dict[str, bytes]) -> None:
        row = json.loads(members["rows/team/000000.jsonl"])
        members["rows/team/000000.jsonl"] += b"\n" + json.dumps([CHILD.hex, "Lost", "f" * 32, *row[3:]]).encode()

    other = empty("sqlite")
    assert "does not fit" in refused(other, changed(archive, tmp_path / "a.tar.gz", broken))
    assert "FOREIGN KEY" in refused(other, changed(archive, tmp_path / "b.tar.gz", orphan))


def test_what_the_worker_schedules_by_itself_is_no_content(archive: Path, empty: Make) -> None:
    """Whoever started Fieldbook once before restoring has only that."""
    other = empty("sqlite")
    with other.app_context():
        flask_migrate.upgrade(directory=str(ROOT / "migrations"))
        transact(lambda: enqueue("close_forgotten", {}, None, NOW, once="close_forgotten:1"))
        assert command(other, "restore", archive).exit_code == 0
        db.session.rollback()
        assert db.session.scalar(select(func.count(Job.id))) == 0
        assert db.session.get_one(Team, PARENT).name == "One"


def test_a_database_of_another_version_is_left_alone(archive: Path, empty: Make) -> None:
    other = empty("sqlite")
    with other.app_context():
        flask_migrate.stamp(directory=str(ROOT / "migrations"))
        with db.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'long_ago'")
    assert "another version" in refused(other, archive)


def test_a_large_table_goes_in_batches(small: Flask, empty: Make, tmp_path: Path) -> None:
    with small.app_context():
        numbers = range(10, 10 + 2 * backup.BATCH)
        rows = [{"id": UUID(int=n), "name": f"{n}", "zone": "UTC", "version": 1} for n in numbers]
        transact(lambda: db.session.execute(insert(Team), rows))
    assert command(small, "backup", tmp_path / "large.tar.gz").exit_code == 0
    with tarfile.open(tmp_path / "large.tar.gz") as out:
        names = [name for name in out.getnames() if name.startswith("rows/team/")]
    assert names == [f"rows/team/{n:06}.jsonl" for n in range(3)]
    other = empty("sqlite")
    with other.app_context():
        assert command(other, "restore", tmp_path / "large.tar.gz").exit_code == 0
        assert db.session.scalar(select(func.count(Team.id))) == 2 * backup.BATCH + 1

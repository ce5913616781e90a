"""Files come in: every public list whole and again unchanged; broken off, at once, and with bad rows."""

import csv
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.importing import ACCOUNTS
from app.accounts.models import Account, Place
from app.infra import files
from app.infra.db import db, transact
from app.infra.queue import Job, Worker
from app.kernel.access import SYSTEM
from app.transfer import jobs
from app.transfer.actions import CARRY_OUT, Upload, request_import
from app.transfer.jobs import carry_out
from app.transfer.models import Imported, ImportRun
from app.transfer.queries import find_run
from app.transfer.rules import read
from tests.conftest import NOW, Cast
from tests.shared import shared_file
from tests.transfer.stage import ask, bring, count, problems_of, stored, table
from tests.transfer.test_real_files import PLACES

SMALL = sorted(name for name, rows in PLACES.items() if rows < 5_000)
THREE = table("id,name,address", "1,A,1 Road", "2,B,2 Road", "3,C,3 Road")


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "BATCH", 2)


@pytest.mark.parametrize("name", SMALL)
def test_public_lists_come_in_whole_and_again_unchanged(app: Flask, name: str) -> None:
    content, rows = shared_file(f"places/{name}").read_bytes(), PLACES[name]
    assert bring(content, name) == (rows, rows, 0, 0, 0)
    assert count(Account) == count(Place) == rows
    assert bring(content, name) == (rows, 0, 0, rows, 0)


def test_the_longest_list_comes_in_whole_and_again_unchanged(app: Flask) -> None:
    """36,300 shops; of them PostgreSQL, which takes longer here, gets a part."""
    content, rows = shared_file("places/us_stores_open.csv").read_bytes(), PLACES["us_stores_open.csv"]
    if db.engine.dialect.name == "postgresql":
        rows = 4_500
        content = b"".join(content.splitlines(keepends=True)[: rows + 1])
    assert bring(content, "us_stores_open.csv") == (rows, rows, 0, 0, 0)
    assert bring(content, "us_stores_open.csv") == (rows, 0, 0, rows, 0)
    assert count(Account) == count(Place) == rows


def test_a_list_under_another_name_finds_its_customers_again(app: Flask) -> None:
    """Most places of this one have no address, and many share a name: each is found where it lies."""
    content, rows = shared_file("places/osm_poi_washington_dc_open.csv").read_bytes(), 9_933
    assert bring(content, "osm.csv") == (rows, rows, 0, 0, 0)
    before = set(db.session.execute(select(Account.id, Account.version)))
    assert bring(content, "renamed.csv") == (rows, 0, 0, rows, 0)
    assert set(db.session.execute(select(Account.id, Account.version))) == before


def test_bad_rows_are_told_with_line_column_and_reason(app: Flask) -> None:
    content = table(
        "id,name,lat,lon,email,note",
        '1,A,91,10,,"two',
        'lines"',
        "2,,1,1,,",
        "3,B,1,1,nobody,=1+1",
        "4,C,1,2,3,4,5,6",
        "5,D,1,2,,-3.5",
    ).encode("utf-16")
    run_id = ask(content, "bad/shops ü.csv")
    tally = carry_out(run_id, SYSTEM, ACCOUNTS, content, lambda *_: None)
    assert str(tally) == "read=5 created=3 updated=0 unchanged=0 rejected=2"
    assert list(problems_of(run_id)) == [
        (2, "lat", "No place on earth has the position 91, 10; it is left out.", False),
        (4, "name", "The name is missing.", True),
        (5, "email", "This is no e-mail address: nobody", False),
        (6, None, "8 cells, but only 6 columns.", True),
    ]
    run = find_run(run_id)
    assert run is not None and (run.read, run.rejected, run.problems) == (5, 2, 4)
    path: Path = app.config["DATA"] / "imports" / run.problem_file
    assert run.problem_file == "shops-ü-20260310-020000000.csv"
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.reader(file))
    assert lines[0] == ["Line", "Column", "What happened", "Reason", "id", "name", "lat", "lon", "email", "note"]
    assert lines[1][:4] == [
        "2", "lat", "Taken, except for this", "No place on earth has the position 91, 10; it is left out."
    ]  # fmt: skip
    assert lines[1][4:] == ["1", "A", "91", "10", "", "two\nlines"]
    assert lines[3][-1] == "'=1+1"
    assert not list(path.parent.glob("*.part"))


def test_without_problems_there_is_no_file(app: Flask) -> None:
    run_id = ask(THREE.encode(), "fine.csv")
    carry_out(run_id, SYSTEM, ACCOUNTS, THREE.encode(), lambda *_: None)
    run = find_run(run_id)
    assert run is not None and (run.problem_file, run.problems) == (None, 0)
    assert not list((app.config["DATA"] / "imports").glob("fine*"))


def test_repeated_ids_count_once_each_and_the_last_row_holds(app: Flask, small_batches: None) -> None:
    content = table("id,name", "1,A", "2,B", "3,C", "4,D", "1,A new", "1,A new", "2,B")
    assert bring(content) == (7, 4, 1, 2, 0)
    assert [row.name for row in stored()] == ["A new", "B", "C", "D"]
    assert bring(content) == (7, 0, 0, 7, 0)


def test_a_dry_run_tells_and_writes_nothing(app: Flask, small_batches: None) -> None:
    bring(table("id,name", "1,A", "2,B"))
    again = table("id,name", "1,A", "2,B new", "3,C", "4,D", "5,")
    assert bring(again, dry_run=True) == (5, 2, 1, 1, 1)
    assert [row.name for row in stored()] == ["A", "B"]
    assert count(Imported) == 2
    assert bring(again) == (5, 2, 1, 1, 1)


class PowerCutError(Exception):
    pass


def _cut_after(batches: int) -> Callable[[int, int], None]:
    calls = iter(range(100))

    def say(_done: int, _total: int) -> None:
        if next(calls) == batches:
            raise PowerCutError

    return say


def test_a_broken_off_run_is_completed_by_the_same_file(app: Flask, small_batches: None) -> None:
    content = table("id,name", *(f"{n},Shop {n}" for n in range(9))).encode()
    with pytest.raises(PowerCutError):
        carry_out(ask(content, "shops.csv"), SYSTEM, ACCOUNTS, content, _cut_after(2))
    assert count(Account) == 4
    assert bring(content) == (9, 5, 0, 4, 0)
    assert count(Account) == 9


def test_a_broken_off_run_goes_on_and_counts_what_it_did_before(app: Flask, small_batches: None) -> None:
    content = table("id,name", *(f"{n},Shop {n}" for n in range(9)), "x,").encode()
    run_id = ask(content, "shops.csv")
    with pytest.raises(PowerCutError):
        carry_out(run_id, SYSTEM, ACCOUNTS, content, _cut_after(3))
    tally = carry_out(run_id, SYSTEM, ACCOUNTS, content, lambda *_: None)
    assert str(tally) == "read=10 created=9 updated=0 unchanged=0 rejected=1"
    assert carry_out(run_id, SYSTEM, ACCOUNTS, content, lambda *_: None) == tally
    assert count(Account) == 9


def test_two_imports_of_one_file_at_once_make_each_customer_once(app: Flask, small_batches: None) -> None:
    content = table("id,name,address", *(f"{n},Shop {n},{n} Road" for n in range(12))).encode()
    runs = [ask(content, "shops.csv") for _ in range(2)]
    together = threading.Barrier(2)
    tallies: list[Any] = []

    def carry(run_id: Any) -> None:
        with app.app_context():
            together.wait()
            tallies.append(carry_out(run_id, SYSTEM, ACCOUNTS, content, lambda *_: None))

    threads = [threading.Thread(target=carry, args=(run_id,)) for run_id in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(Account) == count(Imported) == 12
    assert sum(tally.created for tally in tallies) == 12
    assert [tally.created + tally.unchanged for tally in tallies] == [12, 12]


def test_one_run_taken_by_two_workers_is_done_once(app: Flask, small_batches: None) -> None:
    content = table("id,name", *(f"{n},Shop {n}" for n in range(9))).encode()
    run_id = ask(content, "shops.csv")

    def overtake(done: int, _total: int) -> None:
        if done == 2:
            carry_out(run_id, SYSTEM, ACCOUNTS, content, lambda *_: None)

    tally = carry_out(run_id, SYSTEM, ACCOUNTS, content, overtake)
    assert str(tally) == "read=9 created=9 updated=0 unchanged=0 rejected=0"
    assert count(Account) == 9


def test_the_worker_carries_out_what_somebody_asked_for(app: Flask, cast: Cast) -> None:
    content = THREE.encode()
    intake = ACCOUNTS.begin(cast.otto, read(THREE).columns)
    upload = Upload.of("shops.csv", "shops.csv", files.store(content), ACCOUNTS, intake)
    run_id = ask(content, "x")  # an id that is somebody else's stays theirs
    mine = UUID(int=run_id.int + 1)
    for _ in range(2):
        transact(lambda: request_import(cast.otto, mine, ACCOUNTS, upload, NOW, dry_run=False))
    assert [job.kind for job in db.session.scalars(select(Job))] == [CARRY_OUT]
    db.session.rollback()
    worker = Worker(app, list(jobs.JOBS))
    assert worker.step()
    run, job = db.session.get_one(ImportRun, mine), db.session.scalars(select(Job)).one()
    assert (run.read, run.created, run.done, run.total) == (3, 3, 3, 3)
    assert run.ended_at and job.failure is None and (job.done, job.total) == (3, 3)

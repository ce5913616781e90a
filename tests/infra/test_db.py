"""Writing: all or nothing, one after the other, and again where the engine asks for it. On both databases."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import UUID

import pysqlite3.dbapi2
import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError

from app.config import ROOT
from app.identity.models import Team
from app.infra import db as house
from app.infra.db import TryAgainError, db, is_transient, transact
from app.infra.journal import JournalEntry
from app.infra.numbers import Counter, last_number, next_number
from app.kernel.ids import new_id
from tests.conftest import NOW


def side_by_side(app: Flask, *works: Callable[[], Any]) -> list[Any]:
    """Run each in a thread of its own; their results, or the errors that they ended with, in that order."""
    results: list[Any] = [None] * len(works)

    def run(number: int, work: Callable[[], Any]) -> None:
        with app.app_context():
            try:
                results[number] = work()
            except Exception as error:
                results[number] = error
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    return results


def team(name: str = "One", **values: Any) -> Team:
    return Team(id=new_id(), name=name, zone="UTC", **values)


def names() -> set[str]:
    db.session.rollback()
    return set(db.session.scalars(select(Team.name)))


def test_moments_and_ids_come_back_as_they_were(app: Flask) -> None:
    abroad = datetime(2026, 3, 10, 10, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
    subject = UUID("00ff0000-0000-7000-8000-0000000000ff")
    entry = JournalEntry(at=abroad, person_id=None, event="E", subject_id=subject, facts={"a": ["é", None, 1.5]})
    transact(lambda: db.session.add(entry))
    row = db.session.execute(select(JournalEntry.at, JournalEntry.subject_id, JournalEntry.person_id)).one()
    assert row == (abroad, subject, None)
    assert row.at.utcoffset() == timedelta(0)
    assert db.session.scalar(
        select(JournalEntry.id).where(JournalEntry.at == abroad, JournalEntry.subject_id == subject)
    )
    with pytest.raises(StatementError, match="without a time zone"):
        db.session.scalar(select(JournalEntry.id).where(JournalEntry.at == datetime(2026, 3, 10)))  # noqa: DTZ001 - refused


def test_an_error_undoes_everything(app: Flask) -> None:
    def half() -> None:
        db.session.add(team("first"))
        db.session.flush()
        raise KeyError("second")

    with pytest.raises(KeyError):
        transact(half)
    assert names() == set()


def test_what_is_not_to_be_kept_is_returned_and_undone(app: Flask) -> None:
    def work() -> str:
        db.session.add(team("tried"))
        db.session.flush()
        return "answer"

    assert transact(work, keep=lambda result: result != "answer") == "answer"
    assert names() == set()


def test_a_transaction_inside_another_is_part_of_it(app: Flask) -> None:
    def outer() -> None:
        transact(lambda: db.session.add(team("inner")))
        raise KeyError

    with pytest.raises(KeyError):
        transact(outer)
    assert names() == set()


def test_an_error_at_the_commit_undoes_everything(app: Flask) -> None:
    """The parent is checked when the transaction ends."""
    with pytest.raises(IntegrityError):
        transact(lambda: db.session.add(team("orphan", parent_id=UUID(int=9))))
    assert names() == set()
    transact(lambda: db.session.add(team("next")))
    assert names() == {"next"}


def test_work_is_run_again_until_it_succeeds_and_given_up_at_last(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house.time, "sleep", lambda _seconds: None)
    runs: list[int] = []

    def work(failures: int) -> str:
        runs.append(failures)
        db.session.add(team(f"try {len(runs)}"))
        db.session.flush()
        if len(runs) <= failures:
            raise TryAgainError
        return "done"

    assert transact(lambda: work(2)) == "done"
    assert (len(runs), names()) == (3, {"try 3"})
    monkeypatch.setattr(house, "PATIENCE", -1)
    with pytest.raises(TryAgainError):
        transact(lambda: work(999))
    assert (len(runs), names()) == (4, {"try 3"})


def test_what_is_wrong_is_not_tried_again(app: Flask) -> None:
    runs: list[int] = []

    def twice() -> None:
        runs.append(1)
        same = new_id()
        db.session.add_all([team("a"), Counter(series="x", last=1)])
        db.session.flush()
        db.session.execute(Team.__table__.insert(), [{"id": same, "name": "b", "zone": "UTC", "version": 1}] * 2)

    with pytest.raises(IntegrityError):
        transact(twice)
    assert (len(runs), names()) == (1, set())


def test_a_writer_from_elsewhere_is_waited_for(made_app: Flask, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program holds the file: SQLite says "database is locked", we try again."""
    if db.engine.dialect.name != "sqlite":
        return  # PostgreSQL's ways to refuse are below
    db.session.remove()
    db.engine.dispose()
    holder = pysqlite3.dbapi2.connect(db.engine.url.database, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with db.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=1")  # of the one connection in the pool
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            holder.execute("ROLLBACK")

    monkeypatch.setattr(house.time, "sleep", sleep)
    transact(lambda: db.session.add(team("after all")))
    assert (names(), len(waits)) == ({"after all"}, 2)
    holder.close()
    db.session.remove()
    db.engine.dispose()


def test_two_who_read_and_then_write_the_same_do_not_overwrite_each_other(app: Flask) -> None:
    """Both read 0 before either writes; a lost update would leave 1."""
    transact(lambda: db.session.add(Counter(series="sum", last=0)))
    db.session.remove()
    both = threading.Barrier(2)
    sqlite = db.engine.dialect.name == "sqlite"  # there the second reads only when the first is done
    runs: list[int] = []

    def add_one() -> None:
        runs.append(1)
        now = db.session.scalar(select(Counter.last).where(Counter.series == "sum"))
        if len(runs) <= 2 and not sqlite:
            both.wait(20)
        assert now is not None
        db.session.execute(update(Counter).where(Counter.series == "sum").values(last=now + 1))

    assert side_by_side(app, lambda: transact(add_one), lambda: transact(add_one)) == [None, None]
    assert last_number("sum") == 2
    assert len(runs) == (2 if sqlite else 3), "PostgreSQL refuses one of the two, who does it again"


def test_who_wait_for_each_other_both_get_through(app: Flask) -> None:
    """A deadlock: each holds the row that the other wants."""
    transact(lambda: db.session.add_all([Counter(series="left", last=0), Counter(series="right", last=0)]))
    db.session.remove()
    both = threading.Barrier(2)
    sqlite = db.engine.dialect.name == "sqlite"
    runs: list[int] = []

    def raise_in(order: tuple[str, str]) -> Callable[[], None]:
        def work() -> None:
            runs.append(1)
            if not sqlite:
                db.session.connection().exec_driver_sql("SET LOCAL deadlock_timeout = '10ms'")
            next_number(order[0])
            if len(runs) <= 2 and not sqlite:
                both.wait(20)
            next_number(order[1])

        return lambda: transact(work)

    assert side_by_side(app, raise_in(("left", "right")), raise_in(("right", "left"))) == [None, None]
    assert (last_number("left"), last_number("right")) == (2, 2)


def test_each_reason_to_try_again_is_known(app: Flask) -> None:
    class RefusedError(Exception):
        sqlstate = "40001"

    assert is_transient(OperationalError("UPDATE", {}, RefusedError()))
    assert is_transient(OperationalError("BEGIN", {}, pysqlite3.dbapi2.OperationalError("database is locked")))
    assert is_transient(pysqlite3.dbapi2.OperationalError("database is locked"))
    assert not is_transient(pysqlite3.dbapi2.OperationalError("no such table: team"))
    assert not is_transient(OperationalError("SELECT", {}, pysqlite3.dbapi2.OperationalError("no such table: team")))
    assert not is_transient(ValueError("database is locked"))


HOLDER = """
import sys, time
from pathlib import Path
from app.factory import create_app
from app.infra.db import db, transact
from app.infra.numbers import next_number
from tests.conftest import settings_for

def hold():
    next_number("held")
    print("holding", flush=True)
    sys.stdin.read()  # for ever: the test keeps it open, and kills

with create_app(settings_for(Path(sys.argv[1]), sys.argv[2])).app_context():
    transact(hold)
"""


def test_a_killed_writer_holds_nobody_up(app: Flask) -> None:
    """kill -9 in the middle of a transaction: its turn and its locks are free at once, what it did is undone."""
    settings = app.config["SETTINGS"]
    transact(lambda: [next_number("held"), db.session.add(team("there"))])
    db.session.remove()
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(settings.data), settings.database_url],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout is not None and process.stdin is not None
    assert process.stdout.readline() == b"holding\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdin.close()
    process.stdout.close()
    assert transact(lambda: next_number("held")) == 2
    assert names() == {"there"}


def test_reading_waits_for_nobody(app: Flask) -> None:
    """A long write is under way; readers see the state before it."""
    transact(lambda: db.session.add(team("old")))
    db.session.remove()
    seen: list[Any] = []

    def write() -> None:
        db.session.execute(update(Team).values(name="new"))
        seen.extend(side_by_side(app, names))

    transact(write)
    assert seen == [{"old"}]
    assert names() == {"new"}


def test_the_file_is_safe_against_power_cuts_and_checks_references(tmp_path: Path) -> None:
    from app.factory import create_app
    from tests.conftest import settings_for

    app = create_app(settings_for(tmp_path))
    with app.app_context(), db.engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous")
        }
        version = connection.exec_driver_sql("SELECT sqlite_version()").scalar()
    with app.app_context():
        db.engine.dispose()
    assert pragmas == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2}
    assert tuple(map(int, str(version).split("."))) >= (3, 51, 3), "older ones can corrupt a WAL database"


def test_now_is_told_in_utc(app: Flask) -> None:
    transact(lambda: db.session.add(JournalEntry(at=NOW, event="E", subject_id=new_id(), facts={})))
    assert db.session.scalars(select(JournalEntry.at)).one() == NOW.astimezone(UTC)
    assert db.session.scalar(select(func.count(JournalEntry.id)).where(JournalEntry.at >= NOW)) == 1

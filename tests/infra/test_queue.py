"""The worker: what is asked for happens, also when whoever does it is killed."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.infra import queue
from app.infra.db import db, transact
from app.infra.queue import ATTEMPTS, Job, JobKind, Worker, enqueue, find_job, progress
from app.kernel.errors import InvalidError

NOW = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]


class Bench:
    """Notes which jobs ran; `act` is what each does."""

    def __init__(self, act: Callable[[UUID], None] = lambda _job: None) -> None:
        self.ran: list[str] = []
        self.act = act

    def kind(self, name: str = "test.work", every: timedelta | None = None) -> JobKind:
        def run(job_id: UUID, arguments: dict[str, Any]) -> None:
            self.ran.append(arguments.get("what", name))
            self.act(job_id)

        return JobKind(name, run, every)


def ask(what: str = "it", at: datetime = NOW) -> UUID:
    return transact(lambda: enqueue("test.work", {"what": what}, None, at))


def job(job_id: UUID) -> Job:
    db.session.rollback()
    found = find_job(job_id)
    assert found is not None
    return found


def let_lease_end(job_id: UUID) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    transact(lambda: db.session.execute(update(Job).where(Job.id == job_id).values(lease_until=past)))


def test_the_oldest_job_is_done_first_and_each_once(app: Flask) -> None:
    bench = Bench()
    worker = Worker(app, [bench.kind()])
    ask("second", NOW)
    ask("first", NOW - timedelta(minutes=1))
    assert [worker.step(), worker.step(), worker.step()] == [True, True, False]
    assert bench.ran == ["first", "second"]


def test_a_job_whose_transaction_fails_was_never_asked_for(app: Flask) -> None:
    def change_your_mind() -> None:
        enqueue("test.work", {}, None, NOW)
        raise LookupError

    with pytest.raises(LookupError):
        transact(change_your_mind)
    assert Worker(app, [Bench().kind()]).step() is False


def test_a_worker_leaves_kinds_that_it_does_not_know(app: Flask) -> None:
    job_id = ask()
    assert Worker(app, [Bench().kind("test.other")]).step() is False
    assert job(job_id).attempts == 0


def test_what_goes_wrong_is_tried_again_later_and_given_up_at_last(app: Flask) -> None:
    def fail(_job: UUID) -> None:
        raise OSError("no disk")

    bench = Bench(fail)
    worker, job_id = Worker(app, [bench.kind()]), ask()
    for attempt in range(1, ATTEMPTS + 1):
        assert worker.step() is True
        assert worker.step() is False, "it waits before it tries again"
        found = job(job_id)
        assert found.attempts == attempt
        if attempt < ATTEMPTS:
            assert found.ended_at is None and found.lease_until is not None
            let_lease_end(job_id)
    assert job(job_id).failure == "OSError"
    assert len(bench.ran) == ATTEMPTS


def test_a_refusal_is_not_tried_again(app: Flask) -> None:
    def refuse(_job: UUID) -> None:
        raise InvalidError("", "No such order.")

    bench = Bench(refuse)
    worker, job_id = Worker(app, [bench.kind()]), ask()
    worker.step()
    assert job(job_id).failure == "form: No such order."
    assert worker.step() is False


def test_a_worker_that_dies_again_and_again_is_not_sent_for_ever(app: Flask) -> None:
    job_id = ask()
    transact(lambda: db.session.execute(update(Job).values(attempts=ATTEMPTS, worker="dead")))
    bench = Bench()
    Worker(app, [bench.kind()]).step()
    assert job(job_id).failure is not None
    assert bench.ran == []


def test_two_workers_never_do_the_same_job_at_once(app: Flask) -> None:
    others: list[bool] = []
    second = Worker(app, [Bench().kind()])
    first = Worker(app, [Bench(lambda _job: others.append(second.step())).kind()])
    ask()
    assert first.step() is True
    assert others == [False]


def test_a_lost_lease_is_taken_over_and_its_loser_has_no_say(app: Flask) -> None:
    second_bench = Bench()
    second = Worker(app, [second_bench.kind()])

    def lose(job_id: UUID) -> None:
        let_lease_end(job_id)
        assert second.step() is True
        raise OSError("the first one fails late")

    first, job_id = Worker(app, [Bench(lose).kind()]), ask()
    first.step()
    found = job(job_id)
    assert second_bench.ran == ["it"]
    assert (found.failure, found.worker) == (None, second.name)
    assert found.ended_at is not None


def test_a_long_job_keeps_its_lease(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "LEASE", timedelta(milliseconds=30))
    renewed = threading.Event()
    release = Worker._release

    def watch(self: Worker, job_id: UUID, until: datetime) -> None:
        release(self, job_id, until + timedelta(hours=1))
        renewed.set()

    monkeypatch.setattr(Worker, "_release", watch)
    leases: list[datetime | None] = []

    def last(job_id: UUID) -> None:
        assert renewed.wait(30)
        leases.append(job(job_id).lease_until)

    Worker(app, [Bench(last).kind()]).step() if ask() else None
    assert leases[0] is not None and leases[0] > datetime.now(UTC) + timedelta(minutes=30)


def test_progress_is_seen_while_the_job_goes_on(app: Flask) -> None:
    seen: list[tuple[int, int]] = []

    def work(job_id: UUID) -> None:
        progress(job_id, 3, 7)
        found = job(job_id)
        seen.append((found.done, found.total))

    ask()
    Worker(app, [Bench(work).kind()]).step()
    assert seen == [(3, 7)]


def test_recurring_work_is_done_once_a_period_whoever_looks(app: Flask) -> None:
    bench = Bench()
    kinds = [bench.kind("test.tick", timedelta(minutes=15))]
    workers = [Worker(app, kinds), Worker(app, kinds)]
    for moment in (NOW, NOW + timedelta(minutes=14), NOW + timedelta(minutes=15)):
        for worker in workers:
            worker.schedule(moment)
    assert len(db.session.scalars(select(Job.id)).all()) == 2


def test_two_workers_that_schedule_in_the_same_moment_make_one_job(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = [Bench().kind("test.tick", timedelta(minutes=15))]
    first, second = Worker(app, kinds), Worker(app, kinds)
    inside = False
    ask_for = queue.enqueue

    def be_overtaken(*args: Any, **kwargs: Any) -> UUID:
        nonlocal inside
        if not inside:
            inside = True
            db.session.rollback()
            with db.engine.begin() as other:  # the second worker's job, committed first
                other.execute(
                    Job.__table__.insert().values(
                        id=queue.new_id(), kind="test.tick", arguments={}, once=kwargs["once"], created_at=NOW,
                        attempts=0, done=0, total=0,
                    )
                )  # fmt: skip
        return ask_for(*args, **kwargs)

    monkeypatch.setattr(queue, "enqueue", be_overtaken)
    first.schedule(NOW)
    second.schedule(NOW)
    assert len(db.session.scalars(select(Job.id)).all()) == 1


KILLED = """
import sys
from pathlib import Path
from app.factory import create_app
from app.infra.queue import JobKind, Worker
from tests.conftest import settings_for

def work(job_id, arguments):
    print("at work", flush=True)
    sys.stdin.read()  # for ever: the test keeps it open, and kills

app = create_app(settings_for(Path(sys.argv[1]), sys.argv[2]), SQLITE_SYNCHRONOUS="OFF")
with app.app_context():
    Worker(app, [JobKind("test.work", work)]).step()
"""


def test_a_worker_killed_in_the_middle_of_a_job_loses_nothing(app: Flask) -> None:
    job_id = ask("survivor")
    settings = app.config["SETTINGS"]
    db.session.remove()
    victim = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(settings.data), settings.database_url],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert victim.stdin is not None and victim.stdout is not None
    try:
        assert victim.stdout.readline() == b"at work\n"
    finally:
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        victim.stdin.close()
        victim.stdout.close()
    bench = Bench()
    worker = Worker(app, [bench.kind()])
    assert worker.step() is False, "the dead worker's lease still counts"
    let_lease_end(job_id)
    assert worker.step() is True
    assert bench.ran == ["survivor"]
    assert (job(job_id).attempts, job(job_id).failure) == (2, None)

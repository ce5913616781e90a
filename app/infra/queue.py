"""Work that outlives a request: a leased table.

A request stores what is wanted in its own transaction (`enqueue`); a worker takes the oldest job, holds it by a lease
that it renews, and runs it. Whoever dies loses the lease and the job is taken again, so every job may run twice and
must end in the same state. Only ids travel.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import JSON, Index, delete, or_, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from app.infra.db import Model, db, id_column, transact
from app.kernel.errors import FieldbookError
from app.kernel.ids import new_id

LEASE = timedelta(seconds=60)
ATTEMPTS = 5
OPEN = text("ended_at IS NULL")
log = logging.getLogger(__name__)


class Job(Model):
    """One piece of work. Open while `done_at` and `failed_at` are None; `total` 0 means its length is not known yet."""

    __tablename__ = "job"
    __table_args__ = (
        Index(
            "ix_job_open",
            "created_at",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )
    id: Mapped[UUID] = id_column()
    kind: Mapped[str]
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON)
    person_id: Mapped[UUID | None]
    once: Mapped[str | None] = mapped_column(unique=True)  # a recurring job's period: enqueued by many, there once
    created_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    worker: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    ended_at: Mapped[datetime | None]
    failure: Mapped[str | None]


@dataclass(frozen=True)
class JobKind:
    """What a slice's manifest offers: `run(job_id, arguments)` inside an app context; `every` for recurring work."""

    name: str
    run: Callable[[UUID, dict[str, Any]], None]
    every: timedelta | None = None


def enqueue(
    kind: str, arguments: dict[str, Any], person_id: UUID | None, now: datetime, once: str | None = None
) -> UUID:
    """Ask for work in the current transaction; it is there exactly if that commits. Returns the job's id."""
    job = Job(id=new_id(), kind=kind, arguments=arguments, person_id=person_id, created_at=now, once=once)
    db.session.add(job)
    db.session.flush()
    return job.id


def find_job(job_id: UUID) -> Job | None:
    """The job, for showing its progress."""
    return db.session.get(Job, job_id)


def progress(job_id: UUID, done: int, total: int) -> None:
    """Say how far the work is, in a transaction of its own, so that a waiting person sees it."""
    transact(lambda: db.session.execute(update(Job).where(Job.id == job_id).values(done=done, total=total)))


def _forget(_job: UUID, _arguments: dict[str, Any]) -> None:
    old = delete(Job).where(Job.once.is_not(None), Job.ended_at < datetime.now(UTC) - timedelta(days=7))
    transact(lambda: db.session.execute(old))


FORGET = JobKind("jobs.forget", _forget, every=timedelta(days=1))
"""Recurring jobs that are done are of no interest after a while; what somebody asked for is kept."""


class Worker:
    """Takes jobs one by one until told to stop. Several may run beside each other, also on several machines."""

    def __init__(self, app: Flask, kinds: list[JobKind]) -> None:
        self.app = app
        self.kinds = {kind.name: kind for kind in kinds}
        self.name = f"{os.getpid()}-{new_id().hex[-8:]}"
        self.stopping = threading.Event()

    def run(self, pause: float = 0.5) -> None:
        """Work until `stopping` is set; sleeps `pause` seconds where nothing is to do."""
        while not self.stopping.is_set():
            try:
                with self.app.app_context():
                    self.schedule(datetime.now(UTC))
                    worked = self.step()
            except Exception:
                log.exception("the worker goes on after an error")
                worked = False
            if not worked:
                self.stopping.wait(pause)

    def schedule(self, now: datetime) -> None:
        """Enqueue each recurring kind once a period, whoever comes first."""
        for kind in self.kinds.values():
            if not kind.every:
                continue
            period = f"{kind.name}:{int(now.timestamp() // kind.every.total_seconds())}"
            if db.session.scalar(select(Job.id).where(Job.once == period)) is None:
                try:
                    transact(partial(enqueue, kind.name, {}, None, now, once=period))
                except IntegrityError:
                    continue  # another worker was first

    def step(self) -> bool:
        """Take and run one job; False where none is open."""
        job = transact(self._take)
        if job is None:
            return False
        job_id, kind, arguments, attempts = job
        if attempts > ATTEMPTS:
            self._end(job_id, "gave up after several tries")
            return True
        try:
            with self._lease(job_id):
                self.kinds[kind].run(job_id, arguments)
        except FieldbookError as refusal:
            self._end(job_id, str(refusal) or type(refusal).__name__)
        except Exception as error:
            log.exception("job %s (%s) failed, try %s", job_id, kind, attempts)
            if attempts >= ATTEMPTS:
                self._end(job_id, type(error).__name__)
            else:
                self._release(job_id, datetime.now(UTC) + timedelta(seconds=2**attempts))
        else:
            self._end(job_id, None)
        finally:
            db.session.remove()
        return True

    def _take(self) -> tuple[UUID, str, dict[str, Any], int] | None:
        now = datetime.now(UTC)
        free = (
            select(Job)
            .where(Job.ended_at.is_(None), or_(Job.lease_until.is_(None), Job.lease_until < now))
            .where(Job.kind.in_(self.kinds))
            .order_by(Job.created_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        job = db.session.scalar(free)
        if job is None:
            return None
        job.lease_until, job.worker, job.attempts = now + LEASE, self.name, job.attempts + 1
        return job.id, job.kind, job.arguments, job.attempts

    @contextmanager
    def _lease(self, job_id: UUID) -> Iterator[None]:
        """Renew the lease from a thread of its own while the work goes on."""
        ended = threading.Event()

        def renew() -> None:
            while not ended.wait(LEASE.total_seconds() / 3):
                with self.app.app_context():
                    self._release(job_id, datetime.now(UTC) + LEASE)
                    db.session.remove()

        thread = threading.Thread(target=renew, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _release(self, job_id: UUID, until: datetime) -> None:
        mine = update(Job).where(Job.id == job_id, Job.worker == self.name, Job.ended_at.is_(None))
        transact(lambda: db.session.execute(mine.values(lease_until=until)))

    def _end(self, job_id: UUID, failure: str | None) -> None:
        mine = update(Job).where(Job.id == job_id, Job.worker == self.name)  # whoever lost the lease has no say
        ended = mine.values(ended_at=datetime.now(UTC), failure=failure)
        transact(lambda: db.session.execute(ended))

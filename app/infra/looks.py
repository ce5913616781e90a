"""Who looked at whom: whoever is shown where another person was, is written down.

A row tells of one hour: somebody (`person_id`) looked at somebody (`about_id`) in one way (`what`). A board that is
open all day asks every half minute; it is written down with its first look in an hour and then at most every
`WRITTEN_EVERY`, so `last_at` may be that much too early, and an hour is never missing.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, mapped_column

from app.infra.db import Id, Model, Utc, db, transact
from app.infra.queue import JobKind
from app.kernel.access import Actor
from app.kernel.i18n import N_

WRITTEN_EVERY = timedelta(minutes=10)
KEPT = timedelta(days=400)
AT_ONCE = 500  # rows in a statement
MOST_HELD = 2000
_log = logging.getLogger(__name__)


class Seen(StrEnum):
    """Which way somebody looked at where a person was."""

    BOARD = "board"  # the team's day, as a list or on its map
    DAY = "day"  # one rep's day
    VISIT = "visit"  # one visit with its position
    REVIEW = "review"  # the list of visits to be reviewed
    MAP = "map"  # visits of any period on a map
    LIST = "list"  # visits of any period as a list
    EXPORT = "export"  # taken out as a file


SEEN_NAMES = {
    Seen.BOARD: N_("The team's day"),
    Seen.DAY: N_("One person's day"),
    Seen.VISIT: N_("A visit"),
    Seen.REVIEW: N_("Visits to be reviewed"),
    Seen.MAP: N_("The map of visits"),
    Seen.LIST: N_("A list of visits"),
    Seen.EXPORT: N_("A file with visits"),
}


class Look(Model):
    """Looks of one person at another in one hour: the first, the last, and how many were written down."""

    __tablename__ = "look"
    about_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    hour_at: Mapped[datetime] = mapped_column(Utc, primary_key=True)
    person_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    what: Mapped[str] = mapped_column(primary_key=True)  # a Seen
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    times: Mapped[int] = mapped_column(default=1)


@dataclass(frozen=True, slots=True)
class _Look:
    person_id: UUID
    people: frozenset[UUID]
    what: Seen
    at: datetime

    @property
    def hour_at(self) -> datetime:
        return self.at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


_noted: ContextVar[list[_Look] | None] = ContextVar("noted", default=None)
_written: dict[tuple[UUID, frozenset[UUID], Seen, datetime], datetime] = {}  # by this process, and when


def saw(actor: Actor, people: Iterable[UUID], what: Seen, now: datetime) -> None:
    """The actor is shown where these people were. Oneself is nobody's business, nor is the system a reader.

    While a request is served it is written after the page is made, in a transaction of its own; a job writes at once.
    """
    others = frozenset(people) - {actor.id}
    if actor.id is None or not others:
        return
    look, noted = _Look(actor.id, others, what, now), _noted.get()
    if noted is None:
        _write([look])
    else:
        noted.append(look)


@contextmanager
def looking() -> Iterator[None]:
    """Collect what is looked at inside, and write it down at the end; nothing where the page was not given."""
    noted: list[_Look] = []
    token = _noted.set(noted)
    try:
        yield
    finally:
        _noted.reset(token)
    try:
        _write(noted)
    except Exception:  # the page is made, and a busy database is no reason to refuse it; the look stands in the log
        _log.exception("looks that could not be written down: %s", noted)


def _write(looks: list[_Look]) -> None:
    fresh = []
    for look in looks:
        before = _written.get((look.person_id, look.people, look.what, look.hour_at))
        if before is None or look.at - before >= WRITTEN_EVERY:
            fresh.append(look)
    if not fresh:
        return
    transact(lambda: _add(fresh))
    if len(_written) >= MOST_HELD:
        _written.clear()
    for look in fresh:
        _written[look.person_id, look.people, look.what, look.hour_at] = look.at


def _add(looks: list[_Look]) -> None:
    for look in looks:
        _add_one(look)


def _add_one(look: _Look) -> None:
    insert = postgres_insert if db.engine.dialect.name == "postgresql" else sqlite_insert
    shared = {"hour_at": look.hour_at, "person_id": look.person_id, "what": look.what.value, "times": 1}
    people = sorted(look.people)
    for at in range(0, len(people), AT_ONCE):
        rows = [
            {"about_id": each, "first_at": look.at, "last_at": look.at, **shared} for each in people[at : at + AT_ONCE]
        ]
        added = insert(Look).values(rows)
        later = {"last_at": added.excluded.last_at, "times": Look.times + 1}
        db.session.execute(
            added.on_conflict_do_update(
                index_elements=[Look.about_id, Look.hour_at, Look.person_id, Look.what], set_=later
            )
        )


def _forget(_job: UUID, _arguments: dict[str, Any]) -> None:
    transact(lambda: db.session.execute(delete(Look).where(Look.hour_at < datetime.now(UTC) - KEPT)))


FORGET = JobKind("looks.forget", _forget, every=timedelta(days=1))

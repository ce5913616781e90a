"""The worker's part: reading a file, making a preview, applying a change, and following the accounts."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from app.identity.queries import find_actor
from app.infra import files
from app.infra.db import db, transact
from app.infra.queue import JobKind, progress
from app.kernel.access import SYSTEM, Actor
from app.kernel.datum import to_wgs84
from app.kernel.errors import ForbiddenError
from app.kernel.geo import Position
from app.territories.actions import CARRY_OUT, SETTLE, note_read
from app.territories.looking import end_look, forget_moves, look_on, plan_of, settle_accounts
from app.territories.queries import count_accounts, find_change, sample_positions
from app.territories.shapes import Convert, Peopled, Point, Read, read_areas, read_file
from app.web.maps import mainland

Say = Callable[[int, int], None]
EVERY = 25  # features between two words about progress


def carry_out(change_id: UUID, round_: int, actor: Actor, say: Say) -> None:
    """Read the file of a change if it has one, then look at all accounts: for the preview, or to apply it.

    What was broken off goes on; where the draft has changed since `round_`, nothing is done.
    """
    change = find_change(change_id)
    if change is None or change.round != round_ or change.applied_at is not None:
        return
    is_new = change.cursor is None
    source = change.source if change.asked_at is None and is_new else None
    db.session.rollback()
    if source is not None:
        read = _read(source, say)
        if not transact(partial(note_read, actor, change_id, round_, read)):
            return
    if is_new:
        transact(partial(forget_moves, change_id))
    found = find_change(change_id)
    if found is None or found.round != round_:
        return
    plan, total = plan_of(actor, found), count_accounts(SYSTEM)
    db.session.rollback()
    while (done := transact(lambda: look_on(plan, datetime.now(UTC)))) is not None:
        say(done, max(total, done))
    transact(lambda: end_look(plan, datetime.now(UTC)))


def _read(source: dict[str, Any], say: Say) -> Read:
    """The areas of the stored file."""
    peopled = Peopled(sample_positions())
    db.session.rollback()
    convert: Convert | None = _from_gcj02 if source["datum"] == "gcj02" else None

    def told(done: int, total: int) -> None:
        if done % EVERY == 0:
            say(done, total)

    return read_areas(read_file(files.read(source["digest"])), source["name"], source["code"], peopled, convert, told)


def _from_gcj02(lon: float, lat: float) -> Point:
    position = to_wgs84(Position(lat, lon), mainland())
    return position.lon, position.lat


def _carry_out(job_id: UUID, arguments: dict[str, Any]) -> None:
    change = find_change(UUID(arguments["change_id"]))
    if change is None:
        return
    found = find_actor(change.asked_by or change.created_by)
    if found is None:
        raise ForbiddenError("whoever asked for this is here no longer")
    carry_out(change.id, arguments["round"], found[0], lambda done, total: progress(job_id, done, total))


def _settle(_job_id: UUID, arguments: dict[str, Any]) -> None:
    ids = [UUID(each) for each in arguments["account_ids"]]
    db.session.rollback()
    transact(lambda: settle_accounts(ids))


JOBS = (JobKind(CARRY_OUT, _carry_out), JobKind(SETTLE, _settle))

"""Carrying out an import: by the worker after an upload, at once on the command line.

A run is many short transactions, so that people go on working meanwhile. Each batch is stored together with how far the
run is: after a kill -9 it goes on where it was, and the same file again finds everything done.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask_babel import force_locale

from app.identity.queries import find_actor
from app.infra import files
from app.infra.db import AnyRow, db, transact
from app.infra.queue import JobKind, progress
from app.kernel.access import Actor
from app.kernel.errors import ForbiddenError
from app.transfer.actions import (
    CARRY_OUT,
    Batch,
    advance,
    end_import,
    end_trial,
    note_reading,
    settle_batch,
)
from app.transfer.encodings import decode
from app.transfer.plugs import targets
from app.transfer.ports import Intake, Target
from app.transfer.problems import ProblemFile
from app.transfer.queries import find_run
from app.transfer.rules import Group, Incoming, Outcome, Sheet, Tally, grouped, problem_file_name, read

Say = Callable[[int, int], None]
BATCH = 1000  # keys in one transaction: some tenths of a second, the longest that anybody waits for his own write


def carry_out(run_id: UUID, actor: Actor, target: Target, content: bytes, say: Say) -> Tally:
    """Take in a file for a run that was asked for; `say(done, total)` hears how far it is.

    A run that was broken off goes on. UnreadableError, before anything is written, where the file or its columns cannot
    be used.
    """
    run = find_run(run_id)
    if run is None:
        raise LookupError(f"no import {run_id}")
    sheet = read(decode(content).text)
    intake = target.begin(actor, sheet.columns)
    db.session.rollback()  # no transaction stays open while the file is looked through
    problems = ProblemFile(
        problem_file_name(run.file_name, run.requested_at), tuple(column.heading for column in sheet.columns)
    )
    with force_locale(actor.language):
        rows, rejected = _look_through(sheet, intake, problems)
    groups = grouped(rows, intake.look)
    count, file_name = len(rows) + rejected, problems.keep()
    del rows
    transact(lambda: note_reading(run_id, count, rejected, len(groups), problems.count, problems.first, file_name))
    if run.dry_run:
        outcomes = _try_out(actor, run, target, intake, groups, say)
        tally = Tally.of(count, [*outcomes, *[Outcome.REJECTED] * rejected])
        transact(lambda: end_trial(run_id, tally, datetime.now(UTC)))
        return tally
    _store(actor, run, target, intake, groups, say)
    return transact(lambda: end_import(actor, run_id, datetime.now(UTC)))


def _look_through(sheet: Sheet, intake: Intake[Any], problems: ProblemFile) -> tuple[list[Incoming[Any]], int]:
    """The rows that can be taken, and how many cannot."""
    rows, rejected = [], 0
    for row in sheet.rows:
        parsed = intake.parse(row)
        record = parsed.record
        if record is None:
            rejected += 1
        else:
            rows.append(Incoming(intake.own_id(record), intake.fingerprint(record), record))
        for problem in parsed.problems:
            problems.tell(row, problem, is_rejected=record is None)
    return rows, rejected


def _try_out(
    actor: Actor,
    run: AnyRow,
    target: Target,
    intake: Intake[Any],
    groups: list[Group[Any]],
    say: Say,
) -> list[Outcome]:
    """What would become of the rows."""
    outcomes: list[Outcome] = []
    taken: set[UUID] = set()
    for start in range(0, len(groups), BATCH):
        part = groups[start : start + BATCH]
        batch = settle_batch(actor, run, target, intake, part, taken, datetime.now(UTC), write=False)
        db.session.rollback()
        outcomes += batch.outcomes
        taken |= batch.adopted
        say(start + len(part), len(groups))
    return outcomes


def _store(
    actor: Actor,
    run: AnyRow,
    target: Target,
    intake: Intake[Any],
    groups: list[Group[Any]],
    say: Say,
) -> None:
    """Settle what is not settled yet, each batch in a transaction of its own."""
    taken: set[UUID] = set()
    start: int = run.done

    def settle_next() -> Batch | None:
        part = groups[start : start + BATCH]
        now = datetime.now(UTC)
        batch = settle_batch(actor, run, target, intake, part, taken, now, write=True)
        is_ours = advance(run.id, start, start + len(part), Tally.of(len(batch.outcomes), batch.outcomes))
        return batch if is_ours else None

    while start < len(groups):
        say(start, len(groups))
        done = transact(settle_next, keep=lambda batch: batch is not None)
        if done is None:  # another worker has this run too, because our lease ran out: go on behind it
            overtaken = find_run(run.id)
            start = overtaken.done if overtaken else len(groups)
        else:
            start += BATCH
            taken |= done.adopted
    say(len(groups), len(groups))


def _carry_out(job_id: UUID, arguments: dict[str, Any]) -> None:
    run = find_run(UUID(arguments["run_id"]))
    if run is None or run.ended_at is not None:
        return
    found = find_actor(run.person_id)
    if found is None:
        raise ForbiddenError("whoever asked for this import is here no longer")
    content = files.read(run.digest)
    carry_out(run.id, found[0], targets()[run.kind], content, lambda done, total: progress(job_id, done, total))


JOBS = (JobKind(CARRY_OUT, _carry_out),)

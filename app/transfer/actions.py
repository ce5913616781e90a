"""Taking in a table: a run is asked for, its rows are settled batch by batch, and it ends.

Each function belongs into one transaction; app/transfer/jobs.py makes a whole run of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from app.infra.db import AnyRow, TryAgainError, db
from app.infra.journal import record
from app.infra.queue import enqueue
from app.kernel.access import Actor, must
from app.kernel.errors import NotFoundError
from app.kernel.ids import new_id
from app.transfer.events import TableImported
from app.transfer.models import Imported, ImportRun
from app.transfer.ports import Intake, Target
from app.transfer.queries import find_known_by_id, find_links, find_run
from app.transfer.rules import Group, Outcome, Tally, settle

T = TypeVar("T")
CARRY_OUT = "transfer.carry_out"  # the job's kind


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to be imported: its plain name, the source that its ids belong to, its SHA-256.

    `fields`: [field, heading] of the recognised columns in the target's order; `ignored`: the other headings.
    """

    file_name: str
    source: str
    digest: str
    fields: list[list[str]]
    ignored: list[str]

    @classmethod
    def of(cls, file_name: str, source: str, digest: str, target: Target, intake: Intake[Any]) -> "Upload":
        """From the target begun on the file's columns."""
        fields = [[field, intake.headings[field]] for field in target.fields if field in intake.headings]
        return cls(file_name, source, digest, fields, list(intake.ignored))


def request_import(
    actor: Actor,
    run_id: UUID,
    target: Target,
    upload: Upload,
    now: datetime,
    *,
    dry_run: bool,
    by_worker: bool = True,
) -> UUID:
    """Ask for an import: the worker carries it out, or else the caller. The same id again is the same run."""
    must(actor, target.permission)
    known = find_run(run_id)
    if known is not None:
        if known.person_id != actor.id:
            raise NotFoundError
        return run_id
    job = enqueue(CARRY_OUT, {"run_id": str(run_id)}, actor.id, now) if by_worker else None
    db.session.add(
        ImportRun(
            id=run_id, kind=target.kind, **asdict(upload), dry_run=dry_run, person_id=actor.id, job_id=job,
            requested_at=now,
        )
    )  # fmt: skip
    db.session.flush()
    return run_id


def note_reading(
    run_id: UUID,
    read: int,
    rejected: int,
    keys: int,
    problems: int,
    first_problems: Sequence[Mapping[str, object]],
    problem_file: str | None,
) -> None:
    """The file was looked through: so many rows, so many keys to settle, and what is wrong with it."""
    db.session.execute(
        update(ImportRun)
        .where(ImportRun.id == run_id)
        .values(
            read=read, rejected=rejected, total=keys, problems=problems, first_problems=list(first_problems),
            problem_file=problem_file,
        )
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of a batch's rows, and the stored subjects that were taken for rows of this source."""

    outcomes: list[Outcome]
    adopted: frozenset[UUID]


def settle_batch(
    actor: Actor,
    run: AnyRow,
    target: Target,
    intake: Intake[T],
    groups: Sequence[Group[T]],
    taken: set[UUID],
    now: datetime,
    *,
    write: bool,
) -> Batch:
    """Settle some keys of the file; with `write` it is stored. `taken`: what earlier batches have adopted.

    TryAgainError where somebody else imported the same rows at the same moment.
    """
    must(actor, target.permission)
    links = find_links(run.kind, run.source, (group.key for group in groups))
    adopted = _adopt(run, intake, [group for group in groups if group.key not in links], taken)
    subjects = {key: link.subject_id for key, link in links.items()} | adopted
    stored = {key: link.fingerprint for key, link in links.items()} | dict.fromkeys(adopted, "")
    # What changed in the file may be there already: somebody was quicker, or it is an account made by hand.
    open_ = [group for group in groups if group.key in stored and stored[group.key] != group.fingerprints[-1]]
    changed = intake.changed([(subjects[group.key], group.record) for group in open_])
    for group in open_:
        if subjects[group.key] not in changed:
            stored[group.key] = group.fingerprints[-1]
    settled = settle([(group.key, print_) for group in groups for print_ in group.fingerprints], stored)
    if write:
        fresh = {group.key: new_id() for group in groups if group.key not in subjects}
        ids = subjects | fresh
        try:
            intake.create([(fresh[group.key], group.record) for group in groups if group.key in fresh], now)
            intake.update(
                [(ids[g.key], g.record) for g in groups if g.key in settled.writes and g.key in subjects], now
            )
            _link(run, [g for g in groups if g.key not in links], ids)
            _link_again(run, [g for g in open_ if g.key in links])
        except IntegrityError as error:
            raise TryAgainError from error
    return Batch(settled.outcomes, frozenset(adopted.values()))


def _adopt(run: AnyRow, intake: Intake[T], groups: Sequence[Group[T]], taken: set[UUID]) -> dict[str, UUID]:
    """Key -> the stored subject that it is, for keys that this source brings for the first time.

    One that this source knows by another id is another one, however alike they look.
    """
    found = list(zip(groups, intake.candidates([group.record for group in groups]), strict=True))
    by_id = find_known_by_id(run.kind, run.source, {subject for _, subjects in found for subject in subjects})
    adopted: dict[str, UUID] = {}
    gone = set(taken)
    for group, subjects in found:
        subject = next((each for each in subjects if each not in gone and not (group.by_id and each in by_id)), None)
        if subject is not None:
            adopted[group.key] = subject
            gone.add(subject)
    return adopted


def _link(run: AnyRow, groups: Sequence[Group[T]], subjects: Mapping[str, UUID]) -> None:
    if groups:
        db.session.execute(
            insert(Imported),
            [
                {
                    "kind": run.kind, "source": run.source, "key": group.key, "by_id": group.by_id,
                    "subject_id": subjects[group.key], "fingerprint": group.fingerprints[-1],
                }
                for group in groups
            ],
        )  # fmt: skip


def _link_again(run: AnyRow, groups: Sequence[Group[T]]) -> None:
    if groups:
        db.session.execute(
            update(Imported),
            [
                {"kind": run.kind, "source": run.source, "key": group.key, "fingerprint": group.fingerprints[-1]}
                for group in groups
            ],
        )


def advance(run_id: UUID, start: int, end: int, tally: Tally) -> bool:
    """Note in the batch's own transaction that the keys from `start` to `end` are settled.

    False where another worker was here before: its work counts, and this batch must not be kept.
    """
    moved = db.session.execute(
        update(ImportRun)
        .where(ImportRun.id == run_id, ImportRun.done == start)
        .values(
            done=end,
            created=ImportRun.created + tally.created,
            updated=ImportRun.updated + tally.updated,
            unchanged=ImportRun.unchanged + tally.unchanged,
        )
        .execution_options(synchronize_session=False)
        .returning(ImportRun.id)
    )
    return moved.scalar() is not None


def end_trial(run_id: UUID, tally: Tally, now: datetime) -> None:
    """A dry run ends; it tells what an import would do."""
    db.session.execute(
        update(ImportRun)
        .where(ImportRun.id == run_id)
        .values(
            done=ImportRun.total, created=tally.created, updated=tally.updated, unchanged=tally.unchanged, ended_at=now
        )
        .execution_options(synchronize_session=False)
    )


def end_import(actor: Actor, run_id: UUID, now: datetime) -> Tally:
    """All keys are settled: what came of the rows. Ending twice changes nothing."""
    run = db.session.get_one(ImportRun, run_id, populate_existing=True)
    tally = Tally(run.read or 0, run.created, run.updated, run.unchanged, run.rejected)
    if run.ended_at is None:
        run.ended_at = now
        record(
            actor,
            TableImported(
                run.id, kind=run.kind, source=run.source, created=tally.created, updated=tally.updated,
                unchanged=tally.unchanged, rejected=tally.rejected,
            ),
            now,
        )  # fmt: skip
        db.session.flush()
    return tally

"""Ways to imports. Everybody who may import sees all runs within reach, those of the command line too."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from app.identity.models import Person
from app.infra.db import AnyRow, AnySelect, db
from app.infra.queue import Job
from app.infra.scope import belongs_to
from app.kernel.access import Actor
from app.kernel.errors import NotFoundError
from app.kernel.page import PAGE_SIZE, Page, offset
from app.transfer.models import Imported, ImportRun
from app.transfer.ports import Target, Targets


@dataclass(frozen=True, slots=True)
class Link:
    """What a row of a source is, and the digest of what it said last."""

    subject_id: UUID
    fingerprint: str


def list_runs(actor: Actor, kinds: Iterable[str], page: int = 1) -> Page:
    """Runs, the latest first: (id, file_name, dry_run, requested_at, ended_at, read, created, updated, unchanged,
    rejected, person, failure, attempts); `person` is None where the command line did it.
    """
    rows = db.session.execute(
        _runs(actor)
        .where(ImportRun.kind.in_(sorted(kinds)))
        .order_by(ImportRun.requested_at.desc(), ImportRun.id.desc())
        .limit(PAGE_SIZE + 1)
        .offset(offset(page))
    ).all()
    return Page.of(rows, page)


def get_run(actor: Actor, run_id: UUID, targets: Targets) -> AnyRow:
    """One run with all of its columns, and of its job attempts and failure. NotFoundError as for every row."""
    row = db.session.execute(
        _runs(actor)
        .add_columns(
            ImportRun.kind, ImportRun.source, ImportRun.digest, ImportRun.fields, ImportRun.ignored, ImportRun.problems,
            ImportRun.first_problems, ImportRun.problem_file, ImportRun.job_id, Job.done, Job.total,
        )
        .where(ImportRun.id == run_id)
    ).one_or_none()  # fmt: skip
    if row is None or row.kind not in permitted(actor, targets):
        raise NotFoundError
    return row


def permitted(actor: Actor, targets: Targets) -> dict[str, Target]:
    """Kind -> target of what the actor may import."""
    return {kind: target for kind, target in targets.items() if actor.may(target.permission)}


def find_run(run_id: UUID) -> AnyRow | None:
    """All columns of a run as they are now, for whoever carries it out; None where there is none."""
    return db.session.execute(select(ImportRun.__table__).where(ImportRun.id == run_id)).one_or_none()


def find_links(kind: str, source: str, keys: Iterable[str]) -> dict[str, Link]:
    """Key -> link, for the keys that this source brought before."""
    rows = db.session.execute(
        select(Imported.key, Imported.subject_id, Imported.fingerprint).where(
            Imported.key.in_(list(keys)), Imported.source == source, Imported.kind == kind
        )
    )
    return {row.key: Link(row.subject_id, row.fingerprint) for row in rows}


def find_known_by_id(kind: str, source: str, subjects: Iterable[UUID]) -> set[UUID]:
    """Those of the subjects that this source knows by an id of its own."""
    rows = db.session.execute(
        select(Imported.subject_id, Imported.kind, Imported.source, Imported.by_id).where(
            Imported.subject_id.in_(list(subjects))
        )
    )
    # Sorted out here: by a second condition PostgreSQL may choose to read all of a source for each batch.
    return {row.subject_id for row in rows if row.by_id and (row.kind, row.source) == (kind, source)}


def _runs(actor: Actor) -> AnySelect:
    return (
        select(
            ImportRun.id, ImportRun.file_name, ImportRun.dry_run, ImportRun.requested_at, ImportRun.ended_at,
            ImportRun.read, ImportRun.created, ImportRun.updated, ImportRun.unchanged, ImportRun.rejected,
            Person.name.label("person"), Job.failure, Job.attempts,
        )
        .outerjoin(Person, Person.id == ImportRun.person_id)
        .outerjoin(Job, Job.id == ImportRun.job_id)
        .where(belongs_to(actor, ImportRun.person_id, pool=True))
    )  # fmt: skip

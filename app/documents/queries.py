"""Ways to documents. Whether somebody sees one is said by the slice that it belongs to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, select

from app.documents.models import Document
from app.documents.ports import Renderers
from app.documents.rules import BATCH, DocumentState, state_of
from app.infra.db import db, fetch
from app.infra.queue import Job
from app.kernel.access import Actor, Reach
from app.kernel.errors import NotFoundError

CHUNK = 500  # ids in one statement
# Asked each second by everybody who waits, so made once.
_ONE = (
    select(
        Document.id, Document.kind, Document.subject_id, Document.title, Document.language, Document.parts,
        Document.requested_at, Document.requested_by, Document.made_at, Document.digest, Document.pages, Document.size,
        Job.done, Job.total, Job.attempts, Job.failure,
    )
    .join(Job, Job.id == Document.job_id)
    .where(Document.id == bindparam("id"))
)  # fmt: skip
_PARTS = select(Document.id, Document.kind, Document.subject_id, Document.digest).where(
    Document.id.in_(bindparam("ids", expanding=True))
)


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document as its page shows it: the row with its job's progress (`done` of `total`, 0 while not known), and
    the kinds of documents that are in it: its own, or those of a batch's parts."""

    row: Row[Any]
    state: DocumentState
    kinds: frozenset[str]

    @property
    def finished(self) -> bool:
        """Whether waiting has an end: the file is there, or will not come."""
        return self.state in (DocumentState.MADE, DocumentState.FAILED)


def get_document(actor: Actor, document_id: UUID, renderers: Renderers) -> DocumentView:
    """A document that the actor may open. NotFoundError where there is none, or its slice hides it.

    A batch is opened by whoever asked for it, as long as they may still open all that is in it.
    """
    row = next(iter(fetch(_ONE, id=document_id)), None)
    if row is None:
        raise NotFoundError
    parts = list_parts(row.parts) if row.kind == BATCH else ()
    kinds = frozenset(part.kind for part in parts) or frozenset({row.kind})
    if not all(kind in renderers and actor.may(renderers[kind].permission) for kind in kinds):
        raise NotFoundError
    if row.kind != BATCH:
        renderers[row.kind].check(actor, row.subject_id)
    elif row.requested_by != actor.id:
        raise NotFoundError
    elif actor.reach is not Reach.ALL:  # who printed all contracts may have another role by now
        for part in parts:
            renderers[part.kind].check(actor, part.subject_id)
    return DocumentView(row, state_of(row.digest is not None, row.failure, row.attempts), kinds)


def find_source(document_id: UUID) -> Row[Any] | None:
    """(kind, subject_id, language, parts, digest) for the worker, None where there is no such document."""
    return db.session.execute(
        select(Document.kind, Document.subject_id, Document.language, Document.parts, Document.digest).where(
            Document.id == document_id
        )
    ).one_or_none()


def list_parts(ids: Iterable[str]) -> Sequence[Row[Any]]:
    """(id, kind, subject_id, digest) of the documents that a batch joins, in its order (NotFoundError)."""
    wanted = [UUID(each) for each in ids]
    found: dict[UUID, Row[Any]] = {}
    for start in range(0, len(wanted), CHUNK):
        found |= {row.id: row for row in fetch(_PARTS, ids=wanted[start : start + CHUNK])}
    if len(found) != len(set(wanted)):
        raise NotFoundError
    return [found[each] for each in wanted]

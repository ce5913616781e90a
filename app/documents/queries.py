"""Ways to documents. Whether somebody sees one is said by the slice that it belongs to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, bindparam, false, or_, select

from app.documents.models import Document
from app.documents.ports import Renderer, Renderers
from app.documents.rules import BATCH, STATE_NAMES, DocumentState, file_name, size_text, state_of
from app.infra.db import AnyRow, AnySelect, db, fetch
from app.infra.queue import Job
from app.kernel.access import Actor
from app.kernel.errors import NotFoundError

CHUNK = 500  # ids in one statement
_Kinds = tuple[Renderer, ...]
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

    @property
    def file_name(self) -> str:
        """What the file is called where it is kept or shared."""
        return file_name(self.row.title)

    @property
    def size_text(self) -> str:
        """The size of the file in words."""
        return size_text(self.row.size or 0)

    @property
    def state_name(self) -> str:
        """The state as a msgid."""
        return STATE_NAMES[self.state]


def get_document(actor: Actor, document_id: UUID, renderers: Renderers) -> DocumentView:
    """A document that the actor may open. NotFoundError where there is none, or its slice hides it.

    A batch is opened by whoever asked for it, as long as they may still open all that is in it.
    """
    kinds = tuple(renderers.values())
    row = next(iter(fetch(_one(actor, kinds), id=document_id)), None)
    if row is None:
        raise NotFoundError
    parts: Sequence[AnyRow] = [row]
    if row.kind == BATCH:
        if row.requested_by != actor.id:
            raise NotFoundError
        parts = list_parts(row.parts, _parts(actor, kinds))
    # Who printed a batch may have another role by now.
    if not parts or not all(part.is_visible for part in parts):
        raise NotFoundError
    return DocumentView(
        row, state_of(row.digest is not None, row.failure, row.attempts), frozenset(part.kind for part in parts)
    )


@lru_cache(maxsize=256)  # asked each second by everybody who waits, so made once
def _one(actor: Actor, kinds: _Kinds) -> AnySelect:
    return (
        select(
            Document.id, Document.kind, Document.subject_id, Document.title, Document.parts,
            Document.requested_by, Document.made_at, Document.digest, Document.pages,
            Document.size, Job.done, Job.total, Job.attempts, Job.failure, _is_visible(actor, kinds),
        )
        .join(Job, Job.id == Document.job_id)
        .where(Document.id == bindparam("id"))
    )  # fmt: skip


@lru_cache(maxsize=256)
def _parts(actor: Actor, kinds: _Kinds) -> AnySelect:
    return _PARTS.add_columns(_is_visible(actor, kinds))


def _is_visible(actor: Actor, kinds: _Kinds) -> ColumnElement[bool]:
    """Whether the slice that a document belongs to shows the actor what it is about."""
    seen = [
        and_(Document.kind == each.kind, each.visible(actor, Document.subject_id))
        for each in kinds
        if actor.may(each.permission)
    ]
    return or_(false(), *seen).label("is_visible")


def find_source(document_id: UUID) -> Row[Any] | None:
    """(kind, subject_id, language, parts, digest) for the worker, None where there is no such document."""
    return db.session.execute(
        select(Document.kind, Document.subject_id, Document.language, Document.parts, Document.digest).where(
            Document.id == document_id
        )
    ).one_or_none()


def list_parts(ids: Iterable[str], statement: AnySelect = _PARTS) -> Sequence[AnyRow]:
    """(id, kind, subject_id, digest) of the documents that a batch joins, in its order (NotFoundError)."""
    wanted = [UUID(each) for each in ids]
    found: dict[UUID, AnyRow] = {}
    for start in range(0, len(wanted), CHUNK):
        found |= {row.id: row for row in fetch(statement, ids=wanted[start : start + CHUNK])}
    if len(found) != len(set(wanted)):
        raise NotFoundError
    return [found[each] for each in wanted]

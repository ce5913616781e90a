"""Asking for documents, and keeping what the worker made of them.

Whoever asks has been checked by the slice that the document belongs to; here is nothing to be granted.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import update

from app.documents.models import Document
from app.documents.queries import list_parts
from app.documents.rules import BATCH, MOST_PARTS
from app.infra.db import db
from app.infra.queue import enqueue, find_job
from app.kernel.access import Actor
from app.kernel.errors import InvalidError, NotFoundError
from app.kernel.i18n import N_

MAKE = "documents.make"  # the job's kind


def request_document(
    actor: Actor, document_id: UUID, kind: str, subject_id: UUID, title: str, language: str, now: datetime
) -> Document:
    """Ask for the PDF of a row, in this transaction; the worker makes it. The same id again gives the same document."""
    return _request(actor, document_id, kind, subject_id, title, language, [], now)


def request_batch(
    actor: Actor, document_id: UUID, parts: Sequence[UUID], title: str, language: str, now: datetime
) -> Document:
    """Ask for several documents as one PDF, in this order; those that are not made yet are made first.

    InvalidError for none or more than MOST_PARTS; NotFoundError where one does not exist.
    """
    if not parts:
        raise InvalidError("", N_("Select at least one."))
    if len(parts) > MOST_PARTS:
        raise InvalidError("", N_("At most %(most)s can become one PDF."), {"most": MOST_PARTS})
    ids = [str(part) for part in parts]
    list_parts(ids)
    return _request(actor, document_id, BATCH, document_id, title, language, ids, now)


def try_again(actor: Actor, document_id: UUID, now: datetime) -> None:
    """Ask once more for a document whose job gave up; does nothing while it is made or where it is there."""
    document = db.session.get(Document, document_id)
    if document is None:
        raise NotFoundError
    job = find_job(document.job_id)
    if document.digest is None and job is not None and job.failure is not None:
        document.job_id = enqueue(MAKE, {"document_id": str(document_id)}, actor.id, now)
        db.session.flush()


def keep_file(document_id: UUID, digest: str, pages: int, size: int, now: datetime) -> None:
    """The document is made: a stored file with this SHA-256, so many pages and bytes. The first one made counts."""
    unmade = update(Document).where(Document.id == document_id, Document.digest.is_(None))
    db.session.execute(
        unmade.values(digest=digest, pages=pages, size=size, made_at=now).execution_options(synchronize_session=False)
    )


def _request(
    actor: Actor,
    document_id: UUID,
    kind: str,
    subject_id: UUID,
    title: str,
    language: str,
    parts: list[str],
    now: datetime,
) -> Document:
    known = db.session.get(Document, document_id)
    if known is not None:
        if (known.requested_by, known.kind) != (actor.id, kind):
            raise NotFoundError
        return known
    document = Document(
        id=document_id,
        kind=kind,
        subject_id=subject_id,
        title=title,
        language=language,
        parts=parts,
        job_id=enqueue(MAKE, {"document_id": str(document_id)}, actor.id, now),
        requested_at=now,
        requested_by=actor.id,
    )
    db.session.add(document)
    db.session.flush()
    return document

"""The worker's part: making PDFs. Every step may run twice and then changes nothing the second time."""

import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask_babel import force_locale
from pypdf import PdfReader, PdfWriter

from app.documents.actions import MAKE, keep_file
from app.documents.plugs import renderers
from app.documents.queries import find_source, list_parts
from app.documents.rules import BATCH
from app.infra import files
from app.infra.db import db, transact
from app.infra.queue import JobKind, progress


def make(job_id: UUID, arguments: dict[str, Any]) -> None:
    """Make the document that `arguments` names, unless it is made."""
    document_id = UUID(arguments["document_id"])
    source = find_source(document_id)
    if source is None or source.digest is not None:
        return
    if source.kind == BATCH:
        _keep(document_id, *_join(source.parts, lambda done: progress(job_id, done, len(source.parts))))
    else:
        _make_one(document_id)


def _make_one(document_id: UUID) -> str:
    """Print one document and keep it. Returns the digest of its file."""
    source = find_source(document_id)
    if source is None:
        raise LookupError(f"no document {document_id}")
    if source.digest is not None:
        return str(source.digest)
    with force_locale(source.language):
        html = renderers()[source.kind].html(source.subject_id, source.language)
    db.session.rollback()  # printing takes its time: no transaction stays open meanwhile
    from app.infra import pdf  # here, because it loads for half a second, and only a worker ever prints

    made = pdf.render(html, language=source.language, identifier=document_id)
    return _keep(document_id, made.content, made.pages)


def _join(parts: list[str], say: Callable[[int], None]) -> tuple[bytes, int]:
    """The parts as one PDF; those that are there already are not made again, so a killed job goes on where it was."""
    digests = []
    rows = list_parts(parts)
    for done, row in enumerate(rows):
        if row.digest is None:
            say(done)
        digests.append(row.digest or _make_one(row.id))
    say(len(parts))
    writer = PdfWriter()
    for digest in digests:
        writer.append(PdfReader(io.BytesIO(files.read(digest))), import_outline=False)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue(), len(writer.pages)


def _keep(document_id: UUID, content: bytes, pages: int) -> str:
    digest = files.store(content)
    transact(lambda: keep_file(document_id, digest, pages, len(content), datetime.now(UTC)))
    return digest


JOBS = (JobKind(MAKE, make),)

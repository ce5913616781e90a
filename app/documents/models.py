"""Finished documents: PDFs that a worker makes from what other slices know."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.infra.db import Model, id_column


class Document(Model):
    """A PDF asked for at `requested_at`; it is there once `digest` is set. Its job tells how far it is.

    `kind` names the renderer that a slice plugged in, `subject_id` the row it is about (a quote, a contract); a batch
    (kind 'batch') lists the ids of the documents that it joins in `parts`, in their order, and is its own subject.
    """

    __tablename__ = "document"
    __table_args__ = (Index(None, "kind", "subject_id", "requested_at"),)
    id: Mapped[UUID] = id_column()
    kind: Mapped[str]
    subject_id: Mapped[UUID]
    title: Mapped[str]  # file name without .pdf
    language: Mapped[str]
    parts: Mapped[list[Any]] = mapped_column(JSON, default=list)
    job_id: Mapped[UUID] = mapped_column(ForeignKey("job.id"))
    requested_at: Mapped[datetime]
    requested_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime | None]
    digest: Mapped[str | None]
    pages: Mapped[int | None]
    size: Mapped[int | None]

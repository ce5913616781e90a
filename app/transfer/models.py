"""What imports leave behind: each run, and which row of which source became what."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.infra.db import Model, id_column


class ImportRun(Model):
    """One file being taken in, or tried out (`dry_run`).

    The file is known by its SHA-256 and stored where it was uploaded. `done` of `total` keys are settled; a run that
    was killed goes on behind them. `read` is None until the file was looked through. The first problems are kept here
    in full, all of them (`problems` many) in the file `problem_file` of FIELDBOOK_DATA/imports. `fields` are [field,
    heading] pairs of the recognised columns, `ignored` the headings of the others.
    """

    __tablename__ = "import_run"
    __table_args__ = (Index(None, "requested_at"),)
    id: Mapped[UUID] = id_column()
    kind: Mapped[str]
    source: Mapped[str]
    file_name: Mapped[str]
    digest: Mapped[str]
    dry_run: Mapped[bool]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    job_id: Mapped[UUID | None] = mapped_column(ForeignKey("job.id"))
    requested_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    fields: Mapped[list[Any]] = mapped_column(JSON)
    ignored: Mapped[list[Any]] = mapped_column(JSON)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    read: Mapped[int | None]
    created: Mapped[int] = mapped_column(default=0)
    updated: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[int] = mapped_column(default=0)
    problems: Mapped[int] = mapped_column(default=0)
    first_problems: Mapped[list[Any]] = mapped_column(JSON, default=list)
    problem_file: Mapped[str | None]


class Imported(Model):
    """A row of a source, by its key, is this subject (an account); `fingerprint` is what the row said last.

    The same fingerprint again changes nothing, whatever people wrote into the subject since. `by_id`: the key is the
    row's own id, not its look.
    """

    __tablename__ = "imported"
    __table_args__ = (Index(None, "subject_id"),)
    key: Mapped[str] = mapped_column(primary_key=True)  # first, so that no plan reads all of a source for some keys
    source: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    by_id: Mapped[bool]
    subject_id: Mapped[UUID]
    fingerprint: Mapped[str]

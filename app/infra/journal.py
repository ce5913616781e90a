"""The journal: who did what to which row, written in the transaction of the change."""

from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.infra.arrival import heard_column
from app.infra.db import Model, db, id_column
from app.kernel.access import Actor
from app.kernel.events import Event


class JournalEntry(Model):
    """One fact. `at`: when it happened; `arrived_at`: when we heard of it. `person_id` None: the system did it."""

    __tablename__ = "journal"
    __table_args__ = (Index(None, "subject_id"), Index(None, "person_id", "at"))
    id: Mapped[UUID] = id_column()
    at: Mapped[datetime]
    arrived_at: Mapped[datetime] = heard_column("at")
    person_id: Mapped[UUID | None]
    event: Mapped[str]
    subject_id: Mapped[UUID]
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)


def record(actor: Actor, event: Event, now: datetime) -> None:
    """Write the event into the journal; it counts only if the transaction around it does."""
    facts = {f.name: _plain(getattr(event, f.name)) for f in fields(event) if f.name != "subject"}
    db.session.add(
        JournalEntry(at=now, person_id=actor.id, event=type(event).__name__, subject_id=event.subject, facts=facts)
    )


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, int | float | str | bool) else str(value)

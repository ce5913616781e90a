"""What happened to imports."""

from dataclasses import dataclass

from app.kernel.events import Event


@dataclass(frozen=True, slots=True)
class TableImported(Event):
    """A run ended. Whom it made or changed is told by `imported`, so that no journal grows by a file's length."""

    kind: str
    source: str
    created: int
    updated: int
    unchanged: int
    rejected: int

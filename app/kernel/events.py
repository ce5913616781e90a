"""Facts in the past tense: what the journal keeps of every change."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to `subject` (a row's id). Slices derive from it and add what the journal should keep."""

    subject: UUID

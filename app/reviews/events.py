"""What happens after visits."""

from dataclasses import dataclass
from uuid import UUID

from app.kernel.events import Event


@dataclass(frozen=True, slots=True)
class VisitReviewed(Event):
    """`kind`: accepted, queried or answered; its words are in the review."""

    review_id: UUID
    kind: str

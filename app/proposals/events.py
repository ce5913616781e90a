"""What becomes of proposals."""

from dataclasses import dataclass
from uuid import UUID

from app.kernel.events import Event


@dataclass(frozen=True, slots=True)
class PlaceProposalAdopted(Event):
    """About a place that took the position, or came to be, by what check-ins say; `visits`: their ids, by commas."""

    account_id: UUID
    lat: float
    lon: float
    visits: str


@dataclass(frozen=True, slots=True)
class PlaceProposalDismissed(Event):
    """About an account. `place_id` None: no new place."""

    place_id: UUID | None

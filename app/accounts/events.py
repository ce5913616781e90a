"""What happened to customers."""

from dataclasses import dataclass
from uuid import UUID

from app.kernel.events import Event


@dataclass(frozen=True, slots=True)
class AccountAdded(Event):
    name: str
    owner_id: UUID | None


@dataclass(frozen=True, slots=True)
class AccountChanged(Event):
    name: str
    rating: str


@dataclass(frozen=True, slots=True)
class AccountAssigned(Event):
    before: UUID | None
    owner_id: UUID | None


@dataclass(frozen=True, slots=True)
class AccountArchived(Event):
    pass


@dataclass(frozen=True, slots=True)
class AccountRestored(Event):
    pass


@dataclass(frozen=True, slots=True)
class PlaceSaved(Event):
    account_id: UUID
    address: str
    lat: float | None
    lon: float | None


@dataclass(frozen=True, slots=True)
class PlaceArchived(Event):
    account_id: UUID


@dataclass(frozen=True, slots=True)
class ContactSaved(Event):
    account_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class ContactArchived(Event):
    account_id: UUID


@dataclass(frozen=True, slots=True)
class NoteAdded(Event):
    account_id: UUID


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

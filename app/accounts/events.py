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

"""What happened to people, their devices, teams and the company."""

from dataclasses import dataclass
from uuid import UUID

from app.kernel.events import Event


@dataclass(frozen=True, slots=True)
class PersonAdded(Event):
    email: str
    role: str


@dataclass(frozen=True, slots=True)
class PersonChanged(Event):
    role: str


@dataclass(frozen=True, slots=True)
class PersonDeactivated(Event):
    pass


@dataclass(frozen=True, slots=True)
class PersonReactivated(Event):
    pass


@dataclass(frozen=True, slots=True)
class PasswordChanged(Event):
    by_administrator: bool


@dataclass(frozen=True, slots=True)
class TeamSaved(Event):
    name: str


@dataclass(frozen=True, slots=True)
class CompanySaved(Event):
    name: str


@dataclass(frozen=True, slots=True)
class DeviceSignedIn(Event):
    person_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class DeviceEnded(Event):
    person_id: UUID


@dataclass(frozen=True, slots=True)
class DeviceRevoked(Event):
    person_id: UUID

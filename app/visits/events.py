"""What happens to visits."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from app.kernel.events import Event


@dataclass(frozen=True, slots=True)
class VisitPlanned(Event):
    account_id: UUID
    planned_on: date


@dataclass(frozen=True, slots=True)
class DayArranged(Event):
    """About a person's day; `visits`: the ids in their order, by commas."""

    day: date
    visits: str


@dataclass(frozen=True, slots=True)
class VisitWithdrawn(Event):
    """Told of each id that the visit had: its row is gone, and a phone may still know it by any of them. `rep_id`:
    whose visit it was; earlier versions did not tell it, when only its rep could take it out."""

    account_id: UUID
    planned_on: date
    place_id: UUID
    rep_id: UUID


@dataclass(frozen=True, slots=True)
class CheckedIn(Event):
    account_id: UUID
    verdict: str
    distance: float | None


@dataclass(frozen=True, slots=True)
class CheckedOut(Event):
    estimated: bool
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class ReasonGiven(Event):
    """Why the rep checked in there, said afterwards: at the check-in nobody could be asked."""

    reason: str


@dataclass(frozen=True, slots=True)
class VisitReported(Event):
    outcome: str


@dataclass(frozen=True, slots=True)
class VisitDismissed(Event):
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class PhotoAdded(Event):
    photo_id: UUID

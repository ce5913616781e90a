"""What happened to week plans and absences."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from app.kernel.events import Event


@dataclass(frozen=True, slots=True)
class BeatPlanDrafted(Event):
    first_on: date
    weeks: int
    reps: int


@dataclass(frozen=True, slots=True)
class BeatPlanCancelled(Event):
    """The working out was broken off."""


@dataclass(frozen=True, slots=True)
class BeatPlanPublished(Event):
    first_on: date
    weeks: int


@dataclass(frozen=True, slots=True)
class BeatPlanWithdrawn(Event):
    first_on: date
    weeks: int


@dataclass(frozen=True, slots=True)
class BeatPlanDiscarded(Event):
    pass


@dataclass(frozen=True, slots=True)
class AbsenceEntered(Event):
    """Without the word why: that is the person's, and goes with the absence."""

    person_id: UUID
    first_on: date
    last_on: date


@dataclass(frozen=True, slots=True)
class AbsenceTakenBack(Event):
    person_id: UUID
    first_on: date
    last_on: date

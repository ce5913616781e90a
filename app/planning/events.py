"""What happens to a day's plan beyond the visits themselves."""

from dataclasses import dataclass

from app.kernel.events import Event


@dataclass(frozen=True, slots=True)
class VisitLengthChanged(Event):
    minutes: int


@dataclass(frozen=True, slots=True)
class VisitMustChanged(Event):
    must: bool


@dataclass(frozen=True, slots=True)
class VisitTimeFixed(Event):
    """`at`: the beginning that was agreed, in UTC (ISO 8601); '' where none is any more."""

    at: str


@dataclass(frozen=True, slots=True)
class TravelSettingsSaved(Event):
    """How travel times are made."""


@dataclass(frozen=True, slots=True)
class CalendarFeedMade(Event):
    """Of a person: a new secret address of the calendar, in place of any before."""


@dataclass(frozen=True, slots=True)
class CalendarFeedEnded(Event):
    """Of a person: the calendar has no address any more."""

"""What happens to a day's plan beyond the visits themselves."""

from dataclasses import dataclass

from app.kernel.events import Event


@dataclass(frozen=True, slots=True)
class VisitLengthChanged(Event):
    minutes: int


@dataclass(frozen=True, slots=True)
class TravelSettingsSaved(Event):
    """How travel times are made."""

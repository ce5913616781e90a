"""What happens to rhythms."""

from dataclasses import dataclass

from app.kernel.events import Event


@dataclass(frozen=True, slots=True)
class ClassRhythmSaved(Event):
    """`days` None: accounts of the class have no plan."""

    rating: str
    days: int | None
    wish: str


@dataclass(frozen=True, slots=True)
class AccountRhythmSaved(Event):
    """`days` None: as its class, 0: no plan."""

    days: int | None
    wish: str

"""What happened to territories."""

from dataclasses import dataclass

from app.kernel.events import Event


@dataclass(frozen=True, slots=True)
class TerritoryChangeDrafted(Event):
    territories: int
    accounts: int  # put by hand


@dataclass(frozen=True, slots=True)
class TerritoryChangeDiscarded(Event):
    pass


@dataclass(frozen=True, slots=True)
class TerritoryChangeApplied(Event):
    number: int
    undo_of: str | None


@dataclass(frozen=True, slots=True)
class TerritorySaved(Event):
    """A territory has this definition now; `change` says by which change."""

    change: str
    name: str
    owner_id: str | None
    team_id: str | None
    shape_id: str | None
    is_archived: bool

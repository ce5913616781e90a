"""Who acts: the actor every query and action takes first."""

from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from app.kernel.errors import ForbiddenError


class Reach(Enum):
    """Whose rows somebody sees."""

    OWN = "own"
    TEAM = "team"  # the own team and all teams below it
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person (or the system, id None) with what they may do and see.

    `people`: ids of the persons whose rows are visible, oneself included; unused where `reach` is ALL.
    `zone`: IANA time zone that decides what "today" is. `language`: en, zh_Hans or zh_Hant.
    `discount_limit`: basis points of line discount that this person may give.
    """

    id: UUID | None
    name: str
    role: str
    permissions: frozenset[str]
    reach: Reach
    people: frozenset[UUID]
    zone: str
    language: str
    discount_limit: int = 0

    def may(self, permission: str) -> bool:
        """Whether the permission is among the actor's."""
        return permission in self.permissions

    @property
    def person_id(self) -> UUID:
        """The id of the person; an action that only people can do asks here (ForbiddenError for the system)."""
        if self.id is None:
            raise ForbiddenError("only a person can do this")
        return self.id


class _Everything(frozenset[str]):
    """The permissions of the system: all that there will ever be."""

    def __contains__(self, permission: object) -> bool:
        return True


SYSTEM = Actor(None, "system", "system", _Everything(), Reach.ALL, frozenset(), "UTC", "en", 10_000)


def must(actor: Actor, permission: str) -> None:
    """Refuse (ForbiddenError) unless the actor holds the permission: the first line of every action."""
    if not actor.may(permission):
        raise ForbiddenError(permission)

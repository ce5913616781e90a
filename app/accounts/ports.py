"""What slices above tell of accounts."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from app.kernel.access import Actor


@dataclass(frozen=True)
class OpenBusiness:
    """Something under way that a visit could bring forward, such as an open quote. `find(actor, account_ids, day)`:
    which of these accounts have it on that day."""

    find: Callable[[Actor, Collection[UUID], date], Collection[UUID]]


_plugged: tuple[OpenBusiness, ...] = ()


def plug_open_business(found: Iterable[OpenBusiness]) -> None:
    """From now on these are asked, and no others: at start-up."""
    global _plugged
    _plugged = tuple(found)


def find_open_business(actor: Actor, account_ids: Collection[UUID], day: date) -> frozenset[UUID]:
    """Which of these accounts have business under way on that day."""
    return frozenset(account for each in _plugged for account in each.find(actor, account_ids, day))

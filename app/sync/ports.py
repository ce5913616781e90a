"""What the phone carries for a day without signal, as the slices say it; this engine knows none of their words.

The engine asks every slice in turn: which subjects (accounts) the day is about, then, for those, which pages are
carried whole, what is known of each row, and which screens show rows that the phone made or changed itself.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import TypeAlias
from uuid import UUID

from app.kernel.access import Actor

Rows: TypeAlias = Mapping[UUID, Mapping[str, str]]
"""Row -> slot -> text."""


@dataclass(frozen=True, slots=True)
class Screen:
    """A page with slots, which stands for many: `path` with `*` for the id of its row, such as "/visits/*", `address`
    where we render it.

    It shows rows that no carried page shows. With `after`, it also takes the place of the carried page once the phone
    holds a post of that row whose address ends so ("/check-in"). `where`: only for rows whose slot has this value. The
    first screen that fits counts.
    """

    path: str
    address: str
    after: str = ""
    where: tuple[str, str] | None = None


SLOT_ACCOUNT = SimpleNamespace(id="⟦id⟧", name="⟦name⟧")
"""Stands for an account in a screen that is about one."""

Subjects: TypeAlias = Sequence[UUID]


def _nothing(_actor: Actor, _now: datetime) -> Iterable[UUID]:
    return ()


def _no_addresses(_actor: Actor, _now: datetime, _subjects: Subjects) -> Iterable[str]:
    return ()


def _no_rows(_actor: Actor, _now: datetime, _subjects: Subjects) -> Rows:
    return {}


def _no_screens(_actor: Actor, _now: datetime, _subjects: Subjects) -> Iterable[Screen]:
    return ()


@dataclass(frozen=True)
class Carried:
    """What a slice puts into the pack of whoever has `permission`. `subjects`: accounts, the most needed first."""

    permission: str
    subjects: Callable[[Actor, datetime], Iterable[UUID]] = _nothing
    addresses: Callable[[Actor, datetime, Subjects], Iterable[str]] = _no_addresses
    rows: Callable[[Actor, datetime, Subjects], Rows] = _no_rows
    screens: Callable[[Actor, datetime, Subjects], Iterable[Screen]] = _no_screens

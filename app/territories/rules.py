"""The business decisions about territories: what one is, which one an account belongs to, and what work that makes.

An account belongs to at most one territory. What somebody decided by hand counts before any rule, and a rule before
the position: a person knows why, a rule was written on purpose, an outline only says where. Among rules the one that
asks for more counts, among outlines that overlap the smaller one; then the older territory.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import product
from math import prod
from typing import Any, Protocol
from uuid import UUID

from app.accounts.rules import RATINGS, VISIT_INTERVAL_DAYS
from app.kernel.errors import InvalidError
from app.kernel.i18n import N_
from app.kernel.ids import parse_id
from app.kernel.text import fold

HAND, RULE, POSITION = "hand", "rule", "position"
HOW_NAMES = {HAND: N_("by hand"), RULE: N_("by rule"), POSITION: N_("by position")}
RULE_FIELDS = {
    "country": N_("Country"), "region": N_("Province or state"), "city": N_("City"), "district": N_("District"),
    "postcode": N_("Postcode begins with"), "category": N_("Category"), "rating": N_("Class"),
}  # fmt: skip
"""Field of a rule -> its name; what an account's main place says, and the account's category and class."""

COLOURS = ("#1b6ca8", "#c2410c", "#15803d", "#a21caf", "#b45309", "#0f766e", "#be123c", "#4d7c0f", "#6d28d9", "#475569")
_COLOUR = re.compile(r"#[0-9a-f]{6}")
MOST_VALUES, MOST_COMBINATIONS = 500, 20_000  # of a rule
MOST_TERRITORIES = 5000
MOST_HANDS = 500  # accounts put by hand in one change
VISIT_MINUTES = 30  # of one visit, as a planned one takes
DAYS_A_MONTH = 365.25 / 12

Rule = Mapping[str, Sequence[str]]


# --- A territory --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Definition:
    """All that is said of a territory; `archived`: it is there no longer."""

    name: str
    code: str = ""
    colour: str = COLOURS[0]
    owner_id: UUID | None = None
    team_id: UUID | None = None
    shape_id: UUID | None = None
    rule: Rule = field(default_factory=dict)
    archived: bool = False

    def plain(self) -> dict[str, Any]:
        """As JSON keeps it."""
        ids = {name: str(value) if (value := getattr(self, name)) else None for name in _IDS}
        rule = {name: list(values) for name, values in self.rule.items()}
        return {
            "name": self.name, "code": self.code, "colour": self.colour, **ids, "rule": rule,
            "archived": self.archived,
        }  # fmt: skip

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Definition":
        """From JSON."""
        return cls(**{**plain, **{name: parse_id(plain[name]) for name in _IDS}})


_IDS = ("owner_id", "team_id", "shape_id")


def owner_key(definition: Definition) -> str:
    """The owner as forms have it: "person:<id>", "team:<id>" or ''."""
    if definition.owner_id:
        return f"person:{definition.owner_id}"
    return f"team:{definition.team_id}" if definition.team_id else ""


def check_definition(given: Definition) -> None:
    """Refuse (InvalidError, field by its name) what no territory can be."""
    if not given.name.strip():
        raise InvalidError("name", N_("Write the territory's name."))
    if not _COLOUR.fullmatch(given.colour):
        raise InvalidError("colour", N_("Not a valid choice."))
    if given.owner_id and given.team_id:
        raise InvalidError("owner", N_("Not a valid choice."))
    if any(len(values) > MOST_VALUES for values in given.rule.values()):
        raise InvalidError("rule", N_("A rule takes at most %(number)s values of a kind."), {"number": MOST_VALUES})
    if prod(len(values) for values in given.rule.values()) > MOST_COMBINATIONS:
        raise InvalidError("rule", N_("These are too many combinations for one rule. Make several territories of it."))
    if "rating" in given.rule and not {value.upper() for value in given.rule["rating"]} <= set(RATINGS):
        raise InvalidError("rule_rating", N_("A class is A, B or C."))


_BETWEEN = re.compile(r"[,，、;；\n]+")


def rule_values(typed: str) -> list[str]:
    """The values of one field of a rule, as they are typed: several with commas or on lines of their own."""
    return list(dict.fromkeys(value for part in _BETWEEN.split(typed) if (value := part.strip()) and fold(value)))


# --- By rule ------------------------------------------------------------------------------------------------


class Told(Protocol):
    """What a rule asks an account."""

    country: str | None
    region: str | None
    city: str | None
    district: str | None
    postcode: str | None
    category: str
    rating: str


class RuleBook:
    """All rules at once: one look-up for each kind of rule, however many there are.

    `rules`: (territory, its rule), the oldest territory first; those without a rule are passed over.
    """

    def __init__(self, rules: Iterable[tuple[UUID, Rule]]) -> None:
        pages: dict[tuple[tuple[str, int], ...], dict[tuple[str, ...], UUID]] = {}
        for territory, rule in rules:
            fields = [name for name in RULE_FIELDS if rule.get(name)]
            for values in product(*([fold(value) for value in rule[name]] for name in fields)) if fields else ():
                kind = tuple(
                    (name, len(value) if name == "postcode" else 0) for name, value in zip(fields, values, strict=True)
                )
                pages.setdefault(kind, {}).setdefault(values, territory)
        # What asks for more comes first, also a longer beginning of a postcode.
        self._pages = sorted(pages.items(), key=lambda page: (-len(page[0]), -sum(n for _, n in page[0]), page[0]))

    def __bool__(self) -> bool:
        return bool(self._pages)

    def find(self, account: Told) -> UUID | None:
        """The territory whose rule the account fits."""
        known: dict[str, str] = {}
        for kind, territories in self._pages:
            values = []
            for name, length in kind:
                value = known.get(name)
                if value is None:
                    value = known[name] = fold(getattr(account, name) or "")
                values.append(value[:length] if length else value)
            found = territories.get(tuple(values))
            if found is not None:
                return found
        return None


# --- Work ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Work:
    """Accounts by class, in the order of RATINGS, and what visiting them takes; ways between them not counted."""

    classes: tuple[int, ...] = (0,) * len(RATINGS)

    @property
    def accounts(self) -> int:
        return sum(self.classes)

    @property
    def visits(self) -> float:
        """Visits a month at the interval of each class."""
        pairs = zip(RATINGS, self.classes, strict=True)
        return sum(count * DAYS_A_MONTH / VISIT_INTERVAL_DAYS[rating] for rating, count in pairs)

    @property
    def hours(self) -> float:
        """Hours a month at customers."""
        return self.visits * VISIT_MINUTES / 60

    def __add__(self, other: "Work") -> "Work":
        return Work(tuple(a + b for a, b in zip(self.classes, other.classes, strict=True)))


Counts = dict[str, list[int]]
"""Territory's id ('' for none) -> accounts by class."""


@dataclass(slots=True)
class Summary:
    """What a look at all accounts has counted. `overlaps`: "id id" of two territories -> accounts within both."""

    before: Counts = field(default_factory=dict)
    after: Counts = field(default_factory=dict)
    moved: int = 0
    given: int = 0  # accounts that get another owner
    kept: int = 0  # whose owner stays although he should not
    overlaps: dict[str, int] = field(default_factory=dict)
    crossings: list[list[Any]] = field(default_factory=list)  # [id, id, square kilometres]
    territories: dict[str, list[str]] = field(default_factory=dict)  # id -> its name, whose it was and is (owner_key)

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Summary":
        """From JSON; a copy, so that what is stored is seen to differ from it."""
        return cls(**deepcopy(dict(plain)))

    def count(self, before: UUID | None, after: UUID | None, rating: str) -> None:
        """One account, where it lies before and after."""
        for counts, territory in ((self.before, before), (self.after, after)):
            counts.setdefault(str(territory or ""), [0] * len(RATINGS))[RATINGS.index(rating)] += 1

    def work(self, territory: UUID | str | None) -> tuple[Work, Work]:
        """Before and after."""
        key, none = str(territory or ""), [0] * len(RATINGS)
        return Work(tuple(self.before.get(key, none))), Work(tuple(self.after.get(key, none)))

    def work_by_owner(self) -> dict[str | None, tuple[Work, Work]]:
        """Before and after for each owner for whom something changes (see owner_key; '' for territories that nobody
        has, None for no territory)."""
        found: dict[str | None, list[Work]] = {}
        for key in {**self.before, **self.after}:
            _name, was, now = self.territories.get(key, ("", "", ""))
            works = self.work(key)
            for n, owner in enumerate((was, now)):
                both = found.setdefault(owner if key else None, [Work(), Work()])
                both[n] += works[n]
        return {owner: (before, after) for owner, (before, after) in found.items() if before != after}

    def pairs(self) -> list[tuple[str, str, float, int]]:
        """Overlaps: (id, id, square kilometres, accounts within both), those with the most accounts first."""
        size = {f"{one} {other}": km2 for one, other, km2 in self.crossings}
        found = [(*key.split(" "), size.get(key, 0.0), self.overlaps.get(key, 0)) for key in {**self.overlaps, **size}]
        return sorted(found, key=lambda each: (-each[3], -each[2], each[:2]))


# --- A change -----------------------------------------------------------------------------------------------


class State(Enum):
    """Of a change. REFUSED: the file has problems that somebody must decide about."""

    CHOOSING = "choosing"
    WORKING = "working"
    REFUSED = "refused"
    READY = "ready"
    APPLYING = "applying"
    APPLIED = "applied"
    DISCARDED = "discarded"
    FAILED = "failed"


STATE_NAMES = {
    State.CHOOSING: N_("Choose what names the territories"), State.WORKING: N_("Working out the preview"),
    State.REFUSED: N_("The file has problems"), State.READY: N_("Preview"), State.APPLYING: N_("Being applied"),
    State.APPLIED: N_("Applied"), State.DISCARDED: N_("Discarded"), State.FAILED: N_("Broken off"),
}  # fmt: skip
STATE_TONES = {
    State.REFUSED: "warn", State.READY: "accent", State.APPLIED: "ok", State.FAILED: "bad", State.APPLYING: "accent",
}  # fmt: skip


def state_of(change: Any, failure: str | None) -> State:
    """The state of a TerritoryChange whose job ended with `failure` (None: it did not fail)."""
    if change.applied_at is not None:
        return State.APPLIED
    if change.discarded_at is not None:
        return State.DISCARDED
    if failure is not None:
        return State.FAILED
    if change.asked_at is not None:
        return State.APPLYING
    if change.previewed_at is not None:
        return State.READY
    if change.source is not None and change.source.get("name") is None:
        return State.CHOOSING
    return State.REFUSED if change.wrong else State.WORKING


def undone(before: Definition | None, after: Definition) -> Definition:
    """What a territory is once this change of it is undone: what it was, or put away where it was new."""
    return before if before is not None else replace(after, archived=True)

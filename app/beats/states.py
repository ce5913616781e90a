"""What state a plan is in, and how what was worked out for a rep is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from app.beats.rules import DayLoad, Lack, Missing, Remedy, RemedyKind, Shortfall
from app.kernel.i18n import N_

# --- States ----------------------------------------------------------------------------------------------------------


class State(StrEnum):
    WORKING = "working"
    CANCELLED = "cancelled"
    FAILED = "failed"
    READY = "ready"
    PUBLISHING = "publishing"
    PUBLISHED = "published"
    WITHDRAWING = "withdrawing"
    WITHDRAWN = "withdrawn"
    DISCARDED = "discarded"


STATE_NAMES = {
    State.WORKING: N_("Being worked out"),
    State.CANCELLED: N_("Stopped"),
    State.FAILED: N_("Broken off"),
    State.READY: N_("Draft"),
    State.PUBLISHING: N_("Being published"),
    State.PUBLISHED: N_("Published"),
    State.WITHDRAWING: N_("Being withdrawn"),
    State.WITHDRAWN: N_("Withdrawn"),
    State.DISCARDED: N_("Discarded"),
}
STATE_TONES = {
    State.FAILED: "bad", State.CANCELLED: "warn", State.READY: "accent", State.PUBLISHED: "ok",
}  # fmt: skip
AT_WORK = frozenset({State.WORKING, State.PUBLISHING, State.WITHDRAWING})


class Told(Protocol):
    """The moments of a models.BeatPlan, or of a row with its columns."""

    @property
    def made_at(self) -> datetime | None: ...
    @property
    def cancelled_at(self) -> datetime | None: ...
    @property
    def published_at(self) -> datetime | None: ...
    @property
    def withdrawn_at(self) -> datetime | None: ...
    @property
    def settled_at(self) -> datetime | None: ...
    @property
    def discarded_at(self) -> datetime | None: ...


def state_of(plan: Told, failure: str | None) -> State:
    """What the moments of a plan, and the failure of its job, say."""
    if plan.discarded_at:
        return State.DISCARDED
    if plan.withdrawn_at or plan.published_at:
        under_way, done = (
            (State.WITHDRAWING, State.WITHDRAWN) if plan.withdrawn_at else (State.PUBLISHING, State.PUBLISHED)
        )
        return done if plan.settled_at else State.FAILED if failure else under_way
    if plan.cancelled_at:
        return State.CANCELLED
    if plan.made_at:
        return State.READY
    return State.FAILED if failure else State.WORKING


# --- What is kept as JSON --------------------------------------------------------------------------------------------


def plain_days(days: Sequence[DayLoad]) -> list[Any]:
    """One list a day: day, visits, and seconds of visits, driving and spare time."""
    return [
        [each.day.isoformat(), each.visits, each.visit_seconds, each.drive_seconds, each.spare_seconds] for each in days
    ]


def read_days(plain: Sequence[Any]) -> tuple[DayLoad, ...]:
    """`plain_days`, read again."""
    return tuple(DayLoad(date.fromisoformat(day), *numbers) for day, *numbers in plain)


def plain_missing(missing: Sequence[Missing]) -> list[Any]:
    """One list a visit: account, the day it is wanted on, a rules.Lack, and the booked visit or None."""
    return [
        [str(each.account_id), each.wanted_on.isoformat(), each.reason.value, str(each.booked) if each.booked else None]
        for each in missing
    ]


def read_missing(plain: Sequence[Any]) -> tuple[Missing, ...]:
    """`plain_missing`, read again."""
    return tuple(
        Missing(UUID(account), date.fromisoformat(wanted), Lack(reason), UUID(booked) if booked else None)
        for account, wanted, reason, booked in plain
    )


def plain_shortfall(shortfall: Shortfall | None) -> dict[str, Any] | None:
    """Its numbers, and one list a remedy."""
    if shortfall is None:
        return None
    remedies = [
        [each.kind.value, each.gains, each.amount, each.before, each.rating, str(each.rep_id) if each.rep_id else None]
        for each in shortfall.remedies
    ]
    return {"visits": shortfall.visits, "minutes": shortfall.minutes, "remedies": remedies}


def read_shortfall(plain: Mapping[str, Any] | None) -> Shortfall | None:
    """`plain_shortfall`, read again."""
    if plain is None:
        return None
    remedies = tuple(
        Remedy(RemedyKind(kind), gains, amount, before, rating, UUID(rep) if rep else None)
        for kind, gains, amount, before, rating, rep in plain["remedies"]
    )
    return Shortfall(plain["visits"], plain["minutes"], remedies)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What publishing or withdrawing did to a rep's visits. `left_out`: could not be made any more."""

    made: int = 0
    kept: int = 0
    withdrawn: int = 0
    left_out: int = 0

    def plus(self, other: "Outcome") -> "Outcome":
        """Both together."""
        return Outcome(
            self.made + other.made, self.kept + other.kept, self.withdrawn + other.withdrawn,
            self.left_out + other.left_out,
        )  # fmt: skip

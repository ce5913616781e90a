"""The business decisions of a visit: was the rep there, in which state is it, how long was it.

Everything here is a pure function of facts. Verdicts and states are never typed in by a person and never change a fact:
a fact is stored as it came (the raw fix, the time of the check-in), and beside it what it was worth then.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from app.fixes import rules as fixes
from app.fixes.rules import ACCURACY_CAP_M, CLOCK_TOLERANCE, LATE_AFTER, MAX_FIX_AGE, Reason
from app.kernel.dates import day_bounds, today_in
from app.kernel.geo import Position, distance_m
from app.kernel.i18n import N_

DEFAULT_RADIUS_M = 150  # a shop, its car park, and the coordinates of the wrong door
MOVING_MPS = 8.0  # 29 km/h: faster than anyone walks into a shop

# --- Was the rep there? ----------------------------------------------------------------------------------------------


class Verdict(StrEnum):
    """What a check-in's position says about the place. It never blocks; it may ask for a reason."""

    ON_SITE = "on_site"
    UNCERTAIN = "uncertain"
    OFF_SITE = "off_site"
    NO_POSITION = "no_position"  # the check-in has none
    NO_PLACE = "no_place"  # the place has none to compare with


VERDICT_NAMES = {
    Verdict.ON_SITE: N_("On site"),
    Verdict.UNCERTAIN: N_("Uncertain"),
    Verdict.OFF_SITE: N_("Off site"),
    Verdict.NO_POSITION: N_("No position"),
    Verdict.NO_PLACE: N_("Place not located"),
}

# Reason of a judgement -> msgid. Places: accuracy, radius in whole metres, minutes, speed in km/h, the name of a place,
# and distance, stored in whole metres and written by the edge as people say it.
REASONS = {
    "within_radius": N_("%(distance)s from the place (within %(radius)s m, accuracy %(accuracy)s m)."),
    "within_accuracy": N_("%(distance)s from the place: with an accuracy of %(accuracy)s m within its %(radius)s m."),
    "near_other_place": N_("%(distance)s from another known place of this customer: %(place)s."),
    "too_far": N_("%(distance)s from the place (more than %(radius)s m, accuracy %(accuracy)s m)."),
    "accuracy_too_poor": N_("%(distance)s from the place, but the position is only accurate to %(accuracy)s m."),
    "fix_too_old": N_("The position was already %(minutes)s minutes old at check-in."),
    "fix_from_future": N_(
        "The position is dated %(minutes)s minutes after the check-in: the phone's clock was changed."
    ),
    "fix_while_moving": N_("The position was taken while moving at %(speed)s km/h."),
    "place_approximate": N_("The place is only roughly located, %(distance)s away."),
    "no_position": N_("The check-in has no position."),
    "position_refused": N_("The phone was not allowed to give its position."),
    "position_unavailable": N_("The phone could not find its position."),
    "position_timeout": N_("The phone did not find its position in time."),
    "position_insecure": N_("The connection was not secure, and phones then give no position."),
    "no_place": N_("The place has no position to compare with."),
}


POSITION_ERRORS = {
    "denied": "position_refused",
    "unavailable": "position_unavailable",
    "timeout": "position_timeout",
    "insecure": "position_insecure",
}
"""Why a phone gives no position, as static/js/position.js says it -> the reason of the judgement."""
_ELSEWHERE = {"too_far", "accuracy_too_poor", "place_approximate", "no_place"}  # another place may explain these


@dataclass(frozen=True, slots=True)
class Fix:
    """A position as the phone gave it, kept raw: WGS-84, accuracy in metres (95 %, W3C Geolocation), time of the fix
    (aware), how many fixes the phone tried, speed in metres per second and altitude in metres where it knew.
    `told_at`: the time of the fix before it was corrected, None: the same. ValueError for numbers that no phone
    gives."""

    position: Position
    accuracy_m: float
    taken_at: datetime
    fix_count: int = 1
    speed_mps: float | None = None
    altitude_m: float | None = None
    told_at: datetime | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.accuracy_m < math.inf:
            raise ValueError(f"accuracy {self.accuracy_m} is no length in metres")
        if self.speed_mps is not None and not 0 <= self.speed_mps < math.inf:
            raise ValueError(f"speed {self.speed_mps} is no speed in metres per second")
        if self.taken_at.utcoffset() is None:
            raise ValueError("the time of a fix needs a zone")


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with the distance in metres (None where there is nothing to measure) and why: a key of REASONS with the
    values for its places."""

    verdict: Verdict
    distance_m: float | None
    reason: str
    params: Mapping[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KnownPlace:
    """Another place of the account: where it is, within how many metres one is there, and what people call it."""

    position: Position
    radius_m: float
    name: str


def judge(
    fix: Fix | None,
    place: Position | None,
    *,
    checked_in_at: datetime,
    place_is_approximate: bool = False,
    radius_m: float = DEFAULT_RADIUS_M,
    position_error: str = "",
    others: Iterable[KnownPlace] = (),
) -> Judgement:
    """Judge a check-in by its fix against the place.

    `checked_in_at` is the phone's time of the tap, as `fix.taken_at` is: a check-in sent hours later is judged alike.
    The verdict is in the rep's favour: OFF_SITE only where even the fix's error cannot explain the distance,
    ON_SITE where it can and is at most ACCURACY_CAP_M; between the two it is UNCERTAIN. A place that is only known
    roughly (the centre of a district) proves nothing either way. Who is not at the place and on site at one of the
    account's `others` (located exactly) is there: `distance_m` is then to that one.
    """
    if fix is None:
        return Judgement(Verdict.NO_POSITION, None, POSITION_ERRORS.get(position_error, "no_position"))
    judgement = _judge(fix, place, checked_in_at, place_is_approximate, radius_m)
    if judgement.reason not in _ELSEWHERE:
        return judgement
    for other in sorted(others, key=lambda each: distance_m(fix.position, each.position)):
        there = _judge(fix, other.position, checked_in_at, False, other.radius_m)
        if there.verdict is Verdict.ON_SITE:
            return Judgement(
                Verdict.ON_SITE, there.distance_m, "near_other_place", {**there.params, "place": other.name}
            )
    return judgement


def _judge(
    fix: Fix, place: Position | None, checked_in_at: datetime, place_is_approximate: bool, radius_m: float
) -> Judgement:
    if place is None:
        return Judgement(Verdict.NO_PLACE, None, "no_place")
    distance = distance_m(fix.position, place)
    accuracy = fix.accuracy_m
    metres = {"distance": round(distance), "accuracy": round(accuracy), "radius": round(radius_m)}
    if place_is_approximate:
        return Judgement(Verdict.UNCERTAIN, distance, "place_approximate", metres)
    age = checked_in_at - fix.taken_at
    if age > MAX_FIX_AGE:
        return Judgement(Verdict.UNCERTAIN, distance, "fix_too_old", {"minutes": _minutes(age)})
    if age < -CLOCK_TOLERANCE:
        return Judgement(Verdict.UNCERTAIN, distance, "fix_from_future", {"minutes": _minutes(-age)})
    if distance > radius_m + accuracy:
        return Judgement(Verdict.OFF_SITE, distance, "too_far", metres)
    if accuracy > ACCURACY_CAP_M and distance + accuracy > radius_m:
        return Judgement(Verdict.UNCERTAIN, distance, "accuracy_too_poor", metres)
    if fix.speed_mps is not None and fix.speed_mps >= MOVING_MPS:
        return Judgement(Verdict.UNCERTAIN, distance, "fix_while_moving", {"speed": round(fix.speed_mps * 3.6)})
    inside = "within_radius" if distance <= radius_m else "within_accuracy"
    return Judgement(Verdict.ON_SITE, distance, inside, metres)


def needs_reason(verdict: Verdict) -> bool:
    """Whether the rep must say why: off site, or without a position. Doubt alone is not held against the rep, and a
    place that we failed to locate even less."""
    return verdict in (Verdict.OFF_SITE, Verdict.NO_POSITION)


def question(judgement: Judgement) -> tuple[str, dict[str, object]]:
    """What a rep who must give a reason is asked: the msgid and the values for its places."""
    metres = judgement.distance_m
    if metres is None:
        return N_("Your position is not known. Please say why you check in all the same."), {}
    if metres < 1000:
        return N_("You are %(metres)s m from the customer. Please say why."), {"metres": round(metres)}
    return N_("You are %(kilometres)s km from the customer. Please say why."), {"kilometres": f"{metres / 1000:,.1f}"}


# --- What is it worth? ------------------------------------------------------------------------------------------------
#
# One reason makes the verdict, any number of others stand beside it, and each has its sentence. Nothing here blocks
# anybody. In the rep's favour: only a fix that contradicts what the same phone sent before makes ON_SITE doubtful, a
# late arrival never does, and a photo says something about the photo alone.

# What stands beside the verdict -> msgid. Places: duration in whole seconds, written by the edge as people say it, and
# the number of a photo, and the rep's words.
_BESIDE = {
    "late_arrival": N_("It arrived %(duration)s later: the phone may have had no signal."),
    "clock_doubtful": N_("The phone's clock was wrong: the time of arrival counts."),
    "explained": N_("The rep says why: “%(words)s”"),
    "photo_used_before": N_("Photo %(number)s was kept with another visit before; %(duration)s lie between them."),
    "photo_looks_used": N_("Photo %(number)s looks the same as one of another visit; %(duration)s lie between them."),
}
SENTENCES: Mapping[str, str] = {
    **REASONS,
    **{reason.value: text for reason, text in fixes.REASONS.items() if reason is not Reason.STALE_FIX},
    **_BESIDE,
}
"""Every reason that a visit can show -> msgid of its sentence."""

_CONTRADICTS = {Reason.REPLAYED_FIX, Reason.FROZEN_FIX, Reason.CLOCK_WRONG, Reason.IMPOSSIBLE_SPEED}
_TOLD_OTHERWISE = {Reason.STALE_FIX, Reason.LATE_ARRIVAL}  # judge knows the tap, and lateness is told below
_SAME_AS = {"accuracy_too_poor": Reason.TOO_COARSE, "fix_from_future": Reason.CLOCK_WRONG}


@dataclass(frozen=True, slots=True)
class Told:
    """A reason beside the one that made the verdict: a key of SENTENCES with the values for its places."""

    reason: str
    params: Mapping[str, int | str] = field(default_factory=dict)


def weigh(
    judgement: Judgement, findings: Iterable[fixes.Finding], late: timedelta, *, clock_doubtful: bool = False
) -> tuple[Judgement, tuple[Told, ...]]:
    """The verdict with its main reason, and the further reasons.

    `findings`: of the fix among those of the same device; `late`: from the tap to its arrival; `clock_doubtful`: the
    phone told a time that cannot be.
    """
    found = [each for each in findings if each.reason not in (*_TOLD_OTHERWISE, _SAME_AS.get(judgement.reason))]
    beside = [Told(each.reason.value, each.params) for each in found]
    doubt = next((Told(each.reason.value, each.params) for each in found if each.reason in _CONTRADICTS), None)
    if doubt is not None and judgement.verdict is Verdict.ON_SITE:
        beside = [Told(judgement.reason, judgement.params), *(each for each in beside if each != doubt)]
        judgement = Judgement(Verdict.UNCERTAIN, judgement.distance_m, doubt.reason, doubt.params)
    if late > LATE_AFTER:
        beside.append(Told("late_arrival", {"duration": _seconds(late)}))
    if clock_doubtful and Reason.CLOCK_WRONG not in {each.reason for each in found}:
        beside.append(Told("clock_doubtful"))
    return judgement, tuple(beside)


def photo_told(*, same: bool, apart: timedelta) -> Told:
    """What is said of a photo that another visit has: the same file, or one that looks the same."""
    return Told("photo_used_before" if same else "photo_looks_used", {"duration": _seconds(abs(apart))})


# --- In which state is it? -------------------------------------------------------------------------------------------


USUAL_MINUTES = 30  # that a visit is expected to take where nobody said


class Dismissal(StrEnum):
    """How a planned visit did not take place on its day."""

    MISSED = "missed"  # the day went by, and the rep says why
    POSTPONED = "postponed"
    SKIPPED = "skipped"


class VisitState(StrEnum):
    """Derived, never stored."""

    PLANNED = "planned"
    MISSED = "missed"
    CHECKED_IN = "checked_in"
    DONE = "done"
    POSTPONED = "postponed"
    SKIPPED = "skipped"


STATE_NAMES = {
    VisitState.PLANNED: N_("Planned"),
    VisitState.MISSED: N_("Missed"),
    VisitState.CHECKED_IN: N_("Checked in"),
    VisitState.DONE: N_("Done"),
    VisitState.POSTPONED: N_("Postponed"),
    VisitState.SKIPPED: N_("Skipped"),
}


def state_of(
    planned_on: date | None,
    today: date,
    check_in_at: datetime | None,
    check_out_at: datetime | None,
    dismissal: Dismissal | None,
) -> VisitState:
    """The state that the facts amount to. `today` is the day where the visit takes place.

    Having been there outweighs a dismissal: an offline phone may send the two in either order. A visit that has neither
    a plan nor a check-in does not exist: ValueError.
    """
    if check_in_at is not None:
        return VisitState.CHECKED_IN if check_out_at is None else VisitState.DONE
    if dismissal is not None:
        return VisitState(dismissal.value)
    if planned_on is None:
        raise ValueError("a visit is planned or checked in")
    return VisitState.MISSED if planned_on < today else VisitState.PLANNED


# What came of a visit -> msgid.
OUTCOMES = {
    "order": N_("Order taken"),
    "interested": N_("Interested"),
    "follow_up": N_("To be followed up"),
    "service": N_("Service or complaint"),
    "no_interest": N_("No interest"),
    "nobody_there": N_("Nobody there"),
}

TONES = {
    VisitState.PLANNED: "",
    VisitState.MISSED: "bad",
    VisitState.CHECKED_IN: "accent",
    VisitState.DONE: "ok",
    VisitState.POSTPONED: "warn",
    VisitState.SKIPPED: "warn",
}
"""State -> how strongly it is shown."""


def tone_of(state: VisitState, verdict: str | None) -> str:
    """How strongly a visit is shown: a check-in elsewhere than at the customer's stands out from the good ones."""
    return "bad" if verdict == Verdict.OFF_SITE else "warn" if verdict == Verdict.NO_POSITION else TONES[state]


# --- How long was it? ------------------------------------------------------------------------------------------------

DEFAULT_VISIT_MINUTES = 30
FORGOTTEN_AFTER = timedelta(hours=3)


def visit_minutes(check_in_at: datetime, check_out_at: datetime) -> int:
    """Whole minutes spent; zero where the phone's clock was set back in between."""
    return max(check_out_at - check_in_at, timedelta(0)) // timedelta(minutes=1)


def forgotten(check_in_at: datetime, now: datetime, zone: str, next_check_in_at: datetime | None = None) -> bool:
    """Whether an open check-in was left open by mistake.

    It was where the rep has since checked in elsewhere, or where the rep's day (in `zone`) is over; a visit begun late
    in the evening still has FORGOTTEN_AFTER.
    """
    if next_check_in_at is not None and next_check_in_at >= check_in_at:
        return True
    _, midnight = day_bounds(today_in(zone, check_in_at), zone)
    return now >= max(midnight, check_in_at + FORGOTTEN_AFTER)


def estimated_check_out(check_in_at: datetime, planned_minutes: int | None, cap: datetime) -> datetime:
    """The check-out to assume for a forgotten one: after the planned time (DEFAULT_VISIT_MINUTES where unknown), not
    later than `cap` (the next check-in, or now) and never before the check-in."""
    minutes = DEFAULT_VISIT_MINUTES if planned_minutes is None else planned_minutes
    return max(check_in_at, min(check_in_at + timedelta(minutes=minutes), cap))


def _minutes(duration: timedelta) -> int:
    return duration // timedelta(minutes=1)


def _seconds(duration: timedelta) -> int:
    return duration // timedelta(seconds=1)

"""Can the fixes of one device be what they say? A rule over its fixes in the order in which they arrived, never sorted.

It accuses nobody of anything but what the numbers say, and blocks nothing. Four ideas carry it:

- A fix is compared with the last one that was *believed*: one false fix does not make the honest next one look false.
- A fix that contradicts is not believed. Where as many that agree among themselves follow as were believed before
  (ENOUGH at most), they are: the person really is there, or the clock really was set.
- Where time or place jumped and now is back where it was before the jump, the jump was false, not the way back.
- Without a time of arrival a time is compared with earlier fixes alone, never with today.

Equal coordinates mean nothing: a phone that lies still repeats them (half of the fixes of a bus at its stop do).
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from statistics import median_low

from app.kernel.geo import Position, distance_m
from app.kernel.i18n import N_

ACCURACY_CAP_M = 100  # a fix worse than this earns no tolerance: a phone in a pocket indoors still does better
MAX_FIX_AGE = timedelta(minutes=5)  # the browser may hand out a position it kept; older says where the rep was
CLOCK_TOLERANCE = timedelta(minutes=1)
LATE_AFTER = timedelta(hours=1)
"""A post on a slow network takes minutes; what took longer waited on the phone for the network, or for its owner."""
GPS_EPOCH = datetime(1980, 1, 6, tzinfo=UTC)
"""Where GPS time begins (IS-GPS-200, 3.3.4); a phone that lost its clock begins in 1970, some receivers in 1901."""
LONGEST_PAUSE = timedelta(days=366)
"""Between two fixes of one device in use: no leave is longer. Longer is a clock that was set."""
RESOLUTION = timedelta(seconds=1)
"""Receivers write whole seconds (NMEA 0183, GPX): one second back is rounding."""

ROAD_MPS = 150 / 3.6
"""The issue's own bound of honest movement: no road allows more, no mean between two stops comes near it."""
AIR_MPS = 1000 / 3.6
"""Airliners cruise at 900 km/h (Mach 0.85), with the wind behind them faster over the ground."""
BOARDING = timedelta(minutes=15)
"""Trains of 350 km/h and planes are not boarded and left in less: up to here ROAD_MPS holds, AIR_MPS beyond."""
RIDE = 1.2
"""Who reads a fix in a running train has its speed reported at both ends; the mean may be so much above the lesser."""
USUAL_ERROR_M = 30.0
"""Where a fix does not tell its accuracy: GPS between houses, 95 % (open sky: 5 m, gps.gov)."""

ENOUGH = 20  # fixes that agree: two days of visits, so that a whole false day stays visible
FAR_NEARER = 1.5  # times nearer to where it was before the jump than to where it was after it: back, and not half-way
KEPT = 10_000  # fixes among which a replayed one is looked for, years of visits; an older one still runs backwards


class Reason(StrEnum):
    """Why a fix is not plausible: stable keys of the command line, the chain and the exports."""

    TOO_COARSE = "too_coarse"
    STALE_FIX = "stale_fix"
    LATE_ARRIVAL = "late_arrival"
    REPLAYED_FIX = "replayed_fix"
    FROZEN_FIX = "frozen_fix"
    CLOCK_WRONG = "clock_wrong"
    IMPOSSIBLE_SPEED = "impossible_speed"


# Reason -> msgid. Places: accuracy in whole metres, speed in km/h, and what the edge writes as people say it: distance,
# stored in whole metres, and duration, in whole seconds.
REASONS = {
    Reason.TOO_COARSE: N_("The position is only accurate to %(accuracy)s m."),
    Reason.STALE_FIX: N_("The position was already %(duration)s old when it arrived."),
    Reason.LATE_ARRIVAL: N_("It arrived %(duration)s after it was taken: the phone may have had no signal."),
    Reason.REPLAYED_FIX: N_("The same position with the same time was sent before."),
    Reason.FROZEN_FIX: N_("The time of the position stands still while new positions arrive."),
    Reason.CLOCK_WRONG: N_("The time of the position is %(duration)s off: the phone's clock was changed."),
    Reason.IMPOSSIBLE_SPEED: N_(
        "%(distance)s from the position before in %(duration)s, %(speed)s km/h: nobody travels like that."
    ),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """A fix as it arrived: position in WGS-84; when the device says it was taken and when it arrived (aware, None where
    unknown); accuracy in metres (95 %, W3C Geolocation), speed in metres per second, None where not told."""

    position: Position
    taken_at: datetime | None = None
    arrived_at: datetime | None = None
    accuracy_m: float | None = None
    speed_mps: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason with the values for the places of its text in REASONS."""

    reason: Reason
    params: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Timed:
    """A reading whose time is known."""

    reading: Reading
    at: datetime

    @property
    def lag(self) -> timedelta | None:
        """From the fix to its arrival."""
        return None if self.reading.arrived_at is None else self.reading.arrived_at - self.at


class Watch:
    """What is remembered of one device: a fold over its readings in the order of arrival.

    For a check-in, give it the device's last readings (ENOUGH of them are plenty) and then the new one.
    """

    def __init__(self) -> None:
        self._believed: deque[_Timed] = deque(maxlen=ENOUGH)
        self._agreeing = 0  # how many of those in a row agree; a jump that was believed begins anew
        self._astray: tuple[_Timed, Reason] | None = None  # the last that was not believed
        self._straying = 0  # how many of those in a row agree
        self._latest: Reading | None = None
        self._order: deque[int] = deque()
        self._seen: set[int] = set()

    def judge(self, reading: Reading) -> tuple[Finding, ...]:
        """Why this reading is not plausible after those before it; nothing where it is."""
        found = []
        accuracy = reading.accuracy_m
        coarse = accuracy is not None and accuracy > ACCURACY_CAP_M
        if coarse and accuracy is not None:
            found.append(Finding(Reason.TOO_COARSE, {"accuracy": round(min(accuracy, 1e9))}))
        if reading.taken_at is not None:
            timed = _Timed(reading, reading.taken_at)
            found += _late(timed)
            repeated = self._repeated(timed)
            found += repeated
            if not repeated:
                false = _impossible_time(timed) or self._contradiction(timed, coarse)
                found += [false] if false else []
            self._latest = reading
        return tuple(found)

    def _repeated(self, new: _Timed) -> list[Finding]:
        """Whether it was sent before, and whether its time stands still. Keeps it in mind."""
        found = []
        key = hash((new.at, new.reading.position))
        if key in self._seen:
            found.append(Finding(Reason.REPLAYED_FIX))
        else:
            self._seen.add(key)
            self._order.append(key)
            if len(self._order) > KEPT:
                self._seen.remove(self._order.popleft())
        old = self._latest
        if old is not None and old.taken_at == new.at and _goes_on(old, new.reading):
            found.append(Finding(Reason.FROZEN_FIX))
        return found

    def _contradiction(self, new: _Timed, coarse: bool) -> Finding | None:
        """How it contradicts the last believed one, None where it does not; a coarse one is no measure for others."""
        last = self._believed[-1] if self._believed else None
        why = None
        if last is not None:
            why = self._still_astray(last, new) or _conflict(last, new)
            if why is not None and self._is_back(last, new, why.reason):
                why = None
        if coarse:
            return why
        if why is not None and not self._has_really_changed(new, why.reason):
            return why
        self._agreeing = self._straying if why is not None else min(self._agreeing + 1, ENOUGH)
        self._believed.append(new)
        self._astray = None
        return None

    def _has_really_changed(self, new: _Timed, why: Reason) -> bool:
        """Whether those that contradict agree among themselves and are more than were believed."""
        agrees = self._astray is not None and _conflict(self._astray[0], new) is None
        self._straying = self._straying + 1 if agrees else 1
        self._astray = (new, why)
        return self._straying > self._agreeing

    def _is_back(self, last: _Timed, new: _Timed, why: Reason) -> bool:
        """Whether a jump that was believed was none, as this one is where everything was before it."""
        if why is Reason.CLOCK_WRONG:
            if last.lag is not None and new.lag is not None:
                return False  # the arrivals tell which is right
            return self._undoes_a_jump(abs(last.at - new.at), new)
        if len(self._believed) < 2 or _conflict(before := self._believed[-2], new) is not None:
            return False
        return FAR_NEARER * _metres(before, new) < _metres(last, new)

    def _undoes_a_jump(self, fall: timedelta, new: _Timed) -> bool:
        """Whether a step in time that stood out is taken back, but for what has passed meanwhile."""
        steps = [(old, abs(young.at - old.at)) for old, young in pairwise(self._believed)]
        if not steps:
            return False
        usual = median_low(step for _, step in steps)
        return any(
            step >= fall > FAR_NEARER * (step - fall) and step > FAR_NEARER * usual and _conflict(old, new) is None
            for old, step in steps
        )

    def _still_astray(self, last: _Timed, new: _Timed) -> Finding | None:
        """A clock set back a little catches up with what was believed; its lag tells that it is the same clock."""
        if self._astray is None or self._astray[1] is not Reason.CLOCK_WRONG:
            return None
        right, wrong, lag = last.lag, self._astray[0].lag, new.lag
        if right is None or wrong is None or lag is None or lag - right < CLOCK_TOLERANCE:
            return None
        return _clock(lag) if abs(lag - wrong) < abs(lag - right) else None


def judged(readings: Iterable[Reading]) -> Iterator[tuple[Finding, ...]]:
    """The findings on each reading of one device, in the order of arrival."""
    watch = Watch()
    for reading in readings:
        yield watch.judge(reading)


def _late(new: _Timed) -> list[Finding]:
    lag = new.lag
    if lag is None or lag <= MAX_FIX_AGE:
        return []
    waited = {"duration": lag // timedelta(seconds=1)}
    late = [Finding(Reason.LATE_ARRIVAL, waited)] if lag > LATE_AFTER else []
    return [Finding(Reason.STALE_FIX, waited), *late]


def _impossible_time(new: _Timed) -> Finding | None:
    """A time that is wrong whatever came before: after its arrival, or before there was GPS."""
    if new.lag is not None and new.lag < -CLOCK_TOLERANCE:
        return _clock(new.lag)
    return _clock(GPS_EPOCH - new.at) if new.at < GPS_EPOCH else None


def _goes_on(old: Reading, new: Reading) -> bool:
    """Whether arrival went on between readings of one fix time. Where it is unknown, another position tells."""
    if old.arrived_at is not None and new.arrived_at is not None:
        return new.arrived_at - old.arrived_at >= RESOLUTION
    return old.position != new.position


def _conflict(old: _Timed, new: _Timed) -> Finding | None:
    """Why the second cannot follow the first, None where it can."""
    elapsed = new.at - old.at
    if elapsed < -RESOLUTION:
        return _clock(elapsed)
    if elapsed > LONGEST_PAUSE and (old.lag is None or new.lag is None):
        return _clock(elapsed)
    metres = _metres(old, new)
    if metres - _error_m(old) - _error_m(new) <= _reach_m(old.reading, new.reading, elapsed):
        return None
    seconds = max(elapsed, RESOLUTION).total_seconds()
    speed = {"distance": round(metres), "duration": round(seconds), "speed": round(metres / seconds * 3.6)}
    return Finding(Reason.IMPOSSIBLE_SPEED, speed)


def _reach_m(old: Reading, new: Reading, elapsed: timedelta) -> float:
    """How far one gets in that time, in metres."""
    pace = ROAD_MPS
    if old.speed_mps is not None and new.speed_mps is not None:
        pace = max(pace, min(RIDE * min(old.speed_mps, new.speed_mps), AIR_MPS))
    seconds, boarding = max(elapsed, RESOLUTION).total_seconds(), BOARDING.total_seconds()
    return pace * min(seconds, boarding) + AIR_MPS * max(seconds - boarding, 0.0)


def _metres(old: _Timed, new: _Timed) -> float:
    return distance_m(old.reading.position, new.reading.position)


def _error_m(timed: _Timed) -> float:
    accuracy = timed.reading.accuracy_m
    return USUAL_ERROR_M if accuracy is None else accuracy


def _clock(off: timedelta) -> Finding:
    return Finding(Reason.CLOCK_WRONG, {"duration": abs(off) // timedelta(seconds=1)})

"""The business decisions of a day plan: how long a drive takes, and what an order of stops makes of the day.

The simulator knows nothing of the solver. It gives the times of an order changed by hand, and it checks a solver's plan
before anyone sees it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import chain, groupby
from typing import TypeVar
from uuid import UUID

from app.kernel.dates import as_utc, at_local
from app.kernel.geo import Position
from app.kernel.hours import Interval
from app.kernel.i18n import N_
from app.kernel.travel import Estimate

T = TypeVar("T")

ESTIMATE = Estimate().between

# --- How long is the drive? ------------------------------------------------------------------------------------------

Travel = Callable[[Position | None, Position | None], int | None]
"""Seconds from one position to another, parking included: 0 where either is unknown, None where no way leads there."""

# --- What does the order make of the day? ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stop:
    """A visit to plan. `windows` are the place's opening hours of the day as UTC intervals (`kernel.hours.windows_on`):
    None unknown and so always allowed, () closed that day. Without a position the drive there is not counted.

    At `fixed_at` (UTC) it has to begin, whatever the opening hours. A `must` is left out last; `value` is what another
    one is worth.
    """

    id: UUID
    position: Position | None
    visit_minutes: int
    windows: tuple[Interval, ...] | None = None
    fixed_at: datetime | None = None
    must: bool = False
    value: int = 1

    @property
    def allowed(self) -> tuple[Interval, ...] | None:
        """When the whole visit may take place, as `windows`."""
        if self.fixed_at is None:
            return self.windows
        return ((self.fixed_at, self.fixed_at + timedelta(minutes=self.visit_minutes)),)


@dataclass(frozen=True, slots=True)
class Lunch:
    """A break of `minutes` that begins within `earliest`..`latest` (UTC). No minutes, no break."""

    earliest: datetime
    latest: datetime
    minutes: int

    def __post_init__(self) -> None:
        if self.latest < self.earliest or self.minutes < 0:
            raise ValueError("a lunch begins between its earliest and its latest time and takes no negative time")


@dataclass(frozen=True, slots=True)
class Shift:
    """A rep's working day in UTC. Without `start` it begins at the first stop, without `end` it ends at the last. It
    takes `most_stops`, None as many as there is time for."""

    starts_at: datetime
    ends_at: datetime
    start: Position | None = None
    end: Position | None = None
    lunch: Lunch | None = None
    most_stops: int | None = None


LUNCH_SLACK = timedelta(minutes=90)  # how much later than wished lunch may begin
MOST_STOPS = 60  # that one day can be put in order with; nobody makes a third of them
_DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """When and from where somebody works. Minutes from local midnight in `zone`; an end before the beginning is on the
    next day. The day begins at `base`, and ends at `end` or else there too. `most_visits` of a day, None no limit."""

    zone: str
    work_from: int
    work_to: int
    lunch_from: int
    lunch_minutes: int
    base: Position | None = None
    end: Position | None = None
    most_visits: int | None = None


def shift_on(day: date, hours: WorkingHours, not_before: datetime | None = None, here: Position | None = None) -> Shift:
    """The shift of that day, in UTC: what is left of it from `not_before` (from the next full minute), beginning at
    `here`. Where nothing is left of it, it ends before it begins."""

    def clock(minutes: int) -> datetime:
        days, rest = divmod(minutes, _DAY_MINUTES)
        return at_local(day + timedelta(days=days), time(rest // 60, rest % 60), hours.zone)

    def after(minutes: int, earlier: int) -> int:
        return minutes if minutes > earlier else minutes + _DAY_MINUTES

    begins, ends = clock(hours.work_from), clock(after(hours.work_to, hours.work_from))
    lunch_at = clock(after(hours.lunch_from, hours.work_from - 1))
    lunch = Lunch(lunch_at, lunch_at + LUNCH_SLACK, hours.lunch_minutes) if lunch_at < ends else None
    if not_before is not None and not_before > begins:
        minute = as_utc(not_before).replace(second=0, microsecond=0)
        begins = minute if minute == not_before else minute + timedelta(minutes=1)
    return Shift(begins, ends, here or hours.base, hours.end or hours.base, lunch, hours.most_visits)


class Breach(StrEnum):
    """A rule that the plan breaks at a stop or on the whole."""

    BEFORE_OPENING = "before_opening"  # the rep waits
    BEFORE_FIXED = "before_fixed"  # the rep waits for the agreed time
    NO_POSITION = "no_position"  # the drive is not counted
    NO_WAY = "no_way"  # no road leads there; the drive is not counted
    AFTER_CLOSING = "after_closing"  # the visit would end after closing time
    AFTER_FIXED = "after_fixed"  # the visit begins later than agreed
    CLOSED_THAT_DAY = "closed_that_day"
    AFTER_SHIFT_END = "after_shift_end"
    LUNCH_TOO_LATE = "lunch_too_late"
    TOO_MANY = "too_many"  # more stops than the shift takes


HINTS = frozenset({Breach.BEFORE_OPENING, Breach.BEFORE_FIXED, Breach.NO_POSITION})
"""What a rep should know but may do."""

BREACH_NAMES = {
    Breach.BEFORE_OPENING: N_("Arrives before opening"),
    Breach.BEFORE_FIXED: N_("Arrives before the agreed time"),
    Breach.NO_POSITION: N_("No position: travel is not counted"),
    Breach.NO_WAY: N_("No road leads there: check its position on the map"),
    Breach.AFTER_CLOSING: N_("Would end after closing"),
    Breach.AFTER_FIXED: N_("Later than agreed"),
    Breach.CLOSED_THAT_DAY: N_("Closed that day"),
    Breach.AFTER_SHIFT_END: N_("After the end of the working day"),
    Breach.LUNCH_TOO_LATE: N_("Lunch too late"),
    Breach.TOO_MANY: N_("More visits than you want in a day"),
}


@dataclass(frozen=True, slots=True)
class StopTimes:
    """When a stop takes place, in UTC: arrive <= start (the difference is waiting, or lunch) <= leave."""

    stop: Stop
    travel_seconds: int
    arrive_at: datetime
    start_at: datetime
    leave_at: datetime
    breaches: tuple[Breach, ...]

    @property
    def wait(self) -> timedelta:
        """From arrival to the start of the visit."""
        return self.start_at - self.arrive_at


@dataclass(frozen=True, slots=True)
class DayRun:
    """A simulated day. Lunch comes after `lunch_after` stops (0: before the first); None where the day needs none.
    `travel_seconds` includes the way home, `breaches` are those of the day as a whole."""

    stops: tuple[StopTimes, ...]
    lunch_at: datetime | None
    lunch_after: int | None
    finish_at: datetime
    travel_seconds: int
    breaches: tuple[Breach, ...]

    @property
    def broken(self) -> tuple[Breach, ...]:
        """Every broken rule, of the stops in their order and of the day, without the hints."""
        every = chain(*(times.breaches for times in self.stops), self.breaches)
        return tuple(breach for breach in every if breach not in HINTS)

    @property
    def is_feasible(self) -> bool:
        return not self.broken


def arrivals(
    order: Sequence[Stop], shift: Shift, *, lunch_after: int | None = None, travel: Travel = ESTIMATE
) -> DayRun:
    """The day that this order of stops makes: every time, and which stop breaks which rule.

    A rule that breaks does not stop the clock: the visit takes place all the same, and the rest of the day follows it.
    Who arrives early waits for the opening in which the whole visit fits. Lunch is taken after `lunch_after` stops,
    else where it breaks the fewest rules and ends the day soonest; a day that is over by the latest time for lunch, or
    begins after it, needs none. ValueError where `lunch_after` is no place in the order.
    """
    if lunch_after is not None and not 0 <= lunch_after <= len(order):
        raise ValueError("lunch comes after one of the stops, or before the first")
    legs = _legs(order, shift, travel)
    if lunch_after is not None:
        return _run(order, shift, lunch_after, legs)
    without = _run(order, shift, None, legs)
    if not _needs_lunch(without, shift):
        return without
    runs = (_run(order, shift, after, legs) for after in range(_first_lunch(without, shift), len(order) + 1))
    return min(runs, key=lambda run: (len(run.broken), run.finish_at))


def _needs_lunch(without: DayRun, shift: Shift) -> bool:
    """Whether the day, simulated without lunch, needs one: not where it ends early or begins late."""
    lunch = shift.lunch
    return bool(lunch and lunch.minutes and without.finish_at > lunch.latest and shift.starts_at <= lunch.latest)


def _first_lunch(without: DayRun, shift: Shift) -> int:
    """After how many stops lunch is worth a try: before a visit that is over by its earliest time one would sit and
    wait."""
    earliest = shift.lunch.earliest if shift.lunch else shift.ends_at
    return next((n for n, times in enumerate(without.stops) if times.leave_at > earliest), len(without.stops))


def _legs(order: Sequence[Stop], shift: Shift, travel: Travel) -> list[int | None]:
    """Seconds of driving to each stop, and last to the end of the day. Where no way leads (None) nobody drives: the
    next drive begins where the one before ended."""
    legs, here = [], shift.start
    for position in (*(stop.position for stop in order), shift.end):
        seconds = travel(here, position)
        legs.append(seconds)
        here = here if position is None or seconds is None else position
    return legs


def _run(order: Sequence[Stop], shift: Shift, lunch_after: int | None, legs: Sequence[int | None]) -> DayRun:
    clock = as_utc(shift.starts_at)
    lunch_at: datetime | None = None
    times: list[StopTimes] = []
    for index, (stop, leg) in enumerate(zip(order, legs, strict=False)):
        seconds = leg or 0
        arrive = ready = clock + timedelta(seconds=seconds)
        if index == lunch_after and shift.lunch:
            lunch_at, arrive, ready = _with_lunch(clock, arrive, shift.lunch)
        start, breaches = _start_of(stop, ready)
        if leg is None:
            breaches = (Breach.NO_WAY, *breaches)
        clock = start + timedelta(minutes=stop.visit_minutes)
        if clock > shift.ends_at:
            breaches = (*breaches, Breach.AFTER_SHIFT_END)
        times.append(StopTimes(stop, seconds, arrive, start, clock, breaches))
    finish = clock + timedelta(seconds=legs[-1] or 0)
    if lunch_after == len(order) and shift.lunch:
        lunch_at, _, finish = _with_lunch(clock, finish, shift.lunch)
    breaches = (Breach.AFTER_SHIFT_END,) if finish > shift.ends_at else ()
    if legs[-1] is None:
        breaches = (Breach.NO_WAY, *breaches)
    if lunch_at is not None and shift.lunch and lunch_at > shift.lunch.latest:
        breaches = (*breaches, Breach.LUNCH_TOO_LATE)
    if shift.most_stops is not None and len(order) > shift.most_stops:
        breaches = (*breaches, Breach.TOO_MANY)
    return DayRun(tuple(times), lunch_at, lunch_after, finish, sum(leg or 0 for leg in legs), breaches)


def _with_lunch(depart: datetime, arrive: datetime, lunch: Lunch) -> tuple[datetime, datetime, datetime]:
    """Start of lunch, arrival and readiness for the visit, on a leg with lunch: eaten before the drive or on the way
    where the time has come by then, else at the place."""
    at = max(depart, as_utc(lunch.earliest))
    length = timedelta(minutes=lunch.minutes)
    return (at, arrive + length, arrive + length) if at <= arrive else (at, arrive, at + length)


def _start_of(stop: Stop, ready: datetime) -> tuple[datetime, tuple[Breach, ...]]:
    """When a visit begins for someone who is there at `ready`, and the rules that breaks."""
    unknown = (Breach.NO_POSITION,) if stop.position is None else ()
    windows, fixed = stop.allowed, stop.fixed_at is not None
    if windows is None:
        return ready, unknown
    if not windows:
        return ready, (*unknown, Breach.CLOSED_THAT_DAY)
    fitting = _first_from(start_windows(windows, stop.visit_minutes), ready)
    start = fitting or _first_from(windows, ready) or ready
    early = (Breach.BEFORE_FIXED if fixed else Breach.BEFORE_OPENING,) if start > ready else ()
    late = () if fitting else (Breach.AFTER_FIXED if fixed else Breach.AFTER_CLOSING,)
    return start, (*unknown, *early, *late)


def _first_from(windows: Sequence[Interval], ready: datetime) -> datetime | None:
    return next((max(opens, ready) for opens, closes in windows if ready <= closes), None)


def start_windows(windows: Sequence[Interval], visit_minutes: int) -> tuple[Interval, ...]:
    """When a visit may begin so that it ends by closing time, both ends included. Windows too short for it are left
    out. A solver, whose windows are for the start, takes these."""
    visit = timedelta(minutes=visit_minutes)
    return tuple((opens, closes - visit) for opens, closes in windows if closes - opens >= visit)


# --- Where does one more stop fit? ------------------------------------------------------------------------------------


def with_stop(order: Sequence[Stop], stop: Stop, shift: Shift, travel: Travel = ESTIMATE) -> DayRun | None:
    """The day with one more stop, where it drives least, rather late than early; None where no place for it keeps all
    rules."""
    orders = [(*order[:place], stop, *order[place:]) for place in reversed(range(len(order) + 1))]
    ways = [(each, _legs(each, shift, travel)) for each in orders]
    for _, same in groupby(sorted(ways, key=_driving_of), _driving_of):  # few are simulated
        runs = (_kept(each, shift, legs) for each, legs in same)
        if best := min(filter(None, runs), key=lambda run: run.finish_at, default=None):
            return best
    return None


def _driving_of(way: tuple[Sequence[Stop], Sequence[int | None]]) -> int:
    return sum(leg or 0 for leg in way[1])


def _kept(order: Sequence[Stop], shift: Shift, legs: Sequence[int | None]) -> DayRun | None:
    """The simulated day where no rule is broken, which is found out soon; else None."""
    without = _run(order, shift, None, legs)
    if not without.is_feasible:
        return None  # lunch makes it no earlier
    if not _needs_lunch(without, shift):
        return without
    latest = shift.lunch.latest if shift.lunch else shift.ends_at
    in_time = [n for n in range(len(order) + 1) if n == 0 or without.stops[n - 1].leave_at <= latest]
    runs = (_run(order, shift, after, legs) for after in in_time[_first_lunch(without, shift) :])
    return min((run for run in runs if run.is_feasible), key=lambda run: run.finish_at, default=None)


# --- Changing the order by hand --------------------------------------------------------------------------------------


def moved(order: Sequence[T], item: T, steps: int) -> tuple[T, ...]:
    """The order with `item` moved by that many places, up where negative, at most to either end. ValueError where it is
    not in the order."""
    place = order.index(item)
    rest = [*order[:place], *order[place + 1 :]]
    target = min(max(place + steps, 0), len(rest))
    return (*rest[:target], item, *rest[target:])

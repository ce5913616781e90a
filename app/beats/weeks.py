"""A rep's weeks: one problem of several days each, week after week.

A week tries what is due in it, and what earlier weeks had no room for, which then weighs more. Its days get about the
same number of visits. Pure: the same work has the same plan.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import accumulate
from math import ceil
from uuid import UUID

from app.beats.days import SMALL_DAY, Days, load_of, shifts_of, stop_booked, stop_of
from app.beats.dues import Due, dues_of, week_of, work_seconds
from app.beats.remedies import shortfall
from app.beats.rules import OUT_OF_ROOM, Asked, BeatVisit, Booked, Lack, Missing, RepDraft, RepWork
from app.planning.rules import Shift, Travel, arrivals
from app.planning.solver import BestDays, best_days, order_of
from app.routing.why import Reason

SECONDS = 0.05  # of work for each engine and week
_DUE, _SOONER, _LATE = 2, 1, 2  # what a visit is worth, in its week, a week before it, and more for each week after it
_MOST = 1.2  # of a week's time, how long all visits are that are looked at
_CROWDED = 0.8  # of a week's time, how long visits are that leave no room for an even number on each day

_LACKS = {
    Reason.CLOSED: Lack.CLOSED,
    Reason.UNREACHABLE: Lack.UNREACHABLE,
    Reason.MUSTS_CLASH: Lack.CLASH,
    Reason.MAX_STOPS: Lack.MOST_VISITS,
    Reason.NO_TIME: Lack.NO_TIME,
    Reason.NOT_WORTH: Lack.NO_TIME,
}
"""All others say that it does not fit into a day."""


def plan_rep(
    work: RepWork, asked: Asked, driving: Travel, seconds: float, going: Callable[[date], bool]
) -> RepDraft | None:
    """The draft of a rep's weeks, with work for about `seconds` for each engine and week. `going` hears the Monday of
    each week that is done, and says whether to go on; where it does not, there is no draft."""
    shifts, own = shifts_of(work, asked)
    days = Days({}, shifts, own, driving)
    dues, missing = dues_of(work, asked, driving)
    booked = [visit for visit in work.booked if visit.day in shifts]
    waiting, unmade, cut_short = dues, list[Due](), False
    for week in range(asked.weeks):
        tried = _tried(waiting, week, asked, days)
        here = [visit for visit in booked if week_of(visit.day, asked) == week]
        reasons, hurried = _plan_week(days, week, asked, tried, here, seconds)
        cut_short = cut_short or hurried
        missing += [
            Missing(visit.account_id, visit.day, Lack.CLASH if why in OUT_OF_ROOM else why, visit.visit_id)
            for visit in here
            if (why := reasons.get(visit.visit_id))
        ]
        made = {id(due) for due, _ in tried if due.customer.account_id not in reasons}
        over = [due for due in waiting if due.until == week and id(due) not in made]
        missing += [
            Missing(due.customer.account_id, due.due_on, reasons.get(due.customer.account_id, Lack.NO_TIME))
            for due in over
        ]
        unmade += over
        waiting = [due for due in waiting if due.until > week and id(due) not in made]
        if not going(asked.first_on + timedelta(weeks=week)):
            return None
    return RepDraft(
        work.rep_id,
        tuple(_visits(work, days)),
        tuple(sorted(missing, key=lambda each: (each.wanted_on, each.account_id))),
        tuple(load_of(day, run, shifts[day]) for day, run in sorted(days.runs.items())),
        shortfall(work, asked, days, unmade, missing),
        cut_short,
    )


def _tried(waiting: Sequence[Due], week: int, asked: Asked, days: Days) -> list[tuple[Due, list[date]]]:
    """What the week looks at, with the days it may be on: of each account the first that waits. No more than it could
    ever hold, the most valuable first."""
    found: list[tuple[Due, list[date]]] = []
    seen: set[UUID] = set()
    for due in waiting:
        account = due.customer.account_id
        if due.week <= week and account not in seen:
            seen.add(account)
            here = [day for day in days.apart(due.customer, due.days) if week_of(day, asked) == week]
            if here:
                found.append((due, here))
    room = _MOST * sum(work_seconds(shift) for day, shift in days.shifts.items() if week_of(day, asked) == week)
    found.sort(key=lambda each: (-_worth(each[0], week, asked), each[0].due_on, each[0].customer.account_id))
    filled = accumulate(60 * due.customer.minutes for due, _ in found)
    return [each for each, seconds in zip(found, filled, strict=True) if seconds <= room]


def _worth(due: Due, week: int, asked: Asked) -> int:
    """The value of a visit in that week: less before its own week, more after it, and more where it is the last."""
    late = week - week_of(max(due.due_on, asked.first_on), asked)
    value = max(1, due.customer.value)
    if late < 0:
        return _SOONER * value
    return _DUE * value + _LATE * late + (_LATE if due.until == week else 0)


def _plan_week(
    days: Days,
    week: int,
    asked: Asked,
    tried: Sequence[tuple[Due, list[date]]],
    booked: Sequence[Booked],
    work_s: float,
) -> tuple[dict[UUID, Lack], bool]:
    """Simulate the days of the week; whatever has no room in them (the id of its stop), with the reason, and whether
    the clock ended the search."""
    here = [day for day in days.shifts if week_of(day, asked) == week]
    shifts = [days.shifts[day] for day in here]
    if not here:
        return {}, False
    stops = [stop_of(due.customer, on, days.shifts, _worth(due, week, asked)) for due, on in tried]
    stops += [stop_booked(visit, days.shifts[visit.day]) for visit in booked]
    crowded = sum(60 * stop.visit_minutes for stop in stops) > _CROWDED * sum(map(work_seconds, shifts))
    even = shifts if crowded else _even(days, here, booked, len(stops))
    found = [best_days(stops, even, days.travel, work_s)]
    if found[0].left_out and even != shifts:
        found.append(best_days(stops, shifts, days.travel, work_s))
    best = max(found, key=_made)
    for day, run in zip(here, best.runs, strict=True):
        days.runs[day] = arrivals(order_of(run), days.shifts[day], travel=days.travel)
    days.even_out([day for day in here if day in days.own])
    lacks = {stop.id: _lack(reason, shifts) for stop, reason in best.left_out}
    return lacks, any(each.cut_short for each in found)


def _even(days: Days, here: Sequence[date], booked: Sequence[Booked], visits: int) -> list[Shift]:
    """The shifts of a week, so that each day that takes visits gets about the same number."""
    share = max(SMALL_DAY, ceil(visits / max(1, len(days.own.intersection(here)))))
    on = Counter(visit.day for visit in booked)
    limits = [days.shifts[day].most_stops for day in here]
    return [
        replace(days.shifts[day], most_stops=max(share if most is None else min(share, most), on[day]))
        for day, most in zip(here, limits, strict=True)
    ]


def _made(best: BestDays) -> tuple[int, int, int]:
    """Musts, value and number of the visits that are made."""
    stops = [stop for run in best.runs for stop in order_of(run)]
    return sum(stop.must for stop in stops), sum(stop.value for stop in stops if not stop.must), len(stops)


def _lack(reason: Reason, shifts: Sequence[Shift]) -> Lack:
    unlimited = all(shift.most_stops is None for shift in shifts)
    return Lack.NO_TIME if reason is Reason.MAX_STOPS and unlimited else _LACKS.get(reason, Lack.TOO_LONG)


def _visits(work: RepWork, days: Days) -> Iterator[BeatVisit]:
    """The visits of the simulated days, in their order."""
    places = {customer.account_id: customer.place_id for customer in work.customers}
    booked = {visit.visit_id: visit for visit in work.booked}
    for day, run in sorted(days.runs.items()):
        for sequence, times in enumerate(run.stops, 1):
            stop, was = times.stop, booked.get(times.stop.id)
            account, place = (was.account_id, was.place_id) if was else (stop.id, places[stop.id])
            yield BeatVisit(
                account, place, day, sequence, times.start_at, stop.visit_minutes, was.visit_id if was else None
            )

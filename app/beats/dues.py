"""When each account is wanted: the days of its rhythm in the period, on which days each visit may be, and in which week
it is tried first.

A rhythm of n days asks for a visit n days after the last one, and then every n days; what was due before the period is
due once, on its first day (coverage.rules.required counts the same). An account that was never visited is wanted once
within one rhythm from the beginning: all such accounts are spread over it, those worth most first.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache, lru_cache
from heapq import nsmallest
from itertools import zip_longest
from math import cos, hypot, radians
from statistics import fmean
from uuid import UUID

from app.accounts.rules import is_against
from app.beats.calendars import calendar_of, workdays
from app.beats.rules import Asked, Customer, Lack, Missing, RepWork
from app.kernel.geo import Position
from app.kernel.hours import Interval, parse_days, read_hours, windows_on
from app.planning.rules import Shift, Travel, shift_on, start_windows

FULL = 0.85  # of a week's time; what would fill it more is done in the week before, where that one is emptier
PATIENT = 28  # days of a rhythm that a week sooner does not hurt: such visits make the weeks even
QUIET = 0.3  # of a week's time, below which nobody minds how even it is
_SOON = 2  # weeks after the period, on whose days a wish may be held
_NEIGHBOURS = 3  # whose mean distance is what the way to a visit is thought to take


@dataclass(frozen=True, slots=True)
class Due:
    """A visit that is wanted: due on `due_on`, possible on `days` (ascending, each open and worked). It is tried from
    the week `week` to the week `until` of the period, both from 0."""

    customer: Customer
    due_on: date
    days: tuple[date, ...]
    week: int
    until: int


def gap_of(every_days: int) -> int:
    """Days that lie between two visits at least: half the rhythm."""
    return (every_days + 1) // 2


def week_of(day: date, asked: Asked) -> int:
    """In which week of the period, from 0."""
    return (day - asked.first_on).days // 7


def days_worked(work: RepWork, asked: Asked) -> tuple[date, ...]:
    """The days of the period that the rep works: days of the week, holidays, absences."""
    calendar = calendar_of(work.hours.zone) if asked.calendar is None else asked.calendar
    days = workdays(calendar, asked.weekdays, asked.first_on, asked.last_on)
    return tuple(day for day in days if not any(first <= day <= last for first, last in work.absent))


@lru_cache(maxsize=8192)
def welcome_on(hours: str, wish: str, zone: str, day: date) -> tuple[Interval, ...] | None:
    """When a place is open on a day, and where its wish is for that day, only then, as far as it is open; None where
    its hours are unknown. UTC."""
    open_at = windows_on(read_hours(hours), day, zone)
    if not wish or is_against(wish, day):
        return open_at
    wished = windows_on(parse_days(wish), day, zone) or ()
    if open_at is None:
        return wished
    both = ((max(a, c), min(b, d)) for a, b in open_at for c, d in wished)
    return tuple((start, end) for start, end in both if start < end) or open_at


def windows_in(customer: Customer, day: date, shift: Shift) -> tuple[Interval, ...]:
    """When the visit may take place within the shift of that day, in UTC; () where it may not."""
    found = welcome_on(customer.hours, customer.wish, customer.zone, day)
    if found is None:
        return ((shift.starts_at, shift.ends_at),)
    inside = ((max(start, shift.starts_at), min(end, shift.ends_at)) for start, end in found)
    return tuple((start, end) for start, end in inside if start < end)


# --- Which days is it due? -------------------------------------------------------------------------------------------


def due_days(customer: Customer, first_due: date, booked: Sequence[date], asked: Asked) -> tuple[date, ...]:
    """The days on which the account is due in the period, beside the visits that are booked; the first is `first_due`,
    even where that was before. A booked visit takes the place of one that is due half a rhythm later or sooner."""
    every, gap = timedelta(days=customer.every_days), timedelta(days=gap_of(customer.every_days))
    found: list[date] = []
    day, waiting = max(first_due, asked.first_on), sorted(booked)
    while day <= asked.last_on:
        if waiting and waiting[0] < day + gap:
            day = max(waiting.pop(0) + every, asked.first_on)
            continue
        found.append(day if found or day > asked.first_on else min(day, first_due))
        day += every
    return tuple(found)


def first_dues(customers: Sequence[Customer], asked: Asked) -> Mapping[UUID, date]:
    """Account -> when it is due first: a rhythm after its last visit, without one some day of the first rhythm."""
    found = {
        customer.account_id: customer.last_on + timedelta(days=customer.every_days)
        for customer in customers
        if customer.last_on is not None
    }
    never: defaultdict[int, list[Customer]] = defaultdict(list)
    for customer in sorted(customers, key=lambda customer: (-customer.value, customer.account_id)):
        if customer.last_on is None:
            never[customer.every_days].append(customer)
    for every, group in never.items():
        for place, customer in enumerate(group):
            found[customer.account_id] = asked.first_on + timedelta(days=place * every // len(group))
    return found


def booked_days(work: RepWork) -> Mapping[UUID, list[date]]:
    """Account -> days with a booked visit; every account is in it."""
    found: defaultdict[UUID, list[date]] = defaultdict(list)
    for visit in work.booked:
        found[visit.account_id].append(visit.day)
    return found


def dues_of(work: RepWork, asked: Asked, travel: Travel) -> tuple[list[Due], list[Missing]]:
    """Every visit that is wanted, each account's in the order of their days; and those that no day is possible for."""
    shifts = shifts_around(work, asked)
    booked = booked_days(work)
    first = first_dues(work.customers, asked)
    found: list[Due] = []
    missing: list[Missing] = []
    for customer in sorted(work.customers, key=lambda customer: customer.account_id):
        own = booked[customer.account_id]
        for number, due_on in enumerate(due_days(customer, first[customer.account_id], own, asked)):
            is_new = customer.last_on is None and number == 0
            due = due_of(customer, due_on, is_new, own, asked, shifts)
            if isinstance(due, Due):
                found.append(due)
            else:
                missing.append(Missing(customer.account_id, due_on, due))
    within = {day: shift for day, shift in shifts.items() if day <= asked.last_on}
    return _tried_until(_levelled(found, work, asked, within, travel), asked), missing


def shifts_around(work: RepWork, asked: Asked) -> Mapping[date, Shift]:
    """The shift of each day that the rep works in the period and in the two weeks after it."""
    soon = Asked(asked.last_on + timedelta(days=1), _SOON, asked.weekdays, asked.calendar)
    return {day: shift_on(day, work.hours) for each in (asked, soon) for day in days_worked(work, each)}


def due_of(
    customer: Customer, due_on: date, is_new: bool, booked: Sequence[date], asked: Asked, shifts: Mapping[date, Shift]
) -> Due | Lack:
    """One visit with its days: half a rhythm sooner than it is due at most (a new account's first one at any time), and
    until the next one is due. Whether the wish can be held is judged by all of these days, also by those after the
    period: `shifts` are those of `shifts_around`."""
    gap = gap_of(customer.every_days)
    wanted_on = max(due_on, asked.first_on)
    earliest = asked.first_on if is_new else wanted_on - timedelta(days=customer.every_days - gap)
    until = wanted_on + timedelta(days=customer.every_days)
    worked = [
        day for day in shifts if earliest <= day < until and all(abs((day - other).days) >= gap for other in booked)
    ]
    opened = [day for day in worked if start_windows(windows_in(customer, day, shifts[day]), customer.minutes)]
    wished = [day for day in opened if not is_against(customer.wish, day)] or opened
    possible = [day for day in wished if day <= asked.last_on]
    if not possible:
        return _lack([day for day in worked if day <= asked.last_on], [day for day in opened if day <= asked.last_on])
    weeks = {week_of(day, asked) for day in possible}
    home = week_of(wanted_on, asked)
    if home not in weeks:
        home = week_of(min(possible, key=lambda day: (abs((day - wanted_on).days), day)), asked)
    return Due(customer, due_on, tuple(possible), home, home)


def _lack(worked: Sequence[date], opened: Sequence[date]) -> Lack:
    """Why there is no day: of those in the period, which are worked, and which of these it is open on."""
    return Lack.WISH if opened else Lack.CLOSED if worked else Lack.NO_WORKDAY


# --- In which week? --------------------------------------------------------------------------------------------------


def _levelled(
    dues: Sequence[Due], work: RepWork, asked: Asked, shifts: Mapping[date, Shift], travel: Travel
) -> list[Due]:
    """The dues, some a week sooner: from the last week on, what would fill it beyond FULL, and of patient rhythms also
    what would fill it beyond the average; the first due first."""
    lasting = _lasting(work, shifts, travel)
    room, filled = [0.0] * asked.weeks, [0.0] * asked.weeks
    for day, shift in shifts.items():
        room[week_of(day, asked)] += work_seconds(shift)
    for visit in work.booked:
        if asked.first_on <= visit.day <= asked.last_on:
            filled[week_of(visit.day, asked)] += lasting(visit.position, visit.minutes)
    load = [lasting(due.customer.position, due.customer.minutes) for due in dues]
    weeks = [due.week for due in dues]
    for week, seconds in zip(weeks, load, strict=True):
        filled[week] += seconds

    def share(week: int) -> float:
        return filled[week] / room[week] if room[week] else 1.0

    average = max(QUIET, sum(filled) / (sum(room) or 1.0))
    for week in range(asked.weeks - 1, 0, -1):
        for number in _sooner(dues, weeks, week, asked):
            if share(week) <= min(average, FULL) or share(week - 1) >= share(week):
                break
            if share(week) <= FULL and dues[number].customer.every_days < PATIENT:
                continue
            weeks[number] = week - 1
            filled[week] -= load[number]
            filled[week - 1] += load[number]
    return [replace(due, week=week) for due, week in zip(dues, weeks, strict=True)]


def _sooner(dues: Sequence[Due], weeks: Sequence[int], week: int, asked: Asked) -> list[int]:
    """Those of a week that can be a week sooner, beside no other visit of their account; the first due first, and of
    these the longest rhythm."""

    def can(number: int) -> bool:
        due, before = dues[number], dues[number - 1]
        same = number > 0 and before.customer.account_id == due.customer.account_id
        free = not same or weeks[number - 1] < week - 1
        return free and any(week_of(day, asked) == week - 1 for day in due.days)

    numbers = [number for number, at in enumerate(weeks) if at == week and can(number)]
    return sorted(numbers, key=lambda number: (dues[number].due_on, -dues[number].customer.every_days, number))


def work_seconds(shift: Shift) -> int:
    """How long a shift is without its lunch."""
    lunch = 60 * shift.lunch.minutes if shift.lunch else 0
    return max(0, round((shift.ends_at - shift.starts_at).total_seconds()) - lunch)


def _lasting(work: RepWork, shifts: Mapping[date, Shift], travel: Travel) -> Callable[[Position | None, int], float]:
    """How many seconds a visit at a position takes with its way, roughly: that from its nearest neighbours. Where a day
    has so many visits at most, each takes its share of it at least."""
    day = max(map(work_seconds, shifts.values()), default=0)
    least = day / work.most_visits if work.most_visits else 0.0
    others = list(dict.fromkeys(customer.position for customer in work.customers if customer.position is not None))

    @cache
    def way(position: Position | None) -> float:
        if position is None:
            return 0.0
        narrow = cos(radians(position.lat))

        def away(other: Position) -> float:
            return hypot(other.lat - position.lat, narrow * (other.lon - position.lon))

        near = nsmallest(_NEIGHBOURS + 1, others, key=away)
        ways = [seconds for other in near if (seconds := travel(other, position)) is not None and other != position]
        return fmean(ways[:_NEIGHBOURS]) if ways else 0.0

    return lambda position, minutes: max(60 * minutes + way(position), least)


def _tried_until(dues: Sequence[Due], asked: Asked) -> list[Due]:
    """How long each is tried: until the week before the next visit of its account, and as long as it has days."""
    found: list[Due] = []
    for due, after in zip_longest(dues, dues[1:]):
        same = after is not None and after.customer.account_id == due.customer.account_id
        last = week_of(due.days[-1], asked)
        found.append(replace(due, until=max(due.week, min(last, after.week - 1) if same else last)))
    return found

"""A rep's weeks: every rule is kept, nothing is lost, the days are even, and the same work has the same plan."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.accounts.rules import is_against
from app.beats import weeks
from app.beats.calendars import Calendar
from app.beats.days import SMALL_DAY, Days
from app.beats.dues import days_worked, due_days, first_dues, gap_of, windows_in
from app.beats.rules import OUT_OF_ROOM, Asked, BeatVisit, Customer, Lack, RepWork
from app.beats.weeks import plan_rep
from app.coverage.rules import Course, required
from app.kernel.geo import Position
from app.planning.rules import Shift, Stop, arrivals, shift_on
from tests.beats.works import BASE, HOURS, MONDAY, QUICK, asked, booked, customer, local, planned, travel, work, works

NOWHERE = Position(25.0, 121.5)


def after(days: int) -> date:
    return MONDAY + timedelta(days=days)


def on_days(visits: tuple[BeatVisit, ...]) -> dict[date, list[BeatVisit]]:
    found: defaultdict[date, list[BeatVisit]] = defaultdict(list)
    for visit in visits:
        found[visit.day].append(visit)
    return found


def day_of(done: RepWork, day: date, visits: list[BeatVisit]) -> tuple[list[Stop], Shift]:
    """A day of a draft, from what was given and nothing that the planner made of it."""
    shift = shift_on(day, replace(done.hours, most_visits=done.most_visits))
    customers = {each.account_id: each for each in done.customers}
    own = {each.visit_id: each for each in done.booked}
    stops = [
        Stop(own[each.booked].visit_id, own[each.booked].position, each.minutes, None, own[each.booked].fixed_at)
        if each.booked
        else Stop(
            each.account_id,
            customers[each.account_id].position,
            each.minutes,
            windows_in(customers[each.account_id], day, shift),
        )
        for each in visits
    ]
    return stops, replace(
        shift, most_stops=max(done.most_visits or 99, sum(each.booked is not None for each in visits))
    )


many = settings(max_examples=40)
given_works = given(st.integers(1, 3).flatmap(lambda count: st.tuples(works(count), st.just(asked(count)))))


@many
@given_works
def test_every_day_keeps_every_rule(drawn: tuple[RepWork, Asked]) -> None:
    done, what = drawn
    draft = planned(done, what)
    worked = set(days_worked(done, what))
    assert {load.day for load in draft.days} == worked | {each.day for each in done.booked}
    for day, visits in on_days(draft.visits).items():
        assert [each.sequence for each in visits] == list(range(1, len(visits) + 1))
        assert day in worked or all(each.booked for each in visits)
        stops, shift = day_of(done, day, visits)
        run = arrivals(stops, shift, travel=travel)
        assert run.is_feasible
        assert [times.start_at for times in run.stops] == [each.planned_at for each in visits]
        load = next(load for load in draft.days if load.day == day)
        assert (load.visits, load.drive_seconds) == (len(visits), run.travel_seconds)
        assert load.spare_seconds >= 0


@many
@given_works
def test_rhythms_and_wishes_are_held(drawn: tuple[RepWork, Asked]) -> None:
    done, what = drawn
    draft = planned(done, what)
    worked = days_worked(done, what)
    for each in done.customers:
        made = [visit for visit in draft.visits if visit.account_id == each.account_id]
        own = [visit.day for visit in done.booked if visit.account_id == each.account_id]
        for visit in made:
            if visit.booked:
                continue
            others = [*own, *(other.day for other in made if other is not visit)]
            gaps = [abs((visit.day - other).days) for other in others]
            if each.last_on:
                gaps.append((visit.day - each.last_on).days)
            assert all(gap >= gap_of(each.every_days) for gap in gaps)
            if is_against(each.wish, visit.day):
                # Then no day within half a rhythm after it is with the wish, open and worked.
                half = timedelta(days=each.every_days - gap_of(each.every_days))
                assert not any(
                    _is_open(each, day)
                    and not is_against(each.wish, day)
                    and all(abs((day - other).days) >= gap_of(each.every_days) for other in own)
                    for day in worked
                    if visit.day < day < visit.day + half
                )


def _is_open(one: Customer, day: date) -> bool:
    windows = windows_in(one, day, shift_on(day, HOURS))
    return any(end - start >= timedelta(minutes=one.minutes) for start, end in windows)


@many
@given_works
def test_nothing_is_lost(drawn: tuple[RepWork, Asked]) -> None:
    done, what = drawn
    draft = planned(done, what)
    first = first_dues(done.customers, what)
    made = Counter(each.account_id for each in draft.visits if each.booked is None)
    missing = Counter(each.account_id for each in draft.missing if each.booked is None)
    for each in done.customers:
        own = [visit.day for visit in done.booked if visit.account_id == each.account_id]
        wanted = len(due_days(each, first[each.account_id], own, what))
        assert made[each.account_id] + missing[each.account_id] == wanted
        if each.last_on and not own:
            assert wanted == required(Course(each.every_days, before_on=each.last_on), what.first_on, what.last_on)
    stand = [each.booked for each in (*draft.visits, *draft.missing) if each.booked]
    assert sorted(stand) == sorted(each.visit_id for each in done.booked)
    short = [each for each in draft.missing if each.reason in OUT_OF_ROOM]
    assert (draft.shortfall.visits if draft.shortfall else 0) == len(short)


@settings(max_examples=15)
@given(works(2), st.randoms(use_true_random=False))
def test_the_same_work_has_the_same_plan_in_whichever_order_it_is_told(done: RepWork, dice: object) -> None:
    told = list(done.customers)
    dice.shuffle(told)  # type: ignore[attr-defined]
    first, second = (planned(each, asked(2)) for each in (done, replace(done, customers=tuple(told))))
    assert first == second


def test_days_of_one_week_have_as_many_visits_as_the_others() -> None:
    crowd = [customer(number, last_on=after(-30)) for number in range(1, 16)]
    draft = planned(work(*crowd), asked(1, weekdays=frozenset({0, 1})))
    assert sorted(load.visits for load in draft.days) == [7, 8]


def test_even_where_some_can_be_on_one_day_only() -> None:
    monday = [customer(number, hours="Mon 09:00-18:00", minutes=20, last_on=after(-30)) for number in range(1, 4)]
    others = [customer(number, minutes=20, last_on=after(-30)) for number in range(4, 21)]
    draft = planned(work(*monday, *others), asked(1, weekdays=frozenset({0, 1})))
    assert sorted(load.visits for load in draft.days) == [10, 10]


def test_the_limits_alone_make_days_even_and_changes_alone_do(monkeypatch: pytest.MonkeyPatch) -> None:
    near = [customer(number, position=BASE, minutes=20, last_on=after(-30)) for number in range(1, 16)]
    done, what = work(*near), asked(1, weekdays=frozenset({0, 1}))
    with monkeypatch.context() as alone:
        alone.setattr(Days, "even_out", lambda *_: None)
        assert sorted(load.visits for load in planned(done, what).days) == [7, 8]
        alone.setattr(weeks, "_even", lambda days, here, *_: [days.shifts[day] for day in here])
        assert sorted(load.visits for load in planned(done, what).days) == [0, 15]
    monkeypatch.setattr(weeks, "_even", lambda days, here, *_: [days.shifts[day] for day in here])
    assert sorted(load.visits for load in planned(done, what).days) == [7, 8]


def test_the_next_visit_waits_for_half_a_rhythm_after_a_late_one() -> None:
    # Due on Monday, made on Friday; on the Monday after the others are visited next door.
    weekly = customer(1, every_days=7, position=BASE, last_on=after(-7))
    others = [customer(number, hours="Mon 09:00-18:00", position=BASE, last_on=after(7 - 28)) for number in (2, 3, 4)]
    draft = planned(work(weekly, *others, absent=((after(0), after(3)),)), asked(2))
    first, second = sorted(each.day for each in draft.visits if each.account_id == weekly.account_id)
    assert (first, (second - first).days >= 4) == (after(4), True)


def test_few_visits_are_not_spread_over_the_week() -> None:
    few = [customer(number, last_on=after(-30)) for number in range(1, SMALL_DAY + 1)]
    draft = planned(work(*few), asked())
    assert sorted(load.visits for load in draft.days) == [0, 0, 0, 0, SMALL_DAY]


def test_a_booked_visit_stays_at_its_time_and_others_go_around_it() -> None:
    own = booked(1, 1, after(2), fixed_at=local(after(2), 11), minutes=60)
    crowd = [customer(number, minutes=60, last_on=after(-30)) for number in range(1, 30)]
    draft = planned(work(*crowd, booked=(own,)), asked())
    (stays,) = [each for each in draft.visits if each.account_id == UUID(int=1)]
    assert (stays.day, stays.booked) == (after(2), own.visit_id)
    assert stays.planned_at == local(after(2), 11)
    assert all(local(after(2), 10) >= each.planned_at or each.planned_at >= local(after(2), 12)
               for each in draft.visits if each.day == after(2) and not each.booked)  # fmt: skip


def test_booked_visits_stay_on_days_that_are_not_worked_and_alone() -> None:
    own = booked(1, 30, after(5), windows=())  # a Saturday on which the place is closed
    crowd = [customer(number, minutes=120, last_on=after(-30)) for number in range(1, 25)]
    draft = planned(work(*crowd, booked=(own,)), asked())
    assert [each.booked for each in draft.visits if each.day == after(5)] == [own.visit_id]


def test_agreed_times_outside_of_the_working_hours_are_told_or_come_late() -> None:
    early = planned(work(booked=(booked(1, 1, after(0), fixed_at=local(after(0), 7)),)), asked())
    assert [each.planned_at for each in early.visits] == [local(after(0), 9)]
    late = planned(work(booked=(booked(1, 1, after(0), fixed_at=local(after(0), 19)),)), asked())
    assert [(each.reason, each.booked is not None) for each in late.missing] == [(Lack.TOO_LONG, True)]


def test_booked_visits_that_clash_are_told() -> None:
    own = [booked(number, number, after(0), minutes=300) for number in (1, 2)]
    draft = planned(work(booked=tuple(own)), asked())
    assert len(draft.visits) == 1
    (missing,) = draft.missing
    assert (missing.reason, missing.booked is not None, missing.wanted_on) == (Lack.CLASH, True, after(0))
    assert draft.shortfall is None


def test_who_has_booked_more_than_the_limit_keeps_them() -> None:
    own = [booked(number, number, after(0), minutes=minutes) for number, minutes in enumerate((100, 120, 180), 1)]
    for what in (asked(), asked(weekdays=frozenset({0}))):
        draft = planned(work(booked=tuple(own), most_visits=2), what)
        assert len(draft.visits) == 3


def test_what_a_week_has_no_room_for_comes_in_the_next() -> None:
    crowd = [customer(number, minutes=90, last_on=after(-30), value=number) for number in range(1, 31)]
    draft = planned(work(*crowd), asked(2))
    assert not draft.missing
    weeks_of = {each.account_id.int: (each.day - MONDAY).days // 7 for each in draft.visits}
    early = [number for number, week in weeks_of.items() if week == 0]
    assert len(early) >= 18
    assert set(range(25, 31)) <= set(early)  # whoever is worth most


def test_what_is_overdue_comes_before_what_waited_less() -> None:
    late = [customer(number, minutes=90, last_on=after(-60), value=4) for number in range(1, 11)]
    fresh = [customer(number, minutes=90, last_on=after(-22), value=4) for number in range(11, 31)]
    draft = planned(work(*late, *fresh, most_visits=3), asked(2))
    assert {each.account_id.int for each in draft.visits} >= set(range(1, 11))


def one_a_week(*customers: Customer, most: int = 1) -> RepWork:
    """Planned on Mondays only."""
    return work(*customers, most_visits=most)


MONDAYS = frozenset({0})


def test_who_waits_weighs_more_from_week_to_week() -> None:
    waits = customer(9, value=4, last_on=after(-28))
    others = [customer(1 + week, value=5, last_on=after(7 * week - 28)) for week in range(4)]
    draft = planned(one_a_week(waits, *others), asked(4, weekdays=MONDAYS))
    assert waits.account_id in {each.account_id for each in draft.visits}


def test_who_comes_a_week_sooner_takes_nobodys_place() -> None:
    due = [customer(number, value=4, last_on=after(-28)) for number in (1, 2)]
    crowd = [customer(number, value=6, last_on=after(7 - 28)) for number in (3, 4, 5, 6)]
    draft = planned(one_a_week(*due, *crowd, most=2), asked(2, weekdays=MONDAYS))
    assert {each.account_id.int for each in draft.visits if each.day == MONDAY} == {1, 2}


def test_two_visits_of_an_account_are_never_tried_in_the_same_week() -> None:
    # The second and the third both want the Monday of the third week.
    one = customer(1, every_days=8, hours="Mon 09:00-18:00", last_on=after(-8))
    draft = planned(work(one, absent=((after(7), after(7)),)), asked(4))
    assert [each.day for each in draft.visits] == [after(0), after(14), after(21)]


def test_a_week_looks_at_no_more_than_it_could_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    real = weeks.best_days

    def counted(stops: list[Stop], *more: object) -> object:
        looked.append(len(stops))
        return real(stops, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(weeks, "best_days", counted)
    crowd = [customer(number, value=number % 7, minutes=45, last_on=after(-30)) for number in range(1, 301)]
    draft = planned(work(*crowd), asked())
    assert looked == [64]  # 48 hours for a week of 40
    assert len(draft.visits) + len(draft.missing) == 300


def days_with(*orders: list[Stop]) -> Days:
    shifts = {after(number): shift_on(after(number), HOURS) for number in range(len(orders))}
    runs = {day: arrivals(order, shifts[day], travel=travel) for day, order in zip(shifts, orders, strict=True)}
    return Days(runs, shifts, frozenset(shifts), travel)


def stops(count: int, minutes: int, position: Position, first: int = 1) -> list[Stop]:
    both = tuple((local(after(number), 9), local(after(number), 18)) for number in range(2))
    return [Stop(UUID(int=first + number), position, minutes, both) for number in range(count)]


@pytest.mark.parametrize(
    ("monday", "tuesday", "even"),
    [
        (stops(12, 20, BASE), stops(3, 20, BASE, 50), (8, 7)),
        (stops(6, 30, BASE), stops(3, 130, BASE, 50), (6, 3)),  # Tuesday is the longer day
        (stops(6, 30, Position(31.4, 121.4)), [], (6, 0)),  # an hour's drive is made once
        (stops(4, 30, BASE), [], (4, 0)),
    ],
)
def test_days_are_made_even_where_that_makes_none_longer_and_no_detour(
    monday: list[Stop], tuesday: list[Stop], even: tuple[int, int]
) -> None:
    days = days_with(monday, tuesday)
    days.even_out(sorted(days.runs))
    assert tuple(len(days.runs[day].stops) for day in sorted(days.runs)) == even
    assert all(run.is_feasible for run in days.runs.values())


def test_in_the_golden_week_nobody_is_visited_and_on_the_saturday_after_somebody_is() -> None:
    what = Asked(date(2026, 9, 28), 2, calendar=None)  # by the zone: China's
    crowd = [customer(number, minutes=100, last_on=date(2026, 9, 1)) for number in range(1, 26)]
    draft = planned(work(*crowd, most_visits=4), what)
    days = {load.day for load in draft.days}
    assert days == {date(2026, 9, 28), date(2026, 9, 29), date(2026, 9, 30)} | {date(2026, 10, n) for n in (8, 9, 10)}
    assert any(each.day == date(2026, 10, 10) for each in draft.visits)
    assert not planned(work(*crowd), replace(what, calendar=Calendar.NONE)).missing


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (customer(1, last_on=after(-30), minutes=600), Lack.CLOSED),
        (customer(1, last_on=after(-30), position=Position(35.0, 121.4)), Lack.TOO_LONG),
        (customer(1, last_on=after(-30), position=NOWHERE), Lack.UNREACHABLE),
    ],
)
def test_who_cannot_be_visited_is_missing_with_the_reason_and_no_shortfall(one: object, reason: Lack) -> None:
    def island(origin: Position | None, target: Position | None) -> int | None:
        return None if NOWHERE in (origin, target) and origin != target else travel(origin, target)

    draft = plan_rep(work(one), asked(2), island, QUICK, lambda _: True)  # type: ignore[arg-type]
    assert draft is not None
    assert [(each.reason, each.booked) for each in draft.missing] == [(reason, None)]
    assert draft.shortfall is None


def test_without_customers_the_days_are_there_and_empty() -> None:
    draft = planned(work(), asked())
    assert [(load.visits, load.spare_seconds) for load in draft.days] == [(0, 8 * 3600)] * 5
    assert draft.visits == draft.missing == ()


def test_somebody_who_is_away_has_no_days() -> None:
    draft = planned(work(customer(1, last_on=after(-30)), absent=((after(0), after(6)),)), asked())
    assert draft.days == ()
    assert [each.reason for each in draft.missing] == [Lack.NO_WORKDAY]
    assert draft.shortfall is not None


def test_the_weeks_are_told_and_can_be_broken_off() -> None:
    heard: list[date] = []

    def twice(monday: date) -> bool:
        heard.append(monday)
        return len(heard) < 2

    assert plan_rep(work(customer(1)), asked(5), travel, QUICK, twice) is None
    assert heard == [after(0), after(7)]


def test_the_clock_that_ends_a_search_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    real = weeks.best_days
    monkeypatch.setattr(weeks, "best_days", lambda *given: replace(real(*given), cut_short=True))
    assert planned(work(customer(1, last_on=after(-30))), asked()).cut_short
    monkeypatch.undo()
    assert not planned(work(customer(1, position=BASE, last_on=after(-30))), asked()).cut_short

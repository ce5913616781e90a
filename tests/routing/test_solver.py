"""Plans against every plan there is, on small days; the same plan twice; days that cannot be planned."""

import random
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings

from app.routing import by_vroom, search, solver
from app.routing.clock import Clock
from app.routing.problem import ANY_TIME, UNREACHABLE, Day, Lunch, Problem, Visit
from app.routing.repair import value
from app.routing.simulator import breaches, simulate
from app.routing.solver import plan
from app.routing.why import Cause, Reason, causes, detours, no_day
from tests.routing.days import every_plan, finishes, problems

WORK = 0.01  # seconds for each engine


def best_of_all(problem: Problem) -> tuple[int, int, int]:
    days = range(len(problem.days))
    legal = (
        orders
        for orders in every_plan(problem)
        if all(finishes(problem, day, orders[day]) or not (orders[day] or finishes(problem, day, ())) for day in days)
    )
    return max(value(problem, orders) for orders in legal)


def grid(size: int, seed: int, *, must: int = 0, lunch: bool = True, days: int = 1) -> Problem:
    """A town of so many accounts, some with two windows, and working days from 8 to 17."""
    dice = random.Random(seed)
    points = [(dice.randrange(3000), dice.randrange(3000)) for _ in range(size + 1)]
    travel = [[0 if a == b else 180 + abs(a[0] - b[0]) // 2 + abs(a[1] - b[1]) // 2 for b in points] for a in points]
    hours = (((30_000, 36_000), (48_000, 57_000)), ((28_800, 57_600),), ((28_800, 37_000),))
    visits = tuple(
        Visit(node, dice.choice((1200, 1800, 3600)), (dice.choice(hours),) * days, node <= must, dice.randint(1, 9))
        for node in range(1, size + 1)
    )
    noon = Lunch(41_400, 47_700, 2700) if lunch else None
    return Problem(visits, (Day(0, 0, 28_800, 61_200, noon, 10),) * days, travel)


@settings(max_examples=60)
@given(problems(most=4))
def test_a_small_day_is_as_good_as_the_best_of_all(problem: Problem) -> None:
    found = plan(problem, WORK)
    if not found.hopeless:
        assert not list(breaches(problem, found.runs))
    assert value(problem, found.orders) == best_of_all(problem)


@settings(max_examples=25)
@given(problems(most=3, days=2))
def test_two_small_days_are_as_good_as_the_best_of_all(problem: Problem) -> None:
    assert value(problem, plan(problem, WORK).orders) == best_of_all(problem)


@pytest.mark.parametrize("days", [3, 5])
def test_several_days_whose_lunch_may_be_left_out_are_planned(days: int) -> None:
    problem = grid(12, seed=7, days=days)
    noon = Lunch(41_400, 47_700, 2700, unless_over=True)
    problem = replace(problem, days=tuple(replace(day, lunch=noon) for day in problem.days))
    found = plan(problem, WORK)
    assert sum(map(len, found.orders)) == 12
    assert not list(breaches(problem, found.runs))


@settings(max_examples=40)
@given(problems(most=4))
def test_everybody_is_in_the_plan_or_left_out_with_a_reason(problem: Problem) -> None:
    found = plan(problem, WORK)
    left = [out.visit for out in found.left_out]
    assert sorted([*left, *(visit for order in found.orders for visit in order)]) == list(range(len(problem.visits)))
    for out in found.left_out:
        alone = simulate(problem, 0, (out.visit,)).breaches
        impossible = {Reason.MUSTS_CLASH, Reason.NO_TIME, Reason.NOT_WORTH}
        assert not (alone and out.reason in impossible)


@pytest.mark.parametrize("days", [1, 2])
def test_the_same_day_has_the_same_plan(days: int) -> None:
    problem = grid(25, 3, must=2, days=days)
    first, second = plan(problem, 0.03), plan(problem, 0.03)
    assert first.orders == second.orders
    assert not (first.cut_short or second.cut_short)


def test_vroom_has_one_answer_where_days_are_alike() -> None:
    """Its searches ran in threads, and which of two equal beginnings went on was up to the system."""
    for seed in range(60):
        problem = grid(4, seed, days=2, lunch=False)
        assert len({by_vroom.solve(problem, Clock(problem), timedelta(minutes=1)) for _ in range(40)}) == 1


def test_vroom_is_not_cut_off_in_silence() -> None:
    """It divides its time among its searches: with several, one that was held up ended before the guard was reached."""
    for seed in range(20):
        problem = grid(30, seed)
        began = time.perf_counter()
        whole = by_vroom.solve(problem, Clock(problem), timedelta(minutes=1))
        guard = 1.05 * (time.perf_counter() - began)
        began = time.perf_counter()
        again = by_vroom.solve(problem, Clock(problem), timedelta(seconds=guard))
        assert again == whole or time.perf_counter() - began >= guard


def test_a_guard_is_kept_to_the_fraction_of_a_millisecond() -> None:
    """VROOM knows whole ones only, and stopped up to one before the guard: cut off, and not told."""
    for seed in range(20):
        problem = grid(8, seed)
        whole = by_vroom.solve(problem, Clock(problem), timedelta(minutes=1))
        for guard in range(500, 4000, 100):
            began = time.perf_counter()
            again = by_vroom.solve(problem, Clock(problem), timedelta(microseconds=guard))
            assert again == whole or time.perf_counter() - began >= guard / 1e6


def test_every_must_is_in_the_plan_that_can_be() -> None:
    found = plan(grid(12, 5, must=6), WORK)
    assert set(range(6)) <= set(found.orders[0])
    assert found.runs[0].lunch_start is not None


def test_musts_that_clash_are_left_out_for_others() -> None:
    long = Visit(1, 3000, (ANY_TIME,), must=True)
    problem = Problem((long, long, Visit(1, 10, (ANY_TIME,), prize=9)), (Day(0, 0, 0, 5000),), [[0, 60], [60, 0]])
    found = plan(problem, WORK)
    assert sorted(found.orders[0])[1:] == [2]
    assert [out.reason for out in found.left_out] == [Reason.MUSTS_CLASH]


def test_musts_that_clash_are_no_accident_however_long_one_looks() -> None:
    """PyVRP warns then, and warnings are errors here."""
    visits = tuple(Visit(1, 3000, (ANY_TIME,), must=True) for _ in range(12))
    problem = Problem(visits, (Day(0, 0, 0, 20_000),), [[0, 60], [60, 0]])
    found = plan(problem, 1.0)
    assert (len(found.orders[0]), {out.reason for out in found.left_out}) == (6, {Reason.MUSTS_CLASH})


def left(visit: Visit, day: Day, way: int = 10) -> Reason:
    (out,) = plan(Problem((visit,), (day,), [[0, way], [way, 0]]), WORK).left_out
    return out.reason


SHIFT = Day(0, 0, 100, 1000)


@pytest.mark.parametrize(
    ("visit", "day", "way", "reason"),
    [
        (Visit(1, 10, ((),), prize=1), SHIFT, 10, Reason.CLOSED),
        (Visit(1, 10, (ANY_TIME,), must=True), SHIFT, UNREACHABLE, Reason.UNREACHABLE),
        (Visit(1, 10, (((1100, 1200),),), must=True), SHIFT, 10, Reason.OUTSIDE_SHIFT),
        (Visit(1, 10, (((0, 90),),), must=True), SHIFT, 10, Reason.OUTSIDE_SHIFT),
        (Visit(1, 990, (ANY_TIME,), prize=5), SHIFT, 10, Reason.OUTSIDE_SHIFT),
        (Visit(1, 10, (((100, 150),),), prize=5), SHIFT, 60, Reason.CLOSES_TOO_SOON),
        (Visit(1, 860, (ANY_TIME,), prize=5), replace(SHIFT, lunch=Lunch(500, 600, 10)), 10, Reason.NO_LUNCH),
        (Visit(1, 10, (ANY_TIME,), prize=5), replace(SHIFT, lunch=Lunch(0, 50, 10)), 10, Reason.NO_LUNCH_POSSIBLE),
        (Visit(1, 10, (ANY_TIME,), prize=5), replace(SHIFT, closes=50), 10, Reason.NO_DAY),
        (Visit(1, 10, (ANY_TIME,), prize=5), replace(SHIFT, max_stops=0), 10, Reason.MAX_STOPS),
        (Visit(1, 10, (ANY_TIME,)), SHIFT, 10, Reason.NOT_WORTH),
    ],
)
def test_who_is_left_out_is_told_why(visit: Visit, day: Day, way: int, reason: Reason) -> None:
    assert left(visit, day, way) == reason


def test_who_is_worth_less_finds_no_time_or_no_place_left() -> None:
    visits = tuple(Visit(1, 400, (ANY_TIME,), prize=prize) for prize in (1, 5, 9))
    found = plan(Problem(visits, (SHIFT,), [[0, 10], [10, 0]]), WORK)
    assert [(out.visit, out.reason) for out in found.left_out] == [(0, Reason.NO_TIME)]
    found = plan(Problem(visits, (replace(SHIFT, max_stops=1),), [[0, 10], [10, 0]]), WORK)
    assert [out.reason for out in found.left_out] == [Reason.MAX_STOPS] * 2
    assert found.orders == ((2,),)


def test_stops_are_told_why_they_are_there() -> None:
    way = [[0, 400, 400, 900], [400, 0, 0, 600], [400, 0, 0, 600], [900, 600, 600, 0]]
    visits = (Visit(1, 1, (ANY_TIME,), must=True), Visit(2, 1, (ANY_TIME,), prize=1), Visit(3, 1, (ANY_TIME,), prize=1))
    problem = Problem(visits, (Day(0, 0, 0, 9000),), way)
    run = simulate(problem, 0, (0, 1, 2))
    assert causes(problem, 0, run) == (Cause.MUST, Cause.ON_THE_WAY, Cause.VALUE)
    assert detours(problem, 0, run) == (0, 0, 1100)


def test_nothing_to_plan_is_an_empty_day() -> None:
    found = plan(Problem((), (replace(SHIFT, lunch=Lunch(200, 300, 50)),), [[0]]), WORK)
    assert (found.orders, found.left_out, found.engine) == (((),), (), "none")
    assert found.runs[0].lunch_start == 200


def test_parking_again_at_the_same_place_takes_its_time() -> None:
    visits = tuple(Visit(1, 100, (ANY_TIME,), prize=1) for _ in range(2))
    way = [[0, 10], [10, 90]]
    (run,) = plan(Problem(visits, (SHIFT,), way), WORK).runs
    assert (len(run.stops), run.travel) == (2, 110)
    (run,) = plan(Problem(visits, (replace(SHIFT, closes=400),), way), WORK).runs
    assert len(run.stops) == 1


def test_a_way_home_that_is_there_only_after_a_visit_will_do() -> None:
    way = [[0, 10, UNREACHABLE], [10, 0, 10], [UNREACHABLE, 10, 0]]
    found = plan(Problem((Visit(1, 10, (ANY_TIME,), prize=1),), (Day(0, 2, 100, 1000),), way), WORK)
    assert (found.orders, found.hopeless) == (((0,),), ())


def test_a_hopeless_day_leaves_the_other_days_their_visits() -> None:
    visit = Visit(1, 10, (ANY_TIME, ANY_TIME), must=True)
    problem = Problem((visit,), (replace(SHIFT, closes=50), SHIFT), [[0, 10], [10, 0]])
    found = plan(problem, WORK)
    assert (found.hopeless, found.orders) == ((0,), ((), (0,)))
    assert no_day(problem, 0) == Reason.NO_DAY


def test_two_thousand_candidates_are_planned() -> None:
    problem = grid(2000, 11, must=3)
    found = plan(problem, WORK)
    assert not list(breaches(problem, found.runs))
    assert (len(found.orders[0]), len(found.left_out)) == (10, 1990)


def test_windows_of_each_day_are_its_own() -> None:
    monday, tuesday = ((200, 300),), ((400, 500),)
    visits = (Visit(1, 10, (monday, ()), must=True), Visit(1, 10, ((), tuesday), must=True))
    found = plan(Problem(visits, (SHIFT, SHIFT), [[0, 10], [10, 0]]), WORK)
    assert found.orders == ((0,), (1,))
    assert [run.stops[0].start for run in found.runs] == [200, 400]


def test_a_plan_that_the_simulator_refuses_is_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = grid(8, 2, lunch=False)
    monkeypatch.setattr(search.by_vroom, "solve", lambda *_, **__: (tuple(range(8)) * 2,))
    monkeypatch.setattr(search.by_pyvrp, "solve", lambda *_, **__: None)
    monkeypatch.setattr(search.beam, "best", lambda *_, **__: None)
    found = plan(problem, WORK)
    assert found.engine == "vroom"
    assert found.orders[0]
    assert not list(breaches(problem, found.runs))


def test_the_guard_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solver, "GUARD", 0)
    monkeypatch.setattr(solver, "LEAST_GUARD", 0)
    found = plan(grid(8, 2), WORK)
    assert found.cut_short
    assert not list(breaches(grid(8, 2), found.runs))

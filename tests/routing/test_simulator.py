"""The simulator agrees with every way to walk through a small day, second by second."""

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.routing.problem import ANY_TIME, UNREACHABLE, Day, Lunch, Problem, Visit, normal
from app.routing.simulator import Breach, breaches, simulate, simulate_all
from tests.routing.days import finishes, problems

WAY = [[0, 10, 20], [10, 0, 10], [20, 10, 0]]


def day(*visits: Visit, lunch: Lunch | None = None, closes: int = 100, max_stops: int | None = None) -> Problem:
    return Problem(visits, (Day(0, 2, 0, closes, lunch, max_stops),), WAY)


@settings(max_examples=150)
@given(problems(most=3))
def test_it_finds_a_breach_exactly_where_no_second_for_lunch_keeps_the_rules(problem: Problem) -> None:
    for size in range(len(problem.visits) + 1):
        for order in permutations(range(len(problem.visits)), size):
            run, ends = simulate(problem, 0, order), finishes(problem, 0, order)
            assert bool(run.breaches) == (not ends)
            if ends:
                assert run.finish == min(ends)


@settings(max_examples=100)
@given(problems(most=4), st.randoms(use_true_random=False))
def test_its_times_follow_each_other(problem: Problem, dice: st.DataObject) -> None:
    order = list(range(len(problem.visits)))
    dice.shuffle(order)  # type: ignore[attr-defined]
    run, clock = simulate(problem, 0, tuple(order)), 0
    assert run.order == tuple(order)
    for stop in run.stops:
        assert clock + stop.travel <= stop.arrive <= stop.start
        assert stop.depart == stop.start + problem.visits[stop.visit].service
        clock = stop.depart
    assert run.travel == sum(problem.legs(problem.days[0], run.order))
    assert run.finish >= clock


def test_lunch_interrupts_the_drive() -> None:
    run = simulate(day(Visit(1, 5, (ANY_TIME,)), lunch=Lunch(4, 6, 30)), 0, (0,))
    assert (run.lunch_start, run.stops[0].arrive, run.stops[0].start, run.finish) == (4, 40, 40, 55)


def test_who_is_there_before_lunch_eats_at_the_place() -> None:
    visit = Visit(1, 5, (((20, 60),),))
    run = simulate(day(visit, lunch=Lunch(15, 15, 10)), 0, (0,))
    assert (run.lunch_start, run.stops[0].arrive, run.stops[0].start) == (15, 10, 25)


def test_a_day_that_is_over_needs_no_lunch_where_that_is_said() -> None:
    lunch = Lunch(60, 90, 50)
    assert simulate(day(lunch=lunch), 0, ()).breaches == ((Breach.AFTER_SHIFT, None),)
    assert simulate(day(lunch=replace(lunch, unless_over=True)), 0, ()).lunch_start is None


@pytest.mark.parametrize(
    ("problem", "order", "breach"),
    [
        (day(Visit(1, 5, ((),))), (0,), (Breach.CLOSED, 0)),
        (day(Visit(1, 5, (((0, 9),),))), (0,), (Breach.TOO_LATE, 0)),
        (day(Visit(1, 81, (ANY_TIME,))), (0,), (Breach.AFTER_SHIFT, None)),
        (day(Visit(1, 5, (ANY_TIME,)), lunch=Lunch(0, -1, 5)), (0,), (Breach.LUNCH_TOO_LATE, None)),
        (day(Visit(1, 5, (ANY_TIME,)), max_stops=0), (0,), (Breach.MAX_STOPS, None)),
        (day(Visit(1, 5, (ANY_TIME,))), (0, 0), (Breach.TWICE, 0)),
    ],
)
def test_every_rule_has_its_breach(problem: Problem, order: tuple[int, ...], breach: tuple[Breach, int | None]) -> None:
    assert simulate(problem, 0, order).breaches == (breach,)


def test_a_visit_is_made_once_among_all_days() -> None:
    visit = Visit(1, 5, (ANY_TIME, ANY_TIME))
    problem = Problem((visit,), (Day(0, 2, 0, 100), Day(0, 2, 0, 100)), WAY)
    assert list(breaches(problem, simulate_all(problem, ((0,), (0,))))) == [(Breach.TWICE, 0)]
    with pytest.raises(ValueError, match="1 orders for 2 days"):
        simulate_all(problem, ((0,),))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"travel": [[0, 1], [1]]}, "row 1 has 1 columns"),
        ({"travel": [[0, -1], [1, 0]]}, "row 0 has a negative time"),
        ({"days": (Day(0, 3, 0, 9),)}, "end 3 is outside the matrix of 3 nodes"),
        ({"visits": (Visit(7, 1, (ANY_TIME,)),)}, "visit 0: node 7 is outside"),
        ({"visits": (Visit(1, 1, ()),)}, "windows for 0 of 1 days"),
        ({"visits": (Visit(1, -1, (ANY_TIME,)),)}, "visit 0"),
        ({"visits": (Visit(1, 1, (((5, 9), (4, 6)),)),)}, "overlap"),
    ],
)
def test_a_problem_that_contradicts_itself_says_where(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(day(), **change)  # type: ignore[arg-type]


def test_windows_are_put_in_order_and_joined() -> None:
    assert normal([(20, 30), (9, 8), (1, 5), (6, 7), (25, 40)]) == ((1, 7), (20, 40))
    assert normal([(0, UNREACHABLE)]) == ANY_TIME

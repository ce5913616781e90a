"""Why an account is not in the plan, and why one is: one reason each, in words for whoever drives it."""

from dataclasses import dataclass, replace
from enum import StrEnum

from app.kernel.i18n import N_
from app.routing.problem import Orders, Problem
from app.routing.simulator import Breach, Run, simulate


class Reason(StrEnum):
    """Why a visit is left out."""

    CLOSED = "closed"
    UNREACHABLE = "unreachable"
    OUTSIDE_SHIFT = "outside_shift"
    CLOSES_TOO_SOON = "closes_too_soon"
    NO_LUNCH = "no_lunch"
    NO_LUNCH_POSSIBLE = "no_lunch_possible"  # on that day, visit or not
    NO_DAY = "no_day"
    MUSTS_CLASH = "musts_clash"
    MAX_STOPS = "max_stops"
    NOT_WORTH = "not_worth"
    NO_TIME = "no_time"
    AS_ORDERED = "as_ordered"  # by somebody: what is in that order need not be worth more


REASON_NAMES = {
    Reason.CLOSED: N_("Closed that day"),
    Reason.UNREACHABLE: N_("No road leads there: check its position on the map"),
    Reason.OUTSIDE_SHIFT: N_("Does not fit into the working hours, with the way there and back"),
    Reason.CLOSES_TOO_SOON: N_("Closes before the visit could be over"),
    Reason.NO_LUNCH: N_("Would leave no time for lunch"),
    Reason.NO_LUNCH_POSSIBLE: N_("No lunch is possible within the working hours of that day"),
    Reason.NO_DAY: N_("The working day leaves no time for any visit"),
    Reason.MUSTS_CLASH: N_("Does not fit beside the other visits that have to be made"),
    Reason.MAX_STOPS: N_("As many visits as are allowed are planned already"),
    Reason.NOT_WORTH: N_("Not worth the detour"),
    Reason.NO_TIME: N_("No time left; other visits are worth more"),
    Reason.AS_ORDERED: N_("No time left as the day is ordered"),
}


class Cause(StrEnum):
    """Why a visit is in the plan."""

    MUST = "must"
    ON_THE_WAY = "on_the_way"
    VALUE = "value"


CAUSE_NAMES = {
    Cause.MUST: N_("Has to be visited"),
    Cause.ON_THE_WAY: N_("Lies on the way"),
    Cause.VALUE: N_("Its value is worth the detour"),
}

NO_WAY = 1_000_000  # seconds: eleven days; matrices of other tools say "no way leads there" with a number like that
ON_THE_WAY = 5 * 60  # seconds of driving that a stop adds and that nobody calls a detour


@dataclass(frozen=True, slots=True)
class LeftOut:
    visit: int
    reason: Reason


def impossible(problem: Problem, visit: int) -> Reason | None:
    """Why a visit could not be made even if it were the only one; None where it could."""
    open_days = [number for number in range(len(problem.days)) if problem.visits[visit].windows[number]]
    if not open_days:
        return Reason.CLOSED
    reasons = [_alone(problem, number, visit) for number in open_days]
    return None if None in reasons else reasons[0]


def _alone(problem: Problem, number: int, visit: int) -> Reason | None:
    broken = {breach for breach, _ in simulate(problem, number, (visit,)).breaches}
    if not broken:
        return None
    if simulate(problem, number, ()).breaches:
        return no_day(problem, number)
    day, windows = problem.days[number], problem.visits[visit].windows[number]
    if max(problem.legs(day, (visit,))) >= NO_WAY:
        return Reason.UNREACHABLE
    if not simulate(_without_lunch(problem), number, (visit,)).breaches:
        return Reason.NO_LUNCH
    if windows[0][0] > day.closes or windows[-1][1] < day.opens or Breach.AFTER_SHIFT in broken:
        return Reason.OUTSIDE_SHIFT
    return Reason.MAX_STOPS if Breach.MAX_STOPS in broken else Reason.CLOSES_TOO_SOON


def no_day(problem: Problem, number: int) -> Reason:
    """Why not even an empty day keeps the rules: without lunch it would, or not even so."""
    hopeless = simulate(_without_lunch(problem), number, ()).breaches
    return Reason.NO_DAY if hopeless else Reason.NO_LUNCH_POSSIBLE


def _without_lunch(problem: Problem) -> Problem:
    return replace(problem, days=tuple(replace(day, lunch=None) for day in problem.days))


def left_out(problem: Problem, orders: Orders) -> tuple[LeftOut, ...]:
    """Every visit that is in none of the orders, with the reason."""
    made = {visit for order in orders for visit in order}
    missing = (visit for visit in range(len(problem.visits)) if visit not in made)
    return tuple(LeftOut(visit, _reason(problem, orders, visit)) for visit in missing)


def _reason(problem: Problem, orders: Orders, number: int) -> Reason:
    alone = impossible(problem, number)
    if alone:
        return alone
    visit = problem.visits[number]
    open_days = [day for day, windows in enumerate(visit.windows) if windows]
    full = all(len(orders[day]) == problem.days[day].max_stops for day in open_days)
    if not visit.must and visit.prize == 0:
        return Reason.NOT_WORTH
    if full:
        return Reason.MAX_STOPS
    return Reason.MUSTS_CLASH if visit.must else Reason.NO_TIME


def causes(problem: Problem, number: int, run: Run) -> tuple[Cause, ...]:
    """Why each stop of that day is there."""
    return tuple(
        Cause.MUST if problem.visits[visit].must else Cause.ON_THE_WAY if detour <= ON_THE_WAY else Cause.VALUE
        for visit, detour in zip(run.order, detours(problem, number, run), strict=True)
    )


def detours(problem: Problem, number: int, run: Run) -> tuple[int, ...]:
    """Seconds of driving that each stop adds to the day."""
    day, order = problem.days[number], run.order
    nodes = [day.start, *(problem.visits[visit].node for visit in order), day.end]
    way = problem.travel
    return tuple(
        way[before][here] + way[here][after] - way[before][after]
        for before, here, after in zip(nodes, nodes[1:], nodes[2:], strict=False)
    )

"""What a rep does with the plan of a day. The visits themselves are planned and withdrawn by visits.actions."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from app.identity.permissions import P
from app.infra.db import db
from app.infra.journal import record
from app.kernel.access import Actor, must
from app.kernel.errors import InvalidError
from app.kernel.i18n import N_
from app.planning.events import VisitLengthChanged
from app.planning.queries import DayPlan, find_planned, get_day, stop_of
from app.planning.rules import MOST_STOPS, arrivals, moved, with_stop
from app.planning.solver import BestDays, best_days, order_of
from app.visits.actions import also_called, arrange_day, plan_visit, withdraw_visit
from app.visits.models import Visit
from app.visits.queries import VisitLine, find_made, get_own_visit, list_aliases

SHORTEST_VISIT, LONGEST_VISIT = 5, 720


def add_stop(actor: Actor, visit_id: UUID, account_id: UUID, place_id: UUID | None, day: date, now: datetime) -> Visit:
    """Plan a visit to the account (to its main place where none is named); it has no place in the order yet.

    Where the account is visited on that day already, that visit is returned and nothing is doubled; `visit_id` finds
    it from now on.
    """
    must(actor, P.PLANNING_USE)
    planned = find_planned(actor, day).get(account_id)
    if planned is not None and find_made(actor, visit_id) is None:
        return also_called(actor, get_own_visit(actor, planned), visit_id)
    return plan_visit(actor, visit_id, account_id, place_id, day, now)


def work_out_order(actor: Actor, day: date, now: datetime) -> BestDays:
    """Put the visits to come into the best order. Those that do not fit stay in the plan, without a place in it."""
    must(actor, P.PLANNING_USE)
    plan = get_day(actor, day, now)
    _check_size(plan.waiting)
    best = best_days([stop_of(line) for line in plan.waiting], [plan.shift], plan.driving)
    lines = {line.row.id: line for line in plan.waiting}
    _arrange(actor, plan, [lines[stop.id] for stop in order_of(best.runs[0])], now)
    return best


def put_in_order(actor: Actor, day: date, visit_ids: Sequence[UUID], now: datetime) -> int:
    """Put the visits to come into this order. Returns how many of them are not in the plan of that day any more.

    What had a place and is not named follows at the end: a page that was opened earlier takes nothing out.
    """
    must(actor, P.PLANNING_USE)
    plan = get_day(actor, day, now)
    lines = {line.row.id: line for line in plan.waiting}
    aliases = list_aliases(actor, (visit_id for visit_id in visit_ids if visit_id not in lines))
    named = list(dict.fromkeys(aliases.get(visit_id, visit_id) for visit_id in visit_ids))
    order = [lines[visit_id] for visit_id in named if visit_id in lines]
    order += [line for line in plan.ordered if line not in order]
    _check_size(order)
    _arrange(actor, plan, order, now)
    return sum(visit_id not in lines for visit_id in named)


def move_stop(actor: Actor, visit_id: UUID, steps: int, now: datetime) -> None:
    """Move a visit that many places, up where negative. One without a place gets it where it drives least, or else at
    the end."""
    must(actor, P.PLANNING_USE)
    visit = get_own_visit(actor, visit_id)
    plan = get_day(actor, visit.planned_on, now)
    line = _waiting(plan, visit.id)
    if line in plan.ordered:
        order = moved(plan.ordered, line, steps)
    else:
        _check_size((*plan.ordered, line))
        run = with_stop([stop_of(each) for each in plan.ordered], stop_of(line), plan.shift, plan.driving)
        ids = [stop.id for stop in order_of(run)] if run else []
        known = {each.row.id: each for each in plan.waiting}
        order = tuple(known[each] for each in ids) or (*plan.ordered, line)
    _arrange(actor, plan, order, now)


def change_length(actor: Actor, visit_id: UUID, minutes: int, now: datetime) -> None:
    """Say how long a visit will take; all that follows moves with it."""
    must(actor, P.PLANNING_USE)
    if not SHORTEST_VISIT <= minutes <= LONGEST_VISIT:
        raise InvalidError(
            "minutes",
            N_("Choose between %(least)s and %(most)s minutes."),
            {"least": SHORTEST_VISIT, "most": LONGEST_VISIT},
        )
    visit = get_own_visit(actor, visit_id)
    _waiting(get_day(actor, visit.planned_on, now), visit.id)
    visit.minutes = minutes
    db.session.flush()
    record(actor, VisitLengthChanged(visit.id, minutes=minutes), now)
    _refresh(actor, visit.planned_on, now)


def take_out(actor: Actor, visit_id: UUID, now: datetime) -> None:
    """Take a visit out of the plan; the others come earlier."""
    must(actor, P.PLANNING_USE)
    day = get_own_visit(actor, visit_id).planned_on
    withdraw_visit(actor, visit_id, now)
    _refresh(actor, day, now)


def _refresh(actor: Actor, day: date, now: datetime) -> None:
    plan = get_day(actor, day, now)
    if plan.ordered:
        _arrange(actor, plan, plan.ordered, now)


def _arrange(actor: Actor, plan: DayPlan, order: Sequence[VisitLine], now: datetime) -> None:
    """Keep the order with its expected arrivals; what is begun or dismissed keeps what it had."""
    run = arrivals([stop_of(line) for line in order], plan.shift, travel=plan.driving)
    arrange_day(
        actor,
        plan.day,
        [
            *((line.row.id, line.row.planned_at) for line in plan.begun),
            *((times.stop.id, times.arrive_at) for times in run.stops),
            *((line.row.id, line.row.planned_at) for line in plan.dismissed),
        ],
        now,
    )


def _waiting(plan: DayPlan, visit_id: UUID) -> VisitLine:
    found = next((line for line in plan.waiting if line.row.id == visit_id), None)
    if found is None:
        raise InvalidError("", N_("This visit has begun or is called off: the plan does not change it any more."))
    return found


def _check_size(lines: Sequence[VisitLine]) -> None:
    if len(lines) > MOST_STOPS:
        raise InvalidError("", N_("At most %(most)s visits of a day can be put in order."), {"most": MOST_STOPS})

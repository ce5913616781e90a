"""What a rep does with the plan of a day. The visits themselves are planned and withdrawn by visits.actions."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

from app.accounts.queries import get_place
from app.identity.permissions import P
from app.identity.queries import get_self
from app.infra.db import db
from app.infra.journal import record
from app.kernel.access import Actor, must
from app.kernel.dates import at_local, today_in
from app.kernel.errors import InvalidError
from app.kernel.geo import Position
from app.kernel.i18n import N_
from app.kernel.ids import new_id
from app.planning.candidates import list_suggested
from app.planning.driving import Asked
from app.planning.events import VisitLengthChanged, VisitMustChanged, VisitTimeFixed
from app.planning.queries import DayPlan, find_planned, get_day
from app.planning.rules import MOST_STOPS, arrivals, moved, with_stop
from app.planning.solver import BestDays, best_days, order_of
from app.planning.travel import find_driving
from app.planning.whereabouts import note_whereabouts
from app.visits.actions import also_called, arrange_day, plan_visit, withdraw_visit
from app.visits.models import Visit
from app.visits.queries import VisitLine, find_made, get_own_visit, list_aliases

SHORTEST_VISIT, LONGEST_VISIT = 5, 720
LATE_FIX = timedelta(minutes=15)  # who has just arrived may still say what was agreed


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


def work_out_order(actor: Actor, day: date, now: datetime, here: Position | None = None) -> BestDays:
    """Put the visits to come into the best order. Those that do not fit stay in the plan, without a place in it.
    `here`: where the phone says that the actor is; the way of a day that runs goes on from there."""
    must(actor, P.PLANNING_USE)
    if here is not None and day == today_in(get_self(actor).zone, now):
        note_whereabouts(actor, here, now)
    plan = get_day(actor, day, now)
    _check_size(plan.waiting)
    best = best_days([plan.stop_of(line) for line in plan.waiting], [plan.shift], plan.driving)
    lines = {line.row.id: line for line in plan.waiting}
    _arrange(actor, plan, [lines[stop.id] for stop in order_of(best.runs[0])], now)
    return best


def fill_day(actor: Actor, day: date, now: datetime) -> int:
    """Put the visits to come into the best order, and beside them as many as fit of those who are due. Returns how many
    visits were added; none that was in the plan before makes room for them."""
    must(actor, P.PLANNING_USE)
    plan = get_day(actor, day, now)
    _check_size(plan.waiting)
    planned = [plan.stop_of(line) for line in plan.waiting]
    suggested = list_suggested(actor, plan)
    places = [stop.position for stop in (*planned, *suggested)]
    driving = find_driving(get_self(actor).team_id, Asked(places, (plan.shift.start, plan.shift.end)))
    kept = order_of(best_days(planned, [plan.shift], driving).runs[0])
    asked = [*(replace(stop, must=True) for stop in kept), *suggested]
    (run,) = best_days(asked, [plan.shift], driving).runs
    accounts = {stop.id for stop in suggested}
    order = [
        plan_visit(actor, new_id(), stop.id, None, day, now).id if stop.id in accounts else stop.id
        for stop in order_of(run)
    ]
    plan = get_day(actor, day, now)
    lines = {line.row.id: line for line in plan.waiting}
    _arrange(actor, plan, [lines[visit_id] for visit_id in order], now)
    return len(order) - len(kept)


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
        run = with_stop([plan.stop_of(each) for each in plan.ordered], plan.stop_of(line), plan.shift, plan.driving)
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
    visit = _to_come(actor, visit_id, now)
    visit.minutes = minutes
    db.session.flush()
    record(actor, VisitLengthChanged(visit.id, minutes=minutes), now)
    _refresh(actor, visit.planned_on, now)


def set_must(actor: Actor, visit_id: UUID, is_must: bool, now: datetime) -> None:
    """Say whether a plan has to make this visit if it can: others are left out first."""
    must(actor, P.PLANNING_USE)
    visit = _to_come(actor, visit_id, now)
    if visit.must is not is_must:
        visit.must = is_must
        db.session.flush()
        record(actor, VisitMustChanged(visit.id, must=is_must), now)


def fix_time(actor: Actor, visit_id: UUID, at: time | None, now: datetime) -> None:
    """Say at what time of its day, in the place's zone, a visit has to begin, because that was agreed or shall stay so
    whatever else changes; None lets it go."""
    must(actor, P.PLANNING_USE)
    visit = _to_come(actor, visit_id, now)
    place = get_place(actor, visit.place_id)
    fixed_at = at_local(visit.planned_on, at, place.zone) if at else None
    if fixed_at is not None and fixed_at < now - LATE_FIX:
        raise InvalidError("time", N_("This time is over: choose a later one."))
    if visit.fixed_at != fixed_at:
        visit.fixed_at = fixed_at
        db.session.flush()
        record(actor, VisitTimeFixed(visit.id, at=fixed_at.isoformat() if fixed_at else ""), now)
        _refresh(actor, visit.planned_on, now)


def take_out(actor: Actor, visit_id: UUID, now: datetime) -> None:
    """Take a visit out of the plan; the others come earlier."""
    must(actor, P.PLANNING_USE)
    day = get_own_visit(actor, visit_id).planned_on
    withdraw_visit(actor, visit_id, now)
    _refresh(actor, day, now)


def _to_come(actor: Actor, visit_id: UUID, now: datetime) -> Visit:
    """The actor's own visit, which the plan may still change."""
    visit = get_own_visit(actor, visit_id)
    _waiting(get_day(actor, visit.planned_on, now), visit.id)
    return visit


def _refresh(actor: Actor, day: date, now: datetime) -> None:
    plan = get_day(actor, day, now)
    if plan.ordered:
        _arrange(actor, plan, plan.ordered, now)


def _arrange(actor: Actor, plan: DayPlan, order: Sequence[VisitLine], now: datetime) -> None:
    """Keep the order with the expected beginnings; what is begun or dismissed keeps what it had."""
    run = arrivals([plan.stop_of(line) for line in order], plan.shift, travel=plan.driving)
    arrange_day(
        actor,
        plan.day,
        [
            *((line.row.id, line.row.planned_at) for line in plan.begun),
            *((times.stop.id, times.start_at) for times in run.stops),
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

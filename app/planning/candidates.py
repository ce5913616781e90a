"""Whom a day plan could visit beside those who are in it: who is due, near or searched for, and what a visit to each
would make of the day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import func, select

from app.accounts.queries import list_accounts, list_overdue, list_places_of, nearest_accounts
from app.accounts.rules import AccountFilters, is_against, wish_text
from app.infra.db import db
from app.kernel.access import Actor
from app.kernel.geo import Position
from app.kernel.hours import read_hours, windows_on
from app.kernel.travel import RoadsFailedError
from app.planning.queries import DayPlan, find_worths
from app.planning.rules import Breach, Stop
from app.planning.solver import what_fits
from app.routing.why import Reason
from app.visits.models import CheckIn, Dismissal, Visit
from app.visits.rules import USUAL_MINUTES

CANDIDATES = 20
MOST_SUGGESTED = 200  # accounts that a plan looks at by itself, the longest due


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account that could be visited. Distance in metres from the last stop; None where it was not asked. `wish`:
    when it wishes that, where the day of the plan is none of it. `planned_on`: the actor's next visit there.

    `detour`: seconds of driving that a visit adds to the day where it fits; `against`: what keeps it out. Neither where
    nobody asked (`with_fits`), or where the day breaks a rule already.
    """

    id: UUID
    name: str
    rating: str
    address: str
    last_visit_on: date | None
    due_on: date | None = None
    distance_m: float | None = None
    wish: str = ""
    planned_on: date | None = None
    detour: int | None = None
    against: Reason | Breach | None = None


def list_due_candidates(actor: Actor, plan: DayPlan) -> Sequence[Candidate]:
    """The actor's own accounts whose visit is due on the day of the plan or before, the longest due first."""
    due = list_overdue(actor, plan.day + timedelta(days=1), CANDIDATES + len(plan.accounts), actor.person_id)
    found = [
        Candidate(
            e.id, e.name, e.rating, e.address, e.last_visit_on, e.due_on, None,
            wish_text(e.wish, actor.language) if is_against(e.wish, plan.day) else "",
        )
        for e in due
    ]  # fmt: skip
    return _new(actor, found, plan)


def list_near_candidates(actor: Actor, plan: DayPlan) -> Sequence[Candidate]:
    """The accounts nearest to the last stop of the plan, or to its start; none where neither has a position."""
    if plan.last_position is None:
        return ()
    wanted = CANDIDATES + len(plan.accounts)
    near = nearest_accounts(actor, plan.last_position, wanted, AccountFilters(), plan.day)
    found = {
        e.id: Candidate(e.id, e.name, e.rating, e.address, e.last_visit_on, None, e.distance_m) for e in reversed(near)
    }
    return _new(actor, list(reversed(found.values())), plan)


def list_found_candidates(actor: Actor, plan: DayPlan, text: str) -> Sequence[Candidate]:
    """The accounts that a search finds, by name."""
    filters = AccountFilters.read({"q": text})
    if not filters.q:
        return ()
    rows = list_accounts(actor, filters, 1, plan.day).rows
    found = [Candidate(row.id, row.name, row.rating, row.address, row.last_visit_on) for row in rows]
    return _new(actor, found, plan)


def _new(actor: Actor, found: Sequence[Candidate], plan: DayPlan) -> Sequence[Candidate]:
    """Those who are not in the plan, each with the actor's next visit there."""
    chosen = [each for each in found if each.id not in plan.accounts][:CANDIDATES]
    rows = (
        select(Visit.account_id, func.min(Visit.planned_on))
        .outerjoin(Dismissal, Dismissal.visit_id == Visit.id)
        .outerjoin(CheckIn, CheckIn.visit_id == Visit.id)
        .where(Visit.rep_id == actor.id, Visit.account_id.in_([each.id for each in chosen]))
        .where(Visit.planned_on >= plan.today, Dismissal.visit_id.is_(None), CheckIn.visit_id.is_(None))
        .group_by(Visit.account_id)
    )
    planned = {row[0]: row[1] for row in db.session.execute(rows)} if chosen else {}
    return [replace(each, planned_on=planned.get(each.id)) for each in chosen]


def with_fits(actor: Actor, plan: DayPlan, found: Sequence[Candidate]) -> Sequence[Candidate]:
    """The candidates, each with what a visit of the usual length at its main place would make of the day; as they are
    where the roads that the plan drives on do not answer now."""
    stops = _stops_at(actor, [each.id for each in found], plan.day)
    order = [plan.stop_of(line) for line in plan.ordered] if plan.run.is_feasible else []
    try:
        driving = plan.driving.also_at([stop.position for stop in stops.values()])
    except RoadsFailedError:
        return found
    fits = dict(zip(stops, what_fits(order, list(stops.values()), plan.shift, driving), strict=True))

    def judged(each: Candidate) -> Candidate:
        fit = fits.get(each.id)
        if isinstance(fit, Reason):
            return replace(each, against=fit)
        if each.id in stops and stops[each.id].position is None:
            return replace(each, against=Breach.NO_POSITION)
        return replace(each, detour=fit if plan.run.is_feasible else None)

    return [judged(each) for each in found]


def list_suggested(actor: Actor, plan: DayPlan) -> Sequence[Stop]:
    """The visits that a plan may add by itself, by the id of the account: to the actor's own accounts that are due and
    welcome visits on that day, have a position, and to which none is planned until a week later, nor was called off on
    that day."""
    due = list_overdue(actor, plan.day + timedelta(days=1), MOST_SUGGESTED, actor.person_id)
    named = _named_around(actor, plan.day, plan.today)
    ids = [each.id for each in due if each.id not in named and not is_against(each.wish, plan.day)]
    return [stop for stop in _stops_at(actor, ids, plan.day).values() if stop.position is not None]


def _stops_at(actor: Actor, account_ids: Sequence[UUID], day: date) -> Mapping[UUID, Stop]:
    """Account -> a visit of the usual length at its main place, by the id of the account and in their order."""
    if not account_ids:
        return {}
    found: dict[UUID, Stop] = {}
    worths = find_worths(actor, account_ids, day)
    for place in list_places_of(actor, account_ids):
        position = None if place.lat is None or place.lon is None else Position(place.lat, place.lon)
        windows = windows_on(read_hours(place.hours), day, place.zone)
        value = worths[place.account_id].value
        found.setdefault(place.account_id, Stop(place.account_id, position, USUAL_MINUTES, windows, value=value))
    return {account: found[account] for account in account_ids if account in found}


def _named_around(actor: Actor, day: date, today: date) -> frozenset[UUID]:
    """Accounts to which a visit of the actor is still to come, within a week of the day, or was called off on it."""
    until = day + timedelta(days=7)
    rows = (
        select(Visit.account_id)
        .outerjoin(Dismissal, Dismissal.visit_id == Visit.id)
        .where(Visit.rep_id == actor.id, Visit.planned_on.between(today, until))
        .where(Dismissal.visit_id.is_(None) | (Visit.planned_on == day))
    )
    return frozenset(db.session.scalars(rows))

"""What publishing and withdrawing a plan does to the visits of one rep: once, in one transaction.

What the rep has planned, begun, or agreed a time for stays; so do days that are over.
"""

from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

from sqlalchemy import select

from app.beats.actions import asked_of
from app.beats.models import BeatPlan, BeatPlanRep, BeatVisit
from app.beats.queries import find_plan, list_absent_days
from app.beats.states import Outcome
from app.beats.workload import find_loose
from app.infra.db import db
from app.kernel.access import Actor
from app.kernel.dates import today_in
from app.visits.queries import get_rep
from app.visits.scheduling import Scheduled, order_day, schedule_visits, withdraw_visits


def list_unsettled(plan_id: UUID) -> list[UUID]:
    """The reps of a plan whose visits are still to be made or withdrawn."""
    rows = select(BeatPlanRep.rep_id).where(BeatPlanRep.plan_id == plan_id, BeatPlanRep.settled_at.is_(None))
    return list(db.session.scalars(rows.order_by(BeatPlanRep.rep_id)))


def settle_rep(actor: Actor, plan_id: UUID, rep_id: UUID, now: datetime) -> None:
    """Make the visits of this rep, or withdraw them where the plan is withdrawn. Settled already: nothing is done."""
    plan, row = find_plan(plan_id), db.session.get(BeatPlanRep, (plan_id, rep_id), populate_existing=True)
    if plan is None or row is None or row.settled_at is not None or plan.published_at is None:
        return
    outcome = _withdraw(actor, plan, rep_id, now) if plan.withdrawn_at else _publish(actor, plan, rep_id, now)
    row.outcome = {
        "made": outcome.made, "kept": outcome.kept, "withdrawn": outcome.withdrawn, "left_out": outcome.left_out,
    }  # fmt: skip
    row.settled_at = now
    db.session.flush()


def end_settling(plan_id: UUID, now: datetime) -> None:
    """All reps of the plan are settled."""
    plan = find_plan(plan_id)
    if plan is not None and plan.published_at is not None and plan.settled_at is None and not list_unsettled(plan_id):
        plan.settled_at = now
        plan.version += 1
        db.session.flush()


def _publish(actor: Actor, plan: BeatPlan, rep_id: UUID, now: datetime) -> Outcome:
    last = asked_of(plan).last_on
    today = today_in(get_rep(actor, rep_id).zone, now)
    first = max(plan.first_on, today)
    visits = list(
        db.session.scalars(
            select(BeatVisit)
            .where(BeatVisit.plan_id == plan.id, BeatVisit.rep_id == rep_id, BeatVisit.day >= first)
            .order_by(BeatVisit.day, BeatVisit.sequence)
        )
    )
    absent = list_absent_days([rep_id], first, last).get(rep_id, ())
    away = {begin + timedelta(days=n) for begin, end in absent for n in range((end - begin).days + 1)}
    wanted = [each for each in visits if not each.is_booked and each.day not in away]
    loose = find_loose(rep_id, first, last)
    stay = {(each.account_id, each.day) for each in wanted}
    gone = withdraw_visits(actor, rep_id, [visit for key, visit in loose.items() if key not in stay], now)
    asked = [Scheduled(each.visit_id, each.account_id, each.place_id, each.day, each.minutes) for each in wanted]
    there = schedule_visits(actor, rep_id, asked, now)
    kept = sum((each.account_id, each.day) in loose for each in wanted)
    for day, of_day in groupby(visits, key=lambda each: each.day):
        stops = {
            loose.get((each.account_id, each.day), each.visit_id): (each.sequence, each.planned_at) for each in of_day
        }
        order_day(actor, rep_id, day, stops, now)
    missed = sum(each.visit_id not in there and (each.account_id, each.day) not in loose for each in wanted)
    return Outcome(len(wanted) - kept - missed, kept, gone, missed)


def _withdraw(actor: Actor, plan: BeatPlan, rep_id: UUID, now: datetime) -> Outcome:
    mine = select(BeatVisit.visit_id).where(BeatVisit.plan_id == plan.id, BeatVisit.rep_id == rep_id)
    ids = set(db.session.scalars(mine.where(~BeatVisit.is_booked)))
    loose = find_loose(rep_id, plan.first_on, asked_of(plan).last_on)
    gone = withdraw_visits(actor, rep_id, ids & set(loose.values()), now)
    return Outcome(0, len(ids) - gone, gone, 0)

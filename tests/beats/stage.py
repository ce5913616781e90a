"""A team with customers that are due, and plans of their weeks."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from app.accounts.models import Account
from app.beats.actions import PlanInput, draft_plan, publish_plan
from app.beats.jobs import settle, work_out
from app.beats.models import BeatPlan, BeatPlanRep, BeatVisit
from app.beats.rules import WEEKDAYS
from app.infra.db import db, transact
from app.kernel.access import Actor
from app.kernel.dates import today_in
from app.kernel.geo import Position
from app.kernel.ids import new_id
from app.visits.models import Visit
from tests.accounts.stage import customer


def today() -> date:
    return today_in("Asia/Shanghai", datetime.now(UTC))


def next_monday() -> date:
    return today() + timedelta(days=7 - today().weekday())


def due_customer(owner: Actor, name: str, number: int = 0, *, days_ago: int = 40, rating: str = "A") -> UUID:
    """A customer near the Bund that was visited so long ago."""
    at = Position(31.2300 + 0.002 * (number % 9), 121.4700 + 0.002 * (number // 9))
    made = customer(owner, name, at=at, rating=rating)

    def seen() -> None:
        db.session.get_one(Account, made.id).last_visit_on = today() - timedelta(days=days_ago)

    transact(seen)
    return made.id


def asked(*reps: Actor, weeks: int = 1, first_on: date | None = None, minutes: int = 30) -> PlanInput:
    ids = tuple(rep.person_id for rep in reps)
    return PlanInput(ids, first_on or next_monday(), weeks, WEEKDAYS, None, minutes)


def drafted(manager: Actor, given: PlanInput) -> UUID:
    """A draft that the worker has made; its id."""
    plan_id = new_id()
    plan = transact(lambda: draft_plan(manager, plan_id, given, datetime.now(UTC)))
    round_ = plan.round
    db.session.rollback()
    work_out(plan_id, round_, manager, lambda done, total: None, datetime.now(UTC))
    return plan_id


def settled(manager: Actor, plan_id: UUID) -> None:
    """What the worker does after publishing or withdrawing."""
    db.session.rollback()
    settle(plan_id, manager, lambda done, total: None, datetime.now(UTC))


def published(manager: Actor, given: PlanInput) -> UUID:
    """A plan that has become visits; its id."""
    plan_id = drafted(manager, given)
    version = plan_of(plan_id).version
    transact(lambda: publish_plan(manager, plan_id, version, datetime.now(UTC)))
    settled(manager, plan_id)
    return plan_id


def plan_of(plan_id: UUID) -> BeatPlan:
    db.session.rollback()
    return db.session.get_one(BeatPlan, plan_id, populate_existing=True)


def rep_of(plan_id: UUID, rep: Actor) -> BeatPlanRep:
    db.session.rollback()
    return db.session.get_one(BeatPlanRep, (plan_id, rep.person_id), populate_existing=True)


def beats_of(plan_id: UUID) -> list[BeatVisit]:
    db.session.rollback()
    rows = select(BeatVisit).where(BeatVisit.plan_id == plan_id)
    return list(db.session.scalars(rows.order_by(BeatVisit.rep_id, BeatVisit.day, BeatVisit.sequence)))


def visits_of(rep: Actor) -> list[Visit]:
    db.session.rollback()
    rows = select(Visit).where(Visit.rep_id == rep.person_id).order_by(Visit.planned_on, Visit.sequence, Visit.id)
    return list(db.session.scalars(rows))

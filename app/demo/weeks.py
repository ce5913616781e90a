"""Week plans of the demo: one that is published from this week on, and a draft that there is too little time for."""

from datetime import datetime, timedelta
from uuid import UUID

from app.beats.actions import PlanInput, draft_plan, publish_plan
from app.beats.jobs import settle, work_out
from app.beats.queries import list_reps
from app.beats.rules import WEEKDAYS
from app.identity.queries import actor_of, find_person_by_email
from app.infra.db import db, transact
from app.kernel.access import Actor
from app.kernel.dates import today_in
from app.kernel.ids import new_id
from app.visits.rules import USUAL_MINUTES

MANAGER = "manager@demo.example"
PUBLISHED_FOR = ("陆晓芸", "林佳穎", "Grace Holloway")
DRAFTED_FOR = ("韩文博", "Samir Patel")
LONG_MINUTES = 90


def plan_weeks(now: datetime) -> None:
    """After the story: every step in a transaction of its own, as the worker does it."""
    person = find_person_by_email(MANAGER)
    if person is None:
        return
    manager = actor_of(person)
    today = today_in(manager.zone, now)
    monday = today - timedelta(days=today.weekday())
    reps = {row.name: row.id for row in list_reps(manager)}
    db.session.rollback()
    published = _drafted(manager, PlanInput(_ids(reps, PUBLISHED_FOR), monday, 2, WEEKDAYS, None, USUAL_MINUTES), now)
    transact(lambda: publish_plan(manager, published, None, now))
    settle(published, manager, _silent, now)
    following = monday + timedelta(days=7)
    _drafted(manager, PlanInput(_ids(reps, DRAFTED_FOR), following, 1, WEEKDAYS, None, LONG_MINUTES), now)


def _drafted(manager: Actor, given: PlanInput, now: datetime) -> UUID:
    plan_id = new_id()
    round_ = transact(lambda: draft_plan(manager, plan_id, given, now).round)
    work_out(plan_id, round_, manager, _silent, now)
    return plan_id


def _ids(reps: dict[str, UUID], names: tuple[str, ...]) -> tuple[UUID, ...]:
    return tuple(reps[name] for name in names)


def _silent(_done: int, _total: int) -> None:
    """Nobody looks at how far it is."""

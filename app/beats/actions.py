"""Drafting week plans, publishing and withdrawing them; and saying who is absent.

Nothing becomes a visit of a rep but what a manager saw in a draft and published (app/beats/settling.py does it).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, insert, update

from app.beats.calendars import Calendar
from app.beats.events import (
    AbsenceEntered,
    AbsenceTakenBack,
    BeatPlanCancelled,
    BeatPlanDiscarded,
    BeatPlanDrafted,
    BeatPlanPublished,
    BeatPlanWithdrawn,
)
from app.beats.models import Absence, BeatPlan, BeatPlanRep, BeatVisit
from app.beats.queries import (
    find_plan,
    find_progress,
    get_absence,
    get_plan,
    is_outdated,
    list_reps,
    may_enter_for,
    overlaps,
)
from app.beats.rules import MOST_WEEKS, Asked, RepDraft
from app.beats.states import State, plain_days, plain_missing, plain_shortfall, state_of
from app.beats.workload import find_loose
from app.identity.permissions import P
from app.infra.db import db
from app.infra.journal import record
from app.infra.queue import enqueue
from app.kernel.access import Actor, must
from app.kernel.dates import today_in
from app.kernel.errors import InvalidError, NotFoundError, StaleError, must_match
from app.kernel.i18n import N_
from app.kernel.ids import new_id

PLAN, SETTLE = "beats.plan", "beats.settle"  # kinds of jobs
MOST_REPS = 60
SHORTEST_VISIT, LONGEST_VISIT = 5, 480  # minutes
FURTHEST_BEGIN = timedelta(days=300)
LONGEST_ABSENCE = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class PlanInput:
    """What a plan is asked for. `weekdays`: 0 is Monday; `calendar` None: that of each rep's zone; `minutes`: of a
    visit."""

    reps: tuple[UUID, ...]
    first_on: date
    weeks: int
    weekdays: frozenset[int]
    calendar: Calendar | None
    minutes: int


# --- Drafts ----------------------------------------------------------------------------------------------------------


def draft_plan(actor: Actor, plan_id: UUID, given: PlanInput, now: datetime) -> BeatPlan:
    """Ask for a plan; the worker makes it. InvalidError for what no plan can be, NotFoundError for a rep beyond the
    actor's reach. A draft of this id is there already: it is returned."""
    must(actor, P.BEATS_MANAGE)
    if db.session.get(BeatPlan, plan_id) is not None:
        return get_plan(actor, plan_id)
    _check(actor, given, now)
    plan = BeatPlan(
        id=plan_id, created_at=now, created_by=actor.person_id, first_on=given.first_on, weeks=given.weeks,
        weekdays=sorted(given.weekdays), calendar=given.calendar or "", minutes=given.minutes, round=1, version=1,
    )  # fmt: skip
    db.session.add(plan)
    db.session.flush()
    rows: list[dict[str, object]] = [
        {"plan_id": plan_id, "rep_id": rep, "days": [], "missing": [], "shortfall": None, "outcome": {}}
        for rep in given.reps
    ]
    db.session.execute(insert(BeatPlanRep), rows)
    plan.job_id = _ask(actor, PLAN, plan)
    db.session.flush()
    record(actor, BeatPlanDrafted(plan_id, given.first_on, given.weeks, len(given.reps)), now)
    return plan


def _check(actor: Actor, given: PlanInput, now: datetime) -> None:
    if not {row.id for row in list_reps(actor)} >= set(given.reps):
        raise NotFoundError
    if not 1 <= len(given.reps) <= MOST_REPS:
        raise InvalidError("reps", N_("Choose between 1 and %(most)s people."), {"most": MOST_REPS})
    if not given.weekdays or not given.weekdays <= set(range(7)):
        raise InvalidError("weekdays", N_("Choose at least one day of the week."))
    today = today_in(actor.zone, now)
    this_monday = today - timedelta(days=today.weekday())
    is_near = this_monday - timedelta(days=7) <= given.first_on <= this_monday + FURTHEST_BEGIN
    if given.first_on.weekday() != 0 or not is_near:
        raise InvalidError("first_on", N_("Choose a Monday, of this week or one to come."))
    if not 1 <= given.weeks <= MOST_WEEKS:
        raise InvalidError("weeks", N_("A plan has between 1 and %(most)s weeks."), {"most": MOST_WEEKS})
    if not SHORTEST_VISIT <= given.minutes <= LONGEST_VISIT:
        params = {"least": SHORTEST_VISIT, "most": LONGEST_VISIT}
        raise InvalidError("minutes", N_("Choose between %(least)s and %(most)s minutes."), params)


def plan_again(actor: Actor, plan_id: UUID, version: int | None, now: datetime) -> BeatPlan:
    """Have a draft worked out anew, from how things are now."""
    plan = _open(actor, plan_id, version, State.READY, State.CANCELLED, State.FAILED)
    if plan.published_at is not None:
        raise StaleError(plan.version)
    db.session.execute(delete(BeatVisit).where(BeatVisit.plan_id == plan_id))
    _reset(plan_id, days=[], missing=[], shortfall=None, made_at=None)
    plan.round += 1
    plan.version += 1
    plan.made_at = plan.cancelled_at = None
    plan.job_id = _ask(actor, PLAN, plan)
    db.session.flush()
    return plan


def cancel_plan(actor: Actor, plan_id: UUID, now: datetime) -> BeatPlan:
    """Break off the working out; what is over already stays as it is."""
    plan = get_plan(actor, plan_id)
    if _state(plan) is State.WORKING:
        plan.cancelled_at = now
        plan.version += 1
        record(actor, BeatPlanCancelled(plan_id), now)
        db.session.flush()
    return plan


def discard_plan(actor: Actor, plan_id: UUID, version: int | None, now: datetime) -> None:
    """Put a draft away; nothing of it happens."""
    plan = _open(actor, plan_id, version, State.READY, State.CANCELLED, State.FAILED)
    if plan.published_at is not None:
        raise StaleError(plan.version)
    plan.discarded_at = now
    plan.version += 1
    record(actor, BeatPlanDiscarded(plan_id), now)
    db.session.flush()


def publish_plan(actor: Actor, plan_id: UUID, version: int | None, now: datetime) -> BeatPlan:
    """Let a draft become the reps' visits; the worker does it. StaleError where it is not the draft that was looked at,
    or where another plan of these weeks was published or withdrawn since it was made."""
    plan = _open(actor, plan_id, version, State.READY)
    if is_outdated(plan):
        raise StaleError(plan.version)
    plan.published_at, plan.published_by = now, actor.person_id
    plan.version += 1
    plan.job_id = _ask(actor, SETTLE, plan)
    record(actor, BeatPlanPublished(plan_id, plan.first_on, plan.weeks), now)
    db.session.flush()
    return plan


def withdraw_plan(actor: Actor, plan_id: UUID, version: int | None, now: datetime) -> BeatPlan:
    """Take what a published plan made out of the reps' plans again, as far as nothing has come of it."""
    plan = _open(actor, plan_id, version, State.PUBLISHED)
    plan.withdrawn_at, plan.withdrawn_by, plan.settled_at = now, actor.person_id, None
    _reset(plan_id, settled_at=None)
    plan.version += 1
    plan.job_id = _ask(actor, SETTLE, plan)
    record(actor, BeatPlanWithdrawn(plan_id, plan.first_on, plan.weeks), now)
    db.session.flush()
    return plan


def resume_plan(actor: Actor, plan_id: UUID, now: datetime) -> BeatPlan:
    """Go on with publishing or withdrawing that was given up; with anything else nothing is done."""
    plan = get_plan(actor, plan_id)
    if _state(plan) is State.FAILED and plan.published_at is not None:
        plan.job_id = _ask(actor, SETTLE, plan)
        db.session.flush()
    return plan


def _open(actor: Actor, plan_id: UUID, version: int | None, *states: State) -> BeatPlan:
    """A plan that was looked at as it is, and is in one of these states; else StaleError."""
    plan = get_plan(actor, plan_id)
    must_match(version, plan.version)
    if _state(plan) not in states:
        raise StaleError(plan.version)
    return plan


def _state(plan: BeatPlan) -> State:
    return state_of(plan, find_progress(plan).failure)


def _reset(plan_id: UUID, **values: object) -> None:
    db.session.execute(update(BeatPlanRep).where(BeatPlanRep.plan_id == plan_id).values(**values))


def _ask(actor: Actor, kind: str, plan: BeatPlan) -> UUID:
    arguments = {"plan_id": str(plan.id), "round": plan.round, "person_id": str(actor.person_id)}
    return enqueue(kind, arguments, actor.id, datetime.now(UTC))  # its turn is by the clock of the queue


# --- What the worker keeps -------------------------------------------------------------------------------------------


def asked_of(plan: BeatPlan) -> Asked:
    """What the planner is asked for."""
    calendar = Calendar(plan.calendar) if plan.calendar else None
    return Asked(plan.first_on, plan.weeks, frozenset(plan.weekdays), calendar)


def is_wanted(plan_id: UUID, round_: int) -> bool:
    """Whether this working out still is: nobody has broken it off, put the draft away, or asked anew."""
    plan = find_plan(plan_id)
    return (
        plan is not None
        and plan.round == round_
        and not (plan.cancelled_at or plan.discarded_at or plan.published_at or plan.made_at)
    )


def keep_draft(plan_id: UUID, round_: int, draft: RepDraft, now: datetime) -> bool:
    """Keep what was worked out for one rep: once, whoever comes second. False where it is not wanted any more.

    A visit that an earlier plan made, and nobody has touched since, keeps its id where it stays on its day.
    """
    if not is_wanted(plan_id, round_):
        return False
    row = db.session.get_one(BeatPlanRep, (plan_id, draft.rep_id))
    if row.made_at is not None:
        return True
    plan = db.session.get_one(BeatPlan, plan_id)
    loose = find_loose(draft.rep_id, plan.first_on, asked_of(plan).last_on)
    rows = [
        {
            "plan_id": plan_id, "visit_id": each.booked or loose.get((each.account_id, each.day)) or new_id(),
            "rep_id": draft.rep_id, "account_id": each.account_id, "place_id": each.place_id, "day": each.day,
            "sequence": each.sequence, "planned_at": each.planned_at, "minutes": each.minutes,
            "is_booked": each.booked is not None,
        }
        for each in draft.visits
    ]  # fmt: skip
    if rows:
        db.session.execute(insert(BeatVisit), rows)
    row.days, row.missing = plain_days(draft.days), plain_missing(draft.missing)
    row.shortfall, row.made_at = plain_shortfall(draft.shortfall), now
    db.session.flush()
    return True


def keep_shortfall(plan_id: UUID, round_: int, draft: RepDraft) -> None:
    """Keep what a shortfall says now that more was found that would help."""
    if is_wanted(plan_id, round_):
        row = db.session.get_one(BeatPlanRep, (plan_id, draft.rep_id))
        row.shortfall = plain_shortfall(draft.shortfall)
        db.session.flush()


def end_planning(plan_id: UUID, round_: int, now: datetime) -> None:
    """Every rep's weeks stand: the draft may be looked at."""
    if is_wanted(plan_id, round_):
        plan = db.session.get_one(BeatPlan, plan_id)
        plan.made_at = now
        plan.version += 1
        db.session.flush()


# --- Absences --------------------------------------------------------------------------------------------------------


def enter_absence(
    actor: Actor, absence_id: UUID, person_id: UUID, first_on: date, last_on: date, why: str, now: datetime
) -> Absence:
    """Say that somebody is away: oneself, or for managers somebody within reach (else NotFoundError). InvalidError for
    days that cannot be, or that are entered already."""
    must(actor, P.PLANNING_USE)
    if not may_enter_for(actor, person_id):
        raise NotFoundError
    if db.session.get(Absence, absence_id) is not None:
        return get_absence(actor, absence_id)
    if last_on < first_on:
        raise InvalidError("last_on", N_("The last day is before the first."))
    if last_on - first_on > LONGEST_ABSENCE or abs(first_on - today_in(actor.zone, now)) > LONGEST_ABSENCE:
        raise InvalidError("first_on", N_("Choose days that are at most a year away."))
    if overlaps(person_id, first_on, last_on):
        raise InvalidError("first_on", N_("An absence on one of these days is entered already."))
    absence = Absence(
        id=absence_id, person_id=person_id, first_on=first_on, last_on=last_on, why=why, created_at=now,
        created_by=actor.person_id,
    )  # fmt: skip
    db.session.add(absence)
    db.session.flush()
    record(actor, AbsenceEntered(absence_id, person_id, first_on, last_on), now)
    return absence


def take_back_absence(actor: Actor, absence_id: UUID, now: datetime) -> None:
    """It is not so: the absence, and the word why, are deleted."""
    absence = get_absence(actor, absence_id)
    record(actor, AbsenceTakenBack(absence_id, absence.person_id, absence.first_on, absence.last_on), now)
    db.session.delete(absence)
    db.session.flush()

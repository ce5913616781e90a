"""Ways to week plans, to the visits in them, and to absences.

A manager sees a plan whose reps are all within reach; a rep sees what of published plans is the rep's own.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, exists, func, or_, select
from sqlalchemy.orm import aliased

from app.accounts.models import Account, Place
from app.beats.models import Absence, BeatPlan, BeatPlanRep, BeatVisit
from app.beats.rules import MOST_WEEKS, Difference, difference
from app.beats.rules import BeatVisit as Beat
from app.identity.models import Person
from app.identity.permissions import ROLES, P
from app.infra.db import AnyRow, db, fetch
from app.infra.queue import Job
from app.infra.scope import belongs_to
from app.kernel.access import Actor, Reach, must
from app.kernel.errors import NotFoundError
from app.kernel.page import PAGE_SIZE, Page, offset
from app.visits.models import CheckIn, CheckOut, Dismissal, Visit

Lines = Sequence[AnyRow]
Author = aliased(Person)
PLANNED_ROLES = tuple(role for role, (_, _, granted) in ROLES.items() if P.VISITS_WRITE in granted)
SELLING_ROLES = tuple(role for role in PLANNED_ROLES if ROLES[role][1] is Reach.OWN)  # managers sell now and then
MOST_ABSENCES = 200

# --- Plans -----------------------------------------------------------------------------------------------------------


def list_reps(actor: Actor) -> Lines:
    """(id, name, role, accounts) of the active people whose weeks the actor may plan, by name; `accounts` are their
    live customers."""
    must(actor, P.BEATS_MANAGE)
    counted = (
        select(Account.owner_id, func.count().label("accounts"))
        .where(Account.archived_at.is_(None), Account.owner_id.is_not(None))
        .group_by(Account.owner_id)
        .subquery()
    )
    return fetch(
        select(Person.id, Person.name, Person.role, func.coalesce(counted.c.accounts, 0).label("accounts"))
        .outerjoin(counted, counted.c.owner_id == Person.id)
        .where(belongs_to(actor, Person.id), Person.deactivated_at.is_(None), Person.role.in_(PLANNED_ROLES))
        .where(or_(counted.c.accounts > 0, Person.role.in_(SELLING_ROLES)))
        .order_by(Person.name, Person.id)
    )  # fmt: skip


def _seen(actor: Actor) -> ColumnElement[bool]:
    """Plans none of whose reps is beyond the actor's reach."""
    others = exists().where(BeatPlanRep.plan_id == BeatPlan.id)
    return ~others.where(~belongs_to(actor, BeatPlanRep.rep_id)).correlate(BeatPlan)


def get_plan(actor: Actor, plan_id: UUID) -> BeatPlan:
    """A plan that the actor sees; NotFoundError without one."""
    must(actor, P.BEATS_MANAGE)
    plan = db.session.scalar(select(BeatPlan).where(BeatPlan.id == plan_id, _seen(actor)))
    if plan is None:
        raise NotFoundError
    return plan


def find_plan(plan_id: UUID) -> BeatPlan | None:
    """The plan as it stands now, for the work on it."""
    return db.session.get(BeatPlan, plan_id, populate_existing=True)


def list_plans(actor: Actor, number: int) -> Page:
    """The plans that the actor sees, the latest first: (id, first_on, weeks, created_at, the moments of states.Told,
    failure, person, reps)."""
    must(actor, P.BEATS_MANAGE)
    reps = select(func.count()).where(BeatPlanRep.plan_id == BeatPlan.id).correlate(BeatPlan).scalar_subquery()
    rows = fetch(
        select(
            BeatPlan.id, BeatPlan.first_on, BeatPlan.weeks, BeatPlan.created_at, BeatPlan.made_at,
            BeatPlan.cancelled_at, BeatPlan.published_at, BeatPlan.withdrawn_at, BeatPlan.settled_at,
            BeatPlan.discarded_at, Job.failure, Author.name.label("person"), reps.label("reps"),
        )
        .join(Author, Author.id == BeatPlan.created_by)
        .outerjoin(Job, Job.id == BeatPlan.job_id)
        .where(_seen(actor), BeatPlan.discarded_at.is_(None))
        .order_by(BeatPlan.created_at.desc(), BeatPlan.id.desc())
        .limit(PAGE_SIZE + 1)
        .offset(offset(number))
    )  # fmt: skip
    return Page.of(rows, number)


def list_names(plan_ids: Collection[UUID]) -> Mapping[UUID, Sequence[str]]:
    """Plan -> the names of its reps."""
    rows = db.session.execute(
        select(BeatPlanRep.plan_id, Person.name)
        .join(Person, Person.id == BeatPlanRep.rep_id)
        .where(BeatPlanRep.plan_id.in_(sorted(plan_ids)))
        .order_by(Person.name, Person.id)
    )
    found: dict[UUID, list[str]] = {}
    for row in rows:
        found.setdefault(row.plan_id, []).append(row.name)
    return found


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the work on a plan is; `failure` None while it goes on or has gone well."""

    done: int = 0
    total: int = 0
    failure: str | None = None


def find_progress(plan: BeatPlan) -> Progress:
    """How far the last job of the plan is."""
    row = db.session.execute(select(Job.done, Job.total, Job.failure).where(Job.id == plan.job_id)).first()
    return Progress(row.done, row.total, row.failure) if row else Progress()


def list_plan_reps(plan_id: UUID) -> Lines:
    """(rep_id, name, zone, team_id, made_at, days, missing, shortfall, settled_at, outcome) by name, of a plan that the
    caller was shown."""
    return db.session.execute(
        select(
            BeatPlanRep.rep_id, Person.name, Person.zone, Person.team_id, BeatPlanRep.made_at, BeatPlanRep.days,
            BeatPlanRep.missing, BeatPlanRep.shortfall, BeatPlanRep.settled_at, BeatPlanRep.outcome,
        )
        .join(Person, Person.id == BeatPlanRep.rep_id)
        .where(BeatPlanRep.plan_id == plan_id)
        .order_by(Person.name, Person.id)
    ).all()  # fmt: skip


def list_visits(plan_id: UUID, rep_id: UUID) -> Lines:
    """(visit_id, account_id, day, sequence, planned_at, minutes, is_booked, name, rating, zone) in their order."""
    return db.session.execute(
        select(
            BeatVisit.visit_id, BeatVisit.account_id, BeatVisit.day, BeatVisit.sequence, BeatVisit.planned_at,
            BeatVisit.minutes, BeatVisit.is_booked, Account.name, Account.rating, Place.zone,
        )
        .join(Account, Account.id == BeatVisit.account_id)
        .join(Place, Place.id == BeatVisit.place_id)
        .where(BeatVisit.plan_id == plan_id, BeatVisit.rep_id == rep_id)
        .order_by(BeatVisit.day, BeatVisit.sequence, BeatVisit.visit_id)
    ).all()  # fmt: skip


def list_account_names(account_ids: Collection[UUID]) -> Mapping[UUID, AnyRow]:
    """Account -> (id, name, rating), of accounts in a plan that the caller was shown."""
    wanted = sorted(set(account_ids))
    rows: list[AnyRow] = []
    for start in range(0, len(wanted), 500):
        some = wanted[start : start + 500]
        rows += db.session.execute(select(Account.id, Account.name, Account.rating).where(Account.id.in_(some)))
    return {row.id: row for row in rows}


def names_of(people: Collection[UUID]) -> Mapping[UUID, str]:
    """Names of people."""
    rows = db.session.execute(select(Person.id, Person.name).where(Person.id.in_(sorted(people))))
    return {row.id: row.name for row in rows}


# --- What was published before? --------------------------------------------------------------------------------------


def last_day(first_on: date, weeks: int) -> date:
    """The last Sunday of a plan."""
    return first_on + timedelta(days=7 * weeks - 1)


def list_published(rep_ids: Collection[UUID], first: date, last: date) -> Lines:
    """(rep_id, id, first_on, weeks, published_at, published_by) of the published plans that lie in these days, the last
    published first."""
    rows = db.session.execute(
        select(
            BeatPlanRep.rep_id, BeatPlan.id, BeatPlan.first_on, BeatPlan.weeks, BeatPlan.published_at,
            BeatPlan.published_by,
        )
        .join(BeatPlan, BeatPlan.id == BeatPlanRep.plan_id)
        .where(BeatPlanRep.rep_id.in_(sorted(rep_ids)), BeatPlan.published_at.is_not(None))
        .where(BeatPlan.withdrawn_at.is_(None))
        .where(BeatPlan.first_on.between(first - timedelta(weeks=MOST_WEEKS), last))
        .order_by(BeatPlan.published_at.desc(), BeatPlan.id)
    )  # fmt: skip
    return [row for row in rows if last_day(row.first_on, row.weeks) >= first]


def find_differences(plan: BeatPlan, rep_ids: Collection[UUID]) -> Mapping[UUID, Difference]:
    """Rep -> what the plan changes of the one that was published before it, in its own weeks; reps without such a plan
    are missing."""
    first, last = plan.first_on, last_day(plan.first_on, plan.weeks)
    before: dict[UUID, UUID] = {}
    for row in list_published(rep_ids, first, last):
        if row.id != plan.id and (plan.published_at is None or row.published_at < plan.published_at):
            before.setdefault(row.rep_id, row.id)
    if not before:
        return {}
    found = _beats([plan.id, *before.values()], rep_ids, first, last)
    return {rep: difference(found.get((old, rep), []), found.get((plan.id, rep), [])) for rep, old in before.items()}


def _beats(
    plan_ids: Collection[UUID], rep_ids: Collection[UUID], first: date, last: date
) -> Mapping[tuple[UUID, UUID], list[Beat]]:
    """(plan, rep) -> its visits of these days."""
    rows = fetch(
        select(
            BeatVisit.plan_id, BeatVisit.rep_id, BeatVisit.account_id, BeatVisit.place_id, BeatVisit.day,
            BeatVisit.sequence, BeatVisit.planned_at, BeatVisit.minutes, BeatVisit.is_booked, BeatVisit.visit_id,
        ).where(
            BeatVisit.plan_id.in_(sorted(set(plan_ids))), BeatVisit.rep_id.in_(sorted(set(rep_ids))),
            BeatVisit.day.between(first, last),
        )
    )  # fmt: skip
    found: dict[tuple[UUID, UUID], list[Beat]] = {}
    for row in rows:
        beat = Beat(
            row.account_id, row.place_id, row.day, row.sequence, row.planned_at, row.minutes,
            row.visit_id if row.is_booked else None,
        )  # fmt: skip
        found.setdefault((row.plan_id, row.rep_id), []).append(beat)
    return found


def is_outdated(plan: BeatPlan) -> bool:
    """Whether, since the draft was made, another plan of one of its reps was published or withdrawn in its weeks."""
    if plan.made_at is None:
        return False
    first, last = plan.first_on, last_day(plan.first_on, plan.weeks)
    mine = select(BeatPlanRep.rep_id).where(BeatPlanRep.plan_id == plan.id)
    rows = db.session.execute(
        select(BeatPlan.first_on, BeatPlan.weeks)
        .join(BeatPlanRep, BeatPlanRep.plan_id == BeatPlan.id)
        .where(BeatPlan.id != plan.id, BeatPlanRep.rep_id.in_(mine))
        .where(or_(BeatPlan.published_at > plan.made_at, BeatPlan.withdrawn_at > plan.made_at))
        .where(BeatPlan.first_on.between(first - timedelta(weeks=MOST_WEEKS), last))
    )
    return any(last_day(row.first_on, row.weeks) >= first for row in rows)


# --- What a rep sees -------------------------------------------------------------------------------------------------


def list_own_visits(actor: Actor, first: date, last: date) -> Lines:
    """The actor's visits of these days that are not called off: (id, account_id, planned_on, planned_at, sequence,
    minutes, name, rating, address, zone, check_in_at, check_out_at, is_beat), in their order."""
    is_beat = exists().where(BeatVisit.visit_id == Visit.id, ~BeatVisit.is_booked).correlate(Visit)
    return db.session.execute(
        select(
            Visit.id, Visit.account_id, Visit.planned_on, Visit.planned_at, Visit.sequence, Visit.minutes,
            Account.name, Account.rating, Account.address, Place.zone, CheckIn.at.label("check_in_at"),
            CheckOut.at.label("check_out_at"), is_beat.label("is_beat"),
        )
        .join(Account, Account.id == Visit.account_id)
        .join(Place, Place.id == Visit.place_id)
        .outerjoin(CheckIn, CheckIn.visit_id == Visit.id)
        .outerjoin(CheckOut, CheckOut.visit_id == Visit.id)
        .where(Visit.rep_id == actor.person_id, Visit.planned_on.between(first, last))
        .where(~exists().where(Dismissal.visit_id == Visit.id))
        .order_by(Visit.planned_on, Visit.sequence.is_(None), Visit.sequence, CheckIn.at, Visit.id)
    ).all()  # fmt: skip


@dataclass(frozen=True, slots=True)
class OwnPlan:
    """What was last published for a rep in some days, by whom, and what it changed of the plan before."""

    id: UUID
    first_on: date
    last_on: date
    published_at: datetime
    person: str
    changes: Difference | None


def find_own_plan(actor: Actor, first: date, last: date) -> OwnPlan | None:
    """The plan that was last published for the actor in these days, with its changes in them; None without one."""
    published = list_published([actor.person_id], first, last)
    if not published:
        return None
    latest = published[0]
    first, last = max(first, latest.first_on), min(last, last_day(latest.first_on, latest.weeks))
    before = next((row for row in published[1:] if _lies(row, first, last)), None)
    changes = None
    if before is not None:
        found = _beats([latest.id, before.id], [actor.person_id], first, last)
        old, new = (found.get((plan, actor.person_id), []) for plan in (before.id, latest.id))
        changes = difference(old, new)
    person = db.session.scalar(select(Person.name).where(Person.id == latest.published_by)) or ""
    return OwnPlan(latest.id, first, last, latest.published_at, person, changes)


def _lies(row: AnyRow, first: date, last: date) -> bool:
    return bool(row.first_on <= last and last_day(row.first_on, row.weeks) >= first)


# --- Absences --------------------------------------------------------------------------------------------------------


def list_absences(actor: Actor, since: date) -> Lines:
    """(id, person_id, name, first_on, last_on, why) of absences that are not over by that day: one's own, for managers
    also those of the people whom they see."""
    must(actor, P.PLANNING_USE)
    whose = Absence.person_id == actor.id
    if actor.may(P.BEATS_MANAGE):
        whose = belongs_to(actor, Absence.person_id)
    return db.session.execute(
        select(Absence.id, Absence.person_id, Person.name, Absence.first_on, Absence.last_on, Absence.why)
        .join(Person, Person.id == Absence.person_id)
        .where(whose, Absence.last_on >= since)
        .order_by(Absence.first_on, Person.name, Absence.id)
        .limit(MOST_ABSENCES)
    ).all()


def get_absence(actor: Actor, absence_id: UUID) -> Absence:
    """One's own, for managers also of somebody whom they see; else NotFoundError."""
    must(actor, P.PLANNING_USE)
    absence = db.session.get(Absence, absence_id)
    if absence is None or not may_enter_for(actor, absence.person_id):
        raise NotFoundError
    return absence


def may_enter_for(actor: Actor, person_id: UUID) -> bool:
    """Whether the actor may say that this person is absent."""
    if person_id == actor.id:
        return True
    if not actor.may(P.BEATS_MANAGE):
        return False
    found = select(Person.id).where(Person.id == person_id, belongs_to(actor, Person.id))
    return db.session.scalar(found) is not None


def list_absent_days(people: Collection[UUID], first: date, last: date) -> Mapping[UUID, tuple[tuple[date, date], ...]]:
    """Person -> (first, last) of the absences that lie in these days."""
    rows = db.session.execute(
        select(Absence.person_id, Absence.first_on, Absence.last_on)
        .where(Absence.person_id.in_(sorted(people)), Absence.first_on <= last, Absence.last_on >= first)
        .order_by(Absence.first_on, Absence.id)
    )
    found: dict[UUID, list[tuple[date, date]]] = {}
    for row in rows:
        found.setdefault(row.person_id, []).append((row.first_on, row.last_on))
    return {person: tuple(days) for person, days in found.items()}


def overlaps(person_id: UUID, first: date, last: date) -> bool:
    """Whether the person is absent on one of these days already."""
    there = select(Absence.id).where(Absence.person_id == person_id)
    return db.session.scalar(there.where(Absence.first_on <= last, Absence.last_on >= first).limit(1)) is not None


def counted_absences(actor: Actor) -> Any:
    """How many absences of the actor are written down."""
    return select(func.count()).select_from(Absence).where(Absence.person_id == actor.person_id)


def list_own_absences(actor: Actor, first: int, most: int) -> Sequence[RowMapping]:
    """(first_on, last_on, why, created_at, by) of the actor's absences, the latest first."""
    rows = db.session.execute(
        select(Absence.first_on, Absence.last_on, Absence.why, Absence.created_at, Person.name.label("by"))
        .join(Person, Person.id == Absence.created_by)
        .where(Absence.person_id == actor.person_id)
        .order_by(Absence.first_on.desc(), Absence.id)
        .limit(most)
        .offset(first)
    )
    return rows.mappings().all()

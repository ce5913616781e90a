"""What a rep has to do in the weeks of a plan, read for the planner: customers, what is booked, how one drives."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, exists, select

from app.accounts.models import Account, Place
from app.accounts.ports import find_open_business
from app.accounts.queries import get_rhythms
from app.accounts.rules import LONGEST_INTERVAL, intervals_of, next_visit_due, rhythm_of
from app.beats.models import BeatPlan, BeatPlanRep, BeatVisit
from app.beats.queries import list_absent_days
from app.beats.rules import Asked, Booked, Customer, RepDraft, RepWork
from app.beats.rules import BeatVisit as Beat
from app.beats.states import read_days, read_missing, read_shortfall
from app.identity.models import Person
from app.infra.db import AnyRow, db, fetch
from app.infra.scope import belongs_to
from app.kernel.access import Actor
from app.kernel.dates import today_in
from app.kernel.errors import NotFoundError
from app.kernel.geo import Position
from app.kernel.hours import read_hours, windows_on
from app.planning.driving import Asked as Positions
from app.planning.driving import Driving
from app.planning.rules import WorkingHours
from app.planning.scoring import Worth
from app.planning.travel import find_driving
from app.sales.models import Order, Quote
from app.visits.models import CheckIn, Dismissal, Visit, VisitAlias
from app.visits.scheduling import promised

MOST_CUSTOMERS = 1000  # of a rep that one plan looks at: three times what eight weeks hold


@dataclass(frozen=True, slots=True)
class Workload:
    """What weeks.plan_rep takes, and in which team the rep drives. `beyond`: customers that are due too, but too many
    (account, due day)."""

    work: RepWork
    team_id: UUID
    beyond: tuple[tuple[UUID, date], ...] = ()


def load_work(actor: Actor, rep_id: UUID, asked: Asked, minutes: int, now: datetime) -> Workload:
    """The work of a rep whom the actor sees (NotFoundError). Days that are over by `now` count as absent."""
    person = db.session.scalar(select(Person).where(Person.id == rep_id, belongs_to(actor, Person.id)))
    if person is None or person.deactivated_at is not None:
        raise NotFoundError
    today = today_in(person.zone, now)
    absent = list_absent_days([rep_id], asked.first_on, asked.last_on).get(rep_id, ())
    if today > asked.first_on:
        absent = ((asked.first_on, min(today - timedelta(days=1), asked.last_on)), *absent)
    hours = WorkingHours(
        person.zone, person.work_from, person.work_to, person.lunch_from, person.lunch_minutes,
        _position(person.start_lat, person.start_lon), _position(person.end_lat, person.end_lon), person.most_visits,
    )  # fmt: skip
    customers, beyond = _customers(actor, rep_id, asked, minutes, today)
    booked = tuple(_booked(list_standing(rep_id, max(asked.first_on, today), asked.last_on)))
    work = RepWork(rep_id, hours, absent, person.most_visits, customers, booked)
    return Workload(work, person.team_id, beyond)


def positions_of(works: Sequence[RepWork]) -> Positions:
    """Where these reps begin, end, and may go."""
    customers = [each.position for work in works for each in work.customers]
    booked = [each.position for work in works for each in work.booked]
    return Positions([*customers, *booked], [end for work in works for end in (work.hours.base, work.hours.end)])


def how_to_drive(team_id: UUID, works: Sequence[RepWork]) -> Driving:
    """How long one of the team drives between all that these reps may visit."""
    return find_driving(team_id, positions_of(works))


def _position(lat: float | None, lon: float | None) -> Position | None:
    return Position(lat, lon) if lat is not None and lon is not None else None


# --- Customers -------------------------------------------------------------------------------------------------------


def _customers(
    actor: Actor, rep_id: UUID, asked: Asked, minutes: int, today: date
) -> tuple[tuple[Customer, ...], tuple[tuple[UUID, date], ...]]:
    """The rep's customers that are due by the end of the weeks, and those beyond the most; the longest due first.

    When that is, accounts.rules.next_visit_due says. Whom nobody ever visited is not late, but not forgotten either:
    the planner spreads them over their first rhythm.
    """
    rhythms = get_rhythms()
    intervals = intervals_of(rhythms)
    rows = fetch(
        select(
            Account.id, Account.rating, Account.last_visit_on, Account.next_visit_on, Account.visit_days,
            Account.visit_wish, Place.id.label("place_id"), Place.lat, Place.lon, Place.zone, Place.hours,
        )
        .join(Place, and_(Place.account_id == Account.id, Place.position_in_list == 0, Place.archived_at.is_(None)))
        .where(Account.owner_id == rep_id, Account.archived_at.is_(None))
    )  # fmt: skip
    begins = max(asked.first_on, today)
    business = find_open_business(actor, [row.id for row in rows], begins)
    found: list[tuple[date, Customer]] = []
    for row in rows:
        rhythm = rhythm_of(row.rating, row.visit_days, row.visit_wish, rhythms)
        due = next_visit_due(row.last_visit_on, row.rating, row.next_visit_on, intervals, row.visit_days)
        if (due is None and rhythm.days is None) or (due is not None and due > asked.last_on):
            continue
        every = rhythm.days or LONGEST_INTERVAL  # agreed once, without a plan: not again in these weeks
        # In a week that has begun, what is late is due from now on: the days before are no days for it.
        since = None if due is None else max(due, today) if today > asked.first_on else due
        worth = Worth(row.rating, due, begins, row.id in business)
        customer = Customer(
            row.id, row.place_id, row.rating, _position(row.lat, row.lon), row.zone, row.hours, minutes, every,
            rhythm.wish, since - timedelta(days=every) if since else None, worth.value,
        )  # fmt: skip
        found.append((due or asked.last_on, customer))
    found.sort(key=lambda pair: (pair[0], -pair[1].value, pair[1].account_id))
    beyond = tuple((customer.account_id, due) for due, customer in found[MOST_CUSTOMERS:])
    return tuple(customer for _, customer in found[:MOST_CUSTOMERS]), beyond


# --- What stands already ---------------------------------------------------------------------------------------------


def list_standing(rep_id: UUID, first: date, last: date) -> Sequence[AnyRow]:
    """The rep's visits of these days that are not called off: (id, account_id, place_id, planned_on, minutes, must,
    fixed_at, lat, lon, zone, hours, is_loose).

    `is_loose`: a published plan made it, and since then nobody has begun it, agreed a time, or made it anything else:
    the next plan may move it, or take it out.
    """
    from_plan = exists().where(
        BeatVisit.visit_id == Visit.id, BeatVisit.plan_id == BeatPlan.id, BeatPlan.published_at.is_not(None),
        ~BeatVisit.is_booked, BeatVisit.day == Visit.planned_on, BeatVisit.minutes == Visit.minutes,
    )  # fmt: skip
    touched = (
        exists().where(CheckIn.visit_id == Visit.id), exists().where(VisitAlias.visit_id == Visit.id),
        Visit.id.in_(promised(rep_id)), exists().where(Order.visit_id == Visit.id),
        exists().where(Quote.visit_id == Visit.id), Visit.must, Visit.fixed_at.is_not(None), Visit.purpose != "",
    )  # fmt: skip
    is_loose = and_(from_plan, *(~each for each in touched))
    return db.session.execute(
        select(
            Visit.id, Visit.account_id, Visit.place_id, Visit.planned_on, Visit.minutes, Visit.must, Visit.fixed_at,
            Place.lat, Place.lon, Place.zone, Place.hours, is_loose.label("is_loose"),
        )
        .join(Place, Place.id == Visit.place_id)
        .where(Visit.rep_id == rep_id, Visit.planned_on.between(first, last))
        .where(~exists().where(Dismissal.visit_id == Visit.id))
        .order_by(Visit.planned_on, Visit.id)
    ).all()  # fmt: skip


def _booked(rows: Sequence[AnyRow]) -> Iterator[Booked]:
    for row in rows:
        if not row.is_loose:
            windows = windows_on(read_hours(row.hours), row.planned_on, row.zone)
            yield Booked(
                row.id, row.account_id, row.place_id, _position(row.lat, row.lon), row.planned_on, row.minutes,
                windows, row.must, row.fixed_at,
            )  # fmt: skip


def find_loose(rep_id: UUID, first: date, last: date) -> Mapping[tuple[UUID, date], UUID]:
    """(account, day) -> the visit there that a plan may still change."""
    return {(row.account_id, row.planned_on): row.id for row in list_standing(rep_id, first, last) if row.is_loose}


# --- What was worked out ---------------------------------------------------------------------------------------------


def read_draft(plan_id: UUID, rep_id: UUID) -> RepDraft:
    """What is kept of a rep's weeks, as the planner gave it."""
    row = db.session.get_one(BeatPlanRep, (plan_id, rep_id))
    kept = select(BeatVisit).where(BeatVisit.plan_id == plan_id, BeatVisit.rep_id == rep_id)
    visits = tuple(
        Beat(
            each.account_id, each.place_id, each.day, each.sequence, each.planned_at, each.minutes,
            each.visit_id if each.is_booked else None,
        )
        for each in db.session.scalars(kept.order_by(BeatVisit.day, BeatVisit.sequence))
    )  # fmt: skip
    return RepDraft(rep_id, visits, read_missing(row.missing), read_days(row.days), read_shortfall(row.shortfall))

"""Ways to a rep's own day."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from app.accounts.models import Account, Place
from app.accounts.ports import find_open_business
from app.accounts.queries import find_due_days
from app.identity.models import Person
from app.identity.queries import get_self
from app.infra.db import db
from app.infra.scope import belongs_to
from app.kernel.access import Actor
from app.kernel.dates import today_in
from app.kernel.errors import NotFoundError
from app.kernel.geo import Position
from app.kernel.hours import read_hours, windows_on
from app.planning.driving import Asked, Driving
from app.planning.rules import DayRun, Shift, Stop, WorkingHours, arrivals, shift_on
from app.planning.scoring import Worth
from app.planning.travel import find_driving
from app.planning.whereabouts import find_whereabouts
from app.visits.models import Dismissal, Visit
from app.visits.queries import VisitLine, list_day
from app.visits.rules import Dismissal as DismissalKind
from app.visits.rules import VisitState

_OPEN = (VisitState.PLANNED, VisitState.MISSED)
_BEGUN = (VisitState.CHECKED_IN, VisitState.DONE)

# --- The plan --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DayPlan:
    """A rep's day, as seen on `today` of theirs. `begun` are the visits with a check-in, by time; `ordered` those to
    come, in their order, and `run` what the order makes of the `shift` that is left at the speed of `driving`; `loose`
    have no place in the order yet; `dismissed` will not take place. `worths`: what is known of the accounts of those to
    come. `seen_at`: when the phone told where the rep was, if the shift that is left begins there."""

    day: date
    today: date
    base_label: str
    shift: Shift
    begun: tuple[VisitLine, ...]
    ordered: tuple[VisitLine, ...]
    loose: tuple[VisitLine, ...]
    dismissed: tuple[VisitLine, ...]
    run: DayRun
    driving: Driving
    worths: Mapping[UUID, Worth]
    seen_at: datetime | None = None

    def stop_of(self, line: VisitLine) -> Stop:
        """A visit of the plan as the rules see it."""
        return _stop_of(line, self.worths)

    @property
    def waiting(self) -> tuple[VisitLine, ...]:
        """All visits that are still to be made."""
        return (*self.ordered, *self.loose)

    @property
    def accounts(self) -> frozenset[UUID]:
        """Whoever is visited on this day."""
        return frozenset(line.row.account_id for line in (*self.begun, *self.waiting))

    @property
    def last_position(self) -> Position | None:
        """Where the last visit of the order is, else where the day begins."""
        known = (position_of(line) for line in reversed((*self.begun, *self.ordered)))
        return next(filter(None, known), self.shift.start)


def get_day(actor: Actor, day: date, now: datetime) -> DayPlan:
    """The actor's own plan of a day, as it stands at `now`: what is over is over."""
    lines = list_day(actor, actor.person_id, day, now)
    person = get_self(actor)
    hours = hours_of(person)
    begun = tuple(sorted((line for line in lines if line.state in _BEGUN), key=lambda line: line.row.check_in_at))
    waiting = [line for line in lines if line.state in _OPEN]
    ordered = tuple(line for line in waiting if line.row.sequence is not None)
    today = today_in(person.zone, now)
    earliest = [_end_of(line) for line in begun] + ([now] if day == today else [])
    here = next(filter(None, (position_of(line) for line in reversed(begun))), None)
    told = find_whereabouts(
        actor, day, max((line.row.check_out_at or line.row.check_in_at for line in begun), default=None)
    )
    here, seen_at = told or (here, None)
    shift = shift_on(day, hours, max(earliest, default=None), here)
    if shift.most_stops is not None:
        shift = replace(shift, most_stops=max(0, shift.most_stops - len(begun)))
    asked = Asked([position_of(line) for line in waiting], (shift.start, shift.end))
    driving = find_driving(person.team_id, asked)
    worths = find_worths(actor, {line.row.account_id for line in waiting}, day)
    return DayPlan(
        day,
        today,
        person.start_label,
        shift,
        begun,
        ordered,
        tuple(line for line in waiting if line.row.sequence is None),
        tuple(line for line in lines if line.state not in (*_BEGUN, *_OPEN)),
        arrivals([_stop_of(line, worths) for line in ordered], shift, travel=driving),
        driving,
        worths,
        seen_at,
    )


def hours_of(person: Person) -> WorkingHours:
    """When, from where and for how many visits a person works."""
    base = end = None
    if person.start_lat is not None and person.start_lon is not None:
        base = Position(person.start_lat, person.start_lon)
    if person.end_lat is not None and person.end_lon is not None:
        end = Position(person.end_lat, person.end_lon)
    return WorkingHours(
        person.zone, person.work_from, person.work_to, person.lunch_from, person.lunch_minutes, base, end,
        person.most_visits,
    )  # fmt: skip


def find_worths(actor: Actor, account_ids: Collection[UUID], day: date) -> Mapping[UUID, Worth]:
    """What a visit on that day is worth, of accounts that the actor has been shown."""
    business = find_open_business(actor, account_ids, day) if account_ids else ()
    known = find_due_days(account_ids) if account_ids else {}
    return {account: Worth(rating, due, day, account in business) for account, (rating, due) in known.items()}


def _stop_of(line: VisitLine, worths: Mapping[UUID, Worth]) -> Stop:
    """Its windows are the opening hours of its day in the place's zone."""
    row = line.row
    windows = windows_on(read_hours(row.hours), row.planned_on, row.zone)
    value = worths[row.account_id].value
    return Stop(row.id, position_of(line), row.minutes, windows, row.fixed_at, row.must, value)


def position_of(line: VisitLine) -> Position | None:
    """Where the visit is, None where nobody knows."""
    return Position(line.row.lat, line.row.lon) if line.row.lat is not None else None


def _end_of(line: VisitLine) -> datetime:
    """When a visit that was begun is over: for one that lasts, by its expected length."""
    row = line.row
    end: datetime = row.check_out_at or row.check_in_at + timedelta(minutes=row.minutes)
    return end


def find_planned(actor: Actor, day: date) -> Mapping[UUID, UUID]:
    """Account -> the actor's own visit there on that day; postponed and skipped ones do not count."""
    rows = db.session.execute(
        select(Visit.account_id, Visit.id)
        .outerjoin(Dismissal, Dismissal.visit_id == Visit.id)
        .where(Visit.rep_id == actor.id, Visit.planned_on == day)
        .where(Dismissal.visit_id.is_(None) | (Dismissal.kind == DismissalKind.MISSED))
    )
    return {row.account_id: row.id for row in rows}


# --- Around what? ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Centre:
    """What "nearby" is near to; `name` '' for the phone's own position."""

    position: Position | None
    name: str = ""
    account_id: UUID | None = None


def get_centre(actor: Actor, account_id: UUID) -> Centre:
    """The main place of an account that the actor sees (NotFoundError)."""
    row = db.session.execute(
        select(Account.name, Place.lat, Place.lon)
        .join(Place, (Place.account_id == Account.id) & (Place.position_in_list == 0))
        .where(Account.id == account_id, belongs_to(actor, Account.owner_id, pool=True))
    ).first()
    if row is None:
        raise NotFoundError
    return Centre(Position(row.lat, row.lon) if row.lat is not None else None, row.name, account_id)

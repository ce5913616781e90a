"""Ways to visits. A visit is visible to whoever may see its rep, or the owner of its account."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from app.accounts.models import Account, Place
from app.fixes.rules import ENOUGH
from app.identity.models import Person
from app.infra.db import AnyRow, AnySelect, db
from app.infra.journal import JournalEntry
from app.infra.scope import belongs_to
from app.kernel.access import Actor
from app.kernel.dates import today_in, zone_of
from app.kernel.errors import NotFoundError
from app.kernel.geo import Position
from app.visits.events import VisitWithdrawn
from app.visits.models import CheckIn, CheckOut, Dismissal, Finding, Photo, Report, Visit, VisitAlias
from app.visits.rules import Dismissal as DismissalKind
from app.visits.rules import VisitState, forgotten, state_of, tone_of

Rep = aliased(Person)
MOST_OF_A_DAY = 2000
MOST_OWN = 20
OPEN_AT_MOST = timedelta(days=7)  # a check-in that is still open is closed by the house after its day
MOST_LIKE = 1000  # photos that share a quarter of a look
SAME_VISIT = timedelta(minutes=10)  # two posts of one intention are not farther apart


@dataclass(frozen=True, slots=True)
class VisitLine:
    """One visit in a list: its row and what the rules say about it. `row` has the columns of `line_rows`."""

    row: AnyRow
    state: VisitState
    tone: str

    @property
    def when(self) -> datetime | None:
        """The moment that orders it: when it began, else when it is expected."""
        moment: datetime | None = self.row.check_in_at or self.row.planned_at
        return moment

    @property
    def clock(self) -> str:
        """`when` as the clock at the place shows it, HH:MM; '' where it is not known."""
        return self._clock(self.when)

    @property
    def clock_planned(self) -> str:
        """When it is expected, as `clock`."""
        return self._clock(self.row.planned_at)

    @property
    def clock_out(self) -> str:
        """When it ended, as `clock`."""
        return self._clock(self.row.check_out_at)

    def _clock(self, moment: datetime | None) -> str:
        return f"{moment.astimezone(zone_of(self.row.zone)):%H:%M}" if moment else ""


def line_rows() -> AnySelect:
    """Visits with all that a VisitLine is made of."""
    return (
        select(
            Visit.id,
            Visit.account_id,
            Visit.place_id,
            Visit.rep_id,
            Visit.planned_on,
            Visit.planned,
            Visit.planned_at,
            Visit.sequence,
            Visit.minutes,
            Visit.must,
            Visit.fixed_at,
            Visit.purpose,
            Visit.version,
            Account.name,
            Account.rating,
            Account.phone,
            Place.address,
            Place.city,
            Place.lat,
            Place.lon,
            Place.zone,
            Place.hours,
            Rep.name.label("rep"),
            CheckIn.at.label("check_in_at"),
            CheckIn.lat.label("check_in_lat"),
            CheckIn.lon.label("check_in_lon"),
            CheckIn.verdict,
            CheckIn.distance,
            CheckOut.at.label("check_out_at"),
            CheckOut.received_at.label("check_out_heard_at"),
            CheckOut.estimated,
            Dismissal.kind.label("dismissal"),
        )
        .join(Account, Account.id == Visit.account_id)
        .join(Place, Place.id == Visit.place_id)
        .join(Rep, Rep.id == Visit.rep_id)
        .outerjoin(CheckIn, CheckIn.visit_id == Visit.id)
        .outerjoin(CheckOut, CheckOut.visit_id == Visit.id)
        .outerjoin(Dismissal, Dismissal.visit_id == Visit.id)
    )


def line_of(row: AnyRow, now: datetime) -> VisitLine:
    """A row of `line_rows` with what the rules say about it."""
    state = state_in(row, now)
    return VisitLine(row, state, tone_of(state, row.verdict))


def state_in(row: AnyRow, now: datetime) -> VisitState:
    """The state by the columns planned_on, zone, check_in_at, check_out_at and dismissal of a row."""
    kind = DismissalKind(row.dismissal) if row.dismissal else None
    return state_of(row.planned_on, today_in(row.zone, now), row.check_in_at, row.check_out_at, kind)


def _visible(actor: Actor) -> Any:
    return belongs_to(actor, Visit.rep_id, Account.owner_id)


def get_visit(actor: Actor, visit_id: UUID) -> Visit:
    """A visit that the actor sees, by its id or by one that the actor's phone gave it (NotFoundError)."""
    visible = select(Visit).join(Account, Account.id == Visit.account_id).where(_visible(actor))
    visit = db.session.scalar(visible.where(Visit.id == visit_id))
    if visit is None:
        visit = db.session.scalar(visible.where(Visit.id == _aliased(actor, visit_id)))
    if visit is None:
        raise NotFoundError
    return visit


def get_own_visit(actor: Actor, visit_id: UUID) -> Visit:
    """A visit of the actor's own, by its id or by one that the actor's phone gave it: only its rep checks in, reports
    and postpones (NotFoundError)."""
    visit = find_made(actor, visit_id)
    if visit is None or visit.rep_id != actor.id:
        raise NotFoundError
    return visit


def find_visit(actor: Actor, visit_id: UUID) -> Visit | None:
    """As `get_visit`; None where the actor has taken it out of the plan."""
    try:
        return get_visit(actor, visit_id)
    except NotFoundError:
        if find_withdrawal(visit_id, actor.person_id) is None:
            raise
        return None


def find_withdrawal(visit_id: UUID, rep_id: UUID) -> AnyRow | None:
    """(at, arrived_at, facts of VisitWithdrawn): when the rep's visit of this id was last taken out of the plan, by the
    rep or by a manager."""
    rows = db.session.execute(
        select(JournalEntry.at, JournalEntry.arrived_at, JournalEntry.facts, JournalEntry.person_id)
        .where(JournalEntry.subject_id == visit_id, JournalEntry.event == VisitWithdrawn.__name__)
        .order_by(JournalEntry.at.desc(), JournalEntry.id.desc())
    )
    return next((row for row in rows if row.facts.get("rep_id", str(row.person_id)) == str(rep_id)), None)


def find_made(actor: Actor, visit_id: UUID) -> Visit | None:
    """The visit that has this id, or that the actor's phone called so; anybody's."""
    visit = db.session.get(Visit, visit_id)
    if visit is None:
        visit = db.session.scalar(select(Visit).where(Visit.id == _aliased(actor, visit_id)))
    return visit


def list_aliases(actor: Actor, visit_ids: Iterable[UUID]) -> Mapping[UUID, UUID]:
    """Id that the actor's phone gave -> id of the visit, for those that are such."""
    wanted = list(visit_ids)
    if not wanted:
        return {}
    rows = db.session.execute(
        select(VisitAlias.id, VisitAlias.visit_id).where(VisitAlias.id.in_(wanted), VisitAlias.rep_id == actor.id)
    )
    return {row.id: row.visit_id for row in rows}


def _aliased(actor: Actor, visit_id: UUID) -> Any:
    known = select(VisitAlias.visit_id).where(VisitAlias.id == visit_id, VisitAlias.rep_id == actor.id)
    return known.scalar_subquery()


def get_line(actor: Actor, visit_id: UUID, now: datetime) -> VisitLine:
    """A visit with all that its page shows on top (NotFoundError)."""
    row = db.session.execute(line_rows().where(Visit.id == visit_id, _visible(actor))).one_or_none()
    if row is None:
        raise NotFoundError
    return line_of(row, now)


def list_day(actor: Actor, rep_id: UUID, day: date, now: datetime) -> list[VisitLine]:
    """A rep's visits of a day, in the order of the plan; unplanned ones by their check-in."""
    rows = db.session.execute(
        line_rows()
        .where(Visit.rep_id == rep_id, Visit.planned_on == day, belongs_to(actor, Visit.rep_id))
        .order_by(Visit.sequence.is_(None), Visit.sequence, CheckIn.at, Visit.id)
        .limit(MOST_OF_A_DAY)
    )
    return [line_of(row, now) for row in rows]


def list_team_day(actor: Actor, day: date, now: datetime) -> list[VisitLine]:
    """All visits of a day by the people whom the actor sees: by rep, then in order of time."""
    rows = db.session.execute(
        line_rows().where(Visit.planned_on == day, belongs_to(actor, Visit.rep_id)).limit(MOST_OF_A_DAY)
    )
    lines = [line_of(row, now) for row in rows]
    last = datetime.max.replace(tzinfo=now.tzinfo)
    return sorted(lines, key=lambda each: (each.row.rep, each.row.rep_id, each.when or last, each.row.sequence or 0))


def list_missed(actor: Actor, before: date, now: datetime, limit: int = 20) -> list[VisitLine]:
    """The actor's own planned visits of earlier days that nobody has explained, latest first."""
    rows = db.session.execute(
        line_rows()
        .where(Visit.rep_id == actor.id, Visit.planned_on < before)
        .where(CheckIn.visit_id.is_(None), Dismissal.visit_id.is_(None))
        .order_by(Visit.planned_on.desc(), Visit.id)
        .limit(limit)
    )
    return [line_of(row, now) for row in rows]


def list_of_account(actor: Actor, account_id: UUID, now: datetime, limit: int = 10) -> list[VisitLine]:
    """The latest visits to an account, planned ones included."""
    rows = db.session.execute(
        line_rows()
        .where(Visit.account_id == account_id, _visible(actor))
        .order_by(Visit.planned_on.desc(), Visit.id.desc())
        .limit(limit)
    )
    return [line_of(row, now) for row in rows]


def find_present(actor: Actor, now: datetime) -> VisitLine | None:
    """Where the actor is now: checked in, not out."""
    row = db.session.execute(
        line_rows()
        .where(CheckIn.visit_id.is_not(None), CheckOut.visit_id.is_(None))
        .where(Visit.rep_id == actor.id, Visit.planned_on >= today_in(actor.zone, now) - OPEN_AT_MOST)
        .order_by(CheckIn.at.desc())
        .limit(1)
    ).first()
    return line_of(row, now) if row else None


def list_own(actor: Actor, visit_ids: AnySelect, now: datetime) -> list[VisitLine]:
    """The actor's begun visits among these, the latest first."""
    rows = db.session.execute(
        line_rows().where(Visit.id.in_(visit_ids), Visit.rep_id == actor.id).order_by(CheckIn.at.desc()).limit(MOST_OWN)
    )
    return [line_of(row, now) for row in rows]


def list_open(rep_id: UUID | None = None, among: Collection[UUID] | None = None) -> Sequence[AnyRow]:
    """(visit_id, at, minutes, zone, person_id, next_at) of all check-ins without a check-out, of one rep or of all, and
    of these visits or of all.

    `zone` is the rep's; `next_at`: when the rep checked in elsewhere after it, None where not yet.
    """
    statement = (
        select(CheckIn.visit_id, CheckIn.at, Visit.minutes, Person.zone, CheckIn.person_id, _next_at().label("next_at"))
        .join(Visit, Visit.id == CheckIn.visit_id)
        .join(Person, Person.id == CheckIn.person_id)
        .where(~exists().where(CheckOut.visit_id == CheckIn.visit_id))
    )
    if rep_id is not None:
        statement = statement.where(CheckIn.person_id == rep_id)
    if among is not None:
        statement = statement.where(CheckIn.visit_id.in_(among))
    return db.session.execute(statement).all()


def list_forgotten(now: datetime, rep_id: UUID | None = None, among: Collection[UUID] | None = None) -> list[AnyRow]:
    """Those of `list_open` that were left open by mistake."""
    return [row for row in list_open(rep_id, among) if forgotten(row.at, now, row.zone, row.next_at)]


def next_check_in_at(check_in: CheckIn) -> datetime | None:
    """When the rep checked in elsewhere after this, in the order in which it happened; None where not yet."""
    return db.session.scalar(select(_next_at()).where(CheckIn.visit_id == check_in.visit_id))


def _next_at() -> Any:
    """For a select of CheckIn: the same person's next one. Two of one moment are in the order of their visits."""
    following = aliased(CheckIn)
    after: ColumnElement[bool] = or_(
        following.at > CheckIn.at, and_(following.at == CheckIn.at, following.visit_id > CheckIn.visit_id)
    )
    found = select(func.min(following.at)).where(following.person_id == CheckIn.person_id, after)
    return found.correlate(CheckIn).scalar_subquery()


def is_latest(account_id: UUID, check_in_at: datetime) -> bool:
    """Whether nobody has checked in at the account after that moment: what was agreed later counts."""
    later = select(CheckIn.visit_id).join(Visit, Visit.id == CheckIn.visit_id)
    return db.session.scalar(later.where(Visit.account_id == account_id, CheckIn.at > check_in_at).limit(1)) is None


def find_planned_visit(rep_id: UUID, account_id: UUID, day: date) -> UUID | None:
    """The open planned visit of this rep to this account on that day, so that nobody plans or starts it twice."""
    visits = _visits_to(rep_id, account_id, day).outerjoin(Dismissal, Dismissal.visit_id == Visit.id)
    return db.session.scalar(visits.where(CheckIn.visit_id.is_(None), Dismissal.visit_id.is_(None)).limit(1))


def find_visit_under_way(rep_id: UUID, account_id: UUID, day: date, at: datetime) -> UUID | None:
    """The visit of this rep to this account on that day that was checked in to by `at`, and not out of."""
    visits = _visits_to(rep_id, account_id, day).outerjoin(CheckOut, CheckOut.visit_id == Visit.id)
    return db.session.scalar(visits.where(CheckIn.at <= at + SAME_VISIT, CheckOut.visit_id.is_(None)).limit(1))


def _visits_to(rep_id: UUID, account_id: UUID, day: date) -> Select[UUID]:
    visits = select(Visit.id).outerjoin(CheckIn, CheckIn.visit_id == Visit.id)
    return visits.where(Visit.rep_id == rep_id, Visit.account_id == account_id, Visit.planned_on == day)


def find_check_in(visit_id: UUID) -> CheckIn | None:
    """The check-in of a visit."""
    return db.session.get(CheckIn, visit_id)


def find_check_out(visit_id: UUID) -> CheckOut | None:
    """The check-out of a visit."""
    return db.session.get(CheckOut, visit_id)


def find_report(visit_id: UUID) -> Report | None:
    """The report of a visit."""
    return db.session.get(Report, visit_id)


def find_dismissal(visit_id: UUID) -> Dismissal | None:
    """Why the visit did not take place."""
    return db.session.get(Dismissal, visit_id)


def list_fixes(rep_id: UUID, device_id: UUID | None) -> Sequence[AnyRow]:
    """(lat, lon, accuracy, speed, fix_at, fix_told_at, received_at) of the last fixes that the device sent, in order of
    arrival; of the rep, where that device sent none yet."""
    rows = db.session.execute(
        select(
            CheckIn.lat, CheckIn.lon, CheckIn.accuracy, CheckIn.speed, CheckIn.fix_at, CheckIn.fix_told_at,
            CheckIn.received_at, CheckIn.device_id,
        )
        .where(CheckIn.person_id == rep_id, CheckIn.lat.is_not(None))
        .order_by(CheckIn.received_at.desc(), CheckIn.visit_id.desc())
        .limit(2 * ENOUGH)
    ).all()  # fmt: skip
    of_device = [row for row in rows if row.device_id == device_id] or rows
    return of_device[:ENOUGH][::-1]


def was_sent_before(told_at: datetime, position: Position) -> bool:
    """Whether somebody checked in with the very same fix, at whatever customer."""
    same = select(CheckIn.visit_id).where(CheckIn.fix_told_at == told_at)
    same = same.where(CheckIn.lat == position.lat, CheckIn.lon == position.lon)
    return db.session.scalar(same.limit(1)) is not None


def list_other_places(account_id: UUID, place_id: UUID) -> Sequence[AnyRow]:
    """(lat, lon, radius, label, address) of the account's other places that are located exactly."""
    return db.session.execute(
        select(Place.lat, Place.lon, Place.radius, Place.label, Place.address)
        .where(Place.account_id == account_id, Place.id != place_id)
        .where(Place.archived_at.is_(None), Place.certainty == "exact")
    ).all()


def list_photos_like(photo: Photo) -> Sequence[AnyRow]:
    """(digest, sent_digest, look_1 to look_4, received_at) of photos of other visits that are the same file or share a
    quarter of the look, the latest first."""
    quarters = ("look_1", "look_2", "look_3", "look_4")
    same = [getattr(Photo, name) == getattr(photo, name) for name in quarters if getattr(photo, name) is not None]
    same.append(Photo.digest == photo.digest)
    if photo.sent_digest:
        same.append(Photo.sent_digest == photo.sent_digest)
    return db.session.execute(
        select(Photo.digest, Photo.sent_digest, *(getattr(Photo, name) for name in quarters), Photo.received_at)
        .where(Photo.visit_id != photo.visit_id, or_(*same))
        .order_by(Photo.received_at.desc())
        .limit(MOST_LIKE)
    ).all()


def list_findings(visit_id: UUID) -> Sequence[AnyRow]:
    """(reason, params, subject_id, at) of the further reasons at a visit that the caller has been shown."""
    return db.session.execute(
        select(Finding.reason, Finding.params, Finding.subject_id, Finding.at)
        .where(Finding.visit_id == visit_id)
        .order_by(Finding.received_at, Finding.id)
    ).all()


def list_photos(visit_id: UUID) -> Sequence[AnyRow]:
    """Photos of a visit that the caller has been shown, oldest first."""
    return db.session.execute(
        select(Photo.id, Photo.at, Photo.received_at, Photo.taken_at, Photo.width, Photo.height)
        .where(Photo.visit_id == visit_id)
        .order_by(Photo.at)
    ).all()


def get_photo(actor: Actor, visit_id: UUID, photo_id: UUID) -> Photo:
    """A photo of a visit that the actor sees (NotFoundError)."""
    visit = get_visit(actor, visit_id)
    photo = db.session.get(Photo, photo_id)
    if photo is None or photo.visit_id != visit.id:
        raise NotFoundError
    return photo


def get_rep(actor: Actor, rep_id: UUID) -> AnyRow:
    """(id, name, zone) of somebody whose visits the actor sees (NotFoundError)."""
    row = db.session.execute(
        select(Person.id, Person.name, Person.zone).where(Person.id == rep_id, belongs_to(actor, Person.id))
    ).one_or_none()
    if row is None:
        raise NotFoundError
    return row


def count_days(actor: Actor, first: date, last: date) -> dict[date, int]:
    """Day -> number of visits planned on it, for the days on which the actor has any."""
    rows = db.session.execute(
        select(Visit.planned_on, func.count().label("number"))
        .outerjoin(Dismissal, Dismissal.visit_id == Visit.id)
        .where(and_(Visit.rep_id == actor.id, Visit.planned_on.between(first, last)))
        .where(or_(Dismissal.visit_id.is_(None), Dismissal.kind == DismissalKind.MISSED))
        .group_by(Visit.planned_on)
    )
    return {row.planned_on: row.number for row in rows}


# --- What is stored about a rep, for the rep's own page ---------------------------------------------------------------


def counted_visits(actor: Actor) -> Any:
    """How many visits the actor has."""
    return select(func.count()).select_from(Visit).where(Visit.rep_id == actor.person_id)


def list_own_visits(actor: Actor, first: int, most: int) -> Sequence[RowMapping]:
    """The actor's visits with all that the phone told at them, the latest day first."""
    rows = db.session.execute(
        select(
            Visit.id, Account.name, Place.address, Visit.planned_on, Visit.planned, Visit.purpose, CheckIn.at,
            CheckIn.received_at, CheckIn.lat, CheckIn.lon, CheckIn.accuracy, CheckIn.altitude, CheckIn.speed,
            CheckIn.fix_at, CheckIn.fix_count, CheckIn.waited, CheckIn.fix_deleted_at, CheckIn.position_error,
            CheckIn.distance, CheckIn.verdict, CheckIn.reason, CheckOut.at.label("check_out_at"), Report.outcome,
            Report.text, Dismissal.kind.label("dismissal"), Dismissal.reason.label("dismissal_reason"),
        )
        .join(Account, Account.id == Visit.account_id)
        .join(Place, Place.id == Visit.place_id)
        .outerjoin(CheckIn, CheckIn.visit_id == Visit.id)
        .outerjoin(CheckOut, CheckOut.visit_id == Visit.id)
        .outerjoin(Report, Report.visit_id == Visit.id)
        .outerjoin(Dismissal, Dismissal.visit_id == Visit.id)
        .where(Visit.rep_id == actor.person_id)
        .order_by(Visit.planned_on.desc(), CheckIn.at.desc(), Visit.id)
        .limit(most)
        .offset(first)
    )  # fmt: skip
    return rows.mappings().all()


def counted_photos(actor: Actor) -> Any:
    """How many photos there are of the actor's visits."""
    photos = select(func.count()).select_from(Photo).join(Visit, Visit.id == Photo.visit_id)
    return photos.where(Visit.rep_id == actor.person_id)


def list_own_photos(actor: Actor, first: int, most: int) -> Sequence[RowMapping]:
    """The photos of the actor's visits with what the camera told, the latest visit first."""
    rows = db.session.execute(
        select(
            Account.name, Photo.visit_id, Photo.id, Photo.at, Photo.received_at, Photo.taken_at, Photo.size,
            Photo.width, Photo.height, Photo.exif,
        )
        .join(Visit, Visit.id == Photo.visit_id)
        .join(Account, Account.id == Visit.account_id)
        .where(Visit.rep_id == actor.person_id)
        .order_by(Photo.at.desc(), Photo.id)
        .limit(most)
        .offset(first)
    )  # fmt: skip
    return rows.mappings().all()

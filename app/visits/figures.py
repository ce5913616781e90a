"""The numbers behind a manager's figures, and the lists behind them: one vocabulary of conditions for both, so that a
figure is the length (or the sum) of its list."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Integer, and_, case, cast, extract, func, not_, or_, select

from app.accounts.models import Account, Place
from app.dashboards.rules import Fact, Period
from app.infra.db import AnyRow, AnySelect, db, fetch
from app.infra.scope import belongs_to
from app.kernel.access import Actor
from app.kernel.dates import today_in, zone_of
from app.kernel.page import PAGE_SIZE, Page, offset
from app.visits.filters import CUSTOMER, MADE, VisitFilters, turning
from app.visits.models import CheckIn, CheckOut, Dismissal, Report, Visit
from app.visits.queries import Rep, line_of, line_rows, state_in
from app.visits.rules import Dismissal as DismissalKind
from app.visits.rules import Verdict, VisitState

LONGEST_GAP = 180  # minutes between two visits that still count as time between them; a longer one was something else

_BEGUN = CheckIn.visit_id.is_not(None)
_OPEN = CheckIn.visit_id.is_(None)


def _epoch(moment: Any) -> ColumnElement[int]:
    return cast(extract("epoch", moment), BigInteger)


def minutes_between(begin: Any, end: Any) -> ColumnElement[int]:
    """Whole minutes, zero where a phone's clock was set back in between (rules.visit_minutes); NULL where one is
    missing."""
    return case((end < begin, 0), else_=(_epoch(end) - _epoch(begin)) // 60)


MINUTES = minutes_between(CheckIn.at, CheckOut.at)

# --- The visits of a period ------------------------------------------------------------------------------------------


def _in_order(actor: Actor, first: date, last: date, begins: date) -> AnySelect:
    """The visits of these days with what can only be said of them among others: `gap`, the minutes since the rep
    left the visit before on the same day (None for the first); `is_first`: of the rep's visits to this customer,
    from `begins` on or before it."""
    was_begun = CheckIn.visit_id.is_(None)
    of_day: dict[str, Any] = {
        "partition_by": (Visit.rep_id, Visit.planned_on, was_begun),
        "order_by": (CheckIn.at, Visit.id),
    }
    to_customer: dict[str, Any] = {
        "partition_by": (Visit.rep_id, Visit.account_id, Visit.planned_on >= begins, was_begun),
        "order_by": (CheckIn.at, Visit.id),
    }
    return (
        select(
            Visit.id, Visit.rep_id, Visit.planned_on, Visit.planned, Visit.place_id, CheckIn.verdict,
            CheckIn.at.label("check_in_at"), CheckOut.at.label("check_out_at"), CheckOut.estimated,
            MINUTES.label("minutes"), Dismissal.kind.label("dismissal"),
            case((_BEGUN, minutes_between(func.lag(CheckOut.at).over(**of_day), CheckIn.at))).label("gap"),
            and_(_BEGUN, func.row_number().over(**to_customer) == 1).label("is_first"),
        )
        .outerjoin(CheckIn, CheckIn.visit_id == Visit.id)
        .outerjoin(CheckOut, CheckOut.visit_id == Visit.id)
        .outerjoin(Dismissal, Dismissal.visit_id == Visit.id)
        .where(Visit.planned_on.between(first, last), belongs_to(actor, Visit.rep_id))
    )  # fmt: skip


def load_visits(actor: Actor, period: Period, now: datetime) -> Iterator[Fact]:
    """The numbers of the visits of a period and of the one before, by rep and day: one statement.

    A visit's day is the day where it takes place. Numbers: planned, made, made_planned, unplanned, waiting, missed,
    postponed, skipped; verdict_<verdict>; timed, minutes, estimated, estimated_minutes; gaps, gap_minutes, long_gaps;
    customers; first_days, first_minutes, last_days, last_minutes (minutes after midnight).
    """
    each = _in_order(actor, period.before.first, period.last, period.first).cte("each_visit")

    def count(*conditions: Any) -> ColumnElement[int]:
        return cast(func.sum(case((and_(*conditions), 1), else_=0)), Integer)

    def minutes(value: Any, *conditions: Any) -> ColumnElement[int]:
        return cast(func.sum(case((and_(*conditions), value), else_=0)), Integer)

    begun, unbegun = each.c.check_in_at.is_not(None), each.c.check_in_at.is_(None)
    is_short = each.c.gap <= LONGEST_GAP
    numbers = {
        "planned": count(each.c.planned),
        "made": count(begun),
        "made_planned": count(begun, each.c.planned),
        "unplanned": count(begun, ~each.c.planned),
        "unsaid": count(unbegun, each.c.dismissal.is_(None)),
        **{kind.value: count(unbegun, each.c.dismissal == kind.value) for kind in DismissalKind},
        **{f"verdict_{verdict.value}": count(each.c.verdict == verdict.value) for verdict in Verdict},
        "timed": count(each.c.minutes.is_not(None)),
        "minutes": minutes(each.c.minutes, each.c.minutes.is_not(None)),
        "estimated": count(each.c.minutes.is_not(None), each.c.estimated),
        "estimated_minutes": minutes(each.c.minutes, each.c.minutes.is_not(None), each.c.estimated),
        "gaps": count(is_short),
        "gap_minutes": minutes(each.c.gap, is_short),
        "long_gaps": count(each.c.gap > LONGEST_GAP),
        "customers": count(each.c.is_first),
    }
    rows = fetch(
        select(
            each.c.rep_id, each.c.planned_on, Place.zone,
            func.min(each.c.check_in_at).label("first_at"), func.max(each.c.check_out_at).label("last_at"),
            *(column.label(name) for name, column in numbers.items()),
        )
        .join(Place, Place.id == each.c.place_id)
        .group_by(each.c.rep_id, each.c.planned_on, Place.zone)
        .order_by(each.c.rep_id, each.c.planned_on)
    )  # fmt: skip
    return _by_day(rows, tuple(numbers), now)


def _by_day(rows: Iterable[AnyRow], names: tuple[str, ...], now: datetime) -> Iterator[Fact]:
    """The rows (rep, day, zone, first and last moment, numbers), which come by rep and day, those of a day as one."""
    todays: dict[str, date] = {}
    for (rep_id, day), of_day in groupby(rows, key=itemgetter(0, 1)):
        found: dict[str, int] = {}
        begins, ends = [], []
        for _rep, _day, zone, first_at, last_at, *values in of_day:
            if zone not in todays:
                todays[zone] = today_in(zone, now)
            for name, value in zip(names, values, strict=True):
                if value:
                    if name == "unsaid":
                        name = "missed" if day < todays[zone] else "waiting"
                    found[name] = found.get(name, 0) + value
            if first_at is not None:
                begins.append((first_at, zone))
            if last_at is not None:
                ends.append((last_at, zone))
        for name, moment in (("first", min(begins, default=None)), ("last", max(ends, default=None))):
            minutes = None if moment is None else _minutes_into(day, *moment)
            if minutes is not None:
                found[f"{name}_days"], found[f"{name}_minutes"] = 1, minutes
        yield Fact(rep_id, day, found)


def _minutes_into(day: date, moment: datetime, zone: str) -> int | None:
    """Minutes after the midnight that the visit's day began with; None where the moment lies on another day: a visit
    that was made up for later says nothing about when a day begins. It may end after midnight."""
    there = moment.astimezone(zone_of(zone))
    days = (there.date() - day).days
    return days * 1440 + there.hour * 60 + there.minute if 0 <= days <= 1 else None


# --- Lists -----------------------------------------------------------------------------------------------------------


def narrowed(
    rows: AnySelect,
    actor: Actor,
    filters: VisitFilters,
    reps: Collection[UUID] | None,
    now: datetime,
    *,
    summing: bool = False,
) -> AnySelect:
    """`rows`, which select from Visit with its Place, CheckIn, CheckOut, Dismissal and Report joined, narrowed to what
    the filters ask for; with filters.after they get a column `gap` (`summing`: its sum). `reps`: those of the filters'
    team, None where they name none."""
    whose = [belongs_to(actor, Visit.rep_id)]
    if filters.rep:
        whose.append(Visit.rep_id == filters.rep)
    if reps is not None:
        whose.append(Visit.rep_id.in_(sorted(reps)))
    rows = rows.where(Visit.planned_on.between(filters.first, filters.last), *whose, *_conditions(filters, now))
    each = _in_order(actor, filters.first, filters.last, filters.first).where(*whose)
    if filters.per == CUSTOMER:
        first = each.subquery()
        rows = rows.where(Visit.id.in_(select(first.c.id).where(first.c.is_first)))
    if filters.after:
        after = each.cte("each_visit")
        rows = rows.join(after, after.c.id == Visit.id).where(after.c.gap <= LONGEST_GAP)
        rows = rows.add_columns(func.sum(after.c.gap) if summing else after.c.gap)
    return rows


def _conditions(filters: VisitFilters, now: datetime) -> Iterator[ColumnElement[bool]]:
    if filters.state:
        yield _in_state(filters.state, now)
    if filters.verdict:
        yield CheckIn.verdict == filters.verdict
    if filters.outcome:
        yield Report.outcome == filters.outcome
    if filters.plan:
        yield Visit.planned.is_(filters.plan == "yes")
    if filters.estimated:
        yield CheckOut.estimated.is_(True)


def _in_state(state: str, now: datetime) -> ColumnElement[bool]:
    """rules.state_of as a condition."""
    if state == MADE:
        return _BEGUN
    if state == VisitState.CHECKED_IN:
        return and_(_BEGUN, CheckOut.visit_id.is_(None))
    if state == VisitState.DONE:
        return and_(_BEGUN, CheckOut.visit_id.is_not(None))
    if state in (VisitState.POSTPONED, VisitState.SKIPPED):
        return and_(_OPEN, Dismissal.kind == state)
    if state == VisitState.MISSED:
        unsaid = and_(Dismissal.visit_id.is_(None), _is_over(now))
        return and_(_OPEN, or_(Dismissal.kind == DismissalKind.MISSED.value, unsaid))
    return and_(_OPEN, Dismissal.visit_id.is_(None), not_(_is_over(now)))


def _is_over(now: datetime) -> ColumnElement[bool]:
    """Whether the visit's day is over where it is."""
    first, later = turning(now)
    ended = [and_(Visit.planned_on == day, Place.zone.in_(sorted(zones))) for day, zones in later.items()]
    return or_(Visit.planned_on < first, *ended)


@dataclass(frozen=True, slots=True)
class VisitSums:
    """What a list of visits amounts to: how many, minutes at customers, and minutes between visits (0 unless the
    list is narrowed to visits that followed another)."""

    visits: int
    minutes: int
    gap_minutes: int


def list_visits(actor: Actor, filters: VisitFilters, reps: Collection[UUID] | None, number: int, now: datetime) -> Page:
    """Page `number` of the visits that the filters ask for, the latest day first: VisitLines whose rows have, beside
    the columns of `line_rows`, `outcome`, `reason`, `stayed` (minutes), and `gap` where filters.after. `reps`: those of
    the filters' team."""
    rows = db.session.execute(
        _found(actor, filters, reps, now).limit(PAGE_SIZE + 1).offset(offset(number))
    ).all()  # fmt: skip
    return Page.of([line_of(row, now) for row in rows], number)


def each_visit(
    actor: Actor, filters: VisitFilters, reps: Collection[UUID] | None, now: datetime
) -> Iterator[tuple[AnyRow, VisitState]]:
    """All of them in the same order, read little by little: rows (planned_on, rep, name, rating, address, city,
    planned, check_in_at, check_out_at, stayed, estimated, verdict, distance, reason, outcome, zone, dismissal),
    without ids, which would be half of the work, with their states."""
    rows = (
        line_rows()
        .with_only_columns(
            Visit.planned_on, Rep.name.label("rep"), Account.name, Account.rating, Place.address, Place.city,
            Visit.planned, CheckIn.at.label("check_in_at"), CheckOut.at.label("check_out_at"), MINUTES.label("stayed"),
            CheckOut.estimated, CheckIn.verdict, CheckIn.distance, CheckIn.reason, Report.outcome, Place.zone,
            Dismissal.kind.label("dismissal"), maintain_column_froms=True,
        )
        .outerjoin(Report, Report.visit_id == Visit.id)
        .order_by(Visit.planned_on.desc(), Visit.id.desc())
        .execution_options(yield_per=1000)
    )  # fmt: skip
    with db.session.connection().execute(narrowed(rows, actor, filters, reps, now)) as found:
        for row in found:
            yield row, state_in(row, now)


def find_reps(actor: Actor, filters: VisitFilters, reps: Collection[UUID] | None, now: datetime) -> set[UUID]:
    """Whose visits they are, of those with a check-in."""
    rows = (
        select(Visit.rep_id)
        .distinct()
        .join(Place, Place.id == Visit.place_id)
        .join(CheckIn, CheckIn.visit_id == Visit.id)
        .outerjoin(CheckOut, CheckOut.visit_id == Visit.id)
        .outerjoin(Dismissal, Dismissal.visit_id == Visit.id)
        .outerjoin(Report, Report.visit_id == Visit.id)
    )
    return set(db.session.scalars(narrowed(rows, actor, filters, reps, now)))


def sum_visits(actor: Actor, filters: VisitFilters, reps: Collection[UUID] | None, now: datetime) -> VisitSums:
    """What they amount to."""
    rows = (
        select(func.count(), func.sum(MINUTES))
        .select_from(Visit)
        .join(Place, Place.id == Visit.place_id)
        .outerjoin(CheckIn, CheckIn.visit_id == Visit.id)
        .outerjoin(CheckOut, CheckOut.visit_id == Visit.id)
        .outerjoin(Dismissal, Dismissal.visit_id == Visit.id)
        .outerjoin(Report, Report.visit_id == Visit.id)
    )
    row = db.session.execute(narrowed(rows, actor, filters, reps, now, summing=True)).one()
    return VisitSums(row[0], int(row[1] or 0), int(row[2] or 0) if filters.after else 0)


def _found(actor: Actor, filters: VisitFilters, reps: Collection[UUID] | None, now: datetime) -> AnySelect:
    rows = line_rows().outerjoin(Report, Report.visit_id == Visit.id)
    rows = rows.add_columns(Report.outcome, CheckIn.reason, MINUTES.label("stayed"))
    return narrowed(rows, actor, filters, reps, now).order_by(Visit.planned_on.desc(), Visit.id.desc())

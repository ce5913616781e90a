"""Coverage, counted in SQL: every account's period in one common table, and what is asked of it.

The common table says the same as app.coverage.rules does of one account; a test compares them. Days are numbers in it
(`day_number`), so that they can be counted with on every database.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, Row, and_, case, distinct, func, literal, null, or_, select, union_all
from sqlalchemy.orm import aliased

from app.accounts.models import Account, ClassRhythm
from app.accounts.queries import interval_column
from app.accounts.rules import RATINGS, Rhythms, rhythm_of
from app.coverage.rules import State, counted_until
from app.dashboards.rules import Period
from app.identity.models import Person
from app.infra.days import day_number
from app.infra.db import Id, db, fetch
from app.infra.scope import belongs_to
from app.kernel.access import Actor, Reach
from app.kernel.dates import day_bounds
from app.kernel.i18n import N_
from app.kernel.ids import parse_id
from app.kernel.page import PAGE_SIZE, Page, offset
from app.territories.models import Territory, TerritoryAccount
from app.visits.models import CheckIn, Dismissal, Report, Visit
from app.visits.rules import Dismissal as DismissalKind

SAID_WHY = (DismissalKind.SKIPPED.value, DismissalKind.MISSED.value)  # a postponed visit is planned again
MOST_REASONS = 8
FEW_PEOPLE = 20
FURTHEST_AHEAD = timedelta(days=400)  # no plan is; with an end, the days are found by their index


@dataclass(frozen=True, slots=True)
class Grouping:
    """A way to divide accounts, each into one group. `column` tells the group, `label` its name (both of
    Account, or of what `join`, a table and its condition, brings along); `read` what an address says of one."""

    name: str  # msgid
    column: Any
    label: Any
    read: Callable[[str], Any]
    join: tuple[Any, Any] | None = None


NOWHERE = UUID(int=0)  # the group of accounts that lie in no territory
_LIES = (
    select(TerritoryAccount.account_id, TerritoryAccount.territory_id, Territory.name)
    .join(Territory, Territory.id == TerritoryAccount.territory_id)
    .subquery("lies")
)
_TERRITORY = func.coalesce(_LIES.c.territory_id, literal(NOWHERE, Id))

GROUPINGS: Mapping[str, Grouping] = {
    "rep": Grouping(
        N_("By rep"), Account.owner_id, Person.name, parse_id, join=(Person, Person.id == Account.owner_id)
    ),
    "class": Grouping(
        N_("By class"), Account.rating, Account.rating, lambda text: text if text in RATINGS else None
    ),
    "territory": Grouping(
        N_("By territory"), _TERRITORY, func.coalesce(_LIES.c.name, ""), parse_id,
        join=(_LIES, _LIES.c.account_id == Account.id),
    ),
}  # fmt: skip
"""Name in addresses -> how. One more way to divide accounts is one more entry."""


def find_class_rhythm(rating: str) -> ClassRhythm | None:
    """What is set for a class; None where nobody has set anything."""
    return db.session.scalar(select(ClassRhythm).where(ClassRhythm.rating == rating))


def list_class_versions() -> Mapping[str, int]:
    """Class -> version of what is set for it; 0 where nobody has set anything."""
    rows = db.session.execute(select(ClassRhythm.rating, ClassRhythm.version))
    return dict.fromkeys(RATINGS, 0) | {row.rating: row.version for row in rows}


# --- Every account's period ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """Which accounts and which days: those of the people whom the actor sees, `within` groups (name of a grouping ->
    value), and of `reps` only where these are named. `today` is the actor's; `rhythms` as set now."""

    actor: Actor
    period: Period
    today: date
    rhythms: Rhythms
    within: Mapping[str, Any]
    reps: Collection[UUID] | None = None


def _accounts(asked: Asked) -> list[ColumnElement[bool]]:
    """Accounts that somebody has, and that were not put away before the end of the period."""
    after = day_bounds(asked.period.last, asked.actor.zone)[1]
    return [
        Account.owner_id.is_not(None),
        belongs_to(asked.actor, Account.owner_id),
        *([Account.owner_id.in_(sorted(asked.reps))] if asked.reps is not None else []),
        or_(Account.archived_at.is_(None), Account.archived_at >= after),
        *(GROUPINGS[name].column == value for name, value in asked.within.items()),
    ]


def _joined(statement: Any, names: Sequence[str]) -> Any:
    for name in dict.fromkeys(names):
        if (join := GROUPINGS[name].join) is not None:
            statement = statement.outerjoin(*join)
    return statement


def _courses(asked: Asked, by: str | None) -> CTE:
    """One row an account: rules.Course and what rules.Coverage takes besides, its days as numbers; `group` and `label`
    where it is grouped."""
    row, before, promise, next_promise = _looked_up(asked, by).c, aliased(Visit), aliased(Report), aliased(Report)
    first, last = asked.period.first, asked.period.last
    grouped = [] if by is None else [row.group, row.label]
    # What the account repeats of its latest visit answers for most of them.
    before_on = case((row.seen < first, row.seen), else_=before.planned_on)
    agreed_on = case((row.before_id.is_(None), row.agreed), else_=promise.next_visit_on)
    agreed_on = case((and_(row.seen >= first, row.before_id.is_(None)), null()), else_=agreed_on)
    agreed_next = case(
        (row.latest_on.is_(None), null()), (row.seen <= last, row.agreed), else_=next_promise.next_visit_on
    )
    due_on = func.coalesce(day_number(row.agreed), day_number(row.seen) + row.days)
    columns = [
        row.id, *grouped, row.days, day_number(before_on).label("before_on"), day_number(agreed_on).label("agreed_on"),
        day_number(row.first_on).label("first_on"), day_number(row.latest_on).label("latest_on"),
        func.coalesce(row.made, 0).label("made"), day_number(agreed_next).label("agreed_next"),
        due_on.label("due_on"), row.seen.is_not(None).label("visited"), row.planned_on,
        func.coalesce(row.skipped, 0).label("skipped"),
    ]  # fmt: skip
    courses: Any = select(*columns).outerjoin(before, before.id == row.before_id)
    for report, visit_id in ((promise, row.before_id), (next_promise, row.latest_id)):
        courses = courses.outerjoin(report, report.visit_id == visit_id)
    made: CTE = courses.cte(f"course_{asked.period.first:%Y%m%d}").prefix_with("MATERIALIZED")
    return made


def _looked_up(asked: Asked, by: str | None) -> CTE:
    """The accounts, with the visits that have to be looked for one by one: those before the period of accounts that
    were seen since it began, and the last in it of those that were seen since it ended."""
    first, last, seen = asked.period.first, asked.period.last, Account.last_visit_on
    grouped = [] if by is None else [GROUPINGS[by].column.label("group"), GROUPINGS[by].label.label("label")]
    within, ahead = _within(asked), _ahead(asked)
    before_id = case((seen >= first, _latest(Visit.planned_on < first)))
    latest_id = case((and_(seen > last, within.c.made > 0), _latest(Visit.planned_on.between(first, last))))
    columns = [
        Account.id, *grouped, interval_column(asked.rhythms).label("days"), seen.label("seen"),
        Account.next_visit_on.label("agreed"), before_id.label("before_id"), latest_id.label("latest_id"),
        within.c.first_on, within.c.latest_on, within.c.made, within.c.skipped, ahead.c.planned_on,
    ]  # fmt: skip
    rows: Any = select(*columns).select_from(Account)
    for part in (within, ahead):
        rows = rows.outerjoin(part, part.c.account_id == Account.id)
    rows = _joined(rows, [*asked.within, *([by] if by else [])]).where(*_accounts(asked))
    # Computed once: else SQLite would look again wherever a column is named.
    found: CTE = rows.cte(f"looked_up_{asked.period.first:%Y%m%d}").prefix_with("MATERIALIZED")
    return found


def _mine(asked: Asked) -> list[ColumnElement[bool]]:
    """Only visits to the accounts asked for, where these are few; else looking at all of the period is quicker."""
    actor = asked.actor
    if "rep" not in asked.within and (actor.reach is Reach.ALL or len(actor.people) > FEW_PEOPLE):
        return []
    return [Visit.account_id.in_(_joined(select(Account.id), list(asked.within)).where(*_accounts(asked)))]


def _within(asked: Asked) -> Any:
    """Account -> its visits of the period: the first and the latest day with one, on how many days there was one, and
    how many `skipped`."""
    came = case((CheckIn.visit_id.is_not(None), Visit.planned_on))
    return (
        select(
            Visit.account_id,
            func.min(came).label("first_on"),
            func.max(came).label("latest_on"),
            func.count(distinct(came)).label("made"),
            func.sum(case((_SKIPPED, 1), else_=0)).label("skipped"),
        )
        .outerjoin(CheckIn, CheckIn.visit_id == Visit.id)
        .outerjoin(Dismissal, Dismissal.visit_id == Visit.id)
        .where(Visit.planned_on.between(asked.period.first, asked.period.last), *_mine(asked))
        .group_by(Visit.account_id)
        .subquery("within")
    )


def _ahead(asked: Asked) -> Any:
    """Account -> the next day for which a visit is planned."""
    return (
        select(Visit.account_id, func.min(Visit.planned_on).label("planned_on"))
        .outerjoin(CheckIn, CheckIn.visit_id == Visit.id)
        .outerjoin(Dismissal, Dismissal.visit_id == Visit.id)
        .where(Visit.planned_on.between(asked.today, asked.today + FURTHEST_AHEAD), *_mine(asked))
        .where(CheckIn.visit_id.is_(None), Dismissal.visit_id.is_(None))
        .group_by(Visit.account_id)
        .subquery("ahead")
    )


def _skips(asked: Asked, *columns: Any) -> Any:
    """Planned visits of the period that did not take place, and whose rep said why."""
    return (
        select(*columns)
        .select_from(Visit)
        .join(Dismissal, Dismissal.visit_id == Visit.id)
        .outerjoin(CheckIn, CheckIn.visit_id == Visit.id)
        .where(Visit.planned_on.between(asked.period.first, asked.period.last), _SKIPPED)
    )


_SKIPPED = and_(Dismissal.kind.in_(SAID_WHY), CheckIn.visit_id.is_(None))


def _latest(*when: ColumnElement[bool]) -> Any:
    """The id of the last of the account's visits that took place then: of two on one day either, or each of fifty
    thousand would be sorted."""
    found = select(Visit.id).join(CheckIn, CheckIn.visit_id == Visit.id)
    found = found.where(Visit.account_id == Account.id, *when).order_by(Visit.planned_on.desc())
    return found.limit(1).correlate(Account).scalar_subquery()


def _needed(course: Any, first: int, until: int) -> ColumnElement[int]:
    """rules.required, in SQL."""
    begun = case((course.before_on.is_not(None), course.before_on + course.days), else_=course.first_on)
    due_on = func.coalesce(course.agreed_on, case((course.days.is_not(None), begun)))

    def due_days(due: Any, last: Any) -> ColumnElement[int]:
        begins = case((due < first, first), else_=due)
        return case(
            (due.is_(None), 0), (begins > last, 0), (course.days.is_(None), 1),
            else_=1 + (last - begins) // course.days,
        )  # fmt: skip

    whole = due_days(due_on, until)
    upto = due_days(due_on, case((course.latest_on < until, course.latest_on), else_=until))
    wanted = case((course.made < whole, course.made), else_=whole)
    so_far = case((upto > wanted, upto), else_=wanted)
    agreed = course.agreed_next
    return case((agreed > course.latest_on, so_far + due_days(agreed, until)), else_=whole)


def _coverages(asked: Asked, by: str | None = None) -> CTE:
    """`_courses` with `needed`."""
    courses = _courses(asked, by)
    until = counted_until(asked.period, asked.today).toordinal()
    needed = _needed(courses.c, asked.period.first.toordinal(), until)
    columns: list[Any] = [*courses.c, needed.label("needed")]
    return select(*columns).cte(f"coverage_{asked.period.first:%Y%m%d}").prefix_with("MATERIALIZED")


def _holds(row: Any, asked: Asked) -> Mapping[State, ColumnElement[bool]]:
    """rules.states_of, in SQL."""
    today, last = asked.today.toordinal(), asked.period.last.toordinal()
    return {
        State.OVERDUE: row.due_on < today,
        State.DUE: and_(row.due_on >= today, row.due_on <= last),
        State.PLANNED: row.planned_on.is_not(None),
        State.VISITED: row.made > 0,
        State.SKIPPED: row.skipped > 0,
        State.NEVER: row.visited.is_(False),
        State.MISSING: row.made < row.needed,
    }


# --- Figures ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Figures:
    """What a group of accounts was to get in a period, and got: `needed`, `made` and `covered` are visits, `states` say
    of how many `accounts` each holds."""

    group: Any
    label: str
    accounts: int
    needed: int
    made: int
    covered: int
    states: Mapping[State, int]

    def plus(self, other: "Figures") -> "Figures":
        """Both together."""
        return replace(
            self,
            accounts=self.accounts + other.accounts,
            needed=self.needed + other.needed,
            made=self.made + other.made,
            covered=self.covered + other.covered,
            states={state: number + other.states[state] for state, number in self.states.items()},
        )


NOTHING = Figures(None, "", 0, 0, 0, 0, dict.fromkeys(State, 0))


def count_coverage(asked: Asked, by: str) -> list[Figures]:
    """The figures of each group, by its name. One statement, whatever the number of groups."""
    row = _coverages(asked, by).c
    holds = _holds(row, asked)
    covered = case((row.made < row.needed, row.made), else_=row.needed)
    counts = [func.sum(case((each, 1), else_=0)).label(state.value) for state, each in holds.items()]
    statement = select(
        row.group, row.label, func.count().label("accounts"), func.sum(row.needed).label("needed"),
        func.sum(row.made).label("made"), func.sum(covered).label("covered"), *counts,
    ).group_by(row.group, row.label)  # fmt: skip
    found = [
        Figures(
            each.group, each.label, each.accounts, int(each.needed), int(each.made), int(each.covered),
            {state: int(getattr(each, state.value)) for state in holds},
        )
        for each in fetch(statement)
    ]  # fmt: skip
    return sorted(found, key=lambda figures: (figures.label, str(figures.group)))


def count_needs(periods: Sequence[Asked]) -> list[Row[Any]]:
    """(first, rep_id, needed, covered) of each rep in each of the periods, by its first day: one statement."""
    parts = []
    for asked in periods:
        row = _coverages(asked, "rep").c
        covered = case((row.made < row.needed, row.made), else_=row.needed)
        first = literal(asked.period.first).label("first")
        numbers = func.sum(row.needed).label("needed"), func.sum(covered).label("covered")
        parts.append(select(first, row.group.label("rep_id"), *numbers).group_by(row.group))
    return list(db.session.execute(union_all(*parts)))


def count_reasons(asked: Asked) -> list[tuple[str, int]]:
    """Why planned visits of the period did not take place, the most frequent first: (reason, visits)."""
    number = func.count().label("number")
    counted = _joined(
        _skips(asked, Dismissal.reason, number).join(Account, Account.id == Visit.account_id), list(asked.within)
    )
    counted = counted.where(*_accounts(asked)).group_by(Dismissal.reason).order_by(number.desc(), Dismissal.reason)
    return [(row.reason, row.number) for row in fetch(counted.limit(MOST_REASONS))]


# --- Accounts --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CoveredAccount:
    """An account in a list of coverage. `reason`: why the latest planned visit of the period did not take place, if
    `skipped`; `owner` '' for the actor's own; `wish` as it is stored."""

    id: UUID
    name: str
    rating: str
    address: str
    owner: str
    days: int | None
    wish: str
    last_visit_on: date | None
    due_on: date | None
    planned_on: date | None
    needed: int
    made: int
    skipped: int
    reason: str
    is_own: bool


def list_covered(asked: Asked, states: Sequence[State], number: int) -> Page:
    """Page `number` of the accounts for which one of the states holds (of all where none is named), the longest due
    first, those that are never due last. One statement; rows are CoveredAccount."""
    row = _coverages(asked).c
    holds = _holds(row, asked)
    columns: list[Any] = [*row]
    shown = (
        select(*columns)
        .join(Account, Account.id == row.id)
        .where(or_(*(holds[state] for state in states)) if states else Account.id.is_not(None))
        .order_by(row.due_on.asc().nulls_last(), Account.name, Account.id)
        .limit(PAGE_SIZE + 1)
        .offset(offset(number))
        .subquery("shown")
    )
    reason = _skips(asked, Dismissal.reason).where(Visit.account_id == shown.c.id)
    reason = reason.order_by(Visit.planned_on.desc(), Visit.id.desc()).limit(1).correlate(shown).scalar_subquery()
    found = fetch(
        select(
            Account.id, Account.name, Account.rating, Account.address, Account.owner_id, Person.name.label("owner"),
            Account.visit_days, Account.visit_wish, Account.last_visit_on, shown.c.due_on, shown.c.planned_on,
            shown.c.needed, shown.c.made, shown.c.skipped, case((shown.c.skipped > 0, reason)).label("reason"),
        )
        .select_from(shown)
        .join(Account, Account.id == shown.c.id)
        .join(Person, Person.id == Account.owner_id)
        .order_by(shown.c.due_on.asc().nulls_last(), Account.name, Account.id)
    )  # fmt: skip
    return Page.of([_covered(asked, each) for each in found], number)


def _covered(asked: Asked, row: Any) -> CoveredAccount:
    rhythm, is_own = (
        rhythm_of(row.rating, row.visit_days, row.visit_wish, asked.rhythms),
        row.owner_id == asked.actor.id,
    )
    return CoveredAccount(
        row.id, row.name, row.rating, row.address, "" if is_own else row.owner, rhythm.days, rhythm.wish,
        row.last_visit_on, date.fromordinal(row.due_on) if row.due_on is not None else None, row.planned_on,
        row.needed, row.made, row.skipped, row.reason or "", is_own,
    )  # fmt: skip

"""The business decisions of week and beat plans: what is asked, what a draft says, and how two differ.

A period is 1 to 8 whole weeks from a Monday. Days are those of the rep's zone, times are UTC, lengths of work seconds.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from app.beats.calendars import Calendar
from app.kernel.geo import Position
from app.kernel.hours import Interval
from app.kernel.i18n import N_
from app.planning.rules import WorkingHours

MOST_WEEKS = 8
WEEKDAYS = frozenset(range(5))


# --- What is asked for -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """A plan to make: from a Monday, for so many weeks, on these days of the week (0 = Monday). `calendar`: whose
    public holidays, None those of the rep's time zone. ValueError for anything else."""

    first_on: date
    weeks: int
    weekdays: frozenset[int] = WEEKDAYS
    calendar: Calendar | None = None

    def __post_init__(self) -> None:
        if self.first_on.weekday() != 0 or not 1 <= self.weeks <= MOST_WEEKS or not self.weekdays <= set(range(7)):
            raise ValueError("a plan begins on a Monday and has 1 to 8 weeks")

    @property
    def last_on(self) -> date:
        """Its last Sunday."""
        return self.first_on + timedelta(days=7 * self.weeks - 1)


@dataclass(frozen=True, slots=True)
class Customer:
    """An account to visit every `every_days` for `minutes`. `hours` and `wish` as stored (kernel.hours,
    accounts.rules); `zone` is its place's. `last_on`: its last visit, None never; `value`: what a visit is worth
    (planning.scoring)."""

    account_id: UUID
    place_id: UUID
    rating: str
    position: Position | None
    zone: str
    hours: str
    minutes: int
    every_days: int
    wish: str
    last_on: date | None
    value: int


@dataclass(frozen=True, slots=True)
class Booked:
    """A visit that stands in the period already: it stays on its day, and counts for the rhythm of its account.
    `windows` as of planning.rules.Stop, of that day."""

    visit_id: UUID
    account_id: UUID
    place_id: UUID
    position: Position | None
    day: date
    minutes: int
    windows: tuple[Interval, ...] | None = None
    must: bool = False
    fixed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RepWork:
    """What one rep is to do. `absent`: first and last day of each absence; `most_visits`: on one day."""

    rep_id: UUID
    hours: WorkingHours
    absent: tuple[tuple[date, date], ...]
    most_visits: int | None
    customers: tuple[Customer, ...]
    booked: tuple[Booked, ...] = ()


# --- What comes of it ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BeatVisit:
    """A visit of the draft: in which place of its day (`sequence`, from 1), and when it begins (`planned_at`, UTC; who
    is there sooner waits). `booked`: the id of the visit that stood there already, None for a new one."""

    account_id: UUID
    place_id: UUID
    day: date
    sequence: int
    planned_at: datetime
    minutes: int
    booked: UUID | None = None


class Lack(StrEnum):
    """Why a visit that is due is not in the draft."""

    NO_WORKDAY = "no_workday"
    CLOSED = "closed"
    WISH = "wish"
    UNREACHABLE = "unreachable"
    TOO_LONG = "too_long"
    CLASH = "clash"
    MOST_VISITS = "most_visits"
    NO_TIME = "no_time"


LACK_NAMES = {
    Lack.NO_WORKDAY: N_("No day is worked while it is due"),
    Lack.CLOSED: N_("Closed on every day that is worked while it is due"),
    Lack.WISH: N_("The days that it wishes for come after the period"),
    Lack.UNREACHABLE: N_("No road leads there: check its position on the map"),
    Lack.TOO_LONG: N_("Does not fit into a working day, with the way there and back"),
    Lack.CLASH: N_("Does not fit beside the other visits that are planned on that day"),
    Lack.MOST_VISITS: N_("The days have as many visits as are allowed"),
    Lack.NO_TIME: N_("The days are full"),
}

OUT_OF_ROOM = frozenset({Lack.NO_WORKDAY, Lack.MOST_VISITS, Lack.NO_TIME})
"""What more time would cure: these make the shortfall."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A visit that is due on `wanted_on`, or was before the period, and is not in the draft. `booked`: it stands in the
    rep's plan already, and the day has no room for it."""

    account_id: UUID
    wanted_on: date
    reason: Lack
    booked: UUID | None = None


@dataclass(frozen=True, slots=True)
class DayLoad:
    """What a working day holds. `spare_seconds`: of the shift without lunch, what is left; waiting counts as spare."""

    day: date
    visits: int
    visit_seconds: int
    drive_seconds: int
    spare_seconds: int


class RemedyKind(StrEnum):
    """What could give where time is short."""

    LESS_OFTEN = "less_often"  # a class of accounts, every `amount` days instead of `before`
    MORE_DAYS = "more_days"  # `amount` more working days
    MORE_VISITS = "more_visits"  # `amount` visits a day instead of `before`
    OTHER_REP = "other_rep"  # `amount` visits by the rep `rep_id`, who has time for them


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing that was tried and helps: at least `gains` of the missing visits would be made or no longer be wanted.
    `rating` is the class of LESS_OFTEN, `rep_id` whose days OTHER_REP fills."""

    kind: RemedyKind
    gains: int
    amount: int
    before: int = 0
    rating: str = ""
    rep_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Shortfall:
    """For how many visits there is no time, and how many minutes they would take with the way to them; what would help,
    the most helpful first."""

    visits: int
    minutes: int
    remedies: tuple[Remedy, ...] = ()


@dataclass(frozen=True, slots=True)
class RepDraft:
    """The plan of a rep: visits by day and sequence, whatever is missing by day, and each day that is worked.
    `cut_short`: the clock ended a search, and the next plan may be another one."""

    rep_id: UUID
    visits: tuple[BeatVisit, ...]
    missing: tuple[Missing, ...]
    days: tuple[DayLoad, ...]
    shortfall: Shortfall | None = None
    cut_short: bool = False


# --- How do two drafts differ? ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Difference:
    """What a new plan changes: visits of accounts that get one more or one less, those that change their day (old,
    new), and how many stay on theirs. A visit at another time of its day stays."""

    added: tuple[BeatVisit, ...]
    dropped: tuple[BeatVisit, ...]
    moved: tuple[tuple[BeatVisit, BeatVisit], ...]
    kept: int


def difference(old: Sequence[BeatVisit], new: Sequence[BeatVisit]) -> Difference:
    """Account by account: visits on the same day are the same, the others are paired in the order of their days."""
    before, after = _by_account(old), _by_account(new)
    added: list[BeatVisit] = []
    dropped: list[BeatVisit] = []
    moved: list[tuple[BeatVisit, BeatVisit]] = []
    kept = 0
    for account in dict.fromkeys((*before, *after)):
        was, now = before[account], after[account]
        same = was.keys() & now.keys()
        kept += len(same)
        gone = [was[day] for day in sorted(was.keys() - same)]
        come = [now[day] for day in sorted(now.keys() - same)]
        pairs = list(zip(gone, come, strict=False))
        moved += pairs
        dropped += gone[len(pairs) :]
        added += come[len(pairs) :]
    return Difference(
        tuple(sorted(added, key=_place)),
        tuple(sorted(dropped, key=_place)),
        tuple(sorted(moved, key=lambda pair: _place(pair[1]))),
        kept,
    )


def _place(visit: BeatVisit) -> tuple[date, int, UUID]:
    return visit.day, visit.sequence, visit.account_id


def _by_account(visits: Sequence[BeatVisit]) -> defaultdict[UUID, dict[date, BeatVisit]]:
    """Account -> day -> its visit; nobody goes there twice a day."""
    found: defaultdict[UUID, dict[date, BeatVisit]] = defaultdict(dict)
    for visit in visits:
        found[visit.account_id].setdefault(visit.day, visit)
    return found

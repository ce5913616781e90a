"""What a period asked of an account, and what it got: the business rules of coverage.

All days are days of the place. The rhythm is the one that is set now, also for a period that is over.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from app.dashboards.rules import SPAN_NAMES, Period, Span, period_of
from app.kernel.i18n import N_

# --- Which period? ---------------------------------------------------------------------------------------------------

SPANS: Mapping[Span, str] = {span: SPAN_NAMES[span] for span in (Span.WEEK, Span.MONTH, Span.QUARTER)}
"""Spans of coverage -> their names: nobody is to be visited so often that a day says anything."""


def whole(span: Span, day: date) -> Period:
    """The week (from Monday), month or quarter that the day is in, to its end: who falls due in it counts as well."""
    return period_of(span, day, date.max)


def counted_until(period: Period, today: date) -> date:
    """The last day that counts: of a period under way only the days that are over, for today may still bring its
    visits. Before `first` where none is."""
    return min(period.last, max(period.first, today) - timedelta(days=1))


# --- What did it ask for? --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Course:
    """What is known of an account for a period.

    `days`: between its visits, None where there is no plan. `before_on`: the last day with a visit before the period,
    `agreed_on` what was agreed then (or without any visit). `first_on` and `latest_on`: the first and the latest day
    with a visit in it, `made` how many days had one, `agreed_next` what was agreed at the latest.
    """

    days: int | None
    before_on: date | None = None
    agreed_on: date | None = None
    first_on: date | None = None
    latest_on: date | None = None
    made: int = 0
    agreed_next: date | None = None


def required(course: Course, first: date, until: date) -> int:
    """How many visits the account needed from `first` to `until`: never negative, 0 where `until` is before `first`.

    Its due days are counted. The first is the day agreed at the last visit, else that visit plus the rhythm; where it
    was before the period, the backlog counts once, on the first day. The next ones follow in the rhythm. An account
    that was never visited before asks for nothing (next_visit_due says why) until its first visit, which it asked for.
    Where a next day was agreed at the latest visit, it takes the place of those that would have come in between.
    """
    due_on = course.agreed_on
    if due_on is None and course.days is not None:
        due_on = course.before_on + timedelta(days=course.days) if course.before_on else course.first_on
    whole = _due_days(due_on, course.days, first, until)
    if course.agreed_next is None or course.latest_on is None or course.agreed_next <= course.latest_on:
        return whole
    # Who came before the due day did what that day asked for.
    so_far = max(_due_days(due_on, course.days, first, min(course.latest_on, until)), min(course.made, whole))
    return so_far + _due_days(course.agreed_next, course.days, first, until)


def covered(needed: int, made: int) -> int:
    """How many of the visits that were needed were made; a visit too many covers no other account."""
    return min(needed, made)


def _due_days(due_on: date | None, days: int | None, first: date, until: date) -> int:
    """Days from `first` to `until` among `due_on` (at `first` where it was earlier) and every `days` after it."""
    if due_on is None:
        return 0
    begins = max(due_on, first)
    if begins > until:
        return 0
    return 1 if days is None else 1 + (until - begins).days // days


def share(done: int, needed: int) -> int | None:
    """Whole per cent, rounded down so that 100 is all of it; None where nothing was needed."""
    return done * 100 // needed if needed else None


# --- How does it stand? ----------------------------------------------------------------------------------------------


class State(StrEnum):
    """What can be said of an account in a period; several may hold at once."""

    OVERDUE = "overdue"
    DUE = "due"
    PLANNED = "planned"
    VISITED = "visited"
    SKIPPED = "skipped"
    NEVER = "never"
    MISSING = "missing"


STATE_NAMES: Mapping[State, str] = {
    State.OVERDUE: N_("Overdue"),
    State.DUE: N_("Due"),
    State.MISSING: N_("Visits missing"),
    State.PLANNED: N_("Planned"),
    State.VISITED: N_("Visited"),
    State.SKIPPED: N_("Skipped"),
    State.NEVER: N_("Never visited"),
}


@dataclass(frozen=True, slots=True)
class Coverage:
    """How an account stands. `due_on`: next_visit_due; `visited`: ever; `planned_on`: the next open plan from today on,
    a postponed visit's new day among them; `skipped`: planned visits of the period that did not take place, and whose
    rep said why; `needed` and `made`: visits of the period."""

    due_on: date | None
    visited: bool
    planned_on: date | None
    skipped: int
    needed: int
    made: int


def states_of(found: Coverage, period: Period, today: date) -> frozenset[State]:
    """All that holds of it. Overdue is the day after the due day; due is from today to the end of the period."""
    due_on = found.due_on
    said = {
        State.OVERDUE: due_on is not None and due_on < today,
        State.DUE: due_on is not None and today <= due_on <= period.last,
        State.PLANNED: found.planned_on is not None,
        State.VISITED: found.made > 0,
        State.SKIPPED: found.skipped > 0,
        State.NEVER: not found.visited,
        State.MISSING: found.made < found.needed,
    }
    return frozenset(state for state, holds in said.items() if holds)

"""What a manager asks the dashboard for; the same words stand in addresses."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from app.dashboards.rules import Period, Span, period_from, period_of, read_day
from app.kernel.ids import parse_id

BY_REP, BY_TEAM = "rep", "team"


@dataclass(frozen=True, slots=True)
class Choice:
    """The period; `team`: only its reps (with the teams below), None for all; `by`: a row for each rep or each team;
    `show`: key of a measure; `figure`: key of what is ranked; both '' for the first there is. `is_rising`: the smallest
    first."""

    period: Period
    today: date
    team: UUID | None = None
    by: str = BY_REP
    show: str = ""
    figure: str = ""
    is_rising: bool = False

    @classmethod
    def read(cls, args: Mapping[str, str], today: date) -> "Choice":
        """From the arguments of an address; nonsense counts as not said. Without a period it is the month so far."""
        span = args.get("period", "")
        if span == Span.DAYS:
            first = read_day(args.get("from"), today.replace(day=1))
            period = period_from(first, read_day(args.get("to"), today))
        else:
            span = span if span in set(Span) else Span.MONTH
            period = period_of(Span(span), min(read_day(args.get("on"), today), today), today)
        return cls(
            period, today, parse_id(args.get("team")), BY_TEAM if args.get("by") == BY_TEAM else BY_REP,
            args.get("show", ""), args.get("figure", ""), args.get("order") == "up",
        )  # fmt: skip

    def args(self, **changes: Any) -> dict[str, str]:
        """The arguments of the address that asks for this, some changed; what says nothing is left out."""
        other = replace(self, **changes)
        period = other.period
        when = {"from": period.first, "to": period.last} if period.span is Span.DAYS else {"on": period.first}
        said = {
            "period": period.span.value, **when, "team": other.team, "by": "" if other.by == BY_REP else other.by,
            "show": other.show, "figure": other.figure, "order": "up" if other.is_rising else "",
        }  # fmt: skip
        return {name: str(value) for name, value in said.items() if value}

    def spanning(self, span: Span) -> Period:
        """The period of that length around the end of this one."""
        if span is Span.DAYS:
            return period_from(self.period.first, self.period.last)
        return period_of(span, min(self.period.last, self.today), self.today)

    @property
    def earlier(self) -> Period:
        """The whole period before."""
        before = self.period.before
        return replace(before, last=before.whole)

    @property
    def later(self) -> Period | None:
        """The period after; None where it has not begun."""
        begin = self.period.whole + timedelta(days=1)
        if begin > self.today:
            return None
        if self.period.span is Span.DAYS:
            return period_from(begin, self.period.last + timedelta(days=self.period.days))
        return period_of(self.period.span, begin, self.today)

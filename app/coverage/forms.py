"""What the addresses and forms of coverage say."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, SelectField
from wtforms.validators import Optional

from app.accounts.rules import NO_PLAN
from app.coverage.queries import GROUPINGS
from app.coverage.rules import SPANS, State, whole
from app.dashboards.rules import MOST_DAYS, Period, Span, period_from
from app.kernel.errors import InvalidError
from app.kernel.i18n import N_
from app.kernel.ids import parse_id
from app.visits.forms import day_of
from app.web.form import Form, line

DAYS, WEEKS, NONE, AS_CLASS = "days", "weeks", "none", "class"
OPEN, ALL = "todo", "all"  # besides states: overdue and due, and whatever state
_SHOWN = {ALL, *(each.value for each in State)}


@dataclass(frozen=True, slots=True)
class CoverageAsked:
    """What an address of coverage asks for: a period (of `span`, with the day `on`, or from the first to the second of
    `days`), how it is divided (`by`), the groups that it is narrowed to (`within`, as app.coverage.queries.GROUPINGS
    reads them) and the `team` (with those below it), and for the list which accounts to `show` (a State, OPEN or ALL),
    and `day`, on which to plan."""

    span: Span
    on: date
    by: str
    show: str
    day: date
    within: Mapping[str, Any] = field(default_factory=dict)
    days: tuple[date, date] | None = None
    team: UUID | None = None

    @classmethod
    def read(cls, args: Mapping[str, str], today: date, usual: Span) -> "CoverageAsked":
        """From the arguments of an address; nonsense counts as not said."""
        span, by, show = args.get("span", ""), args.get("by", ""), args.get("show", "")
        first, last = day_of(args.get("from"), date.min), day_of(args.get("to"), date.min)
        is_some = date.min < first <= last <= first + timedelta(days=MOST_DAYS - 1)
        read = {name: grouping.read(args[name]) for name, grouping in GROUPINGS.items() if args.get(name)}
        return cls(
            Span.DAYS if is_some else Span(span) if span in SPANS else usual,
            day_of(args.get("on"), today),
            by if by in GROUPINGS else next(iter(GROUPINGS)),
            show if show in _SHOWN else OPEN,
            max(today, day_of(args.get("day"), today)),
            {name: value for name, value in read.items() if value is not None},
            (first, last) if is_some else None,
            parse_id(args.get("team")),
        )

    @property
    def period(self) -> Period:
        """The period itself."""
        return period_from(*self.days) if self.days else whole(self.span, self.on)

    @property
    def states(self) -> tuple[State, ...]:
        """The states to show; none for all accounts."""
        if self.show == OPEN:
            return (State.OVERDUE, State.DUE)
        return () if self.show == ALL else (State(self.show),)

    def page(self, **changes: Any) -> str:
        """The address of the figures, some words changed."""
        other = self._changed(changes)
        return f"/coverage?{urlencode({**other._period(), 'by': other.by})}"

    def accounts(self, **changes: Any) -> str:
        """The address of the list of accounts, some words changed."""
        other = self._changed(changes)
        within = {name: str(value) for name, value in other.within.items()}
        return f"/coverage/accounts?{urlencode({**other._period(), 'show': other.show, **within, 'day': other.day})}"

    def behind(self, **within: object) -> str:
        """The beginning of the addresses of the accounts behind the figures of a group: a State or ALL completes it."""
        return f"/coverage/accounts?{urlencode({**self._period(), **within, 'show': ''})}"

    def _changed(self, changes: dict[str, Any]) -> "CoverageAsked":
        if {"span", "on"} & changes.keys():
            days = replace(self, days=None, on=self.period.first)
            return replace(days, **changes)
        return replace(self, **changes)

    def _period(self) -> dict[str, str]:
        team = {"team": str(self.team)} if self.team else {}
        if self.days:
            return {"from": self.days[0].isoformat(), "to": self.days[1].isoformat(), **team}
        return {"span": self.span.value, "on": self.period.first.isoformat(), **team}


class RhythmForm(Form):
    """How often, and when it is welcome. With `own`, an account's: it may be as its class."""

    every = IntegerField(_l("Every"), [Optional()])
    unit = SelectField(_l("Unit"))
    wish = line(_l("Weekdays and hours wished"))

    def __init__(self, *args: Any, own: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._own = own
        choices = [(DAYS, _("days")), (WEEKS, _("weeks")), (NONE, _("no plan"))]
        self.unit.choices = [(AS_CLASS, _("as its class")), *choices] if own else choices

    @classmethod
    def of(cls, days: int | None, wish: str, *, own: bool = False) -> "RhythmForm":
        """The form for what is set. `days` None: as its class where `own`, else no plan; `wish` in any words."""
        form = cls(own=own)
        whole = days is not None and days > 0 and days % 7 == 0
        form.every.data = days // 7 if whole and days else days or None
        none = days == NO_PLAN or not own
        form.unit.data = (WEEKS if whole else DAYS) if days else NONE if none else AS_CLASS
        form.wish.data = wish
        return form

    def to_days(self) -> int | None:
        """What the actions take: None for no plan (NO_PLAN where an account's own), or as its class."""
        if self.unit.data in (NONE, AS_CLASS):
            return NO_PLAN if self._own and self.unit.data == NONE else None
        if self.every.data is None:
            raise InvalidError("every", N_("Say how often."))
        return min(self.every.data, 10_000) * (7 if self.unit.data == WEEKS else 1)

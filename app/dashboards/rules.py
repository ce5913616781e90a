"""Periods, figures and rankings: pure arithmetic on numbers that the domains give.

Numbers are whole and can be added: over days, over reps. What is no sum (a share, an average) is a figure made of
sums, so a team's share is never an average of averages, and the sum over all rows is always the total.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from app.kernel.i18n import N_

MOST_DAYS = 92  # a quarter: more is a matter of seconds for a company of a million visits
TOP = 20  # bars that a reader still takes in; the others are one bar
_YEARS = range(1971, 2200)
_DAY = timedelta(days=1)

# --- Periods ---------------------------------------------------------------------------------------------------------


class Span(StrEnum):
    """How long a period is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    DAYS = "days"  # from one day to another


SPAN_NAMES = {
    Span.DAY: N_("One day"),
    Span.WEEK: N_("Week"),
    Span.MONTH: N_("Month"),
    Span.QUARTER: N_("Quarter"),
    Span.DAYS: N_("From – to"),
}


@dataclass(frozen=True, slots=True)
class Period:
    """From `first` to `last`, both included. One that is not over ends today: `whole` is the day on which it will."""

    span: Span
    first: date
    last: date
    whole: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Period":
        """The period before, cut to as many days where this one is not over: the second week of a month is compared
        with the second week of the month before."""
        whole = self.first - _DAY
        first = self.first - timedelta(days=self.days) if self.span is Span.DAYS else _first_of(self.span, whole)
        is_over = self.last == self.whole
        last = whole if is_over else min(first + timedelta(days=self.days - 1), whole)
        return Period(self.span, first, last, whole)


def period_of(span: Span, on: date, today: date) -> Period:
    """The day, week (from Monday), month or quarter that `on` lies in; it ends today if it is not over."""
    first = _first_of(span, on)
    whole = _last_of(span, first)
    return Period(span, first, min(whole, max(today, on)), whole)


def period_from(first: date, last: date) -> Period:
    """From one day to another, in either order; at most MOST_DAYS, counted from the first."""
    first, last = min(first, last), max(first, last)
    last = min(last, first + timedelta(days=MOST_DAYS - 1))
    return Period(Span.DAYS, first, last, last)


def read_day(text: str | None, default: date) -> date:
    """The day that an address asks for; the default where it asks nonsense, or for what no calendar of ours needs."""
    try:
        day = date.fromisoformat(text) if text else default
    except ValueError:
        return default
    return day if day.year in _YEARS else default


def _first_of(span: Span, on: date) -> date:
    if span is Span.WEEK:
        return on - timedelta(days=on.weekday())
    if span is Span.MONTH:
        return on.replace(day=1)
    return on.replace(month=(on.month - 1) // 3 * 3 + 1, day=1) if span is Span.QUARTER else on


def _last_of(span: Span, first: date) -> date:
    if span is Span.DAY:
        return first
    if span is Span.WEEK:
        return first + timedelta(days=6)
    months = {Span.MONTH: 1, Span.QUARTER: 3}[span]
    following = first.month - 1 + months
    return date(first.year + following // 12, following % 12 + 1, 1) - _DAY


# --- Figures ---------------------------------------------------------------------------------------------------------

Numbers = Mapping[str, int]


class Unit(StrEnum):
    """What a value is. RATIO: a number with decimals. MINUTES: whole or average minutes. CLOCK: minutes after midnight.
    MONEY: minor units."""

    COUNT = "count"
    SHARE = "share"
    RATIO = "ratio"
    MINUTES = "minutes"
    CLOCK = "clock"
    MONEY = "money"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: the number `top` (its key where not given), divided by the sum of the numbers `below` where there are
    any.

    `label` is its name, `says` its definition in one sentence (msgids). `opens`: the arguments that make the list of
    the measure show exactly what is counted; None where there is none. `is_headline`: shown large, above the table.
    `is_daily`: whether its value of a single day means something. A figure of MONEY without a `currency` stands for
    one in each currency there is: its numbers are then called by `priced`.
    """

    key: str
    label: str
    says: str
    unit: Unit = Unit.COUNT
    top: str = ""
    below: tuple[str, ...] = ()
    opens: Mapping[str, str] | None = field(default_factory=dict, hash=False)
    is_headline: bool = False
    is_daily: bool = True
    currency: str = ""

    @property
    def has_bars(self) -> bool:
        """Whether a longer bar says something: half past nine is not more than nine."""
        return self.unit is not Unit.CLOCK

    def value(self, numbers: Numbers) -> float | None:
        """The figure's value; None where it would be divided by nothing."""
        top = numbers.get(self.top or self.key, 0)
        if not self.below:
            return top
        below = sum(numbers.get(name, 0) for name in self.below)
        return top / below if below else None

    def in_currency(self, currency: str) -> "Figure":
        """This figure of MONEY in one currency."""
        opens = None if self.opens is None else {**self.opens, "currency": currency}
        key, top = f"{self.key}_{currency}", priced(self.top or self.key, currency)
        return replace(self, key=key, top=top, opens=opens, currency=currency)


def priced(name: str, currency: str) -> str:
    """What the number of that name is called in a currency."""
    return f"{name} {currency}"


def in_currencies(figures: Iterable[Figure], numbers: Numbers) -> tuple[Figure, ...]:
    """The figures, each of MONEY once for every currency among the numbers, by its code."""
    found: list[Figure] = []
    for figure in figures:
        if figure.unit is Unit.MONEY:
            start = priced(figure.top or figure.key, "")
            found += [
                figure.in_currency(name.removeprefix(start)) for name in sorted(numbers) if name.startswith(start)
            ]
        else:
            found.append(figure)
    return tuple(found)


class Fact(NamedTuple):
    """What happened to a rep on a day, in numbers. A measure that knows no days gives `Period.first`."""

    rep_id: UUID
    day: date
    numbers: Numbers


@dataclass(slots=True)
class Sums:
    """Numbers of a period and of the one before, by rep; and of the period by day."""

    now: dict[UUID, dict[str, int]] = field(default_factory=dict)
    before: dict[UUID, dict[str, int]] = field(default_factory=dict)
    by_day: dict[date, dict[str, int]] = field(default_factory=dict)


def summed(facts: Iterable[Fact], period: Period, counts: Callable[[UUID], bool] = lambda _rep: True) -> Sums:
    """The facts of the reps who count, added up. Facts of days in neither period count nowhere."""
    sums, before = Sums(), period.before
    first, last = period.first, period.last
    for rep_id, day, numbers in facts:
        if not counts(rep_id):
            continue
        if first <= day <= last:
            _add(sums.now.setdefault(rep_id, {}), numbers)
            _add(sums.by_day.setdefault(day, {}), numbers)
        elif before.first <= day <= before.last:
            _add(sums.before.setdefault(rep_id, {}), numbers)
    return sums


def total(many: Iterable[Numbers]) -> dict[str, int]:
    """All of them in one."""
    found: dict[str, int] = {}
    for each in many:
        _add(found, each)
    return found


def _add(to: dict[str, int], numbers: Numbers) -> None:
    for name, number in numbers.items():
        if number:
            to[name] = to.get(name, 0) + number


# --- Rows and bars ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """A rep or a team in the table (`kind` "rep" or "team"); a team's numbers are those of all its reps, with the teams
    below it. `about`: a rep's team. `depth`: of a team in the tree."""

    kind: str
    id: UUID
    name: str
    now: Numbers
    before: Numbers
    about: str = ""
    depth: int = 0


def ranked(lines: Iterable[Line], figure: Figure, *, is_rising: bool = False) -> list[tuple[int | None, Line]]:
    """(rank, line) by the figure, the greatest first unless rising. Equal values share a rank; lines without a value
    come last and have none."""
    valued = [(value, line) for line in lines if (value := figure.value(line.now)) is not None]
    rest = [line for line in lines if figure.value(line.now) is None]
    valued.sort(key=lambda each: (each[0] if is_rising else -each[0], each[1].name, each[1].id))
    found: list[tuple[int | None, Line]] = []
    for place, (value, line) in enumerate(valued, 1):
        same = found and valued[place - 2][0] == value
        found.append((found[-1][0] if same else place, line))
    return [*found, *((None, line) for line in sorted(rest, key=lambda line: (line.name, line.id)))]


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a picture: its length in percent of the longest that there could be, of that of the period before
    too."""

    name: str
    value: float
    percent: float
    percent_before: float | None = None
    others: int = 0  # how many reps the bar stands for, where it is the rest


def bars(lines: Sequence[Line], figure: Figure) -> list[Bar]:
    """The first TOP lines that have a value, as they are ranked, and the others as one bar: their sum, or of a share
    or an average that of them together."""
    shown = [line for line in lines if figure.value(line.now) is not None]
    first, others = shown[:TOP], shown[TOP:]
    if len(others) == 1:
        first, others = shown, []
    rows = [(line.name, figure.value(line.now) or 0, figure.value(line.before), 0) for line in first]
    if others:
        rest, before = total(line.now for line in others), total(line.before for line in others)
        rows.append(("", figure.value(rest) or 0, figure.value(before), len(others)))
    longest = 1.0 if figure.unit is Unit.SHARE else max((max(row[1], row[2] or 0) for row in rows), default=0)
    scale = 100 / longest if longest else 0
    return [
        Bar(name, value, round(value * scale, 1), None if before is None else round(before * scale, 1), count)
        for name, value, before, count in rows
    ]


@dataclass(frozen=True, slots=True)
class Column:
    """A day's bar of the trend: its value (None: none), and where it stands, in percent of the picture."""

    day: date
    value: float | None
    x: float
    width: float
    height: float


def trend(by_day: Mapping[date, Numbers], figure: Figure, period: Period) -> list[Column]:
    """The figure for each day of the period."""
    days = [period.first + timedelta(days=n) for n in range(period.days)]
    values = [figure.value(by_day.get(day, {})) for day in days]
    highest = 1.0 if figure.unit is Unit.SHARE else max(value or 0 for value in values)
    width = 100 / len(days)
    return [
        Column(day, value, round(n * width, 2), round(width * 0.8, 2), round((value or 0) / (highest or 1) * 100, 1))
        for n, (day, value) in enumerate(zip(days, values, strict=True))
    ]

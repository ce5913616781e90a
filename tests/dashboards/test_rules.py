"""Periods, figures, rankings and pictures, without a database."""

from collections.abc import Mapping
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dashboards.choice import Choice
from app.dashboards.rules import (
    MOST_DAYS,
    TOP,
    Fact,
    Figure,
    Line,
    Period,
    Span,
    Unit,
    bars,
    in_currencies,
    period_from,
    period_of,
    priced,
    ranked,
    read_day,
    summed,
    total,
    trend,
)

D = date.fromisoformat
TODAY = D("2026-11-22")  # a Sunday
DAYS = st.dates(D("1990-01-01"), D("2100-12-31"))
SPANS = st.sampled_from([Span.DAY, Span.WEEK, Span.MONTH, Span.QUARTER])
MADE = Figure("made", "Made", "")
SHARE = Figure("share", "Share", "", Unit.SHARE, "on", ("on", "off"))
CLOCK = Figure("clock", "First", "", Unit.CLOCK, "minutes", ("days",))


def line(number: int, now: Mapping[str, int], before: Mapping[str, int] | None = None) -> Line:
    return Line("rep", UUID(int=number), f"Rep {number:03}", now, before or {})


# --- Periods ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("span", "on", "first", "last", "before"),
    [
        (Span.DAY, "2026-11-22", "2026-11-22", "2026-11-22", ("2026-11-21", "2026-11-21")),
        (Span.WEEK, "2026-11-18", "2026-11-16", "2026-11-22", ("2026-11-09", "2026-11-15")),
        (Span.MONTH, "2026-11-03", "2026-11-01", "2026-11-22", ("2026-10-01", "2026-10-22")),
        (Span.MONTH, "2026-03-31", "2026-03-01", "2026-03-31", ("2026-02-01", "2026-02-28")),
        (Span.MONTH, "2026-01-15", "2026-01-01", "2026-01-31", ("2025-12-01", "2025-12-31")),
        (Span.QUARTER, "2026-12-01", "2026-10-01", "2026-12-01", ("2026-07-01", "2026-08-31")),
        (Span.QUARTER, "2026-02-28", "2026-01-01", "2026-03-31", ("2025-10-01", "2025-12-31")),
    ],
)
def test_periods_and_what_they_are_compared_with(
    span: Span, on: str, first: str, last: str, before: tuple[str, str]
) -> None:
    period = period_of(span, D(on), TODAY)
    assert (period.first, period.last) == (D(first), D(last))
    assert (period.before.first, period.before.last) == (D(before[0]), D(before[1]))


def test_a_month_that_is_not_over_is_never_compared_with_more_than_the_month_before_has() -> None:
    period = period_of(Span.MONTH, D("2026-03-30"), D("2026-03-30"))
    assert (period.before.first, period.before.last) == (D("2026-02-01"), D("2026-02-28"))


@given(SPANS, DAYS, DAYS)
def test_a_period_holds_its_day_and_follows_the_one_before(span: Span, on: date, today: date) -> None:
    on = min(on, today)
    period = period_of(span, on, today)
    assert period.first <= on <= period.last <= max(today, on)
    before = period.before
    assert before.whole == period.first - timedelta(days=1)
    assert before.first <= before.last <= before.whole
    assert before.days <= period.days or period.last == period.whole


@given(DAYS, DAYS)
def test_from_one_day_to_another_in_any_order(one: date, other: date) -> None:
    period = period_from(one, other)
    assert period.first == min(one, other)
    assert 1 <= period.days <= MOST_DAYS
    assert period.before.days == period.days and period.before.last == period.first - timedelta(days=1)


@given(SPANS, DAYS, DAYS)
def test_the_ways_to_the_neighbours_lead_back(span: Span, on: date, today: date) -> None:
    choice = Choice.read({"period": span, "on": str(on)}, today)
    there = Choice.read(choice.args(period=choice.earlier), today)
    assert there.period.first == choice.earlier.first
    assert there.later is not None
    assert there.later.first == choice.period.first
    assert Choice.read(choice.args(), today) == choice
    for each in Span:
        spanned = choice.spanning(each)
        assert Choice.read(choice.args(period=spanned), today).period == spanned


@pytest.mark.parametrize("text", ["", None, "x", "2026-02-30", "0001-01-01", "9999-12-31", "²", "9" * 500])
def test_nonsense_days_count_as_not_said(text: str | None) -> None:
    assert read_day(text, TODAY) == TODAY
    assert Choice.read({"period": "fortnight", "on": text or ""}, TODAY).period.span is Span.MONTH
    assert Choice.read({"period": "days", "from": text or "", "to": text or ""}, TODAY).period.last == TODAY


# --- Figures ---------------------------------------------------------------------------------------------------------


def test_a_share_of_several_is_the_share_of_their_sums() -> None:
    rita, ren = {"on": 1, "off": 0}, {"on": 0, "off": 3}
    assert (SHARE.value(rita), SHARE.value(ren), SHARE.value(total([rita, ren]))) == (1.0, 0.0, 0.25)
    assert SHARE.value({}) is None, "nothing is no share of nothing"
    assert MADE.value({}) == 0


def test_money_stands_once_for_each_currency_and_is_never_added() -> None:
    value = Figure("value", "Value", "", Unit.MONEY, opens={"state": "standing"})
    each = Figure("each", "Each", "", Unit.MONEY, "value", ("made",))
    numbers = {priced("value", "TWD"): 1290, priced("value", "CNY"): 39_900, "made": 4, "valued": 1}
    assert [
        (figure.key, figure.value(numbers), figure.opens) for figure in in_currencies([value, each, MADE], numbers)
    ] == [
        ("value_CNY", 39_900, {"state": "standing", "currency": "CNY"}),
        ("value_TWD", 1290, {"state": "standing", "currency": "TWD"}),
        ("each_CNY", 9975.0, {"currency": "CNY"}),
        ("each_TWD", 322.5, {"currency": "TWD"}),
        ("made", 4, {}),
    ]
    assert in_currencies([value], {}) == ()


NUMBERS = st.dictionaries(st.sampled_from(["made", "on", "off"]), st.integers(0, 50))
FACTS = st.lists(
    st.builds(Fact, st.integers(1, 5).map(lambda n: UUID(int=n)), st.dates(D("2026-09-20"), TODAY), NUMBERS)
)


@given(FACTS)
def test_the_reps_and_the_days_add_up_to_the_total(facts: list[Fact]) -> None:
    period = period_of(Span.MONTH, TODAY, TODAY)
    sums = summed(facts, period)
    within = [fact for fact in facts if period.first <= fact.day <= period.last]
    earlier = [fact for fact in facts if period.before.first <= fact.day <= period.before.last]
    for figure in (MADE, SHARE):
        assert figure.value(total(sums.now.values())) == figure.value(total(fact.numbers for fact in within))
        assert figure.value(total(sums.by_day.values())) == figure.value(total(fact.numbers for fact in within))
        assert figure.value(total(sums.before.values())) == figure.value(total(fact.numbers for fact in earlier))
    ones = summed(facts, period, lambda rep: rep.int == 1)
    assert set(ones.now) <= {UUID(int=1)}


# --- Rows, bars, trend -----------------------------------------------------------------------------------------------


def test_equal_values_share_a_rank_and_who_has_none_comes_last() -> None:
    lines = [
        line(1, {"on": 1, "off": 1}),
        line(2, {"on": 3, "off": 3}),
        line(3, {"on": 1}),
        line(4, {}),
        line(5, {"off": 1}),
    ]
    found = [(rank, each.id.int) for rank, each in ranked(lines, SHARE)]
    assert found == [(1, 3), (2, 1), (2, 2), (4, 5), (None, 4)]
    assert [each.id.int for _rank, each in ranked(lines, SHARE, is_rising=True)] == [5, 1, 2, 3, 4]


def test_two_hundred_reps_are_twenty_bars_and_the_rest() -> None:
    lines = [each for _rank, each in ranked([line(n, {"made": n}, {"made": 1}) for n in range(1, 201)], MADE)]
    found = bars(lines, MADE)
    assert len(found) == TOP + 1
    assert (found[0].value, found[-1].value, found[-1].others) == (200, sum(range(1, 181)), 180)
    assert sum(bar.value for bar in found) == sum(range(1, 201)), "nobody is left out"
    assert max(bar.percent for bar in found) == 100
    share = bars([line(n, {"on": n % 2, "off": 1 - n % 2}) for n in range(1, 201)], SHARE)
    assert share[-1].value == 0.5, "the share of them together, not a sum of shares"
    assert [len(bars(lines[:n], MADE)) for n in (0, 1, TOP, TOP + 1, TOP + 2)] == [0, 1, TOP, TOP + 1, TOP + 1]


def test_nothing_has_no_length() -> None:
    assert [bar.percent for bar in bars([line(1, {}), line(2, {})], MADE)] == [0, 0]
    assert not CLOCK.has_bars


@given(st.integers(1, MOST_DAYS))
def test_the_trend_covers_each_day_once(days: int) -> None:
    period = Period(Span.DAYS, TODAY - timedelta(days=days - 1), TODAY, TODAY)
    by_day = {period.first + timedelta(days=n): {"made": 1} for n in range(days)}
    columns = trend(by_day, MADE, period)
    assert sum(column.value or 0 for column in columns) == days
    assert [column.day for column in columns] == sorted(by_day)
    assert all(0 <= column.x <= 100 and 0 <= column.height <= 100 for column in columns)
    assert columns[-1].x + columns[-1].width <= 100.1

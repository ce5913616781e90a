from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.money import MAX_MINOR, Money, MoneyError
from app.sales.rules import (
    MAX_LINES,
    REASONS,
    Line,
    Problem,
    TaxTotal,
    may_discount,
    percent,
    price,
    problems_of,
    quote_expired,
)

TEA = UUID(int=1)
TODAY = date(2026, 11, 20)
LINE = Line(TEA, 3, 1999, 0, 1300)

lines = st.builds(
    Line,
    product_id=st.just(TEA),
    quantity=st.integers(1, 99_999),
    unit_price=st.integers(0, 10**7),
    discount_bp=st.integers(0, 10_000),
    tax_bp=st.sampled_from([0, 500, 600, 900, 1300, 2000]),
)


def test_prices_without_tax_get_it_on_top() -> None:
    pricing = price([LINE], "CNY", prices_include_tax=False)
    (one,) = pricing.lines
    assert (one.list_price, one.discount, one.net, one.tax, one.gross) == (5997, 0, 5997, 780, 6777)  # tax 779.61
    assert (pricing.net, pricing.tax, pricing.gross) == (5997, 780, 6777)
    assert pricing.money(pricing.gross) == Money(6777, "CNY")


def test_prices_with_tax_contain_it() -> None:
    (one,) = price([replace(LINE, tax_bp=2000)], "GBP", prices_include_tax=True).lines
    assert (one.net, one.tax, one.gross) == (4998, 999, 5997)  # net 4997.5


def test_a_discount_is_rounded_half_up_on_what_is_left_to_pay() -> None:
    line = Line(TEA, 1, 1001, 5000, 0)
    (one,) = price([line], "CNY", prices_include_tax=False).lines
    assert (one.list_price, one.discount, one.net) == (1001, 500, 501)  # 500.5 to pay


def test_whole_discount_and_free_goods_cost_nothing() -> None:
    free = price([replace(LINE, discount_bp=10_000), replace(LINE, unit_price=0)], "CNY", prices_include_tax=False)
    assert (free.discount, free.net, free.tax, free.gross) == (5997, 0, 0, 0)


def test_currencies_without_minor_units_round_to_whole_ones() -> None:
    (one,) = price([Line(TEA, 1, 1290, 0, 500)], "TWD", prices_include_tax=False).lines
    assert (one.net, one.tax, one.gross) == (1290, 65, 1355)  # tax 64.5


def test_tax_is_rounded_once_for_each_rate_and_spread_over_the_lines() -> None:
    ten_dollars = [Line(TEA, 1, 10, 0, 500)] * 20
    pricing = price(ten_dollars, "TWD", prices_include_tax=False)
    assert (pricing.net, pricing.tax, pricing.gross) == (200, 10, 210)  # line by line it would be 20
    assert [one.tax for one in pricing.lines] == [1] * 10 + [0] * 10  # equal fractions: the first ones
    included = price(ten_dollars, "TWD", prices_include_tax=True)
    assert (included.net, included.tax, included.gross) == (190, 10, 200)  # 190.48


def test_the_largest_fractions_get_what_is_left_of_the_tax() -> None:
    pricing = price([Line(TEA, 1, n, 0, 500) for n in (12, 33, 27, 0)], "TWD", prices_include_tax=False)
    assert [one.tax for one in pricing.lines] == [1, 2, 1, 0]  # 0.60, 1.65, 1.35: together 3.60, so 4
    assert pricing.taxes == (TaxTotal(500, 72, 4, 76),)


def test_each_rate_is_rounded_by_itself() -> None:
    pricing = price([Line(TEA, 1, 10, 0, 500), Line(TEA, 1, 5, 0, 1000)], "TWD", prices_include_tax=False)
    assert [total.tax for total in pricing.taxes] == [1, 1]  # 0.5 and 0.5, not 1 together


def test_totals_are_given_for_each_tax_rate() -> None:
    pricing = price(
        [Line(TEA, 1, 1000, 0, 600), Line(TEA, 2, 1000, 0, 1300), Line(TEA, 1, 500, 0, 600), Line(TEA, 1, 7)],
        "CNY",
        prices_include_tax=False,
    )
    assert pricing.taxes == (TaxTotal(1300, 2000, 260, 2260), TaxTotal(600, 1500, 90, 1590), TaxTotal(0, 7, 0, 7))
    assert pricing.gross == 2260 + 1590 + 7


def test_an_empty_document_costs_nothing() -> None:
    pricing = price([], "CNY", prices_include_tax=False)
    assert (pricing.lines, pricing.taxes, pricing.gross) == ((), (), 0)


def test_a_document_has_a_currency() -> None:
    with pytest.raises(MoneyError):
        price([], "yuan", prices_include_tax=False)


@given(st.lists(lines, max_size=12), st.booleans())
def test_everything_adds_up(ordered: list[Line], with_tax: bool) -> None:
    pricing = price(ordered, "CNY", prices_include_tax=with_tax)
    assert [one.line for one in pricing.lines] == ordered
    for one in pricing.lines:
        assert one.net + one.tax == one.gross
        assert one.list_price - one.discount == (one.gross if with_tax else one.net)
        assert min(one.net, one.tax, one.gross, one.discount) >= 0
    rate_of = {total.tax_bp: total for total in pricing.taxes}
    for rate, total in rate_of.items():
        amount = sum(one.gross if with_tax else one.net for one in pricing.lines if one.line.tax_bp == rate)
        exact = Fraction(amount * rate, 10_000 + rate * with_tax)
        assert abs(total.tax - exact) <= Fraction(1, 2)
    for one in pricing.lines:
        rate = one.line.tax_bp
        share = Fraction((one.gross if with_tax else one.net) * rate, 10_000 + rate * with_tax)
        assert abs(one.tax - share) < 1
    for name in ("net", "tax", "gross"):
        assert getattr(pricing, name) == sum(getattr(one, name) for one in pricing.lines)
        assert getattr(pricing, name) == sum(getattr(one, name) for one in pricing.taxes)
    assert pricing.net + pricing.tax == pricing.gross


@given(lines)
def test_a_line_agrees_with_decimal_arithmetic(line: Line) -> None:
    whole = Decimal(1)
    payable = (Decimal(line.quantity * line.unit_price) * (10_000 - line.discount_bp) / 10_000).quantize(
        whole, ROUND_HALF_UP
    )
    (without,) = price([line], "CNY", prices_include_tax=False).lines
    assert without.net == int(payable)
    assert without.tax == int((payable * line.tax_bp / 10_000).quantize(whole, ROUND_HALF_UP))
    (included,) = price([line], "CNY", prices_include_tax=True).lines
    assert included.gross == int(payable)
    assert abs(included.net - Fraction(int(payable)) / (1 + Fraction(line.tax_bp, 10_000))) <= Fraction(1, 2)


@given(st.lists(lines, min_size=1, max_size=6), st.randoms())
def test_the_order_of_lines_changes_no_total(ordered: list[Line], random: object) -> None:
    shuffled = ordered[:]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = (price(each, "CNY", prices_include_tax=False) for each in (ordered, shuffled))
    assert (one.taxes, one.gross) == (other.taxes, other.gross)


def problems(*ordered: Line, limit_bp: int = 1000, delivery_on: date | None = None) -> list[Problem]:
    return problems_of(ordered, limit_bp=limit_bp, delivery_on=delivery_on, today=TODAY)


def test_a_sound_order_has_no_problems() -> None:
    assert problems(LINE, replace(LINE, quantity=99_999, discount_bp=1000), delivery_on=TODAY) == []
    assert problems(*[LINE] * MAX_LINES) == []


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"quantity": 0}, "lines-1-quantity", "quantity_out_of_range"),
        ({"quantity": -1}, "lines-1-quantity", "quantity_out_of_range"),
        ({"quantity": 100_000}, "lines-1-quantity", "quantity_out_of_range"),
        ({"unit_price": -1}, "lines-1-unit_price", "price_out_of_range"),
        ({"unit_price": MAX_MINOR + 1}, "lines-1-unit_price", "price_out_of_range"),
        ({"unit_price": MAX_MINOR}, "lines", "total_too_large"),
        ({"discount_bp": -1}, "lines-1-discount", "discount_out_of_range"),
        ({"discount_bp": 10_001}, "lines-1-discount", "discount_out_of_range"),
        ({"discount_bp": 1001}, "lines-1-discount", "discount_over_limit"),
        ({"tax_bp": -1}, "lines-1-tax", "tax_out_of_range"),
        ({"tax_bp": 10_001}, "lines-1-tax", "tax_out_of_range"),
    ],
)
def test_a_bad_line_is_named(change: dict[str, int], field: str, reason: str) -> None:
    (problem,) = problems(LINE, replace(LINE, **change))  # type: ignore[arg-type]
    assert (problem.field, problem.reason) == (field, reason)
    assert REASONS[reason] % problem.params


def test_all_problems_are_told_at_once() -> None:
    found = problems(replace(LINE, quantity=0, discount_bp=2000), delivery_on=TODAY - timedelta(days=1))
    assert found == [
        Problem("lines-0-quantity", "quantity_out_of_range", {"least": 1, "most": 99_999}),
        Problem("lines-0-discount", "discount_over_limit", {"limit": "10"}),
        Problem("delivery_on", "delivery_in_past"),
    ]


def test_an_order_has_one_to_two_hundred_lines() -> None:
    assert problems() == [Problem("lines", "no_lines")]
    assert problems(*[LINE] * 201) == [Problem("lines", "too_many_lines", {"most": 200, "count": 201})]


def test_the_rep_discounts_within_the_limit() -> None:
    assert may_discount(1000, 0) and may_discount(1000, 1000) and not may_discount(1000, 1001)
    assert may_discount(0, 0) and not may_discount(0, 1)
    assert not may_discount(20_000, 10_001) and not may_discount(1000, -1)


def test_a_quote_holds_through_its_last_day() -> None:
    assert not quote_expired(TODAY, TODAY)
    assert quote_expired(TODAY - timedelta(days=1), TODAY)
    assert not quote_expired(None, TODAY)


@pytest.mark.parametrize(
    ("basis_points", "text"),
    [(0, "0"), (5, "0.05"), (50, "0.5"), (1000, "10"), (1250, "12.5"), (10_000, "100"), (-150, "-1.5")],
)
def test_basis_points_read_as_percent(basis_points: int, text: str) -> None:
    assert percent(basis_points) == text

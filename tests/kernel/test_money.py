from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.money import (
    MAX_MINOR,
    REASONS,
    Money,
    MoneyError,
    format_money,
    format_number,
    from_decimal,
    minor_digits,
    parse_money,
    plain_amount,
    round_half_up,
    total,
)

currencies = st.sampled_from(["CNY", "TWD", "HKD", "GBP", "EUR", "USD", "JPY", "KWD", "CHF"])
minors = st.integers(-MAX_MINOR, MAX_MINOR)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("1,234.50", "CNY", 123450),
        ("1234.5", "CNY", 123450),
        ("１，２３４．５０", "CNY", 123450),
        ("12。5", "CNY", 1250),
        ("  ￥1,234.50 ", "CNY", 123450),
        ("CN¥12", "CNY", 1200),
        ("12 元", "CNY", 1200),
        ("人民币 12.30", "CNY", 1230),
        ("cny 12", "CNY", 1200),
        ("£0.05", "GBP", 5),
        (".5", "GBP", 50),
        ("5.", "GBP", 500),
        ("NT$1,200", "TWD", 1200),
        ("$1,200", "TWD", 1200),
        ("120.00", "TWD", 120),
        ("HK$ 8.8", "HKD", 880),
        ("1.234", "KWD", 1234),
        ("007", "JPY", 7),
        ("0", "EUR", 0),
        ("-0", "EUR", 0),
    ],
)
def test_people_write_amounts_in_many_ways(text: str, currency: str, minor: int) -> None:
    assert parse_money(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency", "reason"),
    [
        ("", "CNY", "empty"),
        ("　 ", "CNY", "empty"),
        ("abc", "CNY", "not_a_number"),
        ("¥", "CNY", "not_a_number"),
        (".", "CNY", "not_a_number"),
        ("NaN", "CNY", "not_a_number"),
        ("Infinity", "CNY", "not_a_number"),
        ("1e5", "CNY", "not_a_number"),
        ("1 234", "CNY", "not_a_number"),
        ("--1", "CNY", "not_a_number"),
        ("£12", "CNY", "not_a_number"),
        ("٣٤", "CNY", "not_a_number"),
        ("1.2.3", "CNY", "not_a_number"),
        ("1.234,50", "CNY", "not_a_number"),
        ("12,50", "EUR", "bad_grouping"),
        ("1,,234", "EUR", "bad_grouping"),
        ("1234,567", "EUR", "bad_grouping"),
        ("1.005", "CNY", "too_many_decimals"),
        ("1.500", "CNY", "too_many_decimals"),
        ("12.5", "TWD", "too_many_decimals"),
        ("1.500", "JPY", "too_many_decimals"),
        ("99999999999999999", "CNY", "too_large"),
        ("9" * 500, "CNY", "too_large"),
        ("x" * 10_000_000, "CNY", "not_a_number"),
        ("-5", "CNY", "negative"),
        ("5", "cny", "unknown_currency"),
        ("5", "¥¥¥", "unknown_currency"),
    ],
)
def test_what_is_no_amount_is_refused_with_a_reason(text: str, currency: str, reason: str) -> None:
    with pytest.raises(MoneyError) as refused:
        parse_money(text, currency)
    assert refused.value.reason == reason
    assert REASONS[reason] % refused.value.params


@pytest.mark.parametrize("text", ["-5.20", "−5.20", "－5.20", "-¥5.20", "¥-5.20"])
def test_a_negative_amount_is_read_where_it_is_asked_for(text: str) -> None:
    assert parse_money(text, "CNY", negative_allowed=True) == Money(-520, "CNY")


@given(minors, currencies, st.sampled_from(["en", "zh_Hans", "zh_Hant"]))
def test_what_is_written_is_read_back(minor: int, currency: str, language: str) -> None:
    money = Money(minor, currency)
    assert parse_money(format_money(money, language), currency, negative_allowed=True) == money
    assert parse_money(plain_amount(money), currency, negative_allowed=True) == money
    assert from_decimal(money.amount, currency) == money


@given(st.text(max_size=60), currencies)
def test_no_text_breaks_the_reader(text: str, currency: str) -> None:
    try:
        assert 0 <= parse_money(text, currency).minor <= MAX_MINOR
    except MoneyError as refused:
        assert refused.reason in REASONS


@pytest.mark.parametrize(
    ("money", "language", "text"),
    [
        (Money(123450, "CNY"), "en", "CN¥1,234.50"),
        (Money(123450, "CNY"), "zh_Hans", "¥1,234.50"),
        (Money(123450, "CNY"), "zh_Hant", "CN¥1,234.50"),
        (Money(-1234, "TWD"), "zh_Hant", "-NT$1,234"),
        (Money(5, "GBP"), "en", "£0.05"),
        (Money(100, "USD"), "zh_Hans", "US$1.00"),
        (Money(1234567, "JPY"), "en", "¥1,234,567"),
        (Money(0, "EUR"), "en", "€0.00"),
        (Money(100, "CHF"), "en", "CHF\xa01.00"),
    ],
)
def test_amounts_are_written_for_the_reader(money: Money, language: str, text: str) -> None:
    assert format_money(money, language) == text
    assert format_number(money).lstrip("-") in text


def test_digits_follow_iso_except_for_taiwan() -> None:
    assert [minor_digits(code) for code in ("CNY", "HKD", "GBP", "EUR", "USD")] == [2] * 5
    assert (minor_digits("JPY"), minor_digits("TWD"), minor_digits("KWD")) == (0, 0, 3)


def test_arithmetic_stays_within_a_currency() -> None:
    one, two = Money(1, "CNY"), Money(2, "CNY")
    assert (one + two, one - two, -one, two * 3) == (
        Money(3, "CNY"),
        Money(-1, "CNY"),
        Money(-1, "CNY"),
        Money(6, "CNY"),
    )
    assert one < two and one <= two and two > one and bool(one) and not Money(0, "CNY")
    assert total([one, two], "CNY") == Money(3, "CNY")
    assert total([], "CNY") == Money(0, "CNY")
    pound = Money(1, "GBP")
    for mixed in (lambda: one + pound, lambda: one - pound, lambda: one < pound, lambda: one <= pound):
        with pytest.raises(TypeError):
            mixed()


@pytest.mark.parametrize("minor", [1.0, True, "1", Decimal(1)])
def test_minor_units_are_integers(minor: Any) -> None:
    with pytest.raises(TypeError):
        Money(minor, "CNY")


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"),
    [(5, 10, 1), (4, 10, 0), (-5, 10, -1), (-4, 10, 0), (25, 10, 3), (0, 7, 0), (2, 3, 1), (1, 3, 0)],
)
def test_rounding_is_half_up_away_from_zero(numerator: int, denominator: int, rounded: int) -> None:
    assert round_half_up(numerator, denominator) == rounded


def test_a_share_is_rounded_once() -> None:
    assert Money(1050, "CNY").share(1300) == Money(137, "CNY")  # 136.5
    assert Money(-1050, "CNY").share(1300) == Money(-137, "CNY")


@given(st.integers(-(10**20), 10**20), st.integers(1, 10**6))
def test_rounding_is_never_off_by_more_than_half(numerator: int, denominator: int) -> None:
    assert abs(2 * (round_half_up(numerator, denominator) * denominator - numerator)) <= denominator


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        (Decimal("NaN"), "not_a_number"),
        (Decimal("-Infinity"), "not_a_number"),
        (Decimal("1.005"), "too_many_decimals"),
        (Decimal("1.0000000000000000000000000000000000001"), "too_many_decimals"),
        (Decimal("1e-999999"), "too_many_decimals"),
        (Decimal("1e999999"), "too_large"),
        (Decimal("1e14"), "too_large"),
    ],
)
def test_decimals_that_are_no_amount_are_refused(amount: Decimal, reason: str) -> None:
    with pytest.raises(MoneyError) as refused:
        from_decimal(amount, "CNY")
    assert refused.value.reason == reason


def test_decimals_convert_exactly() -> None:
    assert from_decimal(Decimal("1.500"), "CNY") == Money(150, "CNY")
    assert from_decimal(Decimal("0"), "JPY") == Money(0, "JPY")
    assert from_decimal(Decimal("0.00000"), "CNY") == Money(0, "CNY")
    assert from_decimal(Decimal("-0.05"), "CNY") == Money(-5, "CNY")
    assert from_decimal(Decimal("1e3"), "JPY") == Money(1000, "JPY")

"""Codes, barcodes and validity."""

from datetime import date

import pytest

from app.catalogue.rules import check_terms, clean_barcode, clean_code, is_valid_on
from app.kernel.errors import InvalidError


def test_a_code_loses_full_width_letters_and_white_space() -> None:
    assert clean_code(" ＡＢ-１２ ") == "AB-12"
    for wrong in ("", "  ", "x" * 41):
        with pytest.raises(InvalidError) as refused:
            clean_code(wrong)
        assert refused.value.field == "code"


@pytest.mark.parametrize("code", ["", "6901234567892", "4006381333931", "ABC-123", "12345678", "1234567890"])
def test_barcodes_of_all_kinds_are_taken(code: str) -> None:
    assert clean_barcode(code) == code


def test_gaps_in_a_barcode_are_closed() -> None:
    assert clean_barcode(" 6 901234 567892 ") == "6901234567892"


@pytest.mark.parametrize("code", ["6901234567893", "橄榄油", "é", "1" * 49])
def test_a_mistyped_barcode_is_refused(code: str) -> None:
    with pytest.raises(InvalidError) as refused:
        clean_barcode(code)
    assert refused.value.field == "barcode"


def test_both_days_belong_to_the_validity() -> None:
    first, last = date(2026, 1, 1), date(2026, 12, 31)
    assert is_valid_on(first, first, last)
    assert is_valid_on(last, first, last)
    assert not is_valid_on(date(2025, 12, 31), first, last)
    assert not is_valid_on(date(2027, 1, 1), first, last)
    assert is_valid_on(date(1999, 1, 1), None, last)
    assert is_valid_on(date(2099, 1, 1), first, None)


@pytest.mark.parametrize(
    ("currency", "standard", "first", "last", "field"),
    [
        ("yuan", False, None, None, "currency"),
        ("CNY", False, date(2026, 2, 1), date(2026, 1, 31), "valid_until"),
        ("CNY", True, date(2026, 2, 1), None, "valid_from"),
        ("CNY", True, None, date(2026, 2, 1), "valid_until"),
    ],
)
def test_impossible_terms_are_refused(
    currency: str, standard: bool, first: date | None, last: date | None, field: str
) -> None:
    with pytest.raises(InvalidError) as refused:
        check_terms(currency, standard, first, last)
    assert refused.value.field == field

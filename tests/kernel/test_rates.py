"""Percentages as basis points."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.errors import InvalidError
from app.kernel.rates import parse_rate, rate_text


@pytest.mark.parametrize(
    ("typed", "rate"),
    [("13", 1300), ("8.5", 850), ("0", 0), ("100", 10_000), ("１３％", 1300), (" 6 % ", 600), ("0.05", 5), ("5.", 500)],
)
def test_a_percentage_is_read_as_basis_points(typed: str, rate: int) -> None:
    assert parse_rate(typed, "tax") == rate


@pytest.mark.parametrize("typed", ["", "abc", "-1", "100.01", "101", "1.234", "8,5", "1e2", "½", "٣", "13%%"])
def test_what_is_no_percentage_is_refused_at_its_field(typed: str) -> None:
    with pytest.raises(InvalidError) as refused:
        parse_rate(typed, "tax")
    assert refused.value.field == "tax"


@given(st.integers(0, 10_000))
def test_a_rate_reads_back_as_it_is_written(rate: int) -> None:
    assert parse_rate(rate_text(rate), "tax") == rate


def test_a_rate_is_written_without_needless_zeros() -> None:
    assert [rate_text(rate) for rate in (1300, 850, 5, 0, 1000)] == ["13", "8.5", "0.05", "0", "10"]

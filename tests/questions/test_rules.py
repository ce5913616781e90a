"""What is a question, what is an answer, and what many amount to."""

import statistics
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.errors import InvalidError
from app.questions.rules import (
    LARGEST,
    Asked,
    Kind,
    QuestionInput,
    Value,
    check_question,
    number_text,
    options_in,
    parse_number,
    read_answer,
    shares,
    summary,
    teams_above,
    typed_as,
)

CHOICE = Asked(Kind.CHOICE, ("red", "green", "blue"))
FACINGS = Asked(Kind.NUMBER, least=0, most=99_500, decimals=1)


@given(st.integers(-LARGEST, LARGEST))
def test_a_number_is_read_as_it_is_written(number: int) -> None:
    assert parse_number(number_text(number)) == number


@pytest.mark.parametrize(
    ("typed", "thousandths"),
    [
        ("12", 12_000), ("-0.5", -500), ("１２．５", 12_500), ("1,200", 1_200_000), ("1,5", 1500), (" 7 ", 7000),
        ("3。25", 3250), ("−2", -2000), ("0.100", 100), ("12.", 12_000), ("1,200.5", 1_200_500),
    ],
)  # fmt: skip
def test_numbers_as_people_type_them(typed: str, thousandths: int) -> None:
    assert parse_number(typed) == thousandths


@pytest.mark.parametrize("typed", ["", "x", "1.2.3", "--5", "NaN", "1e3", "²", "5" * 5000, "½", ".5", "1000000001"])
def test_what_is_no_number(typed: str) -> None:
    with pytest.raises(InvalidError):
        parse_number(typed)


def test_decimals_that_are_too_many_are_refused_and_zeros_are_not() -> None:
    assert parse_number("2.500", 1) == 2500
    with pytest.raises(InvalidError, match="At most"):
        parse_number("2.55", 1)
    with pytest.raises(InvalidError, match="whole number"):
        parse_number("2.5", 0)


@given(st.sampled_from(list(Kind)), st.text(max_size=30))
def test_whatever_is_typed_is_an_answer_or_refused(kind: Kind, typed: str) -> None:
    asked = Asked(kind, ("red", "green"), decimals=3)
    try:
        value = read_answer(asked, typed)
    except InvalidError:
        return
    assert read_answer(asked, typed_as(kind, value)) == value, "what is shown in the form is read alike"
    assert value.is_none == (not typed.strip())


@pytest.mark.parametrize(
    ("asked", "typed", "value"),
    [
        (Asked(Kind.YES_NO), "1", Value(1)), (Asked(Kind.YES_NO), "0", Value(0)), (CHOICE, "2", Value(2)),
        (FACINGS, "12.5", Value(12_500)), (FACINGS, "0", Value(0)), (FACINGS, "99.5", Value(99_500)),
        (Asked(Kind.TEXT), " Yes ", Value(text="Yes")), (CHOICE, "", Value()),
    ],
)  # fmt: skip
def test_answers(asked: Asked, typed: str, value: Value) -> None:
    assert read_answer(asked, typed) == value


@pytest.mark.parametrize(
    ("asked", "typed"),
    [
        (Asked(Kind.YES_NO), "2"), (Asked(Kind.YES_NO), "yes"), (CHOICE, "3"), (CHOICE, "-1"), (CHOICE, "²"),
        (FACINGS, "-1"), (FACINGS, "99.6"), (FACINGS, "1.25"), (Asked(Kind.TEXT), "x" * 4001), (Asked(Kind.PHOTO), "0"),
    ],
)  # fmt: skip
def test_no_answers(asked: Asked, typed: str) -> None:
    with pytest.raises(InvalidError):
        read_answer(asked, typed)


@pytest.mark.parametrize(
    ("least", "most", "said"), [(0, None, "at least"), (None, 5000, "at most"), (0, 5000, "between")]
)
def test_a_limit_is_said(least: int | None, most: int | None, said: str) -> None:
    with pytest.raises(InvalidError, match=said):
        read_answer(Asked(Kind.NUMBER, least=least, most=most), "-1" if most is None else "6")


def question(**values: Any) -> QuestionInput:
    return QuestionInput(**{"kind": Kind.CHOICE, "text": "?", "ratings": ("A",), "options": ("a", "b"), **values})


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"text": ""}, "text"), ({"ratings": ()}, "for_a"), ({"ratings": ("D",)}, "for_a"),
        ({"options": ("a",)}, "options"), ({"options": tuple(map(str, range(21)))}, "options"),
        ({"options": ("a", "a")}, "options"), ({"options": ("a", "b" * 201)}, "options"),
        ({"kind": Kind.NUMBER, "least": 5000, "most": 4000}, "most"),
        ({"kind": Kind.NUMBER, "least": 500}, "least"), ({"kind": Kind.NUMBER, "decimals": 1, "most": 1250}, "most"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked(values: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidError) as refused:
        check_question(question(**values))
    assert refused.value.field == field


def test_what_can_be_asked() -> None:
    check_question(question())
    check_question(question(options=tuple(map(str, range(20)))))
    check_question(question(kind=Kind.NUMBER, least=-500, most=-500, decimals=1))
    assert options_in("  red \n\n dark  blue\r\n") == ("red", "dark blue")


def test_a_team_answers_what_those_above_it_are_asked() -> None:
    top, middle, low, other = (UUID(int=number) for number in range(1, 5))
    parents = [(top, None), (middle, top), (low, middle), (other, top)]
    assert teams_above(low, parents) == {low, middle, top}
    assert teams_above(top, parents) == {top}
    assert teams_above(low, [(low, middle), (middle, low)]) == {low, middle}, "a circle ends"


@given(st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=40))
def test_figures_are_those_of_the_textbook(numbers: list[int]) -> None:
    found = summary({number: numbers.count(number) for number in numbers})
    assert found is not None
    assert (found.count, found.least, found.most) == (len(numbers), min(numbers), max(numbers))
    assert found.median == statistics.median(numbers)
    assert found.mean == pytest.approx(statistics.fmean(numbers))


def test_no_figures_of_nothing() -> None:
    assert summary({}) is None
    assert summary({5: 0}) is None
    assert shares({"yes": 0, "no": 0}) == {}


@given(st.dictionaries(st.text(max_size=3), st.integers(1, 1000), min_size=1))
def test_shares_are_parts_of_all(counted: dict[str, int]) -> None:
    assert sum(shares(counted).values()) == pytest.approx(100)

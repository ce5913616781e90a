"""What is asked at a visit, what is an answer, and what many answers amount to.

A question keeps its kind and unit for ever: answers of one question can be counted together. What else it says (text,
options, limits, decimals) is a wording; wordings are never changed, and an answer belongs to the one that was read.
Numbers are whole thousandths, so that 0.1 is 0.1.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from app.accounts.rules import RATINGS
from app.kernel.errors import InvalidError
from app.kernel.i18n import N_

SCALE = 1000
MOST_DECIMALS = 3
LARGEST = 10**9 * SCALE
FEWEST_OPTIONS, MOST_OPTIONS = 2, 20
LONGEST_TEXT, LONGEST_OPTION, LONGEST_UNIT, LONGEST_ANSWER = 500, 200, 80, 4000
MOST_QUESTIONS = 60  # in use; a visit that asks more is none


class Kind(StrEnum):
    """What kind of answer a question takes."""

    YES_NO = "yes_no"
    CHOICE = "choice"
    NUMBER = "number"
    TEXT = "text"
    PHOTO = "photo"


KIND_NAMES = {
    Kind.YES_NO: N_("Yes or no"),
    Kind.CHOICE: N_("One of several"),
    Kind.NUMBER: N_("A number"),
    Kind.TEXT: N_("Some words"),
    Kind.PHOTO: N_("A photo"),
}
# As Chinese keyboards write numbers. Not NFKC, which makes 12 of 1².
_WIDE = {0xFF10 + digit: str(digit) for digit in range(10)} | str.maketrans("．。，－−", "..,--")

# --- Questions -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class QuestionInput:
    """A question as written. `least`, `most`: thousandths, None for no limit. `ratings`: the account classes that it is
    for. `team_id`: asked by that team and all below it, None: by everybody."""

    kind: Kind
    text: str
    ratings: tuple[str, ...]
    team_id: UUID | None = None
    required: bool = False
    options: tuple[str, ...] = ()
    unit: str = ""
    least: int | None = None
    most: int | None = None
    decimals: int = 0


def check_question(given: QuestionInput) -> None:
    """Refuse (InvalidError at its field) what cannot be asked or answered."""
    if not given.text:
        raise InvalidError("text", N_("This field is required."))
    if not given.ratings or not set(given.ratings) <= set(RATINGS):
        raise InvalidError("for_a", N_("Choose at least one class."))
    if given.kind is Kind.CHOICE:
        if not FEWEST_OPTIONS <= len(given.options) <= MOST_OPTIONS:
            raise InvalidError(
                "options",
                N_("Write %(fewest)s to %(most)s answers, one a line."),
                {"fewest": FEWEST_OPTIONS, "most": MOST_OPTIONS},
            )
        if len(set(given.options)) < len(given.options):
            raise InvalidError("options", N_("Two answers are the same."))
        if any(len(option) > LONGEST_OPTION for option in given.options):
            raise InvalidError(
                "options", N_("That is too long: at most %(number)s characters."), {"number": LONGEST_OPTION}
            )
    if given.least is not None and given.most is not None and given.most < given.least:
        raise InvalidError("most", N_("The largest number is below the smallest."))
    if given.kind is Kind.NUMBER:
        for name in ("least", "most"):
            limit = getattr(given, name)
            if limit is not None and limit % 10 ** (MOST_DECIMALS - given.decimals):
                raise InvalidError(name, N_("This has more decimals than an answer may have."))


def options_in(text: str) -> tuple[str, ...]:
    """The options of a choice, as typed one a line."""
    return tuple(filter(None, (" ".join(line.split()) for line in text.splitlines())))


def teams_above(team_id: UUID, parents: Iterable[tuple[UUID, UUID | None]]) -> frozenset[UUID]:
    """The team and all that it stands below: whoever is in it answers the questions of all of these."""
    above, tree = set[UUID](), dict(parents)
    here: UUID | None = team_id
    while here is not None and here not in above:
        above.add(here)
        here = tree.get(here)
    return frozenset(above)


# --- Answers ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """A wording as far as an answer depends on it."""

    kind: Kind
    options: Sequence[str] = ()
    least: int | None = None
    most: int | None = None
    decimals: int = 0


@dataclass(frozen=True, slots=True)
class Value:
    """An answer: yes 1 or no 0, the place of the option from 0, or thousandths in `number`; words in `text`. Neither:
    an answer that was taken back."""

    number: int | None = None
    text: str = ""

    @property
    def is_none(self) -> bool:
        """Whether it says nothing."""
        return self.number is None and not self.text


def read_answer(asked: Asked, typed: str) -> Value:
    """What somebody typed or chose as an answer; '' takes an answer back. InvalidError where it is none."""
    typed = typed.strip()
    if not typed:
        return Value()
    if asked.kind is Kind.TEXT:
        if len(typed) > LONGEST_ANSWER:
            raise InvalidError("", N_("That is too long: at most %(number)s characters."), {"number": LONGEST_ANSWER})
        return Value(text=typed)
    if asked.kind is Kind.NUMBER:
        number = parse_number(typed, asked.decimals)
        is_low = asked.least is not None and number < asked.least
        is_high = asked.most is not None and number > asked.most
        if is_low or is_high:
            raise InvalidError("", *_limits(asked))
        return Value(number)
    most = {Kind.YES_NO: 2, Kind.CHOICE: len(asked.options), Kind.PHOTO: 0}[asked.kind]
    if not (typed.isascii() and typed.isdigit() and len(typed) < 3 and int(typed) < most):
        raise InvalidError("", N_("Not a valid choice."))
    return Value(int(typed))


def typed_as(kind: Kind, value: Value | None) -> str:
    """The answer as its form has it, the inverse of `read_answer`; '' for none."""
    if value is None or value.is_none:
        return ""
    if value.number is None:
        return value.text
    return number_text(value.number) if kind is Kind.NUMBER else str(value.number)


def _limits(asked: Asked) -> tuple[str, dict[str, str]]:
    if asked.most is None:
        return N_("Number must be at least %(min)s."), {"min": number_text(asked.least or 0)}
    if asked.least is None:
        return N_("Number must be at most %(max)s."), {"max": number_text(asked.most)}
    return N_("Number must be between %(min)s and %(max)s."), {
        "min": number_text(asked.least),
        "max": number_text(asked.most),
    }


def parse_number(typed: str, decimals: int = MOST_DECIMALS, field: str = "") -> int:
    """Thousandths of a number that a person typed: '12', '-0.5', '1２.5', '1,200'. InvalidError at `field`."""
    plain = re.sub(r"\s", "", typed.translate(_WIDE))
    if re.fullmatch(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?", plain):
        plain = plain.replace(",", "")
    match = re.fullmatch(r"(-?)([0-9]{1,12})(?:[.,]([0-9]*))?", plain)
    if match is None:
        raise InvalidError(field, N_("This is not a number."))
    sign, whole, part = match[1], match[2], (match[3] or "").rstrip("0")
    if len(part) > decimals:
        if decimals == 0:
            raise InvalidError(field, N_("Write a whole number."))
        raise InvalidError(field, N_("At most %(number)s decimals."), {"number": decimals})
    number = int(whole) * SCALE + int(part.ljust(MOST_DECIMALS, "0"))
    if number > LARGEST:
        raise InvalidError(field, N_("This number is too large."))
    return -number if sign else number


def number_text(thousandths: int | float) -> str:
    """A number as `parse_number` reads it: '12', '-0.5'. Means and medians are rounded to thousandths."""
    whole, rest = divmod(abs(round(thousandths)), SCALE)
    text = f"{whole}.{rest:03}".rstrip("0").rstrip(".")
    return f"-{text}" if round(thousandths) < 0 else text


# --- What many amount to ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Summary:
    """Of numbers, in thousandths. The median of an even count lies between the two in the middle."""

    count: int
    mean: float
    median: float
    least: int
    most: int


def summary(counted: Mapping[int, int]) -> Summary | None:
    """What numbers amount to: {number: how often}; None where there are none."""
    values = sorted((number, times) for number, times in counted.items() if times > 0)
    count = sum(times for _, times in values)
    if not count:
        return None
    low, high = _nth(values, (count - 1) // 2), _nth(values, count // 2)
    mean = sum(number * times for number, times in values) / count
    return Summary(count, mean, (low + high) / 2, values[0][0], values[-1][0])


def _nth(values: Sequence[tuple[int, int]], place: int) -> int:
    for number, times in values:
        place -= times
        if place < 0:
            return number
    raise IndexError(place)


def shares(counted: Mapping[str, int]) -> dict[str, float]:
    """{answer: per cent of all}; the sum is 100, or nothing where there are no answers."""
    total = sum(counted.values())
    return {answer: 100 * times / total for answer, times in counted.items()} if total else {}

"""A question as a manager writes it, a visit's answers as a rep fills them in, and what a results page asks for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField
from wtforms.validators import Optional

from app.accounts.rules import RATINGS
from app.identity.rules import Branch
from app.kernel.access import Actor, Reach
from app.kernel.i18n import label_in
from app.kernel.ids import parse_id
from app.questions.actions import MOST_ANSWERS, AnswersError, Given
from app.questions.queries import Line, ResultFilters
from app.questions.rules import (
    LONGEST_OPTION,
    LONGEST_TEXT,
    LONGEST_UNIT,
    MOST_DECIMALS,
    MOST_OPTIONS,
    Kind,
    QuestionInput,
    Value,
    number_text,
    options_in,
    parse_number,
    typed_as,
)
from app.visits.forms import day_of
from app.web.errors import reason_text
from app.web.form import Form, id_or_none, line, required, strip
from app.web.form import text as words

OF_KIND = {Kind.CHOICE: ("options",), Kind.NUMBER: ("unit", "decimals", "least", "most")}
_FOR = {"A": "for_a", "B": "for_b", "C": "for_c"}
USUAL_DAYS, MOST_DAYS = 28, 366


class QuestionForm(Form):
    """A question of one kind: what only others have is left out. Give `teams` before validating."""

    text = words(_l("Question"), required, longest=LONGEST_TEXT)
    options = words(_l("Answers to choose from"), longest=(LONGEST_OPTION + 1) * MOST_OPTIONS)
    unit = line(_l("Unit"), longest=LONGEST_UNIT)
    decimals = SelectField(_l("Decimals"), coerce=int, choices=[(n, str(n)) for n in range(MOST_DECIMALS + 1)])
    least = line(_l("Smallest number"), longest=LONGEST_UNIT)
    most = line(_l("Largest number"), longest=LONGEST_UNIT)
    for_a = BooleanField(_l("Class %(rating)s", rating="A"))
    for_b = BooleanField(_l("Class %(rating)s", rating="B"))
    for_c = BooleanField(_l("Class %(rating)s", rating="C"))
    team_id = SelectField(_l("Who is asked"), [Optional()], coerce=id_or_none)
    required = BooleanField(_l("Must be answered"))

    def __init__(self, posted: Any, kind: Kind, actor: Actor, teams: Sequence[Branch], **values: Any) -> None:
        super().__init__(posted, **values)
        self.kind = kind
        for name in (name for each, names in OF_KIND.items() if each is not kind for name in names):
            del self[name]
        everybody = [("", _("Everybody"))] if actor.reach is Reach.ALL else []
        highest = min((each.depth for each in teams), default=0)
        named = [(str(each.id), "\N{EM SPACE}" * (each.depth - highest) + each.name) for each in teams]
        self.team_id.choices = everybody + named

    @classmethod
    def of(cls, question: Any, actor: Actor, teams: Sequence[Branch]) -> "QuestionForm":
        """Filled in with what the question (a row of it) is now."""
        values = {
            "text": question.text, "options": "\n".join(question.options), "unit": question.unit,
            "decimals": question.decimals, "team_id": question.team_id, "required": question.required,
            "least": "" if question.least is None else number_text(question.least),
            "most": "" if question.most is None else number_text(question.most),
        }  # fmt: skip
        classes = {name: rating in question.ratings for rating, name in _FOR.items()}
        return cls(None, Kind(question.kind), actor, teams, **values, **classes)

    def to_input(self) -> QuestionInput:
        """InvalidError where a limit is no number."""
        said = {name: value for name, value in self.data.items() if value not in ("", None)}
        limits = {
            name: parse_number(said[name], MOST_DECIMALS, name) if name in said else None for name in ("least", "most")
        }
        return QuestionInput(
            self.kind,
            said.get("text", ""),
            tuple(rating for rating, name in _FOR.items() if said.get(name)),
            said.get("team_id"),
            bool(said.get("required")),
            options_in(said.get("options", "")),
            said.get("unit", ""),
            limits["least"],
            limits["most"],
            said.get("decimals", 0),
        )


# --- Answers ---------------------------------------------------------------------------------------------------------


@dataclass
class AnswersForm:
    """What was posted of a visit's answers, by wording: what the form had shown, and what was typed."""

    typed: dict[UUID, str] = field(default_factory=dict)
    shown: dict[UUID, str] = field(default_factory=dict)
    problems: dict[UUID, str] = field(default_factory=dict)
    problem: str = ""

    @classmethod
    def read(cls, posted: Mapping[str, str]) -> "AnswersForm":
        """Fields are called answer-<wording> and shown-<wording>; others are none of ours."""
        form = cls()
        for name, value in posted.items():
            what, _dash, key = name.partition("-")
            wording_id = parse_id(key)
            if what in ("answer", "shown") and wording_id and len(form.typed) < MOST_ANSWERS:
                (form.typed if what == "answer" else form.shown)[wording_id] = strip(value) or ""
        return form

    def to_input(self) -> list[Given]:
        """What the action takes."""
        return [Given(key, typed, self.shown.get(key, "")) for key, typed in self.typed.items()]

    def refuse(self, error: Any) -> None:
        """Show a refusal at the answers that it is about, else above all."""
        self.problem = reason_text(error)
        if isinstance(error, AnswersError):
            self.problems = {key: reason_text(each) for key, each in error.problems.items()}


@dataclass(frozen=True, slots=True)
class AnswerField:
    """A question as a form shows it: `typed` is in it, `shown` was when the page was made. `limits` as people write
    them; `inputmode`: which keys a phone offers."""

    id: UUID
    line: Line
    text: str
    unit: str
    options: list[tuple[str, str]]
    typed: str
    shown: str
    problem: str = ""

    @property
    def kind(self) -> Kind:
        return Kind(self.line.row.kind)

    @property
    def is_open(self) -> bool:
        return self.line.is_open

    @property
    def limits(self) -> str:
        least, most = self.line.row.least, self.line.row.most
        if least is None and most is None:
            return ""
        if most is None:
            return f"≥ {number_text(least)}"
        return f"≤ {number_text(most)}" if least is None else f"{number_text(least)} – {number_text(most)}"

    @property
    def inputmode(self) -> str:
        """A keyboard of digits has no minus."""
        if (self.line.row.least or 0) < 0:
            return "text"
        return "decimal" if self.line.row.decimals else "numeric"


def answer_fields(lines: Iterable[Line], actor: Actor, form: AnswersForm | None = None) -> list[AnswerField]:
    """The fields of what a visit still asks, with what was posted or is answered already."""
    return [_field(each, actor, form or AnswersForm()) for each in lines if each.asked]


def _field(line_: Line, actor: Actor, form: AnswersForm) -> AnswerField:
    row, kind = line_.row, Kind(line_.row.kind)
    key, now = row.wording_id, typed_as(kind, line_.value)
    options = [(str(place), plain(each, actor)) for place, each in enumerate(row.options)]
    if kind is Kind.YES_NO:
        options = [("1", _("Yes")), ("0", _("No"))]
    problem = form.problems.get(key, "")
    typed, shown = form.typed.get(key, now), form.shown.get(key, now)
    return AnswerField(key, line_, plain(row.text, actor), plain(row.unit, actor), options, typed, shown, problem)


def plain(text_: str, actor: Actor) -> str:
    """A text of a manager in the reader's language; it cannot hold a slot of a screen that a phone fills."""
    return label_in(text_, actor.language).replace("⟦", "[")


def said(question: Any, value: Value | None, actor: Actor, *, with_unit: bool = True) -> str:
    """An answer in words, '' for none. `question`: a row with kind, options and unit."""
    if value is None or value.is_none:
        return ""
    if value.number is None:
        return value.text
    if question.kind == Kind.YES_NO:
        return str(_("Yes") if value.number else _("No"))
    if question.kind == Kind.CHOICE:
        return plain(question.options[value.number], actor)
    unit = plain(question.unit, actor) if with_unit else ""
    return f"{number_text(value.number)} {unit}".strip()


# --- Results ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ResultsAsked:
    """What the address of a results page asks for. `value`: which of the visits are listed: '' those that answered,
    'all', 'none' those that did not, 'sorted' those that did by their number, else one answer."""

    filters: ResultFilters
    value: str = ""

    @classmethod
    def read(cls, args: Mapping[str, str], today: date) -> "ResultsAsked":
        """Nonsense counts as not said; at most MOST_DAYS days, the latest."""
        until = day_of(args.get("until"), today)
        first = day_of(args.get("from"), until - timedelta(days=USUAL_DAYS - 1) if until.year > 1 else until)
        first = max(min(first, until), until - timedelta(days=MOST_DAYS - 1))
        rating = args.get("rating", "")
        filters = ResultFilters(first, until, parse_id(args.get("rep")), rating if rating in RATINGS else "")
        return cls(filters, (strip(args.get("value")) or "")[:LONGEST_TEXT])

    def address(self, question_id: UUID, value: str | None = None, below: str = "") -> str:
        """The address of the page with these filters and that list."""
        kept = {
            "from": self.filters.first.isoformat(), "until": self.filters.until.isoformat(),
            "rep": str(self.filters.rep_id or ""), "rating": self.filters.rating,
            "value": self.value if value is None else value,
        }  # fmt: skip
        query = urlencode({name: each for name, each in kept.items() if each})
        return f"/questions/{question_id}{below}?{query}"

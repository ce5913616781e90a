"""What was answered: figures of one question, each with its list of visits, and the same as a file."""

import csv
import io
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, current_app, request
from flask_babel import gettext as _

from app.accounts.rules import RATINGS
from app.identity.permissions import P
from app.identity.queries import list_colleagues
from app.kernel.access import Actor
from app.kernel.dates import today_in
from app.kernel.errors import InvalidError
from app.kernel.page import page_number
from app.kernel.text import harmless
from app.questions.forms import ResultsAsked, plain, said
from app.questions.queries import (
    Results,
    Wanted,
    charge_of,
    count_results,
    export_results,
    get_question,
    list_results,
    list_wordings,
    value_of,
)
from app.questions.rules import KIND_NAMES, Kind, Value, number_text, parse_number, shares, summary
from app.web.actor import current_actor
from app.web.guard import needs
from app.web.htmx import page

blueprint = Blueprint("question_results", __name__)

MOST_BARS = 20  # of a number's values; more are told by their mean and median


@dataclass(frozen=True, slots=True)
class Bar:
    """One answer of a distribution: how many times, and which part of all answers in per cent."""

    label: str
    value: str
    times: int
    share: float


@blueprint.get("/questions/<uuid:question_id>")
@needs(P.QUESTIONS_MANAGE)
def result_show(question_id: UUID) -> Response:
    actor = current_actor()
    charge = charge_of(actor)
    question, wordings = get_question(actor, question_id, charge), list_wordings(question_id)
    asked = ResultsAsked.read(request.args, today_in(actor.zone, datetime.now(UTC)))
    results = count_results(actor, question, asked.filters, charge.parents, wordings)
    wanted, number = _wanted(question, asked.value, wordings), page_number(request.args.get("page"))
    found = list_results(actor, question, asked.filters, charge.parents, wanted, number)
    figures = summary(results.numbers) if question.kind == Kind.NUMBER else None
    return page(
        "questions/results.html",
        question=question,
        text=plain(question.text, actor),
        kind=_(KIND_NAMES[Kind(question.kind)]),
        wordings=[(each, plain(each.text, actor)) for each in wordings],
        may_change=charge.holds(question.team_id),
        asked=asked,
        address=lambda value: asked.address(question_id, value) + "#visits",
        download=asked.address(question_id, "", "/answers.csv"),
        results=results,
        bars=_bars(question, results, actor),
        figures=figures,
        unit=plain(question.unit, actor),
        number_text=number_text,
        rows=[(row, said(_as_answered(question, row), value_of(row), actor)) for row in found.rows],
        found=found,
        reps=list_colleagues(actor),
        ratings=RATINGS,
        title=_title(question, asked.value, actor),
    )


@blueprint.get("/questions/<uuid:question_id>/answers.csv")
@needs(P.QUESTIONS_MANAGE)
def result_export(question_id: UUID) -> Response:
    """UTF-8 with a byte order mark, which Excel needs; no cell is a formula."""
    actor = current_actor()
    charge = charge_of(actor)
    question = get_question(actor, question_id, charge)
    asked = ResultsAsked.read(request.args, today_in(actor.zone, datetime.now(UTC)))
    ours = (current_app.config["PUBLIC_URL"] or request.host_url).rstrip("/")
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        [_("Date"), _("Customer"), _("Class"), _("Rep"), _("Question"), _("Answer"), _("Unit"), _("Answered at (UTC)")]
    )
    for row in export_results(actor, question, asked.filters, charge.parents):
        answer = said(_as_answered(question, row), value_of(row), actor, with_unit=False)
        at = f"{row.at:%Y-%m-%d %H:%M:%S}" if row.at else ""
        address = f"{ours}/visits/{row.id}/photos/{row.photo_id}" if row.photo_id else ""
        cells = (
            row.planned_on.isoformat(), row.account, row.rating, row.rep, plain(row.asked or question.text, actor),
            answer or address, plain(question.unit, actor) if answer else "", at,
        )  # fmt: skip
        writer.writerow(map(harmless, cells))
    name = f"answers-{asked.filters.first}-{asked.filters.until}.csv"
    return Response(
        out.getvalue().encode("utf-8-sig"),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@dataclass(frozen=True, slots=True)
class _Answered:
    kind: str
    unit: str
    options: Any


def _as_answered(question: Any, row: Any) -> _Answered:
    """The question in the wording that the row answered."""
    return _Answered(question.kind, question.unit, row.options or ())


def _bars(question: Any, results: Results, actor: Actor) -> list[Bar]:
    if question.kind == Kind.CHOICE:
        counted = results.options
        names = {text: plain(text, actor) for text in counted}
    elif question.kind == Kind.YES_NO:
        counted = {each: results.numbers.get(int(each), 0) for each in ("1", "0")}
        names = {each: said(question, Value(int(each)), actor) for each in counted}
    elif question.kind == Kind.NUMBER and 1 < len(results.numbers) <= MOST_BARS:
        counted = {number_text(number): times for number, times in sorted(results.numbers.items())}
        names = {each: each for each in counted}
    else:
        return []
    parts = shares(counted)
    return [Bar(names[each], f"={each}", times, parts.get(each, 0)) for each, times in counted.items()]


def _wanted(question: Any, value: str, wordings: Any) -> Wanted:
    """Which visits the list shows; those that answered, where the address asks nonsense."""
    if value in ("all", "none"):
        return Wanted(answered=None if value == "all" else False)
    if value == "sorted":
        return Wanted(answered=True, by_number=True)
    if value.startswith("=") and question.kind == Kind.CHOICE:
        there = {each.id: each.options.index(value[1:]) for each in wordings if value[1:] in each.options}
        return Wanted(places=there)
    if value.startswith("=") and question.kind in (Kind.NUMBER, Kind.YES_NO):
        try:
            number = parse_number(value[1:])
        except InvalidError:
            return Wanted(answered=True)
        return Wanted(number // 1000 if question.kind == Kind.YES_NO else number)
    return Wanted(answered=True)


def _title(question: Any, value: str, actor: Actor) -> str:
    """What the list shows, in words."""
    if value == "none":
        return str(_("Visits without an answer"))
    if value == "all":
        return str(_("Visits that asked it"))
    if value.startswith("="):
        answer = plain(value[1:], actor)
        if question.kind == Kind.YES_NO:
            answer = str(_("Yes") if value == "=1" else _("No"))
        return str(_("Visits that answered: %(answer)s", answer=answer))
    return str(_("Visits that answered"))

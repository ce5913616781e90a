"""The manager sets up what is asked at visits."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext as _

from app.accounts.rules import RATINGS
from app.identity.permissions import P
from app.kernel.errors import InvalidError, NotFoundError, StaleError
from app.kernel.ids import new_id, parse_id
from app.questions.actions import (
    add_question,
    archive_question,
    arrange_questions,
    change_question,
    restore_question,
)
from app.questions.forms import QuestionForm, answer_fields, plain
from app.questions.queries import Charge, Line, charge_of, get_question, list_questions, list_teams, list_wordings
from app.questions.rules import KIND_NAMES, Kind
from app.web.actor import current_actor
from app.web.conflict import stale
from app.web.form import int_or_none
from app.web.guard import needs
from app.web.htmx import goto, page

blueprint = Blueprint("questions", __name__)


@blueprint.get("/questions")
@needs(P.QUESTIONS_MANAGE)
def question_index() -> Response:
    actor, archived = current_actor(), "archived" in request.args
    charge = charge_of(actor)
    questions = list_questions(actor, charge, archived=archived)
    rating = request.args.get("rating", "")
    rating = rating if rating in RATINGS else RATINGS[0]
    preview = [Line(each, None, asked=True) for each in questions if rating in each.ratings]
    return page(
        "questions/index.html",
        rows=[(each, plain(each.text, actor), charge.holds(each.team_id)) for each in questions],
        archived=archived,
        kinds=KIND_NAMES,
        rating=rating,
        ratings=RATINGS,
        preview=answer_fields(preview, actor),
    )


@blueprint.get("/questions/new")
@needs(P.QUESTIONS_MANAGE)
def question_new() -> Response:
    actor, kind = current_actor(), _kind(request.args)
    if kind is None:
        return page("questions/kinds.html", kinds=KIND_NAMES)
    form = QuestionForm(None, kind, actor, list_teams(charge_of(actor)), for_a=True, for_b=True, for_c=True)
    return _form(form, row_id=new_id())


@blueprint.post("/questions")
@needs(P.QUESTIONS_MANAGE)
def question_create() -> Response:
    actor, kind = current_actor(), _kind(request.form)
    if kind is None:
        raise NotFoundError
    form, row_id = (
        QuestionForm(request.form, kind, actor, list_teams(charge_of(actor))),
        parse_id(request.form.get("row_id")),
    )
    if form.validate():
        try:
            add_question(actor, row_id, form.to_input(), datetime.now(UTC))
        except InvalidError as error:
            form.refuse(error)
        else:
            flash(_("The question is asked from now on."), "success")
            return goto(url_for("questions.question_index"))
    return _form(form, row_id=row_id or new_id(), status=422)


@blueprint.get("/questions/<uuid:question_id>/edit")
@needs(P.QUESTIONS_MANAGE)
def question_edit(question_id: UUID) -> Response:
    actor = current_actor()
    question, charge = _own(question_id)
    form = QuestionForm.of(question, actor, list_teams(charge))
    return _form(form, question=question, version=question.version)


@blueprint.post("/questions/<uuid:question_id>")
@needs(P.QUESTIONS_MANAGE)
def question_update(question_id: UUID) -> Response:
    actor, version = current_actor(), int_or_none("version")
    question, charge = _own(question_id)
    teams = list_teams(charge)
    form = QuestionForm(request.form, Kind(question.kind), actor, teams)
    if form.validate():
        try:
            change_question(actor, question_id, form.to_input(), version, datetime.now(UTC))
        except InvalidError as error:
            form.refuse(error)
        except StaleError:
            back = url_for("questions.question_edit", question_id=question_id)
            return stale(form, QuestionForm.of(question, actor, teams), back)
        else:
            flash(_("The question is saved."), "success")
            return goto(url_for("questions.question_index"))
    return _form(form, question=question, version=version, status=422)


@blueprint.post("/questions/<uuid:question_id>/archive")
@needs(P.QUESTIONS_MANAGE)
def question_archive(question_id: UUID) -> Response:
    archive_question(current_actor(), question_id, datetime.now(UTC))
    flash(_("The question is put away: it is not asked any more."), "success")
    return goto(url_for("questions.question_index"))


@blueprint.post("/questions/<uuid:question_id>/restore")
@needs(P.QUESTIONS_MANAGE)
def question_restore(question_id: UUID) -> Response:
    restore_question(current_actor(), question_id, datetime.now(UTC))
    return goto(url_for("questions.question_index"))


@blueprint.post("/questions/order")
@needs(P.QUESTIONS_MANAGE)
def order_update() -> Response:
    """The order as dragging leaves it: ids with commas between."""
    ids = [parse_id(each) or new_id() for each in request.form.get("order", "").split(",")[:500] if each]
    arrange_questions(current_actor(), ids, datetime.now(UTC))
    return goto(url_for("questions.question_index"))


@blueprint.post("/questions/<uuid:question_id>/move")
@needs(P.QUESTIONS_MANAGE)
def move_create(question_id: UUID) -> Response:
    """One place up (`steps` -1) or down (1), among those that the manager may change."""
    actor, steps = current_actor(), -1 if request.form.get("steps") == "-1" else 1
    charge = charge_of(actor)
    ids = [row.id for row in list_questions(actor, charge) if charge.holds(row.team_id)]
    if question_id not in ids:
        raise NotFoundError
    place = ids.index(question_id)
    ids.insert(min(max(place + steps, 0), len(ids) - 1), ids.pop(place))
    arrange_questions(actor, ids, datetime.now(UTC))
    return goto(url_for("questions.question_index", _anchor=f"q{question_id}"))


def _kind(said: Any) -> Kind | None:
    return Kind(said["kind"]) if said.get("kind") in {each.value for each in Kind} else None


def _own(question_id: UUID) -> tuple[Any, Charge]:
    """A question that the manager may change, and what else they may (NotFoundError)."""
    actor = current_actor()
    charge = charge_of(actor)
    question = get_question(actor, question_id, charge)
    if not charge.holds(question.team_id):
        raise NotFoundError
    return question, charge


def _form(
    form: QuestionForm, *, question: Any = None, row_id: UUID | None = None, version: int | None = None,
    status: int = 200,
) -> Response:  # fmt: skip
    return page(
        "questions/form.html",
        status=status,
        form=form,
        kind_name=_(KIND_NAMES[form.kind]),
        question=question,
        row_id=row_id,
        version=version,
        wordings=list_wordings(question.id) if question else (),
    )

"""The rep answers: the panel in the visit, the page of the answers alone, and the screens of a phone without signal."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext as _

from app.identity.permissions import P
from app.kernel.access import Actor
from app.kernel.errors import InvalidError, NotFoundError
from app.kernel.i18n import N_
from app.kernel.ids import new_id, parse_id
from app.questions.actions import answer, answer_by_photo
from app.questions.forms import AnswersForm, answer_fields, plain, said
from app.questions.queries import find_sheet, list_asked
from app.visits.photos import take_in
from app.visits.queries import get_line, get_own_visit
from app.web.actor import current_actor
from app.web.arrival import captured_at
from app.web.errors import reason_text
from app.web.guard import needs
from app.web.htmx import goto, page

blueprint = Blueprint("answers", __name__)


def at_visit(actor: Actor, visit_id: UUID) -> dict[str, Any] | None:
    """The panel of a visit that has begun: the form for its rep, what was answered for others; None where nothing is
    asked."""
    sheet = find_sheet(actor, visit_id)
    if sheet is None or not sheet.lines:
        return None
    mine = sheet.rep_id == actor.id and actor.may(P.VISITS_WRITE)
    return {
        "visit_id": visit_id,
        "fields": answer_fields(sheet.lines, actor) if mine else [],
        "told": [
            (each, plain(each.row.text, actor), said(each.row, each.value, actor))
            for each in sheet.lines
            if not (mine and each.asked)
        ],
        "open": sum(each.is_open for each in sheet.lines),
    }


def at_kept_visit(actor: Actor, rating: Any) -> dict[str, Any] | None:
    """The same for a visit that a phone has begun itself, at a customer of the class."""
    fields = answer_fields(list_asked(actor, str(rating), datetime.now(UTC)), actor)
    return {"visit_id": "⟦id⟧", "fields": fields, "told": [], "open": 0} if fields else None


@blueprint.get("/visits/<uuid:visit_id>/answers")
@needs(P.VISITS_WRITE)
def answer_index(visit_id: UUID) -> Response:
    return _answers(visit_id, AnswersForm())


@blueprint.post("/visits/<uuid:visit_id>/answers")
@needs(P.VISITS_WRITE)
def answer_create(visit_id: UUID) -> Response:
    actor, now = current_actor(), captured_at()
    visit_id, form = get_own_visit(actor, visit_id).id, AnswersForm.read(request.form)
    try:
        number = answer(actor, visit_id, _key(), form.to_input(), now)
    except InvalidError as error:
        form.refuse(error)
        return _answers(visit_id, form, 422)
    flash(_("The answers are saved.") if number else _("Nothing has changed."), "success")
    return goto(url_for("visits.visit_show", visit_id=visit_id, _anchor="answers"))


@blueprint.post("/visits/<uuid:visit_id>/answers/photo")
@needs(P.VISITS_WRITE)
def photo_create(visit_id: UUID) -> Response:
    """`question`: the wording. In the address, so that a phone knows one question's form from another's."""
    actor, now = current_actor(), captured_at()
    visit_id, wording_id = get_own_visit(actor, visit_id).id, parse_id(request.args.get("question"))
    if wording_id is None:
        raise NotFoundError
    upload = request.files.get("photo")
    content = upload.read() if upload else b""
    try:
        if not content:
            raise InvalidError("photo", N_("Choose a picture first."))
        zone = get_line(actor, visit_id, now).row.zone
        picture = take_in(content, request.form.get("photo_exif", ""), zone)
        answer_by_photo(actor, visit_id, wording_id, _key(), picture, now)
    except InvalidError as error:
        problem = reason_text(error)
        return _answers(visit_id, AnswersForm(problems={wording_id: problem}, problem=problem), 422)
    flash(_("The photo is kept."), "success")
    return goto(url_for("visits.visit_show", visit_id=visit_id, _anchor="answers"))


def _key() -> UUID:
    """One filled-in form is one answer to each of its questions."""
    return parse_id(request.form.get("once")) or new_id()


def _answers(visit_id: UUID, form: AnswersForm, status: int = 200) -> Response:
    actor = current_actor()
    visit_id = get_own_visit(actor, visit_id).id
    sheet = find_sheet(actor, visit_id)
    return page(
        "questions/answers.html",
        status=status,
        visit_id=visit_id,
        line=get_line(actor, visit_id, datetime.now(UTC)),
        fields=answer_fields(sheet.lines, actor, form) if sheet else [],
        begun=sheet is not None,
        problem=form.problem,
    )

"""Reviews of visits: on the visit's page, the manager's list of what to look at, the rep's list of what was asked."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from app.identity.permissions import P
from app.infra.looks import Seen, saw
from app.kernel.access import Actor
from app.kernel.errors import InvalidError, NotFoundError, StaleError
from app.kernel.i18n import N_
from app.kernel.ids import new_id, parse_id
from app.kernel.page import page_number
from app.reviews.actions import accept_visits, answer_review, review_visit
from app.reviews.forms import AnswerForm, ReviewForm
from app.reviews.queries import FILTERS, Thread, count_asked, find_thread, list_asked, list_to_review
from app.reviews.rules import STANDING_NAMES, STANDING_TONES, Standing
from app.visits.queries import get_line, get_own_visit
from app.visits.rules import VERDICT_NAMES
from app.visits.views import sentence
from app.web.actor import current_actor
from app.web.arrival import captured_at
from app.web.conflict import stale
from app.web.guard import needs
from app.web.htmx import goto, page

blueprint = Blueprint("reviews", __name__)

FILTER_NAMES = {"": N_("All"), "open": N_("Not looked at"), "answered": N_("Answered"), "queried": N_("Queried")}
WORDS: dict[str, Any] = {"standings": STANDING_NAMES, "tones": STANDING_TONES}


@blueprint.get("/reviews")
@needs(P.VISITS_TEAM)
def review_index() -> Response:
    return _index()


def _index(status: int = 200, problem: str = "") -> Response:
    actor, now = current_actor(), datetime.now(UTC)
    which = request.args.get("filter", "")
    which = which if which in FILTERS else ""
    found = list_to_review(actor, which, page_number(request.args.get("page")), now)
    saw(actor, {row.rep_id for row in found.rows}, Seen.REVIEW, now)
    return page(
        "reviews/index.html", status=status, found=found, which=which, filters=FILTER_NAMES,
        verdicts=VERDICT_NAMES, sentence=sentence, problem=problem, **WORDS,
    )  # fmt: skip


@blueprint.post("/reviews")
@needs(P.VISITS_TEAM)
def review_accept() -> Response:
    """Accept the visits that are ticked; each box says which visit, and what was last said of it when it was shown."""
    given = [_ticked(each) for each in request.form.getlist("visit")]
    if not given:
        return _index(422, _("Tick the visits first that you accept."))
    accepted, changed = accept_visits(current_actor(), given, captured_at())
    if accepted:
        flash(ngettext("%(num)s visit accepted.", "%(num)s visits accepted.", accepted), "success")
    if changed:
        text = ngettext(
            "%(num)s visit was not accepted: something was said about it meanwhile. Look again.",
            "%(num)s visits were not accepted: something was said about them meanwhile. Look again.",
            changed,
        )
        flash(text, "warning")
    return goto(url_for("reviews.review_index", filter=request.args.get("filter") or None))


def _ticked(text: str) -> tuple[UUID, str]:
    visit, _colon, seen = text.partition(":")
    visit_id = parse_id(visit)
    if visit_id is None:
        raise NotFoundError
    return visit_id, seen


@blueprint.get("/visits/<uuid:visit_id>/reviews")
@needs(P.VISITS_READ)
def thread_show(visit_id: UUID) -> Response:
    return _thread(visit_id)


@blueprint.post("/visits/<uuid:visit_id>/reviews")
@needs(P.VISITS_TEAM)
def review_create(visit_id: UUID) -> Response:
    actor, form, row_id = current_actor(), ReviewForm(request.form), _row_id()
    before = find_thread(actor, visit_id)
    if before is None or not before.may_review:
        raise NotFoundError
    if form.validate():
        try:
            seen = request.form.get("version")
            kind, text = Standing(form.kind.data), form.text.data or ""
            review_visit(actor, visit_id, row_id, kind, text, seen, captured_at())
        except InvalidError as error:
            form.refuse(error)
        except StaleError:
            return stale(form, _said_last(before), url_for("visits.visit_show", visit_id=visit_id))
        else:
            said = _("The visit is accepted.") if kind is Standing.ACCEPTED else _("The question is sent to the rep.")
            flash(said, "success")
            return goto(url_for("visits.visit_show", visit_id=visit_id))
    return _thread(visit_id, 422, review_form=form)


@blueprint.post("/visits/<uuid:visit_id>/reviews/reply")
@needs(P.VISITS_WRITE)
def reply_create(visit_id: UUID) -> Response:
    actor, form = current_actor(), AnswerForm(request.form)
    visit_id = get_own_visit(actor, visit_id).id
    if form.validate():
        try:
            answer_review(actor, visit_id, _row_id(), form.text.data or "", captured_at())
        except InvalidError as error:
            form.refuse(error)
        else:
            flash(_("Your answer is kept with the visit."), "success")
            return goto(url_for("visits.visit_show", visit_id=visit_id))
    return _thread(visit_id, 422, answer_form=form)


@blueprint.get("/visits/queried")
@needs(P.VISITS_WRITE)
def queried_index() -> Response:
    rows = list_asked(current_actor())
    return page("reviews/queried.html", rows=rows, verdicts=VERDICT_NAMES, **WORDS)


def asked_panel(actor: Actor, _person_id: UUID) -> dict[str, Any] | None:
    """For the rep's day: how many visits there is a question about."""
    number = count_asked(actor.person_id)
    return {"number": number} if number else None


def thread_panel(actor: Actor, visit_id: UUID) -> dict[str, Any] | None:
    """The thread for the visit's own page; None where there is nothing to read and nothing to say."""
    thread = find_thread(actor, visit_id)
    if thread is None or not (thread.rows or thread.may_review):
        return None
    return _shown(thread)


def _thread(
    visit_id: UUID, status: int = 200, review_form: ReviewForm | None = None, answer_form: AnswerForm | None = None
) -> Response:
    """The thread on a page of its own, with the form that was refused."""
    actor, now = current_actor(), datetime.now(UTC)
    line, thread = get_line(actor, visit_id, now), find_thread(actor, visit_id)
    if thread is None:
        raise NotFoundError
    saw(actor, {line.row.rep_id}, Seen.VISIT, now)
    return page("reviews/thread.html", status=status, line=line, **_shown(thread, review_form, answer_form))


def _shown(
    thread: Thread, review_form: ReviewForm | None = None, answer_form: AnswerForm | None = None
) -> dict[str, Any]:  # fmt: skip
    review_form, answer_form = review_form or ReviewForm(), answer_form or AnswerForm()
    return {"thread": thread, "review_form": review_form, "answer_form": answer_form, **WORDS}


def _said_last(thread: Thread) -> ReviewForm:
    """What stands there now, as the form that was sent would say it."""
    last = thread.rows[-1] if thread.rows else None
    saved = ReviewForm(kind=last.kind if last else None, text=f"{last.by}: {last.text}" if last else "")
    saved.kind.choices = [(key.value, _(name)) for key, name in STANDING_NAMES.items()]
    return saved


def _row_id() -> UUID:
    """The id of the row that this post makes: the form's own key, so that one filled-in form is one row for ever."""
    return parse_id(request.form.get("once")) or new_id()

"""Coverage: figures for managers, the accounts behind them, the rep's own that are due; and how often it should be."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.queries import get_account, get_rhythms
from app.accounts.rules import RATINGS, is_against, wish_text
from app.coverage.actions import save_account_rhythm, save_class_rhythm
from app.coverage.forms import ALL, OPEN, CoverageAsked, RhythmForm
from app.coverage.queries import (
    GROUPINGS,
    NOTHING,
    NOWHERE,
    Asked,
    Figures,
    count_coverage,
    count_reasons,
    list_class_versions,
    list_covered,
)
from app.coverage.rules import SPANS, STATE_NAMES, State, share
from app.dashboards.queries import get_staff
from app.dashboards.rules import Period, Span
from app.identity.permissions import P
from app.kernel.dates import today_in
from app.kernel.errors import InvalidError, NotFoundError, StaleError
from app.kernel.page import page_number
from app.visits.queries import get_rep
from app.web.actor import current_actor
from app.web.arrival import captured_at
from app.web.conflict import stale
from app.web.form import int_or_none, translated
from app.web.guard import needs
from app.web.htmx import goto, page
from app.web.locale import day_text, language
from app.web.versions import version_for

blueprint = Blueprint("coverage", __name__)

PLAN_DAYS = 7  # offered in the list, from today
SHOWN = (State.OVERDUE, State.DUE, State.PLANNED, State.SKIPPED, State.NEVER)  # beside the visits of a group


# --- Figures ---------------------------------------------------------------------------------------------------------


@blueprint.get("/coverage")
@needs(P.VISITS_TEAM)
def coverage_index() -> Response:
    asked, question = _asked(Span.MONTH)
    groups = count_coverage(question, asked.by)
    total = NOTHING
    for group in groups:
        total = total.plus(group)
    return page(
        "coverage/index.html",
        asked=asked,
        period=period_text(asked.period),
        spans=[(translated(name), asked.page(span=span), span is asked.span) for span, name in SPANS.items()],
        groupings=[(translated(each.name), asked.page(by=name), name == asked.by) for name, each in GROUPINGS.items()],
        by={"class": _("Class"), "territory": _("Territory")}.get(asked.by) or _("Owner"),
        before=asked.page(on=asked.period.first - timedelta(days=1)),
        after=asked.page(on=asked.period.last + timedelta(days=1)) if asked.period.last < question.today else None,
        under_way=asked.period.first <= question.today <= asked.period.last,
        total=total,
        share=share,
        groups=[(group, _label(asked.by, group), asked.behind(**{asked.by: group.group})) for group in groups],
        everything=asked.behind(),
        shown=[(state, translated(STATE_NAMES[state])) for state in SHOWN],
        reasons=count_reasons(question) if total.states[State.SKIPPED] else [],
    )


def _asked(usual: Span) -> tuple[CoverageAsked, Asked]:
    """What the address asks for, and the question that this actor puts to the database."""
    actor = current_actor()
    today = today_in(actor.zone, datetime.now(UTC))
    asked = CoverageAsked.read(request.args, today, usual)
    reps = None if asked.team is None else [each.id for each in get_staff(actor).of_team(asked.team)]
    return asked, Asked(actor, asked.period, today, get_rhythms(), asked.within, reps)


def _label(by: str, group: Figures) -> str:
    if by == "class":
        return str(_("Class %(rating)s", rating=group.label))
    return str(_("In no territory")) if group.group == NOWHERE else group.label


def period_text(period: Period) -> str:
    """A period as people say it."""
    if period.span is Span.MONTH:
        return day_text(period.first, "MMMM y" if language() == "en" else "y年M月")
    if period.span is Span.QUARTER:
        return day_text(period.first, "QQQ y" if language() == "en" else "y年第Q季度")
    return f"{day_text(period.first)} – {day_text(period.last)}"


# --- The accounts behind them ----------------------------------------------------------------------------------------


@blueprint.get("/coverage/accounts")
@needs(P.VISITS_WRITE)
def account_index() -> Response:
    """For a rep those that are due; for a manager the accounts behind a figure."""
    asked, question = _asked(Span.WEEK)
    actor = question.actor
    rep = get_rep(actor, asked.within["rep"]) if "rep" in asked.within else None
    found = list_covered(question, asked.states, page_number(request.args.get("page")))
    today = question.today
    days = [today + timedelta(days=n) for n in range(PLAN_DAYS)]
    return page(
        "coverage/accounts.html",
        asked=asked,
        found=found,
        lines=[(row, wish_text(row.wish, actor.language), is_against(row.wish, asked.day)) for row in found.rows],
        today=today,
        rep=rep,
        period=period_text(asked.period),
        is_manager=actor.may(P.VISITS_TEAM),
        may_plan=actor.may(P.PLANNING_USE),
        spans=[(translated(name), asked.accounts(span=span), span is asked.span) for span, name in SPANS.items()],
        states=_state_chips(asked),
        ratings=_class_chips(asked),
        days=[(_day_name(day, today), asked.accounts(day=day), day == asked.day) for day in days],
    )


def _state_chips(asked: CoverageAsked) -> list[tuple[str, str, bool]]:
    named = [(state.value, translated(name)) for state, name in STATE_NAMES.items()]
    named = [(OPEN, _("Due and overdue")), *named, (ALL, _("All"))]
    return [(label, asked.accounts(show=value), asked.show == value) for value, label in named]


def _class_chips(asked: CoverageAsked) -> list[tuple[str, str, bool]]:
    """The address of one that holds takes it away."""
    others = {name: value for name, value in asked.within.items() if name != "class"}
    chosen = asked.within.get("class")
    return [
        (rating, asked.accounts(within=others if rating == chosen else {**others, "class": rating}), rating == chosen)
        for rating in RATINGS
    ]


def _day_name(day: date, today: date) -> str:
    return _("Today") if day == today else day_text(day, "EEE d")


# --- How often? ------------------------------------------------------------------------------------------------------


@blueprint.get("/coverage/rhythms")
@needs(P.COVERAGE_MANAGE)
def rhythm_index() -> Response:
    return _rhythms()


@blueprint.post("/coverage/rhythms/<rating>")
@needs(P.COVERAGE_MANAGE)
def rhythm_update(rating: str) -> BaseResponse:
    if rating not in RATINGS:
        raise NotFoundError
    form, version = RhythmForm(request.form), int_or_none("version")
    if form.validate():
        try:
            save_class_rhythm(current_actor(), rating, form.to_days(), form.wish.data or "", version, captured_at())
        except InvalidError as error:
            form.refuse(error)
        except StaleError:
            return stale(form, _class_form(rating), url_for("coverage.rhythm_index"))
        else:
            flash(_("Saved. It holds for all figures and lists from now on."), "success")
            return goto(url_for("coverage.rhythm_index"))
    return _rhythms(422, rating, form, version)


def _class_form(rating: str) -> RhythmForm:
    rhythm = get_rhythms()[rating]
    return RhythmForm.of(rhythm.days, wish_text(rhythm.wish, current_actor().language))


def _apart(form: RhythmForm, rating: str) -> RhythmForm:
    """With ids that no other class's form on the page has."""
    for field in form:
        field.id = field.label.field_id = f"{rating}-{field.name}"
    return form


def _rhythms(
    status: int = 200, rating: str = "", form: RhythmForm | None = None, version: int | None = None
) -> Response:
    """The forms of all classes; that of `rating` as it was sent."""
    rhythms, versions, spoken = get_rhythms(), list_class_versions(), current_actor().language
    forms = {
        each: (RhythmForm.of(rhythms[each].days, wish_text(rhythms[each].wish, spoken)), version_of)
        for each, version_of in versions.items()
    }
    if form is not None:
        forms[rating] = (form, version or 0)
    forms = {each: (_apart(shown, each), version_of) for each, (shown, version_of) in forms.items()}
    return page("coverage/rhythms.html", status=status, forms=forms)


@blueprint.get("/accounts/<uuid:account_id>/rhythm")
@needs(P.ACCOUNTS_WRITE)
def account_rhythm_edit(account_id: UUID) -> Response:
    account = get_account(current_actor(), account_id)
    return _account_rhythm(account, _account_form(account), account.version)


@blueprint.post("/accounts/<uuid:account_id>/rhythm")
@needs(P.ACCOUNTS_WRITE)
def account_rhythm_update(account_id: UUID) -> BaseResponse:
    actor, version = current_actor(), version_for("account", account_id)
    account = get_account(actor, account_id)
    form = _allowed(RhythmForm(request.form, own=True))
    if form.validate():
        try:
            days = form.to_days() if "unit" in form else None
            save_account_rhythm(actor, account_id, days, form.wish.data or "", version, captured_at())
        except InvalidError as error:
            form.refuse(error)
        except StaleError:
            back = url_for("coverage.account_rhythm_edit", account_id=account_id)
            return stale(form, _account_form(account), back)
        else:
            flash(_("Saved."), "success")
            return goto(url_for("accounts.account_show", account_id=account_id))
    return _account_rhythm(account, form, version, 422)


def _account_form(account: Any) -> RhythmForm:
    wish = wish_text(account.visit_wish, current_actor().language)
    return _allowed(RhythmForm.of(account.visit_days, wish, own=True))


def _allowed(form: RhythmForm) -> RhythmForm:
    """How often is for whoever manages coverage to say; everybody may note when a customer wishes it."""
    if not current_actor().may(P.COVERAGE_MANAGE):
        del form.every, form.unit
    return form


def _account_rhythm(account: Any, form: RhythmForm, version: int | None, status: int = 200) -> Response:
    usual = get_rhythms()[account.rating]
    return page(
        "coverage/account_rhythm.html",
        status=status,
        account=account,
        form=form,
        version=version,
        usual=usual,
        usual_wish=wish_text(usual.wish, current_actor().language),
    )

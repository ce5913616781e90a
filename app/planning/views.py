"""The day plan: choose, let the order be worked out, change it by hand, share it."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, flash, request
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from app.identity.permissions import P
from app.kernel.dates import today_in
from app.kernel.errors import InvalidError, NotFoundError
from app.kernel.ids import new_id, parse_id
from app.planning.actions import (
    add_stop,
    change_length,
    fill_day,
    fix_time,
    move_stop,
    put_in_order,
    set_must,
    take_out,
    work_out_order,
)
from app.planning.candidates import (
    Candidate,
    list_due_candidates,
    list_found_candidates,
    list_near_candidates,
    with_fits,
)
from app.planning.forms import LengthForm, TimeForm, plan_day, shown_days, whereabouts_of
from app.planning.page_times import times_of
from app.planning.queries import DayPlan, get_day
from app.planning.rules import BREACH_NAMES
from app.planning.scoring import RULE, RULE_PARAMS
from app.planning.shown import (
    duration_text,
    fit_text,
    handover_of,
    loose_of,
    metres_of,
    pins_of,
    stops_of,
    text_of,
    travel_of,
)
from app.visits.queries import count_days
from app.visits.rules import STATE_NAMES
from app.web.actor import current_actor
from app.web.arrival import captured_at
from app.web.errors import reason_text
from app.web.form import translated
from app.web.guard import needs
from app.web.htmx import goto, page
from app.web.locale import day_text
from app.web.panels import shown_in
from app.web.ui import distance_text

blueprint = Blueprint("planning", __name__)

SOURCES = ("due", "near", "search")


@blueprint.get("/plan")
@needs(P.PLANNING_USE)
def plan_show() -> Response:
    return _plan(_day())


@blueprint.post("/plan/visits")
@needs(P.PLANNING_USE)
def stop_create() -> Response:
    """Add an account to the plan of the day; `back` is the page that it was chosen on."""
    actor, day, account_id = current_actor(), _day(), parse_id(request.form.get("account"))
    if account_id is None:
        raise NotFoundError
    visit_id = parse_id(request.form.get("once")) or new_id()  # one filled-in form is one visit for ever
    place_id = parse_id(request.form.get("place"))
    try:
        visit = add_stop(actor, visit_id, account_id, place_id, day, captured_at())
    except InvalidError as error:
        return _plan(day, 422, reason_text(error))
    if visit.id == visit_id:
        flash(_("Added to the plan of %(day)s.", day=day_text(day)), "success")
    else:
        flash(_("It is in the plan of %(day)s already.", day=day_text(day)), "warning")
    return goto(_back() or _address(day, **_chosen()))


@blueprint.post("/plan/best-order")
@needs(P.PLANNING_USE)
def best_order_create() -> Response:
    day = _day()
    try:
        best = work_out_order(current_actor(), day, captured_at(), whereabouts_of(request.form))
    except InvalidError as error:
        return _plan(day, 422, reason_text(error))
    if best.runs[0].stops:
        flash(_("The order is worked out."), "success")
    if best.left_out:
        number = len(best.left_out)
        flash(
            ngettext(
                "%(num)s visit does not fit into the day. It stays in the plan, at the end, with the reason.",
                "%(num)s visits do not fit into the day. They stay in the plan, at the end, with the reason.",
                number,
            ),
            "warning",
        )
    if best.cut_short:
        flash(_("The search took too long and was ended; once more may find a better order."), "warning")
    return goto(_address(day))


@blueprint.post("/plan/suggestions")
@needs(P.PLANNING_USE)
def suggestions_create() -> Response:
    """Fill the day with those who are due."""
    day = _day()
    try:
        added = fill_day(current_actor(), day, captured_at())
    except InvalidError as error:
        return _plan(day, 422, reason_text(error))
    if added:
        said = ngettext("%(num)s visit was added.", "%(num)s visits were added.", added)
        flash(said, "success")
    else:
        flash(_("Nobody was added. Beside each customer who is due stands why."), "warning")
    return goto(_address(day))


@blueprint.post("/plan/order")
@needs(P.PLANNING_USE)
def order_update() -> Response:
    """The whole order, as dragging leaves it: ids with commas between."""
    day = _day()
    ids = [parse_id(each) or new_id() for each in request.form.get("order", "").split(",")[:500] if each]
    try:
        gone = put_in_order(current_actor(), day, ids, captured_at())
    except InvalidError as error:
        return _plan(day, 422, reason_text(error))
    if gone:
        flash(_("The plan was changed elsewhere in the meantime: this is how it is now."), "warning")
    return goto(_address(day))


@blueprint.post("/plan/visits/<uuid:visit_id>/move")
@needs(P.PLANNING_USE)
def move_create(visit_id: UUID) -> Response:
    """One place up (`steps` -1) or down (1)."""
    steps = -1 if request.form.get("steps") == "-1" else 1
    return _changed(visit_id, lambda: move_stop(current_actor(), visit_id, steps, captured_at()))


@blueprint.post("/plan/visits/<uuid:visit_id>/length")
@needs(P.PLANNING_USE)
def length_update(visit_id: UUID) -> Response:
    form = LengthForm(request.form)
    minutes = form.minutes.data if form.validate() else None
    if minutes is None:
        return _plan(_day(), 422, form=form, form_of=visit_id)
    return _changed(visit_id, lambda: change_length(current_actor(), visit_id, minutes, captured_at()), form)


@blueprint.post("/plan/visits/<uuid:visit_id>/must")
@needs(P.PLANNING_USE)
def must_update(visit_id: UUID) -> Response:
    """`must` 1: the visit has to be made; else it may be left out."""
    is_must = request.form.get("must") == "1"
    return _changed(visit_id, lambda: set_must(current_actor(), visit_id, is_must, captured_at()))


@blueprint.post("/plan/visits/<uuid:visit_id>/time")
@needs(P.PLANNING_USE)
def time_update(visit_id: UUID) -> Response:
    """`time` HH:MM in the place's zone: the visit begins then; without one it is free again."""
    form = TimeForm(request.form)
    if not form.validate():
        return _plan(_day(), 422, form=form, form_of=visit_id)
    return _changed(visit_id, lambda: fix_time(current_actor(), visit_id, form.time.data, captured_at()), form)


@blueprint.post("/plan/visits/<uuid:visit_id>/withdrawal")
@needs(P.PLANNING_USE)
def stop_delete(visit_id: UUID) -> Response:
    def withdraw() -> None:
        take_out(current_actor(), visit_id, captured_at())
        flash(_("The visit is out of the plan."), "success")

    return _changed(visit_id, withdraw)


def _changed(visit_id: UUID, change: Callable[[], None], form: LengthForm | TimeForm | None = None) -> Response:
    """Change a visit of the plan: the plan afterwards, or what is against it, at the form's field where it is there."""
    day = _day()
    try:
        change()
    except NotFoundError:
        return _gone(day)
    except InvalidError as error:
        if form is None or error.field not in form:
            return _plan(day, 422, reason_text(error))
        form.refuse(error)
        return _plan(day, 422, form=form, form_of=visit_id)
    return goto(f"{_address(day)}#v{visit_id}")


def _gone(day: date) -> Response:
    """What was changed is not there (any more), or is somebody else's: the plan as it is now."""
    return _plan(day, 404, _("This visit is no longer in your plan. This is how the plan is now."))


def _day() -> date:
    return plan_day(request.values.get("day"), today_in(current_actor().zone, captured_at()))


def _address(day: date, **more: str) -> str:
    return f"/plan?{urlencode({'day': day.isoformat(), **more})}"


def _back() -> str:
    """The page of nearby or of those who are due that a form was on, '' elsewhere."""
    back = request.form.get("back", "")
    return (
        back if back.startswith(("/nearby?", "/coverage/accounts?")) and "\n" not in back and "\\" not in back else ""
    )


def _chosen() -> dict[str, str]:
    """Where the candidates come from, as the address says."""
    source = request.values.get("from", "")
    return {"from": source, **_searched()} if source in SOURCES else {}


def _searched() -> dict[str, str]:
    text = request.values.get("q", "")
    return {"q": text} if text else {}


# --- The page --------------------------------------------------------------------------------------------------------


def _plan(
    day: date,
    status: int = 200,
    problem: str = "",
    *,
    form: LengthForm | TimeForm | None = None,
    form_of: UUID | None = None,
) -> Response:
    actor, now = current_actor(), datetime.now(UTC)
    today = today_in(actor.zone, now)
    plan = get_day(actor, day, now)
    days = shown_days(day, today)
    counts = count_days(actor, days[0], days[-1])
    chips = [(_day_label(each, today, counts.get(each, 0)), _address(each), each == day) for each in days]
    stops = stops_of(plan)
    source = request.values.get("from", "")
    source = source if source in SOURCES else "due"
    candidates = with_fits(actor, plan, _candidates(plan, source)) if day >= today else ()
    return page(
        "planning/plan.html",
        status=status,
        problem=problem,
        plan=plan,
        day=day,
        today=today,
        editable=day >= today,
        days=chips,
        stops=stops,
        loose=loose_of(plan),
        running=bool(plan.begun) or (day == today and plan.shift.starts_at <= now + timedelta(minutes=1)),
        lunch_last=plan.run.lunch_after is not None and plan.run.lunch_after == len(stops),
        lunch_end=plan.run.lunch_at + timedelta(minutes=plan.shift.lunch.minutes)
        if plan.run.lunch_at and plan.shift.lunch
        else None,
        driving=duration_text(plan.run.travel_seconds),
        driven=distance_text(metres_of(plan)),
        travel=travel_of(plan),
        remarks=[translated(BREACH_NAMES[breach]) for breach in plan.run.breaches],
        names=STATE_NAMES,
        source=source,
        q=request.values.get("q", ""),
        candidates=candidates,
        fits={each.id: fit_text(each) for each in candidates},
        pins=pins_of(plan),
        links=handover_of(plan),
        times=times_of(plan, actor.zone),
        text=text_of(plan, stops),
        form=form,
        form_of=form_of,
        scoring=translated(RULE) % RULE_PARAMS,
        panels=shown_in("plan", actor, day.isoformat()),
    )


def _candidates(plan: DayPlan, source: str) -> Sequence[Candidate]:
    actor = current_actor()
    if source == "near":
        return list_near_candidates(actor, plan)
    if source == "search":
        return list_found_candidates(actor, plan, request.values.get("q", ""))
    return list_due_candidates(actor, plan)


def _day_label(day: date, today: date, number: int) -> str:
    name = _("Today") if day == today else day_text(day, "EEE d")
    return f"{name} · {number}" if number else name

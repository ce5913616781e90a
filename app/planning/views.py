"""The day plan: choose, let the order be worked out, change it by hand, share it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, flash, request
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from app.accounts.navigation import directions_to
from app.identity.permissions import P
from app.kernel.dates import today_in, zone_of
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
from app.planning.driving import LACK_NAMES
from app.planning.forms import LengthForm, TimeForm, plan_day, shown_days
from app.planning.itinerary import RouteLink, route_links
from app.planning.page_times import times_of
from app.planning.queries import (
    DayPlan,
    get_day,
    list_due_candidates,
    list_found_candidates,
    list_near_candidates,
    position_of,
)
from app.planning.rules import BREACH_NAMES, HINTS, Breach, StopTimes
from app.planning.scoring import PART_NAMES, RULE, RULE_PARAMS
from app.planning.solver import why_here, why_left_out
from app.planning.travel_views import source_text
from app.routing.why import REASON_NAMES, Cause
from app.visits.queries import VisitLine, count_days
from app.visits.rules import STATE_NAMES
from app.web.actor import current_actor
from app.web.arrival import captured_at
from app.web.errors import reason_text
from app.web.form import translated
from app.web.guard import needs
from app.web.htmx import goto, page
from app.web.locale import day_text, local_time_text
from app.web.maps import mainland, on_map
from app.web.ui import distance_text

blueprint = Blueprint("planning", __name__)

SOURCES = ("due", "near", "search")
LITTLE_EARLY = timedelta(minutes=5)


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
        best = work_out_order(current_actor(), day, captured_at())
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
        flash(_("Nobody who is due fits into this day any more."), "warning")
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
    day, steps = _day(), -1 if request.form.get("steps") == "-1" else 1
    try:
        move_stop(current_actor(), visit_id, steps, captured_at())
    except NotFoundError:
        return _gone(day)
    except InvalidError as error:
        return _plan(day, 422, reason_text(error))
    return goto(f"{_address(day)}#v{visit_id}")


@blueprint.post("/plan/visits/<uuid:visit_id>/length")
@needs(P.PLANNING_USE)
def length_update(visit_id: UUID) -> Response:
    day, form = _day(), LengthForm(request.form)
    if form.validate():
        try:
            change_length(current_actor(), visit_id, form.minutes.data or 0, captured_at())
        except NotFoundError:
            return _gone(day)
        except InvalidError as error:
            return _plan(day, 422, reason_text(error))
        return goto(f"{_address(day)}#v{visit_id}")
    return _plan(day, 422, form=form, form_of=visit_id)


@blueprint.post("/plan/visits/<uuid:visit_id>/must")
@needs(P.PLANNING_USE)
def must_update(visit_id: UUID) -> Response:
    """`must` 1: the visit has to be made; else it may be left out."""
    day = _day()
    try:
        set_must(current_actor(), visit_id, request.form.get("must") == "1", captured_at())
    except NotFoundError:
        return _gone(day)
    except InvalidError as error:
        return _plan(day, 422, reason_text(error))
    return goto(f"{_address(day)}#v{visit_id}")


@blueprint.post("/plan/visits/<uuid:visit_id>/time")
@needs(P.PLANNING_USE)
def time_update(visit_id: UUID) -> Response:
    """`time` HH:MM in the place's zone: the visit begins then; without one it is free again."""
    day, form = _day(), TimeForm(request.form)
    if form.validate():
        try:
            fix_time(current_actor(), visit_id, form.time.data, captured_at())
        except NotFoundError:
            return _gone(day)
        except InvalidError as error:
            if error.field != "time":
                return _plan(day, 422, reason_text(error))
            form.refuse(error)
        else:
            return goto(f"{_address(day)}#v{visit_id}")
    return _plan(day, 422, form=form, form_of=visit_id)


@blueprint.post("/plan/visits/<uuid:visit_id>/withdrawal")
@needs(P.PLANNING_USE)
def stop_delete(visit_id: UUID) -> Response:
    day = _day()
    try:
        take_out(current_actor(), visit_id, captured_at())
    except NotFoundError:
        return _gone(day)
    except InvalidError as error:
        return _plan(day, 422, reason_text(error))
    flash(_("The visit is out of the plan."), "success")
    return goto(_address(day))


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


@dataclass(frozen=True, slots=True)
class PlannedStop:
    """A visit of the order as the page shows it: `remarks` are (text, tone); `fixed` is the agreed time ('' without)
    and `start` the present one, as HH:MM of the place."""

    number: int
    line: VisitLine
    times: StopTimes
    travel: str
    remarks: tuple[tuple[str, str], ...]
    navigate: str
    lunch_before: bool
    fixed: str
    start: str
    why: str


@dataclass(frozen=True, slots=True)
class LooseVisit:
    """A visit without a place in the order; `reason` '' where it only was not put there yet."""

    line: VisitLine
    reason: str
    fixed: str
    why: str


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
    stops = _stops(plan)
    source = request.values.get("from", "")
    source = source if source in SOURCES else "due"
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
        loose=[_loose(plan, line) for line in plan.loose],
        running=bool(plan.begun) or (day == today and plan.shift.starts_at <= now + timedelta(minutes=1)),
        lunch_last=plan.run.lunch_after is not None and plan.run.lunch_after == len(stops),
        lunch_end=plan.run.lunch_at + timedelta(minutes=plan.shift.lunch.minutes)
        if plan.run.lunch_at and plan.shift.lunch
        else None,
        driving=duration_text(plan.run.travel_seconds),
        driven=distance_text(_metres(plan)),
        travel=_travel(plan),
        remarks=[translated(BREACH_NAMES[breach]) for breach in plan.run.breaches],
        names=STATE_NAMES,
        source=source,
        q=request.values.get("q", ""),
        candidates=_candidates(plan, source) if day >= today else (),
        pins=_pins(plan),
        links=_links(plan),
        times=times_of(plan, actor.zone),
        text=_as_text(plan, stops),
        form=form,
        form_of=form_of,
        scoring=translated(RULE) % RULE_PARAMS,
    )


def _candidates(plan: DayPlan, source: str) -> Any:
    actor = current_actor()
    if source == "near":
        return list_near_candidates(actor, plan)
    if source == "search":
        return list_found_candidates(actor, plan, request.values.get("q", ""))
    return list_due_candidates(actor, plan)


def _day_label(day: date, today: date, number: int) -> str:
    name = _("Today") if day == today else day_text(day, "EEE d")
    return f"{name} · {number}" if number else name


def duration_text(seconds: int) -> str:
    """A length of time in hours and minutes, rounded to the minute."""
    hours, minutes = divmod(round(seconds / 60), 60)
    if not hours:
        return str(_("%(minutes)s min", minutes=minutes))
    return str(_("%(hours)s h %(minutes)s min", hours=hours, minutes=minutes))


def _stops(plan: DayPlan) -> list[PlannedStop]:
    agent = request.headers.get("User-Agent", "")
    reasons = why_here([plan.stop_of(line) for line in plan.ordered], plan.shift, plan.driving)
    found = []
    for number, (line, times, why) in enumerate(zip(plan.ordered, plan.run.stops, reasons, strict=True), 1):
        position = position_of(line)
        found.append(
            PlannedStop(
                number,
                line,
                times,
                duration_text(max(60, times.travel_seconds)) if times.travel_seconds else "",
                tuple(_remark(breach, times, line.row.zone) for breach in times.breaches if _is_told(breach, times)),
                directions_to(position, line.row.name, mainland(), agent).suggested if position else "",
                plan.run.lunch_after == number - 1,
                _clock(line.row.fixed_at, line.row.zone),
                _clock(times.start_at + timedelta(seconds=59), line.row.zone),
                f"{_why_here(line, *why)} {_worth(plan, line)}",
            )
        )
    return found


def _loose(plan: DayPlan, line: VisitLine) -> LooseVisit:
    return LooseVisit(line, _why_loose(plan, line), _clock(line.row.fixed_at, line.row.zone), _worth(plan, line))


def _clock(moment: datetime | None, zone: str) -> str:
    """HH:MM there, as a field for a time takes it."""
    return f"{moment.astimezone(zone_of(zone)):%H:%M}" if moment else ""


def _why_here(line: VisitLine, cause: Cause, detour: int) -> str:
    """Why a visit has its place in the order, in a sentence."""
    if line.row.fixed_at is not None:
        return str(_("Agreed for %(time)s.", time=local_time_text(line.row.fixed_at, line.row.zone)))
    if cause is Cause.MUST:
        return str(_("It has to be made."))
    if cause is Cause.ON_THE_WAY:
        return str(_("Lies on the way."))
    return str(_("Worth %(time)s more of driving.", time=duration_text(detour)))


def _worth(plan: DayPlan, line: VisitLine) -> str:
    """What a visit is worth, with what the points are for."""
    worth = plan.worths[line.row.account_id]
    shown = {"rating": worth.rating, "day": day_text(worth.due_on) if worth.due_on else ""}
    parts = _(", ").join(translated(PART_NAMES[part]) % {**shown, "points": points} for part, points in worth.parts)
    return str(ngettext("%(num)s point: %(parts)s.", "%(num)s points: %(parts)s.", worth.value, parts=parts))


def _is_told(breach: Breach, times: StopTimes) -> bool:
    """Nobody minds being a little early for an agreed time."""
    return breach is not Breach.BEFORE_FIXED or times.wait >= LITTLE_EARLY


def _remark(breach: Breach, times: StopTimes, zone: str) -> tuple[str, str]:
    """A broken rule in words, with its tone."""
    if breach is Breach.BEFORE_OPENING:
        waits = duration_text(round(times.wait.total_seconds()))
        return _("Opens at %(time)s: wait %(wait)s", time=local_time_text(times.start_at, zone), wait=waits), ""
    if breach is Breach.BEFORE_FIXED:
        waits = duration_text(round(times.wait.total_seconds()))
        return _("Wait of %(wait)s for the agreed time", wait=waits), ""
    if breach is Breach.AFTER_FIXED and times.stop.fixed_at is not None:
        late = duration_text(round((times.start_at - times.stop.fixed_at).total_seconds()))
        return _("%(late)s later than agreed", late=late), "bad"
    return translated(BREACH_NAMES[breach]), "" if breach in HINTS else "bad"


def _why_loose(plan: DayPlan, line: VisitLine) -> str:
    """Why a visit has no place in the order, '' where it only was not put there yet."""
    order = [plan.stop_of(each) for each in plan.ordered] if plan.run.is_feasible else []
    reason = why_left_out(order, plan.stop_of(line), plan.shift, plan.driving)
    return translated(REASON_NAMES[reason]) if reason else ""


def _pins(plan: DayPlan) -> dict[str, Any]:
    """The day on the map: what is done, the numbered stops, and the line through them, along the roads where they are
    known."""
    pins: list[dict[str, Any]] = []
    path = [plan.shift.start] if plan.shift.start and not plan.begun else []
    numbered = [("done", "", line) for line in plan.begun]
    numbered += [("stop", str(number), line) for number, line in enumerate(plan.ordered, 1)]
    numbered += [("planned", "", line) for line in plan.loose]
    for tone, number, line in numbered:
        position = position_of(line)
        if position is None:
            continue
        lat, lon = on_map(position.lat, position.lon)
        row = line.row
        pins.append(
            {
                "id": str(row.id),
                "lat": lat,
                "lon": lon,
                "label": row.name,
                "sub": row.address,
                "tone": tone,
                "url": f"/visits/{row.id}",
                **({"n": number} if number else {}),
            }
        )
        if tone != "planned":
            path.append(position)
    if plan.shift.end and plan.ordered:
        path.append(plan.shift.end)
    drawn = [on_map(each.lat, each.lon) for each in plan.driving.line(path)]
    return {"pins": pins, "lines": [drawn] if len(drawn) > 1 else []}


def _metres(plan: DayPlan) -> int:
    """Metres of driving that are to come."""
    return plan.driving.metres([plan.shift.start, *(position_of(line) for line in plan.ordered), plan.shift.end])


def _travel(plan: DayPlan) -> list[str]:
    """Where the plan's travel times come from, in sentences."""
    driving = plan.driving
    said = [translated(LACK_NAMES[lack]) for lack in driving.lacks]
    said.append(source_text(driving.times))
    if driving.speed_percent != 100:
        factor = f"{driving.speed_percent / 100:.2f}"
        said.append(_("Taken times %(factor)s, as your team drives.", factor=factor))
    if driving.parking_seconds:
        minutes = driving.parking_seconds // 60
        said.append(_("%(minutes)s min are added for parking.", minutes=minutes))
    return said


@dataclass(frozen=True, slots=True)
class Handover:
    """The plan for a navigation app: to the `next` stop alone, and by app the rest of the day in parts, the app first
    that this phone is likely to have."""

    next: str
    next_name: str
    apps: tuple[tuple[str, tuple[RouteLink, ...]], ...]


def _links(plan: DayPlan) -> Handover | None:
    """None where no visit of the order has a position."""
    agent = request.headers.get("User-Agent", "")
    numbered = [(number, position_of(line), line.row.name) for number, line in enumerate(plan.ordered, 1)]
    known = [(number, position, name) for number, position, name in numbered if position]
    if not known:
        return None
    links = route_links(
        [(position, name) for _, position, name in known], mainland(), agent, [number for number, _, _ in known]
    )
    leads = directions_to(known[0][1], known[0][2], mainland(), agent)
    amap = ((_("AMap app"), links.amap_app), (_("AMap"), links.amap))
    apple, google = ("Apple Maps", links.apple), ("Google Maps", links.google)
    apps = (*amap, apple, google) if leads.suggested == leads.amap else (google, apple, *amap)
    if leads.suggested == leads.apple:
        apps = (apple, google, *amap)
    return Handover(leads.suggested, known[0][2], tuple((name, parts) for name, parts in apps if parts))


def _as_text(plan: DayPlan, stops: list[PlannedStop]) -> str:
    """The plan to send to somebody: one stop a line, with its link."""
    lines = [_("Plan for %(day)s", day=day_text(plan.day, "full"))]
    for stop in stops:
        row = stop.line.row
        when = local_time_text(stop.times.start_at, row.zone)
        lines.append(f"{stop.number}. {when} {row.name}" + (f", {row.address}" if row.address else ""))
        if stop.navigate:
            lines.append(stop.navigate)
    return "\n".join(lines)

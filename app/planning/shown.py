"""A day plan as a page shows it: its stops in words, its pins, the hand-over to navigation, the text to send."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import ngettext

from app.accounts.navigation import directions_to
from app.kernel.dates import zone_of
from app.kernel.travel import Estimate, Source, TravelTimes
from app.planning.candidates import Candidate
from app.planning.driving import LACK_NAMES
from app.planning.itinerary import RouteLink, route_links
from app.planning.queries import DayPlan, position_of
from app.planning.rules import BREACH_NAMES, HINTS, Breach, StopTimes
from app.planning.scoring import PART_NAMES
from app.planning.solver import what_fits, why_here
from app.routing.why import ON_THE_WAY, REASON_NAMES, Cause, Reason
from app.visits.queries import VisitLine
from app.web.form import translated
from app.web.locale import day_text, local_time_text
from app.web.maps import mainland, on_map

LITTLE_EARLY = timedelta(minutes=5)


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


def duration_text(seconds: int) -> str:
    """A length of time in hours and minutes; half a minute is rounded up, as static/js/plan-times.js does."""
    hours, minutes = divmod((seconds + 30) // 60, 60)
    if not hours:
        return str(_("%(minutes)s min", minutes=minutes))
    if not minutes:
        return str(_("%(hours)s h", hours=hours))
    return str(_("%(hours)s h %(minutes)s min", hours=hours, minutes=minutes))


def stops_of(plan: DayPlan) -> list[PlannedStop]:
    """The visits of the order."""
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


def loose_of(plan: DayPlan) -> list[LooseVisit]:
    """The visits without a place in the order."""
    order = [plan.stop_of(each) for each in plan.ordered] if plan.run.is_feasible else []
    fits = what_fits(order, [plan.stop_of(line) for line in plan.loose], plan.shift, plan.driving)
    return [
        LooseVisit(
            line,
            translated(REASON_NAMES[fit]) if isinstance(fit, Reason) else "",
            _clock(line.row.fixed_at, line.row.zone),
            _worth(plan, line),
        )
        for line, fit in zip(plan.loose, fits, strict=True)
    ]


def fit_text(candidate: Candidate) -> str:
    """What a visit more would make of the day, '' where nobody knows."""
    if isinstance(candidate.against, Reason):
        return translated(REASON_NAMES[candidate.against])
    if candidate.against is not None:
        return translated(BREACH_NAMES[candidate.against])
    if candidate.detour is None:
        return ""
    if candidate.detour <= ON_THE_WAY:
        return str(_("Fits in, on the way"))
    return str(_("Fits in, with %(time)s more of driving", time=duration_text(candidate.detour)))


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


def pins_of(plan: DayPlan) -> dict[str, Any]:
    """The day on the map: what is done, the numbered stops, and the line through them, along the roads where they are
    known."""
    pins: list[dict[str, Any]] = []
    done = [position_of(line) for line in plan.begun]
    here = plan.shift.start if plan.seen_at or not plan.begun else None
    path = [*done, here, *(position_of(line) for line in plan.ordered)]
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
    if plan.ordered:
        path.append(plan.shift.end)
    drawn = [on_map(each.lat, each.lon) for each in plan.driving.line([each for each in path if each])]
    return {"pins": pins, "lines": [drawn] if len(drawn) > 1 else []}


def metres_of(plan: DayPlan) -> int:
    """Metres of driving that are to come."""
    return plan.driving.metres([plan.shift.start, *(position_of(line) for line in plan.ordered), plan.shift.end])


def source_text(times: TravelTimes) -> str:
    """Where travel times come from, in a sentence."""
    if isinstance(times, Estimate):
        words = {"detour": f"{times.detour:g}", "speed": f"{times.speed_kmh:g}"}
        return str(_("Travel times are an estimate: %(detour)s times the straight line at %(speed)s km/h.", **words))
    if times.source is Source.SERVER:
        return str(_("Travel times are those of the road server."))
    return str(_("Travel times are those of the imported roads."))


def travel_of(plan: DayPlan) -> list[str]:
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


def handover_of(plan: DayPlan) -> Handover | None:
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


def text_of(plan: DayPlan, stops: list[PlannedStop]) -> str:
    """The plan to send to somebody: one stop a line, with its link."""
    lines = [_("Plan for %(day)s", day=day_text(plan.day, "full"))]
    for stop in stops:
        row = stop.line.row
        when = local_time_text(stop.times.start_at, row.zone)
        lines.append(f"{stop.number}. {when} {row.name}" + (f", {row.address}" if row.address else ""))
        if stop.navigate:
            lines.append(stop.navigate)
    return "\n".join(lines)

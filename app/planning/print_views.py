"""The plan of a day on paper."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, request

from app.identity.permissions import P
from app.kernel.dates import today_in
from app.planning.forms import plan_day
from app.planning.queries import get_day
from app.planning.rules import BREACH_NAMES, HINTS, StopTimes
from app.planning.views import duration_text
from app.visits.queries import VisitLine
from app.web.actor import current_actor
from app.web.form import translated
from app.web.guard import needs
from app.web.htmx import page
from app.web.ui import distance_text

blueprint = Blueprint("plan_print", __name__)


@dataclass(frozen=True, slots=True)
class PrintedStop:
    """A visit of the order; `travel` is the drive there, `broken` the rules that its times break, in words."""

    line: VisitLine
    times: StopTimes
    travel: str
    broken: tuple[str, ...]
    lunch_before: bool


@blueprint.get("/plan/print")
@needs(P.PLANNING_USE)
def print_show() -> Response:
    actor, now = current_actor(), datetime.now(UTC)
    plan = get_day(actor, plan_day(request.args.get("day"), today_in(actor.zone, now)), now)
    run, lunch = plan.run, plan.shift.lunch
    stops = [
        PrintedStop(
            line,
            times,
            duration_text(max(60, times.travel_seconds)) if times.travel_seconds else "",
            tuple(translated(BREACH_NAMES[breach]) for breach in times.breaches if breach not in HINTS),
            run.lunch_after == number,
        )
        for number, (line, times) in enumerate(zip(plan.ordered, run.stops, strict=True))
    ]
    route = [plan.shift.start, *(each.position for each in map(plan.stop_of, plan.ordered)), plan.shift.end]
    return page(
        "planning/print.html",
        plan=plan,
        stops=stops,
        name=actor.name,
        driving=duration_text(run.travel_seconds),
        driven=distance_text(plan.driving.metres(route)),
        lunch_end=run.lunch_at + timedelta(minutes=lunch.minutes) if run.lunch_at and lunch else None,
        lunch_last=run.lunch_after is not None and run.lunch_after == len(stops),
    )

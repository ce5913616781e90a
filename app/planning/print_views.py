"""The plan of a day on paper."""

from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, request

from app.identity.permissions import P
from app.kernel.dates import today_in
from app.planning.forms import plan_day
from app.planning.queries import get_day
from app.planning.shown import duration_text, metres_of, stops_of
from app.web.actor import current_actor
from app.web.guard import needs
from app.web.htmx import page
from app.web.ui import distance_text

blueprint = Blueprint("plan_print", __name__)


@blueprint.get("/plan/print")
@needs(P.PLANNING_USE)
def print_show() -> Response:
    actor, now = current_actor(), datetime.now(UTC)
    plan = get_day(actor, plan_day(request.args.get("day"), today_in(actor.zone, now)), now)
    run, lunch = plan.run, plan.shift.lunch
    stops = stops_of(plan)
    return page(
        "planning/print.html",
        plan=plan,
        stops=stops,
        name=actor.name,
        driving=duration_text(run.travel_seconds),
        driven=distance_text(metres_of(plan)),
        lunch_end=run.lunch_at + timedelta(minutes=lunch.minutes) if run.lunch_at and lunch else None,
        lunch_last=run.lunch_after is not None and run.lunch_after == len(stops),
    )

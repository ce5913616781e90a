"""Visits as a list with filters: what stands behind each figure of the dashboard, and the list as a file."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.dashboards.queries import get_staff
from app.identity.permissions import P
from app.infra.db import AnyRow
from app.infra.looks import Seen, saw
from app.kernel.access import Reach
from app.kernel.dates import today_in
from app.kernel.page import page_number
from app.visits.figures import each_visit, find_reps, list_visits, sum_visits
from app.visits.filters import PLANS, STATES, VisitFilters
from app.visits.rules import OUTCOMES, STATE_NAMES, VERDICT_NAMES, VisitState
from app.web.actor import current_actor
from app.web.form import translated
from app.web.guard import needs
from app.web.htmx import page
from app.web.sheet import table_file, truth

blueprint = Blueprint("lists", __name__)


@blueprint.get("/visits")
@needs(P.VISITS_READ)
def visit_index() -> Response:
    actor, now = current_actor(), datetime.now(UTC)
    filters = VisitFilters.read(request.args, today_in(actor.zone, now))
    staff = get_staff(actor)
    reps = None if filters.team is None else [each.id for each in staff.of_team(filters.team)]
    found = list_visits(actor, filters, reps, page_number(request.args.get("page")), now)
    saw(actor, {line.row.rep_id for line in found.rows}, Seen.LIST, now)
    return page(
        "visits/index.html",
        "visit_list",
        filters=filters,
        rows=found,
        sums=sum_visits(actor, filters, reps, now),
        people=[] if actor.reach is Reach.OWN else staff.people,
        teams=staff.tree,
        team=staff.team_names.get(filters.team) if filters.team else None,
        states=STATES,
        names=STATE_NAMES,
        verdicts=VERDICT_NAMES,
        outcomes=OUTCOMES,
        plans=PLANS,
    )


@blueprint.get("/visits/export")
@needs(P.VISITS_READ)
def visit_export() -> Response:
    """The whole list as a file; moments by the reader's clock, days those of the places."""
    actor, now = current_actor(), datetime.now(UTC)
    filters = VisitFilters.read(request.args, today_in(actor.zone, now))
    reps = None
    if filters.team is not None:
        reps = [each.id for each in get_staff(actor).of_team(filters.team)]
    saw(actor, find_reps(actor, filters, reps, now), Seen.EXPORT, now)
    headings = [
        _("Date"), _("Sales rep"), _("Customer"), _("Class"), _("Address"), _("City"), _("State"), _("Unplanned"),
        _("Check-in (%(zone)s)", zone=actor.zone), _("Check-out (%(zone)s)", zone=actor.zone), _("Minutes"),
        _("Estimated end"), _("Verdict"), _("Distance (m)"), _("Reason"), _("Outcome"),
    ]  # fmt: skip
    name = f"visits-{filters.first}-{filters.last}"
    return table_file(request.args.get("as"), name, headings, _cells(each_visit(actor, filters, reps, now)))


def _cells(found: Iterator[tuple[AnyRow, VisitState]]) -> Iterator[list[Any]]:
    states, verdicts, outcomes = (
        {str(key): translated(name) for key, name in names.items()} for names in (STATE_NAMES, VERDICT_NAMES, OUTCOMES)
    )
    for row, state in found:
        yield [
            row.planned_on, row.rep, row.name, row.rating, row.address, row.city, states[state],
            truth(not row.planned), row.check_in_at, row.check_out_at, row.stayed, truth(row.estimated),
            verdicts.get(row.verdict), None if row.distance is None else round(row.distance), row.reason,
            outcomes.get(row.outcome),
        ]  # fmt: skip

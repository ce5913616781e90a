"""Week and beat plans: who is visited on which day of the coming weeks, and who is absent."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.beats import jobs, offline, own_views, stored, views
from app.beats.queries import list_absent_days
from app.identity.permissions import P
from app.kernel.access import Actor
from app.kernel.dates import today_in
from app.kernel.i18n import N_
from app.web.slice import MenuItem, Panel, Slice


def _absent_today(actor: Actor, person_id: UUID) -> dict[str, Any] | None:
    today = today_in(actor.zone, datetime.now(UTC))
    days = list_absent_days([person_id], today, today).get(person_id)
    return {"last_on": days[-1][1]} if days else None


SLICE = Slice(
    name="beats",
    blueprints=(views.blueprint, own_views.blueprint),
    menu=(
        MenuItem(N_("My weeks"), "own_beats.week_show", "calendar", P.PLANNING_USE, "more", N_("Day"), 26),
        MenuItem(N_("Absences"), "own_beats.absence_index", "clock", P.PLANNING_USE, "more", N_("Day"), 28),
        MenuItem(N_("Week plans"), "beats.plan_index", "plan", P.BEATS_MANAGE, "more", N_("Team"), 7),
    ),
    panels=(Panel("today", 5, P.PLANNING_USE, "beats/panel_today.html", _absent_today),),
    jobs=jobs.JOBS,
    plugs=(offline.CARRIED, stored.ABSENCES),
)

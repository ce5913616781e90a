"""Week and beat plans: who is visited on which day of the coming weeks, and who is absent."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from app.beats import jobs, offline, own_views, stored, views
from app.beats.queries import list_absent_days
from app.identity.permissions import P
from app.kernel.access import Actor
from app.kernel.dates import today_in
from app.kernel.i18n import N_
from app.web.slice import MenuItem, Panel, Slice


def _absent_today(actor: Actor, _person_id: UUID) -> dict[str, Any] | None:
    return _absent_on(actor, today_in(actor.zone, datetime.now(UTC)).isoformat())


def _absent_on(actor: Actor, day: str) -> dict[str, Any] | None:
    when = date.fromisoformat(day)
    days = list_absent_days([actor.person_id], when, when).get(actor.person_id)
    return {"last_on": days[-1][1]} if days else None


SLICE = Slice(
    name="beats",
    blueprints=(views.blueprint, own_views.blueprint),
    menu=(
        MenuItem(N_("My weeks"), "own_beats.week_show", "calendar", P.PLANNING_USE, "more", N_("Day"), 26),
        MenuItem(N_("Absences"), "own_beats.absence_index", "clock", P.PLANNING_USE, "more", N_("Day"), 28),
        MenuItem(N_("Week plans"), "beats.plan_index", "plan", P.BEATS_MANAGE, "more", N_("Team"), 7),
    ),
    panels=(
        Panel("today", 5, P.PLANNING_USE, "beats/panel_absent.html", _absent_today),
        Panel("plan", 5, P.PLANNING_USE, "beats/panel_absent.html", _absent_on),
    ),
    jobs=jobs.JOBS,
    plugs=(offline.CARRIED, stored.ABSENCES),
)

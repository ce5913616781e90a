"""Visits: planned, checked in with a geotag, reported; the manager's view of them. The pattern for other slices."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.identity.permissions import P
from app.kernel.access import Actor
from app.kernel.i18n import N_
from app.visits import board, facts, jobs, lists, offline, plugs, stored, views
from app.visits.commands import visits
from app.visits.queries import list_of_account
from app.visits.rules import STATE_NAMES
from app.web.slice import MenuItem, Panel, Slice


def _visits_of_account(actor: Actor, account_id: UUID) -> dict[str, Any]:
    return {
        "lines": list_of_account(actor, account_id, datetime.now(UTC)),
        "names": STATE_NAMES,
        "account_id": account_id,
        "may_plan": actor.may(P.VISITS_WRITE),
    }


SLICE = Slice(
    name="visits",
    blueprints=(
        views.blueprint,
        board.blueprint,
        lists.blueprint,
        offline.blueprint,
    ),
    menu=(
        MenuItem(
            N_("Team"), "board.board_index", "team", P.VISITS_TEAM, "tabs", N_("Team"), 5, home=1, covers=("/reps/",)
        ),
        MenuItem(
            N_("Today"),
            "visits.today_index",
            "today",
            P.VISITS_WRITE,
            "tabs",
            N_("Day"),
            10,
            home=2,
            covers=("/visits/",),
        ),
    ),
    panels=(Panel("account", 10, P.VISITS_READ, "visits/panel.html", _visits_of_account),),
    jobs=(jobs.CLOSE_FORGOTTEN, jobs.DELETE_POSITIONS),
    commands=(visits,),
    plugs=(offline.CARRIED, *facts.LINKED, *stored.STORED, *plugs.MEASURES),
)

"""Coverage: how often customers are to be visited, who is due, and how well the plan is kept."""

from app.coverage import plugs, views
from app.identity.permissions import P
from app.kernel.i18n import N_
from app.web.slice import MenuItem, Slice

SLICE = Slice(
    name="coverage",
    blueprints=(views.blueprint,),
    menu=(
        MenuItem(N_("Due"), "coverage.account_index", "calendar", P.VISITS_WRITE, "more", N_("Day"), 27),
        MenuItem(N_("Coverage"), "coverage.coverage_index", "coverage", P.VISITS_TEAM, "more", N_("Team"), 7),
        MenuItem(
            N_("Visit frequency"), "coverage.rhythm_index", "clock", P.COVERAGE_MANAGE, "more", N_("Team"), 8
        ),
    ),
    plugs=(plugs.COVERAGE,),
)  # fmt: skip

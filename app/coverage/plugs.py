"""What coverage plugs into the dashboard: how well the plan is kept."""

from collections.abc import Iterator
from datetime import datetime

from app.accounts.queries import get_rhythms
from app.coverage.queries import Asked, count_needs
from app.dashboards.ports import Measure
from app.dashboards.rules import Fact, Figure, Period, Unit
from app.identity.permissions import P
from app.kernel.access import Actor
from app.kernel.dates import today_in
from app.kernel.i18n import N_


def _load(actor: Actor, shown: Period, now: datetime) -> Iterator[Fact]:
    """Of each rep the visits that were needed and those of them that were made, in the period and in the one before:
    two statements, with the frequencies."""
    rhythms, today = get_rhythms(), today_in(actor.zone, now)
    for row in count_needs([Asked(actor, period, today, rhythms, {}) for period in (shown, shown.before)]):
        yield Fact(row.rep_id, row.first, {"visits_needed": int(row.needed), "visits_covered": int(row.covered)})


COVERAGE = Measure(
    key="coverage",
    title=N_("Coverage"),
    permission=P.VISITS_TEAM,
    load=_load,
    path="/coverage/accounts",
    figures=(
        Figure(
            "coverage_share", N_("Coverage"),
            N_("Visits made that were needed by the frequency of the customers, of all that were needed; the list has "
               "the customers with visits missing."),
            Unit.SHARE, "visits_covered", ("visits_needed",), {"show": "missing"}, is_headline=True, is_daily=False,
        ),
        Figure(
            "visits_needed", N_("Visits needed"),
            N_("Due days of the customers in the period, as far as it is over; a backlog counts once."),
            opens={"show": "all"}, is_daily=False,
        ),
    ),
)  # fmt: skip

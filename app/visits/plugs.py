"""What visits plug into the dashboard: the figures of the field work."""

from app.dashboards.ports import Measure
from app.dashboards.rules import Figure, Unit
from app.identity.permissions import P
from app.kernel.i18n import N_
from app.visits.figures import load_visits
from app.visits.rules import Verdict, needs_reason

_JUDGED = tuple(
    f"verdict_{verdict.value}" for verdict in Verdict if verdict is Verdict.ON_SITE or needs_reason(verdict)
)

PLAN = Measure(
    key="visits",
    title=N_("Visits"),
    permission=P.VISITS_TEAM,
    load=load_visits,
    path="/visits",
    figures=(
        Figure(
            "made", N_("Made"), N_("Visits with a check-in, planned or not."), opens={"state": "made"}, is_headline=True
        ),
        Figure(
            "made_share", N_("Plan kept"),
            N_("Planned visits that were made, of all in the plan of the period, those still to come among them."),
            Unit.SHARE, "made_planned", ("planned",), {"state": "made", "plan": "yes"}, is_headline=True,
        ),
        Figure(
            "planned", N_("In the plan"),
            N_("Visits in the plan of these days, whatever became of them: made, missed, put off, skipped or to come."),
            opens={"plan": "yes"},
        ),
        Figure(
            "unplanned", N_("Unplanned"), N_("Visits made without having been in the plan."),
            opens={"state": "made", "plan": "no"},
        ),
        Figure(
            "missed", N_("Missed"),
            N_("Planned visits without a check-in whose day is over where they are, or that the rep calls missed."),
            opens={"state": "missed"}, is_headline=True,
        ),
        Figure(
            "postponed", N_("Postponed"), N_("Planned visits that the rep put off to a later day."),
            opens={"state": "postponed"},
        ),
        Figure(
            "skipped", N_("Skipped"), N_("Planned visits that the rep left out, with a reason."),
            opens={"state": "skipped"},
        ),
        Figure("waiting", N_("To come"), N_("Planned visits whose day is not over."), opens={"state": "planned"}),
        Figure(
            "customers", N_("Customers visited"),
            N_("Different customers with a visit made in the period; one whom two reps visited counts for each."),
            opens={"state": "made", "per": "customer"}, is_headline=True, is_daily=False,
        ),
    ),
)  # fmt: skip

VERDICTS = Measure(
    key="verdicts",
    title=N_("On site"),
    permission=P.VISITS_TEAM,
    load=load_visits,
    path="/visits",
    figures=(
        Figure(
            "on_site_share", N_("On-site share"),
            N_("Check-ins on site, of those on site, off site or without a position. Uncertain ones and places that "
               "are not located count neither for nor against the rep."),
            Unit.SHARE, "verdict_on_site", _JUDGED, {"verdict": "on_site"}, is_headline=True,
        ),
        Figure(
            "verdict_on_site", N_("On site"), N_("Check-ins whose position lies at the customer's."),
            opens={"verdict": "on_site"},
        ),
        Figure(
            "verdict_off_site", N_("Off site"), N_("Check-ins farther away than the position's error explains."),
            opens={"verdict": "off_site"},
        ),
        Figure(
            "verdict_no_position", N_("No position"), N_("Check-ins for which the phone gave no position."),
            opens={"verdict": "no_position"},
        ),
        Figure(
            "verdict_uncertain", N_("Uncertain"),
            N_("Check-ins whose position proves nothing: too coarse, too old, or the place is only roughly known."),
            opens={"verdict": "uncertain"},
        ),
        Figure(
            "verdict_no_place", N_("Place not located"), N_("Check-ins at customers of whom we have no position."),
            opens={"verdict": "no_place"},
        ),
    ),
)  # fmt: skip

TIME = Measure(
    key="time",
    title=N_("Time"),
    permission=P.VISITS_TEAM,
    load=load_visits,
    path="/visits",
    figures=(
        Figure(
            "minutes", N_("At customers"),
            N_("Time from check-in to check-out, of the visits that have both; estimated check-outs are in it."),
            Unit.MINUTES, opens={"state": "done"}, is_headline=True,
        ),
        Figure(
            "minutes_each", N_("Per visit"), N_("Time at customers, divided by the visits with a check-out."),
            Unit.MINUTES, "minutes", ("timed",), {"state": "done"},
        ),
        Figure(
            "estimated", N_("Estimated ends"),
            N_("Visits whose check-out was forgotten: the house assumed the planned length."),
            opens={"state": "done", "estimated": "1"},
        ),
        Figure(
            "estimated_minutes", N_("Of it estimated"), N_("Time at customers that comes from estimated check-outs."),
            Unit.MINUTES, opens={"state": "done", "estimated": "1"},
        ),
        Figure(
            "gap_minutes", N_("Between visits"),
            N_("Time from a check-out to the next check-in on the same day: driving, waiting, lunch. Gaps of more than "
               "three hours are left out."),
            Unit.MINUTES, opens={"state": "made", "after": "1"},
        ),
        Figure(
            "gap_each", N_("Per gap"), N_("Time between visits, divided by the number of gaps that count."),
            Unit.MINUTES, "gap_minutes", ("gaps",), {"state": "made", "after": "1"},
        ),
        Figure(
            "long_gaps", N_("Long gaps"), N_("Gaps of more than three hours between two visits of a day: left out."),
            opens=None,
        ),
        Figure(
            "first_clock", N_("First check-in"),
            N_("The first check-in of a day by the clock at the place, on average over the days with one."),
            Unit.CLOCK, "first_minutes", ("first_days",), {"state": "made"},
        ),
        Figure(
            "last_clock", N_("Last check-out"),
            N_("The last check-out of a day by the clock at the place, on average over the days with one."),
            Unit.CLOCK, "last_minutes", ("last_days",), {"state": "done"},
        ),
    ),
)  # fmt: skip

MEASURES = (PLAN, VERDICTS, TIME)

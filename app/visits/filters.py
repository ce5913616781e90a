"""Which visits a list shows; the same words stand in addresses."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from app.dashboards.rules import period_from, read_day
from app.kernel.dates import today_in
from app.kernel.i18n import N_
from app.kernel.ids import parse_id
from app.visits.rules import OUTCOMES, STATE_NAMES, Verdict, VisitState

MADE = "made"  # checked in, out or not
STATES: dict[str, str] = {
    MADE: N_("Made"),
    **{state.value: STATE_NAMES[state] for state in VisitState},
}
"""State that a list can be narrowed to -> its name (msgid)."""
PLANS = {"yes": N_("Planned beforehand"), "no": N_("Unplanned")}
CUSTOMER = "customer"  # `per`: of each rep's visits to a customer in the period only the first


@dataclass(frozen=True, slots=True)
class VisitFilters:
    """`first` to `last`: days of the visits, both included. `rep` or `team` (with the teams below), neither: everybody.

    `state`: key of STATES; `verdict`, `outcome`: theirs; `plan`: key of PLANS; '' for all. `per` CUSTOMER: each
    customer once. `after`: only visits that followed another of that day closely enough to count the time between
    (figures.LONGEST_GAP). `estimated`: only those whose end is an estimate.
    """

    first: date
    last: date
    rep: UUID | None = None
    team: UUID | None = None
    state: str = ""
    verdict: str = ""
    outcome: str = ""
    plan: str = ""
    per: str = ""
    after: bool = False
    estimated: bool = False

    @classmethod
    def read(cls, args: Mapping[str, str], today: date) -> "VisitFilters":
        """From the arguments of an address; nonsense counts as not said. Without days it is the month so far."""
        period = period_from(read_day(args.get("from"), today.replace(day=1)), read_day(args.get("to"), today))

        def one_of(name: str, known: Any) -> str:
            word = args.get(name, "")
            return word if word in known else ""

        return cls(
            period.first, period.last, parse_id(args.get("rep")), parse_id(args.get("team")),
            one_of("state", STATES), one_of("verdict", set(Verdict)), one_of("outcome", OUTCOMES),
            one_of("plan", PLANS), one_of("per", (CUSTOMER,)), args.get("after") == "1", args.get("estimated") == "1",
        )  # fmt: skip

    def args(self, **changes: Any) -> dict[str, str]:
        """The arguments of the address that asks for these, some changed; what says nothing is left out."""
        other = replace(self, **changes)
        said = {
            "from": other.first, "to": other.last, "rep": other.rep, "team": other.team, "state": other.state,
            "verdict": other.verdict, "outcome": other.outcome, "plan": other.plan, "per": other.per,
            "after": "1" if other.after else "", "estimated": "1" if other.estimated else "",
        }  # fmt: skip
        return {name: str(value) for name, value in said.items() if value}


def turning(now: datetime) -> tuple[date, dict[date, frozenset[str]]]:
    """The day on which the latest zone of the world still is, and for that and each later day the zones in which it
    is over by `now`: before the first day, every day is over everywhere."""
    return _turning(now.astimezone(UTC).replace(minute=now.minute // 15 * 15, second=0, microsecond=0))


@lru_cache(maxsize=8)
def _turning(quarter: datetime) -> tuple[date, dict[date, frozenset[str]]]:
    """Days turn at full quarters of an hour: no zone's clock differs from UTC by less."""
    days = {zone: today_in(zone, quarter) for zone in available_timezones()}
    first, last = min(days.values()), max(days.values())
    turning = (first + timedelta(days=n) for n in range((last - first).days))
    return first, {day: frozenset(zone for zone, today in days.items() if today > day) for day in turning}

"""What the engine asks of a slice that has something to count.

A slice that counts plugs a `Measure` into its manifest (`Slice.plugs`): how its numbers are read, the figures that are
made of them, and the address of the list that opens behind a figure. For example, coverage against plan, whole:

    COVERAGE = Measure(
        key="coverage",
        title=N_("Coverage"),
        permission=P.VISITS_TEAM,
        load=load_coverage,
        figures=(
            Figure("covered_share", N_("Coverage"), N_("Due customers who were visited, of all that were due."),
                   Unit.SHARE, top="covered", below=("due",), opens={"state": "due"}, is_headline=True, is_daily=False),
        ),
        path="/coverage",
    )

    def load_coverage(actor, period, now):
        for begun in (period, period.before):                   # or one statement for both
            for row in count_coverage(actor, begun, now):       # one row a rep
                yield Fact(row.rep_id, begun.first, {"due": row.due, "covered": row.covered})

It then has its tab, its columns, tiles, bars, ranking, definitions and its place in the exports.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from app.dashboards.rules import Fact, Figure, Period
from app.kernel.access import Actor

Load: TypeAlias = Callable[[Actor, Period, datetime], Iterable[Fact]]


@dataclass(frozen=True)
class Measure:
    """A group of figures under one tab.

    `load(actor, period, now)` reads the numbers of the reps whom the actor sees, of the days of `period` and of
    `period.before`, in ONE statement (a manager's page has six in all): a Fact for each rep and day, or where no days
    are known for each rep, dated `first` of either. Names of numbers are one vocabulary for all measures, so that
    orders can be divided by visits: choose telling ones. Measures with the same `load` are read once.

    `path` is the page of the list behind the figures. It takes the words of Figure.opens and, for every figure,
    `rep` or `team` (ids; with the teams below; neither: all whom the actor sees), `from` and `to` (days, both
    included), and must then show exactly what the figure counts.
    """

    key: str  # in addresses
    title: str  # msgid
    permission: str
    load: Load
    figures: tuple[Figure, ...]
    path: str

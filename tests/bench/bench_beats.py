"""Week and beat plans: how long they take, and what comes of them.

    python -m tests.bench.bench_beats [case...]

Needs the shared data (`FIELDBOOK_SHARED`, default ../shared): the customers are clinics of Taipei at their real
positions, split among five reps by district; hours, classes and last visits are drawn. Ways are estimated, as without
roads; building their table is measured too, loading the engines (once for each worker) is not. Cases: `week` (5 reps x
5 days with 250 visits that are due), `tight` (the same days with 375), `rep` (one rep, 8 weeks), `team` (5 reps, 4
weeks). Prints name=value lines: `*_s` and `*_cpu_s`, visits planned and missing, `*_short` those that more time would
cure, kilometres, and of the days of one rep and week `*_most` and `*_fewest` visits where they differ most. Each day
passes planning.rules.arrivals, or the bench fails. Ends with status 1 where the first week takes more than 5 s.
"""

import csv
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from uuid import UUID

from app.beats.calendars import Calendar
from app.beats.dues import dues_of
from app.beats.remedies import days_of, with_other_reps
from app.beats.rules import OUT_OF_ROOM, Asked, Customer, RepDraft, RepWork
from app.beats.weeks import SECONDS, plan_rep
from app.kernel.geo import Position
from app.kernel.travel import Estimate
from app.planning.driving import Asked as Positions
from app.planning.driving import Driving, TravelSettings, drive
from app.planning.rules import WorkingHours
from app.planning.solver import best_days
from tests.shared import SHARED

GOAL_S = 5.0
REPS = 5
ZONE = "Asia/Taipei"
FIRST_ON = date(2026, 11, 30)
HOURS = (
    "",
    "Mon-Fri 09:00-12:00 14:00-18:00; Sat 09:00-12:00",
    "Mon-Wed, Fri 09:00-12:00 14:00-17:30",
    "Mon-Sat 14:00-21:00",
)
WISHES = ("",) * 8 + ("Tue, Thu", "Mon-Fri 09:00-12:00")
CLASSES = {"A": (14, 7), "B": (28, 5), "C": (56, 3)}  # rhythm and value


@dataclass(frozen=True, slots=True)
class Case:
    reps: int
    weeks: int
    customers: int  # of each rep
    all_due: bool  # in the first week


CASES = {
    "week": Case(REPS, 1, 50, True),
    "tight": Case(REPS, 1, 75, True),
    "rep": Case(1, 8, 150, False),
    "team": Case(REPS, 4, 150, False),
}


def positions() -> list[list[Position]]:
    """Of clinics, by rep: neighbouring districts with about as many clinics."""
    with (SHARED / "data/places/taipei_clinics_open.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["lat"] and row["lon"]]
    found: list[list[Position]] = [[] for _ in range(REPS)]
    rows.sort(key=lambda row: (row["district"], row["id"]))
    for number, row in enumerate(rows):
        found[number * REPS // len(rows)].append(Position(float(row["lat"]), float(row["lon"])))
    return found


def work_of(rep: int, places: Sequence[Position], case: Case) -> RepWork:
    dice = random.Random(rep)
    customers = []
    for number, position in enumerate(dice.sample(places, case.customers)):
        rating = "ABBCCC"[number % 6]
        every, value = CLASSES[rating]
        due = dice.randrange(5) if case.all_due else dice.randrange(-7, every)
        account = UUID(int=rep << 32 | number + 1)
        customers.append(
            Customer(
                account, account, rating, position, ZONE, dice.choice(HOURS), dice.choice((20, 30, 30, 45)), every,
                dice.choice(WISHES), FIRST_ON + timedelta(days=due - every), value,
            )
        )  # fmt: skip
    base = Position(sum(each.lat for each in places) / len(places), sum(each.lon for each in places) / len(places))
    return RepWork(UUID(int=rep + 1), WorkingHours(ZONE, 540, 1080, 720, 60, base), (), None, tuple(customers))


def driving_of(works: Sequence[RepWork]) -> Driving:
    known = Positions(
        [customer.position for work in works for customer in work.customers], [work.hours.base for work in works]
    )
    return drive([Estimate()], known, TravelSettings(), {})


def measured(name: str, case: Case, places: Sequence[Sequence[Position]]) -> float:
    """Seconds of the whole case."""
    asked = Asked(FIRST_ON, case.weeks, calendar=Calendar.TW)
    works = [work_of(rep, places[rep], case) for rep in range(case.reps)]
    began, working = time.perf_counter(), time.process_time()
    drafts = []
    for work in works:
        draft = plan_rep(work, asked, driving_of([work]), SECONDS, lambda _: True)
        assert draft is not None
        drafts.append(draft)
    took, worked = time.perf_counter() - began, time.process_time() - working
    metres = sum(checked(work, draft, asked) for work, draft in zip(works, drafts, strict=True))
    wanted = sum(len(each) for work in works for each in dues_of(work, asked, driving_of([work])))
    missing = Counter(each.reason for draft in drafts for each in draft.missing)
    made = sum(len(draft.visits) for draft in drafts)
    assert made + missing.total() == wanted
    most, fewest = worst_week(drafts)
    print(f"beats_{name}_s={took:.2f}")
    print(f"beats_{name}_cpu_s={worked:.2f}")
    print(f"beats_{name}_wanted={wanted}")
    print(f"beats_{name}_planned={made}")
    print(f"beats_{name}_missing={missing.total()}")
    print(f"beats_{name}_short={sum(count for why, count in missing.items() if why in OUT_OF_ROOM)}")
    print(f"beats_{name}_km={metres / 1000:.0f}")
    print(f"beats_{name}_most={most}")
    print(f"beats_{name}_fewest={fewest}", flush=True)
    for draft in drafts:
        if draft.shortfall:
            helps = ", ".join(
                f"{each.kind} {each.rating} {each.amount}: {each.gains}" for each in draft.shortfall.remedies
            )
            print(f"# rep {draft.rep_id.int}: {draft.shortfall.visits} visits short; {helps}")
    if case.reps > 1:
        began = time.perf_counter()
        helped = with_other_reps(works, drafts, asked, driving_of(works))
        print(f"beats_{name}_other_reps_s={time.perf_counter() - began:.2f}", flush=True)
        assert len(helped) == len(drafts)
    return took


def checked(work: RepWork, draft: RepDraft, asked: Asked) -> int:
    """Metres of the draft, each of whose days keeps every rule."""
    driving, metres = driving_of([work]), 0
    days = days_of(work, draft, asked, driving)
    for day, run in days.runs.items():
        assert run.is_feasible, (draft.rep_id, day, run.broken)
        shift = days.shifts[day]
        metres += driving.metres([shift.start, *(times.stop.position for times in run.stops), shift.end])
    return metres


def worst_week(drafts: Sequence[RepDraft]) -> tuple[int, int]:
    """Most and fewest visits on a day of one rep and week, where these are furthest apart."""
    weeks = [
        [load.visits for load in loads]
        for draft in drafts
        for _, loads in groupby(draft.days, key=lambda load: load.day.isocalendar().week)
    ]
    worst = max(weeks, key=lambda visits: max(visits) - min(visits))
    return max(worst), min(worst)


def main(names: Sequence[str]) -> bool:
    """Whether the first week of the team is there in time."""
    places = positions()
    best_days((), (), driving_of(()))  # loads the engines
    took = {name: measured(name, CASES[name], places) for name in names or CASES}
    return took.get("week", 0.0) <= GOAL_S


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1:]) else 1)

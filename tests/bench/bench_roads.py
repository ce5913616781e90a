"""Roads: what an import and a matrix take, and how many plans made without roads hold on them.

    python -m tests.bench.bench_roads [days]

Needs the road engine (Python 3.12 or newer) and the extracts of FIELDBOOK_SHARED (default ../shared), folder osm.
Prints name=value lines.

`import_cpu_s`, `import_s`, `import_peak_mb`: an extract of 3 MB (Liechtenstein), all of its tools; goals 30 s of CPU
and 300 MB. `table_200_s`: the median time of a matrix of 200 x 200 seconds and metres, of positions that were never
asked (goal 0.1 s); `table_200_again_s` the same from memory; `leg_ms` one way with its line.

`<place>_holds_<how>`: a share of plans. So many days of 12 stops with opening hours are planned by the solver, and the
order is then driven on the road network, with two minutes for parking: a plan holds if no visit misses its hours and
the day ends in time. `estimate`: planned on the estimate as it is set at first; `fast`: on 1.3 x great circle at
50 km/h without parking, which looks as plausible; `learned`: on the estimate with the speed that was learned from 200
drives; `roads`: on the roads. `_visits_` is the mean number of visits that found a place in the plan.

Ends with status 1 where a goal is missed.
"""

import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from app.infra.osrm import OsrmTimes
from app.infra.remembered import Memory, Remembered
from app.infra.road_import import import_roads
from app.infra.roads import Roads, has_engine
from app.kernel.geo import Position
from app.kernel.travel import Estimate, Source, TravelTimes
from app.planning.driving import PARKING_MINUTES, Asked, Driving, TravelSettings, drive
from app.planning.rules import Lunch, Shift, Stop, arrivals
from app.planning.solver import best_days, order_of
from app.planning.speed import Gap, learn
from tests.shared import SHARED

PLACES = {  # south, west, north, east of where customers are
    "liechtenstein": ("liechtenstein-thriemer.osm.pbf", (47.06, 9.48, 47.25, 9.56)),
    "andorra": ("andorra.osm.pbf", (42.44, 1.46, 42.58, 1.60)),
}
STOPS, DAYS, ROUNDS = 12, 100, 15
MORNING = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
SHIFT_H = 9
PARKING_S = 60 * PARKING_MINUTES
MOST_CPU_S, MOST_MB, MOST_TABLE_S = 30, 300, 0.1


def timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def import_into(folder: Path, file: Path) -> tuple[float, float, float]:
    """CPU seconds and seconds of the import, and the most memory of one of its programs in MB, ours included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN), time.process_time()
    took = timed(lambda: import_roads(file, folder, lambda _step, _percent: None))
    children, own = resource.getrusage(resource.RUSAGE_CHILDREN), resource.getrusage(resource.RUSAGE_SELF)
    cpu = children.ru_utime + children.ru_stime - before[0].ru_utime - before[0].ru_stime
    return cpu + time.process_time() - before[1], took, max(children.ru_maxrss, own.ru_maxrss) / 1024


def places_in(
    times: OsrmTimes, box: tuple[float, float, float, float], count: int, dice: random.Random
) -> list[Position]:
    """Positions from which every other one can be reached."""
    south, west, north, east = box
    some = [Position(dice.uniform(south, north), dice.uniform(west, east)) for _ in range(6 * count)]
    matrix = times.matrix(some)
    hub = max(range(len(some)), key=lambda n: sum(seconds is not None for seconds in matrix.seconds[n]))
    linked = [n for n in range(len(some)) if matrix.why(hub, n) is None is matrix.why(n, hub)]
    return [some[n] for n in linked[:count]]


def day_of(dice: random.Random, homes: list[Position]) -> tuple[list[Stop], Shift]:
    """A day's stops, most of them open for a part of it only, and a shift that begins and ends at home."""
    home, *others = dice.sample(homes, STOPS + 1)
    stops = []
    for number, position in enumerate(others):
        opens = MORNING + timedelta(minutes=dice.randrange(0, 6 * 60, 15))
        hours = ((opens, opens + timedelta(minutes=dice.choice((90, 120, 180)))),) if dice.random() < 0.7 else None
        stops.append(Stop(UUID(int=number + 1), position, dice.choice((20, 30, 30, 45)), hours))
    noon = MORNING + timedelta(hours=4)
    lunch = Lunch(noon, noon + timedelta(minutes=90), 45)
    return stops, Shift(MORNING, MORNING + timedelta(hours=SHIFT_H), home, home, lunch)


def percent_learned(estimate: Estimate, roads: TravelTimes, homes: list[Position], dice: random.Random) -> int:
    """What 200 drives on the roads say of the estimate."""
    pairs = [dice.sample(homes, 2) for _ in range(200)]
    drives = []
    for origin, target in pairs:
        took = (roads.matrix([origin, target]).seconds[0][1] or 0) + PARKING_S
        drives.append((Gap(MORNING, MORNING + timedelta(seconds=took)), estimate.between(origin, target)))
    learned = learn(drives, PARKING_S)
    return learned.percent if learned else 100


def hold(place: str, times: OsrmTimes, days: int) -> None:
    """Plan the days in every way, and drive the plans on the roads."""
    dice = random.Random(5)
    homes = places_in(times, PLACES[place][1], 150, dice)
    settings, plain = TravelSettings(), TravelSettings(parking_minutes=0)
    percent = percent_learned(Estimate(), times, homes, dice)
    made = [day_of(dice, homes) for _ in range(days)]
    print(f"{place}_learned_percent={percent}")
    for how, source, said, learned in (
        ("fast", Estimate(1.3, 50), plain, {}),
        ("estimate", Estimate(), settings, {}),
        ("learned", Estimate(), settings, {Source.ESTIMATE: percent}),
        ("roads", times, settings, {}),
    ):
        held, visits = 0, 0
        for stops, shift in made:
            asked = Asked([stop.position for stop in stops], [shift.start])
            planned: Driving = drive([source], asked, said, learned)
            truth = drive([times], asked, settings, {})
            (run,) = best_days(stops, [shift], planned).runs
            driven = arrivals(order_of(run), shift, lunch_after=run.lunch_after, travel=truth)
            held += driven.is_feasible
            visits += len(run.stops)
        print(f"{place}_holds_{how}={held / days:.2f}")
        print(f"{place}_visits_{how}={visits / days:.1f}", flush=True)


def main() -> int:
    if not has_engine():
        print("no road engine: osrm-bindings needs Python 3.12 or newer", file=sys.stderr)
        return 0
    days = int(sys.argv[1]) if len(sys.argv) > 1 else DAYS
    missed = False
    with tempfile.TemporaryDirectory() as data:
        for place, (name, box) in PLACES.items():
            file = SHARED / "osm" / name
            if not file.exists():
                print(f"no osm/{name}: set FIELDBOOK_SHARED to the folder that has it", file=sys.stderr)
                continue
            cpu, took, megabytes = import_into(Path(data) / place, file)
            times = Roads(Path(data) / place).now()
            if times is None:
                return 1
            if place == "liechtenstein":
                print(f"import_cpu_s={cpu:.1f}\nimport_s={took:.1f}\nimport_peak_mb={megabytes:.0f}")
                table = measure(times, box)
                missed = cpu > MOST_CPU_S or megabytes > MOST_MB or table > MOST_TABLE_S
            hold(place, times, days)
    return 1 if missed else 0


def measure(times: OsrmTimes, box: tuple[float, float, float, float]) -> float:
    """Print what matrices and legs take; the time of one that was never asked."""
    dice = random.Random(1)
    some = places_in(times, box, 200, dice)
    memory = Remembered(times, Memory())
    fresh = statistics.median(timed(lambda: times.matrix(dice.sample(some, 200))) for _ in range(ROUNDS))
    memory.matrix(some)
    again = statistics.median(timed(lambda: memory.matrix(some)) for _ in range(ROUNDS))
    leg = statistics.median(timed(lambda: times.leg(*dice.sample(some, 2))) for _ in range(200))
    print(f"table_200_s={fresh:.3f}\ntable_200_again_s={again:.4f}\nleg_ms={1000 * leg:.2f}", flush=True)
    return fresh


if __name__ == "__main__":
    sys.exit(main())

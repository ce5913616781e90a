"""How many false fixes are noticed, and how many honest ones accused, on real traces.

    python -m tests.bench.bench_evidence

Needs the shared data (`FIELDBOOK_SHARED`, default ../shared). Each trace is thinned to honest fixes: at least 20 s
after the one before, below 150 km/h; where its time runs backwards, or where it has none, another trace begins. Then
one fault at a time is put into it at a random place (fixed seeds), once with a time of arrival (1 to 10 s after the
fix, as a phone with network sends) and once without (a file of fixes alone). Prints name=value lines: for each kind
`*_faults` (false fixes), `*_flagged_percent`, and `*_after` (honest fixes accused in the same run, of `*_after_of`).
Frozen fixes need a time of arrival to be what they are. Without one, a clock that runs ahead looks like a pause until
it comes back, so those kinds are printed but summed up nowhere. A teleport of few kilometres after a pause may be a
drive below 150 km/h, and is then missed rightly. Ends with status 1 if a goal is missed (flagged: with arrival).
"""

import csv
import math
import os
import random
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.fixes.importing import readings_of
from app.fixes.rules import Reading, judged
from app.kernel.geo import EARTH_RADIUS_M, Position, distance_m

SHARED = Path(os.environ.get("FIELDBOOK_SHARED", "../shared"))
APART = timedelta(seconds=20)
BELOW_MPS = 150 / 3.6
SHORTEST = 20  # honest fixes that a trace needs
ROUNDS = 40  # faults of each kind in each trace
LONGEST_STRETCH = 15
FLAGGED_PERCENT, ACCUSED_PERCENT = 99.0, 0.1

Trace = list[Reading]
Fault = Callable[[Trace, random.Random], tuple[Trace, set[int]]]


def raw_traces(folder: Path) -> Iterator[tuple[str, Trace]]:
    """Each device of the real traces with its fixes, untouched."""
    for path in sorted(folder.glob("*.gpx")):
        with path.open("rb") as file:
            yield path.stem, [reading for reading in readings_of(file) if reading is not None]
    buses: dict[str, Trace] = defaultdict(list)
    with (folder / "liverpool_bus_route14.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            at = datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC)
            buses[row["vehicle_id"]].append(Reading(Position(float(row["latitude"]), float(row["longitude"])), at))
    yield from ((f"bus_{vehicle}", trace) for vehicle, trace in buses.items())


def honest_parts(trace: Trace) -> Iterator[Trace]:
    """The trace thinned to honest fixes, in parts whose time rises."""
    part: Trace = []
    for reading in trace:
        if reading.taken_at is None:
            continue
        if not part:
            part = [reading]
            continue
        last = part[-1]
        assert last.taken_at is not None
        gap = reading.taken_at - last.taken_at
        if gap < timedelta(0):
            yield part
            part = [reading]
        elif gap >= APART and distance_m(last.position, reading.position) < BELOW_MPS * gap.total_seconds():
            part.append(reading)
    if part:
        yield part


def with_arrival(trace: Trace, chance: random.Random) -> Trace:
    """The same as a phone with network would have sent it."""
    return [replace(r, arrived_at=_at(r) + timedelta(seconds=chance.uniform(1, 10))) for r in trace]


def _at(reading: Reading) -> datetime:
    assert reading.taken_at is not None
    return reading.taken_at


# --- Faults: the trace with the fault, and which of its rows are false -----------------------------------------------


def teleport(trace: Trace, chance: random.Random) -> tuple[Trace, set[int]]:
    """One fix 2 to 500 km away."""
    return _displaced(trace, chance, chance.uniform(2_000, 500_000))


def teleport_near(trace: Trace, chance: random.Random) -> tuple[Trace, set[int]]:
    """The same, any magnitude as likely as another: a third of them below 13 km."""
    return _displaced(trace, chance, math.exp(chance.uniform(math.log(2_000), math.log(500_000))))


def _displaced(trace: Trace, chance: random.Random, metres: float) -> tuple[Trace, set[int]]:
    n = chance.randrange(1, len(trace))
    return [*trace[:n], replace(trace[n], position=_away(trace[n].position, metres, chance)), *trace[n + 1 :]], {n}


def _away(start: Position, metres: float, chance: random.Random) -> Position:
    """The end of a great circle (the direct formula on a sphere)."""
    lat, lon, course = math.radians(start.lat), math.radians(start.lon), chance.uniform(0, 2 * math.pi)
    arc = metres / EARTH_RADIUS_M
    to = math.asin(math.sin(lat) * math.cos(arc) + math.cos(lat) * math.sin(arc) * math.cos(course))
    east = math.atan2(math.sin(course) * math.sin(arc) * math.cos(lat), math.cos(arc) - math.sin(lat) * math.sin(to))
    return Position(math.degrees(to), (math.degrees(lon + east) + 540) % 360 - 180)


def replay(trace: Trace, chance: random.Random) -> tuple[Trace, set[int]]:
    """An earlier fix instead of the true one, arriving when that would have."""
    n = chance.randrange(1, len(trace))
    old = trace[chance.randrange(n)]
    return [*trace[:n], replace(old, arrived_at=trace[n].arrived_at), *trace[n + 1 :]], {n}


def _stretch(trace: Trace, chance: random.Random) -> range:
    n = chance.randrange(1, len(trace) - 1)
    return range(n, min(n + chance.randint(2, LONGEST_STRETCH), len(trace)))


def frozen(trace: Trace, chance: random.Random) -> tuple[Trace, set[int]]:
    """The fix time stands still while positions go on."""
    rows = _stretch(trace, chance)
    stuck = trace[rows.start - 1].taken_at
    return [replace(r, taken_at=stuck) if n in rows else r for n, r in enumerate(trace)], set(rows)


def frozen_whole(trace: Trace, chance: random.Random) -> tuple[Trace, set[int]]:
    """Time and position stand still."""
    rows = _stretch(trace, chance)
    stuck = trace[rows.start - 1]
    return [replace(stuck, arrived_at=r.arrived_at) if n in rows else r for n, r in enumerate(trace)], set(rows)


def clock(sign: int, stretch: bool) -> Fault:
    """The clock 2 minutes to 3 years off, any magnitude as likely as another."""

    def fault(trace: Trace, chance: random.Random) -> tuple[Trace, set[int]]:
        rows = _stretch(trace, chance)
        rows = rows if stretch else range(rows.start, rows.start + 1)
        off = sign * timedelta(seconds=math.exp(chance.uniform(math.log(120), math.log(3 * 365 * 86400))))
        return [replace(r, taken_at=_at(r) + off) if n in rows else r for n, r in enumerate(trace)], set(rows)

    return fault


BACK = {"clock_back_one": clock(-1, stretch=False), "clock_back_stretch": clock(-1, stretch=True)}
AHEAD = {"clock_ahead_one": clock(1, stretch=False), "clock_ahead_stretch": clock(1, stretch=True)}
FAULTS: dict[str, Fault] = {"teleport": teleport, "teleport_near": teleport_near, "replayed": replay, **BACK}
FROZEN: dict[str, Fault] = {"frozen_time": frozen, "frozen_whole": frozen_whole}


def measure(name: str, fault: Fault, traces: list[Trace], arrival: bool) -> tuple[int, int, int, int]:
    """False fixes, those flagged, honest fixes from the fault on, those flagged; printed."""
    faults = flagged = honest = accused = 0
    chance = random.Random(name)
    for trace in traces:
        for _ in range(ROUNDS):
            spoiled, false = fault(with_arrival(trace, chance) if arrival else trace, chance)
            found = [bool(reasons) for reasons in judged(spoiled)]
            faults, flagged = faults + len(false), flagged + sum(found[n] for n in false)
            after = found[max(false) + 1 :]
            honest, accused = honest + len(after), accused + sum(after)
    print(f"{name}_faults={faults}\n{name}_flagged_percent={100 * flagged / faults:.2f}")
    print(f"{name}_after_of={honest}\n{name}_after={accused}", flush=True)
    return faults, flagged, honest, accused


def main() -> int:
    """Measure and print."""
    chance, traces, missed = random.Random(1), [], False
    raw = kept = 0
    for name, trace in raw_traces(SHARED / "data" / "gps"):
        parts = list(honest_parts(trace))
        found = [any(judged_row) for judged_row in judged(trace)]
        print(f"evidence_raw_{name}_fixes={len(trace)}\nevidence_raw_{name}_flagged={sum(found)}")
        raw, kept = raw + len(trace), kept + sum(map(len, parts))
        traces += [part for part in parts if len(part) >= SHORTEST]
    print(f"evidence_raw_fixes={raw}\nevidence_thinned_fixes={kept}\nevidence_traces={len(traces)}")
    for arrival in (True, False):
        prefix = "evidence" if arrival else "evidence_no_arrival"
        honest = [found for t in traces for found in judged(with_arrival(t, chance) if arrival else t)]
        share = 100 * sum(map(bool, honest)) / len(honest)
        print(f"{prefix}_honest_fixes={len(honest)}\n{prefix}_honest_flagged_percent={share:.3f}")
        kinds = FAULTS | (FROZEN | AHEAD if arrival else {})
        rows = [measure(f"{prefix}_{name}", fault, traces, arrival) for name, fault in kinds.items()]
        faults, flagged, after, accused = (sum(column) for column in zip(*rows, strict=True))
        print(f"{prefix}_faults={faults}\n{prefix}_flagged_percent={100 * flagged / faults:.2f}")
        print(f"{prefix}_after_of={after}\n{prefix}_after_flagged_percent={100 * accused / after:.3f}")
        missed |= share > ACCUSED_PERCENT or (arrival and 100 * flagged / faults < FLAGGED_PERCENT)
    for name, fault in AHEAD.items():
        measure(f"evidence_no_arrival_{name}", fault, traces, arrival=False)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

"""static/js/day-run.js: the browser's simulator says what app/planning/rules.py says, on days made at random; and
plan-times.js writes it in the same words."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from flask import Flask
from playwright.sync_api import Page

from app.kernel.geo import Position
from app.kernel.hours import Interval
from app.planning.page_times import day_of, places_of
from app.planning.rules import Breach, DayRun, Lunch, Shift, Stop, Travel, arrivals
from app.planning.shown import duration_text
from app.web.ui import distance_text
from tests.e2e.js.conftest import Site

DAYS = 400
MORNING = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
PLACES = [Position(31 + n / 100, 121 + (n * 7 % 10) / 100) for n in range(10)]
ISLAND = PLACES[3]


def travel(seconds: dict[tuple[Position, Position], int | None]) -> Travel:
    def between(origin: Position | None, target: Position | None) -> int | None:
        if target == ISLAND:
            return None
        return 0 if origin is None or target is None or origin == target else seconds[origin, target]

    return between


def a_day(random: Random) -> tuple[list[Stop], Shift, Travel]:
    """Up to eight stops, some closed, unknown or on an island; a lunch or none; a late start, a short shift."""

    def moment(least: int, most: int) -> datetime:
        return MORNING + timedelta(minutes=random.randint(least, most))

    def windows() -> tuple[Interval, ...] | None:
        if random.random() < 0.3:
            return None
        edges = sorted(random.sample(range(0, 660, 15), 2 * random.choice((0, 1, 1, 2, 3))))
        at = [MORNING + timedelta(minutes=each) for each in edges]
        return tuple(zip(at[::2], at[1::2], strict=True))

    def somewhere() -> Position | None:
        return random.choice([None, *PLACES])

    def agreed() -> datetime | None:
        return moment(60, 600) if random.random() < 0.15 else None

    times = {
        (origin, target): None if ISLAND in (origin, target) else random.randint(60, 5400)
        for origin in PLACES
        for target in PLACES
    }
    stops = [
        Stop(
            UUID(int=n),
            somewhere(),
            random.choice((5, 30, 45, 90, 240)),
            windows(),
            moment(60, 600) if random.random() < 0.15 else None,
        )
        for n in range(random.randint(0, 8))
    ]
    noon = moment(150, 240)
    lunch = random.choice((None, Lunch(noon, noon + timedelta(minutes=random.choice((0, 30, 90))), 45)))
    if lunch and random.random() < 0.1:
        lunch = Lunch(lunch.earliest, lunch.latest, 0)
    most = random.choice((None, None, 3, 6))
    return stops, Shift(moment(0, 360), moment(300, 600), somewhere(), somewhere(), lunch, most), travel(times)


def told(run: DayRun) -> dict[str, Any]:
    """As the script says it."""
    return {
        "stops": [
            {
                "id": str(each.stop.id),
                "travel": each.travel_seconds,
                "arrive": int(each.arrive_at.timestamp()),
                "start": int(each.start_at.timestamp()),
                "leave": int(each.leave_at.timestamp()),
                "breaches": list(each.breaches),
            }
            for each in run.stops
        ],
        "lunchAt": int(run.lunch_at.timestamp()) if run.lunch_at else None,
        "lunchAfter": run.lunch_after,
        "finish": int(run.finish_at.timestamp()),
        "travel": run.travel_seconds,
        "breaches": list(run.breaches),
    }


def test_it_says_what_python_says(new_page: Callable[..., Page], site: Site) -> None:
    random = Random(5)
    asked, expected = [], []
    for _ in range(DAYS):
        stops, shift, driving = a_day(random)
        asked.append([[str(stop.id) for stop in stops], day_of(stops, shift, places_of(stops, shift), driving)])
        expected.append(told(arrivals(stops, shift, travel=driving)))
    page = new_page()
    page.goto(site.page("/", ""))
    found = page.evaluate(
        "async (days) => { const { arrivals } = await import('/static/js/day-run.js');"
        " return days.map(([order, day]) => arrivals(order, day)); }",
        asked,
    )
    wrong = [(given, is_, should) for given, is_, should in zip(asked, found, expected, strict=True) if is_ != should]
    assert not wrong, wrong[0]
    said = {breach for run in expected for times in [run, *run["stops"]] for breach in times["breaches"]}
    assert said == set(Breach), "the days have every kind of breach"
    assert {run["lunchAfter"] for run in expected} >= {None, 0, 1, 2, 3}


def test_times_and_distances_are_written_as_python_writes_them(
    new_page: Callable[..., Page], site: Site, app: Flask
) -> None:
    """Also where half a unit is to be rounded."""
    seconds = [*range(0, 400, 10), *range(3_540, 3_700, 10), 7_199, 35_970]
    metres = [*range(130), *range(980, 1_300, 5), 9_949, 9_950, 10_500, 11_500, 999_499, 1_234_500]
    page = new_page()
    page.goto(site.page("/", ""))
    found = page.evaluate(
        "async ([seconds, metres]) => { const { distance, length } = await import('/static/js/plan-times.js');"
        " return [...seconds.map(length), ...metres.map(distance)]; }",
        [seconds, metres],
    )
    with app.test_request_context():
        assert found == [*map(duration_text, seconds), *map(distance_text, metres)]
    assert {"3 min", "1 h", "1.0 km", "1.3 km", "9.9 km", "10 km", "12 km"} <= set(found)

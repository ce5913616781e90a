"""Whether the fixes of a device can be what they say."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.catalogues import TRANSLATED, read_catalogue
from app.fixes.importing import readings_of
from app.fixes.rules import ENOUGH, REASONS, Reading, Reason, Watch, judged
from app.kernel.geo import Position
from tests.shared import shared_file

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
DEGREE_M = 111_195.0  # of latitude
COARSE, STALE, LATE = Reason.TOO_COARSE, Reason.STALE_FIX, Reason.LATE_ARRIVAL
REPLAYED, FROZEN, CLOCK, SPEED = (
    Reason.REPLAYED_FIX, Reason.FROZEN_FIX, Reason.CLOCK_WRONG, Reason.IMPOSSIBLE_SPEED,
)  # fmt: skip


def at(
    minutes: float, metres: float = 0.0, *, arrived: float | None = None, accuracy: float | None = 10, speed: float = 0
) -> Reading:
    """A fix some metres north of the Bund, `minutes` after noon; `arrived` likewise."""
    arrived_at = None if arrived is None else NOON + timedelta(minutes=arrived)
    place = Position(31.2397 + metres / DEGREE_M, 121.4903)
    return Reading(place, NOON + timedelta(minutes=minutes), arrived_at, accuracy, speed)


def reasons(*readings: Reading) -> list[list[Reason]]:
    return [[finding.reason for finding in found] for found in judged(readings)]


def accused(*readings: Reading) -> dict[int, list[Reason]]:
    """The flagged rows, the first is 1."""
    return {row: found for row, found in enumerate(reasons(*readings), 1) if found}


def rows(numbers: Iterable[int], reason: Reason) -> dict[int, list[Reason]]:
    return {number: [reason] for number in numbers}


def walk(start: float, count: int, *, lag: float | None = None, metres: float = 0.0) -> list[Reading]:
    """A fix a minute, 60 m apart."""
    times = [start + n for n in range(count)]
    return [at(t, metres + 60 * t, arrived=None if lag is None else t + lag) for t in times]


def trace(name: str) -> list[Reading]:
    file: Path = shared_file(f"gps/{name}.gpx")
    with file.open("rb") as opened:
        return [reading for reading in readings_of(opened) if reading is not None]


# --- Written scenarios -----------------------------------------------------------------------------------------------


def test_a_walk_is_plausible() -> None:
    assert accused(*walk(0, 30)) == accused(*walk(0, 30, lag=0.1)) == {}


def test_a_coarse_position_is_named_and_is_no_measure_for_the_next() -> None:
    assert accused(at(0), at(1, 3000, accuracy=2500), at(2, 60)) == {2: [COARSE]}
    assert accused(at(0, accuracy=100), at(1, accuracy=None)) == {}


def test_an_old_fix_and_one_that_waited() -> None:
    assert reasons(at(0, arrived=5), at(10, arrived=15.1), at(20, arrived=81)) == [[], [STALE], [STALE, LATE]]


def test_an_offline_day_that_arrives_in_order_is_only_late() -> None:
    assert set(map(tuple, reasons(*(at(60 * n, 900 * n, arrived=600) for n in range(8))))) == {(STALE, LATE)}


def test_one_teleported_fix_leaves_the_next_ones_alone() -> None:
    assert accused(*walk(0, 5), at(5, 80_000), *walk(6, 5)) == {6: [SPEED]}
    assert accused(*walk(0, 1), at(1, 80_000), *walk(2, 5)) == {2: [SPEED]}


def test_a_jump_that_was_believed_does_not_accuse_the_way_back() -> None:
    there = at(2, 2400)  # 2.3 km in a minute: just possible; back in 20 s is not
    assert accused(at(0), at(1), there, at(2 + 1 / 3, 20), at(3, 40)) == {}


def test_who_is_really_there_is_believed_after_a_while() -> None:
    far = [at(5 + n / 10, 80_000 + n) for n in range(12)]
    assert accused(*walk(0, 5), *far) == {row: [SPEED] for row in range(6, 11)}  # as many as before


def test_a_flight_a_train_and_a_ferry_are_possible() -> None:
    assert accused(at(0), at(150, 1_200_000), at(200, 1_201_000)) == {}  # Shanghai to Beijing, 2 h 30 min
    assert accused(at(0), at(23, 84_000)) == {}  # Shanghai to Suzhou by fast train
    assert accused(at(0), at(60, 60_000)) == {}
    assert accused(at(0), at(60, 1_200_000)) == {2: [SPEED]}


def test_fixes_read_in_a_running_train_tell_their_speed() -> None:
    ride = [at(n / 3, 1650 * n, speed=83) for n in range(20)]
    assert accused(*ride) == {}
    assert accused(at(0, speed=0), at(1 / 3, 1650, speed=83)) == {2: [SPEED]}


def test_jitter_within_the_accuracy_is_no_speed() -> None:
    assert accused(at(0, accuracy=100), at(0.02, 190, accuracy=100)) == {}
    assert accused(at(0), at(0.02, 190)) == {2: [SPEED]}


def test_a_replayed_fix_is_the_same_time_and_position_once_more() -> None:
    day = walk(0, 5)
    assert accused(*day, day[2], *walk(5, 3)) == {6: [REPLAYED]}
    assert accused(*day, at(5, 120), *walk(6, 3)) == {}  # the position alone


def test_a_replayed_fix_of_long_ago_still_runs_backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.fixes.rules.KEPT", 3)
    day = walk(0, 8)
    assert accused(*day, day[1], day[7]) == {9: [CLOCK], 10: [REPLAYED]}


def test_a_frozen_fix_stands_still_while_arrival_goes_on() -> None:
    stuck = [at(2, 120 + 30 * n, arrived=2.1 + n) for n in range(1, 4)]
    assert accused(*walk(0, 3, lag=0.1), *stuck, *walk(6, 3, lag=0.1)) == rows((4, 5, 6), FROZEN)
    assert accused(at(0, arrived=0), at(0, arrived=1)) == {2: [REPLAYED, FROZEN]}
    assert accused(at(0), at(0, 30)) == {2: [FROZEN]}  # without arrival another position tells


def test_a_clock_that_runs_backwards() -> None:
    assert accused(*walk(0, 10), at(4.5, 600), *walk(10, 3)) == {11: [CLOCK]}
    assert accused(at(0), at(10), at(5)) == {3: [CLOCK]}
    assert accused(at(0), at(-1 / 60)) == {}  # whole seconds are rounded


def test_a_clock_before_its_arrival() -> None:
    assert accused(at(0, arrived=0), at(5, arrived=1), at(2, arrived=2)) == {2: [CLOCK]}
    assert accused(at(1, arrived=0.1)) == {}  # clocks differ a little


def test_a_clock_that_is_slightly_late_for_a_while_is_seen_for_all_of_it() -> None:
    """It soon passes the last true time; its lag tells that it is still the same clock."""
    false = [at(n - 3, 60 * n, arrived=n + 0.1) for n in range(10, 20)]
    found = accused(*walk(0, 10, lag=0.1), *false, *walk(20, 5, lag=0.1))
    assert found == rows(range(11, 21), CLOCK)


@pytest.mark.parametrize("off", [60, 60 * 24, 60 * 24 * 300])
@pytest.mark.parametrize("stretch", [1, 10])
def test_a_clock_that_jumps_ahead_and_comes_back_accuses_nobody_later(off: int, stretch: int) -> None:
    false = [at(10 + n + off, 60 * (10 + n)) for n in range(stretch)]
    assert accused(*walk(0, 10), *false, *walk(10 + stretch, 10)) == {}  # a pause until it comes back


def test_a_clock_years_ahead_or_before_gps_is_wrong_by_itself() -> None:
    year = 60 * 24 * 367
    assert accused(*walk(0, 5), at(5 + year, 300), *walk(6, 5)) == {6: [CLOCK]}
    assert accused(at(-60 * 24 * 365.25 * 50), at(0), at(1)) == {1: [CLOCK]}


def test_a_clock_that_was_set_is_believed_after_a_while() -> None:
    wrong_at_first = [at(5000 + n, 60 * n) for n in range(3)]
    assert accused(*wrong_at_first, *walk(3, 20)) == rows((4, 5, 6), CLOCK)
    found = accused(*[at(90_000 + n, 60 * n) for n in range(60)], *walk(60, 60))
    assert found == rows(range(61, 61 + ENOUGH), CLOCK)


def test_fixes_without_a_time_are_judged_without_one() -> None:
    here, there = Position(31.2, 121.4), Position(39.9, 116.4)
    assert accused(Reading(here), Reading(there), Reading(there, accuracy_m=5000), at(0)) == {3: [COARSE]}


# --- Real traces -----------------------------------------------------------------------------------------------------


def test_a_real_receiver_with_its_clock_in_1901() -> None:
    found = reasons(*trace("Mojstrovka"))
    assert len(found) == 184
    assert all(CLOCK in each or each == [FROZEN] for each in found)
    assert found[0] == [CLOCK]


def test_a_real_jump_of_184_metres_in_two_seconds() -> None:
    assert accused(*trace("cerknicko-jezero")) == {238: [SPEED]}


def test_a_real_fix_written_twice() -> None:
    (found,) = accused(*trace("run")).values()
    assert found == [REPLAYED]


def test_real_rides_kept_in_the_wrong_order_are_believed_after_a_while() -> None:
    rides = trace("blue_hills")
    found = accused(*rides)
    assert 1 <= len(found) <= ENOUGH
    assert {reason for each in found.values() for reason in each} == {CLOCK}
    first = min(found) - 1
    assert rides[first].taken_at < rides[first - 1].taken_at  # type: ignore[operator] # all have times


@pytest.mark.parametrize("name", ["around-visnjan-with-car", "korita-zbevnica", "cerknicko-without-times"])
def test_real_walks_and_drives_are_plausible(name: str) -> None:
    assert accused(*trace(name)) == {}


# --- What holds always -----------------------------------------------------------------------------------------------

gaps = st.lists(st.floats(20, 86_400), min_size=1, max_size=40)


@given(gaps)
def test_equal_coordinates_accuse_nobody(seconds: list[float]) -> None:
    watch, moment = Watch(), 0.0
    for gap in seconds:
        moment += gap
        assert watch.judge(at(moment / 60)) == ()


@given(
    st.lists(st.tuples(st.floats(1, 600), st.floats(-1.4, 1.4), st.floats(0, 100), st.floats(-1, 1)), max_size=60),
    st.booleans(),
)
def test_an_honest_walk_is_plausible_whatever_the_jitter(
    steps: list[tuple[float, float, float, float]], tells: bool
) -> None:
    watch, moment, place = Watch(), 0.0, 0.0
    for seconds, pace, accuracy, jitter in steps:
        moment, place = moment + seconds, place + seconds * pace
        error = jitter * (accuracy if tells else 30)
        fix = at(moment / 60, place + error, accuracy=accuracy if tells else None, arrived=moment / 60 + 0.2)
        assert watch.judge(fix) == ()


@given(st.integers(2, 30), st.data())
def test_nothing_is_sorted(hours: int, data: st.DataObject) -> None:
    """A day in its order is plausible; the same fixes with two neighbours in the wrong order are not."""
    day = [at(60 * n, 60 * n) for n in range(hours)]
    first = data.draw(st.integers(0, hours - 2))
    swapped = [*day[:first], day[first + 1], day[first], *day[first + 2 :]]
    assert accused(*day) == {}
    assert CLOCK in accused(*swapped)[first + 2]


@given(st.lists(st.tuples(st.integers(-60, 400), st.integers(-50, 50)), max_size=30), st.integers(-30, 60))
@settings(max_examples=60)
def test_the_same_fixes_on_another_day_are_judged_alike(rows: list[tuple[int, int]], years: int) -> None:
    day = timedelta(days=365.25 * years)
    readings = [at(minutes, 1000 * km) for minutes, km in rows]
    moved = [Reading(r.position, r.taken_at + day, None, r.accuracy_m) for r in readings if r.taken_at]
    assert reasons(*readings) == reasons(*moved)


@given(st.lists(st.tuples(st.integers(-60, 400), st.integers(-50, 50)), max_size=30), st.integers(0, 30))
def test_what_comes_later_changes_no_earlier_judgement(rows: list[tuple[int, int]], cut: int) -> None:
    readings = [at(minutes, 1000 * km) for minutes, km in rows]
    assert reasons(*readings)[:cut] == reasons(*readings[:cut])


# --- In words --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", *TRANSLATED])
def test_each_reason_is_a_sentence_in_each_language(language: str) -> None:
    found = [
        finding
        for case in (
            [at(0, accuracy=2500, arrived=120)],
            [at(0), at(0), at(0, 20), at(1, 90_000), at(-5)],
        )
        for judged_row in judged(case)
        for finding in judged_row
    ]
    assert {finding.reason for finding in found} == set(Reason) == set(REASONS)
    catalogue = None if language == "en" else read_catalogue(language)
    for finding in found:
        message = REASONS[finding.reason]
        entry = catalogue.get(message) if catalogue is not None else None
        text = message if catalogue is None else str(entry.string if entry else "")
        assert text and "%" not in text % finding.params

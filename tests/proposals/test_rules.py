"""Where check-ins say that a place is."""

import csv
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from math import cos, radians
from typing import Any
from uuid import UUID

import pytest

from app.kernel.geo import Position, distance_m
from app.kernel.ids import new_id
from app.proposals.rules import AGREE_M, ENOUGH_DAYS, KnownPlace, Proposal, Witness, bearing_of, propose
from tests.shared import shared_file

HERE = Position(31.2397, 121.4903)
NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)
SHOP, STORE = new_id(), new_id()
METRE = 1 / 111_195.0  # degrees of latitude


def off(north: float, east: float = 0.0, start: Position = HERE) -> Position:
    """So many metres from there."""
    lon = start.lon + east * METRE / cos(radians(start.lat))
    return Position(start.lat + north * METRE, (lon + 180) % 360 - 180)


def place(position: Position | None = HERE, certainty: str = "exact", radius: float = 150) -> KnownPlace:
    return KnownPlace(SHOP, position, certainty if position else "none", radius)


def seen(day: int, position: Position, stored: Position | None = HERE, **given: Any) -> Witness:
    """A check-in at noon of that day, found on site."""
    at = NOON + timedelta(days=day)
    usual: dict[str, Any] = {"accuracy_m": 10.0, "is_trusted": True, "is_accepted": False, "place_id": SHOP}
    measured = distance_m(position, stored) if stored else None
    return Witness(new_id(), at=at, day=at.date(), position=position, measured_m=measured, **usual | given)


def days(*positions: Position, stored: Position | None = HERE, **given: Any) -> list[Witness]:
    return [seen(day, position, stored, **given) for day, position in enumerate(positions)]


def only(found: list[Proposal]) -> Proposal:
    assert len(found) == 1
    return found[0]


# --- A better position -----------------------------------------------------------------------------------------------


def test_three_days_that_agree_propose_their_median() -> None:
    fixes = days(off(90), off(96, 5), off(101, -4))
    found = only(propose([place()], fixes, {}))
    assert found.place_id == SHOP
    assert distance_m(found.position, off(96)) < 1
    assert found.visits == tuple(each.visit_id for each in fixes)
    assert found.days == (date(2026, 3, 10), date(2026, 3, 11), date(2026, 3, 12))
    assert found.shift_m == pytest.approx(96, abs=1)


@pytest.mark.parametrize(
    ("fixes", "why"),
    [
        (days(off(90), off(96)), "two days"),
        ([seen(0, off(90)), seen(0, off(95)), seen(0, off(92)), seen(1, off(90))], "four times on two days"),
        (days(off(20), off(30), off(35)), "within a phone's error"),
        (days(off(90), off(95), off(92), accuracy_m=60.0), "coarse"),
        (days(off(90), off(95), off(92), is_trusted=False), "off site, and nobody has accepted it"),
        (days(off(90), off(-80), off(0, 120), off(0, -120)), "all over"),
        (days(off(160), off(165), off(162), off(0), off(2), off(-3)), "half of them are where it stands"),
        (days(off(90), off(95), off(92), stored=off(400)), "judged by where the place was before"),
        (days(off(90), off(95), off(92), stored=None), "judged before it had a position"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_what_proposes_nothing(fixes: list[Witness], why: str) -> None:
    assert propose([place()], fixes, {}) == [], why


def test_a_stray_fix_does_not_pull_it_away() -> None:
    found = only(propose([place()], days(off(90), off(92), off(94), off(96), off(145, 90)), {}))
    assert distance_m(found.position, off(93)) < 2
    assert len(found.visits) == 4


@pytest.mark.parametrize("stored", [place(None), place(off(5), "approximate"), place(off(900), "approximate")])
def test_a_place_that_is_not_located_takes_what_three_days_agree_on(stored: KnownPlace) -> None:
    found = only(propose([stored], days(off(0), off(3), off(-2), stored=stored.position), {}))
    assert distance_m(found.position, HERE) < 3
    assert found.shift_m == (None if stored.position is None else pytest.approx(distance_m(stored.position, HERE), 1))


def test_a_wide_place_has_its_position_in_the_middle() -> None:
    fixes = days(off(200), off(205), off(195))
    assert propose([place(radius=1000)], fixes, {}) == []
    assert propose([place(radius=700)], fixes, {}) != []


def test_adopted_it_proposes_nothing_more_and_what_was_refused_waits_for_new_days() -> None:
    fixes = days(off(90), off(96), off(101))
    found = only(propose([place()], fixes, {}))
    assert propose([place(found.position)], fixes, {}) == []
    later = [seen(day, off(95)) for day in (5, 6)]
    refused: dict[UUID | None, datetime] = {SHOP: NOON + timedelta(days=4)}
    assert propose([place()], [*fixes, *later], refused) == []
    assert len(only(propose([place()], [*fixes, *later, seen(7, off(96))], refused)).visits) == ENOUGH_DAYS


def test_the_border_of_180_degrees_is_none() -> None:
    taveuni = Position(-16.8, 179.9999)
    fixes = days(off(0, 5, taveuni), off(0, 60, taveuni), off(0, 80, taveuni), stored=taveuni)
    assert {each.position.lon < 0 for each in fixes} == {True, False}
    found = only(propose([place(taveuni)], fixes, {}))
    assert distance_m(found.position, fixes[1].position) < 2


# --- A new place -----------------------------------------------------------------------------------------------------


def test_accepted_visits_elsewhere_propose_a_new_place() -> None:
    home = days(off(3), off(-2), off(1), off(4))
    away = [seen(day, off(800 + day), is_accepted=True) for day in (10, 11, 12)]
    found = only(propose([place()], [*home, *away], {}))
    assert found.place_id is None
    assert distance_m(found.position, off(811)) < 2
    assert found.shift_m is None
    assert propose([place(), replace(place(off(811)), id=STORE)], [*home, *away], {}) == [], "known by now"
    assert propose([place()], [*home, *away], {None: NOON + timedelta(days=11)}) == []
    assert propose([place()], [*home, *away[:2]], {}) == []
    assert propose([place()], [*home, *(replace(each, is_accepted=False) for each in away)], {}) == []


def test_where_all_went_elsewhere_the_place_itself_has_moved() -> None:
    away = [seen(day, off(800 + day), is_accepted=True) for day in (10, 11, 12)]
    assert only(propose([place()], away, {})).place_id == SHOP
    refused: dict[UUID | None, datetime] = {SHOP: NOON + timedelta(days=20)}
    assert only(propose([place()], away, refused)).place_id is None, "then it is another one"


def test_the_densest_of_several_is_proposed_first() -> None:
    home = days(*[off(0)] * 9)
    few = [seen(day, off(900), is_accepted=True) for day in (10, 11, 12)]
    many = [seen(day, off(-900), is_accepted=True) for day in (13, 14, 15, 16)]
    assert len(only(propose([place()], [*home, *few, *many], {})).visits) == 4


def test_accepted_visits_all_over_the_town_are_no_place() -> None:
    home = days(*[off(0)] * 9)
    away = [seen(day, off(500 + 3 * AGREE_M * day, 100 * day), is_accepted=True) for day in range(10, 18)]
    assert propose([place()], [*home, *away], {}) == []


# --- Real positions --------------------------------------------------------------------------------------------------


def stays() -> dict[str, list[Position]]:
    """Where real buses stood: positions that one vehicle told twice or more, within a minute or so, on its way."""
    found: dict[str, list[Position]] = {}
    last: dict[str, tuple[str, str]] = {}
    with shared_file("gps/liverpool_bus_route14.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            told = (row["latitude"], row["longitude"])
            if last.get(row["vehicle_id"]) == told:
                found.setdefault(row["vehicle_id"], []).append(Position(float(told[0]), float(told[1])))
            last[row["vehicle_id"]] = told
    return found


def test_real_buses_find_their_terminus_and_no_stop_on_the_way() -> None:
    """Each vehicle's longest stay as a day's check-in: where three of them stood is found, whatever is stored."""
    by_vehicle = stays()
    all_stays = [position for positions in by_vehicle.values() for position in positions]
    around = {each: sum(distance_m(each, other) <= 50 for other in all_stays) for each in set(all_stays)}
    terminus = max(around, key=lambda each: around[each])
    there = [
        min(positions, key=lambda each: distance_m(each, terminus))
        for positions in by_vehicle.values()
        if any(distance_m(each, terminus) <= 50 for each in positions)
    ]
    assert len(there) >= ENOUGH_DAYS
    stored = off(120, 0, terminus)
    found = only(propose([place(stored)], days(*there, stored=stored), {}))
    assert distance_m(found.position, terminus) <= 50
    driving = [positions[len(positions) // 2] for positions in by_vehicle.values() if positions]
    scattered = [each for each in driving if distance_m(each, terminus) > 1000][:12]
    assert len(scattered) >= 2
    spread = max(distance_m(one, other) for one in scattered for other in scattered)
    if spread > 10 * AGREE_M:
        assert all(
            len(each.visits) < len(scattered) for each in propose([place(stored)], days(*scattered, stored=stored), {})
        )


@pytest.mark.parametrize(
    ("to", "eighth"), [((1, 0), 0), ((1, 1), 1), ((0, 1), 2), ((-1, 1), 3), ((-1, 0), 4), ((0, -1), 6), ((1, -1), 7)]
)
def test_directions(to: tuple[int, int], eighth: int) -> None:
    for start in (HERE, Position(64.1, -21.9), Position(-33.9, 151.2)):
        assert bearing_of(start, off(80 * to[0], 80 * to[1], start)) == eighth

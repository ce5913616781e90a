from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.infra.remembered import Memory, Remembered
from app.kernel.geo import Position
from app.kernel.travel import Estimate, Leg, Matrix, RoadsFailedError, Source


class Counting:
    """An estimate under the name of roads, which counts how often it is asked."""

    source = Source.ROADS

    def __init__(self, version: str = "1") -> None:
        self.version = version
        self.asked = 0
        self.fails = False

    def matrix(self, positions: Sequence[Position]) -> Matrix:
        self.asked += 1
        if self.fails:
            raise RoadsFailedError
        return Estimate().matrix(positions)

    def leg(self, origin: Position, target: Position) -> Leg:
        self.asked += 1
        return Estimate().leg(origin, target)


HERE, THERE = Position(47.1234567, 9.5), Position(47.2, 9.6)


def test_what_was_asked_before_is_not_asked_again() -> None:
    times, memory = Counting(), Memory()
    first = Remembered(times, memory).matrix([HERE, THERE])
    assert Remembered(times, memory).matrix([HERE, THERE]) is first
    assert Remembered(times, memory).matrix([Position(47.1234571, 9.5), THERE]) is first, "within a metre"
    assert times.asked == 1
    Remembered(times, memory).matrix([THERE, HERE])
    Remembered(times, memory).matrix([Position(47.12347, 9.5), THERE])
    assert times.asked == 3
    leg = Remembered(times, memory).leg(HERE, THERE)
    assert Remembered(times, memory).leg(HERE, THERE) is leg and times.asked == 4


def test_new_roads_are_asked_anew() -> None:
    memory, old, new = Memory(), Counting("1"), Counting("2")
    for times in (old, new):
        Remembered(times, memory).matrix([HERE, THERE])
        Remembered(times, memory).leg(HERE, THERE)
    assert old.asked == new.asked == 2


def test_a_failure_is_not_remembered() -> None:
    times, memory = Counting(), Memory()
    times.fails = True
    with pytest.raises(RoadsFailedError):
        Remembered(times, memory).matrix([HERE])
    times.fails = False
    assert Remembered(times, memory).matrix([HERE]).seconds == ((0,),)


@given(st.lists(st.integers(0, 12), max_size=60))
def test_memory_is_bounded_and_the_longest_unused_goes_first(keys: list[int]) -> None:
    memory, expected = Memory(10), []
    for key in keys:
        assert memory.get(key, 2, lambda key=key: key) == key  # type: ignore[misc]
        expected = [*(each for each in expected if each != key), key][-5:]
    assert list(memory._kept) == expected
    assert memory.get("large", 11, lambda: "large") == "large"
    assert list(memory._kept) == expected, "what is too large for it pushes nothing out"

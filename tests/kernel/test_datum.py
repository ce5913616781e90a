"""The datum shift: known pairs, the way back, and the places that are not shifted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel import datum
from app.kernel.geo import Position, distance_m


def everywhere(_: Position) -> bool:
    return True


def nowhere(_: Position) -> bool:
    return False


# Pairs made by the reference implementations in common use (the series is deterministic; 1e-6 degrees is 0.1 m).
@pytest.mark.parametrize(
    ("wgs84", "gcj02"),
    [
        ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),  # Shanghai, eviltransform's own test
        ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),  # Shenzhen, eviltransform's own test
        ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),  # Beijing, eviltransform's own test
    ],
)
def test_known_pairs(wgs84: tuple[float, float], gcj02: tuple[float, float]) -> None:
    shifted = datum.to_gcj02(Position(*wgs84), everywhere)
    assert (shifted.lat, shifted.lon) == pytest.approx(gcj02, abs=1e-6)


@given(st.builds(Position, st.floats(18, 54), st.floats(73, 135)))
def test_there_and_back_is_the_same_place(place: Position) -> None:
    shifted = datum.to_gcj02(place, everywhere)
    assert distance_m(place, shifted) < 1200
    assert distance_m(datum.to_wgs84(shifted, everywhere), place) < 2e-6


def test_outside_nothing_moves() -> None:
    taipei = Position(25.03396, 121.56447)
    assert datum.to_gcj02(taipei, nowhere) == taipei
    assert datum.to_wgs84(taipei, nowhere) == taipei


def test_the_way_back_asks_about_the_true_place() -> None:
    place = Position(31.1774276, 121.5272106)
    shifted = datum.to_gcj02(place, everywhere)
    assert distance_m(datum.to_wgs84(shifted, lambda asked: distance_m(asked, place) < 1), place) < 1e-5

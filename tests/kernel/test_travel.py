import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.geo import Position, distance_m
from app.kernel.travel import Estimate, Matrix, NoWay, Source

OFFICE = Position(31.23, 121.47)
HOUR_NORTH = Position(31.23 + 35_000 / 1.4 / 111_195, 121.47)
POSITIONS = st.builds(Position, st.floats(-80, 80), st.floats(-180, 180))


def test_the_estimate_is_one_point_four_times_the_great_circle_at_35_kmh() -> None:
    estimate = Estimate()
    assert estimate.between(OFFICE, HOUR_NORTH) == pytest.approx(3600, abs=2)
    assert estimate.between(OFFICE, OFFICE) == 0
    assert estimate.between(None, OFFICE) == estimate.between(OFFICE, None) == 0
    assert Estimate(1.4, 70).between(OFFICE, HOUR_NORTH) == pytest.approx(1800, abs=2)
    assert Estimate(2.8, 35).between(OFFICE, HOUR_NORTH) == pytest.approx(7200, abs=3)


@given(st.lists(POSITIONS, max_size=6))
def test_the_estimate_knows_every_way_and_is_the_same_both_ways(positions: list[Position]) -> None:
    matrix = Estimate().matrix(positions)
    assert len(matrix.seconds) == len(matrix.metres) == len(positions)
    for n, origin in enumerate(positions):
        for m, target in enumerate(positions):
            leg = Estimate().leg(origin, target)
            assert (matrix.seconds[n][m], matrix.metres[n][m]) == (leg.seconds, leg.metres)
            assert matrix.metres[n][m] == pytest.approx(1.4 * distance_m(origin, target), abs=0.5)
            assert abs((matrix.seconds[n][m] or 0) - (matrix.seconds[m][n] or 0)) <= 1
            assert matrix.why(n, m) is None and leg.line == (origin, target)


def test_another_estimate_has_another_version() -> None:
    """Else what was remembered of one would be given for the other."""
    assert len({Estimate().version, Estimate(1.5).version, Estimate(1.4, 50).version}) == 3
    assert Estimate().source is Source.ESTIMATE


def test_a_matrix_says_why_it_has_no_number() -> None:
    seconds = ((0, 60, None, None), (60, 0, None, None), (None, None, 0, None), (None, None, None, None))
    matrix = Matrix(seconds, seconds, {3: NoWay.OFF_ROAD})
    assert matrix.why(0, 1) is None
    assert matrix.why(0, 2) is NoWay.NO_WAY
    assert matrix.why(3, 0) is matrix.why(0, 3) is matrix.why(3, 3) is NoWay.OFF_ROAD

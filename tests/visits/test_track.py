"""A rep's day as a way: joined where it is known, with gaps where it is not."""

from datetime import UTC, datetime, timedelta

import pytest

from app.kernel.geo import Position, distance_m
from app.visits.track import Gap, Leg, Stop, joined, legs_of

MORNING = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)
A, B, C, D = (Position(31.2 + n / 50, 121.4) for n in range(4))


def stop(minutes: int, where: Position | None, stays: int | None = 20) -> Stop:
    begun = MORNING + timedelta(minutes=minutes)
    return Stop(begun, None if stays is None else begun + timedelta(minutes=stays), where)


def test_a_whole_day_is_one_line_of_estimated_length() -> None:
    stops = [stop(0, A), stop(50, B), stop(120, C)]
    legs = legs_of(stops)
    assert [leg.minutes for leg in legs] == [30, 50]
    assert sum(leg.metres for leg in legs) == pytest.approx(1.4 * (distance_m(A, B) + distance_m(B, C)))
    assert joined(stops, legs) == [[A, B, C]]


def test_a_visit_without_a_position_is_a_gap_on_both_sides() -> None:
    stops = [stop(0, A), stop(40, B), stop(80, None), stop(120, C), stop(160, D)]
    legs = legs_of(stops)
    assert [leg.gap for leg in legs] == [None, Gap.NO_POSITION, Gap.NO_POSITION, None]
    assert joined(stops, legs) == [[A, B], [C, D]], "B and C are not joined over the gap"
    assert legs[1].metres == legs[2].metres == 0


def test_hours_without_a_sign_are_a_gap() -> None:
    stops = [stop(0, A), stop(20 + 181, B), stop(260, C)]
    legs = legs_of(stops)
    assert [leg.gap for leg in legs] == [Gap.TOO_LONG, None]
    assert joined(stops, legs) == [[B, C]]
    assert legs_of([stop(0, A), stop(20 + 180, B)])[0].gap is None


def test_who_did_not_check_out_left_at_once_and_time_never_runs_back() -> None:
    assert legs_of([stop(0, A, stays=None), stop(30, A)]) == [Leg(0.0, 30)]
    assert legs_of([stop(0, A, stays=60), stop(30, A)])[0].minutes == 0


@pytest.mark.parametrize("stops", [[], [stop(0, A)], [stop(0, None), stop(40, None)]])
def test_a_day_of_nothing_has_no_lines(stops: list[Stop]) -> None:
    assert joined(stops, legs_of(stops)) == []

"""Which source a plan takes, and what is made of its seconds."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.errors import InvalidError
from app.kernel.geo import Position
from app.kernel.travel import OSM, Estimate, Leg, Matrix, NoWay, RoadsFailedError, Source
from app.planning.driving import BOUNDS, Asked, Lack, TravelSettings, drive

HOME, NEAR, FAR = Position(47.0, 9.0), Position(47.01, 9.0), Position(47.05, 9.0)
HUT = Position(47.02, 9.2)
PLAIN = TravelSettings(parking_minutes=0)


class Roads:
    """Twice as slow as the estimate; some positions are off."""

    source = Source.ROADS
    version = "1"

    def __init__(self, off: dict[Position, NoWay] | None = None, fails: bool = False) -> None:
        self.off, self.fails = off or {}, fails

    def matrix(self, positions: Sequence[Position]) -> Matrix:
        if self.fails:
            raise RoadsFailedError
        whole = Estimate(1.4, 17.5).matrix(positions)
        off = {n: self.off[position] for n, position in enumerate(positions) if position in self.off}
        cells = [
            tuple(
                tuple(None if off.keys() & {n, m} else number for m, number in enumerate(row))
                for n, row in enumerate(rows)
            )
            for rows in (whole.seconds, whole.metres)
        ]
        return Matrix(cells[0], cells[1], off)

    def leg(self, origin: Position, target: Position) -> Leg:
        if self.fails:
            raise RoadsFailedError
        if {origin, target} & self.off.keys():
            return Leg(None, None, why=NoWay.OFF_ROAD)
        corner = Position(origin.lat, target.lon + 0.001)
        return Leg(60, 500, (origin, corner, target))


def asked(*stops: Position | None, home: Position | None = HOME) -> Asked:
    return Asked(stops, (home, home))


def test_the_first_source_that_answers_is_taken() -> None:
    driving = drive([Roads(), Estimate()], asked(NEAR, FAR), PLAIN, {})
    assert (driving.source, driving.lacks, driving.attribution) == (Source.ROADS, (), OSM)
    assert driving(HOME, NEAR) == pytest.approx(2 * Estimate().between(HOME, NEAR), abs=1)
    assert drive([Estimate()], asked(NEAR), PLAIN, {}).attribution == ""


def test_a_failure_falls_back_and_is_said() -> None:
    driving = drive([Roads(fails=True), Roads(fails=True), Estimate()], asked(NEAR), PLAIN, {})
    assert (driving.source, driving.lacks) == (Source.ESTIMATE, (Lack.SERVER_FAILED,))
    assert driving(HOME, NEAR) == Estimate().between(HOME, NEAR)
    with pytest.raises(ValueError, match="the last source"):
        drive([Roads(fails=True)], asked(NEAR), PLAIN, {})


def test_where_the_roads_of_a_country_are_missing_the_day_is_estimated() -> None:
    driving = drive([Roads({FAR: NoWay.OFF_MAP}), Estimate()], asked(NEAR, FAR), PLAIN, {})
    assert (driving.source, driving.lacks) == (Source.ESTIMATE, (Lack.OFF_MAP,))
    driving = drive([Roads({HOME: NoWay.OFF_ROAD}), Estimate()], asked(NEAR, FAR), PLAIN, {})
    assert driving.source is Source.ESTIMATE, "nobody could leave home"


def test_a_stop_without_a_road_has_no_way() -> None:
    driving = drive([Roads({HUT: NoWay.OFF_ROAD}), Estimate()], asked(NEAR, HUT), PLAIN, {})
    assert driving.source is Source.ROADS
    assert driving(HOME, HUT) is driving(NEAR, HUT) is driving(HUT, NEAR) is driving(None, HUT) is None
    assert driving(HOME, NEAR) is not None
    assert driving.metres([HOME, HUT, NEAR]) == driving.metres([HOME, NEAR])
    assert driving.line([HOME, HUT]) == [HOME, HUT], "straight, where nobody knows better"


@given(st.integers(50, 300), st.integers(0, 60))
def test_speed_and_parking(percent: int, parking: int) -> None:
    settings = TravelSettings(parking_minutes=parking)
    driving = drive([Estimate()], asked(NEAR, FAR, None), settings, {Source.ESTIMATE: percent, Source.ROADS: 300})
    plain = Estimate().between(HOME, FAR)
    assert driving(HOME, FAR) == pytest.approx(plain * percent / 100 + 60 * parking, abs=0.5)
    assert driving(HOME, HOME) == 0, "who stays does not park"
    assert driving(None, FAR) == driving(HOME, None) == 0
    switched_off = TravelSettings(parking_minutes=parking, use_learned=False)
    assert drive([Estimate()], asked(FAR), switched_off, {Source.ESTIMATE: percent})(HOME, FAR) == plain + 60 * parking


def test_the_line_follows_the_roads() -> None:
    driving = drive([Roads(), Estimate()], asked(NEAR, FAR), PLAIN, {})
    assert driving.line([]) == [] and driving.line([HOME]) == [HOME]
    line = driving.line([HOME, NEAR, NEAR, FAR])
    assert [line[0], line[2], line[-1]] == [HOME, NEAR, FAR] and len(line) == 6
    legs = driving.legs([HOME, NEAR, NEAR])
    assert [(leg.seconds, leg.metres) for leg in legs] == [(60, 500), (0, 0)]
    assert drive([Estimate()], asked(NEAR), PLAIN, {}).line([HOME, NEAR, FAR]) == [HOME, NEAR, FAR]


def test_the_line_is_straight_where_the_source_fails_meanwhile() -> None:
    roads = Roads()
    driving = drive([roads, Estimate()], asked(NEAR), PLAIN, {})
    roads.fails = True
    assert driving.line([HOME, NEAR]) == [HOME, NEAR]


def test_numbers_out_of_bounds_are_refused_at_their_field() -> None:
    TravelSettings().check()
    for name, (least, most) in BOUNDS.items():
        for wrong in (least - 1, most + 1):
            with pytest.raises(InvalidError) as refused:
                TravelSettings(**{name: wrong}).check()
            assert refused.value.field == name
        TravelSettings(**{name: least}).check()
        TravelSettings(**{name: most}).check()

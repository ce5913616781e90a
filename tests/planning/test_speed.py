"""How fast a team drives, learned from its visits."""

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from app.accounts.models import Place
from app.infra.db import db, transact
from app.infra.queue import Worker, enqueue
from app.kernel.geo import Position
from app.kernel.ids import new_id
from app.kernel.travel import Estimate, Source
from app.planning.driving import Asked
from app.planning.jobs import LEARN_SPEEDS
from app.planning.learning import find_speeds, keep_speeds
from app.planning.models import TeamSpeed
from app.planning.speed import BELIEVED, FEWEST_DRIVES, Gap, learn, may_be_a_drive
from app.planning.travel import find_driving, list_days, list_team_speeds
from app.visits.models import CheckIn, CheckOut, Visit
from tests.conftest import Cast
from tests.planning.conftest import OFFICE, Stage

MORNING = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)  # a Friday, 9:00 in Shanghai
ZONE = "Asia/Shanghai"
PARKING = 120


def gap(seconds: float, left_at: datetime = MORNING) -> Gap:
    return Gap(left_at, left_at + timedelta(seconds=seconds))


def drives(ratio: float, count: int, seconds: int = 900) -> list[tuple[Gap, int | None]]:
    return [(gap(ratio * seconds + PARKING), seconds) for _ in range(count)]


# --- The rule --------------------------------------------------------------------------------------------------------


@given(st.floats(0.5, 3), st.integers(FEWEST_DRIVES, 200))
def test_a_team_that_always_takes_as_long(ratio: float, count: int) -> None:
    learned = learn(drives(ratio, count), PARKING)
    assert learned is not None and learned.drives == count and learned.since == MORNING
    assert learned.percent == pytest.approx(100 * ratio, abs=0.51)


@given(st.floats(0.6, 2.0), st.lists(st.floats(0, 20_000), max_size=15), st.randoms())
def test_a_third_of_outliers_does_not_move_it(ratio: float, others: list[float], dice: random.Random) -> None:
    mixed = [*drives(ratio, 31), *((gap(seconds), 900) for seconds in others)]
    dice.shuffle(mixed)
    learned = learn(mixed, PARKING)
    assert learned is not None and learned.percent == pytest.approx(100 * ratio, abs=0.51)


@given(st.lists(st.tuples(st.floats(-1000, 30_000), st.none() | st.integers(-5, 20_000)), max_size=120))
def test_whatever_comes_it_is_within_bounds_or_nothing(some: list[tuple[float, int | None]]) -> None:
    given_ = [(gap(seconds), expected) for seconds, expected in some]
    learned = learn(given_, PARKING)
    assert learned == learn(reversed(given_), PARKING), "in any order"
    if learned is not None:
        assert BELIEVED[0] <= learned.percent <= BELIEVED[1] and FEWEST_DRIVES <= learned.drives <= len(some)


def test_two_of_three_drives_take_no_longer() -> None:
    spread = [each for n in range(90) for each in drives(0.7 + n / 100, 1)]
    learned = learn(spread, PARKING)
    assert learned is not None and learned.percent == pytest.approx(70 + 60, abs=1)


def test_too_few_or_too_short_drives_say_nothing() -> None:
    assert learn(drives(1.5, FEWEST_DRIVES - 1), PARKING) is None
    assert learn(drives(1.5, 100, seconds=179), PARKING) is None
    assert learn([(gap(900), None)] * 100, PARKING) is None
    assert learn(drives(5.0, 100), PARKING) is None, "nobody drives like that"
    assert learn(drives(3.2, 100), PARKING) is None and learn(drives(0.4, 100), PARKING) is None, "nor a whole team"


@pytest.mark.parametrize(
    ("leaves", "arrives", "expected"),
    [
        ((9, 0), (9, 20), True),
        ((11, 30), (12, 0), True),
        ((11, 30), (12, 10), False),  # lunch from 12:00, begun by 13:30, 45 minutes
        ((13, 0), (13, 30), False),
        ((14, 0), (14, 20), False),
        ((14, 15), (14, 40), True),
        ((9, 0), (9, 0), False),
        ((9, 20), (9, 0), False),
        ((14, 30), (17, 30), True),
        ((14, 30), (17, 31), False),
        ((23, 30), (24, 10), False),  # another day
    ],
)
def test_what_may_be_a_drive(leaves: tuple[int, int], arrives: tuple[int, int], expected: bool) -> None:
    midnight = datetime(2026, 11, 19, 16, 0, tzinfo=UTC)
    left, arrived = (midnight + timedelta(hours=hour, minutes=minute) for hour, minute in (leaves, arrives))
    assert may_be_a_drive(Gap(left, arrived), ZONE, 12 * 60, 45) is expected
    if arrived > left and arrived - left < timedelta(hours=1) and expected is False and leaves[0] < 20:
        assert may_be_a_drive(Gap(left, arrived), ZONE, 12 * 60, 0), "who has no lunch drives through it"


# --- From the visits -------------------------------------------------------------------------------------------------


def visited(cast: Cast, stage: Stage, now: datetime, days: int, ratio: float, **odd: object) -> None:
    """Rita drives between near and far on each of the days before, four drives a day, so many times as slow as the
    estimate. Inside a transaction."""
    ends = {stage.near: Position(31.2304, 121.4837), stage.far: Position(31.2304, 121.5537)}
    seconds = Estimate().between(*ends.values()) * ratio + PARKING
    for day in range(1, days + 1):
        at = (now - timedelta(days=day)).replace(hour=6, minute=20, second=0, microsecond=0)  # 14:20 in Shanghai
        for number in range(5):
            account = list(ends)[number % 2]
            visit = Visit(
                id=new_id(), account_id=account, place_id=_place(account), rep_id=cast.rita.id, planned_on=at.date(),
                created_at=at, planned=False,
            )  # fmt: skip
            facts = {"verdict": "on_site", "verdict_reason": "within_radius", **odd}
            estimated = bool(facts.pop("estimated", False))
            db.session.add(visit)
            db.session.flush()
            db.session.add(CheckIn(visit_id=visit.id, at=at, person_id=cast.rita.id, received_at=at, **facts))
            at += timedelta(minutes=10)
            db.session.add(CheckOut(visit_id=visit.id, at=at, received_at=at, estimated=estimated))
            at += timedelta(seconds=seconds)
    db.session.flush()


def _place(account: UUID) -> UUID:
    return db.session.scalars(select(Place.id).where(Place.account_id == account)).one()


def run_job(app: object) -> None:
    transact(lambda: enqueue(LEARN_SPEEDS.name, {}, None, datetime.now(UTC)))
    worker = Worker(app, [LEARN_SPEEDS])  # type: ignore[arg-type]
    while worker.step():
        pass


def test_the_job_learns_and_plans_use_it(cast: Cast, stage: Stage, app: object) -> None:
    transact(lambda: visited(cast, stage, datetime.now(UTC), 10, 1.6))
    run_job(app)
    (line,) = list_team_speeds()
    assert (line.team, line.source, line.percent, line.drives) == ("Shanghai", Source.ESTIMATE, 160, 40)
    assert timedelta(days=9) < datetime.now(UTC) - line.since < timedelta(days=12)
    near = Position(31.2304, 121.4837)
    for team, percent in ((cast.teams["shanghai"], 160), (cast.teams["britain"], 100)):
        driving = find_driving(team, Asked([near], [OFFICE]))
        assert driving.speed_percent == percent
        assert driving(OFFICE, near) == round(Estimate().between(OFFICE, near) * percent / 100) + PARKING
    run_job(app)
    assert len(list_team_speeds()) == 1, "it runs again and changes nothing"


@pytest.mark.parametrize(
    "odd", [{"verdict": "uncertain"}, {"clock_doubtful": True}, {"estimated": True}], ids=lambda odd: next(iter(odd))
)
def test_doubtful_visits_teach_nothing(cast: Cast, stage: Stage, odd: dict[str, object]) -> None:
    now = datetime.now(UTC)
    transact(lambda: visited(cast, stage, now, 10, 1.6, **odd))
    assert find_speeds(cast.teams["shanghai"], now) == {Source.ESTIMATE: None}


def test_what_the_visits_say_no_more_is_forgotten(cast: Cast, stage: Stage) -> None:
    now, team = datetime.now(UTC), cast.teams["shanghai"]
    transact(lambda: visited(cast, stage, now, 10, 0.8))
    transact(lambda: keep_speeds(team, find_speeds(team, now), now))
    assert [line.percent for line in list_team_speeds()] == [80]
    later = now + timedelta(days=95)
    transact(lambda: keep_speeds(team, find_speeds(team, later), later))
    assert list_team_speeds() == []
    transact(lambda: keep_speeds(team, {}, later))  # nothing answered: nothing changes
    assert db.session.scalars(select(TeamSpeed)).all() == []


def test_a_visit_in_between_that_is_not_sure_is_no_bridge(cast: Cast, stage: Stage) -> None:
    """From A over an uncertain B to C is no drive from A to C."""
    now = datetime.now(UTC)

    def make() -> None:
        visited(cast, stage, now, 1, 1.0)
        middle = db.session.scalars(select(CheckIn.visit_id).order_by(CheckIn.at)).all()[2]
        db.session.execute(update(CheckIn).where(CheckIn.visit_id == middle).values(verdict="off_site"))

    transact(make)
    (day,) = list_days(cast.teams["shanghai"], now - timedelta(days=90))
    assert len(day) == 2

"""Days that cannot be: the page says why, and loses nothing."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, select

from app.accounts.models import Account, Place
from app.accounts.rules import position_columns
from app.identity.models import Person
from app.infra.db import db, transact
from app.kernel.dates import at_local
from app.kernel.geo import Position
from app.kernel.ids import new_id
from app.kernel.travel import Estimate, Leg, Matrix, NoWay, Source, TravelTimes
from app.planning.actions import fill_day, fix_time, set_must
from app.planning.queries import get_day
from app.visits.models import Visit
from tests.conftest import Browser, Cast
from tests.planning.conftest import OFFICE, SHANGHAI, Stage, customer, plan, tomorrow

Open = Callable[[Any], Browser]


def worked_out(rita: Browser) -> str:
    assert rita.post("/plan/best-order", day=str(tomorrow())).status_code == 303
    return rita.get(f"/plan?day={tomorrow()}").text


def works(cast: Cast, **hours: int) -> None:
    def change() -> None:
        person = db.session.get_one(Person, cast.rita.person_id)
        for name, minutes in hours.items():
            setattr(person, name, minutes)

    transact(change)


def test_a_must_outside_the_working_hours(cast: Cast, stage: Stage, browser: Open) -> None:
    night = transact(lambda: customer(cast.rita, "Night Bar", OFFICE, "Mon-Sun 20:00-23:00"))
    visit = plan(cast.rita, night)
    transact(lambda: set_must(cast.rita, visit, True, datetime.now(UTC)))
    page = worked_out(browser(cast.rita))
    assert "Does not fit into the working hours" in page and "Night Bar" in page


def test_an_appointment_after_the_end_of_the_day(cast: Cast, stage: Stage, browser: Open) -> None:
    visit = plan(cast.rita, stage.near)
    transact(lambda: fix_time(cast.rita, visit, time(19), datetime.now(UTC)))
    page = worked_out(browser(cast.rita))
    assert "Does not fit into the working hours" in page and "Agreed for 19:00" in page


def test_musts_that_exclude_each_other(cast: Cast, stage: Stage, browser: Open) -> None:
    for account in (stage.near, stage.far):
        visit = plan(cast.rita, account)
        transact(lambda visit=visit: fix_time(cast.rita, visit, time(15), datetime.now(UTC)))
    page = worked_out(browser(cast.rita))
    assert "Does not fit beside the other visits that have to be made" in page


@pytest.mark.parametrize(("until", "minutes"), [(14 * 60, 280), (14 * 60 + 30, 120)])
def test_no_time_for_lunch(cast: Cast, stage: Stage, browser: Open, until: int, minutes: int) -> None:
    works(cast, work_from=until - 5 * 60, work_to=until, lunch_from=12 * 60, lunch_minutes=until - 12 * 60)
    visit = plan(cast.rita, stage.near)

    def lengthen() -> None:
        row = db.session.get_one(Visit, visit)
        row.minutes, row.fixed_at = minutes, at_local(tomorrow(), time(12), SHANGHAI) if minutes < 200 else None

    transact(lengthen)
    page = worked_out(browser(cast.rita))
    assert "1 visit does not fit into the day" in page and "Would leave no time for lunch" in page


def test_nothing_planned_at_all(cast: Cast, stage: Stage, browser: Open) -> None:
    assert "No visits planned for this day" in worked_out(browser(cast.rita))


class Roads:
    """Roads that lead everywhere but to one place."""

    source, version = Source.ROADS, "test"

    def __init__(self, island: Position) -> None:
        self.island = island

    def matrix(self, positions: Any) -> Matrix:
        known = Estimate().matrix(positions)
        off = {number: NoWay.NO_WAY for number, position in enumerate(positions) if position == self.island}
        return Matrix(known.seconds, known.metres, off)

    def leg(self, origin: Position, target: Position) -> Leg:
        return Estimate().leg(origin, target)


def test_an_island(cast: Cast, stage: Stage, browser: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    times: TravelTimes = Roads(Position(31.2304, 121.5537))
    monkeypatch.setattr("app.planning.travel.road_times", lambda: [times])
    for account in (stage.near, stage.far):
        plan(cast.rita, account)
    page = worked_out(browser(cast.rita))
    assert "No road leads there: check its position on the map" in page
    assert len(get_day(cast.rita, tomorrow(), datetime.now(UTC)).ordered) == 1


def test_two_thousand_who_are_due(app: Flask, cast: Cast, stage: Stage, browser: Open) -> None:
    def many() -> None:
        account = dict(db.session.execute(select(Account.__table__).where(Account.id == stage.near)).one()._mapping)
        place = dict(db.session.execute(select(Place.__table__).where(Place.account_id == stage.near)).one()._mapping)
        ids = [new_id() for _ in range(2000)]
        due = [tomorrow() - timedelta(days=number % 30) for number in range(2000)]
        where = [Position(31.1 + number % 50 / 200, 121.3 + number // 50 / 200) for number in range(2000)]
        db.session.execute(
            insert(Account),
            [
                {**account, "id": ids[n], "name": f"Shop {n}", "identity": f"shop {n}", "next_visit_on": due[n]}
                for n in range(2000)
            ],
        )
        db.session.execute(
            insert(Place),
            [{**place, "id": new_id(), "account_id": ids[n], **position_columns(where[n])} for n in range(2000)],
        )

    transact(many)
    added = transact(lambda: fill_day(cast.rita, tomorrow(), datetime.now(UTC)))
    day = get_day(cast.rita, tomorrow(), datetime.now(UTC))
    assert added == len(day.ordered) > 8 and day.run.is_feasible
    assert "Shop" in browser(cast.rita).get(f"/plan?day={tomorrow()}").text

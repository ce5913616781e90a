"""Travel times in the administrator's browser, and what the plan says and draws of them."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select

from app.identity.actions import change_own_profile
from app.infra.db import db, transact
from app.infra.road_import import import_roads
from app.kernel.geo import Position
from app.kernel.ids import new_id
from app.kernel.travel import OSM, Source
from app.planning.actions import work_out_order
from app.planning.driving import TravelSettings
from app.planning.learning import keep_speeds, save_travel_settings
from app.planning.models import TravelSetting
from app.planning.queries import get_day
from app.planning.rules import Breach
from app.planning.speed import Learned
from tests.conftest import NOW, Browser, Cast
from tests.planning.conftest import Stage, customer, plan, tomorrow
from tests.streets import corner, make_roads, quiet, write_streets

Open = Callable[[Any], Browser]
ADDRESS = "/company/travel-times"
GIVEN = {"detour_percent": "150", "speed_kmh": "40", "parking_minutes": "5", "use_learned": "y", "version": "0"}


def saved() -> list[tuple[int, int, int, bool, int]]:
    rows = db.session.execute(
        select(
            TravelSetting.detour_percent, TravelSetting.speed_kmh, TravelSetting.parking_minutes,
            TravelSetting.use_learned, TravelSetting.version,
        )
    )  # fmt: skip
    return [tuple(row) for row in rows]  # type: ignore[misc]


# --- The settings ----------------------------------------------------------------------------------------------------


def test_the_company_says_how_travel_times_are_made(cast: Cast, browser: Open) -> None:
    ada = browser(cast.ada)
    assert "1.4 times the straight line at 35 km/h. 2 min are added for parking." in ada.get("/company").text
    page = ada.get(ADDRESS)
    assert page.status_code == 200 and 'value="140"' in page.text and "roads import FILE.osm.pbf" in page.text
    key = new_id()
    for _ in range(2):
        answer = ada.post(ADDRESS, once=key, **GIVEN)
        assert (answer.status_code, answer.location) == (303, ADDRESS)
    assert saved() == [(150, 40, 5, True, 1)], "the same post again does nothing"
    assert "1.5 times the straight line at 40 km/h. 5 min are added" in ada.get("/company").text
    assert ada.post(ADDRESS, **{**GIVEN, "use_learned": None, "version": "1"}).status_code == 303
    assert saved() == [(150, 40, 5, False, 2)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("detour_percent", "99"), ("detour_percent", "301"), ("detour_percent", ""), ("detour_percent", "1.4"),
        ("speed_kmh", "4"), ("speed_kmh", "131"), ("speed_kmh", "abc"),
        ("parking_minutes", "-1"), ("parking_minutes", "61"), ("parking_minutes", None),
    ],
)  # fmt: skip
def test_what_is_invalid_is_refused_and_kept(cast: Cast, browser: Open, field: str, value: str | None) -> None:
    answer = browser(cast.ada).post(ADDRESS, **{**GIVEN, field: value})
    assert answer.status_code == 422 and "Please check" in answer.text
    assert f'id="{field}-error"' in answer.text
    for name, other in GIVEN.items():
        if name not in (field, "use_learned", "version"):
            assert f'value="{other}"' in answer.text, "nothing of what was typed is lost"
    assert value is None or f'value="{value}"' in answer.text
    assert saved() == []


def test_stale_settings_show_both(cast: Cast, browser: Open) -> None:
    ada = browser(cast.ada)
    ada.post(ADDRESS, **GIVEN)
    answer = ada.post(ADDRESS, **{**GIVEN, "speed_kmh": "77"})
    assert answer.status_code == 409 and "77" in answer.text and "40" in answer.text
    assert saved() == [(150, 40, 5, True, 1)]


def test_only_who_manages_the_company_sees_them(cast: Cast, browser: Open) -> None:
    for other in (cast.rita, cast.mona, cast.otto):
        assert browser(other).get(ADDRESS).status_code == 404
        assert browser(other).post(ADDRESS, **GIVEN).status_code == 404
    assert browser(None).get(ADDRESS).status_code == 302
    assert browser(None).post(ADDRESS, **GIVEN).status_code == 401
    assert browser(cast.ada)._send("DELETE", ADDRESS).status_code in (403, 405)
    assert saved() == []


def test_what_was_learned_is_shown_and_can_be_switched_off(cast: Cast, stage: Stage, browser: Open) -> None:
    def learned() -> None:
        keep_speeds(cast.teams["shanghai"], {Source.ESTIMATE: Learned(118, 64, NOW)}, NOW)

    transact(learned)
    ada = browser(cast.ada)
    page = ada.get(ADDRESS).text
    assert "Shanghai" in page and "takes 1.18 times as long as it says" in page and "64 drives" in page
    assert "This is not used now" not in page
    plan(cast.rita, stage.far)
    transact(lambda: work_out_order(cast.rita, tomorrow(), datetime.now(UTC)))
    rita = browser(cast.rita)
    assert "Taken times 1.18, as your team drives." in rita.get(f"/plan?day={tomorrow()}").text
    ada.post(ADDRESS, **{**GIVEN, "use_learned": None})
    assert "This is not used now" in ada.get(ADDRESS).text
    assert "as your team drives" not in rita.get(f"/plan?day={tomorrow()}").text


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh_Hans", ("车程计算", "已导入的路网", "时速 35 公里")),
        ("zh_Hant", ("車程計算", "已匯入的路網", "時速 35 公里")),
    ],
)
def test_it_speaks_chinese(cast: Cast, browser: Open, language: str, words: tuple[str, ...]) -> None:
    transact(lambda: change_own_profile(cast.ada, {"language": language}, None, NOW))
    page = browser(cast.ada).get(ADDRESS).text
    assert all(each in page for each in words) and "%(" not in page
    assert words[2] in browser(cast.ada).get("/company").text


# --- The plan --------------------------------------------------------------------------------------------------------


@pytest.fixture
def roads(app: Flask) -> Iterator[Path]:
    """The town's roads are imported."""
    folder = app.config["DATA"] / "roads"
    app.extensions.pop("roads", None)
    yield make_roads(folder)
    shutil.rmtree(folder)
    app.extensions.pop("roads", None)


def shops(cast: Cast, *positions: Position) -> list[Any]:
    """Rita starts at the town's corner and visits these tomorrow, in the best order."""

    def make() -> list[Any]:
        home = corner(0, 0)
        change_own_profile(cast.rita, {"start_label": "Home", "start_lat": home.lat, "start_lon": home.lon}, None, NOW)
        return [customer(cast.rita, f"Shop {n}", each, zone="Europe/Zurich") for n, each in enumerate(positions)]

    visits = [plan(cast.rita, account) for account in transact(make)]
    transact(lambda: work_out_order(cast.rita, tomorrow(), datetime.now(UTC)))
    return visits


def shown(rita: Browser) -> str:
    return rita.get(f"/plan?day={tomorrow()}").text


def line_of(page: str) -> list[list[float]]:
    found = re.search(r'id="plan_pins">(.*?)</script>', page, re.DOTALL)
    assert found
    lines: list[list[float]] = json.loads(found[1])["lines"][0]
    return lines


def test_the_plan_drives_on_imported_roads(cast: Cast, browser: Open, roads: Path) -> None:
    shops(cast, corner(8, 3), corner(2, 9))
    page = shown(browser(cast.rita))
    assert "Travel times are those of the imported roads." in page and OSM in page
    assert "openstreetmap.org/copyright" in page and "estimate" not in page
    line = line_of(page)
    assert len(line) > 4, "round the corners"
    on_streets = [
        min(abs(lat / 0.002 - round(lat / 0.002)), abs(lon / 0.002 - round(lon / 0.002))) for lat, lon in line
    ]
    assert max(on_streets) < 0.05, "every point of the line lies on a street"
    day = get_day(cast.rita, tomorrow(), datetime.now(UTC))
    assert day.driving.source is Source.ROADS
    metres = day.driving.metres([day.shift.start, corner(8, 3)])
    assert metres == pytest.approx(8 * 222 + 3 * 152, rel=0.02)


def test_new_roads_are_used_without_a_restart(
    cast: Cast, app: Flask, browser: Open, request: pytest.FixtureRequest
) -> None:
    shops(cast, corner(8, 3), corner(2, 9))
    rita = browser(cast.rita)
    assert "Travel times are an estimate" in shown(rita)
    known = app.extensions["roads"]
    request.getfixturevalue("roads")
    app.extensions["roads"] = known
    assert "Travel times are those of the imported roads." in shown(rita)
    first = get_day(cast.rita, tomorrow(), datetime.now(UTC)).driving.times.version
    import_roads(write_streets(app.config["DATA"] / "town.osm"), app.config["DATA"] / "roads", quiet)
    shown(rita)
    assert get_day(cast.rita, tomorrow(), datetime.now(UTC)).driving.times.version != first


def test_without_roads_it_says_estimate_and_draws_straight(cast: Cast, browser: Open) -> None:
    shops(cast, corner(8, 3), corner(2, 9))
    page = shown(browser(cast.rita))
    assert "Travel times are an estimate: 1.4 times the straight line at 35 km/h." in page and OSM not in page
    assert len(line_of(page)) == 4


def test_a_stop_that_no_road_leads_to_stays_out_and_says_why(cast: Cast, browser: Open, roads: Path) -> None:
    visits = shops(cast, corner(8, 3), Position(47.0, 9.06), corner(1, 1, island=True))
    day = get_day(cast.rita, tomorrow(), datetime.now(UTC))
    assert [line.row.id for line in day.ordered] == visits[:1]
    page = shown(browser(cast.rita))
    assert page.count('badge warn">No road leads there: check its position on the map') == 2
    browser(cast.rita).post("/plan/order", day=str(tomorrow()), order=",".join(map(str, visits)))
    day = get_day(cast.rita, tomorrow(), datetime.now(UTC))
    assert [Breach.NO_WAY in times.breaches for times in day.run.stops] == [False, True, True], "who wants it may"
    assert day.run.travel_seconds > 0


def test_outside_of_the_imported_roads_the_day_is_estimated(
    cast: Cast, stage: Stage, browser: Open, roads: Path
) -> None:
    plan(cast.rita, stage.far)
    transact(lambda: work_out_order(cast.rita, tomorrow(), datetime.now(UTC)))
    page = shown(browser(cast.rita))
    assert "Some positions lie outside of the known roads. Travel times are an estimate" in page


def test_the_page_says_which_roads_are_in_use(cast: Cast, browser: Open, roads: Path) -> None:
    page = browser(cast.ada).get(ADDRESS).text
    assert "town.osm" in page and OSM in page and "cannot be used here" not in page
    assert "those of the imported roads" in browser(cast.ada).get("/company").text
    for broken in roads.glob("*/roads.osrm.hsgr"):
        broken.write_bytes(b"")
    browser(cast.ada).app.extensions.pop("roads")
    assert "cannot be used here" in browser(cast.ada).get(ADDRESS).text


def test_a_server_that_does_not_answer_is_said(
    cast: Cast, app: Flask, browser: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    shops(cast, corner(8, 3))
    monkeypatch.setitem(app.config, "SETTINGS", replace(app.config["SETTINGS"], roads_url="http://127.0.0.1:1"))
    app.extensions.pop("roads", None)
    try:
        page = shown(browser(cast.rita))
        assert "The road server does not answer now. Travel times are an estimate" in page
        assert "http://127.0.0.1:1" in browser(cast.ada).get(ADDRESS).text
    finally:
        app.extensions.pop("roads", None)


def test_other_settings_change_the_plan(cast: Cast, stage: Stage) -> None:
    plan(cast.rita, stage.far)
    transact(lambda: work_out_order(cast.rita, tomorrow(), datetime.now(UTC)))
    before = get_day(cast.rita, tomorrow(), datetime.now(UTC)).run.travel_seconds
    slow = TravelSettings(speed_kmh=7, parking_minutes=0)
    transact(lambda: save_travel_settings(cast.ada, slow, 0, NOW))
    after = get_day(cast.rita, tomorrow(), datetime.now(UTC)).run.travel_seconds
    assert after == pytest.approx(5 * (before - 2 * 120), abs=5)


@pytest.mark.parametrize("with_roads", [False, True])
def test_travel_costs_the_plan_one_statement(
    cast: Cast, app: Flask, browser: Open, request: pytest.FixtureRequest, with_roads: bool
) -> None:
    if with_roads:
        request.getfixturevalue("roads")
    shops(cast, corner(8, 3), corner(2, 9), corner(5, 5))
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "SAVEPOINT")):
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        shown(browser(cast.rita))
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert len([each for each in seen if "travel_setting" in each or "team_speed" in each]) == 1

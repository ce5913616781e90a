"""GET /nearby."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import event

from app.accounts.models import Account
from app.accounts.queries import NearAccount, get_main_place
from app.infra.db import db, transact
from app.kernel.geo import Position
from app.kernel.ids import new_id
from app.planning.nearby import on_one_map
from app.web.actor import forget_actors
from tests.conftest import Browser, Cast
from tests.planning.conftest import OFFICE, Stage, customer, plan, tomorrow

Open = Callable[[Any], Browser]
HERE = f"/nearby?lat={OFFICE.lat:.5f}&lon={OFFICE.lon:.5f}"


def names(page: str) -> list[str]:
    """The customers listed, in order."""
    return re.findall(r'<a href="/accounts/[^"]+">([^<]+)</a>', page)


def pins(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="near_pins">(.*?)</script>', page, re.DOTALL)
    assert found
    drawn: dict[str, Any] = json.loads(found[1])
    return drawn


def test_without_a_position_it_offers_the_ways(cast: Cast, stage: Stage, browser: Open) -> None:
    page = browser(cast.rita).get("/nearby").text
    assert "data-position-ask" in page and 'name="q"' in page
    assert names(page) == []


def test_around_a_position_by_distance(cast: Cast, stage: Stage, browser: Open) -> None:
    page = browser(cast.rita).get(HERE).text
    assert names(page) == ["Near Bakery", "Middle Bakery", "Far Bakery"], "no stranger, none without a position"
    assert "950 m" in page and "2.9 km" in page
    drawn = pins(page)
    assert [pin["label"] for pin in drawn["pins"]] == ["Near Bakery", "Middle Bakery", "Far Bakery"]
    assert drawn["you"] == {"lat": OFFICE.lat, "lon": OFFICE.lon}


def test_the_address_keeps_a_rounded_position_only(cast: Cast, stage: Stage, browser: Open) -> None:
    rita = browser(cast.rita)
    answer = rita.get("/nearby?lat=31.230412345&lon=121.47371&accuracy_m=17.4&position_error=&rating=A")
    assert (answer.status_code, answer.location) == (
        302,
        "/nearby?lat=31.23041&lon=121.47371&accuracy_m=17&rating=A",
    )
    assert "±17 m" in rita.get(answer.location).text


def test_around_a_customer_without_javascript(cast: Cast, stage: Stage, browser: Open) -> None:
    page = browser(cast.rita).get(f"/nearby?account={stage.far}").text
    assert names(page) == ["Far Bakery", "Middle Bakery", "Near Bakery"]
    assert "Around Far Bakery" in page and "you" not in pins(page)
    assert f'href="/nearby?account={stage.far}"' in browser(cast.rita).get(f"/accounts/{stage.far}").text


def test_a_customer_without_position_says_so(cast: Cast, stage: Stage, browser: Open) -> None:
    answer = browser(cast.rita).get(f"/nearby?account={stage.nowhere}")
    assert answer.status_code == 200 and "Nowhere Shop has no position yet." in answer.text


def test_around_an_address_that_we_know(cast: Cast, stage: Stage, browser: Open) -> None:
    page = browser(cast.rita).get("/nearby?q=middle+bakery+street&rating=A").text
    assert f'href="/nearby?account={stage.middle}&amp;rating=A"' in page
    assert "No customer fits" in browser(cast.rita).get("/nearby?q=Atlantis").text


def test_filters(cast: Cast, stage: Stage, browser: Open) -> None:
    def later() -> None:
        pool = customer(cast.rita, "Pool Bakery", Position(31.2304, 121.4757))
        db.session.get_one(Account, pool).owner_id = None
        get_main_place(cast.rita, pool).owner_id = None
        db.session.get_one(Account, stage.middle).last_visit_on = tomorrow() - timedelta(days=10)

    transact(later)
    rita = browser(cast.rita)
    assert names(rita.get(HERE).text)[0] == "Pool Bakery"
    assert names(rita.get(f"{HERE}&owner=none").text) == ["Pool Bakery"]
    assert names(rita.get(f"{HERE}&owner=me").text) == ["Near Bakery", "Middle Bakery", "Far Bakery"]
    assert names(rita.get(f"{HERE}&rating=A").text) == ["Near Bakery"]
    assert names(rita.get(f"{HERE}&owner=me&days=30").text) == ["Near Bakery", "Far Bakery"]
    assert names(rita.get(f"{HERE}&owner=me&radius=3000").text) == ["Near Bakery", "Middle Bakery"]
    assert "No customer near here" in rita.get(f"{HERE}&radius=10").text


def test_impossible_positions_and_nonsense(cast: Cast, stage: Stage, browser: Open) -> None:
    rita = browser(cast.rita)
    for wrong in ("lat=91&lon=0", "lat=nan&lon=0", "lat=31", "lat=x&lon=y", "lat=inf&lon=0"):
        answer = rita.get(f"/nearby?{wrong}")
        assert answer.status_code == 422, wrong
        assert "position" in answer.text
    for odd in ("account=1", "days=-1", "radius=abc", "radius=99999999999999", "rating=Z", "owner=x", "view=3d"):
        assert rita.get(f"/nearby?{odd}").status_code == 200, odd
    assert "does not give its position" in rita.get("/nearby?lat=&lon=&position_error=denied").text


def test_one_tap_to_check_in_and_into_todays_plan(cast: Cast, stage: Stage, browser: Open) -> None:
    rita = browser(cast.rita)
    page = rita.get(HERE).text
    assert f'href="/accounts/{stage.near}/check-in"' in page
    place = re.search(rf'name="account" value="{stage.near}"><input type="hidden" name="place" value="([^"]+)"', page)
    assert place
    answer = rita.post("/plan/visits", account=str(stage.near), place=place[1], back=HERE)
    assert (answer.status_code, answer.location) == (303, HERE)
    page = rita.get(HERE).text
    assert f'name="account" value="{stage.near}"' not in page and "In today&#39;s plan" in page
    assert [pin["tone"] for pin in pins(page)["pins"]] == ["planned", "account", "account"]


def test_list_and_map_are_one_tap_apart(cast: Cast, stage: Stage, browser: Open) -> None:
    rita = browser(cast.rita)
    assert f'href="{HERE.replace("&", "&amp;")}&amp;view=map"' in rita.get(HERE).text
    assert 'data-view="map"' in rita.get(f"{HERE}&view=map").text


def test_who_may(cast: Cast, stage: Stage, browser: Open) -> None:
    assert browser(None).get("/nearby").status_code == 302
    assert browser(cast.otto).get("/nearby").status_code == 404
    assert browser(cast.rita).post("/nearby").status_code == 405
    assert browser(cast.rita).get(f"/nearby?account={stage.pub}").status_code == 404
    assert browser(cast.rita).get(f"/nearby?account={new_id()}").status_code == 404
    assert "Near Bakery" in browser(cast.mona).get(HERE).text
    assert "Near Bakery" not in browser(cast.ren).get(HERE).text


@contextmanager
def counted() -> Iterator[list[str]]:
    """The SELECTs and changes that are run inside."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "SAVEPOINT")):
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def test_four_statements_at_most(app: Flask, cast: Cast, stage: Stage, browser: Open) -> None:
    plan(cast.rita, stage.near, tomorrow())
    rita = browser(cast.rita)
    app.config["ACTOR_CACHE_SECONDS"] = 30
    forget_actors()
    try:
        for address in (HERE, f"/nearby?account={stage.near}", "/nearby?q=bakery"):
            rita.get(address)
            with counted() as seen:
                assert rita.get(address).status_code == 200
            assert len(seen) <= 4, (address, seen)
    finally:
        app.config["ACTOR_CACHE_SECONDS"] = 0


def test_the_map_leaves_out_another_continent() -> None:
    def near(metres: float) -> NearAccount:
        return NearAccount(new_id(), new_id(), "", "C", "", metres, 0, 0, "exact", None, None, "", None)

    found = [near(metres) for metres in (100, 300, 500, 1900, 9_000_000)]
    assert [row.distance_m for row in on_one_map(found)] == [100, 300, 500, 1900]
    assert len(on_one_map([near(metres) for metres in (50_000, 120_000, 300_000)])) == 3
    assert on_one_map([]) == []

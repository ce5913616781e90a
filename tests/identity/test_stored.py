"""Stored about me: all of it, and nothing of anybody else; who looked at it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, update

from app.identity.models import Company
from app.identity.plugs import stored
from app.infra.db import db, transact
from app.infra.looks import Seen, saw
from app.visits.models import CheckIn
from tests.conftest import Browser, Cast
from tests.house.world import World, build

Open = Callable[[Any], Browser]
TABLES = [
    "looks",
    "devices",
    "journal",
    "notes",
    "visits",
    "photos",
    "reviews",
    "calendar",
    "whereabouts",
    "orders",
    "quotes",
    "absences",
]


@pytest.fixture
def world(cast: Cast) -> World:
    return build(cast)


def test_the_page_names_every_table_with_its_number_and_says_when_location_is_taken(
    cast: Cast, world: World, browser: Open
) -> None:
    rita, told = browser(cast.rita), list[str]()
    listener = ("before_cursor_execute", lambda *given: told.append(given[2]))
    event.listen(db.engine, *listener)
    shown = rita.get("/settings/stored").text
    event.remove(db.engine, *listener)
    assert list(stored()) == TABLES
    assert all(f'href="/settings/stored/{name}"' in shown for name in TABLES)
    assert "Your location is taken only when you tap for it, and never in between." in shown
    assert "deleted 60 days later" in shown and "deleted the next day" in shown
    assert "Nobody has looked so far." in shown
    assert "rita@harbour.example" in shown
    own = [each for each in told if each.startswith("SELECT") and "device.revoked_at" not in each]
    assert len(own) <= 4, own


@pytest.mark.parametrize("name", TABLES)
def test_each_table_has_ones_own_rows_only(cast: Cast, world: World, browser: Open, name: str) -> None:
    saw(cast.mona, {cast.rita.person_id}, Seen.DAY, datetime.now(UTC))
    shown = browser(cast.rita).get(f"/settings/stored/{name}")
    assert shown.status_code == 200
    assert "Ren" not in shown.text.partition("<main")[2].replace("Ren&#", "Ren")
    assert "<li>" in shown.text.partition("<main")[2] or name in ("reviews", "calendar", "whereabouts")
    assert browser(None).get(f"/settings/stored/{name}").status_code == 302


def test_an_unknown_table_is_not_there(cast: Cast, browser: Open) -> None:
    assert browser(cast.rita).get("/settings/stored/secrets").status_code == 404
    assert browser(cast.rita).get("/settings/stored/visits?page=x").status_code == 200


def test_the_visits_have_the_raw_position_until_it_is_deleted(cast: Cast, world: World, browser: Open) -> None:
    """The day is that of the company's setting."""
    estate = world.of["rita"]
    shown = browser(cast.rita).get("/settings/stored/visits").text
    assert "31.2397" in shown
    assert "121.4903" in shown
    assert f"/visits/{estate.visit_id}" in shown
    transact(lambda: db.session.execute(update(Company).values(raw_fix_days=7)))
    file = browser(cast.rita).get("/settings/stored.json").get_json()
    begun = next(each for each in file["visits"] if each["id"] == str(estate.visit_id))
    assert begun["until"] == (datetime.fromisoformat(begun["at"]) + timedelta(days=7)).date().isoformat()
    gone = update(CheckIn).values(lat=None, lon=None, accuracy=None)
    transact(lambda: db.session.execute(gone))
    file = browser(cast.rita).get("/settings/stored.json").get_json()
    assert [each["until"] for each in file["visits"]] == [None, None]


def test_the_file_has_all_of_it(cast: Cast, world: World, browser: Open) -> None:
    answer = browser(cast.rita).get("/settings/stored.json")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="stored-about-me.json"'
    file, estate = json.loads(answer.text), world.of["rita"]
    assert list(file) == ["me", *TABLES]
    assert file["me"]["email"] == "rita@harbour.example"
    assert "password_hash" not in answer.text
    assert {len(file[name]) for name in ("photos", "orders", "quotes", "notes", "devices")} == {1}
    assert len(file["visits"]) == 2
    assert {str(estate.visit_id), str(estate.planned)} == {each["id"] for each in file["visits"]}
    assert file["photos"][0]["id"] == str(estate.photo_id)
    assert "CheckedIn" in {each["event"] for each in file["journal"]}
    assert str(world.of["ren"].visit_id) not in answer.text
    assert browser(None).get("/settings/stored.json").status_code == 302


def test_one_sees_who_looked_and_when(cast: Cast, world: World, browser: Open) -> None:
    visit = world.of["rita"].visit_id
    assert browser(cast.otto).get(f"/visits/{visit}").status_code == 200, "the office counts as well"
    assert browser(cast.mona).get("/board").status_code == 200
    assert browser(cast.rita).get(f"/visits/{visit}").status_code == 200
    shown = browser(cast.rita).get("/settings/stored").text
    for told in ("Otto", "A visit", "Mona", "The team&#39;s day"):
        assert told in shown
    looks = browser(cast.rita).get("/settings/stored.json").get_json()["looks"]
    assert sorted((each["by"], each["what"]) for each in looks) == [("Mona", "board"), ("Otto", "visit")]
    assert "Otto" not in browser(cast.ren).get("/settings/stored/looks").text.partition("<main")[2]

"""The calendar of planned visits: its page, its secret address, and what a parser reads in it."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from sqlalchemy import select

from app.accounts.actions import add_account
from app.accounts.rules import AccountInput, PlaceInput
from app.identity.models import Person
from app.infra.db import db, transact
from app.kernel.access import Actor
from app.kernel.dates import at_local
from app.kernel.geo import Position
from app.kernel.ids import new_id
from app.planning.actions import change_length, fix_time, put_in_order
from app.planning.feed import AHEAD, BACK, Entry, calendar_of
from app.planning.models import CalendarFeed
from app.visits.actions import dismiss_visit, withdraw_visit
from app.visits.models import Visit
from app.visits.rules import Dismissal as Kind
from tests.conftest import NOW, Browser, Cast
from tests.planning.conftest import LONDON, SHANGHAI, Stage, plan, tomorrow

Open = Callable[[Actor | None], Browser]
ADDRESS = re.compile(r"http://localhost(/calendar/([\w-]+)\.ics)")


def made(person: Browser) -> str:
    """The path of a new address."""
    assert person.post("/plan/calendar").location == "/plan/calendar"
    found = ADDRESS.search(person.get("/plan/calendar").text)
    assert found
    return found[1]


def read(browser: Open, path: str) -> list[Any]:
    """The events, as somebody reads them who is not signed in."""
    answer = browser(None).get(path)
    assert (answer.status_code, answer.mimetype) == (200, "text/calendar")
    assert not answer.headers.getlist("Set-Cookie")
    return list(Calendar.from_ical(answer.data).walk("VEVENT"))


# --- The address -----------------------------------------------------------------------------------------------------


def test_the_address_is_shown_once_and_only_its_hash_is_kept(cast: Cast, stage: Stage, browser: Open) -> None:
    rita = browser(cast.rita)
    assert "There is no address now" in rita.get("/plan/calendar").text
    rita.post("/plan/calendar")
    first = rita.get("/plan/calendar").text
    token = ADDRESS.search(first)[2]  # type: ignore[index]
    assert len(token) >= 43, "256 bits"
    assert f"webcal://localhost/calendar/{token}.ics" in first
    assert token not in rita.get("/plan/calendar").text
    assert db.session.scalars(select(CalendarFeed.token_hash)).all() == [sha256(token.encode()).hexdigest()]
    assert read(browser, f"/calendar/{token}.ics") == []


def test_a_new_address_ends_the_old_one(cast: Cast, stage: Stage, browser: Open) -> None:
    rita = browser(cast.rita)
    old, new = made(rita), made(rita)
    assert old != new
    assert browser(None).get(old).status_code == 404
    assert browser(None).get(new).status_code == 200


def gone(cast: Cast, rita: Browser) -> None:
    rita.post("/plan/calendar/end")


def deactivated(cast: Cast, _rita: Browser) -> None:
    transact(lambda: setattr(db.session.get_one(Person, cast.rita.person_id), "deactivated_at", NOW))


def moved_to_the_office(cast: Cast, _rita: Browser) -> None:
    transact(lambda: setattr(db.session.get_one(Person, cast.rita.person_id), "role", cast.otto.role))


@pytest.mark.parametrize("end", [gone, deactivated, moved_to_the_office])
def test_what_has_ended_looks_like_what_never_was(
    end: Callable[[Cast, Browser], None], cast: Cast, stage: Stage, browser: Open
) -> None:
    rita = browser(cast.rita)
    path = made(rita)
    end(cast, rita)
    ended, never = browser(None).get(path), browser(None).get("/calendar/" + "A" * 43 + ".ics")
    assert (ended.status_code, never.status_code) == (404, 404)
    assert ended.data == never.data
    assert {*ended.headers.keys()} == {*never.headers.keys()}


@pytest.mark.parametrize("token", ["x", "%00", "é" * 50, "a" * 5000, "..", "%2e%2e%2fplan", "' OR 1=1 --"])
def test_nonsense_is_no_address(token: str, cast: Cast, browser: Open) -> None:
    assert browser(None).get(f"/calendar/{token}.ics").status_code == 404


def test_the_hash_is_no_address(cast: Cast, stage: Stage, browser: Open) -> None:
    made(browser(cast.rita))
    digest = db.session.scalars(select(CalendarFeed.token_hash)).one()
    assert browser(None).get(f"/calendar/{digest}.ics").status_code == 404


def test_a_replay_makes_no_other_address(cast: Cast, stage: Stage, browser: Open) -> None:
    rita, once = browser(cast.rita), new_id()
    rita.post("/plan/calendar", once=once)
    path = ADDRESS.search(rita.get("/plan/calendar").text)[1]  # type: ignore[index]
    assert rita.post("/plan/calendar", once=once).status_code == 303
    assert browser(None).get(path).status_code == 200
    rita.post("/plan/calendar/end", once=(end := new_id()))
    path = made(rita)
    rita.post("/plan/calendar/end", once=end)
    assert browser(None).get(path).status_code == 200, "the end was of the address before"


def test_whose_page_it_is(cast: Cast, stage: Stage, browser: Open) -> None:
    assert browser(None).get("/plan/calendar").status_code == 302
    assert browser(cast.otto).get("/plan/calendar").status_code == 404
    assert browser(cast.otto).post("/plan/calendar").status_code == 404
    assert browser(cast.rita).get("/plan/calendar/end").status_code == 405
    path = made(browser(cast.rita))
    assert browser(None).post(path).status_code == 405
    assert browser(cast.rita).post("/plan/calendar/end").status_code == 303
    assert browser(cast.rita).post("/plan/calendar/end").status_code == 303, "ended already"


def test_it_stands_under_what_is_stored(cast: Cast, stage: Stage, browser: Open) -> None:
    rita = browser(cast.rita)
    made(rita)
    assert "Calendar of my planned visits" in rita.get("/settings/stored").text
    assert 'href="/plan/calendar"' in rita.get("/settings/stored/calendar").text


# --- What it tells ---------------------------------------------------------------------------------------------------


def test_a_visit_in_a_calendar(cast: Cast, stage: Stage, browser: Open) -> None:
    def make() -> UUID:
        place = PlaceInput(SHANGHAI, address="1 Quay; Road, 上海", position=Position(31.25, 121.5))
        known = AccountInput("Quay, 外滩", phone="021 5550 0001")
        return add_account(cast.rita, new_id(), known, place, None, cast.rita.id, NOW).id

    visit = plan(cast.rita, transact(make))
    plan(cast.ren, stage.pub, tomorrow(LONDON))

    def purpose() -> None:
        db.session.get_one(Visit, visit).purpose = "Call 021 5550 0002"

    transact(purpose)
    path = made(browser(cast.rita))
    (event,) = read(browser, path)
    assert (event["uid"], str(event["summary"]), str(event["location"])) == (
        str(visit),
        "Quay, 外滩",
        "1 Quay; Road, 上海",
    )
    assert (event["geo"].latitude, event["geo"].longitude) == (31.25, 121.5)
    assert event["url"] == f"http://localhost/visits/{visit}" and event["url"] in event["description"]
    assert (event.decoded("dtstart"), event.decoded("dtend")) == (tomorrow(), tomorrow() + timedelta(days=1))
    assert b"5550" not in browser(None).get(path).data, "no telephone numbers, no purposes"
    transact(lambda: put_in_order(cast.rita, tomorrow(), [visit], datetime.now(UTC)))
    (event,) = read(browser, path)
    expected = db.session.get_one(Visit, visit).planned_at
    assert expected and event.decoded("dtstart") == expected.replace(second=0, microsecond=0)
    assert event.decoded("dtend") - event.decoded("dtstart") == timedelta(minutes=30)
    transact(lambda: fix_time(cast.rita, visit, time(15, 40), datetime.now(UTC)))
    (event,) = read(browser, path)
    assert event.decoded("dtstart").astimezone(ZoneInfo(SHANGHAI)).time() == time(15, 40), "what was agreed counts"


def test_changes_are_told_and_ids_stay(cast: Cast, stage: Stage, browser: Open) -> None:
    visit = plan(cast.rita, stage.near)
    path = made(browser(cast.rita))
    (before,) = read(browser, path)
    later = datetime.now(UTC) + timedelta(minutes=5)
    transact(lambda: put_in_order(cast.rita, tomorrow(), [visit], later))
    (arranged,) = read(browser, path)
    transact(lambda: change_length(cast.rita, visit, 45, later + timedelta(minutes=5)))
    (longer,) = read(browser, path)
    assert before["uid"] == arranged["uid"] == longer["uid"]
    assert before["sequence"] < arranged["sequence"] < longer["sequence"]
    stamps = [each.decoded("last-modified") for each in (before, arranged, longer)]
    assert stamps == sorted(set(stamps)) and longer.decoded("dtstamp") == stamps[-1]


def test_nothing_new_is_not_sent_again(cast: Cast, stage: Stage, browser: Open) -> None:
    visit = plan(cast.rita, stage.near)
    path = made(browser(cast.rita))
    first = browser(None).get(path)
    same = browser(None).get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (same.status_code, same.data) == (304, b"")
    transact(lambda: change_length(cast.rita, visit, 45, datetime.now(UTC) + timedelta(seconds=5)))
    assert browser(None).get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_what_is_called_off_disappears(cast: Cast, stage: Stage, browser: Open) -> None:
    kept, skipped, out = (plan(cast.rita, each) for each in (stage.near, stage.middle, stage.far))
    path = made(browser(cast.rita))
    assert len(read(browser, path)) == 3
    now = datetime.now(UTC)
    transact(lambda: withdraw_visit(cast.rita, out, now))
    transact(lambda: dismiss_visit(cast.rita, skipped, Kind.SKIPPED, "Closed for good", None, new_id(), now))
    assert [event["uid"] for event in read(browser, path)] == [str(kept)]


def test_two_weeks_back_and_eight_ahead(cast: Cast, stage: Stage, browser: Open) -> None:
    today = tomorrow() - timedelta(days=1)
    visit = plan(cast.rita, stage.near)
    path = made(browser(cast.rita))

    def on(day: date) -> int:
        transact(lambda: setattr(db.session.get_one(Visit, visit), "planned_on", day))
        return len(read(browser, path))

    day = timedelta(days=1)
    assert [on(each) for each in (today - BACK, today + AHEAD)] == [1, 1]
    assert [on(each) for each in (today - BACK - day, today + AHEAD + day)] == [0, 0]


@pytest.mark.parametrize(("language", "words"), [("zh_Hans", "Rita 的拜访"), ("zh_Hant", "Rita 的拜訪")])
def test_it_speaks_its_person_s_language(language: str, words: str, cast: Cast, browser: Open) -> None:
    transact(lambda: setattr(db.session.get_one(Person, cast.rita.person_id), "language", language))
    path = made(browser(cast.rita))
    calendar = Calendar.from_ical(browser(None).get(path).data)
    assert str(calendar["x-wr-calname"]) == words


def entry(begins: datetime | None, day: date) -> Entry:
    return Entry(UUID(int=1), "Shop", "", None, day, begins, 60, NOW, NOW)


@pytest.mark.parametrize("zone", [SHANGHAI, LONDON])
@pytest.mark.parametrize("day", [date(2026, 3, 28), date(2026, 3, 29), date(2026, 10, 24), date(2026, 10, 25)])
def test_nine_o_clock_is_nine_o_clock_around_the_change_of_clocks(zone: str, day: date) -> None:
    begins = at_local(day, time(9), zone)
    (event,) = Calendar.from_ical(calendar_of([entry(begins, day)], "Visits", "https://f.example", "Open")).walk(
        "VEVENT"
    )
    there = event.decoded("dtstart").astimezone(ZoneInfo(zone))
    assert (there.date(), there.time()) == (day, time(9))
    assert event.decoded("dtend") - event.decoded("dtstart") == timedelta(hours=1)


def test_a_visit_across_the_change_of_clocks_lasts_as_long() -> None:
    begins = at_local(date(2026, 10, 25), time(0, 30), LONDON)
    long = Entry(UUID(int=1), "Shop", "", None, date(2026, 10, 25), begins, 120, NOW, NOW)
    (event,) = Calendar.from_ical(calendar_of([long], "Visits", "https://f.example", "Open")).walk("VEVENT")
    assert event.decoded("dtend").astimezone(ZoneInfo(LONDON)).time() == time(1, 30), "the hour from one comes twice"


def test_the_format_is_the_standard_s() -> None:
    long = Entry(UUID(int=1), "名" * 60, "a, b; c\\d\ne", Position(-1.5, 2.0), date(2026, 5, 1), None, 60, NOW, NOW)
    text = calendar_of([long], "Visits", "https://f.example", "Open")
    lines = text.split(b"\r\n")
    assert lines[-1] == b"" and b"\n" not in b"".join(lines)
    assert max(map(len, lines)) <= 75
    assert {b"BEGIN:VCALENDAR", b"VERSION:2.0", b"DTSTART;VALUE=DATE:20260501", b"GEO:-1.5;2.0"} <= {*lines}
    (event,) = Calendar.from_ical(text).walk("VEVENT")
    assert str(event["location"]) == "a, b; c\\d\ne"

"""The manager's pages: /board, /board/pins and /reps/<id>/days/<day>."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from app.accounts.actions import add_account
from app.accounts.rules import AccountInput, PlaceInput
from app.identity.administration import PersonInput, add_person
from app.identity.queries import actor_of
from app.infra.db import db, transact
from app.kernel.access import SYSTEM
from app.kernel.dates import today_in
from app.kernel.geo import Position
from app.kernel.ids import new_id
from app.visits.actions import CheckInInput, ReportInput, arrange_day, check_in_unplanned, check_out, plan_visit
from app.visits.rules import Fix
from tests.conftest import NOW, PASSWORD, Browser, Cast
from tests.visits.conftest import BUND, Stage

Open = Callable[[Any], Browser]


@pytest.fixture
def happened(cast: Cast, stage: Stage) -> datetime:
    """Rita is at the Bund, then checks in for the other customer from far away; Ren is in his pub."""
    now = datetime.now(UTC) - timedelta(minutes=1)

    def visit(who: Any, account: Any, place: Any, where: Position, at: datetime) -> None:
        given = CheckInInput(Fix(where, 10, at), reason="on the way", tapped_at=at)
        check_in_unplanned(who, new_id(), account, place, given, at)

    far = Position(BUND.lat + 0.5, BUND.lon)
    transact(lambda: visit(cast.rita, stage.bund, stage.bund_place, far, now))
    transact(lambda: visit(cast.ren, stage.pub, stage.pub_place, Position(51.5072, -0.0956), now))
    return now


def test_the_board_shows_the_team_and_not_the_others(cast: Cast, happened: datetime, browser: Open) -> None:
    day = today_in("Asia/Shanghai", happened)
    shown = browser(cast.mona).get(f"/board?day={day}").text
    assert "外滩酒楼" in shown
    assert "Off site" in shown
    assert "The Anchor" not in shown
    assert [browser(who).get("/board").status_code for who in (cast.rita, cast.otto, None)] == [404, 404, 302]


def test_the_list_alone_for_its_refresh(cast: Cast, happened: datetime, browser: Open) -> None:
    day = today_in("Asia/Shanghai", happened)
    part = browser(cast.mona).fragment(f"/board?day={day}").text
    assert part.lstrip().startswith('<div id="board_list"')
    assert "<html" not in part


def test_pins_say_where_it_really_happened(cast: Cast, happened: datetime, browser: Open) -> None:
    day = today_in("Asia/Shanghai", happened)
    (pin,) = browser(cast.mona).get(f"/board/pins?day={day}").json["pins"]
    assert (pin["lat"], pin["lon"], pin["tone"]) == (round(BUND.lat + 0.5, 6), BUND.lon, "off_site")
    assert browser(cast.rita).get("/board/pins").status_code == 404


def test_nonsense_days_are_today(cast: Cast, stage: Stage, browser: Open) -> None:
    for day in ("", "yesterday", "2026-02-31", "9" * 500):
        assert browser(cast.mona).get("/board", query_string={"day": day}).status_code == 200


def test_a_manager_abroad_reads_the_place_clock(cast: Cast, happened: datetime, browser: Open) -> None:
    """Ada looks from Shanghai at London: the time there, with the city, since her own clock shows another."""
    day = today_in("Europe/London", happened)
    shown = browser(cast.ada).get(f"/reps/{cast.ren.id}/days/{day}").text
    assert shown.count("London time") == 1, "said once, not in each row"
    assert "The Anchor" in shown
    assert "London time" not in browser(cast.ren).get(f"/reps/{cast.ren.id}/days/{day}").text


def test_the_days_of_others_look_missing(cast: Cast, browser: Open) -> None:
    day = "2026-03-10"
    assert browser(cast.mona).get(f"/reps/{cast.rita.id}/days/{day}").status_code == 200
    assert browser(cast.mona).get(f"/reps/{cast.ren.id}/days/{day}").status_code == 404
    assert browser(cast.rita).get(f"/reps/{new_id()}/days/{day}").status_code == 404


def test_the_board_needs_few_statements(cast: Cast, happened: datetime, browser: Open) -> None:
    mona, statements = browser(cast.mona), []
    mona.get("/board")
    event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    mona.get("/board")
    reads = [text for text in statements if text.lstrip().upper().startswith("SELECT")]
    assert len(reads) <= 4, reads


def test_a_manager_of_two_hundred_reps_needs_as_few_statements(cast: Cast, browser: Open) -> None:
    """200 reps with two visits each: the board, its pins and a rep's day cost at most six statements, the reading of
    Mona's permissions included."""
    now = datetime.now(UTC) - timedelta(minutes=1)
    day = today_in("Asia/Shanghai", now)

    def hire() -> None:
        for number in range(200):
            given = PersonInput(
                f"rep{number}@harbour.example", f"Rep {number}", "", "rep", cast.teams["shanghai"], "Asia/Shanghai",
                "en", 0,
            )  # fmt: skip
            rep = actor_of(add_person(SYSTEM, given, PASSWORD, NOW))
            where = Position(BUND.lat + number / 1000, BUND.lon)
            place = PlaceInput("Asia/Shanghai", address=f"{number} Street", position=where)
            account = add_account(rep, None, AccountInput(f"Shop {number}"), place, None, rep.id, NOW)
            plan_visit(rep, new_id(), account.id, None, day, now - timedelta(minutes=5))
            check_in_unplanned(rep, new_id(), account.id, None, CheckInInput(Fix(where, 10, now), tapped_at=now), now)

    transact(hire)
    mona = browser(cast.mona)
    for address in ("/board", "/board/pins", f"/reps/{cast.rita.id}/days/{day}"):
        seen: list[str] = []

        def note(*said: Any, seen: list[str] = seen) -> None:
            seen.append(said[2])

        event.listen(db.engine, "before_cursor_execute", note)
        answer = mona.get(address)
        event.remove(db.engine, "before_cursor_execute", note)
        assert answer.status_code == 200
        reads = [text for text in seen if text.lstrip().upper().startswith("SELECT")]
        assert len(reads) <= 6, reads
    assert len(mona.get("/board/pins").json["pins"]) == 200


def test_a_days_way_has_gaps_and_an_estimated_length(cast: Cast, stage: Stage, browser: Open) -> None:
    """Bund, a customer without a position, and the Bund twice more: two legs that nobody knows, and one that is."""
    start = datetime.now(UTC).replace(hour=3, minute=0) - timedelta(days=1)
    north = Position(BUND.lat + 0.01, BUND.lon)

    def visit(account: Any, where: Position | None, minutes: int, reason: str = "so it was") -> None:
        at = start + timedelta(minutes=minutes)
        given = CheckInInput(Fix(where, 10, at) if where else None, reason=reason, tapped_at=at)
        made = check_in_unplanned(cast.rita, new_id(), account, None, given, at)
        check_out(cast.rita, made.visit_id, ReportInput("order", "x"), at + timedelta(minutes=10))

    def go() -> None:
        planned = plan_visit(cast.rita, new_id(), stage.bund, None, start.date(), start - timedelta(hours=2))
        arrange_day(cast.rita, start.date(), [(planned.id, start - timedelta(minutes=12))], start - timedelta(hours=1))
        for account, where, minutes in (
            (stage.bund, BUND, 0), (stage.nowhere, None, 40), (stage.bund, BUND, 80), (stage.bund, north, 120)
        ):  # fmt: skip
            visit(account, where, minutes)

    transact(go)
    page = browser(cast.mona).get(f"/reps/{cast.rita.id}/days/{today_in('Asia/Shanghai', start)}").text
    assert "About 1.6 km on the way (estimated)" in page
    assert page.count("Gap: a position is not known") == 2
    assert "gaps: 2, not counted" in page
    assert "about 1.6 km in 30 min" in page
    assert "12 min later than planned" in page
    assert "30 min planned" in page
    drawn = json.loads(page.split('id="day_pins">')[1].split("</script>")[0])
    assert drawn["lines"] == [[[BUND.lat, BUND.lon], [north.lat, north.lon]]], "no line over a gap"

"""The manager's pages: /board, /board/pins and /reps/<id>/days/<day>."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from app.infra.db import db, transact
from app.kernel.dates import today_in
from app.kernel.geo import Position
from app.kernel.ids import new_id
from app.visits.actions import CheckInInput, check_in_unplanned
from app.visits.rules import Fix
from tests.conftest import Browser, Cast
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

"""Who looked at whom is written down, once an hour and cheaply, and never breaks a page."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, event, select

from app.infra import looks
from app.infra.db import db, transact
from app.infra.looks import KEPT, Look, Seen, looking, saw
from app.kernel.access import SYSTEM
from app.kernel.dates import zone_of
from app.kernel.ids import new_id
from tests.conftest import NOW, Browser, Cast
from tests.house.world import build

Open = Callable[[Any], Browser]


def written() -> list[Look]:
    db.session.rollback()
    return list(db.session.scalars(select(Look).order_by(Look.hour_at, Look.about_id)))


def test_an_hour_of_looking_is_one_row_with_its_first_and_last_look(cast: Cast) -> None:
    for minutes in (0, 1, 2, 12, 13, 25, 61):
        saw(cast.mona, {cast.rita.person_id, cast.mona.person_id}, Seen.BOARD, NOW + timedelta(minutes=minutes))
    first, second = written()
    assert (first.person_id, first.about_id, first.what) == (cast.mona.id, cast.rita.id, "board")
    assert (first.hour_at, first.first_at, first.last_at) == (NOW, NOW, NOW + timedelta(minutes=25))
    assert (first.times, second.times) == (3, 1), "every ten minutes at most"
    assert second.hour_at == NOW + timedelta(hours=1)


def test_oneself_and_the_system_are_no_readers(cast: Cast) -> None:
    saw(cast.rita, {cast.rita.person_id}, Seen.VISIT, NOW)
    saw(SYSTEM, {cast.rita.person_id}, Seen.EXPORT, NOW)
    assert written() == []


def test_two_hundred_people_cost_one_statement(cast: Cast) -> None:
    people, told = {new_id() for _ in range(200)}, []
    listen = ("before_cursor_execute", lambda *given: told.append(given[2]))
    event.listen(db.engine, *listen)
    saw(cast.ada, people, Seen.MAP, NOW)
    inserts = [each for each in told if each.startswith("INSERT")]
    assert len(inserts) == 1
    told.clear()
    saw(cast.ada, people, Seen.MAP, NOW + timedelta(minutes=9))
    assert told == [], "nothing is asked while the hour is known"
    event.remove(db.engine, *listen)
    assert len(written()) == 200


def test_a_page_that_was_refused_showed_nobody(cast: Cast) -> None:
    with pytest.raises(ZeroDivisionError), looking():
        saw(cast.mona, {cast.rita.person_id}, Seen.VISIT, NOW)
        _ = 1 / 0
    assert written() == []


def test_what_cannot_be_written_stands_in_the_log_and_the_page_is_given(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def busy(_work: object) -> None:
        raise RuntimeError("the database is busy")

    monkeypatch.setattr(looks, "transact", busy)
    with caplog.at_level(logging.ERROR), looking():
        saw(cast.mona, {cast.rita.person_id}, Seen.VISIT, NOW)
    assert written() == []
    assert str(cast.rita.id) in caplog.text, "not lost in silence"
    monkeypatch.undo()
    saw(cast.mona, {cast.rita.person_id}, Seen.VISIT, NOW)
    assert len(written()) == 1, "it counts as not written yet"


def test_looks_are_forgotten_in_the_end(cast: Cast) -> None:
    now = datetime.now(UTC)
    saw(cast.mona, {cast.rita.person_id}, Seen.DAY, now - KEPT - timedelta(hours=2))
    saw(cast.mona, {cast.rita.person_id}, Seen.DAY, now - KEPT + timedelta(hours=2))
    looks.FORGET.run(new_id(), {})
    assert len(written()) == 1


def test_the_pages_that_show_where_somebody_was_are_looks(browser: Open, cast: Cast) -> None:
    world = build(cast)
    visit, today = world.of["rita"].visit_id, datetime.now(UTC).astimezone(zone_of(cast.rita.zone)).date()
    pages = {
        f"/visits/{visit}": "visit", f"/visits/{visit}/photos/{world.of['rita'].photo_id}": "visit",
        f"/reps/{cast.rita.id}/days/{today}": "day", "/board": "board", "/board/pins": "board",
    }  # fmt: skip
    for path, what in pages.items():
        transact(lambda: db.session.execute(delete(Look)))
        looks._written.clear()
        assert browser(cast.mona).get(path, buffered=True).status_code == 200
        assert [(each.person_id, each.about_id, each.what) for each in written()] == [
            (cast.mona.id, cast.rita.id, what)
        ], path
    transact(lambda: db.session.execute(delete(Look)))
    for path in (f"/visits/{visit}", f"/reps/{cast.rita.id}/days/{today}"):
        assert browser(cast.rita).get(path).status_code == 200
    assert browser(cast.mona).get(f"/visits/{world.of['ren'].visit_id}").status_code == 404
    assert browser(cast.otto).get(f"/visits/{world.of['rita'].planned}").status_code == 200, "a plan tells nothing"
    assert written() == []

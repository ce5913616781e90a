"""Posts that a phone kept: how they are answered, whose they are, and what is kept of their times."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts.models import Note
from app.identity.models import Person
from app.infra.db import db, transact
from app.infra.journal import JournalEntry
from app.kernel.ids import new_id
from app.web.once import Receipt
from tests.conftest import Browser, Cast
from tests.outbox import kept
from tests.sales.conftest import Shop, shop

__all__ = ["shop"]
Open = Callable[[Any], Browser]
DAY, HOUR, YEARS = timedelta(days=1), timedelta(hours=1), timedelta(days=730)
SECOND = timedelta(seconds=20)  # that a slow machine may take for a post


def notes_of(shop: Shop) -> str:
    return f"/accounts/{shop.kitchen}/notes"


def count(model: Any) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def is_about(moment: datetime, other: datetime) -> bool:
    return abs(moment - other) < SECOND


def test_done_is_204_with_where_it_leads_also_for_a_replay(cast: Cast, shop: Shop, browser: Open) -> None:
    rita, key = browser(cast.rita), new_id()
    for ago in (2 * DAY, 3 * DAY):
        answer = rita.post(notes_of(shop), once=key, headers=kept(ago, person=cast.rita.id), text="Closed on Mondays")
        assert (answer.status_code, answer.data, answer.location) == (204, b"", None)
        assert answer.headers["Outbox-Location"] == f"/accounts/{shop.kitchen}#account_notes"
        assert "Outbox-Clock" not in answer.headers
    assert (count(Note), count(Receipt)) == (1, 1)


def test_both_times_are_kept(cast: Cast, shop: Shop, browser: Open) -> None:
    now = datetime.now(UTC)
    browser(cast.rita).post(notes_of(shop), headers=kept(2 * DAY, wrong=YEARS), text="Closed on Mondays")
    note, receipt = db.session.scalars(select(Note)).one(), db.session.scalars(select(Receipt)).one()
    told = db.session.scalars(select(JournalEntry).where(JournalEntry.event == "NoteAdded")).one()
    for happened, heard in ((note.at, note.received_at), (receipt.captured_at, receipt.at), (told.at, told.arrived_at)):
        assert is_about(happened, now - 2 * DAY)
        assert is_about(heard, now)
    assert not receipt.doubtful
    plain = browser(cast.rita).post(notes_of(shop), text="At the desk")
    assert plain.status_code == 303
    note = db.session.scalars(select(Note).where(Note.text == "At the desk")).one()
    assert note.at == note.received_at


@pytest.mark.parametrize(
    "headers",
    [
        kept(31 * DAY),
        kept(-HOUR),
        {"Outbox-Captured": "0001-01-01T00:00:00Z", "Outbox-Sent": "9999-12-31T23:59:59Z"},
        {"Outbox-Captured": "9999-12-31T23:59:59-14:00", "Outbox-Sent": "0001-01-01T00:00:00+14:00"},
        {"Outbox-Captured": "2099-12-31T00:00:00Z", "Outbox-Sent": "1970-01-01T00:00:00Z"},
        {"Outbox-Captured": "1970-01-01T00:00:00Z", "Outbox-Sent": "2099-12-31T00:00:00Z"},
        {"Outbox-Captured": "x" * 3000, "Outbox-Sent": "2026-02-31"},
    ],
    ids=["too old", "ahead", "year 1", "year 9999", "all the years", "and back", "nonsense"],
)
def test_a_clock_that_cannot_be_is_flagged_and_nothing_is_lost(
    headers: dict[str, str], cast: Cast, shop: Shop, browser: Open
) -> None:
    now = datetime.now(UTC)
    answer = browser(cast.rita).post(notes_of(shop), headers=headers, text="Closed on Mondays")
    assert (answer.status_code, answer.headers["Outbox-Clock"]) == (204, "doubtful")
    receipt = db.session.scalars(select(Receipt)).one()
    assert receipt.doubtful
    assert is_about(receipt.at, now)
    assert is_about(db.session.scalars(select(Note.at)).one(), now)


def test_somebody_elses_entry_waits_for_that_person(cast: Cast, shop: Shop, browser: Open) -> None:
    """Also where the one who is signed in may not even do such a thing: 404 would throw it away."""
    path = notes_of(shop)
    for who in (cast.mona, cast.otto, None):
        for where in (path, "/an/address/of/an/older/version"):
            answer = browser(who).post(where, headers=kept(HOUR, person=cast.rita.id), text="x")
            assert (answer.status_code, answer.location) == (401, None)
            assert "<html" in answer.text
    for nonsense in ("", "x", str(new_id())):
        assert browser(cast.rita).post(path, headers={"Outbox-Person": nonsense}, text="x").status_code == 401
    assert browser(None).post(path, headers=kept(HOUR), text="x").status_code == 401
    assert (count(Note), count(Receipt)) == (0, 0)


def test_nobody_is_told_later_what_nobody_asked(cast: Cast, shop: Shop, browser: Open) -> None:
    rita = browser(cast.rita)
    path, name = f"/accounts/{shop.kitchen}/contacts", "Saved."
    answer = rita.post(path, headers=kept(HOUR), name="Chef Wu")
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (204, False)
    assert name not in rita.get(f"/accounts/{shop.kitchen}").text
    assert rita.post(path, headers=kept(timedelta(seconds=2), attended=True), name="Chef Li").status_code == 204
    assert name in rita.get(f"/accounts/{shop.kitchen}").text


def test_a_message_that_waits_already_stays(cast: Cast, shop: Shop, browser: Open) -> None:
    rita, path = browser(cast.rita), f"/accounts/{shop.kitchen}/contacts"
    rita.post(path, name="Chef Wu")
    rita.post(path, headers=kept(HOUR), name="Chef Li")
    assert rita.get(f"/accounts/{shop.kitchen}").text.count("Saved.") == 1


def test_a_refusal_comes_as_a_whole_page(cast: Cast, shop: Shop, browser: Open) -> None:
    rita = browser(cast.rita)
    for more in ({}, {"HX-Request": "true"}):
        refused = rita.post(notes_of(shop), headers={**kept(HOUR), **more}, text="")
        assert (refused.status_code, "<html" in refused.text) == (422, True)
        missing = rita.post(f"/accounts/{new_id()}/notes", headers={**kept(HOUR), **more}, text="x")
        assert (missing.status_code, "<html" in missing.text, "HX-Retarget" in missing.headers) == (404, True, False)
    done = rita.post(notes_of(shop), headers={**kept(HOUR), "HX-Request": "true"}, text="x")
    assert (done.status_code, "HX-Redirect" in done.headers) == (204, False)
    assert count(Receipt) == 1


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Not taken: the customer"),
        ("zh_Hans", "未受理：这条记录涉及的客户"),
        ("zh_Hant", "未受理：這筆紀錄涉及的客戶"),
    ],
)
def test_what_is_no_longer_one_s_own_is_refused_in_words(
    language: str, said: str, cast: Cast, shop: Shop, browser: Open
) -> None:
    """And alike for what never was: nobody learns what there is."""
    transact(lambda: setattr(db.session.get_one(Person, cast.rita.id), "language", language))
    rita = browser(cast.rita)
    for account in (shop.thames, new_id()):
        refused = rita.post(f"/accounts/{account}/notes", headers=kept(HOUR), text="x")
        assert (refused.status_code, said in refused.text) == (404, True)
        assert said not in rita.post(f"/accounts/{account}/notes", text="x").text, "nothing was kept there"
    assert (count(Note), count(Receipt)) == (0, 0)


@pytest.mark.parametrize(
    ("language", "changed", "lost"),
    [
        ("en", "This entry was changed after it was sent once.", "This entry has lost its key"),
        ("zh_Hans", "这条记录发送过一次之后又被改动。", "这条记录缺少标识"),
        ("zh_Hant", "這筆紀錄傳送過一次之後又被更動。", "這筆紀錄缺少識別碼"),
    ],
)
def test_a_key_that_is_no_key_or_another_ones(
    language: str, changed: str, lost: str, cast: Cast, shop: Shop, browser: Open
) -> None:
    def speak() -> None:
        db.session.get_one(Person, cast.rita.id).language = language

    transact(speak)
    rita, key = browser(cast.rita), new_id()
    assert rita.post(notes_of(shop), once=key, headers=kept(HOUR), text="first").status_code == 204
    other = rita.post(notes_of(shop), once=key, headers=kept(HOUR), text="second")
    assert (other.status_code, changed in other.text) == (409, True)
    for nonsense in (" ", "x", "0" * 4000):
        keyless = rita.post(notes_of(shop), once=nonsense, headers=kept(HOUR), text="third")  # type: ignore[arg-type]
        assert (keyless.status_code, lost in keyless.text) == (400, True)
    assert db.session.scalars(select(Note.text)).all() == ["first"]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "a file may have 12 MB, the texts of a form 1 MB. Choose a smaller file"),
        ("zh_Hans", "文件最大 12 MB，一份表单的文字最大 1 MB。请选择较小的文件"),
        ("zh_Hant", "檔案最大 12 MB，一份表單的文字最大 1 MB。請選擇較小的檔案"),
    ],
)
def test_a_photo_of_thirty_megabytes_is_refused_with_a_page(
    language: str, said: str, app: Flask, cast: Cast, browser: Open
) -> None:
    transact(lambda: setattr(db.session.get_one(Person, cast.rita.id), "language", language))
    head = b'--edge\r\nContent-Disposition: form-data; name="photo"; filename="shot.jpg"\r\n\r\n'
    with app.app_context():
        answer = browser(cast.rita).client.post(
            f"/visits/{new_id()}/photos",
            data=head + b"\xff" * 30_000_000 + b"\r\n--edge--\r\n",
            content_type="multipart/form-data; boundary=edge",
            headers={"Sec-Fetch-Site": "same-origin", **kept(HOUR)},
        )
    assert (answer.status_code, said in answer.text, "<html" in answer.text) == (413, True, True)
    assert count(Receipt) == 0

"""What an answer carries and costs: no cookie with each page, compression as the browser takes it, few statements."""

import gzip
from collections.abc import Callable, Iterator
from typing import Any

import brotli  # type: ignore[import-untyped]
import pytest
from backports import zstd
from flask import Flask
from sqlalchemy import event

from app.identity.models import Person
from app.infra.db import db, transact
from app.web.answer import LEAST, coding_for
from tests.conftest import Browser, Cast, session_of

Open = Callable[[Any], Browser]
PAGES = ("/accounts", "/more", "/today")


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)


@pytest.mark.parametrize("path", PAGES)
def test_looking_at_a_page_sets_no_cookie(path: str, browser: Open, cast: Cast) -> None:
    answer = browser(cast.rita).get(path)
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(("accepted", "coding"), [
    ("gzip, deflate, br, zstd", "zstd"), ("gzip, deflate, br", "br"), ("gzip, deflate", "gzip"), ("*", "zstd"),
    ("zstd;q=0, gzip;q=0.5", "gzip"), ("identity", None), ("", None), ("compress", None),
])  # fmt: skip
def test_a_page_is_compressed_as_the_browser_takes_it(
    accepted: str, coding: str | None, browser: Open, cast: Cast
) -> None:
    ada = browser(cast.ada)
    plain = ada.get("/roles").data
    unpack: dict[str | None, Callable[[bytes], bytes]] = {
        "zstd": zstd.decompress, "br": brotli.decompress, "gzip": gzip.decompress, None: bytes,
    }  # fmt: skip
    for _ in range(2):  # the compressor of the thread is used again
        answer = ada.get("/roles", headers={"Accept-Encoding": accepted})
        assert answer.headers.get("Content-Encoding") == coding == coding_for(accepted)
        assert unpack[coding](answer.data) == plain
        assert int(answer.headers["Content-Length"]) == len(answer.data)
        assert "Accept-Encoding" in answer.headers["Vary"]


def test_the_phone_s_service_worker_gets_the_smallest(browser: Open, cast: Cast) -> None:
    ada = browser(cast.ada)
    phone = {"Accept-Encoding": "gzip, deflate, br, zstd", "Outbox-Shell": "of some build"}
    answer = ada.get("/roles", headers=phone)
    assert answer.headers["Content-Encoding"] == "br"
    assert brotli.decompress(answer.data) == ada.get("/roles").data


def test_what_goes_in_one_packet_is_not_compressed(browser: Open, cast: Cast) -> None:
    answer = browser(cast.ada).client.get("/nowhere", headers={"HX-Request": "true", "Accept-Encoding": "br"})
    assert 0 < len(answer.data) < LEAST
    assert "Content-Encoding" not in answer.headers


def test_a_cookie_that_was_changed_counts_for_nothing_although_the_true_one_was_verified(
    app: Flask, browser: Open, cast: Cast
) -> None:
    rita = browser(cast.rita)
    assert rita.get("/more").status_code == 200
    true = rita.client.get_cookie("fieldbook")
    assert true is not None
    middle = len(true.value) // 3
    false = true.value[:middle] + ("A" if true.value[middle] != "A" else "B") + true.value[middle + 1 :]
    rita.client.set_cookie("fieldbook", false)
    assert rita.get("/more").status_code == 302
    rita.client.set_cookie("fieldbook", true.value)
    assert rita.get("/more").status_code == 200


def test_a_revoked_person_is_out_although_the_cookie_was_verified(browser: Open, cast: Cast) -> None:
    rita = browser(cast.rita)
    assert rita.get("/more").status_code == 200

    def revoke() -> None:
        db.session.get_one(Person, cast.rita.id).session_version += 1

    transact(revoke)
    assert rita.get("/more").status_code == 302


def test_the_same_cookie_tells_its_message_to_each_request_that_brings_it(app: Flask, cast: Cast) -> None:
    """Two tabs may send the cookie with a message before either answer has taken the message away."""
    client, token = app.test_client(), session_of(cast.rita)
    with client.session_transaction() as session:
        session["_user_id"] = token
        session["_flashes"] = [("success", "Saved as asked.")]
    sent = client.get_cookie("fieldbook")
    assert sent is not None
    for _ in range(2):
        client.set_cookie("fieldbook", sent.value)
        with app.app_context():
            assert client.get("/more").text.count("Saved as asked.") == 1


def test_signing_out_ends_the_session_of_the_browser(browser: Open, cast: Cast) -> None:
    rita = browser(None)
    rita.post("/sign-in", email="rita@harbour.example", password="correct horse battery")
    assert rita.get("/more").status_code == 200
    rita.post("/sign-out")
    assert rita.get("/more").status_code == 302


def test_the_list_of_customers_asks_once_and_the_filter_of_owners_once_more(
    browser: Open, cast: Cast, statements: list[str]
) -> None:
    ada = browser(cast.ada)
    ada.get("/accounts")
    for path, most in (("/accounts", 1), ("/accounts?more=1", 2)):
        statements.clear()
        answer = ada.get(path)
        assert answer.status_code == 200
        asked = [each for each in statements if "FROM person JOIN device" not in each and each != "BEGIN"]
        assert len(asked) <= most, asked  # the tests read the actor anew with each request
        assert ("Rita" in answer.text) == (most == 2)

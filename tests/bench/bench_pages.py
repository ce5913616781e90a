"""What a page costs: the server's work for it, counted against a bare one-route Flask application.

    python -m tests.bench.bench_pages

Both are called in-process as WSGI applications with the headers that Chromium sends, in turns within one run, so that
a slow moment hits both; somebody has signed in through the sign-in page. The bare application cannot compress, so
nobody asks for it, but in the lines named ..._compressed, where the page comes as a browser gets it.
Prints the median ratio of CPU time, that of the quietest tenth of the rounds, the SQL statements, the bytes of a first
visit (the bodies, with the style in the pages, and of scripts what they import at once), and those of Today for a phone
that keeps the files of this build: the demo company's rep of Shanghai, body and headers (as HTTP/1.1 writes them; over
HTTP/2 they are sent once).

page_accounts_50_rows is the first page again and again, page_accounts_50_new_rows turns to another page each time. The
fragments are the progress of a quote's PDF, and that of a batch.
"""

import io
import itertools
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin
from uuid import UUID

import flask_migrate
from flask import Flask
from sqlalchemy import event

from app import demo
from app.accounts.actions import add_account
from app.accounts.rules import AccountInput, PlaceInput
from app.assets import current_build
from app.catalogue.actions import PriceInput, PriceListInput, ProductInput, add_price_list, add_product, set_prices
from app.config import ROOT, Settings
from app.documents.actions import request_batch, request_document
from app.factory import create_app
from app.identity.administration import add_administrator
from app.identity.queries import actor_of
from app.infra.db import db, transact
from app.kernel.access import Actor
from app.kernel.geo import Position
from app.kernel.ids import new_id
from app.kernel.page import PAGE_SIZE
from app.sales.actions import save_quote
from app.sales.rules import LineInput, OrderInput

ACCOUNTS, ROUNDS, CALLS = 5_000, 30, 20
EMAIL, PASSWORD = "a@b.example", "a long password"
CHROMIUM = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "en-GB,en;q=0.9,zh-CN;q=0.8",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "same-origin",
    "User-Agent": "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Mobile",
}
PLAIN = {name: value for name, value in CHROMIUM.items() if name != "Accept-Encoding"}
HTMX = {**CHROMIUM, "Accept": "text/html", "HX-Request": "true", "Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors"}
Call = Callable[[], "Answer"]


@dataclass
class Answer:
    """What came back."""

    status: str
    headers: dict[str, str]
    body: bytes


def caller(app: Any, path: str, cookie: str = "", headers: dict[str, str] = CHROMIUM, form: bytes = b"") -> Call:
    """A function that asks the WSGI application for the path (posts `form` if it is given) as a browser would."""
    path, _, query = path.partition("?")
    environ = {
        "REQUEST_METHOD": "POST" if form else "GET", "PATH_INFO": path, "QUERY_STRING": query,
        "CONTENT_TYPE": "application/x-www-form-urlencoded" if form else "", "CONTENT_LENGTH": str(len(form) or ""),
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost", "HTTP_COOKIE": cookie, "wsgi.url_scheme": "http", "wsgi.version": (1, 0),
        "wsgi.errors": io.StringIO(), "wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False,
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
    }  # fmt: skip

    def call() -> Answer:
        said: list[Any] = []
        body = app({**environ, "wsgi.input": io.BytesIO(form)}, lambda *head: said.extend(head))
        try:
            content = b"".join(body)
        finally:
            getattr(body, "close", lambda: None)()
        return Answer(said[0], dict(said[1]), content)

    return call


def in_turn(calls: list[Call]) -> Call:
    """A function that makes one of the calls each time, the first again after the last."""
    endless = itertools.cycle(calls)
    return lambda: next(endless)()


def ratios(page: Call, bare: Call) -> list[float]:
    """Of each round: CPU time of the page / CPU time of the bare application."""

    def cost(call: Call, times: int) -> float:
        begun = time.process_time()
        for _ in range(times):
            call()
        return (time.process_time() - begun) / times

    cost(page, 10)
    cost(bare, 10)
    return [cost(page, CALLS) / cost(bare, 10 * CALLS) for _ in range(ROUNDS)]


def statements(app: Flask, call: Call) -> int:
    """SQL statements of one call, without BEGIN, which reads nothing."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, text: str, *_rest: Any) -> None:
        seen.append(text)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    call()
    event.remove(engine, "before_cursor_execute", note)
    return len([text for text in seen if text != "BEGIN"])


def made(app: Flask) -> tuple[UUID, UUID]:
    """An administrator, ACCOUNTS accounts of his, a quote whose PDF is waited for, and a batch with it: their ids."""
    flask_migrate.upgrade(directory=str(ROOT / "migrations"))
    now = datetime.now(UTC)
    actor = actor_of(transact(lambda: add_administrator(EMAIL, "Ann", PASSWORD, "en", "Asia/Shanghai", "CNY", now)))

    def fill() -> tuple[UUID, UUID]:
        accounts = [_add_account(actor, number, now) for number in range(ACCOUNTS)]
        oil = add_product(actor, None, ProductInput("OIL-5", "Olive oil 5 L", unit="can", tax_rate=1300), now).id
        prices = add_price_list(actor, None, PriceListInput("Standard", "CNY", standard=True), now).id
        set_prices(actor, prices, [PriceInput(oil, None, 39_900)], now)
        quote = save_quote(actor, None, accounts[0], OrderInput((LineInput(oil, 2),)), now)
        document = request_document(actor, new_id(), "quote", quote.id, quote.number, "en", now).id
        return document, request_batch(actor, new_id(), [document], "Quotes", "en", now).id

    return transact(fill)


def _add_account(actor: Actor, number: int, now: datetime) -> UUID:
    place = PlaceInput(
        "Asia/Shanghai", city="上海市", district="静安区", address=f"南京西路 {number} 号",
        position=Position(31.2 + number % 100 / 1000, 121.4 + number / 10_000),
    )  # fmt: skip
    given = AccountInput(f"客户 {number:05}", category="餐厅", phone=f"021-5550 {number:04}", rating="ABC"[number % 3])
    account_id = add_account(actor, new_id(), given, place, None, actor.id, now).id
    if number % 500 == 0:
        db.session.flush()
        db.session.expunge_all()
    return account_id


def signed_in(app: Flask, email: str, password: str) -> str:
    """The cookie that the sign-in page gives."""
    answer = caller(app, "/sign-in", form=urlencode({"email": email, "password": password}).encode())()
    assert answer.status.startswith("303"), answer
    return answer.headers["Set-Cookie"].partition(";")[0]


def first_visit(app: Flask, paths: list[tuple[str, str]]) -> int:
    """Bytes of the bodies of the pages and of everything they load, as compressed as they are served."""
    total, loaded = 0, set()
    for path, cookie in paths:
        total += len(caller(app, path, cookie)().body)
        html = caller(app, path, cookie, {})().body.decode()
        waiting = re.findall(r'(?:src|href)="(/static/[^"#]+)', html)
        if re.search("hx-(get|post)=", html):  # app.js then brings it
            waiting.append(f"/static/{current_build()}/vendor/htmx.org/htmx.min.js")
        while waiting:
            address = waiting.pop()
            if address not in loaded:
                loaded.add(address)
                file = caller(app, address)()
                assert file.status.startswith("200"), f"{address}: {file.status}"
                total += len(file.body)
                text = caller(app, address, "", {})().body.decode() if address.endswith(".js") else ""
                waiting += [
                    urljoin(address, name) for name in re.findall(r'^import .*"(\./[^"]+)"', text, re.MULTILINE)
                ]
    return total


def repeat_today(folder: Path) -> Answer:
    """Today of the demo's rep, who has visits of the day, missed and overdue ones, for a phone that has the rest."""
    settings = Settings(folder, "", "", "127.0.0.1", 8000, "", "", "", "", "wgs84", development=False)
    app = create_app(settings, SQLITE_SYNCHRONOUS="OFF")
    with app.app_context():
        flask_migrate.upgrade(directory=str(ROOT / "migrations"))
        demo.seed_once(lambda _line: None)
    cookie = signed_in(app, "rep@demo.example", demo.PASSWORD)
    answer = caller(app, "/today", cookie, {**CHROMIUM, "Outbox-Shell": current_build()})()
    assert answer.status.startswith("200"), answer.status
    return answer


def main() -> None:
    """Measure and print."""
    bare_app = Flask("bare")
    bare_app.add_url_rule("/", view_func=lambda: "Hello, World!")
    bare = caller(bare_app, "/")
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(Path(folder), "", "", "127.0.0.1", 8000, "", "", "", "", "wgs84", development=False)
        app = create_app(settings, SQLITE_SYNCHRONOUS="OFF")
        with app.app_context():
            document, batch = made(app)
        cookie = signed_in(app, EMAIL, PASSWORD)
        pages = {
            "page_accounts_50_rows": caller(app, "/accounts", cookie, PLAIN),
            "page_accounts_50_rows_compressed": caller(app, "/accounts", cookie),
            "page_accounts_50_new_rows": in_turn(
                [caller(app, f"/accounts?page={page}", cookie, PLAIN) for page in range(1, ACCOUNTS // PAGE_SIZE + 1)]
            ),
            "fragment_one_row": caller(app, f"/documents/{document}", cookie, HTMX),
            "fragment_batch": caller(app, f"/documents/{batch}", cookie, HTMX),
        }
        rows = caller(app, "/accounts", cookie, {})().body.decode().count("<li><b")
        assert rows == PAGE_SIZE, f"{rows} rows"
        for name, call in pages.items():
            answer = call()
            assert answer.status.startswith("200"), answer.status
            assert "Set-Cookie" not in answer.headers, "the session is written anew with each page"
            found = ratios(call, bare)
            print(f"{name}_ratio={statistics.median(found):.1f}")
            print(f"{name}_ratio_quiet={statistics.quantiles(found, n=10)[0]:.1f}")
        for name, call in pages.items():  # last: listening slows the engine down
            print(f"{name}_statements={statements(app, call)}")
        print(f"first_visit_sign_in_bytes={first_visit(app, [('/sign-in', '')])}")
        print(f"first_visit_and_today_bytes={first_visit(app, [('/sign-in', ''), ('/today', cookie)])}")
    with tempfile.TemporaryDirectory() as folder:
        today = repeat_today(Path(folder))
        print(f"repeat_today_bytes={len(today.body)}")
        print(f"repeat_today_header_bytes={sum(len(f'{name}: {value}') + 2 for name, value in today.headers.items())}")


if __name__ == "__main__":
    main()

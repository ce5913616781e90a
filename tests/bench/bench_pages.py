"""What a page costs: the server's work for it, counted against a bare one-route Flask application.

    python -m tests.bench.bench_pages

Both are called in-process as WSGI applications, in turns within one run, so that a slow moment hits both. Prints the
median ratio of CPU time, the number of SQL statements, and the bytes that a first visit brings (brotli, without map).
"""

import gzip
import io
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import flask_migrate
from flask import Flask
from sqlalchemy import event

from app.accounts.actions import add_account
from app.accounts.rules import AccountInput, PlaceInput
from app.config import ROOT, Settings
from app.documents.actions import request_document
from app.factory import create_app
from app.identity.administration import add_administrator
from app.identity.queries import actor_of
from app.infra.db import db, transact
from app.kernel.access import Actor
from app.kernel.geo import Position
from app.kernel.ids import new_id
from app.web.actor import SignedIn

ACCOUNTS, ROUNDS, CALLS = 5_000, 40, 5
Call = Callable[[], bytes]


def caller(app: Any, path: str, cookie: str = "", headers: dict[str, str] | None = None) -> Call:
    """A function that asks the WSGI application for the path and returns the body."""
    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": path.partition("?")[0], "QUERY_STRING": path.partition("?")[2],
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost", "HTTP_COOKIE": cookie, "wsgi.url_scheme": "http", "wsgi.version": (1, 0),
        "wsgi.errors": io.StringIO(), "wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False,
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in (headers or {}).items()},
    }  # fmt: skip

    def call() -> bytes:
        said: list[str] = []
        body = app({**environ, "wsgi.input": io.BytesIO()}, lambda status, _headers, _error=None: said.append(status))
        try:
            content = b"".join(body)
        finally:
            getattr(body, "close", lambda: None)()
        assert said[0].startswith("200"), f"{path}: {said[0]}"
        return content

    return call


def ratio(page: Call, bare: Call) -> float:
    """Median over the rounds of CPU time of the page / CPU time of the bare application."""

    def cost(call: Call) -> float:
        begun = time.process_time()
        for _ in range(CALLS):
            call()
        return time.process_time() - begun

    for call in (page, bare):
        for _ in range(10):
            call()
    return statistics.median(cost(page) / cost(lambda: [bare() for _ in range(10)][0]) * 10 for _ in range(ROUNDS))


def statements(app: Flask, call: Call) -> int:
    """SQL statements of one call, without BEGIN and ROLLBACK, which are not statements of the driver's cursor."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, text: str, *_rest: Any) -> None:
        seen.append(text)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    call()
    event.remove(engine, "before_cursor_execute", note)
    return len([text for text in seen if not text.startswith(("BEGIN", "ROLLBACK"))])


def made(app: Flask) -> tuple[Actor, UUID]:
    """An administrator, ACCOUNTS accounts of his and one requested document."""
    flask_migrate.upgrade(directory=str(ROOT / "migrations"))
    now = datetime.now(UTC)
    actor = actor_of(
        transact(lambda: add_administrator("a@b.example", "Ann", "a long password", "en", "Asia/Shanghai", "CNY", now))
    )

    def fill() -> UUID:
        for number in range(ACCOUNTS):
            place = PlaceInput(
                "Asia/Shanghai", city="上海市", address=f"南京西路 {number} 号",
                position=Position(31.2 + number % 100 / 1000, 121.4 + number / 10_000),
            )  # fmt: skip
            given = AccountInput(f"客户 {number:05}", phone=f"021-5550 {number:04}", rating="ABC"[number % 3])
            add_account(actor, new_id(), given, place, None, actor.id, now)
            if number % 500 == 0:
                db.session.expunge_all()
        return request_document(actor, new_id(), "quote", new_id(), "Quote", "en", now).id

    return actor, transact(fill)


def first_visit(app: Flask, paths: list[tuple[str, str]]) -> int:
    """Bytes over the wire of the pages and of everything they load, brotli where it is offered (gzip -6 for HTML)."""
    total, loaded = 0, set()
    for path, cookie in paths:
        html = caller(app.wsgi_app, path, cookie)()
        total += len(gzip.compress(html, 6))
        text = html.decode()
        found = re.findall(r'(?:src|href)="(/static/[^"#]+)', text)
        for address in found:
            if address not in loaded:
                loaded.add(address)
                file = ROOT / "static" / "built" / address.removeprefix("/static/")
                packed = file.with_name(file.name + ".br")
                total += (packed if packed.exists() else file).stat().st_size
    return total


def main() -> None:
    """Measure and print."""
    bare_app = Flask("bare")
    bare_app.add_url_rule("/", view_func=lambda: "Hello, World!")
    bare = caller(bare_app, "/")
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(Path(folder), "", "", "127.0.0.1", 8000, "", "", "", "", "wgs84", development=False)
        app = create_app(settings, SQLITE_SYNCHRONOUS="OFF")
        with app.app_context():
            actor, document = made(app)
        client = app.test_client()
        with client.session_transaction() as session:
            session["_user_id"] = SignedIn(actor, 1).get_id()
            session["_fresh"] = True
        found = client.get_cookie("fieldbook")
        cookie = f"fieldbook={found.value}" if found else ""
        pages = {
            "page_accounts_50_rows": caller(app.wsgi_app, "/accounts", cookie),
            "fragment_one_row": caller(app.wsgi_app, f"/documents/{document}", cookie, {"HX-Request": "true"}),
        }
        assert pages["page_accounts_50_rows"]().decode().count("<li") >= 50
        for name, call in pages.items():
            print(f"{name}_ratio={ratio(call, bare):.1f}")
            print(f"{name}_statements={statements(app, call)}")
        print(f"first_visit_sign_in_bytes={first_visit(app, [('/sign-in', '')])}")
        print(f"first_visit_and_today_bytes={first_visit(app, [('/sign-in', ''), ('/today', cookie)])}")


if __name__ == "__main__":
    main()

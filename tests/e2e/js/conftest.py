"""The scripts of static/js in real Chromium: a loopback server for static pages under the product's strict CSP."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

ROOT = Path(__file__).parents[3]
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'"
)
TYPES = {".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".pdf": "application/pdf"}


@dataclass
class Post:
    """One form post as the server got it: the plain fields and the files."""

    path: str
    fields: dict[str, str]
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)


@dataclass
class Site:
    """What the server answers (path -> type and body, or a status) and what it was asked."""

    url: str = ""
    answers: dict[str, tuple[str, bytes] | int] = field(default_factory=dict)
    posts: list[Post] = field(default_factory=list)
    gets: list[str] = field(default_factory=list)

    def page(self, path: str, body: str, *scripts: str, lang: str = "en") -> str:
        """Puts a page with these scripts of static/js there; returns its address."""
        tags = "".join(f'<script type="module" src="/static/js/{name}"></script>' for name in scripts)
        html = (
            f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><title>Test</title>'
            '<meta name="viewport" content="width=device-width,initial-scale=1"><link rel="icon" href="data:,">'
            '<link rel="stylesheet" href="/static/css/app.css">'
            '<link rel="stylesheet" href="/node_modules/leaflet/dist/leaflet.css">'
            f'<link rel="stylesheet" href="/static/css/map.css">{tags}'
            f'<body><main><div class="stack">{body}</div></main></body></html>'
        )
        self.answers[path] = ("text/html; charset=utf-8", html.encode())
        return self.url + path

    def json(self, path: str, value: object) -> None:
        self.answers[path] = ("application/json", json.dumps(value).encode())


def _parse(content_type: str, body: bytes) -> tuple[dict[str, str], dict[str, tuple[str, bytes]]]:
    if not content_type.startswith("multipart/"):
        return {k: v[-1] for k, v in parse_qs(body.decode(), keep_blank_values=True).items()}, {}
    fields: dict[str, str] = {}
    files: dict[str, tuple[str, bytes]] = {}
    parts: Any = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body).get_payload()
    for part in parts:
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if (filename := part.get_filename()) is None:
            fields[name] = content.decode()
        else:
            files[name] = (filename, content)
    return fields, files


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's own name
            """Quiet."""

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", CSP)
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            site.gets.append(self.path)
            file = ROOT / path.lstrip("/")
            answer = site.answers.get(path)
            if isinstance(answer, int):
                self._answer(answer, "text/plain", b"")
            elif answer:
                self._answer(200, *answer)
            elif path.startswith(("/static/", "/node_modules/")) and file.is_file():
                self._answer(200, TYPES.get(file.suffix, "application/octet-stream"), file.read_bytes())
            else:
                self._answer(404, "text/plain", b"")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            fields, files = _parse(self.headers["Content-Type"], body)
            site.posts.append(Post(self.path, fields, files))
            if self.path == "/stay":  # 204: the page stays where it is
                self.send_response(204)
                self.end_headers()
                return
            self._answer(200, "text/html; charset=utf-8", b"<!doctype html><title>Posted</title><h1>Posted</h1>")

    return Handler


@pytest.fixture
def site() -> Iterator[Site]:
    found = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(found))
    found.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def new_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages of phone size; at the end no page may have reported an error, a CSP violation included."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def opened(*init: str, **options: Any) -> Page:
        context = chromium.new_context(**{"viewport": {"width": 390, "height": 844}, "locale": "en-GB", **options})
        contexts.append(context)
        for script in init:
            context.add_init_script(script)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [error for error in errors if "Failed to load resource" not in error] == []

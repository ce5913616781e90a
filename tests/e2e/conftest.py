"""Journeys in headless Chromium against the real thing: `flask up --demo` with web server and worker."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from app.config import ROOT
from app.demo.cities import CITIES
from app.kernel.dates import today_in

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE_S = 240
SENT_IN_S = 30
ANSWERED_IN_MS = 15_000
DEMO_PASSWORD = "fieldbook-demo"

expect.set_options(timeout=ANSWERED_IN_MS)


@dataclass
class Running:
    """A started Fieldbook: its address and its folder."""

    url: str
    data: Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def started(**environment: str) -> Iterator[Running]:
    """`flask up --demo` in a new folder, on a free loopback port, ended by Ctrl-C as a person would."""
    data = Path(tempfile.mkdtemp(prefix="fieldbook-e2e-"))
    try:
        with _up(data, **environment) as running:
            yield running
    finally:
        shutil.rmtree(data, ignore_errors=True)


@contextmanager
def _up(data: Path, **environment: str) -> Iterator[Running]:
    port = free_port()
    settings = {**os.environ, "FIELDBOOK_DATA": str(data), "PORT": str(port), "DATABASE_URL": "", **environment}
    settings.pop("FIELDBOOK_URL", None)
    log = (data / "log").open("wb")
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "up", "--demo"]
    process = subprocess.Popen(command, cwd=ROOT, env=settings, stdout=log, stderr=log, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, process, data / "log")
        yield Running(url, data)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0, (data / "log").read_text()[-2000:]
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        log.close()


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise AssertionError(f"Fieldbook did not start:\n{log.read_text()[-3000:]}")


@pytest.fixture(scope="session")
def another_demo(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], AbstractContextManager[Running]]:
    """another_demo(): the demo company on SQLite in a folder of its own, as a context.

    It is told once, which takes longest, and copied; past midnight it is told anew, since it ends with today.
    """
    told: dict[tuple[date, ...], Path] = {}

    @contextmanager
    def start() -> Iterator[Running]:
        now = datetime.now(UTC)
        days = tuple(today_in(city.zone, now) for city in CITIES)
        if days not in told:
            folder = tmp_path_factory.mktemp("demo")
            with _up(folder):
                told[days] = folder
        data = tmp_path_factory.mktemp("demo")
        shutil.copytree(told[days], data, dirs_exist_ok=True)
        with _up(data) as running:
            yield running

    return start


@pytest.fixture(scope="session")
def demo(another_demo: Callable[[], AbstractContextManager[Running]]) -> Iterator[Running]:
    """The demo company on SQLite, for all journeys."""
    with another_demo() as running:
        yield running


@pytest.fixture(scope="module")
def fresh_demo(another_demo: Callable[[], AbstractContextManager[Running]]) -> Iterator[Running]:
    """A demo of its own, for journeys that need the day as the demo leaves it, whatever the hour."""
    with another_demo() as running:
        yield running


@pytest.fixture(scope="session")
def demo_on_postgres(postgres_url: str) -> Iterator[Running]:
    """The demo company on PostgreSQL."""
    server = postgres_url.replace("+psycopg", "")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE journeys")
    with started(DATABASE_URL=server.removesuffix("/postgres") + "/journeys") as running:
        yield running


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=QUIET)
        yield browser
        browser.close()


class Visitor:
    """Somebody at a browser. Every page is watched: no error in the console, no layout wider than the screen."""

    def __init__(self, context: BrowserContext, base: str) -> None:
        self.context, self.base = context, base
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.without_network = False
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"{self.page.url}: {error}"))

    def _console(self, message: ConsoleMessage) -> None:
        # Chromium itself reports 4xx answers, which journeys with wrong input mean to get.
        if self.without_network and "net::ERR_" in message.text:
            return
        if message.type == "error" and "status of 4" not in message.text:
            self.complaints.append(f"{self.page.url}: {message.text}")

    def go(self, path: str) -> Page:
        self.page.goto(self.base + path)
        self.fits()
        return self.page

    def fits(self) -> None:
        """The page is not wider than the screen, and has each style once, the common one before its own."""
        styles = self.page.evaluate(
            "[...document.querySelectorAll('link[rel=stylesheet], style[data-href]')]"
            ".map((each) => (each.dataset.href ?? each.href).replace(/.*[/]/, ''))"
        )
        assert (styles[:1], len(set(styles))) == (["app.css"], len(styles)), (self.page.url, styles)
        assert not self.page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"), self.page.url

    def sign_in(self, name: str, password: str = DEMO_PASSWORD) -> Page:
        page = self.go("/sign-in")
        page.fill("[name=email]", f"{name}@demo.example")
        page.fill("[name=password]", password)
        page.press("[name=password]", "Enter")
        page.wait_for_url(lambda url: "/sign-in" not in url)
        self.fits()
        return page


def entries(page: Page) -> list[dict[str, Any]]:
    """What the phone keeps to send, without what was written."""
    found: list[dict[str, Any]] = page.evaluate(
        "outbox.list().then((all) => all.map(({fields, answer, shown, ...rest}) => rest))"
    )
    return found


def until(page: Page, condition: str) -> None:
    """Wait until the asynchronous JavaScript expression holds, on whatever page of ours that is by then."""
    end = time.monotonic() + SENT_IN_S
    while True:
        try:
            if page.evaluate(f"(async () => self.outbox && ({condition}))()"):
                return
        except PlaywrightError as error:
            if "context was destroyed" not in str(error):
                raise
        assert time.monotonic() < end, f"not within {SENT_IN_S} s: {condition}\n{entries(page)}"
        time.sleep(0.1)


Visit = Callable[..., Visitor]


@pytest.fixture
def visitor(chromium: Browser) -> Iterator[Visit]:
    """visitor(running, PHONE, position=(lat, lon), script=True) -> Visitor; at the end nobody may have complained."""
    opened: list[Visitor] = []

    def open_for(running: Running, size: dict[str, int] = PHONE, **options: Any) -> Visitor:
        position = options.pop("position", None)
        if position:
            options |= {
                "geolocation": {"latitude": position[0], "longitude": position[1], "accuracy": 12},
                "permissions": ["geolocation"],
            }
        context = chromium.new_context(viewport=size, accept_downloads=True, **options)
        context.set_default_timeout(ANSWERED_IN_MS)
        opened.append(Visitor(context, running.url))
        return opened[-1]

    yield open_for
    complaints = [complaint for each in opened for complaint in each.complaints]
    for each in opened:
        each.context.close()
    assert not complaints, complaints

"""The server and the phone: real processes, started, killed and started again. Each is ended by its own id."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from playwright.sync_api import BrowserContext, Error, Page, Playwright

from app.config import ROOT
from app.infra.db import CONNECTIONS
from tests.e2e.conftest import DEMO_PASSWORD, PHONE, QUIET, free_port

START_S, PACK_S = 60, 120
# Told by the page itself: the moment that an entry is on the disk (outbox:kept, static/js/kept.js), and, before any of
# the page's own scripts can stop it, that its form is submitted; with its key.
TELL = """
document.addEventListener("outbox:kept", ({ detail }) => chaosKept(JSON.stringify(detail)), true);
addEventListener("submit", ({ target, submitter }) => {
  if (submitter?.hasAttribute("data-to") || target.closest("[data-to]")) chaosSubmitted(target.elements.once.value);
}, true);
"""
# Fails on a page without an outbox, which must not be taken for an empty one.
LIST = """async () => (await self.outbox.list()).map((entry) => ({
  ...entry, fields: entry.fields.map(([name, value]) => [name, typeof value === "string" ? value : value.name]),
}))"""


class Server:
    """The web server alone, as `flask up` starts it, on the demo company in `data`."""

    def __init__(self, data: Path) -> None:
        self.data, self.port = data, free_port()
        self.environment = {
            **os.environ, "FIELDBOOK_DATA": str(data), "PORT": str(self.port), "HOST": "127.0.0.1", "DATABASE_URL": "",
            "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        for name in ("FIELDBOOK_URL", "FIELDBOOK_TLS_CERT", "FIELDBOOK_TLS_KEY"):
            self.environment.pop(name, None)
        self.process: subprocess.Popen[bytes] | None = None
        self.log = (data / "log").open("ab")
        self.deaths = 0
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Migrate and make the demo company."""
        for command in (["db", "upgrade"], ["demo", "seed"]):
            subprocess.run(
                [sys.executable, "-m", "flask", "--app", "wsgi", *command],
                cwd=ROOT, env=self.environment, stdout=self.log, stderr=self.log, check=True, timeout=600,
            )  # fmt: skip

    def has_receipt(self, key: str) -> bool:
        """Whether the transaction of the entry with this key was committed."""
        with closing(sqlite3.connect(self.data / "fieldbook.sqlite")) as db:
            return db.execute("SELECT 1 FROM receipt WHERE key = ?", (UUID(key).bytes,)).fetchone() is not None

    def start(self) -> None:
        """Start it where it does not run, and wait until it answers."""
        if self.process is not None and self.process.poll() is None:
            return
        self.kill()
        command = [
            sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(self.port),
            "--workers", "1", "--blocking-threads", str(CONNECTIONS), "--no-ws", "--log-level", "error",
            "tests.chaos.doomed:app",
        ]  # fmt: skip
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdout=self.log, stderr=self.log, start_new_session=True
        )
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            with suppress(urllib.error.URLError, OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5).close()
                return
            time.sleep(0.05)
        raise RuntimeError(f"the server does not start; see {self.data / 'log'}")

    def kill(self) -> None:
        """SIGKILL for it and all that it started. May be called from any thread."""
        with self._lock:
            if self.process is None:
                return
            self.deaths += 1
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


class Phone:
    """Chromium with a profile that outlives it, and one person at it."""

    def __init__(self, playwright: Playwright, folder: Path, base: str, email: str) -> None:
        self.playwright, self.base, self.email = playwright, base, email
        self.folder, self.pid_file = folder, folder.with_name("chromium.pid")
        found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        if found is None:
            raise RuntimeError("no Chromium on this machine")
        self.start_file = folder.with_name("chromium")  # playwright does not tell the process id
        self.start_file.write_text(f'#!/bin/sh\necho $$ > "{self.pid_file}"\nexec "{found}" "$@"\n')
        self.start_file.chmod(0o700)
        self.context: BrowserContext | None = None
        self.on_kept: Callable[[str], None] = lambda _entry: None
        self.on_submit: Callable[[str], None] = lambda _key: None
        self.deaths = self.sign_ins = 0
        self.complaints: list[str] = []

    @property
    def page(self) -> Page:
        """The tab in use."""
        assert self.context is not None
        return self.context.pages[0] if self.context.pages else self.context.new_page()

    def start(self) -> None:
        """Start it with the profile as the last one left it."""
        self.context = self.playwright.chromium.launch_persistent_context(
            self.folder, executable_path=self.start_file, args=QUIET, viewport=PHONE, permissions=["geolocation"],
            geolocation={"latitude": 51.5, "longitude": -0.1, "accuracy": 12},
        )  # fmt: skip
        self.context.set_default_timeout(8000)
        self.context.expose_binding("chaosKept", lambda _source, entry: self.on_kept(entry))
        self.context.expose_binding("chaosSubmitted", lambda _source, key: self.on_submit(key))
        self.context.add_init_script(TELL)
        self.context.on("weberror", lambda error: self.complaints.append(str(error.error)))

    def is_alive(self) -> bool:
        """Whether the browser answers."""
        try:
            self.page.evaluate("1")
        except (Error, AssertionError):
            return False
        return True

    def kill(self) -> bool:
        """SIGKILL for its whole process group, of which it is the first; whether it ran. May be called from any
        thread."""
        with suppress(OSError, ValueError):
            pid = int(self.pid_file.read_text())
            self.pid_file.unlink()
            os.killpg(pid, signal.SIGKILL)
            self.deaths += 1
            return True
        return False

    def revive(self) -> None:
        """After a kill: start it again, and sign in where the cookie had not reached the disk."""
        self.end()
        self.start()

    def end(self) -> None:
        """Kill it, and let playwright forget it."""
        self.kill()
        if self.context is not None:
            with suppress(Error):
                self.context.close()
            self.context = None

    def open(self, path: str) -> Page:
        """Go to a page, signing in where that is asked for. playwright's Error where it does not open."""
        page = self.page
        page.goto(self.base + path, wait_until="load")
        if page.url.startswith(f"{self.base}/sign-in"):
            self.sign_in()
            page.goto(self.base + path, wait_until="load")
        return page

    def sign_in(self) -> None:
        """Sign in on the page for it, and wait for the day's pack to be on the phone the first time."""
        self.sign_ins += 1
        page = self.page
        if "/sign-in" not in page.url:
            page.goto(f"{self.base}/sign-in", wait_until="load")
        if "/sign-in" not in page.url:
            return  # still signed in
        page.fill("[name=email]", self.email)
        page.fill("[name=password]", DEMO_PASSWORD)
        page.press("[name=password]", "Enter")
        page.wait_for_url(lambda url: "/sign-in" not in url, wait_until="load")

    def entries(self) -> list[dict[str, Any]]:
        """What the outbox holds, without its photos. playwright's Error where it cannot be read."""
        found: list[dict[str, Any]] | None = None
        for attempt in range(6):
            try:
                found = self.page.evaluate(LIST)
                break
            except Error as error:
                if "closed" in str(error).lower() or attempt == 5:
                    raise
            if attempt < 4:
                time.sleep(0.1)  # the page was being replaced
            else:
                self.open("/outbox")  # it is one without scripts, like the browser's own
        assert found is not None
        return found

    def send_now(self) -> None:
        """As by the button of the outbox: what waits for its next try does not wait longer."""
        with suppress(Error):
            self.page.evaluate("navigator.serviceWorker.controller?.postMessage({ type: 'send', now: true })")

    def is_signed_in(self) -> bool:
        """Whether the browser has the cookie of a session."""
        assert self.context is not None
        return any(cookie["name"] == "fieldbook" for cookie in self.context.cookies(self.base))

    def fetch_pack(self) -> None:
        """Have the day on the phone before anything breaks."""
        page, end = self.open("/outbox"), time.monotonic() + PACK_S
        while not page.evaluate("outbox.recall('pack').then(Boolean)"):  # wait_for_function takes a promise for a yes
            if time.monotonic() > end:
                raise RuntimeError("the day's pack does not come")
            page.wait_for_timeout(50)

"""The visit map over 1,000,000 accounts and 1,000,000 visits of a year: cells, pins, lists, and the first paint.

    python -m tests.bench.bench_map [rows [postgresql]]

Needs the shared data (`FIELDBOOK_SHARED`, default ../shared), Chromium for the first paint, and about 2 GB of temporary
space. The accounts are those of bench_nearest; a manager has 200 reps with 50,000 of them, the administrator sees all.
Prints name=value lines: `map_*_rebuild_s` builds the cells of a layer from its million rows; `map_pins_*` is one
request for the pins of a view (in-process, with the query, the clusters and the JSON), around places where customers
are, at every zoom from 1 to 18; `map_list_*` a page of the list; `*_statements` with people's permissions read as well;
`map_first_paint_*` from the start of the navigation to the second frame after the pins stand in the page, in Chromium
slowed down four times by the DevTools protocol, on localhost, the median of five (`cold`: with nothing in the cache).
On PostgreSQL only where that is asked for, and the pins alone.
"""

import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import flask_migrate
import numpy as np
from flask import Flask
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import Engine, event, text, update

from app.accounts import mapped
from app.config import ROOT, Settings
from app.factory import create_app
from app.identity.administration import CompanyInput, PersonInput, add_person, save_team, set_up_company
from app.identity.models import Person
from app.infra.db import db, transact
from app.kernel.access import SYSTEM
from app.kernel.geo import at_pixel, pixel
from app.visits import points
from tests.bench.bench_nearest import NOW, Accounts, identity, load, read_accounts
from tests.bench.bench_pages import caller, signed_in
from tests.e2e.conftest import QUIET, free_port
from tests.postgres import temporary_postgres

REPS_OF_MANAGER, ACCOUNTS_OF_MANAGER = 200, 50_000
PASSWORD = "correct horse battery"
TODAY = datetime.now(UTC).date()
FIRST = (TODAY.replace(day=1) - timedelta(days=334)).replace(day=1)  # as the page offers "12 months"
DAYS = (TODAY - FIRST).days + 1
YEAR = f"layer=visits&from={FIRST}&to={TODAY}"
VIEW = (640, 620)  # pixels of the map beside its list on a wide screen
SLOWER = 4

# Each account was visited once, on a day that its position tells, by its owner (those of nobody by the last rep).
_DAY = {
    "sqlite": "date(:first, '+' || (place.qk % :days) || ' days')",
    "postgresql": "CAST(:first AS DATE) + CAST(place.qk % :days AS INTEGER)",
}
_MOMENT = {
    "sqlite": "visit.planned_on || ' 00:00:01.000000'",
    "postgresql": "(visit.planned_on + TIME '00:00:01') AT TIME ZONE 'UTC'",
}
_VISITS = """
INSERT INTO visit (id, account_id, place_id, rep_id, planned_on, planned, minutes, purpose, created_at, version)
SELECT place.id, place.account_id, place.id, coalesce(place.owner_id, :nobody), {day}, {true}, 30, '', :now, 1
FROM place
"""
_CHECK_INS = """
INSERT INTO check_in (visit_id, at, received_at, clock_doubtful, person_id, lat, lon, position_error, distance, verdict,
    verdict_reason, verdict_params, reason)
SELECT visit.id, {moment}, {moment}, {false}, visit.rep_id, {young} place.lat END, {young} place.lon END, '', 10,
    CASE WHEN place.qk % 20 = 0 THEN 'off_site' ELSE 'on_site' END, 'within_radius', '{{}}', ''
FROM visit JOIN place ON place.id = visit.place_id
"""
_CHECK_OUTS = """
INSERT INTO check_out (visit_id, at, received_at, person_id, estimated)
SELECT visit.id, {moment}, {moment}, visit.rep_id, {false} FROM visit
"""
_POINTS = """
INSERT INTO visit_point (visit_id, account_id, rep_id, day, qk, verdict, outcome)
SELECT visit.id, visit.account_id, visit.rep_id, visit.planned_on, place.qk,
    CASE WHEN place.qk % 20 = 0 THEN 'off_site' ELSE 'on_site' END,
    CASE WHEN place.qk % 7 < 2 THEN 'order' ELSE 'follow_up' END
FROM visit JOIN place ON place.id = visit.place_id
"""


def owned(accounts: Accounts) -> Accounts:
    """The accounts with the manager's share, and with when each was visited; two of five never."""
    chance = np.random.default_rng(3)
    of_manager = np.flatnonzero((accounts.owners >= 0) & (accounts.owners < REPS_OF_MANAGER))
    given = chance.permutation(of_manager)[ACCOUNTS_OF_MANAGER * len(accounts.keys) // 1_000_000 :]
    accounts.owners[given] = chance.integers(REPS_OF_MANAGER, 500, len(given))
    accounts.visited = [FIRST + timedelta(days=key % DAYS) if key % 5 > 1 else None for key in accounts.keys]
    return accounts


def fill(accounts: Accounts) -> None:
    """Accounts, a visit of each, and the people who look."""
    transact(lambda: set_up_company(SYSTEM, CompanyInput("B", "B Ltd.", "", "", "", "", "", "UTC", "en", "CNY"), NOW))
    load(accounts)
    dialect = db.engine.dialect.name
    words = {
        "day": _DAY[dialect], "moment": _MOMENT[dialect], "true": "true" if dialect == "postgresql" else "1",
        "false": "false" if dialect == "postgresql" else "0",
        "young": "CASE WHEN visit.planned_on > CAST(:aged AS DATE) THEN" if dialect == "postgresql"
                 else "CASE WHEN visit.planned_on > :aged THEN",
    }  # fmt: skip
    nobody = identity(499)
    values = {
        "first": FIRST.isoformat(), "days": DAYS, "now": str(NOW.replace(tzinfo=None)),
        "aged": (TODAY - timedelta(days=60)).isoformat(), "nobody": nobody.bytes if dialect == "sqlite" else nobody,
    }  # fmt: skip
    tables = [db.metadata.tables[name] for name in ("visit", "check_in", "check_out", "visit_point")]
    indexes = [index for table in tables for index in table.indexes]
    for index in indexes:
        index.drop(db.engine)
    for statement in (_VISITS, _CHECK_INS, _CHECK_OUTS, _POINTS):
        said = text(statement.format(**words))
        transact(lambda said=said: db.session.execute(said, {name: values[name] for name in said._bindparams}))
    for index in indexes:
        index.create(db.engine)
    transact(people)
    with db.engine.connect() as connection:
        connection.connection.driver_connection.rollback()  # type: ignore[union-attr] # it is connected
        if dialect == "sqlite":
            connection.execute(text("ANALYZE"))
            connection.commit()
        else:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM ANALYZE"))


def people() -> None:
    sales = save_team(SYSTEM, None, "All sales", None, "UTC", None, NOW).id
    north = save_team(SYSTEM, None, "North", sales, "UTC", None, NOW).id
    reps = [identity(n) for n in range(REPS_OF_MANAGER)]
    db.session.execute(update(Person).where(Person.id.in_(reps)).values(team_id=north))
    for role, team in (("manager", north), ("admin", sales)):
        given = PersonInput(f"{role}@map.example", role.title(), "", role, team, "UTC", "en", 0)
        add_person(SYSTEM, given, PASSWORD, NOW)


def views(accounts: Accounts, manager: bool) -> Iterator[tuple[int, str]]:
    """(zoom, the arguments of a view of VIEW pixels around a customer), two for each zoom."""
    chance = random.Random(4)
    mine = np.flatnonzero(accounts.owners < REPS_OF_MANAGER if manager else accounts.owners > -2)
    for zoom in range(1, 19):
        for _ in range(2):
            x, y = pixel(accounts.positions[int(chance.choice(mine))], zoom)
            side = 256.0 * 2**zoom
            top, bottom = max(y - VIEW[1] / 2, 0.0), min(y + VIEW[1] / 2, side)
            north, south = at_pixel(0.0, top, zoom).lat, at_pixel(0.0, bottom, zoom).lat
            west, east = ((x + half) / side * 360 - 180 for half in (-VIEW[0] / 2, VIEW[0] / 2))
            yield zoom, f"box={west},{south},{east},{north}&zoom={zoom}"


def asked(app: Flask, cookie: str, path: str) -> float:
    """Milliseconds that a request takes."""
    call = caller(app, path, cookie)
    begun = time.perf_counter()
    answer = call()
    assert answer.status.startswith("200"), answer.status
    return (time.perf_counter() - begun) * 1000


def report(name: str, values: list[float]) -> None:
    for percent in (50, 95):
        print(f"{name}_p{percent}_ms={np.percentile(values, percent):.0f}")
    print(f"{name}_max_ms={max(values):.0f}", flush=True)


def measure_pins(app: Flask, cookies: dict[str, str], accounts: Accounts, name: str) -> None:
    kinds = {
        "accounts_all": ("admin", "layer=accounts"),
        "accounts_manager": ("manager", "layer=accounts"),
        "accounts_filtered": ("admin", "layer=accounts&rating=A&days=60"),
        "visits_all": ("admin", YEAR),
        "visits_manager": ("manager", YEAR),
        "visits_filtered": ("admin", f"{YEAR}&verdict=off_site"),
        "visits_class": ("admin", f"{YEAR}&rating=B&days=30"),
        "accounts_verdict": ("admin", f"layer=accounts&from={FIRST}&to={TODAY}&verdict=off_site"),
        "uncovered_all": ("admin", "layer=uncovered&days=60"),
        "uncovered_manager": ("manager", "layer=uncovered&days=60"),
    }
    for kind, (who, args) in kinds.items():
        every = 1 if kind.endswith("_all") or kind == "accounts_manager" else 3
        chosen = list(views(accounts, who == "manager"))[::every]
        asked(app, cookies[who], f"/map/pins?{args}&{chosen[0][1]}")
        report(f"map_pins_{name}{kind}", [asked(app, cookies[who], f"/map/pins?{args}&{view}") for _, view in chosen])
        print(f"map_pins_{name}{kind}_first_view_ms={asked(app, cookies[who], f'/map/pins?{args}&size=640,620'):.0f}")


def measure_lists(app: Flask, cookies: dict[str, str], engine: Engine) -> None:
    for kind, who, args in (
        ("now", "admin", ""),
        ("visits_all", "admin", YEAR),
        ("visits_manager", "manager", YEAR),
        ("visits_filtered", "admin", f"{YEAR}&verdict=off_site&outcome=order"),
        ("accounts_all", "admin", "layer=accounts"),
        ("accounts_manager", "manager", "layer=accounts"),
        ("uncovered_manager", "manager", "layer=uncovered&days=60"),
        ("board", "manager", ""),
    ):
        cookie, path = cookies[who], "/board" if kind == "board" else f"/map?{args}"
        asked(app, cookie, path)
        print(f"map_list_{kind}_ms={statistics.median(asked(app, cookie, path) for _ in range(5)):.0f}")
        seen: list[str] = []

        def note(*said: Any, seen: list[str] = seen) -> None:
            seen.append(said[2])

        event.listen(engine, "before_cursor_execute", note)
        asked(app, cookie, path)
        event.remove(engine, "before_cursor_execute", note)
        print(f"map_list_{kind}_statements={len([each for each in seen if each != 'BEGIN'])}", flush=True)


@contextmanager
def serving(data: Path) -> Iterator[str]:
    """The web server as `flask up` starts it; its address."""
    port = free_port()
    settings = {**os.environ, "FIELDBOOK_DATA": str(data), "PORT": str(port), "DATABASE_URL": ""}
    with (data / "log").open("wb") as log:
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "up"]
        process = subprocess.Popen(command, cwd=ROOT, env=settings, stdout=log, stderr=log, start_new_session=True)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


_WATCH = """
new MutationObserver((_, watch) => {
  if (!document.querySelector(".pin.leaflet-marker-icon")) return;
  watch.disconnect();
  requestAnimationFrame(() => requestAnimationFrame(() => { window.pinsDrawn = performance.now(); }));
}).observe(document, { childList: true, subtree: true });
"""


def first_paint(browser: Browser, url: str, cookie: str, path: str, cold: bool) -> float:
    """Milliseconds from the start of the navigation until the pins are drawn: median of five."""
    found = []
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    key, _, value = cookie.partition("=")
    context.add_cookies([{"name": key, "value": value, "url": url}])
    page = context.new_page()
    page.add_init_script(_WATCH)
    tools = context.new_cdp_session(page)
    for _ in range(6):
        page.goto("about:blank")
        if cold:
            tools.send("Network.clearBrowserCache")
        tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        page.goto(url + path, wait_until="commit")
        page.wait_for_selector(".pin.leaflet-marker-icon", timeout=60_000)
        while not (drawn := page.evaluate("window.pinsDrawn")):
            page.wait_for_timeout(20)
        found.append(drawn)
        tools.send("Emulation.setCPUThrottlingRate", {"rate": 1})
        page.wait_for_load_state("networkidle")
    context.close()
    return float(statistics.median(found[1:]))


def measure_paint(data: Path, cookies: dict[str, str]) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        print("The first paint was not measured: no Chromium", file=sys.stderr)
        return
    with serving(data) as url, sync_playwright() as playwright:
        wait_for(url)
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        for name, who, path, cold in (
            ("accounts_all", "admin", "/map?layer=accounts", False),
            ("accounts_all_cold", "admin", "/map?layer=accounts", True),
            ("accounts_manager", "manager", "/map?layer=accounts", False),
            ("visits_all_year", "admin", f"/map?{YEAR}", False),
            ("visits_manager_year", "manager", f"/map?{YEAR}", False),
            ("now", "manager", "/map", False),
            ("visits_filtered_year", "admin", f"/map?{YEAR}&verdict=off_site", False),
            ("uncovered_all", "admin", "/map?layer=uncovered&days=60", False),
        ):
            print(f"map_first_paint_{name}_ms={first_paint(browser, url, cookies[who], path, cold):.0f}", flush=True)
        browser.close()


def wait_for(url: str) -> None:
    """Until the server answers."""
    import urllib.error
    import urllib.request

    for _ in range(300):
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise AssertionError("the server did not start")


def bench(accounts: Accounts, data: Path, database_url: str = "") -> None:
    """Fill a new database, build the cells, ask for pins; on SQLite also for lists and the first paint."""
    settings = Settings(data, database_url, "", "127.0.0.1", 8000, "", "", "", "", "wgs84", development=False)
    app = create_app(settings, SQLITE_SYNCHRONOUS="OFF")
    name = "postgres_" if database_url else ""
    with app.app_context():
        flask_migrate.upgrade(directory=str(ROOT / "migrations"))
        fill(accounts)
        for layer, count_anew in (("accounts", mapped.count_anew), ("visits", points.count_anew)):
            begun = time.perf_counter()
            assert transact(count_anew) == len(accounts.keys)
            print(f"map_{name}{layer}_rebuild_s={time.perf_counter() - begun:.1f}", flush=True)
        db.session.remove()
        engine = db.engine
    # Outside of the context: each request has its own.
    cookies = {who: signed_in(app, f"{who}@map.example", PASSWORD) for who in ("admin", "manager")}
    measure_pins(app, cookies, accounts, name)
    if not database_url:
        measure_lists(app, cookies, engine)
    engine.dispose()
    if not database_url:
        measure_paint(data, cookies)


def main() -> None:
    """Measure and print."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory(prefix="fieldbook-map-") as name:
        folder = Path(name)
        accounts = owned(read_accounts(rows, folder))
        print(f"map_rows={rows}", flush=True)
        if "postgresql" not in sys.argv:
            bench(accounts, folder / "sqlite")
            return
        with temporary_postgres() as url:
            bench(accounts, folder / "postgresql", url)


if __name__ == "__main__":
    main()

"""The manager's dashboard and its lists: 1,000,000 visits of 200 reps in two years, on SQLite and on PostgreSQL.

    python -m tests.bench.bench_dashboards [visits]

Needs about 2 GB of temporary space and some minutes. Prints name=value lines: `*_ms` is the median of a whole
request in this process (gate, statements, arithmetic, HTML), `*_statements` its SQL statements, BEGIN not counted,
with the manager known from the request before; `*_kb` the page, unpacked; `export_*_s` the time of a file of 100,000
rows (as far as MOST_DAYS hold so many) and `_mb` its size. The company's whole staff is the manager's.
"""

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import flask_migrate
from flask import Flask
from sqlalchemy import Table, event, insert, text
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app.accounts.models import Account, Place
from app.catalogue.models import PriceList
from app.config import ROOT, Settings
from app.dashboards.rules import MOST_DAYS
from app.factory import create_app
from app.identity.administration import CompanyInput, PersonInput, add_person, save_team, set_up_company
from app.identity.models import Person
from app.infra.db import db, transact
from app.kernel.access import SYSTEM
from app.sales.models import Order
from app.visits.models import CheckIn, CheckOut, Dismissal, Report, Visit
from app.web.sheet import MOST_ROWS
from tests.bench.bench_pages import caller, signed_in
from tests.postgres import PostgresUnavailable, temporary_postgres

VISITS, REPS, TEAMS, DAYS, ACCOUNTS_EACH = 1_000_000, 200, 20, 730, 100
LAST = date(2026, 10, 31)
ZONES = ("Asia/Shanghai", "Asia/Taipei", "Europe/London", "America/Chicago")
EMAIL, PASSWORD = "m@b.example", "a long password"
PAGES = {
    "month": "/dashboard?period=month&on=2026-10-05",
    "month_time": "/dashboard?period=month&on=2026-10-05&show=time&figure=gap_minutes",
    "month_teams": "/dashboard?period=month&on=2026-10-05&by=team&show=orders",
    "quarter": "/dashboard?period=quarter&on=2026-10-05",
    "list_month": "/visits?from=2026-10-01&to=2026-10-31&state=made",
    "list_month_missed": "/visits?from=2026-10-01&to=2026-10-31&state=missed",
    "list_month_gaps": "/visits?from=2026-10-01&to=2026-10-31&state=made&after=1",
    "list_month_customers": "/visits?from=2026-10-01&to=2026-10-31&state=made&per=customer",
    "orders_month": "/orders?from=2026-10-01&to=2026-10-31&state=standing&by=us",
}


def main() -> None:
    """Measure and print."""
    visits = int(sys.argv[1]) if len(sys.argv) > 1 else VISITS
    with tempfile.TemporaryDirectory() as folder:
        measure("sqlite", "", Path(folder), visits)
    try:
        with temporary_postgres() as url, tempfile.TemporaryDirectory() as folder:
            measure("postgresql", url, Path(folder), visits)
    except PostgresUnavailable as reason:
        print(f"postgresql_unavailable={reason}")


def measure(name: str, url: str, folder: Path, visits: int) -> None:
    """Fill an empty database and ask for each page."""
    settings = Settings(folder, url, "", "127.0.0.1", 8000, "", "", "", "", "wgs84", development=False)
    app = create_app(settings, SQLITE_SYNCHRONOUS="OFF")
    with app.app_context():
        flask_migrate.upgrade(directory=str(ROOT / "migrations"))
        begun = time.monotonic()
        fill(visits)
        print(f"dashboards_{name}_fill_s={time.monotonic() - begun:.0f}")
    cookie = signed_in(app, EMAIL, PASSWORD)
    for page, path in PAGES.items():
        call = caller(app, path, cookie, {})
        answer = call()
        assert answer.status.startswith("200"), (path, answer.status)
        times = []
        for _ in range(3):
            begun = time.perf_counter()
            call()
            times.append(time.perf_counter() - begun)
        print(f"dashboards_{name}_{page}_ms={statistics.median(times) * 1000:.0f}")
        print(f"dashboards_{name}_{page}_statements={statements(app, call)}")
        print(f"dashboards_{name}_{page}_kb={len(answer.body) / 1024:.0f}")
    export(app, name, cookie, visits)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def export(app: Flask, name: str, cookie: str, visits: int) -> None:
    """A file of nearly as many rows as one may have."""
    for kind, most in MOST_ROWS.items():
        days = min(MOST_DAYS, int(most * 0.98 / visits * DAYS))
        first = LAST - timedelta(days=days - 1)
        begun = time.perf_counter()
        asked = EnvironBuilder(f"/visits/export?as={kind}&from={first}&to={LAST}", headers={"Cookie": cookie})
        body, status, _headers = run_wsgi_app(app, asked.get_environ())
        size = sum(map(len, body))
        assert status.startswith("200"), status
        print(f"dashboards_{name}_export_{kind}_s={time.perf_counter() - begun:.1f}")
        print(f"dashboards_{name}_export_{kind}_mb={size / 1e6:.1f}")


def statements(app: Flask, call: Any) -> int:
    """SQL statements of one call, without BEGIN and the opening of cursors."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, said: str, *_rest: Any) -> None:
        seen.append(said)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    call()
    event.remove(engine, "before_cursor_execute", note)
    return len([said for said in seen if said != "BEGIN"])


def fill(visits: int) -> None:
    """Teams, reps, customers, and what happened to them; ids rise with time as real ones do."""
    dice, begin = random.Random(1), datetime.combine(LAST, datetime.min.time(), UTC) - timedelta(days=DAYS)
    reps = transact(lambda: _staff(begin))
    lists = UUID(int=1)
    _insert(PriceList, [{"id": lists, "name": "Standard", "currency": "CNY", "tax_included": True}])
    count = REPS * ACCOUNTS_EACH
    _insert(Account, ({
        "id": UUID(int=1000 + n), "name": f"客户 {n:06}", "language": "zh_Hans", "owner_id": reps[n % REPS],
        "created_at": begin, "rating": "ABC"[n % 3], "address": f"{n} Street",
    } for n in range(count)))  # fmt: skip
    _insert(Place, ({
        "id": UUID(int=1000 + n), "account_id": UUID(int=1000 + n), "zone": ZONES[n % REPS % 4], "city": "Town",
        "certainty": "exact", "lat": 31.0, "lon": 121.0, "owner_id": reps[n % REPS],
    } for n in range(count)))  # fmt: skip
    happened = _days(dice, reps, visits, begin)
    while chunk := list(islice(happened, 10_000)):
        for model in (Visit, CheckIn, CheckOut, Dismissal, Report, Order):
            _insert(model, [made[model] for made in chunk if model in made])
    with db.engine.begin() as connection:
        connection.execute(text("ANALYZE"))


def _staff(now: datetime) -> list[UUID]:
    company = CompanyInput("Bench", "Bench", "", "", "", "", "", "Asia/Shanghai", "en", "CNY")
    set_up_company(SYSTEM, company, now)
    top = save_team(SYSTEM, None, "Sales", None, "Asia/Shanghai", None, now).id
    teams = [save_team(SYSTEM, None, f"Team {n:02}", top, "Asia/Shanghai", None, now).id for n in range(TEAMS)]
    manager = PersonInput(EMAIL, "Mona", "", "manager", top, "Asia/Shanghai", "en", 0)
    boss = add_person(SYSTEM, manager, PASSWORD, now)
    db.session.flush()
    reps = [UUID(int=100_000 + n) for n in range(REPS)]
    db.session.execute(
        insert(cast(Table, Person.__table__)),
        [
            {
                "id": each, "email": f"{n}@b.example", "name": f"Rep {n:03}", "password_hash": boss.password_hash,
                "role": "rep", "team_id": teams[n % TEAMS], "zone": ZONES[n % 4], "language": "en", "created_at": now,
            }
            for n, each in enumerate(reps)
        ],
    )  # fmt: skip
    return reps


def _days(dice: random.Random, reps: list[UUID], visits: int, begin: datetime) -> Iterator[dict[Any, dict[str, Any]]]:
    """One after the other: rep by rep on each day."""
    each_day = visits / DAYS / REPS
    serial, due = 0, 0.0
    for day in range(DAYS):
        on = begin.date() + timedelta(days=day + 1)
        for number, rep in enumerate(reps):
            due += each_day
            at = begin + timedelta(days=day + 1, hours=2 + number % 4 * 6 - (12 if number % 4 == 3 else 0))
            while due >= 1 and serial < visits:
                due -= 1
                serial += 1
                at += timedelta(minutes=dice.randint(5, 60))
                yield _visit(dice, serial, rep, number, on, at)
                at += timedelta(minutes=40)


def _visit(
    dice: random.Random, serial: int, rep: UUID, number: int, on: date, at: datetime
) -> dict[Any, dict[str, Any]]:
    key = UUID(int=(0x019_0000_0000 + serial) << 80 | 0x7 << 76 | 2 << 62 | dice.getrandbits(60))
    account = UUID(int=1000 + number + REPS * dice.randrange(ACCOUNTS_EACH))
    throw = dice.random()
    made: dict[Any, dict[str, Any]] = {
        Visit: {
            "id": key, "account_id": account, "place_id": account, "rep_id": rep, "planned_on": on,
            "planned": throw < 0.9,
            "created_at": at, "minutes": 30, "purpose": "", "version": 1,
        }
    }  # fmt: skip
    if throw < 0.07:
        if throw < 0.04:
            made[Dismissal] = {
                "visit_id": key, "kind": ("postponed", "skipped")[serial % 2], "reason": "away", "at": at,
                "received_at": at,
                "person_id": rep,
            }  # fmt: skip
        return made
    verdict = dice.choices(("on_site", "off_site", "uncertain", "no_position", "no_place"), (85, 4, 6, 3, 2))[0]
    made[CheckIn] = {
        "visit_id": key, "at": at, "received_at": at, "person_id": rep, "verdict": verdict,
        "verdict_reason": "within_radius",
        "verdict_params": {}, "lat": 31.0, "lon": 121.0, "accuracy": 12.0, "distance": 20.0, "fix_at": at,
        "fix_count": 3,
        "reason": "", "position_error": "", "clock_doubtful": False,
    }  # fmt: skip
    end = at + timedelta(minutes=dice.randint(10, 40))
    made[CheckOut] = {"visit_id": key, "at": end, "received_at": end, "person_id": rep, "estimated": throw > 0.98}
    made[Report] = {
        "visit_id": key, "outcome": "interested", "text": "", "at": end, "received_at": end, "person_id": rep,
        "version": 1,
    }  # fmt: skip
    if throw < 0.25:
        gross = dice.randint(10_000, 900_000)
        made[Order] = {
            "id": key, "number": f"O{serial:08}", "account_id": account, "price_list_id": UUID(int=1), "rep_id": rep,
            "visit_id": key, "currency": ("CNY", "TWD", "GBP", "USD")[number % 4], "tax_included": True,
            "language": "en",
            "net": gross, "tax": 0, "gross": gross, "created_at": at, "received_at": at, "dated_on": at.date(),
            "version": 1,
            "delivery_place": "", "customer_reference": "", "note": "",
        }  # fmt: skip
    return made


def _insert(model: Any, rows: Iterable[dict[str, Any]]) -> None:
    with db.engine.begin() as connection:
        connection.execute(insert(cast(Table, model.__table__)), list(rows))


if __name__ == "__main__":
    main()

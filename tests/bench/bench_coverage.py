"""Coverage of 200 reps with 50,000 accounts and 600,000 visits: what the manager's pages take, on both databases.

    python -m tests.bench.bench_coverage [accounts] [visits]

The application's own tables are filled with two years of visits and asked by its own pages, called in this process as a
WSGI application by a manager whose team all of the reps are. Needs some hundred MB of temporary space and a minute or
two. Prints name=value lines: `*_ms` the median time of a page (goal: 2 s; quarter: the longest period), `*_cpu_ms`
that of this process (with SQLite all the work), `*_statements` its SQL statements without BEGIN. Ends with status 1
where a page takes more than 6 statements.
"""

import random
import statistics
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import flask_migrate
from flask import Flask
from sqlalchemy import Table, event, insert, text

from app.accounts.models import Account, Place
from app.config import ROOT, Settings
from app.factory import create_app
from app.identity.administration import CompanyInput, PersonInput, add_person, save_team, set_up_company
from app.identity.models import Person
from app.infra.db import db, transact
from app.kernel.access import SYSTEM
from app.visits.models import CheckIn, CheckOut, Dismissal, Report, Visit
from tests.bench.bench_pages import caller, signed_in
from tests.postgres import PostgresUnavailable, temporary_postgres

REPS, DAYS, ROUNDS = 200, 730, 5
EMAIL, PASSWORD = "boss@bench.example", "a long password"
MOST_STATEMENTS = 6


def identity(kind: int, number: int) -> UUID:
    return UUID(int=kind << 64 | number + 1)


def rep_of(number: int) -> UUID:
    return identity(1, number % REPS)


def fill(accounts: int, visits: int, now: datetime) -> None:
    """Accounts and visits as two years would leave them; a twentieth of the visits did not take place."""
    dice, today = random.Random(4), now.date()
    team = save_team(SYSTEM, None, "Sales", None, "UTC", None, now).id
    company = CompanyInput("Bench", "", "", "", "", "", "", "UTC", "en", "GBP")
    set_up_company(SYSTEM, company, now)
    add_person(SYSTEM, PersonInput(EMAIL, "Boss", "", "manager", team, "UTC", "en", 0), PASSWORD, now)
    _put(
        Person,
        [
            {"id": rep_of(n), "email": f"{n}@bench.example", "name": f"Rep {n:03}", "password_hash": "",
             "role": "rep", "team_id": team, "zone": "UTC", "language": "en", "created_at": now}
            for n in range(REPS)
        ],
    )  # fmt: skip
    last: dict[int, date] = {}
    made: dict[type[Any], list[dict[str, Any]]] = {Visit: [], CheckIn: [], CheckOut: [], Report: [], Dismissal: []}
    for n in range(visits):
        account = int(dice.random() ** 1.5 * accounts)  # some are visited far more often than others
        day = today + timedelta(days=dice.randint(-DAYS, 14))
        row, rep, at = identity(3, n), rep_of(account), datetime.combine(day, now.timetz())
        made[Visit].append(
            {"id": row, "account_id": identity(2, account), "place_id": identity(2, account), "rep_id": rep,
             "planned_on": day, "created_at": now}
        )  # fmt: skip
        if day >= today:
            continue
        if dice.random() < 0.05:
            reason = dice.choice(("Stocktaking", "Ill", "Snow"))
            made[Dismissal].append({"visit_id": row, "kind": "skipped", "reason": reason, "at": at, "person_id": rep})
            continue
        last[account] = max(day, last.get(account, day))
        fact = {"visit_id": row, "at": at, "person_id": rep}
        made[CheckIn].append({**fact, "verdict": "on_site", "verdict_reason": "within_radius"})
        made[CheckOut].append(fact)
        made[Report].append(fact)
    rows = [(n, identity(2, n), rep_of(n), "ABCCC"[n % 5]) for n in range(accounts)]
    _put(
        Account,
        [
            {"id": row, "name": f"Shop {n:06}", "rating": rating, "language": "en", "owner_id": owner,
             "last_visit_on": last.get(n), "created_at": now, "visit_days": 45 if n % 50 == 0 else None}
            for n, row, owner, rating in rows
        ],
    )  # fmt: skip
    _put(Place, [{"id": row, "account_id": row, "owner_id": owner, "zone": "UTC"} for _n, row, owner, _class in rows])
    for model, found in made.items():
        _put(model, found)


def _put(model: type[Any], rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), 20_000):
        db.session.execute(insert(cast(Table, model.__table__)), rows[start : start + 20_000])


def measure(app: Flask, name: str) -> bool:
    """Ask for the pages, print what they took; whether all is well."""
    cookie, fine = signed_in(app, EMAIL, PASSWORD), True
    pages = {
        "reps_quarter": "/coverage?span=quarter&by=rep",
        "reps_month": "/coverage?span=month&by=rep",
        "classes_quarter": "/coverage?span=quarter&by=class",
        "reps_last_quarter": f"/coverage?span=quarter&by=rep&on={(datetime.now(UTC) - timedelta(days=100)).date()}",
        "overdue_all": "/coverage/accounts?span=month&show=overdue",
        "missing_of_class": "/coverage/accounts?span=quarter&show=missing&class=A",
        "due_of_rep": f"/coverage/accounts?span=month&rep={rep_of(7)}",
    }
    for page, path in pages.items():
        call, seen = caller(app, path, cookie), list[str]()

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any, seen: list[str] = seen) -> None:
            seen.append(statement)

        with app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        answer = call()
        event.remove(engine, "before_cursor_execute", note)
        assert answer.status.startswith("200"), (path, answer.status)
        asked = len([each for each in seen if each != "BEGIN"])
        times, work = [], []
        for _ in range(ROUNDS):
            begun, working = time.perf_counter(), time.process_time()
            call()
            times.append(time.perf_counter() - begun)
            work.append(time.process_time() - working)
        print(f"coverage_{name}_{page}_cpu_ms={statistics.median(work) * 1000:.0f}")
        print(f"coverage_{name}_{page}_ms={statistics.median(times) * 1000:.0f}")
        print(f"coverage_{name}_{page}_statements={asked}")
        fine = fine and asked <= MOST_STATEMENTS
    return fine


def run(name: str, url: str, accounts: int, visits: int) -> bool:
    """On one database."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(Path(folder), url, "", "127.0.0.1", 8000, "", "", "", "", "wgs84", development=False)
        app = create_app(settings, SQLITE_SYNCHRONOUS="OFF")
        with app.app_context():
            flask_migrate.upgrade(directory=str(ROOT / "migrations"))
            transact(lambda: fill(accounts, visits, datetime.now(UTC)))
            if url:  # what autovacuum does in time
                with db.engine.connect() as connection:
                    connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM ANALYZE"))
            db.session.remove()
        fine = measure(app, name)
        with app.app_context():
            db.engine.dispose()
    return fine


def main() -> None:
    """Measure and print."""
    accounts, visits = (int(each) for each in (*sys.argv[1:], *("50000", "600000")[len(sys.argv) - 1 :]))
    print(f"coverage_accounts={accounts}\ncoverage_visits={visits}\ncoverage_reps={REPS}")
    fine = run("sqlite", "", accounts, visits)
    try:
        with temporary_postgres() as url:
            fine = run("postgresql", url, accounts, visits) and fine
    except PostgresUnavailable as reason:
        print(f"no PostgreSQL: {reason}", file=sys.stderr)
    sys.exit(not fine)


if __name__ == "__main__":
    main()

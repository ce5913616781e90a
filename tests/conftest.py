"""The stage of all tests: one application for each database, emptied between tests, and a named cast."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import flask_migrate
import hypothesis
import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Table, select
from werkzeug.test import TestResponse
from xdist.scheduler import LoadScopeScheduling

from app.config import ROOT, Settings
from app.factory import create_app
from app.identity import actions
from app.identity.administration import CompanyInput, PersonInput, add_person, save_team, set_up_company
from app.identity.models import Device
from app.identity.queries import actor_of
from app.infra import looks
from app.infra.db import db, transact
from app.kernel.access import SYSTEM, Actor
from app.kernel.ids import new_id
from app.web.actor import SignedIn, forget_actors
from tests.postgres import PostgresUnavailable, temporary_postgres

actions._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # else hashing is half of all test time
hypothesis.settings.register_profile("unhurried", hypothesis.settings(), deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("unhurried")

NOW = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)  # a Tuesday, 10:00 in Shanghai
PASSWORD = "correct horse battery"


class Spread(LoadScopeScheduling):
    """Each test goes to the process that has time for it; the journeys share a demo, so one process takes them all.

    Not by the mark xdist_group: it has no effect with pytest 9.2 (pytest-xdist issue 1386).
    """

    def _split_scope(self, nodeid: str) -> str:
        return "journeys" if nodeid.startswith("tests/e2e/test_") else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Spread:
    return Spread(config, log)


def settings_for(data: Path, database_url: str = "") -> Settings:
    return Settings(data, database_url, "", "127.0.0.1", 8000, "", "", "", "", "wgs84", development=True)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    try:
        with temporary_postgres() as url:
            yield url
    except PostgresUnavailable as reason:
        pytest.skip(f"no PostgreSQL: {reason}")


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def made_app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    app = create_app(
        settings_for(tmp_path_factory.mktemp(request.param), url),
        TESTING=True,
        PROPAGATE_EXCEPTIONS=False,
        SQLITE_SYNCHRONOUS="OFF",
        ACTOR_CACHE_SECONDS=0,
    )
    with app.app_context():
        flask_migrate.upgrade(directory=str(ROOT / "migrations"))
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def app(made_app: Flask) -> Iterator[Flask]:
    """The application on an empty, migrated database; each test runs once on SQLite and once on PostgreSQL."""
    with made_app.app_context():
        yield made_app
        empty()
    forget_actors()  # the cast has the same ids in each test
    looks._written.clear()


def empty() -> None:
    """Take every row out of the application's database."""
    db.session.remove()
    with db.engine.begin() as connection:
        for table in reversed(db.metadata.sorted_tables):
            connection.execute(table.delete())


@dataclass
class Cast:
    """Rita and Ren sell in Shanghai and London, Mona manages Rita, Otto is the back office, Ada the administrator.

    Teams: Sales > (China > Shanghai), (Britain). Mona's team is China, so she sees Rita and not Ren.
    """

    rita: Actor
    ren: Actor
    mona: Actor
    otto: Actor
    ada: Actor
    teams: dict[str, UUID]


def device_of(actor: Actor) -> UUID:
    """The device that all browsers of a person share, unless they sign in by the page; made where there is none."""

    def find() -> UUID:
        first = select(Device.id).where(Device.person_id == actor.person_id).order_by(Device.id).limit(1)
        now = datetime.now(UTC)
        return db.session.scalar(first) or actions.begin_device(actor, None, "Firefox/1.0 (Android)", now).id

    return transact(find)


def session_of(actor: Actor, session_version: int = 1) -> str:
    """What the session cookie of that device says."""
    return SignedIn(actor, session_version, device_of(actor), NOW).get_id()


def _cast() -> Cast:
    set_up_company(
        SYSTEM,
        CompanyInput(
            "Harbour",
            "Harbour Trading Co. Ltd.",
            "1 Quay Road",
            "",
            "",
            "91310000",
            "",
            "Asia/Shanghai",
            "en",
            "CNY",
        ),
        NOW,
    )
    sales = save_team(SYSTEM, None, "Sales", None, "Asia/Shanghai", None, NOW).id
    china = save_team(SYSTEM, None, "China", sales, "Asia/Shanghai", None, NOW).id
    shanghai = save_team(SYSTEM, None, "Shanghai", china, "Asia/Shanghai", None, NOW).id
    britain = save_team(SYSTEM, None, "Britain", sales, "Europe/London", None, NOW).id

    def join(name: str, role: str, team: UUID, zone: str, discount: int) -> Actor:
        given = PersonInput(f"{name}@harbour.example", name.title(), "", role, team, zone, "en", discount)
        actor = actor_of(add_person(SYSTEM, given, PASSWORD, NOW))
        device_of(actor)
        return actor

    rita = join("rita", "rep", shanghai, "Asia/Shanghai", 500)
    ren = join("ren", "rep", britain, "Europe/London", 500)
    return Cast(
        rita, ren,
        join("mona", "manager", china, "Asia/Shanghai", 1500),
        join("otto", "office", sales, "Asia/Shanghai", 0),
        join("ada", "admin", sales, "Asia/Shanghai", 10_000),
        {"sales": sales, "china": china, "shanghai": shanghai, "britain": britain},
    )  # fmt: skip


@dataclass
class Hired:
    """The cast, and the rows that make it: [(table, [{column: value}])], parents first."""

    cast: Cast
    rows: list[tuple[Table, list[dict[str, Any]]]]


@pytest.fixture(scope="session")
def hired(made_app: Flask) -> Hired:
    """The cast is hired once by the actions, which takes longer than most tests, and put back by its rows."""
    with made_app.app_context():
        cast = transact(_cast)
        rows = [
            (each, [dict(row) for row in db.session.execute(select(each)).mappings()])
            for each in db.metadata.sorted_tables
        ]
        empty()
    return Hired(cast, [(table, found) for table, found in rows if found])


@pytest.fixture
def cast(app: Flask, hired: Hired) -> Cast:
    with db.engine.begin() as connection:
        for table, rows in hired.rows:
            connection.execute(table.insert(), rows)
    return replace(hired.cast, teams=dict(hired.cast.teams))


class Browser:
    """A signed-in person's browser without JavaScript: posts carry a fresh key unless the test gives one."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.app = app
        self.client = client

    def _send(self, method: str, path: str, **kwargs: Any) -> TestResponse:
        """Send in an application context of its own (else `g` would outlive the request); the test then reads anew."""
        db.session.rollback()
        with self.app.app_context():
            response = self.client.open(path, method=method, **kwargs)
        db.session.expire_all()
        return response

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        return self._send("GET", path, **kwargs)

    def fragment(self, path: str, **kwargs: Any) -> TestResponse:
        """GET as htmx does it."""
        return self._send("GET", path, headers={"HX-Request": "true"}, **kwargs)

    def post(
        self, path: str, once: UUID | None = None, headers: dict[str, str] | None = None, **values: Any
    ) -> TestResponse:
        data = {"once": str(once or new_id()), **{k: v for k, v in values.items() if v is not None}}
        return self._send("POST", path, data=data, headers={"Sec-Fetch-Site": "same-origin", **(headers or {})})


@pytest.fixture
def browser(app: Flask) -> Callable[[Actor | None], Browser]:
    """browser(cast.rita): her browser, signed in through the sign-in page's own session."""

    def open_for(actor: Actor | None) -> Browser:
        client = app.test_client()
        if actor is not None:
            token = session_of(actor)
            with client.session_transaction() as session:
                session["_user_id"] = token
                session["_fresh"] = True
        return Browser(app, client)

    return open_for

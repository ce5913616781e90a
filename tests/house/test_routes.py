"""Who may go where: the matrix of roles x routes in routes.txt, reviewed whenever it changes.

After a change that is meant: .venv/bin/python -m tests.house.test_routes   then read the diff of routes.txt.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.factory import create_app
from app.identity.permissions import ROLES, P
from app.web.guard import PUBLIC, gate, mark_of, needs, public, refuse_unmarked
from tests.conftest import Browser, Cast, settings_for

SNAPSHOT = Path(__file__).with_name("routes.txt")
REWRITE = ".venv/bin/python -m tests.house.test_routes"
COLUMNS = {"R": "rep", "M": "manager", "O": "office", "A": "admin"}


def matrix(app: Flask) -> str:
    """One line a route and method: method, rule, mark, and the letters of the roles that may pass."""
    lines = []
    for rule in app.url_map.iter_rules():
        mark = mark_of(app, rule.endpoint) or "-"
        may = [letter if mark == PUBLIC or mark in ROLES[role][2] else "." for letter, role in COLUMNS.items()]
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            lines.append(f"{method:5} {rule.rule:60} {mark:18} {' '.join(may)}")
    return "\n".join(sorted(lines, key=lambda line: (line.split()[1], line))) + "\n"


def test_the_matrix_is_the_reviewed_one(app: Flask) -> None:
    assert matrix(app) == SNAPSHOT.read_text(), f"if this change is meant: {REWRITE}   and read the diff"


def test_nothing_but_signing_in_and_the_house_itself_is_public(app: Flask) -> None:
    """The style guide exists in development only; the address of a calendar is itself the key."""
    lines = [line.split() for line in matrix(app).splitlines()]
    assert {rule for _method, rule, mark, *_ in lines if mark == PUBLIC} <= {
        "/sign-in", "/language", "/healthz", "/styleguide", "/manifest.webmanifest", "/sw.js", "/offline",
            "/calendar/<token>.ics",
    }  # fmt: skip


def test_the_gate_does_what_the_matrix_says(app: Flask, browser: Callable[[Any], Browser], cast: Cast) -> None:
    """Each page whose address needs no id, asked for by each role and by nobody."""
    people = {"rep": cast.rita, "manager": cast.mona, "office": cast.otto, "admin": cast.ada}
    for rule in app.url_map.iter_rules():
        if rule.arguments or "GET" not in (rule.methods or ()):
            continue
        mark = mark_of(app, rule.endpoint)
        for role, actor in people.items():
            status = browser(actor).get(rule.rule).status_code
            granted = mark == PUBLIC or mark in ROLES[role][2]
            assert status < 500, (rule.rule, role, status)
            if not granted:
                assert status == 404, (rule.rule, role, status)
        if mark != PUBLIC:
            assert browser(None).get(rule.rule).status_code == 302, rule.rule


def test_whatever_is_posted_without_a_session_or_a_right_changes_nothing(
    app: Flask, browser: Callable[[Any], Browser], cast: Cast
) -> None:
    nobody, rita = browser(None), browser(cast.rita)
    nil = "00000000-0000-7000-8000-000000000000"
    for rule in app.url_map.iter_rules():
        mark = mark_of(app, rule.endpoint)
        if mark == PUBLIC or "POST" not in (rule.methods or ()):
            continue
        path = rule.rule
        for argument in rule.arguments:
            path = path.replace(f"<uuid:{argument}>", nil).replace(f"<{argument}>", "2026-03-10")
        assert nobody.post(path).status_code == 401, path
        if mark not in ROLES["rep"][2]:
            assert rita.post(path).status_code == 404, path


def test_an_unmarked_view_stops_the_start_up() -> None:
    app = Flask("tests.house", static_folder=None)
    app.add_url_rule("/marked", "marked", needs(P.PROFILE_OWN)(lambda: ""))
    app.add_url_rule("/open", "open", public(lambda: ""))
    refuse_unmarked(app)
    app.add_url_rule("/forgotten", "forgotten", lambda: "")
    with pytest.raises(RuntimeError, match="forgotten"):
        refuse_unmarked(app)


def test_a_view_that_slipped_in_unmarked_is_closed(app: Flask) -> None:
    """Even if the start-up did not stop: the gate lets nobody through without a mark."""
    late = Flask("tests.house.late", static_folder=None, template_folder=app.template_folder)
    late.config.update(PUBLIC_URL="", SECRET_KEY="for this test only")
    gate(late)
    late.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    late.login_manager = app.login_manager  # type: ignore[attr-defined]
    answer = late.test_client().get("/forgotten")
    assert answer.status_code == 401
    assert "secret" not in answer.text


def _write() -> None:
    with tempfile.TemporaryDirectory() as folder:
        SNAPSHOT.write_text(matrix(create_app(settings_for(Path(folder)))))


if __name__ == "__main__":
    _write()

"""Signing in and out, and what ends a session."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.factory import create_app
from app.identity import views
from app.identity.administration import PersonInput, add_administrator, change_person, reset_password, set_active
from app.identity.models import FailedSignIn, Person
from app.identity.rules import GUESSES_PER_EMAIL
from app.infra.db import db, transact
from app.kernel.errors import InvalidError
from tests.conftest import NOW, PASSWORD, Browser, Cast

Open = Callable[[Any], Browser]


def sign_in(somebody: Browser, email: str, password: str = PASSWORD, **values: str) -> Any:
    return somebody.post("/sign-in", email=email, password=password, **values)


def inside(somebody: Browser) -> bool:
    return somebody.get("/settings").status_code == 200


def test_the_right_password_opens_a_session(browser: Open, cast: Cast) -> None:
    client = browser(None)
    assert client.get("/settings").headers["Location"] == "/sign-in?next=/settings"
    response = sign_in(client, " Rita@Harbour.example ")
    assert (response.status_code, response.headers["Location"]) == (303, "/")
    assert inside(client)
    assert client.get("/sign-in").status_code == 302


def test_a_wrong_password_is_refused_and_says_nothing_about_who_exists(browser: Open, cast: Cast) -> None:
    client = browser(None)
    known = sign_in(client, "rita@harbour.example", "wrong password")
    unknown = sign_in(client, "nobody@harbour.example", "wrong password")
    assert known.status_code == unknown.status_code == 422
    assert "E-mail or password is wrong." in known.text
    assert known.text.replace("rita", "nobody").count("is wrong") == unknown.text.count("is wrong")
    assert "wrong password" not in known.text
    assert 'value="rita@harbour.example"' in known.text
    assert not inside(client)


def test_after_eight_failures_even_the_right_password_waits(
    browser: Open, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = browser(None)
    for _ in range(GUESSES_PER_EMAIL):
        assert sign_in(client, "rita@harbour.example", "wrong password").status_code == 422
    assert sign_in(client, "RITA@harbour.example").status_code == 429
    assert not inside(client)
    assert sign_in(browser(None), "ren@harbour.example").status_code == 303  # nobody else waits

    class Later(views.datetime):  # type: ignore[misc, name-defined]
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return super().now(tz) + timedelta(minutes=16)

    monkeypatch.setattr(views, "datetime", Later)
    assert sign_in(client, "rita@harbour.example").status_code == 303
    assert db.session.scalar(select(func.count()).select_from(FailedSignIn)) == 0


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("/visits/1?day=2", "/visits/1?day=2"),
        ("https://elsewhere.example/", "/"),
        ("//elsewhere.example/", "/"),
        ("/\\elsewhere.example", "/"),
        ("/\t/elsewhere.example", "/"),
        ("/ok\nSet-Cookie: a=b", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_one_goes_on_to_a_path_of_ours_only(browser: Open, cast: Cast, asked: str, given: str) -> None:
    assert sign_in(browser(None), "rita@harbour.example", next=asked).headers["Location"] == given


def test_a_closed_sign_in_lets_nobody_in_and_ends_running_sessions(browser: Open, cast: Cast) -> None:
    client = browser(None)
    sign_in(client, "rita@harbour.example")
    transact(lambda: set_active(cast.ada, cast.rita.person_id, False, NOW))
    assert not inside(client)
    assert sign_in(client, "rita@harbour.example").status_code == 422
    transact(lambda: set_active(cast.ada, cast.rita.person_id, True, NOW))
    assert not inside(client)  # the old cookie stays dead
    assert sign_in(client, "rita@harbour.example").status_code == 303


def test_a_session_ends_with_a_new_password_or_another_role(browser: Open, cast: Cast) -> None:
    client = browser(None)
    sign_in(client, "rita@harbour.example")
    transact(lambda: reset_password(cast.ada, cast.rita.person_id, "another long one", NOW))
    assert not inside(client)
    assert sign_in(client, "rita@harbour.example").status_code == 422
    assert sign_in(client, "rita@harbour.example", "another long one").status_code == 303
    manager = PersonInput(
        "rita@harbour.example", "Rita", "", "manager", cast.teams["shanghai"], "Asia/Shanghai", "en", 0
    )
    transact(lambda: change_person(cast.ada, cast.rita.person_id, manager, None, NOW))
    assert not inside(client)


def test_a_cookie_with_nonsense_is_nobody(browser: Open, cast: Cast) -> None:
    for token in ("", "x", "x.1", f"{cast.rita.id}", f"{cast.rita.id}.2", "0.1", "..", f"{cast.rita.id}.1.x"):
        client = browser(None)
        with client.client.session_transaction() as session:
            session["_user_id"] = token
            session["_fresh"] = True
        assert not inside(client)


def test_signing_out_ends_the_session_and_clears_the_browser(browser: Open, cast: Cast) -> None:
    rita = browser(cast.rita)
    response = rita.post("/sign-out", keep="0")
    assert response.headers["Location"] == "/sign-in"
    assert response.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert not inside(rita)


def test_the_first_administrator_gets_a_company_around_them(browser: Open) -> None:
    transact(lambda: add_administrator("boss@new.example", "New", PASSWORD, "zh_Hant", "Asia/Taipei", "twd", NOW))
    assert sign_in(browser(None), "boss@new.example").status_code == 303
    boss = db.session.scalar(select(Person))
    assert boss is not None
    assert (boss.role, boss.language) == ("admin", "zh_Hant")
    with pytest.raises(InvalidError):
        transact(lambda: add_administrator("boss@new.example", "New", PASSWORD, "en", "Asia/Taipei", "TWD", NOW))
    transact(lambda: add_administrator("second@new.example", "Second", PASSWORD, "en", "Asia/Taipei", "TWD", NOW))


def test_the_sign_in_page_speaks_what_the_browser_asks_for_or_the_person_chose(browser: Open, cast: Cast) -> None:
    client = browser(None)
    assert '<html lang="en"' in client.get("/sign-in").text
    for asked, spoken in (
        ("zh-CN,en;q=0.5", "zh-Hans"),
        ("zh-HK", "zh-Hant"),
        ("fr, zh-TW;q=0.9", "zh-Hant"),
        ("fr", "en"),
    ):
        assert f'<html lang="{spoken}"' in client.get("/sign-in", headers={"Accept-Language": asked}).text
    chosen = client.post("/language", language="zh_Hans", next="/sign-in")
    assert chosen.headers["Location"] == "/sign-in"
    assert "HttpOnly" in chosen.headers["Set-Cookie"]
    assert '<html lang="zh-Hans"' in client.get("/sign-in", headers={"Accept-Language": "en"}).text
    unknown = client.post("/language", language="xx", next="//elsewhere.example")
    assert unknown.headers["Location"] == "/"
    assert "Set-Cookie" not in unknown.headers


def test_two_applications_in_one_process_keep_their_own_settings(app: Flask, cast: Cast, browser: Open) -> None:
    """The one made last does not decide for the first how long a person is believed."""
    late = create_app(app.config["SETTINGS"], ACTOR_CACHE_SECONDS=1000)
    assert late.login_manager is not app.login_manager  # type: ignore[attr-defined] # put there by flask_login
    rita = browser(cast.rita)
    assert rita.get("/settings").status_code == 200
    transact(lambda: set_active(cast.ada, cast.rita.person_id, False, NOW))
    assert rita.get("/settings").status_code == 302, "this application believes nothing (ACTOR_CACHE_SECONDS=0)"

"""What every post must bring along: our own origin, and a key that stands for one intention."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.identity.models import Person
from app.infra.db import db
from app.kernel.ids import new_id
from app.web.once import Receipt
from tests.conftest import Browser, Cast

Open = Callable[[Any], Browser]
SETTINGS: dict[str, Any] = {
    "name": "Rita", "phone": "", "language": "en", "zone": "Asia/Shanghai", "work_from": "09:00", "work_to": "18:00",
    "lunch_from": "12:00", "lunch_minutes": "45", "start_label": "", "start_lat": "", "start_lon": "",
}  # fmt: skip


def send(app: Flask, rita: Browser, headers: dict[str, str], once: str | None = None, **values: Any) -> Any:
    """Post her settings with exactly these headers."""
    data = {**SETTINGS, "once": str(new_id()) if once is None else once, **values}
    with app.app_context():
        return rita.client.post("/settings", data={k: v for k, v in data.items() if v is not None}, headers=headers)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": ""}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, 403),
        ({"Origin": "http://localhost"}, 303),
        ({"Origin": "https://localhost"}, 403),
        ({"Origin": "http://localhost.elsewhere.example"}, 403),
        ({"Origin": "http://elsewhere.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Referer": "http://localhost/settings"}, 403),
        ({}, 403),
    ],
)
def test_a_post_comes_from_our_own_pages_or_is_refused(
    app: Flask, browser: Open, cast: Cast, headers: dict[str, str], status: int
) -> None:
    response = send(app, browser(cast.rita), headers, name="Rita by post")
    assert response.status_code == status
    db.session.expire_all()
    rita = db.session.get(Person, cast.rita.id)
    assert rita is not None
    assert (rita.name == "Rita by post") == (status == 303)


def test_behind_a_proxy_the_public_address_is_the_origin(
    app: Flask, browser: Open, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "PUBLIC_URL", "https://field.example")
    rita = browser(cast.rita)
    assert send(app, rita, {"Origin": "https://field.example"}).status_code == 303
    assert send(app, rita, {"Origin": "http://localhost"}).status_code == 403


def test_signing_in_too_comes_from_our_own_pages(app: Flask, browser: Open, cast: Cast) -> None:
    given = {"email": "rita@harbour.example", "password": "correct horse battery"}
    with app.app_context():
        assert (
            app.test_client().post("/sign-in", data=given, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
        )
        assert app.test_client().post("/sign-in", data=given).status_code == 403


@pytest.mark.parametrize("key", ["", "nonsense", "1"])
def test_a_post_without_a_key_is_refused(app: Flask, browser: Open, cast: Cast, key: str) -> None:
    assert send(app, browser(cast.rita), {"Sec-Fetch-Site": "same-origin"}, once=key).status_code == 400


def test_the_same_key_with_another_body_or_address_is_refused(browser: Open, cast: Cast) -> None:
    rita, key = browser(cast.rita), new_id()
    assert rita.post("/settings", once=key, **SETTINGS).status_code == 303
    other = rita.post("/settings", once=key, **{**SETTINGS, "name": "Another"})
    assert other.status_code == 409
    assert rita.post("/settings/password", once=key, **SETTINGS).status_code == 409
    saved = db.session.get(Person, cast.rita.id)
    assert saved is not None
    assert (saved.name, saved.version) == ("Rita", 2)


def test_a_key_belongs_to_the_person_who_used_it(browser: Open, cast: Cast) -> None:
    key = new_id()
    assert browser(cast.rita).post("/settings", once=key, **SETTINGS).status_code == 303
    assert browser(cast.ren).post("/settings", once=key, **{**SETTINGS, "name": "Ren"}).status_code == 303
    assert db.session.scalar(select(func.count()).select_from(Receipt)) == 2


def test_a_refused_post_leaves_its_key_free(browser: Open, cast: Cast) -> None:
    rita, key = browser(cast.rita), new_id()
    assert rita.post("/settings", once=key, **{**SETTINGS, "name": ""}).status_code == 422
    assert rita.post("/settings", once=key, **SETTINGS).status_code == 303


def test_a_post_that_is_too_large_or_odd_is_no_defect(app: Flask, browser: Open, cast: Cast) -> None:
    rita, ours = browser(cast.rita), {"Sec-Fetch-Site": "same-origin"}
    assert (
        rita.post("/settings", **{**SETTINGS, "name": "x" * (app.config["MAX_CONTENT_LENGTH"] + 1)}).status_code == 413
    )
    assert rita.post("/settings", **{**SETTINGS, "name": "a\0b"}).status_code == 303
    with app.app_context():
        assert rita.client.post("/settings", data=b"\xff\xfe%%%=&&&", headers=ours).status_code == 400
        assert rita.client.post("/settings", json={"name": "x"}, headers=ours).status_code == 400
        assert rita.client.post("/nowhere", headers=ours).status_code == 404

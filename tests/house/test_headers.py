"""What every answer carries: a strict policy, no guessing of types, nothing kept by caches, careful cookies."""

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.factory import create_app
from app.infra.db import db
from tests.conftest import Browser, Cast, settings_for

Open = Callable[[Any], Browser]


def policy_of(header: str) -> dict[str, list[str]]:
    return {name: values for name, *values in (part.split() for part in header.split(";"))}


def test_every_page_carries_the_strict_policy(app: Flask, browser: Open, cast: Cast) -> None:
    ada, rita, nobody = browser(cast.ada), browser(cast.rita), browser(None)
    pages = [rule.rule for rule in app.url_map.iter_rules() if not rule.arguments and "GET" in (rule.methods or ())]
    answers = [somebody.get(path) for somebody in (ada, rita) for path in pages]
    answers += [nobody.get("/sign-in"), nobody.get("/nowhere"), nobody.get("/people"), ada.post("/people")]
    for answer in answers:
        headers = answer.headers
        policy = policy_of(headers["Content-Security-Policy"])
        assert policy["default-src"] == ["'self'"], answer.request.path
        sources = {source for sources in policy.values() for source in sources}
        assert not sources & {"'unsafe-inline'", "'unsafe-eval'", "*", "https:", "http:"}
        assert policy["base-uri"] == policy["frame-ancestors"] == ["'none'"]
        assert policy["form-action"] == ["'self'"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "no-cache" in headers["Cache-Control"] or "private" in headers["Cache-Control"]
        assert "Cookie" in headers["Vary"]


def test_no_page_writes_script_or_style_into_itself_but_what_the_policy_names(
    app: Flask, browser: Open, cast: Cast
) -> None:
    """The policy would keep them from working."""
    ada = browser(cast.ada)
    for rule in app.url_map.iter_rules():
        if rule.arguments or "GET" not in (rule.methods or ()):
            continue
        answer = ada.get(rule.rule)
        if answer.mimetype == "text/html":
            for wrong in (" style=", " onclick=", " onchange=", " onsubmit=", "javascript:", "<style>", "<script>"):
                assert wrong not in answer.text, (rule.rule, wrong)
            named = policy_of(answer.headers["Content-Security-Policy"])["style-src"]
            for style in re.findall("<style[^>]*>(.*?)</style>", answer.text, re.DOTALL):
                digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
                assert f"'sha256-{digest}'" in named, rule.rule


def test_the_tile_server_of_the_installation_may_give_pictures_and_nothing_else(tmp_path: Path) -> None:
    settings = replace(settings_for(tmp_path), tiles="https://{s}.tiles.example/{z}/{x}/{y}.png")
    app = create_app(settings)
    policy = policy_of(app.test_client().get("/nowhere").headers["Content-Security-Policy"])
    with app.app_context():
        db.engine.dispose()
    assert policy["img-src"] == ["'self'", "blob:", "data:", "https://*.tiles.example"]
    assert policy["default-src"] == ["'self'"]


def cookie(answer: Any) -> str:
    found = [line for line in answer.headers.getlist("Set-Cookie") if line.startswith("fieldbook=")]
    assert len(found) == 1
    return str(found[0])


def test_the_session_cookie_is_out_of_reach_of_scripts_and_of_other_sites(
    app: Flask, browser: Open, cast: Cast
) -> None:
    answer = browser(None).post("/sign-in", email="rita@harbour.example", password="correct horse battery")
    line = cookie(answer)
    assert "HttpOnly" in line
    assert "SameSite=Lax" in line
    assert "Path=/" in line
    assert "Expires=" in line
    assert "Secure" not in line  # plain http on loopback


@pytest.mark.parametrize("address", ["https://field.example"])
def test_by_https_the_cookie_is_secure_and_browsers_remember_it(tmp_path: Path, address: str) -> None:
    app = create_app(replace(settings_for(tmp_path), public_url=address))
    with app.app_context():
        db.create_all()
    answer = app.test_client().post("/language", data={"language": "en"}, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert app.config["SESSION_COOKIE_SECURE"] is True
    with app.app_context():
        db.engine.dispose()


def test_pages_are_compressed_and_fragments_keep_their_own_address(app: Flask, browser: Open, cast: Cast) -> None:
    ada = browser(cast.ada)
    packed = ada.get("/roles", headers={"Accept-Encoding": "br"})
    assert packed.headers["Content-Encoding"] == "br"
    assert len(packed.data) < len(ada.get("/roles").data) / 2
    assert "HX-Request" in ada.fragment("/people").headers["Vary"]


def test_each_error_is_a_page_in_the_reader_s_language(app: Flask, browser: Open, cast: Cast) -> None:
    from app.identity.models import Person
    from app.infra.db import transact

    def speak_chinese() -> None:
        person = db.session.get(Person, cast.rita.id)
        assert person is not None
        person.language = "zh_Hant"

    transact(speak_chinese)
    rita = browser(cast.rita)
    missing = rita.get("/nowhere")
    assert missing.status_code == 404
    assert '<html lang="zh-Hant"' in missing.text
    assert "Not found" not in missing.text
    assert "<html" not in rita.fragment("/nowhere").text
    wrong_method = rita.post("/more")
    assert wrong_method.status_code == 405
    assert "GET" in wrong_method.headers["Allow"]

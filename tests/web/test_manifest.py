"""The web manifest: complete, in the reader's language, public, with the reader's own tabs as shortcuts."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.conftest import Browser, Cast

Open = Callable[[Any], Browser]


def test_everybody_gets_what_a_phone_needs_to_install(app: Flask, browser: Open) -> None:
    answer = browser(None).get("/manifest.webmanifest")
    assert (answer.status_code, answer.mimetype) == (200, "application/manifest+json")
    manifest = answer.get_json(force=True)
    assert (manifest["name"], manifest["short_name"]) == ("Fieldbook", "Fieldbook")
    assert (manifest["id"], manifest["start_url"], manifest["scope"]) == ("/", "/", "/")
    assert (manifest["display"], manifest["lang"], manifest["shortcuts"]) == ("standalone", "en", [])
    icons = {(icon["sizes"], icon.get("purpose", "any")) for icon in manifest["icons"]}
    assert icons == {("192x192", "any"), ("512x512", "any"), ("512x512", "maskable")}
    assert {icon["type"] for icon in manifest["icons"]} == {"image/png"}


def test_it_is_private_and_asked_for_once_a_day(app: Flask, browser: Open) -> None:
    headers = browser(None).get("/manifest.webmanifest").headers
    assert headers["Cache-Control"] == "private, max-age=86400"
    assert "Cookie" in headers["Vary"]


@pytest.mark.parametrize(("asked", "lang"), [("zh-TW,zh", "zh-Hant"), ("zh-CN", "zh-Hans"), ("de", "en")])
def test_it_speaks_the_reader_s_language(asked: str, lang: str, app: Flask, browser: Open) -> None:
    manifest = browser(None).get("/manifest.webmanifest", headers={"Accept-Language": asked}).get_json(force=True)
    assert manifest["lang"] == lang
    assert manifest["description"].isascii() == (lang == "en")


def test_shortcuts_are_the_reader_s_tabs(app: Flask, browser: Open, cast: Cast) -> None:
    rita = browser(cast.rita).get("/manifest.webmanifest").get_json(force=True)
    assert [each["url"] for each in rita["shortcuts"]] == ["/today", "/nearby", "/plan", "/accounts"]
    assert all(each["name"] for each in rita["shortcuts"])
    office = browser(cast.otto).get("/manifest.webmanifest").get_json(force=True)
    assert "/today" not in {each["url"] for each in office["shortcuts"]}


def test_only_get(app: Flask, browser: Open) -> None:
    assert browser(None).post("/manifest.webmanifest").status_code == 405


def test_every_page_names_it_and_the_touch_icon(app: Flask, browser: Open) -> None:
    page = browser(None).get("/sign-in").text
    assert '<link rel="manifest" href="/manifest.webmanifest" crossorigin="use-credentials">' in page
    assert 'icons/apple-touch-icon.png">' in page

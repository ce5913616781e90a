"""The pack: what a phone carries, and for whom. GET /pack, /sw.js, /outbox, /offline and the screens."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask, current_app

from app.accounts.actions import add_account
from app.accounts.queries import get_main_place
from app.accounts.rules import AccountInput, PlaceInput
from app.infra.db import transact
from app.kernel.access import Actor
from app.kernel.dates import today_in
from app.kernel.geo import Position
from app.kernel.ids import new_id
from app.sync.pack import MOST_SUBJECTS
from app.sync.plugs import carried
from app.sync.ports import Carried, Screen
from app.visits.actions import plan_visit
from tests.conftest import Browser, Cast

Open = Callable[[Actor | None], Browser]
SLOT = re.compile(r"⟦(\w+)(?:\|html)?⟧")


def customer(actor: Actor, name: str, *, visited: bool = False, number: int = 0) -> tuple[str, str]:
    """(account, visit of today or '') of a new customer in Shanghai."""
    now = datetime.now(UTC)

    def make() -> tuple[str, str]:
        place = PlaceInput("Asia/Shanghai", address="1 <Quay> Road", position=Position(31.2 + number / 1000, 121.4))
        account = add_account(actor, new_id(), AccountInput(name, phone="021 5550 0001"), place, None, actor.id, now)
        if not visited:
            return str(account.id), ""
        day = today_in("Asia/Shanghai", now)
        visit = plan_visit(actor, new_id(), account.id, get_main_place(actor, account.id).id, day, now)
        return str(account.id), str(visit.id)

    return transact(make)


def test_it_is_written_as_people_write(cast: Cast, browser: Open) -> None:
    """Escaped, a Chinese character takes six bytes instead of three, and compresses worse."""
    customer(cast.rita, "外滩酒楼", visited=True)
    answer = browser(cast.rita).get("/pack")
    assert answer.mimetype == "application/json"
    assert "外滩酒楼" in answer.data.decode() and not re.search(r"\\u[4-9]", answer.data.decode())


def test_it_carries_the_day_as_its_own_pages(cast: Cast, browser: Open) -> None:
    account, visit = customer(cast.rita, "Tom & Jerry's", visited=True)
    _other, hers = customer(cast.ren, "Ren's", visited=True)
    rita = browser(cast.rita)
    pack = rita.get("/pack").get_json()
    assert (pack["person"], pack["home"]) == (str(cast.rita.id), "/today")
    assert {"/today", "/plan", "/outbox", "/accounts/new", f"/accounts/{account}", f"/visits/{visit}"} <= set(
        pack["pages"]
    )
    assert "Tom &amp; Jerry&#39;s" in pack["pages"]["/today"]
    assert f'action="/visits/{visit}/check-in"' in pack["pages"][f"/visits/{visit}"]
    assert pack["rows"][visit]["account"] == account
    assert pack["rows"][visit]["name"] == "Tom & Jerry's"
    assert pack["rows"][account]["address"] == "1 <Quay> Road"
    assert hers not in rita.get("/pack").text, "nobody carries another rep's day"


def test_keys_are_the_phones_to_give(cast: Cast, browser: Open) -> None:
    _account, visit = customer(cast.rita, "Quay", visited=True)
    html = browser(cast.rita).get("/pack").get_json()["pages"][f"/visits/{visit}"]
    keys = re.findall(r'name="once" value="([^"]*)"', html)
    assert keys, "the page has forms"
    assert set(keys) == {""}


def test_news_are_told_on_a_page_and_not_in_the_pack(cast: Cast, browser: Open) -> None:
    account, _visit = customer(cast.rita, "Quay", visited=True)
    rita = browser(cast.rita)
    contact = {"name": "Ann", "title": "", "phone": "", "email": ""}
    assert rita.post(f"/accounts/{account}/contacts", **contact).status_code == 303
    assert 'class="note ok"' not in rita.get("/pack").get_json()["pages"][f"/accounts/{account}"]
    assert 'class="note ok"' in rita.get(f"/accounts/{account}").text


def test_it_carries_who_is_visited_before_who_is_near(cast: Cast) -> None:
    near = [customer(cast.rita, f"Near {number}", number=number)[0] for number in range(MOST_SUBJECTS)]
    visited, _visit = customer(cast.rita, "Far away and visited", visited=True, number=500)
    with a_request():
        subjects = [
            str(each)
            for plug in carried()
            if cast.rita.may(plug.permission)
            for each in plug.subjects(cast.rita, datetime.now(UTC))
        ]
    assert subjects[0] == visited
    assert set(subjects) - {visited} <= set(near)
    assert len(set(subjects)) > 10, "who is near comes along"


def a_request() -> Any:
    return current_app.test_request_context("/pack")


def test_screens_fill_with_what_the_rows_or_a_form_say(app: Flask, cast: Cast, browser: Open) -> None:
    customer(cast.rita, "Quay", visited=True)
    pack = browser(cast.rita).get("/pack").get_json()
    known = {name for slots in pack["rows"].values() for name in slots} | {"id", "account", "shown", "name", "contact"}
    assert {(screen["path"], screen["after"]) for screen in pack["screens"]} >= {
        ("/visits/*", "/check-out"), ("/visits/*", "/check-in"), ("/accounts/*", "/accounts"),
        ("/accounts/*/check-in", ""),
    }  # fmt: skip
    for screen in pack["screens"]:
        assert screen["path"].startswith("/")
        assert set(SLOT.findall(screen["html"])) <= known, screen["path"]
    orders = [screen["after"] for screen in pack["screens"] if screen["path"] == "/visits/*"]
    assert orders.index("/check-out") < orders.index("/check-in"), "the later state comes first"


def test_every_form_of_the_day_says_where_it_leads(cast: Cast, browser: Open) -> None:
    customer(cast.rita, "Quay", visited=True)
    pack = browser(cast.rita).get("/pack").get_json()
    pages = {**pack["pages"], **{f"screen {n}": screen["html"] for n, screen in enumerate(pack["screens"])}}
    plain = {"/sign-out", "/language"}
    for address, html in pages.items():
        wrapped = re.search(r'<div class="page" data-to=', html)
        for form in re.findall(r"<form[^>]*method=\"post\"[^>]*>", html):
            action = re.search(r'action="([^"]*)"', form)
            assert action, form
            looks = action[1].endswith("/orders/new")
            assert wrapped or "data-to" in form or action[1] in plain or looks, f"{address}: {form}"


@pytest.mark.parametrize("path", ["/pack", "/outbox"])
def test_whoever_is_signed_out_carries_nothing(path: str, cast: Cast, browser: Open) -> None:
    answer = browser(None).get(path)
    assert answer.status_code == 302
    assert "/sign-in" in answer.headers["Location"]


def test_others_than_reps_carry_what_they_may_see(cast: Cast, browser: Open) -> None:
    pack = browser(cast.otto).get("/pack").get_json()
    assert "/today" not in pack["pages"]
    assert "/accounts" in pack["pages"]


@pytest.mark.parametrize("path", ["/pack", "/sw.js", "/outbox", "/offline", "/offline/visits/here", "/offline/account"])
def test_they_are_only_read(path: str, cast: Cast, browser: Open) -> None:
    assert browser(cast.rita).post(path).status_code == 405


def test_the_worker_belongs_to_its_build(app: Flask, cast: Cast, browser: Open) -> None:
    answer = browser(None).get("/sw.js")
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert f"self.BUILD = '{app.config['BUILD']}';" in answer.text
    assert f"/static/{app.config['BUILD']}/js/outbox.js" in answer.text


def test_the_worker_brings_every_file_that_carried_pages_name(app: Flask, cast: Cast, browser: Open) -> None:
    customer(cast.rita, "Named", visited=True)
    rita, prefix = browser(cast.rita), f"/static/{app.config['BUILD']}/"
    pack = rita.get("/pack").get_json()
    html = "".join([*pack["pages"].values(), *(screen["html"] for screen in pack["screens"])])
    named = set(re.findall(rf"{prefix}([^\"'# ]+)", html))
    brought = {name.removeprefix(prefix) for name in re.findall(r"'(/static/[^']+)'", rita.get("/sw.js").text)}
    assert {"js/kept.js", "css/app.css", "vendor/leaflet/leaflet.js", "vendor/leaflet/leaflet.css"} <= named & brought
    assert named - brought == {"icons/apple-touch-icon.png", "vendor/world-atlas/countries-50m.json"}
    folder = app.config["ROOT"] / "static"
    for name in sorted(brought):
        if name.startswith("js/"):  # and what a script imports
            imported = re.findall(r"""(?:from|import)\(? ?"\./([^"]+)\"""", (folder / name).read_text())
            assert {f"js/{each}" for each in imported} <= brought, name


def test_the_page_for_what_is_not_on_the_phone_names_nobody(cast: Cast, browser: Open) -> None:
    html = browser(None).get("/offline").text
    assert "This page is not on the phone" in html
    assert browser(cast.rita).get("/offline/visits/elsewhere").status_code == 404


def test_what_a_slice_does_not_say_is_nothing(cast: Cast) -> None:
    plug = Carried("some:permission")
    now = datetime.now(UTC)
    assert list(plug.subjects(cast.rita, now)) == []
    assert list(plug.addresses(cast.rita, now, [])) == []
    assert plug.rows(cast.rita, now, []) == {}
    assert list(plug.screens(cast.rita, now, [])) == []
    assert Screen("/a/*", "/b").after == ""


def test_a_page_that_is_gone_is_left_out(cast: Cast, browser: Open) -> None:
    customer(cast.rita, "Quay", visited=True)
    plugs = current_app.extensions["carried"]
    gone = Carried("visits:write", addresses=lambda _actor, _now, _subjects: ["/visits/none", "/today"])
    current_app.extensions["carried"] = (gone,)
    try:
        pages = browser(cast.rita).get("/pack").get_json()["pages"]
    finally:
        current_app.extensions["carried"] = plugs
    assert "/today" in pages
    assert "/visits/none" not in pages


def test_it_is_of_now(cast: Cast, browser: Open) -> None:
    """A pack asked for tomorrow carries tomorrow's visits too."""
    account, _visit = customer(cast.rita, "Quay")
    now = datetime.now(UTC)
    day = today_in("Asia/Shanghai", now) + timedelta(days=1)

    def tomorrow() -> str:
        place = get_main_place(cast.rita, UUID(account)).id
        return str(plan_visit(cast.rita, new_id(), UUID(account), place, day, now).id)

    visit = transact(tomorrow)
    assert f"/visits/{visit}" in browser(cast.rita).get("/pack").get_json()["pages"]

"""Absurd values in every form and every address: never a defect, nothing half-saved."""

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.infra.db import db, transact
from app.kernel.access import Actor
from app.kernel.ids import new_id
from app.sales.models import Order
from app.visits.models import CheckIn, Photo
from app.web import unit
from tests.conftest import Browser, Cast
from tests.house.world import PHOTO, RANDOM, PageForm, World, address, build, dump, forms_of, put_back_after

Open = Callable[[Actor | None], Browser]
# One puts its file back after each post; the other refuses NUL, NaN in JSON, and numbers that the first takes.
on_sqlite = pytest.mark.parametrize("made_app", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("made_app", ["postgresql"], indirect=True)
OURS = {"Sec-Fetch-Site": "same-origin"}
LEFT_OUT = {"/sign-out", "/styleguide"}  # ends the session; exists in development only

LONG = "x" * 100_000
ODD = "\0\u202egnp 👩‍👩‍👧🏴󠁧󠁢󠁥󠁮󠁧󠁿 %s %(x)s {{ 7*7 }} ' OR 1=1 --\r\nSet-Cookie: a=b 上海 <img src=x onerror=alert(1)>"
NUMBERS = ("--5", "5" * 5000, f"-{10**30}", "1e400", "NaN", "²")
DAYS = ("0001-01-01", "9999-12-31", "2026-02-31", "²:³", "0001-01-01T00:00:00+14:00")
CHOICES = "nonsense", str(RANDOM)
TYPED = LONG, ODD, "5" * 5000
VALUES = {
    "hidden": ("--5", "5" * 5000, "NaN", "0001-01-01T00:00:00+14:00", str(RANDOM)),
    "number": NUMBERS, "date": DAYS, "time": (*DAYS, "25:61"), "submit": CHOICES,
    "select": CHOICES, "radio": CHOICES, "checkbox": CHOICES, "unchecked": CHOICES,
}  # fmt: skip
WITNESSES = "/accounts", "/orders", "/today", "/plan", "/board", "/contracts", "/products", "/settings"
PLAUSIBLE = {
    "lat": "31.2", "lon": "121.4", "accuracy_m": "12", "fix_at": "2026-03-10T10:00:00+08:00", "reason": "Because",
    "outcome": "order", "name": "Name", "code": "X-1", "tax_rate": "13", "email": "x@harbour.example", "text": "Words",
    "quantity": "2", "password": "correct horse battery", "current": "correct horse battery", "discount_limit": "5",
}  # fmt: skip


def tomorrow() -> str:
    return (datetime.now(UTC) + timedelta(days=1)).date().isoformat()


def pages(app: Flask, world: World, ada: Browser) -> Iterator[tuple[str, TestResponse]]:
    """(address, page) of every page that Ada can open, and of those that one comes to by a form."""
    ids = world.of["ada"]
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()):
            path = address(app, rule, ids.owned(rule) or world.shared)
            yield path, ada.get(path, buffered=True)
    more = "", "&from=search&q=Kiosk", "&from=near"
    for path in (f"/visits/{ids.planned}", *(f"/plan?day={tomorrow()}{each}" for each in more)):
        yield path, ada.get(path)
    path = f"/accounts/{ids.account_id}/orders/new"
    yield path, ada.post(path, **{"sale_id": new_id(), f"quantity-{world.product}": "2", "step": "review"})


def every_form(app: Flask, world: World, ada: Browser) -> list[PageForm]:
    """One form for each address that takes posts, and all that are shown anywhere; empty fields filled plausibly."""
    forms: dict[tuple[str, ...], PageForm] = {}
    for path, answer in pages(app, world, ada):
        for form in forms_of(answer.text) if answer.mimetype == "text/html" else ():
            form.action = form.action or path
            forms.setdefault((form.action, *sorted({name for name, *_ in form.fields})), form)
    found = [form for form in forms.values() if form.action not in LEFT_OUT]
    ids = world.of["ada"]
    fields = {form.action: form.fields for form in found}
    draft, out = fields[f"/accounts/{ids.account_id}/orders/new"], fields[f"/visits/{ids.visit_id}/check-out"]
    hidden = [(name, "hidden", "", list[str]()) for name in ("version", "run_id", "dry_run", "order", "day", "next")]
    typed = [(name, "text", "", list[str]()) for name in ("email", "password")]
    known = {form.action.partition("?")[0] for form in found}
    for rule in app.url_map.iter_rules():
        path = address(app, rule, ids.owned(rule) or world.shared)
        if "POST" in (rule.methods or ()) and path not in known | LEFT_OUT:
            mine = draft if path.endswith(("/orders", "/quotes")) else out if path.endswith("/report") else typed
            found.append(PageForm(path, [*mine, *hidden]))
    for form in found:
        form.fields = [
            (name, kind, value or PLAUSIBLE.get(name.partition("-")[0], ""), choices)
            for name, kind, value, choices in form.fields
        ]
    return found


def values_for(name: str, kind: str) -> tuple[str, ...]:
    """What to try in a field of this kind."""
    if name == "once":
        return ()
    return ("--5", "5" * 5000) if name == "version" else VALUES.get(kind, TYPED)


def keep_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Roll every post back after it was answered, so that each finds the same world."""
    monkeypatch.setattr(unit, "transact", lambda work, keep: transact(work, keep=lambda _: False))


# --- Forms -----------------------------------------------------------------------------------------------------------


@on_sqlite
def test_the_forms_are_found(app: Flask, browser: Open, cast: Cast) -> None:
    """The tests below try what this finds."""
    forms = every_form(app, build(cast), browser(cast.ada))
    assert len(forms) > 60
    assert sum(len(form.fields) for form in forms) > 330
    assert {"delivery_on", "tapped_at", "discount_limit", "photo_exif"} <= {
        f for form in forms for f, *_ in form.fields
    }


@on_sqlite
def test_no_value_in_any_field_is_a_defect(app: Flask, browser: Open, cast: Cast) -> None:
    """And where a value is taken, the pages that show it stand."""
    world, ada = build(cast), browser(cast.ada)
    forms = every_form(app, world, ada)
    wrong, taken = [], 0
    with put_back_after() as put_back:
        for form in forms:
            for name, kind, _value, _choices in form.fields:
                for value in values_for(name, kind):
                    ada = browser(cast.ada)  # a password that was changed and put back has ended the session
                    answer = ada.post(form.action, **{**form.values, "once": str(new_id()), name: value})
                    if answer.status_code >= 500:
                        wrong.append((form.action, name, value[:40]))
                    if answer.status_code < 400:
                        taken += 1
                        shown = [*WITNESSES, answer.location or "/"] if kind in ("date", "time", "number") else []
                        wrong += [
                            (path, form.action, name, value[:40])
                            for path in shown
                            if ada.get(path, buffered=True).status_code >= 500
                        ]
                        put_back()
    assert not wrong
    assert taken > 400


@on_postgresql
def test_no_odd_text_is_a_defect(app: Flask, browser: Open, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    world, ada = build(cast), browser(cast.ada)
    forms = every_form(app, world, ada)
    keep_nothing(monkeypatch)
    wrong = []
    for form in forms:
        for name, *_ in form.fields:
            if name != "once":
                answer = browser(cast.ada).post(form.action, **{**form.values, "once": str(new_id()), name: ODD})
                wrong += [(form.action, name)] if answer.status_code >= 500 else []
        for value in (ODD, "NaN", "9" * 18, "9999-12-31", LONG):
            values = dict.fromkeys(form.values, value)
            answer = browser(cast.ada).post(form.action, **{**values, "once": str(new_id())})
            wrong += [(form.action, "all", value[:40])] if answer.status_code >= 500 else []
    assert not wrong


@on_sqlite
def test_lists_nested_names_files_and_unknown_fields(
    app: Flask, browser: Open, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, ada = build(cast), browser(cast.ada)
    forms = every_form(app, world, ada)
    keep_nothing(monkeypatch)
    for form in forms:
        names = [name for name in form.values if name != "once"]
        shapes: list[dict[str, Any]] = [
            {},
            {name: [value, "second", ""] for name, value in form.values.items() if name != "once"},
            {f"{name}[{key}]": "1" for name in names for key in ("", "0", "x")},
            {name: (io.BytesIO(b"\0\xff" * 50), "../../../x.html\0.jpg", "text/html") for name in names},
            {**{name: form.values[name] for name in names}, **{f"quantity-{n}": "1" for n in ("", "x", "-", RANDOM)}},
            {f"x{number}": "1" for number in range(1500)},
        ]
        for shape in shapes:
            assert browser(cast.ada).post(form.action, **shape).status_code < 500, (form.action, list(shape)[:3])


def test_what_is_not_a_form_post_of_ours_changes_nothing(app: Flask, browser: Open, cast: Cast) -> None:
    """No key, no body, another kind of body, from another site, by another method."""
    world, ada = build(cast), browser(cast.ada)
    before = dump()
    for rule in app.url_map.iter_rules():
        path = address(app, rule, world.of["ada"].owned(rule) or world.shared)
        if "POST" in (rule.methods or ()) and path not in {*LEFT_OUT, "/sign-in", "/language"}:

            def send(path: str = path, method: str = "POST", **kwargs: Any) -> int:
                return ada._send(method, path, **{"headers": OURS, **kwargs}).status_code

            once = {"once": str(new_id())}
            assert send() == 400, path
            assert send(data={"once": "x"}) == 400, path
            assert send(json=once) == 400, path
            assert send(data=b"\xff\xfe--%%=&&", content_type="multipart/form-data; boundary=x") in (400, 404), path
            assert send(data=once, headers={"Sec-Fetch-Site": "cross-site"}) == 403, path
            assert send(data=once, headers={"Origin": "https://elsewhere.example"}) == 403, path
            assert send(data=once, headers={}) == 403, path
            for method in ("PUT", "DELETE", "PATCH"):
                assert send(method=method, data=once) == 405, path
    assert dump() == before


# --- Addresses -------------------------------------------------------------------------------------------------------

WORDS = (
    "page", "q", "sort", "day", "lat", "lon", "accuracy_m", "position_error", "radius", "account", "owner", "rating",
    "days", "archived", "role", "team", "closed", "state", "rep", "category", "copy", "visit", "from", "view", "select",
    "kind", "v", "below", "next", "name", "phone", "datum", "download", "box", "order", "week",
)  # fmt: skip
ASKED = (
    "-1", str(10**30), "9" * 5000, "上" * 3000, "nan", "1e400", "0001-01-01", "9999-12-31", "%00", "%FF%ED%A0%80", "²",
    "a%0d%0ab:%20c", "drop%20table%20account", "%25s%25(x)s", str(RANDOM), "last",
)  # fmt: skip


def test_no_address_is_a_defect(app: Flask, browser: Open, cast: Cast) -> None:
    """Every page with each odd value in all words that any page knows."""
    world, ada = build(cast), browser(cast.ada)
    wrong = []
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()):
            continue
        path = address(app, rule, world.of["ada"].owned(rule) or world.shared)
        for value in ("", "-1", str(10**30), "上" * 300, "nan", "0001-01-01", "9999-12-31", "a%00b", str(RANDOM)):
            query = "&".join(f"{word}={value}" for word in WORDS)
            answer = ada.get(f"{path}?{query}&{value}={value}&{value}", buffered=True)
            wrong += [(path, value[:30])] if answer.status_code >= 500 else []
    assert not wrong


ALONE = {
    "/nearby": (
        "lat=31.2&lon", "lon=121&lat", "lat=31.2&lon=121.4&radius", "lat=31.2&lon=121.4&accuracy_m", "account", "q",
    ),
    "/maps/point": ("lat=31.2&lon", "lon=121&lat"),
    "/accounts/duplicates": ("name=Deli&lat=90&lon", "name=Deli&lat", "name", "phone", "name=Deli&lat=1&lon=1&datum"),
    "/board": ("day",),
    "/board/pins": ("day",),
    "/plan": ("day", "from=search&q", "from"),
    "/accounts": ("owner", "days", "q", "page", "rating", "sort"),
    "/products": ("q", "category", "page"),
    "/people": ("q", "role", "team", "page"),
    "/orders": ("q", "state", "rep", "page"),
    "/quotes": ("q", "state", "rep", "page"),
    "/contracts": ("q", "state", "page"),
    "/imports/new": ("kind",),
    "/questions": ("rating", "archived"),
    "/questions/new": ("kind",),
}  # fmt: skip


def test_no_word_of_an_address_alone_is_a_defect(app: Flask, browser: Open, cast: Cast) -> None:
    ada = browser(cast.ada)
    world = build(cast)
    days = [
        f"/reps/{cast.ada.id}/days/{day}" for day in ("0001-01-01", "9999-12-31", "x", "2026-02-31", "%00", "2026W01")
    ]
    asked = [f"{path}?{word}={value}" for path, words in ALONE.items() for word in words for value in ASKED]
    asked += [
        f"/accounts/{world.of['ada'].account_id}/orders/products?{w}={v}" for w in ("q", "category") for v in ASKED
    ]
    asked += [f"/accounts/{world.of['ada'].account_id}/orders/new?{w}={v}" for w in ("copy", "visit") for v in ASKED]
    assert not [path[:80] for path in (*asked, *days) if ada.get(path).status_code >= 500]


# --- One by one ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "told", ['{"lat": NaN, "lon": 1e999}', '{"make": "a\\u0000b"}', "[" * 4000, '{"lat": {"a": 1}}', "\0"]
)
def test_what_a_phone_says_of_a_picture_is_checked(app: Flask, browser: Open, cast: Cast, told: str) -> None:
    world = build(cast)
    path = f"/visits/{world.of['rita'].visit_id}/photos"
    answer = browser(cast.rita).post(path, photo=(io.BytesIO(PHOTO), "a.jpg"), photo_exif=told)
    assert answer.status_code == 303
    assert [each.exif for each in transact(lambda: db.session.scalars(select(Photo)).all())] == [{}] * 4


def test_a_delivery_place_without_nul(app: Flask, browser: Open, cast: Cast) -> None:
    world = build(cast)
    values = {"sale_id": new_id(), f"quantity-{world.product}": "2", "place": "Gate\0 4"}
    placed = browser(cast.rita).post(f"/accounts/{world.of['rita'].account_id}/orders", **values)
    assert placed.status_code == 303
    assert transact(lambda: db.session.get_one(Order, values["sale_id"]).delivery_place) == "Gate 4"


def test_nobody_agrees_on_a_visit_in_a_hundred_years(app: Flask, browser: Open, cast: Cast) -> None:
    world, rita = build(cast), browser(cast.rita)
    path = f"/visits/{world.of['rita'].visit_id}/check-out"
    for day, status in (("2126-01-01", 422), ("9999-12-31", 422), (tomorrow(), 303)):
        assert rita.post(path, outcome="order", next_visit_on=day).status_code == status


def test_a_moment_at_the_end_of_the_calendar_counts_as_not_said(app: Flask, browser: Open, cast: Cast) -> None:
    world = build(cast)
    ids = world.of["rita"]
    visit = new_id()
    sent = {"visit_id": visit, "place_id": ids.place_id, "lat": "31.2397", "lon": "121.4903", "accuracy_m": "10"}
    moments = {"fix_at": "0001-01-01T00:00:00+14:00", "tapped_at": "9999-12-31T23:59:59-14:00"}
    rita = browser(cast.rita)
    rita.post(f"/visits/{ids.visit_id}/check-out", outcome="order")  # else that one would be meant
    answer = rita.post(f"/accounts/{ids.account_id}/check-in", **sent, **moments)
    assert (answer.status_code, answer.location) == (303, f"/visits/{visit}")
    assert transact(lambda: db.session.get_one(CheckIn, visit).verdict) == "on_site"


def test_where_htmx_is_sent_stands_in_ascii(app: Flask, browser: Open, cast: Cast) -> None:
    """A header with anything else breaks the answer, in the server and behind every test client."""
    world = build(cast)
    back = {"account": world.of["rita"].account_id, "day": tomorrow(), "back": "/nearby?q=上海\rX: y"}
    answer = browser(cast.rita).post("/plan/visits", headers={"HX-Request": "true"}, **back)
    assert answer.status_code == 200
    assert answer.headers["HX-Redirect"] == "/nearby?q=%E4%B8%8A%E6%B5%B7X:%20y"

"""Devices: signed in for 30 days each, listed, taken away one by one and then wiped."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.identity import jobs
from app.identity.actions import begin_device, end_restored_devices, touch_device
from app.identity.administration import set_active
from app.identity.models import Device
from app.identity.rules import COOKIE_LASTS, DEVICE_LASTS, SEEN_EVERY
from app.identity.slice import SLICE
from app.infra.db import TryAgainError, db, transact
from app.infra.journal import JournalEntry
from app.infra.queue import Worker
from app.kernel.access import Actor
from app.kernel.ids import new_id
from app.web import once, unit
from tests.conftest import PASSWORD, Browser, Cast, device_of
from tests.identity.test_administration_pages import rita_now
from tests.identity.test_profile import SETTINGS

Open = Callable[[Any], Browser]
PHONE = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Mobile Safari/537.36"
WIPE = '"cache", "storage"'
TOLD = {
    "en": "This device was taken away: by you, on another device, or by your administrator.",
    "zh_Hans": "此设备已被移除：由您在其他设备上操作，或由管理员操作。",
    "zh_Hant": "此裝置已被移除：由您在其他裝置上操作，或由管理員操作。",
}


def sign_in(somebody: Browser, name: str = "rita", password: str = PASSWORD, **more: Any) -> UUID:
    """Sign in by the page; gives the device."""
    headers = {"User-Agent": PHONE}
    answer = somebody.post("/sign-in", headers=headers, email=f"{name}@harbour.example", password=password, **more)
    assert answer.status_code == 303
    with somebody.client.session_transaction() as session:
        return UUID(session["_user_id"].split(".")[2])


def copy_of(somebody: Browser, nobody: Browser) -> Browser:
    """Another browser with the same cookie."""
    cookie = somebody.client.get_cookie("fieldbook")
    assert cookie is not None
    nobody.client.set_cookie("fieldbook", cookie.value)
    return nobody


def inside(somebody: Browser) -> bool:
    return somebody.get("/settings").status_code == 200


def device(device_id: UUID) -> Device:
    db.session.rollback()
    return db.session.get_one(Device, device_id)


def change(device_id: UUID, **values: Any) -> None:
    transact(lambda: db.session.execute(update(Device).where(Device.id == device_id).values(**values)))


def events(device_id: UUID) -> list[tuple[str, UUID | None]]:
    entries = select(JournalEntry).where(JournalEntry.subject_id == device_id).order_by(JournalEntry.id)
    return [(entry.event, entry.person_id) for entry in db.session.scalars(entries)]


def revoke(somebody: Browser, device_id: UUID, **more: Any) -> Any:
    return somebody.post(f"/settings/devices/{device_id}/revocation", **more)


# --- Signing in and out ----------------------------------------------------------------------------------------------


def test_signing_in_makes_a_device(browser: Open, cast: Cast) -> None:
    made = sign_in(browser(None))
    row = device(made)
    assert (row.person_id, row.name, row.ended_at, row.revoked_at) == (cast.rita.id, "Chrome · Android", None, None)
    assert row.created_at == row.seen_at
    assert events(made) == [("DeviceSignedIn", cast.rita.id)]


def test_a_double_tap_on_sign_in_makes_one_device(browser: Open, cast: Cast) -> None:
    somebody, key = browser(None), new_id()
    assert sign_in(somebody, once=key) == sign_in(somebody, once=key) == key
    assert sign_in(browser(None), once=key) == key, "the first answer was lost"
    assert inside(somebody)


@pytest.mark.parametrize("what", ["signed out", "taken away", "long ago", "of another"])
def test_the_key_of_an_old_form_revives_no_device(browser: Open, cast: Cast, what: str) -> None:
    key, first = new_id(), browser(None)
    sign_in(first, name="ren" if what == "of another" else "rita", once=key)
    if what == "signed out":
        first.post("/sign-out")
    elif what == "taken away":
        change(key, revoked_at=datetime.now(UTC))
    elif what == "long ago":
        change(key, created_at=datetime.now(UTC) - timedelta(hours=1))
    assert sign_in(browser(None), once=key) != key
    assert inside(first) == (what in ("long ago", "of another"))


def test_two_of_a_double_tap_at_once_are_tried_again(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """On PostgreSQL both may look for the device before either has made it."""
    taken = device_of(cast.rita)
    monkeypatch.setattr(db.session(), "get", lambda *_, **__: None)
    monkeypatch.setattr("app.infra.db.PATIENCE", 0)
    with pytest.raises(TryAgainError):
        transact(lambda: begin_device(cast.rita, taken, "", datetime.now(UTC)))


def test_signing_in_anew_ends_the_device_whose_cookie_is_replaced(browser: Open, cast: Cast) -> None:
    here = browser(None)
    first = sign_in(here)
    copied = copy_of(here, browser(None))
    second = sign_in(here, name="ren")
    assert first != second
    assert device(first).ended_at is not None
    assert events(first)[-1] == ("DeviceEnded", cast.rita.id)
    assert inside(here) and not inside(copied)


def test_a_copied_cookie_is_dead_after_signing_out(
    app: Flask, browser: Open, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "ACTOR_CACHE_SECONDS", 30)
    here = browser(None)
    made = sign_in(here)
    copied = copy_of(here, browser(None))
    assert inside(here) and inside(copied)
    assert here.post("/sign-out").status_code == 303
    assert not inside(copied), "at once in this process, although it remembers people"
    assert device(made).ended_at is not None
    assert events(made)[-1] == ("DeviceEnded", cast.rita.id)
    answer = copied.post("/settings", **SETTINGS)
    assert answer.status_code == 401
    assert "Clear-Site-Data" not in answer.headers, "merely signed out: what waits there stays"
    sign_in(here)
    assert not inside(copied)


def test_what_was_read_while_the_sign_out_was_committed_is_forgotten_too(
    app: Flask, browser: Open, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "ACTOR_CACHE_SECONDS", 30)
    here = browser(None)
    sign_in(here)
    copied = copy_of(here, browser(None))
    from app.web import actor

    remember = once.remember

    def beside(response: Any) -> None:  # after the view, before the commit
        token = next(iter(known))
        actor._known[token] = known[token]
        remember(response)

    assert inside(here)
    known = dict(actor._known)
    monkeypatch.setattr(once, "remember", beside)
    assert here.post("/sign-out").status_code == 303
    assert not inside(copied)


def test_signing_out_may_leave_on_the_phone_what_was_not_sent(browser: Open, cast: Cast) -> None:
    for given, cleared in (
        ({}, '"cache"'),
        ({"keep": "0"}, '"cache", "storage"'),
        ({"keep": "1"}, '"cache"'),
    ):
        here = browser(None)
        made = sign_in(here)
        answer = here.post("/sign-out", **given)
        assert answer.headers["Clear-Site-Data"] == cleared
        assert not inside(here)
        assert device(made).ended_at is not None


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out"])
def test_a_try_that_the_database_undid_leaves_nothing_behind(
    browser: Open, cast: Cast, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    here, tries = browser(None), 0
    first = sign_in(here)
    remember = once.remember

    def undone_once(response: Any) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise TryAgainError
        remember(response)

    monkeypatch.setattr(unit.once, "remember", undone_once)
    answer = here.post(path, email="ren@harbour.example", password=PASSWORD)
    assert (answer.status_code, tries) == (303, 2)
    assert device(first).ended_at is not None
    devices = db.session.scalars(select(Device).where(Device.person_id == cast.ren.id, Device.name == "")).all()
    assert len(devices) == (1 if path == "/sign-in" else 0)
    assert inside(here) == (path == "/sign-in")


# --- How long a device lasts -----------------------------------------------------------------------------------------


def test_a_device_is_over_after_30_days_whatever_its_cookie_says(browser: Open, cast: Cast) -> None:
    here = browser(None)
    made = sign_in(here)
    change(made, created_at=datetime.now(UTC) - DEVICE_LASTS + timedelta(minutes=1))
    assert inside(here)
    change(made, created_at=datetime.now(UTC) - DEVICE_LASTS)
    page = here.get("/settings")
    assert (page.status_code, page.headers["Location"]) == (302, "/sign-in?next=/settings")
    post = here.post("/settings", **SETTINGS)
    assert post.status_code == 401
    assert "Clear-Site-Data" not in page.headers and "Clear-Site-Data" not in post.headers
    assert "Chrome" not in browser(cast.rita).get("/settings/devices").text, "over for good: no more in the list"


def test_a_cookie_counts_for_its_own_person_and_device_only(browser: Open, cast: Cast) -> None:
    rita, ren = device_of(cast.rita), device_of(cast.ren)
    for token, counts in (
        (f"{cast.rita.id}.1.{rita}", True), (f"{cast.rita.id}.1.{ren}", False), (f"{cast.ren.id}.1.{rita}", False),
        (f"{cast.rita.id}.1.{new_id()}", False), (f"{cast.rita.id}.1", False), (f"{cast.rita.id}.2.{rita}", False),
        (f"{cast.rita.id}.1.{rita}.", False), (f"{cast.rita.id}..{rita}", False), (f".1.{rita}", False),
    ):  # fmt: skip
        somebody = browser(None)
        with somebody.client.session_transaction() as session:
            session["_user_id"] = token
        answer = somebody.get("/settings")
        assert (answer.status_code == 200) == counts, token
        assert "Clear-Site-Data" not in answer.headers


def test_a_changed_password_ends_the_other_devices(browser: Open, cast: Cast) -> None:
    here, elsewhere = browser(None), browser(None)
    mine, other = sign_in(here), sign_in(elsewhere)
    copied = copy_of(here, browser(None))
    assert here.post("/settings/password", current=PASSWORD, password="an entirely new one").status_code == 303
    assert inside(here) and not inside(elsewhere) and not inside(copied)
    assert (device(mine).ended_at, device(other).ended_at is None) == (None, False)
    with here.client.session_transaction() as session:
        assert session["_user_id"] == f"{cast.rita.id}.2.{mine}"
    assert here.post("/sign-out").status_code == 303
    assert not inside(here)


@pytest.mark.parametrize("what", ["password", "role"])
def test_a_password_or_role_given_by_an_administrator_ends_all_devices(browser: Open, cast: Cast, what: str) -> None:
    here = browser(None)
    made = sign_in(here)
    ada = browser(cast.ada)
    if what == "password":
        sent = ada.post(f"/people/{cast.rita.id}/password", password="another good one")
    else:
        sent = ada.post(f"/people/{cast.rita.id}", **rita_now(cast, role="manager"))
    assert sent.status_code == 303
    assert device(made).ended_at is not None
    assert events(made)[-1] == ("DeviceEnded", cast.ada.id)
    answer = here.get("/settings")
    assert answer.status_code == 302 and "Clear-Site-Data" not in answer.headers


def test_after_a_restore_no_device_is_signed_in(browser: Open, cast: Cast) -> None:
    here = browser(None)
    sign_in(here)
    transact(lambda: end_restored_devices(datetime.now(UTC)))
    assert not inside(here)


# --- Last seen -------------------------------------------------------------------------------------------------------


def test_a_device_s_contact_is_noted_once_an_hour_by_what_it_writes(browser: Open, cast: Cast) -> None:
    here = browser(None)
    made = sign_in(here)
    before = device(made).seen_at
    assert here.post("/settings", **SETTINGS).status_code == 303
    assert device(made).seen_at == before
    long_ago = datetime.now(UTC) - SEEN_EVERY
    change(made, seen_at=long_ago)
    assert inside(here)
    assert device(made).seen_at == long_ago, "a page writes nothing"
    assert here.post("/settings", **{**SETTINGS, "name": ""}).status_code == 422
    assert device(made).seen_at == long_ago, "nor does what is refused"
    assert here.post("/settings", **{**SETTINGS, "version": "2"}).status_code == 303
    assert device(made).seen_at >= before


def test_touching_moves_what_is_an_hour_old_and_nothing_else(cast: Cast) -> None:
    made = device_of(cast.rita)
    begun = device(made).seen_at
    for after, seen in ((SEEN_EVERY - timedelta(seconds=1), timedelta()), (SEEN_EVERY, SEEN_EVERY)):
        transact(lambda now=begun + after: touch_device(made, now))  # type: ignore[misc] # bound here
        assert device(made).seen_at == begun + seen
    assert device(device_of(cast.ren)).seen_at < begun + SEEN_EVERY


# --- The list, and taking away ---------------------------------------------------------------------------------------


def test_the_list_shows_one_s_own_devices_and_marks_this_one(browser: Open, cast: Cast) -> None:
    here = browser(None)
    mine, fixture, ren = sign_in(here), device_of(cast.rita), device_of(cast.ren)
    text = here.get("/settings/devices").text
    assert text.partition("<main")[2].count("<strong>") == 2
    assert text.index("Chrome · Android") < text.index("Firefox · Android"), "last seen first"
    assert text.count("This device") == 1
    assert set(re.findall(r"/devices/(\S+)/revocation", text)) == {str(fixture)}
    assert str(mine) not in text and str(ren) not in text
    assert "/settings/devices" in here.get("/settings").text


def test_a_device_that_is_taken_away_is_wiped_at_its_next_contact(browser: Open, cast: Cast) -> None:
    lost, rita = browser(None), browser(cast.rita)
    made = sign_in(lost)
    copied = copy_of(lost, browser(None))
    answer = revoke(rita, made)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/settings/devices")
    text = rita.get("/settings/devices").text
    assert "The device is taken away." in text and "Taken away" in text and f"{made}/revocation" not in text
    assert events(made)[-1] == ("DeviceRevoked", cast.rita.id)
    ways: list[tuple[Callable[[Browser], Any], int]] = [
        (lambda somebody: somebody.post("/settings", **SETTINGS), 401),
        (lambda somebody: somebody.get("/today"), 302),
        (lambda somebody: somebody.fragment("/today"), 401),
        (lambda somebody: somebody.get("/sign-in"), 200),
    ]
    for contact, status in ways:
        somebody = copy_of(copied, browser(None))
        answer = contact(somebody)
        assert (answer.status_code, answer.headers["Clear-Site-Data"]) == (status, WIPE)
        with somebody.client.session_transaction() as session:
            assert "_user_id" not in session, "it is nobody's device any more"
        assert "Clear-Site-Data" not in somebody.get("/sign-in").headers, "nor wiped again and again"
        kept = {"Outbox-Person": str(cast.rita.id)}
        answer = somebody.post("/settings", headers=kept, **SETTINGS)
        assert (answer.status_code, answer.headers["Outbox-Wipe"], answer.text) == (401, "1", "")
    assert inside(rita)


@pytest.mark.parametrize("path", ["/today", "/pack", "/sign-in"])
def test_the_worker_of_a_device_that_is_taken_away_hears_it_and_wipes_itself(
    path: str, browser: Open, cast: Cast
) -> None:
    """A redirect's headers are hidden from it, and Clear-Site-Data would end it while pages wait for its answers."""
    lost, rita = browser(None), browser(cast.rita)
    revoke(rita, sign_in(lost))
    answer = lost.get(path, headers={"Outbox-Shell": "any"})
    assert (answer.status_code, answer.headers["Outbox-Wipe"], answer.text) == (401, "1", "")
    assert "Clear-Site-Data" not in answer.headers
    page = lost.get("/sign-in", headers={"Outbox-Shell": "any"})
    assert page.status_code == 200 and TOLD["en"] in page.text, "once"


def test_revoking_is_told_at_once_although_people_are_remembered(
    app: Flask, browser: Open, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "ACTOR_CACHE_SECONDS", 30)
    lost, rita = browser(None), browser(cast.rita)
    made = sign_in(lost)
    assert inside(lost)
    assert revoke(rita, made).status_code == 303
    for somebody in (copy_of(lost, browser(None)), lost):  # read, and remembered
        assert somebody.get("/settings").headers["Clear-Site-Data"] == WIPE


def test_whoever_signs_in_with_a_device_that_was_taken_away_finds_nothing_on_it(browser: Open, cast: Cast) -> None:
    lost = browser(None)
    made = sign_in(lost)
    change(made, revoked_at=datetime.now(UTC))
    wrong = lost.post("/sign-in", email="ren@harbour.example", password="wrong password")
    assert wrong.headers["Clear-Site-Data"] == WIPE
    assert TOLD["en"] in wrong.text
    again = copy_of(lost, browser(None))
    sign_in(lost, name="ren")
    assert inside(lost)
    with again.client.session_transaction() as session:
        session["_user_id"] = f"{cast.rita.id}.1.{made}"
    answer = again.post("/sign-in", email="ren@harbour.example", password=PASSWORD)
    assert (answer.status_code, answer.headers["Clear-Site-Data"]) == (303, WIPE)
    assert inside(again), "its new cookie stays"
    assert "Clear-Site-Data" not in lost.get("/settings").headers


@pytest.mark.parametrize("language", ["en", "zh_Hans", "zh_Hant"])
def test_the_sign_in_page_says_that_the_device_was_taken_away(browser: Open, cast: Cast, language: str) -> None:
    lost = browser(None)
    made = sign_in(lost)
    lost.post("/language", language=language, next="/sign-in")
    change(made, revoked_at=datetime.now(UTC))
    page = lost.get("/today")
    for _ in range(2):
        assert TOLD[language] in lost.get(page.headers["Location"]).text
    wrong = lost.post("/sign-in", email="rita@harbour.example", password="wrong password")
    assert TOLD[language] in wrong.text
    sign_in(lost)
    lost.post("/sign-out")
    assert TOLD[language] not in lost.get("/sign-in").text, "it was signed in since"


def test_the_sign_in_page_says_so_to_no_other_device(browser: Open, cast: Cast) -> None:
    over, out = browser(None), browser(None)
    change(sign_in(over), created_at=datetime.now(UTC) - DEVICE_LASTS)
    change(sign_in(out), ended_at=datetime.now(UTC))
    made = sign_in(browser(None))
    change(made, revoked_at=datetime.now(UTC))
    forged = browser(None)
    forged.client.set_cookie("fieldbook", f"{cast.rita.id}.1.{made}")
    for somebody in (over, out, forged, browser(None)):
        for path in ("/today", "/sign-in", "/sign-in?taken_away=1"):
            answer = somebody.get(path, follow_redirects=True)
            assert (answer.status_code, TOLD["en"] in answer.text) == (200, False)


# --- How long a row stays --------------------------------------------------------------------------------------------


def test_devices_that_nobody_needs_are_forgotten(app: Flask, browser: Open, cast: Cast) -> None:
    now, day = datetime.now(UTC), timedelta(days=1)
    ages: dict[str, tuple[dict[str, Any], bool]] = {
        "signed in": ({"created_at": now - 29 * day}, True),
        "over": ({"created_at": now - 129 * day}, True),
        "long over": ({"created_at": now - 131 * day}, False),
        "signed out long ago": ({"created_at": now - 131 * day, "ended_at": now - 120 * day}, False),
        "taken away": ({"created_at": now - 500 * day, "revoked_at": now - 399 * day}, True),
        "taken away long ago": ({"created_at": now - 500 * day, "revoked_at": now - 401 * day}, False),
    }
    for name, (values, _stays) in ages.items():
        change(sign_in(browser(None)), name=name, **values)
    worker = Worker(app, [jobs.FORGET_DEVICES])
    worker.schedule(now)
    assert worker.step()
    left = db.session.scalars(select(Device.name).where(Device.person_id == cast.rita.id, Device.name.in_(ages)))
    assert set(left) == {name for name, (_values, stays) in ages.items() if stays}
    assert jobs.FORGET_DEVICES in SLICE.jobs


def test_the_cookie_lasts_as_long_as_a_device_that_was_taken_away_is_known(browser: Open, cast: Cast) -> None:
    here = browser(None)
    sign_in(here)
    cookie = here.client.get_cookie("fieldbook")
    assert cookie is not None and cookie.expires is not None
    assert abs(cookie.expires - datetime.now(UTC) - COOKIE_LASTS) < timedelta(minutes=1)


@pytest.mark.parametrize("before", ["signed out", "over"])
def test_what_is_over_can_still_be_taken_away(browser: Open, cast: Cast, before: str) -> None:
    """Whoever lost a phone may change the password first."""
    lost, rita = browser(None), browser(cast.rita)
    made = sign_in(lost)
    if before == "over":
        change(made, created_at=datetime.now(UTC) - 2 * DEVICE_LASTS)
    else:
        change(made, ended_at=datetime.now(UTC))
        assert f"{made}/revocation" in rita.get("/settings/devices").text
    assert revoke(rita, made).status_code == 303
    assert lost.get("/today").headers["Clear-Site-Data"] == WIPE


def test_one_s_own_device_is_ended_by_signing_out(browser: Open, cast: Cast) -> None:
    here = browser(None)
    made = sign_in(here)
    answer = revoke(here, made)
    assert answer.status_code == 422
    assert "by signing out" in answer.text
    assert inside(here)


def test_nobody_takes_away_what_is_not_theirs(browser: Open, cast: Cast) -> None:
    theirs = device_of(cast.ren)
    for actor in (cast.rita, cast.mona, cast.otto, cast.ada):
        for device_id in (theirs, new_id()):
            assert revoke(browser(actor), device_id).status_code == 404
    assert revoke(browser(None), theirs).status_code == 401
    assert browser(cast.rita).get(f"/settings/devices/{theirs}/revocation").status_code == 405
    assert browser(None).get("/settings/devices").status_code == 302
    for method in (browser(cast.rita).client.put, browser(cast.rita).client.delete, browser(cast.rita).client.post):
        assert method("/settings/devices", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 405
    assert device(theirs).revoked_at is None


def test_the_same_post_again_revokes_once(browser: Open, cast: Cast) -> None:
    made, rita, key = sign_in(browser(None)), browser(cast.rita), new_id()
    assert revoke(rita, made, once=key).status_code == 303
    at = device(made).revoked_at
    assert revoke(rita, made, once=key).status_code == 303
    assert revoke(rita, made).status_code == 303, "nor does another post of the same page"
    assert device(made).revoked_at == at
    assert [event for event, _ in events(made)] == ["DeviceSignedIn", "DeviceRevoked"]


# --- Administrators --------------------------------------------------------------------------------------------------


def revoke_as(browser: Open, actor: Actor | None, person: Actor, device_id: UUID) -> int:
    return browser(actor).post(f"/people/{person.id}/devices/{device_id}/revocation").status_code


def test_administrators_take_away_a_lost_phone(browser: Open, cast: Cast) -> None:
    lost, ada = browser(None), browser(cast.ada)
    made = sign_in(lost)
    page = ada.get(f"/people/{cast.rita.id}").text
    assert "Chrome · Android" in page and f"/people/{cast.rita.id}/devices/{made}/revocation" in page
    assert "This device" not in page
    answer = ada.post(f"/people/{cast.rita.id}/devices/{made}/revocation")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/people/{cast.rita.id}")
    assert events(made)[-1] == ("DeviceRevoked", cast.ada.id)
    assert lost.get("/today").headers["Clear-Site-Data"] == WIPE


def test_only_administrators_do_and_only_a_device_of_that_person(browser: Open, cast: Cast) -> None:
    rita, ren = device_of(cast.rita), device_of(cast.ren)
    for actor in (cast.rita, cast.mona, cast.otto):
        assert revoke_as(browser, actor, cast.ren, ren) == 404
    assert revoke_as(browser, None, cast.ren, ren) == 401
    assert revoke_as(browser, cast.ada, cast.ren, rita) == 404
    assert revoke_as(browser, cast.ada, cast.ren, new_id()) == 404
    assert browser(cast.ada).get(f"/people/{cast.ren.id}/devices/{ren}/revocation").status_code == 405
    assert revoke_as(browser, cast.ada, cast.ada, device_of(cast.ada)) == 422, "the one in use"
    assert device(rita).revoked_at is device(ren).revoked_at is None


def test_a_closed_sign_in_takes_all_devices_away(browser: Open, cast: Cast) -> None:
    lost, old = browser(None), browser(None)
    made, ended = sign_in(lost), sign_in(old)
    change(ended, ended_at=datetime.now(UTC))
    transact(lambda: set_active(cast.ada, cast.rita.person_id, False, datetime.now(UTC)))
    assert device(device_of(cast.ren)).revoked_at is None
    for gone, somebody in ((made, lost), (ended, old)):
        assert device(gone).revoked_at is not None
        assert events(gone)[-1] == ("DeviceRevoked", cast.ada.id)
        assert somebody.get("/today").headers["Clear-Site-Data"] == WIPE
    transact(lambda: set_active(cast.ada, cast.rita.person_id, True, datetime.now(UTC)))
    assert not inside(lost), "the old device stays gone"
    sign_in(lost)
    assert inside(lost)


def test_a_person_without_devices_says_so(browser: Open, cast: Cast) -> None:
    transact(lambda: db.session.execute(Device.__table__.delete().where(Device.person_id == cast.ren.id)))  # type: ignore[attr-defined]
    assert "Nowhere signed in within the last 30 days." in browser(cast.ada).get(f"/people/{cast.ren.id}").text

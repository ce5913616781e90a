"""One's own settings and password."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from app.identity.models import Person
from app.identity.rules import GUESSES_PER_EMAIL
from app.infra.db import db
from app.kernel.ids import new_id
from tests.conftest import PASSWORD, Browser, Cast

Open = Callable[[Any], Browser]
SETTINGS: dict[str, Any] = {
    "name": "Rita R.", "phone": "+86 138 0000 0000", "language": "en", "zone": "Asia/Taipei", "work_from": "08:30",
    "work_to": "17:30", "lunch_from": "12:15", "lunch_minutes": "30", "start_label": "Home", "start_lat": "31.2",
    "start_lon": "121.5", "version": "1",
}  # fmt: skip


def person(cast: Cast) -> Person:
    db.session.expire_all()
    found = db.session.get(Person, cast.rita.id)
    assert found is not None
    return found


def test_settings_are_saved_and_shown(browser: Open, cast: Cast) -> None:
    rita = browser(cast.rita)
    assert rita.post("/settings", **SETTINGS).status_code == 303
    saved = person(cast)
    assert (saved.name, saved.zone, saved.work_from, saved.lunch_from, saved.start_lat, saved.version) == (
        "Rita R.", "Asia/Taipei", 510, 735, 31.2, 2,
    )  # fmt: skip
    shown = rita.get("/settings").text
    assert 'value="08:30"' in shown
    assert "Your settings are saved." in shown


def test_where_the_day_ends_and_how_many_visits_it_takes(browser: Open, cast: Cast) -> None:
    rita = browser(cast.rita)
    ends = {"end_label": "Mother's", "end_lat": "31.4", "end_lon": "121.25", "most_visits": "8"}
    assert "<details><summary" in rita.get("/settings").text, "what most people leave empty is folded away"
    assert rita.post("/settings", **{**SETTINGS, **ends}).status_code == 303
    saved = person(cast)
    assert (saved.end_label, saved.end_lat, saved.end_lon, saved.most_visits) == ("Mother's", 31.4, 121.25, 8)
    shown = rita.get("/settings").text
    assert "<details open><summary" in shown and 'value="Mother&#39;s"' in shown and 'value="8"' in shown
    assert "Mother&#39;s (31.40000, 121.25000)" in rita.get("/settings/stored").text
    assert rita.get("/settings/stored.json").get_json()["me"]["most_visits"] == 8
    nothing = dict.fromkeys(ends, "") | {"version": "2"}
    assert rita.post("/settings", **{**SETTINGS, **nothing}).status_code == 303
    saved = person(cast)
    assert (saved.end_label, saved.end_lat, saved.end_lon, saved.most_visits) == ("", None, None, None)


def test_a_wrong_end_is_told_at_its_own_field(browser: Open, cast: Cast) -> None:
    answer = browser(cast.rita).post("/settings", **{**SETTINGS, "end_lat": "91", "end_lon": "1", "end_label": "Pole"})
    assert answer.status_code == 422 and "There is no such position on earth." in answer.text
    assert "<details open><summary" in answer.text and 'value="Pole"' in answer.text
    field = re.search(r'<input[^>]* name="end_lat"[^>]*>', answer.text)
    assert field and 'aria-invalid="true"' in field[0]


def test_the_chosen_language_is_spoken_at_once(browser: Open, cast: Cast) -> None:
    rita = browser(cast.rita)
    rita.post("/settings", **{**SETTINGS, "language": "zh_Hant"})
    assert '<html lang="zh-Hant"' in rita.get("/settings").text


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 81},
        {"zone": "Mars/Olympus"},
        {"language": "xx"},
        {"work_from": "25:00"},
        {"lunch_minutes": "181"},
        {"start_lat": "91"},
        {"start_lat": "nan"},
        {"start_lon": ""},
        {"end_lat": "31.2", "end_lon": ""},
        {"end_lat": "31.2", "end_lon": "181"},
        {"end_label": "Home, without a position"},
        {"most_visits": "0"},
        {"most_visits": "61"},
        {"most_visits": "-3"},
        {"most_visits": "many"},
    ],
)
def test_what_is_wrong_comes_back_as_it_was_typed(browser: Open, cast: Cast, wrong: dict[str, str]) -> None:
    response = browser(cast.rita).post("/settings", **{**SETTINGS, **wrong})
    assert response.status_code == 422
    assert "Please check:" in response.text
    assert 'value="+86 138 0000 0000"' in response.text
    assert person(cast).version == 1


def test_an_old_version_is_refused_with_both_values(browser: Open, cast: Cast) -> None:
    rita = browser(cast.rita)
    rita.post("/settings", **SETTINGS)
    response = rita.post("/settings", **{**SETTINGS, "name": "Another"})
    assert response.status_code == 409
    assert person(cast).name == "Rita R."


def test_the_same_post_again_does_nothing_twice(browser: Open, cast: Cast) -> None:
    rita, key = browser(cast.rita), new_id()
    for _ in range(2):
        assert rita.post("/settings", once=key, **SETTINGS).status_code == 303
    assert person(cast).version == 2


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(browser: Open, cast: Cast) -> None:
    here, elsewhere = browser(cast.rita), browser(cast.rita)
    response = here.post("/settings/password", current=PASSWORD, password="an entirely new one")
    assert response.status_code == 303
    assert here.get("/settings").status_code == 200
    assert elsewhere.get("/settings").status_code == 302
    anew = browser(None).post("/sign-in", email="rita@harbour.example", password="an entirely new one")
    assert anew.status_code == 303


@pytest.mark.parametrize(
    ("current", "password", "reason"),
    [
        ("not mine at all", "an entirely new one", "That is not your password."),
        (PASSWORD, "short", "Use at least 10 characters."),
        (PASSWORD, "aaaaaaaaaaaaaaa", "That password is too easy to guess."),
        ("", "an entirely new one", "This field is required."),
    ],
)
def test_a_bad_change_of_password_says_why(browser: Open, cast: Cast, current: str, password: str, reason: str) -> None:
    response = browser(cast.rita).post("/settings/password", current=current, password=password)
    assert response.status_code == 422
    assert reason in response.text
    assert password not in response.text
    assert person(cast).session_version == 1


def test_wrong_passwords_are_counted_here_as_at_sign_in(browser: Open, cast: Cast) -> None:
    rita, key = browser(cast.rita), new_id()
    for _ in range(GUESSES_PER_EMAIL):  # the same post again is another guess
        response = rita.post("/settings/password", once=key, current="not mine at all", password="an entirely new one")
        assert "That is not your password." in response.text
    response = rita.post("/settings/password", current=PASSWORD, password="an entirely new one")
    assert response.status_code == 422 and "Too many attempts." in response.text
    assert person(cast).session_version == 1
    anew = browser(None).post("/sign-in", email="rita@harbour.example", password=PASSWORD)
    assert anew.status_code == 429


def test_settings_need_a_sign_in_and_know_two_methods(browser: Open, cast: Cast) -> None:
    nobody = browser(None)
    for path in ("/settings", "/settings/password", "/more"):
        assert nobody.get(path).status_code == 302
    assert nobody.post("/settings", **SETTINGS).status_code == 401
    assert browser(cast.rita).client.delete("/settings", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 405

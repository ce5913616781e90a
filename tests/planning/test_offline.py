"""The plan in the pack: every day that the page offers, with its visits, pins, line and what its times are made of."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from app.kernel.access import Actor
from tests.conftest import Browser, Cast
from tests.planning.conftest import Stage, plan, tomorrow

Open = Callable[[Actor | None], Browser]


def packed(rita: Browser) -> dict[str, Any]:
    pack: dict[str, Any] = rita.get("/pack").get_json()
    return pack


def test_it_carries_every_day_of_the_week_ahead(cast: Cast, stage: Stage, browser: Open) -> None:
    today = tomorrow() - timedelta(days=1)
    day = today + timedelta(days=4)
    visit = plan(cast.rita, stage.near, day)
    rita = browser(cast.rita)
    rita.post("/plan/best-order", day=str(day))
    pack = packed(rita)
    days = {f"/plan?day={today + timedelta(days=ahead)}" for ahead in range(7)}
    assert {"/plan", *days} == {address for address in pack["pages"] if address.partition("?")[0] == "/plan"}
    html = pack["pages"][f"/plan?day={day}"]
    pins = json.loads(re.search(r'id="plan_pins">(.*?)</script>', html)[1])  # type: ignore[index]
    assert [pin["id"] for pin in pins["pins"]] == [str(visit)] and len(pins["lines"][0]) > 1
    assert str(visit) in json.loads(re.search(r"data-times='(.*?)'", html)[1])["stops"]  # type: ignore[index]


def test_visits_after_tomorrow_have_a_screen_of_what_is_known(cast: Cast, stage: Stage, browser: Open) -> None:
    later, next_week = tomorrow() + timedelta(days=3), tomorrow() + timedelta(days=9)
    soon, near, far = (
        plan(cast.rita, stage.near), plan(cast.rita, stage.middle, later), plan(cast.rita, stage.far, next_week),
    )  # fmt: skip
    pack = packed(browser(cast.rita))
    assert f"/visits/{soon}" in pack["pages"] and f"/visits/{near}" not in pack["pages"]
    row = pack["rows"][str(near)]
    assert (row["name"], row["ahead"]) == ("Middle Bakery", "yes")
    assert "ahead" not in pack["rows"][str(soon)], "it has a page of its own"
    assert str(far) not in pack["rows"]
    screens = [each for each in pack["screens"] if (each["path"], each["after"]) == ("/visits/*", "")]
    assert [each["where"] for each in screens] == [["ahead", "yes"]]
    assert "/visits/⟦id⟧/check-in" in screens[0]["html"]

"""What a page is given to work out a day's times itself."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from app.infra.db import transact
from app.kernel.access import Actor
from app.planning.actions import put_in_order
from app.planning.queries import get_day
from tests.conftest import Browser, Cast
from tests.planning.conftest import LONDON, SHANGHAI, Stage, customer, plan, tomorrow

Open = Callable[[Actor | None], Browser]


def told(rita: Browser) -> dict[str, Any]:
    """Rita's tomorrow, as her page has it."""
    html = rita.get("/plan", query_string={"day": str(tomorrow())}).text
    said: dict[str, Any] = json.loads(re.search(r"data-times='(.*?)'", html)[1])  # type: ignore[index]
    assert "js/plan-times.js" in html
    return said


def test_a_day_in_numbers(cast: Cast, stage: Stage, browser: Open) -> None:
    abroad = transact(lambda: customer(cast.rita, "Abroad", None, zone=LONDON))
    visits = [plan(cast.rita, each) for each in (stage.far, stage.near, abroad)]
    transact(lambda: put_in_order(cast.rita, tomorrow(), visits, datetime.now(UTC)))
    day = get_day(cast.rita, tomorrow(), datetime.now(UTC))
    said = told(browser(cast.rita))
    far, near, elsewhere = (said["stops"][str(each)] for each in visits)
    assert (said["day"], said["zone"], said["start"], said["end"]) == (str(tomorrow()), SHANGHAI, 0, 0)
    assert (far["at"], near["at"], elsewhere["at"]) == (1, 2, None)
    assert (far["zone"], elsewhere["zone"]) == (SHANGHAI, LONDON)
    assert far["city"] == "" and elsewhere["city"], "where another clock goes, its city stands beside it"
    assert said["drive"][0][1] == day.run.stops[0].travel_seconds
    assert said["drive"][2][2] == 0
    assert said["metres"][0][1] + said["metres"][1][2] + said["metres"][2][0] == day.driving.metres(
        [day.shift.start, *(stop.stop.position for stop in day.run.stops), day.shift.end]
    )
    assert said["says"]["after_shift_end"] == "After the end of the working day"
    assert (far["seconds"], far["windows"]) == (1800, None)

"""The plan of a day on paper: GET /plan/print."""

from collections.abc import Callable
from datetime import UTC, datetime, time

from app.infra.db import transact
from app.kernel.access import Actor
from app.planning.actions import fix_time, put_in_order
from tests.conftest import Browser, Cast
from tests.planning.conftest import LONDON, Stage, plan, tomorrow

Open = Callable[[Actor | None], Browser]


def test_it_has_the_stops_in_order_with_times_lunch_and_room_for_notes(cast: Cast, stage: Stage, browser: Open) -> None:
    near, far, loose = (plan(cast.rita, each) for each in (stage.near, stage.far, stage.nowhere))
    now = datetime.now(UTC)
    transact(lambda: put_in_order(cast.rita, tomorrow(), [far, near], now))
    transact(lambda: fix_time(cast.rita, near, time(15, 30), now))
    shown = browser(cast.rita).get("/plan/print", query_string={"day": str(tomorrow())}).text
    paper = shown.partition('class="on-paper"')[2]
    assert paper.index("Far Bakery") < paper.index("Lunch") < paper.index("Near Bakery") < paper.index("Nowhere Shop")
    assert "<b>15:30</b>–16:00" in paper and "Agreed for 15:30" in paper and "Far Bakery Street" in paper
    assert "Office · 09:00–" in paper and "Rita" in paper
    assert str(loose) not in paper, "paper has no links"


def test_an_empty_day_and_days_that_no_plan_has(cast: Cast, stage: Stage, browser: Open) -> None:
    rita = browser(cast.rita)
    for day in (str(tomorrow()), "", "soon", "9999-12-31"):
        answer = rita.get("/plan/print", query_string={"day": day})
        assert answer.status_code == 200 and "No visits planned for this day" in answer.text


def test_it_is_ones_own_day(cast: Cast, stage: Stage, browser: Open) -> None:
    plan(cast.ren, stage.pub, tomorrow(LONDON))
    assert "The Anchor" not in browser(cast.rita).get(f"/plan/print?day={tomorrow(LONDON)}").text
    assert "The Anchor" in browser(cast.ren).get(f"/plan/print?day={tomorrow(LONDON)}").text
    assert browser(None).get("/plan/print").status_code == 302
    assert browser(cast.otto).get("/plan/print").status_code == 404
    assert browser(cast.rita).post("/plan/print").status_code == 405

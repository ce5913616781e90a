"""The day plan: GET /plan and the posts of its page."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.accounts.models import Account
from app.identity.actions import change_own_profile
from app.infra.db import db, transact
from app.kernel.dates import at_local, today_in
from app.kernel.geo import Position
from app.kernel.ids import new_id
from app.planning.actions import add_stop, put_in_order, work_out_order
from app.planning.queries import get_day
from app.visits.actions import CheckInInput, check_in, withdraw_visit
from app.visits.models import Visit
from tests.conftest import NOW, Browser, Cast
from tests.planning.conftest import LONDON, OFFICE, SHANGHAI, Stage, customer, plan, tomorrow

Open = Callable[[Any], Browser]


def order(cast: Cast) -> list[UUID]:
    """Rita's visits of tomorrow that have a place in the order."""
    db.session.rollback()
    return [line.row.id for line in get_day(cast.rita, tomorrow(), datetime.now(UTC)).ordered]


def three(cast: Cast, stage: Stage) -> tuple[UUID, UUID, UUID]:
    """Visits near, middle and far, in this order."""
    visits = plan(cast.rita, stage.near), plan(cast.rita, stage.middle), plan(cast.rita, stage.far)
    transact(lambda: work_out_order(cast.rita, tomorrow(), datetime.now(UTC)))
    if order(cast) != list(visits):  # driving there and back is as far the other way round
        transact(lambda: put_in_order(cast.rita, tomorrow(), visits, datetime.now(UTC)))
    return visits


def show(rita: Browser, **args: str) -> str:
    return rita.get("/plan", query_string={"day": str(tomorrow()), **args}).text


# --- Choosing --------------------------------------------------------------------------------------------------------


def test_an_empty_day(cast: Cast, stage: Stage, browser: Open) -> None:
    page = browser(cast.rita).get("/plan")
    assert page.status_code == 200 and "No visits planned for this day" in page.text
    assert "Work out the best order" not in page.text


def test_candidates_by_search_near_and_due(cast: Cast, stage: Stage, browser: Open) -> None:
    rita = browser(cast.rita)
    found = show(rita, **{"from": "search", "q": "bakery"})
    assert all(name in found for name in ("Near Bakery", "Middle Bakery", "Far Bakery"))
    near = show(rita, **{"from": "near"})
    assert near.index("Near Bakery") < near.index("Middle Bakery") < near.index("Far Bakery")

    def agree() -> None:
        db.session.get_one(Account, stage.far).next_visit_on = tomorrow()

    transact(agree)
    assert "Far Bakery" in show(rita, **{"from": "due"})
    plan(cast.rita, stage.far)
    assert "Near the last stop" in show(rita)
    assert f'name="account" value="{stage.far}"' not in show(rita, **{"from": "due"}), "it is in the plan"


def test_add_a_stop_once(cast: Cast, stage: Stage, browser: Open) -> None:
    rita, key, day = browser(cast.rita), new_id(), str(tomorrow())
    sent = {"day": day, "account": str(stage.near), "from": "near"}
    for _ in range(2):
        answer = rita.post("/plan/visits", once=key, **sent)
        assert (answer.status_code, answer.location) == (303, f"/plan?day={day}&from=near")
    assert db.session.scalars(select(Visit.id)).all() == [key], "the visit has the id that the form gave it"
    assert rita.post("/plan/visits", **sent).status_code == 303, "from another tab"
    assert "already" in show(rita)
    assert len(db.session.scalars(select(Visit.id)).all()) == 1


def test_adding_what_cannot_be_added(cast: Cast, stage: Stage, browser: Open) -> None:
    rita = browser(cast.rita)
    for account in (str(stage.pub), str(new_id()), "nonsense", None):
        assert rita.post("/plan/visits", day=str(tomorrow()), account=account).status_code == 404
    past = rita.post("/plan/visits", day=str(tomorrow() - timedelta(days=3)), account=str(stage.near))
    assert past.status_code == 422 and "Choose a day from today on" in past.text
    strange = rita.post("/plan/visits", account=str(stage.near), back="https://elsewhere.example/")
    assert strange.location.startswith("/plan?")
    assert rita.post("/plan/visits", account=str(stage.far), place=str(new_id())).status_code == 404


def test_a_day_that_no_plan_has_is_today(cast: Cast, stage: Stage, browser: Open) -> None:
    today = browser(cast.rita).get("/plan").text
    for odd in ("nonsense", "9999-12-31", "0001-01-01", "2026-13-45"):
        answer = browser(cast.rita).get(f"/plan?day={odd}")
        assert answer.status_code == 200
        assert answer.text.count("Today") == today.count("Today")


# --- The best order --------------------------------------------------------------------------------------------------


def test_the_best_order_is_saved_with_expected_beginnings(cast: Cast, stage: Stage, browser: Open) -> None:
    visits = {plan(cast.rita, stage.far), plan(cast.rita, stage.near), plan(cast.rita, stage.middle)}
    assert "No place in the order yet" in show(browser(cast.rita))
    answer = browser(cast.rita).post("/plan/best-order", day=str(tomorrow()))
    assert (answer.status_code, answer.location) == (303, f"/plan?day={tomorrow()}")
    day = get_day(cast.rita, tomorrow(), datetime.now(UTC))
    assert {line.row.id for line in day.ordered} == visits and not day.loose
    assert day.run.is_feasible
    assert [line.row.planned_at for line in day.ordered] == [times.start_at for times in day.run.stops]
    first = day.run.stops[0]
    assert first.arrive_at - timedelta(seconds=first.travel_seconds) == at_local(tomorrow(), time(9), SHANGHAI)
    assert "estimate" in show(browser(cast.rita))


def test_what_does_not_fit_stays_and_says_why(cast: Cast, stage: Stage, browser: Open) -> None:
    closed = transact(lambda: customer(cast.rita, "Closed Shop", OFFICE, "closed"))
    away = transact(lambda: customer(cast.rita, "Beijing Shop", Position(39.9, 116.4)))
    for account in (stage.near, closed, away, stage.nowhere):
        plan(cast.rita, account)
    rita = browser(cast.rita)
    rita.post("/plan/best-order", day=str(tomorrow()))
    page = show(rita)
    assert "2 visits do not fit into the day" in page
    assert "Closed that day" in page and "Does not fit into the working hours" in page
    assert "No position: travel is not counted" in page
    assert len(order(cast)) == 2
    assert len(db.session.scalars(select(Visit.id)).all()) == 4, "nothing is dropped"


def test_what_is_begun_stays_where_it_is(cast: Cast, stage: Stage) -> None:
    """At ten Rita has checked in at the far one: the others follow from there."""
    today = tomorrow()
    now = at_local(today, time(10), SHANGHAI)
    far, near, middle = (plan(cast.rita, account, today) for account in (stage.far, stage.near, stage.middle))
    transact(lambda: check_in(cast.rita, far, CheckInInput(None, reason="no signal"), now))
    transact(lambda: work_out_order(cast.rita, today, now))
    day = get_day(cast.rita, today, now)
    assert [line.row.id for line in day.begun] == [far]
    assert day.shift.start == Position(31.2304, 121.5537)
    assert day.shift.starts_at >= now + timedelta(minutes=30), "when that visit is over"
    assert {line.row.id for line in day.waiting} == {near, middle}
    assert [line.row.id for line in day.ordered] == [middle, near]


def test_a_place_in_another_zone_is_open_by_its_own_clocks(cast: Cast, browser: Open) -> None:
    """Ren works from 9 in London, when it is 17:00 in Shanghai: a place that keeps Shanghai's hours is open till 11."""
    shop = transact(lambda: customer(cast.ren, "Hotline", Position(51.5, -0.1), "Mon-Sun 17:00-19:00", zone=SHANGHAI))
    day = datetime(2027, 1, 12, tzinfo=UTC).date()
    plan(cast.ren, shop, day)
    transact(lambda: work_out_order(cast.ren, day, datetime.now(UTC)))
    (times,) = get_day(cast.ren, day, datetime.now(UTC)).run.stops
    assert (times.start_at.hour, times.breaches) == (9, ())
    page = browser(cast.ren).get(f"/plan?day={day}").text
    assert "17:00 (Shanghai)–17:30 (Shanghai)" in page


def test_a_day_on_which_clocks_change(cast: Cast) -> None:
    """On 28 March 2027 London's clocks jump at 01:00 UTC: work from 9 to 18 is 8 to 17 UTC."""
    shop = transact(lambda: customer(cast.ren, "Shop", Position(51.5, -0.1), "Mon-Sun 09:00-18:00", zone=LONDON))
    day = datetime(2027, 3, 28, tzinfo=UTC).date()
    now = datetime(2027, 3, 1, tzinfo=UTC)
    transact(lambda: add_stop(cast.ren, new_id(), shop, None, day, now))
    transact(lambda: work_out_order(cast.ren, day, now))
    (times,) = get_day(cast.ren, day, now).run.stops
    assert (times.start_at.hour, times.breaches) == (8, ())


def test_forty_stops_and_too_many(cast: Cast, stage: Stage, browser: Open) -> None:
    rita = browser(cast.rita)

    def add(first: int, last: int) -> list[UUID]:
        return [
            customer(cast.rita, f"Shop {n}", Position(31.2 + n % 7 / 100, 121.4 + n % 11 / 100))
            for n in range(first, last)
        ]

    for account in transact(lambda: add(0, 40)):
        plan(cast.rita, account)
    assert rita.post("/plan/best-order", day=str(tomorrow())).status_code == 303
    page = show(rita)
    assert page.count('action="/plan/visits/') >= 40, "every visit is on the page"
    day = get_day(cast.rita, tomorrow(), datetime.now(UTC))
    assert len(day.waiting) == 40 and day.run.is_feasible and len(day.ordered) > 10
    for account in transact(lambda: add(40, 61)):
        plan(cast.rita, account)
    many = rita.post("/plan/best-order", day=str(tomorrow()))
    assert many.status_code == 422 and "At most 60 visits" in many.text
    assert len(get_day(cast.rita, tomorrow(), datetime.now(UTC)).waiting) == 61


# --- By hand ---------------------------------------------------------------------------------------------------------


def test_up_and_down(cast: Cast, stage: Stage, browser: Open) -> None:
    near, middle, far = three(cast, stage)
    rita, day = browser(cast.rita), str(tomorrow())
    answer = rita.post(f"/plan/visits/{far}/move", steps="-1", day=day)
    assert (answer.status_code, answer.location) == (303, f"/plan?day={day}#v{far}")
    assert order(cast) == [near, far, middle]
    rita.post(f"/plan/visits/{near}/move", steps="1", day=day)
    assert order(cast) == [far, near, middle]
    plan_ = get_day(cast.rita, tomorrow(), datetime.now(UTC))
    assert [line.row.planned_at for line in plan_.ordered] == [times.start_at for times in plan_.run.stops]


def test_a_double_tap_moves_once(cast: Cast, stage: Stage, browser: Open) -> None:
    near, middle, far = three(cast, stage)
    rita, key = browser(cast.rita), new_id()
    for _ in range(2):
        assert rita.post(f"/plan/visits/{far}/move", once=key, steps="-1", day=str(tomorrow())).status_code == 303
    assert order(cast) == [near, far, middle]


def test_a_visit_without_a_place_gets_one_where_it_drives_least(cast: Cast, stage: Stage, browser: Open) -> None:
    near, far = plan(cast.rita, stage.near), plan(cast.rita, stage.far)
    rita, day = browser(cast.rita), str(tomorrow())
    rita.post("/plan/order", order=f"{near},{far}", day=day)
    middle = plan(cast.rita, stage.middle)
    assert order(cast) == [near, far]
    rita.post(f"/plan/visits/{middle}/move", steps="1", day=day)
    assert set(order(cast)) == {near, middle, far}
    assert get_day(cast.rita, tomorrow(), datetime.now(UTC)).run.is_feasible
    closed = plan(cast.rita, transact(lambda: customer(cast.rita, "Closed Shop", OFFICE, "closed")))
    rita.post(f"/plan/visits/{closed}/move", steps="1", day=day)
    assert order(cast)[-1] == closed, "by hand even what breaks a rule, at the end"
    assert "Closed that day" in show(rita)


def test_dragging_sends_the_whole_order(cast: Cast, stage: Stage, browser: Open) -> None:
    near, middle, far = three(cast, stage)
    answer = browser(cast.rita).post("/plan/order", order=f"{far},{near},{middle}", day=str(tomorrow()))
    assert answer.status_code == 303
    assert order(cast) == [far, near, middle]


def test_an_old_tab_loses_nothing(cast: Cast, stage: Stage, browser: Open) -> None:
    near, middle, far = three(cast, stage)
    transact(lambda: withdraw_visit(cast.rita, near, datetime.now(UTC)))
    rita = browser(cast.rita)
    answer = rita.post("/plan/order", order=f"{far},{near}", day=str(tomorrow()))
    assert answer.status_code == 303
    assert order(cast) == [far, middle], "what the tab knows in its order, what it does not know at the end"
    assert "changed elsewhere in the meantime" in show(rita)
    gone = rita.post(f"/plan/visits/{near}/move", steps="1", day=str(tomorrow()))
    assert gone.status_code == 404
    assert "no longer in your plan" in gone.text and "Middle Bakery" in gone.text
    assert rita.post("/plan/order", order="x,,y", day=str(tomorrow())).status_code == 303
    assert order(cast) == [far, middle]


def test_minutes_move_what_follows(cast: Cast, stage: Stage, browser: Open) -> None:
    near, middle, _far = three(cast, stage)
    before = get_day(cast.rita, tomorrow(), datetime.now(UTC)).ordered[1].row.planned_at
    rita, day = browser(cast.rita), str(tomorrow())
    assert rita.post(f"/plan/visits/{near}/length", minutes="75", day=day).status_code == 303
    db.session.rollback()
    after = get_day(cast.rita, tomorrow(), datetime.now(UTC)).ordered[1]
    assert (after.row.id, after.row.planned_at - before) == (middle, timedelta(minutes=45))
    for wrong in ("0", "721", "1e9", "abc", ""):
        answer = rita.post(f"/plan/visits/{near}/length", minutes=wrong, day=day)
        assert answer.status_code == 422, wrong
        assert f'value="{wrong}" aria-invalid="true"' in answer.text
    assert db.session.get_one(Visit, near).minutes == 75


def test_taking_out(cast: Cast, stage: Stage, browser: Open) -> None:
    near, middle, far = three(cast, stage)
    rita, key, day = browser(cast.rita), new_id(), str(tomorrow())
    later = get_day(cast.rita, tomorrow(), datetime.now(UTC)).ordered[1].row.planned_at
    for _ in range(2):
        assert rita.post(f"/plan/visits/{near}/withdrawal", once=key, day=day).status_code == 303
    assert order(cast) == [middle, far]
    assert get_day(cast.rita, tomorrow(), datetime.now(UTC)).ordered[0].row.planned_at < later
    assert rita.post(f"/plan/visits/{near}/withdrawal", day=day).status_code == 404


def test_what_has_begun_is_not_moved(cast: Cast, stage: Stage, browser: Open) -> None:
    now = datetime.now(UTC)
    today = today_in(SHANGHAI, now)
    visit = plan(cast.rita, stage.near, today)
    transact(lambda: check_in(cast.rita, visit, CheckInInput(None, reason="no signal"), now))
    rita = browser(cast.rita)
    for path, sent in (("move", {"steps": "1"}), ("length", {"minutes": "45"}), ("withdrawal", {})):
        answer = rita.post(f"/plan/visits/{visit}/{path}", day=str(today), **sent)
        assert answer.status_code == 422, path
        assert "Already there" in answer.text


@pytest.mark.parametrize("path", ["move", "length", "withdrawal"])
def test_somebody_elses_visit_looks_missing(cast: Cast, stage: Stage, browser: Open, path: str) -> None:
    visit = plan(cast.rita, stage.near)
    sent = {"steps": "1", "minutes": "45", "day": str(tomorrow())}
    for other in (cast.ren, cast.mona, cast.ada):
        assert browser(other).post(f"/plan/visits/{visit}/{path}", **sent).status_code == 404
    assert browser(cast.otto).post(f"/plan/visits/{visit}/{path}", **sent).status_code == 404, "no permission"
    assert browser(None).post(f"/plan/visits/{visit}/{path}", **sent).status_code == 401
    assert browser(cast.rita).get(f"/plan/visits/{visit}/{path}").status_code == 405
    assert db.session.get_one(Visit, visit).minutes == 30


def test_ordering_somebody_elses_visit_does_nothing(cast: Cast, stage: Stage, browser: Open) -> None:
    visit = plan(cast.rita, stage.near)
    assert browser(cast.mona).post("/plan/order", order=str(visit), day=str(tomorrow())).status_code == 303
    assert db.session.get_one(Visit, visit).sequence is None
    for path in ("/plan/order", "/plan/best-order", "/plan/visits"):
        assert browser(None).post(path).status_code == 401
        assert browser(cast.otto).post(path).status_code == 404
        assert browser(cast.rita).get(path).status_code == 405
    assert browser(cast.otto).get("/plan").status_code == 404
    assert browser(None).get("/plan").status_code == 302


# --- What the page shows ---------------------------------------------------------------------------------------------


def test_waiting_is_said_at_the_stop(cast: Cast, stage: Stage, browser: Open) -> None:
    late = transact(lambda: customer(cast.rita, "Late Shop", OFFICE, "Mon-Sun 09:40-18:00"))
    plan(cast.rita, late)
    rita = browser(cast.rita)
    rita.post("/plan/best-order", day=str(tomorrow()))
    page = show(rita)
    assert "Opens at 09:40: wait 40 min" in page
    assert "09:40–10:10" in page


def test_links_and_text_to_share(cast: Cast, stage: Stage, browser: Open) -> None:
    three(cast, stage)
    page = show(browser(cast.rita))
    google = re.search(r'href="(https://www\.google\.com/maps/dir/[^"]+)"', page)
    assert google and "waypoints=31.2284" in google[1], "in GCJ-02, as Google draws the mainland"
    assert "https://maps.apple.com/directions?waypoint=" in page and "https://uri.amap.com/navigation?" in page
    text = re.search(r"<textarea[^>]*readonly[^>]*>(.*?)</textarea>", page, re.DOTALL)
    assert text and [line[:2] for line in text[1].splitlines() if line[:1].isdigit()] == ["1.", "2.", "3."]


def test_the_map_has_numbered_stops_and_a_line(cast: Cast, stage: Stage, browser: Open) -> None:
    three(cast, stage)
    plan(cast.rita, stage.nowhere)
    found = re.search(r'id="plan_pins">(.*?)</script>', show(browser(cast.rita)), re.DOTALL)
    assert found
    drawn = json.loads(found[1])
    assert [pin["n"] for pin in drawn["pins"]] == ["1", "2", "3"]
    assert len(drawn["lines"][0]) == 5, "from the office and back"


def test_a_past_day_is_only_shown(cast: Cast, stage: Stage, browser: Open) -> None:
    visit = plan(cast.rita, stage.near)

    def back() -> None:
        db.session.get_one(Visit, visit).planned_on = tomorrow() - timedelta(days=3)

    transact(back)
    page = browser(cast.rita).get(f"/plan?day={tomorrow() - timedelta(days=3)}").text
    assert "Near Bakery" in page and "/plan/visits/" not in page and "Work out the best order" not in page


def test_chips_count_the_visits_of_each_day(cast: Cast, stage: Stage, browser: Open) -> None:
    plan(cast.rita, stage.near)
    plan(cast.rita, stage.far)
    chip = re.search(rf'href="/plan\?day={tomorrow()}"[^>]*>([^<]+)<', browser(cast.rita).get("/plan").text)
    assert chip and chip[1].endswith("· 2")


@pytest.mark.parametrize("language", ["zh_Hans", "zh_Hant"])
def test_it_speaks_chinese(cast: Cast, stage: Stage, browser: Open, language: str) -> None:
    three(cast, stage)
    transact(lambda: change_own_profile(cast.rita, {"language": language}, None, NOW))
    page = show(browser(cast.rita))
    assert ("排出最佳顺序" if language == "zh_Hans" else "排出最佳順序") in page
    assert "%(" not in page

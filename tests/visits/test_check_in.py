"""Checking in: POST /visits/<id>/check-in and POST /accounts/<id>/check-in."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from app.accounts.models import Account, Place
from app.infra.db import db, transact
from app.kernel.dates import today_in
from app.kernel.ids import new_id
from app.visits.actions import plan_visit
from app.visits.models import CheckIn, CheckOut, Visit
from tests.conftest import Browser, Cast
from tests.visits.conftest import BUND, Stage

Open = Callable[[Any], Browser]


def planned(cast: Cast, stage: Stage, account: str = "bund") -> Any:
    now = datetime.now(UTC)
    account_id, place_id = getattr(stage, account), getattr(stage, f"{account}_place")
    return transact(
        lambda: plan_visit(cast.rita, new_id(), account_id, place_id, today_in("Asia/Shanghai", now), now).id
    )


def fix(lat: float = BUND.lat, lon: float = BUND.lon, accuracy: float = 15) -> dict[str, str]:
    moment = datetime.now(UTC).isoformat()
    return {"lat": str(lat), "lon": str(lon), "accuracy_m": str(accuracy), "fix_at": moment, "fix_count": "3"}


def count(model: type) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_on_site_check_in_is_kept_with_its_raw_fix(cast: Cast, stage: Stage, browser: Open) -> None:
    visit = planned(cast, stage)
    answer = browser(cast.rita).post(f"/visits/{visit}/check-in", **fix())
    assert (answer.status_code, answer.location) == (303, f"/visits/{visit}")
    kept = db.session.scalars(select(CheckIn)).one()
    assert (kept.verdict, kept.accuracy, kept.fix_count, kept.distance) == ("on_site", 15, 3, 0)
    assert db.session.get_one(Account, stage.bund).last_visit_on == today_in("Asia/Shanghai", datetime.now(UTC))


def test_off_site_asks_for_a_reason_and_then_lets_in(cast: Cast, stage: Stage, browser: Open) -> None:
    visit, rita = planned(cast, stage), browser(cast.rita)
    asked = rita.post(f"/visits/{visit}/check-in", **fix(lat=31.3))
    assert asked.status_code == 422
    assert "31.3" in asked.text, "the position is not lost"
    assert "You are 6.7 km from the customer. Please say why." in asked.text
    assert count(CheckIn) == 0
    given = rita.post(f"/visits/{visit}/check-in", reason="Met at the <b>fair</b>", **fix(lat=31.3))
    assert given.status_code == 303
    shown = rita.get(f"/visits/{visit}").text
    assert "Met at the &lt;b&gt;fair&lt;/b&gt;" in shown and "6.7 km from the place (more than 150 m" in shown
    assert db.session.scalars(select(CheckIn.verdict)).one() == "off_site"


def test_without_position_needs_a_reason_but_never_blocks(cast: Cast, stage: Stage, browser: Open) -> None:
    visit, rita = planned(cast, stage), browser(cast.rita)
    assert rita.post(f"/visits/{visit}/check-in", position_error="denied").status_code == 422
    assert rita.post(f"/visits/{visit}/check-in", position_error="denied", reason="phone broken").status_code == 303
    kept = db.session.scalars(select(CheckIn)).one()
    assert (kept.verdict, kept.position_error, kept.reason) == ("no_position", "denied", "phone broken")


def test_a_place_without_position_takes_this_one_when_the_rep_agrees(cast: Cast, stage: Stage, browser: Open) -> None:
    rita = browser(cast.rita)
    rita.post(f"/visits/{planned(cast, stage, 'nowhere')}/check-in", adopt="y", **fix())
    place = db.session.get_one(Place, stage.nowhere_place)
    assert (place.certainty, place.lat, place.qk is not None) == ("exact", BUND.lat, True)


def test_a_place_without_position_stays_so_when_not_asked(cast: Cast, stage: Stage, browser: Open) -> None:
    browser(cast.rita).post(f"/visits/{planned(cast, stage, 'nowhere')}/check-in", **fix())
    assert db.session.get_one(Place, stage.nowhere_place).lat is None
    assert db.session.scalars(select(CheckIn.verdict)).one() == "no_place"


def test_the_same_post_twice_is_one_check_in(cast: Cast, stage: Stage, browser: Open) -> None:
    visit, rita, key, sent = planned(cast, stage), browser(cast.rita), new_id(), fix()
    first, second = (rita.post(f"/visits/{visit}/check-in", once=key, **sent) for _ in range(2))
    assert (first.status_code, first.location) == (second.status_code, second.location)
    assert count(CheckIn) == 1


def test_a_second_check_in_under_another_key_changes_nothing(cast: Cast, stage: Stage, browser: Open) -> None:
    visit, rita = planned(cast, stage), browser(cast.rita)
    rita.post(f"/visits/{visit}/check-in", **fix())
    assert rita.post(f"/visits/{visit}/check-in", reason="again", **fix(lat=31.3)).status_code == 303
    assert db.session.scalars(select(CheckIn.verdict)).one() == "on_site"


def test_the_key_of_another_post_is_refused(cast: Cast, stage: Stage, browser: Open) -> None:
    visit, rita, key = planned(cast, stage), browser(cast.rita), new_id()
    rita.post(f"/visits/{visit}/check-in", once=key, **fix())
    assert rita.post(f"/visits/{visit}/check-in", once=key, **fix(lat=30)).status_code == 409


def test_impossible_positions_are_refused_at_their_field(cast: Cast, stage: Stage, browser: Open) -> None:
    visit, rita = planned(cast, stage), browser(cast.rita)
    for wrong in ({"lat": "91", "lon": "0"}, {"lat": "nan", "lon": "0"}, {"lat": "31", "lon": ""}, {"lat": "x"}):
        assert rita.post(f"/visits/{visit}/check-in", **wrong).status_code == 422
    huge = rita.post(f"/visits/{visit}/check-in", reason="x" * 100_000)
    assert huge.status_code == 422
    assert count(CheckIn) == 0


def test_only_the_rep_checks_in(cast: Cast, stage: Stage, browser: Open) -> None:
    visit = planned(cast, stage)
    for other in (cast.ren, cast.mona, cast.ada):
        assert browser(other).post(f"/visits/{visit}/check-in", **fix()).status_code == 404
    assert browser(cast.otto).post(f"/visits/{visit}/check-in", **fix()).status_code == 404, "no permission"
    assert browser(None).post(f"/visits/{visit}/check-in", **fix()).status_code == 401
    assert browser(cast.rita).post(f"/visits/{new_id()}/check-in", **fix()).status_code == 404
    assert browser(cast.rita).get(f"/visits/{visit}/check-in").status_code == 405
    assert count(CheckIn) == 0


def test_unplanned_double_tap_makes_one_visit(cast: Cast, stage: Stage, browser: Open) -> None:
    rita, visit = browser(cast.rita), new_id()
    page = rita.get(f"/accounts/{stage.bund}/check-in")
    assert page.status_code == 200
    for _ in range(2):  # two keys: two instances of the form, as after going back
        answer = rita.post(f"/accounts/{stage.bund}/check-in", visit_id=visit, place_id=stage.bund_place, **fix())
        assert (answer.status_code, answer.location) == (303, f"/visits/{visit}")
    assert (count(Visit), count(CheckIn)) == (1, 1)
    assert db.session.scalars(select(Visit.planned)).one() is False


def test_two_tabs_make_one_visit_and_the_next_one_comes_after_its_end(cast: Cast, stage: Stage, browser: Open) -> None:
    rita, path = browser(cast.rita), f"/accounts/{stage.bund}/check-in"
    places = {rita.post(path, visit_id=new_id(), place_id=stage.bund_place, **fix()).location for _ in range(2)}
    assert len(places) == count(Visit) == count(CheckIn) == 1
    assert rita.post(f"{places.pop()}/check-out", outcome="order").status_code == 303
    rita.post(path, visit_id=new_id(), place_id=stage.bund_place, **fix())
    assert count(Visit) == count(CheckIn) == 2


def test_unplanned_means_the_visit_that_was_planned_today(cast: Cast, stage: Stage, browser: Open) -> None:
    visit, rita = planned(cast, stage), browser(cast.rita)
    answer = rita.post(f"/accounts/{stage.bund}/check-in", visit_id=new_id(), place_id=stage.bund_place, **fix())
    assert answer.location == f"/visits/{visit}"
    assert count(Visit) == 1


def test_foreign_accounts_and_places_look_missing(cast: Cast, stage: Stage, browser: Open) -> None:
    rita = browser(cast.rita)
    assert rita.get(f"/accounts/{stage.pub}/check-in").status_code == 404
    for account, place in ((stage.pub, stage.pub_place), (stage.bund, stage.pub_place), (stage.bund, new_id())):
        answer = rita.post(f"/accounts/{account}/check-in", visit_id=new_id(), place_id=place, **fix())
        assert answer.status_code == 404
    assert count(Visit) == 0


def test_a_new_check_in_closes_the_forgotten_one_as_estimated(cast: Cast, stage: Stage, browser: Open) -> None:
    first, second, rita = planned(cast, stage), planned(cast, stage, "nowhere"), browser(cast.rita)
    rita.post(f"/visits/{first}/check-in", **fix())
    rita.post(f"/visits/{second}/check-in", **fix())
    closed = db.session.scalars(select(CheckOut)).one()
    assert (closed.visit_id, closed.estimated, closed.person_id) == (first, True, None)
    assert "estimated" in rita.get(f"/visits/{first}").text


def test_a_late_post_counts_at_the_time_of_the_tap(cast: Cast, stage: Stage, browser: Open) -> None:
    visit, tapped = planned(cast, stage), datetime.now(UTC) - timedelta(hours=2)
    sent = {**fix(), "fix_at": tapped.isoformat(), "tapped_at": tapped.isoformat()}
    browser(cast.rita).post(f"/visits/{visit}/check-in", **sent)
    kept = db.session.scalars(select(CheckIn)).one()
    assert (kept.at, kept.verdict) == (tapped, "on_site")
    assert kept.received_at - kept.at > timedelta(hours=1)

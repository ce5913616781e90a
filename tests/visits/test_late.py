"""Visits that a phone kept and tells of later: in the order in which they happened, each once, and nobody is asked."""

import io
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from PIL import Image
from sqlalchemy import func, select, update

from app.accounts.actions import archive_account, assign_owner
from app.accounts.models import Account, Place
from app.infra.db import db, transact
from app.infra.journal import JournalEntry
from app.kernel.dates import at_local, today_in
from app.kernel.ids import new_id
from app.visits.actions import close_forgotten, plan_visit
from app.visits.models import CheckIn, CheckOut, Dismissal, Photo, Report, Visit, VisitAlias
from app.web.once import Receipt
from tests.conftest import Browser, Cast
from tests.outbox import kept
from tests.visits.conftest import BUND, Stage

Open = Callable[[Any], Browser]
HOUR, DAY, YEARS = timedelta(hours=1), timedelta(days=1), timedelta(days=730)
ZONE = "Asia/Shanghai"


def morning(days: int) -> datetime:
    """Nine o'clock at the Bund, so many days ago."""
    now = datetime.now(UTC)
    return at_local(today_in(ZONE, now) - timedelta(days=days), datetime.min.time().replace(hour=9), ZONE)


def late(moment: datetime, **said: Any) -> dict[str, str]:
    """Headers of a post that was made at that moment."""
    return kept(datetime.now(UTC) - moment, **said)


def fix(moment: datetime, lat: float = BUND.lat) -> dict[str, str]:
    """What the phone knew at that moment, by its own clock."""
    said = moment.isoformat()
    return {"lat": str(lat), "lon": str(BUND.lon), "accuracy_m": "15", "fix_at": said, "tapped_at": said}


def begin(rita: Browser, account: UUID, visit: UUID, moment: datetime, **more: Any) -> Any:
    """Check in without a plan, told later."""
    sent = {"visit_id": visit, **fix(moment), **more}
    return rita.post(f"/accounts/{account}/check-in", headers=late(moment), **sent)


def end(rita: Browser, visit: UUID, moment: datetime, **report: Any) -> Any:
    return rita.post(f"/visits/{visit}/check-out", headers=late(moment), **report)


def count(model: Any) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def ends() -> dict[UUID, tuple[datetime, bool]]:
    db.session.rollback()
    return {row.visit_id: (row.at, row.estimated) for row in db.session.scalars(select(CheckOut))}


def near(moment: datetime, other: datetime) -> bool:
    return abs(moment - other) < timedelta(seconds=20)


# --- When -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [timedelta(0), YEARS, -YEARS])
def test_a_visit_of_two_days_ago_is_of_two_days_ago(wrong: timedelta, cast: Cast, stage: Stage, browser: Open) -> None:
    rita, visit, nine = browser(cast.rita), new_id(), morning(2)
    said = fix(nine + wrong - timedelta(seconds=5)) | {"tapped_at": (nine + wrong).isoformat()}
    ago = datetime.now(UTC) - nine
    sent = {"visit_id": visit, "place_id": "", **said}
    answer = rita.post(f"/accounts/{stage.bund}/check-in", headers=kept(ago, wrong=wrong), **sent)
    assert (answer.status_code, answer.headers["Outbox-Location"]) == (204, f"/visits/{visit}")
    arrival = db.session.scalars(select(CheckIn)).one()
    assert near(arrival.at, nine)
    assert near(arrival.received_at, datetime.now(UTC))
    assert arrival.fix_at is not None
    assert near(arrival.fix_at + timedelta(seconds=5), arrival.at)
    assert (arrival.verdict, arrival.clock_doubtful) == ("on_site", False)
    assert db.session.get_one(Visit, visit).planned_on == today_in(ZONE, nine)
    assert db.session.get_one(Account, stage.bund).last_visit_on == today_in(ZONE, nine)
    ten = nine + HOUR + timedelta(seconds=30)
    assert end(rita, visit, ten, outcome="order").status_code == 204
    (out,) = ends().values()
    assert near(out[0], ten)
    assert out[1] is False
    shown = rita.get(f"/visits/{visit}").text
    assert "60 min" in shown
    days = (datetime.now(UTC) - nine) // DAY
    assert f"arrived {days} days later" in shown or "hours later" in shown


@pytest.mark.parametrize(("language", "told"), [("zh-CN", "天后才收到"), ("zh-TW", "天後才收到")])
def test_late_is_said_in_the_readers_language(
    language: str, told: str, cast: Cast, stage: Stage, browser: Open
) -> None:
    from app.identity.models import Person

    tag = {"zh-CN": "zh_Hans", "zh-TW": "zh_Hant"}[language]
    rita, visit = browser(cast.rita), new_id()
    begin(rita, stage.bund, visit, morning(4))
    transact(lambda: db.session.execute(update(Person).values(language=tag)))
    assert told in rita.get(f"/visits/{visit}").text


def test_what_is_not_late_is_not_called_so(cast: Cast, stage: Stage, browser: Open) -> None:
    rita, visit = browser(cast.rita), new_id()
    begin(rita, stage.bund, visit, datetime.now(UTC) - timedelta(minutes=4))
    assert "later" not in rita.get(f"/visits/{visit}").text


def test_a_clock_that_cannot_be_is_shown(cast: Cast, stage: Stage, browser: Open) -> None:
    rita, visit = browser(cast.rita), new_id()
    begin(rita, stage.bund, visit, datetime.now(UTC) - 40 * DAY)
    arrival = db.session.scalars(select(CheckIn)).one()
    assert arrival.clock_doubtful
    assert arrival.at == arrival.received_at
    assert "the phone&#39;s clock was wrong" in browser(cast.mona).get(f"/visits/{visit}").text


def test_a_plan_of_days_that_are_over_now(cast: Cast, stage: Stage, browser: Open) -> None:
    """What was "tomorrow" when it was planned and what was skipped when it was still to come."""
    rita, visit, new, nine = browser(cast.rita), new_id(), new_id(), morning(3)
    day = today_in(ZONE, nine)
    sent = {"visit_id": visit, "planned_on": day + DAY, "minutes": 45}
    assert rita.post(f"/accounts/{stage.bund}/visits/new", headers=late(nine), **sent).status_code == 204
    refused = rita.post(f"/accounts/{stage.bund}/visits/new", **{**sent, "visit_id": new_id(), "planned_on": day})
    assert refused.status_code == 422
    later = {"kind": "postponed", "reason": "closed", "postponed_to": day + 2 * DAY, "new_id": new}
    assert rita.post(f"/visits/{visit}/dismissal", headers=late(nine + HOUR), **later).status_code == 204
    assert rita.post(f"/visits/{new}/withdrawal", headers=late(nine + DAY)).status_code == 422, "a fact names it"
    skipped = {"kind": "skipped", "reason": "ill", "new_id": new_id()}
    assert rita.post(f"/visits/{new}/dismissal", headers=late(nine + DAY), **skipped).status_code == 204
    assert sorted(db.session.scalars(select(Dismissal.kind))) == ["postponed", "skipped"]


def test_a_report_names_days_that_were_to_come(cast: Cast, stage: Stage, browser: Open) -> None:
    rita, visit, nine = browser(cast.rita), new_id(), morning(5)
    begin(rita, stage.bund, visit, nine)
    agreed = today_in(ZONE, nine) + 2 * DAY
    assert end(rita, visit, nine + HOUR, next_visit_on=agreed).status_code == 204
    assert db.session.get_one(Account, stage.bund).next_visit_on == agreed


def test_an_archived_customer_was_not_archived_then(cast: Cast, stage: Stage, browser: Open) -> None:
    rita, nine = browser(cast.rita), morning(2)
    transact(lambda: archive_account(cast.rita, stage.bund, nine + HOUR))
    refused = begin(rita, stage.bund, new_id(), nine + 2 * HOUR)
    assert (refused.status_code, "This customer is archived." in refused.text) == (422, True)
    assert begin(rita, stage.bund, new_id(), nine).status_code == 204
    assert count(CheckIn) == 1


# --- In which order ---------------------------------------------------------------------------------------------------


def day_of_two(rita: Browser, stage: Stage, order: list[int]) -> tuple[UUID, UUID]:
    """The Bund from nine to ten, nowhere from two to three; told in that order of their four posts."""
    one, two, nine = new_id(), new_id(), morning(2)
    posts = [
        lambda: begin(rita, stage.bund, one, nine),
        lambda: end(rita, one, nine + HOUR, outcome="order"),
        lambda: begin(rita, stage.nowhere, two, nine + 5 * HOUR),
        lambda: end(rita, two, nine + 6 * HOUR, outcome="interested"),
    ]
    for each in order:
        assert posts[each]().status_code == 204
    return one, two


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [2, 3, 0, 1], [2, 0, 3, 1], [0, 2, 1, 3], [2, 0, 1, 3], [0, 2, 3, 1]])
def test_two_visits_that_arrive_in_any_order(order: list[int], cast: Cast, stage: Stage, browser: Open) -> None:
    rita, nine = browser(cast.rita), morning(2)
    one, two = day_of_two(rita, stage, order)
    found = ends()
    assert near(found[one][0], nine + HOUR)
    assert near(found[two][0], nine + 6 * HOUR)
    assert [found[each][1] for each in (one, two)] == [False, False]
    said = {each.visit_id: each.outcome for each in db.session.scalars(select(Report))}
    assert said == {one: "order", two: "interested"}


def test_an_open_visit_is_closed_by_what_came_after_it_and_not_by_what_arrived_after_it(
    cast: Cast, stage: Stage, browser: Open
) -> None:
    rita, one, two, nine = browser(cast.rita), new_id(), new_id(), datetime.now(UTC) - 3 * HOUR
    begin(rita, stage.nowhere, two, nine + 2 * HOUR)
    begin(rita, stage.bund, one, nine)
    found = ends()
    assert set(found) == {one}, "the later one goes on"
    assert found[one][1]
    assert near(found[one][0], nine + timedelta(minutes=30))


def test_two_visits_to_one_customer_in_the_wrong_order_are_two(cast: Cast, stage: Stage, browser: Open) -> None:
    rita, one, two, nine = browser(cast.rita), new_id(), new_id(), morning(2)
    begin(rita, stage.bund, two, nine + 5 * HOUR)
    end(rita, two, nine + 6 * HOUR, next_visit_on=today_in(ZONE, nine) + 9 * DAY)
    begin(rita, stage.bund, one, nine)
    end(rita, one, nine + HOUR, next_visit_on=today_in(ZONE, nine) + 5 * DAY)
    assert (count(Visit), count(VisitAlias)) == (2, 0)
    agreed = db.session.get_one(Account, stage.bund).next_visit_on
    assert agreed == today_in(ZONE, nine) + 9 * DAY, "what was agreed last counts"


def test_the_house_s_estimate_gives_way_to_the_check_out_that_was_late(cast: Cast, stage: Stage, browser: Open) -> None:
    rita, visit, nine = browser(cast.rita), new_id(), morning(1)
    begin(rita, stage.bund, visit, nine)
    assert transact(lambda: close_forgotten(datetime.now(UTC))) == 1
    assert ends()[visit][1]
    assert end(rita, visit, nine + 2 * HOUR, text="It went well").status_code == 204
    at, estimated = ends()[visit]
    assert near(at, nine + 2 * HOUR)
    assert not estimated
    told = db.session.scalars(
        select(JournalEntry.facts).where(JournalEntry.event == "CheckedOut").order_by(JournalEntry.arrived_at)
    ).all()
    assert [each["estimated"] for each in told] == [True, False]
    assert len({each["ended_at"] for each in told}) == 2, "the journal keeps both"


def test_who_checks_out_the_next_day_reports_only(cast: Cast, stage: Stage, browser: Open) -> None:
    rita, visit, nine = browser(cast.rita), new_id(), morning(2)
    begin(rita, stage.bund, visit, nine)
    transact(lambda: close_forgotten(datetime.now(UTC)))
    assert end(rita, visit, nine + DAY, text="I forgot").status_code == 204
    assert ends()[visit][1]
    assert db.session.scalars(select(Report.text)).one() == "I forgot"


def test_a_check_out_is_not_before_its_check_in(cast: Cast, stage: Stage, browser: Open) -> None:
    rita, visit, nine = browser(cast.rita), new_id(), morning(2)
    begin(rita, stage.bund, visit, nine)
    end(rita, visit, nine - HOUR, text="The clock was set back")
    assert near(ends()[visit][0], nine)


def test_a_dismissal_that_was_made_before_the_check_in(cast: Cast, stage: Stage, browser: Open) -> None:
    rita, visit, nine = browser(cast.rita), new_id(), morning(2)
    transact(lambda: plan_visit(cast.rita, visit, stage.bund, None, today_in(ZONE, nine), nine - HOUR))
    rita.post(f"/visits/{visit}/check-in", headers=late(nine), **fix(nine))
    sent = {"kind": "skipped", "reason": "no time", "new_id": new_id()}
    assert rita.post(f"/visits/{visit}/dismissal", headers=late(nine + HOUR), **sent).status_code == 422
    assert rita.post(f"/visits/{visit}/dismissal", headers=late(nine - HOUR / 2), **sent).status_code == 204


# --- Nobody can be asked ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", [{"lat": 31.3}, None], ids=["off site", "no position"])
def test_a_reason_is_asked_for_afterwards_and_given_once(where: Any, cast: Cast, stage: Stage, browser: Open) -> None:
    rita, mona, visit, nine = browser(cast.rita), browser(cast.mona), new_id(), morning(1)
    sent = fix(nine, **where) if where else {"position_error": "timeout"}
    path = f"/accounts/{stage.bund}/check-in"
    asked = rita.post(path, headers=late(nine, attended=True), visit_id=visit, **sent)
    assert (asked.status_code, count(CheckIn)) == (422, 0)
    assert rita.post(path, visit_id=visit, **sent).status_code == 422, "without an outbox somebody is there"
    assert rita.post(path, headers=late(nine), visit_id=visit, **sent).status_code == 204
    assert "Please say why" in rita.get(f"/visits/{visit}").text
    shown = mona.get(f"/visits/{visit}").text
    assert "No reason given yet." in shown
    assert f"/visits/{visit}/reason" not in shown

    reason = f"/visits/{visit}/reason"
    assert rita.post(reason, reason="  ").status_code == 422
    assert rita.post(reason, reason="x" * 501).status_code == 422
    assert mona.post(reason, reason="mine").status_code == 404
    assert browser(cast.ren).post(reason, reason="mine").status_code == 404
    assert browser(cast.otto).post(reason, reason="mine").status_code == 404
    assert browser(None).post(reason, reason="mine").status_code == 401
    assert rita.get(reason).status_code == 405
    assert rita.post(f"/visits/{new_id()}/reason", reason="mine").status_code == 404
    for _ in range(2):
        assert rita.post(reason, reason="Met at the <b>fair</b>").location == f"/visits/{visit}"
    assert rita.post(reason, reason="or in the park").status_code == 422
    shown = mona.get(f"/visits/{visit}").text
    assert "Met at the &lt;b&gt;fair&lt;/b&gt;" in shown
    assert "No reason given yet." not in shown
    told = select(func.count()).select_from(JournalEntry).where(JournalEntry.event == "ReasonGiven")
    assert db.session.scalar(told) == 1


def test_no_reason_where_none_is_needed(cast: Cast, stage: Stage, browser: Open) -> None:
    rita, visit = browser(cast.rita), new_id()
    begin(rita, stage.bund, visit, morning(1))
    assert "Please say why" not in rita.get(f"/visits/{visit}").text
    assert rita.post(f"/visits/{visit}/reason", reason="just so").status_code == 422
    planned = transact(
        lambda: plan_visit(cast.rita, new_id(), stage.nowhere, None, datetime.now(UTC).date() + DAY, datetime.now(UTC))
    )
    assert rita.post(f"/visits/{planned.id}/reason", reason="just so").status_code == 422


def test_a_stale_report_shows_both_values(cast: Cast, stage: Stage, browser: Open) -> None:
    rita, visit, nine = browser(cast.rita), new_id(), morning(1)
    begin(rita, stage.bund, visit, nine)
    path = f"/visits/{visit}/report"
    assert rita.post(path, text="by the tablet", version=0).status_code == 303
    for headers in ({}, late(nine + HOUR)):
        answer = rita.post(path, headers=headers, text="by the phone", version=0)
        assert answer.status_code == 409
        assert "by the phone" in answer.text and "by the tablet" in answer.text
    assert rita.post(path, headers=late(nine + HOUR), text="by the tablet", version=0).status_code == 204, "the same"
    assert db.session.scalars(select(Report.version)).one() == 1


# --- Ids for ever -----------------------------------------------------------------------------------------------------


def test_the_phone_s_id_of_a_visit_that_was_planned(cast: Cast, stage: Stage, browser: Open) -> None:
    """The whole visit goes on under the id that the phone made, and its page is found by both."""
    rita, mine, nine = browser(cast.rita), new_id(), morning(1)
    true = transact(lambda: plan_visit(cast.rita, new_id(), stage.bund, None, today_in(ZONE, nine), nine)).id
    assert begin(rita, stage.bund, mine, nine + HOUR).headers["Outbox-Location"] == f"/visits/{true}"
    again = begin(rita, stage.bund, mine, nine + HOUR)
    assert again.headers["Outbox-Location"] == f"/visits/{true}", "as another post: the id is known"
    assert (count(Visit), count(CheckIn), count(VisitAlias)) == (1, 1, 1)

    photo = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(photo, "JPEG")
    key = new_id()
    for _ in range(2):
        sent = {"photo": (io.BytesIO(photo.getvalue()), "a.jpg")}
        answer = rita.post(f"/visits/{mine}/photos", once=key, headers=late(nine + HOUR), **sent)
        assert answer.status_code == 204
        transact(lambda: db.session.query(Receipt).delete())  # also when the receipt is long gone
    assert count(Photo) == 1
    assert rita.get(f"/visits/{mine}/photos/{key}").status_code == 200
    assert rita.post(f"/visits/{mine}/report", headers=late(nine + HOUR), text="tea", version=0).status_code == 204
    assert end(rita, mine, nine + 2 * HOUR, text="tea and salt").headers["Outbox-Location"] == f"/visits/{true}"
    assert db.session.scalars(select(Report.visit_id)).all() == [true]

    sent_on = rita.get(f"/visits/{mine}")
    assert (sent_on.status_code, sent_on.location) == (302, f"/visits/{true}")
    assert rita.get(f"/accounts/{stage.bund}/orders/new?visit={mine}").status_code != 404
    for other in (cast.mona, cast.ren, cast.ada):
        assert browser(other).get(f"/visits/{mine}").status_code == 404, "only her phone called it so"
        assert browser(other).post(f"/visits/{mine}/report", text="x", version=1).status_code == 404


def test_the_phone_s_ids_of_plans_that_stood_already(cast: Cast, stage: Stage, browser: Open) -> None:
    rita, now = browser(cast.rita), datetime.now(UTC)
    today = today_in(ZONE, now)
    true = transact(lambda: plan_visit(cast.rita, new_id(), stage.bund, None, today, now)).id
    plan, stop = new_id(), new_id()
    sent = {"visit_id": plan, "planned_on": today, "minutes": 30}
    rita.post(f"/accounts/{stage.bund}/visits/new", headers=late(now), **sent)
    rita.post("/plan/visits", once=stop, headers=late(now), account=str(stage.bund), day=str(today))
    rita.post("/plan/visits", once=stop, headers=late(now), account=str(stage.bund), day=str(today))
    assert (count(Visit), count(VisitAlias)) == (1, 2)
    for each in (plan, stop):
        assert rita.get(f"/visits/{each}").location == f"/visits/{true}"
    assert rita.post(f"/plan/visits/{stop}/length", minutes="75", day=str(today)).status_code == 303
    assert db.session.get_one(Visit, true).minutes == 75
    assert rita.post("/plan/order", order=str(plan), day=str(today)).status_code == 303
    assert db.session.get_one(Visit, true).sequence == 0
    assert rita.post(f"/plan/visits/{plan}/move", steps="1", day=str(today)).status_code == 303
    assert rita.post(f"/plan/visits/{stop}/withdrawal", day=str(today)).status_code == 303
    assert (count(Visit), count(VisitAlias)) == (0, 0)


def test_the_phone_s_id_of_a_new_day_that_was_planned_already(cast: Cast, stage: Stage, browser: Open) -> None:
    rita, now, new = browser(cast.rita), datetime.now(UTC), new_id()
    today = today_in(ZONE, now)
    one = transact(lambda: plan_visit(cast.rita, new_id(), stage.bund, None, today, now)).id
    two = transact(lambda: plan_visit(cast.rita, new_id(), stage.bund, None, today + DAY, now)).id
    sent = {"kind": "postponed", "reason": "closed", "postponed_to": today + DAY, "new_id": new}
    assert rita.post(f"/visits/{one}/dismissal", headers=late(now), **sent).status_code == 204
    assert rita.get(f"/visits/{new}").location == f"/visits/{two}"


def test_an_id_of_somebody_elses_phone_is_refused(cast: Cast, stage: Stage, browser: Open) -> None:
    now, taken = datetime.now(UTC), new_id()
    today = today_in(ZONE, now)
    transact(lambda: plan_visit(cast.ren, new_id(), stage.pub, None, today_in("Europe/London", now), now))
    transact(lambda: plan_visit(cast.rita, new_id(), stage.bund, None, today, now))
    begin(browser(cast.ren), stage.pub, taken, now, lat="51.5072", lon="-0.0956")
    assert count(VisitAlias) == 1
    assert begin(browser(cast.rita), stage.bund, taken, now).status_code == 404
    assert (count(CheckIn), count(VisitAlias)) == (1, 1)


def test_an_account_of_the_phone_has_no_place_yet(cast: Cast, stage: Stage, browser: Open) -> None:
    rita, now = browser(cast.rita), datetime.now(UTC)
    assert begin(rita, stage.bund, new_id(), now, place_id="").status_code == 204
    sent = {"visit_id": new_id(), "place_id": "", "planned_on": today_in(ZONE, now), "minutes": 30}
    assert rita.post(f"/accounts/{stage.nowhere}/visits/new", **sent).status_code == 303
    assert set(db.session.scalars(select(Visit.place_id))) == {stage.bund_place, stage.nowhere_place}
    for nonsense in ("x", "1"):
        assert begin(rita, stage.bund, new_id(), now, place_id=nonsense).status_code == 422


# --- Once, whatever happens -------------------------------------------------------------------------------------------


def test_a_place_found_by_a_late_fix_is_kept_though_the_customer_is_somebody_elses_now(
    cast: Cast, stage: Stage, browser: Open
) -> None:
    rita, nine = browser(cast.rita), morning(1)
    visit = transact(lambda: plan_visit(cast.rita, new_id(), stage.nowhere, None, today_in(ZONE, nine), nine)).id
    transact(lambda: db.session.execute(update(Account).values(owner_id=cast.ren.id)))
    answer = rita.post(f"/visits/{visit}/check-in", headers=late(nine), adopt="y", **fix(nine))
    assert answer.status_code == 204
    assert db.session.get_one(Place, stage.nowhere_place).lat is None


def test_a_planned_visit_to_a_customer_that_was_given_away_before_is_taken_whole(
    cast: Cast, stage: Stage, browser: Open
) -> None:
    """The plan was still the rep's: nobody had told the phone."""
    rita, nine, photo = browser(cast.rita), morning(1), io.BytesIO()
    visit = transact(lambda: plan_visit(cast.rita, new_id(), stage.bund, None, today_in(ZONE, nine), nine - DAY)).id
    transact(lambda: assign_owner(cast.ada, stage.bund, cast.ren.id, None, nine - HOUR))
    Image.new("RGB", (40, 30), "teal").save(photo, "JPEG")
    for path, sent in (
        ("check-in", fix(nine)),
        ("photos", {"photo": (io.BytesIO(photo.getvalue()), "a.jpg")}),
        ("report", {"text": "tea", "version": 0}),
        ("check-out", {"text": "tea"}),
    ):
        assert rita.post(f"/visits/{visit}/{path}", headers=late(nine), **sent).status_code == 204, path
    assert [count(each) for each in (CheckIn, Photo, Report, CheckOut)] == [1, 1, 1, 1]


@pytest.mark.parametrize("seed", range(12))
def test_any_mixture_of_posts_replays_and_delays_is_one_visit(
    seed: int, cast: Cast, stage: Stage, browser: Open
) -> None:
    """Each post may come again under its key, days later, or (the form opened twice) under another one; the first time
    they come in order, as the outbox keeps it. Whatever the mixture, it is the same visit."""
    dice, rita, visit, nine = random.Random(seed), browser(cast.rita), new_id(), morning(3)
    photo = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(photo, "JPEG")
    photo_key, agreed = new_id(), today_in(ZONE, nine) + 7 * DAY
    planned = dice.random() < 0.5
    if planned:
        transact(lambda: plan_visit(cast.rita, new_id(), stage.bund, None, today_in(ZONE, nine), nine - HOUR))

    def post(number: int, key: UUID) -> int:
        moment = nine + number * HOUR / 4
        headers = late(moment, attended=dice.random() < 0.2, wrong=dice.choice([timedelta(0), YEARS, -YEARS]))
        match number:
            case 0:  # by a phone whose clock was right when it was tapped
                headers = late(moment)
                sent = {"visit_id": visit, **fix(moment)}
                return rita.post(f"/accounts/{stage.bund}/check-in", key, headers, **sent).status_code
            case 1:
                sent = {"photo": (io.BytesIO(photo.getvalue()), "a.jpg")}
                return rita.post(f"/visits/{visit}/photos", photo_key, headers, **sent).status_code
            case 2:
                return rita.post(
                    f"/visits/{visit}/report", key, headers, outcome="order", text="ten boxes", version=0
                ).status_code
            case _:
                sent = {"outcome": "order", "text": "ten boxes, at noon", "next_visit_on": agreed}
                return rita.post(f"/visits/{visit}/check-out", key, headers, **sent).status_code

    keys = [new_id() for _ in range(4)]
    for number in range(4):
        assert post(number, keys[number]) == 204
        for _ in range(dice.randrange(4)):
            again = dice.randrange(number + 1)
            same = dice.random() < 0.6
            answer = post(again, keys[again] if same else new_id())
            assert answer == 204 or (again == 2 and not same and answer == 409), "an older report, under a new key"
        if dice.random() < 0.3:
            transact(lambda: close_forgotten(datetime.now(UTC)))

    assert [count(model) for model in (Visit, CheckIn, CheckOut, Photo, Report)] == [1] * 5
    arrival = db.session.scalars(select(CheckIn)).one()
    at, estimated = ends()[arrival.visit_id]
    assert near(arrival.at, nine)
    assert near(at, nine + 3 * HOUR / 4)
    assert not estimated
    report = db.session.scalars(select(Report)).one()
    assert (report.text, report.next_visit_on) == ("ten boxes, at noon", agreed)
    assert db.session.get_one(Account, stage.bund).next_visit_on == agreed
    assert (arrival.visit_id == visit) is not planned
    events = db.session.scalars(
        select(JournalEntry.event).where(JournalEntry.event.in_(["CheckedIn", "PhotoAdded"]))
    ).all()
    assert sorted(events) == ["CheckedIn", "PhotoAdded"]


def test_reports_from_one_old_page_do_not_conflict_with_each_other(cast: Cast, browser: Open, stage: Stage) -> None:
    rita, now = browser(cast.rita), datetime.now(UTC)
    visit, mine, moment = new_id(), new_id(), now - HOUR
    transact(lambda: plan_visit(cast.rita, visit, stage.bund, stage.bund_place, today_in(ZONE, moment), moment))
    before = [new_id()]
    begun = begin(rita, stage.bund, mine, moment, once=str(before[0]))
    assert begun.headers["Outbox-Location"] == f"/visits/{visit}", "the phone's visit is the planned one"
    for text in ("one", "two", "three"):
        said = late(moment) | {"Outbox-After": ",".join(map(str, before))}
        before.append(new_id())
        given = {"once": str(before[-1]), "version": "0", "outcome": "order", "text": text}
        assert rita.post(f"/visits/{mine}/report", headers=said, **given).status_code == 204
    assert db.session.get_one(Report, visit).text == "three"


def test_two_visits_on_the_phone_that_are_one_here_keep_both_reports(cast: Cast, browser: Open, stage: Stage) -> None:
    """The second check-in at a customer where the first is not over joins it: neither report knew of the other."""
    rita, first, second, moment = browser(cast.rita), new_id(), new_id(), datetime.now(UTC) - HOUR
    for visit in (first, second):
        assert begin(rita, stage.bund, visit, moment).headers["Outbox-Location"] == f"/visits/{first}"
    for visit, text in ((first, "Ordered"), (second, "Wants a call"), (second, "Wants a call")):
        given = {"version": "0", "outcome": "order", "text": text}
        assert rita.post(f"/visits/{visit}/report", headers=late(moment), **given).status_code == 204
    assert db.session.get_one(Report, first).text == "Ordered\nWants a call"
    stale = rita.post(f"/visits/{first}/report", headers=late(moment), version="0", text="An old page's")
    assert stale.status_code == 409, "one's own older page is still a conflict"
    for visit, text in ((second, "Bye"), (first, "Called"), (first, "Called")):
        assert end(rita, visit, moment + HOUR / 2, version="0", outcome="", text=text).status_code == 204
    db.session.expire_all()
    report = db.session.get_one(Report, first)
    assert (report.outcome, report.text) == ("order", "Ordered\nWants a call\nBye\nCalled"), (
        "also from a second check-out"
    )
    assert count(CheckOut) == 1

"""The rest of a visit: plan, report, check out, postpone, photos, and what others see of it."""

import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from PIL import Image
from sqlalchemy import func, select

from app.accounts.actions import archive_account
from app.accounts.models import Account
from app.infra.db import db, transact
from app.infra.files import read
from app.infra.journal import JournalEntry
from app.kernel.dates import at_local, today_in
from app.kernel.errors import InvalidError, NotFoundError
from app.kernel.ids import new_id
from app.visits.actions import CheckInInput, arrange_day, check_in, close_forgotten, plan_visit
from app.visits.models import CheckOut, Dismissal, Photo, Report, Visit
from app.visits.queries import list_day, list_missed
from app.visits.rules import Fix, VisitState
from tests.conftest import Browser, Cast
from tests.visits.conftest import BUND, Stage

Open = Callable[[Any], Browser]


@pytest.fixture
def visit(cast: Cast, stage: Stage) -> UUID:
    """Rita's visit to the Bund today."""
    now = datetime.now(UTC)
    day = today_in("Asia/Shanghai", now)
    return transact(lambda: plan_visit(cast.rita, new_id(), stage.bund, stage.bund_place, day, now).id)


@pytest.fixture
def there(cast: Cast, visit: UUID) -> UUID:
    """The same, checked in ten minutes ago."""
    begun = datetime.now(UTC) - timedelta(minutes=10)
    transact(lambda: check_in(cast.rita, visit, CheckInInput(Fix(BUND, 10, begun), tapped_at=begun), begun))
    return visit


def jpeg(exif: bool = True) -> bytes:
    image = Image.new("RGB", (2400, 1200), "teal")
    out, tags = io.BytesIO(), Image.Exif()
    if exif:
        tags[0x0110] = "Pocket 9"
        tags.get_ifd(0x8769)[0x9003] = "2026:03:10 09:12:33"
        tags.get_ifd(0x8825)[2] = (31.0, 14.0, 22.0)
        tags[0x0112] = 6  # turned
    image.save(out, "JPEG", exif=tags)
    return out.getvalue()


def send_photo(rita: Browser, visit: UUID, content: bytes, **values: str) -> Any:
    return rita.post(f"/visits/{visit}/photos", photo=(io.BytesIO(content), "shot.jpg"), **values)


def test_planning_a_visit_twice_makes_one(cast: Cast, stage: Stage, browser: Open) -> None:
    rita, day, visit = browser(cast.rita), today_in("Asia/Shanghai", datetime.now(UTC)) + timedelta(days=2), new_id()
    assert rita.get(f"/accounts/{stage.bund}/visits/new").status_code == 200
    sent = {"visit_id": visit, "place_id": stage.bund_place, "planned_on": day, "minutes": 45, "purpose": "新品介绍"}
    for _ in range(2):
        assert rita.post(f"/accounts/{stage.bund}/visits/new", **sent).location == f"/visits/{visit}"
    other = rita.post(f"/accounts/{stage.bund}/visits/new", **{**sent, "visit_id": new_id()})
    assert other.location == f"/visits/{visit}", "planned there already"
    assert "新品介绍" in rita.get(f"/visits/{visit}").text


@pytest.mark.parametrize("days", [-1, 400])
def test_days_that_cannot_be_planned(days: int, cast: Cast, stage: Stage, browser: Open) -> None:
    day = today_in("Asia/Shanghai", datetime.now(UTC)) + timedelta(days=days)
    answer = browser(cast.rita).post(
        f"/accounts/{stage.bund}/visits/new",
        visit_id=new_id(), place_id=stage.bund_place, planned_on=day, minutes=45, purpose="keep me",
    )  # fmt: skip
    assert answer.status_code == 422
    assert "keep me" in answer.text
    assert "Choose a day from today on" in answer.text


def test_check_out_keeps_the_report_and_gives_the_duration(
    cast: Cast, there: UUID, browser: Open, stage: Stage
) -> None:
    rita, day = browser(cast.rita), today_in("Asia/Shanghai", datetime.now(UTC)) + timedelta(days=9)
    sent = {"outcome": "order", "text": "10 箱矿泉水", "next_visit_on": day, "version": 0}
    assert rita.post(f"/visits/{there}/check-out", **sent).location == f"/visits/{there}"
    shown = rita.get(f"/visits/{there}").text
    assert "10 min" in shown
    assert "10 箱矿泉水" in shown
    assert db.session.get_one(Account, stage.bund).next_visit_on == day
    assert rita.post(f"/visits/{there}/check-out", outcome="service").status_code == 303, "late second post"
    assert db.session.scalars(select(Report.outcome)).one() == "order"


def test_a_stale_report_is_refused(cast: Cast, there: UUID, browser: Open) -> None:
    rita = browser(cast.rita)
    assert rita.post(f"/visits/{there}/report", text="first", version=0).status_code == 303
    assert rita.post(f"/visits/{there}/report", text="second", version=0).status_code == 409
    assert rita.post(f"/visits/{there}/report", text="third", version=1).status_code == 303
    assert db.session.scalars(select(Report.text)).one() == "third"


def test_bad_reports_are_refused_and_kept_on_the_page(cast: Cast, there: UUID, browser: Open) -> None:
    rita = browser(cast.rita)
    for wrong in ({"outcome": "bribed"}, {"next_visit_on": "2020-01-01"}, {"next_visit_on": "soon"}):
        answer = rita.post(f"/visits/{there}/check-out", text="do not lose this", **wrong)
        assert answer.status_code == 422
        assert "do not lose this" in answer.text
    assert db.session.scalar(select(func.count()).select_from(CheckOut)) == 0


def test_check_out_before_check_in_is_refused(cast: Cast, visit: UUID, browser: Open) -> None:
    answer = browser(cast.rita).post(f"/visits/{visit}/check-out", outcome="order")
    assert answer.status_code == 422
    assert "Check in first." in answer.text


def test_postponing_plans_it_anew_once(cast: Cast, visit: UUID, browser: Open) -> None:
    rita, new, day = browser(cast.rita), new_id(), today_in("Asia/Shanghai", datetime.now(UTC)) + timedelta(days=3)
    sent = {"kind": "postponed", "reason": "closed", "postponed_to": day, "new_id": new}
    for _ in range(2):
        assert rita.post(f"/visits/{visit}/dismissal", **sent).status_code == 303
    assert db.session.scalars(select(Dismissal.postponed_to)).one() == new
    assert db.session.get_one(Visit, new).planned_on == day
    assert str(new) in rita.get(f"/visits/{visit}").text


def test_a_visit_is_not_postponed_to_itself_or_to_another_customers(
    cast: Cast, stage: Stage, visit: UUID, browser: Open
) -> None:
    now = datetime.now(UTC)
    day = today_in("Asia/Shanghai", now) + timedelta(days=3)
    other = transact(lambda: plan_visit(cast.rita, new_id(), stage.nowhere, stage.nowhere_place, day, now).id)
    for known in (visit, other):
        sent = {"kind": "postponed", "reason": "closed", "postponed_to": day, "new_id": known}
        assert browser(cast.rita).post(f"/visits/{visit}/dismissal", **sent).status_code == 404
    too_far = {"kind": "postponed", "reason": "closed", "postponed_to": day + timedelta(days=999), "new_id": new_id()}
    answer = browser(cast.rita).post(f"/visits/{visit}/dismissal", **too_far)
    assert answer.status_code == 422 and 'href="#postponed_to"' in answer.text
    assert db.session.scalar(select(func.count()).select_from(Dismissal)) == 0


def test_nobody_plans_to_go_to_an_archived_customer(cast: Cast, stage: Stage, browser: Open) -> None:
    now, known = datetime.now(UTC), new_id()
    day = today_in("Asia/Shanghai", now)

    def plan(visit_id: UUID, on: date) -> UUID:
        return transact(lambda: plan_visit(cast.rita, visit_id, stage.bund, stage.bund_place, on, now).id)

    assert plan(known, day + timedelta(days=1)) == known
    transact(lambda: archive_account(cast.rita, stage.bund, now))
    assert plan(known, day + timedelta(days=1)) == known, "what came before is found again"
    with pytest.raises(InvalidError, match="archived"):
        plan(new_id(), day)
    path = f"/accounts/{stage.bund}/check-in"
    answer = browser(cast.rita).post(path, visit_id=new_id(), place_id=stage.bund_place, reason="x")
    assert answer.status_code == 422 and "This customer is archived." in answer.text


def test_dismissals_need_a_reason_and_a_later_day(cast: Cast, visit: UUID, browser: Open) -> None:
    rita, today = browser(cast.rita), today_in("Asia/Shanghai", datetime.now(UTC))
    for wrong in (
        {"kind": "skipped", "reason": ""},
        {"kind": "postponed", "reason": "x", "postponed_to": today},
        {"kind": "postponed", "reason": "x"},
        {"kind": "vanished", "reason": "x"},
        {"kind": "skipped", "reason": "x" * 5000},
    ):
        assert rita.post(f"/visits/{visit}/dismissal", new_id=new_id(), **wrong).status_code == 422
    assert db.session.scalar(select(func.count()).select_from(Dismissal)) == 0


def test_photos_are_scaled_and_carry_nothing(cast: Cast, there: UUID, browser: Open) -> None:
    rita = browser(cast.rita)
    assert send_photo(rita, there, jpeg()).status_code == 303
    photo = db.session.scalars(select(Photo)).one()
    assert (photo.width, photo.height) == (800, 1600), "upright, at most 1600"
    assert photo.taken_at == datetime(2026, 3, 10, 1, 12, 33, tzinfo=UTC), "camera time is the place's, without offset"
    assert photo.exif["model"] == "Pocket 9"
    served = rita.get(f"/visits/{there}/photos/{photo.id}")
    assert served.mimetype == "image/jpeg"
    with Image.open(io.BytesIO(served.data)) as image:
        assert not dict(image.getexif())
    assert b"Pocket" not in read(photo.digest)


def test_what_the_phone_read_before_scaling_counts(cast: Cast, there: UUID, browser: Open) -> None:
    told = '{"taken_local": "2026-03-10T09:12:33", "offset": "+09:00", "lat": 31.2, "evil": {"a": 1}}'
    send_photo(browser(cast.rita), there, jpeg(exif=False), photo_exif=told)
    photo = db.session.scalars(select(Photo)).one()
    assert photo.taken_at == datetime(2026, 3, 10, 0, 12, 33, tzinfo=UTC)
    assert photo.exif == {"taken_local": "2026-03-10T09:12:33", "offset": "+09:00", "lat": 31.2}


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7 no picture", b"GIF89a" + b"\0" * 50, jpeg()[:200]])
def test_what_is_no_picture_is_refused(content: bytes, cast: Cast, there: UUID, browser: Open) -> None:
    assert send_photo(browser(cast.rita), there, content).status_code == 422
    assert db.session.scalar(select(func.count()).select_from(Photo)) == 0


def test_photos_are_for_those_who_see_the_visit(cast: Cast, there: UUID, browser: Open) -> None:
    send_photo(browser(cast.rita), there, jpeg())
    path = f"/visits/{there}/photos/{db.session.scalars(select(Photo.id)).one()}"
    assert [browser(who).get(path).status_code for who in (cast.mona, cast.otto, cast.ren)] == [200, 200, 404]
    assert browser(None).get(path).status_code == 302
    assert send_photo(browser(cast.mona), there, jpeg()).status_code == 404


def test_a_visit_can_leave_the_plan_until_something_happened(cast: Cast, visit: UUID, browser: Open) -> None:
    rita = browser(cast.rita)
    assert browser(cast.mona).post(f"/visits/{visit}/withdrawal").status_code == 404
    assert rita.post(f"/visits/{visit}/withdrawal").status_code == 303
    assert rita.get(f"/visits/{visit}").status_code == 404


def test_what_happened_stays_in_the_plan(cast: Cast, there: UUID, browser: Open) -> None:
    assert browser(cast.rita).post(f"/visits/{there}/withdrawal").status_code == 422
    assert browser(cast.rita).get(f"/visits/{there}").status_code == 200


def test_the_day_is_arranged_in_one_go(cast: Cast, stage: Stage, visit: UUID) -> None:
    now = datetime.now(UTC)
    day = today_in("Asia/Shanghai", now)
    second = transact(lambda: plan_visit(cast.rita, new_id(), stage.nowhere, stage.nowhere_place, day, now).id)
    transact(lambda: arrange_day(cast.rita, day, [(second, now), (visit, None)], now))
    assert [each.row.id for each in list_day(cast.rita, cast.rita.person_id, day, now)] == [second, visit]
    told = db.session.scalar(select(JournalEntry.facts).where(JournalEntry.event == "DayArranged"))
    assert told == {"day": day.isoformat(), "visits": f"{second},{visit}"}
    with pytest.raises(NotFoundError):
        transact(lambda: arrange_day(cast.ren, day, [(visit, None)], now))


def test_a_forgotten_check_in_is_closed_at_its_expected_length(cast: Cast, there: UUID) -> None:
    now = datetime.now(UTC)
    assert transact(lambda: close_forgotten(now + timedelta(minutes=30))) == 0, "the day is not over"
    assert transact(lambda: close_forgotten(now + timedelta(days=1, hours=4))) == 1
    assert transact(lambda: close_forgotten(now + timedelta(days=2))) == 0
    closed = db.session.scalars(select(CheckOut)).one()
    assert closed.estimated
    begun = db.session.execute(select(Visit.minutes)).scalar_one()
    assert begun == 30


def test_a_visit_is_missed_when_the_day_of_its_place_is_over(cast: Cast, stage: Stage) -> None:
    """Ren's Friday in London is over at midnight there, when it has long been Saturday in Shanghai."""
    friday = datetime(2026, 3, 27, 12, tzinfo=UTC)  # two days before London's clocks go forward
    day = friday.date()
    visit = transact(lambda: plan_visit(cast.ren, new_id(), stage.pub, stage.pub_place, day, friday).id)
    evening = at_local(day, datetime.min.time().replace(hour=23, minute=30), "Europe/London")
    state = {
        moment: list_day(cast.ren, cast.ren.person_id, day, moment)[0].state
        for moment in (evening, evening + timedelta(hours=1))
    }
    assert list(state.values()) == [VisitState.PLANNED, VisitState.MISSED]
    assert list_missed(cast.ren, day + timedelta(days=1), evening)[0].row.id == visit


def test_today_shows_next_stop_overdue_and_missed(cast: Cast, visit: UUID, browser: Open) -> None:
    page = browser(cast.rita).get("/today")
    assert page.status_code == 200
    assert "Next stop" in page.text
    assert "外滩酒楼" in page.text
    assert browser(cast.otto).get("/today").status_code == 404


def test_others_see_what_they_may(cast: Cast, visit: UUID, browser: Open) -> None:
    path = f"/visits/{visit}"
    seen = [browser(who).get(path).status_code for who in (cast.rita, cast.mona, cast.otto, cast.ada, cast.ren)]
    assert seen == [200, 200, 200, 200, 404]
    assert "check-in" not in browser(cast.mona).get(path).text


def test_plans_of_unknown_minutes_are_refused(cast: Cast, stage: Stage) -> None:
    now = datetime.now(UTC)
    with pytest.raises(InvalidError):
        plan_visit(
            cast.rita, new_id(), stage.bund, stage.bund_place, today_in("Asia/Shanghai", now), now, minutes=100_000
        )


def test_the_next_stop_is_checked_in_to_from_today(cast: Cast, visit: UUID, browser: Open) -> None:
    rita = browser(cast.rita)
    today = rita.get("/today").text
    assert f'action="/visits/{visit}/check-in"' in today
    assert "https://uri.amap.com/navigation?" in today, "and the way there"
    assert rita.post(f"/visits/{visit}/check-in", lat="31.2397", lon="121.4903", accuracy_m="10").status_code == 303
    assert f'action="/visits/{visit}/check-in"' not in rita.get("/today").text


def test_a_visit_belongs_to_today_in_the_menu(cast: Cast, visit: UUID, browser: Open) -> None:
    page = browser(cast.rita).get(f"/visits/{visit}").text
    assert '<a href="/today" aria-current="page">' in page


def test_a_photo_leaves_the_half_written_report_alone(cast: Cast, there: UUID, browser: Open) -> None:
    rita = browser(cast.rita)
    answer = send_photo(rita, there, jpeg())
    part = rita.fragment(answer.headers["Location"].partition("#")[0]).text
    assert '<section class="card" id="photos">' in part and "The photo is kept." in part and "<img" in part
    assert 'name="text"' not in part


def test_no_photo_is_said_at_its_field(cast: Cast, there: UUID, browser: Open) -> None:
    answer = browser(cast.rita).post(f"/visits/{there}/photos")
    assert answer.status_code == 422
    assert '<span class="field-error" id="photo-error">Choose a picture first.</span>' in answer.text


def test_all_unexplained_visits_can_be_opened(cast: Cast, stage: Stage, browser: Open) -> None:
    now = datetime.now(UTC)
    for days in range(1, 8):
        then = now - timedelta(days=days)
        day = today_in("Asia/Shanghai", then)
        transact(lambda: plan_visit(cast.rita, new_id(), stage.bund, stage.bund_place, day, then))  # noqa: B023 - runs at once
    rita = browser(cast.rita)
    today, whole = rita.get("/today").text, rita.get("/today?missed=all").text
    assert 'href="/today?missed=all#missed">2 more<' in today and today.count("icons.svg#warning") == 5
    assert "more</a>" not in whole and whole.count("icons.svg#warning") == 7

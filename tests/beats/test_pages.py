"""The pages of week plans and absences: the litany of each address, and what they say."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.beats.actions import draft_plan, enter_absence, withdraw_plan
from app.beats.models import Absence, BeatPlan, BeatPlanRep
from app.beats.rules import Remedy, RemedyKind, Shortfall
from app.beats.states import plain_shortfall
from app.infra.db import db, transact
from app.infra.queue import Job
from app.kernel.access import Actor
from app.kernel.ids import new_id
from app.visits.actions import plan_visit
from tests.beats.stage import (
    asked,
    beats_of,
    drafted,
    due_customer,
    next_monday,
    plan_of,
    published,
    rep_of,
    settled,
    today,
    visits_of,
)
from tests.conftest import Browser, Cast

Open = Callable[[Actor | None], Browser]
FORM: dict[str, Any] = {
    "first_on": str(next_monday()), "weeks": "1", "weekdays": ["0", "1", "2", "3", "4"], "calendar": "",
    "minutes": "30",
}  # fmt: skip


def now() -> datetime:
    return datetime.now(UTC)


def count(model: Any) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


@pytest.fixture
def shops(cast: Cast) -> list[UUID]:
    return [due_customer(cast.rita, f"Shop {number}", number) for number in range(4)]


# --- Drafting --------------------------------------------------------------------------------------------------------


def test_a_manager_asks_for_a_plan(cast: Cast, browser: Open, shops: list[UUID]) -> None:
    mona = browser(cast.mona)
    assert "No week plans yet" in mona.get("/beat-plans").text
    page = mona.get("/beat-plans/new").text
    assert "Rita" in page
    assert "Ren" not in page, "whom she does not manage"
    assert re.search(rf'value="{cast.rita.id}" checked', page)
    assert f'<option selected value="{next_monday()}">' in page
    plan_id, once = new_id(), new_id()
    for _ in range(2):
        answer = mona.post("/beat-plans", once=once, plan_id=plan_id, reps=str(cast.rita.id), **FORM)
        assert (answer.status_code, answer.location) == (303, f"/beat-plans/{plan_id}")
    assert count(BeatPlan) == 1
    page = mona.get(f"/beat-plans/{plan_id}").text
    assert "Being worked out" in page
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in page
    assert "Look again" in page
    assert f'action="/beat-plans/{plan_id}/cancellation"' in page
    assert "/publication" not in page
    assert mona.fragment(f"/beat-plans/{plan_id}").text.strip().startswith("<section")
    assert "Rita" in mona.get("/beat-plans").text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"reps": None}, "Choose between 1 and 60 people."),
        ({"weekdays": None}, "Choose at least one day of the week."),
        ({"first_on": "2026-03-11"}, "Not a valid choice."),
        ({"weeks": "9"}, "Not a valid choice."),
        ({"calendar": "XX"}, "Not a valid choice."),
        ({"weekdays": "x"}, "Not a valid choice."),
        ({"weekdays": "7"}, "Choose at least one day of the week."),
        ({"reps": "x"}, "Not a valid choice."),
        ({"minutes": "4"}, "Choose between 5 and 480 minutes."),
        ({"minutes": "many"}, "Not a valid integer value."),
    ],
)
def test_a_wrong_form_keeps_what_was_typed(cast: Cast, browser: Open, wrong: dict[str, Any], said: str) -> None:
    answer = browser(cast.mona).post(
        "/beat-plans", **{**FORM, "weeks": "3", "plan_id": new_id(), "reps": str(cast.rita.id), **wrong}
    )
    assert answer.status_code == 422
    assert said in answer.text
    assert "reps" in wrong or f'value="{cast.rita.id}" checked' in answer.text
    assert "weeks" in wrong or '<option selected value="3">' in answer.text
    assert count(BeatPlan) == 0


def test_nobody_plans_for_people_out_of_reach(cast: Cast, browser: Open, shops: list[UUID]) -> None:
    """A rep of another team: not a choice of the form, and not there for who looks at the plan."""
    answer = browser(cast.mona).post("/beat-plans", plan_id=new_id(), reps=str(cast.ren.id), **FORM)
    assert answer.status_code == 404
    both = drafted(cast.ada, asked(cast.rita, cast.ren))
    mona, ada = browser(cast.mona), browser(cast.ada)
    assert ada.get(f"/beat-plans/{both}").status_code == 200
    assert str(both) not in mona.get("/beat-plans").text
    assert mona.get(f"/beat-plans/{both}").status_code == 404
    for verb in ("cancellation", "planning", "publication", "withdrawal", "resumption", "discard"):
        assert mona.post(f"/beat-plans/{both}/{verb}", version="2").status_code == 404
        assert browser(cast.rita).post(f"/beat-plans/{both}/{verb}", version="2").status_code == 404
        assert browser(None).post(f"/beat-plans/{both}/{verb}", version="2").status_code == 401
        assert mona.get(f"/beat-plans/{both}/{verb}").status_code == 405
        assert mona.post(f"/beat-plans/{new_id()}/{verb}", version="2").status_code == 404
    for path in ("/beat-plans", "/beat-plans/new", f"/beat-plans/{both}"):
        assert browser(cast.rita).get(path).status_code == 404
        assert browser(cast.otto).get(path).status_code == 404
        assert browser(None).get(path).status_code == 302


def test_the_working_out_is_stopped_by_a_button(cast: Cast, browser: Open, shops: list[UUID]) -> None:
    plan_id = new_id()
    transact(lambda: draft_plan(cast.mona, plan_id, asked(cast.rita), now()))
    mona = browser(cast.mona)
    for _ in range(2):
        assert mona.post(f"/beat-plans/{plan_id}/cancellation").status_code == 303
    page = mona.get(f"/beat-plans/{plan_id}").text
    assert "The working out was stopped." in page
    version = plan_of(plan_id).version
    assert mona.post(f"/beat-plans/{plan_id}/planning", version=version - 1).status_code == 409
    once = new_id()
    for _ in range(2):
        assert mona.post(f"/beat-plans/{plan_id}/planning", once=once, version=version).status_code == 303
    assert plan_of(plan_id).round == 2
    assert "Being worked out" in mona.get(f"/beat-plans/{plan_id}").text


def test_a_job_that_failed_says_so(cast: Cast, browser: Open, shops: list[UUID]) -> None:
    plan_id = new_id()
    transact(lambda: draft_plan(cast.mona, plan_id, asked(cast.rita), now()))

    def fail() -> None:
        job = db.session.get_one(Job, plan_of_job)
        job.ended_at, job.failure = now(), "ValueError"

    plan_of_job = plan_of(plan_id).job_id
    transact(fail)
    mona = browser(cast.mona)
    assert "tell the administrator this: ValueError" in mona.get(f"/beat-plans/{plan_id}").text
    assert mona.post(f"/beat-plans/{plan_id}/planning", version="1").status_code == 303
    version = plan_of(plan_id).version
    assert mona.post(f"/beat-plans/{plan_id}/discard", version=version).status_code == 409, "it is being worked out"


# --- Looking and publishing ------------------------------------------------------------------------------------------


def test_the_draft_shows_the_shortfall_before_it_can_be_published(cast: Cast, browser: Open, shops: list[UUID]) -> None:
    plan_id = drafted(cast.mona, asked(cast.rita))
    remedies = (
        Remedy(RemedyKind.LESS_OFTEN, 8, 35, 28, "C"), Remedy(RemedyKind.MORE_DAYS, 5, 2),
        Remedy(RemedyKind.MORE_VISITS, 4, 9, 8), Remedy(RemedyKind.OTHER_REP, 3, 3, rep_id=cast.mona.id),
    )  # fmt: skip

    def short() -> None:
        rep = rep_row(plan_id, cast.rita)
        rep.shortfall = plain_shortfall(Shortfall(8, 400, remedies))
        rep.missing = [[str(shops[0]), "2026-12-01", "no_time", None]]

    transact(short)
    page = browser(cast.mona).get(f"/beat-plans/{plan_id}").text
    for said in (
        "Rita: 8 visits too many, about 6 h 40 min of work.",
        "Visit class C every 35 days instead of every 28: 8 visits gained",
        "2 more working days: 5 visits gained",
        "At most 9 visits a day instead of 8: 4 visits gained",
        "Give 3 visits to Mona, who has time for them: 3 visits gained",
        "The days are full",
    ):
        assert said in page
    assert page.index("8 visits too many") < page.index("/publication")
    assert page.count("<summary>") >= len({beat.day for beat in beats_of(plan_id)})
    assert all(f"Shop {number}" in page for number in range(4))


def rep_row(plan_id: UUID, rep: Actor) -> BeatPlanRep:
    return db.session.get_one(BeatPlanRep, (plan_id, rep.person_id))


def test_a_plan_is_published_as_it_was_looked_at(cast: Cast, browser: Open, shops: list[UUID]) -> None:
    plan_id = drafted(cast.mona, asked(cast.rita))
    mona, address = browser(cast.mona), f"/beat-plans/{plan_id}"
    version = re.search(r'publication".*?name="version" value="(\d+)"', mona.get(address).text, re.DOTALL)
    assert version
    assert mona.post(f"{address}/publication").status_code == 409, "nobody publishes unseen"
    assert mona.post(f"{address}/publication", version=str(int(version[1]) - 1)).status_code == 409
    once = new_id()
    for _ in range(2):
        assert mona.post(f"{address}/publication", once=once, version=version[1]).status_code == 303
    assert "Being published" in mona.get(address).text
    assert count(Job) == 2
    settled(cast.mona, plan_id)
    assert {visit.account_id for visit in visits_of(cast.rita)} == set(shops)
    page = mona.get(address).text
    assert "Published" in page
    assert "Made: 4." in page
    assert f"{address}/publication" not in page
    assert mona.post(f"{address}/publication", version=plan_of(plan_id).version).status_code == 409
    for verb in ("planning", "discard"):
        assert mona.post(f"{address}/{verb}", version=plan_of(plan_id).version).status_code == 409
    assert mona.post(f"{address}/withdrawal", version=plan_of(plan_id).version).status_code == 303
    assert "Being withdrawn" in mona.get(address).text
    settled(cast.mona, plan_id)
    assert visits_of(cast.rita) == []
    assert "Withdrawn" in mona.get(address).text


def test_an_outdated_draft_is_worked_out_anew(cast: Cast, browser: Open, shops: list[UUID]) -> None:
    second = drafted(cast.mona, asked(cast.rita))
    published(cast.mona, asked(cast.rita))
    mona = browser(cast.mona)
    page = mona.get(f"/beat-plans/{second}").text
    assert "this draft no longer holds" in page
    assert "/publication" not in page
    assert mona.post(f"/beat-plans/{second}/publication", version=plan_of(second).version).status_code == 409
    assert mona.post(f"/beat-plans/{second}/discard", version=plan_of(second).version).status_code == 303
    assert str(second) not in mona.get("/beat-plans").text
    assert "put away" in mona.get(f"/beat-plans/{second}").text


def test_publishing_that_was_given_up_goes_on(cast: Cast, browser: Open, shops: list[UUID]) -> None:
    plan_id = drafted(cast.mona, asked(cast.rita))
    mona = browser(cast.mona)
    mona.post(f"/beat-plans/{plan_id}/publication", version=plan_of(plan_id).version)
    job_id = plan_of(plan_id).job_id
    transact(lambda: setattr(db.session.get_one(Job, job_id), "failure", "OperationalError"))
    assert f'action="/beat-plans/{plan_id}/resumption"' in mona.get(f"/beat-plans/{plan_id}").text
    assert mona.post(f"/beat-plans/{plan_id}/resumption").status_code == 303
    assert plan_of(plan_id).job_id != job_id


def test_what_changes_is_said(cast: Cast, browser: Open, shops: list[UUID]) -> None:
    published(cast.mona, asked(cast.rita))
    new = due_customer(cast.rita, "New Shop", 11)
    second = drafted(cast.mona, asked(cast.rita))
    page = browser(cast.mona).get(f"/beat-plans/{second}").text
    assert "Compared with the plan that was published before:" in page
    assert "1 new, 0 dropped," in page
    assert new in {beat.account_id for beat in beats_of(second)}


def test_the_page_says_who_is_absent_and_what_is_booked(cast: Cast, browser: Open, shops: list[UUID]) -> None:
    monday = next_monday()
    transact(lambda: enter_absence(cast.rita, new_id(), cast.rita.person_id, monday, monday, "Holiday", now()))
    own = due_customer(cast.rita, "Own Shop", 12)
    transact(lambda: plan_visit(cast.rita, new_id(), own, None, monday + timedelta(days=1), now()))
    plan_id = drafted(cast.mona, asked(cast.rita))
    page = browser(cast.mona).get(f"/beat-plans/{plan_id}").text
    assert '<span class="badge warn">absent</span>' in page
    assert "planned by the rep" in page
    assert "Holiday" not in page, "why is not for this page"


def test_make_up_workdays_and_days_off_by_name(cast: Cast, browser: Open) -> None:
    """China's National Day of 2026 and its make-up workdays, on the page of a plan of that time."""
    due_customer(cast.rita, "Shop", 1)
    plan_id = drafted(cast.mona, asked(cast.rita, weeks=2))

    def earlier() -> None:
        db.session.get_one(BeatPlan, plan_id).first_on = date(2026, 9, 28)

    transact(earlier)
    page = browser(cast.mona).get(f"/beat-plans/{plan_id}").text
    assert "National Day" in page
    assert '<span class="badge accent">make-up workday</span>' in page


# --- The rep ---------------------------------------------------------------------------------------------------------


def test_a_rep_sees_the_published_week_and_what_changed(cast: Cast, browser: Open, shops: list[UUID]) -> None:
    monday = next_monday()
    rita, path = browser(cast.rita), f"/plan/weeks?week={monday}"
    assert "No plan is published for this week." in rita.get(path).text
    drafted(cast.mona, asked(cast.rita))
    assert "Shop 1" not in rita.get(path).text, "a draft is nobody's day"
    first = published(cast.mona, asked(cast.rita))
    page = rita.get(path).text
    assert "by Mona." in page
    assert all(f"Shop {number}" in page for number in range(4))
    assert f'href="/visits/{visits_of(cast.rita)[0].id}"' in page
    assert f'href="/plan?day={monday}"' in page
    due_customer(cast.rita, "New Shop", 11)
    published(cast.mona, asked(cast.rita))
    page = rita.get(path).text
    assert "1 new, 0 dropped," in page
    assert "New Shop" in page
    assert "Shop 1" not in browser(cast.ren).get(path).text
    assert 'href="/plan/weeks"' in rita.get("/plan").text
    for nonsense in ("x", "0001-01-01", "9999-12-31", "2031-05-05"):
        assert rita.get(f"/plan/weeks?week={nonsense}").status_code == 200
    assert browser(cast.otto).get(path).status_code == 404
    assert browser(None).get(path).status_code == 302
    assert rita.post("/plan/weeks").status_code == 405
    version = plan_of(first).version
    transact(lambda: withdraw_plan(cast.mona, first, version, now()))


def test_the_weeks_are_in_the_offline_pack(cast: Cast, browser: Open, shops: list[UUID]) -> None:
    published(cast.mona, asked(cast.rita))
    carried = browser(cast.rita).get("/pack").get_json()["pages"]
    assert {"/plan/weeks", f"/plan/weeks?week={next_monday()}"} <= set(carried)
    assert "Shop 1" in str(carried[f"/plan/weeks?week={next_monday()}"])


# --- Absences --------------------------------------------------------------------------------------------------------


def absence(**change: Any) -> dict[str, Any]:
    day = str(next_monday())
    return {"absence_id": new_id(), "first_on": day, "last_on": day, "why": "Training", **change}


def test_a_rep_enters_an_absence_and_takes_it_back(cast: Cast, browser: Open) -> None:
    rita, once = browser(cast.rita), new_id()
    given = absence(person_id=cast.rita.id)
    for _ in range(2):
        assert rita.post("/absences", once=once, **given).status_code == 303
    page = rita.get("/absences").text
    assert "Training" in page
    assert count(Absence) == 1
    assert "Training" in browser(cast.mona).get("/absences").text
    assert "Training" not in browser(cast.ren).get("/absences").text
    assert "Training" in rita.get("/settings/stored/absences").text
    path = f"/absences/{given['absence_id']}/withdrawal"
    assert browser(cast.ren).post(path).status_code == 404
    assert browser(cast.otto).post(path).status_code == 404
    assert browser(None).post(path).status_code == 401
    assert rita.get(path).status_code == 405
    once = new_id()
    for _ in range(2):
        assert rita.post(path, once=once).status_code == 303
    assert count(Absence) == 0
    assert rita.post(path).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"first_on": ""}, "This field is required."),
        ({"first_on": "someday"}, "Not a valid date value."),
        ({"last_on": str(today() - timedelta(days=1))}, "The last day is before the first."),
        ({"last_on": "2099-01-01"}, "Choose days that are at most a year away."),
        ({"why": "x" * 201}, "That is too long"),
    ],
)
def test_wrong_absences_keep_what_was_typed(cast: Cast, browser: Open, wrong: dict[str, Any], said: str) -> None:
    answer = browser(cast.rita).post("/absences", **absence(person_id=cast.rita.id, **wrong))
    assert answer.status_code == 422
    assert said in answer.text
    assert "why" in wrong or "Training" in answer.text
    assert count(Absence) == 0


def test_managers_enter_absences_of_their_team_only(cast: Cast, browser: Open) -> None:
    mona = browser(cast.mona)
    assert mona.post("/absences", **absence(person_id=cast.rita.id)).status_code == 303
    assert mona.post("/absences", **absence(person_id=cast.rita.id)).status_code == 422, "entered already"
    assert mona.post("/absences", **absence(person_id=cast.ren.id)).status_code == 404
    assert browser(cast.rita).post("/absences", **absence(person_id=cast.mona.id)).status_code == 404
    assert "Ren" not in mona.get("/absences").text
    assert count(Absence) == 1


def test_today_says_that_one_is_absent(cast: Cast, browser: Open) -> None:
    rita = browser(cast.rita)
    assert "entered as absent" not in rita.get("/today").text
    day = str(today())
    rita.post("/absences", **absence(person_id=cast.rita.id, first_on=day, last_on=day))
    assert "You are entered as absent until" in rita.get("/today").text
    assert "You are entered as absent until" in rita.get("/plan").text
    assert "entered as absent" not in rita.get(f"/plan?day={today() + timedelta(days=1)}").text
    assert "absent" in rita.get("/plan/weeks").text


def test_the_reps_of_a_team_stand_one_below_the_other(cast: Cast, browser: Open, shops: list[UUID]) -> None:
    due_customer(cast.ren, "Hers", 3)
    plan_id = drafted(cast.ada, asked(cast.rita, cast.ren))
    ada = browser(cast.ada)
    page = ada.get(f"/beat-plans/{plan_id}").text
    assert f'href="?rep={cast.rita.id}#rep"' in page
    shown = ada.get(f"/beat-plans/{plan_id}?rep={cast.rita.id}").text
    assert "Shop 1" in shown
    assert "Hers" not in shown
    assert ada.get(f"/beat-plans/{plan_id}?rep=nonsense").status_code == 200
    assert rep_of(plan_id, cast.rita).made_at is not None

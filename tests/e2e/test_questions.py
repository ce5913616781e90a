"""Questions answered at a visit without signal, photo included: the server knows what somebody else answered online."""

import re
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from app.identity.queries import actor_of
from app.infra.db import db, transact
from app.questions.actions import add_question, change_question
from app.questions.models import Answer, Question, Wording
from app.questions.rules import Kind, QuestionInput
from app.visits.models import CheckOut, Photo, Report
from tests.conftest import NOW
from tests.e2e.conftest import DESK, Running, Visitor
from tests.e2e.conftest import Visit as Open
from tests.e2e.test_offline_day import in_database, next_stop, person_of, photo, settle
from tests.e2e.test_outbox import carried, offline, sent

CHOICE, WORDS = UUID(int=0x7E57_0001), UUID(int=0x7E57_0002)


@pytest.fixture(scope="module")
def asking(fresh_demo: Running) -> Running:
    """The demo company, which asks customers of every class, and also for a choice and for words."""

    def ask() -> None:
        admin = actor_of(person_of("admin"))
        db.session.execute(update(Question).values(ratings="ABC"))
        options = ("Eye level", "Till", "<b>Nowhere</b>")
        every = ("A", "B", "C")
        add_question(admin, CHOICE, QuestionInput(Kind.CHOICE, "Where?", every, options=options), NOW)
        add_question(admin, WORDS, QuestionInput(Kind.TEXT, "What do they say?", every), NOW)

    in_database(fresh_demo, lambda: transact(ask))
    return fresh_demo


def group(page: Page, question: str) -> Any:
    return page.locator("#answers fieldset", has_text=question)


def check_in(rep: Visitor, running: Running, name: str) -> str:
    """Check in at the next stop; the id of the visit."""
    rep.go("/today")
    action = rep.page.locator("form[action$='/check-in']").get_attribute("action") or ""
    visit = action.split("/")[2]
    stop = next_stop(running, name, visit)
    rep.context.set_geolocation({"latitude": stop.lat, "longitude": stop.lon, "accuracy": 9})
    rep.page.click("[data-position-submit]")
    rep.page.locator("#report").wait_for()
    return visit


def answer(rep: Visitor, *, online: bool) -> None:
    """Answer in parts, correct something, and check out without saving the last words."""
    page = rep.page
    group(page, "competitor").get_by_text("Yes").click()
    page.get_by_label("Facings of ours").fill("6")
    page.get_by_role("button", name="Save the answers").click()
    settle(rep, online)
    expect(group(page, "competitor").get_by_label("Yes")).to_be_checked()
    expect(page.get_by_label("Facings of ours")).to_have_value("6")
    rep.fits()
    shot = page.locator("#answers form", has_text="Photo of the shelf")
    shot.locator("input[type=file]").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo()})
    shot.locator("img:not([hidden])").last.wait_for()
    group(page, "competitor").get_by_text("No", exact=True).click()
    group(page, "Where?").get_by_text("<b>Nowhere</b>").click()
    page.get_by_label("What do they say?").fill("Prices 涨了\nand more")
    page.select_option("[name=outcome]", "interested")
    page.fill("#report textarea", "Talked")
    page.click(".dock .primary")
    page.locator(".dock").wait_for(state="detached")
    settle(rep, online)


def told(running: Running, visit: str) -> dict[str, Any]:
    """What the server knows of the visit, without ids and times."""

    def ask() -> dict[str, Any]:
        rows = db.session.execute(
            select(Answer, Question.kind, Wording.text)
            .join(Question, Question.id == Answer.question_id)
            .join(Wording, Wording.id == Answer.wording_id)
            .where(Answer.visit_id == UUID(visit))
            .order_by(Answer.at, Question.position)
        ).all()
        shots = [db.session.get_one(Photo, row.Answer.photo_id) for row in rows if row.Answer.photo_id]
        assert {each.visit_id for each in shots} == {UUID(visit)}
        over, report = db.session.get_one(CheckOut, UUID(visit)), db.session.get_one(Report, UUID(visit))
        return {
            "answers": sorted(
                (
                    row.kind,
                    row.text,
                    row.Answer.number or 0,
                    row.Answer.text.replace("\r", ""),
                    bool(row.Answer.photo_id),
                )
                for row in rows
            ),
            "photos": [(each.width, each.height) for each in shots],
            "before it was over": [row.Answer.at <= over.at for row in rows],
            "report": (report.outcome, report.text, over.estimated),
        }

    found: dict[str, Any] = in_database(running, ask)
    return found


def test_what_is_answered_without_signal_arrives_as_if_there_had_been_one(asking: Running, visitor: Open) -> None:
    cut_off = visitor(asking, position=(51.5, -0.1))
    cut_off.sign_in("rep.london")
    carried(cut_off)
    offline(cut_off, True)
    first = check_in(cut_off, asking, "rep.london")
    answer(cut_off, online=False)
    expect(cut_off.page.locator("#outbox b")).to_have_text("5")
    offline(cut_off, False)
    sent(cut_off.page)
    cut_off.go(f"/visits/{first}")
    expect(group(cut_off.page, "competitor").get_by_label("No", exact=True)).to_be_checked()
    expect(cut_off.page.locator("#answers img.thumb")).to_be_visible()
    expect(cut_off.page.locator("#answers .badge.warn")).to_have_count(0)
    cut_off.fits()

    at_desk = visitor(asking, position=(51.5, -0.1))
    at_desk.sign_in("rep2.london")
    carried(at_desk)
    second = check_in(at_desk, asking, "rep2.london")
    settle(at_desk, True)
    answer(at_desk, online=True)
    one, other = told(asking, first), told(asking, second)
    assert one == other
    assert [(kind, number, text) for kind, _, number, text, _ in one["answers"]] == [
        ("choice", 2, ""), ("number", 6000, ""), ("photo", 0, ""), ("text", 0, "Prices 涨了\nand more"),
        ("yes_no", 0, ""), ("yes_no", 1, ""),
    ]  # fmt: skip

    manager = visitor(asking, DESK)
    manager.sign_in("manager")
    page = manager.go(f"/visits/{first}")
    expect(page.locator("#answers")).to_contain_text("corrected")
    expect(page.locator("#answers")).to_contain_text("<b>Nowhere</b>")
    manager.go("/questions")
    page.get_by_role("link", name="Does a competitor run a promotion?").click()
    page.get_by_role("link", name="No", exact=True).click()
    expect(page.locator("#visits h2")).to_have_text("Visits that answered: No")
    expect(page.locator(f"#visits a[href='/visits/{first}']")).to_be_visible()


def test_a_question_that_was_changed_meanwhile_is_answered_as_it_was_read(asking: Running, visitor: Open) -> None:
    rep = visitor(asking, position=(51.5, -0.1))
    rep.sign_in("rep.london")
    carried(rep)
    visit = check_in(rep, asking, "rep.london")
    settle(rep, True)
    rep.go(f"/visits/{visit}")
    expect(group(rep.page, "Where?")).to_be_visible()  # so this is what the phone keeps
    offline(rep, True)
    page = rep.go(f"/visits/{visit}")
    expect(page.locator("#age")).to_be_visible()

    def change() -> None:
        every, options = ("A", "B", "C"), ("Left", "Right")
        given = QuestionInput(Kind.CHOICE, "Which shelf?", every, options=options)
        change_question(actor_of(person_of("admin")), CHOICE, given, None, NOW)

    in_database(asking, lambda: transact(change))
    group(page, "Where?").get_by_text("Till").click()
    page.get_by_role("button", name="Save the answers").click()
    page.locator(".card.is-kept", has_text=re.compile("Till")).wait_for()
    expect(group(page, "Where?").get_by_label("Till")).to_be_checked()
    offline(rep, False)
    sent(page)
    rep.go(f"/visits/{visit}")
    expect(group(page, "Where?").get_by_label("Till")).to_be_checked()
    expect(page.locator("#answers")).not_to_contain_text("Which shelf?")

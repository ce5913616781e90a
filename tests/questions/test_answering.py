"""The rep answers at the visit: the litany of the endpoints, corrections, two devices, late posts, what others see."""

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts.models import Account
from app.infra.db import db, transact
from app.infra.journal import JournalEntry
from app.kernel.dates import today_in
from app.kernel.errors import ForbiddenError, NotFoundError
from app.kernel.ids import new_id
from app.questions.actions import Given, answer, archive_question, change_question
from app.questions.models import Answer
from app.questions.queries import find_sheet
from app.questions.rules import Kind, QuestionInput
from app.visits.actions import plan_visit
from app.visits.models import Photo
from tests.conftest import Browser, Cast
from tests.house.world import picture
from tests.outbox import kept
from tests.questions.conftest import Asked, ask, begin, wording_of
from tests.visits.conftest import Stage

Open = Callable[[Any], Browser]
HOUR = timedelta(hours=1)


def said(asked: Asked, **typed: str) -> dict[str, str]:
    """The fields of the form: said(asked, yes_no="1", number="12")."""
    return {f"answer-{asked.wording[kind]}": value for kind, value in typed.items()}


def shown(asked: Asked, **typed: str) -> dict[str, str]:
    return {f"shown-{asked.wording[kind]}": value for kind, value in typed.items()}


def rows() -> list[Any]:
    db.session.rollback()
    return list(db.session.scalars(select(Answer).order_by(Answer.at, Answer.received_at)))


def counting(cast: Cast, visit: UUID) -> dict[str, Any]:
    """What counts now: {kind: number or text} of what is answered."""
    db.session.rollback()
    sheet = find_sheet(cast.rita, visit)
    assert sheet is not None
    return {
        line.row.kind: line.answer.number if line.answer.number is not None else line.answer.text
        for line in sheet.lines
        if line.answer
    }


def checked(page: str, wording: UUID) -> list[str]:
    """The values that are chosen in the question's radio buttons."""
    return re.findall(rf'name="answer-{wording}" value="(\d+)" checked', page)


def test_answers_are_given_in_part_and_shown(cast: Cast, asked: Asked, there: UUID, browser: Open) -> None:
    rita, path = browser(cast.rita), f"/visits/{there}/answers"
    page = rita.get(f"/visits/{there}").text
    assert "Promotion by a competitor?" in page and "Where does it stand?" in page and "The shelf" in page
    assert 'inputmode="decimal"' in page and "pcs" in page and "0 – 99.5" in page
    assert page.count(">open<") == 3
    answer_ = rita.post(path, **said(asked, yes_no="1", choice="", number="", text=""))
    assert answer_.location == f"/visits/{there}#answers"
    assert counting(cast, there) == {"yes_no": 1}
    page = rita.get(f"/visits/{there}").text
    assert checked(page, asked.wording["yes_no"]) == ["1"] and page.count(">open<") == 2
    more = said(asked, yes_no="1", choice="2", number="12.5", text="Prices 涨了")
    assert rita.post(path, **more, **shown(asked, yes_no="1")).status_code == 303
    assert counting(cast, there) == {"yes_no": 1, "choice": 2, "number": 12_500, "text": "Prices 涨了"}
    assert len(rows()) == 4, "what was left as it was is no new answer"
    told = select(JournalEntry.facts).where(JournalEntry.event == "QuestionsAnswered").order_by(JournalEntry.id)
    assert [each["answers"] for each in db.session.scalars(told)] == [1, 3]


def test_a_correction_is_a_new_row_and_the_latest_counts(cast: Cast, asked: Asked, there: UUID, browser: Open) -> None:
    rita, path = browser(cast.rita), f"/visits/{there}/answers"
    rita.post(path, **said(asked, yes_no="1", text="First"))
    rita.post(path, **said(asked, yes_no="0", text=""), **shown(asked, yes_no="1", text="First"))
    assert counting(cast, there) == {"yes_no": 0}, "words that were taken away are taken back"
    assert len(rows()) == 4
    mona = browser(cast.mona).get(f"/visits/{there}").text
    assert "corrected" in mona and "First" not in mona


def test_others_read_what_was_answered_and_what_was_not(cast: Cast, asked: Asked, there: UUID, browser: Open) -> None:
    browser(cast.rita).post(f"/visits/{there}/answers", **said(asked, choice="1", number="3"))
    page = browser(cast.mona).get(f"/visits/{there}").text
    assert "Below" in page and "3 pcs" in page
    assert page.count("not answered") == 2 and "2 open" in page, "what must be answered: the promotion and the shelf"
    assert f"/visits/{there}/answers" not in page
    assert browser(cast.mona).get(f"/visits/{there}/answers").status_code == 404
    assert browser(cast.otto).get(f"/visits/{there}").status_code == 200


def test_what_is_open_keeps_nobody_from_checking_out(cast: Cast, asked: Asked, there: UUID, browser: Open) -> None:
    rita = browser(cast.rita)
    assert rita.post(f"/visits/{there}/check-out", outcome="order").status_code == 303
    assert rita.get(f"/visits/{there}").text.count(">open<") == 3
    assert rita.post(f"/visits/{there}/answers", **said(asked, yes_no="1")).status_code == 303, "also afterwards"
    assert counting(cast, there) == {"yes_no": 1}


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ({"number": "many"}, "This is not a number."),
        ({"number": "100"}, "Number must be between 0 and 99.5."),
        ({"number": "1.25"}, "At most 1 decimals."),
        ({"choice": "3"}, "Not a valid choice."),
        ({"yes_no": "maybe"}, "Not a valid choice."),
        ({"photo": "1"}, "Not a valid choice."),
        ({"text": "x" * 4001}, "That is too long"),
    ],
)
def test_no_answer_is_refused_and_nothing_typed_is_lost(
    typed: dict[str, str], problem: str, cast: Cast, asked: Asked, there: UUID, browser: Open
) -> None:
    words = {"text": "Keep me", "yes_no": "0"} | typed
    answer_ = browser(cast.rita).post(f"/visits/{there}/answers", **said(asked, **words))
    assert answer_.status_code == 422
    assert problem in answer_.text
    assert words["text"] in answer_.text
    assert checked(answer_.text, asked.wording["yes_no"]) == (["0"] if words["yes_no"] == "0" else [])
    assert rows() == []


def test_the_same_post_counts_once(cast: Cast, asked: Asked, there: UUID, browser: Open) -> None:
    rita, key = browser(cast.rita), new_id()
    for _ in range(2):
        assert rita.post(f"/visits/{there}/answers", once=key, **said(asked, yes_no="1")).status_code == 303
    assert len(rows()) == 1
    given, later = [Given(asked.wording["yes_no"], "0")], datetime.now(UTC) + HOUR
    for _ in range(2):
        transact(lambda: answer(cast.rita, there, key, given, later))
    assert len(rows()) == 1, "the key of the form and the question are the answer's id"


def test_the_addresses_have_their_methods_and_their_people(
    cast: Cast, asked: Asked, there: UUID, browser: Open
) -> None:
    path = f"/visits/{there}/answers"
    assert browser(cast.rita).get(path).status_code == 200
    assert browser(cast.rita).get(f"{path}/photo").status_code == 405
    given = said(asked, yes_no="1")
    for who in (cast.mona, cast.otto, cast.ren, cast.ada):
        assert browser(who).post(path, **given).status_code == 404, who.name
        assert send_photo(browser(who), there, asked.wording["photo"], PICTURE).status_code == 404, who.name
    assert browser(None).post(path, **given).status_code == 401
    assert browser(cast.rita).post(f"/visits/{new_id()}/answers", **given).status_code == 404
    assert browser(cast.rita).post(path, **{f"answer-{new_id()}": "1"}).status_code == 404, "never asked"
    assert rows() == []
    with pytest.raises(NotFoundError):
        transact(lambda: answer(cast.ren, there, new_id(), [Given(asked.wording["yes_no"], "1")], datetime.now(UTC)))
    with pytest.raises(ForbiddenError):
        transact(lambda: answer(cast.otto, there, new_id(), [], datetime.now(UTC)))


def test_nonsense_among_the_fields_is_no_answer(cast: Cast, asked: Asked, there: UUID, browser: Open) -> None:
    odd = {"answer-": "1", "answer-x": "1", "shown-1": "2", "else": "3", **said(asked, text="a\0b")}
    assert browser(cast.rita).post(f"/visits/{there}/answers", **odd).status_code == 303
    assert [each.text for each in rows()] == ["ab"]


def test_nothing_is_answered_before_the_check_in(cast: Cast, asked: Asked, stage: Stage, browser: Open) -> None:
    now = datetime.now(UTC)
    day = today_in("Asia/Shanghai", now)
    visit = transact(lambda: plan_visit(cast.rita, new_id(), stage.bund, stage.bund_place, day, now).id)
    rita = browser(cast.rita)
    assert "Promotion by" not in rita.get(f"/visits/{visit}").text
    assert "Check in first." in rita.get(f"/visits/{visit}/answers").text
    answer_ = rita.post(f"/visits/{visit}/answers", **said(asked, yes_no="1"))
    assert (answer_.status_code, "Check in first." in answer_.text) == (422, True)


def test_two_devices_the_later_word_counts_whichever_comes_first(
    cast: Cast, asked: Asked, stage: Stage, browser: Open
) -> None:
    visit = begin(cast.rita, stage.bund, stage.bund_place, 5 * HOUR)
    rita, path = browser(cast.rita), f"/visits/{visit}/answers"
    assert rita.post(path, headers=kept(HOUR), **said(asked, yes_no="0", number="5")).status_code == 204
    assert rita.post(path, headers=kept(3 * HOUR), **said(asked, yes_no="1", number="5")).status_code == 204
    assert counting(cast, visit) == {"yes_no": 0, "number": 5000}
    assert len(rows()) == 4, "both are kept, also where they say the same"
    first = rows()[0]
    assert first.received_at - first.at > 2 * HOUR
    assert "arrived 1 hour later" in browser(cast.mona).get(f"/visits/{visit}").text


def test_a_page_that_knows_less_overwrites_nothing(cast: Cast, asked: Asked, stage: Stage, browser: Open) -> None:
    """One device corrected an answer; the other one's page still shows the first and saves something else."""
    visit = begin(cast.rita, stage.bund, stage.bund_place, 5 * HOUR)
    rita, path = browser(cast.rita), f"/visits/{visit}/answers"
    rita.post(path, headers=kept(4 * HOUR), **said(asked, yes_no="1"))
    rita.post(path, headers=kept(3 * HOUR), **said(asked, yes_no="0"), **shown(asked, yes_no="1"))
    old = said(asked, yes_no="1", text="Else", number="") | shown(asked, yes_no="1", number="")
    rita.post(path, headers=kept(2 * HOUR), **old)
    assert counting(cast, visit) == {"yes_no": 0, "text": "Else"}


def test_a_question_that_was_changed_meanwhile_is_answered_as_it_was_read(
    cast: Cast, asked: Asked, stage: Stage, browser: Open
) -> None:
    visit, one = begin(cast.rita, stage.bund, stage.bund_place, 5 * HOUR), asked.question["choice"]
    other = QuestionInput(Kind.CHOICE, "Which shelf?", ("A", "C"), options=("Left", "Right"))
    transact(lambda: change_question(cast.ada, one, other, None, datetime.now(UTC) - HOUR))
    rita = browser(cast.rita)
    assert "Which shelf?" in rita.get(f"/visits/{visit}").text
    sent = rita.post(f"/visits/{visit}/answers", headers=kept(2 * HOUR), **said(asked, choice="2"))
    assert sent.status_code == 204
    page = rita.get(f"/visits/{visit}").text
    assert "Where does it stand?" in page and "Which shelf?" not in page
    assert checked(page, asked.wording["choice"]) == ["2"]
    seen = browser(cast.mona).get(f"/visits/{visit}").text
    assert "Where does it stand?" in seen and "Till" in seen
    assert wording_of(one) != asked.wording["choice"]


def test_a_question_that_was_put_away_meanwhile_is_answered_too(
    cast: Cast, asked: Asked, stage: Stage, browser: Open
) -> None:
    visit = begin(cast.rita, stage.bund, stage.bund_place, 5 * HOUR)
    before = begin(cast.rita, stage.nowhere, stage.nowhere_place, HOUR)
    for kind in ("yes_no", "text"):
        away = datetime.now(UTC) - 2 * HOUR
        transact(lambda kind=kind, away=away: archive_question(cast.ada, asked.question[kind], away))
    rita = browser(cast.rita)
    assert "Promotion by" in rita.get(f"/visits/{visit}").text, "that visit had begun"
    assert "Promotion by" not in rita.get(f"/visits/{before}").text
    for each in (visit, before):
        sent = rita.post(f"/visits/{each}/answers", headers=kept(timedelta(minutes=5)), **said(asked, yes_no="1"))
        assert sent.status_code == 204
    assert "Promotion by" in rita.get(f"/visits/{before}").text, "what was answered is shown"


def test_what_is_asked_goes_by_class_team_and_time(
    cast: Cast, asked: Asked, stage: Stage, there: UUID, browser: Open
) -> None:
    rita = browser(cast.rita)
    ask(cast.ada, QuestionInput(Kind.TEXT, "Only Shanghai", ("C",), cast.teams["shanghai"]))
    ask(cast.ada, QuestionInput(Kind.TEXT, "All of China", ("C",), cast.teams["china"]))
    ask(cast.ada, QuestionInput(Kind.TEXT, "Only Britain", ("C",), cast.teams["britain"]))
    ask(cast.ada, QuestionInput(Kind.TEXT, "Only class B", ("B",)))
    ask(cast.ada, QuestionInput(Kind.TEXT, "Asked too late", ("C",)), datetime.now(UTC))
    page = rita.get(f"/visits/{there}").text
    assert "Only Shanghai" in page and "All of China" in page
    for other in ("Only Britain", "Only class B", "Asked too late"):
        assert other not in page, other
    transact(lambda: setattr(db.session.get_one(Account, stage.bund), "rating", "B"))
    page = rita.get(f"/visits/{there}").text
    assert "Only class B" in page and "All of China" not in page
    transact(lambda: setattr(db.session.get_one(Account, stage.bund), "rating", "C"))
    rita.post(f"/visits/{there}/answers", **said(asked, number="4"))
    transact(lambda: setattr(db.session.get_one(Account, stage.bund), "rating", "B"))
    assert "4 pcs" in rita.get(f"/visits/{there}").text, "what was answered stays on the page"


def test_without_questions_a_visit_is_as_before(cast: Cast, there: UUID, browser: Open) -> None:
    page = browser(cast.rita).get(f"/visits/{there}").text
    assert "questions.css" not in page and 'id="answers"' not in page
    assert "Nothing is asked here" in browser(cast.rita).get(f"/visits/{there}/answers").text


# --- Photos ----------------------------------------------------------------------------------------------------------


def send_photo(rita: Browser, visit: UUID, wording: Any, content: bytes, **values: Any) -> Any:
    path = f"/visits/{visit}/answers/photo?question={wording.hex if isinstance(wording, UUID) else wording}"
    return rita.post(path, photo=(io.BytesIO(content), "a.jpg"), **values)


def test_a_photo_answers_and_is_one_of_the_visit(
    app: Flask, cast: Cast, asked: Asked, there: UUID, browser: Open
) -> None:
    rita, key = browser(cast.rita), new_id()
    for _ in range(2):
        assert send_photo(rita, there, asked.wording["photo"], PICTURE, once=key).status_code == 303
    photo = db.session.scalars(select(Photo)).one()
    assert (photo.visit_id, rows()[0].photo_id, len(rows())) == (there, photo.id, 1)
    assert f"/visits/{there}/photos/{photo.id}" in browser(cast.mona).get(f"/visits/{there}").text
    assert browser(cast.mona).get(f"/visits/{there}/photos/{photo.id}").mimetype == "image/jpeg"
    assert "Keep another photo" in rita.get(f"/visits/{there}").text
    assert send_photo(rita, there, asked.wording["photo"], picture()).status_code == 303
    assert len(rows()) == 2
    latest = find_sheet(cast.rita, there)
    assert latest is not None
    found = next(line.answer for line in latest.lines if line.row.kind == "photo")
    assert found is not None and found.photo_id == rows()[-1].photo_id


PICTURE = picture()


@pytest.mark.parametrize(
    ("content", "problem"), [(b"", "Choose a picture first."), (b"no picture", "That is no picture")]
)
def test_no_photo_is_said_at_its_question(
    content: bytes, problem: str, cast: Cast, asked: Asked, there: UUID, browser: Open
) -> None:
    answer_ = send_photo(browser(cast.rita), there, asked.wording["photo"], content)
    assert (answer_.status_code, problem in answer_.text) == (422, True)
    assert rows() == []


def test_only_a_question_for_a_photo_takes_one(cast: Cast, asked: Asked, there: UUID, browser: Open) -> None:
    for wording in (asked.wording["text"], new_id(), "x"):
        assert send_photo(browser(cast.rita), there, wording, PICTURE).status_code == 404
    assert db.session.scalar(select(func.count()).select_from(Photo)) == 0


# --- Without signal --------------------------------------------------------------------------------------------------


def test_screens_are_for_the_classes_that_are_asked(cast: Cast, asked: Asked, stage: Stage, browser: Open) -> None:
    now = datetime.now(UTC)
    day = today_in("Asia/Shanghai", now)
    planned = transact(lambda: plan_visit(cast.rita, new_id(), stage.bund, stage.bund_place, day, now).id)
    pack = browser(cast.rita).get("/pack").get_json()
    begun = [each for each in pack["screens"] if each["path"] == "/visits/*" and each["after"].startswith("/check")]
    assert [(each["after"], each["where"]) for each in begun] == [
        ("/check-out", ["rating", "A"]), ("/check-out", ["rating", "C"]), ("/check-out", None),
        ("/check-in", ["rating", "A"]), ("/check-in", ["rating", "C"]), ("/check-in", None),
    ]  # fmt: skip
    for screen in begun:
        assert ("Promotion by a competitor?" in screen["html"]) == (screen["where"] is not None)
        assert ('action="/visits/⟦id⟧/answers"' in screen["html"]) == (screen["where"] is not None)
    assert pack["rows"][str(planned)]["rating"] == "C"
    assert "Promotion" not in browser(cast.ren).get("/offline/visits/here?rating=B").text


def test_the_carried_page_of_a_visit_has_the_form(cast: Cast, asked: Asked, there: UUID, browser: Open) -> None:
    pack = browser(cast.rita).get("/pack").get_json()
    page = pack["pages"][f"/visits/{there}"]
    assert f'action="/visits/{there}/answers"' in page
    assert f'data-to="/visits/{there}#answers"' in page
    assert "data-row=" in page and '"rating": "C"' in page


def test_without_questions_there_are_no_more_screens(cast: Cast, there: UUID, browser: Open) -> None:
    pack = browser(cast.rita).get("/pack").get_json()
    assert [each["after"] for each in pack["screens"] if each["path"] == "/visits/*"] == [
        "/check-out", "/check-in", "/visits/new", "/plan/visits", "",
    ]  # fmt: skip

"""The manager sets up what is asked: the litany of its endpoints, wordings, order, and whose questions they are."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event, func, select

from app.infra.db import db, transact
from app.infra.journal import JournalEntry
from app.kernel.errors import ForbiddenError, InvalidError, NotFoundError, StaleError
from app.kernel.ids import new_id
from app.questions.actions import add_question, arrange_questions, change_question, restore_question
from app.questions.models import Question, Wording
from app.questions.queries import list_questions
from app.questions.rules import MOST_QUESTIONS, Kind, QuestionInput
from tests.conftest import NOW, Browser, Cast
from tests.questions.conftest import WHO, Asked, ask

Open = Callable[[Any], Browser]
YES_NO = QuestionInput(Kind.YES_NO, "Promotion?", ("A",))
NEW = {
    "kind": "choice",
    "text": "Where?",
    "options": "Eye level\nTill",
    "for_a": "y",
    "for_c": "y",
    "team_id": "",
    "decimals": "0",
}


def count(model: Any) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_a_question_is_made_and_listed_with_what_a_rep_sees(cast: Cast, browser: Open) -> None:
    ada = browser(cast.ada)
    assert "No questions yet" in ada.get("/questions").text
    assert "/questions/new?kind=number" in ada.get("/questions/new").text
    assert 'name="options"' in ada.get("/questions/new?kind=choice").text
    assert 'name="options"' not in ada.get("/questions/new?kind=number").text
    assert ada.post("/questions", **NEW, required="y").location == "/questions"
    shown = ada.get("/questions").text
    assert "Where?" in shown and "AC" in shown and "Eye level" in shown
    assert "Eye level" not in ada.get("/questions?rating=B").text, "nothing is asked there"
    made = db.session.scalars(select(Question)).one()
    assert (made.kind, made.ratings, made.required, made.wording, made.version) == ("choice", "AC", True, 1, 1)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"text": ""}, "This field is required."),
        ({"options": "one"}, "Write 2 to 20 answers"),
        ({"for_a": None, "for_c": None}, "Choose at least one class."),
        ({"kind": "number", "least": "x"}, "This is not a number."),
        ({"kind": "number", "least": "5", "most": "4"}, "The largest number is below the smallest."),
        ({"kind": "number", "decimals": "7"}, "Not a valid choice."),
        ({"team_id": str(new_id())}, "Not a valid choice."),
        ({"text": "x" * 501}, "That is too long"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    values: dict[str, Any], said: str, cast: Cast, browser: Open
) -> None:
    answer = browser(cast.ada).post("/questions", **{**NEW, "unit": "keep me", **values})
    assert answer.status_code == 422
    assert said in answer.text
    assert ("keep me" if values.get("kind") else values.get("options", "Till")) in answer.text
    assert count(Question) == 0


def test_an_unknown_kind_is_none(cast: Cast, browser: Open) -> None:
    assert browser(cast.ada).post("/questions", **{**NEW, "kind": "oath"}).status_code == 404


@pytest.mark.parametrize("who", ["rita", "otto", None])
def test_only_managers_set_up(who: str | None, cast: Cast, browser: Open, asked: Asked) -> None:
    somebody, one = browser(getattr(cast, who) if who else None), asked.question["number"]
    for path in ("/questions", "/questions/new", f"/questions/{one}/edit", f"/questions/{one}"):
        assert somebody.get(path).status_code == (404 if who else 302), path
    posts = ("", f"/{one}", f"/{one}/archive", f"/{one}/restore", "/order", f"/{one}/move")
    for path in posts:
        assert somebody.post(f"/questions{path}", **NEW).status_code == (404 if who else 401), path
    if who:
        with pytest.raises(ForbiddenError):
            transact(lambda: add_question(getattr(cast, who), None, YES_NO, NOW))


def test_each_address_has_its_method(cast: Cast, browser: Open, asked: Asked) -> None:
    ada, one = browser(cast.ada), asked.question["number"]
    for path in ("archive", "restore", "move"):
        assert ada.get(f"/questions/{one}/{path}").status_code == 405
    assert ada.post(f"/questions/{one}/edit").status_code == 405
    assert ada.post("/questions/new").status_code == 405


def test_the_same_post_makes_one_question(cast: Cast, browser: Open) -> None:
    ada, key, row_id = browser(cast.ada), new_id(), str(new_id())
    for _ in range(2):
        assert ada.post("/questions", once=key, **NEW, row_id=row_id).status_code == 303
    assert ada.post("/questions", **NEW, row_id=row_id).status_code == 303, "also without a receipt"
    assert (count(Question), count(Wording)) == (1, 1)


def test_other_words_are_another_wording_and_the_rest_is_none(cast: Cast, browser: Open, asked: Asked) -> None:
    ada, one = browser(cast.ada), asked.question["choice"]
    was = {
        "text": "Where does it stand?",
        "options": "Eye level\nBelow | 下层 | 下層\nTill",
        "for_a": "y",
        "for_c": "y",
    }
    path = f"/questions/{one}"
    assert ada.post(path, **{**was, "for_b": "y", "required": "y"}, version=1).status_code == 303
    assert ada.post(path, **{**was, "text": "Where is it?"}, version=2).status_code == 303
    assert ada.post(path, **{**was, "text": "Where is it?", "options": "Eye level\nDoor"}, version=3).status_code == 303
    question = db.session.get_one(Question, one)
    assert (question.wording, question.version, question.ratings) == (3, 4, "AC")
    words = db.session.execute(
        select(Wording.text, Wording.options).where(Wording.question_id == one).order_by(Wording.number)
    ).all()
    assert [each.text for each in words] == ["Where does it stand?", "Where is it?", "Where is it?"]
    assert [len(each.options) for each in words] == [3, 3, 2]
    assert "Where does it stand?" in ada.get(f"{path}/edit").text, "among the earlier ones"


def test_a_stale_form_shows_both(cast: Cast, browser: Open, asked: Asked) -> None:
    ada, path = browser(cast.ada), f"/questions/{asked.question['yes_no']}"
    assert ada.post(path, text="Mine?", for_a="y", version=1).status_code == 303
    answer = ada.post(path, text="Yours?", for_a="y", version=1)
    assert answer.status_code == 409
    assert "Mine?" in answer.text and "Yours?" in answer.text
    with pytest.raises(StaleError):
        transact(lambda: change_question(cast.ada, asked.question["yes_no"], YES_NO, 1, NOW))


def test_kind_and_unit_stay(cast: Cast, browser: Open, asked: Asked) -> None:
    answer = browser(cast.ada).post(
        f"/questions/{asked.question['number']}", text="Facings", for_a="y", unit="m", decimals="1", version=1
    )
    assert (answer.status_code, "keeps its kind and unit" in answer.text) == (422, True)
    with pytest.raises(InvalidError, match="keeps its kind"):
        transact(lambda: change_question(cast.ada, asked.question["number"], YES_NO, None, NOW))


def test_what_is_put_away_is_kept_and_comes_back(cast: Cast, browser: Open, asked: Asked) -> None:
    ada, one = browser(cast.ada), asked.question["yes_no"]
    for _ in range(2):
        assert ada.post(f"/questions/{one}/archive").location == "/questions"
    assert "competitor" not in ada.get("/questions").text.split('id="preview"')[0].split("</nav>")[-1]
    assert "competitor" in ada.get("/questions?archived=1").text
    assert "Ask it again" in ada.get(f"/questions/{one}/edit").text
    for _ in range(2):
        assert ada.post(f"/questions/{one}/restore").status_code == 303
    assert "competitor" in ada.get("/questions").text
    told = db.session.scalars(select(JournalEntry.event).where(JournalEntry.subject_id == one)).all()
    assert sorted(told) == ["QuestionAdded", "QuestionArchived", "QuestionRestored"], "each once"


def order(cast: Cast) -> list[str]:
    db.session.expire_all()
    return [row.kind for row in list_questions(cast.ada)]


def test_the_order_is_changed_by_buttons_and_by_dragging(cast: Cast, browser: Open, asked: Asked) -> None:
    ada, ids = browser(cast.ada), asked.question
    assert order(cast) == ["yes_no", "choice", "number", "text", "photo"]
    assert ada.post(f"/questions/{ids['number']}/move", steps="-1").location == f"/questions#q{ids['number']}"
    assert order(cast) == ["yes_no", "number", "choice", "text", "photo"]
    ada.post(f"/questions/{ids['photo']}/move", steps="1")
    ada.post(f"/questions/{ids['yes_no']}/move", steps="-1")
    assert order(cast) == ["yes_no", "number", "choice", "text", "photo"], "nowhere to go"
    ids_in_order = ",".join(str(ids[each]) for each in ("photo", "text", "choice", "number", "yes_no"))
    assert ada.post("/questions/order", order=ids_in_order).status_code == 303
    assert order(cast) == ["photo", "text", "choice", "number", "yes_no"]
    assert ada.post("/questions/order", order=f"{ids['photo']},{new_id()}").status_code == 404
    some = ",".join(str(ids[each]) for each in ("number", "text"))
    assert ada.post("/questions/order", order=f"{some},{some}").status_code == 303
    assert order(cast) == ["photo", "number", "choice", "text", "yes_no"], "the others keep their places"
    assert ada.post("/questions/order").status_code == 303


def test_a_manager_sets_up_for_the_teams_within_reach(cast: Cast, browser: Open, asked: Asked) -> None:
    """Mona manages China, above Shanghai; Britain and everybody are not hers."""
    mona, china, shanghai = browser(cast.mona), cast.teams["china"], cast.teams["shanghai"]
    britain = ask(cast.ada, QuestionInput(Kind.TEXT, "Only in Britain", ("A",), cast.teams["britain"]))
    sales = ask(cast.ada, QuestionInput(Kind.TEXT, "All of Sales", ("A",), cast.teams["sales"]))
    offered = mona.get("/questions/new?kind=yes_no").text
    assert str(china) in offered and str(shanghai) in offered
    assert str(cast.teams["britain"]) not in offered and "Everybody" not in offered
    for team in ("", str(cast.teams["britain"]), str(cast.teams["sales"])):
        assert mona.post("/questions", **{**NEW, "team_id": team}).status_code == 422, team
    assert mona.post("/questions", **{**NEW, "team_id": str(shanghai)}).status_code == 303
    own = db.session.scalars(select(Question.id).where(Question.team_id == shanghai)).one()
    shown = mona.get("/questions").text
    assert "Where?" in shown and "Only in Britain" not in shown
    assert "Promotion by a competitor?" in shown and "All of Sales" in shown, "her people are asked these too"
    assert mona.get(f"/questions/{britain}").status_code == 404
    for others in (asked.question["yes_no"], sales, britain):
        assert mona.get(f"/questions/{others}/edit").status_code == 404
        assert mona.post(f"/questions/{others}", **NEW, version=1).status_code == 404
        for deed in ("archive", "restore", "move"):
            assert mona.post(f"/questions/{others}/{deed}").status_code == 404, deed
        assert mona.post("/questions/order", order=f"{own},{others}").status_code == 404
    assert mona.get(f"/questions/{own}/edit").status_code == 200
    assert mona.post(f"/questions/{own}/archive").status_code == 303
    with pytest.raises(NotFoundError):
        transact(lambda: arrange_questions(cast.mona, [britain], NOW))


def test_there_is_an_end_to_asking(cast: Cast, browser: Open, asked: Asked) -> None:
    for number in range(MOST_QUESTIONS - len(asked.question)):
        ask(cast.ada, QuestionInput(Kind.TEXT, f"Question {number}", ("A",)))
    answer = browser(cast.ada).post("/questions", **NEW)
    assert (answer.status_code, f"{MOST_QUESTIONS} questions already" in answer.text) == (422, True)
    one = asked.question["text"]
    browser(cast.ada).post(f"/questions/{one}/archive")
    assert browser(cast.ada).post("/questions", **NEW).status_code == 303
    with pytest.raises(InvalidError, match="already"):
        transact(lambda: restore_question(cast.ada, one, datetime.now(UTC)))


def test_a_list_of_sixty_costs_as_much_as_one_of_five(cast: Cast, browser: Open, asked: Asked) -> None:
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            statements.append(statement)

    def cost(person: Any) -> int:
        somebody = browser(person)
        somebody.get("/questions")
        statements.clear()
        assert somebody.get("/questions").status_code == 200
        return len(statements) - WHO

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        before = cost(cast.mona)
        for number in range(40):
            ask(cast.ada, QuestionInput(Kind.TEXT, f"Question {number}", ("A",), cast.teams["shanghai"]))
        assert cost(cast.mona) == before <= 2
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def test_a_text_in_several_languages_is_one_question(cast: Cast, browser: Open) -> None:
    ask(cast.ada, QuestionInput(Kind.YES_NO, "Promotion? | 促销？ | 促銷？", ("A",)))
    shown = browser(cast.ada).get("/questions").text
    assert "Promotion?" in shown and "促銷" not in shown


def test_a_slot_in_a_text_is_none(cast: Cast, browser: Open) -> None:
    """Screens of the phone fill ⟦name⟧: a manager's text must not."""
    ask(cast.ada, QuestionInput(Kind.CHOICE, "⟦shown|html⟧?", ("A",), options=("⟦name⟧", "b")))
    html = browser(cast.rita).get("/offline/visits/here?rating=A").text
    assert "[name⟧" in html and "⟦shown" not in html

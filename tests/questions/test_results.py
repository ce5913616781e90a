"""What was answered: figures, their lists, filters, the file, and that nobody sees more than their people's visits."""

import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event

from app.accounts.models import Account
from app.infra.db import db, transact
from app.kernel.dates import today_in
from app.kernel.ids import new_id
from app.questions.actions import Given, answer, answer_by_photo, change_question
from app.questions.rules import Kind, QuestionInput
from app.visits.photos import take_in
from tests.conftest import Browser, Cast
from tests.house.world import picture
from tests.questions.conftest import WHO, Asked, ask, begin, wording_of
from tests.visits.conftest import Stage

Open = Callable[[Any], Browser]
DAY = timedelta(days=1)


@pytest.fixture
def visits(cast: Cast, stage: Stage, asked: Asked) -> list[UUID]:
    """Four visits of Rita's on as many days and one of Ren's. Promotion: yes, yes, no, not answered; Ren: no. Facings:
    2, 4, 4.5, 9. Where: Till, Till, Below."""
    mine = [begin(cast.rita, stage.bund, stage.bund_place, number * DAY + DAY) for number in range(4)]
    rens = begin(cast.ren, stage.pub, stage.pub_place, DAY)
    said: list[dict[str, str]] = [
        {"yes_no": "1", "number": "2", "choice": "2"}, {"yes_no": "1", "number": "4", "choice": "2"},
        {"yes_no": "0", "number": "4.5", "choice": "1", "text": "=1+1"}, {"number": "9"},
    ]  # fmt: skip

    def tell() -> None:
        for visit, words in zip(mine, said, strict=True):
            give(cast.rita, visit, asked, words)
        give(cast.ren, rens, asked, {"yes_no": "0"})

    transact(tell)
    return [*mine, rens]


def give(actor: Any, visit: UUID, asked: Asked, words: dict[str, str]) -> None:
    answer(
        actor, visit, new_id(), [Given(asked.wording[kind], typed) for kind, typed in words.items()], datetime.now(UTC)
    )


def stats(page: str) -> dict[str, str]:
    """{label: figure} of the page."""
    return dict(re.findall(r"<small>([^<]+)</small><b[^>]*>([^<]*)</b>", page))


def bars(page: str) -> dict[str, tuple[int, int]]:
    """{answer: (times, per cent)}."""
    found = re.findall(r'<a href="[^"]*">([^<]+)</a><progress value="(\d+)".*?<b>(\d+) %</b>', page)
    return {label: (int(times), int(share)) for label, times, share in found}


def listed(page: str) -> list[str]:
    """The visits of the list."""
    return re.findall(r'href="/visits/([0-9a-f-]{36})"', page.split('id="visits"')[1])


def test_yes_and_no_are_counted_and_each_opens_its_visits(
    cast: Cast, asked: Asked, visits: list[UUID], browser: Open
) -> None:
    mona, path = browser(cast.mona), f"/questions/{asked.question['yes_no']}"
    page = mona.get(path).text
    assert stats(page) == {"Visits that asked it": "4", "Answered it": "3", "Not answered": "1"}
    assert bars(page) == {"Yes": (2, 67), "No": (1, 33)}
    links = re.findall(r'href="(/questions/[^"]*value=[^"]*)"', page)
    found = {link.partition("value=")[2]: listed(mona.get(link.replace("&amp;", "&")).text) for link in links}
    mine = [str(each) for each in visits[:4]]
    assert found["%3D1#visits"] == mine[:2] and found["%3D0#visits"] == mine[2:3]
    assert found["none#visits"] == mine[3:] and found["all#visits"] == mine


def test_nobody_sees_more_than_their_people_s_visits(
    cast: Cast, asked: Asked, visits: list[UUID], browser: Open
) -> None:
    path = f"/questions/{asked.question['yes_no']}"
    assert bars(browser(cast.ada).get(path).text) == {"Yes": (2, 50), "No": (2, 50)}
    assert str(visits[4]) in browser(cast.ada).get(path).text
    mona = browser(cast.mona)
    for shown in (mona.get(f"{path}?value=all"), mona.get(f"{path}?rep={cast.ren.id}&value=all")):
        assert str(visits[4]) not in shown.text and "The Anchor" not in shown.text
    assert "The Anchor" not in mona.get(f"{path}/answers.csv").text
    for who in (cast.rita, cast.otto):
        assert browser(who).get(path).status_code == browser(who).get(f"{path}/answers.csv").status_code == 404
    assert browser(cast.ada).get(f"/questions/{new_id()}").status_code == 404


def test_numbers_have_figures(cast: Cast, asked: Asked, visits: list[UUID], browser: Open) -> None:
    mona, path = browser(cast.mona), f"/questions/{asked.question['number']}"
    page = mona.get(path).text
    found = stats(page)
    assert (found["Mean"], found["Median"], found["Smallest"], found["Largest"]) == (
        "4.88 pcs", "4.25 pcs", "2 pcs", "9 pcs",
    )  # fmt: skip
    assert bars(page) == {"2": (1, 25), "4": (1, 25), "4.5": (1, 25), "9": (1, 25)}
    assert listed(mona.get(f"{path}?value==9").text) == [str(visits[3])]
    assert listed(mona.get(f"{path}?value=sorted").text) == [str(each) for each in visits[:4]]


def test_choices_of_all_wordings_are_counted_by_their_words(
    cast: Cast, asked: Asked, stage: Stage, visits: list[UUID], browser: Open
) -> None:
    one = asked.question["choice"]
    other = QuestionInput(Kind.CHOICE, "Where now?", ("A", "C"), options=("Till", "Door"))
    transact(lambda: change_question(cast.ada, one, other, None, datetime.now(UTC) - DAY))
    visit = begin(cast.rita, stage.nowhere, stage.nowhere_place)
    given = [Given(wording_of(one), "0")]
    transact(lambda: answer(cast.rita, visit, new_id(), given, datetime.now(UTC)))
    mona, path = browser(cast.mona), f"/questions/{one}"
    page = mona.get(path).text
    assert bars(page) == {"Till": (3, 75), "Door": (0, 0), "Eye level": (0, 0), "Below": (1, 25)}
    assert "worded otherwise before" in page and "Where does it stand?" in page
    assert listed(mona.get(f"{path}?value==Till").text) == [str(visit), str(visits[0]), str(visits[1])]
    assert listed(mona.get(f"{path}?value==Nowhere").text) == []


def test_only_the_latest_answer_counts_and_none_that_was_taken_back(
    cast: Cast, asked: Asked, visits: list[UUID], browser: Open
) -> None:
    transact(lambda: give(cast.rita, visits[0], asked, {"yes_no": "0"}))
    back = [Given(asked.wording["number"], "", "9")]
    transact(lambda: answer(cast.rita, visits[3], new_id(), back, datetime.now(UTC)))
    mona = browser(cast.mona)
    assert bars(mona.get(f"/questions/{asked.question['yes_no']}").text) == {"Yes": (1, 33), "No": (2, 67)}
    page = mona.get(f"/questions/{asked.question['number']}").text
    assert (stats(page)["Answered it"], stats(page)["Largest"]) == ("3", "4.5 pcs")


def test_period_rep_and_class_narrow_all_of_it(
    cast: Cast, asked: Asked, stage: Stage, visits: list[UUID], browser: Open
) -> None:
    ada, path = browser(cast.ada), f"/questions/{asked.question['yes_no']}"
    day = today_in("Asia/Shanghai", datetime.now(UTC) - DAY)
    page = ada.get(f"{path}?from={day}&until={day}&rep={cast.rita.id}").text
    assert bars(page) == {"Yes": (1, 100), "No": (0, 0)} and listed(page) == [str(visits[0])]
    assert "Nobody was asked in this time" in ada.get(f"{path}?rating=B").text
    transact(lambda: setattr(db.session.get_one(Account, stage.pub), "rating", "A"))
    assert bars(ada.get(f"{path}?rating=A").text) == {"Yes": (0, 0), "No": (1, 100)}
    assert "Nobody was asked" in ada.get(f"{path}?until=2020-01-01").text
    for odd in (
        "from=x&until=y",
        "from=9999-12-31&until=0001-01-01",
        "rep=x&rating=Z&value==x&page=-1",
        "until=9998-01-01",
    ):
        assert ada.get(f"{path}?{odd}").status_code == 200, odd


def test_words_are_listed_and_photos_shown(cast: Cast, asked: Asked, visits: list[UUID], browser: Open) -> None:
    mona = browser(cast.mona)
    page = mona.get(f"/questions/{asked.question['text']}").text
    assert "=1+1" in page and listed(page) == [str(visits[2])]
    photo = new_id()
    shot = take_in(picture(), "", "Asia/Shanghai")
    wording = asked.wording["photo"]
    transact(lambda: answer_by_photo(cast.rita, visits[1], wording, photo, shot, datetime.now(UTC)))
    page = mona.get(f"/questions/{asked.question['photo']}").text
    assert f'src="/visits/{visits[1]}/photos/{photo}"' in page and stats(page)["Not answered"] == "3"


def test_the_file_has_every_visit_and_no_formula(cast: Cast, asked: Asked, visits: list[UUID], browser: Open) -> None:
    sent = browser(cast.mona).get(f"/questions/{asked.question['text']}/answers.csv")
    assert sent.mimetype == "text/csv" and "attachment" in sent.headers["Content-Disposition"]
    assert sent.data.startswith(b"\xef\xbb\xbf")
    table = list(csv.reader(io.StringIO(sent.data.decode("utf-8-sig"))))
    assert table[0][:6] == ["Date", "Customer", "Class", "Rep", "Question", "Answer"]
    assert [row[5] for row in table[1:]] == ["", "", "'=1+1", ""]
    numbers = browser(cast.mona).get(f"/questions/{asked.question['number']}/answers.csv").data.decode("utf-8-sig")
    assert [(row[5], row[6]) for row in csv.reader(io.StringIO(numbers))][1:] == [
        ("2", "pcs"), ("4", "pcs"), ("4.5", "pcs"), ("9", "pcs"),
    ]  # fmt: skip


def test_a_question_for_one_team_asked_only_that_team(
    cast: Cast, asked: Asked, visits: list[UUID], browser: Open
) -> None:
    since = datetime.now(UTC) - 3 * DAY
    one = ask(cast.ada, QuestionInput(Kind.TEXT, "Only China", ("C",), cast.teams["china"]), since)
    page = browser(cast.ada).get(f"/questions/{one}").text
    assert stats(page)["Visits that asked it"] == "2", "of Rita's the two since then, of Ren's none"


def test_the_page_costs_the_same_for_any_number_of_visits(
    cast: Cast, asked: Asked, stage: Stage, visits: list[UUID], browser: Open
) -> None:
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            statements.append(statement)

    one = ask(cast.ada, QuestionInput(Kind.NUMBER, "Rows", ("C",), cast.teams["shanghai"]))

    def cost() -> int:
        mona = browser(cast.mona)
        mona.get("/questions")
        statements.clear()
        assert mona.get(f"/questions/{one}").status_code == 200
        return len(statements) - WHO

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        before = cost()
        for number in range(5):
            begin(cast.rita, stage.bund, stage.bund_place, (number + 6) * DAY)
        assert cost() == before <= 6
    finally:
        event.remove(db.engine, "before_cursor_execute", note)

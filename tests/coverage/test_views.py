"""The pages of coverage: the litany of each address, and that each figure leads to as many customers as it says."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import event, func, select, update

from app.accounts.models import Account, ClassRhythm
from app.coverage.actions import save_account_rhythm, save_class_rhythm
from app.identity.models import Person
from app.infra.db import db, transact
from app.infra.journal import JournalEntry
from app.kernel.access import Actor
from app.kernel.dates import today_in
from app.kernel.ids import new_id
from app.visits.models import Visit
from tests.conftest import NOW, Browser, Cast
from tests.coverage.conftest import account, excuse, visit

Open = Callable[[Actor | None], Browser]
CLASS_A = "/coverage/rhythms/A"


def today() -> date:
    return today_in("Asia/Shanghai", datetime.now(UTC))


def seen(shop: Account, days_ago: int) -> UUID:
    """Rita was there so many days ago; 0: a minute ago."""
    day = today() - timedelta(days=days_ago)

    def work() -> UUID:
        row = db.session.get_one(Account, shop.id)
        assert row.owner_id
        row.last_visit_on = day
        return visit(row, row.owner_id, day).id

    return transact(work)


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, text: str, *_rest: Any) -> None:
        if text != "BEGIN":
            said.append(text)

    event.listen(db.engine, "before_cursor_execute", note)
    yield said
    event.remove(db.engine, "before_cursor_execute", note)


# --- Figures and lists -----------------------------------------------------------------------------------------------


def test_each_figure_leads_to_as_many_customers(cast: Cast, browser: Open) -> None:
    late, due, planned, never = (account(cast.rita, name) for name in ("Late", "Due", "Planned", "Never"))
    hers = account(cast.ren, "Hers")
    seen(late, 100), seen(due, 14), seen(planned, 30), seen(hers, 100)

    def more() -> None:
        visit(planned, cast.rita.person_id, today(), came=False)
        excuse(
            visit(late, cast.rita.person_id, today() - timedelta(days=1), came=False), "skipped", "Stocktaking <now>"
        )

    transact(more)
    mona = browser(cast.mona)
    for by in ("rep", "class"):
        figures = mona.get(f"/coverage?span=week&on={today() - timedelta(days=1)}&by={by}").text
        assert "Hers" not in figures and "Ren" not in figures
        assert "Stocktaking &lt;now&gt;" in figures
        links = re.findall(r'href="(/coverage/accounts[^"]+)">(\d+)( %)?<', figures)
        assert len(links) >= 6
        for href, number, is_share in links:
            shown = mona.get(unescape(href)).text
            assert is_share or shown.count('<li><b class="lead') == int(number), href
    text = mona.get("/coverage/accounts?show=skipped&span=week&on=" + str(today() - timedelta(days=1))).text
    assert "Late" in text and "Skipped: Stocktaking &lt;now&gt;" in text and "Overdue since" in text
    assert "Never" in mona.get("/coverage/accounts?show=never").text
    assert "Planned for" in mona.get("/coverage/accounts?show=planned").text
    assert never.name in mona.get("/coverage/accounts?show=all&class=A").text


def test_a_rep_sees_who_is_due_and_plans_it_with_one_tap(cast: Cast, browser: Open) -> None:
    late = account(cast.rita, "Late Shop")
    seen(late, 40), seen(account(cast.rita, "Not yet"), 1), seen(account(cast.ren, "Hers"), 90)
    transact(lambda: save_account_rhythm(cast.rita, late.id, None, _other_day(), None, NOW))
    rita = browser(cast.rita)
    page = rita.get("/coverage/accounts").text
    assert "Late Shop" in page and "Not yet" not in page and "Hers" not in page
    assert '<span class="badge warn">Wishes' in page, "today is not what it wishes"
    tomorrow = today() + timedelta(days=1)
    page = rita.get(f"/coverage/accounts?day={tomorrow}").text
    assert '<span class="badge warn">Wishes' not in page and "Wishes" in page
    back = re.search(r'name="back" value="([^"]+)"', page)
    assert back
    once = new_id()
    for _ in range(2):
        values = {"day": str(tomorrow), "account": str(late.id), "back": unescape(back[1])}
        answer = rita.post("/plan/visits", once=once, **values)
        assert (answer.status_code, answer.location) == (303, unescape(back[1]))
    assert db.session.scalars(select(Visit.planned_on).where(Visit.planned_on > today())).all() == [tomorrow]
    page = rita.get("/coverage/accounts").text
    assert "Planned for" in page and 'action="/plan/visits"' not in page


def _other_day() -> str:
    """A wish for the day after today, as English has it."""
    return f"{today() + timedelta(days=1):%a} 09:00-11:00"


def test_hidden_is_not_there(cast: Cast, browser: Open) -> None:
    ren, rita = cast.ren.person_id, cast.rita.person_id
    assert browser(cast.rita).get(f"/coverage/accounts?rep={ren}").status_code == 404
    assert browser(cast.rita).get(f"/coverage/accounts?rep={rita}").status_code == 200
    assert browser(cast.mona).get(f"/coverage/accounts?rep={ren}").status_code == 404
    assert browser(cast.mona).get(f"/coverage/accounts?rep={new_id()}").status_code == 404
    assert browser(cast.ada).get(f"/coverage/accounts?rep={ren}").status_code == 200
    shop = account(cast.ren, "Hers")
    for actor in (cast.rita, cast.mona):
        assert browser(actor).get(f"/accounts/{shop.id}/rhythm").status_code == 404
        assert browser(actor).post(f"/accounts/{shop.id}/rhythm", wish="Tue").status_code == 404


@pytest.mark.parametrize(
    ("path", "may"),
    [("/coverage", "mona ada"), ("/coverage/accounts", "rita mona ada"), ("/coverage/rhythms", "mona ada")],
)
def test_who_may_look(cast: Cast, browser: Open, path: str, may: str) -> None:
    assert browser(None).get(path).status_code == 302
    for name in ("rita", "mona", "otto", "ada"):
        status = browser(getattr(cast, name)).get(path).status_code
        assert status == (200 if name in may.split() else 404), name
        assert browser(getattr(cast, name)).post(path).status_code in (404, 405)


def test_nonsense_in_an_address_counts_as_not_said(cast: Cast, browser: Open) -> None:
    ada = browser(cast.ada)
    odd = "span=x&on=0001-01-01&by=x&show=x&rep=x&class=Z&day=9999-12-31&page=x"
    for path in (f"/coverage?{odd}", f"/coverage/accounts?{odd}", "/coverage?on=9998-12-31&span=quarter"):
        assert ada.get(path).status_code == 200, path


def test_empty_pages_say_what_to_do(cast: Cast, browser: Open) -> None:
    assert "No customers to cover" in browser(cast.mona).get("/coverage").text
    rita = browser(cast.rita)
    assert "Nobody is due" in rita.get("/coverage/accounts").text
    assert "No customers to cover" in rita.get("/coverage/accounts?show=all").text
    assert "No customer fits" in rita.get("/coverage/accounts?show=never&class=A").text


@pytest.mark.parametrize("language", ["zh_Hans", "zh_Hant"])
def test_in_the_readers_language(cast: Cast, browser: Open, language: str) -> None:
    shop = account(cast.rita, "Shop")
    seen(shop, 100)
    transact(lambda: save_account_rhythm(cast.ada, shop.id, 21, "Tue 09:00-11:00", None, NOW))
    transact(lambda: db.session.execute(update(Person).values(language=language)))
    day = "周" if language == "zh_Hans" else "週"
    ada = browser(cast.ada)
    assert f"{day}二 09:00-11:00" in ada.get("/coverage/accounts").text
    assert f"{day}二 09:00-11:00" in ada.get(f"/accounts/{shop.id}/rhythm").text
    assert f"{day}二 09:00-11:00" in ada.get(f"/accounts/{shop.id}/visits/new").text
    wrong = ada.post(CLASS_A, every="900", unit="days", wish="", version="0")
    assert wrong.status_code == 422 and ("730 天" in wrong.text)
    wrong = ada.post(CLASS_A, every="2", unit="weeks", wish="banana", version="0")
    assert wrong.status_code == 422 and "banana" in wrong.text and f"{day}四" in wrong.text


def test_pages_cost_few_statements(cast: Cast, browser: Open, statements: list[str]) -> None:
    for number in range(6):
        seen(account(cast.rita, f"Shop {number}"), 100)
    for actor, path, most in (
        (cast.mona, "/coverage", 6),  # the tests read who she is and her team each time: three
        (cast.rita, "/coverage/accounts", 4),
        (cast.ada, f"/coverage/accounts?rep={cast.rita.id}", 4),
        (cast.mona, "/coverage/rhythms", 6),
    ):
        page = browser(actor)
        statements.clear()
        assert page.get(path).status_code == 200
        assert len(statements) <= most, statements


# --- How often -------------------------------------------------------------------------------------------------------


def stored() -> list[tuple[str, int | None, str, int]]:
    rows = db.session.execute(select(ClassRhythm.rating, ClassRhythm.days, ClassRhythm.wish, ClassRhythm.version))
    return [tuple(row) for row in rows]  # type: ignore[misc]


def test_a_class_gets_its_frequency(cast: Cast, browser: Open) -> None:
    mona = browser(cast.mona)
    page = mona.get("/coverage/rhythms").text
    assert page.count('selected value="weeks"') == 1 and page.count('selected value="days"') == 2
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids)) > 9
    once = new_id()
    for _ in range(2):
        answer = mona.post(CLASS_A, once=once, every="3", unit="weeks", wish="Thu, Tue 9:00-11:00", version="0")
        assert (answer.status_code, answer.location) == (303, "/coverage/rhythms")
    assert stored() == [("A", 21, "Tue,Thu 09:00-11:00", 1)]
    assert mona.post(CLASS_A, every="10", unit="days", wish="", version="1").status_code == 303
    assert mona.post(CLASS_A, every="", unit="none", wish="Mon", version="2").status_code == 303
    assert stored() == [("A", None, "Mon", 3)]
    said = select(func.count()).where(JournalEntry.event == "ClassRhythmSaved", JournalEntry.person_id == cast.mona.id)
    assert db.session.scalar(said) == 3


@pytest.mark.parametrize(
    ("every", "unit", "wish", "problem"),
    [
        ("6", "days", "", "Choose between 7 and 730 days"),
        ("105", "weeks", "", "Choose between 7 and 730 days"),
        ("-1", "weeks", "", "Choose between 7 and 730 days"),
        ("", "weeks", "", "Say how often."),
        ("x", "days", "", "Not a valid integer value."),
        ("2", "months", "", "Not a valid choice."),
        ("2", "class", "", "Not a valid choice."),
        ("2", "weeks", "closed", "if never, choose that there is no plan"),
        ("2", "weeks", "whenever", "was not understood"),
        ("2", "weeks", "Tue 9:00-12:00 11:00-13:00", "overlap"),
    ],
)
def test_what_no_frequency_is_gets_refused_and_kept(
    cast: Cast, browser: Open, every: str, unit: str, wish: str, problem: str
) -> None:
    answer = browser(cast.ada).post("/coverage/rhythms/B", every=every, unit=unit, wish=wish, version="0")
    assert answer.status_code == 422
    assert problem in unescape(answer.text)
    assert f'value="{every}"' in answer.text and f'value="{wish}"' in answer.text
    assert stored() == []


def test_two_who_set_the_same_class(cast: Cast, browser: Open) -> None:
    ada, mona = browser(cast.ada), browser(cast.mona)
    assert ada.post(CLASS_A, every="3", unit="weeks", wish="", version="0").status_code == 303
    answer = mona.post(CLASS_A, every="5", unit="weeks", wish="Mon", version="0")
    assert answer.status_code == 409
    assert "Mon" in answer.text and ">3<" in answer.text and ">5<" in answer.text
    assert stored() == [("A", 21, "", 1)]
    assert mona.post(CLASS_A, every="5", unit="weeks", wish="Mon", version="1").status_code == 303


def test_who_may_set_it(cast: Cast, browser: Open) -> None:
    for actor in (cast.rita, cast.otto):
        assert browser(actor).post(CLASS_A, every="3", unit="weeks", wish="").status_code == 404
    assert browser(None).post(CLASS_A, every="3", unit="weeks", wish="").status_code == 401
    assert browser(cast.ada).post("/coverage/rhythms/Z", every="3", unit="weeks", wish="").status_code == 404
    assert browser(cast.ada).get(CLASS_A).status_code == 405
    assert stored() == []


def own_rhythm(account_id: UUID) -> tuple[int | None, str, int]:
    row = db.session.execute(
        select(Account.visit_days, Account.visit_wish, Account.version).where(Account.id == account_id)
    ).one()
    return row[0], row[1], row[2]


def test_a_customer_gets_its_own(cast: Cast, browser: Open) -> None:
    shop, mona = account(cast.rita, "Shop"), browser(cast.mona)
    path = f"/accounts/{shop.id}/rhythm"
    page = mona.get(path).text
    assert 'selected value="class"' in page and "every 14 days" in page
    assert path in mona.get(f"/accounts/{shop.id}/edit").text
    once = new_id()
    for _ in range(2):
        answer = mona.post(path, once=once, every="9", unit="days", wish="Fri", version="1")
        assert (answer.status_code, answer.location) == (303, f"/accounts/{shop.id}")
    assert own_rhythm(shop.id) == (9, "Fri", 2)
    assert mona.post(path, every="", unit="none", wish="Fri", version="2").status_code == 303
    assert own_rhythm(shop.id) == (0, "Fri", 3)
    assert 'selected value="none"' in mona.get(path).text
    stale = mona.post(path, every="2", unit="weeks", wish="Mon", version="2")
    assert stale.status_code == 409 and "Mon" in stale.text and "Fri" in stale.text
    assert mona.post(path, every="1", unit="days", wish="", version="3").status_code == 422
    assert mona.post(path, every="", unit="class", wish="", version="3").status_code == 303
    assert own_rhythm(shop.id) == (None, "", 4)
    assert mona.post(path, every="", unit="class", wish="", version="4").status_code == 303
    assert own_rhythm(shop.id) == (None, "", 4), "nothing changed"


def test_a_rep_says_the_wish_only(cast: Cast, browser: Open) -> None:
    shop, rita = account(cast.rita, "Shop"), browser(cast.rita)
    transact(lambda: save_account_rhythm(cast.mona, shop.id, 30, "", None, NOW))
    page = rita.get(f"/accounts/{shop.id}/rhythm").text
    assert 'name="unit"' not in page and 'name="wish"' in page
    answer = rita.post(f"/accounts/{shop.id}/rhythm", every="", unit="none", wish="Wed", version="2")
    assert answer.status_code == 303
    assert own_rhythm(shop.id) == (30, "Wed", 3)


# --- Where visits are planned ----------------------------------------------------------------------------------------


def test_the_plan_tells_whose_day_it_is_not(cast: Cast, browser: Open) -> None:
    shop = account(cast.rita, "Late Shop")
    seen(shop, 40)
    transact(lambda: save_class_rhythm(cast.ada, "A", 14, _other_day(), None, NOW))
    rita = browser(cast.rita)
    assert '<span class="badge warn">Wishes' in rita.get("/plan").text
    other = rita.get(f"/plan?day={today() + timedelta(days=1)}").text
    assert "Late Shop" in other and "Wishes" not in other
    assert f"Wishes {_other_day()}" in rita.get(f"/accounts/{shop.id}/visits/new").text

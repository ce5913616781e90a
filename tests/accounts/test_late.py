"""What a phone kept about customers: nobody is asked who is not there, and late is said."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.accounts.actions import add_contact, add_note
from app.accounts.models import Account, Note
from app.accounts.queries import get_main_place
from app.accounts.rules import ContactInput
from app.identity.models import Person
from app.infra.db import db, transact
from app.kernel.ids import new_id
from app.web.once import Receipt
from tests.accounts.stage import TOWER_BRIDGE, customer
from tests.conftest import NOW, Browser, Cast
from tests.outbox import kept

Open = Callable[[Any], Browser]
DAY = timedelta(days=1)


def count(model: Any) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "Added without signal; it looks like: Borough Kitchen (Rita), Boro… (Ren)"),
        ("zh_Hans", "无信号时添加；疑似与以下客户重复：Borough Kitchen (Rita), Boro… (Ren)"),
        ("zh_Hant", "無訊號時新增；疑似與下列客戶重複：Borough Kitchen (Rita), Boro… (Ren)"),
    ],
)
def test_a_likely_duplicate_is_taken_and_noted_where_nobody_can_be_asked(
    language: str, told: str, cast: Cast, browser: Open
) -> None:
    """The note names no more of another one's customer than the question would have."""
    customer(cast.ren, "Borough Kitchen Supply Ltd", zone="Europe/London", at=TOWER_BRIDGE)
    customer(cast.rita, "Borough Kitchen")
    transact(lambda: db.session.execute(update(Person).where(Person.id == cast.rita.id).values(language=language)))
    rita, key, given = browser(cast.rita), new_id(), {"name": "Borough kitchen", "rating": "C"}
    asked = rita.post("/accounts", once=key, headers=kept(timedelta(seconds=3), attended=True), **given)
    assert (asked.status_code, count(Account)) == (422, 2)
    for _ in range(2):
        answer = rita.post("/accounts", once=key, headers=kept(2 * DAY), **given)
        assert (answer.status_code, answer.headers["Outbox-Location"]) == (204, f"/accounts/{key}")
        transact(lambda: db.session.query(Receipt).delete())  # also when the receipt is long gone
    note = db.session.scalars(select(Note)).one()
    assert (note.account_id, note.person_id, note.text) == (key, None, told)
    assert told in rita.get(f"/accounts/{key}").text
    assert count(Account) == 3


def test_a_customer_like_no_other_has_no_note(cast: Cast, browser: Open) -> None:
    key = new_id()
    given = {"name": "Harbour Kiosk", "rating": "C"}
    assert browser(cast.rita).post("/accounts", once=key, headers=kept(DAY), **given).status_code == 204
    assert count(Note) == 0
    account = db.session.get_one(Account, key)
    assert account.created_at < db.session.scalars(select(Receipt.at)).one() - DAY / 2


def test_who_was_warned_is_not_told_again(cast: Cast, browser: Open) -> None:
    customer(cast.rita, "Borough Kitchen")
    given = {"name": "Borough kitchen", "rating": "C", "warned": "1"}
    assert browser(cast.rita).post("/accounts", headers=kept(DAY), **given).status_code == 204
    assert count(Note) == 0


def test_a_late_note_says_so(cast: Cast, browser: Open) -> None:
    account, rita = customer(cast.rita, "Harbour Kiosk"), browser(cast.rita)
    path = f"/accounts/{account.id}"
    rita.post(f"{path}/notes", headers=kept(timedelta(minutes=9)), text="Closed on Mondays")
    assert " later" not in rita.get(path).text.partition("<body")[2]
    rita.post(f"{path}/notes", headers=kept(timedelta(hours=5, minutes=1)), text="Open again")
    assert "arrived 5 hours later" in rita.get(path).text


def test_late_edits_show_both_values(cast: Cast, browser: Open) -> None:
    account = customer(cast.rita, "Old", phone="555 0100")
    contact = transact(lambda: add_contact(cast.rita, account.id, None, ContactInput("Chef Wu"), NOW))
    place = get_main_place(cast.rita, account.id)
    rita = browser(cast.rita)
    edits: list[tuple[str, dict[str, str], dict[str, str]]] = [
        (f"/accounts/{account.id}", {"rating": "B", "language": "en", "name": "First"}, {"name": "Second"}),
        (f"/contacts/{contact.id}", {"name": "First"}, {"name": "Second"}),
        (f"/places/{place.id}", {"zone": "Asia/Shanghai", "radius": "150", "label": "First"}, {"label": "Second"}),
    ]
    for path, first, second in edits:
        assert rita.post(path, version=1, **first).status_code == 303
        answer = rita.post(path, headers=kept(DAY), version=1, **{**first, **second})
        assert (answer.status_code, "First" in answer.text, "Second" in answer.text) == (409, True, True)


def test_a_note_knows_when_we_heard_of_it_also_without_a_post(cast: Cast) -> None:
    account = customer(cast.rita, "Harbour Kiosk")
    note = transact(lambda: add_note(cast.rita, account.id, None, "By a command", NOW))
    assert note.received_at == note.at == NOW

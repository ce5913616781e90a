"""Nobody conflicts with themselves: a phone's next entry about a row goes by what its own entries before left of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.accounts.actions import add_account
from app.accounts.queries import get_account
from app.accounts.rules import AccountInput, PlaceInput
from app.infra.db import db, transact
from app.kernel.access import Actor
from app.kernel.ids import new_id
from tests.conftest import NOW, Browser, Cast
from tests.outbox import kept

Open = Callable[[Actor | None], Browser]
AGO = timedelta(hours=1)


@pytest.fixture
def account(cast: Cast) -> UUID:
    return transact(
        lambda: (
            add_account(
                cast.rita, new_id(), AccountInput("Old"), PlaceInput("Asia/Shanghai"), None, cast.rita.id, NOW
            ).id
        )
    )


def edit(browser: Browser, account: UUID, name: str, *after: UUID | str, version: int = 1) -> tuple[UUID, Any]:
    """Saves it from a page with that version, after those entries; returns the entry's key and the answer."""
    key = new_id()
    said = kept(AGO) | ({"Outbox-After": ",".join(map(str, after))} if after else {})
    given = {"once": str(key), "version": str(version), "name": name, "rating": "C", "language": "en"}
    return key, browser.post(f"/accounts/{account}", headers=said, **given)


def name_of(cast: Cast, account: UUID) -> str:
    db.session.expire_all()
    return get_account(cast.rita, account).name


def test_an_entry_goes_by_what_the_one_before_left(cast: Cast, browser: Open, account: UUID) -> None:
    rita = browser(cast.rita)
    first, answer = edit(rita, account, "First")
    assert answer.status_code == 204
    second, answer = edit(rita, account, "Second", first)
    assert answer.status_code == 204
    _, answer = edit(rita, account, "Third", first, second)
    assert answer.status_code == 204
    assert name_of(cast, account) == "Third"


def test_what_changes_the_row_by_another_form_counts_too(cast: Cast, browser: Open, account: UUID) -> None:
    rita, key = browser(cast.rita), new_id()
    assert rita.post(f"/accounts/{account}/archive", once=str(key), headers=kept(AGO)).status_code == 204
    back = new_id()
    assert rita.post(f"/accounts/{account}/restore", once=str(back), headers=kept(AGO)).status_code == 204
    assert edit(rita, account, "Renamed", key, back)[1].status_code == 204
    assert name_of(cast, account) == "Renamed"


def test_a_change_by_somebody_else_between_is_a_conflict(cast: Cast, browser: Open, account: UUID) -> None:
    rita, mona = browser(cast.rita), browser(cast.mona)
    first, _ = edit(rita, account, "First")
    assert edit(mona, account, "Hers", version=2)[1].status_code == 204
    _, answer = edit(rita, account, "Second", first)
    assert answer.status_code == 409 and "Hers" in answer.text and "Second" in answer.text
    assert name_of(cast, account) == "Hers"


def test_a_page_that_is_newer_than_the_entry_before_counts(cast: Cast, browser: Open, account: UUID) -> None:
    rita, mona = browser(cast.rita), browser(cast.mona)
    first, _ = edit(rita, account, "First")
    edit(mona, account, "Hers", version=2)
    assert edit(rita, account, "Seen", first, version=3)[1].status_code == 204


def test_what_was_refused_or_is_somebody_elses_or_nonsense_helps_nobody(
    cast: Cast, browser: Open, account: UUID
) -> None:
    rita, mona = browser(cast.rita), browser(cast.mona)
    hers, answer = edit(mona, account, "Hers")
    assert answer.status_code == 204
    refused, answer = edit(rita, account, "")
    assert answer.status_code in {409, 422}
    for after in (hers, refused, new_id()):
        assert edit(rita, account, "Second", after)[1].status_code == 409
    assert edit(rita, account, "Second", "x", "", "'")[1].status_code == 409

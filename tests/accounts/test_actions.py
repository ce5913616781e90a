"""What people do with customers, on both databases."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from app.accounts.actions import (
    add_account,
    add_contact,
    add_note,
    add_place,
    archive_account,
    archive_contact,
    archive_place,
    assign_owner,
    change_account,
    change_contact,
    change_place,
    note_visit,
    restore_account,
    set_position,
)
from app.accounts.models import Account, Contact, Note, Place
from app.accounts.queries import get_account, get_main_place, list_accounts, list_contacts, list_notes, list_places
from app.accounts.rules import AccountFilters, AccountInput, ContactInput, PlaceInput
from app.infra.db import db, transact
from app.infra.journal import JournalEntry
from app.kernel.access import SYSTEM
from app.kernel.errors import ForbiddenError, InvalidError, NotFoundError, StaleError
from app.kernel.geo import quadkey
from app.kernel.ids import new_id
from tests.accounts.stage import BUND, TOWER_BRIDGE, customer
from tests.conftest import NOW, Cast

PLACE = PlaceInput("Asia/Shanghai", address="中山东一路1号", position=BUND)
TODAY = date(2026, 3, 10)


def names(cast: Cast, q: str) -> list[str]:
    return [row.name for row in list_accounts(cast.rita, AccountFilters(q=q), 1, TODAY).rows]


def test_an_account_is_the_reps_own_and_found_by_all_its_parts(cast: Cast) -> None:
    account = transact(
        lambda: add_account(
            cast.rita, None,
            AccountInput("上海恒隆餐饮管理有限公司", name_en="Grand Gateway Dining", phone="021-6288 0000"),
            PLACE, ContactInput("王芳", phone="138 0000 1111"), None, NOW,
        )
    )  # fmt: skip
    assert account.owner_id == account.created_by == cast.rita.id
    place = get_main_place(cast.rita, account.id)
    assert (place.owner_id, place.certainty, place.qk) == (cast.rita.id, "exact", quadkey(BUND))
    assert place.ux is not None and abs(place.ux**2 + (place.uy or 0) ** 2 + (place.uz or 0) ** 2 - 1) < 1e-12
    assert [row.name for row in list_contacts(cast.rita, account.id)] == ["王芳"]
    for part in ("恒隆", "gateway", "62880000", "021-6288", "中山东", "恒隆 餐饮", "王芳", "13800001111"):
        assert names(cast, part) == [account.name], part
    assert names(cast, "恒隆 浦东") == []
    assert db.session.scalar(select(JournalEntry.event).where(JournalEntry.subject_id == account.id)) == "AccountAdded"


def test_a_second_post_of_the_same_account_makes_nothing(cast: Cast) -> None:
    row_id = new_id()

    def add(actor):  # type: ignore[no-untyped-def]
        return transact(lambda: add_account(actor, row_id, AccountInput("Twice"), PLACE, None, actor.id, NOW)).id

    assert add(cast.rita) == add(cast.rita) == row_id
    assert db.session.scalar(select(func.count()).select_from(Account)) == 1
    assert db.session.scalar(select(func.count()).select_from(Place)) == 1
    with pytest.raises(NotFoundError):
        add(cast.ren)


def test_only_whoever_may_assign_adds_for_others_or_for_the_pool(cast: Cast) -> None:
    assert customer(cast.rita, owner_id=cast.ren.id).owner_id == cast.rita.id
    assert customer(cast.mona, owner_id=cast.rita.id).owner_id == cast.rita.id
    assert customer(cast.otto, pool=True).owner_id is None
    assert customer(SYSTEM, pool=True).created_by is None
    with pytest.raises(InvalidError, match="owner_id"):
        customer(cast.mona, owner_id=cast.ren.id)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("name", {"name": " "}),
        ("name", {"name": "!?"}),
        ("rating", {"rating": "D"}),
        ("email", {"email": "nobody"}),
        ("website", {"website": "javascript:alert(1)"}),
        ("language", {"language": "tlh"}),
    ],
)
def test_what_no_account_can_be_is_refused(cast: Cast, field: str, wrong: dict[str, str]) -> None:
    with pytest.raises(InvalidError) as refused:
        customer(cast.rita, **{"name": "Good", **wrong})
    assert refused.value.field == field
    assert db.session.scalar(select(func.count()).select_from(Account)) == 0


@pytest.mark.parametrize(
    ("field", "place"),
    [
        ("zone", replace(PLACE, zone="CST")),
        ("radius", replace(PLACE, radius=5)),
        ("hours", replace(PLACE, hours="whenever")),
        ("certainty", replace(PLACE, certainty="none")),
    ],
)
def test_what_no_place_can_be_is_refused(cast: Cast, field: str, place: PlaceInput) -> None:
    account = customer(cast.rita)
    with pytest.raises(InvalidError) as refused:
        transact(lambda: add_place(cast.rita, account.id, None, place, NOW))
    assert refused.value.field == field


def test_a_changed_account_is_found_by_its_new_words(cast: Cast) -> None:
    account = customer(cast.rita, "Old Name")
    identity = account.identity
    changed = transact(lambda: change_account(cast.rita, account.id, AccountInput("New Name", rating="A"), 1, NOW))
    assert (changed.name, changed.rating, changed.version) == ("New Name", "A", 2)
    assert changed.identity != identity
    assert names(cast, "new") == ["New Name"]
    assert names(cast, "old") == []
    with pytest.raises(StaleError):
        transact(lambda: change_account(cast.rita, account.id, AccountInput("Mine"), 1, NOW))


def test_an_owner_is_assigned_within_reach_and_the_places_follow(cast: Cast) -> None:
    account = customer(cast.rita)
    with pytest.raises(ForbiddenError):
        transact(lambda: assign_owner(cast.rita, account.id, cast.ren.id, None, NOW))
    with pytest.raises(InvalidError, match="owner_id"):
        transact(lambda: assign_owner(cast.mona, account.id, cast.ren.id, None, NOW))
    with pytest.raises(StaleError):
        transact(lambda: assign_owner(cast.mona, account.id, None, 9, NOW))
    transact(lambda: assign_owner(cast.otto, account.id, cast.ren.id, 1, NOW))
    assert get_main_place(cast.ren, account.id).owner_id == cast.ren.id
    with pytest.raises(NotFoundError):
        get_account(cast.rita, account.id)
    transact(lambda: assign_owner(cast.otto, account.id, None, None, NOW))
    assert get_main_place(cast.rita, account.id).owner_id is None


def test_somebody_who_left_gets_no_accounts(cast: Cast) -> None:
    from app.identity.administration import set_active

    account = customer(cast.otto, pool=True)
    transact(lambda: set_active(cast.ada, cast.ren.id, False, NOW))  # type: ignore[arg-type]
    with pytest.raises(InvalidError, match="owner_id"):
        transact(lambda: assign_owner(cast.ada, account.id, cast.ren.id, None, NOW))


def test_put_away_and_brought_back(cast: Cast) -> None:
    account = customer(cast.rita)
    transact(lambda: archive_account(cast.rita, account.id, NOW))
    assert names(cast, "") == []
    kept = list_accounts(cast.rita, AccountFilters(archived=True), 1, TODAY).rows
    assert [row.id for row in kept] == [account.id]
    transact(lambda: restore_account(cast.rita, account.id, NOW))
    assert names(cast, "") == [account.name]


def test_places_have_an_order_and_the_last_one_stays(cast: Cast) -> None:
    account = customer(cast.rita)
    main = get_main_place(cast.rita, account.id)
    with pytest.raises(InvalidError, match="needs a place"):
        transact(lambda: archive_place(cast.rita, main.id, NOW))
    row_id = new_id()
    for _ in range(2):
        transact(lambda: add_place(cast.rita, account.id, row_id, replace(PLACE, label="仓库"), NOW))
    assert [place.label for place in list_places(cast.rita, account.id)] == ["", "仓库"]
    assert names(cast, "仓库") == [account.name]
    transact(lambda: archive_place(cast.rita, main.id, NOW))
    transact(lambda: archive_place(cast.rita, main.id, NOW))
    assert get_main_place(cast.rita, account.id).id == row_id
    with pytest.raises(NotFoundError):
        transact(lambda: add_place(cast.ren, account.id, None, PLACE, NOW))
    other = customer(cast.rita, "Other")
    with pytest.raises(NotFoundError):  # an id that is another account's
        transact(lambda: add_place(cast.rita, other.id, row_id, PLACE, NOW))


def test_a_place_changes_with_its_position_and_hours(cast: Cast) -> None:
    account = customer(cast.rita, at=None)
    place = get_main_place(cast.rita, account.id)
    assert (place.certainty, place.lat, place.qk) == ("none", None, None)
    given = replace(
        PLACE, hours="周一至周五 9:00-18:00", position=TOWER_BRIDGE, zone="Europe/London", address="Tower Bridge"
    )
    changed = transact(lambda: change_place(cast.rita, place.id, given, 1, NOW))
    assert (changed.hours, changed.lat, changed.version) == ("Mon-Fri 09:00-18:00", TOWER_BRIDGE.lat, 2)
    assert names(cast, "tower bridge") == [account.name]
    with pytest.raises(StaleError):
        transact(lambda: change_place(cast.rita, place.id, given, 1, NOW))


def test_words_that_an_import_brought_as_hours_may_stay(cast: Cast) -> None:
    account = customer(cast.rita)
    place = get_main_place(cast.rita, account.id)

    def imported() -> None:
        db.session.get_one(Place, place.id).hours = "ring the bell"

    transact(imported)
    changed = transact(lambda: change_place(cast.rita, place.id, replace(PLACE, hours="ring the bell"), None, NOW))
    assert changed.hours == "ring the bell"
    with pytest.raises(InvalidError, match="hours"):
        transact(lambda: change_place(cast.rita, place.id, replace(PLACE, hours="ring twice"), None, NOW))


def test_a_check_in_gives_a_place_its_position(cast: Cast) -> None:
    place = get_main_place(cast.rita, customer(cast.rita, at=None).id)
    transact(lambda: set_position(cast.rita, place.id, BUND, "exact", NOW))
    known = get_main_place(cast.rita, place.account_id)
    assert (known.certainty, known.lat, known.lon, known.qk) == ("exact", BUND.lat, BUND.lon, quadkey(BUND))
    with pytest.raises(NotFoundError):
        transact(lambda: set_position(cast.ren, place.id, BUND, "exact", NOW))


def test_contacts_come_change_and_go(cast: Cast) -> None:
    account = customer(cast.rita)
    row_id = new_id()
    given = ContactInput("Ms Lee", "Buyer", "0912-345-678", "lee@shop.example")
    for _ in range(2):
        transact(lambda: add_contact(cast.rita, account.id, row_id, given, NOW))
    assert db.session.scalar(select(func.count()).select_from(Contact)) == 1
    transact(lambda: change_contact(cast.rita, row_id, replace(given, name="Ms Li"), 1, NOW))
    with pytest.raises(StaleError):
        transact(lambda: change_contact(cast.rita, row_id, given, 1, NOW))
    for wrong in (replace(given, name=""), replace(given, email="x")):
        with pytest.raises(InvalidError):
            transact(lambda wrong=wrong: change_contact(cast.rita, row_id, wrong, None, NOW))
    with pytest.raises(NotFoundError):
        transact(lambda: change_contact(cast.ren, row_id, given, None, NOW))
    assert names(cast, "0912345678") == [account.name]
    transact(lambda: archive_contact(cast.rita, row_id, NOW))
    assert list(list_contacts(cast.rita, account.id)) == []
    assert names(cast, "0912345678") == []


def test_a_note_is_said_once(cast: Cast) -> None:
    account = customer(cast.rita)
    row_id = new_id()
    for _ in range(2):
        transact(lambda: add_note(cast.rita, account.id, row_id, " 周三下午最好找人 ", NOW))
    transact(lambda: add_note(cast.mona, account.id, None, "Later", NOW + timedelta(hours=1)))
    assert [(row.text, row.by) for row in list_notes(cast.rita, account.id)] == [
        ("Later", "Mona"),
        ("周三下午最好找人", "Rita"),
    ]
    for wrong in ("  ", "x" * 4001):
        with pytest.raises(InvalidError, match="text"):
            transact(lambda wrong=wrong: add_note(cast.rita, account.id, None, wrong, NOW))
    with pytest.raises(NotFoundError):
        transact(lambda: add_note(cast.ren, account.id, None, "hello", NOW))
    assert db.session.scalar(select(func.count()).select_from(Note)) == 2


def test_visits_keep_up_the_last_and_the_next_day(cast: Cast) -> None:
    account_id = customer(cast.rita).id

    def known() -> tuple[date | None, date | None]:
        db.session.expire_all()
        account = get_account(cast.rita, account_id)
        return account.last_visit_on, account.next_visit_on

    transact(lambda: note_visit(account_id, TODAY, date(2026, 4, 1)))
    assert known() == (TODAY, date(2026, 4, 1))
    transact(lambda: note_visit(account_id, TODAY - timedelta(days=3), date(2026, 3, 12)))
    assert known() == (TODAY, date(2026, 4, 1))  # an older visit, told late
    transact(lambda: note_visit(account_id, None, date(2026, 4, 2)))
    assert known() == (TODAY, date(2026, 4, 2))
    transact(lambda: note_visit(account_id, TODAY + timedelta(days=1), None))
    assert known() == (TODAY + timedelta(days=1), None)
    assert get_account(cast.rita, account_id).version == 1


def test_back_office_reads_and_writes_but_a_hidden_account_is_not_there(cast: Cast) -> None:
    account = customer(cast.ren, "Ren's")
    assert get_account(cast.otto, account.id).name == "Ren's"
    for act in (
        lambda: change_account(cast.rita, account.id, AccountInput("Mine"), None, NOW),
        lambda: archive_account(cast.rita, account.id, NOW),
        lambda: restore_account(cast.mona, account.id, NOW),
        lambda: assign_owner(cast.mona, account.id, cast.mona.id, None, NOW),
    ):
        with pytest.raises(NotFoundError):
            transact(act)

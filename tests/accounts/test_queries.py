"""Ways to customers: who sees which, what finds them, which is near, which is late, which is there already."""

from datetime import date, timedelta

import pytest

from app.accounts.actions import (
    add_place,
    archive_account,
    archive_place,
    assign_owner,
    change_account,
    note_visit,
    restore_account,
)
from app.accounts.queries import (
    duplicates,
    find_usual_place,
    get_account,
    get_contact,
    get_main_place,
    get_place,
    list_accounts,
    list_carried,
    list_contacts,
    list_notes,
    list_overdue,
    list_places,
    nearest_accounts,
)
from app.accounts.rules import (
    MOST_DUPLICATES,
    NEARBY,
    SAME_NAME,
    SAME_PHONE,
    SIMILAR_NAME,
    AccountFilters,
    AccountInput,
    ContactInput,
    PlaceInput,
)
from app.infra.db import db, transact
from app.kernel.access import Actor
from app.kernel.errors import NotFoundError
from app.kernel.geo import Position, distance_m
from tests.accounts.stage import BUND, TOWER_BRIDGE, customer
from tests.conftest import NOW, Cast

TODAY = date(2026, 3, 10)


def names(actor: Actor, **filters: object) -> list[str]:
    return [row.name for row in list_accounts(actor, AccountFilters(**filters), 1, TODAY).rows]  # type: ignore[arg-type]


def test_everybody_sees_what_is_theirs_to_see(cast: Cast) -> None:
    hers = customer(cast.rita, "Rita's", contact=ContactInput("Ann"))
    his = customer(cast.ren, "Ren's", zone="Europe/London")
    pool = customer(cast.otto, "Pool", pool=True)
    assert names(cast.rita) == names(cast.mona) == ["Rita's", "Pool"]
    assert names(cast.ren) == ["Ren's", "Pool"]
    assert names(cast.otto) == names(cast.ada) == ["Pool", "Ren's", "Rita's"]
    place, contact = get_main_place(cast.rita, hers.id), list_contacts(cast.rita, hers.id)[0]
    assert get_place(cast.mona, place.id).account_id == get_account(cast.mona, hers.id).id
    assert get_account(cast.rita, pool.id).owner_id is None
    for look in (
        lambda: get_account(cast.rita, his.id),
        lambda: get_main_place(cast.mona, his.id),
        lambda: get_place(cast.ren, place.id),
        lambda: get_contact(cast.ren, contact.id),
    ):
        with pytest.raises(NotFoundError):
            look()
    for rows in (list_places, list_contacts, list_notes):
        assert list(rows(cast.ren, hers.id)) == []
    assert [row.name for row in list_carried(cast.rita, [hers.id, his.id])] == ["Rita's"]


def test_any_part_finds_in_any_spelling(cast: Cast) -> None:
    customer(
        cast.rita,
        "臺北永康生活百貨",
        name_en="Yongkang Living",
        phone="02-2720 0000",
        city="臺北",
        address="松壽路12號",
    )
    customer(cast.rita, "Harbour & Sons Provisions", phone="+44 20 7946 0000", address="14 Shad Thames")
    for part in (
        "永康",
        "台北永康",
        "松壽",
        "松壽路12号",
        "YONGKANG",
        "27200000",
        "02 2720",
        "（02）2720-0000",
        "永康 松壽",
    ):
        assert names(cast.rita, q=part) == ["臺北永康生活百貨"], part
    for part in ("harbour sons", "sons harbour", "shad", "7946-0000", "14 shad"):
        assert names(cast.rita, q=part) == ["Harbour & Sons Provisions"], part
    for part in ("harbour 永康", "%", "_", "!!!", "harbourx", "1 2 3 4 5 6 7"):
        assert names(cast.rita, q=part) == [], part


def test_filters_narrow(cast: Cast) -> None:
    old = customer(cast.rita, "A old", rating="A")
    fresh = customer(cast.rita, "A fresh", rating="A")
    customer(cast.rita, "B never", rating="B")
    customer(cast.otto, "C pool", pool=True)
    customer(cast.mona, "C mona's")
    transact(lambda: note_visit(old.id, TODAY - timedelta(days=30), None))
    transact(lambda: note_visit(fresh.id, TODAY - timedelta(days=29), None))
    assert names(cast.rita, owner="me") == ["A fresh", "A old", "B never"]
    assert names(cast.rita, owner="none") == ["C pool"]
    assert names(cast.mona, owner=str(cast.rita.id)) == ["A fresh", "A old", "B never"]
    assert names(cast.rita, owner=str(cast.mona.id)) == []
    assert names(cast.rita, rating="A") == ["A fresh", "A old"]
    assert names(cast.rita, owner="me", days=30) == ["A old", "B never"]
    assert names(cast.rita, owner="me", sort="stale") == ["B never", "A old", "A fresh"]


def test_a_row_says_enough_to_choose(cast: Cast) -> None:
    account = customer(
        cast.rita,
        "Shop",
        rating="A",
        phone="555",
        category="Grocer",
        city="上海",
        district="静安区",
        address="南京西路1号",
    )
    transact(lambda: add_place(cast.rita, account.id, None, PlaceInput("Asia/Shanghai", address="Elsewhere"), NOW))
    transact(lambda: note_visit(account.id, TODAY, None))
    (row,) = list_accounts(cast.rita, AccountFilters(), 1, TODAY).rows
    assert (row.name, row.rating, row.category, row.owner, row.phone) == ("Shop", "A", "Grocer", "", "555")
    assert (row.address, row.last_visit_on) == ("上海静安区南京西路1号", TODAY)


def test_the_next_new_one_is_likely_where_the_last_one_was(cast: Cast) -> None:
    assert find_usual_place(cast.rita) is None
    customer(cast.rita, city="上海")
    customer(cast.ren, city="London")
    usual = find_usual_place(cast.rita)
    assert usual is not None and usual.city == "上海"


# --- Near ------------------------------------------------------------------------------------------------------------


def test_the_nearest_come_first_and_filters_hold(cast: Cast) -> None:
    for step, name in enumerate(("Here", "Near", "Far")):
        customer(
            cast.rita, name, at=Position(BUND.lat + step * 0.01, BUND.lon), rating="ABC"[step], address=f"{step} Road"
        )
    customer(cast.rita, "Nowhere", at=None)
    customer(cast.ren, "Ren's", at=BUND)
    customer(cast.otto, "Pool", at=Position(BUND.lat + 0.005, BUND.lon), pool=True)
    gone = customer(cast.rita, "Gone", at=BUND)
    transact(lambda: archive_account(cast.rita, gone.id, NOW))

    def near(actor: Actor, k: int = 10, radius: float | None = None, **filters: object) -> list[str]:
        wanted = AccountFilters(**filters)  # type: ignore[arg-type]
        return [each.name for each in nearest_accounts(actor, BUND, k, wanted, TODAY, max_radius_m=radius)]

    assert near(cast.rita) == ["Here", "Pool", "Near", "Far"]
    assert near(cast.rita, k=2) == ["Here", "Pool"]
    assert near(cast.rita, owner="me", rating="B") == ["Near"]
    assert near(cast.rita, radius=1200.0) == ["Here", "Pool", "Near"]
    assert near(cast.rita, q="far") == ["Far"]
    assert near(cast.ren) == ["Ren's", "Pool"]
    second = nearest_accounts(cast.rita, BUND, 3, AccountFilters(owner="me"), TODAY)[1]
    assert second.distance_m == pytest.approx(distance_m(BUND, Position(second.lat, second.lon)), abs=0.01)
    assert (second.address, second.rating) == ("1 Road", "B")
    assert get_place(cast.rita, second.place_id).account_id == second.id


def test_each_place_of_an_account_counts_but_none_put_away(cast: Cast) -> None:
    account = customer(cast.rita, "Chain")
    more = PlaceInput("Asia/Shanghai", position=Position(BUND.lat + 0.001, BUND.lon))
    place = transact(lambda: add_place(cast.rita, account.id, None, more, NOW))
    found = nearest_accounts(cast.rita, BUND, 5, AccountFilters(), TODAY)
    assert [each.id for each in found] == [account.id] * 2
    assert found[1].place_id == place.id
    transact(lambda: archive_place(cast.rita, place.id, NOW))
    assert len(nearest_accounts(cast.rita, BUND, 5, AccountFilters(), TODAY)) == 1


# --- Late ------------------------------------------------------------------------------------------------------------


def test_the_longest_due_come_first(cast: Cast) -> None:
    def visited(name: str, rating: str, days: int | None, agreed: int | None = None, **kwargs: bool) -> None:
        account = customer(cast.rita if not kwargs else cast.otto, name, rating=rating, **kwargs)  # type: ignore[arg-type]
        last = None if days is None else TODAY - timedelta(days=days)
        then = None if agreed is None else TODAY + timedelta(days=agreed)
        transact(lambda: note_visit(account.id, last, then))

    visited("A due today", "A", 14)
    visited("A 1 late", "A", 15)
    visited("B 10 late", "B", 40)
    visited("C in time", "C", 59)
    visited("A agreed for later", "A", 90, agreed=5)
    visited("C 3 late as agreed", "C", 5, agreed=-3)
    visited("Never", "A", None)
    visited("Never, agreed", "A", None, agreed=-20)
    visited("Pool", "A", 400, pool=True)
    late = list_overdue(cast.rita, TODAY, 10)
    assert [each.name for each in late] == ["Never, agreed", "B 10 late", "C 3 late as agreed", "A 1 late"]
    assert [(TODAY - each.due_on).days for each in late] == [20, 10, 3, 1]
    assert [each.name for each in list_overdue(cast.rita, TODAY, 2)] == ["Never, agreed", "B 10 late"]
    assert list_overdue(cast.ren, TODAY, 10) == []
    assert list_overdue(cast.mona, TODAY, 10, owner_id=cast.mona.id) == []
    assert len(list_overdue(cast.mona, TODAY, 10)) == 4
    assert get_place(cast.rita, late[0].place_id).account_id == late[0].id


# --- There already? --------------------------------------------------------------------------------------------------


def test_duplicates_are_told_with_their_reason(cast: Cast) -> None:
    shop = customer(cast.rita, "上海恒隆餐饮管理有限公司", phone="021-6288 0000", address="南京西路1266号")
    near = customer(
        cast.rita, "The Anchor", at=Position(BUND.lat + 0.001, BUND.lon), contact=ContactInput("A", "", "139 1111 2222")
    )

    def why(name: str = "", phone: str = "", at: Position | None = None) -> list[tuple[str, object]]:
        return [(each.reason, each.id) for each in duplicates(cast.rita, name, phone, at)]

    assert why("上海恒隆餐饮管理") == [(SAME_NAME, shop.id)]
    assert why("恒隆餐") == [(SIMILAR_NAME, shop.id)]
    assert why("上海恒龙餐饮管理") == [(SIMILAR_NAME, shop.id)]  # one character typed wrongly
    assert why(phone="+86 (21) 62880000") == [(SAME_PHONE, shop.id)]
    assert why(phone="+86 139 1111 2222") == [(SAME_PHONE, near.id)]
    assert why("Anchorage Inn", at=BUND) == [(NEARBY, near.id)]
    assert why("Anchorage Inn", at=TOWER_BRIDGE) == []
    assert why("Another thing", at=BUND) == why("上") == why("", "110") == []
    (found,) = duplicates(cast.rita, "The Anchor", "", BUND)
    assert found.owner == "Rita" and found.distance_m == pytest.approx(111, abs=1)
    assert duplicates(cast.rita, "The Anchor", "", None, besides=near.id) == []


def test_the_place_that_is_near_is_the_one_that_is_told(cast: Cast) -> None:
    account = customer(cast.rita, "Golden Dragon", at=TOWER_BRIDGE, address="1 Shad Thames")
    there = PlaceInput("Asia/Shanghai", city="上海", address="外滩1号", position=BUND)
    transact(lambda: add_place(cast.rita, account.id, None, there, NOW))
    (found,) = duplicates(cast.rita, "Golden Dragons", "", BUND)
    assert (found.address, found.distance_m) == ("上海外滩1号", 0.0)


def test_of_hidden_ones_only_a_masked_name_is_told(cast: Cast) -> None:
    customer(cast.ren, "Borough Kitchen Supply", phone="020 7946 0000", address="14 Shad Thames", at=TOWER_BRIDGE)
    (found,) = duplicates(cast.rita, "", "020 7946 0000", TOWER_BRIDGE)
    assert (found.id, found.name, found.owner, found.address, found.distance_m) == (None, "Boro…", "Ren", "", None)
    (found,) = duplicates(cast.otto, "", "020 7946 0000", TOWER_BRIDGE)
    assert found.name == "Borough Kitchen Supply" and found.id is not None


def test_places_keep_up_with_their_account(cast: Cast) -> None:
    account = customer(cast.rita, "Golden Dragon", at=BUND)
    second = transact(lambda: add_place(cast.rita, account.id, None, PlaceInput("Asia/Shanghai", position=BUND), NOW))

    def near(**filters: object) -> int:
        return len(nearest_accounts(cast.mona, BUND, 9, AccountFilters(**filters), TODAY))  # type: ignore[arg-type]

    assert near() == near(owner="", rating="C") == 2 and near(rating="A") == 0
    given = AccountInput("Golden Dragon", rating="A")
    transact(lambda: change_account(cast.rita, account.id, given, account.version, NOW))
    transact(lambda: assign_owner(cast.mona, account.id, cast.mona.id, None, NOW))
    assert near(rating="A") == near(owner="me") == near(rating="A", days=30) == 2 and near(rating="C") == 0
    transact(lambda: archive_place(cast.mona, second.id, NOW))
    assert near() == near(q="dragon") == 1
    transact(lambda: archive_account(cast.mona, account.id, NOW))
    assert near() == near(q="dragon") == 0 and near(archived=True) == 1
    transact(lambda: restore_account(cast.mona, account.id, NOW))
    assert near() == 1


def test_at_most_five_and_none_put_away(cast: Cast) -> None:
    for number in range(7):
        customer(cast.rita, f"Golden Dragon {number}")
    gone = customer(cast.rita, "Golden Dragon")
    transact(lambda: archive_account(cast.rita, gone.id, NOW))
    found = duplicates(cast.rita, "Golden Dragon", "", BUND)
    assert len(found) == MOST_DUPLICATES and gone.id not in {each.id for each in found}


def test_a_chain_is_one_duplicate(cast: Cast) -> None:
    account = customer(cast.rita, "Golden Dragon")
    for _ in range(2):
        transact(lambda: add_place(cast.rita, account.id, None, PlaceInput("Asia/Shanghai", position=BUND), NOW))
    assert [each.id for each in duplicates(cast.rita, "Golden Dragon", "", BUND)] == [account.id]
    db.session.rollback()

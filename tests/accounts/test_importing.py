"""What a row of a table makes of an account, and what it leaves alone."""

from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.accounts.actions import change_account, refresh, set_position
from app.accounts.models import Account, Contact, Note, Place
from app.accounts.queries import find_usual_place, get_main_place, list_accounts, list_notes
from app.accounts.rules import AccountFilters, AccountInput, ContactInput
from app.identity.models import Person
from app.infra.db import db, transact
from app.infra.journal import JournalEntry
from app.kernel.access import SYSTEM, Actor
from app.kernel.errors import ForbiddenError
from app.kernel.geo import Position, quadkey
from app.transfer.models import Imported, ImportRun
from tests.accounts.stage import BUND, customer
from tests.conftest import NOW, Cast
from tests.transfer.stage import bring, count, one, problems_of, stored, table

ALL = "id,name,name_en,category,class,country,region,city,district,address,postcode,phone,website,email,contact,hours"
FULL = (
    "7,外滩酒楼,Bund House,餐饮,A,CN,上海市,上海市,黄浦区,中山东一路1号,200002,021 6321 0000,bund.example,"
    "a@bund.example,王敏,Mon-Fri 9-18"
)


def edit(account_id: UUID, **values: object) -> None:
    """As people do it, in short."""
    transact(lambda: db.session.execute(update(Account).where(Account.id == account_id).values(**values)))


def version() -> tuple[int, int]:
    return one().version, one().place_version


def test_a_full_row_becomes_an_account_that_is_found_by_all_of_it(app: Flask) -> None:
    assert bring(table(f"{ALL},lat,lon,note", f"{FULL},31.2397,121.49,Back door")) == (1, 1, 0, 0, 0)
    row = one()
    assert (row.name, row.name_en, row.category, row.rating) == ("外滩酒楼", "Bund House", "餐饮", "A")
    assert (row.phone, row.website, row.email) == ("021 6321 0000", "bund.example", "a@bund.example")
    assert (row.language, row.owner_id, row.created_by, row.version) == ("zh_Hans", None, None, 1)
    assert (row.place_country, row.place_district, row.place_postcode) == ("CN", "黄浦区", "200002")
    assert (row.place_zone, row.place_hours) == ("Asia/Shanghai", "Mon-Fri 09:00-18:00")
    assert (row.place_certainty, row.place_lat, row.place_lon) == ("exact", 31.2397, 121.49)
    assert row.place_qk == quadkey(BUND)
    assert row.place_ux**2 + row.place_uy**2 + row.place_uz**2 == pytest.approx(1.0)
    assert db.session.scalars(select(Contact.name)).all() == ["王敏"]
    assert [(note.text, note.by) for note in list_notes(SYSTEM, row.id)] == [("Back door", None)]
    for part in ("滩酒", "bund h", "中山东一路", "0216321", "王敏"):
        assert list_accounts(SYSTEM, AccountFilters(q=part), 1, NOW.date()).rows, part


def test_the_derived_texts_are_those_that_people_s_changes_give(app: Flask) -> None:
    bring(table(ALL, FULL))
    bring(
        table(
            ALL,
            FULL.replace("外滩酒楼", "外滩饭店")
            .replace("黄浦区", "虹口区")
            .replace("王敏", "李雷")
            .replace("餐饮,A", "餐饮,B"),
        )
    )
    row = one()
    transact(lambda: refresh(db.session.get_one(Account, row.id)))
    again = one()
    assert (again.search.split(), again.identity) == (row.search.split(), row.identity)
    assert again.address == row.address == "上海市虹口区中山东一路1号"
    assert again.place_rating == row.place_rating == row.rating == "B"


@pytest.mark.parametrize(
    ("cells", "certainty", "lat"),
    [
        ("31.2,121.4,,,", "exact", 31.2),
        (",,31.5,121.5,district", "approximate", 31.5),
        ("91,121.4,,,", "none", None),
        ("0,0,,,", "none", None),
        ("131.2,121.4,31.5,121.5,", "approximate", 31.5),
        (",,,,", "none", None),
    ],
)
def test_positions_are_exact_approximate_or_none(app: Flask, cells: str, certainty: str, lat: float | None) -> None:
    assert bring(table("name,lat,lon,approx_lat,approx_lon,approx_level", f"A,{cells}")) == (1, 1, 0, 0, 0)
    assert (one().place_certainty, one().place_lat) == (certainty, lat)


@pytest.mark.parametrize(
    ("country", "language"), [("CN", "zh_Hans"), ("TW", "zh_Hant"), ("HK", "zh_Hant"), ("GB", "en"), ("", "en")]
)
def test_documents_are_in_the_language_of_the_country(app: Flask, country: str, language: str) -> None:
    bring(table("name,country", f"A,{country}"))
    assert one().language == language


def test_without_a_company_the_zone_is_utc_and_with_one_it_is_the_company_s(app: Flask, cast: Cast) -> None:
    bring(table("name", "A"))
    assert (one().place_zone, one().rating) == ("Asia/Shanghai", "C")


def test_the_zone_of_nowhere_is_utc(app: Flask) -> None:
    bring(table("name", "A"))
    assert one().place_zone == "UTC"


# --- Again ----------------------------------------------------------------------------------------


def test_what_people_changed_survives_the_same_file(app: Flask, cast: Cast) -> None:
    bring(table("id,name,phone", "1,A,111", "2,B,222"))
    first = stored()[0]
    given = AccountInput("A by hand", phone="999")
    transact(lambda: change_account(cast.otto, first.id, given, 1, NOW))
    assert bring(table("id,name,phone", "1,A,111", "2,B,222")) == (2, 0, 0, 2, 0)
    assert [(row.name, row.phone) for row in stored()] == [("A by hand", "999"), ("B", "222")]


def test_an_edited_file_changes_only_what_changed_in_it(app: Flask) -> None:
    bring(table("id,name,phone,city", "1,A,111,Leeds", "2,B,222,Leeds"))
    edit(stored()[1].id, phone="999")
    assert bring(table("id,name,phone,city", "1,A,112,Leeds", "2,B,222,Leeds")) == (2, 0, 1, 1, 0)
    a, b = stored()
    assert (a.phone, a.version, a.place_version) == ("112", 2, 1)
    assert (b.phone, b.version) == ("999", 1)
    assert "112" in a.search
    events = db.session.scalars(select(JournalEntry.event).where(JournalEntry.subject_id == a.id)).all()
    assert events == ["AccountChanged"]


def test_blank_cells_and_missing_columns_erase_nothing(app: Flask) -> None:
    bring(table(f"{ALL},lat,lon,note", f"{FULL},31.2,121.4,Ring twice"))
    before = one()
    assert bring(table("id,name,phone,address,lat,lon,class,note", "7,外滩饭店,,,,,,")) == (1, 0, 1, 0, 0)
    after = one()
    assert (after.name, after.version) == ("外滩饭店", 2)
    unchanged = set(before._mapping) - {"name", "search", "identity", "version"}
    assert {name: after._mapping[name] for name in unchanged} == {name: before._mapping[name] for name in unchanged}
    assert count(Note) == 1


def test_a_changed_row_that_is_stored_already_changes_nothing(app: Flask) -> None:
    bring(table("id,name,phone", "1,A,111"))
    edit(one().id, phone="112")
    assert bring(table("id,name,phone", "1,A,112")) == (1, 0, 0, 1, 0)
    edit(one().id, phone="113")
    assert bring(table("id,name,phone", "1,A,112")) == (1, 0, 0, 1, 0)
    assert one().phone == "113"


def test_a_move_brings_position_zone_and_search_along(app: Flask) -> None:
    bring(table("id,name,country,address,lat,lon", "1,A,CN,1 Road,31.2,121.4"))
    bring(table("id,name,country,address,lat,lon", "1,A,TW,2 Road,25.03,121.56"))
    row = one()
    assert (row.place_address, row.place_lat, row.place_zone) == ("2 Road", 25.03, "Asia/Taipei")
    assert row.place_qk == quadkey(Position(25.03, 121.56))
    assert version() == (2, 2)
    assert "2road" in row.search and "1road" not in row.search


def test_the_middle_of_a_district_never_replaces_what_was_found_at_the_door(app: Flask, cast: Cast) -> None:
    rough = "name,address,approx_lat,approx_lon,approx_level"
    bring(table(rough, "A,1 Road,31.5,121.5,district"))
    place = get_main_place(cast.otto, one().id)
    transact(lambda: set_position(cast.otto, place.id, BUND, "exact", NOW))
    assert bring(table(rough, "A,1 Road,31.6,121.6,district")) == (1, 0, 0, 1, 0)
    assert (one().place_lat, one().place_certainty) == (BUND.lat, "exact")


def test_new_contacts_and_notes_are_added_once(app: Flask) -> None:
    headings = "id,name,contact,note"
    bring(table(headings, "1,A,Ann,Ring twice"))
    assert bring(table(headings, "1,A,Ben,Ring thrice")) == (1, 0, 1, 0, 0)
    assert bring(table(headings, "1,A,ANN,Ring twice")) == (1, 0, 0, 1, 0)
    assert set(db.session.scalars(select(Contact.name))) == {"Ann", "Ben"}
    assert set(db.session.scalars(select(Note.text))) == {"Ring twice", "Ring thrice"}
    assert "ben" in one().search.split()


# --- Who is who -----------------------------------------------------------------------------------


def test_ids_count_within_their_source(app: Flask) -> None:
    bring(table("id,name,address", "1,A,1 Road"), "north.csv")
    assert bring(table("id,name,address", "1,B,2 Road"), "south.csv") == (1, 1, 0, 0, 0)
    assert bring(table("id,name,address", "1,A new,3 Road"), "north.csv") == (1, 0, 1, 0, 0)
    assert [row.name for row in stored()] == ["A new", "B"]


def test_two_ids_at_one_address_are_two_customers(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    content = table("id,name,address", "1,A,1 Road", "2,A,1 Road", "3,A,1 Road")
    for batch in (1000, 1):
        monkeypatch.setattr("app.transfer.jobs.BATCH", batch)
        assert bring(content, f"{batch}.csv") == ((3, 3, 0, 0, 0) if batch == 1000 else (3, 0, 0, 3, 0))
    assert bring(table("id,name,address", "4,A,1 Road"), "1.csv") == (1, 1, 0, 0, 0)


def test_without_an_id_name_and_address_say_who_it_is(app: Flask) -> None:
    assert bring(table("name,address,phone", "Café A,1 Road,1", "A,2 Road,1", "CAFÉ  A,1 Road.,1")) == (3, 2, 1, 0, 0)
    assert bring(table("name,address,phone", "café a,1 road,2")) == (1, 0, 1, 0, 0)
    assert len(stored()) == 2


def test_names_of_signs_alone_are_told_apart(app: Flask) -> None:
    assert bring(table("name", "!!!", "???", "!!!")) == (3, 2, 0, 1, 0)


@pytest.mark.parametrize("mine", ["shops.csv", "other.csv"])
def test_ids_may_come_later_and_go_again(app: Flask, mine: str) -> None:
    bring(table("name,address", "A,1 Road", "B,2 Road"))
    assert bring(table("id,name,address", "1,A,1 Road", "2,B,2 Road"), mine) == (2, 0, 0, 2, 0)
    assert bring(table("name,address", "A,1 Road", "B,2 Road"), mine) == (2, 0, 0, 2, 0)
    assert count(Account) == 2


def test_a_row_without_an_id_is_the_one_with_an_id_that_looks_the_same(app: Flask) -> None:
    content = table("id,name,address,phone", ",A,1 Road,1", "1,A,1 Road,2", ",A,1 Road,3")
    assert bring(content) == (3, 1, 2, 0, 0)
    assert bring(content) == (3, 0, 0, 3, 0)
    assert one().phone == "3"


def test_an_account_made_by_hand_is_taken_for_the_row_that_looks_like_it(app: Flask, cast: Cast) -> None:
    account = customer(cast.rita, "臺北酒樓", address="1 Road", phone="1", at=None)
    content = table("id,name,address,phone", "7,台北酒楼,1 road,2", "8,B,,")
    assert bring(content) == (2, 1, 1, 0, 0)
    row = next(each for each in stored() if each.id == account.id)
    assert (row.name, row.phone, row.owner_id, row.created_by) == ("台北酒楼", "2", cast.rita.id, cast.rita.id)
    edit(account.id, phone="3")
    assert bring(content) == (2, 0, 0, 2, 0)


def test_accounts_put_away_are_not_adopted(app: Flask, cast: Cast) -> None:
    account = customer(cast.rita, "A", address="1 Road")
    edit(account.id, archived_at=NOW)
    assert bring(table("name,address", "A,1 Road")) == (1, 1, 0, 0, 0)


def test_a_name_alone_is_no_place(app: Flask) -> None:
    headings = "id,name,lat,lon"
    bring(table(headings, "1,Starbucks,38.90,-77.03", "2,Starbucks,38.92,-77.05"), "a.csv")
    here = table(headings, "x,Starbucks,38.9201,-77.05", "y,Starbucks,40.7,-74.0", "z,Starbucks,38.90,-77.03")
    assert bring(here, "b.csv") == (3, 1, 1, 1, 0)
    assert sorted(row.place_lat for row in stored()) == [38.90, 38.9201, 40.7]


# --- Who may, and whose it becomes ----------------------------------------------------------------


def test_an_owner_is_taken_by_address_and_an_unknown_one_is_told(app: Flask, cast: Cast) -> None:
    content = table("id,name,owner_email", "1,A,Rita@Harbour.example", "2,B,nobody@x.example", "3,C,")
    assert bring(content, actor=cast.otto) == (3, 3, 0, 0, 0)
    owners = [(row.owner_id, row.place_owner_id) for row in stored()]
    assert owners == [(cast.rita.id, cast.rita.id), (None, None), (None, None)]
    run = db.session.scalars(select(ImportRun)).one()
    assert [(p[0], p[2]) for p in problems_of(run.id)] == [
        (3, "Nobody who works here has this address: nobody@x.example")
    ]


def test_an_owner_who_comes_later_gets_his_accounts_by_the_same_file(app: Flask, cast: Cast) -> None:
    content = table("id,name,owner_email", "1,A,late@harbour.example")
    bring(content)

    def join() -> None:
        row = db.session.get_one(Person, cast.ren.id)
        row.email = "late@harbour.example"

    transact(join)
    assert bring(content) == (1, 0, 1, 0, 0)
    assert (one().owner_id, one().place_owner_id) == (cast.ren.id, cast.ren.id)
    told = select(JournalEntry.event).where(JournalEntry.subject_id == one().id).order_by(JournalEntry.id)
    events = db.session.scalars(told).all()
    assert sorted(events) == ["AccountAssigned", "AccountChanged"]

    def leave() -> None:
        db.session.get_one(Person, cast.ren.id).deactivated_at = NOW

    transact(leave)
    assert bring(content) == (1, 0, 0, 1, 0)
    assert one().owner_id == cast.ren.id


def test_only_who_may_import_does(app: Flask, cast: Cast) -> None:
    actors: list[Actor] = [cast.rita, cast.mona]
    for actor in actors:
        with pytest.raises(ForbiddenError):
            bring(table("name", "A"), actor=actor)
    assert count(Imported) == 0


def test_an_import_says_nothing_about_where_somebody_works(app: Flask, cast: Cast) -> None:
    bring(table("name,city", "A,Leeds"), actor=cast.otto)
    assert find_usual_place(cast.otto) is None


def test_an_account_with_more_than_one_place_and_contact_keeps_them(app: Flask, cast: Cast) -> None:
    account = customer(cast.rita, "A", address="1 Road", contact=ContactInput("Ann", phone="5550001"))
    bring(table("name,address,phone", "A,1 Road,5550002"))
    row = one()
    assert row.id == account.id
    for part in ("5550001", "5550002", "ann"):
        assert part in row.search.split()
    assert db.session.scalars(select(Place.id)).all() == [get_main_place(cast.rita, account.id).id]

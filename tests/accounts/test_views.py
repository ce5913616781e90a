"""The pages of customers: each works, and says no where it must."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.accounts.actions import add_contact
from app.accounts.models import Account, Contact, Note, Place
from app.accounts.queries import get_account, get_main_place, list_contacts, list_places
from app.accounts.rules import ContactInput
from app.identity.models import Person
from app.infra.db import db, transact
from app.kernel.access import Actor
from app.kernel.ids import new_id
from tests.accounts.stage import BUND, TOWER_BRIDGE, customer
from tests.conftest import NOW, Browser, Cast

Open = Callable[[Actor | None], Browser]
PLACE = {"zone": "Asia/Shanghai", "radius": "150", "address": "中山东一路1号", "country": "中国"}
ACCOUNT = {"name": "Changed", "rating": "B", "language": "en"}


def count(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


# --- The list --------------------------------------------------------------------------------------------------------


def test_the_list_shows_own_customers_and_the_pool(cast: Cast, browser: Open) -> None:
    customer(cast.rita, "上海恒隆餐饮", phone="021-6288 0000", city="上海", district="静安区", address="南京西路1266号")
    customer(cast.ren, "Ren's Pub", zone="Europe/London", at=TOWER_BRIDGE)
    customer(cast.otto, "Nobody's Shop", pool=True)
    text = browser(cast.rita).get("/accounts").text
    assert "上海恒隆餐饮" in text and "Nobody&#39;s Shop" in text and "Ren&#39;s Pub" not in text
    assert "上海静安区南京西路1266号" in text
    assert 'href="tel:02162880000"' in text
    assert "Ren&#39;s Pub" not in browser(cast.mona).get("/accounts").text
    assert "上海恒隆餐饮" in browser(cast.mona).get("/accounts").text
    assert "Ren&#39;s Pub" in browser(cast.otto).get("/accounts").text


def test_whose_customer_it_is_stands_there_where_it_is_not_one_s_own(cast: Cast, browser: Open) -> None:
    def one_name() -> None:
        db.session.get_one(Person, cast.rita.id).name = "Mona"

    transact(one_name)
    customer(cast.rita, "Hers", category="Bar")
    customer(cast.mona, "Mine", category="Pub")
    customer(cast.otto, "Nobody's", pool=True)
    text = browser(cast.mona).get("/accounts").text
    for told in (
        "<p>Mona · Bar · Never visited</p>",
        "<p>Pub · Never visited</p>",
        "<p>Public pool · Never visited</p>",
    ):
        assert told in text, told


def test_search_as_you_type_gets_the_list_alone(cast: Cast, browser: Open) -> None:
    customer(cast.rita, "上海恒隆餐饮")
    customer(cast.rita, "Harbour")
    part = browser(cast.rita).fragment("/accounts?q=恒隆").text
    assert part.lstrip().startswith('<section id="account_list"')
    assert "上海恒隆餐饮" in part and "Harbour" not in part


def test_an_empty_list_says_why(cast: Cast, browser: Open) -> None:
    page = browser(cast.rita).get("/accounts").text
    assert "No customers yet" in page and 'href="/accounts/new"' in page
    page = browser(cast.rita).get("/accounts?q=nothing&rating=A").text
    assert "No customer fits" in page and 'href="/accounts"' in page


def test_filters_stand_in_addresses_and_can_be_taken_away(cast: Cast, browser: Open) -> None:
    customer(cast.rita, "Alpha", rating="A")
    customer(cast.rita, "Gamma")
    page = browser(cast.rita).get("/accounts?rating=A&q=a").text
    assert "Alpha" in page and "Gamma" not in page
    assert 'href="/accounts?q=a" aria-current="true">A<' in page
    assert 'href="/accounts?q=a&amp;owner=me&amp;rating=A"' in page
    assert '<input type="hidden" name="rating" value="A">' in page


@pytest.mark.parametrize(
    "nonsense", ["page=-1", "page=x", "days=abc", "days=99999", "owner=zzz", "sort=zzz", "q=%00%FF", "rating=Z"]
)
def test_nonsense_in_an_address_is_no_error(cast: Cast, browser: Open, nonsense: str) -> None:
    customer(cast.rita)
    assert browser(cast.rita).get(f"/accounts?{nonsense}").status_code == 200


def test_long_lists_have_pages(cast: Cast, browser: Open) -> None:
    for number in range(52):
        customer(cast.rita, f"Shop {number:02}")
    first, second = (browser(cast.rita).get(f"/accounts?q=shop&page={page}").text for page in (1, 2))
    assert "Shop 49" in first and "Shop 50" not in first and 'href="?q=shop&amp;page=2"' in first
    assert "Shop 50" in second and "Shop 51" in second and "Shop 00" not in second


# --- A new one -------------------------------------------------------------------------------------------------------


def test_a_customer_is_added_with_little(cast: Cast, browser: Open) -> None:
    rita = browser(cast.rita)
    form = rita.get("/accounts/new").text
    assert 'value="China"' in form and 'name="owner_id"' not in form
    answer = rita.post(
        "/accounts", name="静安茶行", phone="13800001111", rating="B", lat="31.2397", lon="121.49", accuracy_m="12",
        country="China", contact="王芳",
    )  # fmt: skip
    assert answer.status_code == 303
    account = get_account(cast.rita, UUID(answer.location[-36:]))
    place = get_main_place(cast.rita, account.id)
    assert (account.name, account.rating, account.owner_id, account.language) == ("静安茶行", "B", cast.rita.id, "en")
    assert (place.lat, place.certainty, place.zone, place.country) == (31.2397, "exact", "Asia/Shanghai", "CN")
    assert [row.name for row in list_contacts(cast.rita, account.id)] == ["王芳"]
    assert "静安茶行 is added." in rita.get(answer.location).text
    assert 'value="China"' in rita.get("/accounts/new").text


def test_the_zone_is_that_of_the_country(cast: Cast, browser: Open) -> None:
    answer = browser(cast.rita).post("/accounts", name="Borough Kitchen", rating="C", country="United Kingdom")
    place = get_main_place(cast.rita, UUID(answer.location[-36:]))
    assert (place.country, place.zone, place.certainty) == ("GB", "Europe/London", "none")


def test_a_rough_fix_makes_a_rough_place(cast: Cast, browser: Open) -> None:
    answer = browser(cast.rita).post("/accounts", name="Somewhere", rating="C", lat="31", lon="121", accuracy_m="1500")
    assert get_main_place(cast.rita, UUID(answer.location[-36:])).certainty == "approximate"


def test_the_same_post_twice_makes_one_customer(cast: Cast, browser: Open) -> None:
    once = new_id()
    answers = [browser(cast.rita).post("/accounts", once=once, name="Twice", rating="C") for _ in range(2)]
    assert answers[0].location == answers[1].location
    assert count(Account) == count(Place) == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "x" * 300}, "That is too long"),
        ({"lat": "91", "lon": "0"}, "There is no such position on earth."),
        ({"lat": "nan", "lon": "0"}, "There is no such position on earth."),
        ({"lat": "31"}, "A position needs latitude and longitude."),
        ({"country": "Atlantis"}, "Write a country like"),
        ({"rating": "Z"}, "Not a valid choice."),
        ({"contact": "y" * 500}, "That is too long"),
    ],
)
def test_a_wrong_customer_is_refused_and_nothing_typed_is_lost(
    cast: Cast, browser: Open, wrong: dict[str, str], said: str
) -> None:
    answer = browser(cast.rita).post("/accounts", **{"name": "Kept Name", "phone": "555 0100", "rating": "A", **wrong})
    assert answer.status_code == 422
    assert said in answer.text and 'value="555 0100"' in answer.text
    assert count(Account) == 0


def test_a_likely_duplicate_is_asked_about_once(cast: Cast, browser: Open) -> None:
    customer(cast.ren, "Borough Kitchen Supply Ltd", phone="020 7946 0000", zone="Europe/London", at=TOWER_BRIDGE)
    mine = customer(cast.rita, "Borough Kitchen")
    rita = browser(cast.rita)
    part = rita.get("/accounts/duplicates?name=borough+kit&phone=").text
    assert part.lstrip().startswith('<div id="duplicates"')
    assert f'href="/accounts/{mine.id}"' in part
    assert "Boro…" in part and "Supply" not in part and "Ren" in part and "TW" not in part
    given = {"name": "Borough kitchen", "rating": "C"}
    answer = rita.post("/accounts", **given)
    assert (
        answer.status_code == 422 and "Is it one of these?" in answer.text and 'name="warned" value="1"' in answer.text
    )
    assert rita.post("/accounts", warned="1", **given).status_code == 303


@pytest.mark.parametrize(
    "nonsense", ["", "name=x", "lat=x&lon=1", "lat=99&lon=1&name=abcd", "name=" + "%E4%B8%8A" * 900]
)
def test_the_duplicate_warning_bears_everything(cast: Cast, browser: Open, nonsense: str) -> None:
    customer(cast.rita, "Borough Kitchen")
    answer = browser(cast.rita).get(f"/accounts/duplicates?{nonsense}")
    assert answer.status_code == 200 and "Borough" not in answer.text


def test_whoever_assigns_chooses_the_owner(cast: Cast, browser: Open) -> None:
    mona, otto = browser(cast.mona), browser(cast.otto)
    assert 'name="owner_id"' in mona.get("/accounts/new").text
    answer = mona.post("/accounts", name="For Rita", rating="C", owner_id=str(cast.rita.id))
    assert get_account(cast.rita, UUID(answer.location[-36:])).owner_id == cast.rita.id
    assert mona.post("/accounts", name="For Ren", rating="C", owner_id=str(cast.ren.id)).status_code == 422
    answer = otto.post("/accounts", name="For nobody", rating="C", owner_id="none")
    assert get_account(cast.otto, UUID(answer.location[-36:])).owner_id is None


# --- One of them -----------------------------------------------------------------------------------------------------


def test_one_customer_with_all_that_belongs_to_it(cast: Cast, browser: Open) -> None:
    account = customer(
        cast.rita, "Borough Kitchen", phone="+44 20 7946 0000", email="hi@borough.example", website="borough.example",
        zone="Europe/London", at=TOWER_BRIDGE, address="14 Shad Thames", city="London", hours="Mon-Sun 00:00-24:00",
        contact=ContactInput("Ann Lee", "Buyer", "020 7946 0001"),
    )  # fmt: skip
    text = browser(cast.rita).get(f"/accounts/{account.id}").text
    for part in (
        'href="tel:+442079460000"', 'href="sms:+442079460000"', 'href="mailto:hi@borough.example"',
        'href="https://borough.example"', "14 Shad Thames, London", "Ann Lee", 'href="tel:02079460001"', "Open now",
        "local time of London", "daddr=51.505500,-0.075400", "destination=51.505500,-0.075400",
        "to=-0.075400,51.505500,Borough+Kitchen", "coordinate=wgs84", f'href="/accounts/{account.id}/check-in"',
        "data-map",
    ):  # fmt: skip
        assert part in text, part
    assert "style=" not in text  # the content policy forbids it


def test_in_mainland_china_the_links_are_shifted(cast: Cast, browser: Open) -> None:
    account = customer(cast.rita, "外滩茶行", at=BUND)
    text = browser(cast.rita).get(f"/accounts/{account.id}").text
    assert "coordinate=gaode" in text and "31.239700" not in text
    assert re.search(r"destination=31\.23[78]\d+,121\.494\d+", text)


def test_a_hidden_customer_is_not_there(cast: Cast, browser: Open) -> None:
    account = customer(cast.ren, "Ren's", contact=ContactInput("Ann"))
    place = get_main_place(cast.ren, account.id)
    contact = list_contacts(cast.ren, account.id)[0]
    rita = browser(cast.rita)
    for path in (
        f"/accounts/{account.id}", f"/accounts/{account.id}/edit", f"/accounts/{account.id}/contacts/new",
        f"/accounts/{account.id}/places/new", f"/places/{place.id}/edit", f"/contacts/{contact.id}/edit",
        f"/accounts/{new_id()}",
    ):  # fmt: skip
        assert rita.get(path).status_code == 404, path
    for path, given in _posts(account.id, place.id, contact.id):
        assert rita.post(path, **given).status_code == 404, path
    db.session.expire_all()
    assert get_account(cast.ren, account.id).version == 1
    assert count(Note) == 0 and count(Contact) == count(Place) == 1


def _posts(account: UUID, place: UUID, contact: UUID) -> list[tuple[str, dict[str, str]]]:
    return [
        (f"/accounts/{account}", ACCOUNT),
        (f"/accounts/{account}/owner", {"owner_id": "none"}),
        (f"/accounts/{account}/archive", {}),
        (f"/accounts/{account}/restore", {}),
        (f"/accounts/{account}/notes", {"text": "Hello"}),
        (f"/accounts/{account}/places", PLACE),
        (f"/accounts/{account}/contacts", {"name": "New"}),
        (f"/places/{place}", PLACE),
        (f"/places/{place}/archive", {}),
        (f"/contacts/{contact}", {"name": "New"}),
        (f"/contacts/{contact}/archive", {}),
    ]


def test_signed_out_one_is_asked_to_sign_in(cast: Cast, browser: Open) -> None:
    account = customer(cast.rita)
    nobody = browser(None)
    for path in ("/accounts", "/accounts/new", f"/accounts/{account.id}", f"/accounts/{account.id}/edit"):
        assert nobody.get(path).location.startswith("/sign-in"), path
    for path, given in [("/accounts", ACCOUNT), *_posts(account.id, new_id(), new_id())]:
        assert nobody.post(path, **given).status_code == 401, path
    assert count(Account) == 1


def test_another_method_is_not_allowed(cast: Cast, browser: Open) -> None:
    account = customer(cast.rita)
    rita = browser(cast.rita)
    for path in ("archive", "restore", "notes", "owner", "places", "contacts"):
        assert rita.get(f"/accounts/{account.id}/{path}").status_code == 405, path
    assert rita.post(f"/accounts/{account.id}/edit").status_code == 405


def test_a_rep_assigns_nobody(cast: Cast, browser: Open) -> None:
    account = customer(cast.rita)
    assert "Give to this person" not in browser(cast.rita).get(f"/accounts/{account.id}").text
    assert browser(cast.rita).post(f"/accounts/{account.id}/owner", owner_id=str(cast.mona.id)).status_code == 404


def test_a_manager_assigns_within_the_team(cast: Cast, browser: Open) -> None:
    account = customer(cast.mona)
    mona = browser(cast.mona)
    assert "Give to this person" in mona.get(f"/accounts/{account.id}").text
    assert mona.post(f"/accounts/{account.id}/owner", owner_id=str(cast.ren.id), version="1").status_code == 422
    assert mona.post(f"/accounts/{account.id}/owner", owner_id=str(cast.rita.id), version="1").status_code == 303
    stale = mona.post(f"/accounts/{account.id}/owner", owner_id="none", version="1")
    assert stale.status_code == 409 and "Public pool" in stale.text and "Rita" in stale.text
    db.session.expire_all()
    assert get_account(cast.rita, account.id).owner_id == cast.rita.id


def test_a_customer_is_edited(cast: Cast, browser: Open) -> None:
    account = customer(cast.rita, "Old", phone="555 0100")
    rita = browser(cast.rita)
    form = rita.get(f"/accounts/{account.id}/edit").text
    assert 'value="Old"' in form and 'name="version" value="1"' in form
    answer = rita.post(f"/accounts/{account.id}", version="1", **{**ACCOUNT, "name": "New", "website": "shop.example"})
    assert answer.status_code == 303
    page = rita.get(answer.location).text
    assert "New" in page and 'href="https://shop.example"' in page and "Saved." in page


def test_a_stale_edit_shows_both_values_and_saves_neither(cast: Cast, browser: Open) -> None:
    account = customer(cast.rita, "Old")
    rita = browser(cast.rita)
    rita.post(f"/accounts/{account.id}", version="1", **{**ACCOUNT, "name": "First"})
    answer = rita.post(f"/accounts/{account.id}", version="1", **{**ACCOUNT, "name": "Second"})
    assert answer.status_code == 409 and "First" in answer.text and "Second" in answer.text
    db.session.expire_all()
    assert get_account(cast.rita, account.id).name == "First"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": ""}, "This field is required."),
        ({"website": "javascript:alert(1)"}, "Write a web address"),
        ({"email": "nobody"}, "Invalid email address."),
        ({"language": "tlh"}, "Not a valid choice."),
    ],
)
def test_a_wrong_edit_keeps_what_was_typed(cast: Cast, browser: Open, wrong: dict[str, str], said: str) -> None:
    account = customer(cast.rita, "Old")
    answer = browser(cast.rita).post(
        f"/accounts/{account.id}", version="1", **{**ACCOUNT, "phone": "555 0177", **wrong}
    )
    assert answer.status_code == 422 and said in answer.text and 'value="555 0177"' in answer.text
    assert 'name="version" value="1"' in answer.text
    db.session.expire_all()
    assert get_account(cast.rita, account.id).name == "Old"


def test_put_away_and_brought_back(cast: Cast, browser: Open) -> None:
    account = customer(cast.rita, "Seldom")
    rita = browser(cast.rita)
    assert rita.post(f"/accounts/{account.id}/archive").location == "/accounts"
    assert "Seldom" not in rita.get("/accounts").text
    assert "Seldom" in rita.get("/accounts?archived=1").text
    page = rita.get(f"/accounts/{account.id}").text
    assert "This customer is archived" in page and "check-in" not in page
    rita.post(f"/accounts/{account.id}/restore")
    assert "Seldom" in rita.get("/accounts").text


def test_a_note_is_added_inline(cast: Cast, browser: Open) -> None:
    account = customer(cast.rita)
    rita, once = browser(cast.rita), new_id()
    for _ in range(2):
        answer = rita.post(f"/accounts/{account.id}/notes", once=once, text="<b>周三</b>下午")
        assert answer.status_code == 303
    page = rita.get(f"/accounts/{account.id}").text
    assert "&lt;b&gt;周三&lt;/b&gt;下午" in page and count(Note) == 1
    answer = rita.post(f"/accounts/{account.id}/notes", text="z" * 5000)
    assert answer.status_code == 422 and "That is too long" in answer.text and "z" * 5000 in answer.text


def test_contacts_by_form(cast: Cast, browser: Open) -> None:
    account = customer(cast.rita)
    rita, once = browser(cast.rita), new_id()
    for _ in range(2):
        assert rita.post(f"/accounts/{account.id}/contacts", once=once, name="Ann", phone="555").status_code == 303
    assert count(Contact) == 1
    answer = rita.post(f"/accounts/{account.id}/contacts", name="", title="Chef", email="x")
    assert answer.status_code == 422 and 'value="Chef"' in answer.text
    assert rita.get(f"/contacts/{once}/edit").text.count('value="Ann"') == 1
    assert rita.post(f"/contacts/{once}", name="Anna", version="1").status_code == 303
    stale = rita.post(f"/contacts/{once}", name="Annie", version="1")
    assert stale.status_code == 409 and "Annie" in stale.text and "Anna" in stale.text
    assert rita.post(f"/contacts/{once}", name="Annie", email="no", version="2").status_code == 422
    assert rita.post(f"/contacts/{once}/archive").status_code == 303
    assert list(list_contacts(cast.rita, account.id)) == []


def test_places_by_form(cast: Cast, browser: Open) -> None:
    account = customer(cast.rita, city="上海")
    rita, once = browser(cast.rita), new_id()
    assert 'value="上海"' in rita.get(f"/accounts/{account.id}/places/new").text
    for _ in range(2):
        answer = rita.post(f"/accounts/{account.id}/places", once=once, **PLACE, hours="周一至周五 9:00-18:00")
        assert answer.status_code == 303
    assert len(list_places(cast.rita, account.id)) == 2
    form = rita.get(f"/places/{once}/edit").text
    assert 'value="Mon-Fri 09:00-18:00"' in form and 'value="China"' in form
    assert rita.post(f"/places/{once}", version="1", **{**PLACE, "lat": "31.2", "lon": "121.4"}).status_code == 303
    db.session.expire_all()
    place = list_places(cast.rita, account.id)[1]
    assert (place.lat, place.certainty, place.hours) == (31.2, "exact", "")
    stale = rita.post(f"/places/{once}", version="1", **{**PLACE, "address": "Elsewhere"})
    assert stale.status_code == 409 and "Elsewhere" in stale.text and "中山东一路1号" in stale.text
    assert rita.post(f"/places/{once}/archive").status_code == 303
    only = get_main_place(cast.rita, account.id)
    assert rita.post(f"/places/{only.id}/archive").status_code == 422


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"hours": "whenever"}, "was not understood"),
        ({"zone": "CST"}, "Not a valid choice."),
        ({"radius": "3"}, "Number must be between 20 and 5000."),
        ({"radius": "many"}, "Not a valid integer value."),
        ({"lat": "-91", "lon": "4"}, "There is no such position on earth."),
        ({"country": "Atlantis"}, "Write a country like"),
    ],
)
def test_a_wrong_place_is_refused(cast: Cast, browser: Open, wrong: dict[str, str], said: str) -> None:
    account = customer(cast.rita)
    answer = browser(cast.rita).post(f"/accounts/{account.id}/places", **{**PLACE, "label": "Kept", **wrong})
    assert answer.status_code == 422 and said in answer.text and 'value="Kept"' in answer.text
    assert count(Place) == 1


def test_an_approximate_position_left_alone_stays_so(cast: Cast, browser: Open) -> None:
    account = customer(cast.rita)
    place = get_main_place(cast.rita, account.id)

    def rough() -> None:
        db.session.get_one(Place, place.id).certainty = "approximate"

    transact(rough)
    given = {**PLACE, "lat": str(place.lat), "lon": str(place.lon)}
    browser(cast.rita).post(f"/places/{place.id}", **given)
    db.session.expire_all()
    assert get_main_place(cast.rita, account.id).certainty == "approximate"
    browser(cast.rita).post(f"/places/{place.id}", **{**given, "lat": "31.24"})
    db.session.expire_all()
    assert get_main_place(cast.rita, account.id).certainty == "exact"


def test_a_point_for_the_map(cast: Cast, browser: Open) -> None:
    answer = browser(cast.rita).get("/maps/point?lat=51.5&lon=-0.07")
    assert answer.json == {"lat": 51.5, "lon": -0.07}
    for wrong in ("lat=99&lon=0", "lat=x&lon=0", "", "lat=nan&lon=0"):
        assert browser(cast.rita).get(f"/maps/point?{wrong}").status_code == 422


# --- Cost ------------------------------------------------------------------------------------------------------------


def test_a_page_costs_few_statements(cast: Cast, browser: Open, statements: list[str]) -> None:
    for number in range(12):
        customer(cast.rita, f"Shop {number}", contact=ContactInput("Ann"))
    account = customer(cast.rita, "Many", contact=ContactInput("Ann"))
    for number in range(8):
        transact(lambda number=number: add_contact(cast.rita, account.id, None, ContactInput(f"C{number}"), NOW))
    for actor, path, most in (
        (cast.rita, "/accounts", 2),  # who she is (else kept for half a minute), and the page
        (cast.mona, "/accounts?q=shop&days=30&sort=stale", 5),  # her team takes two more, the choice of colleagues one
        (cast.rita, "/accounts/duplicates?name=shop+1&phone=5550100&lat=31.2397&lon=121.49", 2),
    ):
        page = browser(actor)
        statements.clear()
        assert page.get(path).status_code == 200
        assert len(statements) <= most, statements

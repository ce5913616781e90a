"""People, teams, roles and the company, in the administrator's browser."""

import io
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from PIL import Image
from sqlalchemy import event, select

from app.identity.logo import as_logo
from app.identity.models import Company, Person, Team
from app.infra.db import db
from app.infra.files import read
from app.infra.journal import JournalEntry
from app.kernel.errors import InvalidError
from app.kernel.ids import new_id
from tests.conftest import PASSWORD, Browser, Cast

Open = Callable[[Any], Browser]
COMPANY: dict[str, Any] = {
    "name": "Harbour", "legal_name": "Harbour Trading", "address": "1 Quay Road\nLondon", "phone": "", "email": "",
    "tax_number": "", "bank": "", "zone": "Europe/London", "language": "zh_Hant", "currency": "TWD", "version": "1",
}  # fmt: skip


def new_person(cast: Cast, **other: Any) -> dict[str, Any]:
    return {
        "name": "Nina", "email": "Nina@Harbour.example", "phone": "", "role": "rep",
        "team_id": str(cast.teams["china"]), "language": "zh_Hans", "zone": "Asia/Shanghai", "discount_limit": "7.5",
        "password": "a first password", **other,
    }  # fmt: skip


def rita_now(cast: Cast, **other: Any) -> dict[str, Any]:
    return {
        "name": "Rita", "email": "rita@harbour.example", "phone": "", "role": "rep",
        "team_id": str(cast.teams["shanghai"]), "language": "en", "zone": "Asia/Shanghai", "discount_limit": "5",
        "version": "1", **other,
    }  # fmt: skip


def person(email: str) -> Person:
    found = db.session.scalar(select(Person).where(Person.email == email))
    assert found is not None
    return found


def company() -> Company:
    found = db.session.scalar(select(Company))
    assert found is not None
    return found


# --- People


def test_somebody_is_added_and_signs_in(browser: Open, cast: Cast) -> None:
    ada = browser(cast.ada)
    assert ada.get("/people/new").status_code == 200
    assert ada.post("/people", **new_person(cast)).headers["Location"] == "/people"
    nina = person("nina@harbour.example")
    assert (nina.role, nina.discount_limit, nina.language) == ("rep", 750, "zh_Hans")
    assert "Nina can sign in now" in ada.get("/people").text
    assert browser(None).post("/sign-in", email="nina@harbour.example", password="a first password").status_code == 303


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"email": "nonsense"},
        {"email": "rita@harbour.example"},
        {"email": "RITA@harbour.example "},
        {"role": "queen"},
        {"team_id": "x"},
        {"team_id": "00000000-0000-7000-8000-000000000000"},
        {"discount_limit": "101"},
        {"discount_limit": "a lot"},
        {"zone": "Nowhere"},
        {"language": "fr"},
        {"password": "short"},
        {"name": "x" * 5000},
    ],
)
def test_who_cannot_be_added_and_why(browser: Open, cast: Cast, wrong: dict[str, str]) -> None:
    response = browser(cast.ada).post("/people", **new_person(cast, **wrong))
    assert response.status_code == 422
    assert f'href="#{next(iter(wrong))}"' in response.text
    if "email" not in wrong:
        assert 'value="Nina@Harbour.example"' in response.text
    assert db.session.scalar(select(Person).where(Person.name == "Nina")) is None


def test_people_are_found_by_name_address_role_and_team(browser: Open, cast: Cast) -> None:
    ada = browser(cast.ada)

    def found(query: str) -> set[str]:
        return set(re.findall(r">([A-Z][a-z]+)</a><p>", ada.get(f"/people?{query}").text))

    assert found("") == {"Ada", "Mona", "Otto", "Ren", "Rita"}
    assert found("q=RIT") == {"Rita"}
    assert found("q=rita@harbour") == {"Rita"}
    assert found("q=%25") == found("q=_") == set()
    assert found("role=rep") == {"Ren", "Rita"}
    assert found(f"team={cast.teams['china']}") == {"Mona", "Rita"}  # and the teams below it
    assert found(f"team={cast.teams['china']}&role=rep") == {"Rita"}
    assert found("team=nonsense&role=&page=x") == {"Ada", "Mona", "Otto", "Ren", "Rita"}
    assert found("closed=1") == set()
    assert "Nobody fits" in ada.get("/people?q=zzz").text
    assert "<html" not in ada.fragment("/people?q=rita").text


def test_a_change_is_saved_and_an_old_version_shows_both_values(browser: Open, cast: Cast) -> None:
    ada, path = browser(cast.ada), f"/people/{cast.rita.id}"
    assert 'value="5"' in ada.get(path).text
    assert ada.post(path, **rita_now(cast, name="Rita Renamed", discount_limit="12.5")).status_code == 303
    assert (person("rita@harbour.example").name, person("rita@harbour.example").discount_limit) == (
        "Rita Renamed",
        1250,
    )
    response = ada.post(path, **rita_now(cast, name="Somebody else"))
    assert response.status_code == 409
    assert "Somebody else" in response.text
    assert "Rita Renamed" in response.text
    assert f'href="{path}"' in response.text  # to open it again
    assert person("rita@harbour.example").name == "Rita Renamed"


def test_nobody_changes_their_own_role_or_closes_their_own_sign_in(browser: Open, cast: Cast) -> None:
    ada, path = browser(cast.ada), f"/people/{cast.ada.id}"
    own = rita_now(
        cast,
        name="Ada",
        email="ada@harbour.example",
        role="rep",
        team_id=str(cast.teams["sales"]),
        discount_limit="100",
    )
    assert ada.post(path, **own).status_code == 422
    assert ada.post(f"{path}/close").status_code == 422
    assert (person("ada@harbour.example").role, person("ada@harbour.example").deactivated_at) == ("admin", None)
    assert "/close" not in ada.get(path).text
    assert ada.post(path, **{**own, "role": "admin", "name": "Ada A."}).status_code == 303
    assert ada.get(path).status_code == 200  # still signed in


def test_a_password_is_reset(browser: Open, cast: Cast) -> None:
    ada, path = browser(cast.ada), f"/people/{cast.rita.id}/password"
    refused = ada.post(path, password="short")
    assert refused.status_code == 422
    assert "Use at least 10 characters." in refused.text
    assert ada.post(path, password="given by Ada today").status_code == 303
    assert browser(None).post("/sign-in", email="rita@harbour.example", password=PASSWORD).status_code == 422
    signed_in = browser(None).post("/sign-in", email="rita@harbour.example", password="given by Ada today")
    assert signed_in.status_code == 303
    facts = db.session.scalars(select(JournalEntry.facts).where(JournalEntry.event == "PasswordChanged")).all()
    assert facts == [{"by_administrator": True}]  # and not the password


def test_a_sign_in_is_closed_and_opened_again(browser: Open, cast: Cast) -> None:
    ada, rita, path = browser(cast.ada), browser(cast.rita), f"/people/{cast.rita.id}"
    assert rita.get("/settings").status_code == 200
    assert ada.post(f"{path}/close").status_code == 303
    assert rita.get("/settings").status_code == 302
    assert "The sign-in is closed." in ada.get(path).text
    assert "Rita" in ada.get("/people?closed=1").text
    assert "Rita" not in ada.get("/people").text
    assert ada.post(f"{path}/reopen").status_code == 303
    assert person("rita@harbour.example").deactivated_at is None


def test_the_same_post_again_adds_one_person(browser: Open, cast: Cast) -> None:
    ada, key = browser(cast.ada), new_id()
    for _ in range(2):
        assert ada.post("/people", once=key, **new_person(cast)).status_code == 303
    assert len(db.session.scalars(select(Person).where(Person.name == "Nina")).all()) == 1


# --- Teams


def test_teams_are_shown_as_a_tree(browser: Open, cast: Cast) -> None:
    text = browser(cast.ada).get("/teams").text
    text = re.sub(r'<a class="soft".*?</a>', "", text[text.index('class="tree') :])
    tree = re.sub(r"\s|<a [^>]*>|</a>", "", text)
    assert tree.index("Sales") < tree.index("Britain") < tree.index("China") < tree.index("Shanghai")
    assert "<li>China<ul><li>Shanghai</li></ul></li>" in tree


def test_a_team_is_made_moved_and_never_stands_below_itself(browser: Open, cast: Cast) -> None:
    ada = browser(cast.ada)
    sales, china, shanghai = (str(cast.teams[name]) for name in ("sales", "china", "shanghai"))
    made = ada.post("/teams", name="Taiwan", parent_id=sales, zone="Asia/Taipei")
    assert made.headers["Location"] == "/teams"
    taiwan = db.session.scalar(select(Team).where(Team.name == "Taiwan"))
    assert taiwan is not None
    assert (str(taiwan.parent_id), taiwan.zone) == (sales, "Asia/Taipei")
    choices = ada.get(f"/teams/{china}").text
    assert f'value="{sales}"' in choices
    assert f'value="{china}"' not in choices
    assert f'value="{shanghai}"' not in choices
    for parent in (china, shanghai):
        refused = ada.post(f"/teams/{china}", name="China", parent_id=parent, zone="Asia/Shanghai", version="1")
        assert refused.status_code == 422
        assert "A team cannot stand below itself." in refused.text
    assert ada.post(f"/teams/{china}", name="China", parent_id="", zone="Asia/Shanghai", version="1").status_code == 303
    stale = ada.post(f"/teams/{china}", name="Middle", parent_id="", zone="Asia/Shanghai", version="1")
    assert stale.status_code == 409
    for wrong in ({"name": ""}, {"zone": "Nowhere"}, {"parent_id": str(new_id())}, {"parent_id": "x"}):
        given = {"name": "T", "parent_id": "", "zone": "Asia/Taipei", **wrong}
        assert ada.post("/teams", **given).status_code == 422, wrong


def test_what_a_manager_sees_follows_the_tree_at_once(browser: Open, cast: Cast) -> None:
    from app.identity.queries import actor_of

    ren = person("ren@harbour.example").id
    assert ren not in actor_of(person("mona@harbour.example")).people
    britain, china = cast.teams["britain"], str(cast.teams["china"])
    browser(cast.ada).post(f"/teams/{britain}", name="Britain", parent_id=china, zone="Europe/London", version="1")
    assert ren in actor_of(person("mona@harbour.example")).people


def test_roles_are_described_in_words(browser: Open, cast: Cast) -> None:
    text = browser(cast.ada).get("/roles").text
    for words in ("Sales rep", "Back office", "Check orders, and cancel anybody&#39;s", "Sees everything", "2 people"):
        assert words in text
    assert "sales:confirm" not in text


# --- The company


def test_the_company_is_changed_and_an_old_version_is_refused(browser: Open, cast: Cast) -> None:
    ada = browser(cast.ada)
    assert ada.post("/company", **COMPANY).status_code == 303
    assert (company().currency, company().address, company().version) == ("TWD", "1 Quay Road\nLondon", 2)
    assert ada.post("/company", **COMPANY).status_code == 409
    assert company().version == 2
    put_logo(ada, picture("PNG"))
    assert ada.post("/company", **{**COMPANY, "version": "2"}).status_code == 303, "the logo is no field of this form"


def test_how_long_exact_positions_are_kept_is_said_by_the_administrator(browser: Open, cast: Cast) -> None:
    ada = browser(cast.ada)
    assert company().raw_fix_days == 60
    assert ada.post("/company", **COMPANY, raw_fix_days="30").status_code == 303
    assert company().raw_fix_days == 30
    assert 'name="raw_fix_days" value="30"' in ada.get("/company").text.replace(' type="number"', "")
    assert ada.post("/company", **{**COMPANY, "version": "2"}).status_code == 303
    assert company().raw_fix_days == 30, "a form that does not ask leaves it"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"zone": "Nowhere"},
        {"language": "fr"},
        {"currency": "ZZZ"},
        {"currency": "yuan"},
        {"bank": "x" * 401},
        {"email": "not-mail"},
        {"raw_fix_days": "6"},
        {"raw_fix_days": "3651"},
        {"raw_fix_days": "two"},
    ],
)
def test_a_wrong_particular_is_told_at_its_field(browser: Open, cast: Cast, wrong: dict[str, str]) -> None:
    response = browser(cast.ada).post("/company", **{**COMPANY, **wrong})
    assert response.status_code == 422
    assert f'href="#{next(iter(wrong))}"' in response.text
    assert "1 Quay Road" in response.text
    assert company().version == 1


def picture(form: str, size: tuple[int, int] = (1600, 400), mode: str = "RGB", **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, "teal" if mode != "RGBA" else (0, 128, 128, 0)).save(out, form, **options)
    return out.getvalue()


def put_logo(ada: Browser, content: bytes, name: str = "logo.png") -> Any:
    return ada.post("/company/logo", logo=(io.BytesIO(content), name))


@pytest.mark.parametrize(("form", "name"), [("PNG", "a.png"), ("JPEG", "a.jpg"), ("WEBP", "a.txt"), ("GIF", "a.svg")])
def test_a_logo_becomes_a_small_png_whatever_it_is_called(browser: Open, cast: Cast, form: str, name: str) -> None:
    assert put_logo(browser(cast.ada), picture(form), name).status_code == 303
    digest = company().logo
    assert digest is not None
    with Image.open(io.BytesIO(read(digest))) as kept:
        assert (kept.format, kept.size) == ("PNG", (800, 200))


def test_a_logo_keeps_its_transparency_and_nothing_else(browser: Open, cast: Cast) -> None:
    exif = Image.Exif()
    exif[0x010E] = "secret description"
    put_logo(browser(cast.ada), picture("PNG", (40, 20), "RGBA", exif=exif))
    digest = company().logo
    assert digest is not None
    content = read(digest)
    with Image.open(io.BytesIO(content)) as kept:
        assert kept.size == (40, 20)
        assert kept.getpixel((0, 0))[3] == 0  # type: ignore[index]
    assert b"secret" not in content


def test_the_logo_has_a_strong_key_and_is_for_those_signed_in(browser: Open, cast: Cast) -> None:
    ada, rita = browser(cast.ada), browser(cast.rita)
    assert rita.get("/company/logo").status_code == 404
    put_logo(ada, picture("PNG"))
    digest = company().logo
    shown = rita.get("/company/logo")
    assert (shown.status_code, shown.mimetype, shown.headers["ETag"]) == (200, "image/png", f'"{digest}"')
    assert rita.get("/company/logo", headers={"If-None-Match": f'"{digest}"'}).status_code == 304
    assert "immutable" not in shown.headers["Cache-Control"]
    assert "immutable" in rita.get(f"/company/logo?v={digest}").headers["Cache-Control"]
    assert f"/company/logo?v={digest}" in ada.get("/company").text
    assert browser(None).get("/company/logo").status_code == 302
    assert ada.post("/company/logo", remove="1").status_code == 303
    assert company().logo is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "Choose a picture first."),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "That is no picture"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "That is no picture"),
        (b"%PDF-1.7", "That is no picture"),
        (picture("PNG", (9000, 9000), "1"), "too many pixels"),
        (picture("GIF", (14000, 14000), "1"), "too many pixels"),
    ],
)
def test_what_is_no_picture_is_refused_at_the_field(browser: Open, cast: Cast, content: bytes, reason: str) -> None:
    response = put_logo(browser(cast.ada), content)
    assert response.status_code == 422
    assert reason in response.text
    assert company().logo is None


def test_two_megabytes_are_the_most() -> None:
    with pytest.raises(InvalidError) as refused:
        as_logo(picture("BMP", (900, 900)))
    assert refused.value.reason == "The picture is larger than 2 MB."


# --- All of them


def test_only_administrators_come_here(browser: Open, cast: Cast) -> None:
    pages = ["/people", "/people/new", f"/people/{cast.rita.id}", "/teams", "/teams/new", "/roles", "/company"]
    posts = [
        "/people",
        f"/people/{cast.rita.id}",
        f"/people/{cast.rita.id}/close",
        "/teams",
        "/company",
        "/company/logo",
    ]
    for actor in (cast.rita, cast.mona, cast.otto):
        somebody = browser(actor)
        assert {somebody.get(path).status_code for path in pages} == {404}
        assert {somebody.post(path).status_code for path in posts} == {404}
    assert {browser(None).get(path).status_code for path in pages} == {302}
    assert {browser(None).post(path).status_code for path in posts} == {401}
    ada = browser(cast.ada)
    assert {ada.get(path).status_code for path in pages} == {200}
    for missing in (f"/people/{new_id()}", f"/teams/{new_id()}", "/people/x"):
        assert ada.get(missing).status_code == 404
        assert ada.post(missing).status_code in (404, 405)


def test_lists_ask_the_database_as_often_for_many_as_for_few(browser: Open, cast: Cast) -> None:
    ada = browser(cast.ada)
    counts: dict[str, list[int]] = {}

    def count(*_: Any) -> None:
        counts[path][-1] += 1

    for _round in range(2):
        for path in ("/people", "/teams", "/roles"):
            counts.setdefault(path, []).append(0)
            ada.get(path)
            counts[path][-1] = 0
            event.listen(db.engine, "before_cursor_execute", count)
            ada.get(path)
            event.remove(db.engine, "before_cursor_execute", count)
        for number in range(3):
            ada.post("/teams", name=f"Team {number}", parent_id=str(cast.teams["sales"]), zone="Asia/Taipei")
            ada.post("/people", **new_person(cast, email=f"n{number}@harbour.example"))
    for path, (few, many) in counts.items():
        assert few == many <= 4, path


def test_the_ids_of_a_form_are_checked(browser: Open, cast: Cast) -> None:
    ada = browser(cast.ada)
    foreign = UUID(int=0)
    assert ada.post(f"/people/{foreign}", **rita_now(cast)).status_code == 404
    assert ada.post(f"/people/{foreign}/password", password="long enough to do").status_code == 404
    assert ada.post(f"/people/{foreign}/close").status_code == 404

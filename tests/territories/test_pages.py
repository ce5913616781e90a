"""The pages of managers and administrators, from drawing and importing to the undoing."""

import io
import json
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import event, func, select
from werkzeug.test import TestResponse

from app.identity.models import Person
from app.infra.db import db, transact
from app.infra.queue import Job
from app.kernel.access import Actor
from app.kernel.ids import new_id
from app.territories.actions import apply_change, discard_change
from app.territories.models import Territory, TerritoryChange, TerritoryShape
from app.territories.rules import Definition
from tests.conftest import NOW, Browser, Cast
from tests.territories.stage import add, apply, collection, draft, feature, live, make, members, send, square, the, work

Open = Callable[[Actor | None], Browser]
WEST, EAST = square(120, 30, 121, 32), square(121, 30, 122, 32)
CORNERS = "30, 120\n30, 121\n32, 121\n32, 120"


def form(**values: Any) -> dict[str, Any]:
    """What the territory form sends."""
    return {
        "change_id": str(new_id()), "territory_id": str(new_id()), "shown": "", "datum": "wgs84", "name": "West",
        "code": "", "owner": "", "colour": "#1b6ca8", "shape": CORNERS, **values,
    }  # fmt: skip


def upload(browser: Browser, content: bytes, name: str = "areas.geojson", **values: Any) -> TestResponse:
    given = {"change_id": str(new_id()), **values}
    return browser.post("/territories/imports", file=(io.BytesIO(content), name), **given)


def count(model: Any) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_a_territory_is_drawn_previewed_applied_and_undone(app: Flask, cast: Cast, browser: Open) -> None:
    add(cast.ada, "Harbour Inn", 31, 120.5, owner_id=cast.rita.id)
    add(cast.ada, "Far Inn", 31, 125)
    mona = browser(cast.mona)
    assert "No territories yet" in mona.get("/territories").text
    assert "data-draw-tools" in mona.get("/territories/new").text
    answer = mona.post("/territories/drafts", **form(owner=f"person:{cast.mona.id}"))
    assert answer.status_code == 303
    waiting = mona.get(answer.location).text
    assert "Working out the preview" in waiting and 'hx-trigger="every 1s"' in waiting
    work(app)
    assert mona.fragment(answer.location).text.lstrip().startswith('<section id="change"')
    ready = mona.get(answer.location).text
    for said in ("Nothing is changed yet", "Harbour Inn", "no territory → West (by position)", "Mona", "0 → 1"):
        assert said in ready, said
    assert "Far Inn" not in ready
    (area,) = json.loads(mona.get(f"{answer.location}/areas.json").text)["areas"]
    assert (area["label"], area["look"], len(area["rings"][0][0])) == ("West", "new", 4)
    assert count(Territory) == 0
    change = answer.location
    version = the(UUID(change.rpartition("/")[2])).version
    assert mona.post(f"{change}/preview", hand_over="y", version=version).status_code == 303
    work(app)
    assert "Rita → Mona" in mona.get(change).text
    assert mona.post(f"{change}/application", version=version).status_code == 409
    version = the(UUID(change.rpartition("/")[2])).version
    once = new_id()
    assert mona.post(f"{change}/application", once, version=version).status_code == 303
    assert mona.post(f"{change}/application", once, version=version).status_code == 303
    assert "Being applied" in mona.get(change).text
    work(app)
    assert "Undo…" in mona.get(change).text
    listed = mona.get("/territories").text
    assert "West" in listed and "Customers in no territory" in listed
    assert "Far Inn" in mona.get("/territories/outside").text
    (territory,) = db.session.scalars(select(Territory))
    shown = mona.get(f"/territories/{territory.id}").text
    assert "Harbour Inn" in shown and "by position" in shown
    undoing = mona.post(f"{change}/undoing", change_id=str(new_id())).location
    work(app)
    assert "West (by position) → no territory" in mona.get(undoing).text
    mona.post(f"{undoing}/application")
    work(app)
    assert members() == {} and live() == {}
    assert "Undone by Mona" in mona.get(change).text
    history = mona.get("/territories/changes").text
    assert history.count("Applied") == 2 and "Undo a change" in history


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"name": ""}, "This field is required."),
        ({"shape": ""}, "A territory needs an outline or a rule"),
        ({"shape": "30, 120\nsomewhere"}, "Line 2 is no position."),
        ({"shape": "30, 120\n32, 121\n30, 121\n32, 120"}, "The outline crosses itself near 31.00000, 120.50000."),
        ({"shape": "30, 120\n31, 121"}, "A ring has fewer than three corners."),
        ({"shape": "120, 30\n121, 30\n121, 32"}, "Latitude and longitude are exchanged."),
        ({"shape": "3500000, 13500000\n3500000, 13600000\n3600000, 13600000"}, "are no degrees"),
        ({"shape": '{"type": "Point", "coordinates": [1, 2]}'}, "It is no area but a Point."),
        ({"shape": "{"}, "This is no JSON"),
        ({"owner": "person:nobody"}, "Not a valid choice."),
        ({"colour": "red"}, "Not a valid choice."),
        ({"rule_rating": "D"}, "A class is A, B or C."),
        ({"rule_city": ", ".join(f"c{n}" for n in range(600))}, "at most 500 values"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_typed_is_lost(
    cast: Cast, browser: Open, values: dict[str, str], said: str
) -> None:
    answer = browser(cast.ada).post("/territories/drafts", **form(code="W-7", **values))
    assert answer.status_code == 422
    assert said in answer.text, re.findall(r'class="errors".*?</ul>', answer.text, re.S)
    assert 'value="W-7"' in answer.text
    assert values.get("shape", CORNERS).split("\n")[0].replace('"', "&#34;") in answer.text
    assert count(TerritoryChange) == 0 and count(TerritoryShape) == 0


def test_a_territory_by_rule_alone_and_an_outline_that_nobody_touched(app: Flask, cast: Cast, browser: Open) -> None:
    add(cast.ada, "Inn", None, city="Ningbo 宁波")
    ada = browser(cast.ada)
    answer = ada.post("/territories/drafts", **form(name="Chain", shape="", rule_city="ningbo宁波, Wuhan"))
    work(app)
    apply(app, cast.ada, UUID(answer.location.rpartition("/")[2]))
    assert members() == {"Inn": ("Chain", "rule")}
    ids = make(app, cast.ada, west=WEST)
    page = ada.get(f"/territories/{ids['west']}/edit").text
    shown = re.search(r'name="shown"[^>]*value="([^"]+)"', page) or re.search(r'value="([^"]+)"[^>]*name="shown"', page)
    typed = re.search(r'<textarea[^>]*name="shape"[^>]*>(.*?)</textarea>', page, re.S)
    assert shown and typed
    before = count(TerritoryShape)
    again = ada.post("/territories/drafts", **form(
        territory_id=str(ids["west"]), shown=shown[1], shape=typed[1].strip().replace("\n", "\r\n"), name="Wilder West"
    ))  # fmt: skip
    assert again.status_code == 303
    assert count(TerritoryShape) == before
    work(app)
    apply(app, cast.ada, UUID(again.location.rpartition("/")[2]))
    assert str(live()["Wilder West"].shape_id) == shown[1]


def test_drawn_on_shifted_tiles_it_is_stored_where_it_is(
    app: Flask, cast: Cast, browser: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    monkeypatch.setitem(app.config, "SETTINGS", replace(app.config["SETTINGS"], tiles_datum="gcj02"))
    ada = browser(cast.ada)
    answer = ada.post("/territories/drafts", **form(datum="gcj02"))
    work(app)
    apply(app, cast.ada, UUID(answer.location.rpartition("/")[2]))
    west = db.session.scalars(select(TerritoryShape.west)).one()
    assert 119.99 < west < 119.998, "some 500 m west of what the tiles say"
    (territory,) = db.session.scalars(select(Territory.id))
    page = ada.get(f"/territories/{territory}/edit").text
    drawn = re.search(r'id="drawn">(.*?)</script>', page)
    assert drawn
    corners = json.loads(drawn[1])["rings"][0][0]
    assert {(round(lat, 4), round(lon, 4)) for lat, lon in corners} == {(30, 120), (30, 121), (32, 121), (32, 120)}


def test_several_territories_in_one_draft(app: Flask, cast: Cast, browser: Open) -> None:
    add(cast.ada, "Inn", 31, 120.5)
    ids = make(app, cast.ada, west=WEST)
    ada = browser(cast.ada)
    first = ada.post("/territories/drafts", **form(name="Other", shape=CORNERS.replace("120", "119.5"))).location
    work(app)
    change_id = first.rpartition("/")[2]
    assert f"/territories?change={change_id}" in ada.get(first).text
    assert f"/territories/{ids['west']}/edit?change={change_id}" in ada.get(f"/territories?change={change_id}").text
    page = ada.get(f"/territories/{ids['west']}/edit?change={change_id}").text
    assert change_id in page
    second = ada.post("/territories/drafts", **form(
        change_id=change_id, territory_id=str(ids["west"]), shape=CORNERS.replace("120", "120.7"), name="west"
    ))  # fmt: skip
    assert second.location == first
    work(app)
    text = ada.get(first).text
    assert "changed" in text and "west (by position) → Other (by position)" in text
    gone = ada.post(f"/territories/{ids['west']}/removal").location
    work(app)
    assert "removed" in ada.get(gone).text
    assert ada.post(f"{gone}/discard").status_code == 303
    assert "put away" in ada.get(gone).text
    assert ada.post(f"{gone}/application").status_code == 409


def test_customers_are_put_by_hand(app: Flask, cast: Cast, browser: Open) -> None:
    inn, bar = add(cast.ada, "Inn", 31, 125), add(cast.ada, "Bar", 31, 126)
    ids = make(app, cast.ada, west=WEST)
    ada = browser(cast.ada)
    given = {"change_id": str(new_id()), "territory_id": str(ids["west"])}
    nothing = ada.post("/territories/hands", **given)
    assert nothing.status_code == 422 and "Choose at least one customer." in nothing.text
    nothing = ada.post("/territories/hands", **given, here=str(ids["west"]))
    assert nothing.status_code == 422 and "Choose at least one customer." in nothing.text
    assert (
        ada.post("/territories/hands", **{**given, "territory_id": str(new_id())}, account=str(inn)).status_code == 422
    )
    assert ada.post("/territories/hands", **given, account=[str(inn), str(new_id())]).status_code == 404
    answer = ada.post("/territories/hands", **given, account=[str(inn), str(bar)])
    work(app)
    assert "no territory → west (by hand)" in ada.get(answer.location).text
    ada.post(f"{answer.location}/application")
    work(app)
    assert members() == {"Inn": ("west", "hand"), "Bar": ("west", "hand")}
    back = ada.post("/territories/hands", change_id=str(new_id()), territory_id="", account=str(inn)).location
    work(app)
    ada.post(f"{back}/application")
    work(app)
    assert members() == {"Bar": ("west", "hand")}


def test_a_file_is_imported(app: Flask, cast: Cast, browser: Open) -> None:
    add(cast.ada, "Inn", 31, 120.5)
    mona = browser(cast.mona)
    content = collection(
        feature("西区", (120, 30), (121, 30), (121, 32), (120, 32), code=7, rank=1.5),
        feature("东区", (121, 30), (122, 30), (122, 32), (121, 32), code=8),
    )
    answer = upload(mona, content)
    assert answer.status_code == 303
    choosing = mona.get(answer.location).text
    assert "name: 西区, 东区" in choosing and "code: 7, 8" in choosing and "rank" not in choosing
    bad = mona.post(f"{answer.location}/source", name="nothing", code="", datum="wgs84")
    assert bad.status_code == 422 and "Not a valid choice." in bad.text
    version = the(UUID(answer.location.rpartition("/")[2])).version
    assert mona.post(f"{answer.location}/source", name="name", code="code", datum="wgs84", version=9).status_code == 409
    given = {"name": "name", "code": "code", "datum": "wgs84", "version": version}
    assert mona.post(f"{answer.location}/source", **given).status_code == 303
    work(app)
    assert "no territory → 西区" in mona.get(answer.location).text
    mona.post(f"{answer.location}/application")
    work(app)
    assert {(each.name, each.code) for each in live().values()} == {("西区", "7"), ("东区", "8")}

    ids = {name: key for key, name in db.session.execute(select(Territory.id, Territory.name))}
    moved = upload(mona, collection(feature("西区", (119, 30), (120.2, 30), (120.2, 32), (119, 32)))).location
    mona.post(f"{moved}/source", name="name", code="", datum="wgs84")
    work(app)
    mona.post(f"{moved}/application")
    work(app)
    assert {name: key for key, name in db.session.execute(select(Territory.id, Territory.name))} == ids
    assert live()["西区"].code == "7" and members() == {}


def test_a_file_with_problems_imports_nothing_until_somebody_says_so(app: Flask, cast: Cast, browser: Open) -> None:
    ada = browser(cast.ada)
    content = collection(
        feature("Whole", (120, 30), (121, 30), (121, 31)),
        feature("Bow tie", (120, 30), (121, 31), (121, 30), (120, 31)),
        {"type": "Feature", "properties": {"name": "A point"}, "geometry": {"type": "Point", "coordinates": [1, 2]}},
        {"type": "Feature", "properties": {"name": "Nothing"}, "geometry": None},
    )
    address = upload(ada, content, "areas <b>.json").location
    ada.post(f"{address}/source", name="name", code="", datum="wgs84")
    work(app)
    for language, words in (
        ("en", ("Nothing is imported yet", "The outline crosses itself near 30.50000, 120.50000.", "Bow tie",
                "It is no area but a Point.", "It has no area.", "Mend 1, leave out 2, and go on")),
        ("zh_Hans", ("尚未导入任何内容", "轮廓在 30.50000, 120.50000 附近自相交叉。", "它不是区域，而是 Point。")),
        ("zh_Hant", ("尚未匯入任何內容", "輪廓在 30.50000, 120.50000 附近自相交叉。", "它不是區域，而是 Point。")),
    ):  # fmt: skip
        db.session.get_one(Person, cast.ada.person_id).language = language
        db.session.commit()
        text = ada.get(address).text
        for said in words:
            assert said in text, said
    db.session.get_one(Person, cast.ada.person_id).language = "en"
    db.session.commit()
    assert ada.post(f"{address}/application").status_code == 409
    assert ada.post(f"{address}/mending").status_code == 303
    work(app)
    assert "1 features are mended and 2 left out" in ada.get(address).text
    ada.post(f"{address}/application")
    work(app)
    assert set(live()) == {"Whole", "Bow tie"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file is empty."),
        (b"{", "This is no JSON"),
        (b"[1, 2]", "This is JSON but no GeoJSON."),
        (b'{"type": "FeatureCollection"}', "This is JSON but no GeoJSON."),
        (b'{"type": "FeatureCollection", "features": []}', "The file has no features."),
        (b'{"type": "Topology", "objects": {}}', "This is TopoJSON."),
        (b"PK\x03\x04...", "This is a ZIP archive"),
        (b"<?xml version='1.0'?><kml/>", "This is XML"),
        (b"\xff\xd8\xff\xe0", "not text in UTF-8"),
        (b"[" * 200_000, "nested too deeply"),
        (collection(feature("A", (0, 0), (1, 0), (1, 1)), crs={"type": "name", "properties": {
            "name": "urn:ogc:def:crs:EPSG::3857"}}), "EPSG::3857. Export the file in WGS 84"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_told_at_its_field(cast: Cast, browser: Open, content: bytes, said: str) -> None:
    answer = upload(browser(cast.ada), content)
    assert answer.status_code == 422
    assert said in answer.text.partition('id="file-error">')[2].partition("<")[0]
    assert count(TerritoryChange) == 0


def test_no_file_and_one_of_50_megabytes(app: Flask, cast: Cast, browser: Open) -> None:
    ada = browser(cast.ada)
    assert "Choose a file first." in ada.post("/territories/imports", change_id=str(new_id())).text
    large = b'{"type": "FeatureCollection", "features": [' + b" " * 50_000_000 + b"]}"
    answer = send(ada, "/territories/imports", large, change_id=str(new_id()))
    assert answer.status_code == 413
    assert "The file is larger than 12 MB. Simplify its outlines" in answer.text
    assert count(TerritoryChange) == 0


def test_the_map_gets_the_outlines_and_their_overlaps(app: Flask, cast: Cast, browser: Open) -> None:
    add(cast.ada, "Inn", 31, 120.9)
    make(app, cast.ada, west=WEST, wide=square(120.8, 29, 123, 33))
    ada = browser(cast.ada)
    areas = json.loads(ada.get("/territories/areas.json").text)["areas"]
    assert {each["label"]: each["sub"] for each in areas} == {"west": "Customers: 1", "wide": "Customers: 0"}
    with_overlaps = json.loads(ada.get("/territories/areas.json?overlaps=1").text)["areas"]
    assert [each["label"] for each in with_overlaps if each.get("look") == "overlap"] == ["west / wide"]
    page = ada.get("/territories/overlaps").text
    km2 = float(re.sub(r"[^\d.]", "", re.findall(r'class="num">([\d,.]+)</td>', page)[0]))
    assert 4200 < km2 < 4260, "0.2 degrees by 2 at 31 north"
    assert re.findall(r'class="num">([\d,.]+)</td>', page)[1] == "1"
    assert "No outlines overlap" in browser(cast.mona).get("/territories/overlaps").text.replace(page, "") or page


def test_a_manager_sees_numbers_of_all_and_customers_of_the_team(app: Flask, cast: Cast, browser: Open) -> None:
    add(cast.ada, "Ren's Inn", 31, 120.5, owner_id=cast.ren.id)
    add(cast.ada, "Rita's Inn", 31, 120.6, owner_id=cast.rita.id)
    add(cast.ada, "Ren's far Inn", 31, 125, owner_id=cast.ren.id)
    ids = make(app, cast.ada, west=WEST)
    theirs = Definition.of({**live()["west"].plain(), "owner_id": str(cast.ren.id)})
    change = draft(app, cast.ada, {ids["west"]: theirs})
    apply(app, cast.ada, change)
    mona = browser(cast.mona)
    page = mona.get(f"/territories/{ids['west']}")
    text = page.text.replace("&#39;", "'")
    assert "Rita's Inn" in text and "Ren's Inn" not in text
    assert "1 of 2 are shown" in text
    assert f"/territories/{ids['west']}/edit" not in text
    assert "Ren's far Inn" not in mona.get("/territories/outside").text.replace("&#39;", "'")
    assert mona.get(f"/territories/{ids['west']}/edit").status_code == 404
    assert mona.post(f"/territories/{ids['west']}/removal").status_code == 404
    assert mona.post("/territories/drafts", **form(territory_id=str(ids["west"]))).status_code == 404
    assert mona.get(f"/territories/changes/{change}/areas.json").status_code == 404
    for verb in ("", "/preview", "/application", "/undoing", "/discard", "/mending", "/source", "/resumption"):
        address = f"/territories/changes/{change}{verb}"
        assert (mona.post(address) if verb else mona.get(address)).status_code == 404, verb
    assert mona.post("/territories/hands", change_id=str(new_id()), territory_id=str(ids["west"])).status_code == 422


def test_signed_out_and_without_the_right(app: Flask, cast: Cast, browser: Open) -> None:
    change = draft(app, cast.ada, {new_id(): Definition("one", rule={"city": ["x"]})})
    for path in ("/territories", "/territories/new", "/territories/imports/new", f"/territories/changes/{change}"):
        assert browser(None).get(path).status_code == 302
        for actor in (cast.rita, cast.otto):
            assert browser(actor).get(path).status_code == 404
    for path in ("/territories/drafts", f"/territories/changes/{change}/application"):
        assert browser(None).post(path).status_code == 401
        assert browser(cast.rita).post(path).status_code == 404
        assert browser(cast.ada).get(path).status_code in (404, 405)


def test_a_preview_that_was_overtaken_says_so(app: Flask, cast: Cast, browser: Open) -> None:
    one = draft(app, cast.ada, {new_id(): Definition("one", rule={"city": ["x"]})})
    apply(app, cast.ada, draft(app, cast.ada, {new_id(): Definition("two", rule={"city": ["y"]})}))
    ada = browser(cast.ada)
    page = ada.get(f"/territories/changes/{one}").text
    assert "this preview no longer holds" in page and "/application" not in page
    assert ada.post(f"/territories/changes/{one}/application").status_code == 409
    assert ada.post(f"/territories/changes/{one}/preview").status_code == 303
    work(app)
    assert "no longer holds" not in ada.get(f"/territories/changes/{one}").text


def test_a_refusal_stands_above_the_change(app: Flask, cast: Cast, browser: Open) -> None:
    one = draft(app, cast.ada, {new_id(): Definition("one", rule={"city": ["x"]})})
    other = draft(app, cast.ada, {new_id(): Definition("two", rule={"city": ["y"]})})
    transact(lambda: apply_change(cast.ada, one, None, NOW))
    answer = browser(cast.ada).post(f"/territories/changes/{other}/preview")
    assert answer.status_code == 422 and "Another change is being applied just now." in answer.text
    transact(lambda: discard_change(cast.ada, other, None, NOW))


def test_work_that_was_given_up_is_told_and_goes_on(app: Flask, cast: Cast, browser: Open) -> None:
    add(cast.ada, "Inn", 31, 120.5)
    new = new_id()
    change = draft(app, cast.ada, {new: Definition("west")}, {new: WEST})
    transact(lambda: apply_change(cast.ada, change, None, NOW))
    db.session.execute(Job.__table__.update().values(ended_at=NOW, failure="OSError"))
    db.session.commit()
    ada = browser(cast.ada)
    assert "OSError" in ada.get(f"/territories/changes/{change}").text
    ada.post(f"/territories/changes/{change}/resumption")
    work(app)
    assert members() == {"Inn": ("west", "position")}


def test_lists_cost_a_few_statements(app: Flask, cast: Cast, browser: Open) -> None:
    for number in range(30):
        add(cast.ada, f"Inn {number}", 31, 120.1 + number / 40)
    for number in range(5):
        add(cast.ada, f"Far {number}", 31, 130)
    ids = make(app, cast.ada, **{f"t{n}": square(120 + n / 10, 30, 120.1 + n / 10, 32) for n in range(10)})
    mona, counted = browser(cast.mona), []

    def tell(*_: object) -> None:
        counted.append(1)

    for path, most in (("/territories", 6), (f"/territories/{ids['t3']}", 7), ("/territories/outside", 6),
                       ("/territories/changes", 4), ("/territories/overlaps", 4)):  # fmt: skip
        mona.get(path)
        counted.clear()
        event.listen(db.engine, "before_cursor_execute", tell)
        assert mona.get(path).status_code == 200
        event.remove(db.engine, "before_cursor_execute", tell)
        assert len(counted) <= most + 3, (path, len(counted))  # three say who she is and whom she sees

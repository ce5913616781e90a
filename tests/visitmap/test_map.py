"""The page, its pins and what they count: as each actor may see it, in the list and on the map alike."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.actions import archive_account, assign_owner
from app.infra import cells
from app.infra.db import db, transact
from app.infra.looks import Look
from app.kernel.dates import today_in
from app.kernel.datum import to_gcj02
from app.kernel.geo import Position
from app.visitmap.queries import count_all, count_tiles, list_choices, list_places, list_visits
from app.visitmap.rules import MapFilters
from app.visits.actions import ReportInput, save_report
from tests.conftest import NOW, Browser, Cast
from tests.visitmap.conftest import BUND, POOL, PUB, World, been, customer

Open = Callable[[Any], Browser]
YEAR = "from=2025-01-01&to=2027-12-31"


def box(at: Position, zoom: int = 12, reach: float = 0.2) -> str:
    return f"box={at.lon - reach},{at.lat - reach},{at.lon + reach},{at.lat + reach}&zoom={zoom}"


def pins(page: Browser, address: str) -> list[dict[str, Any]]:
    answer = page.get(f"/map/pins?{address}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json["pins"]
    return found


def numbers(actor: Any, filters: MapFilters, today: date) -> tuple[int, int, int]:
    """What the map counts, what the head of the list says, and how long the list is."""
    counted = sum(each.uncovered or each.number for each in count_tiles(actor, filters, 12, None, today))
    total = count_all(actor, filters, today)
    rows = (list_visits if filters.layer == "visits" else list_places)(actor, filters, 1, today).rows
    located = [row for row in rows if row.qk is not None]
    return counted, total.on_map, len(located)


# --- Who sees what ---------------------------------------------------------------------------------------------------


def test_managers_and_nobody_else(cast: Cast, world: World, browser: Open) -> None:
    for path in ("/map", "/map/pins"):
        assert [browser(who).get(path).status_code for who in (cast.mona, cast.ada)] == [200, 200]
        assert [browser(who).get(path).status_code for who in (cast.rita, cast.otto, None)] == [404, 404, 302]
        assert browser(cast.mona).post(path).status_code == 405


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("/map", "map"), ("/map/pins", "map"), (f"/map?layer=visits&{YEAR}", "map"),
        (f"/map/pins?layer=visits&{YEAR}&{box(BUND)}", "map"), ("/visits", "list"), ("/visits/export?as=csv", "export"),
        ("/map?layer=accounts", None), (f"/map/pins?layer=accounts&{box(BUND)}", None),
    ],
)  # fmt: skip
def test_who_looked_is_written_down(path: str, what: str | None, cast: Cast, world: World, browser: Open) -> None:
    assert browser(cast.mona).get(path).status_code == 200
    db.session.rollback()
    told = {(look.person_id, look.about_id, look.what) for look in db.session.scalars(select(Look))}
    assert told == ({(cast.mona.id, cast.rita.id, what)} if what else set())


@pytest.mark.parametrize("layer", ["visits", "accounts", "uncovered", ""])
def test_a_manager_never_sees_or_counts_another_team(cast: Cast, world: World, browser: Open, layer: str) -> None:
    mona, ada = browser(cast.mona), browser(cast.ada)
    period = f"&{YEAR}" if layer == "visits" else ""
    assert "The Anchor" not in mona.get(f"/map?layer={layer}{period}").text
    assert pins(mona, f"layer={layer}{period}&{box(PUB)}") == [] or layer == ""
    if layer:
        assert len(pins(ada, f"layer={layer}{period}&{box(PUB)}")) == 1
        for more in (f"&rep={cast.ren.id}", f"&team={cast.teams['britain']}"):
            assert pins(mona, f"layer={layer}{period}{more}&{box(PUB)}") == []
            assert pins(mona, f"layer={layer}{period}{more}") == []
    else:
        assert [pin["id"] for pin in pins(mona, "")] == [], "her last check-in has no position"


def test_clusters_count_only_what_the_actor_sees(cast: Cast, browser: Open) -> None:
    def crowd() -> None:
        for n in range(160):
            at = Position(BUND.lat + n / 1e4, BUND.lon)
            customer(cast.rita, f"R{n}", at, cast.rita.id)
            if n % 2:
                customer(cast.ren, f"L{n}", at, cast.ren.id)
                customer(cast.ada, f"P{n}", at, None)

    transact(crowd)
    for who, number in ((cast.mona, 240), (cast.ada, 320)):
        for _folded in range(2):
            found = pins(browser(who), f"layer=accounts&{box(BUND, 9)}")
            assert sum(pin["count"] for pin in found) == number
            cells.fold()
    shaded = browser(cast.mona).get(f"/map/pins?layer=uncovered&{box(BUND, 9)}").json
    assert sum(pin["count"] for pin in shaded["pins"]) == 240
    assert {cell["step"] for cell in shaded["cells"]} == {5}
    assert {pin["n"] for pin in shaded["pins"]} == {"100%"}


# --- What there is ---------------------------------------------------------------------------------------------------


def test_visits_where_they_really_happened(cast: Cast, world: World, browser: Open) -> None:
    far = Position(BUND.lat + 0.5, BUND.lon)
    (pin,) = pins(browser(cast.mona), f"layer=visits&{YEAR}&{box(far)}")
    assert pin["url"] == f"/visits/{world.visits['far']}"
    assert pin["tone"] == "off_site"
    assert (pin["lat"], pin["lon"]) == pytest.approx((far.lat, BUND.lon), abs=1e-5)
    (pin,) = pins(browser(cast.mona), f"layer=visits&{YEAR}&{box(BUND)}")
    assert pin["tone"] == "done"


def test_who_is_where_is_the_last_check_in_of_each(cast: Cast, world: World, browser: Open) -> None:
    transact(lambda: been(cast.rita, world.bund, BUND, datetime.now(UTC)))
    page = browser(cast.ada).get("/map").text
    assert page.count('<li><span class="lead num">') == 2
    assert "外滩酒楼" in page
    assert "Nowhere Shop" not in page, "she has gone on since"
    assert {pin["label"] for pin in pins(browser(cast.ada), "")} == {"Rita", "Ren"}
    assert "No check-in today" in page
    assert "Mona" in page.split("No check-in today")[1]


def test_the_live_map_refreshes_and_the_past_does_not(cast: Cast, world: World, browser: Open) -> None:
    mona = browser(cast.mona)
    for address in ("/map", "/map?layer=visits"):
        page = mona.get(address).text
        assert 'data-refresh="30"' in page
        assert 'hx-trigger="every 30s"' in page
    past = mona.get(f"/map?layer=visits&{YEAR}").text
    assert "data-refresh" not in past
    assert "every 30s" not in past
    part = mona.fragment("/map").text
    assert part.lstrip().startswith('<div id="map_list"')
    assert "<html" not in part


def test_what_has_no_position_is_told(cast: Cast, world: World, browser: Open) -> None:
    mona = browser(cast.mona)
    visits = mona.get(f"/map?layer=visits&{YEAR}").text
    assert "3 visits" in visits
    assert "1 of them have no position" in visits
    assert "1 more have no position" in mona.get("/map?layer=accounts").text


@pytest.mark.parametrize(
    ("filters", "mona_sees"),
    [
        ({}, (2, 2)),
        ({"rep": "rita"}, (2, 1)),
        ({"rep": "none"}, (0, 1)),
        ({"team": "shanghai"}, (2, 1)),
        ({"team": "china"}, (2, 1)),
        ({"team": "britain"}, (0, 0)),
        ({"verdict": "off_site"}, (1, 1)),
        ({"verdict": "uncertain"}, (0, 0)),
        ({"outcome": "order"}, (1, 1)),
        ({"rating": "A"}, (2, 1)),
        ({"rating": "C"}, (0, 1)),
        ({"days": "30"}, (0, 1)),
    ],
)
def test_filters_hold_on_the_map_and_in_the_list(
    cast: Cast, world: World, filters: dict[str, str], mona_sees: tuple[int, int]
) -> None:
    transact(lambda: save_report(cast.rita, world.visits["bund"], ReportInput("order", "done"), 0, world.at))
    said = {"from": "2025-01-01", "to": "2027-12-31", **filters}
    if said.get("rep") == "rita":
        said["rep"] = str(cast.rita.id)
    if "team" in said:
        said["team"] = str(cast.teams[said["team"]])
    today = today_in("Asia/Shanghai", datetime.now(UTC))
    for layer, number in zip(("visits", "accounts"), mona_sees, strict=True):
        read = MapFilters.read({**said, "layer": layer})
        assert numbers(cast.mona, read, today) == (number, number, number), layer
    everything = [numbers(cast.ada, MapFilters.read({**said, "layer": each}), today) for each in ("visits", "accounts")]
    assert all(len(set(each)) == 1 for each in everything)
    uncovered = numbers(cast.ada, MapFilters.read({**said, "layer": "uncovered"}), today)
    assert uncovered[1] == uncovered[2]


def test_a_customer_visited_today_is_covered(cast: Cast, world: World, browser: Open) -> None:
    near = [pins(browser(cast.ada), f"layer=uncovered&days=7&{box(each)}") for each in (BUND, PUB, POOL)]
    tones = {pin["label"]: pin["tone"] for found in near for pin in found}
    assert tones == {"外滩酒楼": "covered", "The Anchor": "covered", "Free House": "uncovered"}
    page = browser(cast.ada).get("/map?layer=uncovered&days=7").text
    assert "Free House" in page
    assert "The Anchor" not in page


def test_a_period_of_months_and_days_counts_each_visit_once(cast: Cast, world: World) -> None:
    """Whoever sees all is answered from the months' cells and the days beside them; others are counted."""
    today = today_in("Asia/Shanghai", datetime.now(UTC))
    at = datetime.now(UTC)
    transact(lambda: [been(cast.rita, world.bund, BUND, at - timedelta(days=n)) for n in range(0, 40, 3)])
    for first, last in [(0, 0), (3, 0), (40, 0), (75, 2), (400, 0), (100, 20)]:
        said = {"from": f"{today - timedelta(days=first)}", "to": f"{today - timedelta(days=last)}", "layer": "visits"}
        filters = MapFilters.read(said | {"rep": str(cast.rita.id)})
        everybody = MapFilters.read(said | {"team": str(cast.teams["china"])})
        whole = MapFilters.read(said)
        rens = int(today - timedelta(days=first) <= today_in("Europe/London", at) <= today - timedelta(days=last))
        counted = numbers(cast.ada, whole, today)
        assert counted == (numbers(cast.mona, everybody, today)[0] + rens,) * 3
        assert counted[0] == numbers(cast.ada, filters, today)[0] + rens


# --- The page --------------------------------------------------------------------------------------------------------


def test_the_address_holds_everything(cast: Cast, world: World, browser: Open) -> None:
    address = f"/map?layer=visits&{YEAR}&rep={cast.rita.id}&rating=A&lat=31.2&lon=121.4&zoom=9"
    page = browser(cast.mona).get(address).text
    assert f'value="{cast.rita.id}" selected' in page
    assert "<option selected>A</option>" in page
    assert 'data-lat="31.2"' in page and 'data-zoom="9"' in page
    pins_address = page.split('data-pins="')[1].split('"')[0]
    assert all(part in pins_address for part in ("layer=visits", "rating=A", f"rep={cast.rita.id}", "from=2025-01-01"))
    assert "lat=" not in pins_address


@pytest.mark.parametrize(
    "query",
    [
        "layer=x&from=a&to=b&rep=c&team=d&verdict=e&outcome=f&rating=g&days=h&page=i&lat=j&lon=k&zoom=l",
        "box=1,2,3&zoom=3",
        "box=nan,nan,nan,nan&zoom=3",
        "box=-1e9,-1e9,1e9,1e9&zoom=99",
        "box=-720,-95,720,95&zoom=19",
        "box=0,0,0,0&zoom=-4",
        "box=0,0,1,1&zoom=999999999999",
        "box=0,0,1,1",
        "size=x",
        "size=1e9,-5",
        "rep=00000000-0000-4000-8000-000000000001&team=00000000-0000-4000-8000-000000000002",
        "from=2026-01-01&to=1999-01-01&page=99999",
        "days=99999999999999999999&layer=uncovered",
    ],
)
def test_nonsense_is_answered_all_the_same(cast: Cast, world: World, browser: Open, query: str) -> None:
    for layer in ("", "layer=visits&", "layer=accounts&", "layer=uncovered&"):
        assert browser(cast.mona).get(f"/map?{layer}{query}").status_code == 200
        assert browser(cast.ada).get(f"/map/pins?{layer}{query}").status_code == 200


def test_the_first_view_holds_everything_and_is_close(cast: Cast, world: World, browser: Open) -> None:
    answer = browser(cast.mona).get(f"/map/pins?layer=accounts&rep={cast.rita.id}&size=800,600").json
    assert answer["view"]["zoom"] >= 10
    assert answer["view"]["lat"] == pytest.approx(BUND.lat, abs=0.2)
    assert [pin["label"] for pin in answer["pins"]] == ["外滩酒楼"]
    world_wide = browser(cast.ada).get("/map/pins?layer=accounts&size=800,600").json
    assert sum(pin.get("count", 1) for pin in world_wide["pins"]) == 3
    assert world_wide["view"]["zoom"] <= 4


def test_an_empty_map_says_so(cast: Cast, browser: Open) -> None:
    for layer, words in (
        ("", "No check-in today yet"),
        ("visits", "No visits like this"),
        ("accounts", "No customers like this"),
        ("uncovered", "Nobody is uncovered"),
    ):
        assert words in browser(cast.mona).get(f"/map?layer={layer}").text
        assert pins(browser(cast.mona), f"layer={layer}") == []


@pytest.mark.parametrize("layer", ["", "visits", "accounts", "uncovered"])
def test_the_page_needs_few_statements(
    cast: Cast, world: World, browser: Open, statements: Callable[[], list[str]], layer: str
) -> None:
    for who in (cast.mona, cast.ada):
        there = browser(who)
        for address in (f"/map?layer={layer}", f"/map/pins?layer={layer}&{box(BUND)}"):
            there.get(address)
            seen = statements()
            seen.clear()
            there.get(address)
            asked = [text for text in seen if text.lstrip().upper().startswith("SELECT")]
            assert len(asked) <= 6, asked


def test_whom_one_can_choose_from(cast: Cast) -> None:
    monas, adas = list_choices(cast.mona), list_choices(cast.ada)
    assert [name for _, name in monas.people] == ["Mona", "Rita"]
    assert [(each.name, each.depth) for each in monas.teams] == [("Sales", 0), ("China", 1), ("Shanghai", 2)]
    assert [name for _, name in adas.people] == ["Ada", "Mona", "Otto", "Ren", "Rita"]
    assert [each.name for each in adas.teams] == ["Sales", "Britain", "China", "Shanghai"]


def test_what_is_put_away_or_given_away_leaves_the_map(cast: Cast, world: World, browser: Open) -> None:
    mona = browser(cast.mona)
    here = f"layer=accounts&{box(BUND)}"
    assert len(pins(mona, here)) == 1
    transact(lambda: assign_owner(cast.ada, world.bund, cast.ren.id, 1, NOW))
    assert pins(mona, here) == []
    assert len(pins(browser(cast.ada), here)) == 1
    transact(lambda: archive_account(cast.ada, world.bund, NOW))
    assert pins(browser(cast.ada), here) == []
    assert len(pins(browser(cast.ada), f"layer=visits&{YEAR}&{box(BUND)}")) == 1, "what happened there stays"


def test_on_chinese_tiles_the_map_and_its_boxes_are_moved(
    app: Flask, cast: Cast, world: World, browser: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GCJ-02 lies some 500 m beside WGS-84 in Shanghai, and nowhere in London."""
    settings = replace(app.config["SETTINGS"], tiles_datum="gcj02")
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    shifted = to_gcj02(BUND, lambda _: True)
    drawn = shifted.lat, shifted.lon
    tiny = f"box={drawn[1] - 1e-3},{drawn[0] - 1e-3},{drawn[1] + 1e-3},{drawn[0] + 1e-3}&zoom=18"
    (pin,) = pins(browser(cast.ada), f"layer=accounts&{tiny}")
    assert (pin["lat"], pin["lon"]) == pytest.approx(drawn, abs=1e-5)
    assert abs(pin["lon"] - BUND.lon) > 0.003
    assert pins(browser(cast.ada), f"layer=accounts&{box(BUND, 18, 1e-3)}") == []
    (pub,) = pins(browser(cast.ada), f"layer=accounts&{box(PUB, 18, 1e-3)}")
    assert (pub["lat"], pub["lon"]) == pytest.approx((PUB.lat, PUB.lon), abs=1e-5)
    shaded = browser(cast.ada).get("/map/pins?layer=uncovered&days=3000&box=100,0,140,50&zoom=4").json
    assert {pin["n"] for pin in shaded["pins"]} <= {"0%", "50%", "100%"}

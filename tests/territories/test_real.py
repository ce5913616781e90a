"""Real outlines and real places: each place falls where its source says it is.

Names are compared folded (臺北市 is 台北市), states by their postal codes. What a source leaves blank says nothing
and is left out; the shares that were measured stand beside each file. Places of which no outline of the stated kind is
among the files (districts of Taipei, Hong Kong and London) are compared by the next larger one, or not at all.
"""

import csv
import io
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts.models import Place
from app.infra.db import db
from app.kernel.access import SYSTEM, Actor
from app.kernel.ids import new_id
from app.kernel.text import fold
from app.territories.atlas import Atlas, Region
from app.territories.models import Territory, TerritoryAccount, TerritoryShape
from app.territories.shapes import area_from, geojson_of, km2_of, read_areas, read_file
from tests.conftest import Browser, Cast
from tests.shared import shared_file
from tests.territories.stage import send, work
from tests.transfer.stage import bring

Open = Callable[[Actor | None], Browser]
on_sqlite = pytest.mark.parametrize("made_app", ["sqlite"], indirect=True)
CHINA, TAIWAN, STATES = "cn_prefectures_and_municipality_districts_wgs84", "tw_counties", "us_states"
_STATES = (
    "AL=Alabama AK=Alaska AZ=Arizona AR=Arkansas CA=California CO=Colorado CT=Connecticut DE=Delaware "
    "DC=District_of_Columbia FL=Florida GA=Georgia HI=Hawaii ID=Idaho IL=Illinois IN=Indiana IA=Iowa KS=Kansas "
    "KY=Kentucky LA=Louisiana ME=Maine MD=Maryland MA=Massachusetts MI=Michigan MN=Minnesota MS=Mississippi "
    "MO=Missouri MT=Montana NE=Nebraska NV=Nevada NH=New_Hampshire NJ=New_Jersey NM=New_Mexico NY=New_York "
    "NC=North_Carolina ND=North_Dakota OH=Ohio OK=Oklahoma OR=Oregon PA=Pennsylvania PR=Puerto_Rico RI=Rhode_Island "
    "SC=South_Carolina SD=South_Dakota TN=Tennessee TX=Texas UT=Utah VT=Vermont VA=Virginia WA=Washington "
    "WV=West_Virginia WI=Wisconsin WY=Wyoming"
)
POSTAL = {pair[:2]: pair[3:].replace("_", " ") for pair in _STATES.split()}


@dataclass
class At:
    """A position, without anything that a rule could ask."""

    lat: float
    lon: float
    country = region = city = district = postcode = None
    category, rating = "", "C"


_atlases: dict[str, tuple[Atlas, dict[UUID, str]]] = {}


def atlas(name: str, key: str) -> tuple[Atlas, dict[UUID, str]]:
    """The outlines of a file, stored and read back, and their names."""
    if name not in _atlases:
        read = read_areas(read_file(shared_file(f"geo/{name}.geojson").read_bytes()), key, "", None)
        assert read.lost == 0
        ids = [new_id() for _ in read.taken]
        regions = [
            Region(row, area_from(geojson_of(area)), km2_of(area), {})
            for row, (_, _, area) in zip(ids, read.taken, strict=True)
        ]
        _atlases[name] = Atlas(regions), {row: called for row, (called, *_) in zip(ids, read.taken, strict=True)}
    return _atlases[name]


def rows_of(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(shared_file(f"places/{name}.csv").read_text(encoding="utf-8-sig"))))


@pytest.mark.parametrize(
    ("places", "outlines", "key", "column", "prefix", "rows", "right"),
    [
        ("us_stores_open", STATES, "name", "region", "", 36_294, 36_094),  # 108 state a province of Canada
        ("taipei_clinics_open", TAIWAN, "COUNTYNAME", "city", "", 1620, 1620),
        ("taipei_convenience_stores_open", TAIWAN, "COUNTYNAME", "city", "", 1382, 1382),  # 65 state no city
        ("kaohsiung_attractions_open", TAIWAN, "COUNTYNAME", "city", "", 343, 342),  # one lies in Tainan
        ("cn_hubei_hospitals_hotels_open", CHINA, "name", "city", "approx_", 346, 346),  # 6 have no position
        ("hk_schools_open", "cn_provinces_wgs84", "name", "region", "", 2023, 2020),  # three on the coarse border
    ],
)
def test_places_fall_where_their_source_says(
    places: str, outlines: str, key: str, column: str, prefix: str, rows: int, right: int
) -> None:
    found, names = atlas(outlines, key)
    told = [row for row in rows_of(places) if row[f"{prefix}lat"] and row[column]]
    at = [At(float(row[f"{prefix}lat"]), float(row[f"{prefix}lon"])) for row in told]
    stated = [POSTAL.get(row[column], row[column]) for row in told]
    fallen = [names.get(territory, "") if territory else "" for territory, _ in found.find(at)]
    wrong = Counter((a, b) for a, b in zip(stated, fallen, strict=True) if fold(a) != fold(b))
    assert len(told) == rows
    assert rows - wrong.total() >= right, (rows - wrong.total(), wrong.most_common(9))
    assert (rows - wrong.total()) / rows >= 0.97


def test_a_city_that_spills_over_falls_into_its_neighbours() -> None:
    """The extract of Washington names no state; it reaches into two others, and nowhere else."""
    found, names = atlas(STATES, "name")
    at = [At(float(row["lat"]), float(row["lon"])) for row in rows_of("osm_poi_washington_dc_open")]
    assert {names[key] for key, _ in found.find(at) if key} == {"District of Columbia", "Virginia", "Maryland"}
    assert all(key for key, _ in found.find(at))


@pytest.mark.parametrize(
    ("outlines", "key", "count", "mended", "km2"),
    [  # officially 9.6 million, 36 thousand and 9.8 million square kilometres; the States' Great Lakes are left out
        (CHINA, "name", 449, 3, (9_300_000, 9_700_000)),
        (TAIWAN, "COUNTYNAME", 22, 1, (36_000, 37_500)),
        (STATES, "name", 56, 2, (9_100_000, 9_900_000)),
    ],
)
def test_whole_files_are_read(outlines: str, key: str, count: int, mended: int, km2: tuple[int, int]) -> None:
    read = read_areas(read_file(shared_file(f"geo/{outlines}.geojson").read_bytes()), key, "", None)
    assert (len(read.taken), read.mends, read.lost) == (count, mended, 0)
    assert km2[0] < sum(km2_of(area) for *_, area in read.taken) < km2[1]
    assert all(area.is_valid for *_, area in read.taken)


@on_sqlite
def test_the_prefectures_of_china_come_in_and_hubei_s_places_with_them(app: Flask, cast: Cast, browser: Open) -> None:
    """By the pages and the worker, from the file to the customers of each prefecture."""
    ada = browser(cast.ada)
    content = shared_file(f"geo/{CHINA}.geojson").read_bytes()
    bring(shared_file("places/cn_hubei_hospitals_hotels_open.csv").read_bytes(), "hubei.csv", actor=SYSTEM)
    change = send(ada, "/territories/imports", content, change_id=str(new_id())).location
    assert change
    ada.post(f"{change}/source", name="name", code="adcode", datum="wgs84")
    work(app)
    assert "苏州市" in ada.get(change).text
    ada.post(f"{change}/mending")
    work(app)
    assert ada.post(f"{change}/application").status_code == 303
    work(app)
    assert db.session.scalar(select(func.count()).select_from(Territory)) == 449
    pairs = db.session.execute(
        select(Place.city, Territory.name)
        .join(TerritoryAccount, TerritoryAccount.account_id == Place.account_id)
        .join(Territory, Territory.id == TerritoryAccount.territory_id)
    ).all()
    assert len(pairs) >= 340
    assert sum(fold(city or "") == fold(name) for city, name in pairs) / len(pairs) >= 0.97
    db.session.rollback()
    for path in (
        "/territories",
        "/territories/areas.json",
        "/territories/areas.json?overlaps=1",
        "/territories/overlaps",
    ):
        answer = ada.get(path)
        assert answer.status_code == 200
    assert db.session.scalar(select(func.count()).select_from(TerritoryShape)) == 449

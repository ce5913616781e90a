"""Which territory an account belongs to, against the simplest way to find out; and what work that makes."""

from collections import Counter
from dataclasses import dataclass
from uuid import UUID

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from app.kernel.errors import InvalidError
from app.kernel.ids import new_id
from app.kernel.text import fold
from app.territories.atlas import Atlas, Region
from app.territories.rules import (
    COLOURS,
    RULE_FIELDS,
    Definition,
    RuleBook,
    Summary,
    Work,
    check_definition,
    rule_values,
)
from app.territories.shapes import as_area, km2_of
from tests.territories.stage import square


@dataclass
class Shop:
    lat: float | None = None
    lon: float | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None
    district: str | None = None
    postcode: str | None = None
    category: str = ""
    rating: str = "C"


def region(number: int, area: object = None, **rule: list[str]) -> Region:
    found = as_area(area) if area is not None else None  # type: ignore[arg-type]
    return Region(UUID(int=number), found, km2_of(found) if found else 0.0, rule)


degrees = st.floats(0, 10, width=32)
boxes = st.tuples(degrees, degrees, st.floats(0.125, 8, width=32), st.floats(0.125, 8, width=32))


@settings(max_examples=100)
@given(st.lists(boxes, max_size=8), st.lists(st.tuples(degrees, degrees), min_size=1, max_size=30))
def test_points_lie_where_shapely_says(
    outlines: list[tuple[float, float, float, float]], points: list[tuple[float, float]]
) -> None:
    regions = [region(n, square(x, y, x + w, y + h)) for n, (x, y, w, h) in enumerate(outlines)]
    overlaps: Counter[tuple[UUID, UUID]] = Counter()
    found = Atlas(regions).find([Shop(lat=y, lon=x) for x, y in points], overlaps)
    pairs = 0
    for (x, y), (territory, how) in zip(points, found, strict=True):
        around = [each for each in regions if each.area and each.area.intersects(shapely.Point(x, y))]
        smallest = min(around, key=lambda each: (each.km2, each.id), default=None)
        assert (territory, how) == ((smallest.id, "position") if smallest else (None, None))
        pairs += len(around) * (len(around) - 1) // 2
    assert sum(overlaps.values()) == pairs


words = st.sampled_from(["上海", "台北", "臺北", "London", "LONDON ", "x", ""])
rules = st.fixed_dictionaries(
    {},
    optional={"city": st.lists(words, min_size=1, max_size=2), "district": st.lists(words, min_size=1, max_size=2),
              "rating": st.lists(st.sampled_from("ABC"), min_size=1, max_size=2)},
)  # fmt: skip
shops = st.builds(Shop, city=words, district=words, rating=st.sampled_from("ABC"))


@settings(max_examples=200)
@given(st.lists(rules, max_size=6), st.lists(shops, min_size=1, max_size=10))
def test_rules_fit_as_they_are_written(written: list[dict[str, list[str]]], accounts: list[Shop]) -> None:
    """The rule with most fields, then the oldest territory; compared with asking each rule by itself."""
    book = RuleBook((UUID(int=n), rule) for n, rule in enumerate(written))
    for shop in accounts:
        fitting = [
            (-len(rule), n)
            for n, rule in enumerate(written)
            if rule and all(fold(getattr(shop, name)) in map(fold, values) for name, values in rule.items())
        ]
        found = book.find(shop)
        if not fitting:
            assert found is None
        else:
            assert found is not None
            assert -len(written[found.int]) == min(fitting)[0]
            alike = [
                n for size, n in fitting if size == min(fitting)[0] and written[n].keys() == written[found.int].keys()
            ]
            assert found.int == min(alike)


def test_a_postcode_is_known_by_its_beginning_and_the_longer_one_counts() -> None:
    book = RuleBook([(UUID(int=1), {"postcode": ["20"]}), (UUID(int=2), {"postcode": ["2003", "EC1A"]})])
    assert book.find(Shop(postcode="200120")) == UUID(int=1)
    assert book.find(Shop(postcode="200333")) == UUID(int=2)
    assert book.find(Shop(postcode="ec1a 1bb")) == UUID(int=2)
    assert book.find(Shop(postcode="310000")) is None and book.find(Shop()) is None


def test_a_rule_counts_before_an_outline_and_needs_no_position() -> None:
    atlas = Atlas([region(1, square(0, 0, 1, 1)), region(2, None, city=["Hull"])])
    inside, ruled, nowhere = Shop(0.5, 0.5), Shop(0.5, 0.5, city="hull"), Shop(city="Leeds")
    assert atlas.find([inside, ruled, nowhere, Shop(city="HULL")]) == [
        (UUID(int=1), "position"), (UUID(int=2), "rule"), (None, None), (UUID(int=2), "rule"),
    ]  # fmt: skip
    assert Atlas([]).find([inside]) == [(None, None)]


def test_overlaps_have_a_size_and_borders_are_none() -> None:
    atlas = Atlas([region(1, square(0, 0, 1, 1)), region(2, square(1, 0, 2, 1)), region(3, square(0.5, 0.5, 1, 1.2))])
    (crossing,) = atlas.crossings
    assert crossing[:2] == (UUID(int=3), UUID(int=1))
    assert crossing[2] == pytest.approx(km2_of(square(0.5, 0.5, 1, 1)))
    common = atlas.common(UUID(int=1), UUID(int=3))
    assert common is not None and common.bounds == (0.5, 0.5, 1, 1)
    assert atlas.common(UUID(int=1), UUID(int=9)) is None


def test_work_is_visits_by_class_times_minutes() -> None:
    work = Work((14, 30, 60))
    assert work.accounts == 104
    assert work.visits == pytest.approx(3 * 365.25 / 12)
    assert work.hours == pytest.approx(work.visits / 2)
    assert (work + work).classes == (28, 60, 120)


def test_a_summary_adds_up_by_owner() -> None:
    one, other = new_id(), new_id()
    summary = Summary(territories={str(one): ["One", "person:a", "person:b"], str(other): ["Other", "", ""]})
    summary.count(one, one, "A")
    summary.count(None, one, "B")
    summary.count(other, other, "C")
    found = summary.work_by_owner()
    assert {key: (before.classes, after.classes) for key, (before, after) in found.items()} == {
        "person:a": ((1, 0, 0), (0, 0, 0)), "person:b": ((0, 0, 0), (1, 1, 0)), None: ((0, 1, 0), (0, 0, 0)),
    }  # fmt: skip


def test_what_is_typed_into_a_rule() -> None:
    assert rule_values(" 上海市，北京市、 杭州;\nx,,x, - ") == ["上海市", "北京市", "杭州", "x"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (Definition(" "), "name"), (Definition("a", colour="red"), "colour"),
        (Definition("a", owner_id=new_id(), team_id=new_id()), "owner"),
        (Definition("a", rule={"city": ["x"] * 501}), "rule"),
        (Definition("a", rule={"city": ["x"] * 200, "district": ["x"] * 200}), "rule"),
        (Definition("a", rule={"rating": ["D"]}), "rule_rating"),
    ],
)  # fmt: skip
def test_what_no_territory_can_be(given: Definition, field: str) -> None:
    with pytest.raises(InvalidError) as refused:
        check_definition(given)
    assert refused.value.field == field


def test_a_definition_keeps_all_it_says() -> None:
    given = Definition("a", "b", COLOURS[3], new_id(), None, new_id(), {"city": ["x"]}, True)
    assert Definition.of(given.plain()) == given
    assert set(RULE_FIELDS) == {"country", "region", "city", "district", "postcode", "category", "rating"}

"""Every reason that a visit can show: a scenario that has it, and its sentence on the page in the three languages."""

import csv
import html
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask_babel import force_locale, gettext
from sqlalchemy import select, update

from app.accounts.actions import add_place, set_position
from app.accounts.models import Place
from app.accounts.rules import PlaceInput
from app.fixes.rules import Finding as Found
from app.fixes.rules import Reason
from app.identity.models import Person
from app.infra.arrival import hearing
from app.infra.db import db, transact
from app.kernel.access import Actor
from app.kernel.dates import today_in
from app.kernel.geo import Position
from app.kernel.ids import new_id
from app.visits.actions import CheckInInput, add_photo, add_reason, check_in
from app.visits.models import CheckIn, Finding, Visit
from app.visits.photos import Picture, looks_alike
from app.visits.rules import SENTENCES, Fix, Judgement, Told, Verdict, weigh
from tests.conftest import NOW, Browser, Cast
from tests.shared import shared_file
from tests.visits.conftest import BUND, Stage

Open = Callable[[Actor | None], Browser]
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FAR = Position(31.2397, 122.5)  # 96 km east of the Bund
LOOK = (0b1010, 0xFF00, 0x1234, 0x8001)


def north(metres: float) -> Position:
    return Position(BUND.lat + metres / 111_195, BUND.lon)


class Day:
    """Rita's visits one after the other, each planned where it is said, and checked in to."""

    def __init__(self, cast: Cast, stage: Stage) -> None:
        self.rita, self.ren, self.stage = cast.rita, cast.ren, stage
        self.device = new_id()

    def planned(self, place_id: UUID, actor: Actor) -> UUID:
        place = db.session.get_one(Place, place_id)
        visit = Visit(
            id=new_id(), account_id=place.account_id, place_id=place_id, rep_id=actor.person_id, created_at=NOW,
            planned_on=today_in(place.zone, NOW),
        )  # fmt: skip
        db.session.add(visit)
        db.session.flush()
        return visit.id

    def visit(
        self, fix: Fix | None, at: datetime = NOW, *, place: UUID | None = None, heard: datetime | None = None,
        actor: Actor | None = None, **more: Any,
    ) -> UUID:  # fmt: skip
        """Check in at `at` (by the phone) at the Bund or that place; it arrives at once, or when it is `heard`."""
        who = actor or self.rita
        given = CheckInInput(fix, unasked=True, **{"tapped_at": at, "device_id": self.device, **more})

        def work() -> UUID:
            visit_id = self.planned(place or self.stage.bund_place, who)
            check_in(who, visit_id, given, at)
            return visit_id

        with hearing(heard or at, at):
            return transact(work)

    def move(self, place_id: UUID, position: Position, certainty: str = "exact") -> None:
        transact(lambda: set_position(self.rita, place_id, position, certainty, NOW))

    def photo(self, visit_id: UUID, digest: str, look: Any = (None,) * 4, at: datetime = NOW) -> None:
        picture = Picture(digest * 64, 9, 9, 9, None, {}, digest * 64, *look)
        actor = self.rita if db.session.get_one(Visit, visit_id).rep_id == self.rita.id else self.ren
        transact(lambda: add_photo(actor, visit_id, new_id(), picture, at))


@pytest.fixture
def day(cast: Cast, stage: Stage) -> Iterator[Day]:
    yield Day(cast, stage)


def reasons(visit_id: UUID) -> list[str]:
    """The reason of the verdict, then the others."""
    db.session.rollback()
    main = db.session.get_one(CheckIn, visit_id)
    beside = db.session.scalars(select(Finding.reason).where(Finding.visit_id == visit_id).order_by(Finding.id))
    return [main.verdict_reason, *beside]


# --- A scenario for each reason ---------------------------------------------------------------------------------------


def elsewhere(day: Day) -> UUID:
    place = PlaceInput("Asia/Shanghai", label="Warehouse", address="9 Dock Road", position=FAR)
    transact(lambda: add_place(day.rita, day.stage.bund, None, place, NOW))
    return day.visit(Fix(FAR, 15, NOW))


def roughly_located(day: Day) -> UUID:
    day.move(day.stage.nowhere_place, north(40), "approximate")
    return day.visit(Fix(BUND, 15, NOW), place=day.stage.nowhere_place)


def jumped(day: Day) -> UUID:
    day.visit(Fix(FAR, 15, NOW))
    return day.visit(Fix(BUND, 15, NOW + 10 * MINUTE), NOW + 10 * MINUTE)


def replayed(day: Day) -> UUID:
    day.visit(Fix(BUND, 15, NOW))
    return day.visit(Fix(BUND, 15, NOW), NOW + 3 * MINUTE)


def frozen(day: Day) -> UUID:
    day.visit(Fix(BUND, 15, NOW))
    return day.visit(Fix(north(20), 15, NOW), NOW + 3 * MINUTE)


def ahead(day: Day) -> UUID:
    """The clock is three hours fast, and the phone does not say by when it sent it."""
    return day.visit(Fix(BUND, 15, NOW + 3 * HOUR), NOW, tapped_at=NOW + 3 * HOUR)


def same_photo(day: Day) -> UUID:
    first = day.visit(Fix(BUND, 15, NOW))
    day.photo(first, "a")
    second = day.visit(Fix(BUND, 15, NOW + DAY), NOW + DAY)
    day.photo(second, "a", at=NOW + DAY)
    return second


def alike_photo(day: Day) -> UUID:
    """The other one is Ren's, in London."""
    day.photo(day.visit(Fix(BUND, 15, NOW), place=day.stage.pub_place, actor=day.ren), "a", LOOK)
    second = day.visit(Fix(BUND, 15, NOW + DAY), NOW + DAY)
    day.photo(second, "b", (LOOK[0], LOOK[1] ^ 0b11, LOOK[2], LOOK[3] ^ 1), at=NOW + DAY)
    return second


def refused(error: str) -> Callable[[Day], UUID]:
    return lambda day: day.visit(None, position_error=error)


SCENARIOS: dict[str, Callable[[Day], UUID]] = {
    "within_radius": lambda day: day.visit(Fix(north(149), 15, NOW)),
    "within_accuracy": lambda day: day.visit(Fix(north(170), 40, NOW)),
    "near_other_place": elsewhere,
    "too_far": lambda day: day.visit(Fix(north(5000), 15, NOW)),
    "explained": lambda day: day.visit(Fix(north(5000), 15, NOW), reason="Met at the fair"),
    "accuracy_too_poor": lambda day: day.visit(Fix(BUND, 3000, NOW)),
    "too_coarse": lambda day: day.visit(Fix(north(50_000), 3000, NOW)),
    "fix_too_old": lambda day: day.visit(Fix(BUND, 15, NOW - 7 * MINUTE)),
    "fix_from_future": lambda day: day.visit(Fix(BUND, 15, NOW + 9 * MINUTE)),
    "fix_while_moving": lambda day: day.visit(Fix(BUND, 15, NOW, 1, 14.0)),
    "place_approximate": roughly_located,
    "no_place": lambda day: day.visit(Fix(BUND, 15, NOW), place=day.stage.nowhere_place),
    "no_position": refused(""),
    "position_refused": refused("denied"),
    "position_unavailable": refused("unavailable"),
    "position_timeout": refused("timeout"),
    "position_insecure": refused("insecure"),
    "impossible_speed": jumped,
    "replayed_fix": replayed,
    "frozen_fix": frozen,
    "clock_wrong": ahead,
    "late_arrival": lambda day: day.visit(Fix(BUND, 15, NOW), heard=NOW + 2 * DAY),
    "clock_doubtful": lambda day: day.visit(Fix(BUND, 15, NOW), clock_doubtful=True),
    "photo_used_before": same_photo,
    "photo_looks_used": alike_photo,
}
PLACE = re.compile(r"%\(\w+\)s")


def texts_of(page: str) -> list[str]:
    """What stands between the tags of the page's content: short texts, in which a pattern of many gaps is quick."""
    return re.split("<[^>]*>", page[page.index("<main") :])


@pytest.mark.parametrize("reason", SENTENCES)
def test_each_reason_is_told_in_the_readers_language(reason: str, day: Day, browser: Open) -> None:
    visit_id = SCENARIOS[reason](day)
    assert reason in [*reasons(visit_id), "explained"]
    rita, told = browser(day.rita), set()
    for language in ("en", "zh_Hans", "zh_Hant"):
        transact(lambda language=language: db.session.execute(update(Person).values(language=language)))
        page = html.unescape(rita.get(f"/visits/{visit_id}").text)
        with rita.app.test_request_context(), force_locale(language):
            sentence = gettext(SENTENCES[reason])
        pattern = re.compile(".+?".join(re.escape(part) for part in PLACE.split(sentence)))
        found = next(filter(None, map(pattern.search, texts_of(page))), None)
        assert found, f"{language}: {sentence}"
        assert "%(" not in page
        told.add(sentence)
    assert len(told) == 3, "each language says it in its own words"
    if reason != "explained":
        main = page.index('class="note')
        assert page.index(found[0]) > main, "below the heading of the visit"


def test_the_manager_is_told_the_same(day: Day, cast: Cast, browser: Open) -> None:
    visit_id = same_photo(day)
    for actor in (cast.rita, cast.mona):
        page = browser(actor).get(f"/visits/{visit_id}").text
        assert "0 m from the place (within 150 m, accuracy 15 m)." in page
        assert "Photo 1 was kept with another visit before; 24 hours lie between them." in page


# --- What makes a verdict doubtful, and what does not ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("scenario", "verdict", "told"),
    [
        (jumped, "uncertain", ["impossible_speed", "within_radius"]),
        (replayed, "uncertain", ["replayed_fix", "within_radius", "frozen_fix"]),
        (frozen, "uncertain", ["frozen_fix", "within_radius"]),
        (ahead, "uncertain", ["clock_wrong", "within_radius"]),
        (SCENARIOS["late_arrival"], "on_site", ["within_radius", "late_arrival"]),
        (SCENARIOS["clock_doubtful"], "on_site", ["within_radius", "clock_doubtful"]),
        (SCENARIOS["too_coarse"], "off_site", ["too_far", "too_coarse"]),
        (SCENARIOS["accuracy_too_poor"], "uncertain", ["accuracy_too_poor"]),
        (SCENARIOS["fix_from_future"], "uncertain", ["fix_from_future"]),
        (elsewhere, "on_site", ["near_other_place"]),
        (same_photo, "on_site", ["within_radius", "photo_used_before"]),
        (alike_photo, "on_site", ["within_radius", "photo_looks_used"]),
        (SCENARIOS["position_refused"], "no_position", ["position_refused"]),
    ],
)
def test_the_reason_of_the_verdict_comes_first(
    scenario: Callable[[Day], UUID], verdict: str, told: list[str], day: Day
) -> None:
    visit_id = scenario(day)
    assert (reasons(visit_id), db.session.get_one(CheckIn, visit_id).verdict) == (told, verdict)


def test_equal_coordinates_accuse_nobody(day: Day) -> None:
    for number in range(3):
        visit_id = day.visit(Fix(BUND, 15, NOW + number * HOUR), NOW + number * HOUR)
        assert reasons(visit_id) == ["within_radius"]


def test_a_fix_that_somebody_else_sent_is_a_replayed_one(day: Day) -> None:
    day.visit(Fix(BUND, 15, NOW), place=day.stage.pub_place, actor=day.ren, device_id=new_id())
    assert reasons(day.visit(Fix(BUND, 15, NOW), NOW + MINUTE))[0] == "replayed_fix"


def test_a_new_device_is_compared_with_what_the_rep_sent_before_and_an_old_one_with_its_own(day: Day) -> None:
    day.visit(Fix(FAR, 15, NOW))
    assert reasons(day.visit(Fix(BUND, 15, NOW + 5 * MINUTE), NOW + 5 * MINUTE, device_id=new_id())) == [
        "impossible_speed", "within_radius",
    ]  # fmt: skip
    assert reasons(day.visit(Fix(FAR, 15, NOW + 6 * MINUTE), NOW + 6 * MINUTE))[-1] == "too_far"


def test_a_check_in_a_week_late_keeps_its_verdict_even_where_later_ones_overtook_it(day: Day) -> None:
    day.visit(Fix(FAR, 15, NOW + HOUR), NOW + HOUR)
    visit_id = day.visit(Fix(BUND, 15, NOW), heard=NOW + 7 * DAY)
    assert reasons(visit_id) == ["within_radius", "late_arrival"]
    assert db.session.get_one(CheckIn, visit_id).verdict == "on_site"
    again = day.visit(Fix(BUND, 15, NOW), NOW + 2 * MINUTE, heard=NOW + 8 * DAY)
    assert "replayed_fix" in reasons(again), "late or not, the same fix is the same"


def test_photos_of_the_same_visit_accuse_nobody_nor_do_pictures_that_show_nothing(day: Day) -> None:
    first = day.visit(Fix(BUND, 15, NOW))
    day.photo(first, "a", LOOK)
    day.photo(first, "a", LOOK)
    second = day.visit(Fix(BUND, 15, NOW + HOUR), NOW + HOUR)
    day.photo(second, "b")
    day.photo(second, "c", (LOOK[0], LOOK[1] ^ 0b111, LOOK[2], LOOK[3] ^ 1), at=NOW + HOUR)  # another scene
    assert reasons(second) == ["within_radius"]


def test_a_reason_given_afterwards_is_told_like_one_given_at_once(day: Day, browser: Open) -> None:
    visit_id = day.visit(Fix(north(5000), 15, NOW))
    assert "The rep says why" not in browser(day.rita).get(f"/visits/{visit_id}").text
    transact(lambda: add_reason(day.rita, visit_id, "Met at the fair", NOW))
    assert "The rep says why: “Met at the fair”" in browser(day.rita).get(f"/visits/{visit_id}").text


def test_an_archived_or_roughly_located_place_is_no_other_place(day: Day) -> None:
    place = PlaceInput("Asia/Shanghai", position=FAR)
    other = transact(lambda: add_place(day.rita, day.stage.bund, None, place, NOW).id)
    day.move(other, FAR, "approximate")
    assert reasons(day.visit(Fix(FAR, 15, NOW))) == ["too_far"]


def test_another_place_has_its_own_radius(day: Day) -> None:
    place = PlaceInput("Asia/Shanghai", position=FAR, label="Yard")
    other = transact(lambda: add_place(day.rita, day.stage.bund, None, place, NOW).id)
    beside = Position(FAR.lat + 400 / 111_195, FAR.lon)
    assert reasons(day.visit(Fix(beside, 15, NOW))) == ["too_far"]
    transact(lambda: db.session.execute(update(Place).where(Place.id == other).values(radius=500)))
    visit_id = day.visit(Fix(beside, 15, NOW + HOUR), NOW + HOUR)
    assert reasons(visit_id) == ["near_other_place"]
    assert round(db.session.get_one(CheckIn, visit_id).distance or 0) == 400


def test_the_fixes_of_a_real_bus_and_the_same_with_faults(day: Day) -> None:
    """A rep who rides a bus in Liverpool and checks in on the way: honest, then with faults put in."""
    with shared_file("gps/liverpool_bus_route14.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["vehicle_id"] == "4836"]
    fixes, last = [], None
    for row in rows:
        taken = datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC)
        if last is None or taken - last >= timedelta(seconds=60):
            fixes.append(Fix(Position(float(row["latitude"]), float(row["longitude"])), 10, taken))
            last = taken
    assert len(fixes) > 25
    for fix in fixes[:25]:
        assert reasons(day.visit(fix, fix.taken_at)) == ["too_far"], "the Bund is far away, but nothing else is wrong"
    last, following = fixes[24], fixes[25]
    later = last.taken_at + MINUTE
    assert "replayed_fix" in reasons(day.visit(fixes[20], later, tapped_at=fixes[20].taken_at))
    assert "replayed_fix" in reasons(day.visit(last, later))
    assert "frozen_fix" in reasons(day.visit(Fix(following.position, 10, last.taken_at), later + MINUTE))
    jump = Fix(Position(53.9, -2.9), 10, later + 3 * MINUTE)
    assert "impossible_speed" in reasons(day.visit(jump, jump.taken_at))
    real = Fix(following.position, 10, later + 4 * MINUTE)
    assert reasons(day.visit(real, real.taken_at)) == ["too_far"], "one false fix accuses no honest one"


# --- The pure rule ----------------------------------------------------------------------------------------------------

HERE = Judgement(Verdict.ON_SITE, 4.0, "within_radius", {"distance": 4, "accuracy": 9, "radius": 150})
AWAY = Judgement(Verdict.OFF_SITE, 9000.0, "too_far", {"distance": 9000, "accuracy": 9, "radius": 150})


def test_a_doubt_takes_the_place_of_on_site_alone() -> None:
    doubt = Found(Reason.REPLAYED_FIX)
    assert weigh(AWAY, [doubt], timedelta(0)) == (AWAY, (Told("replayed_fix"),))
    judgement, beside = weigh(HERE, [doubt, Found(Reason.FROZEN_FIX)], timedelta(0))
    assert (judgement.verdict, judgement.reason, judgement.distance_m) == (Verdict.UNCERTAIN, "replayed_fix", 4.0)
    assert beside == (Told("within_radius", HERE.params), Told("frozen_fix"))


def test_lateness_and_a_coarse_fix_never_make_a_verdict_worse() -> None:
    late = [Found(Reason.STALE_FIX, {"duration": 1}), Found(Reason.LATE_ARRIVAL, {"duration": 1})]
    coarse = Found(Reason.TOO_COARSE, {"accuracy": 120})
    told = (Told("too_coarse", {"accuracy": 120}), Told("late_arrival", {"duration": 86_400}))
    assert weigh(HERE, [coarse, *late], DAY) == (HERE, told)
    assert weigh(HERE, late, HOUR) == (HERE, ()), "an hour is not late yet"


def test_a_wrong_clock_is_told_once() -> None:
    wrong = Found(Reason.CLOCK_WRONG, {"duration": 60})
    _, beside = weigh(AWAY, [wrong], timedelta(0), clock_doubtful=True)
    assert beside == (Told("clock_wrong", {"duration": 60}),)


def test_two_looks_are_alike_up_to_three_bits() -> None:
    assert looks_alike(LOOK, (LOOK[0] ^ 0b111, *LOOK[1:]))
    assert not looks_alike(LOOK, (LOOK[0] ^ 0b1111, *LOOK[1:]))
    assert not looks_alike((None,) * 4, (None,) * 4)

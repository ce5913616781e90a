"""What a check-in and a photo keep as evidence, as a phone posts them and as the pages show it."""

import hashlib
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from PIL import Image, ImageDraw
from sqlalchemy import event, select, update

from app.accounts.models import Place
from app.chain.plugs import linked
from app.chain.queries import find_unlinked, walk
from app.identity.models import Person
from app.infra.db import db, transact
from app.kernel.ids import new_id
from app.visits.evidence import delete_old_positions
from app.visits.models import CheckIn, Finding, Photo, Visit, VisitPoint
from app.visits.photos import look_of, looks_alike
from tests.conftest import Browser, Cast, device_of
from tests.outbox import kept
from tests.visits.conftest import BUND, Stage

Open = Callable[[Any], Browser]


def fix(**more: object) -> dict[str, str]:
    moment = datetime.now(UTC).isoformat()
    said = {"lat": BUND.lat, "lon": BUND.lon, "accuracy_m": 15, "fix_at": moment, "tapped_at": moment, **more}
    return {name: str(value) for name, value in said.items()}


def begin(rita: Browser, account: UUID, **more: Any) -> UUID:
    visit = new_id()
    assert rita.post(f"/accounts/{account}/check-in", visit_id=visit, **{**fix(), **more}).status_code in (204, 303)
    return visit


def shelf(seed: int, quality: int = 90, side: int = 900) -> bytes:
    """A picture of boxes on a shelf."""
    image = Image.new("RGB", (1200, 900), (200, 190, 170))
    draw = ImageDraw.Draw(image)
    for number in range(40):
        left, top = (seed * 131 + number * 197) % 1100, (seed * 61 + number * 113) % 800
        tone = (seed * 37 + number * 83) % 256
        draw.rectangle((left, top, left + 90, top + 80), fill=(tone, 255 - tone, (tone * 3) % 256))
    image.thumbnail((side, side))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def put(rita: Browser, visit: UUID, content: bytes, **more: Any) -> Any:
    return rita.post(f"/visits/{visit}/photos", photo=(io.BytesIO(content), "shot.jpg"), **more)


def intact() -> bool:
    return not [each for each in walk(linked()) if each.broken] and not list(find_unlinked(linked()))


def test_the_raw_fix_its_device_and_the_wait_are_kept(cast: Cast, stage: Stage, browser: Open) -> None:
    rita = browser(cast.rita)
    begin(rita, stage.bund, altitude_m="12.5", waited_ms="3400", speed_mps="0.3", fix_count="2")
    row = db.session.scalars(select(CheckIn)).one()
    assert (row.altitude, row.waited, row.speed, row.fix_count) == (12.5, 3400, 0.3, 2)
    assert row.device_id == device_of(cast.rita)
    assert row.fix_told_at == row.fix_at
    assert intact()
    page = rita.get(f"/visits/{row.visit_id}").text
    assert "± 15 m" in page and "12 m" in page and "3 seconds" in page and "1 km/h" in page


def test_the_time_that_a_wrong_clock_told_is_kept_beside_the_right_one(cast: Cast, stage: Stage, browser: Open) -> None:
    wrong = timedelta(days=-700)
    told = datetime.now(UTC) + wrong
    said = {"fix_at": told.isoformat(), "tapped_at": told.isoformat()}
    begin(browser(cast.rita), stage.bund, headers=kept(timedelta(0), wrong=wrong), **said)
    row = db.session.scalars(select(CheckIn)).one()
    assert row.fix_told_at == told
    assert row.fix_at is not None
    assert abs(row.fix_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert (row.verdict, row.verdict_reason) == ("on_site", "within_radius"), "who corrects a clock accuses nobody"


@pytest.mark.parametrize(
    "nonsense", [{"altitude_m": "nan", "waited_ms": "soon"}, {"altitude_m": "1e400", "waited_ms": "-1"}]
)
def test_what_nobody_needs_never_stops_a_check_in(
    nonsense: dict[str, str], cast: Cast, stage: Stage, browser: Open
) -> None:
    begin(browser(cast.rita), stage.bund, **nonsense)
    row = db.session.scalars(select(CheckIn)).one()
    assert (row.altitude, row.waited) == (None, None)


def test_the_page_that_asks_for_a_reason_keeps_them_and_other_pages_have_no_input_for_them(
    cast: Cast, stage: Stage, browser: Open
) -> None:
    rita, path = browser(cast.rita), f"/accounts/{stage.bund}/check-in"
    asked = rita.post(path, visit_id=new_id(), altitude_m="12.5", waited_ms="3400", **fix(lat=31.3))
    assert asked.status_code == 422
    assert '<input type="hidden" name="altitude_m" value="12.5">' in asked.text
    assert '<input type="hidden" name="waited_ms" value="3400">' in asked.text
    assert "altitude_m" not in rita.get(path).text + rita.get("/today").text


def test_a_check_in_on_site_costs_a_modest_number_of_statements(cast: Cast, stage: Stage, browser: Open) -> None:
    rita, statements = browser(cast.rita), []
    visit = begin(rita, stage.bund)
    rita.post(f"/visits/{visit}/check-out", outcome="order")

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        begin(rita, stage.bund, fix_at=(datetime.now(UTC) + timedelta(seconds=1)).isoformat())
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert sum("chain_link" in statement for statement in statements) == 2
    assert len(statements) <= 28, "\n".join(statements)  # four of them for the point on the map


# --- Photos -----------------------------------------------------------------------------------------------------------


def test_a_photo_keeps_what_was_sent_and_how_it_looks(cast: Cast, stage: Stage, browser: Open) -> None:
    rita, content = browser(cast.rita), shelf(1)
    put(rita, begin(rita, stage.bund), content)
    photo = db.session.scalars(select(Photo)).one()
    assert photo.sent_digest == hashlib.sha256(content).hexdigest() != photo.digest
    assert None not in (photo.look_1, photo.look_2, photo.look_3, photo.look_4)
    assert photo.salt
    assert intact()


@pytest.mark.parametrize(
    ("again", "reason"),
    [
        (shelf(1), "photo_used_before"),
        (shelf(1, quality=60, side=700), "photo_looks_used"),
        (shelf(2), None),
    ],
)
def test_a_photo_of_another_visit_is_noticed_when_it_arrives(
    again: bytes, reason: str | None, cast: Cast, stage: Stage, browser: Open
) -> None:
    rita, ren = browser(cast.rita), browser(cast.ren)
    put(ren, begin(ren, stage.pub, reason="fair"), shelf(1))
    visit = begin(rita, stage.bund)
    assert put(rita, visit, again).status_code == 303
    put(rita, visit, again)
    found = db.session.scalars(select(Finding)).all()
    assert [(each.visit_id, each.reason) for each in found] == ([(visit, reason)] * 2 if reason else [])
    assert intact()
    page = rita.get(f"/visits/{visit}").text
    assert (("Photo 1 " in page and "of another visit" in page) or "another visit before" in page) is bool(reason)
    card = rita.fragment(f"/visits/{visit}").text
    assert ("lie between them." in card) is bool(reason), "told at once where the photo was added"
    assert "The Anchor" not in page, "whose visit that was is not told"


def test_a_wall_or_a_dark_lens_looks_like_nothing(cast: Cast, stage: Stage, browser: Open) -> None:
    for tone in (0, 128, 255):
        assert look_of(Image.new("RGB", (400, 300), (tone, tone, tone))) == (None, None, None, None)
    one, other = (look_of(Image.open(io.BytesIO(shelf(seed)))) for seed in (1, 2))
    assert not looks_alike(one, other)


# --- Retention --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "The exact position was deleted on "), ("zh_Hans", "精确位置已于"), ("zh_Hant", "精確位置已於"),
    ],
)  # fmt: skip
def test_a_visit_says_when_its_position_was_deleted(
    language: str, told: str, cast: Cast, stage: Stage, browser: Open
) -> None:
    rita, mona = browser(cast.rita), browser(cast.mona)
    visit = begin(rita, stage.bund, lat=str(BUND.lat + 0.001), altitude_m="12.5")
    day = datetime.now(UTC) + timedelta(days=61)
    pins = f'"lat": {BUND.lat + 0.001:.4f}'
    today = datetime.now(UTC).date()
    assert transact(lambda: delete_old_positions(day)) == 1
    transact(lambda: db.session.execute(update(Person).values(language=language)))
    for who in (rita, mona):
        page = who.get(f"/visits/{visit}").text
        assert told in page
        assert "± 15" not in page
    assert pins not in mona.get(f"/reps/{cast.rita.id}/days/{today}").text
    assert mona.get(f"/board/pins?day={today}").status_code == 200
    assert db.session.get_one(CheckIn, visit).verdict == "on_site"
    place = db.session.get_one(Place, db.session.get_one(Visit, visit).place_id)
    assert db.session.get_one(VisitPoint, visit).qk == place.qk, "the map does not remember it either"
    assert intact()

"""One intention, one effect: double taps, replays, two requests at once, and tries that the database undid."""

import io
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask, Response
from PIL import Image
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from app.accounts.models import Note
from app.accounts.queries import get_main_place
from app.identity.models import Person, Team
from app.identity.permissions import P
from app.infra import queue
from app.infra.db import TryAgainError, db, transact
from app.infra.queue import Job, Worker
from app.kernel.ids import new_id
from app.sales.models import Order
from app.visits.actions import CheckInInput, check_in_unplanned
from app.visits.models import CheckIn, Photo, Visit
from app.web import once
from app.web.guard import needs
from app.web.once import Receipt, has_effect
from tests.conftest import Browser, Cast
from tests.infra.test_db import side_by_side
from tests.sales.conftest import Shop, fields, shop

__all__ = ["shop"]
Open = Callable[[Any], Browser]
SETTINGS: dict[str, Any] = {
    "name": "Rita", "phone": "", "language": "en", "zone": "Asia/Shanghai", "work_from": "09:00", "work_to": "18:00",
    "lunch_from": "12:00", "lunch_minutes": "45", "start_label": "", "start_lat": "", "start_lon": "",
}  # fmt: skip


def count(model: Any) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def answer_of(response: TestResponse) -> tuple[int, str | None, bytes]:
    return response.status_code, response.headers.get("Location") or response.headers.get("HX-Redirect"), response.data


@pytest.fixture
def together(app: Flask, browser: Open, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[TestResponse]]:
    """together(actor, path, first, second): two posts that are under way at the same time, each in its own browser.

    On PostgreSQL both have begun their transaction before either goes on; on SQLite the second waits for its turn.
    """

    def post(actor: Any, path: str, *values: dict[str, str]) -> list[TestResponse]:
        both, first_answer = threading.Barrier(len(values)), once.first_answer
        tries: list[int] = []

        def when_all_are_there() -> Response | None:
            tries.append(1)
            if len(tries) <= len(values) and db.engine.dialect.name != "sqlite":
                both.wait(20)
            return first_answer()

        monkeypatch.setattr(once, "first_answer", when_all_are_there)
        sent = list(zip([browser(actor) for _ in values], values, strict=True))
        db.session.remove()
        answers = side_by_side(app, *[lambda each=each: _send(each[0], path, each[1]) for each in sent])
        db.session.expire_all()
        return answers

    return post


def _send(browser: Browser, path: str, data: dict[str, str]) -> TestResponse:
    return browser.client.post(path, data=data, headers={"Sec-Fetch-Site": "same-origin"})


def test_a_double_tap_makes_one_order_and_both_see_it(cast: Cast, shop: Shop, together: Any) -> None:
    values = {"once": str(new_id()), **fields(prices={shop.tea: 8850}, **{str(shop.tea): 2})}
    one, two = together(cast.rita, f"/accounts/{shop.kitchen}/orders", values, values)
    assert answer_of(one)[:2] == answer_of(two)[:2] == (303, f"/orders/{values['sale_id']}")
    assert (count(Order), count(Receipt)) == (1, 1)
    assert db.session.scalars(select(Order.number)).one().endswith("-000001")


def test_two_keys_for_one_order_make_one_order(cast: Cast, shop: Shop, together: Any) -> None:
    """The form was opened twice, or sent once by the page and once by the outbox."""
    values = fields(prices={shop.tea: 8850}, **{str(shop.tea): 2})
    first, second = ({"once": str(new_id()), **values} for _ in range(2))
    one, two = together(cast.rita, f"/accounts/{shop.kitchen}/orders", first, second)
    assert answer_of(one)[:2] == answer_of(two)[:2] == (303, f"/orders/{values['sale_id']}")
    assert (count(Order), count(Receipt)) == (1, 2)


def test_two_keys_for_one_visit_make_one_visit(cast: Cast, shop: Shop, together: Any) -> None:
    place, visit = get_main_place(cast.rita, shop.kitchen).id, new_id()
    values = {"visit_id": str(visit), "place_id": str(place), "position_error": "denied", "reason": "cellar"}
    first, second = ({"once": str(new_id()), **values} for _ in range(2))
    one, two = together(cast.rita, f"/accounts/{shop.kitchen}/check-in", first, second)
    assert answer_of(one)[:2] == answer_of(two)[:2] == (303, f"/visits/{visit}")
    assert (count(Visit), count(CheckIn)) == (1, 1)


def test_a_replay_gets_the_first_answer_also_after_the_row_has_changed(cast: Cast, shop: Shop, browser: Open) -> None:
    rita, key = browser(cast.rita), new_id()
    first = rita.post(f"/accounts/{shop.kitchen}/notes", once=key, text="Closed on Mondays")
    transact(lambda: db.session.execute(update(Note).values(text="changed since")))
    again = rita.post(f"/accounts/{shop.kitchen}/notes", once=key, text="Closed on Mondays")
    assert (again.status_code, again.location) == (first.status_code, first.location)
    assert first.status_code == 303
    assert count(Note) == 1


def test_a_replay_to_htmx_sends_it_on_too(cast: Cast, shop: Shop, browser: Open) -> None:
    rita, key, htmx = browser(cast.rita), new_id(), {"HX-Request": "true"}
    answers = [
        rita.post(f"/accounts/{shop.kitchen}/notes", once=key, headers=htmx, text="Closed on Mondays") for _ in range(2)
    ]
    assert answer_of(answers[0]) == answer_of(answers[1])
    assert (answers[0].status_code, "Location" in answers[0].headers) == (200, False)
    assert count(Note) == 1


# --- A page as the answer is only a look -----------------------------------------------------------------------------


def test_a_review_leaves_nothing_and_is_whole_each_time(cast: Cast, shop: Shop, browser: Open) -> None:
    rita, key = browser(cast.rita), new_id()
    path, values = f"/accounts/{shop.kitchen}/orders/new", fields(**{str(shop.tea): 2})
    looks = [rita.post(path, once=key, step="review", **values) for _ in range(2)]
    assert [look.status_code for look in looks] == [200, 200]
    assert all("Green tea" in look.text and look.text.count("<main") == look.text.count("</main>") for look in looks)
    changed = rita.post(path, once=key, step="review", **{**values, f"quantity-{shop.tea}": "3"})
    assert changed.status_code == 200, "another basket with the same key is no second intention: there was none yet"
    assert count(Receipt) == 0


def test_what_answers_with_a_page_did_nothing(
    app: Flask, cast: Cast, browser: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgetful() -> str:
        db.session.add(Team(name="kept?", zone="UTC"))
        return "done, believe me"

    monkeypatch.setitem(app.view_functions, "identity.profile_update", needs(P.PROFILE_OWN)(forgetful))
    assert browser(cast.rita).post("/settings", **SETTINGS).status_code == 200
    assert db.session.scalar(select(Team.id).where(Team.name == "kept?")) is None


def test_what_has_an_effect_sends_the_browser_on() -> None:
    assert has_effect(Response(status=303, headers={"Location": "/x"}))
    assert has_effect(Response(status=200, headers={"HX-Redirect": "/x"}))
    assert not has_effect(Response("page", 200))
    assert not has_effect(Response(status=401, headers={"Location": "/x"}))


# --- Tries that the database undid -----------------------------------------------------------------------------------


@pytest.fixture
def undone_once(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The next post's transaction is undone at its end, and run again."""
    remember, tries = once.remember, []

    def fail_first(response: Response) -> None:
        tries.append(1)
        if len(tries) == 1:
            raise TryAgainError
        remember(response)

    monkeypatch.setattr(once, "remember", fail_first)
    return tries


def test_a_second_try_tells_its_message_once(cast: Cast, browser: Open, undone_once: list[int]) -> None:
    rita = browser(cast.rita)
    assert rita.post("/settings", **SETTINGS).status_code == 303
    assert rita.get("/settings").text.count("Your settings are saved.") == 1
    assert db.session.get_one(Person, cast.rita.id).version == 2
    assert len(undone_once) == 2


def test_a_second_try_has_the_whole_photo_and_its_replay_is_known(
    cast: Cast, shop: Shop, browser: Open, undone_once: list[int]
) -> None:
    now, place = datetime.now(UTC), get_main_place(cast.rita, shop.kitchen).id
    arrival = CheckInInput(None, position_error="denied", reason="cellar")
    visit = transact(lambda: check_in_unplanned(cast.rita, new_id(), shop.kitchen, place, arrival, now).visit_id)
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(out, "JPEG")
    rita, key, photo = browser(cast.rita), new_id(), str(new_id())

    def send() -> TestResponse:
        return rita.post(
            f"/visits/{visit}/photos", once=key, photo=(io.BytesIO(out.getvalue()), "a.jpg"), photo_id=photo
        )

    first, again = send(), send()
    assert answer_of(first)[:2] == answer_of(again)[:2]
    assert first.status_code == 303
    assert (count(Photo), len(undone_once)) == (1, 2)


# --- Large posts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tags", "title", "advice"),
    [
        ("en", "That is too large", "Choose a smaller file or shorten the text."),
        ("zh-CN", "内容太大", "请选择较小的文件，或缩短文字。"),
        ("zh-TW", "內容太大", "請選擇較小的檔案，或縮短文字。"),
    ],
)
def test_a_text_of_megabytes_is_refused_before_it_is_read(browser: Open, tags: str, title: str, advice: str) -> None:
    """Anybody may post to the sign-in page; parsing twelve million bytes of form takes seconds."""
    nobody = browser(None)
    answer = nobody.post("/sign-in", headers={"Accept-Language": tags}, email="x" * 1_100_000, password="x")
    assert answer.status_code == 413
    assert title in answer.text and advice in answer.text
    assert nobody.post("/sign-in", email="x" * 900_000, password="x").status_code == 422


def test_a_photo_that_is_too_large_is_refused_with_a_clear_message(app: Flask, cast: Cast, browser: Open) -> None:
    rita = browser(cast.rita)
    head = b'--edge\r\nContent-Disposition: form-data; name="photo"; filename="shot.jpg"\r\n\r\n'
    body = head + b"\xff" * 13_000_000 + b"\r\n--edge--\r\n"

    def send(**headers: str) -> TestResponse:
        with app.app_context():
            return rita.client.post(
                f"/visits/{UUID(int=1)}/photos",
                data=body,
                content_type="multipart/form-data; boundary=edge",
                headers={"Sec-Fetch-Site": "same-origin", **headers},
            )

    page, fragment = send(), send(**{"HX-Request": "true"})
    assert (page.status_code, fragment.status_code) == (413, 413)
    assert "Choose a smaller file" in page.text and "Choose a smaller file" in fragment.text
    assert fragment.headers["HX-Retarget"] == "#notices"


# --- Nothing is kept for ever ----------------------------------------------------------------------------------------


def test_old_receipts_and_the_house_s_own_jobs_are_forgotten(app: Flask, cast: Cast) -> None:
    now = datetime.now(UTC)

    def fill() -> None:
        for days in (1, 91, 101):
            then = now - timedelta(days=days)
            row = {"person_id": cast.rita.id, "key": new_id(), "fingerprint": "", "at": then, "captured_at": then}
            db.session.add(Receipt(**row, status=303, location="/"))
        for days, period in ((9, "old"), (1, "new"), (9, None)):
            job_id = queue.enqueue("kind", {}, None, now - timedelta(days=days), once=period)
            db.session.get_one(Job, job_id).ended_at = now - timedelta(days=days)

    transact(fill)
    worker = Worker(app, [queue.FORGET, once.FORGET])
    worker.schedule(now)
    while worker.step():
        pass
    assert count(Receipt) == 2
    kept = set(db.session.scalars(select(Job.once).where(Job.kind == "kind")))
    assert kept == {"new", None}

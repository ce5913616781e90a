"""The dashboard, the lists behind it and their files: /dashboard, /visits, /orders, each with /export."""

import csv
import io
import re
import zipfile
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, insert, update

from app.accounts.models import Account, Place
from app.dashboards.rules import TOP, Figure, Unit
from app.dashboards.views import cell_of, text_of
from app.identity.models import Person
from app.infra.db import db, transact
from app.kernel.dates import today_in
from app.kernel.ids import new_id
from app.visits.models import CheckIn, CheckOut, Visit
from app.web.sheet import MOST_ROWS
from tests.conftest import NOW, Browser, Cast
from tests.dashboards.conftest import Fields, put

Open = Callable[[Any], Browser]
PAGES = "/dashboard", "/dashboard/export", "/visits", "/visits/export", "/orders", "/orders/export"


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def days(fields: Fields) -> str:
    today = today_in("Asia/Shanghai", fields.now)
    return f"from={today - timedelta(days=20)}&to={today + timedelta(days=1)}"


def speak(cast: Cast, who: Any, language: str) -> None:
    transact(lambda: db.session.execute(update(Person).where(Person.id == who.id).values(language=language)))


def statements(client: Browser, path: str) -> list[str]:
    """The reads of a page, of somebody whom the house knows already."""
    seen: list[str] = []
    config = client.app.config
    config["ACTOR_CACHE_SECONDS"] = 60
    try:
        client.get(path)
        note = lambda *args: seen.append(args[2])  # noqa: E731 - to be removed again
        event.listen(db.engine, "before_cursor_execute", note)
        assert client.get(path).status_code == 200
        event.remove(db.engine, "before_cursor_execute", note)
    finally:
        config["ACTOR_CACHE_SECONDS"] = 0
    return [text for text in seen if text.lstrip().upper().startswith(("SELECT", "WITH"))]


# --- Who sees it -----------------------------------------------------------------------------------------------------


def test_who_may_see_it(cast: Cast, browser: Open) -> None:
    people = cast.rita, cast.mona, cast.otto, cast.ada, None
    found = {path: [browser(who).get(path).status_code for who in people] for path in PAGES}
    assert found["/dashboard"] == found["/dashboard/export"] == [404, 200, 404, 200, 302]
    for path in PAGES[2:]:
        assert found[path] == [200, 200, 200, 200, 302], path
    for path in PAGES:
        assert browser(cast.mona).post(path).status_code == 405


def test_nobody_sees_other_teams_or_other_people(cast: Cast, fields: Fields, browser: Open) -> None:
    period = days(fields)
    mona, rita = browser(cast.mona), browser(cast.rita)
    assert "Rita" in mona.get(f"/dashboard?period=days&{period}").text
    for path in (f"/dashboard?period=days&{period}", f"/visits?{period}"):
        shown = mona.get(path).text
        assert "Ren" not in re.findall(r">\s*(\w+)", shown)
        assert "Britain" not in shown
    for answer in (
        mona.get(f"/visits?{period}&rep={cast.ren.id}"),
        mona.get(f"/visits?{period}&team={cast.teams['britain']}"),
        rita.get(f"/visits?{period}&rep={cast.ren.id}"),
    ):
        assert "No visits like this" in answer.text
    seen = {row["Sales rep"] for row in rows_of(rita.get(f"/visits/export?{period}").text)}
    assert seen == {"Rita"}
    assert {row["Sales rep"] for row in rows_of(mona.get(f"/visits/export?{period}").text)} == {"Rita", "Mona"}
    everybody = rows_of(browser(cast.ada).get(f"/visits/export?{period}").text)
    assert {row["Sales rep"] for row in everybody} == {"Rita", "Mona", "Ren"}
    assert {row["Sales rep"] for row in rows_of(mona.get("/orders/export?by=us").text)} == {"Rita", "Mona"}


# --- What they say ---------------------------------------------------------------------------------------------------


def test_nothing_yet_is_said_in_plain_words(cast: Cast, browser: Open) -> None:
    assert "Nothing happened in this period" in browser(cast.mona).get("/dashboard").text
    assert "What the figures mean" in browser(cast.mona).get("/dashboard").text
    assert "No visits like this" in browser(cast.mona).get("/visits").text


@pytest.mark.parametrize("show", ["visits", "verdicts", "time", "orders"])
def test_every_link_of_the_dashboard_opens(cast: Cast, fields: Fields, browser: Open, show: str) -> None:
    mona, seen = browser(cast.mona), set()
    shown = mona.get(f"/dashboard?period=days&{days(fields)}&show={show}").text
    for address in re.findall(r'href="(/(?:dashboard|visits|orders)\?[^"]*)"', shown):
        address = address.replace("&amp;", "&")
        kind = re.sub(r"rep=[^&]*", "", address)
        if kind not in seen:
            seen.add(kind)
            assert mona.get(address).status_code == 200, address
    assert len(seen) > 15


def test_a_list_shows_as_many_rows_as_the_figure_says(cast: Cast, fields: Fields, browser: Open) -> None:
    mona = browser(cast.mona)
    shown = mona.get(f"/dashboard?period=days&{days(fields)}&show=visits").text
    cells = re.findall(r'<td class="num"><a href="(/visits\?[^"]*state=missed[^"]*)">(\d+)</a>', shown)
    assert len(cells) == 3
    for address, number in cells:
        address = address.replace("&amp;", "&")
        listed = mona.get(address).text
        assert re.search(rf"<b>{number} visits?</b>", listed), address
        exported = rows_of(mona.get(address.replace("/visits?", "/visits/export?")).text)
        assert len(exported) == int(number)
        assert {row["State"] for row in exported} == {"Missed"}


@pytest.mark.parametrize("show", ["visits", "verdicts", "time", "orders"])
@pytest.mark.parametrize("by", ["rep", "team"])
def test_each_figure_can_rank(cast: Cast, fields: Fields, browser: Open, show: str, by: str) -> None:
    ada = browser(cast.ada)
    address = f"/dashboard?period=days&{days(fields)}&show={show}&by={by}"
    keys = set(re.findall(r"[?;]figure=(\w+)&amp;order|figure=(\w+)", ada.get(address).text))
    for key in {one or other for one, other in keys}:
        for order in ("", "&order=up"):
            shown = ada.get(f"{address}&figure={key}{order}")
            assert shown.status_code == 200
            assert ('aria-sort="ascending"' in shown.text) == bool(order), key


def test_the_picture_is_told_in_words_and_needs_no_inline_style(cast: Cast, fields: Fields, browser: Open) -> None:
    shown = browser(cast.mona).get(f"/dashboard?period=days&{days(fields)}")
    assert 'role="img"' in shown.text and "<title id=" in shown.text and "<desc id=" in shown.text
    assert "style=" not in shown.text
    assert "unsafe-inline" not in shown.headers["Content-Security-Policy"]
    part = browser(cast.mona).fragment("/dashboard").text
    assert part.lstrip().startswith('<div id="board"')


ABSURD = (
    "period=x&on=x&from=x&to=x&team=x&by=x&show=x&figure=x&order=x", "period=days&from=0001-01-01&to=9999-12-31",
    "period=quarter&on=9999-12-31", "period=day&on=1971-01-01", "state=x&verdict=x&outcome=x&plan=x&per=x&after=x",
    "rep=00000000-0000-7000-8000-000000000000&team=00000000-0000-7000-8000-000000000000", "currency=%27&state=standing",
    "from=2026-02-31&to=%00", "page=999999", "as=exe", "from=9999-12-31",
)  # fmt: skip


@pytest.mark.parametrize("query", ABSURD)
def test_absurd_addresses_are_answered(cast: Cast, fields: Fields, browser: Open, query: str) -> None:
    mona = browser(cast.mona)
    assert [mona.get(f"{path}?{query}").status_code for path in PAGES] == [200] * len(PAGES)


@pytest.mark.parametrize(
    ("figure", "value", "text", "cell"),
    [
        (Figure("n", "", ""), 1234, "1,234", Decimal(1234)),
        (Figure("n", "", "", Unit.SHARE), 0.876, "87 %", 87.6),
        (Figure("n", "", "", Unit.RATIO), 0.4212, "0.42", 0.4212),
        (Figure("n", "", "", Unit.MINUTES), 725, "12:05 h", Decimal(725)),
        (Figure("n", "", "", Unit.MINUTES, below=("m",)), 31.44, "31 min", 31.4),
        (Figure("n", "", "", Unit.CLOCK), 555.9, "09:15", "09:15"),
        (Figure("n", "", "", Unit.MONEY, currency="CNY"), 322.5, "CN¥3.23", Decimal("3.23")),
        (Figure("n", "", "", Unit.MONEY, currency="TWD"), 322.5, "NT$323", Decimal(323)),
        (Figure("n", "", "", Unit.SHARE), None, "–", None),
    ],
)
def test_how_values_are_written(made_app: Flask, figure: Figure, value: float | None, text: str, cell: Any) -> None:
    with made_app.test_request_context():
        assert (text_of(figure, value), cell_of(figure, value)) == (text, cell)


# --- Files -----------------------------------------------------------------------------------------------------------


def test_the_board_as_a_file(cast: Cast, fields: Fields, browser: Open) -> None:
    mona = browser(cast.mona)
    address = f"/dashboard/export?period=days&{days(fields)}"
    rows = rows_of(mona.get(f"{address}&as=csv").text)
    assert [row["Name"] for row in rows] == ["Mona", "Rita", "All together"]
    for heading in ("Visits: Made", "Time: At customers (min)", "Orders: Value (TWD)", "Visits: Missed, period before"):
        *each, whole = (float(row[heading] or 0) for row in rows)
        assert sum(each) == whole, heading
    assert 0 <= float(rows[-1]["On site: On-site share (%)"]) <= 100
    package = zipfile.ZipFile(io.BytesIO(mona.get(f"{address}&as=xlsx").data))
    assert b"All together" in package.read("xl/worksheets/sheet1.xml")
    teams = rows_of(mona.get(f"{address}&by=team").text)
    assert [row["Name"] for row in teams] == ["China", "Shanghai", "All together"]


def test_files_speak_the_reader_s_language_and_clock(cast: Cast, fields: Fields, browser: Open) -> None:
    speak(cast, cast.mona, "zh_Hant")
    mona = browser(cast.mona)
    answer = mona.get(f"/visits/export?{days(fields)}&state=done")
    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"].startswith("private")
    row = rows_of(answer.text)[0]
    assert "簽到（Asia/Shanghai）" in row and row["狀態"] == "已完成"
    assert row["客戶"].startswith("'=Shop"), "no formula"


def test_orders_as_a_file_have_their_currency_beside_the_amount(cast: Cast, fields: Fields, browser: Open) -> None:
    rows = rows_of(browser(cast.ada).get("/orders/export").text)
    assert {row["Currency"] for row in rows} == {"CNY", "TWD", "GBP"}
    for row in rows:
        assert ("." in row["Total"]) == (row["Currency"] != "TWD")
    mine = rows_of(browser(cast.ada).get("/orders/export?currency=TWD&state=standing&at=visit").text)
    assert {(row["Currency"], row["At a visit"]) for row in mine} == {("TWD", "yes")}
    assert "Cancelled" not in {row["State"] for row in mine}


def test_too_many_rows_are_refused_and_not_cut_off(
    cast: Cast, fields: Fields, browser: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MOST_ROWS, "csv", 10)
    answer = browser(cast.mona).get(f"/visits/export?{days(fields)}")
    assert answer.status_code == 422
    assert "Choose a shorter period or fewer people" in answer.text


# --- Two hundred reps ------------------------------------------------------------------------------------------------


@pytest.fixture
def crowd(cast: Cast) -> int:
    """Two hundred more reps in Mona's team, each with two visits and a check-out today."""
    count, today = 200, today_in("Asia/Shanghai", NOW)

    def make() -> None:
        reps, visits = [new_id() for _ in range(count)], [new_id() for _ in range(2 * count)]
        account = new_id()
        zone = {"zone": "Asia/Shanghai", "language": "en", "created_at": NOW}
        put(Person, [
            {"id": rep, "email": f"{n}@x.example", "name": f"Rep {n:03}", "password_hash": "", "role": "rep",
             "team_id": cast.teams["shanghai"], **zone} for n, rep in enumerate(reps)
        ])  # fmt: skip
        put(Account, [{"id": account, "name": "Shop", "language": "en", "created_at": NOW}])
        db.session.execute(insert(Place.__table__).values(id=account, account_id=account, zone="Asia/Shanghai"))
        put(Visit, [
            {"id": visit, "account_id": account, "place_id": account, "rep_id": reps[n // 2], "planned_on": today,
             "created_at": NOW} for n, visit in enumerate(visits)
        ])  # fmt: skip
        by = {"at": NOW, "received_at": NOW}
        put(CheckIn, [
            {"visit_id": visit, "person_id": reps[n // 2], "verdict": "on_site", "verdict_reason": "no_place", **by}
            for n, visit in enumerate(visits)
        ])  # fmt: skip
        put(CheckOut, [{"visit_id": visit, **by} for visit in visits])

    transact(make)
    return count


def test_a_manager_of_two_hundred_needs_few_statements(cast: Cast, crowd: int, browser: Open) -> None:
    today = today_in("Asia/Shanghai", NOW)
    mona = browser(cast.mona)
    address = f"/dashboard?period=month&on={today}"
    shown = mona.get(address).text
    assert shown.count('<th scope="row"') == crowd + 2, (
        "Rita, all of them, and the total; a manager without visits is none"
    )
    assert shown.count('class="ground"') == TOP + 1
    assert len(statements(mona, address)) <= 5
    seen: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    mona.get(address)  # known to nobody yet
    assert len([text for text in seen if text.lstrip().upper().startswith(("SELECT", "WITH"))]) <= 6
    assert len(statements(mona, f"/visits?from={today}&to={today}&team={cast.teams['china']}")) <= 4
    assert len(statements(mona, f"/orders?from={today}&to={today}&by=us")) <= 4


def test_all_of_them_are_in_the_file(cast: Cast, crowd: int, browser: Open) -> None:
    today = today_in("Asia/Shanghai", NOW)
    rows = rows_of(browser(cast.mona).get(f"/dashboard/export?period=day&on={today}").text)
    assert len(rows) == crowd + 2
    assert rows[-1]["Visits: Made"] == str(2 * crowd)

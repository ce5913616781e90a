"""What a day without signal costs: the pack on the wire, and how soon a tap is kept.

    python -m tests.bench.bench_offline

The pack is that of a rep with 8 visits today, 40 carried customers, a price list of 200 products and five questions
for every class of customers, as bytes of the body in each coding that browsers take (the service worker's own request
gets the first). A tap is measured in Chromium at 390x844 with the network off and the CPU slowed down four times: from
the click event until the frame after the page shows the entry as kept, which is after it is on the disk (IndexedDB,
strict). Prints medians and the slowest of TAPS.
"""

import io
import json
import random
import shutil
import statistics
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import flask_migrate
from flask import Flask
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from app.accounts.actions import add_account, add_contact
from app.accounts.queries import get_main_place
from app.accounts.rules import AccountInput, ContactInput, PlaceInput
from app.catalogue.actions import PriceInput, PriceListInput, ProductInput, add_price_list, add_product, set_prices
from app.config import ROOT, Settings
from app.factory import create_app
from app.identity.administration import add_administrator
from app.identity.queries import actor_of
from app.infra.db import transact
from app.kernel.dates import today_in
from app.kernel.geo import Position
from app.kernel.ids import new_id
from app.questions.actions import add_question
from app.questions.rules import Kind, QuestionInput
from app.sales.actions import place_order
from app.sales.rules import LineInput, OrderInput
from app.visits.actions import plan_visit
from tests.bench.bench_pages import CHROMIUM, EMAIL, PASSWORD, caller, signed_in
from tests.e2e.conftest import DEMO_PASSWORD, PHONE, QUIET, started

ACCOUNTS, VISITS, PRODUCTS, TAPS = 60, 8, 200, 15
STREETS = ("南京西路", "淮海中路", "四川北路", "衡山路", "武康路", "陕西南路", "延安中路")
GOODS = ("特级初榨橄榄油", "乌龙茶", "手冲咖啡豆", "低筋面粉", "海盐", "黑巧克力", "有机全脂牛奶", "番茄罐头")
EVERY = ("A", "B", "C")
QUESTIONS = (
    QuestionInput(Kind.YES_NO, "有竞品促销吗？", EVERY, required=True),
    QuestionInput(Kind.NUMBER, "我们有几个排面？", EVERY, unit="个", least=0, most=60_000),
    QuestionInput(Kind.CHOICE, "我们的产品放在哪里？", EVERY, options=("视线高度", "底层货架", "收银台旁", "没有陈列")),
    QuestionInput(Kind.TEXT, "采购接下来想要什么？", EVERY),
    QuestionInput(Kind.PHOTO, "货架照片", EVERY, required=True),
)


def make_company(app: Flask) -> None:
    """A company with one person who sells: customers with contacts and orders, a price list, visits today."""
    flask_migrate.upgrade(directory=str(ROOT / "migrations"))
    now, dice = datetime.now(UTC), random.Random(3)
    actor = actor_of(
        transact(lambda: add_administrator(EMAIL, "Ann", PASSWORD, "zh_Hans", "Asia/Shanghai", "CNY", now))
    )

    def fill() -> None:
        for question in QUESTIONS:
            add_question(actor, None, question, now)
        products = [
            add_product(
                actor, None,
                ProductInput(
                    f"P-{number:04}", f"{dice.choice(GOODS)} {dice.choice((250, 500, 750))} g 第{number}号",
                    unit="case | 箱 | 箱", category=f"类别 {number % 9}", tax_rate=1300,
                ),
                now,
            ).id
            for number in range(PRODUCTS)
        ]  # fmt: skip
        prices = add_price_list(actor, None, PriceListInput("Standard", "CNY", standard=True), now).id
        set_prices(actor, prices, [PriceInput(each, None, dice.randrange(900, 90_000)) for each in products], now)
        for number in range(ACCOUNTS):
            place = PlaceInput(
                "Asia/Shanghai", city="上海市", district="静安区", address=f"{dice.choice(STREETS)} {number * 7} 号",
                position=Position(31.2 + dice.random() / 20, 121.4 + dice.random() / 20),
            )  # fmt: skip
            given = AccountInput(
                f"{dice.choice(STREETS)}{dice.choice(GOODS)}店 {number}", phone=f"021-5550 {number:04}"
            )
            account = add_account(actor, new_id(), given, place, None, actor.id, now).id
            add_contact(actor, account, None, ContactInput(f"王经理 {number}", phone=f"1380000{number:04}"), now)
            lines = tuple(LineInput(each, dice.randrange(1, 20)) for each in dice.sample(products, 6))
            place_order(actor, new_id(), account, OrderInput(lines), now)
            if number < VISITS:
                day = today_in("Asia/Shanghai", now)
                plan_visit(actor, new_id(), account, get_main_place(actor, account).id, day, now)

    transact(fill)


def measure_pack() -> None:
    """Print the weight of the pack."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(Path(folder), "", "", "127.0.0.1", 8000, "", "", "", "", "wgs84", development=False)
        app = create_app(settings, SQLITE_SYNCHRONOUS="OFF")
        with app.app_context():
            make_company(app)
        cookie = signed_in(app, EMAIL, PASSWORD)
        worker = {**CHROMIUM, "Outbox-Shell": app.config["BUILD"]}
        for name, headers in (
            ("pack_bytes", worker),
            ("pack_zstd_bytes", {**CHROMIUM, "Accept-Encoding": "zstd"}),
            ("pack_gzip_bytes", {**CHROMIUM, "Accept-Encoding": "gzip"}),
            ("pack_plain_bytes", {**CHROMIUM, "Accept-Encoding": "identity"}),
        ):
            print(f"{name}={len(caller(app, '/pack', cookie, headers)().body)}")
        pack: Any = json.loads(caller(app, "/pack", cookie, {**CHROMIUM, "Accept-Encoding": "identity"})().body)
        accounts = [address for address in pack["pages"] if address.startswith("/accounts/") and len(address) == 46]
        print(f"pack_pages={len(pack['pages'])}\npack_accounts={len(accounts)}")
        sold = next(each["html"] for each in pack["screens"] if each["path"] == "/accounts/*/orders/new")
        print(f"pack_products={sum(f'P-{number:04}' in sold for number in range(PRODUCTS))}")


WATCH = """() => {
  window.taps = [];
  let begun = 0, before = 0;
  const shown = () => document.querySelectorAll(".card.is-kept li").length;
  addEventListener("click", ({ isTrusted }) => {
    if (isTrusted) (begun = performance.now()), (before = shown());
  }, true);
  new MutationObserver(() => {
    if (!begun || shown() <= before) return;
    const since = begun;
    begun = 0;
    requestAnimationFrame(() => requestAnimationFrame(() => window.taps.push(performance.now() - since)));
  }).observe(document, { subtree: true, childList: true });
}"""


DRAWN = "(n) => window.taps.length >= n && !document.querySelector('form[aria-busy]')"


def photo() -> bytes:
    """A picture that the phone leaves at about 230 KB."""
    out = io.BytesIO()
    Image.effect_noise((1600, 1200), 9).convert("RGB").resize((1600, 1200)).save(out, "JPEG", quality=60)
    return out.getvalue()


def say(name: str, page: Page) -> None:
    """Print the taps that were measured, and begin anew."""
    found: list[float] = page.evaluate("window.taps.splice(0)")
    print(f"tap_to_kept_{name}_ms={statistics.median(found):.0f}")
    print(f"tap_to_kept_{name}_slowest_ms={max(found):.0f}")
    print(f"tap_to_kept_{name}_taps={len(found)}")


def measure_taps() -> None:
    """Print how soon a tap is kept."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with started() as running, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        position = {"latitude": 51.5, "longitude": -0.1, "accuracy": 9}
        context = browser.new_context(viewport=PHONE, geolocation=position, permissions=["geolocation"])
        page = context.new_page()
        page.goto(f"{running.url}/sign-in")
        page.fill("[name=email]", "rep.london@demo.example")
        page.fill("[name=password]", DEMO_PASSWORD)
        page.press("[name=password]", "Enter")
        page.wait_for_url("**/today")
        while not page.evaluate("outbox.recall('pack').then((pack) => pack?.pages ?? 0)"):
            page.wait_for_timeout(200)
        context.set_offline(True)
        page.goto(f"{running.url}/today")
        page.click("[data-position-submit]")
        page.locator("#report").wait_for()
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 4})
        page.evaluate(WATCH)
        for number in range(TAPS):
            page.fill("#report textarea", f"What was said, part {number}")
            page.wait_for_timeout(700)
            page.locator("#report .button").first.click()
            page.wait_for_function(DRAWN, arg=number + 1)
        say("report", page)
        picture = photo()
        for number in range(TAPS):
            page.set_input_files("#photo", {"name": "shot.jpg", "mimeType": "image/jpeg", "buffer": picture})
            page.locator("#shot:not([hidden])").wait_for()
            size = page.evaluate("document.querySelector('#photo').files[0].size")
            page.wait_for_timeout(700)
            page.locator("form[action$='/photos'] .button:not(label)").click()
            page.wait_for_function(DRAWN, arg=number + 1)
        print(f"tap_to_kept_photo_bytes={size}")
        say("photo", page)
        browser.close()


if __name__ == "__main__":
    measure_pack()
    measure_taps()

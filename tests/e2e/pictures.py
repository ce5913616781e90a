"""The pictures of the README, taken from the demo company.

    python -m tests.e2e.pictures

Needs a Chromium, fonts with Chinese, and pdftoppm. Writes tests/e2e/pictures/*.png.
"""

import shutil
import subprocess
from pathlib import Path

from PIL import Image
from playwright.sync_api import BrowserContext, sync_playwright

from tests.e2e.conftest import DESK, PHONE, QUIET, Running, Visitor, started
from tests.e2e.test_outbox import carried, offline, write_note

HERE = Path(__file__).parent / "pictures"


def take(running: Running) -> None:
    """Walk to each page and keep what is seen."""
    HERE.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)

        def signed_in(name: str, size: dict[str, int]) -> Visitor:
            context: BrowserContext = browser.new_context(viewport=size)
            visitor = Visitor(context, running.url)
            visitor.sign_in(name)
            return visitor

        rep = signed_in("rep", PHONE)
        page = rep.go("/today")
        page.screenshot(path=HERE / "today.png")
        page.locator("h3 a[href^='/visits/']").first.click()
        page.wait_for_url("**/visits/*")
        page.screenshot(path=HERE / "visit.png")
        account = page.locator("a[href^='/accounts/']").first.get_attribute("href") or ""
        page = rep.go(f"{account}/orders/new")
        for number in (0, 2, 3):
            page.locator("#matches [data-step='1']").nth(number).click()
        page.screenshot(path=HERE / "order.png")
        carried(rep)
        offline(rep, True)
        page = rep.go(account)
        write_note(page, "想试三箱燕麦奶，下周二回话")
        page = rep.go("/plan")
        page.locator("[data-sortable] [name=steps][value='1']:enabled").first.click()
        page = rep.go("/today")
        page.click("[data-position-submit]")
        page.locator("#report").wait_for()
        page = rep.go("/outbox")
        page.locator("#entries li").first.wait_for()
        page.screenshot(path=HERE / "outbox.png")
        manager = signed_in("manager", DESK)
        page = manager.go("/board")
        page.wait_for_timeout(1500)
        page.screenshot(path=HERE / "board.png")
        office = signed_in("office", DESK)
        page = office.go("/contracts")
        page.locator("ul.rows a[href^='/contracts/']").last.click()
        link = page.locator("a[href*='/file.pdf'][download]").first
        link.wait_for(timeout=120_000)
        with page.expect_download() as download:
            link.click()
        target = running.data / "contract.pdf"
        download.value.save_as(target)
        command = ["pdftoppm", "-r", "60", "-png", "-singlefile", str(target), str(HERE / "contract")]
        subprocess.run(command, check=True)
        browser.close()
    for picture in HERE.glob("*.png"):  # a third of the bytes: a screen has few colours
        Image.open(picture).convert("RGB").quantize(128).save(picture, optimize=True)


if __name__ == "__main__":
    with started() as running:
        take(running)

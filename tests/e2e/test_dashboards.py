"""A manager reads a figure, opens its list, and takes both home as files."""

import csv
import io
import re
import zipfile
from pathlib import Path

from playwright.sync_api import Page

from tests.e2e.conftest import PHONE, Running, Visit


def kept(page: Page, name: str) -> bytes:
    """The file behind the link of that name."""
    with page.expect_download() as waiting:
        page.get_by_role("link", name=name, exact=True).first.click()
    return Path(waiting.value.path()).read_bytes()


def test_a_manager_opens_what_stands_behind_a_figure(demo: Running, visitor: Visit) -> None:
    """The table scrolls, never the page."""
    martin = visitor(demo, PHONE)
    martin.sign_in("manager")
    page = martin.go("/dashboard?period=quarter&show=verdicts&figure=verdict_off_site")
    assert page.locator("svg.bars .bar").count() == 6
    cell = page.locator("table.board tbody td a[href*='verdict=off_site']").first
    number = cell.inner_text()
    cell.click()
    page.wait_for_url("**/visits?**")
    assert re.match(rf"{number} visits?", page.locator("#visit_list b").first.inner_text())
    rows = list(csv.DictReader(io.StringIO(kept(page, "CSV").decode("utf-8-sig"))))
    assert len(rows) == int(number)
    assert {row["Verdict"] for row in rows} == {"Off site"}
    page.select_option("[name=verdict]", "on_site")
    page.wait_for_url("**verdict=on_site**")
    assert page.locator("#visit_list .badge.bad").count() == 0
    martin.fits()
    martin.go("/dashboard?by=team")
    sheet = zipfile.ZipFile(io.BytesIO(kept(page, "XLSX"))).read("xl/worksheets/sheet1.xml")
    assert "臺北市".encode() in sheet

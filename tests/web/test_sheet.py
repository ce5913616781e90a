"""Tables as files: what a spreadsheet finds in them."""

import csv
import io
import tracemalloc
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from app.kernel.errors import InvalidError
from app.web.sheet import _no_more, write_csv, write_xlsx

ZONE = "Asia/Shanghai"
MOMENT = datetime(2026, 11, 2, 1, 30, tzinfo=UTC)  # half past nine in Shanghai
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def as_csv(headings: list[str], rows: Iterable[list[Any]]) -> list[list[str]]:
    file = io.BytesIO()
    write_csv(file, headings, rows, ZONE)
    assert file.getvalue().startswith(b"\xef\xbb\xbf"), "Excel needs the mark"
    return list(csv.reader(io.StringIO(file.getvalue().decode("utf-8-sig"))))


def as_xlsx(headings: list[str], rows: Iterable[list[Any]]) -> list[list[tuple[str, str]]]:
    """The sheet's cells as (kind, content), kind being inlineStr or n for numbers; every part must be XML."""
    file = io.BytesIO()
    write_xlsx(file, headings, rows, ZONE)
    with zipfile.ZipFile(file) as package:
        assert package.testzip() is None
        parts = {name: ET.fromstring(package.read(name)) for name in package.namelist()}  # noqa: S314 - our own
    assert "xl/workbook.xml" in parts and "[Content_Types].xml" in parts
    return [
        [(cell.get("t", "n"), "".join(cell.itertext())) for cell in row]
        for row in parts["xl/worksheets/sheet1.xml"].iter(f"{MAIN}row")
    ]


def test_a_cell_is_what_it_is() -> None:
    row = ["客户 <A&B>", 7, Decimal("1234.50"), 0.5, date(2026, 11, 2), MOMENT, None, ""]
    assert as_csv(["名称"], [row]) == [
        ["名称"], ["客户 <A&B>", "7", "1234.50", "0.5", "2026-11-02", "2026-11-02 09:30", "", ""],
    ]  # fmt: skip
    heading, cells = as_xlsx(["名称"], [row])
    assert heading == [("inlineStr", "名称")]
    assert cells[:5] == [("inlineStr", "客户 <A&B>"), ("n", "7"), ("n", "1234.50"), ("n", "0.5"), ("n", "46328")]
    assert cells[5][0] == "n" and float(cells[5][1]) == pytest.approx(46328 + 9.5 / 24)
    assert cells[6:] == []


@pytest.mark.parametrize("text", ["=1+1", "+1-1", "-cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "＝1+1"])
def test_no_cell_is_a_formula(text: str) -> None:
    """In CSV an apostrophe stands before it, in a heading too; in XLSX a text is a text."""
    assert as_csv([text], [[text]]) == [[f"'{text}"], [f"'{text}"]]
    assert as_xlsx(["x"], [[text]])[1] == [("inlineStr", text)]
    assert as_csv(["x"], [[-12], [Decimal("-1.50")]])[1:] == [["-12"], ["-1.50"]], "a number stays one"


@pytest.mark.parametrize(
    "odd", ["a\0b", "\x1b[31m", "\ud800", "\uffff", "line\nbreak", '"quoted", and so on', "x" * 40_000]
)
def test_odd_texts_break_nothing(odd: str) -> None:
    assert len(as_csv(["x"], [[odd, "next"]])[1]) == 2
    cells = as_xlsx(["x"], [[odd, "next"]])[1]
    assert cells[1] == ("inlineStr", "next")
    assert len(cells[0][1]) <= 32_767


def test_a_part_never_passes_for_all() -> None:
    assert sum(1 for _ in _no_more([[1]] * 5, 5)) == 5
    with pytest.raises(InvalidError):
        list(_no_more([[1]] * 6, 5))


@pytest.mark.parametrize("write", [write_csv, write_xlsx])
def test_many_rows_take_no_more_memory_than_few(write: Any, tmp_path: Any) -> None:
    def peak(count: int) -> int:
        with (tmp_path / "file").open("wb") as file:
            tracemalloc.start()
            write(file, ["A", "B"], ([f"客户 {n}", n] for n in range(count)), ZONE)
            found = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return found

    peak(10)
    assert peak(20_000) < peak(200) + 1_000_000, "the texts alone are twice that"

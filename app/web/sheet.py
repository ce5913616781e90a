"""Tables as files: CSV and XLSX, written row by row, so that a hundred thousand take no more memory than ten.

A cell is a text, a number, a day, a moment (shown by the reader's clock), a truth, or None. The file is whole before
its first byte leaves: no cut-off table passes for a whole one, and no reader keeps the database waiting.

XLSX costs about eight times the work of CSV, so it holds fewer rows: what a request may take.
"""

import csv
import io
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import IO, Any

from flask import Response
from flask_babel import gettext
from xlsxwriter import Workbook

from app.kernel.dates import zone_of
from app.kernel.errors import InvalidError
from app.kernel.i18n import N_
from app.kernel.text import harmless
from app.web.locale import zone

MOST_ROWS = {"csv": 100_000, "xlsx": 50_000}
TOO_MANY = N_("The file would have more than %(most)s rows. Choose a shorter period or fewer people, and export again.")
KINDS = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
Row = Sequence[Any]
_LONGEST = 32_000  # a cell of Excel holds 32,767 characters
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def table_file(kind: str | None, name: str, headings: Sequence[str], rows: Iterable[Row]) -> Response:
    """The table as a file to keep: `kind` "xlsx", else CSV; `name` without an ending.

    InvalidError where there are more than its MOST_ROWS rows: a part that looks like all would be believed.
    """
    kind = kind if kind in KINDS else "csv"
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the answer
    try:
        {"csv": write_csv, "xlsx": write_xlsx}[kind](file, headings, _no_more(rows, MOST_ROWS[kind]), zone())
    except BaseException:
        file.close()
        raise
    response = Response(_blocks(file), mimetype=KINDS[kind])
    response.call_on_close(file.close)
    response.content_length = file.tell()
    response.headers.set("Content-Disposition", "attachment", filename=f"{name}.{kind}")
    return response


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while block := file.read(64 * 1024):
            yield block


def _no_more(rows: Iterable[Row], most: int) -> Iterable[Row]:
    for number, row in enumerate(rows):
        if number == most:
            raise InvalidError("", TOO_MANY, {"most": f"{most:,}"})
        yield row


def truth(value: bool | None) -> str:
    """Yes or nothing: a column of them is read at a glance."""
    return str(gettext("yes")) if value else ""


# --- CSV -------------------------------------------------------------------------------------------------------------


def write_csv(file: IO[bytes], headings: Sequence[str], rows: Iterable[Row], zone_name: str) -> None:
    """UTF-8 with a byte order mark, which Excel needs for Chinese; no cell is a formula (kernel.text.harmless)."""
    out = io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")
    write, there = csv.writer(out).writerow, zone_of(zone_name)

    def text(cell: Any) -> str:
        if cell is None:
            return ""
        if type(cell) is str:
            return harmless(cell.replace("\0", ""))
        return f"{cell.astimezone(there):%Y-%m-%d %H:%M}" if type(cell) is datetime else str(cell)

    write(map(text, headings))
    for row in rows:
        write(map(text, row))
    out.flush()
    out.detach()


# --- XLSX ------------------------------------------------------------------------------------------------------------


def write_xlsx(file: IO[bytes], headings: Sequence[str], rows: Iterable[Row], zone_name: str) -> None:
    """One sheet, its headings bold and fixed above the rows. Texts are texts: none is ever a formula or a link."""
    there = zone_of(zone_name)
    # Rows go to a file as they come; texts that look like formulas or addresses stay texts.
    book = Workbook(file, {"constant_memory": True})
    heading, day, moment = (
        book.add_format(look)
        for look in ({"bold": True}, {"num_format": "yyyy-mm-dd"}, {"num_format": "yyyy-mm-dd hh:mm"})
    )
    sheet = book.add_worksheet("Fieldbook")
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, max(len(headings), 1) - 1, 18)
    try:
        for column, text in enumerate(headings):
            sheet.write_string(0, column, _plain(text), heading)
        for number, row in enumerate(rows, 1):
            for column, cell in enumerate(row):
                kind = type(cell)
                if cell is None or cell == "":
                    continue
                if kind is str:
                    sheet.write_string(number, column, _plain(cell))
                elif kind is datetime:
                    sheet.write_datetime(number, column, cell.astimezone(there).replace(tzinfo=None), moment)
                elif kind is date:
                    sheet.write_datetime(number, column, cell, day)
                else:
                    sheet.write_number(number, column, cell)
    finally:
        book.close()


def _plain(text: str) -> str:
    """What XML and Excel take of it."""
    return _NOT_XML.sub("", text[:_LONGEST])

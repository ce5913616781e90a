"""Tables as files: CSV and XLSX, written row by row, so that a hundred thousand take no more memory than ten.

A cell is a text, a number, a day, a moment (shown by the reader's clock), a truth, or None. The file is whole before
its first byte leaves: no cut-off table passes for a whole one, and no reader keeps the database waiting.

XLSX is ECMA-376 (Office Open XML), the least of it: one sheet with inline strings. A library was measured at eight
times the work: more than a request may take.
"""

import csv
import io
import re
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from html import escape
from typing import IO, Any

from flask import Response
from flask_babel import gettext

from app.kernel.dates import zone_of
from app.kernel.errors import InvalidError
from app.kernel.i18n import N_
from app.kernel.text import harmless
from app.web.locale import zone

MOST_ROWS = 100_000
TOO_MANY = N_("The file would have more than %(most)s rows. Choose a shorter period or fewer people, and export again.")
KINDS = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
Row = Sequence[Any]
_LONGEST = 32_000  # a cell of Excel holds 32,767 characters
_DAY_ZERO = date(1899, 12, 30).toordinal()  # Excel's
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def table_file(kind: str | None, name: str, headings: Sequence[str], rows: Iterable[Row]) -> Response:
    """The table as a file to keep: `kind` "xlsx", else CSV; `name` without an ending.

    InvalidError where there are more than MOST_ROWS rows: a part that looks like all would be believed.
    """
    kind = kind if kind in KINDS else "csv"
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the answer
    try:
        {"csv": write_csv, "xlsx": write_xlsx}[kind](file, headings, _no_more(rows), zone())
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


def _no_more(rows: Iterable[Row]) -> Iterable[Row]:
    for number, row in enumerate(rows):
        if number == MOST_ROWS:
            raise InvalidError("", TOO_MANY, {"most": f"{MOST_ROWS:,}"})
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

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_RELATIONS}/styles" Target="styles.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}">'
    '<sheets><sheet name="Fieldbook" sheetId="1" r:id="rId1"/></sheets></workbook>',
    # cellXfs: 0 plain, 1 a day, 2 a moment, 3 a heading
    "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}


def write_xlsx(file: IO[bytes], headings: Sequence[str], rows: Iterable[Row], zone_name: str) -> None:
    """One sheet, its headings bold and fixed above the rows. Texts are texts: none is ever a formula."""
    there = zone_of(zone_name)

    def cell(value: Any) -> str:
        if value is None or value == "":
            return "<c/>"
        kind = type(value)
        if kind is str:
            return _text(value)
        if kind is datetime:
            local = value.astimezone(there)
            days = local.toordinal() - _DAY_ZERO + (local.hour * 3600 + local.minute * 60 + local.second) / 86_400
            return f'<c s="2"><v>{days:.8f}</v></c>'
        if kind is date:
            return f'<c s="1"><v>{value.toordinal() - _DAY_ZERO}</v></c>'
        return f"<c><v>{value:f}</v></c>" if kind is Decimal else f"<c><v>{value}</v></c>"

    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        for name, part in _PARTS.items():
            package.writestr(name, _HEAD + part)
        with package.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(
                f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
                '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
                f'<cols><col min="1" max="{max(len(headings), 1)}" width="18" customWidth="1"/></cols><sheetData>'
                f"<row>{''.join(_text(heading, 3) for heading in headings)}</row>".encode()
            )
            for row in rows:
                sheet.write(f"<row>{''.join(map(cell, row))}</row>".encode())
            sheet.write(b"</sheetData></worksheet>")


def _text(value: str, style: int = 0) -> str:
    plain = escape(_NOT_XML.sub("", value[:_LONGEST]), quote=False)
    return f'<c s="{style}" t="inlineStr"><is><t xml:space="preserve">{plain}</t></is></c>'

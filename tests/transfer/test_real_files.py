"""Files as people bring them: all encodings, delimiters and line ends of the shared data."""

import csv
import io

import pytest

from app.transfer.encodings import UnreadableError, decode
from app.transfer.rules import read
from tests.shared import shared_file

PLACES = {
    "cn_hubei_hospitals_hotels_open.csv": 352,
    "hk_schools_open.csv": 2023,
    "kaohsiung_attractions_open.csv": 343,
    "osm_poi_washington_dc_open.csv": 9933,
    "taipei_clinics_open.csv": 1620,
    "taipei_convenience_stores_open.csv": 1447,
    "uk_pubs_london_open.csv": 632,
    "us_stores_open.csv": 36300,
}
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "gbk", "gb18030", "cp950", "big5hkscs", "cp1252")

# file -> encoding found, mark, delimiter, rows
GIVEN = {
    "formats/encodings/cn_customers_gb18030.csv": ("gb18030", False, ",", 352),
    "formats/encodings/cn_customers_gbk_crlf.csv": ("gb18030", False, ",", 352),
    "formats/encodings/cn_customers_utf16le_bom_tab.txt": ("utf-16-le", True, "\t", 352),
    "formats/encodings/cn_customers_utf8_bom.csv": ("utf-8", True, ",", 352),
    "formats/encodings/hk_schools_big5hkscs_crlf.csv": ("big5hkscs", False, ",", 400),
    "formats/encodings/northwind_customers_cp1252_semicolon.csv": ("cp1252", False, ";", 91),
    "formats/encodings/tw_clinics_cp950_semicolon.csv": ("cp950", False, ";", 400),
    "formats/encodings/tw_clinics_utf8_semicolon_decimal_comma.csv": ("utf-8", False, ";", 400),
    "formats/csvkit_encodings/test_latin1.csv": ("cp1252", False, ",", 2),
    "formats/csvkit_encodings/test_utf16_big.csv": ("utf-16-be", True, ",", 2),
    "formats/csvkit_encodings/test_utf16_little.csv": ("utf-16-le", True, ",", 2),
    "formats/csvkit_encodings/test_utf8.csv": ("utf-8", False, ",", 2),
    "formats/csvkit_encodings/test_utf8_bom.csv": ("utf-8", True, ",", 2),
    "formats/salesforce_npsp/Account.csv": ("utf-8", True, ",", 167),
    "dedupe/chicago_sites_messy_with_true_ids.csv": ("utf-8", False, ",", 3337),
    "dedupe/hk_schools_natural_duplicates.csv": ("utf-8", False, ",", 1343),
    "sales/northwind/customers.csv": ("utf-8", False, ",", 91),
    "sales/adventureworks_reseller_accounts.csv": ("utf-8", False, ",", 701),
}


def columns_of(path: str, *names: str) -> list[list[str]]:
    """The cells under these headings in a UTF-8 original."""
    with shared_file(path).open(encoding="utf-8-sig", newline="") as file:
        return [[record[name] for name in names] for record in csv.DictReader(file)]


@pytest.mark.parametrize("name", PLACES)
def test_places_are_read_whole(name: str) -> None:
    data = shared_file(f"places/{name}").read_bytes()
    rows = list(read(decode(data).text).rows)
    assert len(rows) == PLACES[name]
    assert not [row for row in rows if row.problem]
    with io.StringIO(data.decode("utf-8"), newline="") as file:
        assert [row.cells for row in rows] == list(csv.reader(file))[1:]


@pytest.mark.parametrize("path", GIVEN)
def test_given_files_are_recognised(path: str) -> None:
    encoding, had_bom, delimiter, count = GIVEN[path]
    found = decode(shared_file(path).read_bytes())
    sheet = read(found.text)
    assert (found.encoding, found.had_bom, sheet.delimiter) == (encoding, had_bom, delimiter)
    rows = list(sheet.rows)
    assert (len(rows), [row for row in rows if row.problem]) == (count, [])


@pytest.mark.parametrize(
    ("path", "original", "names"),
    [
        (
            f"formats/encodings/{name}",
            "places/cn_hubei_hospitals_hotels_open.csv",
            ("name", "region", "city", "district", "address", "phone"),
        )
        for name in (
            "cn_customers_gb18030.csv",
            "cn_customers_gbk_crlf.csv",
            "cn_customers_utf16le_bom_tab.txt",
            "cn_customers_utf8_bom.csv",
        )
    ]
    + [
        (
            "formats/encodings/hk_schools_big5hkscs_crlf.csv",
            "places/hk_schools_open.csv",
            ("name", "name_en", "district", "address", "phone"),
        ),
        (
            "formats/encodings/tw_clinics_cp950_semicolon.csv",
            "places/taipei_clinics_open.csv",
            ("name", "district", "address", "phone", "lat", "lon"),
        ),
        (
            "formats/encodings/northwind_customers_cp1252_semicolon.csv",
            "sales/northwind/customers.csv",
            ("customer_id", "company_name", "contact_name", "contact_title", "address", "city"),
        ),
    ],
)
def test_re_encoded_files_read_as_their_originals(path: str, original: str, names: tuple[str, ...]) -> None:
    found = decode(shared_file(path).read_bytes())
    rows = [row.cells[: len(names)] for row in read(found.text).rows]
    # One character of Hong Kong's street names is not in Big5-HKSCS; whoever wrote the file made a question mark of it.
    assert rows == [
        [cell.encode(found.encoding, "replace").decode(found.encoding) for cell in cells]
        for cells in columns_of(original, *names)[: len(rows)]
    ]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", PLACES)
def test_places_are_recognised_in_every_encoding_that_has_their_characters(name: str, encoding: str) -> None:
    lines = shared_file(f"places/{name}").read_text(encoding="utf-8").splitlines(keepends=True)
    # The list of pubs has text that was already garbled; as Latin it is UTF-8 again, so no one could tell.
    lines = [line for line in lines if "�" not in line and "â€" not in line]
    fitting = [line for line in lines if line.encode(encoding, "ignore").decode(encoding) == line]
    for first, count in ((1, 1), (7, 3), (40, 30), (1, len(fitting))):
        text = "".join([lines[0], *fitting[1:][first : first + count]])
        assert decode(text.encode(encoding)).text == text


@pytest.mark.parametrize("path", ["formats/encodings/tw_clinics.xlsx", "formats/excel_real/ne_1033_data.xlsx"])
def test_workbooks_are_refused_by_name(path: str) -> None:
    with pytest.raises(UnreadableError, match="xlsx"):
        decode(shared_file(path).read_bytes())


def test_quoted_newlines_keep_the_line_numbers_of_the_file() -> None:
    data = shared_file("dedupe/chicago_sites_messy_with_true_ids.csv").read_bytes()
    rows = list(read(decode(data).text).rows)
    assert [row.line for row in rows[:3]] == [2, 5, 6]
    assert rows[-1].line == data.count(b"\n")

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accounts.columns import Mapping, ParsedAccount, parse, place_key, recognise
from app.kernel.geo import Position
from app.transfer.encodings import UnreadableError, decode
from app.transfer.rules import Outcome, Parsed, Tally, read, settle
from tests.shared import shared_file


def mapping_of(headings: str) -> Mapping:
    return recognise(read(headings + "\n").columns)


def one(headings: str, *cells: str) -> Parsed[ParsedAccount]:
    sheet = read(headings + "\n" + ",".join(f'"{cell}"' for cell in cells) + "\n")
    (row,) = sheet.rows
    return parse(row, recognise(sheet.columns))


def account(headings: str, *cells: str) -> ParsedAccount:
    parsed = one(headings, *cells)
    assert parsed.record and not parsed.problems
    return parsed.record


@pytest.mark.parametrize(
    ("headings", "fields"),
    [
        ("客户名称,省份,城市,区县,详细地址,联系电话", "name region city district address phone"),
        ("名稱,英文名稱,分區,地址,電話", "name name_en district address phone"),
        (
            "编号,公司名称,行业,等级,邮编,网址,邮箱,联系人,备注",
            "id name category class postcode website email contact note",
        ),
        ("客戶編號,客戶名稱,類別,郵遞區號,緯度,經度,營業時間", "id name category postcode lat lon opening_hours"),
        ("Id,Name,BillingStreet,BillingState,BillingPostalCode", "id name address region postcode"),
        ("customer_id,company_name,contact_name,E-Mail,Zip,TEL", "id name contact email postcode phone"),
        ("Store Name,Lng,Latitude,State/Province", "name lon lat region"),
        ("name,x,y,owner email", "name lon lat owner_email"),
        ("name,approx_lat,approx_lon,approx_level", "name approx_lat approx_lon approx_level"),
        ("名称（必填）,电话 [座机]*", "name phone"),
    ],
)
def test_columns_are_known_in_all_languages(headings: str, fields: str) -> None:
    mapping = mapping_of(headings)
    assert sorted(mapping.places, key=mapping.places.__getitem__) == fields.split()
    assert mapping.ignored == ()


def test_the_surest_heading_wins_wherever_it_stands() -> None:
    for headings in ("id,account_number,source_id,Name,company", "company,Name,source_id,account_number,id"):
        mapping = mapping_of(headings)
        assert (mapping.headings["id"], mapping.headings["name"]) == ("id", "Name")
        assert set(mapping.ignored) == {"account_number", "source_id", "company"}


def test_the_left_of_two_equal_headings_is_taken_and_the_plain_before_the_remarked() -> None:
    assert mapping_of("Name,name").places["name"] == 0
    assert mapping_of("name (old),name").places["name"] == 1


def test_a_table_without_names_says_what_it_has() -> None:
    with pytest.raises(UnreadableError, match="The columns are: foo, bar"):
        mapping_of("foo,bar")


def test_names_stay_as_written_and_the_rest_is_tidied() -> None:
    found = account(
        "id,name,address,postcode,phone,country,class,note",
        " A 1 ", " Ｇreen  Tea\n Co. ", "1 High St\n\n London ", "１０６", "02-2593 2124 #5", "臺灣", "b级", "x\ny",
    )  # fmt: skip
    assert found.name == "Ｇreen Tea Co."
    assert found.address == "1 High St\nLondon"
    assert (found.external_id, found.postcode, found.country, found.grade) == ("A 1", "106", "TW", "B")
    assert (found.phone, found.phone_digits) == ("02-2593 2124 #5", "0225932124 5")
    assert found.zone == "Asia/Taipei"
    assert found.search_text == "greenteaco 1highstlondon 0225932124 5"


def test_a_row_needs_only_a_name() -> None:
    found = account("name", "A")
    assert (found.position, found.level, found.country, found.zone) == (None, "", "", None)
    rejected = one("id,name", "7", "  ")
    assert rejected.record is None
    assert [(p.line, p.column, str(p)) for p in rejected.problems] == [(2, "name", "The name is missing.")]


@pytest.mark.parametrize(
    ("lat", "lon", "position"),
    [
        ("25.066746", "121.526194", Position(25.066746, 121.526194)),
        ("25,0667", "121,5", Position(25.0667, 121.5)),
        ("２５．５", "\u2212120", Position(25.5, -120.0)),
        ("51.5°", "-1.2E-05", Position(51.5, -0.000012)),
        ("0", "32.5", Position(0.0, 32.5)),
        ("90", "-180", Position(90.0, -180.0)),
        ("", " ", None),
    ],
)
def test_positions(lat: str, lon: str, position: Position | None) -> None:
    found = account("name,lat,lon", "A", lat, lon)
    assert (found.position, found.is_approximate) == (position, False)


@pytest.mark.parametrize(
    ("lat", "lon", "column", "word"),
    [
        ("90.1", "0.5", "lat", "No place on earth"),
        ("121.5", "25.0", "lat", "No place on earth"),
        ("25", "181", "lat", "No place on earth"),
        ("1e999", "0.5", "lat", "no number"),
        ("0", "0.0", "lat", "0, 0"),
        ("25.1", "", "lng", "Half"),
        ("", "121", "lat", "Half"),
        ("north", "121", "lat", "no number"),
        ("25.1", "nan", "lng", "no number"),
        ("25.1", "1.234,5", "lng", "no number"),
    ],
)
def test_an_impossible_position_is_told_and_the_row_kept(lat: str, lon: str, column: str, word: str) -> None:
    parsed = one("name,lat,lng", "A", lat, lon)
    assert parsed.record and parsed.record.position is None
    (problem,) = parsed.problems
    assert problem.column == column
    assert word in str(problem)


def test_an_approximate_position_serves_where_the_exact_one_is_missing_or_impossible() -> None:
    headings = "name,lat,lon,approx_lat,approx_lon,approx_level"
    near = account(headings, "A", "", "", "30.3", "109.5", "district")
    assert (near.position, near.level, near.is_approximate) == (Position(30.3, 109.5), "district", True)
    exact = account(headings, "A", "30.1", "109.1", "30.3", "109.5", "district")
    assert (exact.position, exact.is_approximate) == (Position(30.1, 109.1), False)
    parsed = one(headings, "A", "99", "109", "30.3", "109.5", "")
    assert parsed.record and parsed.record.position == Position(30.3, 109.5)
    assert (parsed.record.level, len(parsed.problems)) == ("area", 1)


@pytest.mark.parametrize(
    ("heading", "cell", "word"),
    [
        ("email", "nobody", "no e-mail"),
        ("owner_email", "a b@c", "no e-mail"),
        ("website", "javascript:alert(1).x", "no web address"),
        ("website", "Yes", "no web address"),
        ("class", "D", "none of A, B and C"),
        ("country", "Narnia", "not known"),
        ("phone", "1" * 101, "cut after 100"),
    ],
)
def test_what_cannot_be_used_is_left_out_and_told(heading: str, cell: str, word: str) -> None:
    parsed = one(f"name,{heading}", "A", cell)
    assert parsed.record
    (problem,) = parsed.problems
    assert problem.column == heading
    assert word in str(problem)
    rest = replace(parsed.record, phone="")
    assert rest == account("name", "A")


def test_long_names_are_cut_and_long_ids_rejected() -> None:
    parsed = one("name", "名" * 201)
    assert parsed.record and parsed.record.name == "名" * 200
    assert one("name,id", "A", "7" * 101).record is None


def test_identity_is_the_id_else_name_and_address_as_folded() -> None:
    assert account("id,name", "X-1", "A").identity == "id:X-1"
    one_way = account("id,name,address", "", "統一超商 (股)", "台北市中山路1-2號")
    other = account("name,address", "统一超商（股）", "臺北市中山路 1－2號")
    assert one_way.identity == other.identity == "at:" + place_key("统一超商股", "台北市中山路1-2号")
    assert account("name,address", "统一超商股", "台北市中山路12号").identity != other.identity
    assert place_key("A", "BC") != place_key("AB", "C")


def test_bad_rows_of_the_table_are_rejected_with_their_reason() -> None:
    sheet = read("name,city\nA,1,2\n")
    (row,) = sheet.rows
    assert parse(row, recognise(sheet.columns)) == Parsed(None, (row.problem,))


@given(st.lists(st.text(max_size=40), min_size=6, max_size=6))
def test_no_cell_breaks_a_row(cells: list[str]) -> None:
    sheet = read("name,lat,lon,country,class,website\nx\n")
    (row,) = sheet.rows
    parsed = parse(replace(row, cells=cells), recognise(sheet.columns))
    assert (parsed.record is None) == (not cells[0].split())
    assert parsed.record is None or parsed.record.search_text is not None


# --- Real files: rows, rows with a position, of them approximate -----------------------------------------------------

FILES = {
    "places/cn_hubei_hospitals_hotels_open.csv": (352, 346, 346),
    "places/hk_schools_open.csv": (2023, 2023, 0),
    "places/kaohsiung_attractions_open.csv": (343, 343, 0),
    "places/osm_poi_washington_dc_open.csv": (9933, 9933, 0),
    "places/taipei_clinics_open.csv": (1620, 1620, 0),
    "places/taipei_convenience_stores_open.csv": (1447, 1447, 0),
    "places/uk_pubs_london_open.csv": (632, 559, 0),
    "places/us_stores_open.csv": (36300, 36300, 0),
    "formats/encodings/cn_customers_gb18030.csv": (352, 0, 0),
    "formats/encodings/cn_customers_utf16le_bom_tab.txt": (352, 0, 0),
    "formats/encodings/hk_schools_big5hkscs_crlf.csv": (400, 0, 0),
    "formats/encodings/northwind_customers_cp1252_semicolon.csv": (91, 0, 0),
    "formats/encodings/tw_clinics_cp950_semicolon.csv": (400, 400, 0),
    "formats/encodings/tw_clinics_utf8_semicolon_decimal_comma.csv": (400, 400, 0),
    "formats/salesforce_npsp/Account.csv": (167, 0, 0),
    "sales/northwind/customers.csv": (91, 0, 0),
    "sales/adventureworks_reseller_accounts.csv": (701, 671, 0),
    "dedupe/chicago_sites_messy_with_true_ids.csv": (3337, 0, 0),
    "dedupe/hk_schools_natural_duplicates.csv": (1343, 1343, 0),
}


def accounts_of(path: str) -> list[ParsedAccount]:
    sheet = read(decode(shared_file(path).read_bytes()).text)
    mapping = recognise(sheet.columns)
    return [record for row in sheet.rows if (record := parse(row, mapping).record)]


@pytest.mark.parametrize("path", FILES)
def test_real_tables_become_accounts(path: str) -> None:
    found = accounts_of(path)
    positions = [account for account in found if account.position]
    assert (len(found), len(positions), sum(a.is_approximate for a in positions)) == FILES[path]
    records = [(account.identity, account) for account in found]
    first = settle(records, {})
    again = settle(records, first.writes)
    assert (again.writes, set(again.outcomes)) == ({}, {Outcome.UNCHANGED})


@pytest.mark.parametrize("path", [path for path in FILES if path.startswith(("places/", "dedupe/"))])
def test_ids_of_real_tables_are_unique(path: str) -> None:
    found = accounts_of(path)
    assert len({account.identity for account in found}) == len(found)
    assert all(account.external_id for account in found)


@pytest.mark.parametrize(
    "path", ["formats/encodings/hk_schools_big5hkscs_crlf.csv", "formats/encodings/tw_clinics_cp950_semicolon.csv"]
)
def test_the_same_place_twice_in_a_table_without_ids_is_one_account(path: str) -> None:
    found = accounts_of(path)
    settled = settle([(account.identity, account) for account in found], {})
    assert len(settled.writes) == 398
    tally = Tally.of(len(found), settled.outcomes)
    assert (tally.read, tally.created, tally.updated + tally.unchanged) == (400, 398, 2)


def test_the_same_clinics_are_read_from_decimal_commas() -> None:
    comma = accounts_of("formats/encodings/tw_clinics_utf8_semicolon_decimal_comma.csv")
    assert comma == accounts_of("formats/encodings/tw_clinics_cp950_semicolon.csv")


def test_every_place_of_the_shared_files_has_a_zone() -> None:
    for path in FILES:
        if path.startswith("places/"):
            assert all(account.zone for account in accounts_of(path))

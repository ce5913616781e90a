import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.text import harmless
from app.transfer.encodings import UnreadableError
from app.transfer.rules import LONGEST_FIELD, Outcome, Tally, read, settle

C, U, N, X = Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED, Outcome.REJECTED


def cells(text: str) -> list[tuple[int, list[str]]]:
    return [(row.line, row.cells) for row in read(text).rows]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(delimiter: str, newline: str) -> None:
    text = (
        newline.join(delimiter.join(row) for row in (("name", "city"), ("A", "1,5;x|y\tz"[:3]), ("B", "Köln")))
        + newline
    )
    if delimiter == ",":
        text = text.replace("1,5", '"1,5"')
    sheet = read(text)
    assert sheet.delimiter == delimiter
    assert [(row.line, row.cells) for row in sheet.rows] == [(2, ["A", "1,5"]), (3, ["B", "Köln"])]


def test_decimal_commas_do_not_make_columns() -> None:
    sheet = read("name;lat;lon\nA;25,06;121,5\nB;25,07;121,6\n")
    assert (sheet.delimiter, len(sheet.columns)) == (";", 3)


def test_commas_in_quotes_do_not_outvote_the_delimiter() -> None:
    assert read('name;address\n"A, B, C";"1, High Street, London"\n').delimiter == ";"


def test_excels_own_line_is_believed_and_skipped() -> None:
    sheet = read("sep=;\nname;city\nA;B\n")
    assert [column.heading for column in sheet.columns] == ["name", "city"]
    assert [(row.line, row.cells) for row in sheet.rows] == [(3, ["A", "B"])]


def test_line_numbers_are_those_of_the_file() -> None:
    assert cells('name,note\n\n"A\nB","x\r\ny"\nC,1\n , \nD,2\n') == [
        (3, ["A\nB", "x\r\ny"]),
        (6, ["C", "1"]),
        (8, ["D", "2"]),
    ]


def test_separators_other_than_newlines_end_no_row() -> None:
    assert cells("name,note\nA,x\u2028y\x0bz\x85\n") == [(2, ["A", "x\u2028y\x0bz\x85"])]


def test_headings_are_kept_and_made_comparable() -> None:
    columns = read(" Customer  Name ,Ｅ－Mail,ＩＤ,\n1,2,3\n").columns
    assert [column.heading for column in columns] == ["Customer  Name", "Ｅ－Mail", "ＩＤ"]
    assert [column.key for column in columns] == ["customer name", "e-mail", "id"]


def test_short_rows_are_filled_and_empty_ends_are_dropped() -> None:
    assert cells("a,b,c\n1\n1,2,3,,\n") == [(2, ["1", "", ""]), (3, ["1", "2", "3"])]


def test_bad_rows_are_told_and_the_others_read() -> None:
    text = f'name,note\nA,1\nB,1,2\nC,{"x" * (LONGEST_FIELD + 1)}\nD,\0\n"E,1\nF,5" pipe\nG,"{"x" * LONGEST_FIELD}"\n'
    rows = list(read(text).rows)
    assert [(row.line, row.problem and (row.problem.column, str(row.problem))) for row in rows] == [
        (2, None),
        (3, (None, "3 cells, but only 2 columns.")),
        (4, ("note", "The text is longer than 100000 characters.")),
        (5, ("note", "The text has a NUL character in it.")),
        (6, None),  # the quotation mark of E is closed by the one of F's pipe: nobody can know
        (8, None),
    ]


def test_an_unclosed_quotation_mark_costs_one_row() -> None:
    rows = list(read('name,city\nA,1\n"B,2\nC,3\nD,4\n').rows)
    assert [(row.line, row.cells[0], row.problem is None) for row in rows] == [
        (2, "A", True),
        (3, "B,2\n", False),
        (4, "C", True),
        (5, "D", True),
    ]


def test_an_unclosed_quotation_mark_far_above_another_one_costs_one_row_too() -> None:
    text = 'name,city\n"A,1\n' + "B,2\n" * 2_000 + '"C",3\n'
    rows = list(read(text).rows)
    assert [row.line for row in rows if row.problem] == [2]
    assert (len(rows), rows[-1].cells) == (2_002, ["C", "3"])


def test_after_a_hundred_unclosed_quotation_marks_no_field_spans_lines() -> None:
    stray = '"A,1\n' + "B,2\n" * 1_001
    good = '"C\nD",3\n'
    assert [row.problem for row in read("name,city\n" + stray * 99 + good).rows][-1] is None
    rows = list(read("name,city\n" + stray * 100 + good).rows)
    assert sum(row.problem is not None for row in rows) == 101
    assert [row.cells[0] for row in rows][-2:] == ["C\n", 'D"']


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "empty"),
        ("\n \n\r\n,,\n", "empty"),
        ("1,2,3\n4,5,6\n", "no column headings"),
        ('"name,city\nA,1\n', "no column headings"),
        (",".join(["x"] * 501) + "\n1\n", "too long"),
    ],
)
def test_a_table_without_headings_is_refused(text: str, word: str) -> None:
    with pytest.raises(UnreadableError, match=word):
        read(text)


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        sheet = read(text)
    except UnreadableError:
        return
    lines = [row.line for row in sheet.rows if row.problem or len(row.cells) == len(sheet.columns)]
    assert lines == sorted(set(lines))


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 3))), st.dictionaries(st.integers(1, 5), st.integers(1, 3)))
def test_every_record_has_one_outcome_and_the_same_again_changes_nothing(
    records: list[tuple[int, int]], stored: dict[int, int]
) -> None:
    settled = settle(records, stored)
    after = {**stored, **settled.writes}
    assert after == {**stored, **dict(records)}
    assert settled.outcomes.count(C) == len({key for key, _ in records} - stored.keys())
    assert len(settled.outcomes) == len(records)
    assert all((key in settled.writes) == (key not in stored or stored[key] != after[key]) for key, _ in records)
    again = settle(records, after)
    assert (again.writes, set(again.outcomes) - {N}) == ({}, set())


def test_the_later_row_of_a_key_updates_the_earlier() -> None:
    records = [("a", 1), ("b", 1), ("a", 2), ("b", 1), ("c", 9)]
    settled = settle(records, {"c": 8, "d": 1})
    assert settled.outcomes == [C, C, U, N, U]
    assert settled.writes == {"a": 2, "b": 1, "c": 9}


def test_the_tally_adds_up_and_reads_as_the_last_line() -> None:
    tally = Tally.of(4, [C, X, N, C])
    assert str(tally) == "read=4 created=2 updated=0 unchanged=1 rejected=1"
    with pytest.raises(ValueError, match="without an outcome"):
        Tally.of(5, [C, X, N, C])


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("＝1+1", "'＝1+1"),
        ("@x", "'@x"),
        ("-x", "'-x"),
        ("-12.5", "-12.5"),
        ("+8621", "+8621"),
        ("a=1", "a=1"),
    ],
)
def test_no_cell_is_a_formula(cell: str, written: str) -> None:
    assert harmless(cell) == written

"""Tables that people bring: from the text of a CSV to numbered rows, and what became of each row.

Knows no domain. A domain recognises its columns in `Sheet.columns`, turns every good `Row` into its own record
(`Parsed`), and lets `settle` decide what to write; what it adds up to is the `Tally`.
"""

import csv
import io
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum
from itertools import islice
from typing import Generic, TypeVar

from app.kernel.i18n import N_
from app.kernel.text import squeeze
from app.transfer.encodings import UnreadableError

LONGEST_FIELD = 100_000  # characters
MOST_COLUMNS = 500
_DELIMITERS = (",", ";", "\t", "|")
_SNIFFED = 50  # records that decide on the delimiter
_REACH = 1_000  # lines that one quoted field may span; beyond it the quotation mark is taken for a stray one
_MOST_STRAYS = 100  # after so many stray ones no field may span lines, so that hostile files are read quickly


# --- What a run says -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong in a row.

    `line`: physical line of the file, from 1, where the row begins. `column`: heading as written.
    `reason`: an English msgid with %(name)s places for `params`; the edge translates it.
    """

    line: int
    column: str | None
    reason: str
    params: Mapping[str, str | int] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.reason % self.params


class Outcome(Enum):
    """What became of one data row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Tally:
    """How many data rows ended how. Every row read has exactly one outcome (ValueError otherwise)."""

    read: int
    created: int
    updated: int
    unchanged: int
    rejected: int

    def __post_init__(self) -> None:
        if self.read != self.created + self.updated + self.unchanged + self.rejected:
            raise ValueError(f"rows without an outcome: {self}")

    @classmethod
    def of(cls, read: int, outcomes: Iterable[Outcome]) -> "Tally":
        """Count the outcomes of `read` rows."""
        counts = Counter(outcomes)
        return cls(read, *(counts[outcome] for outcome in Outcome))

    def __str__(self) -> str:
        """`read=R created=C updated=U unchanged=N rejected=X`: the last line of an import, for programs too."""
        return (
            f"read={self.read} created={self.created} updated={self.updated} "
            f"unchanged={self.unchanged} rejected={self.rejected}"
        )


T = TypeVar("T")
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Parsed(Generic[T]):
    """What a domain made of one row: `record` is None where it is rejected. Problems of a kept row are warnings."""

    record: T | None
    problems: tuple[RowProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class Settled(Generic[Key, T]):
    """`writes`: what has to be stored, last row of each key, in order of appearance. `outcomes`: one per record."""

    writes: dict[Key, T]
    outcomes: list[Outcome]


def settle(records: Sequence[tuple[Key, T]], stored: Mapping[Key, T]) -> Settled[Key, T]:
    """Decide what a run has to write, given what is stored already under the keys of the file.

    The last row of a key wins. Where it says what is stored, all rows of the key are unchanged, so the same file again
    changes nothing although its rows disagree. Otherwise each row counts as what it did to the row before it:
    the first creates or updates, a later one updates or leaves it unchanged.
    """
    final = dict(records)  # keeps the place of the first and the value of the last
    now = dict(stored)
    outcomes = []
    for key, record in records:
        if key not in now:
            outcome = Outcome.CREATED
        elif now[key] == record or (key in stored and stored[key] == final[key]):
            outcome = Outcome.UNCHANGED
        else:
            outcome = Outcome.UPDATED
        if outcome is not Outcome.UNCHANGED:
            now[key] = record
        outcomes.append(outcome)
    writes = {key: record for key, record in final.items() if key not in stored or stored[key] != record}
    return Settled(writes, outcomes)


@dataclass(frozen=True, slots=True)
class Incoming(Generic[T]):
    """One row taken: `own_id` as the row has it (None without), and a digest of all that it says."""

    own_id: str | None
    fingerprint: str
    record: T


@dataclass(slots=True)
class Group(Generic[T]):
    """All rows of one key: the last one's record counts, `fingerprints` are those of all in their order."""

    key: str
    by_id: bool
    record: T
    fingerprints: list[str]


def grouped(rows: Iterable[Incoming[T]], look: Callable[[T], str]) -> list[Group[T]]:
    """The rows by key, in order of first appearance. A row without an id is known by its look.

    Where a row with an id looks the same, it means that one: the first of them.
    """
    rows = list(rows)
    mixed = any(row.own_id is None for row in rows) and any(row.own_id is not None for row in rows)
    ids: dict[str, str] = {}
    for row in rows if mixed else ():
        if row.own_id is not None:
            ids.setdefault(look(row.record), row.own_id)
    groups: dict[str, Group[T]] = {}
    for row in rows:
        own_id = row.own_id
        key = look(row.record) if own_id is None else own_id
        if own_id is None and key in ids:
            key = own_id = ids[key]
        group = groups.get(key)
        if group is None:
            groups[key] = Group(key, own_id is not None, row.record, [row.fingerprint])
        else:
            group.record = row.record
            group.fingerprints.append(row.fingerprint)
    return list(groups.values())


# --- How far a run is ------------------------------------------------------------------------------------------------


class RunState(StrEnum):
    """WAITING: nobody has begun. FAILED: broken off for good; the same file again goes on."""

    WAITING = "waiting"
    AT_WORK = "at_work"
    FAILED = "failed"
    ENDED = "ended"


STATE_NAMES = {
    RunState.WAITING: N_("Waiting for its turn"),
    RunState.AT_WORK: N_("Being imported"),
    RunState.FAILED: N_("Broken off"),
    RunState.ENDED: N_("Done"),
}
TONES = {RunState.WAITING: "", RunState.AT_WORK: "accent", RunState.FAILED: "bad", RunState.ENDED: "ok"}


def state_of(has_ended: bool, failure: str | None, attempts: int | None) -> RunState:
    """The state, from whether the run came to its end, why its job ended without, and how often that was begun.

    `attempts` None: there is no job, the command line does it.
    """
    if has_ended:
        return RunState.ENDED
    if failure is not None:
        return RunState.FAILED
    return RunState.WAITING if attempts == 0 else RunState.AT_WORK


# --- Names of files --------------------------------------------------------------------------------------------------

LONGEST_NAME = 200  # characters of a source or a file's name
_UNSAFE = re.compile(r"[^\w.-]+")


def plain_name(file_name: str) -> str:
    """The name of an uploaded file: without folders, NFC, so that macOS and Windows call the same file the same."""
    name = unicodedata.normalize("NFC", file_name.replace("\\", "/").rpartition("/")[2])
    return squeeze("".join(char for char in name if char.isprintable()))[:LONGEST_NAME]


def source_name(typed: str, file_name: str) -> str:
    """What a file's ids belong to: as somebody says, else the file's own name."""
    return squeeze(unicodedata.normalize("NFC", typed).replace("\0", ""))[:LONGEST_NAME] or plain_name(file_name)


def problem_file_name(file_name: str, at: datetime) -> str:
    """What the file of a run's problems is called: <stem>-<UTC time>.csv, of letters that every system takes."""
    stem = _UNSAFE.sub("-", plain_name(file_name).rpartition(".")[0] or plain_name(file_name)).strip("-.")[:80]
    return f"{stem or 'import'}-{at:%Y%m%d-%H%M%S}{at.microsecond // 1000:03}.csv"


# --- Reading a table -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Column:
    """`heading` as written (trimmed); `key` the same for comparing: NFKC, casefolded, inner white space one space."""

    heading: str
    key: str


@dataclass(frozen=True, slots=True)
class Row:
    """One data row: as many cells as there are columns, as written. `problem` says why the row cannot be taken."""

    line: int
    cells: list[str]
    problem: RowProblem | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with headings. `rows` is read once, from top to bottom; rows without any text are none."""

    columns: tuple[Column, ...]
    rows: Iterator[Row]
    delimiter: str


def read(text: str) -> Sheet:
    """The table in the text of a CSV: delimited by comma, semicolon, tab or bar, quoted by ", headings first.

    Short rows are filled up with empty cells. A row that is too long, has a field beyond LONGEST_FIELD characters, a
    NUL character or a quotation mark that is never closed comes with its `problem`, and reading goes on behind it.
    Raises UnreadableError where there is nothing to read or no row of headings.
    """
    csv.field_size_limit(sys.maxsize)  # it would end a row in the middle of a field; our own limit is in _problem
    lines = list(io.StringIO(text, newline=""))  # splits at CR, LF and CRLF only, which str.splitlines does not
    skipped, delimiter = _delimiter(lines)
    records = _records(lines, skipped, delimiter)
    header = next((record for record in records if any(cell.strip() for cell in record.cells)), None)
    if header is None:
        raise UnreadableError(N_("The file is empty."), {})
    columns = _columns(header)
    return Sheet(columns, _rows(records, columns), delimiter)


def _columns(header: "_Record") -> tuple[Column, ...]:
    cells = [cell.strip() for cell in header.cells]
    while not cells[-1]:
        cells.pop()
    # Headings name things, so they have letters; a row of numbers has none.
    if header.is_open or not any(map(_has_letter, cells)):
        raise UnreadableError(N_("The first row has no column headings."), {})
    if len(cells) > MOST_COLUMNS or max(map(len, cells)) > LONGEST_FIELD:
        raise UnreadableError(N_("The first row is too long to be column headings."), {})
    return tuple(Column(cell, heading_key(cell)) for cell in cells)


def _has_letter(text: str) -> bool:
    return any(map(str.isalpha, text))


def heading_key(heading: str) -> str:
    """A heading for comparing: NFKC (full-width letters become plain), casefolded, inner white space one space."""
    return " ".join(unicodedata.normalize("NFKC", heading).casefold().split())


def _delimiter(lines: list[str]) -> tuple[int, str]:
    """Lines to skip, and the delimiter with which most of the first rows are as wide as the headings.

    Where several do equally well the one that makes more columns is taken, then the first of _DELIMITERS.
    Excel's own first line `sep=;` is believed and skipped.
    """
    if lines and (told := re.fullmatch(r'"?sep=([,;\t|])"?\s*', lines[0], re.IGNORECASE)):
        return 1, told[1]

    def merit(delimiter: str) -> tuple[float, int]:
        widths = [len(record.cells) for record in islice(_records(lines, 0, delimiter), _SNIFFED) if any(record.cells)]
        if not widths or widths[0] == 1:
            return 0.0, 1
        return sum(width == widths[0] for width in widths) / len(widths), widths[0]

    return 0, max(_DELIMITERS, key=merit)


@dataclass(frozen=True, slots=True)
class _Record:
    line: int
    cells: list[str]
    is_open: bool = False  # a quotation mark in it is never closed


class _Lines:
    """Hands lines to csv.reader and knows where it is. Ends early where one record asks for too many lines."""

    def __init__(self, lines: list[str], position: int) -> None:
        self.lines, self.position, self.start, self.reach = lines, position, position, _REACH
        self.is_open = False  # more lines were asked for within a record than there are

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.position >= len(self.lines) or self.position - self.start >= self.reach:
            self.is_open = self.position > self.start
            raise StopIteration
        self.position += 1
        return self.lines[self.position - 1]


def _records(lines: list[str], position: int, delimiter: str) -> Iterator[_Record]:
    """All records with the line they begin in, blank ones too. After an unclosed quotation mark goes the next line."""
    source, strays = _Lines(lines, position), 0
    reader = csv.reader(source, delimiter=delimiter)
    while source.position < len(lines):
        start = source.start = source.position
        cells = next(reader)
        if source.is_open:
            strays += 1
            yield _Record(start + 1, next(csv.reader([lines[start]], delimiter=delimiter)), is_open=True)
            source = _Lines(lines, start + 1)
            source.reach = _REACH if strays < _MOST_STRAYS else 1
            reader = csv.reader(source, delimiter=delimiter)
        else:
            yield _Record(start + 1, cells)


def _rows(records: Iterator[_Record], columns: tuple[Column, ...]) -> Iterator[Row]:
    width = len(columns)
    for record in records:
        cells = record.cells
        if not any(cells) or not any(map(str.strip, cells)):
            continue
        while len(cells) > width and not cells[-1].strip():
            cells.pop()
        if len(cells) < width:
            cells += [""] * (width - len(cells))
        yield Row(record.line, cells, _problem(record, columns))


def _problem(record: _Record, columns: tuple[Column, ...]) -> RowProblem | None:
    if record.is_open:
        return RowProblem(record.line, None, N_("A quotation mark is opened and never closed."))
    if len(record.cells) > len(columns):
        params = {"cells": len(record.cells), "columns": len(columns)}
        return RowProblem(record.line, None, N_("%(cells)s cells, but only %(columns)s columns."), params)
    for cell, column in zip(record.cells, columns, strict=True):
        if len(cell) > LONGEST_FIELD:
            reason = N_("The text is longer than %(limit)s characters.")
            return RowProblem(record.line, column.heading, reason, {"limit": LONGEST_FIELD})
        if "\0" in cell:
            return RowProblem(record.line, column.heading, N_("The text has a NUL character in it."))
    return None

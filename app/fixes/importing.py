"""Files with the fixes of one device, read as a stream in the order of the file: CSV and GPX 1.0, 1.1."""

import csv
import io
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import BinaryIO
from xml.parsers import expat

from app.fixes.rules import Reading
from app.kernel.geo import Position

NEEDED, OPTIONAL = ("time", "lat", "lon"), ("accuracy", "speed", "arrived")
EPOCH_S, EPOCH_MS = (10**8, 10**10), (10**11, 10**13)
"""Numbers that are a moment since 1970: from 1973 on, as seconds or as milliseconds, which nothing can confuse."""
_CHUNK = 1 << 16
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")  # byte order marks
_SAID_NOTHING = {"", "nan", "null", "none"}


class TraceError(ValueError):
    """The file as a whole cannot be read; the text says why."""


def readings_of(file: BinaryIO) -> Iterator[Reading | None]:
    """The readings of a CSV or GPX file, None for a row that cannot be read.

    TraceError where the file as a whole cannot be, which in broken XML may be noticed half-way.
    """
    start = file.read(_CHUNK)
    stripped = start
    for mark in _MARKS:
        stripped = stripped.removeprefix(mark)
    if not stripped.strip(b" \t\r\n\0"):
        raise TraceError("the file is empty")
    is_xml = stripped.strip(b" \t\r\n\0").startswith(b"<")
    return _gpx(start, file) if is_xml else _csv(start, file)


# --- CSV -------------------------------------------------------------------------------------------------------------


class _Joined(io.RawIOBase):
    """What was read of a file already, and the rest of it: a pipe cannot be rewound."""

    def __init__(self, start: bytes, rest: BinaryIO) -> None:
        self._start, self._rest = start, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override] # the stub's Buffer has no len
        taken, self._start = self._start[: len(buffer)], self._start[len(buffer) :]
        taken = taken or self._rest.read(len(buffer))
        buffer[: len(taken)] = taken
        return len(taken)


def _csv(start: bytes, rest: BinaryIO) -> Iterator[Reading | None]:
    binary = io.BufferedReader(_Joined(start, rest), _CHUNK)
    rows = csv.reader(io.TextIOWrapper(binary, encoding="utf-8-sig", errors="replace", newline=""))
    try:
        names = [name.strip().lower() for name in next(rows)]
    except csv.Error as error:
        raise TraceError(f"no CSV: {error}") from None
    lacking = [name for name in NEEDED if name not in names]
    if lacking:
        raise TraceError(f"the first line names no column {', '.join(lacking)}")
    return _csv_rows(rows, {name: names.index(name) for name in (*NEEDED, *OPTIONAL) if name in names})


def _csv_rows(rows: Iterator[list[str]], places: Mapping[str, int]) -> Iterator[Reading | None]:
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:
            yield None
            continue
        if row:
            told = {name: row[place] for name, place in places.items() if place < len(row)}
            yield _reading(told, needs_time=True)


# --- GPX -------------------------------------------------------------------------------------------------------------


class _Gpx:
    """Collects the track points while expat reads; `points` is emptied by whoever takes them."""

    def __init__(self) -> None:
        self.points: list[Reading | None] = []
        self._path: list[str] = []
        self._point: dict[str, str] | None = None
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.EntityDeclHandler = self._entity

    def _entity(self, *_: object) -> None:
        raise TraceError("the XML declares entities, which are not read")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(" ")[2]
        if not self._path and local != "gpx":
            raise TraceError(f"the XML is no GPX but <{local}>")
        self._path.append(local)
        if local == "trkpt":
            self._point = {key: attributes[key] for key in ("lat", "lon") if key in attributes}

    def _text(self, text: str) -> None:
        # A point's own time; its speed stands in it (GPX 1.0) or in an extension (1.1).
        if self._point is not None and (self._path[-2:] == ["trkpt", "time"] or self._path[-1] == "speed"):
            self._point[self._path[-1]] = self._point.get(self._path[-1], "") + text

    def _end(self, _name: str) -> None:
        if self._path.pop() == "trkpt" and self._point is not None:
            self.points.append(_reading(self._point, needs_time=False))
            self._point = None


def _gpx(chunk: bytes, rest: BinaryIO) -> Iterator[Reading | None]:
    gpx = _Gpx()
    while True:
        try:
            gpx.parser.Parse(chunk, not chunk)
        except (expat.ExpatError, LookupError) as error:  # LookupError: an encoding that nobody knows
            yield from gpx.points
            raise TraceError(f"no XML: {error}") from None
        yield from gpx.points
        gpx.points.clear()
        if not chunk:
            return
        chunk = rest.read(_CHUNK)


# --- One row ---------------------------------------------------------------------------------------------------------


def _reading(told: Mapping[str, str], *, needs_time: bool) -> Reading | None:
    try:
        position = Position(float(told["lat"]), float(told["lon"]))
        taken_at = _moment(told.get("time", ""))
        arrived_at = _moment(told.get("arrived", ""))
        accuracy, speed = _number(told.get("accuracy", "")), _number(told.get("speed", ""))
    except (ValueError, KeyError, OverflowError):
        return None
    if (needs_time and taken_at is None) or (accuracy is not None and accuracy < 0):
        return None  # an accuracy below zero is how iOS says that there is no position (CLLocation.horizontalAccuracy)
    if speed is not None and speed < 0:
        speed = None  # and so it says that the speed is unknown
    return Reading(position, taken_at, arrived_at, accuracy, speed)


def _moment(text: str) -> datetime | None:
    """ISO 8601 (without a zone: UTC) or a number since 1970; None where nothing is said, ValueError for the rest."""
    text = text.strip()
    if text.lower() in _SAID_NOTHING:
        return None
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if EPOCH_S[0] <= number < EPOCH_S[1]:
        return datetime.fromtimestamp(number, UTC)
    if EPOCH_MS[0] <= number < EPOCH_MS[1]:
        return datetime.fromtimestamp(number / 1000, UTC)
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _number(text: str) -> float | None:
    text = text.strip()
    if text.lower() in _SAID_NOTHING:
        return None
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no measure")
    return number

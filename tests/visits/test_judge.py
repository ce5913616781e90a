"""`flask visits judge FILE`: the fixes of one device, as a file, judged line by line."""

import json
import subprocess
import sys
import tracemalloc
from io import BytesIO, RawIOBase
from itertools import chain
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from click.testing import CliRunner, Result

from app.config import ROOT
from app.fixes.importing import readings_of
from app.visits.commands import visits
from tests.shared import shared_file

GPX = '<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>{}</trkseg></trk></gpx>'


def run(file: Path) -> Result:
    return CliRunner().invoke(visits, ["judge", str(file)])


def reasons(tmp_path: Path, content: str | bytes) -> list[list[str]]:
    file = tmp_path / "fixes"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    result = run(file)
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["row"] for line in lines] == list(range(1, len(lines) + 1))
    assert all(line.keys() == {"row", "reasons"} for line in lines)
    return [line["reasons"] for line in lines]


def complaint(tmp_path: Path, content: bytes) -> str:
    file = tmp_path / "broken"
    file.write_bytes(content)
    result = run(file)
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    return result.stderr


# --- CSV -------------------------------------------------------------------------------------------------------------


def test_each_reason_has_its_name(tmp_path: Path) -> None:
    rows = """time,lat,lon,accuracy,speed,arrived
2026-03-10T12:00:00Z,31.2,121.4,10,0,2026-03-10T12:00:05Z
2026-03-10T12:01:00Z,31.2,121.4,4000,,2026-03-10T12:01:05Z
2026-03-10T12:02:00Z,31.2,121.4,10,,2026-03-10T12:12:05Z
2026-03-10T12:13:00Z,33.2,121.4,10,,2026-03-10T12:13:05Z
2026-03-10T12:02:00Z,31.2,121.4,10,,2026-03-10T12:02:05Z
2026-03-10T12:02:00Z,31.2001,121.4,10,,2026-03-10T12:03:05Z
2026-03-10T12:30:00Z,31.2,121.4,10,,2026-03-10T12:04:05Z
2026-03-10T12:31:00Z,31.2,121.4,10,,2026-03-10T14:31:05Z
"""
    assert reasons(tmp_path, rows) == [
        [], ["too_coarse"], ["stale_fix"], ["impossible_speed"], ["replayed_fix"], ["frozen_fix"], ["clock_wrong"],
        ["stale_fix", "late_arrival"],
    ]  # fmt: skip


def test_columns_in_any_order_with_bom_crlf_and_others_between(tmp_path: Path) -> None:
    rows = (
        '\ufeff"Lon",note , LAT,Time\r\n121.4,"a, ""b""\r\nc",31.2,2026-03-10 12:00\r\n\r\n121.4,,33.2,2026-03-10 12:01'
    )
    assert reasons(tmp_path, rows) == [[], ["impossible_speed"]]


@pytest.mark.parametrize(
    "moment",
    ["2026-03-10T12:01:00+00:00", "2026-03-10T20:01:00+08:00", "2026-03-10 12:01", "1773144060", "1773144060000"],
)
def test_times_are_iso_or_since_1970_and_utc_where_they_name_no_zone(tmp_path: Path, moment: str) -> None:
    assert reasons(tmp_path, f"time,lat,lon\n2026-03-10T12:01:00Z,31.2,121.4\n{moment},31.2,121.4\n") == [
        [], ["replayed_fix"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    "row",
    [
        "2026-03-10T12:01:00Z,91,121.4,", "2026-03-10T12:01:00Z,31.2,181,", "2026-03-10T12:01:00Z,north,121.4,",
        "2026-03-10T12:01:00Z,nan,121.4,", ",31.2,121.4,", "yesterday,31.2,121.4,", "12345,31.2,121.4,", "31.2",
        "2026-03-10T12:01:00Z,31.2,121.4,good", "2026-03-10T12:01:00Z,31.2,121.4,-1",
        "0001-01-01T00:00+09:00,31.2,121.4,", "2026-03-10T12:01:00Z,31.2,121.4,inf",
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_read_disturbs_no_other(tmp_path: Path, row: str) -> None:
    rows = f"time,lat,lon,accuracy\n2026-03-10T12:00:00Z,31.2,121.4,9\n{row}\n2026-03-10T12:02:00Z,31.2,121.4,9\n"
    assert reasons(tmp_path, rows) == [[], ["unreadable"], []]


def test_what_a_device_does_not_know_is_not_held_against_it(tmp_path: Path) -> None:
    rows = "2026-03-10T12:00:00Z,31.2,121.4,,-1,\n2026-03-10T12:01:00Z,31.2,121.4,NaN,null,\n"
    assert reasons(tmp_path, "time,lat,lon,accuracy,speed,arrived\n" + rows) == [[], []]


def test_an_old_file_without_arrival_is_not_judged_by_today(tmp_path: Path) -> None:
    for year in (1999, 2090):
        rows = "".join(f"{year}-03-10T12:{minute:02}:00Z,31.2,121.4\n" for minute in range(60))
        assert not any(reasons(tmp_path, "time,lat,lon\n" + rows))


def test_a_header_alone_has_no_fixes(tmp_path: Path) -> None:
    assert reasons(tmp_path, "time,lat,lon\n") == []


# --- GPX -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("namespace", ["", ' xmlns="http://www.topografix.com/GPX/1/0"', ' xmlns:g="urn:g"'])
def test_track_points_in_the_order_of_the_file(tmp_path: Path, namespace: str) -> None:
    g = "g:" if ":g" in namespace else ""
    points = [
        ("31.2", "<{g}time>2026-03-10T12:00:00Z</{g}time>"), ("33.2", "<{g}time>2026-03-10T12:01:00Z</{g}time>"),
        ("31.2", ""), ("91", ""), ("31.2", "<{g}time>noon</{g}time>"),
        ("31.2", "<{g}time>2026-03-10T12:02:00Z</{g}time>"),
    ]  # fmt: skip
    body = "".join(f'<{g}trkpt lat="{lat}" lon="121.4">{time.format(g=g)}</{g}trkpt>' for lat, time in points)
    text = f"<?xml version='1.0'?>\n<{g}gpx{namespace}><{g}wpt lat='1' lon='1'/><{g}trk>{body}</{g}trk></{g}gpx>"
    expected = [[], ["impossible_speed"], [], ["unreadable"], ["unreadable"], []]
    assert reasons(tmp_path, text) == expected
    assert reasons(tmp_path, text.replace("'1.0'", "'1.0' encoding='utf-16'").encode("utf-16")) == expected


def test_a_real_file_is_judged_as_it_lies_there() -> None:
    result = run(shared_file("gps/cerknicko-jezero.gpx"))
    flagged = [line for line in result.stdout.splitlines() if "[]" not in line]
    assert flagged == ['{"row": 238, "reasons": ["impossible_speed"]}']
    assert len(result.stdout.splitlines()) == 296


# --- Files that cannot be read ---------------------------------------------------------------------------------------


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.csv", tmp_path):
        result = run(path)
        assert result.exit_code == 1
        assert path.name in result.stderr


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"), (b"\xef\xbb\xbf \r\n", "empty"),
        (b"time,latitude,longitude\n1,2,3\n", "lat, lon"), (b"lat,lon\n1,2\n", "time"),
        (b"\x00\x01\x02\xff" * 99, "time"),
        (b"<html><body>", "no GPX"), (b"<gpx><trk></gpx>", "no XML"), (b"<gpx>", "no XML"), (b"< 3", "no XML"),
        (b'<?xml version="1.0" encoding="none-such"?><gpx/>', "no XML"),
        (b'<!DOCTYPE gpx [<!ENTITY a "aaaa">]><gpx>&a;</gpx>', "entities"),
        (b'<!DOCTYPE gpx [<!ENTITY a SYSTEM "file:///etc/passwd">]><gpx>&a;</gpx>', "entities"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_trace_says_why(tmp_path: Path, content: bytes, says: str) -> None:
    assert says in complaint(tmp_path, content)


def test_a_track_that_breaks_off_is_judged_up_to_there(tmp_path: Path) -> None:
    file = tmp_path / "broken.gpx"
    file.write_text(GPX.format('<trkpt lat="1" lon="2"/>')[:-20])
    result = run(file)
    assert result.exit_code == 1
    assert result.stdout == '{"row": 1, "reasons": []}\n'
    assert "no XML" in result.stderr


# --- Streams ---------------------------------------------------------------------------------------------------------


class Long(RawIOBase):
    """A file of many rows that lies nowhere."""

    def __init__(self, head: bytes, row: bytes, rows: int, tail: bytes) -> None:
        self._parts = chain([head], (row for _ in range(rows)), [tail])
        self._kept = b""

    def read(self, size: int = -1) -> bytes:
        while len(self._kept) < size and (part := next(self._parts, None)) is not None:
            self._kept += part
        taken, self._kept = self._kept[:size], self._kept[size:]
        return taken


@pytest.mark.parametrize(
    ("head", "row", "tail"),
    [
        (b"time,lat,lon\n", b"2026-03-10T12:00:00Z,31.2,121.4\n", b""),
        (b"<gpx><trk>", b'<trkpt lat="1" lon="2"><time>2026-03-10T12:00:00Z</time></trkpt>', b"</trk></gpx>"),
    ],
)
def test_a_large_file_is_not_held_in_memory(head: bytes, row: bytes, tail: bytes) -> None:
    tracemalloc.start()
    try:
        readings = readings_of(cast(BinaryIO, Long(head, row, 20_000, tail)))
        assert sum(1 for _ in readings) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_a_reader_that_has_enough_ends_it_quietly(tmp_path: Path) -> None:
    file = tmp_path / "long.csv"
    file.write_text("time,lat,lon\n" + "2026-03-10T12:00:00Z,31.2,121.4\n" * 20_000)
    script = "import sys; from app.visits.commands import visits; visits(['judge', sys.argv[1]])"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(file)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as judging:
        assert judging.stdout is not None and judging.stderr is not None
        assert judging.stdout.readline() == b'{"row": 1, "reasons": []}\n'
        judging.stdout.close()
        assert judging.stderr.read() == b""
        judging.wait(30)


def test_bytes_in_memory_are_a_file_too() -> None:
    assert len(list(readings_of(BytesIO(b"time,lat,lon\n1773144060,1,2")))) == 1

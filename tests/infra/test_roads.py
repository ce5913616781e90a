"""Imported roads: what the engine answers, and that an import is there as a whole or not at all."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask import Flask

from app.config import ROOT
from app.infra import road_import, roads
from app.infra.osrm import OsrmTimes
from app.infra.road_import import RoadsRefusedError, import_roads
from app.infra.roads import Roads, about, current_version
from app.kernel.geo import Position
from app.kernel.travel import OSM, NoWay, RoadsFailedError, Source
from tests.shared import SHARED
from tests.streets import BLOCKS, corner, make_roads, needs_engine, quiet, streets, write_streets

BLOCK_M = 222  # 0.002 degrees of latitude


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_roads(tmp_path_factory.mktemp("town") / "roads")


@pytest.fixture
def times(town: Path) -> OsrmTimes:
    found = Roads(town).now()
    assert found is not None
    return found


# --- What the engine answers -----------------------------------------------------------------------------------------


def test_ways_follow_the_streets(times: OsrmTimes) -> None:
    matrix = times.matrix([corner(0, 0), corner(3, 0), corner(3, 4)])
    assert times.source is Source.ROADS and matrix.off == {}
    assert matrix.metres[0][1] == pytest.approx(3 * BLOCK_M, abs=2)
    along = 4 * BLOCK_M * 0.682  # the cosine of the latitude
    assert matrix.metres[0][2] == pytest.approx(3 * BLOCK_M + along, abs=5), "round the corner, not straight"
    assert all(isinstance(each, int) for rows in (matrix.seconds, matrix.metres) for row in rows for each in row)
    assert all(matrix.seconds[n][n] == matrix.metres[n][n] == 0 for n in range(3))
    assert 10 < (matrix.seconds[0][1] or 0) < 300


def test_without_positions_there_is_an_empty_matrix(times: OsrmTimes) -> None:
    assert times.matrix([]).seconds == ()
    assert times.matrix([corner(1, 1)]).seconds == ((0,),)


def test_a_place_off_the_roads_has_no_numbers_but_a_reason(times: OsrmTimes) -> None:
    wood = Position(47.0, 9.06)
    away = Position(47.9, 9.0)
    positions = [corner(0, 0), wood, away, corner(2, 2, island=True), corner(5, 5)]
    matrix = times.matrix(positions)
    assert matrix.off == {1: NoWay.OFF_ROAD, 2: NoWay.OFF_MAP}
    assert [matrix.why(0, n) for n in range(5)] == [None, NoWay.OFF_ROAD, NoWay.OFF_MAP, NoWay.NO_WAY, None]
    for n, other in enumerate(positions):
        for m in (n, 0):
            assert (matrix.seconds[m][n] is None) == (matrix.metres[m][n] is None) == (matrix.why(m, n) is not None)
        leg = times.leg(corner(0, 0), other)
        assert (leg.seconds, leg.metres, leg.why) == (matrix.seconds[0][n], matrix.metres[0][n], matrix.why(0, n))
    assert times.matrix([away]).off == {0: NoWay.OFF_MAP}


def test_a_leg_has_the_line_along_the_road(times: OsrmTimes) -> None:
    leg = times.leg(corner(0, 0), corner(3, 4))
    assert leg.line[0].lat == pytest.approx(corner(0, 0).lat, abs=1e-4)
    assert leg.line[-1].lon == pytest.approx(corner(3, 4).lon, abs=1e-4)
    assert len(leg.line) > 2, "there is a corner in it"


def test_what_is_too_large_for_one_question_is_asked_in_parts(times: OsrmTimes) -> None:
    positions = [corner(n % BLOCKS, 3 * n % BLOCKS) for n in range(23)]
    positions[7] = Position(47.0, 9.06)
    asked: list[int] = []

    def ask(service: str, of: Any, **options: Any) -> Any:
        asked.append(len(of))
        return times.ask(service, of, **options)

    assert replace(times, ask=ask, most=8).matrix(positions) == times.matrix(positions)
    assert len(asked) == 36 and max(asked) <= 8


# --- An import is there as a whole, or not at all --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["town.osm", "town.osm.gz", "town.osm.bz2", "my town.xml"])
def test_extracts_are_known_by_their_content(tmp_path: Path, name: str) -> None:
    needs_engine()
    told: list[tuple[str, int | None]] = []
    what = import_roads(write_streets(tmp_path / name), tmp_path / "roads", lambda *step: told.append(step))
    assert (what.file, what.attribution) == (name, OSM) and about(tmp_path / "roads") == what
    assert list(dict(told)) == ["Reading the roads", "Preparing shortcuts", "Trying them out"]
    assert ("Reading the roads", 100) in told
    assert len(told) == len(set(told)), "nothing is told twice"


def test_a_real_extract_says_as_of_when_it_is(tmp_path: Path) -> None:
    needs_engine()
    file = SHARED / "osm" / "andorra.osm.pbf"
    if not file.exists():
        pytest.skip("no osm/andorra.osm.pbf: set FIELDBOOK_SHARED to the folder that has it")
    assert import_roads(file, tmp_path / "roads", quiet).as_of == "2013-05-28"
    found = Roads(tmp_path / "roads").now()
    assert found is not None
    matrix = found.matrix([Position(42.5075, 1.5218), Position(42.5432, 1.7339), Position(42.44, 1.49)])
    assert 900 < (matrix.seconds[0][1] or 0) < 3600, "Andorra la Vella to Pas de la Casa"
    for name, cut in (("half.osm.pbf", 300_000), ("start.osm.pbf", 2_000)):
        (tmp_path / name).write_bytes(file.read_bytes()[:cut])
        with pytest.raises(RoadsRefusedError, match="ends in the middle"):
            import_roads(tmp_path / name, tmp_path / "roads", quiet)
    content = bytearray(file.read_bytes())
    content[200_000:200_900] = bytes(900)
    (tmp_path / "broken.osm.pbf").write_bytes(content)
    with pytest.raises(RoadsRefusedError, match="damaged"):
        import_roads(tmp_path / "broken.osm.pbf", tmp_path / "roads", quiet)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.osm.pbf", b"", "is empty"),
        ("list.osm.pbf", b"id,name\n1,Shop\n", "is no OpenStreetMap extract"),
        ("cut.osm", streets().encode()[:9000], "damaged"),
        ("cut.osm.gz", b"\x1f\x8b and nothing of the kind", "damaged"),
        ("paths.osm", streets("footway").encode(), "no roads for cars"),
        ("sea.osm", b'<?xml version="1.0"?><osm version="0.6"></osm>', "no roads for cars"),
    ],
)
def test_wrong_files_are_refused_and_change_nothing(
    town: Path, tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    before, files = current_version(town), sorted(path.name for path in town.iterdir())
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RoadsRefusedError, match=reason):
        import_roads(tmp_path / name, town, quiet)
    assert current_version(town) == before
    assert sorted(path.name for path in town.iterdir()) == files, "nothing is left of it"


def test_a_full_disk_is_told_before_and_while_it_fills(
    town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_streets(tmp_path / "town.osm")
    usage = shutil.disk_usage(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(road_import.shutil, "disk_usage", lambda _: usage._replace(free=1_000_000))
        with pytest.raises(RoadsRefusedError, match=r"The disk is full: .* has 1 MB left"):
            import_roads(file, town, quiet)
    assert "disk is full" in road_import._reason("[error] Problem writing to file: No space left on device\n", 1)
    assert "want of memory" in road_import._reason("", -9)
    assert "ended with 7: it said nothing" in road_import._reason("", 7)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    needs_engine()
    (tmp_path / "roads").write_text("a file")
    with pytest.raises(RoadsRefusedError, match="Cannot write"):
        import_roads(write_streets(tmp_path / "town.osm"), tmp_path / "roads", quiet)


def test_one_import_at_a_time(town: Path, tmp_path: Path) -> None:
    with road_import._alone(town), pytest.raises(RoadsRefusedError, match="imported already"):
        import_roads(write_streets(tmp_path / "town.osm"), town, quiet)


def test_whoever_reads_meanwhile_gets_the_old_roads_or_the_new(tmp_path: Path) -> None:
    """Six imports while four threads ask: every answer is whole, and the last ones are of the last import."""
    folder = make_roads(tmp_path / "roads")
    known, failures, answers = Roads(folder), [], 0
    over = threading.Event()
    expected = known.now().matrix([corner(0, 0), corner(5, 7)])  # type: ignore[union-attr]

    def read() -> None:
        nonlocal answers
        while not over.is_set():
            found = known.now()
            try:
                if found is None or found.matrix([corner(0, 0), corner(5, 7)]) != expected:
                    failures.append("another answer")
                if Roads(folder).now() is None:  # a process that opens them just now
                    failures.append("none at the start")
            except RoadsFailedError as error:
                failures.append(str(error))
            answers += 1
            time.sleep(0.001)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    first = known.now()
    file = write_streets(tmp_path / "town.osm.gz")
    try:
        for _ in range(6):
            import_roads(file, folder, quiet)
    finally:
        over.set()
    for reader in readers:
        reader.join()
    assert failures == [] and answers > 20
    last = known.now()
    assert first is not None and last is not None and last.version == current_version(folder) != first.version
    assert first.matrix([corner(0, 0), corner(5, 7)]) == expected, "who still has the old ones may finish"
    assert sorted(path.name for path in folder.iterdir()) == sorted(["current", "lock", last.version])


def test_kill_9_in_the_middle_loses_nothing(tmp_path: Path) -> None:
    folder = make_roads(tmp_path / "roads")
    before = current_version(folder)
    line = "import sys, time; from pathlib import Path; from app.infra.road_import import import_roads; "
    line += "say = lambda step, percent: (print(step, flush=True), step == sys.argv[3] and time.sleep(60)); "
    line += "import_roads(Path(sys.argv[1]), Path(sys.argv[2]), say)"
    file = write_streets(tmp_path / "town.osm")
    for step in ("Reading the roads", "Preparing shortcuts", "Trying them out"):
        process = subprocess.Popen(
            [sys.executable, "-c", line, str(file), str(folder), step], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        while (told := process.stdout.readline()).strip() != step:
            assert told, "it ended before it came there"
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert current_version(folder) == before
        assert Roads(folder).now() is not None
    assert len(list(folder.glob(".building-*"))) == 1, "each took away what the one before left"
    import_roads(file, folder, quiet)
    assert list(folder.glob(".building-*")) == []
    assert current_version(folder) != before


def test_damaged_roads_are_no_roads(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = make_roads(tmp_path / "roads")
    (folder / (current_version(folder) or "") / "roads.osrm.hsgr").write_bytes(b"")
    known = Roads(folder)
    assert known.now() is None is known.now()
    assert caplog.text.count("cannot be read") == 1, "not for every page"
    import_roads(write_streets(tmp_path / "new.osm"), folder, quiet)
    assert known.now() is not None
    version = current_version(folder) or ""
    (folder / version / "about.json").write_text("{")
    assert about(folder) is None
    shutil.rmtree(folder)
    assert Roads(folder).now() is None and about(folder) is None


# --- The command -----------------------------------------------------------------------------------------------------


class Without(NamedTuple):
    major: int = 3
    minor: int = 11
    micro: int = 9


def test_without_the_engine_the_command_says_what_it_needs(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roads, "find_spec", lambda _name: None)
    monkeypatch.setattr(road_import.sys, "version_info", Without())
    done = app.test_cli_runner().invoke(args=["roads", "import", str(write_streets(tmp_path / "town.osm"))])
    assert done.exit_code == 1 and "needs Python 3.12 or newer (this is 3.11.9)" in done.output


def test_the_command_tells_how_far_it_is(tmp_path: Path) -> None:
    needs_engine()
    environment = {"FIELDBOOK_DATA": str(tmp_path / "data"), "PATH": os.defpath}

    def run(*words: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", "roads", *words],
            cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout

    assert run("show") == (0, "No roads were imported: travel times are an estimate.\n")
    code, told = run("import", str(write_streets(tmp_path / "town.osm")))
    assert code == 0 and "Reading the roads … 50 %\n" in told
    assert told.endswith(f"The roads of town.osm are in use. {OSM}\n")
    assert OSM in run("show")[1]
    (tmp_path / "town.osm.pbf").touch()
    assert run("import", str(tmp_path / "town.osm.pbf")) == (1, "Error: town.osm.pbf is empty.\n")
    (stored,) = (tmp_path / "data" / "roads").glob("*/about.json")
    assert json.loads(stored.read_text())["attribution"] == OSM

"""Making roads of an OpenStreetMap extract by the tools that the engine's wheel brings (osrm-extract, osrm-contract).

Everything is made in a folder of its own beside the roads in use, tried out, and then named in `current` by one rename:
whoever is killed before that has changed nothing, and the next import takes away what was left. The tools run as
programs of their own, since they end their process where a file is broken.
"""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from app.infra import roads
from app.infra.roads import ABOUT, BASE, CURRENT, About
from app.kernel.geo import Position
from app.kernel.ids import new_id
from app.kernel.travel import OSM, RoadsFailedError

Say = Callable[[str, int | None], None]
"""Takes what is going on and how much of it is done, in percent, where that is known."""

_BUILDING, _LOCK = ".building-", "lock"
_ROOM = 8  # times the size of a packed extract: what is made of it is 2 to 4 times as large
_LEAST_ROOM = 50_000_000

NO_ENGINE = (
    "The road engine is not installed: it needs Python 3.12 or newer (this is {python}), on Linux or on a Mac with "
    "an Apple processor. Travel times stay an estimate; an OSRM server elsewhere can be named in FIELDBOOK_ROADS_URL."
)
_REASONS = (  # a piece of what the tools say -> what it means
    ("unexpected EOF", "The file ends in the middle: it was not copied or downloaded completely."),
    ("invalid BlobHeader", "This is no OpenStreetMap extract."),
    ("PBF error", "The file is damaged: get it again."),
    ("XML parsing error", "The file is damaged, or no OpenStreetMap extract."),
    ("error", "The file is damaged: get it again."),
)
_NO_ROADS = ("no edges remaining", "no snappable edges", "There are no", "No edges")


class RoadsRefusedError(Exception):
    """No roads could be made; its text says why, for whoever ran the command. The roads in use are as they were."""


def import_roads(file: Path, folder: Path, say: Say, now: datetime | None = None) -> About:
    """Make the roads in `folder` those of the extract. RoadsRefusedError where that cannot be."""
    if not roads.has_engine():
        raise RoadsRefusedError(NO_ENGINE.format(python=".".join(map(str, sys.version_info[:3]))))
    ending = _look_at(file)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder):
            _clear(folder)
            _check_room(file.stat().st_size * (1 if ending == ".osm" else _ROOM), folder)
            return _build(file, ending, folder, say, now or datetime.now(UTC))
    except OSError as error:
        raise RoadsRefusedError(f"Cannot write {folder}: {error.strerror or error}") from error


def _look_at(file: Path) -> str:
    """The ending that the tools know the file's content by, whatever it is called. Refuses what is no extract at the
    first look."""
    try:
        with file.open("rb") as content:
            head = content.read(4096)
    except OSError as error:
        raise RoadsRefusedError(f"Cannot read {file}: {error.strerror}") from error
    if not head:
        raise RoadsRefusedError(f"{file.name} is empty.")
    if b"OSMHeader" in head[:32]:
        return ".osm.pbf"
    if head.startswith(b"BZh"):
        return ".osm.bz2"
    if head.startswith(b"\x1f\x8b"):
        return ".osm.gz"
    if b"<osm" in head:
        return ".osm"
    raise RoadsRefusedError(f"{file.name} is no OpenStreetMap extract (.osm.pbf, .osm.bz2, .osm.gz or .osm).")


def _build(file: Path, ending: str, folder: Path, say: Say, now: datetime) -> About:
    building = folder / f"{_BUILDING}{new_id().hex}"
    building.mkdir()
    try:
        source = building / f"extract{ending}"
        source.symlink_to(file.resolve())
        threads = str(os.cpu_count() or 1)
        profile = _engine_folder() / "share" / "profiles" / "car.lua"
        base = building / BASE
        extract = ["-p", str(profile), "-t", threads, "-o", str(base), "-d", "osmosis", str(source)]
        told = _run("osrm-extract", extract, say, "Reading the roads")
        _run("osrm-contract", ["-t", threads, str(base)], say, "Preparing shortcuts")
        source.unlink()
        found = re.search(r"timestamp: (\d{4}-\d\d-\d\d)", told)
        what = About(file.name, file.stat().st_size, now.isoformat(), found[1] if found else "", OSM)
        roads.write_about(building, what)
        say("Trying them out", None)
        _try_out(building)
        _keep(building, folder, f"{now:%Y%m%dT%H%M%S}-{new_id().hex[-8:]}")
    finally:
        shutil.rmtree(building, ignore_errors=True)
    _clear(folder)
    return what


def _run(tool: str, arguments: list[str], say: Say, step: str) -> str:
    """Run one of the tools and tell how far it is; all that it says. RoadsRefusedError with why where it fails."""
    say(step, 0)
    percent = 0
    command = [str(_engine_folder() / "bin" / tool), *arguments]
    said: deque[str] = deque(maxlen=4000)
    with subprocess.Popen(  # noqa: S603 - a program of the wheel's, on a path of ours
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", env={"PATH": os.defpath}
    ) as process:
        try:
            for line in process.stdout or ():
                said.append(line)
                done = re.fullmatch(r"\W*(\d+)%.*\s*", line)
                if done and int(done[1]) > percent:  # a tool counts to 100 several times
                    percent = int(done[1])
                    say(step, percent)
        except BaseException:
            process.kill()  # Ctrl-C ends the tool as well
            raise
    told = "".join(said)
    if process.returncode != 0:
        raise RoadsRefusedError(_reason(told, process.returncode))
    return told


def _reason(told: str, code: int) -> str:
    """What a tool's last words mean."""
    if "No space left" in told or "ENOSPC" in told:
        return "The disk is full: make room, then import again."
    if any(words in told for words in _NO_ROADS):
        return "There are no roads for cars in this file."
    if code == -9:
        return "The system ended the import, most likely for want of memory: take a smaller extract or more memory."
    for words, meaning in _REASONS:
        if words in told:
            return f"{meaning} ({_last_words(told)})"
    return f"The road engine ended with {code}: {_last_words(told)}"


def _last_words(told: str) -> str:
    lines = [line.split("] ")[-1].strip() for line in told.splitlines() if line.strip()]
    return lines[-1].removeprefix("what():").strip() if lines else "it said nothing"


def _try_out(path: Path) -> None:
    """The files are whole: the engine opens them and finds a way."""
    try:
        roads.times_of(roads.open_engine(path), "").matrix([Position(0, 0)])
    except RoadsFailedError as error:
        raise RoadsRefusedError(f"What was made of the file cannot be read: {error}") from error


def _keep(building: Path, folder: Path, version: str) -> None:
    """Everything is on the disk before the name that counts changes."""
    for path in building.iterdir():
        _sync(path)
    _sync(building)
    building.rename(folder / version)
    part = folder / f"{_BUILDING}{CURRENT}"
    part.write_text(version)
    _sync(part)
    part.replace(folder / CURRENT)
    _sync(folder)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _clear(folder: Path) -> None:
    """Take away what killed imports left, and earlier roads: whoever uses those has them in memory."""
    kept = roads.current_version(folder)
    for path in folder.iterdir():
        if path.is_dir() and path.name != kept and (path.name.startswith(_BUILDING) or (path / ABOUT).exists()):
            shutil.rmtree(path, ignore_errors=True)


def _check_room(needed: int, folder: Path) -> None:
    needed, free = max(_LEAST_ROOM, needed), shutil.disk_usage(folder).free
    if free < needed:
        raise RoadsRefusedError(
            f"The disk is full: {folder} has {free // 1_000_000} MB left, and this may take {needed // 1_000_000} MB."
        )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One import at a time; the lock goes with its process."""
    with (folder / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RoadsRefusedError("Roads are being imported already: wait until that is done.") from None
        yield


def _engine_folder() -> Path:
    spec = find_spec("osrm")
    if spec is None or spec.origin is None:
        raise RoadsRefusedError("The road engine is not installed.")
    return Path(spec.origin).parent

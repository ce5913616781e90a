"""The roads that were imported: an OSRM engine in this process (osrm-bindings, BSD 2-clause, Python 3.12 and newer).

FIELDBOOK_DATA/roads holds a folder for each import and the file `current`, which names the one that counts. Who asks
reads that file first, so that new roads are used from the next question on, in every process and without a restart.
The engine holds the interpreter's lock while it works: 20 to 40 ms for 200 x 200, under one for a rep's day. Its files
are mapped into memory, so that the processes share them, and those of an earlier import may go while they are in use.
"""

import atexit
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any
from weakref import WeakSet

from app.infra.osrm import OsrmTimes
from app.kernel.geo import Position
from app.kernel.travel import RoadsFailedError, Source

CURRENT, ABOUT, BASE = "current", "about.json", "roads.osrm"
MOST_POSITIONS = 2_500
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class About:
    """What was imported: the name and size of the file, when (ISO 8601, UTC), as of when its content is ('' where it
    does not say), and whom to name beside every way that is shown."""

    file: str
    bytes: int
    imported_at: str
    as_of: str
    attribution: str


def has_engine() -> bool:
    """Whether the road engine is installed: it is not for Python 3.11."""
    return find_spec("osrm") is not None


def current_version(folder: Path) -> str | None:
    """The name of the import that counts, None where there is none."""
    try:
        return (folder / CURRENT).read_text().strip() or None
    except FileNotFoundError:
        return None


def about(folder: Path) -> About | None:
    """What the roads in use are; None without any."""
    version = current_version(folder)
    if version is None:
        return None
    try:
        return About(**json.loads((folder / version / ABOUT).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def write_about(path: Path, what: About) -> None:
    (path / ABOUT).write_text(json.dumps(asdict(what), ensure_ascii=False))


def open_engine(path: Path) -> Any:
    """The engine on the files of one import. RoadsFailedError where they are missing or broken."""
    try:
        osrm = import_module("osrm")
        return osrm.OSRM(
            algorithm="CH",
            storage_config=str(path / BASE),
            use_shared_memory=False,
            use_mmap=True,
            max_locations_distance_table=MOST_POSITIONS,
            max_locations_viaroute=MOST_POSITIONS,
            verbosity="NONE",
        )
    except (ImportError, RuntimeError) as error:
        raise RoadsFailedError(str(error)) from error


def times_of(engine: Any, version: str) -> OsrmTimes:
    """What the engine answers."""

    def ask(service: str, positions: Sequence[Position], **options: Any) -> Any:
        osrm = import_module("osrm")
        words = {name: list(each) if isinstance(each, (tuple, range)) else each for name, each in options.items()}
        parameters = osrm.TableParameters if service == "table" else osrm.RouteParameters
        call = engine.Table if service == "table" else engine.Route
        coordinates = [(position.lon, position.lat) for position in positions]
        try:
            return call(parameters(coordinates=coordinates, generate_hints=False, **words))
        except RuntimeError as error:
            if str(error).startswith("NoRoute"):
                return None
            raise RoadsFailedError(str(error)) from error

    return OsrmTimes(Source.ROADS, version, ask, MOST_POSITIONS)


_opened: WeakSet["Roads"] = WeakSet()


@atexit.register
def _close_all() -> None:
    """An engine that outlives the interpreter prints a page of warnings."""
    for each in list(_opened):
        each.close()


class Roads:
    """The imported roads of an installation, as they are now; one for each process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._version = ""  # that was opened last, or could not be
        self._times: OsrmTimes | None = None
        _opened.add(self)

    def close(self) -> None:
        """Let go of the engine; the next question opens it again."""
        self._version, self._times = "", None

    def now(self) -> OsrmTimes | None:
        """The travel times of the roads in use, None where nothing was imported or the engine is missing."""
        version = current_version(self._folder)
        if version is None:
            return None
        with self._lock:
            if self._version != version:
                self._version, self._times = version, self._load(version)
            return self._times

    def _load(self, version: str) -> OsrmTimes | None:
        if not has_engine():
            return None
        try:
            return times_of(open_engine(self._folder / version), version)
        except RoadsFailedError as error:
            newer = current_version(self._folder)
            if newer is not None and newer != version:  # another import took its place in between
                return self._load(newer)
            log.error("the imported roads %s cannot be read: %s", version, error)
            return None

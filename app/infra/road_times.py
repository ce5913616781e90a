"""The travel times by road that this installation has, the best first: those of a server that is named in the settings,
then those of the imported roads. Each process keeps one of everything, and what was worked out already."""

from dataclasses import dataclass
from pathlib import Path

from flask import current_app

from app.infra import roads
from app.infra.remembered import Memory, Remembered
from app.infra.road_server import RoadServer
from app.infra.roads import About, Roads
from app.kernel.travel import TravelTimes


@dataclass(frozen=True, slots=True)
class _Known:
    server: RoadServer | None
    roads: Roads
    memory: Memory


def folder() -> Path:
    """FIELDBOOK_DATA/roads."""
    path: Path = current_app.config["DATA"] / "roads"
    return path


def imported() -> About | None:
    """What roads were imported; None where there are none."""
    return roads.about(folder())


def server_url() -> str:
    """The address of the OSRM server, '' where none is named."""
    url: str = current_app.config["SETTINGS"].roads_url
    return url


def road_times() -> list[TravelTimes]:
    """The sources that know roads; none where there are none."""
    known = current_app.extensions.get("roads")
    if known is None:
        server = RoadServer(server_url()) if server_url() else None
        known = current_app.extensions["roads"] = _Known(server, Roads(folder()), Memory())
    found = [known.server.now() if known.server else None, known.roads.now()]
    return [Remembered(times, known.memory) for times in found if times is not None]

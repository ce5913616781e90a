"""What a map shows: positions in the datum of the installation's tiles."""

from flask import current_app

from app.infra.mainland import Mainland
from app.kernel.datum import to_gcj02, to_wgs84
from app.kernel.geo import Position


def mainland() -> Mainland:
    """The outline of mainland China, loaded once for each process."""
    found: Mainland | None = current_app.extensions.get("mainland")
    if found is None:
        found = current_app.extensions["mainland"] = Mainland(current_app.config["BUILT"] / "mainland.wkb")
    return found


def on_map(lat: float, lon: float) -> tuple[float, float]:
    """Where a WGS-84 position is drawn on the tiles (latitude, longitude, 6 decimals)."""
    position = Position(lat, lon)
    if current_app.config["SETTINGS"].tiles_datum == "gcj02":
        position = to_gcj02(position, mainland())
    return round(position.lat, 6), round(position.lon, 6)


def off_map(lat: float, lon: float) -> Position:
    """The WGS-84 position of a point that was tapped on the tiles."""
    position = Position(lat, lon)
    return to_wgs84(position, mainland()) if current_app.config["SETTINGS"].tiles_datum == "gcj02" else position

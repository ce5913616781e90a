"""Time zones to choose from."""

from functools import cache
from zoneinfo import available_timezones

_FIRST = ("Asia/Shanghai", "Asia/Taipei", "Asia/Hong_Kong", "Asia/Singapore", "Europe/London", "America/New_York")
_REGIONS = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")


@cache
def zone_choices() -> list[tuple[str, str]]:
    """(name, name) of the IANA zones of places, those of the first users on top."""
    rest = sorted(zone for zone in available_timezones() if zone.startswith(_REGIONS) and zone not in _FIRST)
    return [(zone, zone.replace("_", " ")) for zone in (*_FIRST, *rest)]

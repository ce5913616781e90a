"""Days and instants. An instant is an aware UTC datetime; a day is a `date` in a named IANA zone.

Zones are passed by name. Where clocks change, a local time is read as RFC 5545 (3.3.5) reads it:
- in a gap (the clock jumped over it) the time moves forward by the length of the gap: 01:30 becomes 02:30 in London;
- in a fold (the clock shows it twice) the first of the two is meant.
`now` is always an argument.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones


class ZoneError(ValueError):
    """No IANA zone of that name."""


@lru_cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


def is_zone(name: str) -> bool:
    """Whether this is the name of an IANA zone that we know: 'Asia/Shanghai', not 'CST' in the sense of China."""
    return name in _zone_names()


@lru_cache
def zone_of(name: str) -> ZoneInfo:
    """The zone of that name. Raises ZoneError for any other text, a path among them."""
    if not is_zone(name):
        raise ZoneError(name)
    return ZoneInfo(name)


def as_utc(instant: datetime) -> datetime:
    """The same instant in UTC. Raises ValueError for a naive datetime: it is no instant."""
    if instant.utcoffset() is None:
        raise ValueError("a datetime without a zone is no instant")
    return instant.astimezone(UTC)


def local(instant: datetime, zone: str) -> datetime:
    """The same instant as the clocks of `zone` show it (aware, in that zone)."""
    return as_utc(instant).astimezone(zone_of(zone))


def today_in(zone: str, now: datetime) -> date:
    """The day that people in `zone` have at the instant `now`."""
    return local(now, zone).date()


def at_local(day: date, at: time, zone: str) -> datetime:
    """The UTC instant at which the clocks of `zone` show `at` on `day`; gaps and folds as said above."""
    wall = datetime.combine(day, at.replace(tzinfo=None, fold=0), tzinfo=zone_of(zone))
    return wall.astimezone(UTC)


def day_bounds(day: date, zone: str) -> tuple[datetime, datetime]:
    """First instant of the day and first instant after it, in UTC: 24 hours apart, 23 or 25 where clocks change.

    A day that a zone skipped (Apia, 30 December 2011) has no length.
    """
    return at_local(day, time.min, zone), at_local(day + timedelta(days=1), time.min, zone)

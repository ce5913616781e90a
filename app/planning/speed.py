"""How fast a team really drives, learned from its visits: a drive is the time from a check-out to the next check-in.

The factor is what two of three drives stayed below, of the time they took without parking over what the source of
travel times says: up to a third of them may be anything, a coffee or a detour, without moving it out of what the others
say. With the median, the same days planned on the estimate held half as often on a real network as without any factor
(tests/bench/bench_roads.py): who is late at every other stop misses a window soon. Drives that may have had lunch in
them, very short ones and what cannot be are left out.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from statistics import quantiles

from app.kernel.dates import at_local, local
from app.planning.rules import LUNCH_SLACK

FEWEST_DRIVES = 30
LONGEST_GAP = timedelta(hours=3)
SHORTEST_S = 180  # of shorter drives the minutes at the doors are most
CREDIBLE = (0.25, 4.0)
BELIEVED = (50, 300)  # percent; beyond it, what lies between visits is something else than driving


@dataclass(frozen=True, slots=True)
class Gap:
    """From the check-out of a visit to the next check-in of its rep."""

    left_at: datetime
    arrived_at: datetime


@dataclass(frozen=True, slots=True)
class Learned:
    """`percent` of a source's seconds that a team takes, from so many drives, the first of them at `since`."""

    percent: int
    drives: int
    since: datetime


def may_be_a_drive(gap: Gap, zone: str, lunch_from: int, lunch_minutes: int) -> bool:
    """Whether somebody may have driven for the whole gap: on one day in their zone, within three hours, and not over
    the hours of lunch (minutes from local midnight)."""
    day = local(gap.left_at, zone).date()
    if not gap.left_at < gap.arrived_at <= gap.left_at + LONGEST_GAP or local(gap.arrived_at, zone).date() != day:
        return False
    lunch_at = at_local(day, time(lunch_from // 60 % 24, lunch_from % 60), zone)
    lunch_over = lunch_at + LUNCH_SLACK + timedelta(minutes=lunch_minutes)
    return not lunch_minutes or gap.arrived_at <= lunch_at or gap.left_at >= lunch_over


def learn(drives: Iterable[tuple[Gap, int | None]], parking_seconds: int) -> Learned | None:
    """What drives say, each with the seconds that the source gives for it (None: it knows no way). None where too few
    of them say anything, or what they say is not to be BELIEVED."""
    ratios = [(gap, _ratio(gap, seconds, parking_seconds)) for gap, seconds in drives]
    credible = [(gap, ratio) for gap, ratio in ratios if ratio is not None]
    if len(credible) < FEWEST_DRIVES:
        return None
    least, most = BELIEVED
    _third, two_thirds = quantiles((ratio for _, ratio in credible), n=3, method="inclusive")
    percent = round(100 * two_thirds)
    if not least <= percent <= most:
        return None
    return Learned(percent, len(credible), min(gap.left_at for gap, _ in credible).astimezone(UTC))


def _ratio(gap: Gap, seconds: int | None, parking_seconds: int) -> float | None:
    if seconds is None or seconds < SHORTEST_S:
        return None
    ratio = ((gap.arrived_at - gap.left_at).total_seconds() - parking_seconds) / seconds
    least, most = CREDIBLE
    return ratio if least <= ratio <= most else None

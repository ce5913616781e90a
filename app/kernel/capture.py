"""When a post that a phone kept was made: by our clock, as far as the phone's can be believed.

The phone tells when it kept the post and when it sent it, both by its own clock. What its clock is wrong at sending is
thereby known (`arrived - sent`) and taken from every time that it tells: a clock that is two years wrong does no harm.
Less than a minute is no wrong clock but the way through a slow network, which differs from post to post: corrected by
it, posts of one minute would change places.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

OLDEST = timedelta(days=30)  # a phone keeps a session that long, and what it could not send
AHEAD = timedelta(minutes=10)  # a clock that was set in between, not a lie
SLOW = timedelta(minutes=1)
_YEARS = range(1970, 2100)  # that a phone's clock may show: one without a battery begins in 1970
_LONGEST = 40  # characters of a moment in ISO 8601
NONE = timedelta(0)


@dataclass(frozen=True, slots=True)
class Capture:
    """What is known of a post's times, all UTC. `at`: the moment at which rules judge it, never in the future.

    `claimed`: what the phone said, corrected; None where it said nothing that can be read. `offset`: what is added to
    any time that the phone tells. `doubtful`: it claimed a moment that cannot be, so the post is judged at its arrival.
    """

    at: datetime
    arrived_at: datetime
    claimed: datetime | None = None
    offset: timedelta = NONE
    doubtful: bool = False

    def corrected(self, moment: datetime | None) -> datetime | None:
        """Another time by the phone's clock (of a tap, of a fix) by ours."""
        return None if moment is None else moment + self.offset


def capture(captured: str | None, sent: str | None, arrived_at: datetime) -> Capture:
    """Judge what a phone said (ISO 8601, None: not said) of a post that arrived at `arrived_at`.

    From OLDEST before the arrival it is judged when it was made. After the arrival it cannot have been made: up to
    AHEAD that is a clock that was set in between, and it is judged at its arrival. Anything else, nonsense too, is
    judged at its arrival and doubtful. Without `sent` the phone's clock is believed.
    """
    begun, left = parse_moment(captured), parse_moment(sent)
    unreadable = (captured is not None and begun is None) or (sent is not None and left is None)
    offset = arrived_at - left if left is not None and abs(arrived_at - left) >= SLOW else NONE
    claimed = begun + offset if begun is not None else None
    if claimed is None or unreadable:
        return Capture(arrived_at, arrived_at, claimed, offset, doubtful=unreadable)
    possible = arrived_at - OLDEST <= claimed <= arrived_at + AHEAD
    at = min(claimed, arrived_at) if possible else arrived_at
    return Capture(at, arrived_at, claimed, offset, doubtful=not possible)


def is_possible(moment: datetime, now: datetime, arrived_at: datetime) -> bool:
    """Whether something that a post of `now` tells (the tap in it) can have been then: not after it, not too old."""
    return arrived_at - OLDEST <= moment <= now


def parse_moment(text: str | None) -> datetime | None:
    """An aware moment in ISO 8601, in UTC; None for anything else, and for years that no phone's clock shows: they
    would break sums and databases."""
    try:
        moment = datetime.fromisoformat(text) if text and len(text) <= _LONGEST else None
        if moment is None or moment.tzinfo is None:
            return None
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):  # the first and the last day of the calendar have no UTC everywhere
        return None
    return moment if moment.year in _YEARS else None

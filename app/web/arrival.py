"""A post that a phone kept and sends later: what its headers say, and how it is answered.

`Outbox-Captured` and `Outbox-Sent`: when it was kept and when it is sent, ISO 8601 by the phone's clock.
`Outbox-Person`: whose it is. `Outbox-Attended: 1`: somebody still looks at the answer. An answer to the outbox is 204
with `Outbox-Location`, or an error as a whole page; `Outbox-Clock: doubtful` where the phone's time cannot be true.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

from flask import Response, g, has_request_context, request
from flask_babel import ngettext

from app.infra.arrival import hearing
from app.kernel.capture import Capture, capture
from app.kernel.ids import parse_id
from app.web.actor import find_current_actor

CAPTURED, SENT, PERSON, ATTENDED = "Outbox-Captured", "Outbox-Sent", "Outbox-Person", "Outbox-Attended"
LOCATION, CLOCK = "Outbox-Location", "Outbox-Clock"
LATE_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A post as it came. `attended`: somebody looks at the answer and can be asked; a plain post always is."""

    capture: Capture
    by_outbox: bool = False
    attended: bool = True


def captured_at() -> datetime:
    """The moment at which the rules judge this post: when the phone kept it. For actions' `now`; now for all else."""
    return arrival().capture.at


def arrival() -> Arrival:
    """How this post came; as something of this moment where it is none."""
    found: Arrival | None = g.get("arrival") if has_request_context() else None
    return found or Arrival(Capture(now := datetime.now(UTC), now))


@contextmanager
def arriving() -> Iterator[Arrival]:
    """Read the headers and remember the arrival for as long as the post is served."""
    headers, now = request.headers, datetime.now(UTC)
    by_outbox = SENT in headers
    g.arrival = Arrival(
        capture(headers.get(CAPTURED), headers.get(SENT), now),
        by_outbox,
        attended=headers.get(ATTENDED) == "1" or not (by_outbox or CAPTURED in headers),
    )
    with hearing(now, g.arrival.capture.at):
        yield g.arrival


def is_anothers() -> bool:
    """Whether this post was kept by somebody else than who is signed in now: it must wait for that person."""
    person = request.headers.get(PERSON)
    if person is None:
        return False
    actor = find_current_actor()
    return actor is None or parse_id(person) != actor.id


def answered(response: Response, location: str) -> Response:
    """The answer as the sender of the post takes it. `location`: where a browser would go, '' where nothing was
    done."""
    come = arrival()
    if come.by_outbox and location:
        where = urlsplit(location)
        path = urlunsplit(("", "", where.path, where.query, where.fragment))
        response = Response(status=204, headers={LOCATION: path})
    if come.by_outbox and come.capture.doubtful:
        response.headers[CLOCK] = "doubtful"
    return response


def late_text(happened_at: datetime | None, heard_at: datetime | None) -> str:
    """How much later than it happened we heard of something, in the reader's words; '' where that is no matter."""
    if happened_at is None or heard_at is None or heard_at - happened_at <= LATE_AFTER:
        return ""
    minutes = (heard_at - happened_at) // timedelta(minutes=1)
    if minutes < 60:
        return str(ngettext("arrived %(num)s minute later", "arrived %(num)s minutes later", minutes))
    if minutes < 48 * 60:
        return str(ngettext("arrived %(num)s hour later", "arrived %(num)s hours later", minutes // 60))
    return str(ngettext("arrived %(num)s day later", "arrived %(num)s days later", minutes // (24 * 60)))

"""Where a rep is who plans the rest of a day anew: what the phone told when it was asked, and nothing between.

The last one only, seen by nobody else and forgotten the next day: a plan needs to know where the way goes on, nobody
needs to know where it led. That is why nothing of it stands in the journal.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select

from app.identity.queries import get_self
from app.infra.db import db
from app.kernel.access import Actor
from app.kernel.dates import today_in
from app.kernel.geo import Position
from app.planning.models import Whereabouts

KEPT = timedelta(hours=24)


def note_whereabouts(actor: Actor, position: Position, now: datetime) -> None:
    """The phone told at `now` that the actor is there; a post that comes late does not undo what was told since."""
    known = db.session.get(Whereabouts, actor.id)
    if known is None:
        db.session.add(Whereabouts(person_id=actor.id, lat=position.lat, lon=position.lon, at=now))
    elif known.at < now:
        known.lat, known.lon, known.at = position.lat, position.lon, now
    db.session.flush()


def find_whereabouts(actor: Actor, day: date, since: datetime | None) -> tuple[Position, datetime] | None:
    """Where the actor was on that day, and when that was told; None where it was not, or before `since`."""
    known = db.session.get(Whereabouts, actor.id)
    if known is None or today_in(get_self(actor).zone, known.at) != day or (since is not None and known.at < since):
        return None
    return Position(known.lat, known.lon), known.at


def forget_whereabouts(now: datetime) -> None:
    """Delete what is of no plan any more."""
    db.session.execute(delete(Whereabouts).where(Whereabouts.at < now - KEPT))


def counted_whereabouts(actor: Actor) -> Any:
    """How many are kept of the actor, as a SELECT of one number."""
    return select(func.count()).where(Whereabouts.person_id == actor.id)


def list_own_whereabouts(actor: Actor, first: int, most: int) -> Sequence[Any]:
    """The actor's own, as they are stored."""
    rows = select(Whereabouts.at, Whereabouts.lat, Whereabouts.lon).where(Whereabouts.person_id == actor.id)
    return db.session.execute(rows.offset(first).limit(most)).mappings().all()

"""A person's planned visits as a calendar to subscribe to (RFC 5545), under a secret address.

The address is a key of 256 random bits. Its SHA-256 is what is stored and looked for, so the time that a wrong one
takes says nothing of a right one. What the calendar tells is the least that is of use on another screen: who, where and
when; no telephone numbers, no purposes, no notes.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hmac import compare_digest
from typing import Any
from uuid import UUID

from icalendar import Calendar, Event
from sqlalchemy import func, select

from app.accounts.models import Account, Place
from app.identity.models import Person
from app.identity.permissions import P
from app.identity.queries import actor_of
from app.infra.db import db
from app.infra.journal import JournalEntry, record
from app.kernel.access import Actor, must
from app.kernel.dates import today_in
from app.kernel.errors import NotFoundError
from app.kernel.geo import Position
from app.planning.events import CalendarFeedEnded, CalendarFeedMade
from app.planning.models import CalendarFeed
from app.visits.models import Dismissal, Visit

BACK, AHEAD = timedelta(weeks=2), timedelta(weeks=8)
FRESH = timedelta(hours=1)  # how often a calendar should look
TOKEN_BYTES = 32
_SUBJECTS = 500  # ids in one IN: fewer than any database's parameters

# --- The address -----------------------------------------------------------------------------------------------------


def renew_feed(actor: Actor, now: datetime) -> str:
    """Make the actor's address, in place of the one before. Returns its token, which nobody can ask for again."""
    must(actor, P.PLANNING_USE)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    feed = db.session.get(CalendarFeed, actor.person_id)
    if feed is None:
        feed = CalendarFeed(person_id=actor.person_id)
        db.session.add(feed)
    feed.token_hash, feed.created_at = _hash(token), now
    db.session.flush()
    record(actor, CalendarFeedMade(actor.person_id), now)
    return token


def end_feed(actor: Actor, now: datetime) -> None:
    """Take the actor's address away; without one nothing is done."""
    must(actor, P.PLANNING_USE)
    feed = db.session.get(CalendarFeed, actor.person_id)
    if feed is None:
        return
    db.session.delete(feed)
    db.session.flush()
    record(actor, CalendarFeedEnded(actor.person_id), now)


def find_feed(actor: Actor) -> datetime | None:
    """Since when the actor has an address; None without one."""
    return db.session.scalar(select(CalendarFeed.created_at).where(CalendarFeed.person_id == actor.person_id))


def counted_feeds(actor: Actor) -> Any:
    """How many addresses the actor has, as a SELECT of one number."""
    return select(func.count()).where(CalendarFeed.person_id == actor.person_id)


def list_own_feeds(actor: Actor, first: int, most: int) -> Sequence[Any]:
    """The actor's address, as far as we know it ourselves."""
    rows = select(CalendarFeed.created_at).where(CalendarFeed.person_id == actor.person_id)
    return db.session.execute(rows.offset(first).limit(most)).mappings().all()


def get_reader(token: str) -> Actor:
    """Whose calendar the address is. NotFoundError alike for one that never was, was ended, or is of somebody who is
    deactivated or plans no visits any more."""
    digest = _hash(token)
    found = db.session.execute(
        select(CalendarFeed.token_hash, Person)
        .join(Person, Person.id == CalendarFeed.person_id)
        .where(CalendarFeed.token_hash == digest, Person.deactivated_at.is_(None))
    ).first()
    if found is None or not compare_digest(found.token_hash, digest):
        raise NotFoundError
    actor = actor_of(found.Person)
    if not actor.may(P.PLANNING_USE):
        raise NotFoundError
    return actor


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


# --- What it tells ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """A planned visit. `begins_at` (UTC): when it was agreed for, else the expected arrival; None: some time that day.
    `changed_at`: when the visit or the order of its day was last changed."""

    id: UUID
    name: str
    address: str
    position: Position | None
    day: date
    begins_at: datetime | None
    minutes: int
    created_at: datetime
    changed_at: datetime


def list_entries(actor: Actor, now: datetime) -> list[Entry]:
    """The actor's planned visits from two weeks back to eight weeks ahead, by day; those called off are none. Three
    statements."""
    today = today_in(actor.zone, now)
    first, last = today - BACK, today + AHEAD
    rows = db.session.execute(
        select(
            Visit.id, Visit.planned_on, Visit.planned_at, Visit.fixed_at, Visit.minutes, Visit.created_at,
            Account.name, Place.address, Place.lat, Place.lon,
        )
        .join(Account, Account.id == Visit.account_id)
        .join(Place, Place.id == Visit.place_id)
        .outerjoin(Dismissal, Dismissal.visit_id == Visit.id)
        .where(Visit.rep_id == actor.id, Visit.planned_on.between(first, last), Visit.planned)
        .where(Dismissal.visit_id.is_(None))
        .order_by(Visit.planned_on, Visit.id)
    ).all()  # fmt: skip
    arranged = _arranged(actor, first)
    changed = _changed([row.id for row in rows])
    return [
        Entry(
            row.id,
            row.name,
            row.address,
            None if row.lat is None else Position(row.lat, row.lon),
            row.planned_on,
            row.fixed_at or row.planned_at,
            row.minutes,
            row.created_at,
            max(filter(None, (row.created_at, changed.get(row.id), arranged.get(row.planned_on.isoformat())))),
        )
        for row in rows
    ]


def _arranged(actor: Actor, first: date) -> dict[str, datetime]:
    """Day (ISO) -> when its order was last changed, from `first` on."""
    rows = db.session.execute(
        select(JournalEntry.facts, JournalEntry.arrived_at)
        .where(JournalEntry.subject_id == actor.person_id, JournalEntry.event == "DayArranged")
        .where(JournalEntry.facts["day"].as_string() >= first.isoformat())
        .order_by(JournalEntry.arrived_at)
    )
    return {row.facts["day"]: row.arrived_at for row in rows}


def _changed(visit_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """Visit -> when something was last said of it."""
    found: dict[UUID, datetime] = {}
    for start in range(0, len(visit_ids), _SUBJECTS):
        rows = db.session.execute(
            select(JournalEntry.subject_id, func.max(JournalEntry.arrived_at).label("at"))
            .where(JournalEntry.subject_id.in_(visit_ids[start : start + _SUBJECTS]))
            .group_by(JournalEntry.subject_id)
        )
        found |= {row.subject_id: row.at for row in rows}
    return found


def calendar_of(entries: Sequence[Entry], name: str, base: str, open_text: str) -> bytes:
    """The calendar, the same bytes for the same visits. `base`: the address of this Fieldbook, without a slash at its
    end. Moments are in UTC, which every calendar shows on its own clock, whatever the change to summer time."""
    calendar = Calendar()
    calendar.add("prodid", "-//Fieldbook//Planned visits//EN")
    calendar.add("version", "2.0")
    for key in ("name", "x-wr-calname"):
        calendar.add(key, name)
    calendar.add("refresh-interval", FRESH, parameters={"value": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for entry in entries:
        calendar.add_component(_event(entry, f"{base}/visits/{entry.id}", open_text))
    return bytes(calendar.to_ical())


def _event(entry: Entry, url: str, open_text: str) -> Event:
    event = Event()
    event.add("uid", str(entry.id))
    event.add("dtstamp", entry.changed_at.replace(microsecond=0))
    event.add("last-modified", entry.changed_at.replace(microsecond=0))
    event.add("created", entry.created_at.replace(microsecond=0))
    event.add("sequence", int((entry.changed_at - entry.created_at).total_seconds()))  # rises with every change
    event.add("summary", entry.name)
    if entry.begins_at is None:
        event.add("dtstart", entry.day)
        event.add("dtend", entry.day + timedelta(days=1))
        event.add("transp", "TRANSPARENT")
    else:
        begins = entry.begins_at.astimezone(UTC).replace(second=0, microsecond=0)
        event.add("dtstart", begins)
        event.add("dtend", begins + timedelta(minutes=entry.minutes))
    if entry.address:
        event.add("location", entry.address)
    if entry.position:
        event.add("geo", (entry.position.lat, entry.position.lon))
    event.add("url", url)
    event.add("description", f"{open_text}: {url}")
    return event

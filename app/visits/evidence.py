"""What is known beside a fact of a visit: its further reasons; and how long exact positions are kept.

The company says for how long (Company.raw_fix_days). After that the raw fix and its salt go, and where a camera was;
the verdict, its distance and the chain stay.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from app.chain.actions import link
from app.fixes.rules import MAX_FIX_AGE, Reading, Reason, Watch
from app.fixes.rules import Finding as Found
from app.identity.queries import find_company
from app.infra.arrival import heard_at
from app.infra.db import db
from app.kernel.geo import Position
from app.kernel.ids import new_id
from app.visits.facts import Kind, of_finding, without_position
from app.visits.models import CheckIn, Finding, Photo, Visit
from app.visits.photos import looks_alike
from app.visits.points import locate
from app.visits.queries import list_fixes, list_other_places, list_photos_like, was_sent_before
from app.visits.rules import Fix, KnownPlace, Told, photo_told

BATCH = 500  # rows of a transaction: nobody waits long for a turn to write
_FIX = ("lat", "lon", "accuracy", "altitude", "speed", "fix_at", "fix_told_at", "salt")


def other_places(visit: Visit) -> Iterator[KnownPlace]:
    """Where else the customer is known to be, for `rules.judge`, which seldom asks: read only then."""
    for row in list_other_places(visit.account_id, visit.place_id):
        yield KnownPlace(Position(row.lat, row.lon), row.radius, row.label or row.address or "–")


def findings_on(
    rep_id: UUID, device_id: UUID | None, fix: Fix | None, tapped: datetime, now: datetime
) -> tuple[Found, ...]:
    """Whether the fix can follow what the device sent before, in order of arrival.

    A post that comes late may be overtaken by later ones: it follows what was taken before it.
    """
    if fix is None:
        return ()
    heard, told_at = heard_at(now), fix.told_at or fix.taken_at
    is_late = heard - tapped > MAX_FIX_AGE
    watch = Watch()
    for row in list_fixes(rep_id, device_id):
        if is_late and row.fix_at > fix.taken_at:
            continue
        # What the phone told as the same time is the same, however our corrections of its clock differ.
        taken_at = fix.taken_at if row.fix_told_at == told_at else row.fix_at
        watch.judge(Reading(Position(row.lat, row.lon), taken_at, row.received_at, row.accuracy, row.speed))
    found = watch.judge(Reading(fix.position, fix.taken_at, heard, fix.accuracy_m, fix.speed_mps))
    if all(each.reason is not Reason.REPLAYED_FIX for each in found) and was_sent_before(told_at, fix.position):
        found = (Found(Reason.REPLAYED_FIX), *found)
    return found


def keep(visit: Visit, told: Iterable[Told], subject_id: UUID, now: datetime) -> None:
    """Keep further reasons with the visit; `subject_id`: what they are about, the visit or a photo."""
    for each in told:
        row = Finding(
            id=new_id(), visit_id=visit.id, at=now, reason=each.reason, params=dict(each.params), subject_id=subject_id
        )
        db.session.add(row)
        db.session.flush()
        link(visit.rep_id, Kind.FINDING, row.id, of_finding(row), now)


def told_of_photo(photo: Photo) -> list[Told]:
    """Whether another visit has the same photo, or one that looks the same; nobody is accused of a retake."""
    digests = {photo.digest, photo.sent_digest} - {""}
    apart: dict[bool, timedelta] = {}
    for row in list_photos_like(photo):
        same = not digests.isdisjoint((row.digest, row.sent_digest))
        if same or looks_alike(_look(photo), _look(row)):
            apart.setdefault(same, photo.received_at - row.received_at)
    return [photo_told(same=same, apart=apart[same]) for same in sorted(apart, reverse=True)[:1]]


def delete_old_positions(now: datetime) -> int:
    """Delete the oldest positions of check-ins and photos that are older than the company keeps them, a batch of each.
    Returns how many there were; none: all is done. What is deleted was of that age when it happened, not when it
    arrived."""
    company = find_company()
    if company is None:
        return 0
    before = now - timedelta(days=company.raw_fix_days)
    old = select(CheckIn.visit_id).where(CheckIn.lat.is_not(None), CheckIn.at < before)
    visits = db.session.scalars(old.order_by(CheckIn.at).limit(BATCH)).all()
    nothing = dict.fromkeys(_FIX)
    db.session.execute(
        update(CheckIn).where(CheckIn.visit_id.in_(visits)).values(**nothing, fix_deleted_at=now),
        execution_options={"synchronize_session": False},
    )
    locate(visits)
    placed = select(Photo.id, Photo.exif).where(Photo.place_salt.is_not(None), Photo.at < before)
    photos = db.session.execute(placed.order_by(Photo.at).limit(BATCH)).all()
    if photos:
        rows = [{"id": row.id, "exif": without_position(row.exif), "place_salt": None} for row in photos]
        db.session.execute(update(Photo), rows)
    return len(visits) + len(photos)


def _look(row: Any) -> tuple[int | None, ...]:
    return row.look_1, row.look_2, row.look_3, row.look_4

"""How long exact positions are kept: the company says (Company.raw_fix_days). After that the raw fix and its salt go,
and where a camera was; the verdict, its distance and the chain stay."""

from datetime import datetime, timedelta

from sqlalchemy import select, update

from app.identity.queries import find_company
from app.infra.db import db
from app.visits.facts import without_position
from app.visits.models import CheckIn, Photo
from app.visits.points import locate

BATCH = 500  # rows of a transaction
_FIX = ("lat", "lon", "accuracy", "altitude", "speed", "fix_at", "fix_told_at", "salt")


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

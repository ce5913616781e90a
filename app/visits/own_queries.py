"""What visits store about a rep, for the rep's own page. All rows are the actor's own."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import RowMapping, func, select

from app.accounts.models import Account, Place
from app.identity.models import Person
from app.infra.db import db
from app.kernel.access import Actor
from app.visits.models import CheckIn, CheckOut, Dismissal, Photo, Report, Review, Visit

Rows = Sequence[RowMapping]


def counted_visits(actor: Actor) -> Any:
    """How many visits the actor has."""
    return select(func.count()).select_from(Visit).where(Visit.rep_id == actor.person_id)


def list_own_visits(actor: Actor, first: int, most: int) -> Rows:
    """The actor's visits with all that the phone told at them, the latest day first."""
    rows = db.session.execute(
        select(
            Visit.id, Account.name, Place.address, Visit.planned_on, Visit.planned, Visit.purpose, CheckIn.at,
            CheckIn.received_at, CheckIn.lat, CheckIn.lon, CheckIn.accuracy, CheckIn.altitude, CheckIn.speed,
            CheckIn.fix_at, CheckIn.fix_count, CheckIn.waited, CheckIn.fix_deleted_at, CheckIn.position_error,
            CheckIn.distance, CheckIn.verdict, CheckIn.reason, CheckOut.at.label("check_out_at"), Report.outcome,
            Report.text, Dismissal.kind.label("dismissal"), Dismissal.reason.label("dismissal_reason"),
        )
        .join(Account, Account.id == Visit.account_id)
        .join(Place, Place.id == Visit.place_id)
        .outerjoin(CheckIn, CheckIn.visit_id == Visit.id)
        .outerjoin(CheckOut, CheckOut.visit_id == Visit.id)
        .outerjoin(Report, Report.visit_id == Visit.id)
        .outerjoin(Dismissal, Dismissal.visit_id == Visit.id)
        .where(Visit.rep_id == actor.person_id)
        .order_by(Visit.planned_on.desc(), CheckIn.at.desc(), Visit.id)
        .limit(most)
        .offset(first)
    )  # fmt: skip
    return rows.mappings().all()


def counted_photos(actor: Actor) -> Any:
    """How many photos there are of the actor's visits."""
    photos = select(func.count()).select_from(Photo).join(Visit, Visit.id == Photo.visit_id)
    return photos.where(Visit.rep_id == actor.person_id)


def list_own_photos(actor: Actor, first: int, most: int) -> Rows:
    """The photos of the actor's visits with what the camera told, the latest visit first."""
    rows = db.session.execute(
        select(
            Account.name, Photo.visit_id, Photo.id, Photo.at, Photo.received_at, Photo.taken_at, Photo.size,
            Photo.width, Photo.height, Photo.exif,
        )
        .join(Visit, Visit.id == Photo.visit_id)
        .join(Account, Account.id == Visit.account_id)
        .where(Visit.rep_id == actor.person_id)
        .order_by(Photo.at.desc(), Photo.id)
        .limit(most)
        .offset(first)
    )  # fmt: skip
    return rows.mappings().all()


def counted_reviews(actor: Actor) -> Any:
    """How often something was said about the actor's visits."""
    return select(func.count()).select_from(Review).where(Review.rep_id == actor.person_id)


def list_own_reviews(actor: Actor, first: int, most: int) -> Rows:
    """What was said about the actor's visits, by whom, the latest first."""
    rows = db.session.execute(
        select(
            Account.name, Review.visit_id, Review.kind, Review.text, Review.at, Review.received_at,
            Person.name.label("by"),
        )
        .join(Visit, Visit.id == Review.visit_id)
        .join(Account, Account.id == Visit.account_id)
        .join(Person, Person.id == Review.person_id)
        .where(Review.rep_id == actor.person_id)
        .order_by(Review.at.desc(), Review.id)
        .limit(most)
        .offset(first)
    )  # fmt: skip
    return rows.mappings().all()

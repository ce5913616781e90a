"""Customers: the account, its places, its contacts, its notes."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Float, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.infra.arrival import heard_column
from app.infra.db import Model, id_column

LIVE = text("archived_at IS NULL")
OWN_DAYS = text("visit_days IS NOT NULL")


class Account(Model):
    """A customer. Without `owner_id` it lies in the public pool (公海).

    `visit_days` and `visit_wish` are its own rhythm where it is not that of its class (app.accounts.rules.rhythm_of).
    `address` is its main place's in one line, as lists show it; `search` the folded text that any part of name, address
    or phone is found in; `identity` what makes it the same in whatever table it is imported from; `last_visit_on` is
    kept up by visits; `rating` is the class A, B or C. `created_by` is None where an import made it.
    """

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("rating IN ('A', 'B', 'C')", name="rating"),
        Index(None, "identity"),
        Index(None, "owner_id", "name"),
        Index("ix_account_name_live", "name", "id", sqlite_where=LIVE, postgresql_where=LIVE),
        Index("ix_account_own_days", "visit_days", sqlite_where=OWN_DAYS, postgresql_where=OWN_DAYS),
    )
    id: Mapped[UUID] = id_column()
    name: Mapped[str]
    name_en: Mapped[str] = mapped_column(default="")
    category: Mapped[str] = mapped_column(default="")
    rating: Mapped[str] = mapped_column(default="C")
    phone: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    website: Mapped[str] = mapped_column(default="")
    tax_number: Mapped[str] = mapped_column(default="")
    language: Mapped[str]  # of its documents
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    address: Mapped[str] = mapped_column(default="")
    identity: Mapped[str] = mapped_column(default="")  # folded name and address
    search: Mapped[str] = mapped_column(default="")
    last_visit_on: Mapped[date | None]
    next_visit_on: Mapped[date | None]
    visit_days: Mapped[int | None]
    visit_wish: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    archived_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class ClassRhythm(Model):
    """How often the accounts of a class are to be visited, and when they wish it (app.accounts.rules.Rhythm); a class
    without a row has the usual one. `days` None: there is no plan."""

    __tablename__ = "class_rhythm"
    __table_args__ = (
        CheckConstraint("rating IN ('A', 'B', 'C')", name="rating"),
        CheckConstraint("days BETWEEN 7 AND 730", name="days"),
    )
    id: Mapped[UUID] = id_column()
    rating: Mapped[str] = mapped_column(unique=True)
    days: Mapped[int | None]
    wish: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)


class Place(Model):
    """Where an account is visited; the first one (`position_in_list` 0) is its main place.

    Position is WGS-84, in degrees; `certainty` says what it is worth: exact, approximate (a district's centre) or none.
    `qk` is the quadkey of zoom 26 and (ux, uy, uz) the unit vector, both None without a position. `owner_id`, `rating`
    and `last_visit_on` repeat the account's, and `is_live` says that neither is put away: "nearest of mine" asks one
    table. `map_qk` is `qk` while the place is live, else None: what the cells of the map count.
    """

    __tablename__ = "place"
    __table_args__ = (
        CheckConstraint("(lat IS NULL) = (certainty = 'none')", name="certainty"),
        CheckConstraint("radius BETWEEN 20 AND 5000", name="radius"),
        Index(None, "account_id", "position_in_list"),
        Index(None, "qk"),
        Index(None, "owner_id", "qk"),
        Index(None, "rating", "qk"),
        # All that the map's filters ask: a million places are counted without reading their rows, and those of a
        # manager's reps without reading the others'.
        Index("ix_place_map", "map_qk", "owner_id", "rating", "last_visit_on", "account_id"),
        Index("ix_place_map_owner", "owner_id", "map_qk", "rating", "last_visit_on", "id"),
    )
    id: Mapped[UUID] = id_column()
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    position_in_list: Mapped[int] = mapped_column(default=0)
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    rating: Mapped[str] = mapped_column(default="C")
    is_live: Mapped[bool] = mapped_column(default=True)
    label: Mapped[str] = mapped_column(default="")
    country: Mapped[str] = mapped_column(default="")  # ISO 3166-1 alpha-2
    region: Mapped[str] = mapped_column(default="")
    city: Mapped[str] = mapped_column(default="")
    district: Mapped[str] = mapped_column(default="")
    address: Mapped[str] = mapped_column(default="")
    postcode: Mapped[str] = mapped_column(default="")
    zone: Mapped[str]  # IANA time zone: opening hours and plans are in it
    hours: Mapped[str] = mapped_column(default="")  # as written; app.kernel.hours reads it
    certainty: Mapped[str] = mapped_column(default="none")
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    qk: Mapped[int | None] = mapped_column(BigInteger)
    map_qk: Mapped[int | None] = mapped_column(BigInteger)
    last_visit_on: Mapped[date | None]
    ux: Mapped[float | None] = mapped_column(Float(53))
    uy: Mapped[float | None] = mapped_column(Float(53))
    uz: Mapped[float | None] = mapped_column(Float(53))
    radius: Mapped[int] = mapped_column(default=150)  # metres within which a check-in counts as on site
    archived_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class Contact(Model):
    """A person at an account."""

    __tablename__ = "contact"
    __table_args__ = (Index(None, "account_id"),)
    id: Mapped[UUID] = id_column()
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    name: Mapped[str]
    title: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    archived_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class Note(Model):
    """Something worth knowing about an account: said once, never changed. `received_at`: when we heard of it."""

    __tablename__ = "note"
    __table_args__ = (Index(None, "account_id", "at"), Index(None, "person_id"))
    id: Mapped[UUID] = id_column()
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    received_at: Mapped[datetime] = heard_column("at")
    text: Mapped[str]

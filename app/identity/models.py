"""The company, its tree of teams, its people, their devices, and the sign-ins that failed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.infra.db import Model, id_column


class Company(Model):
    """The one organisation of this database. `zone` decides the dates on documents, `currency` is ISO 4217."""

    __tablename__ = "company"
    id: Mapped[UUID] = id_column()
    name: Mapped[str]
    legal_name: Mapped[str] = mapped_column(default="")
    address: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    tax_number: Mapped[str] = mapped_column(default="")
    bank: Mapped[str] = mapped_column(default="")
    zone: Mapped[str]
    language: Mapped[str]
    currency: Mapped[str]
    logo: Mapped[str | None]  # SHA-256 of a stored PNG
    demo: Mapped[bool] = mapped_column(default=False)
    raw_fix_days: Mapped[int] = mapped_column(default=60)  # how long raw positions of check-ins are kept
    version: Mapped[int] = mapped_column(default=1)


class Team(Model):
    """A team in the tree; without `parent_id` it stands at the top."""

    __tablename__ = "team"
    id: Mapped[UUID] = id_column()
    name: Mapped[str]
    # deferred, so that a backup can bring children before parents
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("team.id", deferrable=True, initially="DEFERRED"))
    zone: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)


class Person(Model):
    """Somebody who signs in. Minutes count from local midnight; positions are WGS-84."""

    __tablename__ = "person"
    __table_args__ = (
        CheckConstraint("discount_limit BETWEEN 0 AND 10000", name="discount_limit"),
        Index(None, "team_id"),
    )
    id: Mapped[UUID] = id_column()
    email: Mapped[str] = mapped_column(unique=True)  # case-folded
    name: Mapped[str]
    phone: Mapped[str] = mapped_column(default="")
    password_hash: Mapped[str]
    role: Mapped[str]
    team_id: Mapped[UUID] = mapped_column(ForeignKey("team.id"))
    zone: Mapped[str]
    language: Mapped[str]
    discount_limit: Mapped[int] = mapped_column(default=0)  # basis points
    start_label: Mapped[str] = mapped_column(default="")  # where the day begins: home or office
    start_lat: Mapped[float | None]
    start_lon: Mapped[float | None]
    end_label: Mapped[str] = mapped_column(default="")  # where it ends, if that is elsewhere
    end_lat: Mapped[float | None]
    end_lon: Mapped[float | None]
    work_from: Mapped[int] = mapped_column(default=9 * 60)
    work_to: Mapped[int] = mapped_column(default=18 * 60)
    lunch_from: Mapped[int] = mapped_column(default=12 * 60)
    lunch_minutes: Mapped[int] = mapped_column(default=45)
    most_visits: Mapped[int | None]  # of a day's plan
    session_version: Mapped[int] = mapped_column(default=1)  # raised: all sessions end
    deactivated_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class Device(Model):
    """A browser in which a person signed in; when that is over, app.identity.rules.device_state says."""

    __tablename__ = "device"
    __table_args__ = (Index(None, "person_id"),)
    id: Mapped[UUID] = id_column()
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    name: Mapped[str]  # what the browser says of itself, in short; '' where it says nothing known
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]  # moved at most once an hour
    ended_at: Mapped[datetime | None]  # signed out, by the person or by a new password or role
    revoked_at: Mapped[datetime | None]  # taken away: wiped at its next contact


class FailedSignIn(Model):
    """A wrong password: counted to slow down guessing."""

    __tablename__ = "failed_sign_in"
    __table_args__ = (Index(None, "email", "at"), Index(None, "address", "at"))
    id: Mapped[UUID] = id_column()
    email: Mapped[str]
    address: Mapped[str]  # IP
    at: Mapped[datetime]

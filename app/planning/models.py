"""What a company says of travel times, how fast its teams were found to drive, and what a person's plan needs."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.infra.db import Model, id_column


class TravelSetting(Model):
    """One row at most; where nobody has set anything, app.planning.driving.TravelSettings holds."""

    __tablename__ = "travel_setting"
    __table_args__ = (
        CheckConstraint("detour_percent BETWEEN 100 AND 300", name="detour_percent"),
        CheckConstraint("speed_kmh BETWEEN 5 AND 130", name="speed_kmh"),
        CheckConstraint("parking_minutes BETWEEN 0 AND 60", name="parking_minutes"),
    )
    id: Mapped[UUID] = id_column()
    detour_percent: Mapped[int]  # of the great circle
    speed_kmh: Mapped[int]
    parking_minutes: Mapped[int]
    use_learned: Mapped[bool]
    version: Mapped[int] = mapped_column(default=1)


class TeamSpeed(Model):
    """What a team takes of the seconds that a source of travel times gives, learned from `drives` since `since`."""

    __tablename__ = "team_speed"
    __table_args__ = (CheckConstraint("percent BETWEEN 50 AND 300", name="percent"),)
    team_id: Mapped[UUID] = mapped_column(ForeignKey("team.id"), primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    percent: Mapped[int]
    drives: Mapped[int]
    since: Mapped[datetime]
    learned_at: Mapped[datetime]


class CalendarFeed(Model):
    """The secret address under which a person's planned visits are read as a calendar; one at most. Only the SHA-256 of
    its token is kept: who reads the database, or a backup, learns no address."""

    __tablename__ = "calendar_feed"
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]


class Whereabouts(Model):
    """Where a person was, WGS-84, when the phone was asked for it at `at`, to plan the rest of that day from there."""

    __tablename__ = "whereabouts"
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    lat: Mapped[float]
    lon: Mapped[float]
    at: Mapped[datetime]

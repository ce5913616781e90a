"""A visit and the facts that happen to it. Each fact is a row with who and when; none is ever changed, but an estimate
gives way to the fact that arrives late.

`at` is when something happened, `received_at` when we heard of it: a phone without signal tells days later.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.chain.models import never_changes
from app.infra.arrival import heard_column
from app.infra.db import Model, id_column
from app.visits.rules import USUAL_MINUTES

_RAW, _PLACED = text("lat IS NOT NULL"), text("place_salt IS NOT NULL")


class Visit(Model):
    """A rep goes to a place of an account on a day (`planned_on`, in the place's zone).

    `sequence` orders the day, `planned_at` is when it is expected to begin, both None until the day is planned.
    `must`: a plan leaves out others first; `fixed_at` is the beginning that was agreed with the customer. A visit that
    nobody planned has `planned` false and is made by its check-in.
    """

    __tablename__ = "visit"
    __table_args__ = (
        CheckConstraint("minutes BETWEEN 1 AND 720", name="minutes"),
        Index(None, "rep_id", "planned_on"),
        Index(None, "account_id", "planned_on"),
        Index(None, "planned_on"),
    )
    id: Mapped[UUID] = id_column()
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    place_id: Mapped[UUID] = mapped_column(ForeignKey("place.id"))
    rep_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    planned_on: Mapped[date]
    planned: Mapped[bool] = mapped_column(default=True)
    sequence: Mapped[int | None]
    planned_at: Mapped[datetime | None]
    minutes: Mapped[int] = mapped_column(default=USUAL_MINUTES)  # expected length
    must: Mapped[bool] = mapped_column(default=False)
    fixed_at: Mapped[datetime | None]
    purpose: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    version: Mapped[int] = mapped_column(default=1)


class VisitAlias(Model):
    """Another id of a visit: a phone without signal made it, and there was this visit already. The phone's later posts
    name it, so it holds for ever. `rep_id`: whose phone that was."""

    __tablename__ = "visit_alias"
    __table_args__ = (Index(None, "visit_id"),)
    id: Mapped[UUID] = id_column()
    visit_id: Mapped[UUID] = mapped_column(ForeignKey("visit.id"))
    rep_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))


class CheckIn(Model):
    """The rep says "I am here". The raw fix is kept as the phone gave it, until it is deleted with its salt
    (`fix_deleted_at`); the verdict is what it was worth then, and stays. None of the other columns ever changes.

    Positions WGS-84, `accuracy`, `altitude` and `distance` metres, `speed` metres per second, `waited` milliseconds;
    `fix_at` by the phone's clock, corrected as `at` is.
    """

    __tablename__ = "check_in"
    __table_args__ = (
        Index(None, "at"),
        Index(None, "person_id", "received_at"),
        Index(None, "fix_told_at"),
        Index("ix_check_in_raw", "at", sqlite_where=_RAW, postgresql_where=_RAW),
    )
    visit_id: Mapped[UUID] = mapped_column(ForeignKey("visit.id"), primary_key=True)
    at: Mapped[datetime]  # of the tap, by the phone's clock, corrected, where it told
    received_at: Mapped[datetime] = heard_column("at")
    clock_doubtful: Mapped[bool] = mapped_column(default=False)  # the phone told a time that cannot be
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    accuracy: Mapped[float | None]
    speed: Mapped[float | None]
    altitude: Mapped[float | None]
    fix_at: Mapped[datetime | None]
    fix_told_at: Mapped[datetime | None]  # as the phone said, not corrected: the same again is the same fix
    fix_count: Mapped[int | None]
    waited: Mapped[int | None]  # how long the phone looked for it
    salt: Mapped[str | None]  # of the fix in the chain
    fix_deleted_at: Mapped[datetime | None]
    device_id: Mapped[UUID | None]  # devices are forgotten, what was done with them is not
    position_error: Mapped[str] = mapped_column(default="")  # why there is no fix: a key of rules.POSITION_ERRORS
    distance: Mapped[float | None]
    verdict: Mapped[str]
    verdict_reason: Mapped[str]  # key of rules.REASONS
    verdict_params: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    reason: Mapped[str] = mapped_column(default="")  # the rep's own words, where the verdict asks for them


class VisitPoint(Model):
    """Where and when a visit really took place, in one narrow row: a million are counted without reading anything else.

    Written by points.locate from check-in, report and place, and by nothing else. `day`: of the check-in, in the
    place's zone; `qk`: the search key (zoom 26) of the fix, without one that of the place as it was then, None where
    neither is known.
    """

    __tablename__ = "visit_point"
    __table_args__ = (
        Index("ix_visit_point_map", "day", "qk", "rep_id", "verdict", "outcome", "account_id"),
        Index(None, "rep_id", "day", "qk"),
    )
    visit_id: Mapped[UUID] = mapped_column(ForeignKey("visit.id"), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    rep_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    day: Mapped[date]
    qk: Mapped[int | None] = mapped_column(BigInteger)
    verdict: Mapped[str]
    outcome: Mapped[str] = mapped_column(default="")


class CheckOut(Model):
    """The end of a visit. `estimated`: the rep forgot, and the house closed it at the expected length; the rep's own
    check-out, where it only arrived late, takes its place."""

    __tablename__ = "check_out"
    __table_args__ = (Index(None, "at"),)
    visit_id: Mapped[UUID] = mapped_column(ForeignKey("visit.id"), primary_key=True)
    at: Mapped[datetime]
    received_at: Mapped[datetime] = heard_column("at")
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    estimated: Mapped[bool] = mapped_column(default=False)


class Report(Model):
    """What came of the visit; can be corrected, so it carries a version."""

    __tablename__ = "visit_report"
    visit_id: Mapped[UUID] = mapped_column(ForeignKey("visit.id"), primary_key=True)
    outcome: Mapped[str] = mapped_column(default="")
    text: Mapped[str] = mapped_column(default="")
    next_visit_on: Mapped[date | None]
    at: Mapped[datetime]
    received_at: Mapped[datetime] = heard_column("at")
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    version: Mapped[int] = mapped_column(default=1)


class Dismissal(Model):
    """A planned visit that did not take place: missed, postponed (to `postponed_to`) or skipped, and why."""

    __tablename__ = "visit_dismissal"
    visit_id: Mapped[UUID] = mapped_column(ForeignKey("visit.id"), primary_key=True)
    kind: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime]
    received_at: Mapped[datetime] = heard_column("at")
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    postponed_to: Mapped[UUID | None] = mapped_column(ForeignKey("visit.id"))


class Photo(Model):
    """Evidence. The stored picture carries no metadata; what the camera wrote is kept in `exif`, beside it, and its
    position there only as long as a raw fix.

    `look_1` to `look_4`: the 16-bit quarters of its difference hash (photos.look_of); None where it says nothing.
    """

    __tablename__ = "visit_photo"
    __table_args__ = (
        Index(None, "visit_id"),
        Index(None, "digest"),
        Index(None, "sent_digest"),
        *(Index(None, f"look_{quarter}") for quarter in (1, 2, 3, 4)),
        Index("ix_visit_photo_placed", "at", sqlite_where=_PLACED, postgresql_where=_PLACED),
    )
    id: Mapped[UUID] = id_column()
    visit_id: Mapped[UUID] = mapped_column(ForeignKey("visit.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    received_at: Mapped[datetime] = heard_column("at")
    digest: Mapped[str]  # SHA-256 of the stored JPEG
    sent_digest: Mapped[str] = mapped_column(default="")  # and of the bytes as they were sent
    width: Mapped[int]
    height: Mapped[int]
    size: Mapped[int]  # bytes
    taken_at: Mapped[datetime | None]  # by the camera's clock
    exif: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    look_1: Mapped[int | None]
    look_2: Mapped[int | None]
    look_3: Mapped[int | None]
    look_4: Mapped[int | None]
    salt: Mapped[str | None]  # of the photo in the chain
    place_salt: Mapped[str | None]  # of where the camera was, deleted with it


class Finding(Model):
    """A further reason at a visit, beside the one that made the verdict: of its check-in, or of a photo
    (`subject_id`) that came later. Never changed."""

    __tablename__ = "visit_finding"
    __table_args__ = (Index(None, "visit_id"),)
    id: Mapped[UUID] = id_column()
    visit_id: Mapped[UUID] = mapped_column(ForeignKey("visit.id"))
    at: Mapped[datetime]
    received_at: Mapped[datetime] = heard_column("at")
    reason: Mapped[str]  # key of rules.SENTENCES
    params: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    subject_id: Mapped[UUID]


for _model in (Dismissal, Finding, Photo):
    never_changes(_model)
never_changes(CheckIn, but=("reason",))  # which may be given afterwards, once

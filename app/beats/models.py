"""Week plans: for whom and when, what each rep's weeks hold, and the days on which somebody is absent."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.infra.db import Model, id_column


class BeatPlan(Model):
    """The visits of some reps for `weeks` weeks from a Monday (`first_on`): a draft, then published, then withdrawn.

    `weekdays`: 0 is Monday; `calendar`: of public holidays, '' for that of each rep's zone; `minutes`: of a visit.
    `round` counts how often it was worked out; `job_id`: the work under way, or the last. `made_at`: every rep's weeks
    stand. `settled_at`: what was published, or withdrawn, has become the reps' visits.
    """

    __tablename__ = "beat_plan"
    __table_args__ = (
        CheckConstraint("weeks BETWEEN 1 AND 8", name="weeks"),
        CheckConstraint("minutes BETWEEN 1 AND 720", name="minutes"),
        Index(None, "created_at"),
    )
    id: Mapped[UUID] = id_column()
    created_at: Mapped[datetime]
    created_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    first_on: Mapped[date]
    weeks: Mapped[int]
    weekdays: Mapped[list[int]] = mapped_column(JSON)
    calendar: Mapped[str] = mapped_column(default="")
    minutes: Mapped[int]
    round: Mapped[int] = mapped_column(default=1)
    job_id: Mapped[UUID | None] = mapped_column(ForeignKey("job.id"))
    made_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    published_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    settled_at: Mapped[datetime | None]
    discarded_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class BeatPlanRep(Model):
    """A rep of a plan, and what rules.RepDraft says of the whole: `days`, `missing`, `shortfall` as JSON (states.py).

    `made_at`: the weeks stand, and are not worked out again; `settled_at`: they have become visits, or are withdrawn;
    `outcome`: how many of what that was.
    """

    __tablename__ = "beat_plan_rep"
    __table_args__ = (Index(None, "rep_id"),)
    plan_id: Mapped[UUID] = mapped_column(ForeignKey("beat_plan.id"), primary_key=True)
    rep_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    made_at: Mapped[datetime | None]
    days: Mapped[list[Any]] = mapped_column(JSON)
    missing: Mapped[list[Any]] = mapped_column(JSON)
    shortfall: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    settled_at: Mapped[datetime | None]
    outcome: Mapped[dict[str, int]] = mapped_column(JSON)


class BeatVisit(Model):
    """A visit of a plan. `visit_id` is the visit's own id for ever: published twice, it is there once. `is_booked`: the
    rep had planned it before; the plan goes round it, makes nothing of it and never withdraws it."""

    __tablename__ = "beat_visit"
    __table_args__ = (Index(None, "visit_id"), Index(None, "rep_id", "day"))
    plan_id: Mapped[UUID] = mapped_column(ForeignKey("beat_plan.id"), primary_key=True)
    visit_id: Mapped[UUID] = mapped_column(primary_key=True)
    rep_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    place_id: Mapped[UUID] = mapped_column(ForeignKey("place.id"))
    day: Mapped[date]
    sequence: Mapped[int]
    planned_at: Mapped[datetime]
    minutes: Mapped[int]
    is_booked: Mapped[bool] = mapped_column(default=False)


class Absence(Model):
    """Somebody is away from the first day to the last, both included, in the person's own zone."""

    __tablename__ = "absence"
    __table_args__ = (CheckConstraint("first_on <= last_on", name="days"), Index(None, "person_id", "last_on"))
    id: Mapped[UUID] = id_column()
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    first_on: Mapped[date]
    last_on: Mapped[date]
    why: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    created_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))

"""Territories: outlines, who has them, which account lies in which, and every change with who and when."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.infra.db import Model, id_column


class TerritoryShape(Model):
    """An outline, never changed: `geojson` is a MultiPolygon (WGS-84, longitude first), the box is in degrees."""

    __tablename__ = "territory_shape"
    id: Mapped[UUID] = id_column()
    geojson: Mapped[str]
    west: Mapped[float]
    south: Mapped[float]
    east: Mapped[float]
    north: Mapped[float]
    km2: Mapped[float]
    corners: Mapped[int]


class Territory(Model):
    """What a rep (`owner_id`) or a team covers; neither: nobody's yet. Changed only by applying a TerritoryChange.

    `rule`: field -> the values of which one must stand there, all fields together ({} for none). `colour`: #rrggbb.
    """

    __tablename__ = "territory"
    __table_args__ = (CheckConstraint("owner_id IS NULL OR team_id IS NULL", name="one_owner"),)
    id: Mapped[UUID] = id_column()
    name: Mapped[str]
    code: Mapped[str] = mapped_column(default="")
    colour: Mapped[str]
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("team.id"))
    shape_id: Mapped[UUID | None] = mapped_column(ForeignKey("territory_shape.id"))
    rule: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class TerritoryAccount(Model):
    """A live account lies in this one territory; no row: in none. `how`: by hand, by rule or by position."""

    __tablename__ = "territory_account"
    __table_args__ = (
        CheckConstraint("how IN ('hand', 'rule', 'position')", name="how"),
        Index(None, "territory_id"),
    )
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    territory_id: Mapped[UUID] = mapped_column(ForeignKey("territory.id"))
    how: Mapped[str]


class TerritoryChange(Model):
    """A draft with its preview, then applied; an undoing is a change of its own (`undo_of`).

    `source`: the file it is read from, if any; `problems`: what is wrong with that. `hands`: [account, before, after]
    of accounts put by hand. `based_on`: how many changes were applied when the preview was made; `number`: the how
    manieth this one is. `round` counts the preview's makings; `cursor` is the last account that was looked at.
    `summary`: see rules.Summary. `kept`: what an undoing leaves, because it was changed since.
    """

    __tablename__ = "territory_change"
    id: Mapped[UUID] = id_column()
    created_at: Mapped[datetime]
    created_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    source: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    problems: Mapped[list[Any]] = mapped_column(JSON)
    wrong: Mapped[int] = mapped_column(default=0)
    hands: Mapped[list[Any]] = mapped_column(JSON)
    hand_over: Mapped[bool] = mapped_column(default=False)
    # deferred, so that a backup can bring a row before the one it names
    undo_of: Mapped[UUID | None] = mapped_column(
        ForeignKey("territory_change.id", deferrable=True, initially="DEFERRED")
    )
    kept: Mapped[list[Any]] = mapped_column(JSON)
    based_on: Mapped[int] = mapped_column(default=0)
    number: Mapped[int | None] = mapped_column(unique=True)
    round: Mapped[int] = mapped_column(default=0)
    job_id: Mapped[UUID | None] = mapped_column(ForeignKey("job.id"))
    cursor: Mapped[UUID | None]
    done: Mapped[int] = mapped_column(default=0)
    summary: Mapped[dict[str, Any]] = mapped_column(JSON)
    previewed_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]  # to be applied
    asked_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    applied_at: Mapped[datetime | None]
    discarded_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class TerritoryChangeItem(Model):
    """What a change does to one territory: its definition (rules.Definition as JSON) before and after.

    `before` None: it is new.
    """

    __tablename__ = "territory_change_item"
    change_id: Mapped[UUID] = mapped_column(ForeignKey("territory_change.id"), primary_key=True)
    territory_id: Mapped[UUID] = mapped_column(primary_key=True)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any]] = mapped_column(JSON)


class TerritoryMove(Model):
    """What a change does, or will do, to one account: where it lies, and who has it. `kept`: an owner who stays
    although the change would give the account to another, because that is not the actor's to do or was changed since.
    """

    __tablename__ = "territory_move"
    change_id: Mapped[UUID] = mapped_column(ForeignKey("territory_change.id"), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    rating: Mapped[str]
    from_id: Mapped[UUID | None]
    from_how: Mapped[str | None]
    to_id: Mapped[UUID | None]
    to_how: Mapped[str | None]
    owner_from: Mapped[UUID | None]
    owner_to: Mapped[UUID | None]
    kept: Mapped[bool] = mapped_column(default=False)

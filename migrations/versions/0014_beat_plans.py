"""Week plans of reps, and the days on which somebody is absent.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

import app.infra.db


revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "beat_plan",
        sa.Column("id", app.infra.db.Id(), nullable=False),
        sa.Column("created_at", app.infra.db.Utc(), nullable=False),
        sa.Column("created_by", app.infra.db.Id(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("weeks", sa.Integer(), nullable=False),
        sa.Column("weekdays", sa.JSON(), nullable=False),
        sa.Column("calendar", sa.String(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("job_id", app.infra.db.Id(), nullable=True),
        sa.Column("made_at", app.infra.db.Utc(), nullable=True),
        sa.Column("cancelled_at", app.infra.db.Utc(), nullable=True),
        sa.Column("published_at", app.infra.db.Utc(), nullable=True),
        sa.Column("published_by", app.infra.db.Id(), nullable=True),
        sa.Column("withdrawn_at", app.infra.db.Utc(), nullable=True),
        sa.Column("withdrawn_by", app.infra.db.Id(), nullable=True),
        sa.Column("settled_at", app.infra.db.Utc(), nullable=True),
        sa.Column("discarded_at", app.infra.db.Utc(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("weeks BETWEEN 1 AND 8", name=op.f("ck_beat_plan_weeks")),
        sa.CheckConstraint("minutes BETWEEN 1 AND 720", name=op.f("ck_beat_plan_minutes")),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name="fk_beat_plan_created_by"),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_beat_plan_job_id"),
        sa.ForeignKeyConstraint(["published_by"], ["person.id"], name="fk_beat_plan_published_by"),
        sa.ForeignKeyConstraint(["withdrawn_by"], ["person.id"], name="fk_beat_plan_withdrawn_by"),
        sa.PrimaryKeyConstraint("id", name="pk_beat_plan"),
    )
    op.create_index("ix_beat_plan_created_at", "beat_plan", ["created_at"])
    op.create_table(
        "beat_plan_rep",
        sa.Column("plan_id", app.infra.db.Id(), nullable=False),
        sa.Column("rep_id", app.infra.db.Id(), nullable=False),
        sa.Column("made_at", app.infra.db.Utc(), nullable=True),
        sa.Column("days", sa.JSON(), nullable=False),
        sa.Column("missing", sa.JSON(), nullable=False),
        sa.Column("shortfall", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("settled_at", app.infra.db.Utc(), nullable=True),
        sa.Column("outcome", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["beat_plan.id"], name="fk_beat_plan_rep_plan_id"),
        sa.ForeignKeyConstraint(["rep_id"], ["person.id"], name="fk_beat_plan_rep_rep_id"),
        sa.PrimaryKeyConstraint("plan_id", "rep_id", name="pk_beat_plan_rep"),
    )
    op.create_index("ix_beat_plan_rep_rep_id", "beat_plan_rep", ["rep_id"])
    op.create_table(
        "beat_visit",
        sa.Column("plan_id", app.infra.db.Id(), nullable=False),
        sa.Column("visit_id", app.infra.db.Id(), nullable=False),
        sa.Column("rep_id", app.infra.db.Id(), nullable=False),
        sa.Column("account_id", app.infra.db.Id(), nullable=False),
        sa.Column("place_id", app.infra.db.Id(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("planned_at", app.infra.db.Utc(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("is_booked", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["beat_plan.id"], name="fk_beat_visit_plan_id"),
        sa.ForeignKeyConstraint(["rep_id"], ["person.id"], name="fk_beat_visit_rep_id"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_beat_visit_account_id"),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name="fk_beat_visit_place_id"),
        sa.PrimaryKeyConstraint("plan_id", "visit_id", name="pk_beat_visit"),
    )
    op.create_index("ix_beat_visit_visit_id", "beat_visit", ["visit_id"])
    op.create_index("ix_beat_visit_rep_id_day", "beat_visit", ["rep_id", "day"])
    op.create_table(
        "absence",
        sa.Column("id", app.infra.db.Id(), nullable=False),
        sa.Column("person_id", app.infra.db.Id(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("created_at", app.infra.db.Utc(), nullable=False),
        sa.Column("created_by", app.infra.db.Id(), nullable=False),
        sa.CheckConstraint("first_on <= last_on", name=op.f("ck_absence_days")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_absence_person_id"),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name="fk_absence_created_by"),
        sa.PrimaryKeyConstraint("id", name="pk_absence"),
    )
    op.create_index("ix_absence_person_id_last_on", "absence", ["person_id", "last_on"])


def downgrade() -> None:
    for table in ("absence", "beat_visit", "beat_plan_rep", "beat_plan"):
        op.drop_table(table)

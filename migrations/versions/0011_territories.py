"""Territories: outlines, who covers what, and every change of that.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

import app.infra.db


revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "territory_shape",
        sa.Column("id", app.infra.db.Id(), nullable=False),
        sa.Column("geojson", sa.String(), nullable=False),
        sa.Column("west", sa.Double(), nullable=False),
        sa.Column("south", sa.Double(), nullable=False),
        sa.Column("east", sa.Double(), nullable=False),
        sa.Column("north", sa.Double(), nullable=False),
        sa.Column("km2", sa.Double(), nullable=False),
        sa.Column("corners", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_territory_shape"),
    )
    op.create_table(
        "territory",
        sa.Column("id", app.infra.db.Id(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("colour", sa.String(), nullable=False),
        sa.Column("owner_id", app.infra.db.Id(), nullable=True),
        sa.Column("team_id", app.infra.db.Id(), nullable=True),
        sa.Column("shape_id", app.infra.db.Id(), nullable=True),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("created_at", app.infra.db.Utc(), nullable=False),
        sa.Column("archived_at", app.infra.db.Utc(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("owner_id IS NULL OR team_id IS NULL", name=op.f("ck_territory_one_owner")),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name="fk_territory_owner_id"),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name="fk_territory_team_id"),
        sa.ForeignKeyConstraint(["shape_id"], ["territory_shape.id"], name="fk_territory_shape_id"),
        sa.PrimaryKeyConstraint("id", name="pk_territory"),
    )
    op.create_table(
        "territory_account",
        sa.Column("account_id", app.infra.db.Id(), nullable=False),
        sa.Column("territory_id", app.infra.db.Id(), nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.CheckConstraint("how IN ('hand', 'rule', 'position')", name=op.f("ck_territory_account_how")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_territory_account_account_id"),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name="fk_territory_account_territory_id"),
        sa.PrimaryKeyConstraint("account_id", name="pk_territory_account"),
    )
    op.create_index("ix_territory_account_territory_id", "territory_account", ["territory_id"])
    op.create_table(
        "territory_change",
        sa.Column("id", app.infra.db.Id(), nullable=False),
        sa.Column("created_at", app.infra.db.Utc(), nullable=False),
        sa.Column("created_by", app.infra.db.Id(), nullable=False),
        sa.Column("source", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("problems", sa.JSON(), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.Column("hands", sa.JSON(), nullable=False),
        sa.Column("hand_over", sa.Boolean(), nullable=False),
        sa.Column("undo_of", app.infra.db.Id(), nullable=True),
        sa.Column("kept", sa.JSON(), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("job_id", app.infra.db.Id(), nullable=True),
        sa.Column("cursor", app.infra.db.Id(), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.Column("previewed_at", app.infra.db.Utc(), nullable=True),
        sa.Column("asked_at", app.infra.db.Utc(), nullable=True),
        sa.Column("asked_by", app.infra.db.Id(), nullable=True),
        sa.Column("applied_at", app.infra.db.Utc(), nullable=True),
        sa.Column("discarded_at", app.infra.db.Utc(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name="fk_territory_change_created_by"),
        sa.ForeignKeyConstraint(
            ["undo_of"], ["territory_change.id"], name="fk_territory_change_undo_of", deferrable=True,
            initially="DEFERRED",
        ),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_territory_change_job_id"),
        sa.ForeignKeyConstraint(["asked_by"], ["person.id"], name="fk_territory_change_asked_by"),
        sa.PrimaryKeyConstraint("id", name="pk_territory_change"),
        sa.UniqueConstraint("number", name="uq_territory_change_number"),
    )
    op.create_table(
        "territory_change_item",
        sa.Column("change_id", app.infra.db.Id(), nullable=False),
        sa.Column("territory_id", app.infra.db.Id(), nullable=False),
        sa.Column("before", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["change_id"], ["territory_change.id"], name="fk_territory_change_item_change_id"),
        sa.PrimaryKeyConstraint("change_id", "territory_id", name="pk_territory_change_item"),
    )
    op.create_table(
        "territory_move",
        sa.Column("change_id", app.infra.db.Id(), nullable=False),
        sa.Column("account_id", app.infra.db.Id(), nullable=False),
        sa.Column("rating", sa.String(), nullable=False),
        sa.Column("from_id", app.infra.db.Id(), nullable=True),
        sa.Column("from_how", sa.String(), nullable=True),
        sa.Column("to_id", app.infra.db.Id(), nullable=True),
        sa.Column("to_how", sa.String(), nullable=True),
        sa.Column("owner_from", app.infra.db.Id(), nullable=True),
        sa.Column("owner_to", app.infra.db.Id(), nullable=True),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["change_id"], ["territory_change.id"], name="fk_territory_move_change_id"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_territory_move_account_id"),
        sa.PrimaryKeyConstraint("change_id", "account_id", name="pk_territory_move"),
    )


def downgrade() -> None:
    for table in ("move", "change_item", "change", "account"):
        op.drop_table(f"territory_{table}")
    op.drop_table("territory")
    op.drop_table("territory_shape")

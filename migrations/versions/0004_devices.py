"""The devices that people are signed in on: each for 30 days, each taken away by itself.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

import app.infra.db


revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "device",
        sa.Column("id", app.infra.db.Id(), nullable=False),
        sa.Column("person_id", app.infra.db.Id(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", app.infra.db.Utc(), nullable=False),
        sa.Column("seen_at", app.infra.db.Utc(), nullable=False),
        sa.Column("ended_at", app.infra.db.Utc(), nullable=True),
        sa.Column("revoked_at", app.infra.db.Utc(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_device_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_device"),
    )
    op.create_index("ix_device_person_id", "device", ["person_id"])


def downgrade() -> None:
    op.drop_table("device")

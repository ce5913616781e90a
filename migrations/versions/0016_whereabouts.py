"""Whereabouts: from where a running day was planned anew.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

import app.infra.db


revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "whereabouts",
        sa.Column("person_id", app.infra.db.Id(), nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column("at", app.infra.db.Utc(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_whereabouts_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_whereabouts")),
    )


def downgrade() -> None:
    op.drop_table("whereabouts")

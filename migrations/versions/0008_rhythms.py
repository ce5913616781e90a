"""How often each class of accounts is to be visited, and accounts with a rhythm of their own.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

import app.infra.db


revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

OWN = sa.text("visit_days IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "class_rhythm",
        sa.Column("id", app.infra.db.Id(), nullable=False),
        sa.Column("rating", sa.String(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("wish", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("rating IN ('A', 'B', 'C')", name="ck_class_rhythm_rating"),
        sa.CheckConstraint("days BETWEEN 7 AND 730", name="ck_class_rhythm_days"),
        sa.PrimaryKeyConstraint("id", name="pk_class_rhythm"),
        sa.UniqueConstraint("rating", name="uq_class_rhythm_rating"),
    )
    op.add_column("account", sa.Column("visit_days", sa.Integer(), nullable=True))
    op.add_column("account", sa.Column("visit_wish", sa.String(), nullable=False, server_default=""))
    op.create_index("ix_account_own_days", "account", ["visit_days"], sqlite_where=OWN, postgresql_where=OWN)


def downgrade() -> None:
    op.drop_index("ix_account_own_days", "account")
    op.drop_column("account", "visit_wish")
    op.drop_column("account", "visit_days")
    op.drop_table("class_rhythm")

"""Day plans: visits that must be, agreed times, where the day ends, how many visits it takes.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

import app.infra.db


revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("visit", sa.Column("must", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("visit", sa.Column("fixed_at", app.infra.db.Utc(), nullable=True))
    op.add_column("person", sa.Column("end_label", sa.String(), nullable=False, server_default=""))
    op.add_column("person", sa.Column("end_lat", sa.Double(), nullable=True))
    op.add_column("person", sa.Column("end_lon", sa.Double(), nullable=True))
    op.add_column("person", sa.Column("most_visits", sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("person") as table:
        for name in ("most_visits", "end_lon", "end_lat", "end_label"):
            table.drop_column(name)
    with op.batch_alter_table("visit") as table:
        table.drop_column("fixed_at")
        table.drop_column("must")

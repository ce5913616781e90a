"""Posts that a phone sends later: when we heard of a row, beside when it happened; and further ids of a visit.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

import app.infra.db


revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# table, the new column, the column that says when it happened
HEARD = (
    ("journal", "arrived_at", "at"),
    ("receipt", "captured_at", "at"),
    ("check_out", "received_at", "at"),
    ("visit_report", "received_at", "at"),
    ("visit_dismissal", "received_at", "at"),
    ("visit_photo", "received_at", "at"),
    ("note", "received_at", "at"),
    ("sales_order", "received_at", "created_at"),
    ("quote", "received_at", "created_at"),
)
FLAGS = (("receipt", "doubtful"), ("check_in", "clock_doubtful"))


def upgrade() -> None:
    # With a default, a column that may not be empty is added without writing the table anew.
    for table, column, happened in HEARD:
        new = sa.Column(column, app.infra.db.Utc(), nullable=False, server_default="1970-01-01 00:00:00")
        op.add_column(table, new)
        op.execute(f"UPDATE {table} SET {column} = {happened}")
    for table, column in FLAGS:
        op.add_column(table, sa.Column(column, sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "visit_alias",
        sa.Column("id", app.infra.db.Id(), nullable=False),
        sa.Column("visit_id", app.infra.db.Id(), nullable=False),
        sa.Column("rep_id", app.infra.db.Id(), nullable=False),
        sa.ForeignKeyConstraint(["rep_id"], ["person.id"], name=op.f("fk_visit_alias_rep_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_visit_alias_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_alias")),
    )
    op.create_index("ix_visit_alias_visit_id", "visit_alias", ["visit_id"])


def downgrade() -> None:
    op.drop_table("visit_alias")
    for table, column in FLAGS:
        op.drop_column(table, column)
    for table, column, _happened in HEARD:
        op.drop_column(table, column)

"""Evidence of a check-in, further findings, and the chain that all of it stands in.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

import app.infra.db


revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

Id, Utc = app.infra.db.Id, app.infra.db.Utc
NEW = (
    ("check_in", "altitude", sa.Double()),
    ("check_in", "fix_told_at", Utc()),
    ("check_in", "waited", sa.Integer()),
    ("check_in", "salt", sa.String()),
    ("check_in", "fix_deleted_at", Utc()),
    ("check_in", "device_id", Id()),
    *(("visit_photo", f"look_{quarter}", sa.Integer()) for quarter in (1, 2, 3, 4)),
    ("visit_photo", "salt", sa.String()),
    ("visit_photo", "place_salt", sa.String()),
)
INDEXES = (
    ("check_in", ("person_id", "received_at")),
    ("check_in", ("fix_told_at",)),
    ("visit_photo", ("digest",)),
    ("visit_photo", ("sent_digest",)),
    *(("visit_photo", (f"look_{quarter}",)) for quarter in (1, 2, 3, 4)),
)
PARTIAL = (("ix_check_in_raw", "check_in", "lat IS NOT NULL"), ("ix_visit_photo_placed", "visit_photo", "place_salt IS NOT NULL"))


def upgrade() -> None:
    for table, name, kind in NEW:
        op.add_column(table, sa.Column(name, kind, nullable=True))
    op.add_column("visit_photo", sa.Column("sent_digest", sa.String(), nullable=False, server_default=""))
    op.add_column("company", sa.Column("raw_fix_days", sa.Integer(), nullable=False, server_default="60"))
    for table, names in INDEXES:
        op.create_index(f"ix_{table}_{'_'.join(names)}", table, list(names))
    for index, table, where in PARTIAL:
        op.create_index(index, table, ["at"], sqlite_where=sa.text(where), postgresql_where=sa.text(where))
    op.create_table(
        "visit_finding",
        sa.Column("id", Id(), nullable=False),
        sa.Column("visit_id", Id(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("received_at", Utc(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("subject_id", Id(), nullable=False),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_visit_finding_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_finding")),
    )
    op.create_index("ix_visit_finding_visit_id", "visit_finding", ["visit_id"])
    op.create_table(
        "chain_link",
        sa.Column("rep_id", Id(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject_id", Id(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("before", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["rep_id"], ["person.id"], name=op.f("fk_chain_link_rep_id")),
        sa.PrimaryKeyConstraint("rep_id", "number", name=op.f("pk_chain_link")),
    )
    op.create_index("ix_chain_link_subject_id", "chain_link", ["subject_id"])


def downgrade() -> None:
    op.drop_table("chain_link")
    op.drop_table("visit_finding")
    for index, table, _where in PARTIAL:
        op.drop_index(index, table)
    for table, names in INDEXES:
        op.drop_index(f"ix_{table}_{'_'.join(names)}", table)
    op.drop_column("company", "raw_fix_days")
    op.drop_column("visit_photo", "sent_digest")
    for table, name, _kind in NEW:
        op.drop_column(table, name)

"""Reviews of visits, proposals that nobody wants now, and who looked at whom.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

import app.infra.db


revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "look",
        sa.Column("about_id", app.infra.db.Id(), nullable=False),
        sa.Column("hour_at", app.infra.db.Utc(), nullable=False),
        sa.Column("person_id", app.infra.db.Id(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("first_at", app.infra.db.Utc(), nullable=False),
        sa.Column("last_at", app.infra.db.Utc(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("about_id", "hour_at", "person_id", "what", name=op.f("pk_look")),
    )
    op.create_table(
        "visit_review",
        sa.Column("id", app.infra.db.Id(), nullable=False),
        sa.Column("visit_id", app.infra.db.Id(), nullable=False),
        sa.Column("rep_id", app.infra.db.Id(), nullable=False),
        sa.Column("person_id", app.infra.db.Id(), nullable=False),
        sa.Column("at", app.infra.db.Utc(), nullable=False),
        sa.Column("received_at", app.infra.db.Utc(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.CheckConstraint("kind IN ('accepted', 'queried', 'answered')", name=op.f("ck_visit_review_kind")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_visit_review_person_id")),
        sa.ForeignKeyConstraint(["rep_id"], ["person.id"], name=op.f("fk_visit_review_rep_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_visit_review_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_review")),
    )
    op.create_index("ix_visit_review_visit_id", "visit_review", ["visit_id"])
    op.create_index("ix_visit_review_rep_id_at", "visit_review", ["rep_id", "at"])
    op.create_index("ix_visit_review_kind_at", "visit_review", ["kind", "at"])
    op.create_table(
        "proposal_dismissal",
        sa.Column("id", app.infra.db.Id(), nullable=False),
        sa.Column("account_id", app.infra.db.Id(), nullable=False),
        sa.Column("place_id", app.infra.db.Id(), nullable=True),
        sa.Column("person_id", app.infra.db.Id(), nullable=False),
        sa.Column("at", app.infra.db.Utc(), nullable=False),
        sa.Column("received_at", app.infra.db.Utc(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_proposal_dismissal_account_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_proposal_dismissal_person_id")),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_proposal_dismissal_place_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal_dismissal")),
    )
    op.create_index("ix_proposal_dismissal_account_id", "proposal_dismissal", ["account_id"])
    op.create_index("ix_journal_person_id_at", "journal", ["person_id", "at"])
    op.create_index("ix_note_person_id", "note", ["person_id"])


def downgrade() -> None:
    op.drop_index("ix_note_person_id", "note")
    op.drop_index("ix_journal_person_id_at", "journal")
    op.drop_table("proposal_dismissal")
    op.drop_table("visit_review")
    op.drop_table("look")

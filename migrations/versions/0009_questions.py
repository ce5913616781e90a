"""Questions to answer at visits, how they were worded, and the answers.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

import app.infra.db


revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

Id, Utc = app.infra.db.Id, app.infra.db.Utc


def upgrade() -> None:
    op.create_table(
        "question",
        sa.Column("id", Id(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("ratings", sa.String(), nullable=False),
        sa.Column("team_id", Id(), nullable=True),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("wording", sa.Integer(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("created_by", Id(), nullable=True),
        sa.Column("archived_at", Utc(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("wording >= 1", name=op.f("ck_question_wording")),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name=op.f("fk_question_created_by")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_question_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question")),
    )
    op.create_table(
        "question_wording",
        sa.Column("id", Id(), nullable=False),
        sa.Column("question_id", Id(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("least", sa.BigInteger(), nullable=True),
        sa.Column("most", sa.BigInteger(), nullable=True),
        sa.Column("decimals", sa.Integer(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("person_id", Id(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_question_wording_person_id")),
        sa.ForeignKeyConstraint(["question_id"], ["question.id"], name=op.f("fk_question_wording_question_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question_wording")),
        sa.UniqueConstraint("question_id", "number", name=op.f("uq_question_wording_question_id_number")),
    )
    op.create_table(
        "visit_answer",
        sa.Column("id", Id(), nullable=False),
        sa.Column("visit_id", Id(), nullable=False),
        sa.Column("question_id", Id(), nullable=False),
        sa.Column("wording_id", Id(), nullable=False),
        sa.Column("person_id", Id(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("received_at", Utc(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("photo_id", Id(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_visit_answer_person_id")),
        sa.ForeignKeyConstraint(["photo_id"], ["visit_photo.id"], name=op.f("fk_visit_answer_photo_id")),
        sa.ForeignKeyConstraint(["question_id"], ["question.id"], name=op.f("fk_visit_answer_question_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_visit_answer_visit_id")),
        sa.ForeignKeyConstraint(["wording_id"], ["question_wording.id"], name=op.f("fk_visit_answer_wording_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_answer")),
    )
    op.create_index("ix_visit_answer_visit_id", "visit_answer", ["visit_id"])
    op.create_index("ix_visit_answer_question_id_at", "visit_answer", ["question_id", "at"])


def downgrade() -> None:
    op.drop_table("visit_answer")
    op.drop_table("question_wording")
    op.drop_table("question")

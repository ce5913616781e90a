"""Travel times: what a company says of them, and how fast its teams drive.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

import app.infra.db


revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "travel_setting",
        sa.Column("id", app.infra.db.Id(), nullable=False),
        sa.Column("detour_percent", sa.Integer(), nullable=False),
        sa.Column("speed_kmh", sa.Integer(), nullable=False),
        sa.Column("parking_minutes", sa.Integer(), nullable=False),
        sa.Column("use_learned", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("detour_percent BETWEEN 100 AND 300", name=op.f("ck_travel_setting_detour_percent")),
        sa.CheckConstraint("speed_kmh BETWEEN 5 AND 130", name=op.f("ck_travel_setting_speed_kmh")),
        sa.CheckConstraint("parking_minutes BETWEEN 0 AND 60", name=op.f("ck_travel_setting_parking_minutes")),
        sa.PrimaryKeyConstraint("id", name="pk_travel_setting"),
    )
    op.create_table(
        "team_speed",
        sa.Column("team_id", app.infra.db.Id(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("drives", sa.Integer(), nullable=False),
        sa.Column("since", app.infra.db.Utc(), nullable=False),
        sa.Column("learned_at", app.infra.db.Utc(), nullable=False),
        sa.CheckConstraint("percent BETWEEN 50 AND 300", name=op.f("ck_team_speed_percent")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name="fk_team_speed_team_id"),
        sa.PrimaryKeyConstraint("team_id", "source", name="pk_team_speed"),
    )


def downgrade() -> None:
    op.drop_table("team_speed")
    op.drop_table("travel_setting")

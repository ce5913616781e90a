"""A receipt knows which version of a row its post left, so that a phone's next entry does not conflict with it.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op


revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("receipt", sa.Column("versions", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("receipt", "versions")

"""An account repeats its main place's address, a place its account's class and whether it is in use: lists and "nearest"
ask one table.

Revision ID: 0002
Revises: 0001
"""

import re

import sqlalchemy as sa
from alembic import op

import app.infra.db


revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

CHUNK = 5000
account = sa.table("account", sa.column("id", app.infra.db.Id()), sa.column("address"))
place = sa.table(
    "place",
    *(sa.column(name, app.infra.db.Id()) for name in ("id", "account_id")),
    *(sa.column(name) for name in ("position_in_list", "address", "district", "city")),
)


def upgrade() -> None:
    op.add_column("account", sa.Column("address", sa.String(), nullable=False, server_default=""))
    op.add_column("place", sa.Column("rating", sa.String(), nullable=False, server_default="C"))
    op.add_column("place", sa.Column("is_live", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.execute(
        """
        UPDATE place SET
            rating = (SELECT rating FROM account WHERE account.id = place.account_id),
            is_live = archived_at IS NULL
                AND (SELECT archived_at FROM account WHERE account.id = place.account_id) IS NULL
        """
    )
    connection = op.get_bind()
    main = sa.select(place).where(place.c.position_in_list == 0).order_by(place.c.id).limit(CHUNK)
    rows = connection.execute(main).all()
    while rows:
        connection.execute(
            sa.update(account).where(account.c.id == sa.bindparam("account_id")).values(address=sa.bindparam("line")),
            [{"account_id": row.account_id, "line": line(row.address, row.district, row.city)} for row in rows],
        )
        rows = connection.execute(main.where(place.c.id > rows[-1].id)).all()
    op.create_index("ix_place_rating_qk", "place", ["rating", "qk"])


def line(address: str, district: str, city: str) -> str:
    """What app.accounts.rules.address_line said when this was written."""
    if re.search("[\u2e80-\u9fff]", address or city):
        return "".join([*(part for part in (city, district) if part and part not in address), address])
    parts = [part for part in (district, city) if part and part.casefold() not in address.casefold()]
    return ", ".join(filter(None, [address, *parts]))


def downgrade() -> None:
    op.drop_index("ix_place_rating_qk", "place")
    with op.batch_alter_table("place") as batch:
        batch.drop_column("is_live")
        batch.drop_column("rating")
    with op.batch_alter_table("account") as batch:
        batch.drop_column("address")

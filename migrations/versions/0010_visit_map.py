"""The visit map: what a place shows there, the points of visits, and the cells that count both.

Revision ID: 0010
Revises: 0009
"""

import math
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

import app.infra.db


revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

CHUNK = 5000
FINEST, OPEN_BITS = 12, 28
Id, Utc = app.infra.db.Id(), app.infra.db.Utc()
point = sa.table(
    "visit_point",
    *(sa.column(name, Id) for name in ("visit_id", "account_id", "rep_id")),
    sa.column("day", sa.Date()), sa.column("qk", sa.BigInteger()), sa.column("verdict"), sa.column("outcome"),
)  # fmt: skip
visit = sa.table("visit", *(sa.column(name, Id) for name in ("id", "account_id", "rep_id", "place_id")))
check_in = sa.table(
    "check_in", sa.column("visit_id", Id), sa.column("at", Utc), sa.column("lat", sa.Float()),
    sa.column("lon", sa.Float()), sa.column("verdict"),
)  # fmt: skip
report = sa.table("visit_report", sa.column("visit_id", Id), sa.column("outcome"))
place = sa.table("place", sa.column("id", Id), sa.column("zone"), sa.column("qk", sa.BigInteger()))


def upgrade() -> None:
    op.create_table(
        "map_cell",
        sa.Column("layer", sa.String(), nullable=False),
        sa.Column("zoom", sa.Integer(), nullable=False),
        sa.Column("cell", sa.BigInteger(), nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("layer", "zoom", "cell", "month", name="pk_map_cell"),
    )
    op.create_table(
        "map_cell_change",
        sa.Column("id", Id, nullable=False),
        sa.Column("layer", sa.String(), nullable=False),
        sa.Column("cell", sa.BigInteger(), nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_map_cell_change"),
    )
    op.create_index("ix_map_cell_change_layer_cell", "map_cell_change", ["layer", "cell"])
    op.create_table(
        "visit_point",
        sa.Column("visit_id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("rep_id", Id, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("qk", sa.BigInteger(), nullable=True),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name="fk_visit_point_visit_id"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_visit_point_account_id"),
        sa.ForeignKeyConstraint(["rep_id"], ["person.id"], name="fk_visit_point_rep_id"),
        sa.PrimaryKeyConstraint("visit_id", name="pk_visit_point"),
    )
    op.add_column("place", sa.Column("map_qk", sa.BigInteger(), nullable=True))
    op.add_column("place", sa.Column("last_visit_on", sa.Date(), nullable=True))
    op.execute(
        """
        UPDATE place SET
            map_qk = CASE WHEN is_live THEN qk END,
            last_visit_on = (SELECT last_visit_on FROM account WHERE account.id = place.account_id)
        """
    )
    fill_points(op.get_bind())
    op.create_index("ix_place_map", "place", ["map_qk", "owner_id", "rating", "last_visit_on", "account_id"])
    op.create_index("ix_place_map_owner", "place", ["owner_id", "map_qk", "rating", "last_visit_on", "id"])
    op.create_index("ix_visit_point_map", "visit_point", ["day", "qk", "rep_id", "verdict", "outcome", "account_id"])
    op.create_index("ix_visit_point_rep_id_day_qk", "visit_point", ["rep_id", "day", "qk"])
    count("places", "place", "map_qk", "0")
    count("visits", "visit_point", "qk", "CAST(EXTRACT(year FROM day) * 12 + EXTRACT(month FROM day) - 1 AS INTEGER)"
          if op.get_bind().dialect.name == "postgresql"
          else "CAST(strftime('%Y', day) AS INTEGER) * 12 + CAST(strftime('%m', day) AS INTEGER) - 1")  # fmt: skip


def fill_points(connection: sa.Connection) -> None:
    """A point for each check-in: where its fix was, else where its place is."""
    chosen = (
        sa.select(
            visit.c.id, visit.c.account_id, visit.c.rep_id, check_in.c.at, check_in.c.lat, check_in.c.lon,
            check_in.c.verdict, report.c.outcome, place.c.zone, place.c.qk,
        )
        .join(check_in, check_in.c.visit_id == visit.c.id)
        .join(place, place.c.id == visit.c.place_id)
        .outerjoin(report, report.c.visit_id == visit.c.id)
        .order_by(visit.c.id)
        .limit(CHUNK)
    )  # fmt: skip
    rows = connection.execute(chosen).all()
    while rows:
        connection.execute(
            sa.insert(point),
            [
                {
                    "visit_id": row.id, "account_id": row.account_id, "rep_id": row.rep_id,
                    "day": row.at.astimezone(ZoneInfo(row.zone)).date(),
                    "qk": row.qk if row.lat is None else quadkey(row.lat, row.lon),
                    "verdict": row.verdict, "outcome": row.outcome or "",
                }
                for row in rows
            ],
        )  # fmt: skip
        rows = connection.execute(chosen.where(visit.c.id > rows[-1].id)).all()


def count(layer: str, table: str, key: str, month: str) -> None:
    """What app.infra.cells.rebuild did when this was written."""
    op.execute(
        f"INSERT INTO map_cell (layer, zoom, cell, month, number) SELECT '{layer}', {FINEST}, {key} >> {OPEN_BITS},"
        f" {month}, count(*) FROM {table} WHERE {key} IS NOT NULL GROUP BY 3, 4"
    )
    for zoom in (10, 8, 6, 4):
        op.execute(
            f"INSERT INTO map_cell (layer, zoom, cell, month, number) SELECT '{layer}', {zoom}, cell >> 4, month,"
            f" sum(number) FROM map_cell WHERE layer = '{layer}' AND zoom = {zoom + 2} GROUP BY 3, 4"
        )


def quadkey(lat: float, lon: float) -> int:
    """What app.kernel.geo.quadkey said when this was written: the tile of zoom 26 as a Morton number."""
    side, limit = 1 << 26, math.degrees(math.atan(math.sinh(math.pi)))
    column = min(max(int((lon + 180.0) / 360.0 * side), 0), side - 1)
    lat = math.radians(min(max(lat, -limit), limit))
    row = min(max(int((1.0 - math.asinh(math.tan(lat)) / math.pi) / 2.0 * side), 0), side - 1)
    return sum((column >> bit & 1) << 2 * bit | (row >> bit & 1) << 2 * bit + 1 for bit in range(26))


def downgrade() -> None:
    op.drop_index("ix_place_map_owner", "place")
    op.drop_index("ix_place_map", "place")
    with op.batch_alter_table("place") as batch:
        batch.drop_column("last_visit_on")
        batch.drop_column("map_qk")
    op.drop_table("visit_point")
    op.drop_table("map_cell_change")
    op.drop_table("map_cell")

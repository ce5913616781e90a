"""Evidence of a check-in, further findings, and the chain that all of it stands in.

What happened before is taken over into the chains, each rep's in order of arrival. That proves nothing of the time
before, but from now on no change of it goes unseen.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

import app.infra.db
from app.chain.rules import BEGIN, canonical, hash_of, new_salt, sealed  # what they mean can never change


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
    _take_over(op.get_bind())


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


# --- What happened before, as app/visits/facts.py told it when this was written ---------------------------------------


def _table(name: str, **kinds: object) -> sa.TableClause:
    return sa.table(name, *(sa.column(column, kind) for column, kind in kinds.items()))


FACT = {"visit_id": Id(), "at": Utc(), "received_at": Utc(), "person_id": Id()}
VISIT = _table("visit", id=Id(), rep_id=Id(), account_id=Id(), place_id=Id())
CHECK_IN = _table(
    "check_in", **FACT, clock_doubtful=sa.Boolean(), lat=sa.Double(), lon=sa.Double(), accuracy=sa.Double(),
    speed=sa.Double(), fix_at=Utc(), fix_count=sa.Integer(), position_error=sa.String(), distance=sa.Double(),
    verdict=sa.String(), verdict_reason=sa.String(), verdict_params=sa.JSON(), reason=sa.String(), salt=sa.String(),
)  # fmt: skip
CHECK_OUT = _table("check_out", **FACT, estimated=sa.Boolean())
REPORT = _table(
    "visit_report", **FACT, outcome=sa.String(), text=sa.String(), next_visit_on=sa.Date(), version=sa.Integer()
)
DISMISSAL = _table("visit_dismissal", **FACT, kind=sa.String(), reason=sa.String(), postponed_to=Id())
PHOTO = _table(
    "visit_photo", id=Id(), **FACT, digest=sa.String(), sent_digest=sa.String(), width=sa.Integer(),
    height=sa.Integer(), size=sa.Integer(), taken_at=Utc(), exif=sa.JSON(), salt=sa.String(), place_salt=sa.String(),
)  # fmt: skip
LINK = _table(
    "chain_link", rep_id=Id(), number=sa.Integer(), at=Utc(), kind=sa.String(), subject_id=Id(), facts=sa.Text(),
    before=sa.String(), hash=sa.String(),
)  # fmt: skip


def _take_over(connection: sa.Connection) -> None:
    reps = connection.scalars(sa.select(VISIT.c.rep_id).distinct().order_by(VISIT.c.rep_id)).all()
    for rep_id in reps:
        told = [*_arrivals(connection, rep_id), *_ends(connection, rep_id), *_photos(connection, rep_id)]
        told.sort(key=lambda each: each[:3])
        links, before = [], BEGIN
        for number, (at, _rank, subject_id, kind, facts) in enumerate(told, 1):
            text = canonical(facts)
            link = {"rep_id": rep_id, "number": number, "at": at, "kind": kind, "subject_id": subject_id}
            own = hash_of(rep_id, number, at, kind, subject_id, text, before)
            links.append({**link, "facts": text, "before": before, "hash": own})
            before = own
        if links:
            connection.execute(LINK.insert(), links)


def _of(connection: sa.Connection, table: sa.TableClause, rep_id: object) -> list:
    """The rows of the table about the rep's visits."""
    rows = sa.select(table, VISIT.c.account_id, VISIT.c.place_id).where(VISIT.c.id == table.c.visit_id)
    return connection.execute(rows.where(VISIT.c.rep_id == rep_id)).all()


def _arrivals(connection: sa.Connection, rep_id: object):
    salts = []
    for row in _of(connection, CHECK_IN, rep_id):
        fix = None
        if row.lat is not None:
            salts.append({"visit": row.visit_id, "new": (salt := new_salt())})
            fix = sealed(salt, row.lat, row.lon, row.accuracy, None, row.speed, row.fix_at, None)
        facts = {
            "account_id": row.account_id, "place_id": row.place_id, "person_id": row.person_id, "device_id": None,
            "at": row.at, "received_at": row.received_at, "clock_doubtful": row.clock_doubtful,
            "position_error": row.position_error, "fix_count": row.fix_count, "waited": None,
            "distance": row.distance, "verdict": row.verdict, "verdict_reason": row.verdict_reason,
            "verdict_params": row.verdict_params, "fix": fix,
        }  # fmt: skip
        yield row.received_at, 0, row.visit_id, "checked_in", facts
        if row.reason:
            yield row.received_at, 1, row.visit_id, "explained", {"reason": row.reason}
    if salts:
        salted = sa.update(CHECK_IN).where(CHECK_IN.c.visit_id == sa.bindparam("visit"))
        connection.execute(salted.values(salt=sa.bindparam("new")), salts)


def _ends(connection: sa.Connection, rep_id: object):
    for row in _of(connection, REPORT, rep_id):
        yield row.received_at, 2, row.visit_id, "reported", {
            "version": row.version, "outcome": row.outcome, "text": sealed("", row.text),
            "next_visit_on": row.next_visit_on, "at": row.at, "received_at": row.received_at,
            "person_id": row.person_id,
        }  # fmt: skip
    for row in _of(connection, CHECK_OUT, rep_id):
        yield row.received_at, 3, row.visit_id, "checked_out", {
            "at": row.at, "received_at": row.received_at, "person_id": row.person_id, "estimated": row.estimated,
        }  # fmt: skip
    for row in _of(connection, DISMISSAL, rep_id):
        yield row.received_at, 4, row.visit_id, "dismissed", {
            "kind": row.kind, "reason": row.reason, "at": row.at, "received_at": row.received_at,
            "person_id": row.person_id, "postponed_to": row.postponed_to,
        }  # fmt: skip


def _photos(connection: sa.Connection, rep_id: object):
    salts = []
    for row in _of(connection, PHOTO, rep_id):
        where = [row.exif[name] for name in ("lat", "lon") if name in row.exif]
        said = {name: value for name, value in row.exif.items() if name not in ("lat", "lon")}
        salt, place_salt = new_salt(), new_salt() if where else None
        salts.append({"photo": row.id, "new": salt, "place": place_salt})
        look = (None, None, None, None)  # nobody looked then
        content = (row.digest, row.sent_digest, row.width, row.height, row.size, row.taken_at, look, said)
        facts = {
            "visit_id": row.visit_id, "at": row.at, "received_at": row.received_at, "person_id": row.person_id,
            "photo": sealed(salt, *content), **({"position": sealed(place_salt, *where)} if where else {}),
        }  # fmt: skip
        yield row.received_at, 5, row.id, "photo", facts
    if salts:
        salted = sa.update(PHOTO).where(PHOTO.c.id == sa.bindparam("photo"))
        connection.execute(salted.values(salt=sa.bindparam("new"), place_salt=sa.bindparam("place")), salts)

"""Which version of a row a form was filled in for. Nobody conflicts with themselves.

A phone without signal shows a row as its own entries left it, but knows the row's version only from the page that it
carries. So each entry names those before it that touched the same row (`Outbox-After`), and their receipts know which
versions they left.
"""

from uuid import UUID

from flask import request
from sqlalchemy import select

from app.infra.db import db
from app.kernel.ids import parse_id
from app.web.actor import find_current_actor
from app.web.form import int_or_none
from app.web.once import Receipt

AFTER = "Outbox-After"
MOST = 50  # keys that one entry names


def version_for(table: str, row_id: UUID) -> int | None:
    """The version of that row for which the posted form was filled in: its `version`, or what the phone's own entries
    before it left of the row, whichever is later. None where the form says none, so that it is not checked."""
    said, actor = int_or_none("version"), find_current_actor()
    named = [parse_id(key.strip()) for key in request.headers.get(AFTER, "").split(",")[-MOST:]]
    keys = [key for key in named if key is not None]
    if said is None or actor is None or not keys:
        return said
    own = select(Receipt.versions).where(Receipt.person_id == actor.person_id, Receipt.key.in_(keys))
    left = [(versions or {}).get(f"{table} {row_id}", said) for versions in db.session.scalars(own)]
    return max([said, *left])

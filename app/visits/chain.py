"""The chain of a rep: what happened to the rep's visits, in order of arrival, each row holding the hash of the row
before. Nothing in it is ever changed or deleted; what is corrected is a new row.

Facts are values of columns that never change. What will be deleted (a raw fix, where a camera was) enters by a salted
hash, and its salt is deleted with it: nobody can find out by trying what it was. `audit.py` reads all of it again.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import event, insert, inspect, select
from sqlalchemy.exc import IntegrityError

from app.infra.arrival import heard_at
from app.infra.db import TryAgainError, db
from app.visits.models import ChainLink, CheckIn, Dismissal, Finding, Photo, Review

BEGIN = ""  # what stands before the first link


def append(rep_id: UUID, kind: str, subject_id: UUID, facts: Mapping[str, Any], now: datetime) -> None:
    """Add a link to the rep's chain, in the transaction of what it tells of. Everything pending is flushed before.

    `facts`: JSON values, ids, moments (aware) and days under names, none of which ever changes; `now`: when it
    happened, while the link keeps when we heard of it. Two posts at once cannot both follow the same link: one of them
    runs again (`transact`).
    """
    db.session.flush()
    last = db.session.execute(
        select(ChainLink.number, ChainLink.hash)
        .where(ChainLink.rep_id == rep_id)
        .order_by(ChainLink.number.desc())
        .limit(1)
    ).first()
    number, before = (last.number + 1, last.hash) if last else (1, BEGIN)
    at, told = heard_at(now), canonical(facts)
    row = {
        "rep_id": rep_id, "number": number, "at": at, "kind": kind, "subject_id": subject_id, "facts": told,
        "before": before, "hash": hash_of(rep_id, number, at, kind, subject_id, told, before),
    }  # fmt: skip
    try:
        db.session.execute(insert(ChainLink).values(row))
    except IntegrityError as error:
        raise TryAgainError from error


def hash_of(rep_id: UUID, number: int, at: datetime, kind: str, subject_id: UUID, facts: str, before: str) -> str:
    """The hash of a link, over all its other columns: SHA-256 (hex) of their canonical JSON."""
    return hashlib.sha256(canonical([rep_id, number, at, kind, subject_id, facts, before]).encode()).hexdigest()


def canonical(value: object) -> str:
    """One text for one value: JSON in ASCII with sorted names and no white space; moments in UTC."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_plain)


def new_salt() -> str:
    """128 bits of chance (hex)."""
    return secrets.token_hex(16)


def sealed(salt: str, *values: object) -> str:
    """What stands in the chain for values that will be deleted: SHA-256 (hex) of the salt and their canonical JSON."""
    return hashlib.sha256((salt + canonical(values)).encode()).hexdigest()


def _refuse_change(_mapper: object, _connection: object, row: object) -> None:
    """Rows that the chain tells of are never changed by the session; a reason may be given afterwards, once."""
    changed = {attribute.key for attribute in inspect(row).attrs if attribute.history.has_changes()}
    changed -= {"reason"} if isinstance(row, CheckIn) else set()
    if changed:
        raise RuntimeError(f"{type(row).__name__} stands in the chain: {', '.join(sorted(changed))} never changes")


for _model in (ChainLink, CheckIn, Dismissal, Finding, Photo, Review):
    event.listen(_model, "before_update", _refuse_change)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, UUID | date):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no fact")

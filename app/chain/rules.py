"""How links are written: one text for one value, hashed; and whether a link says what its row does.

Facts are values of columns that never change. What will be deleted (a raw fix, where a camera was) enters by a salted
hash, and its salt is deleted with it: nobody can find out by trying what it was. After that it is GONE, and nothing can
be compared.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

Facts = Mapping[str, Any]
"""JSON values, ids, moments (aware) and days under names, none of which ever changes."""
GONE = object()
"""In place of what was deleted together with its salt."""
BEGIN = ""  # what stands before the first link


def hash_of(rep_id: UUID, number: int, at: datetime, kind: str, subject_id: UUID, facts: str, before: str) -> str:
    """The hash of a link, over all its other columns: SHA-256 (hex) of their canonical JSON."""
    return hashlib.sha256(canonical([rep_id, number, at, kind, subject_id, facts, before]).encode()).hexdigest()


def canonical(value: object) -> str:
    """One text for one value: JSON in ASCII with sorted names and no white space; moments in UTC."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_plain)


def told(facts: Facts) -> str:
    """What of them can be written down, as a link keeps it."""
    return canonical({name: value for name, value in facts.items() if value is not GONE})


def new_salt() -> str:
    """128 bits of chance (hex)."""
    return secrets.token_hex(16)


def sealed(salt: str, *values: object) -> str:
    """What stands in the chain for values that will be deleted: SHA-256 (hex) of the salt and their canonical JSON."""
    return hashlib.sha256((salt + canonical(values)).encode()).hexdigest()


def fits(facts: str, now: Facts) -> str:
    """The first name under which a link says something else than the row does, '' where none does."""
    said, row = json.loads(facts), json.loads(told(now))
    gone = {name for name, value in now.items() if value is GONE}
    differs = (name for name in sorted({*said, *row} - gone) if name not in said or said[name] != row.get(name))
    return next(differs, "")


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, UUID | date):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no fact")

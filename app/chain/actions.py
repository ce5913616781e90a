"""The chain of a rep: what happened to the rep's field facts, in order of arrival, each row holding the hash of the row
before. Nothing in it is ever changed or deleted; what is corrected is a new row. `queries.walk` reads all of it again.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from app.chain.models import ChainLink
from app.chain.rules import BEGIN, Facts, hash_of, told
from app.infra.arrival import heard_at
from app.infra.db import TryAgainError, db


def link(rep_id: UUID, kind: str, subject_id: UUID, facts: Facts, now: datetime) -> None:
    """Add a link to the rep's chain, in the transaction of what it tells of. Everything pending is flushed before.

    `now`: when it happened, while the link keeps when we heard of it. Two posts at once cannot both follow the same
    link: one of them runs again (`transact`).
    """
    db.session.flush()
    last = db.session.execute(
        select(ChainLink.number, ChainLink.hash)
        .where(ChainLink.rep_id == rep_id)
        .order_by(ChainLink.number.desc())
        .limit(1)
    ).first()
    number, before = (last.number + 1, last.hash) if last else (1, BEGIN)
    at, said = heard_at(now), told(facts)
    row = {
        "rep_id": rep_id, "number": number, "at": at, "kind": kind, "subject_id": subject_id, "facts": said,
        "before": before, "hash": hash_of(rep_id, number, at, kind, subject_id, said, before),
    }  # fmt: skip
    try:
        db.session.execute(insert(ChainLink).values(row))
    except IntegrityError as error:
        raise TryAgainError from error

"""Actor-scoped queries: the clauses that keep everybody within their reach."""

from typing import Any

from sqlalchemy import ColumnElement, or_, true

from app.kernel.access import Actor, Reach


def belongs_to(actor: Actor, *owners: Any, pool: bool = False) -> ColumnElement[bool]:
    """Rows of which one of the `owners` columns names somebody the actor sees.

    `pool`: rows without an owner are visible as well (公海: accounts that nobody has taken yet).
    """
    if actor.reach is Reach.ALL:
        return true()
    people = sorted(actor.people)
    clauses: list[ColumnElement[bool]] = [owner.in_(people) for owner in owners]
    if pool:
        clauses += [owner.is_(None) for owner in owners]
    return or_(*clauses)

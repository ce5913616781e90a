"""Walking the chains: is each link what was written, does each follow the one before, and are the rows that they tell
of still what they say?

A chain shows every change of what came before its end; that its end was not cut off, or all of it written anew, shows
only to who kept an earlier end elsewhere (`Chain.head`). Memory stays the same however long the chains are.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, select

from app.identity.models import Person
from app.infra.db import AnyRow, db
from app.visits.chain import BEGIN, hash_of
from app.visits.facts import (
    Facts,
    Kind,
    fits,
    of_check_in,
    of_check_out,
    of_dismissal,
    of_explanation,
    of_finding,
    of_photo,
    of_report,
    of_review,
)
from app.visits.models import ChainLink, CheckIn, CheckOut, Dismissal, Finding, Photo, Report, Review, Visit

BATCH = 500


@dataclass(frozen=True, slots=True)
class Break:
    """Where a chain or a row does not fit: the link (0: a row that has none) and its subject, and what is wrong."""

    number: int
    kind: str
    subject_id: UUID
    wrong: str


@dataclass(frozen=True, slots=True)
class Chain:
    """A rep's chain as far as it holds: how many links, the hash of the last one, and the first break."""

    rep_id: UUID
    name: str
    links: int
    head: str
    broken: Break | None


def walk(heads: Mapping[UUID, tuple[int, str]] | None = None) -> Iterator[Chain]:
    """Every rep's chain, by the rep's id; all of one moment. A break is told once: what follows it is not looked at.

    `heads`: number and hash of a link that each rep's chain had before.
    """
    with _one_moment():
        names = {row.id: row.name for row in db.session.execute(select(Person.id, Person.name))}
        for rep_id, links in groupby(_links(), key=lambda found: found[0].rep_id):
            yield _judge(rep_id, names.get(rep_id, ""), links, (heads or {}).get(rep_id))


def find_unlinked() -> Iterator[tuple[UUID, Break]]:
    """(rep id, what) of the first row of each kind that no chain tells of."""
    with _one_moment():
        for kind, subject, rows in _MUST_BE_TOLD:
            told = exists().where(
                ChainLink.subject_id == subject, ChainLink.kind == kind, ChainLink.rep_id == Visit.rep_id
            )
            row = db.session.execute(
                rows.with_only_columns(subject, Visit.rep_id, maintain_column_froms=True).where(~told).limit(1)
            ).first()
            if row is not None:
                yield row[1], Break(0, kind, row[0], "no chain tells of it")


@contextmanager
def _one_moment() -> Iterator[None]:
    """Read everything inside as it was at one moment, while people go on working."""
    db.session.rollback()
    db.session.connection(
        execution_options={"isolation_level": "REPEATABLE READ"} if db.engine.dialect.name == "postgresql" else None
    )
    try:
        yield
    finally:
        db.session.rollback()


def _links() -> Iterator[tuple[AnyRow, Mapping[tuple[str, UUID], Facts], Mapping[tuple[str, UUID], int]]]:
    """Each link with the live rows of its batch and the last link about each of them."""
    every = (
        select(*ChainLink.__table__.columns)
        .order_by(ChainLink.rep_id, ChainLink.number)
        .execution_options(yield_per=BATCH)
    )
    for batch in db.session.connection().execute(every).partitions(BATCH):
        live, last = _live(batch), _last(batch)
        for row in batch:
            yield row, live, last
        db.session.expunge_all()


def _judge(rep_id: UUID, name: str, links: Iterator[Any], known: tuple[int, str] | None) -> Chain:
    number, head, broken = 0, BEGIN, None
    for link, live, last in links:
        wrong = _wrong(link, number, head) or _differs(link, live, last)
        if not wrong and known is not None and known[0] == link.number and known[1] != link.hash:
            wrong = "another link stood here before"
        if wrong:
            broken = Break(link.number, link.kind, link.subject_id, wrong)
            break
        number, head = link.number, link.hash
    if broken is None and known is not None and known[0] > number:
        broken = Break(number + 1, "?", rep_id, f"the chain had {known[0]} links before")
    return Chain(rep_id, name, number, head, broken)


def _wrong(link: AnyRow, number: int, head: str) -> str:
    """What is wrong with the link itself after the one of that number and hash, '' where nothing is."""
    if link.number != number + 1:
        return f"link {number + 1} is missing before it"
    if link.before != head:
        return "it does not follow the link before"
    own = hash_of(link.rep_id, link.number, link.at, link.kind, link.subject_id, link.facts, link.before)
    return "" if own == link.hash else "it was changed"


def _differs(link: AnyRow, live: Mapping[tuple[str, UUID], Facts], last: Mapping[tuple[str, UUID], int]) -> str:
    """How the row that the link tells of differs from it, '' where it does not; later links may have replaced it."""
    key = (link.kind, link.subject_id)
    if link.kind not in _LIVE or last.get(key) != link.number:
        return ""
    if key not in live:
        return "its row is gone"
    name = fits(json.loads(link.facts), live[key])
    return f"{name} is no longer what it was" if name else ""


def _live(batch: Sequence[AnyRow]) -> dict[tuple[str, UUID], Facts]:
    found: dict[tuple[str, UUID], Facts] = {}
    for kind, (rows, facts) in _LIVE.items():
        ids = {row.subject_id for row in batch if row.kind == kind}
        if ids:
            for row in db.session.execute(rows(ids)):
                found[kind, row[0]] = facts(*row[1:])
    return found


def _last(batch: Sequence[AnyRow]) -> dict[tuple[str, UUID], int]:
    ids = {row.subject_id for row in batch}
    rows = select(ChainLink.kind, ChainLink.subject_id, func.max(ChainLink.number))
    rows = rows.where(ChainLink.subject_id.in_(ids)).group_by(ChainLink.kind, ChainLink.subject_id)
    return {(kind, subject_id): number for kind, subject_id, number in db.session.execute(rows)}


def _by(key: Any, *models: Any) -> Callable[[set[UUID]], Select[Any]]:
    return lambda ids: select(key, *models).where(key.in_(ids))


_LIVE: dict[str, tuple[Callable[[set[UUID]], Select[Any]], Callable[..., Facts]]] = {
    Kind.CHECKED_IN: (
        lambda ids: _by(CheckIn.visit_id, CheckIn, Visit)(ids).where(Visit.id == CheckIn.visit_id),
        of_check_in,
    ),
    Kind.EXPLAINED: (_by(CheckIn.visit_id, CheckIn), of_explanation),
    Kind.FINDING: (_by(Finding.id, Finding), of_finding),
    Kind.CHECKED_OUT: (_by(CheckOut.visit_id, CheckOut), of_check_out),
    Kind.REPORTED: (_by(Report.visit_id, Report), of_report),
    Kind.PHOTO: (_by(Photo.id, Photo), of_photo),
    Kind.DISMISSED: (_by(Dismissal.visit_id, Dismissal), of_dismissal),
    Kind.REVIEWED: (_by(Review.id, Review), of_review),
}
"""Kind of link -> (id and row of its subjects, what a link should say of the row). Links of other kinds only follow."""


def _all(model: Any, *where: ColumnElement[bool]) -> Select[Any]:
    return select(model).join(Visit, Visit.id == model.visit_id).where(*where)


_MUST_BE_TOLD: tuple[tuple[str, Any, Select[Any]], ...] = (
    (Kind.CHECKED_IN, CheckIn.visit_id, _all(CheckIn)),
    (Kind.EXPLAINED, CheckIn.visit_id, _all(CheckIn, CheckIn.reason != "")),
    (Kind.FINDING, Finding.id, _all(Finding)),
    (Kind.CHECKED_OUT, CheckOut.visit_id, _all(CheckOut)),
    (Kind.REPORTED, Report.visit_id, _all(Report)),
    (Kind.PHOTO, Photo.id, _all(Photo)),
    (Kind.DISMISSED, Dismissal.visit_id, _all(Dismissal)),
    (Kind.REVIEWED, Review.id, _all(Review)),
)
"""Kind of link, the column of its subject, and the rows that need one."""

"""Walking the chains: is each link what was written, does each follow the one before, and are the rows that they tell
of still what they say?

A chain shows every change of what came before its end; that its end was not cut off, or all of it written anew, shows
only to who kept an earlier end elsewhere (`Chain.head`). Memory stays the same however long the chains are.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, select

from app.chain.models import ChainLink
from app.chain.ports import Linked
from app.chain.rules import BEGIN, Facts, fits, hash_of
from app.identity.models import Person
from app.infra.db import AnyRow, db

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


def walk(linked: Sequence[Linked], heads: Mapping[UUID, tuple[int, str]] | None = None) -> Iterator[Chain]:
    """Every rep's chain, by the rep's id; all of one moment. A break is told once: what follows it is not looked at.

    `linked`: the kinds of links whose rows are compared, the others only follow; `heads`: number and hash of a link
    that each rep's chain had before.
    """
    with _one_moment():
        names = {row.id: row.name for row in db.session.execute(select(Person.id, Person.name))}
        for rep_id, links in groupby(_links(linked), key=lambda found: found[0].rep_id):
            yield _judge(rep_id, names.get(rep_id, ""), links, (heads or {}).get(rep_id))


def find_unlinked(linked: Iterable[Linked]) -> Iterator[tuple[UUID, Break]]:
    """(rep id, what) of the first row of each kind that no chain tells of."""
    with _one_moment():
        for each in linked:
            told = exists().where(
                ChainLink.subject_id == each.subject, ChainLink.kind == each.kind, ChainLink.rep_id == each.rep
            )
            rows = each.rows.where(~told) if each.must is None else each.rows.where(~told, each.must)
            row = db.session.execute(
                rows.with_only_columns(each.subject, each.rep, maintain_column_froms=True).limit(1)
            ).first()
            if row is not None:
                yield row[1], Break(0, each.kind, row[0], "no chain tells of it")


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


def _links(
    linked: Sequence[Linked],
) -> Iterator[tuple[AnyRow, Mapping[tuple[str, UUID], Facts | None], Mapping[tuple[str, UUID], int]]]:
    """Each link with the live rows of its batch (None: gone) and the last link about each of them."""
    every = (
        select(*ChainLink.__table__.columns)
        .order_by(ChainLink.rep_id, ChainLink.number)
        .execution_options(yield_per=BATCH)
    )
    for batch in db.session.connection().execute(every).partitions(BATCH):
        live, last = _live(batch, linked), _last(batch)
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


def _differs(
    link: AnyRow, live: Mapping[tuple[str, UUID], Facts | None], last: Mapping[tuple[str, UUID], int]
) -> str:  # fmt: skip
    """How the row that the link tells of differs from it, '' where it does not; later links may have replaced it."""
    key = (link.kind, link.subject_id)
    if key not in live or last.get(key) != link.number:
        return ""
    now = live[key]
    if now is None:
        return "its row is gone"
    name = fits(link.facts, now)
    return f"{name} is no longer what it was" if name else ""


def _live(batch: Sequence[AnyRow], linked: Sequence[Linked]) -> dict[tuple[str, UUID], Facts | None]:
    """(kind, subject) of each link that can be compared -> what it should say, None where the row is gone."""
    found: dict[tuple[str, UUID], Facts | None] = {}
    for each in linked:
        ids = {row.subject_id for row in batch if row.kind == each.kind}
        if ids:
            found |= dict.fromkeys((each.kind, subject_id) for subject_id in ids)
            for subject_id, *rows in db.session.execute(each.rows.where(each.subject.in_(ids))):
                found[each.kind, subject_id] = each.facts(*rows)
    return found


def _last(batch: Sequence[AnyRow]) -> dict[tuple[str, UUID], int]:
    ids = {row.subject_id for row in batch}
    rows = select(ChainLink.kind, ChainLink.subject_id, func.max(ChainLink.number))
    rows = rows.where(ChainLink.subject_id.in_(ids)).group_by(ChainLink.kind, ChainLink.subject_id)
    return {(kind, subject_id): number for kind, subject_id, number in db.session.execute(rows)}

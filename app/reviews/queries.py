"""Ways to reviews: the thread of one visit, what a manager should look at, what a rep was asked.

A thread is for the visit's rep and for whoever sees that rep; who only owns the customer sees the visit without it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from app.accounts.models import Account, Place
from app.identity.models import Person
from app.identity.permissions import P
from app.infra.db import AnyRow, AnySelect, db
from app.infra.scope import belongs_to
from app.kernel.access import Actor, Reach
from app.kernel.errors import NotFoundError
from app.kernel.page import PAGE_SIZE, Page, offset
from app.reviews.models import Review
from app.reviews.rules import DOUBTFUL, INNOCENT, REVIEWED_WITHIN, Standing, awaits_answer
from app.visits.models import CheckIn, Finding, Visit

MOST_ASKED = 100
FILTERS = ("", "open", "answered", "queried")


@dataclass(frozen=True, slots=True)
class Thread:
    """What was said about a visit, oldest first: `rows` (id, kind, text, at, received_at, by). `seen` is what a form
    passes on to say which row was the last one that its reader saw."""

    visit_id: UUID
    rows: Sequence[AnyRow]
    may_review: bool
    may_answer: bool

    @property
    def standing(self) -> Standing | None:
        """How the visit stands, None where nobody has said anything."""
        return Standing(self.rows[-1].kind) if self.rows else None

    @property
    def seen(self) -> str:
        """The id of the last row, '' without one."""
        return str(self.rows[-1].id) if self.rows else ""


def find_thread(actor: Actor, visit_id: UUID) -> Thread | None:
    """The thread of a visit that was checked in to; None where the actor neither reads nor writes in it."""
    found = db.session.execute(
        select(
            Visit.rep_id, Review.id, Review.kind, Review.text, Review.at, Review.received_at, Person.name.label("by")
        )
        .join(CheckIn, CheckIn.visit_id == Visit.id)
        .outerjoin(Review, Review.visit_id == Visit.id)
        .outerjoin(Person, Person.id == Review.person_id)
        .where(Visit.id == visit_id, belongs_to(actor, Visit.rep_id))
        .order_by(Review.at, Review.id)
    ).all()
    if not found:
        return None
    rows, is_own = [row for row in found if row.id is not None], found[0].rep_id == actor.id
    standing = Standing(rows[-1].kind) if rows else None
    return Thread(
        visit_id,
        rows,
        may_review=not is_own and actor.may(P.VISITS_TEAM),
        may_answer=is_own and actor.may(P.VISITS_WRITE) and awaits_answer(standing),
    )


def get_reviewed(actor: Actor, visit_id: UUID) -> Visit:
    """A visit that the actor may review: of somebody whom he sees, never his own (NotFoundError)."""
    visit = db.session.scalar(select(Visit).where(Visit.id == visit_id, *_of_others(actor, Visit.rep_id)))
    if visit is None:
        raise NotFoundError
    return visit


def list_reviewed(actor: Actor, visit_ids: Collection[UUID]) -> Sequence[AnyRow]:
    """(id, rep_id, last_id, last_kind) of those of these visits that the actor may review and that were begun."""
    last = aliased(Review)
    return db.session.execute(
        select(Visit.id, Visit.rep_id, last.id.label("last_id"), last.kind.label("last_kind"))
        .join(CheckIn, CheckIn.visit_id == Visit.id)
        .outerjoin(last, and_(last.visit_id == Visit.id, is_last(last)))
        .where(Visit.id.in_(sorted(visit_ids)), *_of_others(actor, Visit.rep_id))
        .order_by(Visit.id)
    ).all()


def list_said(visit_id: UUID) -> Sequence[Review]:
    """All reviews of a visit that the caller may see, oldest first."""
    return db.session.scalars(select(Review).where(Review.visit_id == visit_id).order_by(Review.at, Review.id)).all()


def find_review(review_id: UUID) -> Review | None:
    """The review of this id, anybody's."""
    return db.session.get(Review, review_id)


def list_to_review(actor: Actor, which: str, number: int, now: datetime) -> Page:
    """Page `number` of the visits that a manager should look at, newest first. `which` is one of FILTERS: '' is all of
    the last REVIEWED_WITHIN, open those of which nobody has said anything yet; answered and queried are of any age.

    Rows (id, rep_id, rep, name, at, zone, verdict, verdict_reason, verdict_params, reason, findings, last_id,
    last_kind, text, last_at): `reason` is what the rep said, `findings` how many there are, `text` what was said last.
    """
    last = aliased(Review)
    if which in (Standing.ANSWERED, Standing.QUERIED):  # few among many visits: found by what was said
        rows = _reviewed(last, inner=True).where(last.kind == which, *_of_others(actor, last.rep_id))
        newest: Any = last.at
    else:
        nobody = and_(last.id.is_(None), or_(CheckIn.verdict.in_(DOUBTFUL), has_findings()))
        wanted = nobody if which == "open" else or_(nobody, last.kind != Standing.ACCEPTED)
        rows = _reviewed(last, inner=False).where(
            CheckIn.at >= now - REVIEWED_WITHIN, wanted, *_of_others(actor, Visit.rep_id)
        )
        newest = CheckIn.at
    ordered = rows.order_by(newest.desc(), Visit.id).limit(PAGE_SIZE + 1).offset(offset(number))
    return Page.of(db.session.execute(ordered).all(), number)


def list_asked(actor: Actor) -> Sequence[AnyRow]:
    """The actor's own visits that were queried and not accepted since, the latest question first; rows as
    `list_to_review`."""
    last = aliased(Review)
    return db.session.execute(
        _reviewed(last, inner=True)
        .where(last.rep_id == actor.id, last.kind != Standing.ACCEPTED)
        .order_by(last.kind.desc(), last.at.desc(), Visit.id)
        .limit(MOST_ASKED)
    ).all()


def asked_about(rep_id: UUID) -> AnySelect:
    """Ids of the visits about which this rep has a question to answer."""
    last = aliased(Review)
    return select(last.visit_id).where(last.rep_id == rep_id, last.kind == Standing.QUERIED, is_last(last))


def count_asked(rep_id: UUID) -> int:
    """About how many visits this rep has a question to answer."""
    return db.session.scalar(select(func.count()).select_from(asked_about(rep_id).subquery())) or 0


def has_findings() -> ColumnElement[bool]:
    """Whether something was found at the visit that somebody should look at."""
    return exists().where(Finding.visit_id == Visit.id, Finding.reason.not_in(INNOCENT))


def counted_own_reviews(actor: Actor) -> Any:
    """How often something was said about the actor's visits."""
    return select(func.count()).select_from(Review).where(Review.rep_id == actor.person_id)


def list_own_reviews(actor: Actor, first: int, most: int) -> Sequence[RowMapping]:
    """What was said about the actor's visits, by whom, the latest first."""
    rows = db.session.execute(
        select(
            Account.name, Review.visit_id, Review.kind, Review.text, Review.at, Review.received_at,
            Person.name.label("by"),
        )
        .join(Visit, Visit.id == Review.visit_id)
        .join(Account, Account.id == Visit.account_id)
        .join(Person, Person.id == Review.person_id)
        .where(Review.rep_id == actor.person_id)
        .order_by(Review.at.desc(), Review.id)
        .limit(most)
        .offset(first)
    )  # fmt: skip
    return rows.mappings().all()


def _reviewed(last: Any, *, inner: bool) -> AnySelect:
    """Begun visits with the last thing said of each; `inner`: only those of which something was."""
    return (
        select(
            Visit.id,
            Visit.rep_id,
            Person.name.label("rep"),
            Account.name,
            CheckIn.at,
            Place.zone,
            CheckIn.verdict,
            CheckIn.verdict_reason,
            CheckIn.verdict_params,
            CheckIn.reason,
            select(func.count())
            .select_from(Finding)
            .where(Finding.visit_id == Visit.id, Finding.reason.not_in(INNOCENT))
            .correlate(Visit)
            .scalar_subquery()
            .label("findings"),
            last.id.label("last_id"),
            last.kind.label("last_kind"),
            last.text,
            last.at.label("last_at"),
        )
        .join(CheckIn, CheckIn.visit_id == Visit.id)
        .join(Account, Account.id == Visit.account_id)
        .join(Place, Place.id == Visit.place_id)
        .join(Person, Person.id == Visit.rep_id)
        .join(last, and_(last.visit_id == Visit.id, is_last(last)), isouter=not inner)
    )


def is_last(review: Any) -> ColumnElement[bool]:
    """Whether nothing was said after this; two of one moment are in the order of their ids."""
    later = aliased(Review)
    after = or_(later.at > review.at, and_(later.at == review.at, later.id > review.id))
    return ~exists().where(later.visit_id == review.visit_id, after)


def _of_others(actor: Actor, rep_id: Any) -> tuple[ColumnElement[bool], ...]:
    """That this column names somebody whom the actor sees, and not the actor."""
    if actor.reach is Reach.ALL:
        return (rep_id != actor.person_id,)
    return (rep_id.in_(sorted(actor.people - {actor.person_id})),)

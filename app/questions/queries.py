"""Ways to questions and answers.

Whoever sets up questions sees those that somebody within their reach is asked, and may change those that nobody beyond
it is asked. Answers are seen by whoever sees their visit.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select, true
from sqlalchemy.orm import aliased

from app.accounts.models import Account
from app.identity.models import Person, Team
from app.identity.permissions import P
from app.identity.queries import get_self, team_parents
from app.identity.rules import Branch, in_order, team_and_below, tree_of
from app.infra.db import AnyRow, AnySelect, db
from app.infra.scope import belongs_to
from app.kernel.access import Actor, Reach, must
from app.kernel.errors import NotFoundError
from app.kernel.page import PAGE_SIZE, Page, offset
from app.questions.models import Answer, Question, Wording
from app.questions.rules import Asked, Kind, Value, teams_above
from app.visits.models import CheckIn, Photo, Visit

MOST_EXPORTED = 50_000

# --- Questions -------------------------------------------------------------------------------------------------------


def _questions() -> AnySelect:
    """Questions as they are asked now."""
    return (
        select(
            Question.id,
            Question.kind,
            Question.unit,
            Question.ratings,
            Question.team_id,
            Question.required,
            Question.position,
            Question.wording.label("number"),
            Question.created_at,
            Question.archived_at,
            Question.version,
            Wording.id.label("wording_id"),
            Wording.text,
            Wording.options,
            Wording.least,
            Wording.most,
            Wording.decimals,
            Team.name.label("team"),
        )
        .join(Wording, and_(Wording.question_id == Question.id, Wording.number == Question.wording))
        .outerjoin(Team, Team.id == Question.team_id)
        .order_by(Question.position, Question.id)
    )


Parents: TypeAlias = Sequence[tuple[UUID, UUID | None]]
"""(team, its parent) of all teams."""


@dataclass(frozen=True, slots=True)
class Charge:
    """The teams that somebody sets up questions for. `seen`: those whose questions somebody within reach is asked;
    `own`: those that are all within reach. None: all there are, and what everybody is asked."""

    seen: frozenset[UUID] | None
    own: frozenset[UUID] | None
    parents: Parents

    def holds(self, team_id: UUID | None) -> bool:
        """Whether a question for that team (None: for everybody) may be changed."""
        return self.own is None or team_id in self.own


def charge_of(actor: Actor) -> Charge:
    """Whose questions the actor sets up."""
    must(actor, P.QUESTIONS_MANAGE)
    team_of = select(Person.team_id).where(Person.id == actor.id).scalar_subquery()
    rows = db.session.execute(select(Team.id, Team.parent_id, team_of.label("own"))).all()
    parents = [(row.id, row.parent_id) for row in rows]
    if actor.reach is Reach.ALL or not rows:
        return Charge(None, None, parents)
    below = team_and_below(rows[0].own, parents) if actor.reach is Reach.TEAM else frozenset[UUID]()
    return Charge(below | teams_above(rows[0].own, parents), below, parents)


def list_questions(actor: Actor, charge: Charge | None = None, *, archived: bool = False) -> Sequence[AnyRow]:
    """The questions that somebody within reach is asked, in their order; or those that were put away."""
    is_there = Question.archived_at.is_not(None) if archived else Question.archived_at.is_(None)
    return db.session.execute(_questions().where(is_there, _within(charge or charge_of(actor)))).all()


def get_question(actor: Actor, question_id: UUID, charge: Charge | None = None) -> AnyRow:
    """One of `list_questions`, archived or not (NotFoundError)."""
    found = _questions().where(Question.id == question_id, _within(charge or charge_of(actor)))
    row = db.session.execute(found).one_or_none()
    if row is None:
        raise NotFoundError
    return row


def _within(charge: Charge) -> ColumnElement[bool]:
    if charge.seen is None:
        return true()
    return or_(Question.team_id.is_(None), Question.team_id.in_(sorted(charge.seen)))


def list_wordings(question_id: UUID) -> Sequence[AnyRow]:
    """(id, number, text, options, at) of a question that the caller has been shown, latest first."""
    return db.session.execute(
        select(Wording.id, Wording.number, Wording.text, Wording.options, Wording.at)
        .where(Wording.question_id == question_id)
        .order_by(Wording.number.desc())
    ).all()


def list_teams(charge: Charge) -> list[Branch]:
    """The teams that one may set up questions for, as one reads the tree."""
    rows = db.session.execute(select(Team.id, Team.name, Team.parent_id)).all()
    tree = tree_of((row.id, row.name, row.parent_id) for row in rows)
    return [branch for branch in in_order(tree) if charge.holds(branch.id)]


# --- At a visit ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One question of a visit: `row` as asked (columns of `_questions`, in the wording that was answered, else the
    present one), and its latest answer that says something, or None. `asked`: whether the visit still asks it;
    `corrected`: whether it was answered before, otherwise."""

    row: Any
    answer: AnyRow | None
    asked: bool
    corrected: bool = False

    @property
    def value(self) -> Value | None:
        """The answer as the rules know it."""
        return value_of(self.answer) if self.answer else None

    @property
    def is_open(self) -> bool:
        """Whether it must be answered and is not."""
        return self.asked and self.row.required and self.answer is None


@dataclass(frozen=True, slots=True)
class Sheet:
    """The questions of a visit, in order."""

    visit_id: UUID
    rep_id: UUID
    lines: list[Line]


def value_of(answer: Any) -> Value:
    """The value in a row of an answer; a photo is none."""
    return Value(answer.number, answer.text)


def asked_of(wording: Any) -> Asked:
    """What the rules need of a row that has a wording."""
    return Asked(Kind(wording.kind), wording.options, wording.least, wording.most, wording.decimals)


def find_sheet(actor: Actor, visit_id: UUID) -> Sheet | None:
    """What a visit asks and what was answered; None before its check-in (NotFoundError for another's).

    It asks what was in use for the class of its account and the team of its rep when it began.
    """
    about = db.session.execute(
        select(Visit.id, Visit.rep_id, Account.rating, Person.team_id, CheckIn.at)
        .join(Account, Account.id == Visit.account_id)
        .join(Person, Person.id == Visit.rep_id)
        .outerjoin(CheckIn, CheckIn.visit_id == Visit.id)
        .where(Visit.id == visit_id, belongs_to(actor, Visit.rep_id, Account.owner_id))
    ).one_or_none()
    if about is None:
        raise NotFoundError
    if about.at is None:
        return None
    given: dict[UUID, list[AnyRow]] = {}
    for row in list_answers(visit_id):
        given.setdefault(row.question_id, []).append(row)
    asked = {row.id for row in _asked(about.rating, about.team_id, about.at)}
    rows = db.session.execute(_questions().where(Question.id.in_(sorted(asked | given.keys())))).all()
    return Sheet(visit_id, about.rep_id, [_line(row, given.get(row.id, []), row.id in asked) for row in rows])


def _line(row: AnyRow, given: Sequence[AnyRow], asked: bool) -> Line:
    latest = given[-1] if given else None
    if latest is None or _is_taken_back(latest):
        return Line(row, None, asked)
    values = {(each.number, each.text, each.photo_id) for each in given}
    wording = {name: getattr(latest, name) for name in ("wording_id", "options", "least", "most", "decimals")}
    then = SimpleNamespace(**{**row._mapping, **wording, "text": latest.asked})
    return Line(then, latest, asked, corrected=len(values) > 1)


def _is_taken_back(answer: Any) -> bool:
    return value_of(answer).is_none and answer.photo_id is None


def list_answers(visit_id: UUID, question_ids: Collection[UUID] | None = None) -> Sequence[AnyRow]:
    """All answers of a visit that the caller has been shown, in the order in which they were given, with their wording
    and who gave them."""
    rows = (
        select(
            Answer.id,
            Answer.question_id,
            Answer.at,
            Answer.received_at,
            Answer.number,
            Answer.text,
            Answer.photo_id,
            Wording.id.label("wording_id"),
            Wording.text.label("asked"),
            Wording.options,
            Wording.least,
            Wording.most,
            Wording.decimals,
            Person.name.label("person"),
        )
        .join(Wording, Wording.id == Answer.wording_id)
        .join(Person, Person.id == Answer.person_id)
        .where(Answer.visit_id == visit_id)
        .order_by(Answer.at, Answer.received_at, Answer.id)
    )
    if question_ids is not None:
        rows = rows.where(Answer.question_id.in_(sorted(question_ids)))
    return db.session.execute(rows).all()


def _asked(rating: str, team_id: UUID, at: datetime) -> list[AnyRow]:
    """What was in use at that moment for accounts of the class and reps of the team."""
    in_use = Question.created_at <= at, or_(Question.archived_at.is_(None), Question.archived_at > at)
    rows = db.session.execute(_questions().where(*in_use, Question.ratings.contains(rating, autoescape=True))).all()
    if any(row.team_id for row in rows):
        teams = teams_above(team_id, team_parents())
        return [row for row in rows if row.team_id is None or row.team_id in teams]
    return list(rows)


def list_asked(actor: Actor, rating: str, now: datetime) -> list[Line]:
    """What the actor is asked at a customer of the class."""
    return [Line(row, None, asked=True) for row in _asked(rating, get_self(actor).team_id, now)]


def find_wordings(wording_ids: Iterable[UUID]) -> Mapping[UUID, AnyRow]:
    """The wordings of these ids, with the kind of their question: (id, question_id, kind, options, ...)."""
    rows = db.session.execute(
        select(
            Wording.id, Wording.question_id, Question.kind, Wording.text, Wording.options, Wording.least, Wording.most,
            Wording.decimals,
        )
        .join(Question, Question.id == Wording.question_id)
        .where(Wording.id.in_(sorted(wording_ids)))
    )  # fmt: skip
    return {row.id: row for row in rows}


# --- What was answered -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ResultFilters:
    """Which visits count: by their day (in the place's zone, both days belong to it), rep, and class of the account as
    it is now. `until` is not after 366 days from `first`."""

    first: date
    until: date
    rep_id: UUID | None = None
    rating: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """How often what was answered. `asked`: visits that asked the question or answered it; `options`: by the text of
    the option, in the order of the wordings, latest first; `numbers` by thousandths, or yes 1 and no 0."""

    asked: int
    answered: int
    options: dict[str, int]
    numbers: dict[int, int]


def _latest() -> Any:
    """Of each visit the answer that counts for the question, for `_visits`."""
    later = aliased(Answer)
    follows = or_(
        later.at > Answer.at,
        and_(later.at == Answer.at, later.received_at > Answer.received_at),
        and_(later.at == Answer.at, later.received_at == Answer.received_at, later.id > Answer.id),
    )
    same = later.visit_id == Answer.visit_id, later.question_id == Answer.question_id
    return ~exists().where(*same, follows)


def _says_something() -> ColumnElement[bool]:
    return or_(Answer.number.is_not(None), Answer.text != "", Answer.photo_id.is_not(None))


def _visits(actor: Actor, question: Any, filters: ResultFilters, parents: Parents, *columns: Any) -> AnySelect:
    """The visits of the filters that asked the question or answered it, each with the answer that counts, if any."""
    counting = and_(
        Answer.visit_id == Visit.id, Answer.question_id == question.id, _says_something(), _latest()
    )  # fmt: skip
    asked = [
        CheckIn.at >= question.created_at,
        or_(*(Account.rating == rating for rating in question.ratings)),
    ]
    if question.archived_at is not None:
        asked.append(CheckIn.at < question.archived_at)
    if question.team_id is not None:
        asked.append(Person.team_id.in_(sorted(team_and_below(question.team_id, parents))))
    found = (
        select(*columns)
        .select_from(Visit)
        .join(CheckIn, CheckIn.visit_id == Visit.id)
        .join(Account, Account.id == Visit.account_id)
        .join(Person, Person.id == Visit.rep_id)
        .outerjoin(Answer, counting)
        .where(Visit.planned_on.between(filters.first, filters.until))
        .where(belongs_to(actor, Visit.rep_id, Account.owner_id), or_(Answer.id.is_not(None), and_(*asked)))
    )
    if filters.rep_id is not None:
        found = found.where(Visit.rep_id == filters.rep_id)
    if filters.rating:
        found = found.where(Account.rating == filters.rating)
    return found


def count_results(
    actor: Actor, question: Any, filters: ResultFilters, parents: Parents, wordings: Sequence[AnyRow]
) -> Results:
    """What was answered to a question that the actor has been shown; `wordings`: of `list_wordings`."""
    rows = db.session.execute(
        _visits(actor, question, filters, parents, Answer.wording_id, Answer.number, func.count().label("times"),
                func.count(Answer.id).label("answered"))
        .group_by(Answer.wording_id, Answer.number)
    ).all()  # fmt: skip
    options = {text: 0 for wording in wordings for text in wording.options}
    texts = {wording.id: wording.options for wording in wordings}
    numbers: dict[int, int] = {}
    for row in rows:
        if row.number is not None and question.kind == Kind.CHOICE:
            options[texts[row.wording_id][row.number]] += row.times
        elif row.number is not None:
            numbers[row.number] = numbers.get(row.number, 0) + row.times
    return Results(sum(row.times for row in rows), sum(row.answered for row in rows), options, numbers)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of the visits a list shows. `number`: those that answered it; `places`: {wording: place of an option};
    `answered` None: all, else whether they did. `by_number`: smallest first, else latest first."""

    number: int | None = None
    places: Mapping[UUID, int] | None = None
    answered: bool | None = None
    by_number: bool = False


def list_results(
    actor: Actor, question: Any, filters: ResultFilters, parents: Parents, wanted: Wanted, page: int = 1
) -> Page:
    """The visits behind a figure: rows (id, planned_on, account, rating, rep, wording_id, number, text, photo_id,
    width, height, at, asked, options)."""
    rows = _listed(actor, question, filters, parents, wanted)
    found = db.session.execute(rows.limit(PAGE_SIZE + 1).offset(offset(page)))
    return Page.of(found.all(), page)


def export_results(actor: Actor, question: Any, filters: ResultFilters, parents: Parents) -> Sequence[AnyRow]:
    """All visits of the filters, as `list_results` gives them, at most MOST_EXPORTED."""
    return db.session.execute(_listed(actor, question, filters, parents, Wanted()).limit(MOST_EXPORTED)).all()


def _listed(actor: Actor, question: Any, filters: ResultFilters, parents: Parents, wanted: Wanted) -> AnySelect:
    rows = (
        _visits(
            actor, question, filters, parents, Visit.id, Visit.planned_on, Account.name.label("account"),
            Account.rating, Person.name.label("rep"), Answer.wording_id, Answer.number, Answer.text, Answer.photo_id,
            Answer.at, Wording.text.label("asked"), Wording.options, Photo.width, Photo.height,
        )
        .outerjoin(Wording, Wording.id == Answer.wording_id)
        .outerjoin(Photo, Photo.id == Answer.photo_id)
    )  # fmt: skip
    if wanted.answered is not None:
        rows = rows.where(Answer.id.is_not(None) if wanted.answered else Answer.id.is_(None))
    if wanted.number is not None:
        rows = rows.where(Answer.number == wanted.number)
    if wanted.places is not None:
        rows = rows.where(
            or_(
                false(),
                *(and_(Answer.wording_id == key, Answer.number == place) for key, place in wanted.places.items()),
            )
        )
    order = [Answer.number] if wanted.by_number else []
    return rows.order_by(*order, Visit.planned_on.desc(), Visit.id.desc())

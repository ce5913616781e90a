"""What managers do with questions, and what reps answer. An action called again with the same ids changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import func, select

from app.identity.permissions import P
from app.infra.db import db
from app.infra.journal import record
from app.kernel.access import Actor, must
from app.kernel.errors import InvalidError, NotFoundError, must_match
from app.kernel.i18n import N_
from app.kernel.ids import new_id
from app.questions.events import (
    QuestionAdded,
    QuestionArchived,
    QuestionChanged,
    QuestionRestored,
    QuestionsAnswered,
    QuestionsArranged,
)
from app.questions.models import Answer, Question, Wording
from app.questions.queries import (
    asked_of,
    charge_of,
    find_wordings,
    get_question,
    list_answers,
    value_of,
)
from app.questions.rules import MOST_QUESTIONS, Kind, QuestionInput, Value, check_question, read_answer
from app.visits.actions import add_photo
from app.visits.photos import Picture
from app.visits.queries import find_check_in, get_own_visit

MOST_ANSWERS = 5 * MOST_QUESTIONS  # in one post

# --- Setting up ------------------------------------------------------------------------------------------------------


def add_question(actor: Actor, row_id: UUID | None, given: QuestionInput, now: datetime) -> Question:
    """Ask this from now on, after what is asked already; again with the same `row_id`: that question."""
    must(actor, P.QUESTIONS_MANAGE)
    if row_id is not None and (there := db.session.get(Question, row_id)) is not None:
        return _question(actor, there.id)
    _check(actor, given)
    _check_room()
    last = db.session.scalar(select(func.max(Question.position))) or 0
    question = Question(
        id=row_id or new_id(), kind=given.kind.value, unit=given.unit, position=last + 1, created_at=now,
        created_by=actor.id, wording=0, version=0,
    )  # fmt: skip
    _write(actor, question, given, now)
    record(actor, QuestionAdded(question.id, kind=question.kind, text=given.text), now)
    return question


def change_question(
    actor: Actor, question_id: UUID, given: QuestionInput, version: int | None, now: datetime
) -> Question:
    """Change a question. Other words, options or limits are a new wording: what was answered stays an answer to the
    one before. Kind and unit stay for ever."""
    must(actor, P.QUESTIONS_MANAGE)
    question = _question(actor, question_id)
    must_match(version, question.version)
    if (given.kind, given.unit) != (question.kind, question.unit):
        raise InvalidError("unit", N_("A question keeps its kind and unit. Put it away and make a new one."))
    _check(actor, given)
    _write(actor, question, given, now)
    record(actor, QuestionChanged(question.id, wording=question.wording, text=given.text), now)
    return question


def archive_question(actor: Actor, question_id: UUID, now: datetime) -> None:
    """Ask it no longer at visits that begin after this; answers stay."""
    must(actor, P.QUESTIONS_MANAGE)
    question = _question(actor, question_id)
    if question.archived_at is None:
        question.archived_at = now
        question.version += 1
        record(actor, QuestionArchived(question.id), now)
        db.session.flush()


def restore_question(actor: Actor, question_id: UUID, now: datetime) -> None:
    """Ask it again."""
    must(actor, P.QUESTIONS_MANAGE)
    question = _question(actor, question_id)
    if question.archived_at is not None:
        _check_room()
        question.archived_at = None
        question.version += 1
        record(actor, QuestionRestored(question.id), now)
        db.session.flush()


def arrange_questions(actor: Actor, question_ids: Sequence[UUID], now: datetime) -> None:
    """Put these questions into this order, in the places that they have among all (NotFoundError where one is not the
    actor's to change)."""
    must(actor, P.QUESTIONS_MANAGE)
    wanted, charge = list(dict.fromkeys(question_ids)), charge_of(actor)
    found = {each.id: each for each in db.session.scalars(select(Question).where(Question.id.in_(sorted(wanted))))}
    if len(found) < len(wanted) or not all(charge.holds(each.team_id) for each in found.values()):
        raise NotFoundError
    places = sorted((each.position, each.id) for each in found.values())
    for question_id, (position, _) in zip(wanted, places, strict=True):
        found[question_id].position = position
    record(actor, QuestionsArranged(actor.person_id, questions=",".join(map(str, wanted))), now)
    db.session.flush()


def _question(actor: Actor, question_id: UUID) -> Question:
    """A question that the actor may change (NotFoundError)."""
    charge = charge_of(actor)
    if not charge.holds(get_question(actor, question_id, charge).team_id):
        raise NotFoundError
    return db.session.get_one(Question, question_id)


def _check(actor: Actor, given: QuestionInput) -> None:
    check_question(given)
    if not charge_of(actor).holds(given.team_id):
        raise InvalidError("team_id", N_("Not a valid choice."))


def _check_room() -> None:
    in_use = select(func.count()).select_from(Question).where(Question.archived_at.is_(None))
    if (db.session.scalar(in_use) or 0) >= MOST_QUESTIONS:
        raise InvalidError(
            "", N_("There are %(number)s questions already. Put one away first."), {"number": MOST_QUESTIONS}
        )


def _write(actor: Actor, question: Question, given: QuestionInput, now: datetime) -> None:
    question.ratings, question.team_id = "".join(sorted(set(given.ratings))), given.team_id
    question.required = given.required
    words = {
        "text": given.text, "options": list(given.options), "least": given.least, "most": given.most,
        "decimals": given.decimals,
    }  # fmt: skip
    there = db.session.scalar(
        select(Wording).where(Wording.question_id == question.id, Wording.number == question.wording)
    )
    is_new = there is None or any(getattr(there, name) != value for name, value in words.items())
    question.wording, question.version = question.wording + is_new, question.version + 1
    db.session.add(question)
    db.session.flush()
    if is_new:
        db.session.add(Wording(question_id=question.id, number=question.wording, at=now, person_id=actor.id, **words))
        db.session.flush()


# --- Answering -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Given:
    """An answer as typed, and as the form showed it before: who left it as it was has not answered now."""

    wording_id: UUID
    typed: str
    shown: str = ""


class AnswersError(InvalidError):
    """Some answers are none: `problems` by wording. Nothing was written."""

    def __init__(self, problems: Mapping[UUID, InvalidError]) -> None:
        super().__init__("", N_("Please check your answers."))
        self.problems = problems


def answer(actor: Actor, visit_id: UUID, post_id: UUID, given: Sequence[Given], now: datetime) -> int:
    """Keep what the rep answered at the visit, and return how many answers that were; none is ever changed.

    `post_id`: of the form, so that it counts once. What was asked is taken as it was read, also where the question was
    changed or put away meanwhile. AnswersError where one is no answer, NotFoundError for what was never asked.
    """
    must(actor, P.VISITS_WRITE)
    visit = get_own_visit(actor, visit_id)
    if find_check_in(visit.id) is None:
        raise InvalidError("", N_("Check in first."))
    changed = [each for each in given if each.typed.strip() != each.shown.strip()][:MOST_ANSWERS]
    wordings = find_wordings({each.wording_id for each in changed})
    if any(each.wording_id not in wordings for each in changed):
        raise NotFoundError
    said: dict[UUID, Value] = {}
    problems: dict[UUID, InvalidError] = {}
    for each in changed:
        try:
            said[each.wording_id] = read_answer(asked_of(wordings[each.wording_id]), each.typed)
        except InvalidError as error:
            problems[each.wording_id] = error
    if problems:
        raise AnswersError(problems)
    before = {row.question_id: row for row in list_answers(visit.id) if row.at <= now}
    number = 0
    for wording_id, value in said.items():
        wording = wordings[wording_id]
        known = before.get(wording.question_id)
        if (value_of(known) if known else Value()) == value and (known is None or known.wording_id == wording_id):
            continue
        number += _keep(actor, visit.id, post_id, wording, value, None, now)
    if number:
        record(actor, QuestionsAnswered(visit.id, answers=number), now)
        db.session.flush()
    return number


def answer_by_photo(
    actor: Actor, visit_id: UUID, wording_id: UUID, photo_id: UUID, picture: Picture, now: datetime
) -> None:
    """Keep a photo with the visit, as the answer to a question. InvalidError at `photo` as `add_photo` has it."""
    must(actor, P.VISITS_WRITE)
    visit = get_own_visit(actor, visit_id)
    wording = find_wordings([wording_id]).get(wording_id)
    if wording is None or wording.kind != Kind.PHOTO:
        raise NotFoundError
    add_photo(actor, visit.id, photo_id, picture, now)
    if _keep(actor, visit.id, photo_id, wording, Value(), photo_id, now):
        record(actor, QuestionsAnswered(visit.id, answers=1), now)
        db.session.flush()


def _keep(
    actor: Actor, visit_id: UUID, post_id: UUID, wording: Any, value: Value, photo_id: UUID | None, now: datetime
) -> int:
    """1, or 0 where the answer of this post is there already."""
    row_id = uuid5(post_id, str(wording.id))
    if db.session.get(Answer, row_id) is not None:
        return 0
    row = Answer(
        id=row_id, visit_id=visit_id, question_id=wording.question_id, wording_id=wording.id,
        person_id=actor.person_id, at=now, number=value.number, text=value.text, photo_id=photo_id,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    return 1

"""Five questions, one of each kind, for customers of the classes A and C, and Rita at one of class C."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from app.infra.db import db, transact
from app.kernel.access import Actor
from app.kernel.dates import today_in
from app.kernel.ids import new_id
from app.questions.actions import add_question
from app.questions.models import Question, Wording
from app.questions.rules import Kind, QuestionInput
from app.visits.actions import CheckInInput, check_in, plan_visit
from app.visits.rules import Fix
from tests.conftest import Cast
from tests.visits.conftest import BUND, Stage, stage

__all__ = ["stage"]
WHO = 3  # statements that say who is signed in, which are asked once a while outside of tests
LONG_AGO = datetime.now(UTC) - timedelta(days=40)


@dataclass
class Asked:
    """Ids of the questions by their kind, and of what they say now."""

    question: dict[str, UUID]
    wording: dict[str, UUID]


def ask(actor: Actor, given: QuestionInput, at: datetime = LONG_AGO) -> UUID:
    """Have a question asked since then."""
    return transact(lambda: add_question(actor, None, given, at).id)


def wording_of(question_id: UUID) -> UUID:
    """Of what is asked now."""
    db.session.expire_all()
    now = select(Wording.id).join(Question, Question.id == Wording.question_id)
    return db.session.scalars(now.where(Question.id == question_id, Wording.number == Question.wording)).one()


@pytest.fixture
def asked(cast: Cast) -> Asked:
    classes = ("A", "C")
    given = (
        QuestionInput(Kind.YES_NO, "Promotion by a competitor?", classes, required=True),
        QuestionInput(
            Kind.CHOICE, "Where does it stand?", classes, options=("Eye level", "Below | 下层 | 下層", "Till")
        ),
        QuestionInput(Kind.NUMBER, "Facings", classes, required=True, unit="pcs", least=0, most=99_500, decimals=1),
        QuestionInput(Kind.TEXT, "What do they say?", classes),
        QuestionInput(Kind.PHOTO, "The shelf", classes, required=True),
    )
    questions = {each.kind.value: ask(cast.ada, each) for each in given}
    return Asked(questions, {kind: wording_of(question_id) for kind, question_id in questions.items()})


def begin(actor: Actor, account: UUID, place: UUID, ago: timedelta = timedelta(minutes=10)) -> UUID:
    """A visit of the actor's that began a while ago."""
    begun = datetime.now(UTC) - ago

    def make() -> UUID:
        visit = plan_visit(actor, new_id(), account, place, today_in("Asia/Shanghai", begun), begun).id
        check_in(actor, visit, CheckInInput(Fix(BUND, 10, begun), reason="Here", tapped_at=begun), begun)
        return visit

    return transact(make)


@pytest.fixture
def there(cast: Cast, stage: Stage) -> UUID:
    """Rita's visit, begun ten minutes ago."""
    return begin(cast.rita, stage.bund, stage.bund_place)

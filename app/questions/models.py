"""Questions, how they were worded, and what was answered. Wordings and answers are only added."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.infra.arrival import heard_column
from app.infra.db import Model, id_column


class Question(Model):
    """Something to find out at visits. What does not change what an answer means is here, the rest in its wordings."""

    __tablename__ = "question"
    __table_args__ = (CheckConstraint("wording >= 1", name="wording"),)
    id: Mapped[UUID] = id_column()
    kind: Mapped[str]  # rules.Kind
    unit: Mapped[str] = mapped_column(default="")  # in several languages: pcs | 个 | 個
    ratings: Mapped[str]  # the letters of the account classes that it is for: "AB"
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("team.id"))  # and all below it; None: everybody
    required: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int]
    wording: Mapped[int] = mapped_column(default=1)  # the number of the one that is asked now
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    archived_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class Wording(Model):
    """What a question says, from `at` until the next one. `least` and `most`: thousandths."""

    __tablename__ = "question_wording"
    __table_args__ = (UniqueConstraint("question_id", "number"),)
    id: Mapped[UUID] = id_column()
    question_id: Mapped[UUID] = mapped_column(ForeignKey("question.id"))
    number: Mapped[int]
    text: Mapped[str]
    options: Mapped[list[str]] = mapped_column(JSON, default=list)
    least: Mapped[int | None] = mapped_column(BigInteger)
    most: Mapped[int | None] = mapped_column(BigInteger)
    decimals: Mapped[int] = mapped_column(default=0)
    at: Mapped[datetime]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))


class Answer(Model):
    """What was answered at a visit to one wording; the latest `at` of a question counts. Neither number nor text nor
    photo: the answer was taken back."""

    __tablename__ = "visit_answer"
    __table_args__ = (Index(None, "visit_id"), Index(None, "question_id", "at"))
    id: Mapped[UUID] = id_column()  # made of the post's key and the wording, so that a replay finds it
    visit_id: Mapped[UUID] = mapped_column(ForeignKey("visit.id"))
    question_id: Mapped[UUID] = mapped_column(ForeignKey("question.id"))
    wording_id: Mapped[UUID] = mapped_column(ForeignKey("question_wording.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    received_at: Mapped[datetime] = heard_column("at")
    number: Mapped[int | None] = mapped_column(BigInteger)  # rules.Value
    text: Mapped[str] = mapped_column(default="")
    photo_id: Mapped[UUID | None] = mapped_column(ForeignKey("visit_photo.id"))

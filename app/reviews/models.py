"""What is said about a visit after it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.chain.models import never_changes
from app.infra.arrival import heard_column
from app.infra.db import Model, id_column


class Review(Model):
    """What a manager says to a check-in (accepted, queried), and what its rep answers. Rows are only added: the last
    one by `at` is how the visit stands, and no fact nor verdict changes by it. `rep_id` repeats the visit's."""

    __tablename__ = "visit_review"
    __table_args__ = (
        CheckConstraint("kind IN ('accepted', 'queried', 'answered')", name="kind"),
        Index(None, "visit_id"),
        Index(None, "rep_id", "at"),
        Index(None, "kind", "at"),
    )
    id: Mapped[UUID] = id_column()
    visit_id: Mapped[UUID] = mapped_column(ForeignKey("visit.id"))
    rep_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    received_at: Mapped[datetime] = heard_column("at")
    kind: Mapped[str]
    text: Mapped[str] = mapped_column(default="")


never_changes(Review)

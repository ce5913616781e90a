"""What somebody has put aside."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.infra.arrival import heard_column
from app.infra.db import Model, id_column


class ProposalDismissal(Model):
    """Not now: check-ins up to `at` propose no better position for this place any more (None: no new place)."""

    __tablename__ = "proposal_dismissal"
    __table_args__ = (Index(None, "account_id"),)
    id: Mapped[UUID] = id_column()
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    place_id: Mapped[UUID | None] = mapped_column(ForeignKey("place.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    received_at: Mapped[datetime] = heard_column("at")

"""One link of a rep's chain, and that what it tells of never changes."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, event, inspect
from sqlalchemy.orm import Mapped, mapped_column

from app.infra.db import Model


class ChainLink(Model):
    """One link of a rep's chain, numbered from 1 in order of arrival (actions.link). `at`: when it arrived; `facts`:
    canonical JSON, kept as the text that was hashed; `before` and `hash`: SHA-256, '' before the first."""

    __tablename__ = "chain_link"
    __table_args__ = (Index(None, "subject_id"),)
    rep_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    kind: Mapped[str]
    subject_id: Mapped[UUID]
    facts: Mapped[str] = mapped_column(Text)
    before: Mapped[str]
    hash: Mapped[str]


def never_changes(model: type[Model], but: Collection[str] = ()) -> None:
    """The session refuses to change rows of this model, for links tell of them; `but`: columns that may be told anew,
    each time by a further link."""

    def refuse(_mapper: object, _connection: object, row: Any) -> None:
        changed = {attribute.key for attribute in inspect(row).attrs if attribute.history.has_changes()} - {*but}
        if changed:
            raise RuntimeError(f"{model.__name__} stands in the chain: {', '.join(sorted(changed))} never changes")

    event.listen(model, "before_update", refuse)


never_changes(ChainLink)

"""Numbers without gaps: a counter row, raised in the transaction that uses the number."""

from sqlalchemy import select, update
from sqlalchemy.orm import Mapped, mapped_column

from app.infra.db import Model, db


class Counter(Model):
    """The last number given in a series such as 'contract-2026'."""

    __tablename__ = "counter"
    series: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[int]


def next_number(series: str) -> int:
    """The next number of the series, from 1. A rolled-back transaction gives it back, so no number is ever missing."""
    raised = update(Counter).where(Counter.series == series).values(last=Counter.last + 1).returning(Counter.last)
    number = db.session.execute(raised.execution_options(synchronize_session=False)).scalar()
    if number is None:
        db.session.add(Counter(series=series, last=1))
        db.session.flush()
        return 1
    return number


def last_number(series: str) -> int:
    """The number given last, 0 where none was."""
    return db.session.scalar(select(Counter.last).where(Counter.series == series)) or 0

"""When the post being served came here. Actions are told when something happened (`now`), this is when we heard of
it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

_heard: ContextVar[datetime | None] = ContextVar("heard", default=None)


def heard_at(now: datetime) -> datetime:
    """The arrival of the post being served; `now` where none is (jobs, commands, the demo): then we are there."""
    return _heard.get() or now


@contextmanager
def hearing(at: datetime) -> Iterator[None]:
    """Whatever is written inside was heard of at `at`."""
    token = _heard.set(at)
    try:
        yield
    finally:
        _heard.reset(token)


def heard_column(happened: str) -> Mapped[datetime]:
    """A column that keeps when we heard of a row, beside the column `happened` that keeps when it happened."""

    def default(context: Any) -> datetime:
        return heard_at(context.get_current_parameters()[happened])

    return mapped_column(default=default)

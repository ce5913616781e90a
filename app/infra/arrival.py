"""When the post being served came here. Actions are told when something happened (`now`), this is when we heard of
it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

_served: ContextVar[tuple[datetime, datetime] | None] = ContextVar("served", default=None)  # heard of, and made


def heard_at(now: datetime) -> datetime:
    """The arrival of the post being served; `now` where none is (jobs, commands, the demo): then we are there."""
    served = _served.get()
    return served[0] if served else now


def kept_since() -> datetime | None:
    """When the post being served was made, if it comes late: what changed since then, its sender could not know."""
    served = _served.get()
    return served[1] if served and served[1] < served[0] else None


@contextmanager
def hearing(at: datetime, made_at: datetime | None = None) -> Iterator[None]:
    """Whatever is written inside was heard of at `at`, and was made at `made_at`."""
    token = _served.set((at, made_at or at))
    try:
        yield
    finally:
        _served.reset(token)


def heard_column(happened: str) -> Mapped[datetime]:
    """A column that keeps when we heard of a row, beside the column `happened` that keeps when it happened."""

    def default(context: Any) -> datetime:
        return heard_at(context.get_current_parameters()[happened])

    return mapped_column(default=default)

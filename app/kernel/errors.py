"""What can go wrong between a person and a row. The edges turn each into an answer (app/web/errors.py)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class FieldbookError(Exception):
    """Base of all errors that are answers, not defects."""


class NotFoundError(FieldbookError):
    """No such row, or none that this actor may see: both look alike (404)."""


class ForbiddenError(FieldbookError):
    """The actor lacks the permission. Answered like NotFoundError, so that nothing is given away."""


@dataclass
class InvalidError(FieldbookError):
    """A rule refuses the input (422). `field` is the form field it belongs to, '' for the whole form.

    `reason` is an English msgid with %(name)s places for `params`; the edge translates it.
    """

    field: str
    reason: str
    params: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        return f"{self.field or 'form'}: {self.reason}"


@dataclass
class StaleError(FieldbookError):
    """The row changed since the form was opened (409). `current` is its version now."""

    current: int


class AlreadyDoneError(FieldbookError):
    """The same intention was already carried out, by another post; `location` shows its result."""

    def __init__(self, location: str = "") -> None:
        super().__init__(location)
        self.location = location


def must_match(sent: int | None, current: int) -> None:
    """Refuse a change that was made on an older version of the row (StaleError); None asks for no check."""
    if sent is not None and sent != current:
        raise StaleError(current)

"""One page of a long list."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

PAGE_SIZE = 50
LAST_PAGE = 200  # nobody turns 200 pages; beyond it one filters


@dataclass(frozen=True, slots=True)
class Page:
    """`rows` of page `number` (from 1). `more`: whether another page follows (no total: counting reads everything)."""

    rows: Sequence[Any]
    number: int
    more: bool

    @classmethod
    def of(cls, rows: Sequence[Any], number: int, size: int = PAGE_SIZE) -> "Page":
        """From up to size + 1 rows read at offset(number): the extra one only tells that more follow."""
        return cls(rows[:size], number, len(rows) > size and number < LAST_PAGE)


def offset(number: int, size: int = PAGE_SIZE) -> int:
    """Rows to skip for page `number`."""
    return (number - 1) * size


def page_number(text: str | None) -> int:
    """The page that an address asks for: 1 where it asks nonsense."""
    return min(max(int(text), 1), LAST_PAGE) if text and text.isascii() and text.isdigit() and len(text) < 6 else 1

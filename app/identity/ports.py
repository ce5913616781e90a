"""What slices tell a person that is stored about them: each hangs its tables into the page "Stored about me"."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from app.kernel.access import Actor

Row: TypeAlias = Any
"""Values by the names of columns."""


@dataclass(frozen=True, slots=True)
class Column:
    """One value of a row: its name in the download, its label (msgid), the words (msgids) for the values that are keys,
    and whether the page shows it: an id says nothing to a reader."""

    name: str
    label: str
    words: Mapping[Any, str] = field(default_factory=dict)
    is_shown: bool = True


@dataclass(frozen=True)
class Stored:
    """A table of what is stored about the actor. The first column heads a row on the page.

    `name`: in addresses and in the download. `counted(actor)`: a SELECT of one number. `rows(actor, first, most)`: at
    most so many rows after the first so many, newest first. `link(row)`: the address of the row's page, '' for none.
    """

    name: str
    title: str  # msgid
    columns: Sequence[Column]
    counted: Callable[[Actor], Any]
    rows: Callable[[Actor, int, int], Sequence[Row]]
    link: Callable[[Row], str] = lambda _row: ""

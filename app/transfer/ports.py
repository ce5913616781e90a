"""What the engine asks of a slice that takes in tables."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from app.kernel.access import Actor
from app.transfer.rules import Column, Parsed, Row

T = TypeVar("T")


class Intake(ABC, Generic[T]):
    """One run's way from rows to what is stored: `T` is the record that a row becomes.

    `headings` says which heading feeds which field, `ignored` are the headings that nothing is taken from. Everything
    that writes is called within a transaction; everything may be called again after that was rolled back.
    """

    headings: Mapping[str, str]
    ignored: tuple[str, ...]

    @abstractmethod
    def parse(self, row: Row) -> Parsed[T]:
        """The row as a record, or why it is none."""

    @abstractmethod
    def own_id(self, record: T) -> str | None:
        """What makes a row of the same source the same subject, where the row has an id of its own."""

    @abstractmethod
    def look(self, record: T) -> str:
        """What makes it the same subject elsewhere, and where it has no id; never equal to an `own_id`."""

    @abstractmethod
    def fingerprint(self, record: T) -> str:
        """A digest of all that the row says."""

    @abstractmethod
    def candidates(self, records: Sequence[T]) -> list[list[UUID]]:
        """For each record the stored subjects that look like it, the surest first."""

    @abstractmethod
    def changed(self, pairs: Sequence[tuple[UUID, T]]) -> set[UUID]:
        """The subjects that do not say yet all that their records say."""

    @abstractmethod
    def create(self, pairs: Sequence[tuple[UUID, T]], now: datetime) -> None:
        """Make these subjects, under these ids."""

    @abstractmethod
    def update(self, pairs: Sequence[tuple[UUID, T]], now: datetime) -> None:
        """Let the subjects say what the records say; what a record leaves blank stays."""


@dataclass(frozen=True)
class Target:
    """What can be imported, plugged in by a slice's manifest.

    `title` names it and `fields` its fields (msgids); `home` is the endpoint where one sees what came in.
    `begin(actor, columns)` starts a run; UnreadableError where the columns are not those of such a table.
    """

    kind: str
    title: str
    home: str
    permission: str
    fields: Mapping[str, str]
    begin: Callable[[Actor, Sequence[Column]], Intake[Any]]


Targets = Mapping[str, Target]

"""What happened to contracts."""

from dataclasses import dataclass
from uuid import UUID

from app.kernel.events import Event


@dataclass(frozen=True, slots=True)
class ContractMade(Event):
    number: str
    order_id: UUID


@dataclass(frozen=True, slots=True)
class ContractPrinted(Event):
    document_id: UUID  # the PDF that it was printed with


@dataclass(frozen=True, slots=True)
class ContractVoided(Event):
    reason: str

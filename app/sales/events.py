"""What happened to quotes and orders."""

from dataclasses import dataclass
from uuid import UUID

from app.kernel.events import Event


@dataclass(frozen=True, slots=True)
class QuoteSaved(Event):
    number: str
    account_id: UUID
    gross: int
    currency: str


@dataclass(frozen=True, slots=True)
class QuoteWithdrawn(Event):
    number: str
    reason: str


@dataclass(frozen=True, slots=True)
class OrderPlaced(Event):
    """`quote_id` where the order came from a quote."""

    number: str
    account_id: UUID
    gross: int
    currency: str
    quote_id: UUID | None


@dataclass(frozen=True, slots=True)
class OrderApproved(Event):
    number: str


@dataclass(frozen=True, slots=True)
class OrderCancelled(Event):
    number: str
    reason: str

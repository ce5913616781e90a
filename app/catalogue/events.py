"""What happened to products, price lists and prices."""

from dataclasses import dataclass
from uuid import UUID

from app.kernel.events import Event


@dataclass(frozen=True, slots=True)
class ProductAdded(Event):
    code: str


@dataclass(frozen=True, slots=True)
class ProductChanged(Event):
    code: str
    tax_rate: int


@dataclass(frozen=True, slots=True)
class ProductArchived(Event):
    pass


@dataclass(frozen=True, slots=True)
class ProductRestored(Event):
    pass


@dataclass(frozen=True, slots=True)
class PriceListAdded(Event):
    name: str
    currency: str
    standard: bool


@dataclass(frozen=True, slots=True)
class PriceListChanged(Event):
    name: str
    standard: bool


@dataclass(frozen=True, slots=True)
class PriceListArchived(Event):
    pass


@dataclass(frozen=True, slots=True)
class PriceListRestored(Event):
    pass


@dataclass(frozen=True, slots=True)
class PriceChanged(Event):
    """The subject is the product; amounts in minor units of the list's currency, None for no price."""

    price_list_id: UUID
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class PriceListAssigned(Event):
    """The subject is the account; None: it buys from the standard list."""

    price_list_id: UUID | None

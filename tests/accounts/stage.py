"""Customers for tests."""

from uuid import UUID

from app.accounts.actions import add_account
from app.accounts.models import Account
from app.accounts.rules import AccountInput, ContactInput, PlaceInput
from app.infra.db import transact
from app.kernel.access import Actor
from app.kernel.geo import Position
from tests.conftest import NOW

BUND = Position(31.2397, 121.4900)
TOWER_BRIDGE = Position(51.5055, -0.0754)


def customer(
    actor: Actor,
    name: str = "Harbour Provisions",
    *,
    at: Position | None = BUND,
    zone: str = "Asia/Shanghai",
    owner_id: UUID | None = None,
    pool: bool = False,
    contact: ContactInput | None = None,
    city: str = "",
    district: str = "",
    address: str = "",
    hours: str = "",
    **account: str,
) -> Account:
    """An account of the actor (or of `owner_id`, or of nobody) with one place."""
    place = PlaceInput(zone, city=city, district=district, address=address, hours=hours, position=at)
    given = AccountInput(name, **account)
    owner = None if pool else owner_id or actor.id
    return transact(lambda: add_account(actor, None, given, place, contact, owner, NOW))

"""Two customers of Rita's in Shanghai, one of them without a position, and one of Ren's in London."""

from dataclasses import dataclass
from uuid import UUID

import pytest

from app.accounts.actions import add_account
from app.accounts.queries import get_main_place
from app.accounts.rules import AccountInput, PlaceInput
from app.infra.db import transact
from app.kernel.access import Actor
from app.kernel.geo import Position
from app.kernel.ids import new_id
from tests.conftest import NOW, Cast

BUND = Position(31.2397, 121.4903)


@dataclass
class Stage:
    bund: UUID
    bund_place: UUID
    nowhere: UUID
    nowhere_place: UUID
    pub: UUID
    pub_place: UUID


@pytest.fixture
def stage(cast: Cast) -> Stage:
    def make() -> Stage:
        def customer(actor: Actor, name: str, zone: str, position: Position | None) -> tuple[UUID, UUID]:
            place = PlaceInput(zone, address="1 Street", position=position)
            account = add_account(actor, new_id(), AccountInput(name), place, None, actor.id, NOW)
            return account.id, get_main_place(actor, account.id).id

        return Stage(
            *customer(cast.rita, "外滩酒楼", "Asia/Shanghai", BUND),
            *customer(cast.rita, "Nowhere Shop", "Asia/Shanghai", None),
            *customer(cast.ren, "The Anchor", "Europe/London", Position(51.5072, -0.0956)),
        )

    return transact(make)

"""Rita's customers along the Bund, one without a position; one of Ren's in London."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from app.accounts.actions import add_account
from app.accounts.rules import AccountInput, PlaceInput
from app.identity.actions import change_own_profile
from app.infra.db import transact
from app.kernel.access import Actor
from app.kernel.dates import today_in
from app.kernel.geo import Position
from app.kernel.ids import new_id
from app.planning.actions import add_stop
from tests.conftest import NOW, Cast

OFFICE = Position(31.2304, 121.4737)
SHANGHAI, LONDON = "Asia/Shanghai", "Europe/London"


def customer(
    actor: Actor, name: str, position: Position | None, hours: str = "", zone: str = SHANGHAI, rating: str = "C"
) -> UUID:
    """Inside a transaction."""
    place = PlaceInput(zone, address=f"{name} Street", position=position, hours=hours)
    return add_account(actor, new_id(), AccountInput(name, rating=rating), place, None, actor.id, NOW).id


def tomorrow(zone: str = SHANGHAI) -> date:
    return today_in(zone, datetime.now(UTC)) + timedelta(days=1)


def plan(actor: Actor, account: UUID, day: date | None = None) -> UUID:
    now = datetime.now(UTC)
    return transact(lambda: add_stop(actor, new_id(), account, None, day or tomorrow(), now).id)


@dataclass
class Stage:
    near: UUID
    middle: UUID
    far: UUID
    nowhere: UUID
    pub: UUID


@pytest.fixture
def stage(cast: Cast) -> Stage:
    """Rita starts at her office, from where `near`, `middle` and `far` lie to the east in that order."""

    def make() -> Stage:
        start = {"start_label": "Office", "start_lat": OFFICE.lat, "start_lon": OFFICE.lon}
        change_own_profile(cast.rita, dict(start), None, NOW)
        return Stage(
            customer(cast.rita, "Near Bakery", Position(31.2304, 121.4837), rating="A"),
            customer(cast.rita, "Middle Bakery", Position(31.2304, 121.5037)),
            customer(cast.rita, "Far Bakery", Position(31.2304, 121.5537)),
            customer(cast.rita, "Nowhere Shop", None),
            customer(cast.ren, "The Anchor", Position(51.5072, -0.0956), zone=LONDON),
        )

    return transact(make)

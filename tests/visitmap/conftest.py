"""A small world: Rita's customers in Shanghai, Ren's in London, one of nobody's, and visits of them all."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import event

from app.accounts.actions import add_account
from app.accounts.queries import get_main_place
from app.accounts.rules import AccountInput, PlaceInput
from app.infra.db import db, transact
from app.kernel.access import Actor
from app.kernel.geo import Position
from app.kernel.ids import new_id
from app.visits.actions import CheckInInput, check_in_unplanned
from app.visits.rules import Fix
from tests.conftest import NOW, Cast

BUND, PUB, POOL = Position(31.2397, 121.4903), Position(51.5072, -0.0956), Position(25.0340, 121.5645)


@dataclass
class World:
    """Ids of accounts, of visits, and when these were: a minute ago."""

    bund: UUID
    nowhere: UUID
    pub: UUID
    pool: UUID
    at: datetime
    visits: dict[str, UUID]


def customer(actor: Actor, name: str, position: Position | None, owner: UUID | None, **said: str) -> UUID:
    zone = said.pop("zone", "Asia/Shanghai")
    place = PlaceInput(zone, address="1 Street", position=position)
    return add_account(actor, new_id(), AccountInput(name, **said), place, None, owner, NOW).id


def been(actor: Actor, account: UUID, where: Position | None, at: datetime) -> UUID:
    """An unplanned visit, checked in to then; without a position where `where` is None."""
    fix = Fix(where, 10, at) if where else None
    given = CheckInInput(fix, reason="so it was", tapped_at=at)
    place = get_main_place(actor, account).id
    return check_in_unplanned(actor, new_id(), account, place, given, at).visit_id


@pytest.fixture
def world(cast: Cast) -> World:
    def make() -> World:
        at = datetime.now(UTC) - timedelta(minutes=1)
        bund = customer(cast.rita, "外滩酒楼", BUND, cast.rita.id, rating="A")
        nowhere = customer(cast.rita, "Nowhere Shop", None, cast.rita.id)
        pub = customer(cast.ren, "The Anchor", PUB, cast.ren.id, zone="Europe/London")
        pool = customer(cast.ada, "Free House", POOL, None)
        far = Position(BUND.lat + 0.5, BUND.lon)
        visits = {
            "bund": been(cast.rita, bund, BUND, at - timedelta(hours=2)),
            "far": been(cast.rita, bund, far, at - timedelta(days=40)),
            "nowhere": been(cast.rita, nowhere, None, at),
            "pub": been(cast.ren, pub, PUB, at),
        }
        return World(bund, nowhere, pub, pool, at, visits)

    return transact(make)


@pytest.fixture
def statements(cast: Cast) -> Callable[[], list[str]]:
    """All statements from now on, but BEGIN."""
    seen: list[str] = []

    def note(*said: object) -> None:
        if said[2] != "BEGIN":
            seen.append(str(said[2]))

    event.listen(db.engine, "before_cursor_execute", note)
    yield lambda: seen
    event.remove(db.engine, "before_cursor_execute", note)

"""Six weeks of random field work around today: reps, zones, facts and orders as awkward as they come."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert

from app.accounts.actions import add_account
from app.accounts.queries import get_main_place
from app.accounts.rules import AccountInput, PlaceInput
from app.catalogue.models import PriceList
from app.infra.db import db, transact
from app.kernel.access import Actor
from app.kernel.dates import today_in
from app.kernel.ids import new_id
from app.sales.models import Cancellation, Order
from app.visits.models import CheckIn, CheckOut, Dismissal, Report, Visit
from app.visits.rules import Verdict
from tests.conftest import Cast

ZONES = ("Asia/Shanghai", "Europe/London", "Pacific/Kiritimati", "Pacific/Pago_Pago")  # the last two: UTC+14 and -11
Table = Any


@dataclass
class Fields:
    """What was made: when, and how many visits."""

    now: datetime
    visits: int


def put(model: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        db.session.execute(insert(model.__table__), rows)


@pytest.fixture
def fields(cast: Cast) -> Fields:
    dice, now = random.Random(7), datetime.now(UTC)

    def make() -> int:
        places = [_customer(actor, zone, now) for actor in (cast.rita, cast.ren, cast.mona) for zone in ZONES]
        lists = new_id()
        put(PriceList, [{"id": lists, "name": "List", "currency": "CNY", "tax_included": True}])
        made: dict[Any, list[dict[str, Any]]] = {
            model: [] for model in (Visit, CheckIn, CheckOut, Dismissal, Report, Order, Cancellation)
        }
        for _ in range(400):
            actor, account, place, zone = dice.choice(places)
            day = today_in(zone, now) + timedelta(days=dice.choice((dice.randint(-42, 2), dice.randint(-1, 1))))
            for model, row in happen(dice, actor.person_id, account, place, zone, day, lists, now):
                made[model].append(row)
        for model, rows in made.items():
            put(model, rows)
        return len(made[Visit])

    return Fields(now, transact(make))


def _customer(actor: Actor, zone: str, now: datetime) -> tuple[Actor, UUID, UUID, str]:
    given = PlaceInput(zone, address="1 Street")
    account = add_account(actor, new_id(), AccountInput(f"=Shop {zone}"), given, None, actor.person_id, now)
    return actor, account.id, get_main_place(actor, account.id).id, zone


def happen(
    dice: random.Random, rep: UUID, account: UUID, place: UUID, zone: str, day: Any, lists: UUID, now: datetime
) -> list[tuple[Any, dict[str, Any]]]:
    """A visit and what became of it, as (model, row) pairs."""
    visit, planned = new_id(), dice.random() < 0.8
    begin = datetime.combine(day, datetime.min.time(), UTC) + timedelta(minutes=dice.randint(-200, 1200))
    rows: list[tuple[Any, dict[str, Any]]] = [
        (Visit, {"id": visit, "account_id": account, "place_id": place, "rep_id": rep, "planned_on": day,
                 "planned": planned, "created_at": begin, "minutes": 30, "purpose": "", "version": 1})
    ]  # fmt: skip
    by = {"visit_id": visit, "person_id": rep, "received_at": begin}
    if planned and dice.random() < 0.35:
        kind = dice.choice(("missed", "postponed", "skipped"))
        rows.append((Dismissal, {**by, "kind": kind, "reason": "Away", "at": begin, "postponed_to": None}))
    if not planned or dice.random() < 0.6:
        rows.append((CheckIn, {
            **by, "at": begin, "verdict": dice.choice(list(Verdict)).value, "verdict_reason": "no_place", "reason": "",
            "verdict_params": {}, "position_error": "", "clock_doubtful": False, "distance": dice.choice((None, 12.5)),
        }))  # fmt: skip
        if dice.random() < 0.85:
            end = begin + timedelta(minutes=dice.randint(-5, 90))
            rows.append((CheckOut, {**by, "at": end, "estimated": dice.random() < 0.3}))
            outcome = dice.choice(("", "order", "interested"))
            rows.append((Report, {**by, "outcome": outcome, "text": "", "at": end, "version": 1}))
    if dice.random() < 0.4:
        gross = dice.randint(1, 10**7)
        order = new_id()
        rows.append((Order, {
            "id": order, "number": f"O{order.hex[-12:]}", "account_id": account, "price_list_id": lists, "rep_id": rep,
            "visit_id": visit if dice.random() < 0.5 else None, "currency": dice.choice(("CNY", "TWD", "GBP")),
            "tax_included": True, "language": "en", "net": gross, "tax": 0, "gross": gross, "created_at": begin,
            "received_at": begin, "dated_on": today_in("Asia/Shanghai", begin), "version": 1, "delivery_place": "",
            "customer_reference": "", "note": "",
        }))  # fmt: skip
        if dice.random() < 0.2:
            rows.append((Cancellation, {"order_id": order, "at": now, "person_id": rep, "reason": "Wrong"}))
    return rows

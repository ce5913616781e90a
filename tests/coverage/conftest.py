"""A company with a past: accounts of several people with visits, agreements, plans and excuses, thrown by dice."""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import pytest

from app.accounts.models import Account
from app.accounts.queries import get_main_place
from app.coverage.actions import save_class_rhythm
from app.identity.administration import PersonInput, add_person
from app.identity.queries import actor_of
from app.infra.db import db, transact
from app.kernel.access import SYSTEM, Actor
from app.kernel.ids import new_id
from app.visits.models import CheckIn, Dismissal, Report, Visit
from tests.accounts.stage import customer
from tests.conftest import NOW, PASSWORD, Cast

TODAY = date(2026, 3, 10)


@dataclass
class Past:
    """An account as the test knows it: days with a visit and what was agreed at each, days of excused visits, days of
    open plans."""

    account_id: UUID
    name: str
    owner: str
    rating: str
    own_days: int | None
    visits: dict[date, date | None] = field(default_factory=dict)
    skipped: list[date] = field(default_factory=list)
    plans: list[date] = field(default_factory=list)
    agreed_on: date | None = None
    archived: bool = False


def noon(day: date) -> datetime:
    return datetime.combine(day, time(4), UTC)


def visit(account: Account, rep: UUID, day: date, *, came: bool = True, agreed: date | None = None) -> Visit:
    """Inside a transaction: a visit of that day, as its facts would have left it."""
    place_id = get_main_place(SYSTEM, account.id).id
    made = Visit(id=new_id(), account_id=account.id, place_id=place_id, rep_id=rep, planned_on=day, created_at=NOW)
    db.session.add(made)
    db.session.flush()
    if came:
        at = noon(day)
        db.session.add(
            CheckIn(visit_id=made.id, at=at, person_id=rep, verdict="on_site", verdict_reason="within_radius")
        )
        db.session.add(Report(visit_id=made.id, at=at, person_id=rep, next_visit_on=agreed))
    return made


def account(owner: Actor, name: str, rating: str = "A") -> Account:
    """An account with one place, outside of a transaction."""
    return customer(owner, name, rating=rating)


def excuse(planned: Visit, kind: str, reason: str) -> None:
    """Inside a transaction."""
    db.session.add(Dismissal(visit_id=planned.id, kind=kind, reason=reason, at=NOW, person_id=planned.rep_id))


@pytest.fixture
def second(cast: Cast) -> Actor:
    """Sun sells in Rita's team."""

    def make() -> Actor:
        given = PersonInput(
            "sun@harbour.example", "Sun", "", "rep", cast.teams["shanghai"], "Asia/Shanghai", "zh_Hans", 0
        )
        return actor_of(add_person(SYSTEM, given, PASSWORD, NOW))

    return transact(make)


@pytest.fixture
def pasts(cast: Cast, second: Actor) -> list[Past]:
    """A hundred accounts, of Rita, Sun and Ren. Class C has no plan."""
    dice = random.Random(8)
    transact(lambda: save_class_rhythm(cast.ada, "C", None, "", None, NOW))
    owners = [cast.rita, second, cast.ren]

    def day(first: int, last: int) -> date:
        return TODAY + timedelta(days=dice.randint(first, last))

    def fill(row: Account, past: Past, owner: Actor) -> None:
        row = db.session.get_one(Account, row.id)
        for on in sorted({day(-150, -1) for _ in range(dice.choice((0, 1, 1, 2, 4, 6)))}):
            agreed = day(-20, 60) if dice.random() < 0.3 else None
            past.visits[on] = agreed if agreed and agreed > on else None
            visit(row, owner.person_id, on, agreed=past.visits[on])
        if past.visits:
            row.last_visit_on = max(past.visits)
            row.next_visit_on = past.visits[row.last_visit_on]
        elif dice.random() < 0.3:
            row.next_visit_on = past.agreed_on = day(-20, 30)
        for _ in range(dice.choice((0, 0, 1, 2))):
            past.skipped.append(on := day(-60, -1))
            kind = dice.choice(("skipped", "missed"))
            excuse(visit(row, owner.person_id, on, came=False), kind, dice.choice(("Stocktaking", "Ill")))
        if dice.random() < 0.3:
            past.plans.append(on := day(0, 20))
            visit(row, owner.person_id, on, came=False)
            excuse(visit(row, owner.person_id, day(0, 9), came=False), "postponed", "Later")
        visit(row, owner.person_id, day(-30, -1), came=False)  # missed, and nobody said why
        row.visit_days = past.own_days
        if past.archived:
            row.archived_at = NOW - timedelta(days=20)

    found = []
    for number in range(100):
        owner, rating = owners[number % 3], dice.choice("AABBC")
        row = account(owner, f"Shop {number:03}", rating)
        own = dice.choice((None, None, None, 0, 7, 45))
        past = Past(row.id, row.name, owner.name, rating, own, archived=number % 17 == 5)
        transact(lambda row=row, past=past, owner=owner: fill(row, past, owner))  # type: ignore[misc]
        found.append(past)
    return found

"""The journal: who did what, as plain facts, in the transaction of the change."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.infra.db import db, transact
from app.infra.journal import JournalEntry, record
from app.kernel.access import SYSTEM, Actor
from app.kernel.events import Event
from tests.conftest import NOW, Cast

SUBJECT = UUID(int=7)


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class LampLit(Event):
    facts: Any = None
    on: date | None = None


def entry(actor: Actor, event: Event) -> JournalEntry:
    transact(lambda: record(actor, event, NOW))
    db.session.expire_all()
    return db.session.scalars(select(JournalEntry).where(JournalEntry.event == "LampLit")).one()


def test_a_fact_says_who_when_what_and_of_which_row(app: Flask, cast: Cast) -> None:
    found = entry(cast.rita, LampLit(SUBJECT, on=date(2026, 3, 10)))
    assert (found.person_id, found.at, found.event, found.subject_id) == (cast.rita.id, NOW, "LampLit", SUBJECT)
    assert found.facts == {"facts": None, "on": "2026-03-10"}


def test_what_the_system_does_is_nobody_s(app: Flask) -> None:
    assert entry(SYSTEM, LampLit(SUBJECT)).person_id is None


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (True, True), (3, 3), (1.5, 1.5), ("辣", "辣"), (None, None),
        (SUBJECT, str(SUBJECT)), (NOW, str(NOW)), (2**40, 2**40),
        (date(2026, 3, 10), "2026-03-10"), (Colour.RED, "red"),
    ],
)  # fmt: skip
def test_facts_are_plain_json(app: Flask, given: Any, kept: Any) -> None:
    assert entry(SYSTEM, LampLit(SUBJECT, facts=given)).facts["facts"] == kept


def test_what_did_not_happen_is_not_told(app: Flask) -> None:
    def fail() -> None:
        record(SYSTEM, LampLit(SUBJECT), NOW)
        raise KeyError

    with pytest.raises(KeyError):
        transact(fail)
    assert db.session.scalars(select(JournalEntry)).all() == []

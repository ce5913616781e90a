"""An order of Rita's that has no contract yet, and a worker."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app.contracts.actions import make_contract
from app.contracts.models import Contract
from app.documents.jobs import JOBS
from app.infra.db import db, transact
from app.infra.queue import Worker
from app.kernel.access import Actor
from app.kernel.ids import new_id
from app.sales.actions import place_order
from tests.conftest import NOW, Cast
from tests.sales.conftest import Shop, basket, shop

__all__ = ["shop"]


def order_of(actor: Actor, shop: Shop, account_id: UUID | None = None, **around: Any) -> UUID:
    """Three cans of oil and ten boxes of tea."""
    given = basket((shop.oil, 3), (shop.tea, 10), **around)
    return transact(lambda: place_order(actor, new_id(), account_id or shop.kitchen, given, NOW)).id


def contract_of(actor: Actor, order_id: UUID, language: str | None = None) -> Contract:
    return transact(lambda: make_contract(actor, new_id(), order_id, language, NOW))


@pytest.fixture
def order_id(cast: Cast, shop: Shop) -> UUID:
    return order_of(cast.rita, shop)


@pytest.fixture
def work(app: Flask) -> Callable[[], int]:
    """Let a worker make everything that is asked for; gives the number of jobs."""

    def until_nothing_is_left() -> int:
        worker = Worker(app, list(JOBS))
        steps = 0
        while worker.step():
            steps += 1
        db.session.rollback()
        return steps

    return until_nothing_is_left

"""Numbers without gaps, whoever asks at the same time and whatever fails in between."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from app.infra.db import db, transact
from app.infra.numbers import last_number, next_number
from app.kernel.ids import new_id
from app.sales.actions import place_order
from app.sales.models import Order
from tests.conftest import Cast
from tests.infra.test_db import side_by_side
from tests.sales.conftest import Shop, basket, shop

__all__ = ["shop"]
THREADS, EACH = 8, 4


def test_each_series_counts_from_one(app: Flask) -> None:
    assert last_number("a-2026") == 0
    assert [transact(lambda: next_number("a-2026")) for _ in range(3)] == [1, 2, 3]
    assert transact(lambda: [next_number("a-2027"), next_number("a-2026"), next_number("a-2027")]) == [1, 4, 2]
    assert (last_number("a-2026"), last_number("a-2027")) == (4, 2)


def test_who_fails_gives_the_number_back(app: Flask) -> None:
    def fail() -> None:
        next_number("a")
        raise KeyError

    for _ in range(2):  # the first number of a series too
        with pytest.raises(KeyError):
            transact(fail)
    assert transact(lambda: next_number("a"), keep=lambda number: number != 1) == 1
    assert transact(lambda: next_number("a")) == 1
    with pytest.raises(KeyError):
        transact(fail)
    assert transact(lambda: next_number("a")) == 2


def test_all_at_once_get_different_numbers_without_a_gap(app: Flask) -> None:
    """Also where the series begins, and where every third of them fails."""

    def several(thread: int) -> list[int]:
        found = []
        for number in range(EACH):

            def work(fails: bool = (thread + number) % 3 == 0) -> int:
                given = next_number("a")
                if fails:
                    raise KeyError
                return given

            try:
                found.append(transact(work))
            except KeyError:
                continue
        return found

    found = side_by_side(app, *[lambda thread=thread: several(thread) for thread in range(THREADS)])
    given = sorted(number for each in found for number in each)
    assert given == list(range(1, len(given) + 1))
    assert last_number("a") == len(given) > THREADS


def test_orders_placed_by_everybody_at_once_have_numbers_in_a_row(app: Flask, cast: Cast, shop: Shop) -> None:
    customers = ((cast.rita, shop.kitchen), (cast.rita, shop.tower), (cast.ren, shop.thames))
    db.session.remove()

    def sell(thread: int) -> None:
        actor, account_id = customers[thread % 3]
        for _ in range(EACH):
            transact(lambda: place_order(actor, new_id(), account_id, basket((shop.tea, 1)), datetime.now(UTC)))

    assert side_by_side(app, *[lambda thread=thread: sell(thread) for thread in range(THREADS)]) == [None] * THREADS
    numbers = sorted(int(number.rpartition("-")[2]) for number in db.session.scalars(select(Order.number)))
    assert numbers == list(range(1, THREADS * EACH + 1))

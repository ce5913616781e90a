"""The cells of the map: whatever happens, they say what counting says."""

import threading
from collections import Counter
from datetime import date
from random import Random

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.infra import cells
from app.infra.db import db, transact
from app.kernel.geo import LAST_KEY, Position, quadkey, tile_range

LAYER = "things"
MONTHS = (cells.month_of(date(2026, 1, 1)), cells.month_of(date(2026, 12, 1)))


def counted(points: list[cells.Point], zoom: int, first: int, last: int) -> dict[int, int]:
    return dict(Counter(key >> cells.bits_below(zoom) for key, month in points if first <= month <= last))


def changed(gone: list[cells.Point], come: list[cells.Point]) -> None:
    transact(lambda: cells.change(LAYER, gone, come))


@pytest.mark.parametrize("seed", range(4))
def test_after_any_changes_the_cells_say_what_counting_says(app: Flask, seed: int) -> None:
    """Points come, go and move, at the edges of the world too; some changes are folded in and some are not."""
    chance = Random(seed)
    edges = [0, LAST_KEY, quadkey(Position(90, 180)), quadkey(Position(-90, -180)), quadkey(Position(0, 0))]
    points: list[cells.Point] = []
    for _turn in range(25):
        gone = chance.sample(points, chance.randint(0, len(points) // 3))
        for point in gone:
            points.remove(point)
        come = [
            (
                chance.choice([*edges, *(key for key, _ in points[:5]), chance.randrange(LAST_KEY)]),
                chance.randint(MONTHS[0], MONTHS[1]),
            )
            for _ in range(chance.randint(0, 8))
        ]
        points += come
        changed(gone, come)
        if chance.random() < 0.3:
            assert cells.fold() >= 0
        zoom = chance.choice(cells.ZOOMS)
        first, last = sorted(chance.choices(range(MONTHS[0], MONTHS[1] + 1), k=2))
        assert dict(cells.count(LAYER, zoom, None, (first, last))) == counted(points, zoom, first, last)
        z = chance.randint(0, 12)
        tile = tile_range(z, chance.randrange(1 << z), chance.randrange(1 << z))
        within = [point for point in points if tile[0] <= point[0] <= tile[1]]
        found = dict(cells.count(LAYER, zoom, [tile], MONTHS))
        if zoom >= z:  # else cells reach beyond the tile that was asked for
            assert found == counted(within, zoom, *MONTHS)
        assert found.items() >= counted(within, zoom, *MONTHS).items() or zoom < z
    cells.fold()
    assert db.session.scalar(select(func.count()).select_from(cells.CellChange)) == 0
    db.session.rollback()
    for zoom in cells.ZOOMS:
        assert dict(cells.count(LAYER, zoom, None, MONTHS)) == counted(points, zoom, *MONTHS)
    rows = select(func.count()).where(cells.Cell.layer == LAYER, cells.Cell.number < 1)
    assert db.session.scalar(rows) == 0, "emptied cells are gone"
    db.session.rollback()


def test_what_cancels_out_is_no_change(app: Flask) -> None:
    changed([(5, 0)], [(5, 0)])
    assert db.session.scalar(select(func.count()).select_from(cells.CellChange)) == 0
    db.session.rollback()


def test_a_change_that_is_rolled_back_was_none(app: Flask) -> None:
    transact(lambda: cells.change(LAYER, [], [(5, 0)]), keep=lambda _: False)
    assert cells.count(LAYER, 4) == []


def test_many_write_to_one_cell_and_nobody_is_refused_while_it_is_folded(app: Flask) -> None:
    """Eight who all count up the same tiles of the world, and one who folds meanwhile: all is there at the end."""
    failed: list[BaseException] = []

    def writes() -> None:
        with app.app_context():
            try:
                for _ in range(5):
                    transact(lambda: cells.change(LAYER, [], [(7, 0)]))
            except BaseException as error:
                failed.append(error)

    def folds() -> None:
        with app.app_context():
            try:
                for _ in range(5):
                    cells.fold()
            except BaseException as error:
                failed.append(error)

    threads = [threading.Thread(target=work) for work in [writes] * 8 + [folds] * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert cells.count(LAYER, 4) == [(0, 40)]
    cells.fold()
    assert [cells.count(LAYER, zoom) for zoom in cells.ZOOMS] == [[(0, 40)]] * len(cells.ZOOMS)

"""The migrations lead to what the models say, on both databases."""

from datetime import timedelta
from typing import Any

import flask_migrate
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import select, update

from app.accounts.actions import add_account, add_note, add_place, archive_account, archive_place
from app.accounts.models import Account, Note, Place
from app.accounts.rules import AccountInput, PlaceInput
from app.chain.plugs import linked
from app.chain.queries import find_unlinked, walk
from app.config import ROOT
from app.infra.arrival import hearing
from app.infra.db import db, transact
from app.infra.journal import JournalEntry
from app.kernel.geo import Position
from app.kernel.ids import new_id
from app.sales.actions import place_order, save_quote
from app.sales.models import Order, Quote
from app.visits.actions import (
    CheckInInput,
    ReportInput,
    add_photo,
    also_called,
    check_in_unplanned,
    check_out,
    close_forgotten,
    dismiss_visit,
    plan_visit,
)
from app.visits.models import CheckIn, CheckOut, Dismissal, Photo, Report, Visit, VisitAlias
from app.visits.photos import Picture
from app.visits.rules import Dismissal as DismissalKind
from app.visits.rules import Fix
from app.web.once import Receipt
from tests.conftest import NOW, Cast
from tests.sales.conftest import Shop, basket, shop

__all__ = ["shop"]


def test_the_migrated_schema_is_that_of_the_models(app: Flask) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": False})
        assert compare_metadata(context, db.metadata) == []


def test_accounts_from_before_0002_get_what_is_repeated(app: Flask, cast: Cast) -> None:
    where = [
        PlaceInput("Asia/Shanghai", city="上海", district="静安区", address="南京西路1号"),
        PlaceInput("Europe/London", city="London", address="1 Quay Road"),
    ]

    def fill() -> None:
        for rating, place in zip("AB", where, strict=True):
            given = AccountInput(f"Shop {rating}", rating=rating)
            account = add_account(cast.rita, None, given, place, None, cast.rita.id, NOW)
            second = add_place(cast.rita, account.id, None, PlaceInput("UTC", address=f"Gone {rating}"), NOW)
            archive_place(cast.rita, second.id, NOW)
        archive_account(cast.rita, account.id, NOW)

    def repeated() -> list[tuple[Any, ...]]:
        found = select(Account.name, Account.address, Place.rating, Place.is_live)
        found = found.join(Place, Place.account_id == Account.id).order_by(Account.name, Place.position_in_list)
        rows = [tuple(row) for row in db.session.execute(found)]
        db.session.remove()
        return rows

    transact(fill)
    before = repeated()
    assert before == [
        ("Shop A", "上海静安区南京西路1号", "A", True),
        ("Shop A", "上海静安区南京西路1号", "A", False),
        ("Shop B", "1 Quay Road, London", "B", False),
        ("Shop B", "1 Quay Road, London", "B", False),
    ]
    flask_migrate.downgrade(directory=str(ROOT / "migrations"), revision="0001")
    flask_migrate.upgrade(directory=str(ROOT / "migrations"))
    assert repeated() == before


def test_rows_from_before_0003_were_heard_of_when_they_happened(app: Flask, cast: Cast, shop: Shop) -> None:
    heard, phones = NOW + timedelta(days=2), new_id()

    def fill() -> None:
        given = CheckInInput(Fix(Position(31.2, 121.5), 10, NOW), reason="fair", tapped_at=NOW, clock_doubtful=True)
        visit_id = check_in_unplanned(cast.rita, new_id(), shop.kitchen, None, given, NOW).visit_id
        add_photo(cast.rita, visit_id, new_id(), Picture("0" * 64, 1, 1, 1, None, {}), NOW)
        check_out(cast.rita, visit_id, ReportInput(text="tea"), NOW)
        also_called(cast.rita, db.session.get_one(Visit, visit_id), phones)
        planned = plan_visit(cast.rita, new_id(), shop.tower, None, NOW.date() + timedelta(days=1), NOW)
        dismiss_visit(cast.rita, planned.id, DismissalKind.SKIPPED, "ill", None, new_id(), NOW)
        add_note(cast.rita, shop.kitchen, None, "Closed on Mondays", NOW)
        place_order(cast.rita, None, shop.kitchen, basket((shop.tea, 1)), NOW)
        save_quote(cast.rita, None, shop.kitchen, basket((shop.tea, 1)), NOW)
        row = {"person_id": cast.rita.id, "key": new_id(), "fingerprint": "", "status": 303, "location": "/"}
        db.session.add(Receipt(**row, at=heard, captured_at=NOW, doubtful=True))

    def both() -> set[Any]:
        heard_and_happened = [
            select(model.received_at, model.at) for model in (CheckOut, Report, Dismissal, Photo, Note)
        ] + [select(model.received_at, model.created_at) for model in (Order, Quote)]
        rows = {tuple(row) for each in heard_and_happened for row in db.session.execute(each)}
        db.session.remove()
        return rows

    with hearing(heard):
        transact(fill)
    assert both() == {(heard, NOW)}
    assert db.session.scalars(select(JournalEntry.arrived_at).where(JournalEntry.event == "CheckedIn")).all() == [heard]
    db.session.remove()
    flask_migrate.downgrade(directory=str(ROOT / "migrations"), revision="0002")
    flask_migrate.upgrade(directory=str(ROOT / "migrations"))
    assert both() == {(NOW, NOW)}
    for entry in db.session.scalars(select(JournalEntry)):
        assert entry.arrived_at == entry.at
    receipt, arrival = db.session.scalars(select(Receipt)).one(), db.session.scalars(select(CheckIn)).one()
    assert (receipt.captured_at, receipt.doubtful) == (heard, False)
    assert (arrival.at, arrival.received_at, arrival.clock_doubtful) == (NOW, heard, False), "kept as it was"
    assert db.session.get(VisitAlias, phones) is None
    transact(lambda: db.session.execute(update(Visit).values(purpose="still writable")))


def test_visits_from_before_0006_are_taken_over_into_the_chains(app: Flask, cast: Cast, shop: Shop) -> None:
    def fill() -> None:
        given = CheckInInput(Fix(Position(31.2, 121.5), 10.5, NOW, 2, 0.3), reason="fair", tapped_at=NOW)
        visit_id = check_in_unplanned(cast.rita, new_id(), shop.kitchen, None, given, NOW).visit_id
        exif = {"lat": 31.2, "lon": 121.5, "make": "Nokia"}
        add_photo(cast.rita, visit_id, new_id(), Picture("0" * 64, 1, 1, 1, NOW, exif), NOW)
        add_photo(cast.rita, visit_id, new_id(), Picture("1" * 64, 1, 1, 1, None, {}), NOW)
        check_out(cast.rita, visit_id, ReportInput("order", "tea", NOW.date() + timedelta(days=7)), NOW)
        planned = plan_visit(cast.rita, new_id(), shop.tower, None, NOW.date() + timedelta(days=1), NOW)
        later = NOW.date() + timedelta(days=3)
        dismiss_visit(cast.rita, planned.id, DismissalKind.POSTPONED, "ill", later, new_id(), NOW)
        other = check_in_unplanned(cast.ren, new_id(), shop.thames, None, CheckInInput(None, reason="no"), NOW)
        close_forgotten(NOW + timedelta(days=2))
        assert other.verdict == "no_position"

    transact(fill)
    flask_migrate.downgrade(directory=str(ROOT / "migrations"), revision="0005")
    flask_migrate.upgrade(directory=str(ROOT / "migrations"))
    chains = list(walk(linked()))
    assert {chain.rep_id: (chain.links, chain.broken) for chain in chains} == {
        cast.rita.id: (7, None), cast.ren.id: (3, None),
    }  # fmt: skip
    assert list(find_unlinked(linked())) == []
    kept = db.session.scalars(select(CheckIn).where(CheckIn.person_id == cast.rita.id)).one()
    assert kept.salt
    transact(lambda: db.session.execute(update(CheckIn).where(CheckIn.lat.is_not(None)).values(lat=31.3)))
    assert [chain.broken.wrong for chain in walk(linked()) if chain.broken] == ["fix is no longer what it was"]

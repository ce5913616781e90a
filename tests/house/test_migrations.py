"""The migrations lead to what the models say, on both databases."""

from typing import Any

import flask_migrate
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import select

from app.accounts.actions import add_account, add_place, archive_account, archive_place
from app.accounts.models import Account, Place
from app.accounts.rules import AccountInput, PlaceInput
from app.config import ROOT
from app.infra.db import db, transact
from tests.conftest import NOW, Cast


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

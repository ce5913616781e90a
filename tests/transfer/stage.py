"""Importing in tests as the command line and the worker do it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from app.accounts.importing import ACCOUNTS
from app.accounts.models import Account, Place
from app.infra.db import AnyRow, db, transact
from app.kernel.access import SYSTEM, Actor
from app.kernel.ids import new_id
from app.transfer.actions import Upload, request_import
from app.transfer.encodings import decode
from app.transfer.jobs import carry_out
from app.transfer.queries import find_run
from app.transfer.rules import read
from tests.conftest import NOW


def ask(content: bytes, source: str, *, dry_run: bool = False, actor: Actor = SYSTEM, now: datetime = NOW) -> UUID:
    """A run of this file, not carried out yet."""
    intake = ACCOUNTS.begin(actor, read(decode(content).text).columns)
    upload = Upload.of(source, source, "0" * 64, ACCOUNTS, intake)
    run_id = new_id()
    transact(lambda: request_import(actor, run_id, ACCOUNTS, upload, now, dry_run=dry_run, by_worker=False))
    return run_id


def bring(
    content: bytes | str, source: str = "shops.csv", *, dry_run: bool = False, actor: Actor = SYSTEM
) -> tuple[int, int, int, int, int]:
    """Import a file: (read, created, updated, unchanged, rejected)."""
    data = content.encode() if isinstance(content, str) else content
    tally = carry_out(ask(data, source, dry_run=dry_run, actor=actor), actor, ACCOUNTS, data, lambda *_: None)
    return tally.read, tally.created, tally.updated, tally.unchanged, tally.rejected


def table(headings: str, *rows: str) -> str:
    return "\n".join([headings, *rows, ""])


def stored() -> list[AnyRow]:
    """Accounts with their main place, by name."""
    return list(
        db.session.execute(
            select(*Account.__table__.c, *(c.label(f"place_{c.name}") for c in Place.__table__.c))
            .join(Place, (Place.account_id == Account.id) & (Place.position_in_list == 0))
            .order_by(Account.name, Place.address)
        )
    )


def one() -> AnyRow:
    (row,) = stored()
    return row


def count(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def problems_of(run_id: UUID) -> Iterable[tuple[int, str, str, bool]]:
    """(line, column, reason, whether rejected) of a run's first problems."""
    run = find_run(run_id)
    assert run is not None
    return [(p["line"], p["column"], p["reason"] % p["params"], p["is_rejected"]) for p in run.first_problems]

"""Territories in tests: squares of degrees, accounts at points, and the worker at work."""

import io
import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Flask
from shapely import box
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.accounts.actions import add_account
from app.accounts.models import Account
from app.accounts.rules import AccountInput, PlaceInput
from app.infra.db import db, transact
from app.infra.queue import Worker
from app.kernel.access import Actor
from app.kernel.geo import Position
from app.kernel.ids import new_id
from app.territories.actions import apply_change, draft_territories, keep_shape
from app.territories.jobs import JOBS
from app.territories.models import Territory, TerritoryAccount, TerritoryChange
from app.territories.rules import Definition
from app.territories.shapes import Area, as_area
from tests.conftest import NOW, Browser


def square(west: float, south: float, east: float, north: float) -> Area:
    area = as_area(box(west, south, east, north))
    assert area is not None
    return area


def feature(name: str, *corners: tuple[float, float], **more: Any) -> dict[str, Any]:
    """A GeoJSON feature of one ring, longitude first; closed here."""
    ring = [list(at) for at in (*corners, corners[0])]
    return {"type": "Feature", "properties": {"name": name, **more},
            "geometry": {"type": "Polygon", "coordinates": [ring]}}  # fmt: skip


def collection(*features: Any, **more: Any) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": list(features), **more}).encode()


def send(browser: Browser, path: str, content: bytes, name: str = "areas.geojson", **values: str) -> TestResponse:
    """Post a file from memory: the client of the tests leaves the temporary file of a large one open."""
    edge, fields = "--edge", {"once": str(new_id()), **values}
    said = f"{edge}\r\nContent-Disposition: form-data; name="
    parts = [f'{said}"{key}"\r\n\r\n{value}\r\n' for key, value in fields.items()]
    head = f'{said}"file"; filename="{name}"\r\n\r\n'
    body = "".join([*parts, head]).encode() + content + f"\r\n{edge}--\r\n".encode()
    return browser._send(
        "POST", path, input_stream=io.BytesIO(body), content_type="multipart/form-data; boundary=edge",
        content_length=len(body), headers={"Sec-Fetch-Site": "same-origin"},
    )  # fmt: skip


def work(app: Flask) -> None:
    """The worker, until nothing is left to do."""
    db.session.rollback()
    worker = Worker(app, list(JOBS))
    while worker.step():
        pass
    db.session.rollback()


def add(
    actor: Actor, name: str, lat: float | None, lon: float | None = None, rating: str = "C",
    owner_id: UUID | None = None, **place: str,
) -> UUID:  # fmt: skip
    """An account at a position."""
    at = Position(lat, lon) if lat is not None and lon is not None else None
    given = PlaceInput("Asia/Shanghai", position=at, **place)  # type: ignore[arg-type]
    made = AccountInput(name, rating=rating)
    return transact(lambda: add_account(actor, None, made, given, None, owner_id, NOW).id)


def draft(
    app: Flask, actor: Actor, wanted: Mapping[UUID, Definition], shapes: Mapping[UUID, Area] | None = None,
    change_id: UUID | None = None,
) -> UUID:  # fmt: skip
    """A previewed draft."""
    change_id = change_id or new_id()

    def make() -> None:
        placed = {
            key: Definition.of({**each.plain(), "shape_id": str(keep_shape(shapes[key]))})
            if shapes and key in shapes
            else each
            for key, each in wanted.items()
        }
        draft_territories(actor, change_id, placed, None, NOW)

    transact(make)
    work(app)
    return change_id


def apply(app: Flask, actor: Actor, change_id: UUID) -> UUID:
    transact(lambda: apply_change(actor, change_id, None, NOW))
    work(app)
    change = the(change_id)
    assert change.applied_at is not None
    return change_id


def make(app: Flask, actor: Actor, **squares: Area | Definition) -> dict[str, UUID]:
    """Territories by their names, applied."""
    ids = {name: new_id() for name in squares}
    wanted = {ids[name]: each if isinstance(each, Definition) else Definition(name) for name, each in squares.items()}
    shapes = {ids[name]: each for name, each in squares.items() if isinstance(each, Area)}
    apply(app, actor, draft(app, actor, wanted, shapes))
    return ids


def the(change_id: UUID) -> TerritoryChange:
    db.session.rollback()
    return db.session.get_one(TerritoryChange, change_id)


def members() -> dict[str, tuple[str, str]]:
    """Account's name -> (territory's name, how)."""
    db.session.rollback()
    rows = db.session.execute(
        select(Account.name, Territory.name, TerritoryAccount.how)
        .join(TerritoryAccount, TerritoryAccount.account_id == Account.id)
        .join(Territory, Territory.id == TerritoryAccount.territory_id)
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def owners() -> dict[str, UUID | None]:
    db.session.rollback()
    return {row[0]: row[1] for row in db.session.execute(select(Account.name, Account.owner_id))}


def live() -> dict[str, Any]:
    """Name -> definition of the live territories."""
    from app.territories.queries import list_definitions

    db.session.rollback()
    return {each.name: each for each in list_definitions().values()}

"""Stored about me: everything, table by table, who looked at it, and all of it as one file."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request

from app.identity.permissions import P
from app.identity.plugs import stored
from app.identity.ports import Column, Row, Stored
from app.identity.queries import count_all, get_company, get_self
from app.identity.stored import LOOKS
from app.kernel.access import Actor
from app.kernel.errors import NotFoundError
from app.kernel.ids import parse_id
from app.kernel.page import PAGE_SIZE, Page, offset, page_number
from app.web.actor import current_actor
from app.web.form import translated
from app.web.guard import needs
from app.web.htmx import page
from app.web.locale import day_text, moment_text

blueprint = Blueprint("own", __name__)

LATEST_LOOKS = 10
AT_ONCE = 1000  # rows of the download that are read at a time
PARTICULARS = (
    "name", "email", "phone", "role", "zone", "language", "discount_limit", "start_label", "start_lat", "start_lon",
    "end_label", "end_lat", "end_lon", "work_from", "work_to", "lunch_from", "lunch_minutes", "most_visits",
    "created_at",
)  # fmt: skip


@blueprint.get("/settings/stored")
@needs(P.PROFILE_OWN)
def stored_show() -> Response:
    actor = current_actor()
    tables = list(stored().values())
    numbers = count_all([each.counted(actor) for each in tables])
    return page(
        "identity/stored.html",
        tables=list(zip(tables, numbers, strict=True)),
        looks=[_shown(LOOKS, row) for row in LOOKS.rows(actor, 0, LATEST_LOOKS)],
        me=get_self(actor),
        days=get_company().raw_fix_days,
    )


@blueprint.get("/settings/stored/<name>")
@needs(P.PROFILE_OWN)
def table_show(name: str) -> Response:
    table = stored().get(name)
    if table is None:
        raise NotFoundError
    number = page_number(request.args.get("page"))
    found = Page.of(table.rows(current_actor(), offset(number), PAGE_SIZE + 1), number)
    return page(
        "identity/stored_table.html", table=table, found=found, lines=[_shown(table, row) for row in found.rows]
    )


@blueprint.get("/settings/stored.json")
@needs(P.PROFILE_OWN)
def stored_take() -> Response:
    """Everything as one file; keys and moments (UTC) as they are stored."""
    actor = current_actor()
    me = get_self(actor)
    everything: dict[str, Any] = {"me": {name: _plain(getattr(me, name)) for name in PARTICULARS}}
    for name, table in stored().items():
        everything[name] = [
            {column.name: _plain(row[column.name]) for column in table.columns} for row in _all(table, actor)
        ]
    content = json.dumps(everything, ensure_ascii=False, indent=1)
    headers = {"Content-Disposition": 'attachment; filename="stored-about-me.json"'}
    return Response(content, mimetype="application/json", headers=headers)


def _all(table: Stored, actor: Actor) -> Iterator[Row]:
    first = 0
    while rows := table.rows(actor, first, AT_ONCE):
        yield from rows
        first += len(rows)
        if len(rows) < AT_ONCE:
            return


def _shown(table: Stored, row: Row) -> dict[str, Any]:
    """A row for the page: what heads it, where it leads, and the rest as (label, text) without what is empty or says
    the same as the value before."""
    head, *rest = [column for column in table.columns if column.is_shown]
    told: list[tuple[str, str]] = []
    for column in rest:
        text = _text(column, row[column.name])
        if text and not (told and told[-1][1] == text):  # it arrived in the minute in which it happened
            told.append((translated(column.label), text))
    return {"head": _text(head, row[head.name]) or "–", "link": table.link(row), "rest": told}


def _text(column: Column, value: Any) -> str:
    if value is None or value == "" or value == {}:
        return ""
    if value in column.words if isinstance(value, str) else False:
        return translated(column.words[value])
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, date):
        return day_text(value)
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".") if column.name in ("lat", "lon") else f"{value:.1f}"
    if isinstance(value, Mapping):
        told = (f"{name} {each}" for name, each in value.items() if each not in (None, "") and not _is_id(each))
        return ", ".join(told)
    return str(value)


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and all(parse_id(each) for each in value.split(","))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value) if isinstance(value, UUID | date) else value

"""The pack: everything that a day without signal needs, as one answer.

Its pages are the application's own, asked for inside this process with the person's own request, so the phone carries
what the person would have seen, and nothing that the person may not see.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from flask import current_app, request
from werkzeug.test import create_environ, run_wsgi_app

from app.kernel.access import Actor
from app.sync.plugs import carried
from app.sync.ports import Screen
from app.web.ui import PACKING, home

MOST_SUBJECTS = 40
MOST_PAGES = 150
_FORM_KEY = re.compile(r'(name="once" value=")[0-9a-f-]{36}')
T = TypeVar("T")
_COPIED = ("Cookie", "Accept-Language", "User-Agent")


def make_pack(actor: Actor, now: datetime) -> dict[str, Any]:
    """The pack of the actor's day: JSON as described at the top of static/sw.js."""
    plugs = [each for each in carried() if actor.may(each.permission)]
    subjects = _first(MOST_SUBJECTS, (found for each in plugs for found in each.subjects(actor, now)))
    addresses = _first(
        MOST_PAGES, ["/outbox", "/more", *(found for each in plugs for found in each.addresses(actor, now, subjects))]
    )
    rows: dict[UUID, dict[str, str]] = {}
    for each in plugs:
        for row_id, slots in each.rows(actor, now, subjects).items():
            rows.setdefault(row_id, {}).update(slots)
    screens = [found for each in plugs for found in each.screens(actor, now, subjects)]
    return {
        "person": str(actor.id),
        "home": home(),
        "pages": {address: html for address in addresses if (html := _rendered(address)) is not None},
        "screens": [_as_json(screen, html) for screen in screens if (html := _rendered(screen.address)) is not None],
        "rows": {str(row_id): slots for row_id, slots in rows.items()},
    }


def _rendered(address: str) -> str | None:
    """The page at that address of ours, as this person gets it now; None where there is none."""
    headers = {name: value for name in _COPIED if (value := request.headers.get(name))}
    headers["Outbox-Shell"] = current_app.config["BUILD"]
    environ = create_environ(address, request.host_url, headers=headers)
    environ[PACKING] = True
    body, status, _headers = run_wsgi_app(current_app.wsgi_app, environ, buffered=True)
    # Keys are the phone's to give: one for each time that a kept form is filled in. And they do not compress.
    return _FORM_KEY.sub(r"\1", b"".join(body).decode()) if status.startswith("200") else None


def _as_json(screen: Screen, html: str) -> dict[str, Any]:
    return {"path": screen.path, "after": screen.after, "where": screen.where, "html": html}


def _first(most: int, found: Iterable[T]) -> list[T]:
    return list(dict.fromkeys(found))[:most]

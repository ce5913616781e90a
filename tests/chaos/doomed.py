"""The application, which dies where a request tells it to: just before or just after the commit of what it did.

The line (line.py) adds the header `Chaos-Die: before` or `after` to a post. SIGKILL goes to the whole process group,
the web server and its workers alike, from inside the commit: no timing could hit that moment.
"""

import os
import signal
from typing import Any

from flask import has_request_context, request
from sqlalchemy import event

from app.infra.db import db
from tests.chaos.line import DIE
from wsgi import app


def _die_if_told(moment: str) -> None:
    if has_request_context() and request.headers.get(DIE) == moment:
        os.killpg(0, signal.SIGKILL)


def _before(_connection: Any) -> None:
    _die_if_told("before")


def _after(_session: Any) -> None:
    _die_if_told("after")


with app.app_context():
    event.listen(db.engine, "commit", _before)
event.listen(db.session, "after_commit", _after)

__all__ = ["app"]

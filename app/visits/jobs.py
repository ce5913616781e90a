"""What the worker does for visits."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from app.infra.db import transact
from app.infra.queue import JobKind
from app.visits.actions import close_forgotten


def _close(_job: UUID, _arguments: dict[str, Any]) -> None:
    transact(lambda: close_forgotten(datetime.now(UTC)))


CLOSE_FORGOTTEN = JobKind("visits.close_forgotten", _close, every=timedelta(minutes=15))

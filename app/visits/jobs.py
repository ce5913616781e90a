"""What the worker does for visits."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from app.infra.db import transact
from app.infra.queue import JobKind
from app.visits.actions import close_forgotten
from app.visits.evidence import BATCH, delete_old_positions
from app.visits.queries import list_forgotten


def _close(_job: UUID, _arguments: dict[str, Any]) -> None:
    now = datetime.now(UTC)
    visits = [row.visit_id for row in list_forgotten(now)]  # outside a transaction: it looks through all that ever were
    for start in range(0, len(visits), BATCH):
        transact(lambda: close_forgotten(now, visits[start : start + BATCH]))  # noqa: B023 - it runs at once


CLOSE_FORGOTTEN = JobKind("visits.close_forgotten", _close, every=timedelta(minutes=15))


def _delete_positions(_job: UUID, _arguments: dict[str, Any]) -> None:
    now = datetime.now(UTC)
    while transact(lambda: delete_old_positions(now)):
        pass  # a batch is a transaction: whoever dies in between goes on with the rest


DELETE_POSITIONS = JobKind("visits.delete_positions", _delete_positions, every=timedelta(days=1))

"""What the worker does for identity."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from app.identity.actions import forget_devices
from app.infra.db import transact
from app.infra.queue import JobKind


def _forget(_job: UUID, _arguments: dict[str, Any]) -> None:
    transact(lambda: forget_devices(datetime.now(UTC)))


FORGET_DEVICES = JobKind("devices.forget", _forget, every=timedelta(days=1))

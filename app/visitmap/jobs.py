"""What the worker does for the map."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from app.infra import cells
from app.infra.queue import JobKind


def _fold(_job: UUID, _arguments: dict[str, Any]) -> None:
    cells.fold()


FOLD_CELLS = JobKind("map.fold_cells", _fold, every=timedelta(minutes=2))
"""Counts are right before it too; each change that is not folded in costs them a little."""

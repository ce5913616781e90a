"""What the worker does for planning."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from app.infra.db import transact
from app.infra.queue import JobKind
from app.planning.learning import find_speeds, keep_speeds
from app.planning.travel import list_teams
from app.planning.whereabouts import forget_whereabouts


def _learn_speeds(_job: UUID, _arguments: dict[str, Any]) -> None:
    now = datetime.now(UTC)
    for team_id in transact(list_teams):
        transact(partial(keep_speeds, team_id, find_speeds(team_id, now), now))


LEARN_SPEEDS = JobKind("planning.learn_speeds", _learn_speeds, every=timedelta(days=1))


def _forget(_job: UUID, _arguments: dict[str, Any]) -> None:
    transact(lambda: forget_whereabouts(datetime.now(UTC)))


FORGET_WHEREABOUTS = JobKind("planning.forget_whereabouts", _forget, every=timedelta(hours=6))

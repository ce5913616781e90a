"""The worker's part: working out drafts rep by rep, and making their visits once they are published.

What is done for one rep is kept in one transaction: killed at any moment, the work goes on with the next rep.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from app.beats.actions import PLAN, SETTLE, asked_of, end_planning, is_wanted, keep_draft
from app.beats.queries import find_plan, list_plan_reps
from app.beats.rules import Lack, Missing, RepDraft, Shortfall
from app.beats.settling import end_settling, list_unsettled, settle_rep
from app.beats.weeks import plan_rep
from app.beats.workload import load_work
from app.identity.queries import find_actor
from app.infra.db import db, transact
from app.infra.queue import JobKind, progress
from app.kernel.access import Actor
from app.kernel.errors import ForbiddenError

Say = Callable[[int, int], None]
SECONDS = 0.5  # of work for each engine and week of a rep


def work_out(plan_id: UUID, round_: int, actor: Actor, say: Say, now: datetime) -> None:
    """Plan the weeks of every rep that has none yet; `say` hears how many weeks are done, of how many. Broken off, or
    asked anew meanwhile: nothing more is done."""
    plan = find_plan(plan_id)
    if plan is None or not is_wanted(plan_id, round_):
        return
    asked, minutes = asked_of(plan), plan.minutes
    reps = list_plan_reps(plan_id)
    total = len(reps) * asked.weeks
    done = sum(rep.made_at is not None for rep in reps) * asked.weeks
    say(done, total)
    for rep_id in [rep.rep_id for rep in reps if rep.made_at is None]:
        load = load_work(actor, rep_id, asked, minutes, now)
        db.session.rollback()  # no transaction stays open while the weeks are thought about
        ahead = {"done": done}

        def going(_week: date, ahead: dict[str, int] = ahead) -> bool:
            ahead["done"] += 1
            say(min(ahead["done"], total), total)
            wanted = is_wanted(plan_id, round_)
            db.session.rollback()
            return wanted

        draft = plan_rep(load.work, asked, load.driving, SECONDS, going)
        if draft is None:
            return
        if load.beyond:
            draft = _with_beyond(draft, load.beyond, minutes)
        if not transact(partial(keep_draft, plan_id, round_, draft, datetime.now(UTC))):
            return
        done += asked.weeks
        say(done, total)
    transact(lambda: end_planning(plan_id, round_, datetime.now(UTC)))


def _with_beyond(draft: RepDraft, beyond: tuple[tuple[UUID, date], ...], minutes: int) -> RepDraft:
    """The draft with the customers that were too many to be looked at."""
    missing = tuple(Missing(account, due, Lack.NO_TIME) for account, due in beyond)
    short = draft.shortfall or Shortfall(0, 0)
    short = replace(short, visits=short.visits + len(beyond), minutes=short.minutes + minutes * len(beyond))
    return replace(draft, missing=(*draft.missing, *missing), shortfall=short)


def settle(plan_id: UUID, actor: Actor, say: Say, now: datetime) -> None:
    """Make the visits of a published plan, or withdraw those of a withdrawn one, rep by rep."""
    reps = list_unsettled(plan_id)
    db.session.rollback()
    for number, rep_id in enumerate(reps):
        say(number, len(reps))
        transact(partial(settle_rep, actor, plan_id, rep_id, now))
    transact(partial(end_settling, plan_id, now))


def _actor(arguments: dict[str, Any]) -> Actor:
    found = find_actor(UUID(arguments["person_id"]))
    if found is None:
        raise ForbiddenError("whoever asked for this is here no longer")
    return found[0]


def _work_out(job_id: UUID, arguments: dict[str, Any]) -> None:
    say = partial(progress, job_id)
    work_out(UUID(arguments["plan_id"]), arguments["round"], _actor(arguments), say, datetime.now(UTC))


def _settle(job_id: UUID, arguments: dict[str, Any]) -> None:
    settle(UUID(arguments["plan_id"]), _actor(arguments), partial(progress, job_id), datetime.now(UTC))


JOBS = (JobKind(PLAN, _work_out), JobKind(SETTLE, _settle))

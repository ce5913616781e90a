"""The worker's part: working out drafts rep by rep, and making their visits once they are published.

What is done for one rep is kept in one transaction: killed at any moment, the work goes on with the next rep.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from app.beats.actions import PLAN, SETTLE, asked_of, end_planning, is_wanted, keep_draft, keep_shortfall
from app.beats.days import shifts_of
from app.beats.queries import find_plan, list_plan_reps
from app.beats.remedies import with_other_reps
from app.beats.rules import Asked, Lack, Missing, RepDraft, RepWork, Shortfall
from app.beats.settling import end_settling, list_unsettled, settle_rep
from app.beats.weeks import SECONDS, plan_rep
from app.beats.workload import how_to_drive, load_work, read_draft
from app.identity.queries import find_actor
from app.infra.db import db, transact
from app.infra.queue import JobKind, progress
from app.kernel.access import Actor
from app.kernel.errors import ForbiddenError

Say = Callable[[int, int], None]
MOST_PLACES = 800  # of a team's customers, between which all ways are asked for


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
        driving = how_to_drive(load.team_id, [load.work])
        db.session.rollback()  # no transaction stays open while the weeks are thought about
        ahead = {"done": done}

        def going(_week: date, ahead: dict[str, int] = ahead) -> bool:
            ahead["done"] += 1
            say(min(ahead["done"], total), total)
            wanted = is_wanted(plan_id, round_)
            db.session.rollback()
            return wanted

        draft = plan_rep(load.work, asked, driving, SECONDS, going)
        if draft is None:
            return
        if load.beyond:
            draft = _with_beyond(draft, load.beyond, minutes)
        if not transact(partial(keep_draft, plan_id, round_, draft, datetime.now(UTC))):
            return
        done += asked.weeks
        say(done, total)
    for draft in _helped(plan_id, actor, now):
        transact(partial(keep_shortfall, plan_id, round_, draft))
    transact(lambda: end_planning(plan_id, round_, datetime.now(UTC)))


def _helped(plan_id: UUID, actor: Actor, now: datetime) -> Iterator[RepDraft]:
    """The drafts of reps with too little time, with what others of their team have time for; not where the team's
    customers are so many that the ways between them take longer than the plan."""
    plan = find_plan(plan_id)
    if plan is None or plan.made_at is not None:
        return
    asked, teams = asked_of(plan), defaultdict[UUID, list[tuple[RepWork, RepDraft]]](list)
    for rep in list_plan_reps(plan_id):
        work, draft = load_work(actor, rep.rep_id, asked, plan.minutes, now).work, read_draft(plan_id, rep.rep_id)
        teams[rep.team_id].append(_together(work, draft, asked))
    for team_id, pairs in teams.items():
        works, drafts = [work for work, _ in pairs], [draft for _, draft in pairs]
        places = sum(len(work.customers) for work in works)
        if len(pairs) == 1 or places > MOST_PLACES or all(draft.shortfall is None for draft in drafts):
            continue
        driving = how_to_drive(team_id, works)
        db.session.rollback()
        found = with_other_reps(works, drafts, asked, driving)
        yield from (draft for draft in found if draft.shortfall is not None)


def _together(work: RepWork, draft: RepDraft, asked: Asked) -> tuple[RepWork, RepDraft]:
    """The work without customers that the draft does not name, and the draft without what is not so any more."""
    named = {each.account_id for each in draft.visits} | {each.account_id for each in draft.missing}
    customers = tuple(each for each in work.customers if each.account_id in named)
    known = {each.account_id for each in customers}
    booked, days = {each.visit_id for each in work.booked}, shifts_of(work, asked)[0]
    visits = tuple(
        each
        for each in draft.visits
        if each.day in days and (each.booked in booked if each.booked else each.account_id in known)
    )
    return replace(work, customers=customers), replace(draft, visits=visits)


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

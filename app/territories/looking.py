"""A look at all accounts: for a preview it tells what a change would do, for its application it does it.

It is many short transactions, each stored together with how far it came, so that it goes on after a kill;
app/territories/jobs.py makes a whole one of them.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, delete, insert

from app.accounts.actions import assign_owners
from app.identity.permissions import P
from app.infra.db import AnyRow, db
from app.infra.journal import record
from app.kernel.access import Actor, Reach
from app.kernel.ids import parse_id
from app.territories.atlas import Atlas, Found
from app.territories.events import TerritoryChangeApplied
from app.territories.models import TerritoryAccount, TerritoryChange, TerritoryMove
from app.territories.queries import (
    atlas_of,
    find_change,
    list_active,
    list_asked,
    list_asked_of,
    list_definitions,
    list_given,
    list_items,
)
from app.territories.rules import HAND, Definition, Summary, owner_key

BATCH = 5000  # accounts of one transaction
_MOVE, _ACCOUNT = cast(Table, TerritoryMove.__table__), cast(Table, TerritoryAccount.__table__)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a look at all accounts goes by: the territories as they are after the change, and whom they belong to."""

    actor: Actor
    change_id: UUID
    round: int
    is_applied: bool  # the look writes; else it only tells
    before: Mapping[UUID, Definition]
    definitions: Mapping[UUID, Definition]
    atlas: Atlas
    hands: Mapping[UUID, UUID | None]
    touched: frozenset[UUID]
    active: frozenset[UUID]
    hand_over: bool
    undo_of: UUID | None


def plan_of(actor: Actor, change: TerritoryChange) -> Plan:
    """The plan of a draft, or of a change that is being applied."""
    items = list_items(change.id)
    current = list_definitions()
    definitions = {**current, **{key: after for key, (_, after) in items.items()}}
    before = {**current, **{key: each for key, (each, _) in items.items() if each is not None}}
    live = {key: each for key, each in definitions.items() if not each.archived}
    hands = {UUID(account): parse_id(after) for account, _before, after in change.hands}
    owners = {each.owner_id for each in live.values() if each.owner_id is not None}
    return Plan(
        actor, change.id, change.round, change.asked_at is not None, before, live, atlas_of(live), hands,
        frozenset(items), list_active(owners), change.hand_over and actor.may(P.ACCOUNTS_ASSIGN), change.undo_of,
    )  # fmt: skip


def forget_moves(change_id: UUID) -> None:
    """What an earlier look has told about accounts."""
    db.session.execute(delete(TerritoryMove).where(TerritoryMove.change_id == change_id))


def look_on(plan: Plan, now: datetime) -> int | None:
    """Look at the next accounts: how many have been looked at so far; None where no account is left, or where the
    draft has changed meanwhile."""
    change = find_change(plan.change_id)
    if change is None or change.round != plan.round:
        return None
    rows = list_asked(change.cursor, BATCH)
    if not rows:
        return None
    summary = Summary.of(change.summary)
    moves = _moves(plan, rows, summary)
    if plan.is_applied:
        _settle_moves(plan, moves, summary, now)
    summary.given += sum(not each["kept"] and each["owner_from"] != each["owner_to"] for each in moves)
    summary.kept += sum(each["kept"] for each in moves)
    if moves:
        db.session.execute(insert(_MOVE), moves)
    change.cursor, change.done, change.summary = rows[-1].id, change.done + len(rows), asdict(summary)
    db.session.flush()
    return change.done


def _moves(plan: Plan, rows: Sequence[AnyRow], summary: Summary) -> list[dict[str, Any]]:
    overlaps: Counter[tuple[UUID, UUID]] = Counter()
    found = plan.atlas.find(rows, overlaps)
    for (one, other), accounts in overlaps.items():
        key = f"{one} {other}"
        summary.overlaps[key] = summary.overlaps.get(key, 0) + accounts
    back = list_given(plan.undo_of, [row.id for row in rows]) if plan.undo_of else {}
    here = plan.active | list_active({before for before, _ in back.values() if before is not None})
    moves = []
    for row, by_itself in zip(rows, found, strict=True):
        before: Found = (row.territory_id, row.how)
        after = _after(plan, row, by_itself)
        summary.count(before[0], after[0], row.rating)
        summary.moved += before[0] != after[0]
        owner, kept = _owner_after(plan, row, after[0], back.get(row.id), here)
        if before != after or owner != row.owner_id or kept:
            moves.append({
                "change_id": plan.change_id, "account_id": row.id, "rating": row.rating, "from_id": before[0],
                "from_how": before[1], "to_id": after[0], "to_how": after[1], "owner_from": row.owner_id,
                "owner_to": owner, "kept": kept,
            })  # fmt: skip
    return moves


def _after(plan: Plan, row: AnyRow, by_itself: Found) -> Found:
    """By hand before all else; a hand that points to a territory which is gone points to nothing."""
    hand = plan.hands.get(row.id) if row.id in plan.hands else row.territory_id if row.how == HAND else None
    return (hand, HAND) if hand in plan.definitions else by_itself


def _owner_after(
    plan: Plan,
    row: AnyRow,
    territory_id: UUID | None,
    given: tuple[UUID | None, UUID | None] | None,
    here: Collection[UUID],
) -> tuple[UUID | None, bool]:
    """Whose the account is afterwards, and whether it stays where it is although it should go. `given`: what the change
    that is undone did; `here`: who still works here."""
    wanted = row.owner_id
    if given is not None:
        if row.owner_id != given[1]:
            return row.owner_id, True  # somebody gave it to another since
        wanted = given[0]
    elif plan.hand_over and territory_id is not None:
        is_touched = territory_id in plan.touched or territory_id != row.territory_id or row.id in plan.hands
        owner = plan.definitions[territory_id].owner_id
        if is_touched and owner is not None:
            wanted = owner
    if wanted == row.owner_id:
        return wanted, False
    may = (wanted is None or wanted in here) and _may_give(plan.actor, row.owner_id, wanted)
    return (wanted, False) if may else (row.owner_id, True)


def _may_give(actor: Actor, before: UUID | None, after: UUID | None) -> bool:
    if not actor.may(P.ACCOUNTS_ASSIGN):
        return False
    return actor.reach is Reach.ALL or {before, after} <= {None, *actor.people}


def _settle_moves(plan: Plan, moves: list[dict[str, Any]], summary: Summary, now: datetime) -> None:
    """Make it so: where the accounts lie, and whose they are."""
    _put_memberships({
        each["account_id"]: (each["to_id"], each["to_how"])
        for each in moves
        if (each["from_id"], each["from_how"]) != (each["to_id"], each["to_how"])
    })  # fmt: skip
    owners = {
        each["account_id"]: each["owner_to"] for each in moves if each["owner_to"] != each["owner_from"]
    }  # fmt: skip
    if not owners:
        return
    given = assign_owners(plan.actor, owners, now)
    for each in moves:
        if each["account_id"] in owners and each["account_id"] not in given:
            each["owner_to"], each["kept"] = each["owner_from"], True


def _put_memberships(members: Mapping[UUID, Found]) -> None:
    if not members:
        return
    db.session.execute(delete(TerritoryAccount).where(TerritoryAccount.account_id.in_(list(members))))
    rows = [
        {"account_id": account_id, "territory_id": territory_id, "how": how}
        for account_id, (territory_id, how) in members.items()
        if territory_id is not None
    ]
    if rows:
        db.session.execute(insert(_ACCOUNT), rows)


def end_look(plan: Plan, now: datetime) -> None:
    """All accounts were looked at: the preview stands, or the change is applied."""
    change = find_change(plan.change_id)
    if change is None or change.round != plan.round or change.discarded_at is not None:
        return
    summary = Summary.of(change.summary)
    summary.crossings = [[str(a), str(b), round(km2, 3)] for a, b, km2 in plan.atlas.crossings]
    for key in {**plan.before, **plan.definitions}:
        was, now_is = plan.before.get(key), plan.definitions.get(key)
        name = (now_is or was or Definition("")).name
        summary.territories[str(key)] = [name, owner_key(was) if was else "", owner_key(now_is) if now_is else ""]
    change.summary = asdict(summary)
    if plan.is_applied:
        change.applied_at = now
        undo_of = str(change.undo_of) if change.undo_of else None
        record(plan.actor, TerritoryChangeApplied(change.id, number=change.number or 0, undo_of=undo_of), now)
    else:
        change.previewed_at = now
    change.version += 1
    db.session.flush()


def settle_accounts(account_ids: Collection[UUID]) -> int:
    """Let these accounts lie where hand, rules and position say now; how many changed."""
    definitions = list_definitions()
    rows = list_asked_of(account_ids)
    found = atlas_of(definitions).find(rows)
    members: dict[UUID, Found] = {}
    for row, by_itself in zip(rows, found, strict=True):
        after: Found = (None, None)
        if row.archived_at is None:
            is_held = row.how == HAND and row.territory_id in definitions
            after = (row.territory_id, HAND) if is_held else by_itself
        if after != (row.territory_id, row.how):
            members[row.id] = after
    _put_memberships(members)
    return len(members)

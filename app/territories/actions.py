"""Changing territories: a draft, its preview, its application, its undoing.

Nothing changes a territory but a change that was previewed (app/territories/looking.py makes the preview).
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert

from app.identity.permissions import P
from app.infra.db import db
from app.infra.journal import record
from app.infra.queue import enqueue
from app.kernel.access import Actor, must
from app.kernel.errors import InvalidError, NotFoundError, StaleError, must_match
from app.kernel.i18n import N_
from app.kernel.ids import new_id
from app.territories.events import (
    TerritoryChangeDiscarded,
    TerritoryChangeDrafted,
    TerritorySaved,
)
from app.territories.models import (
    Territory,
    TerritoryChange,
    TerritoryChangeItem,
    TerritoryShape,
)
from app.territories.queries import (
    find_change,
    find_generation,
    find_undoing,
    get_change,
    has_territories,
    is_applying,
    list_definitions,
    list_hands,
    list_items,
    list_owners,
    reached,
)
from app.territories.rules import (
    COLOURS,
    MOST_HANDS,
    MOST_TERRITORIES,
    Definition,
    Summary,
    check_definition,
    owner_key,
    undone,
)
from app.territories.shapes import MOST_SHOWN, Area, Read, geojson_of, km2_of

CARRY_OUT, SETTLE = "territories.change", "territories.settle"  # kinds of jobs

# --- Outlines -----------------------------------------------------------------------------------------------


def keep_shape(area: Area) -> UUID:
    """Store an outline; its id."""
    west, south, east, north = area.bounds
    corners = sum(len(ring.coords) - 1 for part in area.geoms for ring in (part.exterior, *part.interiors))
    shape = TerritoryShape(
        id=new_id(), geojson=geojson_of(area), west=west, south=south, east=east, north=north, km2=km2_of(area),
        corners=corners,
    )  # fmt: skip
    db.session.add(shape)
    db.session.flush()
    return shape.id


# --- A draft ------------------------------------------------------------------------------------------------


def draft_territories(
    actor: Actor,
    change_id: UUID,
    wanted: Mapping[UUID, Definition],
    version: int | None,
    now: datetime,
) -> TerritoryChange:
    """Draft that these territories become what is `wanted` (an id that is new makes one). A draft of this id is added
    to, else it is a new one. InvalidError for what no territory can be, NotFoundError for what is not the actor's."""
    must(actor, P.TERRITORIES_MANAGE)
    _check_wanted(actor, wanted)
    change = _draft(actor, change_id, version, now)
    _put_items(change, wanted)
    _begin(actor, change, now)
    return change


def draft_hands(
    actor: Actor,
    change_id: UUID,
    accounts: Collection[UUID],
    territory_id: UUID | None,
    version: int | None,
    now: datetime,
) -> TerritoryChange:
    """Draft that these accounts lie in a territory by hand; None: where rules and position say."""
    must(actor, P.TERRITORIES_MANAGE)
    if not accounts:
        raise InvalidError("", N_("Choose at least one customer."))
    if territory_id is not None:
        found = list_definitions([territory_id]).get(territory_id)
        if found is None or found.archived or not reached(actor).has(found.owner_id, found.team_id):
            raise InvalidError("territory_id", N_("Not a valid choice."))
    before = list_hands(actor, accounts)
    if set(before) != set(accounts):
        raise NotFoundError
    change = _draft(actor, change_id, version, now)
    hands = {known[0]: known for known in change.hands}
    for account_id, known in before.items():
        hands[str(account_id)] = [str(account_id), _text(known), _text(territory_id)]
    if len(hands) > MOST_HANDS:
        raise InvalidError("", N_("At most %(number)s customers can be put by hand at once."), {"number": MOST_HANDS})
    change.hands = list(hands.values())
    _begin(actor, change, now)
    return change


def draft_import(actor: Actor, change_id: UUID, source: Mapping[str, Any], now: datetime) -> TerritoryChange:
    """Draft what a file holds: {file_name, digest, features, choices}. What names its features is chosen next."""
    must(actor, P.TERRITORIES_MANAGE)
    known = db.session.get(TerritoryChange, change_id)
    if known is not None:
        return get_change(actor, change_id)
    change = _draft(actor, change_id, None, now)
    change.source = {**source, "name": None}
    db.session.flush()
    return change


def choose_source(
    actor: Actor, change_id: UUID, name: str, code: str, datum: str, version: int | None, now: datetime
) -> TerritoryChange:
    """Say which properties of the file are name and code ('' for none), and in which datum it is: wgs84 or gcj02."""
    change = _open(actor, change_id, version)
    if change.source is None:
        raise NotFoundError
    known = {choice for choice, _ in change.source["choices"]}
    for field, value in (("name", name), ("code", code)):
        if value and value not in known:
            raise InvalidError(field, N_("Not a valid choice."))
    change.source = {**change.source, "name": name, "code": code, "datum": datum, "mend": False}
    _begin(actor, change, now)
    return change


def accept_mended(actor: Actor, change_id: UUID, version: int | None, now: datetime) -> TerritoryChange:
    """Take what can be mended of a file with problems, and leave out the rest."""
    change = _open(actor, change_id, version)
    if change.source is None or not change.wrong:
        raise NotFoundError
    change.source = {**change.source, "mend": True}
    _begin(actor, change, now)
    return change


def set_hand_over(actor: Actor, change_id: UUID, wanted: bool, version: int | None, now: datetime) -> TerritoryChange:
    """Whether the accounts go to their territory's owner as well; also makes the preview anew."""
    if wanted:
        must(actor, P.ACCOUNTS_ASSIGN)
    change = _open(actor, change_id, version)
    change.hand_over = wanted
    _begin(actor, change, now)
    return change


def discard_change(actor: Actor, change_id: UUID, version: int | None, now: datetime) -> None:
    """Put a draft away; nothing of it happens."""
    change = _open(actor, change_id, version)
    change.discarded_at = now
    change.version += 1
    change.round += 1
    record(actor, TerritoryChangeDiscarded(change.id), now)
    db.session.flush()


def _draft(actor: Actor, change_id: UUID, version: int | None, now: datetime) -> TerritoryChange:
    if db.session.get(TerritoryChange, change_id) is not None:
        return _open(actor, change_id, version)
    change = TerritoryChange(
        id=change_id, created_at=now, created_by=actor.person_id, hands=[], kept=[], problems=[], summary={},
        round=0, version=1, wrong=0, done=0,
    )  # fmt: skip
    db.session.add(change)
    db.session.flush()
    return change


def _open(actor: Actor, change_id: UUID, version: int | None) -> TerritoryChange:
    """A draft that may still be changed."""
    must(actor, P.TERRITORIES_MANAGE)
    change = get_change(actor, change_id)
    must_match(version, change.version)
    if change.asked_at is not None or change.discarded_at is not None:
        raise StaleError(change.version)
    return change


def _begin(actor: Actor, change: TerritoryChange, now: datetime) -> None:
    """Have the preview made, anew where there was one."""
    _refuse_while_applying()
    _take_up(change)
    is_first = change.round == 0
    change.round += 1
    change.version += 0 if is_first else 1
    change.based_on = find_generation()
    change.cursor, change.done, change.summary, change.previewed_at, change.wrong = None, 0, {}, None, 0
    change.job_id = _ask(actor, change)
    db.session.flush()
    if is_first:
        items = len(list_items(change.id))
        record(actor, TerritoryChangeDrafted(change.id, territories=items, accounts=len(change.hands)), now)


def _take_up(change: TerritoryChange) -> None:
    """Let a draft say what it would change from how things are now; an undoing leaves what was changed since."""
    items = list_items(change.id)
    known = list_definitions(list(items))
    for territory_id, (before, after) in items.items():
        if before == known.get(territory_id):
            continue
        row = db.session.get_one(TerritoryChangeItem, (change.id, territory_id))
        if change.undo_of is None:
            row.before = known[territory_id].plain()
        else:
            db.session.delete(row)
            change.kept = sorted([*change.kept, after.name])
    db.session.flush()


def _ask(actor: Actor, change: TerritoryChange) -> UUID:
    arguments = {"change_id": str(change.id), "round": change.round}
    return enqueue(CARRY_OUT, arguments, actor.id, datetime.now(UTC))  # its turn is by the clock of the queue


def _refuse_while_applying() -> None:
    if is_applying():
        raise InvalidError("", N_("Another change is being applied just now. Try again in a moment."))


def _check_wanted(actor: Actor, wanted: Mapping[UUID, Definition]) -> None:
    reach, known = reached(actor), list_definitions(list(wanted))
    owners = {value for value, _ in list_owners(actor, reach)}
    for territory_id, definition in wanted.items():
        before = known.get(territory_id)
        if before is not None and not reach.has(before.owner_id, before.team_id):
            raise NotFoundError
        check_definition(definition)
        owner = owner_key(definition)
        is_same = before is not None and owner == owner_key(before)
        if owner and owner not in owners and not is_same:
            raise InvalidError("owner", N_("Choose somebody of your team."))
        if not definition.archived and definition.shape_id is None and not definition.rule and before is None:
            reason = N_("A territory needs an outline or a rule: draw it, type its corners, or write a rule.")
            raise InvalidError("shape", reason)


def _put_items(change: TerritoryChange, wanted: Mapping[UUID, Definition]) -> None:
    """Write what the draft does to these territories; what is as it was is left out."""
    known = list_definitions(list(wanted))
    if len(list_definitions().keys() | wanted.keys()) > MOST_TERRITORIES:
        raise InvalidError("", N_("There can be at most %(number)s territories."), {"number": MOST_TERRITORIES})
    mine = TerritoryChangeItem.change_id == change.id
    db.session.execute(delete(TerritoryChangeItem).where(mine, TerritoryChangeItem.territory_id.in_(list(wanted))))
    rows = [
        {
            "change_id": change.id, "territory_id": territory_id, "after": definition.plain(),
            "before": before.plain() if (before := known.get(territory_id)) else None,
        }
        for territory_id, definition in wanted.items()
        if definition != known.get(territory_id)
    ]  # fmt: skip
    if rows:
        db.session.execute(insert(TerritoryChangeItem), rows)
    db.session.flush()


def note_read(actor: Actor, change_id: UUID, round_: int, read: Read) -> bool:
    """The file of a draft was read: its territories are drafted, or its problems kept for somebody to decide.

    False where nothing more is to do: there are problems, or the draft has changed meanwhile.
    """
    change = find_change(change_id)
    if change is None or change.round != round_ or change.source is None:
        return False
    change.problems = [each.plain() for each in read.problems[:MOST_SHOWN]]
    change.source = {**change.source, "mends": read.mends, "lost": read.lost, "problems": len(read.problems)}
    if not read.taken or (read.problems and not change.source["mend"]):
        change.wrong = len(read.problems)
        change.version += 1
        db.session.flush()
        return False
    db.session.execute(delete(TerritoryChangeItem).where(TerritoryChangeItem.change_id == change_id))
    reach = reached(actor)
    known = {
        each.name: (territory_id, each)
        for territory_id, each in list_definitions().items()
        if reach.has(each.owner_id, each.team_id)
    }
    wanted: dict[UUID, Definition] = {}
    for number, (name, code, area) in enumerate(read.taken):
        territory_id, before = known.get(name, (new_id(), None))
        shape_id = keep_shape(area)
        if before is None:
            wanted[territory_id] = Definition(name, code, COLOURS[number % len(COLOURS)], shape_id=shape_id)
        else:
            wanted[territory_id] = replace(before, shape_id=shape_id, code=code or before.code)
    _put_items(change, wanted)
    return True


# --- Applying -----------------------------------------------------------------------------------------------


def apply_change(actor: Actor, change_id: UUID, version: int | None, now: datetime) -> TerritoryChange:
    """Apply a previewed change: its territories are changed at once, the accounts follow by the worker.

    StaleError where another change was applied since the preview. Asked twice, it is applied once.
    """
    must(actor, P.TERRITORIES_MANAGE)
    change = get_change(actor, change_id)
    if change.asked_at is not None:
        return change
    change = _open(actor, change_id, version)
    if change.previewed_at is None:
        raise StaleError(change.version)
    generation = find_generation()
    if change.based_on != generation:
        raise StaleError(change.version)
    _refuse_while_applying()
    items = list_items(change.id)
    _refuse_taking(actor, change)
    change.number, change.asked_at, change.asked_by = generation + 1, now, actor.person_id
    change.round += 1
    change.version += 1
    change.cursor, change.done, change.summary = None, 0, {}
    _put_territories(actor, change, items, now)
    change.job_id = _ask(actor, change)
    db.session.flush()
    return change


def resume_change(actor: Actor, change_id: UUID, now: datetime) -> None:
    """Go on with a change whose work was given up."""
    must(actor, P.TERRITORIES_MANAGE)
    change = get_change(actor, change_id)
    if change.asked_at is None:
        _begin(actor, _open(actor, change_id, None), now)
    elif change.applied_at is None:
        change.job_id = _ask(actor, change)
        db.session.flush()


def _refuse_taking(actor: Actor, change: TerritoryChange) -> None:
    """No manager takes accounts out of the territories of other teams."""
    reach = reached(actor)
    if reach.everybody:
        return
    known, summary = list_definitions(), Summary.of(change.summary)
    lost = sum(
        max(0, before.accounts - after.accounts)
        for key, each in known.items()
        if not reach.has(each.owner_id, each.team_id)
        for before, after in (summary.work(key),)
    )
    if lost:
        reason = N_("This takes %(number)s customers out of territories of other teams. An administrator can do that.")
        raise InvalidError("", reason, {"number": lost})


def _put_territories(
    actor: Actor, change: TerritoryChange, items: Mapping[UUID, tuple[Definition | None, Definition]], now: datetime
) -> None:
    rows = db.session.query(Territory).where(Territory.id.in_(list(items))).all()
    known = {row.id: row for row in rows}
    for territory_id, (_before, after) in items.items():
        row = known.get(territory_id)
        columns: dict[str, Any] = {
            "name": after.name, "code": after.code, "colour": after.colour, "owner_id": after.owner_id,
            "team_id": after.team_id, "shape_id": after.shape_id,
            "rule": {name: list(values) for name, values in after.rule.items()},
            "archived_at": now if after.archived else None,
        }  # fmt: skip
        if row is None:
            db.session.add(Territory(id=territory_id, created_at=now, **columns))
        else:
            for name, value in columns.items():
                setattr(row, name, value)
            row.version += 1
        saved = TerritorySaved(
            territory_id, change=str(change.id), name=after.name, owner_id=_text(after.owner_id),
            team_id=_text(after.team_id), shape_id=_text(after.shape_id), is_archived=after.archived,
        )  # fmt: skip
        record(actor, saved, now)
    db.session.flush()


def _text(value: UUID | None) -> str | None:
    return str(value) if value else None


# --- Undoing ------------------------------------------------------------------------------------------------


def undo_change(actor: Actor, change_id: UUID, undoing_id: UUID, now: datetime) -> TerritoryChange:
    """Draft the undoing of an applied change: its territories and accounts become what they were, except what was
    changed since (`kept` names the territories, moves with `kept` the accounts). Previewed and applied like any other.
    """
    must(actor, P.TERRITORIES_MANAGE)
    change = get_change(actor, change_id)
    if change.applied_at is None:
        raise StaleError(change.version)
    undoing = find_undoing(change_id)
    if undoing is not None:
        return get_change(actor, undoing.id)
    if db.session.get(TerritoryChange, undoing_id) is not None:
        raise NotFoundError
    items = list_items(change_id)
    reach, known = reached(actor), list_definitions(list(items))
    wanted, kept = {}, []
    for territory_id, (before, after) in items.items():
        now_is = known.get(territory_id)
        if now_is == after and reach.has(after.owner_id, after.team_id):
            wanted[territory_id] = undone(before, after)
        else:
            kept.append(after.name)
    hands = {UUID(account): (before, after) for account, before, after in change.hands}
    now_in = list_hands(actor, hands)
    draft = _draft(actor, undoing_id, None, now)
    draft.undo_of, draft.kept = change_id, sorted(kept)
    draft.hands = [
        [str(account), after, before]
        for account, (before, after) in hands.items()
        if account in now_in and _text(now_in[account]) == after
    ]
    _put_items(draft, wanted)
    _begin(actor, draft, now)
    return draft


# --- Following the accounts ---------------------------------------------------------------------------------


def hear_accounts(account_ids: Collection[UUID]) -> None:
    """Accounts were added, moved, classed or put away: once that is committed, the worker looks where they lie now."""
    if has_territories():
        ids = [str(each) for each in account_ids]
        enqueue(SETTLE, {"account_ids": ids}, None, datetime.now(UTC))

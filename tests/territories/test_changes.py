"""Drafts, previews, application and undoing; and how membership follows the accounts."""

from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import event, func, select, update

from app.accounts.actions import archive_account, assign_owner, restore_account, set_position
from app.accounts.models import Account, Place
from app.accounts.queries import get_main_place
from app.identity.administration import set_active
from app.infra.db import db, transact
from app.infra.journal import JournalEntry
from app.infra.queue import Job, Worker
from app.kernel.access import SYSTEM
from app.kernel.errors import ForbiddenError, InvalidError, NotFoundError, StaleError
from app.kernel.geo import Position
from app.kernel.ids import new_id
from app.territories import looking
from app.territories.actions import (
    apply_change,
    discard_change,
    draft_hands,
    draft_territories,
    set_hand_over,
    undo_change,
)
from app.territories.jobs import JOBS
from app.territories.models import TerritoryMove
from app.territories.queries import find_change
from app.territories.rules import Definition, Summary
from tests.conftest import NOW, Cast
from tests.territories.stage import add, apply, draft, live, make, members, owners, square, the, work

WEST, EAST = square(120, 30, 121, 32), square(121, 30, 122, 32)


def summary(change_id: UUID) -> Summary:
    return Summary.of(the(change_id).summary)


def undo(app: Flask, cast: Cast, change_id: UUID) -> UUID:
    undoing = transact(lambda: undo_change(cast.ada, change_id, new_id(), NOW).id)
    work(app)
    return undoing


def test_an_account_lies_where_hand_rule_and_position_say_in_that_order(app: Flask, cast: Cast) -> None:
    add(cast.ada, "in the west", 31, 120.5)
    add(cast.ada, "in the east", 31, 121.5)
    add(cast.ada, "beyond", 31, 130)
    add(cast.ada, "nowhere", None)
    add(cast.ada, "a chain's shop", 31, 120.6, city="Ningbo")
    by_hand = add(cast.ada, "by hand", 31, 120.7, city="Ningbo")
    ids = make(app, cast.ada, west=WEST, east=EAST, chain=Definition("chain", rule={"city": ["ningbo"]}))
    west, chain = ("west", "position"), ("chain", "rule")
    rest = {"in the west": west, "in the east": ("east", "position"), "a chain's shop": chain}
    assert members() == rest | {"by hand": chain}
    change = transact(lambda: draft_hands(cast.ada, new_id(), [by_hand], ids["east"], None, NOW).id)
    work(app)
    assert members() == rest | {"by hand": chain}, "a preview changes nothing"
    apply(app, cast.ada, change)
    assert members() == rest | {"by hand": ("east", "hand")}
    back = transact(lambda: draft_hands(cast.ada, new_id(), [by_hand], None, None, NOW).id)
    work(app)
    apply(app, cast.ada, back)
    assert members() == rest | {"by hand": chain}


def test_the_smaller_outline_and_then_the_older_territory_counts(app: Flask, cast: Cast) -> None:
    add(cast.ada, "shop", 31, 120.5)
    ids = make(app, cast.ada, west=WEST, small=square(120.4, 30.9, 120.6, 31.1))
    assert members() == {"shop": ("small", "position")}
    make(app, cast.ada, same=square(120.4, 30.9, 120.6, 31.1))
    assert members() == {"shop": ("small", "position")}
    gone = Definition.of({**live()["small"].plain(), "archived": True})
    apply(app, cast.ada, draft(app, cast.ada, {ids["small"]: gone}))
    assert members() == {"shop": ("same", "position")}
    assert set(live()) == {"west", "same"}


def test_the_preview_tells_who_gains_and_who_loses(app: Flask, cast: Cast) -> None:
    for number, rating in enumerate("AABC"):
        add(cast.ada, f"shop {number}", 31, 120.5 + number / 10, rating)
    add(cast.ada, "outside", 40, 100)
    ids = make(app, cast.ada, west=square(120, 30, 122, 32))
    new = new_id()
    change = draft(app, cast.ada, {new: Definition("cut off")}, {new: square(120.65, 30, 122, 32)})
    found = summary(change)
    before, after = found.work(ids["west"])
    assert (before.classes, after.classes) == ((2, 1, 1), (2, 0, 0))
    assert found.work(new)[1].classes == (0, 1, 1)
    assert found.work(None) == found.work(None)[:1] * 2, "nobody falls out"
    assert (found.moved, found.overlaps) == (2, {f"{new} {ids['west']}": 2})
    assert round(before.visits, 2) == round(2 * 30.4375 / 14 + 30.4375 / 30 + 30.4375 / 60, 2)
    assert before.hours == before.visits / 2
    moves = db.session.execute(select(TerritoryMove.to_id).where(TerritoryMove.change_id == change)).scalars().all()
    assert moves == [new, new]
    assert members()["shop 2"] == ("west", "position"), "a preview changes nothing"


def test_apply_then_undo_is_as_before(app: Flask, cast: Cast) -> None:
    mine = [add(cast.ada, f"shop {n}", 31, 120.1 + n / 10, "ABC"[n % 3], cast.rita.id) for n in range(9)]
    add(cast.ada, "pool", 31, 120.95)
    ids = make(app, cast.ada, west=WEST, old=square(119, 29, 119.5, 29.5))
    transact(lambda: draft_hands(cast.ada, new_id(), mine[:1], ids["old"], None, NOW))
    work(app)
    before = members(), owners(), live()
    new = new_id()
    wanted = {
        new: Definition("new", owner_id=cast.ren.id),
        ids["west"]: Definition.of({**live()["west"].plain(), "owner_id": str(cast.mona.id), "name": "West"}),
        ids["old"]: Definition.of({**live()["old"].plain(), "archived": True}),
    }
    change = draft(app, cast.ada, wanted, {new: square(120, 30, 120.45, 32)})
    transact(lambda: set_hand_over(cast.ada, change, True, None, NOW))
    work(app)
    told = summary(change)
    assert (told.moved, told.given) == (4, 10)
    assert (members(), owners(), live()) == before
    apply(app, cast.ada, change)
    assert {name for name, (territory, _) in members().items() if territory == "new"} == {f"shop {n}" for n in range(4)}
    assert {owners()[f"shop {n}"] for n in range(4)} == {cast.ren.id}
    assert owners()["pool"] == owners()["shop 5"] == cast.mona.id
    assert summary(change).given == 10
    places = select(Place.owner_id).join(Account, Account.id == Place.account_id).where(Account.name == "shop 1")
    assert db.session.scalar(places) == cast.ren.id, "what places repeat follows"

    undoing = undo(app, cast, change)
    assert summary(undoing).kept == 0
    apply(app, cast.ada, undoing)
    assert (members(), owners(), live()) == before
    again = undo(app, cast, undoing)
    apply(app, cast.ada, again)
    assert {owners()[f"shop {n}"] for n in range(4)} == {cast.ren.id}, "an undoing can be undone too"


def test_undoing_leaves_what_somebody_changed_since_and_says_which(app: Flask, cast: Cast) -> None:
    shops = [add(cast.ada, f"shop {n}", 31, 120.1 + n / 10, owner_id=cast.rita.id) for n in range(3)]
    ids = make(app, cast.ada, west=WEST, east=EAST)
    wanted = {
        ids["west"]: Definition.of({**live()["west"].plain(), "owner_id": str(cast.mona.id)}),
        ids["east"]: Definition.of({**live()["east"].plain(), "name": "Far east"}),
    }
    change = draft(app, cast.ada, wanted)
    transact(lambda: set_hand_over(cast.ada, change, True, None, NOW))
    work(app)
    apply(app, cast.ada, change)
    assert set(owners().values()) == {cast.mona.id}
    transact(lambda: assign_owner(cast.ada, shops[1], cast.ren.id, None, NOW))
    wanted = {ids["east"]: Definition.of({**live()["Far east"].plain(), "name": "Furthest east"})}
    apply(app, cast.ada, draft(app, cast.ada, wanted))
    undoing = undo(app, cast, change)
    assert the(undoing).kept == ["Far east"]
    kept = select(TerritoryMove.account_id).where(TerritoryMove.change_id == undoing, TerritoryMove.kept.is_(True))
    assert list(db.session.scalars(kept)) == [shops[1]]
    apply(app, cast.ada, undoing)
    assert owners() == {"shop 0": cast.rita.id, "shop 1": cast.ren.id, "shop 2": cast.rita.id}
    assert set(live()) == {"west", "Furthest east"}


def test_a_preview_that_another_change_has_overtaken_is_stale(app: Flask, cast: Cast) -> None:
    first, second = new_id(), new_id()
    change = draft(app, cast.ada, {first: Definition("first")}, {first: WEST})
    apply(app, cast.ada, draft(app, cast.ada, {second: Definition("second")}, {second: EAST}))
    with pytest.raises(StaleError):
        transact(lambda: apply_change(cast.ada, change, None, NOW))
    assert set(live()) == {"second"}
    transact(lambda: set_hand_over(cast.ada, change, False, None, NOW))
    work(app)
    with pytest.raises(StaleError):
        transact(lambda: apply_change(cast.ada, change, the(change).version - 1, NOW))
    apply(app, cast.ada, change)
    assert set(live()) == {"first", "second"}
    transact(lambda: apply_change(cast.ada, change, None, NOW))
    assert the(change).number == 2, "applied once"


def test_a_preview_made_anew_starts_from_how_things_are_now(app: Flask, cast: Cast) -> None:
    ids = make(app, cast.ada, west=WEST)
    first = draft(app, cast.ada, {ids["west"]: Definition.of({**live()["west"].plain(), "code": "W"})})
    second = draft(app, cast.ada, {ids["west"]: Definition.of({**live()["west"].plain(), "name": "Wilder"})})
    apply(app, cast.ada, second)
    undoing = undo(app, cast, second)
    transact(lambda: set_hand_over(cast.ada, first, False, None, NOW))
    work(app)
    apply(app, cast.ada, first)
    assert live()["west"].code == "W"
    transact(lambda: set_hand_over(cast.ada, undoing, False, None, NOW))
    work(app)
    assert the(undoing).kept == ["west"], "it was changed since"
    apply(app, cast.ada, undoing)
    assert live()["west"].code == "W"
    apply(app, cast.ada, undo(app, cast, first))
    assert set(live()) == {"Wilder"}


def test_a_draft_can_be_added_to_and_thrown_away(app: Flask, cast: Cast) -> None:
    one, other = new_id(), new_id()
    change = draft(app, cast.ada, {one: Definition("one")}, {one: WEST})
    draft(app, cast.ada, {other: Definition("other")}, {other: EAST}, change)
    draft(app, cast.ada, {one: Definition("One")}, {one: WEST}, change)
    transact(lambda: discard_change(cast.ada, change, None, NOW))
    with pytest.raises(StaleError):
        transact(lambda: apply_change(cast.ada, change, None, NOW))
    assert live() == {}


def test_one_change_is_applied_after_another(app: Flask, cast: Cast) -> None:
    one = new_id()
    change = draft(app, cast.ada, {one: Definition("one")}, {one: WEST})
    transact(lambda: apply_change(cast.ada, change, None, NOW))
    with pytest.raises(InvalidError, match="being applied"):
        draft(app, cast.ada, {new_id(): Definition("two", rule={"city": ["x"]})})
    work(app)
    assert the(change).applied_at


def test_a_batch_in_which_nothing_moves_is_counted_too(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "BATCH", 2)
    for number in range(5):
        add(cast.ada, f"shop {number}", 31, 120.5)
    change = draft(app, cast.ada, {new_id(): Definition("elsewhere", rule={"city": ["x"]})})
    assert summary(change).work(None)[1].accounts == 5
    assert [name for name, *_ in summary(change).territories.values()] == ["elsewhere"]


def test_a_killed_application_goes_on_where_it_was(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "BATCH", 3)
    for number in range(10):
        add(cast.ada, f"shop {number}", 31, 120.5, owner_id=cast.rita.id)
    one = new_id()
    change = draft(app, cast.ada, {one: Definition("one", owner_id=cast.ren.id)}, {one: WEST})
    transact(lambda: set_hand_over(cast.ada, change, True, None, NOW))
    work(app)
    transact(lambda: apply_change(cast.ada, change, None, NOW))
    real, calls = looking.look_on, []

    def dies(*given: object) -> int | None:
        calls.append(1)
        if len(calls) == 3:
            raise SystemExit
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr("app.territories.jobs.look_on", dies)
    with pytest.raises(SystemExit):
        Worker(app, list(JOBS)).step()
    assert len(members()) == 6
    monkeypatch.setattr("app.territories.jobs.look_on", real)
    db.session.execute(update(Job).values(lease_until=NOW - timedelta(days=1)))
    db.session.commit()
    work(app)
    assert len(members()) == 10 and set(owners().values()) == {cast.ren.id}
    found = summary(change)
    assert (found.moved, found.given) == (10, 10)
    assert db.session.scalar(select(func.count()).select_from(TerritoryMove)) == 10


def test_membership_follows_the_account(app: Flask, cast: Cast) -> None:
    shop = add(cast.ada, "shop", 31, 120.5)
    assert db.session.scalar(select(func.count()).select_from(Job)) == 0, "without territories nothing is asked for"
    make(app, cast.ada, west=WEST, east=EAST)
    place = get_main_place(cast.ada, shop).id
    transact(lambda: set_position(cast.ada, place, Position(31, 121.5), "exact", NOW))
    work(app)
    assert members() == {"shop": ("east", "position")}
    late = add(cast.rita, "late", 31, 120.2)
    work(app)
    assert members() == {"shop": ("east", "position"), "late": ("west", "position")}
    transact(lambda: archive_account(cast.ada, late, NOW))
    work(app)
    assert set(members()) == {"shop"}
    transact(lambda: restore_account(cast.ada, late, NOW))
    work(app)
    assert set(members()) == {"shop", "late"}


def test_imported_accounts_lie_somewhere_too(app: Flask, cast: Cast) -> None:
    from tests.transfer.stage import bring, table

    make(app, cast.ada, west=WEST)
    bring(table("id,name,lat,lon", "1,Inn,31,120.5", "2,Bar,31,125"), actor=SYSTEM)
    work(app)
    assert members() == {"Inn": ("west", "position")}
    bring(table("id,name,lat,lon", "1,Inn,31,129", "2,Bar,31,120.1"), actor=SYSTEM)
    work(app)
    assert members() == {"Bar": ("west", "position")}


def test_a_manager_changes_what_is_the_team_s(app: Flask, cast: Cast) -> None:
    for number in range(3):
        add(cast.ada, f"ren's {number}", 31, 120.5, owner_id=cast.ren.id)
    ids = make(app, cast.ada, west=WEST, free=EAST)
    wanted = {ids["west"]: Definition.of({**live()["west"].plain(), "owner_id": str(cast.ren.id)})}
    apply(app, cast.ada, draft(app, cast.ada, wanted))
    with pytest.raises(NotFoundError):
        transact(lambda: draft_territories(cast.mona, new_id(), {ids["west"]: live()["free"]}, None, NOW))
    with pytest.raises(InvalidError):
        mine = Definition("mine", owner_id=cast.ren.id, rule={"city": ["x"]})
        transact(lambda: draft_territories(cast.mona, new_id(), {new_id(): mine}, None, NOW))
    taking = new_id()
    change = draft(app, cast.mona, {taking: Definition("taking", owner_id=cast.rita.id)}, {
        taking: square(120.4, 30, 120.6, 31.5)
    })  # fmt: skip
    transact(lambda: set_hand_over(cast.mona, change, True, None, NOW))
    work(app)
    found = summary(change)
    assert (found.moved, found.given, found.kept) == (3, 0, 3), "what she does not see is not hers to give"
    with pytest.raises(InvalidError, match="other teams"):
        transact(lambda: apply_change(cast.mona, change, None, NOW))
    with pytest.raises(ForbiddenError):
        transact(lambda: draft_territories(cast.rita, new_id(), {}, None, NOW))
    mine = Definition.of({**live()["free"].plain(), "owner_id": str(cast.rita.id)})
    apply(app, cast.mona, draft(app, cast.mona, {ids["free"]: mine}))
    assert live()["free"].owner_id == cast.rita.id


def test_somebody_who_left_gets_nothing_back(app: Flask, cast: Cast) -> None:
    add(cast.ada, "shop", 31, 120.5, owner_id=cast.ren.id)
    one = new_id()
    change = draft(app, cast.ada, {one: Definition("one", owner_id=cast.rita.id)}, {one: WEST})
    transact(lambda: set_hand_over(cast.ada, change, True, None, NOW))
    work(app)
    apply(app, cast.ada, change)
    transact(lambda: set_active(cast.ada, cast.ren.person_id, False, NOW))
    undoing = undo(app, cast, change)
    apply(app, cast.ada, undoing)
    assert owners() == {"shop": cast.rita.id}
    assert summary(undoing).kept == 1


def test_who_and_when_is_kept(app: Flask, cast: Cast) -> None:
    one = new_id()
    apply(app, cast.ada, draft(app, cast.ada, {one: Definition("one")}, {one: WEST}))
    entries = select(JournalEntry.event, JournalEntry.person_id).where(JournalEntry.event.startswith("Territory"))
    assert {tuple(row) for row in db.session.execute(entries)} == {
        ("TerritoryChangeDrafted", cast.ada.id), ("TerritorySaved", cast.ada.id),
        ("TerritoryChangeApplied", cast.ada.id),
    }  # fmt: skip


def test_many_accounts_in_a_few_statements(app: Flask, cast: Cast) -> None:
    """A look costs the same for one account and for a batch."""
    for number in range(30):
        add(cast.ada, f"shop {number}", 31, 120.5, owner_id=cast.rita.id)
    one = new_id()
    change = draft(app, cast.ada, {one: Definition("one", owner_id=cast.ren.id)}, {one: WEST})
    transact(lambda: set_hand_over(cast.ada, change, True, None, NOW))
    work(app)
    transact(lambda: apply_change(cast.ada, change, None, NOW))
    plan = looking.plan_of(cast.ada, find_change(change) or the(change))
    transact(lambda: looking.forget_moves(change))
    count: list[int] = []

    def tell(*_: object) -> None:
        count.append(1)

    event.listen(db.engine, "before_cursor_execute", tell)
    transact(lambda: looking.look_on(plan, NOW))
    event.remove(db.engine, "before_cursor_execute", tell)
    assert len(count) < 16, len(count)

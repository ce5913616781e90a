"""The figures in SQL say what the rules say, on both databases; everybody counts their own people only."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import event, select

from app.accounts.actions import archive_account
from app.accounts.models import Account
from app.accounts.queries import get_rhythms, list_overdue
from app.accounts.rules import VISIT_INTERVAL_DAYS, next_visit_due
from app.coverage.actions import save_account_rhythm, save_class_rhythm
from app.coverage.plugs import COVERAGE
from app.coverage.queries import NOWHERE, Asked, CoveredAccount, count_coverage, count_reasons, list_covered
from app.coverage.rules import Course, Coverage, State, counted_until, covered, required, states_of, whole
from app.dashboards.rules import Period, Span, period_of
from app.infra.days import day_number
from app.infra.db import db, transact
from app.kernel.access import Actor
from app.kernel.geo import Position
from app.kernel.ids import new_id
from app.territories.models import Territory, TerritoryAccount
from app.visits.actions import CheckInInput, check_in_unplanned
from app.visits.rules import Fix
from tests.conftest import NOW, Cast
from tests.coverage.conftest import TODAY, Past, account, excuse, visit

PERIODS = [
    whole(Span.MONTH, TODAY), whole(Span.WEEK, TODAY), whole(Span.QUARTER, TODAY),
    whole(Span.MONTH, date(2026, 2, 1)), whole(Span.QUARTER, date(2025, 12, 1)),
    whole(Span.WEEK, TODAY + timedelta(days=7)),
]  # fmt: skip


def ask(actor: Actor, period: Period = PERIODS[0], today: date = TODAY, **within: Any) -> Asked:
    return Asked(actor, period, today, get_rhythms(), within)


def everything(asked: Asked, *states: State) -> list[CoveredAccount]:
    found: list[CoveredAccount] = []
    for number in range(1, 9):
        page = list_covered(asked, states, number)
        found += page.rows
        if not page.more:
            return found
    raise AssertionError("too many pages")


def expected(past: Past, period: Period) -> tuple[int, Coverage]:
    """What the rules say of an account, from the facts alone."""
    intervals = {name: days for name, days in VISIT_INTERVAL_DAYS.items() if name != "C"}
    days = intervals.get(past.rating) if past.own_days is None else past.own_days or None
    before = max((day for day in past.visits if day < period.first), default=None)
    made = sorted(day for day in past.visits if period.first <= day <= period.last)
    course = Course(
        days,
        before,
        past.visits[before] if before else past.agreed_on,
        made[0] if made else None,
        made[-1] if made else None,
        len(made),
        past.visits[made[-1]] if made else None,
    )
    needed = required(course, period.first, counted_until(period, TODAY))
    last = max(past.visits, default=None)
    due_on = next_visit_due(last, past.rating, past.visits[last] if last else past.agreed_on, intervals, past.own_days)
    skipped = sum(period.first <= day <= period.last for day in past.skipped)
    return needed, Coverage(due_on, last is not None, min(past.plans, default=None), skipped, needed, len(made))


@pytest.mark.parametrize("period", PERIODS, ids=lambda period: f"{period.span}-{period.first}")
def test_the_lists_say_what_the_rules_say(cast: Cast, pasts: list[Past], period: Period) -> None:
    known = {past.account_id: past for past in pasts if not past.archived or period.last < TODAY - timedelta(days=20)}
    asked = ask(cast.ada, period)
    found = {row.id: row for row in everything(asked)}
    assert found.keys() == known.keys()
    of_state: Counter[State] = Counter()
    for row_id, row in found.items():
        _needed, stands = expected(known[row_id], period)
        told = Coverage(row.due_on, row.last_visit_on is not None, row.planned_on, row.skipped, row.needed, row.made)
        assert told == stands, (known[row_id], row)
        of_state.update(states_of(stands, period, TODAY))
        assert bool(row.reason) == bool(row.skipped)
    for state in State:
        assert len(everything(asked, state)) == of_state[state], state
    assert sum(of_state.values()) > 50
    by_day = [row.due_on for row in everything(asked, State.OVERDUE, State.DUE)]
    assert by_day == sorted(by_day, key=lambda day: day or date.max)


@pytest.mark.parametrize("period", PERIODS[:4], ids=lambda period: f"{period.span}-{period.first}")
def test_groups_add_up_to_what_the_rules_say(cast: Cast, pasts: list[Past], period: Period) -> None:
    rows = everything(ask(cast.ada, period))
    for by in ("rep", "class"):
        groups = count_coverage(ask(cast.ada, period), by)
        assert sum(group.accounts for group in groups) == len(rows)
        assert sum(group.needed for group in groups) == sum(row.needed for row in rows)
        assert sum(group.made for group in groups) == sum(row.made for row in rows)
        assert sum(group.covered for group in groups) == sum(covered(row.needed, row.made) for row in rows)
        for group in groups:
            assert 0 <= group.covered <= min(group.needed, group.made)
            asked = ask(cast.ada, period, **{by: group.group})
            assert group.accounts == len(everything(asked))
            for state, number in group.states.items():
                assert number == len(everything(asked, state)), (by, group.label, state)
    assert [group.label for group in count_coverage(ask(cast.ada, period), "class")] == ["A", "B", "C"]
    assert [group.label for group in count_coverage(ask(cast.ada, period), "rep")] == ["Ren", "Rita", "Sun"]


def test_everybody_counts_their_own_people(cast: Cast, second: Actor, pasts: list[Past]) -> None:
    def owners(actor: Actor) -> set[str]:
        return {group.label for group in count_coverage(ask(actor), "rep")}

    assert owners(cast.ada) == {"Rita", "Sun", "Ren"}
    assert owners(replace(cast.mona, people=cast.mona.people | {second.person_id})) == {"Rita", "Sun"}
    assert owners(cast.rita) == {"Rita"}
    assert {row.owner for row in everything(ask(cast.rita))} == {""}
    assert everything(ask(cast.rita, rep=cast.ren.person_id)) == []
    assert sum(number for _reason, number in count_reasons(ask(cast.rita, PERIODS[2]))) == sum(
        past.skipped.__len__() and sum(PERIODS[2].first <= day <= PERIODS[2].last for day in past.skipped)
        for past in pasts
        if past.owner == "Rita" and not past.archived
    )


def test_why_visits_did_not_take_place(cast: Cast) -> None:
    shop = account(cast.rita, "Shop")

    def fill() -> None:
        for days, kind, reason in (
            (1, "skipped", "Ill"),
            (2, "missed", "Ill"),
            (3, "skipped", "Snow"),
            (4, "postponed", "No"),
        ):
            excuse(visit(shop, cast.rita.person_id, TODAY - timedelta(days=days), came=False), kind, reason)
        excuse(visit(shop, cast.rita.person_id, TODAY - timedelta(days=1)), "skipped", "Was there all the same")

    transact(fill)
    assert count_reasons(ask(cast.mona)) == [("Ill", 2), ("Snow", 1)]
    [row] = everything(ask(cast.mona), State.SKIPPED)
    assert (row.skipped, row.reason) == (3, "Ill")
    assert count_reasons(ask(cast.mona, **{"class": "B"})) == []


# --- Whose day? ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 3, 31, 15, 30, tzinfo=UTC), date(2026, 3, 31)),  # 23:30 in Shanghai
        (datetime(2026, 3, 31, 16, 30, tzinfo=UTC), date(2026, 4, 1)),  # half past midnight there
    ],
)
def test_a_visit_counts_on_its_day_at_the_place(cast: Cast, at: datetime, day: date) -> None:
    shop = account(cast.rita, "Shop")
    given = CheckInInput(Fix(Position(31.2397, 121.49), 10, at), tapped_at=at)
    transact(lambda: check_in_unplanned(cast.rita, new_id(), shop.id, None, given, at))
    for first in (date(2026, 3, 1), date(2026, 4, 1)):
        period = whole(Span.MONTH, first)
        [row] = everything(ask(cast.mona, period, date(2026, 4, 2)))
        assert row.made == (period.first <= day <= period.last)
        assert row.due_on == day + timedelta(days=14)


def test_days_are_numbers_as_in_python(cast: Cast) -> None:
    shop_id = account(cast.rita, "Shop").id
    for day in (date(1, 1, 1), date(1969, 12, 31), date(2000, 2, 29), date(2026, 3, 29), date(9999, 12, 31)):
        transact(lambda day=day: setattr(db.session.get(Account, shop_id), "last_visit_on", day))  # type: ignore[misc]
        assert db.session.scalar(select(day_number(Account.last_visit_on))) == day.toordinal()
        assert db.session.scalar(select(day_number(Account.next_visit_on))) is None
        db.session.remove()


# --- The setting, and accounts with their own ------------------------------------------------------------------------


def test_the_lists_of_the_day_follow_what_is_set(cast: Cast) -> None:
    shops = {
        name: account(cast.rita, name, rating) for name, rating in (("a", "A"), ("b", "B"), ("own", "A"), ("none", "A"))
    }

    def fill() -> None:
        for shop in shops.values():
            db.session.get_one(Account, shop.id).last_visit_on = TODAY - timedelta(days=20)
        save_account_rhythm(cast.ada, shops["none"].id, 0, "", None, NOW)
        save_account_rhythm(cast.ada, shops["own"].id, 7, "周二 9:00-11:00", None, NOW)

    transact(fill)

    def late() -> list[tuple[str, int, str]]:
        return [(row.name, (TODAY - row.due_on).days, row.wish) for row in list_overdue(cast.rita, TODAY, 9)]

    assert late() == [("own", 13, "Tue 09:00-11:00"), ("a", 6, "")]
    transact(lambda: save_class_rhythm(cast.mona, "B", 7, "Mon", 0, NOW))
    assert late() == [("b", 13, "Mon"), ("own", 13, "Tue 09:00-11:00"), ("a", 6, "")]
    transact(lambda: save_class_rhythm(cast.mona, "A", None, "", 0, NOW))
    transact(lambda: save_class_rhythm(cast.mona, "B", 730, "", 1, NOW))
    assert [name for name, *_rest in late()] == ["own"]
    assert list_overdue(cast.rita, TODAY, 9, owner_id=cast.ren.id) == []


def test_what_is_put_away_or_nobodys_is_not_counted(cast: Cast) -> None:
    shop, gone, pool = (account(cast.rita, name) for name in ("Shop", "Gone", "Pool"))
    transact(lambda: archive_account(cast.rita, gone.id, NOW))
    transact(lambda: setattr(db.session.get(Account, pool.id), "owner_id", None))
    assert [row.id for row in everything(ask(cast.mona))] == [shop.id]


# --- Cost ------------------------------------------------------------------------------------------------------------


def test_territories_divide_them_too(cast: Cast, pasts: list[Past]) -> None:
    """Those that lie in none are a group of their own, so that all groups are all accounts."""
    rows = everything(ask(cast.ada))
    inside = [row.id for row in rows[:7]]

    def draw() -> UUID:
        made = Territory(id=new_id(), name="North", colour="#1b6ca8", rule={}, created_at=NOW)
        db.session.add(made)
        db.session.flush()
        db.session.add_all(TerritoryAccount(account_id=id_, territory_id=made.id, how="hand") for id_ in inside)
        return made.id

    north = transact(draw)
    groups = {group.group: group for group in count_coverage(ask(cast.ada), "territory")}
    assert {id_: group.accounts for id_, group in groups.items()} == {north: 7, NOWHERE: len(rows) - 7}
    assert groups[north].label == "North"
    assert sum(group.needed for group in groups.values()) == sum(row.needed for row in rows)
    for id_, group in groups.items():
        found = everything(ask(cast.ada, territory=id_))
        assert ({row.id for row in found} == set(inside)) is (id_ == north)
        assert group.made == sum(row.made for row in found)


def test_the_dashboard_counts_as_coverage_does(cast: Cast, pasts: list[Past]) -> None:
    now, shown = datetime.combine(TODAY, time(4), UTC), period_of(Span.MONTH, TODAY, TODAY)
    facts = list(COVERAGE.load(cast.ada, shown, now))
    for part in (shown, shown.before):
        groups = count_coverage(ask(cast.ada, part), "rep")
        told = {fact.rep_id: fact.numbers for fact in facts if fact.day == part.first}
        assert told == {
            group.group: {"visits_needed": group.needed, "visits_covered": group.covered} for group in groups
        }
        assert any(group.covered for group in groups)


def test_only_those_of_a_team(cast: Cast, pasts: list[Past]) -> None:
    asked = replace(ask(cast.ada), reps=[cast.rita.person_id])
    assert {row.owner for row in everything(asked)} == {"Rita"}
    assert [group.label for group in count_coverage(asked, "rep")] == ["Rita"]


@contextmanager
def statements() -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, text: str, *_rest: Any) -> None:
        seen.append(text)

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)


def test_one_statement_whatever_there_is(app: Flask, cast: Cast, pasts: list[Past]) -> None:
    asked = ask(cast.ada)
    for work in (
        lambda: count_coverage(asked, "rep"),
        lambda: list_covered(asked, (State.OVERDUE,), 1),
        lambda: count_reasons(asked),
    ):
        with statements() as seen:
            work()
        assert len([each for each in seen if each != "BEGIN"]) == 1


def plan_of(statement: Callable[[], Any]) -> str:
    """How SQLite reads what `statement` asks for."""
    with statements() as seen:
        statement()
    asked = next(each for each in seen if "UNION ALL" in each)
    with db.engine.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute(f"EXPLAIN QUERY PLAN {asked}", tuple([1] * asked.count("?")))
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


@pytest.mark.parametrize("made_app", ["sqlite"], indirect=True)
def test_who_is_overdue_is_found_by_index(app: Flask, cast: Cast, pasts: list[Past]) -> None:
    said = plan_of(lambda: list_overdue(cast.rita, TODAY, 5, cast.rita.id))
    assert "SCAN account" not in said, said
    assert said.count("SEARCH account USING INDEX ix_account_owner_id_name (owner_id=?)") >= 3, said

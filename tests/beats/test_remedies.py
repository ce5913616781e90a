"""What would have to give: whatever is named helps when it is done."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from app.beats import remedies as remedies_of
from app.beats.remedies import with_other_reps
from app.beats.rules import Customer, Lack, Remedy, RemedyKind, RepDraft, RepWork
from app.kernel.geo import Position
from tests.beats.works import MONDAY, asked, booked, customer, planned, travel, work


def after(days: int) -> date:
    return MONDAY + timedelta(days=days)


def crowd(size: int, **more: object) -> list[Customer]:
    """Each takes two hours: three of them fill a day."""
    known = {"minutes": 120, "last_on": after(-28), "every_days": 28}
    return [customer(number, **{**known, **more}) for number in range(1, size + 1)]


def remedies(draft: RepDraft, kind: RemedyKind) -> list[Remedy]:
    assert draft.shortfall is not None
    return [remedy for remedy in draft.shortfall.remedies if remedy.kind is kind]


def test_the_shortfall_says_how_many_visits_and_minutes_are_missing() -> None:
    draft = planned(work(*crowd(20)), asked())
    assert draft.shortfall is not None
    assert draft.shortfall.visits == len(draft.missing) == 5
    assert {each.reason for each in draft.missing} == {Lack.NO_TIME}
    assert 5 * 120 < draft.shortfall.minutes < 5 * 140


def test_a_class_that_is_visited_less_often_makes_room() -> None:
    done = work(*(replace(each, rating="C" if each.account_id.int > 12 else "A") for each in crowd(20)))
    draft = planned(done, asked())
    found = {remedy.rating: remedy for remedy in remedies(draft, RemedyKind.LESS_OFTEN)}
    assert (found["C"].before, found["C"].amount) == (28, 35)
    assert found["C"].gains == len(draft.missing)
    slower = [replace(each, every_days=35) if each.rating == "C" else each for each in done.customers]
    again = planned(replace(done, customers=tuple(slower)), asked())
    assert len(again.missing) <= len(draft.missing) - found["C"].gains


def test_a_rhythm_that_would_not_help_is_not_named() -> None:
    late = crowd(20, last_on=after(-200))  # due in the first week however rarely
    assert remedies(planned(work(*late), asked()), RemedyKind.LESS_OFTEN) == []


def test_more_visits_a_day_help_where_the_limit_is_what_is_short() -> None:
    done = work(*crowd(20, minutes=30), most_visits=3)
    draft = planned(done, asked())
    assert {each.reason for each in draft.missing} == {Lack.MOST_VISITS}
    (remedy,) = remedies(draft, RemedyKind.MORE_VISITS)
    assert (remedy.before, remedy.amount, remedy.gains) == (3, 4, 5)
    assert not planned(replace(done, most_visits=remedy.amount), asked()).missing


def test_more_visits_a_day_are_not_named_where_time_is_short() -> None:
    assert remedies(planned(work(*crowd(20), most_visits=3), asked()), RemedyKind.MORE_VISITS) == []
    assert remedies(planned(work(*crowd(20)), asked()), RemedyKind.MORE_VISITS) == []


@pytest.mark.parametrize(("size", "days"), [(17, 1), (20, 2)])
def test_further_days_are_counted(size: int, days: int) -> None:
    draft = planned(work(*crowd(size)), asked(weekdays=frozenset({0, 1, 2, 3, 4})))
    (remedy,) = remedies(draft, RemedyKind.MORE_DAYS)
    assert (remedy.amount, remedy.gains) == (days, len(draft.missing))
    longer = planned(work(*crowd(size)), asked(weekdays=frozenset(range(5 + days))))
    assert not longer.missing


def test_a_thousand_missing_visits_are_not_all_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    real = remedies_of.best_days

    def counted(stops: list[object], *more: object) -> object:
        looked.append(len(stops))
        return real(stops, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(remedies_of, "best_days", counted)
    draft = planned(work(*crowd(200)), asked())
    assert max(looked) == 60
    (remedy,) = remedies(draft, RemedyKind.MORE_DAYS)
    assert (remedy.amount, remedy.gains) == (10, 30)


def test_no_further_day_helps_who_is_open_on_no_such_day() -> None:
    done = work(*crowd(5, hours="Sat 09:00-18:00"))
    draft = planned(done, asked())
    assert {each.reason for each in draft.missing} == {Lack.CLOSED}
    assert draft.shortfall is None


# --- Another rep -----------------------------------------------------------------------------------------------------


def team(*works: RepWork) -> tuple[RepDraft, ...]:
    drafts = [planned(each, asked()) for each in works]
    return with_other_reps(works, drafts, asked(), travel)


def colleague(number: int, *customers: Customer, **more: object) -> RepWork:
    return work(*customers, rep_id=UUID(int=100 + number), **more)


def test_another_rep_with_spare_time_near_is_named() -> None:
    busy, idle = work(*crowd(20)), colleague(1)
    first, second = team(busy, idle)
    (remedy,) = remedies(first, RemedyKind.OTHER_REP)
    assert (remedy.rep_id, remedy.gains, remedy.amount) == (idle.rep_id, len(first.missing), len(first.missing))
    assert second.shortfall is None
    # And it is true: with those accounts the other one has no shortfall.
    given = {each.account_id for each in first.missing}
    taken = replace(idle, customers=tuple(each for each in busy.customers if each.account_id in given))
    assert not planned(taken, asked()).missing


def test_another_rep_can_make_the_first_visits_of_new_accounts() -> None:
    first, _ = team(work(*crowd(28, last_on=None, every_days=7)), colleague(1))
    (remedy,) = remedies(first, RemedyKind.OTHER_REP)
    assert remedy.gains == len(first.missing) == 13


def test_time_is_promised_once() -> None:
    others = [replace(each, account_id=UUID(int=500 + number)) for number, each in enumerate(crowd(20))]
    idle = colleague(2, absent=((after(0), after(3)),))  # has the Friday
    first, second, _ = team(work(*crowd(20)), colleague(1, *others), idle)
    gains = [sum(each.gains for each in remedies(draft, RemedyKind.OTHER_REP)) for draft in (first, second)]
    assert sum(gains) == 3


def test_a_rep_who_is_far_away_or_away_or_busy_is_not_named() -> None:
    far = replace(  # an hour's drive
        colleague(1), hours=replace(work().hours, base=Position(31.4, 121.4))
    )
    away = colleague(2, absent=((after(0), after(6)),))
    busy = colleague(3, *(replace(each, account_id=UUID(int=500 + n)) for n, each in enumerate(crowd(15))))
    first, *_ = team(work(*crowd(20)), far, away, busy)
    assert remedies(first, RemedyKind.OTHER_REP) == []


def test_who_is_away_can_be_stood_in_for() -> None:
    away = work(*crowd(3), absent=((after(0), after(6)),))
    first, _ = team(away, colleague(1))
    (remedy,) = remedies(first, RemedyKind.OTHER_REP)
    assert remedy.gains == len(first.missing) == 3


def test_what_is_booked_counts_for_the_other_rep() -> None:
    own = tuple(booked(number, 900 + number, after(4), minutes=200) for number in (1, 2))
    idle = colleague(1, absent=((after(0), after(3)),), booked=own)
    first, _ = team(work(*crowd(20)), idle)
    assert remedies(first, RemedyKind.OTHER_REP) == []

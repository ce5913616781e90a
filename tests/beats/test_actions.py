"""Drafts, publishing and withdrawing: what becomes of the reps' visits, and what never does."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from app.accounts.models import Account
from app.beats import jobs
from app.beats.actions import (
    PlanInput,
    cancel_plan,
    discard_plan,
    draft_plan,
    enter_absence,
    plan_again,
    publish_plan,
    take_back_absence,
    withdraw_plan,
)
from app.beats.models import Absence, BeatPlan
from app.beats.queries import find_differences, find_own_plan, is_outdated
from app.beats.rules import Lack, RemedyKind, RepDraft
from app.beats.settling import settle_rep
from app.beats.states import State, read_missing, read_shortfall, state_of
from app.beats.weeks import plan_rep
from app.identity.administration import PersonInput, add_person
from app.identity.queries import actor_of
from app.infra.db import db, transact
from app.infra.queue import Job
from app.kernel.access import SYSTEM, Actor
from app.kernel.errors import ForbiddenError, InvalidError, NotFoundError, StaleError
from app.kernel.geo import Position
from app.kernel.ids import new_id
from app.visits.actions import CheckInInput, check_in, dismiss_visit, plan_visit, take_up, withdraw_visit
from app.visits.models import Visit
from app.visits.rules import Dismissal, Fix
from tests.accounts.stage import customer
from tests.beats.stage import (
    asked,
    beats_of,
    drafted,
    due_customer,
    next_monday,
    plan_of,
    published,
    rep_of,
    settled,
    today,
    visits_of,
)
from tests.conftest import NOW, PASSWORD, Cast


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def sun(cast: Cast) -> Actor:
    """Sun sells in Rita's team."""
    given = PersonInput("sun@harbour.example", "Sun", "", "rep", cast.teams["shanghai"], "Asia/Shanghai", "en", 0)
    made = transact(lambda: actor_of(add_person(SYSTEM, given, PASSWORD, NOW)))
    cast.mona = replace(cast.mona, people=cast.mona.people | {made.person_id})
    return made


@pytest.fixture
def shops(cast: Cast) -> list[UUID]:
    """Eleven customers of Rita's that are overdue."""
    return [due_customer(cast.rita, f"Shop {number:02}", number) for number in range(11)]


def publish(manager: Actor, plan_id: UUID) -> None:
    version = plan_of(plan_id).version
    transact(lambda: publish_plan(manager, plan_id, version, now()))
    settled(manager, plan_id)


# --- Drafts ----------------------------------------------------------------------------------------------------------


def test_a_draft_is_in_nobody_s_day(cast: Cast, shops: list[UUID]) -> None:
    plan_id = drafted(cast.mona, asked(cast.rita))
    plan = plan_of(plan_id)
    assert state_of(plan, None) is State.READY
    assert plan.version == 2
    beats = beats_of(plan_id)
    assert {beat.account_id for beat in beats} == set(shops)
    assert all(next_monday() <= beat.day < next_monday() + timedelta(days=5) for beat in beats)
    assert rep_of(plan_id, cast.rita).days
    assert visits_of(cast.rita) == []


def test_the_same_form_twice_is_one_plan(cast: Cast, shops: list[UUID]) -> None:
    plan_id = new_id()
    for _ in range(2):
        transact(lambda: draft_plan(cast.mona, plan_id, asked(cast.rita), now()))
    db.session.rollback()
    assert db.session.query(BeatPlan).count() == 1
    assert db.session.query(Job).filter(Job.kind == "beats.plan").count() == 1


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("reps", {"reps": ()}),
        ("weekdays", {"weekdays": frozenset()}),
        ("weekdays", {"weekdays": frozenset({7})}),
        ("first_on", {"first_on": next_monday() + timedelta(days=1)}),
        ("first_on", {"first_on": next_monday() - timedelta(weeks=9)}),
        ("first_on", {"first_on": next_monday() + timedelta(weeks=99)}),
        ("weeks", {"weeks": 0}),
        ("weeks", {"weeks": 9}),
        ("minutes", {"minutes": 4}),
        ("minutes", {"minutes": 481}),
    ],
)
def test_what_no_plan_can_be_is_refused_at_its_field(cast: Cast, field: str, change: dict[str, object]) -> None:
    given: PlanInput = replace(asked(cast.rita), **change)  # type: ignore[arg-type]
    with pytest.raises(InvalidError) as refused:
        transact(lambda: draft_plan(cast.mona, new_id(), given, now()))
    assert refused.value.field == field


def test_only_managers_plan_and_only_within_reach(cast: Cast) -> None:
    with pytest.raises(ForbiddenError):
        transact(lambda: draft_plan(cast.rita, new_id(), asked(cast.rita), now()))
    with pytest.raises(NotFoundError):
        transact(lambda: draft_plan(cast.mona, new_id(), asked(cast.rita, cast.ren), now()))
    with pytest.raises(NotFoundError):
        transact(lambda: draft_plan(cast.ada, new_id(), asked(cast.otto), now()))  # the back office visits nobody


# --- The job ---------------------------------------------------------------------------------------------------------


def begun(manager: Actor, given: PlanInput) -> tuple[UUID, int]:
    plan_id = new_id()
    round_ = transact(lambda: draft_plan(manager, plan_id, given, now())).round
    db.session.rollback()
    return plan_id, round_


def test_a_killed_job_goes_on_where_it_was(
    cast: Cast, shops: list[UUID], sun: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rita is kept when the worker dies at Sun; the second run plans Sun only."""
    due_customer(sun, "Sun's", 30)
    plan_id, round_ = begun(cast.mona, asked(cast.rita, sun))
    planned: list[UUID] = []
    real: Callable[..., RepDraft | None] = plan_rep

    def dying(work: object, *rest: object) -> RepDraft | None:
        planned.append(work.rep_id)  # type: ignore[attr-defined]
        if len(planned) == 2:
            raise KeyboardInterrupt
        return real(work, *rest)

    monkeypatch.setattr("app.beats.jobs.plan_rep", dying)
    with pytest.raises(KeyboardInterrupt):
        jobs.work_out(plan_id, round_, cast.mona, lambda *_: None, now())
    before = {beat.visit_id for beat in beats_of(plan_id)}
    assert before
    assert plan_of(plan_id).made_at is None
    said: list[tuple[int, int]] = []
    jobs.work_out(plan_id, round_, cast.mona, lambda *told: said.append(told), now())
    assert len(planned) == 3
    assert planned[1] == planned[2] != planned[0]
    assert said[0] == (1, 2)
    assert said[-1] == (2, 2)
    after = beats_of(plan_id)
    assert before < {beat.visit_id for beat in after}
    assert len({(beat.account_id, beat.day) for beat in after}) == len(after)
    assert plan_of(plan_id).made_at is not None
    jobs.work_out(plan_id, round_, cast.mona, lambda *_: None, now())
    assert len(planned) == 3, "what is made is not made again"


def test_a_draft_can_be_stopped_while_it_is_worked_out(cast: Cast, shops: list[UUID]) -> None:
    plan_id, round_ = begun(cast.mona, asked(cast.rita, weeks=3))
    said: list[tuple[int, int]] = []

    def say(done: int, total: int) -> None:
        said.append((done, total))
        if done == 1:
            transact(lambda: cancel_plan(cast.mona, plan_id, now()))

    jobs.work_out(plan_id, round_, cast.mona, say, now())
    assert said == [(0, 3), (1, 3)]
    assert state_of(plan_of(plan_id), None) is State.CANCELLED
    assert beats_of(plan_id) == []
    version = plan_of(plan_id).version
    with pytest.raises(StaleError):
        transact(lambda: publish_plan(cast.mona, plan_id, version, now()))
    again = transact(lambda: plan_again(cast.mona, plan_id, version, now())).round
    db.session.rollback()
    jobs.work_out(plan_id, round_, cast.mona, say, now())  # the old job, late
    assert beats_of(plan_id) == []
    jobs.work_out(plan_id, again, cast.mona, lambda *_: None, now())
    assert len(beats_of(plan_id)) >= len(shops)


# --- Publishing ------------------------------------------------------------------------------------------------------


def test_published_visits_are_the_rep_s_in_their_order(cast: Cast, shops: list[UUID]) -> None:
    plan_id = published(cast.mona, asked(cast.rita))
    beats, visits = beats_of(plan_id), visits_of(cast.rita)
    assert [(v.id, v.account_id, v.planned_on, v.sequence, v.planned_at, v.minutes) for v in visits] == [
        (b.visit_id, b.account_id, b.day, b.sequence, b.planned_at, b.minutes) for b in beats
    ]
    assert all(visit.planned and visit.created_by == cast.mona.id for visit in visits)
    assert rep_of(plan_id, cast.rita).outcome == {"made": len(shops), "kept": 0, "withdrawn": 0, "left_out": 0}
    assert state_of(plan_of(plan_id), None) is State.PUBLISHED
    settled(cast.mona, plan_id)
    assert len(visits_of(cast.rita)) == len(beats), "a job that runs twice doubles nothing"


def test_a_killed_publication_goes_on(
    cast: Cast, shops: list[UUID], sun: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    due_customer(sun, "Sun's", 30)
    plan_id = drafted(cast.mona, asked(cast.rita, sun))
    version = plan_of(plan_id).version
    transact(lambda: publish_plan(cast.mona, plan_id, version, now()))
    done = 0

    def dying(*given: object) -> None:
        nonlocal done
        done += 1
        if done == 2:
            raise KeyboardInterrupt
        settle_rep(*given)  # type: ignore[arg-type]

    monkeypatch.setattr("app.beats.jobs.settle_rep", dying)
    with pytest.raises(KeyboardInterrupt):
        settled(cast.mona, plan_id)
    assert plan_of(plan_id).settled_at is None
    settled(cast.mona, plan_id)
    assert {v.id for v in (*visits_of(cast.rita), *visits_of(sun))} == {b.visit_id for b in beats_of(plan_id)}
    assert plan_of(plan_id).settled_at is not None


def test_what_was_not_looked_at_is_not_published(cast: Cast, shops: list[UUID]) -> None:
    plan_id = drafted(cast.mona, asked(cast.rita))
    version = plan_of(plan_id).version
    transact(lambda: plan_again(cast.mona, plan_id, version, now()))
    with pytest.raises(StaleError):
        transact(lambda: publish_plan(cast.mona, plan_id, version, now()))
    first, second = drafted(cast.mona, asked(cast.rita)), drafted(cast.mona, asked(cast.rita))
    publish(cast.mona, first)
    assert is_outdated(plan_of(second))
    with pytest.raises(StaleError):
        publish(cast.mona, second)
    with pytest.raises(NotFoundError):
        transact(lambda: publish_plan(replace(cast.mona, people=frozenset({cast.mona.person_id})), second, 2, now()))


def test_the_next_plan_keeps_what_stays_and_withdraws_the_rest(cast: Cast, shops: list[UUID]) -> None:
    published(cast.mona, asked(cast.rita))
    before = {visit.id: visit.planned_on for visit in visits_of(cast.rita)}
    gone, new = shops[0], due_customer(cast.rita, "New Shop", 12)

    def visited() -> None:
        db.session.get_one(Account, gone).last_visit_on = today()

    transact(visited)
    second = published(cast.mona, asked(cast.rita))
    after = {visit.id: visit for visit in visits_of(cast.rita)}
    accounts = {visit.account_id for visit in after.values()}
    assert gone not in accounts
    assert accounts == {*shops[1:], new}
    kept = [each for each in after if each in before]
    assert all(after[each].planned_on == before[each] for each in kept)
    outcome = rep_of(second, cast.rita).outcome
    assert outcome["kept"] == len(kept) > 0
    assert outcome["made"] == len(after) - len(kept)
    assert outcome["withdrawn"] == len(before) - len(kept)
    changes = find_differences(plan_of(second), [cast.rita.person_id])[cast.rita.person_id]
    assert {each.account_id for each in changes.added} == {new}
    assert {each.account_id for each in changes.dropped} == {gone}
    assert changes.kept == len(kept)
    own = find_own_plan(cast.rita, next_monday(), next_monday() + timedelta(days=6))
    assert own is not None
    assert own.changes == changes
    assert own.person == "Mona"


def test_what_the_rep_did_is_never_touched(cast: Cast, shops: list[UUID]) -> None:
    """Own visits, agreed times, musts, postponed ones: planned round, never withdrawn, never doubled."""
    first = published(cast.mona, asked(cast.rita))
    visits = {visit.account_id: visit.id for visit in visits_of(cast.rita)}
    monday = next_monday()
    fixed, must, longer, purpose, taken_out, postponed = (visits[shop] for shop in shops[:6])
    own = due_customer(cast.rita, "Own Shop", 13)
    own_visit, later = new_id(), new_id()

    def work() -> None:
        row = db.session.get_one(Visit, fixed)
        row.fixed_at = row.planned_at
        db.session.get_one(Visit, must).must = True
        db.session.get_one(Visit, longer).minutes = 75
        db.session.get_one(Visit, purpose).purpose = "Samples"
        withdraw_visit(cast.rita, taken_out, now())
        day = db.session.get_one(Visit, postponed).planned_on + timedelta(days=7)
        dismiss_visit(cast.rita, postponed, Dismissal.POSTPONED, "Stocktaking", day, later, now())
        plan_visit(cast.rita, own_visit, own, None, monday, now())

    transact(work)
    kept = {each: db.session.get_one(Visit, each).planned_on for each in (fixed, must, longer, purpose, own_visit)}
    for shop in shops:
        transact(lambda shop=shop: setattr(db.session.get_one(Account, shop), "last_visit_on", today()))  # type: ignore[misc]
    second = published(cast.mona, asked(cast.rita, weeks=2))
    after = {visit.id: visit for visit in visits_of(cast.rita)}
    for visit_id, day in kept.items():
        assert after[visit_id].planned_on == day
    assert after[longer].minutes == 75
    assert postponed in after
    assert later in after
    booked = {beat.visit_id for beat in beats_of(second) if beat.is_booked}
    assert booked == {*kept, later}
    days = [(visit.account_id, visit.planned_on) for visit in after.values()]
    assert len(days) == len(set(days))
    version = plan_of(second).version
    transact(lambda: withdraw_plan(cast.mona, second, version, now()))
    settled(cast.mona, second)
    assert {*kept, postponed, later} <= {visit.id for visit in visits_of(cast.rita)}
    assert state_of(plan_of(second), None) is State.WITHDRAWN
    assert state_of(plan_of(first), None) is State.PUBLISHED


def test_withdrawn_visits_are_gone_but_for_those_begun(cast: Cast, shops: list[UUID]) -> None:
    plan_id = published(cast.mona, asked(cast.rita))
    visits = [(visit.id, visit.account_id) for visit in visits_of(cast.rita)]
    here = CheckInInput(Fix(Position(31.23, 121.47), 8.0, now()), reason="Here")
    transact(lambda: check_in(cast.rita, visits[0][0], here, now()))
    version = plan_of(plan_id).version
    transact(lambda: withdraw_plan(cast.mona, plan_id, version, now()))
    settled(cast.mona, plan_id)
    assert [visit.id for visit in visits_of(cast.rita)] == [visits[0][0]]
    assert rep_of(plan_id, cast.rita).outcome["withdrawn"] == len(visits) - 1
    # A phone that did not hear of it checks in all the same.
    taken = transact(lambda: take_up(cast.rita, visits[1][0], now()))
    assert taken.account_id == visits[1][1]
    with pytest.raises(NotFoundError):
        transact(lambda: take_up(cast.ren, visits[2][0], now()))


def test_customers_who_left_are_left_out(cast: Cast, shops: list[UUID]) -> None:
    plan_id = drafted(cast.mona, asked(cast.rita))

    def leave() -> None:
        db.session.get_one(Account, shops[0]).archived_at = now()
        db.session.get_one(Account, shops[1]).owner_id = cast.mona.id

    transact(leave)
    publish(cast.mona, plan_id)
    assert {visit.account_id for visit in visits_of(cast.rita)} == set(shops[2:])
    assert rep_of(plan_id, cast.rita).outcome["left_out"] == 2


def test_a_discarded_draft_is_over(cast: Cast, shops: list[UUID]) -> None:
    plan_id = drafted(cast.mona, asked(cast.rita))
    version = plan_of(plan_id).version
    transact(lambda: discard_plan(cast.mona, plan_id, version, now()))
    with pytest.raises(StaleError):
        publish(cast.mona, plan_id)


# --- Absences --------------------------------------------------------------------------------------------------------


def test_plans_go_round_absences(cast: Cast, shops: list[UUID]) -> None:
    monday = next_monday()
    away = monday, monday + timedelta(days=1)
    plan_id = drafted(cast.mona, asked(cast.rita))
    transact(lambda: enter_absence(cast.rita, new_id(), cast.rita.person_id, *away, "Holiday", now()))
    publish(cast.mona, plan_id)
    assert all(visit.planned_on > away[1] for visit in visits_of(cast.rita)), "entered since the draft was made"
    fresh = drafted(cast.mona, asked(cast.rita))
    assert all(beat.day > away[1] for beat in beats_of(fresh))


def test_absences_are_entered_by_oneself_or_one_s_manager(cast: Cast) -> None:
    first, last = next_monday(), next_monday() + timedelta(days=4)
    mine = new_id()
    for _ in range(2):
        transact(lambda: enter_absence(cast.rita, mine, cast.rita.person_id, first, last, "Holiday", now()))
    with pytest.raises(InvalidError):
        transact(lambda: enter_absence(cast.mona, new_id(), cast.rita.person_id, last, last, "", now()))
    with pytest.raises(InvalidError):
        transact(lambda: enter_absence(cast.rita, new_id(), cast.rita.person_id, last, first, "", now()))
    for actor, whose in ((cast.rita, cast.mona.person_id), (cast.mona, cast.ren.person_id)):
        with pytest.raises(NotFoundError):
            enter_absence(actor, new_id(), whose, first, last, "", now())
    with pytest.raises(NotFoundError):
        transact(lambda: take_back_absence(cast.ren, mine, now()))
    transact(lambda: take_back_absence(cast.mona, mine, now()))
    db.session.rollback()
    assert db.session.get(Absence, mine) is None


# --- What would have to give -----------------------------------------------------------------------------------------


def test_too_much_work_says_what_would_help_and_who(cast: Cast, sun: Actor) -> None:
    """Rita has three times the visits of a week, Sun next to none, near by."""
    for number in range(40):
        due_customer(cast.rita, f"Rita's {number:02}", number, rating="B")
    due_customer(sun, "Sun's", 3)
    plan_id = drafted(cast.mona, asked(cast.rita, sun, minutes=120))
    short = read_shortfall(rep_of(plan_id, cast.rita).shortfall)
    assert short is not None
    assert short.visits > 10
    others = [remedy for remedy in short.remedies if remedy.kind is RemedyKind.OTHER_REP]
    assert [remedy.rep_id for remedy in others] == [sun.id]
    assert others[0].gains > 3
    assert rep_of(plan_id, sun).shortfall is None
    missing = read_missing(rep_of(plan_id, cast.rita).missing)
    assert len(missing) >= short.visits
    assert len(beats_of(plan_id)) + len(missing) >= 41


def test_too_many_customers_are_missing_with_a_reason(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.beats.workload.MOST_CUSTOMERS", 5)
    for number in range(8):
        due_customer(cast.rita, f"Shop {number}", number, days_ago=60 - number)
    plan_id = drafted(cast.mona, asked(cast.rita))
    missing = read_missing(rep_of(plan_id, cast.rita).missing)
    assert len(missing) == 3
    assert {each.reason for each in missing} == {Lack.NO_TIME}
    short = read_shortfall(rep_of(plan_id, cast.rita).shortfall)
    assert short is not None
    assert (short.visits, short.minutes) == (3, 90)


def test_whoever_has_nothing_to_do_has_an_empty_week(cast: Cast) -> None:
    plan_id = drafted(cast.mona, asked(cast.rita))
    assert beats_of(plan_id) == []
    assert state_of(plan_of(plan_id), None) is State.READY


def test_a_week_that_has_begun_is_planned_from_today(cast: Cast, shops: list[UUID]) -> None:
    monday = today() - timedelta(days=today().weekday())
    given = replace(asked(cast.rita, weeks=2, first_on=monday), weekdays=frozenset(range(7)))
    plan_id = drafted(cast.mona, given)
    assert {beat.account_id for beat in beats_of(plan_id)} == set(shops)
    assert all(beat.day >= today() for beat in beats_of(plan_id))
    assert rep_of(plan_id, cast.rita).missing == []


def test_whom_nobody_ever_visited_is_not_forgotten(cast: Cast) -> None:
    new = customer(cast.rita, "New", rating="A").id
    plan_id = drafted(cast.mona, asked(cast.rita, weeks=3))
    assert new in {beat.account_id for beat in beats_of(plan_id)}

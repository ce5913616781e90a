"""The door by which a manager schedules visits of reps: what it makes, and what it never touches."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from app.accounts.actions import archive_account
from app.accounts.queries import get_main_place
from app.infra.db import db, transact
from app.infra.journal import JournalEntry
from app.kernel.access import SYSTEM
from app.kernel.dates import today_in
from app.kernel.errors import ForbiddenError, NotFoundError
from app.kernel.ids import new_id
from app.visits.actions import CheckInInput, check_in, dismiss_visit, plan_visit
from app.visits.models import Visit
from app.visits.queries import find_withdrawal
from app.visits.rules import Dismissal
from app.visits.scheduling import Scheduled, order_day, schedule_visits, withdraw_visits
from tests.accounts.stage import customer
from tests.conftest import Cast


def now() -> datetime:
    return datetime.now(UTC)


def today() -> date:
    return today_in("Asia/Shanghai", now())


def wanted(cast: Cast, name: str, in_days: int = 1) -> Scheduled:
    account = customer(cast.rita, name).id
    place = get_main_place(SYSTEM, account).id
    db.session.rollback()
    return Scheduled(new_id(), account, place, today() + timedelta(days=in_days), 30)


def scheduled(cast: Cast, *visits: Scheduled) -> frozenset[UUID]:
    return transact(lambda: schedule_visits(cast.mona, cast.rita.person_id, visits, now()))


def there(visit_id: UUID) -> bool:
    db.session.rollback()
    return db.session.get(Visit, visit_id) is not None


def test_it_makes_each_visit_once(cast: Cast) -> None:
    visits = [wanted(cast, "One"), wanted(cast, "Two")]
    for _ in range(2):
        assert scheduled(cast, *visits) == {each.visit_id for each in visits}
    assert db.session.query(Visit).count() == 2
    assert db.session.query(JournalEntry).filter(JournalEntry.event == "VisitPlanned").count() == 2
    again = replace(visits[0], visit_id=new_id())
    assert scheduled(cast, again) == frozenset(), "nobody goes there twice a day"


def test_it_makes_none_that_cannot_be(cast: Cast) -> None:
    theirs, archived = customer(cast.ren, "Theirs").id, wanted(cast, "Gone")
    place = get_main_place(SYSTEM, theirs).id
    transact(lambda: archive_account(cast.rita, archived.account_id, now()))
    other = wanted(cast, "Other")
    impossible = [
        wanted(cast, "Yesterday", -1), wanted(cast, "Far", 400), archived,
        Scheduled(new_id(), theirs, place, today(), 30), replace(other, place_id=place),
    ]  # fmt: skip
    assert scheduled(cast, *impossible) == frozenset()
    assert scheduled(cast, wanted(cast, "Today", 0))


def test_only_managers_and_only_within_reach(cast: Cast) -> None:
    one = wanted(cast, "One")
    for act in (
        lambda actor, rep: schedule_visits(actor, rep, [one], now()),
        lambda actor, rep: order_day(actor, rep, one.day, {}, now()),
        lambda actor, rep: withdraw_visits(actor, rep, [one.visit_id], now()),
    ):
        with pytest.raises(ForbiddenError):
            act(cast.rita, cast.rita.person_id)
        with pytest.raises(NotFoundError):
            act(cast.mona, cast.ren.person_id)


def test_what_the_rep_began_or_said_stays(cast: Cast) -> None:
    begun, excused, postponed, called, free = (wanted(cast, name, 0) for name in ("A", "B", "C", "D", "E"))
    every = [begun, excused, postponed, called, free]
    scheduled(cast, *every)
    later = new_id()

    def rep() -> None:
        check_in(cast.rita, begun.visit_id, CheckInInput(None, "denied", "Here"), now())
        dismiss_visit(cast.rita, excused.visit_id, Dismissal.SKIPPED, "Ill", None, new_id(), now())
        dismiss_visit(
            cast.rita, postponed.visit_id, Dismissal.POSTPONED, "Ill", today() + timedelta(days=2), later, now()
        )
        plan_visit(cast.rita, new_id(), called.account_id, None, today(), now())  # the phone's own id for it

    transact(rep)
    stops = {each.visit_id: (number, now()) for number, each in enumerate(every)}
    transact(lambda: order_day(cast.mona, cast.rita.person_id, today(), stops, now()))
    assert db.session.get_one(Visit, begun.visit_id).sequence is None
    assert db.session.get_one(Visit, free.visit_id).sequence == 4
    ids = [*(each.visit_id for each in every), later]
    db.session.rollback()
    assert transact(lambda: withdraw_visits(cast.mona, cast.rita.person_id, ids, now())) == 1
    assert [there(each) for each in ids] == [True, True, True, True, False, True]
    assert transact(lambda: withdraw_visits(cast.mona, cast.rita.person_id, ids, now())) == 0
    assert find_withdrawal(free.visit_id, cast.rita.person_id) is not None
    assert find_withdrawal(free.visit_id, cast.mona.person_id) is None

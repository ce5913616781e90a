"""A visit that was taken out of the plan while a phone without signal still had it: who was there was there."""

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from PIL import Image
from sqlalchemy import select, update

from app.accounts.actions import archive_account
from app.accounts.models import Account
from app.identity.models import Person
from app.infra.db import db, transact
from app.infra.journal import JournalEntry
from app.kernel.dates import today_in
from app.kernel.ids import new_id
from app.visits.actions import plan_visit, withdraw_visit
from app.visits.models import CheckIn, CheckOut, Photo, Report, Visit, VisitAlias
from tests.conftest import Browser, Cast
from tests.visits.conftest import Stage
from tests.visits.test_late import DAY, HOUR, ZONE, begin, count, end, fix, late, morning

Open = Callable[[Any], Browser]


def withdrawn(cast: Cast, stage: Stage, nine: datetime, account: UUID | None = None) -> UUID:
    """A visit of that day, planned the day before; taken out of the plan at half past eight."""
    visit, day = new_id(), today_in(ZONE, nine)
    transact(lambda: plan_visit(cast.rita, visit, account or stage.bund, None, day, nine - DAY))
    transact(lambda: withdraw_visit(cast.rita, visit, nine - HOUR / 2))
    assert count(Visit) == 0
    return visit


def arrive(somebody: Browser, visit: UUID, moment: datetime, **more: Any) -> Any:
    return somebody.post(f"/visits/{visit}/check-in", headers=late(moment), **fix(moment), **more)


def told_of(visit: UUID) -> list[str]:
    entries = select(JournalEntry.event).where(JournalEntry.subject_id == visit).order_by(JournalEntry.at)
    return list(db.session.scalars(entries))


def test_a_check_in_to_it_counts_and_all_that_follows(cast: Cast, stage: Stage, browser: Open) -> None:
    rita, nine = browser(cast.rita), morning(1)
    visit = withdrawn(cast, stage, nine)
    photo, here = io.BytesIO(), f"/visits/{visit}"
    Image.new("RGB", (40, 30), "teal").save(photo, "JPEG")
    assert arrive(rita, visit, nine).headers["Outbox-Location"] == here
    sent = {"photo": (io.BytesIO(photo.getvalue()), "a.jpg")}
    assert rita.post(f"{here}/photos", headers=late(nine + HOUR / 4), **sent).status_code == 204
    assert rita.post(f"{here}/report", headers=late(nine + HOUR / 3), text="tea", version=0).status_code == 204
    assert end(rita, visit, nine + HOUR, text="tea and salt", outcome="order").status_code == 204
    made = db.session.scalars(select(Visit)).one()
    assert (made.id, made.account_id, made.place_id) == (visit, stage.bund, stage.bund_place)
    assert (made.planned, made.planned_on, made.rep_id) == (False, today_in(ZONE, nine), cast.rita.id)
    assert [count(each) for each in (CheckIn, CheckOut, Report, Photo)] == [1, 1, 1, 1]
    assert told_of(visit)[:3] == ["VisitPlanned", "VisitWithdrawn", "CheckedIn"]
    for reader in (cast.rita, cast.mona):
        assert "<dt>Taken out of the plan</dt>" in browser(reader).get(here).text
    assert arrive(rita, visit, nine).status_code == 204, "as another post: the visit is known"
    assert count(CheckIn) == 1


def test_only_its_own_rep_takes_it_up(cast: Cast, stage: Stage, browser: Open) -> None:
    nine = morning(1)
    visit = withdrawn(cast, stage, nine)
    for other in (cast.ren, cast.mona, cast.otto):
        assert arrive(browser(other), visit, nine).status_code == 404
        assert browser(other).post(f"/visits/{visit}/report", text="x", version=0).status_code == 404
    assert arrive(browser(cast.rita), new_id(), nine).status_code == 404, "never planned"
    assert (count(Visit), count(CheckIn)) == (0, 0)


@pytest.mark.parametrize("language", ["en", "zh_Hans", "zh_Hant"])
def test_what_needs_a_plan_or_a_check_in_is_refused_in_words(
    cast: Cast, stage: Stage, browser: Open, language: str
) -> None:
    said = {
        "en": "This visit was taken out of the plan.",
        "zh_Hans": "这次拜访已从计划中移除。",
        "zh_Hant": "這次拜訪已從計畫中移除。",
    }[language]
    transact(lambda: db.session.execute(update(Person).values(language=language)))
    rita, nine = browser(cast.rita), morning(1)
    visit = withdrawn(cast, stage, nine)
    skipped = {"kind": "skipped", "reason": "ill", "new_id": new_id()}
    for what, sent in (
        ("dismissal", skipped),
        ("report", {"text": "x", "version": 0}),
        ("check-out", {}),
        ("photos", {}),
    ):
        refused = rita.post(f"/visits/{visit}/{what}", headers=late(nine), **sent)
        assert (refused.status_code, said in refused.text) == (422, True), what
    assert rita.post(f"/visits/{visit}/withdrawal", headers=late(nine)).status_code == 204, "done already"
    assert (count(Visit), told_of(visit).count("VisitWithdrawn")) == (0, 1)


def test_who_looks_at_the_answer_is_asked_and_nothing_is_made_yet(cast: Cast, stage: Stage, browser: Open) -> None:
    rita, nine = browser(cast.rita), morning(0)
    visit = withdrawn(cast, stage, nine)
    asked = rita.post(f"/visits/{visit}/check-in", position_error="denied")
    assert (asked.status_code, "Please say why" in asked.text) == (422, True)
    assert f'action="/visits/{visit}/check-in"' in asked.text
    assert (count(Visit), count(CheckIn)) == (0, 0)
    answer = rita.post(f"/visits/{visit}/check-in", position_error="denied", reason="cellar")
    assert (answer.status_code, answer.location) == (303, f"/visits/{visit}")
    assert count(CheckIn) == 1


def test_a_visit_of_that_day_that_goes_on_is_the_one_that_is_meant(cast: Cast, stage: Stage, browser: Open) -> None:
    """Planned anew on the other phone."""
    rita, nine = browser(cast.rita), morning(1)
    visit = withdrawn(cast, stage, nine)
    anew = transact(lambda: plan_visit(cast.rita, new_id(), stage.bund, None, today_in(ZONE, nine), nine - HOUR / 3)).id
    assert arrive(rita, visit, nine).headers["Outbox-Location"] == f"/visits/{anew}"
    assert end(rita, visit, nine + HOUR, text="tea").headers["Outbox-Location"] == f"/visits/{anew}"
    assert (count(Visit), count(VisitAlias), count(CheckIn)) == (1, 1, 1)


def test_by_the_id_that_only_the_phone_gave_it(cast: Cast, stage: Stage, browser: Open) -> None:
    rita, mine, nine = browser(cast.rita), new_id(), morning(1)
    day = today_in(ZONE, nine)
    true = transact(lambda: plan_visit(cast.rita, new_id(), stage.bund, None, day, nine - DAY)).id
    sent = {"visit_id": mine, "planned_on": day, "minutes": 30}
    assert rita.post(f"/accounts/{stage.bund}/visits/new", headers=late(nine - HOUR), **sent).status_code == 204
    transact(lambda: withdraw_visit(cast.rita, true, nine - HOUR / 2))
    assert arrive(rita, mine, nine).headers["Outbox-Location"] == f"/visits/{mine}"
    assert arrive(rita, true, nine).headers["Outbox-Location"] == f"/visits/{mine}"
    assert (count(Visit), count(CheckIn)) == (1, 1)


def test_a_withdrawal_that_was_told_by_an_earlier_version(cast: Cast, stage: Stage, browser: Open) -> None:
    rita, nine = browser(cast.rita), morning(1)
    visit = withdrawn(cast, stage, nine)
    facts = {"account_id": str(stage.bund), "planned_on": str(today_in(ZONE, nine))}
    told = update(JournalEntry).where(JournalEntry.event == "VisitWithdrawn")
    transact(lambda: db.session.execute(told.values(facts=facts)))
    assert arrive(rita, visit, nine).status_code == 204
    assert db.session.scalars(select(Visit.place_id)).one() == stage.bund_place


def test_a_customer_that_was_put_away_or_given_away_since_is_as_with_a_plan(
    cast: Cast, stage: Stage, browser: Open
) -> None:
    """The rep's own plan led there; it cost nobody anything to go."""
    rita, nine = browser(cast.rita), morning(1)
    one, two = withdrawn(cast, stage, nine), withdrawn(cast, stage, nine, stage.nowhere)
    transact(lambda: archive_account(cast.rita, stage.bund, nine - HOUR))
    transact(lambda: db.session.execute(update(Account).values(owner_id=cast.ren.id)))
    assert arrive(rita, one, nine).status_code == 204
    assert end(rita, one, nine + HOUR).status_code == 204
    assert arrive(rita, two, nine + 2 * HOUR).status_code == 204


def test_an_unplanned_check_in_says_nothing_of_a_plan(cast: Cast, stage: Stage, browser: Open) -> None:
    rita, visit = browser(cast.rita), new_id()
    begin(rita, stage.bund, visit, datetime.now(UTC) - timedelta(minutes=4))
    assert "Taken out of the plan" not in rita.get(f"/visits/{visit}").text

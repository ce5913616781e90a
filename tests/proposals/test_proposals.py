"""What check-ins propose for a customer's places: shown where there is something, adopted by one tap."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, select

from app.accounts.actions import set_position
from app.accounts.models import Place
from app.infra.db import db, transact
from app.infra.journal import JournalEntry
from app.kernel.errors import NotFoundError
from app.kernel.geo import Position, distance_m
from app.kernel.ids import new_id
from app.proposals.actions import adopt_place, dismiss_proposal
from app.proposals.models import ProposalDismissal
from app.proposals.queries import list_proposals
from app.reviews.actions import review_visit
from app.reviews.rules import Standing
from app.visits.actions import CheckInInput, check_in_unplanned
from app.visits.rules import Fix
from tests.conftest import Browser, Cast
from tests.visits.conftest import BUND, Stage

Open = Callable[[Any], Browser]
METRE = 1 / 111_195.0
DOOR = Position(BUND.lat + 100 * METRE, BUND.lon)
MARKET = Position(BUND.lat + 900 * METRE, BUND.lon)


def been(actor: Any, account: UUID, where: Position, ago: int) -> UUID:
    """A visit so many days ago."""
    visit, at = new_id(), datetime.now(UTC) - timedelta(days=ago)
    given = CheckInInput(Fix(where, 10, at), reason="Here", tapped_at=at)
    transact(lambda: check_in_unplanned(actor, visit, account, None, given, at))
    return visit


def accept(cast: Cast, *visits: UUID, kind: Standing = Standing.ACCEPTED) -> None:
    for visit in visits:
        transact(lambda v=visit: review_visit(cast.mona, v, new_id(), kind, "Why?", None, datetime.now(UTC)))


def fields(page: str, action: str) -> dict[str, str]:
    """The hidden fields of the form that posts there."""
    form = re.search(rf'<form[^>]*action="{action}".*?</form>', page, re.DOTALL)
    assert form, f"no form to {action}"
    return {n: v for n, v in re.findall(r'name="(\w+)"[^>]*?value="([^"]*)"', form[0]) if n != "once"}


def place(place_id: UUID) -> Place:
    db.session.rollback()
    return db.session.get_one(Place, place_id)


@pytest.fixture
def visited(cast: Cast, stage: Stage) -> list[UUID]:
    """Three visits on site, all at a door 100 m from where the place is entered."""
    return [been(cast.rita, stage.bund, Position(DOOR.lat + n * METRE, DOOR.lon), 5 - n) for n in range(3)]


def test_a_better_position_is_shown_and_adopted(
    cast: Cast, stage: Stage, visited: list[UUID], browser: Open
) -> None:  # fmt: skip
    rita, account = browser(cast.rita), f"/accounts/{stage.bund}"
    shown = rita.get(account).text
    assert "A better position?" in shown
    assert "100 m to the north of where it is entered" in shown
    assert all(f"/visits/{each}" in shown for each in visited)
    given, once = fields(shown, f"{account}/proposals"), new_id()
    for _ in range(2):
        assert rita.post(f"{account}/proposals", once=once, **given).location == account
    now = place(stage.bund_place)
    assert now.lat is not None
    assert now.lon is not None
    assert distance_m(Position(now.lat, now.lon), Position(DOOR.lat + METRE, DOOR.lon)) < 0.5
    assert (now.certainty, now.version) == ("exact", 2)
    told = db.session.scalars(select(JournalEntry.facts).where(JournalEntry.event == "PlaceProposalAdopted")).one()
    assert told["visits"].split(",") == [str(each) for each in visited]
    assert "A better position?" not in rita.get(account).text


def test_a_place_that_nobody_located_takes_it_from_three_visits(cast: Cast, stage: Stage, browser: Open) -> None:
    for ago in (4, 3, 2):
        been(cast.rita, stage.nowhere, DOOR, ago)
    rita, account = browser(cast.rita), f"/accounts/{stage.nowhere}"
    shown = rita.get(account).text
    assert "which is not known well so far" in shown
    assert rita.post(f"{account}/proposals", **fields(shown, f"{account}/proposals")).status_code == 303
    assert place(stage.nowhere_place).certainty == "exact"


def test_accepted_visits_elsewhere_become_a_place(cast: Cast, stage: Stage, browser: Open) -> None:
    for ago in (9, 8, 7, 6):
        been(cast.rita, stage.bund, BUND, ago)
    away = [been(cast.rita, stage.bund, MARKET, ago) for ago in (4, 3, 2)]
    rita, account, once = browser(cast.rita), f"/accounts/{stage.bund}", new_id()
    assert "Another place?" not in rita.get(account).text, "off site, and nobody has accepted it"
    accept(cast, *away)
    shown = rita.get(account).text
    assert "Another place?" in shown
    given = fields(shown, f"{account}/proposals")
    assert given["place_id"] == ""
    for _ in range(2):
        answer = rita.post(f"{account}/proposals", once=once, **{**given, "label": "Market hall"})
        assert answer.status_code == 303
    new = place(once)
    assert (new.label, new.account_id, new.zone, new.position_in_list) == (
        "Market hall", stage.bund, "Asia/Shanghai", 1,
    )  # fmt: skip
    assert len(db.session.scalars(select(Place).where(Place.account_id == stage.bund)).all()) == 2
    assert "Another place?" not in rita.get(account).text
    late = rita.post(f"{account}/proposals", **given)
    assert late.status_code == 422, "there is one by now"
    assert db.session.scalars(select(Place).where(Place.account_id == stage.bund)).all()[1:]
    with pytest.raises(NotFoundError):
        transact(lambda: adopt_place(cast.rita, stage.nowhere, once, "", away, datetime.now(UTC)))


def test_a_queried_visit_or_one_with_findings_witnesses_nothing(
    cast: Cast, stage: Stage, visited: list[UUID]
) -> None:  # fmt: skip
    assert len(list_proposals(cast.rita, stage.bund)) == 1
    accept(cast, visited[0], kind=Standing.QUERIED)
    assert list_proposals(cast.rita, stage.bund) == []
    accept(cast, visited[0])
    assert len(list_proposals(cast.rita, stage.bund)) == 1
    assert list_proposals(cast.ren, stage.bund) == [], "whoever does not see the visits"


def test_the_place_changed_meanwhile(cast: Cast, stage: Stage, visited: list[UUID], browser: Open) -> None:
    rita, account = browser(cast.rita), f"/accounts/{stage.bund}"
    given = fields(rita.get(account).text, f"{account}/proposals")
    moved = Position(BUND.lat, BUND.lon + 0.001)
    transact(lambda: set_position(cast.mona, stage.bund_place, moved, "exact", datetime.now(UTC)))
    late = rita.post(f"{account}/proposals", **given)
    assert late.status_code == 409
    assert str(moved.lon) in late.text
    assert place(stage.bund_place).lon == moved.lon
    assert "A better position?" not in rita.get(account).text, "the visits were judged by where it was before"
    again = rita.post(f"{account}/proposals", **{**given, "version": "2"})
    assert again.status_code == 422
    assert "say something else by now" in again.text


def test_not_now_waits_for_new_visits(cast: Cast, stage: Stage, visited: list[UUID], browser: Open) -> None:
    rita, account, once = browser(cast.rita), f"/accounts/{stage.bund}", new_id()
    for _ in range(2):
        answer = rita.post(f"{account}/proposals/dismissal", once=once, place_id=stage.bund_place)
        assert answer.location == account
    assert db.session.scalars(select(ProposalDismissal.place_id)).all() == [stage.bund_place]
    assert "A better position?" not in rita.get(account).text
    told = select(JournalEntry.facts).where(JournalEntry.event == "PlaceProposalDismissed")
    assert db.session.scalars(told).one() == {"place_id": str(stage.bund_place)}
    with pytest.raises(NotFoundError):
        transact(lambda: dismiss_proposal(cast.mona, stage.bund, None, once, datetime.now(UTC)))


def test_who_may_adopt(cast: Cast, stage: Stage, visited: list[UUID], browser: Open) -> None:
    given = {"place_id": stage.bund_place, "visits": ",".join(map(str, visited)), "version": 1}
    account = f"/accounts/{stage.bund}"
    for path in (f"{account}/proposals", f"{account}/proposals/dismissal"):
        assert browser(None).post(path, **given).status_code == 401
        assert browser(cast.ren).post(path, **given).status_code == 404
        assert browser(cast.rita).get(path).status_code == 405
        assert browser(cast.rita).post(path, **{**given, "place_id": stage.pub_place}).status_code == 404
        assert browser(cast.rita).post(path.replace(str(stage.bund), str(new_id())), **given).status_code == 404
    other = browser(cast.rita).post(f"/accounts/{stage.nowhere}/proposals", **given)
    assert other.status_code == 404, "a place of another account"
    for visits in ("", "nonsense", ",".join(str(new_id()) for _ in range(3))):
        answer = browser(cast.rita).post(f"{account}/proposals", **{**given, "visits": visits})
        assert answer.status_code == 422
    assert place(stage.bund_place).version == 1


def test_what_the_customers_page_pays(cast: Cast, stage: Stage, browser: Open) -> None:
    """One statement more for whoever may write customers, and nothing in the page, where nothing is proposed."""
    for ago in (3, 2):
        been(cast.rita, stage.bund, DOOR, ago)
    told: list[str] = []
    listener = ("before_cursor_execute", lambda *given: told.append(given[2]))
    event.listen(db.engine, *listener)
    shown = browser(cast.rita).get(f"/accounts/{stage.bund}").text
    event.remove(db.engine, *listener)
    assert len([each for each in told if "proposal_dismissal" in each]) == 1
    assert "proposal" not in shown

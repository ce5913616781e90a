"""A manager accepts or queries a check-in, its rep answers: rows that are only added."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, event, select, update

from app.chain.models import ChainLink
from app.chain.plugs import linked
from app.chain.queries import find_unlinked, walk
from app.infra.db import db, transact
from app.infra.journal import JournalEntry
from app.kernel.dates import today_in
from app.kernel.errors import InvalidError, NotFoundError
from app.kernel.geo import Position
from app.kernel.ids import new_id
from app.reviews.actions import answer_review, review_visit
from app.reviews.models import Review
from app.reviews.queries import asked_about, count_asked, find_thread, list_asked, list_to_review
from app.reviews.rules import REVIEWED_WITHIN, Standing, awaits_answer, check_review, may_answer
from app.visits.actions import CheckInInput, check_in_unplanned, plan_visit
from app.visits.models import CheckIn, Finding
from app.visits.queries import list_own
from app.visits.rules import Fix
from tests.conftest import Browser, Cast
from tests.visits.conftest import BUND, Stage

Open = Callable[[Any], Browser]
FAR = Position(BUND.lat + 0.5, BUND.lon)


def visit_to(actor: Any, account: UUID, where: Position | None, at: datetime) -> UUID:
    visit_id = new_id()
    given = CheckInInput(Fix(where, 10.0, at) if where else None, reason="Fair", tapped_at=at)
    return transact(lambda: check_in_unplanned(actor, visit_id, account, None, given, at)).visit_id


@pytest.fixture
def off(cast: Cast, stage: Stage) -> UUID:
    """Rita's visit 55 km from the customer, an hour ago."""
    return visit_to(cast.rita, stage.bund, FAR, datetime.now(UTC) - timedelta(hours=1))


def kinds() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Review.kind).order_by(Review.at, Review.id)))


def say(cast: Cast, visit: UUID, kind: str, text: str = "", at: datetime | None = None) -> UUID:
    row_id, now = new_id(), at or datetime.now(UTC)
    if kind == "answered":
        transact(lambda: answer_review(cast.rita, visit, row_id, text, now))
    else:
        transact(lambda: review_visit(cast.mona, visit, row_id, Standing(kind), text, None, now))
    return row_id


# --- The rule --------------------------------------------------------------------------------------------------------


def test_a_query_needs_a_question_and_accepting_twice_says_nothing() -> None:
    with pytest.raises(InvalidError, match="text: Write what you want to know"):
        check_review(Standing.QUERIED, "", None)
    assert check_review(Standing.QUERIED, "Why?", Standing.ACCEPTED)
    assert check_review(Standing.ACCEPTED, "", None)
    assert not check_review(Standing.ACCEPTED, "", Standing.ACCEPTED)
    assert check_review(Standing.ACCEPTED, "Good", Standing.ACCEPTED)


def test_who_was_asked_may_answer_also_after_it_was_decided() -> None:
    assert not may_answer([])
    assert not may_answer([Standing.ACCEPTED])
    assert may_answer([Standing.QUERIED, Standing.ACCEPTED])
    assert [awaits_answer(each) for each in (None, *Standing)] == [False, False, True, True]


# --- A visit ---------------------------------------------------------------------------------------------------------


def test_a_manager_asks_the_rep_answers_the_manager_accepts(cast: Cast, off: UUID, browser: Open) -> None:
    mona, rita, path = browser(cast.mona), browser(cast.rita), f"/visits/{off}"
    facts = db.session.execute(select(CheckIn.verdict, CheckIn.distance, CheckIn.lat)).one()
    assert "/reviews" not in rita.get(path).text, "nobody has asked"
    seen = version_in(mona.get(path).text)
    assert seen == ""
    answer = mona.post(f"{path}/reviews", kind="queried", text="Why so far away?", version=seen)
    assert (answer.status_code, answer.location) == (303, path)
    shown = rita.get(path).text
    assert "Why so far away?" in shown
    form = re.search(rf'<form[^>]*action="{path}/reviews/reply"[^>]*>', shown)
    assert form
    assert f'data-to="{path}"' in form[0], "kept on the phone"
    assert rita.post(f"{path}/reviews/reply", text="They were at the fair.").location == path
    again = mona.get(path).text
    assert "They were at the fair." in again
    assert mona.post(f"{path}/reviews", kind="accepted", text="", version=version_in(again)).status_code == 303
    assert kinds() == ["queried", "answered", "accepted"]
    assert db.session.execute(select(CheckIn.verdict, CheckIn.distance, CheckIn.lat)).one() == facts
    told = select(JournalEntry.facts).where(JournalEntry.event == "VisitReviewed").order_by(JournalEntry.id)
    assert [each["kind"] for each in db.session.scalars(told)] == kinds()
    links = (
        select(ChainLink.rep_id, ChainLink.subject_id).where(ChainLink.kind == "reviewed").order_by(ChainLink.number)
    )
    said = db.session.scalars(select(Review.id).order_by(Review.at, Review.id))
    assert db.session.execute(links).all() == [(cast.rita.id, each) for each in said], "in the chain of the rep"


def test_the_chain_is_compared_with_what_was_said(cast: Cast, off: UUID) -> None:
    def complaints() -> list[str]:
        db.session.rollback()
        broken = [chain.broken.wrong for chain in walk(linked()) if chain.broken]
        return broken + [each.kind for _, each in find_unlinked(linked())]

    say(cast, off, "queried", "Why so far?")
    assert complaints() == []
    transact(lambda: db.session.execute(update(Review).values(text="Well done")))
    assert complaints() == ["text is no longer what it was"]
    transact(lambda: db.session.execute(delete(Review)))
    assert complaints() == ["its row is gone"]
    said = {"visit_id": off, "rep_id": cast.rita.id, "person_id": cast.mona.id, "kind": "accepted"}
    transact(lambda: db.session.add(Review(id=new_id(), at=datetime.now(UTC), **said)))
    assert complaints() == ["its row is gone", "reviewed"], "no link tells of it"
    db.session.scalars(select(Review)).one().text = "Changed"
    with pytest.raises(RuntimeError, match="text never changes"):
        db.session.flush()
    db.session.rollback()


def version_in(page: str) -> str:
    found = re.search(r'action="/visits/[^"]*/reviews".*?name="version" value="([^"]*)"', page, re.DOTALL)
    assert found, "no form to review with"
    return found[1]


def test_two_managers_at_once_the_second_sees_both(cast: Cast, off: UUID, browser: Open) -> None:
    path, seen = f"/visits/{off}/reviews", version_in(browser(cast.mona).get(f"/visits/{off}").text)
    assert browser(cast.mona).post(path, kind="accepted", text="I was there", version=seen).status_code == 303
    late = browser(cast.ada).post(path, kind="queried", text="Who was there?", version=seen)
    assert late.status_code == 409
    for told in ("Who was there?", "Mona: I was there", "Accepted", "Queried"):
        assert told in late.text
    assert kinds() == ["accepted"]
    assert browser(cast.ada).post(path, kind="accepted", version=seen).status_code == 303, "the same words"
    assert kinds() == ["accepted"]
    assert browser(cast.ada).post(path, kind="queried", text="x", version="nonsense").status_code == 409


def test_who_may_review_what(cast: Cast, stage: Stage, off: UUID, browser: Open) -> None:
    now = datetime.now(UTC)
    own = visit_to(cast.mona, stage.bund, FAR, now)
    other = visit_to(cast.ren, stage.pub, FAR, now)
    for actor, visit, status in (
        (cast.rita, off, 404),  # no right
        (cast.otto, off, 404),
        (cast.mona, own, 404),  # one's own
        (cast.mona, other, 404),  # of another team
        (cast.mona, new_id(), 404),
        (cast.ada, own, 303),
        (None, off, 401),
    ):
        answer = browser(actor).post(f"/visits/{visit}/reviews", kind="accepted", version="")
        assert answer.status_code == status, (actor and actor.name, status)
    assert kinds() == ["accepted"]
    assert browser(cast.mona).get(f"/visits/{other}/reviews").status_code == 404
    assert 'action="/visits' not in browser(cast.otto).get(f"/visits/{off}").text, "the office reads"
    assert browser(cast.mona).client.put(f"/visits/{off}/reviews").status_code in (403, 405)


def test_the_owner_of_the_customer_sees_the_visit_without_what_is_said_about_it(
    cast: Cast, stage: Stage, browser: Open
) -> None:
    """Mona goes to Rita's customer; Ada asks her about it."""
    visit = visit_to(cast.mona, stage.bund, FAR, datetime.now(UTC))
    transact(lambda: review_visit(cast.ada, visit, new_id(), Standing.QUERIED, "Why you?", None, datetime.now(UTC)))
    assert "Why you?" in browser(cast.mona).get(f"/visits/{visit}").text
    shown = browser(cast.rita).get(f"/visits/{visit}")
    assert shown.status_code == 200
    assert "Why you?" not in shown.text
    assert browser(cast.rita).post(f"/visits/{visit}/reviews/reply", text="I know").status_code == 404


def test_what_is_wrong_keeps_what_was_typed(cast: Cast, off: UUID, browser: Open) -> None:
    path = f"/visits/{off}/reviews"
    mona, rita = browser(cast.mona), browser(cast.rita)
    for wrong in ({"kind": "queried", "text": ""}, {"kind": "doubted", "text": "keep me"}, {"text": "keep me"}):
        answer = mona.post(path, version="", **wrong)
        assert answer.status_code == 422
        assert wrong["text"] in answer.text
    assert mona.post(path, kind="queried", text="x" * 1001, version="").status_code == 422
    early = rita.post(f"{path}/reply", text="Nobody asked me")
    assert early.status_code == 422
    assert "Nobody has asked about this visit." in early.text
    say(cast, off, "queried", "Why?")
    assert rita.post(f"{path}/reply", text="").status_code == 422
    assert "keep me" in rita.post(f"{path}/reply", text="keep me" + "x" * 1000).text
    assert kinds() == ["queried"]


def test_the_same_post_again_says_it_once(cast: Cast, off: UUID, browser: Open) -> None:
    once, twice = new_id(), new_id()
    for _ in range(2):
        given = {"kind": "queried", "text": "Why?", "version": ""}
        assert browser(cast.mona).post(f"/visits/{off}/reviews", once=once, **given).status_code == 303
        assert browser(cast.rita).post(f"/visits/{off}/reviews/reply", once=twice, text="Fair").status_code == 303
    assert kinds() == ["queried", "answered"]
    with pytest.raises(NotFoundError):
        transact(lambda: answer_review(cast.rita, off, once, "mine", datetime.now(UTC)))


def test_a_planned_visit_has_nothing_to_review(cast: Cast, stage: Stage, browser: Open) -> None:
    now = datetime.now(UTC)
    day = today_in("Asia/Shanghai", now)
    visit = transact(lambda: plan_visit(cast.rita, new_id(), stage.bund, None, day, now)).id
    assert browser(cast.mona).post(f"/visits/{visit}/reviews", kind="accepted", version="").status_code == 404
    with pytest.raises(InvalidError, match="Nobody has checked in"):
        transact(lambda: review_visit(cast.mona, visit, new_id(), Standing.ACCEPTED, "", None, now))


def test_an_answer_that_comes_late_stands_where_it_was_given(cast: Cast, off: UUID, browser: Open) -> None:
    """Rita answers without signal; before it arrives, Mona has accepted: accepted it stays."""
    now = datetime.now(UTC)
    say(cast, off, "queried", "Why?", now - timedelta(minutes=50))
    say(cast, off, "accepted", "", now - timedelta(minutes=5))
    headers = {
        "Outbox-Captured": (now - timedelta(minutes=30)).isoformat(), "Outbox-Sent": now.isoformat(),
        "Outbox-Person": str(cast.rita.id),
    }  # fmt: skip
    answer = browser(cast.rita).post(f"/visits/{off}/reviews/reply", headers=headers, text="The fair")
    assert (answer.status_code, answer.headers["Outbox-Location"]) == (204, f"/visits/{off}")
    assert kinds() == ["queried", "answered", "accepted"]
    thread = find_thread(cast.mona, off)
    assert thread is not None
    assert thread.standing is Standing.ACCEPTED
    assert "arrived 30 minutes later" in browser(cast.mona).get(f"/visits/{off}").text


# --- Lists -----------------------------------------------------------------------------------------------------------


def ids(page: Any) -> list[UUID]:
    return [row.id for row in page.rows]


def test_what_is_to_be_reviewed(cast: Cast, stage: Stage) -> None:
    now = datetime.now(UTC)
    visit_to(cast.rita, stage.nowhere, None, now - REVIEWED_WITHIN - timedelta(days=1))
    without = visit_to(cast.rita, stage.nowhere, None, now - timedelta(days=2))
    # Another day than the one an hour ago, at whatever hour this runs.
    on_site = visit_to(cast.rita, stage.bund, BUND, now - timedelta(days=1, hours=2))
    off = visit_to(cast.rita, stage.bund, FAR, now - timedelta(hours=1))
    visit_to(cast.ren, stage.pub, FAR, now)  # another team's
    visit_to(cast.mona, stage.bund, FAR, now)  # her own

    def listed(which: str) -> list[UUID]:
        return ids(list_to_review(cast.mona, which, 1, now + timedelta(minutes=5)))

    assert listed("") == listed("open") == [off, without]
    finding = Finding(visit_id=on_site, at=now, reason="photo_used_before", subject_id=on_site)
    late = Finding(visit_id=on_site, at=now, reason="late_arrival", subject_id=on_site)
    transact(lambda: db.session.add(late))
    assert listed("open") == [off, without], "late accuses nobody"
    transact(lambda: db.session.add(finding))
    assert listed("open") == [off, on_site, without], "on site, but something was found"
    say(cast, off, "queried", "Why?")
    assert (listed(""), listed("open")) == ([off, on_site, without], [on_site, without])
    assert (listed("queried"), listed("answered")) == ([off], [])
    say(cast, off, "answered", "Fair")
    assert (listed("queried"), listed("answered")) == ([], [off])
    say(cast, off, "accepted")
    say(cast, without, "queried", "Where?")
    assert (listed(""), listed("queried")) == ([on_site, without], [without])


def test_the_list_accepts_several_at_once(cast: Cast, stage: Stage, off: UUID, browser: Open) -> None:
    other = visit_to(cast.rita, stage.nowhere, None, datetime.now(UTC) - timedelta(days=2))
    third = visit_to(cast.rita, stage.nowhere, None, datetime.now(UTC) - timedelta(days=3))
    mona, once = browser(cast.mona), new_id()
    told: list[str] = []
    listener = ("before_cursor_execute", lambda *given: told.append(given[2]))
    event.listen(db.engine, *listener)
    shown = mona.get("/reviews")
    event.remove(db.engine, *listener)
    assert shown.text.count('name="visit"') == 3
    reads = [each for each in told if each.startswith("SELECT") and "FROM look" not in each]
    assert len(reads) <= 4, reads
    say(cast, third, "queried", "Where?")
    ticked = {"visit": [f"{off}:", f"{other}:", f"{third}:"]}
    for _ in range(2):
        assert mona.post("/reviews", once=once, **ticked).location == "/reviews"
    assert sorted(kinds()) == ["accepted", "accepted", "queried"]
    after = mona.get("/reviews").text
    assert "2 visits accepted." in after
    assert "1 visit was not accepted" in after
    assert mona.post("/reviews", visit=f"{off}:").status_code == 303, "accepted already"
    assert kinds().count("accepted") == 2


def test_what_the_list_refuses(cast: Cast, stage: Stage, off: UUID, browser: Open) -> None:
    other = visit_to(cast.ren, stage.pub, FAR, datetime.now(UTC))
    mona = browser(cast.mona)
    none = mona.post("/reviews")
    assert none.status_code == 422
    assert "Tick the visits first" in none.text
    for ticked in (f"{off}:", f"{other}:"), (f"{other}:",), ("nonsense",), (f"{new_id()}:",):
        assert mona.post("/reviews", visit=list(ticked)).status_code == 404
    assert kinds() == []
    assert [browser(who).get("/reviews").status_code for who in (cast.rita, cast.otto, None)] == [404, 404, 302]
    assert browser(cast.mona).get("/reviews?filter=nonsense&page=x").status_code == 200


def test_the_rep_finds_what_is_asked(cast: Cast, stage: Stage, off: UUID, browser: Open) -> None:
    rita = browser(cast.rita)
    assert "Nobody asks about your visits" in rita.get("/visits/queried").text
    assert "/visits/queried" not in rita.get("/today").text.partition("<main")[2]
    say(cast, off, "queried", "Why so far?")
    shown = rita.get("/visits/queried").text
    assert "Why so far?" in shown
    assert f"/visits/{off}" in shown
    assert "Questions about your visits: 1" in rita.get("/today").text
    say(cast, off, "answered", "Fair")
    assert [row.last_kind for row in list_asked(cast.rita)] == ["answered"]
    assert "Questions about your visits" not in rita.get("/today").text
    say(cast, off, "accepted")
    assert list(list_asked(cast.rita)) == []
    assert list(list_asked(cast.ren)) == []


def test_what_is_asked_is_counted_in_one_statement_whose_it_is(cast: Cast, stage: Stage, off: UUID) -> None:
    now = datetime.now(UTC)
    here = visit_to(cast.rita, stage.nowhere, None, now)
    assert count_asked(cast.rita.person_id) == 0
    say(cast, off, "queried", "Why?")
    say(cast, here, "queried", "And here?")
    told: list[str] = []
    listener = ("before_cursor_execute", lambda *given: told.append(given[2]))
    event.listen(db.engine, *listener)
    assert count_asked(cast.rita.person_id) == 2
    event.remove(db.engine, *listener)
    assert len([each for each in told if each.startswith("SELECT")]) == 1
    assert [each.row.id for each in list_own(cast.rita, asked_about(cast.rita.person_id), now)] == [here, off]
    assert list_own(cast.ren, asked_about(cast.rita.person_id), now) == []
    say(cast, off, "answered", "Fair")
    assert count_asked(cast.rita.person_id) == 1
    assert count_asked(cast.ren.person_id) == 0


def test_the_question_travels_with_the_phone(cast: Cast, off: UUID, browser: Open) -> None:
    say(cast, off, "queried", "Why so far?")
    pack = browser(cast.rita).get("/pack").get_json()
    assert "Why so far?" in pack["pages"][f"/visits/{off}"]
    assert "Why so far?" in pack["pages"]["/visits/queried"]

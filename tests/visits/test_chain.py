"""The chain of a rep: appended to by each action, never forked, and every change of it or of the rows is found."""

import threading
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import JSON, delete, func, select, update

from app.chain.actions import link
from app.chain.models import ChainLink
from app.chain.plugs import linked
from app.chain.queries import BATCH, find_unlinked, walk
from app.chain.rules import BEGIN, hash_of
from app.identity.models import Company
from app.infra.arrival import hearing
from app.infra.db import Utc, db, transact
from app.infra.journal import JournalEntry
from app.kernel.ids import new_id
from app.visits.actions import (
    CheckInInput,
    ReportInput,
    add_photo,
    add_reason,
    check_in_unplanned,
    check_out,
    close_forgotten,
    dismiss_visit,
    plan_visit,
    save_report,
)
from app.visits.evidence import delete_old_positions
from app.visits.jobs import DELETE_POSITIONS
from app.visits.models import CheckIn, CheckOut, Dismissal, Finding, Photo, Report, Visit
from app.visits.photos import Picture
from app.visits.rules import Dismissal as DismissalKind
from app.visits.rules import Fix
from tests.conftest import NOW, Cast
from tests.visits.conftest import BUND, Stage

DAY = timedelta(days=1)
FACTS = (CheckIn, CheckOut, Dismissal, Finding, Photo, Report)


def links(rep_id: object) -> list[ChainLink]:
    db.session.rollback()
    return list(db.session.scalars(select(ChainLink).where(ChainLink.rep_id == rep_id).order_by(ChainLink.number)))


def test_each_link_holds_the_hash_of_the_one_before(cast: Cast) -> None:
    for number in range(3):
        facts = {"n": number, "name": "外滩"}
        transact(lambda facts=facts: link(cast.rita.id, "noted", new_id(), facts, NOW))
        transact(lambda: link(cast.ren.id, "noted", new_id(), {}, NOW))
    before = BEGIN
    for number, row in enumerate(links(cast.rita.id), 1):
        assert (row.number, row.before) == (number, before)
        assert row.hash == hash_of(row.rep_id, row.number, row.at, row.kind, row.subject_id, row.facts, row.before)
        before = row.hash
    assert len(links(cast.ren.id)) == 3


def test_posts_of_one_rep_at_once_do_not_fork_it(app: Flask, cast: Cast) -> None:
    errors = []

    def post() -> None:
        try:
            with app.app_context():
                for _ in range(5):
                    transact(lambda: link(cast.rita.id, "noted", new_id(), {}, NOW))
                db.session.remove()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=post) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    found = links(cast.rita.id)
    assert [link.number for link in found] == list(range(1, 31))
    assert [link.before for link in found] == [BEGIN, *(link.hash for link in found[:-1])]


# --- What an eventful day leaves --------------------------------------------------------------------------------------


def eventful(cast: Cast, stage: Stage) -> UUID:
    """One of each: a visit that came late with a fix, a reason, two photos that another visit has, a report that was
    corrected, an estimated end that the rep's own replaced; and one that was skipped. The id of the first visit."""
    fix = Fix(BUND, 15.5, NOW, 3, 0.25, 12.5, NOW + timedelta(seconds=1))
    exif = {"lat": 31.2, "lon": 121.5, "make": "Nokia"}
    picture = Picture("a" * 64, 4, 3, 99, NOW, exif, "b" * 64, 1, 2, 3, 4)
    rita = cast.rita

    def first() -> UUID:
        arrival = CheckInInput(fix, tapped_at=NOW, waited_ms=1200, device_id=new_id())
        visit_id = check_in_unplanned(rita, new_id(), stage.bund, None, arrival, NOW).visit_id
        add_photo(rita, visit_id, new_id(), picture, NOW)
        close_forgotten(NOW + 2 * DAY)
        return visit_id

    def second(visit_id: UUID) -> None:
        later = NOW + 2 * DAY
        check_out(rita, visit_id, ReportInput("order", "tea 🍵", date(2026, 4, 1)), NOW + timedelta(hours=1))
        save_report(rita, visit_id, ReportInput("order", "two teas", date(2026, 4, 1)), 1, later)
        arrival = CheckInInput(None, "denied", unasked=True, tapped_at=later)
        other = check_in_unplanned(rita, new_id(), stage.nowhere, None, arrival, later).visit_id
        add_reason(rita, other, "cellar", later)
        add_photo(rita, other, new_id(), picture, later)
        check_out(rita, other, ReportInput(), later)
        planned = plan_visit(rita, new_id(), stage.bund, None, (NOW + 4 * DAY).date(), later)
        dismiss_visit(rita, planned.id, DismissalKind.SKIPPED, "ill", None, new_id(), later)

    with hearing(NOW + DAY, NOW):
        visit_id = transact(first)
    with hearing(NOW + 3 * DAY):
        transact(lambda: second(visit_id))
    return visit_id


def broken() -> list[str]:
    """What `visits verify` would complain of."""
    db.session.rollback()
    found = [chain.broken.wrong for chain in walk(linked()) if chain.broken] + [
        each.wrong for _, each in find_unlinked(linked())
    ]
    db.session.expire_all()
    return found


def test_everything_that_happens_is_a_link(cast: Cast, stage: Stage) -> None:
    eventful(cast, stage)
    assert [link.kind for link in links(cast.rita.id)] == [
        "checked_in", "finding", "photo", "checked_out", "reported", "checked_out", "reported",
        "checked_in", "finding", "explained", "photo", "finding", "reported", "checked_out", "dismissed",
    ]  # fmt: skip
    assert broken() == []


def test_nothing_in_the_chain_tells_where_the_rep_or_the_camera_was(cast: Cast, stage: Stage) -> None:
    eventful(cast, stage)
    told = " ".join(link.facts for link in links(cast.rita.id))
    for secret in ("31.23", "121.49", "31.2,", "121.5", "15.5", "12.5", "a" * 64, "b" * 64, "Nokia"):
        assert secret not in told


OTHER: dict[type, Any] = {
    str: "other", int: 77, float: 77.5, bool: True, datetime: NOW + 9 * DAY, date: date(2027, 1, 1), UUID: new_id(),
    dict: {"accuracy": 77},
}  # fmt: skip
FREE = {CheckIn: {"fix_deleted_at"}}  # what nobody need swear to


def columns() -> Iterator[tuple[Any, str]]:
    for model in (*FACTS, ChainLink):
        for column in model.__table__.columns:
            foreign = model is not ChainLink and (column.foreign_keys or column.primary_key)
            if not foreign and column.name not in FREE.get(model, set()):
                yield model, column.name


@pytest.mark.parametrize(("model", "name"), list(columns()), ids=lambda each: getattr(each, "__name__", each))
def test_whatever_is_changed_in_a_row_or_link_is_found(model: Any, name: str, cast: Cast, stage: Stage) -> None:
    visit_id = eventful(cast, stage)
    column = model.__table__.columns[name]
    row = select(*model.__table__.primary_key.columns)
    if model is CheckIn:
        row = row.where(model.visit_id == visit_id)
    key = db.session.execute(row.limit(1)).one()
    kind = {Utc: datetime, JSON: dict}.get(type(column.type)) or column.type.python_type
    value = OTHER[kind]
    if column.foreign_keys:
        value = cast.ren.id
    now = db.session.scalar(
        select(column).where(*(a == b for a, b in zip(model.__table__.primary_key, key, strict=True)))
    )
    value = not now if isinstance(now, bool) else value
    change = update(model.__table__).where(*(a == b for a, b in zip(model.__table__.primary_key, key, strict=True)))
    transact(lambda: db.session.execute(change.values({name: value})))
    assert broken()


@pytest.mark.parametrize("model", [*FACTS, ChainLink])
def test_a_row_or_link_that_is_gone_is_missed(model: Any, cast: Cast, stage: Stage) -> None:
    eventful(cast, stage)
    kept = select(*model.__table__.primary_key.columns).limit(1)
    key = db.session.execute(kept).one()
    gone = delete(model.__table__).where(*(a == b for a, b in zip(model.__table__.primary_key, key, strict=True)))
    transact(lambda: db.session.execute(gone))
    assert broken()


def test_a_row_that_was_put_in_beside_the_chain_is_found(cast: Cast, stage: Stage) -> None:
    visit_id = eventful(cast, stage)
    forged = Finding(id=new_id(), visit_id=visit_id, at=NOW, reason="replayed_fix", params={}, subject_id=visit_id)
    transact(lambda: db.session.add(forged))
    assert broken() == ["no chain tells of it"]


def test_another_place_of_the_visit_is_found(cast: Cast, stage: Stage) -> None:
    eventful(cast, stage)
    moved = update(Visit).values(account_id=stage.nowhere, place_id=stage.nowhere_place)
    transact(lambda: db.session.execute(moved.where(Visit.account_id == stage.bund)))
    assert broken() == ["account_id is no longer what it was"]


def test_the_session_refuses_to_change_what_stands_in_the_chain(cast: Cast, stage: Stage) -> None:
    visit_id = eventful(cast, stage)
    for model, name, value in ((CheckIn, "verdict", "on_site"), (CheckIn, "lat", 1.0), (ChainLink, "facts", "{}")):
        row = db.session.scalars(select(model).limit(1)).one()
        setattr(row, name, value if getattr(row, name) != value else "other")
        with pytest.raises(RuntimeError, match=f"{name} never changes"):
            db.session.flush()
        db.session.rollback()
    assert db.session.get_one(CheckIn, visit_id).verdict == "on_site"


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_link_can_be_changed_moved_or_taken_out(data: st.DataObject, cast: Cast) -> None:
    transact(lambda: db.session.execute(delete(ChainLink)))
    texts = st.text(max_size=20)
    for facts in data.draw(st.lists(st.dictionaries(texts, texts | st.integers() | st.none(), max_size=3), min_size=2)):
        transact(lambda facts=facts: link(cast.rita.id, "noted", new_id(), facts, NOW))
    assert broken() == []
    number = data.draw(st.integers(1, len(links(cast.rita.id)) - 1))
    one = (ChainLink.number == number, ChainLink.rep_id == cast.rita.id)
    kind = data.draw(
        st.sampled_from(("facts", "kind", "hash", "before", "at", "subject_id", "number", "gone", "rep_id"))
    )
    if kind == "gone":
        work: Any = delete(ChainLink).where(*one)
    else:
        new = {
            "at": NOW + timedelta(microseconds=1), "subject_id": new_id(), "rep_id": cast.ren.id, "number": 10_000,
        }.get(kind, data.draw(st.text("0123456789abcdef", min_size=1, max_size=64)))  # fmt: skip
        work = update(ChainLink).where(*one).values({kind: new})
    transact(lambda: db.session.execute(work))
    assert broken(), kind


def test_a_long_chain_is_walked_in_batches(cast: Cast) -> None:
    def fill() -> None:
        for number in range(2 * BATCH + 1):
            link(cast.rita.id, "noted", new_id(), {"n": number}, NOW)
            link(cast.ren.id, "noted", new_id(), {"n": number}, NOW)

    transact(fill)
    assert [(chain.rep_id, chain.links) for chain in walk(linked())] == [
        (rep, 2 * BATCH + 1) for rep in sorted((cast.rita.id, cast.ren.id))
    ]
    last = update(ChainLink).where(ChainLink.number == 2 * BATCH, ChainLink.rep_id == cast.ren.id)
    transact(lambda: db.session.execute(last.values(facts="{}")))
    assert {chain.rep_id: (chain.links, chain.broken and chain.broken.number) for chain in walk(linked())} == {
        cast.rita.id: (2 * BATCH + 1, None), cast.ren.id: (2 * BATCH - 1, 2 * BATCH),
    }  # fmt: skip


# --- The command ------------------------------------------------------------------------------------------------------


def test_verify_names_the_first_broken_link(app: Flask, cast: Cast, stage: Stage) -> None:
    visit_id = eventful(cast, stage)
    run = app.test_cli_runner().invoke
    fine = run(args=["visits", "verify"])
    assert (fine.exit_code, fine.stderr) == (0, "")
    assert fine.stdout == f"{cast.rita.id} 15 {links(cast.rita.id)[-1].hash} Rita\n"
    transact(lambda: db.session.execute(update(CheckIn).where(CheckIn.visit_id == visit_id).values(verdict="off_site")))
    wrong = run(args=["visits", "verify"])
    assert wrong.exit_code == 1
    assert wrong.stderr == (
        f"BROKEN {cast.rita.id} (Rita), link 1 (checked_in of {visit_id}): verdict is no longer what it was.\n"
    )


def test_verify_finds_with_earlier_heads_what_was_cut_off_or_written_anew(
    app: Flask, cast: Cast, stage: Stage, tmp_path: Any
) -> None:
    eventful(cast, stage)
    transact(lambda: link(cast.ren.id, "noted", new_id(), {}, NOW))
    run = app.test_cli_runner().invoke
    (tmp_path / "heads").write_text(run(args=["visits", "verify"]).stdout)
    args = ["visits", "verify", "--heads", str(tmp_path / "heads")]
    transact(lambda: link(cast.rita.id, "noted", new_id(), {}, NOW))
    assert run(args=args).exit_code == 0, "a chain that grew since is fine"
    transact(lambda: db.session.execute(delete(ChainLink).where(ChainLink.rep_id == cast.ren.id)))
    assert f"BROKEN {cast.ren.id}: its chain is gone." in run(args=args).stderr
    transact(lambda: link(cast.ren.id, "noted", new_id(), {"other": 1}, NOW))
    assert "link 1 (noted" in run(args=args).stderr and "another link stood here" in run(args=args).stderr
    transact(lambda: db.session.execute(delete(ChainLink).where(ChainLink.number > 14)))
    assert "the chain had 15 links before" in run(args=args).stderr
    (tmp_path / "heads").write_text("no such thing\n")
    assert "line 1: this is no output of visits verify" in run(args=args).stderr


# --- Retention --------------------------------------------------------------------------------------------------------

RAW = ("lat", "lon", "accuracy", "altitude", "speed", "fix_at", "fix_told_at", "salt")


def keep_for(days: int) -> None:
    transact(lambda: db.session.execute(update(Company).values(raw_fix_days=days)))


def test_old_positions_go_and_the_verdict_and_the_chain_stay(cast: Cast, stage: Stage) -> None:
    visit_id = eventful(cast, stage)
    keep_for(30)
    assert transact(lambda: delete_old_positions(NOW + 29 * DAY)) == 0
    before = [link.hash for link in links(cast.rita.id)]
    now = NOW + 31 * DAY
    assert transact(lambda: delete_old_positions(now)) == 2, "a check-in and a photo; the other is two days younger"
    kept = db.session.get_one(CheckIn, visit_id)
    assert [getattr(kept, name) for name in RAW] == [None] * len(RAW)
    assert (kept.verdict, kept.distance, kept.fix_deleted_at, kept.waited) == ("on_site", 0.0, now, 1200)
    photos = db.session.scalars(select(Photo).order_by(Photo.at)).all()
    assert [photo.exif for photo in photos] == [{"make": "Nokia"}, {"lat": 31.2, "lon": 121.5, "make": "Nokia"}]
    assert photos[0].place_salt is None
    assert photos[0].salt and photos[1].place_salt
    assert broken() == []
    assert [link.hash for link in links(cast.rita.id)] == before
    assert transact(lambda: delete_old_positions(now)) == 0, "once is enough"


def test_what_was_deleted_can_not_be_put_back_otherwise(cast: Cast, stage: Stage) -> None:
    visit_id = eventful(cast, stage)
    transact(lambda: delete_old_positions(NOW + 90 * DAY))
    assert broken() == []
    forged = update(CheckIn).where(CheckIn.visit_id == visit_id)
    transact(lambda: db.session.execute(forged.values(lat=31.0, lon=121.0)))
    assert broken() == ["fix is no longer what it was"]
    transact(lambda: db.session.execute(forged.values(lat=None, lon=None, fix_deleted_at=None)))
    assert broken() == ["fix is no longer what it was"], "gone without a word of when"


def test_no_coordinate_stays_anywhere(cast: Cast, stage: Stage) -> None:
    eventful(cast, stage)
    transact(lambda: delete_old_positions(NOW + 90 * DAY))
    left = []
    for table in db.metadata.sorted_tables:
        if table.name != "place":  # where the customer is, is the customer's
            rows = db.session.execute(select(table)).all()
            left += [table.name for row in rows for value in row if any(at in str(value) for at in ("31.2", "121.4"))]
    assert left == []
    assert db.session.scalar(select(func.count()).select_from(JournalEntry))


def test_the_job_goes_on_until_nothing_is_left(cast: Cast, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.visits.evidence.BATCH", 1)
    eventful(cast, stage)
    keep_for(7)
    DELETE_POSITIONS.run(new_id(), {})  # today is long after those days
    DELETE_POSITIONS.run(new_id(), {})
    assert db.session.scalars(select(CheckIn.lat).where(CheckIn.lat.is_not(None))).all() == []
    assert db.session.scalars(select(Photo.place_salt).where(Photo.place_salt.is_not(None))).all() == []
    assert broken() == []

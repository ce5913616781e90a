"""The engine: asked for, made once by the worker, joined, and opened by whoever may."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import ColumnElement, select, update

from app.documents import jobs
from app.documents.actions import keep_file, request_batch, request_document, try_again
from app.documents.models import Document
from app.documents.plugs import renderers
from app.documents.ports import Renderer
from app.documents.queries import get_document
from app.documents.rules import MOST_PARTS, DocumentState, file_name, size_text, state_of
from app.identity.permissions import P
from app.infra import files, pdf
from app.infra.db import db, transact
from app.infra.queue import Job, Worker
from app.kernel.access import Actor
from app.kernel.errors import InvalidError, NotFoundError
from app.kernel.ids import new_id
from tests.conftest import NOW, Browser, Cast

ROOT = Path(__file__).resolve().parents[2]
SUBJECT, HIDDEN = UUID(int=11), UUID(int=12)


@pytest.fixture
def printed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """Plugs in the kind 'slip': a page that names its subject. Gives the subjects that were printed."""
    done: list[UUID] = []

    def html(subject_id: UUID, language: str) -> str:
        done.append(subject_id)
        if subject_id.int == 13:
            raise OSError("no such paper")
        return f"<html lang='{language}'><title>Slip</title><body><p>slip {subject_id.int}</p></body></html>"

    def visible(_actor: Actor, subject_id: ColumnElement[UUID]) -> ColumnElement[bool]:
        return subject_id != HIDDEN

    slip = Renderer("slip", html, P.SALES_READ, visible, lambda subject: f"/slips/{subject}" if subject else "/slips")
    monkeypatch.setitem(app.extensions["renderers"], "slip", slip)
    return done


def ask(actor: Actor, subject: UUID = SUBJECT, title: str = "Slip", document_id: UUID | None = None) -> UUID:
    return transact(lambda: request_document(actor, document_id or new_id(), "slip", subject, title, "en", NOW)).id


def row(document_id: UUID) -> Document:
    db.session.rollback()
    return db.session.get_one(Document, document_id)


def content(document_id: UUID) -> PdfReader:
    digest = row(document_id).digest
    assert digest is not None
    return PdfReader(io.BytesIO(files.read(digest)))


def texts(document_id: UUID) -> list[str]:
    return ["".join(page.extract_text().split()) for page in content(document_id).pages]


def let_leases_end() -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    transact(lambda: db.session.execute(update(Job).where(Job.ended_at.is_(None)).values(lease_until=past)))


@pytest.fixture
def worker(app: Flask) -> Worker:
    return Worker(app, list(jobs.JOBS))


def test_names_of_files_and_states() -> None:
    assert file_name("C-2026-000001 上海恒隆/餐饮") == "C-2026-000001 上海恒隆 餐饮.pdf"
    assert file_name("..\\..\x00/etc") == "etc.pdf" or "/" not in file_name("..\\..\x00/etc")
    assert file_name("invoice\u202efdp.exe") == "invoicefdp.exe.pdf"
    assert file_name(" . ") == "document.pdf"
    assert len(file_name("长" * 300)) == 104
    assert (size_text(512), size_text(132_000), size_text(13_000_000)) == ("0 KB", "129 KB", "12.4 MB")
    assert state_of(True, "x", 3) is DocumentState.MADE
    assert state_of(False, "", 1) is DocumentState.FAILED
    assert state_of(False, None, 0) is DocumentState.WAITING
    assert state_of(False, None, 1) is DocumentState.AT_WORK


def test_a_document_is_made_once_and_stays(app: Flask, cast: Cast, printed: list[UUID], worker: Worker) -> None:
    document_id = ask(cast.rita)
    assert ask(cast.rita, document_id=document_id) == document_id
    assert row(document_id).digest is None
    assert worker.step() is True and worker.step() is False
    before = row(document_id)
    first = (before.digest, before.made_at, before.pages, before.size)
    assert texts(document_id) == ["slip11"]
    jobs.make(before.job_id, {"document_id": str(document_id)})
    after = row(document_id)
    assert (after.digest, after.made_at, after.pages, after.size) == first
    assert printed == [SUBJECT]
    transact(lambda: keep_file(document_id, "0" * 64, 9, 9, NOW))
    assert row(document_id).digest == first[0]


def test_the_id_of_somebody_elses_document_is_refused(app: Flask, cast: Cast, printed: list[UUID]) -> None:
    document_id = ask(cast.rita)
    with pytest.raises(NotFoundError):
        ask(cast.ren, document_id=document_id)


def test_a_job_for_a_document_that_is_gone_ends(app: Flask, cast: Cast) -> None:
    jobs.make(new_id(), {"document_id": str(new_id())})


def test_a_batch_joins_its_parts_in_their_order_and_makes_what_is_missing(
    app: Flask, cast: Cast, printed: list[UUID], worker: Worker
) -> None:
    parts = [ask(cast.otto, UUID(int=n)) for n in (101, 102, 103)]
    worker.step()  # the first is there before
    order = [parts[2], parts[0], parts[1]]
    batch = transact(lambda: request_batch(cast.otto, new_id(), order, "All", "en", NOW)).id
    transact(lambda: db.session.execute(update(Job).where(Job.id != row(batch).job_id).values(ended_at=NOW)))
    assert worker.step() is True
    assert texts(batch) == ["slip103", "slip101", "slip102"]
    assert sorted(each.int for each in printed) == [101, 102, 103]
    job = db.session.get_one(Job, row(batch).job_id)
    assert (job.done, job.total, row(batch).pages) == (3, 3, 3)
    assert all(row(part).digest for part in parts)


def test_a_batch_needs_parts_that_exist_and_not_too_many(app: Flask, cast: Cast, printed: list[UUID]) -> None:
    part = ask(cast.otto)
    for parts in ([], [part] * (MOST_PARTS + 1)):
        with pytest.raises(InvalidError):
            request_batch(cast.otto, new_id(), parts, "t", "en", NOW)
    with pytest.raises(NotFoundError):
        request_batch(cast.otto, new_id(), [part, new_id()], "t", "en", NOW)


def test_a_batch_that_breaks_goes_on_where_it_was(
    app: Flask, cast: Cast, printed: list[UUID], worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = [ask(cast.otto, UUID(int=n)) for n in (101, 102, 103)]
    transact(lambda: db.session.execute(update(Job).values(ended_at=NOW)))
    batch = transact(lambda: request_batch(cast.otto, new_id(), parts, "All", "en", NOW)).id
    render = pdf.render

    def break_at_the_third(html: str, **kwargs: Any) -> Any:
        if "slip 103" in html:
            raise OSError("out of paper")
        return render(html, **kwargs)

    monkeypatch.setattr(pdf, "render", break_at_the_third)
    worker.step()
    assert row(batch).digest is None
    assert [row(part).digest is not None for part in parts] == [True, True, False]
    job = db.session.get_one(Job, row(batch).job_id)
    assert (job.done, job.total) == (2, 3)
    monkeypatch.setattr(pdf, "render", render)
    let_leases_end()
    worker.step()
    assert texts(batch) == ["slip101", "slip102", "slip103"]
    assert [each.int for each in printed] == [101, 102, 103, 103]


KILLED = """
import sys
from pathlib import Path
from app.documents import jobs
from app.factory import create_app
from app.infra.queue import Worker
from tests.conftest import settings_for

app = create_app(settings_for(Path(sys.argv[1]), sys.argv[2]), SQLITE_SYNCHRONOUS="OFF")
keep, made = jobs._keep, 0

def stop_after_the_first(document_id, *result):
    global made
    digest = keep(document_id, *result)
    print("made", document_id, flush=True)
    sys.stdin.read()  # for ever: the test keeps it open, and kills
    return digest

jobs._keep = stop_after_the_first
from app.documents.ports import Renderer
html = lambda subject, language: f"<title>s</title><p>slip {subject.int}</p>"
app.extensions["renderers"]["slip"] = Renderer("slip", html, "sales:read", lambda a, s: None, lambda s: "/")
with app.app_context():
    Worker(app, list(jobs.JOBS)).step()
"""


def test_a_batch_killed_in_the_middle_remakes_nothing(
    app: Flask, cast: Cast, printed: list[UUID], worker: Worker
) -> None:
    parts = [ask(cast.otto, UUID(int=n)) for n in (101, 102)]
    transact(lambda: db.session.execute(update(Job).values(ended_at=NOW)))
    batch = transact(lambda: request_batch(cast.otto, new_id(), parts, "All", "en", NOW)).id
    settings = app.config["SETTINGS"]
    db.session.remove()
    victim = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(settings.data), settings.database_url],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert victim.stdin is not None and victim.stdout is not None
    try:
        assert victim.stdout.readline().decode() == f"made {parts[0]}\n"
    finally:
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        victim.stdin.close()
        victim.stdout.close()
    assert worker.step() is False
    let_leases_end()
    assert worker.step() is True
    assert texts(batch) == ["slip101", "slip102"]
    assert [each.int for each in printed] == [102], "the first was made by the one that died"


def test_what_failed_is_asked_for_again(app: Flask, cast: Cast, printed: list[UUID], worker: Worker) -> None:
    document_id = ask(cast.rita)
    before = row(document_id).job_id
    transact(lambda: try_again(cast.rita, document_id, NOW))
    assert row(document_id).job_id == before, "it is not done yet"
    transact(lambda: db.session.execute(update(Job).values(ended_at=NOW, failure="OSError")))
    transact(lambda: try_again(cast.rita, document_id, NOW))
    transact(lambda: try_again(cast.rita, document_id, NOW))
    assert len(db.session.scalars(select(Job.id)).all()) == 2
    worker.step()
    assert texts(document_id) == ["slip11"]


# --- Pages -----------------------------------------------------------------------------------------------------------

Open = Callable[[Actor | None], Browser]


def test_its_page_waits_and_then_shows_it(
    app: Flask, cast: Cast, browser: Open, printed: list[UUID], worker: Worker
) -> None:
    document_id = ask(cast.rita, title="Slip 上海/1")
    rita = browser(cast.rita)
    path = f"/documents/{document_id}"
    waiting = rita.get(path)
    assert 'hx-trigger="every 1s"' in waiting.text and "http-equiv" in waiting.text and 'href="/slips/' in waiting.text
    fragment = rita.fragment(path)
    assert fragment.text.lstrip().startswith("<section") and 'hx-trigger="every 1s"' in fragment.text
    assert rita.get(f"{path}/file.pdf", buffered=True).status_code == 404
    worker.step()
    ready = rita.fragment(path)
    assert "hx-trigger" not in ready.text and f"{path}/file.pdf" in ready.text and "data-share" in ready.text
    assert 'data-share-name="Slip 上海 1.pdf"' in ready.text
    shown = rita.get(f"{path}/file.pdf", buffered=True)
    assert (shown.status_code, shown.mimetype) == (200, "application/pdf")
    assert shown.headers["Content-Disposition"].startswith("inline")
    assert "filename*=UTF-8''Slip%20%E4%B8%8A%E6%B5%B7%201.pdf" in shown.headers["Content-Disposition"]
    assert "frame-ancestors 'self'" in shown.headers["Content-Security-Policy"]
    assert "private" in shown.headers["Cache-Control"]
    kept = rita.get(f"{path}/file.pdf?download", buffered=True)
    assert kept.headers["Content-Disposition"].startswith("attachment")
    assert kept.data == shown.data and shown.data.startswith(b"%PDF")
    again = rita.get(f"{path}/file.pdf", buffered=True, headers={"If-None-Match": shown.headers["ETag"]})
    assert again.status_code == 304
    part = rita.get(f"{path}/file.pdf", buffered=True, headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.data) == (206, b"%PDF")


def test_a_failure_is_shown_with_its_reason_and_tried_again(
    app: Flask, cast: Cast, browser: Open, printed: list[UUID], worker: Worker
) -> None:
    document_id = ask(cast.rita)
    transact(lambda: db.session.execute(update(Job).values(ended_at=NOW, failure="OSError", attempts=5)))
    rita, path = browser(cast.rita), f"/documents/{document_id}"
    failed = rita.get(path)
    assert "OSError" in failed.text and f"{path}/tries" in failed.text and "hx-trigger" not in failed.text
    key = new_id()
    for _ in range(2):
        answer = rita.post(f"{path}/tries", once=key)
        assert (answer.status_code, answer.headers["Location"]) == (303, path)
    assert len(db.session.scalars(select(Job.id)).all()) == 2
    worker.step()
    assert row(document_id).digest is not None


@pytest.mark.parametrize("path", ["", "/file.pdf"])
def test_who_may_not_see_it_gets_404(
    app: Flask, cast: Cast, browser: Open, printed: list[UUID], worker: Worker, path: str
) -> None:
    hidden, unknown_kind = ask(cast.rita, HIDDEN), ask(cast.rita)
    batch = transact(lambda: request_batch(cast.otto, new_id(), [unknown_kind], "t", "en", NOW)).id
    while worker.step():
        pass
    transact(lambda: db.session.execute(update(Document).where(Document.id == unknown_kind).values(kind="gone")))
    for document_id, actor in ((hidden, cast.rita), (unknown_kind, cast.rita), (new_id(), cast.ada), (batch, cast.ada)):
        assert browser(actor).get(f"/documents/{document_id}{path}", buffered=True).status_code == 404
    assert browser(None).get(f"/documents/{hidden}{path}").status_code in (302, 401)


def test_a_batch_is_seen_as_long_as_all_that_is_in_it_is(app: Flask, cast: Cast, printed: list[UUID]) -> None:
    parts = [ask(cast.otto), ask(cast.otto, HIDDEN)]
    first, both = (
        transact(lambda wanted=wanted: request_batch(cast.otto, new_id(), wanted, "t", "en", NOW)).id  # type: ignore[misc]
        for wanted in (parts[:1], parts)
    )
    assert get_document(cast.otto, first, renderers()).kinds == {"slip"}
    without = replace(cast.otto, permissions=frozenset())
    for actor, batch in ((cast.otto, both), (without, first), (cast.ada, first)):
        with pytest.raises(NotFoundError):
            get_document(actor, batch, renderers())


def test_other_methods_are_refused_and_a_lost_file_is_404(
    app: Flask, cast: Cast, browser: Open, printed: list[UUID], worker: Worker
) -> None:
    document_id = ask(cast.rita)
    worker.step()
    rita = browser(cast.rita)
    assert rita.post(f"/documents/{document_id}").status_code == 405
    assert rita.get(f"/documents/{document_id}/tries").status_code == 405
    assert browser(cast.rita).post("/documents/" + str(new_id()) + "/tries").status_code == 404
    digest = row(document_id).digest
    assert digest is not None
    files.path_of(digest).unlink()
    assert rita.get(f"/documents/{document_id}/file.pdf", buffered=True).status_code == 404


def test_progress_of_a_batch_is_shown(app: Flask, cast: Cast, browser: Open, printed: list[UUID]) -> None:
    parts = [ask(cast.otto, UUID(int=n)) for n in (101, 102)]
    batch = transact(lambda: request_batch(cast.otto, new_id(), parts, "All", "en", NOW)).id
    transact(
        lambda: db.session.execute(update(Job).where(Job.id == row(batch).job_id).values(done=1, total=2, attempts=1))
    )
    text = browser(cast.otto).fragment(f"/documents/{batch}").text
    assert 'value="1" max="2"' in text
    assert 'href="/slips"' in browser(cast.otto).get(f"/documents/{batch}").text

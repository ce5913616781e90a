"""The pages of the back office, from the upload to the customers."""

import io
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import event, select
from werkzeug.test import TestResponse

from app.accounts.models import Account
from app.identity.models import Person
from app.infra import files
from app.infra.db import db
from app.infra.queue import Job, Worker
from app.kernel.access import Actor
from app.kernel.ids import new_id
from app.transfer import jobs
from app.transfer.models import ImportRun
from tests.conftest import Browser, Cast
from tests.shared import shared_file
from tests.transfer.stage import bring, count, table

Open = Callable[[Actor | None], Browser]
SHOPS = table("客户编号,客户名称,传真,owner email", "1,外滩酒楼,,", "2,,,", "3,Harbour <b>,,nobody@x.example")


def upload(
    browser: Browser, content: str | bytes = SHOPS, name: str = "shops.csv", once: UUID | None = None, **values: Any
) -> TestResponse:
    data = content.encode("gb18030") if isinstance(content, str) else content
    given = {"run_id": str(new_id()), "kind": "accounts", "source": "", **values}
    return browser.post("/imports", once, file=(io.BytesIO(data), name), **given)


def work(app: Flask) -> None:
    db.session.rollback()
    worker = Worker(app, list(jobs.JOBS))
    while worker.step():
        pass


def runs() -> list[ImportRun]:
    db.session.rollback()
    return list(db.session.scalars(select(ImportRun).order_by(ImportRun.requested_at)))


def test_a_file_is_tried_out_and_then_imported(app: Flask, cast: Cast, browser: Open) -> None:
    otto = browser(cast.otto)
    assert "Nothing imported yet" in otto.get("/imports").text
    assert "Import: Customers" in otto.get("/imports/new").text
    answer = upload(otto, dry_run="y")
    assert answer.status_code == 303
    trial = otto.get(answer.location)
    assert "Waiting for its turn" in trial.text and 'hx-trigger="every 1s"' in trial.text
    assert 'http-equiv="refresh"' in trial.text
    work(app)

    trial = otto.fragment(answer.location)
    assert trial.text.lstrip().startswith('<section id="run"') and "hx-trigger" not in trial.text
    for said in ("nothing is written yet", "Import for real", "The name is missing.", "客户名称", "传真", "Not taken"):
        assert said in trial.text
    assert "Nobody who works here has this address: nobody@x.example" in trial.text
    assert count(Account) == 0

    (run,) = runs()
    again = otto.post(f"/imports/{run.id}/again", run_id=str(new_id()), dry_run="")
    assert again.status_code == 303 and again.location != answer.location
    work(app)
    result = otto.get(again.location).text
    assert "nothing is written yet" not in result and "Import for real" not in result
    assert count(Account) == 2
    assert otto.get("/accounts?q=滩酒").text.count("外滩酒楼") >= 1
    listed = otto.get("/imports").text
    assert "3 rows: 2 new, 0 changed, 0 unchanged, 1 not taken" in listed and "Trial" in listed


def test_the_rows_with_problems_are_a_file_in_the_reader_s_language(app: Flask, cast: Cast, browser: Open) -> None:
    otto = browser(cast.otto)
    address = upload(otto).location
    assert otto.get(f"{address}/problems.csv").status_code == 404
    work(app)
    found = otto.get(f"{address}/problems.csv", buffered=True)
    assert found.status_code == 200 and "attachment" in found.headers["Content-Disposition"]
    assert found.data.startswith("\ufeffLine,Column,What happened,Reason,客户编号".encode())
    assert "2,,," in found.text
    (app.config["DATA"] / "imports" / (runs()[0].problem_file or "")).unlink()
    assert otto.get(f"{address}/problems.csv").status_code == 404
    assert "problems.csv" not in otto.get(address).text


def test_the_page_speaks_the_reader_s_language(app: Flask, cast: Cast, browser: Open) -> None:
    otto = browser(cast.otto)
    address = upload(otto).location
    work(app)
    for language, *words in (
        ("zh_Hans", "缺少名称。", "未使用的列：传真"),
        ("zh_Hant", "缺少名稱。", "未使用的欄位：传真"),
    ):
        db.session.get_one(Person, cast.otto.person_id).language = language
        db.session.commit()
        text = otto.get(address).text
        assert all(word in text for word in words)


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (b"PK\x03\x04....", "shops.xlsx", "Excel workbook"),
        (b"%PDF-1.7 ...", "shops.csv", "This is a PDF"),
        (b"\x89PNG\r\n", "shops.csv", "This is a picture"),
        (b"", "shops.csv", "The file is empty."),
        (b"\0\1\2\3" * 99, "shops.csv", "not a text file"),
        (b"city,phone\nLeeds,1\n", "shops.csv", "No column holds a name. The columns are: city, phone"),
    ],
)
def test_a_wrong_file_is_told_at_its_field(cast: Cast, browser: Open, content: bytes, name: str, reason: str) -> None:
    answer = upload(browser(cast.otto), content, name, source="Old system")
    assert answer.status_code == 422
    told = answer.text.partition('id="file-error">')[2].partition("<")[0]
    assert reason in told
    assert 'value="Old system"' in answer.text
    assert runs() == []


def test_no_file_is_told_at_its_field(cast: Cast, browser: Open) -> None:
    answer = browser(cast.otto).post("/imports", run_id=str(new_id()), kind="accounts")
    assert answer.status_code == 422 and "Choose a file first." in answer.text


def test_a_file_too_large_to_be_read_is_told_at_its_field(
    app: Flask, cast: Cast, browser: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 100_000)
    answer = upload(browser(cast.otto), b"name\n" + b"x" * 100_000)
    assert answer.status_code == 413
    told = answer.text.partition('id="file-error">')[2].partition("<")[0]
    assert told.startswith("The file is larger than") and told.endswith("or on the command line.")
    assert runs() == []


def test_a_real_list_of_five_megabytes_is_taken(app: Flask, cast: Cast, browser: Open) -> None:
    content = shared_file("places/us_stores_open.csv").read_bytes()
    # The body is made here: the test client leaves the temporary file open that it would make of it.
    values = {"once": new_id(), "run_id": new_id(), "kind": "accounts"}
    parts = [f'--x\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in values.items()]
    head = '--x\r\nContent-Disposition: form-data; name="file"; filename="us_stores_open.csv"\r\n\r\n'
    body = "".join([*parts, head]).encode() + content + b"\r\n--x--\r\n"
    with app.app_context():
        answer = browser(cast.otto).client.post(
            "/imports",
            data=body,
            content_type="multipart/form-data; boundary=x",
            headers={"Sec-Fetch-Site": "same-origin"},
        )
    assert answer.status_code == 303
    (run,) = runs()
    assert (run.source, files.read(run.digest)) == ("us_stores_open.csv", content)


def test_the_same_post_twice_is_one_import(cast: Cast, browser: Open) -> None:
    otto, key, run_id = browser(cast.otto), new_id(), str(new_id())
    first = upload(otto, once=key, run_id=run_id)
    assert upload(otto, once=key, run_id=run_id).location == first.location
    assert upload(otto, run_id=run_id).location == first.location
    assert len(runs()) == 1 and len(db.session.scalars(select(Job.id)).all()) == 1
    assert upload(otto, "name\nOther\n", once=key, run_id=run_id).status_code == 409
    assert upload(browser(cast.ada), run_id=run_id).status_code == 404


def test_folders_in_a_file_s_name_lead_nowhere(app: Flask, cast: Cast, browser: Open) -> None:
    otto = browser(cast.otto)
    address = upload(otto, name="../../../etc/passwd.csv").location
    work(app)
    (run,) = runs()
    assert run.source == run.file_name == "passwd.csv"
    assert run.problem_file and run.problem_file.startswith("passwd-")
    assert otto.get(f"{address}/problems.csv", buffered=True).status_code == 200


def test_what_broke_off_can_be_tried_again(app: Flask, cast: Cast, browser: Open) -> None:
    otto = browser(cast.otto)
    address = upload(otto).location
    job = db.session.scalars(select(Job)).one()
    job.failure, job.attempts = "OSError", 5
    db.session.commit()
    text = otto.get(address).text
    assert "Broken off" in text and "OSError" in text and "hx-trigger" not in text
    following = otto.post(f"{address}/again", run_id=str(new_id()), dry_run="").location
    work(app)
    assert "Import for real" not in otto.get(following).text


def test_runs_of_the_command_line_are_listed_without_their_file(cast: Cast, browser: Open) -> None:
    bring(table("id,name", "1,A", "2,"), dry_run=True)
    otto, (run,) = browser(cast.otto), runs()
    text = otto.get(f"/imports/{run.id}").text
    assert "Command line" in text and "Import for real" not in text
    assert otto.post(f"/imports/{run.id}/again", run_id=str(new_id()), dry_run="").status_code == 404
    assert "Command line" in otto.get("/imports").text


def test_only_who_may_import_comes_here(app: Flask, cast: Cast, browser: Open) -> None:
    address = upload(browser(cast.otto)).location
    pages = ("/imports", "/imports/new", address, f"{address}/problems.csv")
    for page in pages:
        assert browser(None).get(page).location.startswith("/sign-in"), page
        for actor in (cast.rita, cast.mona):
            assert browser(actor).get(page).status_code == 404, page
    for actor, status in ((None, 401), (cast.rita, 404), (cast.mona, 404)):
        assert upload(browser(actor)).status_code == status
        assert browser(actor).post(f"{address}/again", run_id=str(new_id())).status_code == status
    assert len(runs()) == 1
    otto = browser(cast.otto)
    assert "/imports" in otto.get("/more").text and "/imports" not in browser(cast.rita).get("/more").text
    assert otto.post("/imports/new").status_code == 405 and otto.post(address).status_code == 405
    assert otto.get(f"/imports/{new_id()}").status_code == 404
    assert otto.get("/imports/new?kind=people").status_code == 404
    assert upload(otto, kind="people").status_code == 404


def test_the_pages_ask_few_questions(app: Flask, cast: Cast, browser: Open) -> None:
    otto = browser(cast.otto)
    for name in ("a.csv", "b.csv", "c.csv"):
        address = upload(otto, name=name).location
    work(app)
    statements: list[str] = []

    @event.listens_for(db.engine, "before_cursor_execute")
    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    try:
        for page in ("/imports", address):
            statements.clear()
            assert otto.get(page).status_code == 200
            assert len(statements) <= 4, statements
    finally:
        event.remove(db.engine, "before_cursor_execute", note)

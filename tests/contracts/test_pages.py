"""The office's contracts, one contract, and the button on an order's page."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from uuid import UUID

import pytest
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import event, func, select, update

from app.contracts.models import Contract, Printing, Voidance
from app.documents.models import Document
from app.identity.models import Person
from app.infra.db import db, transact
from app.kernel.access import Actor
from app.kernel.ids import new_id
from tests.conftest import Browser, Cast
from tests.contracts.conftest import contract_of, order_of
from tests.sales.conftest import Shop

Open = Callable[[Actor | None], Browser]


def count(model: type) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def make(reader: Browser, order_id: UUID, once: UUID | None = None, **values: str) -> str:
    sent = {"contract_id": str(new_id()), "language": "en"} | values
    answer = reader.post(f"/orders/{order_id}/contract", once, **sent)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def test_a_contract_is_made_from_an_order_and_shown_while_it_is_printed(
    app: Flask, cast: Cast, browser: Open, order_id: UUID, work: Callable[[], int]
) -> None:
    rita = browser(cast.rita)
    form = rita.get(f"/orders/{order_id}/contract")
    assert form.status_code == 200
    assert re.search(r'<option selected value="en"', form.text)
    address = make(rita, order_id, language="zh_Hans")
    waiting = rita.get(address)
    assert "C-2026-" in waiting.text or f"C-{datetime.now(UTC).year}-" in waiting.text
    assert 'hx-trigger="every 1s"' in waiting.text and "简体中文" in waiting.text
    assert work() == 1
    ready = rita.get(address)
    assert "hx-trigger" not in ready.text and "file.pdf" in ready.text and "data-share" in ready.text


def test_a_double_tap_makes_one_contract(app: Flask, cast: Cast, browser: Open, order_id: UUID) -> None:
    rita, key, contract_id = browser(cast.rita), new_id(), str(new_id())
    same = {make(rita, order_id, key, contract_id=contract_id) for _ in range(2)}
    other_form = make(rita, order_id)
    assert same == {other_form}
    assert (count(Contract), count(Document)) == (1, 1)


def test_an_order_that_is_hidden_cancelled_or_unknown_gets_none(
    app: Flask, cast: Cast, browser: Open, shop: Shop, order_id: UUID
) -> None:
    assert browser(cast.ren).get(f"/orders/{order_id}/contract").status_code == 404
    assert (
        browser(cast.ren).post(f"/orders/{order_id}/contract", contract_id=str(new_id()), language="en").status_code
        == 404
    )
    assert browser(cast.rita).get(f"/orders/{new_id()}/contract").status_code == 404
    assert browser(None).post(f"/orders/{order_id}/contract").status_code == 401
    rita = browser(cast.rita)
    wrong = rita.post(f"/orders/{order_id}/contract", contract_id=str(new_id()), language="fr")
    assert wrong.status_code == 422
    rita.post(f"/orders/{order_id}/cancellation", reason="No room")
    refused = rita.post(f"/orders/{order_id}/contract", contract_id=str(new_id()), language="en")
    assert refused.status_code == 422 and "This order is cancelled." in refused.text
    assert count(Contract) == 0


def test_the_orders_page_and_the_accounts_page_show_it(
    app: Flask, cast: Cast, browser: Open, shop: Shop, order_id: UUID
) -> None:
    rita = browser(cast.rita)
    assert f'action="/orders/{order_id}/contract"' in rita.get(f"/orders/{order_id}").text
    address = make(rita, order_id)
    page = rita.get(f"/orders/{order_id}").text
    assert f'href="{address}"' in page and f'action="/orders/{order_id}/contract"' not in page
    assert f'href="{address}"' in rita.get(f"/accounts/{shop.kitchen}").text


def test_the_list_shows_what_one_may_see(app: Flask, cast: Cast, browser: Open, shop: Shop) -> None:
    contract_of(cast.rita, order_of(cast.rita, shop))
    contract_of(cast.ren, order_of(cast.ren, shop, shop.thames))
    people = {"rita": cast.rita, "ren": cast.ren, "mona": cast.mona, "otto": cast.otto, "ada": cast.ada}
    pages = {name: browser(actor).get("/contracts").text for name, actor in people.items()}
    seen = {name: text.count('<a href="/contracts/') for name, text in pages.items()}
    assert seen == {"rita": 1, "ren": 1, "mona": 1, "otto": 2, "ada": 2}
    assert 'name="contract"' not in browser(cast.mona).get("/contracts").text
    assert browser(None).get("/contracts").status_code == 302


def test_it_narrows_finds_and_answers_htmx_with_the_list_alone(
    app: Flask, cast: Cast, browser: Open, shop: Shop
) -> None:
    contract_of(cast.rita, order_of(cast.rita, shop))
    tower = contract_of(cast.rita, order_of(cast.rita, shop, shop.tower)).number
    otto = browser(cast.otto)
    found = otto.fragment("/contracts?q=永康&state=waiting")
    assert found.text.lstrip().startswith("<div") and tower in found.text and "C-2026-000001" not in found.text
    assert "No contract fits" in otto.get("/contracts?state=printed").text
    assert otto.get("/contracts?state=nonsense&page=x&q=%00").status_code == 200
    assert browser(cast.ada).get("/contracts?state=void").status_code == 200


def test_a_list_costs_two_statements(app: Flask, cast: Cast, browser: Open, shop: Shop) -> None:
    for _ in range(5):
        contract_of(cast.rita, order_of(cast.rita, shop))
    otto, said = browser(cast.otto), []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    otto.get("/contracts")
    event.listen(db.engine, "before_cursor_execute", note)
    try:
        otto.get("/contracts")
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert len([each for each in said if "FROM contract" in each or "contract." in each]) == 2
    assert len(said) <= 4


def test_select_all_ticks_the_page_without_a_script(app: Flask, cast: Cast, browser: Open, shop: Shop) -> None:
    for _ in range(3):
        contract_of(cast.rita, order_of(cast.rita, shop))
    otto = browser(cast.otto)
    assert otto.get("/contracts").text.count(" checked") == 0
    assert otto.get("/contracts?select=page").text.count(" checked") == 3


def printed_batch(otto: Browser, *ids: UUID, once: UUID | None = None, **values: str) -> str:
    answer = otto.post("/contracts/printings", once, contract=[str(each) for each in ids], **values)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def test_several_become_one_pdf_in_the_order_of_the_list(
    app: Flask, cast: Cast, browser: Open, shop: Shop, work: Callable[[], int]
) -> None:
    ids = [contract_of(cast.rita, order_of(cast.rita, shop)).id for _ in range(3)]
    otto, key, document_id = browser(cast.otto), new_id(), str(new_id())
    chosen = [ids[2], ids[0]]
    address = {printed_batch(otto, *chosen, once=key, document_id=document_id) for _ in range(2)}
    assert address == {f"/documents/{document_id}"}
    assert count(Printing) == 2
    work()
    ready = otto.get(f"/documents/{document_id}")
    assert 'href="/contracts"' in ready.text
    content = otto.get(f"/documents/{document_id}/file.pdf", buffered=True)
    reader = PdfReader(BytesIO(content.data))
    numbers = [re.search(r"C-\d{4}-\d{6}", page.extract_text())[0] for page in reader.pages]  # type: ignore[index]
    assert list(dict.fromkeys(numbers)) == ["C-2026-000003", "C-2026-000001"]
    assert browser(cast.rita).get(f"/documents/{document_id}").status_code == 404
    assert "C-2026-000003" in otto.get("/contracts?state=printed").text


def test_the_whole_list_is_printed_without_void_ones(app: Flask, cast: Cast, browser: Open, shop: Shop) -> None:
    contracts = [contract_of(cast.rita, order_of(cast.rita, shop)) for _ in range(3)]
    documents = [str(each.document_id) for each in contracts]
    voided = f"/contracts/{contracts[1].id}/voidance"
    browser(cast.rita).post(voided, reason="wrong")
    address = printed_batch(browser(cast.otto), scope="all", q="kitchen", state="")
    batch = db.session.get_one(Document, UUID(address.rpartition("/")[2]))
    assert batch.parts == [documents[2], documents[0]]


def test_printing_nothing_or_something_void_says_so_and_keeps_the_ticks(
    app: Flask, cast: Cast, browser: Open, shop: Shop
) -> None:
    first, second = (contract_of(cast.rita, order_of(cast.rita, shop)).id for _ in range(2))
    otto = browser(cast.otto)
    nothing = otto.post("/contracts/printings", q="kitchen")
    assert (
        nothing.status_code == 422
        and "Select at least one contract." in nothing.text
        and 'value="kitchen"' in nothing.text
    )
    otto.post(f"/contracts/{first}/voidance", reason="wrong")
    refused = otto.post("/contracts/printings", contract=[str(first), str(second)])
    assert refused.status_code == 422 and "is void." in refused.text
    assert re.search(rf'value="{second}"[^>]* checked', refused.text)
    assert count(Printing) == 0
    for actor, status in ((cast.rita, 404), (cast.mona, 404), (None, 401)):
        assert browser(actor).post("/contracts/printings", contract=str(second)).status_code == status
    unknown = otto.post("/contracts/printings", contract=str(new_id()))
    assert unknown.status_code == 404
    assert otto.get("/contracts/printings").status_code == 405


def test_voiding_asks_for_a_reason_and_happens_once(app: Flask, cast: Cast, browser: Open, order_id: UUID) -> None:
    rita = browser(cast.rita)
    address = make(rita, order_id)
    empty = rita.post(f"{address}/voidance", reason=" ")
    assert empty.status_code == 422 and "This field is required." in empty.text
    long = rita.post(f"{address}/voidance", reason="x" * 300)
    assert long.status_code == 422 and "x" * 300 in long.text
    key = new_id()
    for _ in range(2):
        assert rita.post(f"{address}/voidance", key, reason="wrong customer").status_code == 303
    assert count(Voidance) == 1
    page = rita.get(address).text
    assert "This contract is void: wrong customer" in page and "/voidance" not in page
    second = make(rita, order_id)
    assert second != address and f'href="{address}"' in rita.get(second).text


@pytest.mark.parametrize("path", ["", "/voidance"])
def test_others_contracts_are_not_there(app: Flask, cast: Cast, browser: Open, order_id: UUID, path: str) -> None:
    address = make(browser(cast.rita), order_id)
    for actor, where in ((cast.ren, address), (cast.rita, f"/contracts/{new_id()}")):
        reader = browser(actor)
        answer = reader.post(where + path, reason="x") if path else reader.get(where)
        assert answer.status_code == 404
    assert browser(cast.rita).post(address).status_code == 405
    assert browser(cast.rita).get(f"{address}/voidance").status_code == 405


@pytest.mark.parametrize("language", ["zh_Hans", "zh_Hant"])
def test_pages_speak_chinese(app: Flask, cast: Cast, browser: Open, order_id: UUID, language: str) -> None:
    transact(lambda: db.session.execute(update(Person).values(language=language)))
    otto = browser(replace(cast.otto, language=language))
    address = make(otto, order_id)
    words = {"zh_Hans": ("合同", "准备中", "全选本页"), "zh_Hant": ("合約", "準備中", "全選本頁")}[language]
    text = otto.get("/contracts").text
    assert all(word in text for word in words)
    assert "作" in otto.get(address).text

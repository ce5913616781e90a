"""What stands on a contract, read back from its PDF."""

import base64
import io
import re
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
from flask import Flask
from flask_babel import force_locale
from pypdf import PdfReader

from app.contracts import plugs
from app.contracts.queries import get_contract
from app.contracts.rules import ContractState
from app.documents.models import Document
from app.factory import create_app
from app.infra import files, pdf
from app.infra.db import db
from app.kernel.capitals import rmb_capitals
from app.kernel.money import Money, format_money
from app.sales.queries import SaleOnPaper, get_order
from tests.conftest import Cast, settings_for
from tests.contracts.conftest import contract_of, order_of
from tests.contracts.papers import CONTRACT, sale
from tests.infra.test_pdf import fonts, picture, text
from tests.sales.conftest import Shop

LANGUAGES = ("en", "zh_Hans", "zh_Hant")
TITLES = {"en": "ContractofSale", "zh_Hans": "产品买卖合同", "zh_Hant": "買賣合約書"}
FOLIOS = {"en": "Page{}of{}", "zh_Hans": "第{}页，共{}页", "zh_Hant": "第{}頁，共{}頁"}
ARTICLES = {"en": "Article{}.", "zh_Hans": "第{}条", "zh_Hant": "第{}條"}
NUMERALS = "一二三四五六七八九"


SELLER = SimpleNamespace(
    name="Harbour", legal_name="Harbour Trading Co. Ltd.", address="1 Quay Road", phone="", email="",
    tax_number="91310000", bank="", logo=None,
)  # fmt: skip


@pytest.fixture(scope="module")
def quiet_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    return create_app(settings_for(tmp_path_factory.mktemp("paper")), TESTING=True)


@pytest.fixture
def paper(quiet_app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The application without its database: what a page says depends on nothing else."""
    monkeypatch.setattr(plugs, "get_company", lambda: SELLER)
    with quiet_app.app_context():
        yield quiet_app


def printed(order: SaleOnPaper, language: str) -> PdfReader:
    with force_locale(language):
        html = plugs.page_of(CONTRACT, order, language)
    return PdfReader(io.BytesIO(pdf.render(html, language=language, identifier=CONTRACT.order_id).content))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("lines", [1, 12, 120])
def test_all_of_it_stands_there(paper: Flask, language: str, lines: int) -> None:
    order = sale(language, lines)
    reader = printed(order, language)
    said, pages = text(reader), len(reader.pages)
    for page_number, page in enumerate(reader.pages, 1):
        on_page = "".join(page.extract_text().split())
        assert FOLIOS[language].format(page_number, pages) in on_page
        assert f"{TITLES[language]}{CONTRACT.number}" in on_page, "the running head"
    for what in (
        order.customer,
        order.customer_tax_number,
        order.customer_address,
        "HarbourTradingCo.Ltd.",
        order.number,
    ):
        assert what.replace(" ", "") in said
    for line in order.lines:
        assert line.code in said
        assert f"{Money(line.net, 'CNY').amount:,f}" in said
    for amount in (order.net, order.tax, *(each.gross for each in order.taxes)):
        assert f"{Money(amount, 'CNY').amount:,f}" in said
    assert format_money(Money(order.gross, "CNY"), language) in said
    assert rmb_capitals(order.gross, traditional=language == "zh_Hant") in said
    for article in range(1, 10):
        assert ARTICLES[language].format(article if language == "en" else NUMERALS[article - 1]) in said
    assert all(fonts(reader).values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_another_currency_has_no_capitals(paper: Flask, language: str) -> None:
    said = text(printed(sale(language, 2, currency="TWD"), language))
    assert "NT$" in said
    assert not re.search("[壹贰叁肆伍陆柒捌玖貳參陸]", said)


@pytest.mark.parametrize("language", LANGUAGES)
def test_prices_with_tax_are_called_so(paper: Flask, language: str) -> None:
    order = sale(language, 3, tax_included=True)
    words = {"en": "Amountwithtax", "zh_Hans": "含税金额", "zh_Hant": "含稅金額"}[language]
    said = text(printed(order, language))
    assert words in said
    assert f"{Money(order.lines[2].gross, 'CNY').amount:,f}" in said


def test_the_signatures_stand_on_a_page_with_an_article(paper: Flask) -> None:
    for lines in (1, 9, 17, 25):
        last = printed(sale("zh_Hans", lines), "zh_Hans").pages[-1].extract_text()
        assert "（盖章处）" in last and "第九条" in last


def test_without_date_place_or_reference_it_reads_as_well(paper: Flask) -> None:
    bare = sale(
        "en", 1, delivery_on=None, delivery_place="", customer_address="", customer_reference="", customer_tax_number=""
    )
    said = text(printed(bare, "en"))
    assert "tobeagreedinwriting" in said and "tobenamedbytheBuyer" in said
    assert "None" not in said and "reference" not in said


HOSTILE = {
    "script": "<script>alert(1)</script><img src=file:///etc/passwd>{{ 7*7 }}{% raw %}",
    "long": "Bring it to the back door, please. " * 143,
    "one word": "Donaudampfschifffahrtsgesellschaft" * 60,
    "one line of Chinese": "请于工作日送达" * 300,
    "from the right": "تسليم البضائع في الصباح שלום \u202e abc",
    "emoji": "Thanks 🙏🏽 👨‍👩‍👧 ✅",
    "control": "a\x00b\x0bc\u2028d\ufeffe",
    "lines": "\n" * 500 + "end",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_odd_texts_do_not_break_it(paper: Flask, name: str) -> None:
    odd = HOSTILE[name]
    order = sale("en", 2, note=odd, customer=odd[:200], delivery_place=odd[:200], customer_reference=odd[:80])
    reader = printed(order, "en")
    said = text(reader)
    assert "Article9." in said and FOLIOS["en"].format(len(reader.pages), len(reader.pages)) in said
    assert len(reader.pages) < 25
    assert not reader.attachments
    if name == "script":
        assert "<script>alert(1)</script>" in said and "{{7*7}}" in said and "root:" not in said


def test_a_long_word_stays_on_the_paper(paper: Flask) -> None:
    order = sale("en", 1, customer="Ж" * 190, note="Ж" * 3000)
    lines = [line for page in printed(order, "en").pages for line in page.extract_text().splitlines()]
    assert sum(line.count("Ж") for line in lines) == 190 * 2 + 3000
    assert max(line.count("Ж") for line in lines) < 80


def test_the_logo_is_printed_and_a_lost_one_is_left_out(paper: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    for logo, pictures in ((files.store(base64.b64decode(picture())), 1), ("0" * 64, 0), (None, 0)):
        seller = SimpleNamespace(**{**vars(SELLER), "logo": logo})
        monkeypatch.setattr(plugs, "get_company", lambda seller=seller: seller)
        assert len(list(printed(sale("en", 1), "en").pages[0].images)) == pictures


def test_the_worker_makes_what_the_order_says(app: Flask, cast: Cast, shop: Shop, work: Callable[[], int]) -> None:
    order_id = order_of(cast.rita, shop, customer_reference="PO-9", note="第二道门 / back door")
    contract = contract_of(cast.rita, order_id, "zh_Hans")
    contract_id, number, document_id = contract.id, contract.number, contract.document_id
    assert work() == 1
    document = db.session.get_one(Document, document_id)
    assert document.digest is not None
    content = files.read(document.digest)
    reader = PdfReader(io.BytesIO(content))
    said, order = text(reader), get_order(cast.rita, order_id)
    assert (document.pages, document.size) == (len(reader.pages), len(content))
    for what in (number, "HarbourKitchen", "HarbourTradingCo.Ltd.", "PO-9", "第二道门/backdoor"):
        assert what in said
    assert format_money(Money(order.gross, "CNY"), "zh_Hans") in said
    assert rmb_capitals(order.gross) in said
    about = reader.metadata
    assert about is not None and about.title == number
    assert get_contract(cast.rita, contract_id).state is ContractState.MADE

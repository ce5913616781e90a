"""PDFs: fonts embedded, nothing read that is not listed, the same bytes for the same page."""

import base64
import io
from pathlib import Path
from uuid import UUID

import pytest
from PIL import Image
from pypdf import PdfReader

from app.infra import pdf

ID = UUID("0196b7a0-0000-7000-8000-000000000001")
SENTENCE = {"en": "Delivery is free of charge", "zh_Hans": "买卖合同金额大写", "zh_Hant": "買賣合約金額大寫"}


def page(body: str, head: str = "<title>C-1</title>") -> str:
    return f"<!doctype html><html><head>{head}</head><body>{body}</body></html>"


def made(body: str, language: str = "en", head: str = "<title>C-1</title>") -> PdfReader:
    return PdfReader(io.BytesIO(pdf.render(page(body, head), language=language, identifier=ID).content))


def text(reader: PdfReader) -> str:
    return "".join("".join(each.extract_text().split()) for each in reader.pages)


def fonts(reader: PdfReader) -> dict[str, bool]:
    """Name of each font (without the subset's tag) -> whether it is embedded as TrueType."""
    found = {}
    for each in reader.pages:
        for font in each["/Resources"]["/Font"].values():
            descriptor = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
            found[str(descriptor["/FontName"]).partition("+")[2]] = "/FontFile2" in descriptor
    return found


def picture(width: int = 40) -> str:
    out = io.BytesIO()
    Image.new("RGB", (width, width), (200, 30, 30)).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


@pytest.mark.parametrize("language", ["en", "zh_Hans", "zh_Hant"])
def test_each_language_is_printed_in_its_embedded_font(language: str) -> None:
    reader = made(f"<p>{SENTENCE[language]}</p><p><b>{SENTENCE[language]}</b></p>", language)
    assert text(reader).count(SENTENCE[language].replace(" ", "")) == 2
    wanted = "Paper-TC" if language == "zh_Hant" else "Paper-SC"
    assert fonts(reader) == {wanted: True, f"{wanted}-Bold": True}


def test_a_character_that_one_chinese_font_lacks_comes_from_the_other() -> None:
    reader = made("<p>國语</p>", "zh_Hant")
    assert text(reader) == "國语"
    assert all(fonts(reader).values())


def test_only_the_glyphs_that_are_used_are_embedded() -> None:
    assert len(pdf.render(page("<p>买卖合同</p>"), language="zh_Hans", identifier=ID).content) < 20_000


def test_the_same_page_gives_the_same_bytes_and_another_identifier_others() -> None:
    body = page("<p>合同 Contract</p>", '<title>C-1</title><meta name="dcterms.created" content="2026-03-10">')
    first, second = (pdf.render(body, language="zh_Hans", identifier=ID) for _ in range(2))
    assert first == second
    assert pdf.render(body, language="zh_Hans", identifier=UUID(int=2)).content != first.content


def test_title_author_and_date_are_those_of_the_page() -> None:
    head = (
        "<title>C-2026-000001</title>"
        '<meta name="author" content="海港贸易"><meta name="dcterms.created" content="2026-03-10">'
    )
    about = made("<p>x</p>", head=head).metadata
    assert about is not None
    assert (about.title, about.author, about["/CreationDate"]) == ("C-2026-000001", "海港贸易", "D:20260310")


def test_pages_are_a4_and_counted() -> None:
    result = pdf.render(page("<p style='break-after: page'>1</p><p>2</p>"), language="en", identifier=ID)
    reader = PdfReader(io.BytesIO(result.content))
    assert result.pages == len(reader.pages) == 2
    assert [round(float(side)) for side in reader.pages[0].mediabox[2:]] == [595, 842]


def test_a_long_table_has_its_heads_on_each_page() -> None:
    rows = "".join(f"<tr><td>row {n}</td></tr>" for n in range(200))
    reader = made(f"<table><thead><tr><th>HEADING</th></tr></thead><tbody>{rows}</tbody></table>")
    assert len(reader.pages) > 2
    assert all("HEADING" in each.extract_text() for each in reader.pages)


def test_pictures_that_stand_in_the_page_are_printed() -> None:
    reader = made(f'<img src="data:image/png;base64,{picture()}">')
    assert [image.image.size for image in reader.pages[0].images if image.image] == [(40, 40)]


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "{secret}",
        "http://127.0.0.1:9/x.png",
        "https://example.com/x.png",
        "//example.com/x.png",
        "ftp://example.com/x",
        "x.png",
        "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'><text>leaked</text></svg>",
        "data:text/html,leaked",
    ],
)
def test_nothing_else_is_read(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(base64.b64decode(picture()))
    address = address.replace("{secret}", secret.as_uri())
    fetched: list[str] = []
    monkeypatch.setattr("weasyprint.urls.URLFetcher.fetch", lambda _self, url, headers=None: fetched.append(url))
    body = (
        f'<p>plain</p><img src="{address}"><object data="{address}"></object><embed src="{address}">'
        f'<link rel="attachment" href="{address}"><a rel="attachment" href="{address}">a</a>'
        f'<p style="background: url({address})">styled</p><style>@import url("{address}");</style>'
        f'<link rel="stylesheet" href="{address}">'
    )
    reader = made(body)
    assert fetched == []
    assert not reader.attachments
    assert all(not list(each.images) for each in reader.pages)
    assert text(reader).startswith("plain")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Thanks 🙏🏽 👍\ufe0f!", "Thanks□□□!"),
        ("a\x00b\x0bc\x1fd\x7fe", "abcde"),
        ("a\u202eb\u2066c\u200dd\ufeffe", "abcde"),
        ("a\u2028b", "ab"),
        ("שלום", "שלום"),
        ("½ ℃ № ① € ￥", "½℃№①€￥"),
    ],
)
def test_characters_without_a_glyph_do_not_spoil_the_rest(written: str, read: str) -> None:
    assert text(made(f"<p>before</p><p>{written}</p><p>after</p>")) == f"before{read}after"


def test_scripts_are_not_run_and_not_shown() -> None:
    reader = made("<p>before</p><script>document.write('run')</script><p>after</p>")
    assert text(reader) == "beforeafter"
    assert "/JavaScript" not in str(reader.root_object)


def test_missing_fonts_are_named_with_the_command_that_brings_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "FONTS", (("Paper SC", 400, tmp_path / "none.ttf"),))
    pdf._press.cache_clear()
    try:
        with pytest.raises(pdf.FontsMissingError, match="make run"):
            pdf.render(page("x"), language="en", identifier=ID)
    finally:
        pdf._press.cache_clear()

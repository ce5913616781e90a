"""PDF from HTML, by WeasyPrint: A4, Chinese fonts embedded, and nothing read but what is listed here."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import UUID

from fontTools.ttLib import TTFont
from PIL import ImageFile
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

# WeasyPrint's import makes Pillow take cut-off pictures, half grey, in the whole process: also what people upload. The
# pictures in our documents are whole, because app/infra/pictures.py made them.
ImageFile.LOAD_TRUNCATED_IMAGES = False

ROOT = Path(__file__).resolve().parents[2]
SHEET = ROOT / "static" / "css" / "paper.css"
_NOTO = ROOT / "node_modules" / "@expo-google-fonts"
# (family, weight, file): whole fonts as npm brings them; a document embeds only the glyphs it uses. The families have
# names of our own, so that a font of the machine never mixes in.
FONTS = (
    ("Paper SC", 400, _NOTO / "noto-sans-sc/400Regular/NotoSansSC_400Regular.ttf"),
    ("Paper SC", 700, _NOTO / "noto-sans-sc/700Bold/NotoSansSC_700Bold.ttf"),
    ("Paper TC", 400, _NOTO / "noto-sans-tc/400Regular/NotoSansTC_400Regular.ttf"),
    ("Paper TC", 700, _NOTO / "noto-sans-tc/700Bold/NotoSansTC_700Bold.ttf"),
)
_CONTROLS = "".join(map(chr, {*range(32), 127} - {9, 10, 13}))
_PICTURES = ("data:image/png;base64,", "data:image/jpeg;base64,")


class FontsMissingError(RuntimeError):
    """The fonts that set-up brings are not there; the text names the command that brings them."""


@dataclass(frozen=True, slots=True)
class Pdf:
    """A finished PDF and its number of pages."""

    content: bytes
    pages: int


def render(html: str, *, language: str, identifier: UUID) -> Pdf:
    """A PDF of the page `html`, printed as static/css/paper.css says.

    `language` ('en', 'zh_Hans', 'zh_Hant') chooses the shapes of Chinese characters. Title, author, dates and language
    tag come from the page's own <title>, <meta> and lang; the same page, language and `identifier` give the same bytes.
    Pictures are data: addresses of PNG or JPEG; every other address is left out. FontsMissingError before `npm ci`.
    """
    fonts, sheet = _press()
    page = HTML(string=_printable(html), url_fetcher=_Fetcher(), base_url="http://paper.invalid/")
    chosen = CSS(string=f":root {{ font-family: {_families(language)} }}", font_config=fonts)
    document = page.render(font_config=fonts, stylesheets=[sheet, chosen])
    content = document.write_pdf(pdf_identifier=identifier.bytes)
    return Pdf(content or b"", len(document.pages))


def _families(language: str) -> str:
    """The reader's own shapes first; the other font has what the first lacks."""
    first, second = ("TC", "SC") if language == "zh_Hant" else ("SC", "TC")
    return f'"Paper {first}", "Paper {second}", sans-serif'


def _printable(html: str) -> str:
    """Without control characters, also those that turn the direction of text (an amount could be made to read
    backwards); symbols that no font of ours has (emoji) as □. Letters stay: a font of the machine may have them.

    A glyph that is missing would spoil the text of the whole document for whoever searches it or copies from it.
    """
    odd = {c for c in set(html) if not c.isascii() and ord(c) not in _glyphs()} | set(_CONTROLS) & set(html)
    return html.translate({ord(c): _stand_in(c) for c in odd}) if odd else html


def _stand_in(character: str) -> str:
    kind = unicodedata.category(character)
    if kind in ("Zl", "Zp"):
        return "\n"
    if kind in ("Cc", "Cf", "Cs") or unicodedata.name(character, "").startswith("VARIATION SELECTOR"):
        return ""
    return "□" if kind in ("So", "Sk", "Co", "Cn") else character


@cache
def _glyphs() -> frozenset[int]:
    """The code points that our fonts have."""
    found: set[int] = set()
    for _, weight, path in FONTS:
        if weight == 400:
            with TTFont(path, lazy=True) as font:
                found |= (font.getBestCmap() or {}).keys()
    return frozenset(found)


@cache
def _press() -> tuple[FontConfiguration, CSS]:
    """Fonts and style sheet, made ready once for each process."""
    fonts = FontConfiguration()
    faces = "".join(
        f'@font-face {{ font-family: "{family}"; font-weight: {weight}; src: url({path.as_uri()}) }}'
        for family, weight, path in FONTS
    )
    for _, _, path in FONTS:
        if not path.is_file():
            raise FontsMissingError(f"{path} is missing: run `npm ci`, or `make run`, which does it without node too")
    allowed = {path.as_uri(): path for _, _, path in FONTS}
    return fonts, CSS(string=faces + SHEET.read_text(), font_config=fonts, url_fetcher=_Fetcher(allowed))


class _Fetcher(URLFetcher):
    """Gives the files that are named when it is made, and pictures that stand in their own address; refuses the rest.

    WeasyPrint's own fetcher would read any file of the server and any address of its network.
    """

    def __init__(self, allowed: Mapping[str, Path] | None = None) -> None:
        super().__init__(allowed_protocols=["data"], allow_redirects=False)  # type: ignore[no-untyped-call]
        self._allowed = allowed or {}

    def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> URLFetcherResponse:
        if path := self._allowed.get(url):
            return URLFetcherResponse(url, path.read_bytes())
        if url.startswith(_PICTURES):
            picture: URLFetcherResponse = super().fetch(url, headers)  # type: ignore[no-untyped-call]
            return picture
        raise ValueError(f"not allowed in a document: {url[:80]}")

"""Which encoding a text file is in: UTF-8, UTF-16, GB18030, Big5 or Latin, decided the same way every time.

Nothing in a CSV says how it was written, and Excel on a Chinese, Taiwanese or German Windows each writes another
encoding. UTF-8 proves itself by decoding. For the others every reading is priced: the cost of a text is about minus the
logarithm of its probability, so rare characters are dear and the reading with the cheapest text wins. All readings have
the same bytes, which makes their sums comparable. Libraries were tried first and read too many of our files wrongly
(DECISIONS.md).
"""

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from app.kernel.errors import FieldbookError
from app.kernel.i18n import N_

SAMPLE = 64 * 1024  # bytes that are priced; the whole file is decoded afterwards


@dataclass(frozen=True, slots=True)
class Text:
    """The decoded text without its byte order mark. `encoding` is Python's name of it."""

    text: str
    encoding: str
    had_bom: bool


@dataclass
class UnreadableError(FieldbookError):
    """The file as a whole cannot be taken. `reason` is an English msgid with %(name)s places for `params`."""

    reason: str
    params: dict[str, str | int]

    def __str__(self) -> str:
        return self.reason % self.params


class UndecodableError(UnreadableError):
    """A byte that does not belong to the encoding: `offset` from 0, `line` from 1."""

    def __init__(self, encoding: str, offset: int, line: int) -> None:
        self.encoding, self.offset, self.line = encoding, offset, line
        reason = N_("The file looks like %(encoding)s, but byte %(offset)s in line %(line)s does not belong there.")
        super().__init__(reason, {"encoding": encoding, "offset": offset, "line": line})


# Files that people choose by mistake, by the bytes they begin with.
_SIGNATURES = (
    (b"PK\x03\x04", N_("This is an Excel workbook (xlsx) or an archive, not a CSV. Save it as CSV and try again.")),
    (b"\xd0\xcf\x11\xe0", N_("This is an old Excel or Word file, not a CSV. Save it as CSV and try again.")),
    (b"%PDF", N_("This is a PDF, not a CSV.")),
    (b"\x89PNG", N_("This is a picture, not a CSV.")),
    (b"\xff\xd8\xff", N_("This is a picture, not a CSV.")),
    (b"GIF8", N_("This is a picture, not a CSV.")),
    (b"\x1f\x8b", N_("This is a compressed file, not a CSV.")),
)
_NOT_TEXT = N_("This is not a text file, so it is not a CSV.")
_UNKNOWN = N_("The encoding of the file is not known here. Save it as UTF-8 and try again.")
_EMPTY = N_("The file is empty.")

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
# Windows' Big5 is taken where it can read the whole file; the characters of Hong Kong are only in the other.
_BIG5 = ("cp950", "big5hkscs")
_EIGHT_BIT = ("utf-8", "gb18030", *_BIG5, "cp1252")  # cp1252 holds all printable characters of Latin-1
_SIXTEEN_BIT = ("utf-16-le", "utf-16-be")


def decode(data: bytes) -> Text:
    """The text of a file. Raises UndecodableError at the first bad byte, UnreadableError where it is no text at all."""
    if not data:
        raise UnreadableError(_EMPTY, {})
    for signature, reason in _SIGNATURES:
        if data.startswith(signature):
            raise UnreadableError(reason, {})
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return Text(_as_text(_strictly(data, encoding)).removeprefix("\ufeff"), encoding, True)
    if b"\0" not in data:
        try:
            return Text(_as_text(data.decode("utf-8")), "utf-8", False)
        except UnicodeDecodeError:
            pass
    encoding = _likeliest(data)
    text = _as_text(_strictly(data, encoding))
    return Text(text.removeprefix("\ufeff"), encoding, text.startswith("\ufeff"))


def _strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(encoding, "replace")
        raise UndecodableError(encoding, error.start, before.count("\n") + 1) from None


_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")


def _as_text(text: str) -> str:
    """The text, unless so many control characters are in it that a program wrote it for programs."""
    if len(_CONTROL.findall(text, 0, SAMPLE)) > 2 + len(text[:SAMPLE]) // 100:
        raise UnreadableError(_NOT_TEXT, {})
    return text


def _likeliest(data: bytes) -> str:
    sample, encodings = _sample(data)
    prices = {encoding: _price(sample.decode(encoding, "replace")) for encoding in encodings}
    ranked = sorted(encodings, key=lambda encoding: prices[encoding].total)
    best = ranked[0]
    if prices[best].is_gibberish:
        raise UnreadableError(_NOT_TEXT if _is_binary(data) else _UNKNOWN, {})
    if best in _BIG5:
        return next((encoding for encoding in _BIG5 if _decodes(data, encoding)), best)
    return best


def _is_binary(data: bytes) -> bool:
    return len(_CONTROL.findall(data[:SAMPLE].decode("latin-1"))) > len(data[:SAMPLE]) // 50


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _sample(data: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Bytes worth pricing, and the encodings that may have written them.

    Zero bytes stand in UTF-16 only (every comma has one). Otherwise lines of plain ASCII say nothing, so the sample is
    made of the others, spread over the whole file; no encoding here uses the newline's byte within a character.
    """
    if b"\0" in data:
        return data[: min(SAMPLE, len(data) // 2 * 2)], (*_SIXTEEN_BIT, "utf-8")
    lines = [line for line in data.split(b"\n") if not line.isascii()]
    step = max(1, sum(map(len, lines)) // SAMPLE)
    return b"\n".join(lines[::step])[: 2 * SAMPLE], _EIGHT_BIT


@dataclass(frozen=True, slots=True)
class _Price:
    total: float
    foreign: float  # share of the characters beyond ASCII in it
    length: int  # how many of them there are

    @property
    def is_gibberish(self) -> bool:
        """Dearer than real text, which costs 6 to 9 a character; random bytes and most other alphabets cost more."""
        return self.length >= _ENOUGH and self.foreign > _DEAREST * self.length


_DEAREST, _ENOUGH = 11.0, 20

# Neighbours that real text seldom has: two accented letters, and an ideograph within a Latin word.
_ACCENTS = re.compile("[\u0080-\u024f](?=[\u0080-\u024f])")
_SEAM = re.compile("[a-z](?=[\u3400-\u9fff])|[\u3400-\u9fff](?=[a-z])")
_SEAM_PRICE = 4.0


def _price(text: str) -> _Price:
    counts = Counter(text)
    foreign = {char: count for char, count in counts.items() if char > "\x7f"}
    dear = sum(_cost(char) * count for char, count in foreign.items())
    plain = sum(_cost(char) * count for char, count in counts.items() if char <= "\x7f")
    seams = (len(_ACCENTS.findall(text)) + len(_SEAM.findall(text))) * _SEAM_PRICE
    return _Price(dear + plain + seams, dear + seams, sum(foreign.values()))


@lru_cache(maxsize=1 << 16)
def _cost(char: str) -> float:
    """About -ln of the character's share in the names and addresses of customers; hand-set, tiers are what matters."""
    code = ord(char)
    if code < 0x80:
        return 3.5 if code >= 0x20 or char in "\t\r\n" else 20.0
    if char in _FREQUENT:
        return 6.5
    for ranges, cost in _TIERS:
        if any(first <= code <= last for first, last in ranges):
            return cost if cost else _ideograph_cost(char)
    return 16.0


_TIERS: tuple[tuple[tuple[tuple[int, int], ...], float], ...] = (
    (((0x4E00, 0x9FFF),), 0.0),  # ideographs: by the tables of the national standards
    (((0x80, 0x9F), (0xE000, 0xF8FF), (0xFFFD, 0xFFFF), (0xF0000, 0x10FFFF)), 25.0),  # controls, private use, errors
    (((0xC0, 0xD6), (0xD8, 0xF6), (0xF8, 0x17F)), 7.0),  # accented letters
    (((0x2010, 0x2027), (0x20AC, 0x20AC), (0x2122, 0x2122)), 8.5),  # dashes, quotes, euro
    (((0xA0, 0xBF),), 10.0),
    (((0x3000, 0x3011), (0xFF01, 0xFF5E)), 8.5),  # ideographic punctuation, full-width letters and digits
    (((0x3041, 0x30FF), (0x2160, 0x216B), (0x2460, 0x249B), (0x3105, 0x312F), (0xFE30, 0xFE6B)), 11.0),
)


def _ideograph_cost(char: str) -> float:
    """Everyday characters are those of level one of GB 2312 (rows 16 to 55) or of Big5 (A440 to C67E)."""
    gb, big5 = char.encode("gb2312", "ignore"), char.encode("big5", "ignore")
    if (gb and gb[0] <= 0xD7) or (big5 and big5 <= b"\xc6\x7e"):
        return 9.5
    return 12.5 if gb or big5 else 15.0


# What names, addresses and headings of Chinese customer lists are mostly made of, in both scripts.
_FREQUENT = frozenset(
    "一二三四五六七八九十百千大小中上下东東西南北山江河湖海州市省县縣区區镇鎮乡鄉村里路街道巷弄号號楼樓层層室段座栋棟"
    "公司有限责責任股份集团團分店厂廠商贸貿易科技工业業电電子机機械建设設材料化学學医醫院药藥房诊診所校园園幼儿兒"
    "台臺湾灣京沪滬广廣深圳武汉漢重庆慶天津成都杭苏蘇门門香港九龙龍新界高雄"
    "客户戶名称稱称地址电話话联聯系絡络人编編类類别別级級邮郵区行业备備注註经經纬緯度网網站"
    "心民人家文化华華国國美安平和福德明光金银銀行酒饭飯餐厅廳便利超级級商场場中心小学教育局社会會服务務全家生活"
    "统統企连連锁鎖健康口腔牙科内內外综綜合卫衛育信息"
)

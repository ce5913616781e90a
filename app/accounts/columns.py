"""Tables of customers: which column holds what, and one row as an account. For the engine in app/transfer."""

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from app.kernel.countries import country_code
from app.kernel.geo import Position
from app.kernel.i18n import N_
from app.kernel.text import fold, phone_digits, search_text, squeeze
from app.kernel.zones import zone_of
from app.transfer.encodings import UnreadableError
from app.transfer.rules import Column, Parsed, Row, RowProblem

# Headings that are taken for a field, the surest first; compared without case, spaces, signs and bracketed remarks.
# English, simplified and traditional Chinese, and the names that Salesforce and other systems export.
_ALIASES = {
    "id": (
        "id, customer id, account id, external id, customer number, customer no, customer code, account number, "
        "account no, account code, source id, rec id, code, "
        "编号, 客户编号, 客户编码, 客户代码, 客户id, 代码, 編號, 客戶編號, 客戶代碼, 客戶代號, 代碼, 代號"
    ),
    "name": (
        "name, company name, account name, customer name, company, customer, account, organisation, organization, "
        "organisation name, organization name, business name, site name, store name, shop name, store, shop, "
        "名称, 公司名称, 客户名称, 企业名称, 单位名称, 门店名称, 店铺名称, 商户名称, 机构名称, 客户, 公司, 企业, 单位, "
        "名稱, 公司名稱, 客戶名稱, 企業名稱, 單位名稱, 門市名稱, 店家名稱, 商店名稱, 機構名稱, 客戶, 企業, 單位, "
        "店名, 公司全称, 客户全称, 公司全稱, 學校名稱, 中文名称, 中文名稱"
    ),
    "name_en": (
        "name en, english name, name english, company name en, customer name en, "
        "英文名称, 英文名, 公司英文名称, 客户英文名称, 英文名稱, 公司英文名稱, 客戶英文名稱"
    ),
    "category": (
        "category, industry, sector, business type, account type, customer type, type, segment, "
        "类别, 分类, 行业, 类型, 客户类型, 所属行业, 业态, 類別, 分類, 行業, 產業, 類型, 客戶類型, 產業別, 行業別"
    ),
    "class": (
        "class, account class, customer class, abc, abc class, grade, rating, tier, "
        "等级, 级别, 客户等级, 客户级别, 等級, 級別, 客戶等級, 客戶級別"
    ),
    "country": "country, country code, billing country, billing country code, 国家, 国别, 国家地区, 國家, 國別",
    "region": (
        "region, province, state, state province, billing state, billing state code, 省, 省份, 省市, 州, 所在省, 省级"
    ),
    "city": "city, town, billing city, 市, 城市, 所在市, 地市, 市级, 所在城市, 縣市, 县市, 縣市別",
    "district": (
        "district, county, borough, suburb, neighborhood, neighbourhood, "
        "区, 区县, 行政区, 县区, 所在区, 区域, 地区, 區, 區縣, 行政區, 鄉鎮市區, 分區, 區域, 地區"
    ),
    "address": (
        "address, full address, street address, address 1, address line 1, street, billing street, billing address, "
        "地址, 详细地址, 公司地址, 客户地址, 联系地址, 通讯地址, 街道, 街道地址, 门店地址, "
        "詳細地址, 公司地址, 客戶地址, 聯絡地址, 通訊地址, 門市地址, 營業地址"
    ),
    "postcode": (
        "postcode, postal code, post code, zip, zip code, zipcode, billing postal code, "
        "邮编, 邮政编码, 郵遞區號, 郵編, 郵政編碼, 郵政編號"
    ),
    "phone": (
        "phone, telephone, tel, phone number, telephone number, business phone, main phone, work phone, mobile, "
        "mobile phone, cell phone, 电话, 联系电话, 电话号码, 公司电话, 固定电话, 座机, 手机, 手机号, 手机号码, "
        "電話, 聯絡電話, 電話號碼, 公司電話, 市話, 手機, 手機號碼, 行動電話"
    ),
    "website": (
        "website, web site, web, url, homepage, home page, web address, 网站, 网址, 官网, 網站, 網址, 官網, 網頁"
    ),
    "email": (
        "email, e-mail, mail, email address, e-mail address, 邮箱, 电子邮箱, 电子邮件, 邮件, "
        "電子郵件, 電子信箱, 電郵, 信箱, 郵箱"
    ),
    "contact": (
        "contact, contact name, contact person, primary contact, attn, "
        "联系人, 联络人, 联系人姓名, 负责人, 姓名, 聯絡人, 聯繫人, 聯絡人姓名, 負責人"
    ),
    "opening_hours": (
        "opening hours, business hours, hours, open hours, 营业时间, 开放时间, 營業時間, 開放時間, 服務時間"
    ),
    "lat": "lat, latitude, gps latitude, geo lat, billing latitude, y, 纬度, 北纬, 緯度, 北緯",
    "lon": "lon, lng, long, longitude, gps longitude, geo lon, geo lng, billing longitude, x, 经度, 东经, 經度, 東經",
    "approx_lat": "approx lat, approximate latitude, 大致纬度, 概略緯度",
    "approx_lon": "approx lon, approx lng, approximate longitude, 大致经度, 概略經度",
    "approx_level": "approx level, approximate level, 大致级别, 概略層級",
    "owner_email": (
        "owner email, account owner email, sales rep email, salesperson email, "
        "负责人邮箱, 业务员邮箱, 销售邮箱, 負責人信箱, 業務員信箱, 業務信箱"
    ),
    "note": "note, notes, remark, remarks, comment, comments, description, memo, 备注, 说明, 描述, 備註, 備注, 說明",
}

# Characters a field may have; a longer text is cut and reported.
_LONGEST = {
    "id": 100,
    "name": 200,
    "name_en": 200,
    "category": 100,
    "region": 100,
    "city": 100,
    "district": 100,
    "address": 500,
    "postcode": 20,
    "phone": 100,
    "website": 500,
    "email": 254,  # RFC 5321 4.5.3.1, less the angle brackets
    "contact": 200,
    "opening_hours": 1_000,
    "approx_level": 50,
    "owner_email": 254,
    "note": 5_000,
}
_OF_MANY_LINES = frozenset({"address", "opening_hours", "note"})


@dataclass(frozen=True, slots=True)
class Mapping:
    """Which column (by its place, from 0) feeds which field, and the headings that nothing is taken from."""

    places: dict[str, int]
    headings: dict[str, str]
    ignored: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ParsedAccount:
    """One row of a table as an account. Texts are trimmed, '' where there is none.

    `external_id` is the row's own id in its source. `grade` is A, B, C or ''. `country` is an ISO 3166-1 code or ''.
    `position` is WGS-84; `level` says how far to trust it: '' exact, else what an approximate one is the middle of
    (district, city ...). `zone` is an IANA name, estimated, None without a known country.
    """

    external_id: str
    name: str
    name_en: str
    category: str
    grade: str
    country: str
    region: str
    city: str
    district: str
    address: str
    postcode: str
    phone: str
    website: str
    email: str
    contact: str
    opening_hours: str
    position: Position | None
    level: str
    owner_email: str
    note: str

    @property
    def is_approximate(self) -> bool:
        """Whether the position is only the middle of a larger area."""
        return bool(self.level)

    @property
    def phone_digits(self) -> str:
        """The digits of each phone number, one space between numbers."""
        return phone_digits(self.phone)

    @property
    def zone(self) -> str | None:
        """IANA time zone of the place, an estimate (app/kernel/zones.py)."""
        return zone_of(self.country, self.region, self.position.lon if self.position else None)

    @property
    def look(self) -> str:
        """What makes it the same account in whatever source: name and address as `fold` sees them.

        `at:` and a digest of fixed length, which fits an index; the same as `Account.identity`.
        """
        return f"at:{place_key(self.name, self.address)}"

    @property
    def identity(self) -> str:
        """What makes a row of the same source the same account: its id (`id:` and as written), else its look."""
        return f"id:{self.external_id}" if self.external_id else self.look

    @property
    def search_text(self) -> str:
        """Where "find by any part" looks: folded name, English name and address, and the phone's digits."""
        return search_text(self.name, self.name_en, self.address, phone=self.phone)


def place_key(name: str, address: str) -> str:
    """Digest (32 hexadecimal characters) of a name and an address as `fold` sees them; equal for the same place.

    A name of which nothing is left by folding (only signs) counts as it is written.
    """
    return blake2b(f"{fold(name) or name}\n{fold(address)}".encode(), digest_size=16).hexdigest()


_REMARK = re.compile(r"\(.*?\)|\[.*?\]|【.*?】")
_SIGNS = re.compile(r"[\W_]+")


def _bare(heading: str) -> str:
    return _SIGNS.sub("", unicodedata.normalize("NFKC", heading).casefold())


_FIELDS_BY_NAME = [(_bare(alias), field) for field, aliases in _ALIASES.items() for alias in aliases.split(", ")]


def recognise(columns: Sequence[Column]) -> Mapping:
    """Which column holds what. The same headings always give the same answer, in whatever order they stand.

    Each field takes the surest heading of its list; of two equal ones the left. A heading with a bracketed remark
    counts without it only where nothing has the plain heading. UnreadableError where no column is a name.
    """
    places: dict[str, int] = {}
    for strip in (str, lambda key: _REMARK.sub("", key)):
        found: dict[str, int] = {}
        for place, column in enumerate(columns):
            found.setdefault(_bare(strip(column.key)), place)
        for alias, field in _FIELDS_BY_NAME:
            if field not in places and alias in found and found[alias] not in places.values():
                places[field] = found[alias]
    if "name" not in places:
        headings = ", ".join(column.heading for column in columns if column.heading)
        raise UnreadableError(N_("No column holds a name. The columns are: %(columns)s"), {"columns": headings[:500]})
    used = set(places.values())
    return Mapping(
        places,
        {field: columns[place].heading for field, place in places.items()},
        tuple(column.heading for place, column in enumerate(columns) if place not in used),
    )


def parse(row: Row, mapping: Mapping) -> Parsed[ParsedAccount]:
    """One row as an account. Rejected without a name or with an endless id; what else is wrong is left out and told."""
    if row.problem:
        return Parsed(None, (row.problem,))
    reading = _Reading(row, mapping)
    name, external_id = reading.text("name"), squeeze(reading.raw("id"))
    if not name:
        return Parsed(None, (reading.problem("name", N_("The name is missing.")),))
    if len(external_id) > _LONGEST["id"]:
        reason = N_("The id is longer than %(limit)s characters.")
        return Parsed(None, (reading.problem("id", reason, limit=_LONGEST["id"]),))
    position, level = reading.position()
    account = ParsedAccount(
        external_id=external_id,
        name=name,
        name_en=reading.text("name_en"),
        category=reading.text("category"),
        grade=reading.grade(),
        country=reading.country(),
        region=reading.text("region"),
        city=reading.text("city"),
        district=reading.text("district"),
        address=reading.text("address"),
        postcode=_plain(reading.text("postcode")),
        phone=reading.text("phone"),
        website=reading.website(),
        email=reading.email("email"),
        contact=reading.text("contact"),
        opening_hours=reading.text("opening_hours"),
        position=position,
        level=level,
        owner_email=reading.email("owner_email"),
        note=reading.text("note"),
    )
    return Parsed(account, tuple(reading.problems))


def _plain(text: str) -> str:
    """Full-width letters and digits as plain ones."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


_NUMBER = re.compile(r"[+-]?\d+([.,]\d*)?(e[+-]?\d+)?")
_GRADE = re.compile(r"([abc])\s*[类級级類]?")
_EMAIL = re.compile(r"[^@\s<>]+@[^@\s<>]+")
_WEB_ADDRESS = re.compile(r"(https?://)?[^\s/:@<>\"']+\.[^\s<>\"']+", re.IGNORECASE)


class _Reading:
    """One row being read: fields by name, and the problems met on the way."""

    def __init__(self, row: Row, mapping: Mapping) -> None:
        self.row, self.mapping = row, mapping
        self.problems: list[RowProblem] = []

    def raw(self, field: str) -> str:
        place = self.mapping.places.get(field)
        return "" if place is None else self.row.cells[place].strip()

    def problem(self, field: str, reason: str, **params: str | int) -> RowProblem:
        return RowProblem(self.row.line, self.mapping.headings.get(field), reason, params)

    def tell(self, field: str, reason: str, **params: str | int) -> None:
        self.problems.append(self.problem(field, reason, **params))

    def text(self, field: str) -> str:
        raw = self.raw(field)
        if not raw:
            return ""
        text = "\n".join(filter(None, map(squeeze, raw.splitlines()))) if field in _OF_MANY_LINES else squeeze(raw)
        if len(text) > _LONGEST[field]:
            self.tell(field, N_("The text was cut after %(limit)s characters."), limit=_LONGEST[field])
            text = text[: _LONGEST[field]].rstrip()
        return text

    def grade(self) -> str:
        raw = _plain(self.raw("class")).casefold()
        if not raw:
            return ""
        if found := _GRADE.fullmatch(raw):
            return found[1].upper()
        self.tell("class", N_("The class is none of A, B and C: %(value)s"), value=raw[:50])
        return ""

    def country(self) -> str:
        raw = self.raw("country")
        code = country_code(raw) if len(raw) <= 100 else None
        if raw and not code:
            self.tell("country", N_("This country is not known: %(value)s"), value=raw[:50])
        return code or ""

    def website(self) -> str:
        raw = self.text("website")
        if raw and not _WEB_ADDRESS.fullmatch(raw):  # it becomes a link, so nothing but http may come in
            self.tell("website", N_("This is no web address: %(value)s"), value=raw[:50])
            return ""
        return raw

    def email(self, field: str) -> str:
        raw = _plain(self.text(field))
        if raw and not _EMAIL.fullmatch(raw):
            self.tell(field, N_("This is no e-mail address: %(value)s"), value=raw[:50])
            return ""
        return raw

    def position(self) -> tuple[Position | None, str]:
        """The exact position, else the approximate one with its level, else none."""
        if exact := self._pair("lat", "lon"):
            return exact, ""
        if approximate := self._pair("approx_lat", "approx_lon"):
            return approximate, self.text("approx_level") or "area"
        return None, ""

    def _pair(self, lat_field: str, lon_field: str) -> Position | None:
        lat_text, lon_text = self.raw(lat_field), self.raw(lon_field)
        if not lat_text and not lon_text:
            return None
        if not lat_text or not lon_text:
            empty = lon_field if lat_text else lat_field
            self.tell(empty, N_("Half of the position is missing; it is left out."))
            return None
        lat, lon = _number(lat_text), _number(lon_text)
        if lat is None or lon is None:
            field, text = (lat_field, lat_text) if lat is None else (lon_field, lon_text)
            self.tell(field, N_("This is no number of degrees, the position is left out: %(value)s"), value=text[:50])
            return None
        if lat == 0 and lon == 0:  # what programs write that found nothing; a spot in the Gulf of Guinea
            self.tell(lat_field, N_("The position 0, 0 stands for none; it is left out."))
            return None
        try:
            return Position(lat, lon)
        except ValueError:
            reason = N_("No place on earth has the position %(lat)s, %(lon)s; it is left out.")
            self.tell(lat_field, reason, lat=lat_text[:50], lon=lon_text[:50])
            return None


def _number(text: str) -> float | None:
    """A number of degrees with decimal point or comma, None for everything else."""
    plain = _plain(text).replace("\u2212", "-").strip().removesuffix("°").casefold()
    if not _NUMBER.fullmatch(plain):
        return None
    number = float(plain.replace(",", "."))
    return number if math.isfinite(number) else None

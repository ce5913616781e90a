"""Countries as people write them, to ISO 3166-1 alpha-2 codes. Names are CLDR's, in all our languages."""

import unicodedata
from functools import lru_cache

from babel import Locale

from app.kernel.i18n import LANGUAGES

_NO_COUNTRIES = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})  # groups and test codes among CLDR's territories

# What else is in use: three-letter codes, short and official forms.
_ALSO = {
    "AE": "UAE, ARE, Emirates",
    "AT": "AUT, Österreich",
    "AU": "AUS",
    "BR": "BRA, Brasil",
    "CA": "CAN",
    "CH": "CHE, Schweiz, Suisse",
    "CN": "CHN, PRC, P.R. China, People's Republic of China, Mainland China, 中华人民共和国, 中國大陸, 中国大陆",
    "CZ": "CZE, Czech Republic",
    "DE": "DEU, GER, Deutschland",
    "ES": "ESP, España",
    "FR": "FRA",
    "GB": "GBR, UK, U.K., Great Britain, England, Scotland, Wales, Northern Ireland, 大不列颠",
    "HK": "HKG, Hong Kong, Hong Kong SAR, Hongkong, 香港, 中国香港, 中國香港",
    "ID": "IDN",
    "IE": "IRL, Republic of Ireland",
    "IN": "IND",
    "IT": "ITA, Italia",
    "JP": "JPN",
    "KR": "KOR, Korea, Republic of Korea, 韓國",
    "MO": "MAC, Macau, Macao, Macao SAR, 澳门, 澳門, 中国澳门, 中國澳門",
    "MX": "MEX, México",
    "MY": "MYS",
    "NL": "NLD, Holland, The Netherlands, Nederland",
    "NZ": "NZL",
    "PH": "PHL",
    "PL": "POL",
    "RU": "RUS, Russian Federation",
    "SE": "SWE",
    "SG": "SGP",
    "TH": "THA",
    "TR": "TUR, Turkey",
    "TW": "TWN, R.O.C., Republic of China, 臺灣, 中华民国, 中華民國, 中国台湾, 中國台灣",
    "US": "USA, U.S., U.S.A., United States of America, America, 美利坚合众国",
    "VN": "VNM, Viet Nam",
}


@lru_cache(maxsize=1024)
def country_code(text: str) -> str | None:
    """The ISO code of a country given by code or by English or Chinese name, None where it is not known."""
    return _codes().get(_plain(text))


def _plain(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


@lru_cache(maxsize=1)
def _codes() -> dict[str, str]:
    codes: dict[str, str] = {}
    for language in LANGUAGES:
        for code, name in Locale.parse(language).territories.items():
            if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES:
                codes[_plain(name)] = code
                codes[code.lower()] = code
    for code, names in _ALSO.items():
        codes.update({_plain(name): code for name in names.split(", ")})
    return codes

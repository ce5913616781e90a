"""Currencies to choose from."""

from functools import cache

from babel.core import get_global
from babel.numbers import get_currency_name

from app.web import locale

_FIRST = ("CNY", "TWD", "HKD", "SGD", "GBP", "EUR", "USD", "JPY")


def currency_choices() -> list[tuple[str, str]]:
    """(ISO 4217 code, code and name in the reader's language) of what is legal tender somewhere, by CLDR; those of the
    first users on top."""
    return _choices(locale.language())


@cache
def _choices(language: str) -> list[tuple[str, str]]:
    territories = get_global("territory_currencies").values()
    tender = {code for each in territories for code, _begun, ended, is_tender in each if is_tender and ended is None}
    codes = (*_FIRST, *sorted(tender.difference(_FIRST)))
    return [(code, f"{code} {get_currency_name(code, locale=language)}") for code in codes]

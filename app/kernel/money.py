"""Money: whole minor units of one currency. No float is ever involved.

Rounding is half up, away from zero (2.5 -> 3, -2.5 -> -3), so that a credit note mirrors its invoice.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel.numbers import get_currency_symbol, get_territory_currencies

from app.kernel.i18n import N_

# Exceptions of ISO 4217 from two digits. The table is ours, not a library's: an upgrade must never change what a
# stored number means. TWD differs from ISO (2) on purpose: the smallest coin is one dollar, prices and tax invoices are
# whole dollars, and rounding to cents would give totals that cannot be paid or written on an invoice.
_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF TWD",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_DIGITS_OF = {code: digits for digits, codes in _DIGITS.items() for code in codes.split()}

MAX_MINOR = 10**15  # fits a BIGINT thousands of times over, and JavaScript's exact integers
_MAX_TEXT = 40
_LANGUAGES = ("en", "zh_Hans", "zh_Hant")
_SPOKEN_UNITS = {"CNY": ("元", "圆", "圓", "RMB", "人民币", "人民幣"), "TWD": ("元", "圓", "$"), "HKD": ("元", "$")}

REASONS = {
    "empty": N_("Enter an amount."),
    "not_a_number": N_("This is not an amount. Write it like 1,234.50."),
    "bad_grouping": N_("The commas in this amount are not thousands. Write it like 1,234.50."),
    "too_many_decimals": N_("%(currency)s has %(digits)s decimal places at most."),
    "too_large": N_("This amount is too large."),
    "negative": N_("The amount cannot be negative."),
    "unknown_currency": N_("Currency codes have three letters, like CNY."),
}


class MoneyError(ValueError):
    """Text or number that is no amount. `reason` is a key of REASONS, `params` fills its places."""

    def __init__(self, reason: str, **params: Any) -> None:
        super().__init__(reason)
        self.reason = reason
        self.params: Mapping[str, Any] = params


def minor_digits(currency: str) -> int:
    """Decimal places of a currency: 2 for CNY, 0 for JPY and TWD. MoneyError 'unknown_currency' for no code."""
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()):
        raise MoneyError("unknown_currency")
    return _DIGITS_OF.get(currency, 2)


def round_half_up(numerator: int, denominator: int) -> int:
    """numerator / denominator as the nearest integer, ties away from zero. `denominator` > 0."""
    quotient, rest = divmod(abs(numerator), denominator)
    rounded = quotient + (2 * rest >= denominator)
    return rounded if numerator >= 0 else -rounded


@dataclass(frozen=True, slots=True)
class Money:
    """An amount: `minor` whole minor units (fen, pence; whole dollars for TWD) of ISO 4217 `currency`.

    Arithmetic and order exist within one currency only; another one raises TypeError, which is a defect.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError("minor units are an int")
        minor_digits(self.currency)

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise TypeError(f"{self.currency} and {other.currency} do not mix")
        return other.minor

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __mul__(self, quantity: int) -> "Money":
        return Money(self.minor * quantity, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._same(other)

    def __bool__(self) -> bool:
        return self.minor != 0

    def share(self, basis_points: int) -> "Money":
        """That many ten-thousandths of the amount, rounded half up."""
        return Money(round_half_up(self.minor * basis_points, 10_000), self.currency)

    @property
    def amount(self) -> Decimal:
        """The amount in major units, exact: Money(5, 'CNY').amount == Decimal('0.05')."""
        return Decimal(self.minor).scaleb(-minor_digits(self.currency))


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of amounts of one currency; zero of it for none."""
    return sum(amounts, Money(0, currency))


def from_decimal(amount: Decimal, currency: str) -> Money:
    """Exact conversion from major units. MoneyError 'not_a_number', 'too_many_decimals' or 'too_large'."""
    if not amount.is_finite():
        raise MoneyError("not_a_number")
    digits = minor_digits(currency)
    if amount.adjusted() >= len(str(MAX_MINOR)):
        raise MoneyError("too_large")
    too_small = bool(amount) and amount.adjusted() < -digits
    numerator, denominator = (0, 1) if too_small else amount.as_integer_ratio()
    minor, rest = divmod(numerator * 10**digits, denominator)
    if rest or too_small:
        raise MoneyError("too_many_decimals", currency=currency, digits=digits)
    if abs(minor) > MAX_MINOR:
        raise MoneyError("too_large")
    return Money(minor, currency)


def parse_money(text: str, currency: str, *, negative_allowed: bool = False) -> Money:
    """Read what a person typed: '1,234.50', '１２３４．５', '¥1,234.50', '1234.5元'.

    A dot is the decimal point and commas stand between thousands only, in all our languages; '1.234,50' and '12,50' are
    refused rather than guessed at. The currency's own sign or code may stand before or after the number, another
    one may not. Zeros beyond the currency's digits are accepted up to two places ('120.00' for TWD, as spreadsheets
    write it). Raises MoneyError with one of REASONS.
    """
    digits = minor_digits(currency)
    plain = unicodedata.normalize("NFKC", text[: _MAX_TEXT + 1]).strip()
    plain = plain.replace("。", ".").replace(
        "\N{MINUS SIGN}", "-"
    )  # a Chinese keyboard's stop, a word processor's minus
    if not plain:
        raise MoneyError("empty")
    if len(plain) > _MAX_TEXT:
        raise MoneyError("too_large" if re.fullmatch(r"[0-9,.]+", plain) else "not_a_number")
    sign, number = _without_units(plain, currency)
    if not re.fullmatch(r"(?:[0-9][0-9,]*\.?[0-9]*|\.[0-9]+)", number):
        raise MoneyError("not_a_number")
    whole, _, decimals = number.partition(".")
    if "," in whole and not re.fullmatch(r"[0-9]{1,3}(?:,[0-9]{3})+", whole):
        raise MoneyError("bad_grouping")
    if len(decimals) > max(digits, 2) or len(decimals.rstrip("0")) > digits:
        raise MoneyError("too_many_decimals", currency=currency, digits=digits)
    minor = int((whole.replace(",", "") or "0") + decimals[:digits].ljust(digits, "0"))
    if minor > MAX_MINOR:
        raise MoneyError("too_large")
    if sign == "-" and minor and not negative_allowed:
        raise MoneyError("negative")
    return Money(-minor if sign == "-" else minor, currency)


def _without_units(text: str, currency: str) -> tuple[str, str]:
    """Split off the sign and the currency's own sign or code, wherever the two stand in front."""
    units = {currency, *(symbol_of(currency, language) for language in _LANGUAGES), *_SPOKEN_UNITS.get(currency, ())}
    unit = "|".join(re.escape(one) for one in sorted(units, key=len, reverse=True))
    match = re.fullmatch(rf"(?:{unit})?\s*([-+]?)\s*(?:{unit})?\s*(.*?)\s*(?:{unit})?", text, re.IGNORECASE)
    return (match[1], match[2]) if match else ("", text)


@lru_cache
def symbol_of(currency: str, language: str) -> str:
    """The sign that a reader of `language` knows the currency by: CN¥ in English, ¥ in 简体.

    NT$ everywhere: the bare $ that CLDR has for zh_Hant reads as another dollar on a document that travels.
    """
    return "NT$" if currency == "TWD" else get_currency_symbol(currency, locale=language)


def sign_of(currency: str, language: str) -> str:
    """What stands right before the digits: the symbol, with a space where it is letters ("CHF 12")."""
    symbol = symbol_of(currency, language)
    return f"{symbol}\N{NO-BREAK SPACE}" if symbol[-1].isalpha() else symbol


def plain_amount(money: Money) -> str:
    """For a form field: '1234.50', no grouping, no sign of currency. parse_money reads it back."""
    return f"{money.amount:f}"


def currency_of(country: str) -> str | None:
    """What is paid with in a country (ISO 3166-1 alpha-2, CLDR's data), None for no country that is known."""
    return next(iter(get_territory_currencies(country)), None) if country else None


def format_number(money: Money) -> str:
    """The amount without its currency, for a column whose heading names it: '1,234.50'."""
    return f"{money.amount:,f}"


def format_money(money: Money, language: str) -> str:
    """For reading: 'CN¥1,234.50' (en), '¥1,234.50' (zh_Hans), '-NT$1,234'. The three languages group alike."""
    return f"{'-' if money.minor < 0 else ''}{sign_of(money.currency, language)}{abs(money.amount):,f}"

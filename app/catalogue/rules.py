"""What a product and a price list must be."""

import re
import unicodedata
from datetime import date

from app.kernel.errors import InvalidError
from app.kernel.i18n import N_
from app.kernel.money import MoneyError, minor_digits

LONGEST_CODE = 40
LONGEST_BARCODE = 48  # GS1-128 carries no more


def is_valid_on(day: date, valid_from: date | None, valid_until: date | None) -> bool:
    """Whether a price list applies on that day; both days belong to its validity, None: no limit on that side."""
    return (valid_from is None or valid_from <= day) and (valid_until is None or day <= valid_until)


def clean_code(text: str) -> str:
    """A product code as it is stored: full-width letters as plain ones, no white space around. InvalidError where empty
    or too long."""
    code = unicodedata.normalize("NFKC", text).strip()
    if not code:
        raise InvalidError("code", N_("This field is required."))
    if len(code) > LONGEST_CODE:
        raise InvalidError("code", N_("That is too long: at most %(number)s characters."), {"number": LONGEST_CODE})
    return code


def clean_barcode(text: str) -> str:
    """A barcode without the gaps people type; '' for none.

    InvalidError for signs no barcode has, and for a GTIN of 13 digits whose last one does not fit (GS1 General
    Specifications, 7.9): it was mistyped. Shorter ones may be a shop's own numbers, so they are taken as they are.
    """
    code = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))
    if not re.fullmatch(r"[!-~]*", code) or len(code) > LONGEST_BARCODE:
        raise InvalidError("barcode", N_("This is not a barcode: only plain letters, digits and signs, at most 48."))
    if re.fullmatch(r"[0-9]{13}", code) and _check_digit(code[:-1]) != int(code[-1]):
        raise InvalidError("barcode", N_("One digit of this barcode is wrong: the last one does not fit the others."))
    return code


def _check_digit(digits: str) -> int:
    weighted = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return -weighted % 10


def check_terms(currency: str, standard: bool, valid_from: date | None, valid_until: date | None) -> None:
    """Refuse (InvalidError) an unknown currency, a validity that ends before it begins, and a standard list with an
    end: what everything falls back to must always apply."""
    try:
        minor_digits(currency)
    except MoneyError:
        raise InvalidError("currency", N_("Currency codes have three letters, like CNY.")) from None
    if valid_from and valid_until and valid_until < valid_from:
        raise InvalidError("valid_until", N_("The last day is before the first."))
    if standard and (valid_from or valid_until):
        raise InvalidError(
            "valid_from" if valid_from else "valid_until", N_("The standard list always applies: leave the days empty.")
        )

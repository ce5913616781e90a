"""Percentages as people write them, kept as basis points (ten-thousandths): tax and discount."""

import re
import unicodedata

from app.kernel.errors import InvalidError
from app.kernel.i18n import N_

WHOLE = 10_000


def parse_rate(text: str, field: str) -> int:
    """Basis points of a percentage that a person typed: '13', '8.5', '１３％'. InvalidError at `field`."""
    plain = unicodedata.normalize("NFKC", text).replace("。", ".").strip().removesuffix("%").strip()
    match = re.fullmatch(r"([0-9]{1,3})(?:\.([0-9]{0,2}))?", plain)
    rate = int(match[1]) * 100 + int((match[2] or "").ljust(2, "0")) if match else -1
    if not 0 <= rate <= WHOLE:
        raise InvalidError(field, N_("Write a percentage from 0 to 100, with two decimals at most."))
    return rate


def rate_text(basis_points: int) -> str:
    """A percentage without its sign, as `parse_rate` reads it: '13', '8.5'."""
    whole, rest = divmod(basis_points, 100)
    return f"{whole}.{rest:02}".rstrip("0") if rest else str(whole)

"""Pictures as they come from a phone: checked by content, scaled, freed of what the camera wrote into them."""

import hashlib
import io
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from PIL import Image
from PIL.ExifTags import Base as Tag

from app.infra import files
from app.infra.pictures import PictureError, Refusal, plain_picture
from app.kernel.errors import InvalidError
from app.kernel.i18n import N_

LONGEST_SIDE = 1600  # pixels
MOST_PIXELS = 60_000_000
FORMATS = ("JPEG", "PNG", "WEBP")
REASONS = {
    Refusal.TOO_LARGE: N_("That picture is too large."),
    Refusal.UNREADABLE: N_("That is no picture that can be read here. Use JPEG, PNG or WebP."),
}
_EXIF_IFD = 0x8769
_KEPT = {"taken_local", "offset", "lat", "lon", "make", "model"}
LEAST_CONTRAST = 16  # of 255; a wall or a dark lens looks like any other
Look = tuple[int | None, int | None, int | None, int | None]
NO_LOOK: Look = (None, None, None, None)
ALIKE = 3
"""Bits in which the difference hashes of one picture may differ: packing it anew, smaller or brighter turned three at
most, other scenes differed by 17 and more, the same shelf taken again by hand by 8 in the mean (measured on 60 scenes).
Up to three, one of the four quarters stays the same, and an index finds it."""


@dataclass(frozen=True)
class Picture:
    """A stored JPEG (`digest`, pixels, bytes) and what the camera knew: `taken_at` (UTC) and the raw `exif` values.

    `sent_digest`: SHA-256 of the bytes as they were sent; `look_1` to `look_4`: `look_of` it.
    """

    digest: str
    width: int
    height: int
    size: int
    taken_at: datetime | None
    exif: dict[str, Any]
    sent_digest: str = ""
    look_1: int | None = None
    look_2: int | None = None
    look_3: int | None = None
    look_4: int | None = None


def take_in(content: bytes, phone_exif: str, zone: str) -> Picture:
    """Store a photo. `phone_exif`: JSON that the phone read before it scaled the picture, '' where it did not.

    `zone`: where it was taken, for cameras that write no offset. InvalidError at `photo` for what is no picture.
    """
    told = _from_phone(phone_exif)
    try:
        plain, exif = plain_picture(
            content,
            formats=FORMATS,
            mode="RGB",
            longest_side=LONGEST_SIDE,
            most_pixels=MOST_PIXELS,
            look=lambda image: told or _from_file(image),
        )
    except PictureError as error:
        raise InvalidError("photo", REASONS[error.refusal]) from None
    out = io.BytesIO()
    plain.save(out, "JPEG", quality=82, optimize=True)
    stored = out.getvalue()
    sent = hashlib.sha256(content).hexdigest()
    taken_at = _taken_at(exif, zone)
    return Picture(files.store(stored), *plain.size, len(stored), taken_at, exif, sent, *look_of(plain))


def look_of(image: Image.Image) -> Look:
    """The difference hash of a picture: 64 bits in four quarters, each bit whether one of 9 x 8 grey fields is lighter
    than the next to its right. Survives scaling and packing anew; nothing for a picture without contrast.

    Source: N. Krawetz, "Kind of Like That" (2013).
    """
    grey = image.convert("L").resize((9, 8), Image.Resampling.BOX)
    fields = grey.tobytes()
    if max(fields) - min(fields) < LEAST_CONTRAST:
        return NO_LOOK
    bits = "".join("01"[fields[at] > fields[at + 1]] for row in range(8) for at in range(9 * row, 9 * row + 8))
    return int(bits[:16], 2), int(bits[16:32], 2), int(bits[32:48], 2), int(bits[48:], 2)


def looks_alike(one: Iterable[int | None], other: Iterable[int | None]) -> bool:
    """Whether two difference hashes (in parts) are of one picture; None for a part says nothing."""
    pairs = list(zip(one, other, strict=True))
    return all(a is not None and b is not None for a, b in pairs) and (
        sum((a ^ b).bit_count() for a, b in pairs if a is not None and b is not None) <= ALIKE
    )


def _from_phone(text: str) -> dict[str, Any]:
    """What the phone read, as far as it is plain values under names we know."""
    try:
        found = json.loads(text[:4000]) if text else {}
    except (ValueError, RecursionError):  # the second for "[[[[..."
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: value for name, value in found.items() if name in _KEPT and _is_plain(value)}


def _is_plain(value: object) -> bool:
    """Short, and JSON for every database: NaN and infinity are none, and PostgreSQL takes no NUL."""
    if isinstance(value, float) and not math.isfinite(value):
        return False
    return isinstance(value, str | int | float) and len(str(value)) < 100 and "\0" not in str(value)


def _from_file(image: Image.Image) -> dict[str, Any]:
    exif = image.getexif()
    detail = exif.get_ifd(_EXIF_IFD)
    day, _, time = str(detail.get(Tag.DateTimeOriginal, "")).strip("\0 ").partition(" ")  # 2026:03:10 09:12:33
    values = {
        "taken_local": f"{day.replace(':', '-')}T{time}" if time else "",
        "offset": detail.get(Tag.OffsetTimeOriginal),
        "make": exif.get(Tag.Make),
        "model": exif.get(Tag.Model),
    }
    return {name: str(value).strip("\0 ")[:99] for name, value in values.items() if value}


def _taken_at(exif: dict[str, Any], zone: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(f"{exif['taken_local']}{exif.get('offset', '')}")
        return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except (KeyError, ValueError, OverflowError):
        return None

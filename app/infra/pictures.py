"""Pictures that people bring: what they are, their content says. Nothing of the file is kept but its pixels."""

import io
from collections.abc import Callable, Sequence
from enum import Enum
from typing import TypeVar

from PIL import Image, ImageOps, UnidentifiedImageError

T = TypeVar("T")


class Refusal(Enum):
    """Why something is not taken for a picture."""

    UNREADABLE = "unreadable"  # not one of the formats, or cut off
    TOO_LARGE = "too_large"  # more pixels than we decode


class PictureError(ValueError):
    """The content is no picture for us."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


def plain_picture(
    content: bytes,
    *,
    formats: Sequence[str],
    mode: str,
    longest_side: int,
    most_pixels: int,
    look: Callable[[Image.Image], T],
) -> tuple[Image.Image, T]:
    """The picture upright, in `mode` (RGB or RGBA), scaled down to `longest_side` pixels and freed of all else in its
    file; and what `look` found in the file before.

    PictureError for what is none of `formats` (Pillow's names), is cut off, or has more than `most_pixels`. Pixels are
    counted before any is decoded, so a bomb of a few kilobytes costs nothing; a JPEG is decoded at the size it is
    needed in. No global state is touched: threads do not disturb each other. That cut-off pictures raise relies on
    Pillow's LOAD_TRUNCATED_IMAGES, which app/infra/pdf.py keeps from changing.
    """
    try:
        with Image.open(io.BytesIO(content), formats=list(formats)) as image:
            if image.width * image.height > most_pixels:
                raise PictureError(Refusal.TOO_LARGE)
            found = look(image)
            image.draft(mode, (2 * longest_side, 2 * longest_side))  # JPEG only; the rest is decoded whole
            upright = ImageOps.exif_transpose(image).convert(mode)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):  # Pillow's own limits, higher than ours
        raise PictureError(Refusal.TOO_LARGE) from None
    except PictureError:
        raise
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, TypeError):
        raise PictureError(Refusal.UNREADABLE) from None  # what Pillow's readers raise on files made to break them
    upright.thumbnail((longest_side, longest_side))
    plain = Image.new(mode, upright.size)
    plain.paste(upright)  # pixels only: no EXIF, no comment, no colour profile
    return plain, found

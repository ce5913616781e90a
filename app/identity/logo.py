"""The company's logo: whatever picture somebody has, made into a small PNG."""

import io

from PIL import Image, ImageOps, UnidentifiedImageError

from app.kernel.errors import InvalidError
from app.kernel.i18n import N_

MOST_BYTES = 2 * 1024 * 1024
MOST_PIXELS = 40_000_000
LONGEST_SIDE = 800  # pixels: 68 mm at 300 dpi, more than a letterhead needs
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")


def as_logo(content: bytes) -> bytes:
    """The picture as a PNG of at most 800 x 800 pixels, transparency kept, nothing else of the file kept.

    What it is, its content says, not its name. InvalidError at `logo` where it is too large or no picture we read.
    """
    if len(content) > MOST_BYTES:
        raise InvalidError("logo", N_("The picture is larger than 2 MB."))
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise InvalidError("logo", N_("The picture has too many pixels."))
            upright = ImageOps.exif_transpose(image).convert("RGBA")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):  # Pillow's own, far higher limits
        raise InvalidError("logo", N_("The picture has too many pixels.")) from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError):
        raise InvalidError("logo", N_("That is no picture that can be read here. Use PNG or JPEG.")) from None
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    plain = Image.new("RGBA", upright.size)
    plain.paste(upright)  # pixels only: no EXIF, no comment, no colour profile
    out = io.BytesIO()
    plain.save(out, "PNG", optimize=True)
    return out.getvalue()

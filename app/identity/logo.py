"""The company's logo: whatever picture somebody has, made into a small PNG."""

import io

from app.infra.pictures import PictureError, Refusal, plain_picture
from app.kernel.errors import InvalidError
from app.kernel.i18n import N_

MOST_BYTES = 2 * 1024 * 1024
MOST_PIXELS = 40_000_000
LONGEST_SIDE = 800  # pixels: 68 mm at 300 dpi, more than a letterhead needs
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
REASONS = {
    Refusal.TOO_LARGE: N_("The picture has too many pixels."),
    Refusal.UNREADABLE: N_("That is no picture that can be read here. Use PNG or JPEG."),
}


def as_logo(content: bytes) -> bytes:
    """The picture as a PNG of at most 800 x 800 pixels, transparency kept, nothing else of the file kept.

    What it is, its content says, not its name. InvalidError at `logo` where it is too large or no picture we read.
    """
    if len(content) > MOST_BYTES:
        raise InvalidError("logo", N_("The picture is larger than 2 MB."))
    try:
        plain, _ = plain_picture(
            content,
            formats=FORMATS,
            mode="RGBA",
            longest_side=LONGEST_SIDE,
            most_pixels=MOST_PIXELS,
            look=lambda _image: None,
        )
    except PictureError as error:
        raise InvalidError("logo", REASONS[error.refusal]) from None
    out = io.BytesIO()
    plain.save(out, "PNG", optimize=True)
    return out.getvalue()

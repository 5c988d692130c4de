"""Pictures from strangers: decoded to see that they are some, and written anew without all that cameras add.

Whatever came, a JPEG of moderate size is kept: where and with what it was taken (EXIF, GPS), thumbnails, comments and
whatever else hides in a file do not come through the pixels. Everything here is slow, for a thread and one at a time.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from io import BytesIO

from PIL import Image, ImageOps

LIMIT_BYTES = 10 * 1024 * 1024  # before and after
MEDIA_TYPE = "image/jpeg"
LONGEST_SIDE = 2560  # legible on a desktop, and some 800 KB on a phone's tariff
QUALITY = 85
FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
# A few kilobytes can claim any size. A JPEG is decoded at a fraction of it, the others in full at four bytes a pixel.
MOST_PIXELS = {"JPEG": 50_000_000, "PNG": 20_000_000, "GIF": 20_000_000, "WEBP": 20_000_000}
_WHITE = (255, 255, 255)

# The library's own limit warns above it, which is no way to refuse: the sizes are checked here, before any pixel.
Image.MAX_IMAGE_PIXELS = None
# One, so that a crowd costs time and no memory.
_thread = ThreadPoolExecutor(1, thread_name_prefix="pictures")


class Refusal(StrEnum):
    """Why something is not kept; stable, for metrics, logs and pages."""

    TOO_LARGE = "too_large"  # bytes
    TOO_MANY_PIXELS = "too_many_pixels"
    NO_PICTURE = "no_picture"  # none of FORMATS, whatever it is called
    BROKEN = "broken"  # begins like one


class PictureError(Exception):
    """This is not kept."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason)
        self.reason = reason


async def clean_picture(content: bytes) -> bytes:
    """See `cleaned`; in a thread, one at a time in this process."""
    return await asyncio.get_running_loop().run_in_executor(_thread, cleaned, content)


def cleaned(content: bytes) -> bytes:
    """The picture as a JPEG (MEDIA_TYPE): upright, no side beyond LONGEST_SIDE, nothing but pixels in it.

    The same content gives the same bytes. Of what moves the first frame, what is transparent becomes white. Raises
    PictureError.
    """
    if len(content) > LIMIT_BYTES:
        raise PictureError(Refusal.TOO_LARGE)
    try:
        image = Image.open(BytesIO(content), formats=FORMATS)
    except Exception as error:  # each decoder has its own ways to fail on a hostile file
        raise PictureError(Refusal.NO_PICTURE) from error
    with image:
        width, height = image.size
        if width * height > MOST_PIXELS[image.format or ""]:
            raise PictureError(Refusal.TOO_MANY_PIXELS)
        try:
            written = _written(image)
        except Exception as error:
            raise PictureError(Refusal.BROKEN) from error
    if len(written) > LIMIT_BYTES:
        raise PictureError(Refusal.TOO_LARGE)
    return written


def _written(image: Image.Image) -> bytes:
    image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
    image.load()
    upright = ImageOps.exif_transpose(image)
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    if upright.has_transparency_data:
        layer = upright.convert("RGBA")
        plain = Image.new("RGB", layer.size, _WHITE)
        plain.paste(layer, mask=layer.getchannel("A"))
    else:
        plain = upright.convert("RGB")
    # A new one: nothing that the old one carried along (EXIF, comments, profiles) is there to be written.
    bare = Image.new("RGB", plain.size)
    bare.paste(plain)
    out = BytesIO()
    bare.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()

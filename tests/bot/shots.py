"""Pictures as phones send them, and as enemies do."""

import struct
import zlib
from io import BytesIO

from PIL import Image

GPS = b"Latitude of a home"  # stands in the comment and the EXIF of a picture from `phone_shot`


def shot(
    width: int = 60, height: int = 40, kind: str = "JPEG", colour: tuple[int, int, int] = (20, 90, 200)
) -> bytes:
    """A picture of one colour with a red corner at the top left."""
    image = Image.new("RGB", (width, height), colour)
    image.paste((220, 10, 10), (0, 0, width // 4, height // 4))
    out = BytesIO()
    image.save(out, kind)
    return out.getvalue()


def phone_shot(width: int = 60, height: int = 40, orientation: int = 1) -> bytes:
    """A JPEG with EXIF: camera, orientation, and the place where it was taken; and with a comment and a thumbnail."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "Phone", "P-9", orientation
    exif[0x010E] = GPS.decode()
    exif[0x8825] = {1: "N", 2: (30.0, 15.0, 27.5), 3: "E", 4: (120.0, 9.0, 8.25), 29: "2026:03:12"}
    out = BytesIO()
    image = Image.open(BytesIO(shot(width, height)))
    image.save(out, "JPEG", exif=exif, comment=GPS)
    return out.getvalue()


def png_of_size(width: int, height: int) -> bytes:
    """A few bytes that say they are a PNG of that size."""
    small = bytearray(shot(1, 1, "PNG"))
    small[16:24] = struct.pack(">II", width, height)
    small[29:33] = struct.pack(">I", zlib.crc32(bytes(small[12:29])))
    return bytes(small)


def webp_of_size(side: int) -> bytes:
    """A few bytes that say they are a WebP whose sides are that long (at most 16383)."""
    out = BytesIO()
    Image.new("RGB", (64, 64), (9, 9, 9)).save(out, "WEBP", lossless=True)
    content = bytearray(out.getvalue())
    at = content.index(b"VP8L") + 9
    (bits,) = struct.unpack("<I", content[at : at + 4])
    content[at : at + 4] = struct.pack("<I", (bits >> 28 << 28) | (side - 1) | ((side - 1) << 14))
    return bytes(content)


HTML = b"<html><body><script>alert(1)</script></body></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'

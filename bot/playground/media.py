"""What people's phones uploaded: pictures, kept three days, each under a handle that nobody can guess."""

import itertools
import secrets
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.playground.errors import ApiError

KEPT = timedelta(days=3)
MOST_BYTES = 10 * 1024 * 1024  # of a picture, as the platform has it


@dataclass(frozen=True, slots=True)
class Medium:
    """A picture as it was uploaded."""

    content: bytes
    content_type: str
    sent_at: datetime


class MediaStore:
    """All pictures of one account or corp."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._count = itertools.count(1)
        self._media: dict[str, Medium] = {}

    def add(self, content: bytes | None = None, content_type: str = "image/jpeg") -> str:
        """Keep a picture, a small one of our own for None, and give its handle."""
        if content is None:
            content, content_type = plain_picture(), "image/png"
        media_id = f"media-{next(self._count)}-{secrets.token_urlsafe(24)}"
        self._media[media_id] = Medium(content, content_type, self._clock())
        return media_id

    def find(self, media_id: str) -> Medium | None:
        """A picture, however old: the phone that sent it still has it."""
        return self._media.get(media_id)

    def get(self, media_id: str) -> Medium:
        """A picture as the platform hands it out; raises ApiError 40007 after three days."""
        medium = self._media.get(media_id)
        if medium is None or self._clock() - medium.sent_at > KEPT:
            raise ApiError(40007)
        return medium


def plain_picture(width: int = 48, height: int = 36) -> bytes:
    """A PNG of two colours, by hand."""
    dark, light = bytes((70, 110, 90)), bytes((230, 225, 205))
    rows = b"".join(
        b"\0" + b"".join(dark if x * height < y * width else light for x in range(width))
        for y in range(height)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )

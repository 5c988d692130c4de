"""Forms with photos or a sheet (multipart/form-data): read as they arrive, never more of them than is taken.

The fields stand before the files in our forms. So a form is known to be ours, and its sender to be signed in, before
the first byte of a file is kept.
"""

import asyncio
from collections.abc import Coroutine
from hashlib import sha256
from typing import Any, TypeVar

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from bot.pictures import LIMIT_BYTES, PictureError, Refusal, clean_picture
from handlers.voting.attachments import PDF, PICTURE, Attachment

MEDIA_TYPE = "multipart/form-data"
FIELD_BYTES = 16384  # all fields together
MOST_FIELDS = 50
MOST_PHOTOS = 3  # in one form
SHEET_BYTES = 20_000_000
# So much of a form that is too large is read and thrown away: a browser that is still sending shows no answer.
DRAINED_BYTES = 64 * 1024 * 1024
SECONDS = 90.0  # ten megabytes over a slow phone

_CHUNK = 65536
T = TypeVar("T")
_BROKEN = (ValueError, AssertionError, HttpProcessingError, web.RequestPayloadError, ConnectionError)


def as_typed(value: str) -> str:
    """A field as its writer counts it: browsers send each end of a line as two characters, and count one."""
    # No database takes NUL, and nobody types one.
    return value.replace("\r\n", "\n").replace("\0", "\ufffd")


class PhotosRefused(Exception):  # noqa: N818  an answer, not an error
    """The photos, or the sheet, are not taken. `told` says why, as pages know it."""

    def __init__(self, told: str) -> None:
        super().__init__(told)
        self.told = told


class Upload:
    """One form as it arrives."""

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self._reader: MultipartReader | None = None
        self._part: BodyPartReader | None = None  # the first file, whose content has not been read
        self._drained = 0
        # What the files were, for telling one form from another.
        self.digest = ""

    async def fields(self, seconds: float) -> dict[str, str]:
        """What stands before the first file; of two with one name the last."""
        return dict(await self._in_time(self._fields(), seconds))

    async def photos(self) -> list[bytes]:
        """The photos, cleaned (bot/pictures.py); raises PhotosRefused."""
        contents = await self._in_time(self._files(), SECONDS)
        self.digest = sha256(b"".join(sha256(content).digest() for content in contents)).hexdigest()
        try:
            return [await clean_picture(content) for content in contents]
        except PictureError as error:
            raise PhotosRefused(f"photo_{error.reason}") from error

    async def sheet(self) -> tuple[bytes, str]:
        """The first file as it is, with its name; b"" when none was chosen. Raises PhotosRefused when too large."""
        content, name = await self._in_time(self._first(), SECONDS)
        self.digest = sha256(content).hexdigest()
        return content, name

    async def attachment(self) -> Attachment | None:
        """The first file: a PDF as it is, a picture cleaned; None when none was chosen. Raises PhotosRefused."""
        content, name = await self._in_time(self._first(LIMIT_BYTES, "attachment_too_large"), SECONDS)
        self.digest = sha256(content).hexdigest()
        if not content:
            return None
        if content.startswith(b"%PDF-"):
            return Attachment(content, name, PDF)
        try:
            return Attachment(await clean_picture(content), name, PICTURE)
        except PictureError as error:
            raise PhotosRefused("attachment_odd") from error

    async def _in_time(self, reading: Coroutine[Any, Any, T], seconds: float) -> T:
        try:
            async with asyncio.timeout(seconds):
                return await reading
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
        except _BROKEN:
            raise web.HTTPBadRequest from None

    async def _fields(self) -> list[tuple[str, str]]:
        self._reader = await self._request.multipart()
        found: list[tuple[str, str]] = []
        left = FIELD_BYTES
        while len(found) < MOST_FIELDS:
            part = await self._reader.next()
            if part is None:
                return found
            if not isinstance(part, BodyPartReader):
                raise web.HTTPBadRequest
            if part.filename is not None:
                self._part = part
                return found
            value = bytearray()
            while chunk := await part.read_chunk(_CHUNK):
                value += chunk
                left -= len(chunk)
                if left < 0:
                    raise web.HTTPRequestEntityTooLarge(max_size=FIELD_BYTES, actual_size=FIELD_BYTES - left)
            found.append((part.name or "", as_typed(value.decode("utf-8", "replace"))))
        raise web.HTTPBadRequest

    async def _files(self) -> list[bytes]:
        assert self._reader is not None
        found: list[bytes] = []
        problem = ""
        part = self._part
        while part is not None:
            content = await self._content(part)
            if content is None:
                problem = f"photo_{Refusal.TOO_LARGE}"
            elif content and len(found) == MOST_PHOTOS:
                problem = problem or "photo_too_many"
            elif content:  # a field in which nothing was chosen is a file without a name
                found.append(content)
            following = await self._reader.next()
            if following is not None and not isinstance(following, BodyPartReader):
                raise web.HTTPBadRequest
            part = following
        if problem:
            raise PhotosRefused(problem)
        return found

    async def _first(self, limit: int = SHEET_BYTES, too_large: str = "sheet_too_large") -> tuple[bytes, str]:
        if self._part is None:
            return b"", ""
        content = await self._content(self._part, limit)
        if content is None:
            raise PhotosRefused(too_large)
        return content, self._part.filename or ""

    async def _content(self, part: BodyPartReader, limit: int = LIMIT_BYTES) -> bytes | None:
        """A file's content; None when it is too large, and then the rest of it is read away."""
        content = bytearray()
        is_too_large = False
        while chunk := await part.read_chunk(_CHUNK):
            if is_too_large:
                self._drained += len(chunk)
                if self._drained > DRAINED_BYTES:
                    raise web.HTTPRequestEntityTooLarge(max_size=limit, actual_size=self._drained)
                continue
            content += chunk
            if len(content) > limit:
                is_too_large = True
                content.clear()
        return None if is_too_large else bytes(content)

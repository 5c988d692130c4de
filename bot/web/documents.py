"""A document of a vote as an answer."""

from urllib.parse import quote

from aiohttp import web

from bot.web.visit import Visit
from handlers.access import NotFound
from handlers.voting.attachments import ATTACHMENT, PICTURE
from handlers.voting.documents import load_document

DOCUMENT = r"[1-9]\d{0,4}"


_SHOWN = (
    "application/pdf",
    "image/png",
    "image/jpeg",
)  # in the browser; whatever else there is, is kept as a file


async def hand_out(visit: Visit, compound_id: int, number: int, *, public_only: bool) -> web.Response:
    """The document that the address names, of a vote the visitor was let in to; raises NotFound."""
    document_number = int(visit.part("document", DOCUMENT))
    loaded = await load_document(
        visit.session,
        visit.site.services.sealer,
        compound_id,
        number,
        document_number,
        public_only=public_only,
    )
    if loaded is None:
        raise NotFound
    # What somebody brought may be made to look like a page of ours: only pictures, which were painted anew, are shown.
    shown = (PICTURE,) if loaded.kind == ATTACHMENT else _SHOWN
    return attachment(loaded.content, loaded.media_type, loaded.name, inline=loaded.media_type in shown)


def attachment(content: bytes, media_type: str, name: str, *, inline: bool = False) -> web.Response:
    """A file with a Chinese name (RFC 6266)."""
    how = "inline" if inline else "attachment"
    headers = {"Content-Disposition": f"{how}; filename*=UTF-8''{quote(name)}"}
    return web.Response(body=content, content_type=media_type, headers=headers)

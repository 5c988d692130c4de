"""A document of a vote as an answer."""

from urllib.parse import quote

from aiohttp import web

from bot.web.visit import Visit
from handlers.access import NotFound
from handlers.voting.attachments import PDF, PICTURE
from handlers.voting.documents import load_document

DOCUMENT = r"[1-9]\d{0,4}"


# In the browser, also what somebody brought: a phone in WeChat cannot open what it downloads. None of these becomes a
# page of ours, whatever is in it: the type is fixed (nosniff), browsers read a PDF in a viewer of their own, whose
# scripts reach nothing here, and pictures were painted anew. Whatever else there is, is kept as a file.
_SHOWN = frozenset({PDF, PICTURE, "image/png"})


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
    return attachment(loaded.content, loaded.media_type, loaded.name, inline=loaded.media_type in _SHOWN)


def attachment(content: bytes, media_type: str, name: str, *, inline: bool = False) -> web.Response:
    """A file with a Chinese name (RFC 6266)."""
    how = "inline" if inline else "attachment"
    headers = {"Content-Disposition": f"{how}; filename*=UTF-8''{quote(name)}"}
    return web.Response(body=content, content_type=media_type, headers=headers)

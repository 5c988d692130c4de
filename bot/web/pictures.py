"""A photo as an answer. It lies behind the same doors as its page, and no cache that others share keeps it."""

from aiohttp import web

from bot.web.visit import Visit
from handlers.access import NotFound
from storage.blobs import find_blob
from storage.tables import Photo

PHOTO = r"[1-9]\d{0,17}"
# An hour: the page shows it again and again, and what was taken back must not linger in a browser for days.
_KEPT = "private, max-age=3600"


async def picture(visit: Visit, photo: Photo) -> web.Response:
    """The bytes of a photo that the visitor was let in to; raises NotFound when they have just gone."""
    if photo.address is None:
        raise NotFound
    return await picture_at(visit, photo.compound_id, photo.address, f"photo-{photo.number}")


async def picture_at(visit: Visit, compound_id: int, address: str, name: str) -> web.Response:
    """The same by its address; the caller has seen that the visitor may see it."""
    found = await find_blob(visit.session, visit.site.services.sealer, compound_id, address)
    if found is None:
        raise NotFound
    content, media_type = found
    return web.Response(
        body=content,
        content_type=media_type,
        headers={"Cache-Control": _KEPT, "Content-Disposition": f'inline; filename="{name}.jpg"'},
    )

"""A resident's photos: one as a picture, and adding some."""

from aiohttp import web

from bot.pictures import MEDIA_TYPE
from bot.web.h5.own import NO_REQUEST, access, back
from bot.web.once import command_key
from bot.web.pictures import PHOTO, picture
from bot.web.visit import Visit
from handlers.photos.add import add_photos_as_reporter
from handlers.photos.albums import access_photo_as_reporter
from handlers.requests.meant import KEPT

MISSING = "photo_missing"


async def show_photo(visit: Visit) -> web.Response:
    """One's own, or one that staff added for the reporters. A neighbour's does not exist."""
    own = await access(visit)
    number = int(visit.part("photo", PHOTO))
    return await picture(visit, await access_photo_as_reporter(visit.session, own, number))


async def add_photos(visit: Visit) -> web.Response:
    """Photos with a few words, for those who handle it; the neighbours do not see them."""
    own = await access(visit)
    if visit.refused_photos or not visit.photos:
        return back(visit, own, visit.refused_photos or MISSING)
    try:
        refused = await add_photos_as_reporter(
            visit.session,
            visit.site.services,
            own,
            visit.photos,
            MEDIA_TYPE,
            visit.form.get("words", "").strip()[:KEPT],
            visit.now,
            key=command_key(visit),
            actor_id=visit.signed_in.viewer.person_id,
        )
    except LookupError:
        return back(visit, own, NO_REQUEST)
    return back(visit, own, refused or "photo_added")

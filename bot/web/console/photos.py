"""Photos of a request: one as a picture, and adding some."""

from aiohttp import web

from bot.pictures import MEDIA_TYPE
from bot.web.console.alerts import NUMBER
from bot.web.console.commands import NO_REQUEST, back_to
from bot.web.console.compounds import CODE
from bot.web.once import command_key
from bot.web.pictures import PHOTO, picture
from bot.web.visit import Visit
from handlers.access import OpenedMatter, Right, access_matter
from handlers.photos.add import add_photos_as_staff
from handlers.photos.albums import access_photo_as_staff
from handlers.requests.staff import KEPT

MISSING = "photo_missing"
FOR_RESIDENTS = "residents"


async def show_photo(visit: Visit) -> web.Response:
    """A photo of a resident's for those who handle the matter; one of staff's for all who see it."""
    found = await _access(visit, Right.SEE_REQUESTS)
    number = int(visit.part("photo", PHOTO))
    return await picture(visit, await access_photo_as_staff(visit.session, found, number))


async def add_photos(visit: Visit) -> web.Response:
    """Photos with a few words, for the reporters or for colleagues."""
    found = await _access(visit, Right.NOTE)
    if visit.refused_photos or not visit.photos:
        return back_to(found, visit.refused_photos or MISSING)
    try:
        refused = await add_photos_as_staff(
            visit.session,
            visit.site.services,
            found,
            visit.photos,
            MEDIA_TYPE,
            visit.form.get("words", "").strip()[:KEPT],
            visit.now,
            is_public=visit.form.get("for") == FOR_RESIDENTS,
            key=command_key(visit),
            actor_id=visit.signed_in.viewer.person_id,
        )
    except LookupError:
        return back_to(found, NO_REQUEST)
    return back_to(found, refused or "photo_added")


async def _access(visit: Visit, right: Right) -> OpenedMatter:
    code, number = visit.part("compound", CODE), int(visit.part("number", NUMBER))
    return await access_matter(visit.session, visit.signed_in.viewer, code, number, right)

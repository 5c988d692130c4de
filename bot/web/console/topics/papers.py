"""Documents and photos of a topic: added one at a time, and handed out."""

from aiohttp import web

from bot.web.console.topics.door import back_to, enter
from bot.web.console.topics.fields import number_or_none
from bot.web.console.topics.listing import topic_page
from bot.web.documents import DOCUMENT, attachment
from bot.web.once import command_key
from bot.web.returned import Returned
from bot.web.visit import Visit
from handlers.access import NotFound
from handlers.topics.commands import Refused
from handlers.topics.documents import add_document, load_topic_document
from handlers.voting.attachments import PICTURE


async def add(visit: Visit) -> web.Response:
    """Keep what was brought with the present step; where it is refused, what was chosen beside it comes back."""
    found = await enter(visit)
    back = Returned("document", typed=visit.form)
    if visit.refused_photos or visit.attachment is None:
        return await topic_page(visit, visit.refused_photos or "attachment_missing", back)
    try:
        async with visit.session.begin_nested():
            await add_document(
                visit.session,
                visit.site.services,
                found.opened.compound,
                found.topic.topic_number,
                visit.attachment,
                visit.now,
                public=visit.form.get("public") == "yes",
                milestone=number_or_none(visit, "milestone"),
                key=command_key(visit),
                actor_id=found.actor.person_id,
            )
    except Refused as refused:
        return await topic_page(visit, refused.code, back)
    return back_to(found, "attachment_kept")


async def show(visit: Visit) -> web.Response:
    """One of them, public or not."""
    found = await enter(visit)
    return await hand_out(visit, found.opened.compound_id, found.topic.topic_number, public_only=False)


async def hand_out(visit: Visit, compound_id: int, number: int, *, public_only: bool) -> web.Response:
    """The document that the address names; raises NotFound. Only pictures, which were painted anew, are shown."""
    loaded = await load_topic_document(
        visit.session,
        visit.site.services.sealer,
        compound_id,
        number,
        int(visit.part("document", DOCUMENT)),
        public_only=public_only,
    )
    if loaded is None:
        raise NotFound
    content, media_type, name = loaded
    return attachment(content, media_type, name, inline=media_type == PICTURE)

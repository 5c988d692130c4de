"""Documents of a draft: added one at a time, and taken away."""

from aiohttp import web

from bot.web.console.votes.door import back_to, enter, vote_page
from bot.web.console.votes.listing import DRAFTS
from bot.web.documents import DOCUMENT
from bot.web.visit import Visit
from handlers.access import Right
from handlers.voting.attachments import MOST, attach, attached, detach
from handlers.voting.rules import Code, Refused
from storage.queries.votes import list_documents

_PAGE = "/attachments"


async def show_attachments(visit: Visit) -> web.Response:
    """What is there, and a form for one more."""
    found = await enter(visit, Right.RUN_VOTES)
    if found.vote.state not in DRAFTS:
        return back_to(found, Code.WRONG_STATE)
    documents = await list_documents(visit.session, found.vote.compound_id, found.vote.vote_number)
    return vote_page(visit, found, "attachments", documents=attached(documents), most=MOST)


async def add(visit: Visit) -> web.Response:
    """Keep what was brought."""
    found = await enter(visit, Right.RUN_VOTES)
    if found.vote.state not in DRAFTS:
        return back_to(found, Code.WRONG_STATE)
    if visit.refused_photos or visit.attachment is None:
        return back_to(found, visit.refused_photos or "attachment_missing", _PAGE)
    try:
        told = await attach(
            visit.session,
            visit.site.services.sealer,
            found.opened.compound,
            found.vote.vote_number,
            visit.attachment,
            visit.now,
            actor_id=visit.signed_in.viewer.person_id,
        )
    except Refused as refused:
        return back_to(found, refused.code)
    return back_to(found, told, _PAGE)


async def drop(visit: Visit) -> web.Response:
    """Take one away."""
    found = await enter(visit, Right.RUN_VOTES)
    number, by = found.vote.vote_number, visit.signed_in.viewer.person_id
    document = int(visit.part("document", DOCUMENT))
    try:
        told = await detach(
            visit.session,
            found.opened.compound,
            number,
            document,
            visit.form.get("digest", ""),
            visit.now,
            actor_id=by,
        )
    except Refused as refused:
        return back_to(found, refused.code)
    return back_to(found, told, _PAGE)

"""Turnout, result, documents: what is read of a vote."""

from aiohttp import web

from bot.documents.of_vote import load_about, load_published
from bot.documents.outcome import outcome_data
from bot.web.console.votes.door import SEE, back_to, enter, vote_page
from bot.web.console.votes.listing import DRAFTS
from bot.web.documents import hand_out
from bot.web.visit import Visit
from handlers.voting.announced import is_outdated
from handlers.voting.attachments import ATTACHMENT, attached
from handlers.voting.count import counts_of, mark_of_result
from handlers.voting.documents import load_missing
from handlers.voting.rules import HIDES_RESULT
from handlers.voting.terms import area_text
from handlers.voting.turnout import load_turnout
from storage.queries.votes import list_documents


async def show_turnout(visit: Visit) -> web.Response:
    """How many have voted, by building and entrance; never how."""
    found = await enter(visit, *SEE)
    if found.vote.state in DRAFTS:
        return back_to(found, "vote.wrong_state")
    turnout = await load_turnout(visit.session, found.vote)
    counts = await counts_of(visit.session, found.vote)
    return vote_page(
        visit, found, "turnout", "进度", turnout=turnout, counts=counts, area_text=area_text, now=visit.now
    )


async def show_result(visit: Visit) -> web.Response:
    """What was counted, to be checked and published."""
    found = await enter(visit, *SEE)
    vote = found.vote
    if vote.result is None or vote.state in HIDES_RESULT:
        return back_to(found, "vote.wrong_state")
    signer = visit.site.services.signer
    key_id = signer.key_id if signer else ""
    address = visit.site.services.public_url
    about = await load_about(visit.session, found.opened.compound, vote, key_id, address, visit.now)
    published = await load_published(visit.session, vote, visit.now)
    return vote_page(
        visit,
        found,
        "result",
        "结果",
        outcome=outcome_data(about, published),
        counts=await counts_of(visit.session, vote),
        outdated=is_outdated(vote),
        seen=mark_of_result(vote),
    )


async def show_documents(visit: Visit) -> web.Response:
    """What there is to print and to send to groups."""
    found = await enter(visit, *SEE)
    documents = await list_documents(visit.session, found.vote.compound_id, found.vote.vote_number)
    missing = await load_missing(visit.session, found.vote, documents)
    return vote_page(
        visit,
        found,
        "documents",
        "公告",
        documents=[each for each in documents if each.kind != ATTACHMENT],
        attachments=attached(documents),
        missing=missing,
        signs=visit.site.services.signer is not None,
    )


async def show_document(visit: Visit) -> web.Response:
    """One of them; papers of owners are printed on their own pages."""
    found = await enter(visit, *SEE)
    return await hand_out(visit, found.vote.compound_id, found.vote.vote_number, public_only=False)

"""Printing papers: by building, and a new one for one that is lost."""

from functools import partial
from hashlib import sha256

from aiohttp import web

from bot.documents.about import About
from bot.documents.ballots import Paper, ballots_pdf
from bot.documents.fonts import FontMissing
from bot.documents.of_vote import load_about
from bot.documents.render import DocumentError, in_thread
from bot.web.console.papers.door import address_of, back, open_papers
from bot.web.once import first_time, fresh_key
from bot.web.visit import Visit
from handlers.access import OpenedVote
from handlers.voting.paper_rules import PaperRefused
from handlers.voting.papers import list_printed, print_papers, reprint_papers
from handlers.voting.progress import load_progress
from handlers.voting.serials import serial_words
from storage.blobs import LIMIT_BYTES, find_blob, put_blob
from storage.queries.vote_log import lock_vote
from storage.queries.votes import list_documents
from storage.tables import VoteDocument

ALL = "*"
KIND = "papers"
_PDF = "application/pdf"


async def show_printing(visit: Visit) -> web.Response:
    """A button for each building."""
    found = await open_papers(visit)
    progress = await load_progress(visit.session, found.vote)
    return visit.page(
        "console/papers/printing.html",
        found=found,
        here=address_of(found),
        all=ALL,
        owners=progress.owners,
        out=progress.whole.out,
        key=fresh_key(),
        told=visit.request.query.get("told", ""),
    )


async def print_some(visit: Visit) -> web.Response:
    """Give a paper to each owner of the building who has none, and go on to the sheets."""
    found = await open_papers(visit)
    building = visit.form.get("building", ALL)
    try:
        papers = await print_papers(
            visit.session,
            found.opened.compound,
            found.vote.vote_number,
            visit.now,
            actor_id=visit.signed_in.viewer.person_id,
            building=None if building == ALL else building,
        )
    except PaperRefused as refused:
        return back(found, "/print", told=refused.code)
    if not papers:
        return back(found, "/print", told="nothing_to_print")
    return back(found, "/sheets", building=building)


async def reprint_one(visit: Visit) -> web.Response:
    """A new paper for a unit; the old one is void. A form that comes again finds the new one, by its key."""
    found = await open_papers(visit)
    unit = visit.form.get("unit", "").strip()
    if not await first_time(visit):
        return back(found, "/sheets", unit=unit)
    try:
        await reprint_papers(
            visit.session,
            found.opened.compound,
            found.vote.vote_number,
            [unit],
            visit.now,
            actor_id=visit.signed_in.viewer.person_id,
        )
    except PaperRefused as refused:
        return back(found, "/print", told=refused.code)
    return back(found, "/sheets", unit=unit)


async def show_sheets(visit: Visit) -> web.Response:
    """The papers that are out, as one PDF to print: of a `building`, of a `unit`, or all.

    It is made when the transaction has ended, and kept, so that printing again is the same file.
    """
    found = await open_papers(visit)
    building, unit = visit.request.query.get("building", ALL), visit.request.query.get("unit", "")
    rows = await list_printed(visit.session, found.vote, None if building == ALL or unit else building)
    papers = [
        Paper(serial_words(paper.serial), units)
        for paper, units in rows
        if not unit or unit in {code for code, _area in units}
    ]
    if not papers:
        return back(found, "/print", told="nothing_to_print")
    name = f"选票 {len(papers)}张 {_digest(papers)}.pdf"
    key = (found.vote.compound_id, found.vote.vote_number)
    for document in await list_documents(visit.session, *key):
        if document.kind == KIND and document.name == name:
            kept = await find_blob(
                visit.session, visit.site.services.sealer, found.vote.compound_id, document.address
            )
            if kept is not None:
                return _pdf(kept[0])
    services, vote = visit.site.services, found.vote
    about = await load_about(
        visit.session,
        found.opened.compound,
        vote,
        services.signer.key_id if services.signer else "",
        services.public_url,
        vote.noticed_at or visit.now,
    )
    visit.afterwards = partial(_make, visit, found, about, papers, name)
    return web.Response()


async def _make(
    visit: Visit, found: OpenedVote, about: About, papers: list[Paper], name: str
) -> web.Response:
    try:
        content = await in_thread(ballots_pdf, about, papers)
    except FontMissing:
        return back(found, "/print", told="font_missing")
    except DocumentError:
        return back(found, "/print", told="not_printable")
    if len(content) <= LIMIT_BYTES:
        async with visit.site.database.write() as session:
            await lock_vote(session, found.vote.compound_id, found.vote.vote_number)
            there = await list_documents(session, found.vote.compound_id, found.vote.vote_number)
            if all(document.name != name for document in there):
                compound_id, sealer = found.vote.compound_id, visit.site.services.sealer
                session.add(
                    VoteDocument(
                        compound_id=compound_id,
                        vote_number=found.vote.vote_number,
                        document_number=max((each.document_number for each in there), default=0) + 1,
                        kind=KIND,
                        name=name,
                        address=await put_blob(session, sealer, compound_id, content, _PDF, visit.now),
                        public=False,
                        made_at=visit.now,
                    )
                )
    return _pdf(content)


def _pdf(content: bytes) -> web.Response:
    headers = {"Content-Disposition": 'inline; filename="papers.pdf"'}
    return web.Response(body=content, content_type=_PDF, headers=headers)


def _digest(papers: list[Paper]) -> str:
    return sha256("\n".join(paper.serial for paper in papers).encode()).hexdigest()[:12]

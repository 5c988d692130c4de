"""The reception: serials are scanned or typed, boxes counted and signed, calls registered."""

import re
from dataclasses import dataclass

from aiohttp import web

from bot.web.console.papers.door import address_of, back, open_papers
from bot.web.visit import Visit
from handlers.access import OpenedVote
from handlers.voting.paper_rules import PaperRefused
from handlers.voting.reception import (
    MOST_AT_ONCE,
    Received,
    count_batch,
    read_batch,
    receive_papers,
    register_call,
)
from handlers.voting.serials import read_serials, serial_words
from storage.queries.papers import list_batches


@dataclass(frozen=True, slots=True)
class Scanned:
    """What came of one form. batch: the box it was for."""

    answers: list[Received]
    odd: list[str]
    batch: str = ""


async def show_reception(visit: Visit) -> web.Response:
    """One field: a scanner types a serial and Enter."""
    query = visit.request.query
    return await _page(
        visit,
        await open_papers(visit),
        told=query.get("told", ""),
        batch=read_batch(query.get("batch", "")),
    )


async def receive(visit: Visit) -> web.Response:
    """Take in what the field says, one serial or many; the answer is the page with the field, for the next."""
    found = await open_papers(visit)
    batch = read_batch(visit.form.get("batch", ""))
    serials, odd = read_serials(visit.form.get("serials", ""))
    if not serials and not odd:
        return await _page(visit, found, told="no_serial", batch=batch)
    if len(serials) > MOST_AT_ONCE:
        return await _page(visit, found, told="too_many_serials", batch=batch)
    try:
        answers = await receive_papers(
            visit.session,
            visit.site.services.sealer,
            found.opened.compound,
            found.vote.vote_number,
            serials,
            visit.now,
            actor_id=visit.signed_in.viewer.person_id,
            batch=batch,
        )
    except PaperRefused as refused:
        return await _page(visit, found, told=refused.code, batch=batch)
    return await _page(visit, found, scanned=Scanned(answers, odd[:20], batch), batch=batch)


async def count_box(visit: Visit) -> web.Response:
    """A box and how many papers are in it; the second person who says the same signs it."""
    found = await open_papers(visit)
    papers = visit.form.get("papers", "").strip()
    try:
        box = await count_batch(
            visit.session,
            visit.site.services.sealer,
            found.opened.compound,
            found.vote.vote_number,
            visit.form.get("batch", ""),
            int(papers) if re.fullmatch(r"[0-9]{1,6}", papers) else 0,
            visit.now,
            actor_id=visit.signed_in.viewer.person_id,
        )
    except PaperRefused as refused:
        return back(found, "/reception", told=refused.code)
    return back(found, "/reception", told="batch_counted" if box.signed_at is None else "batch_signed")


async def register_by_phone(visit: Visit) -> web.Response:
    """A ballot by phone or video, and on to keying it in."""
    found = await open_papers(visit)
    try:
        call = await register_call(
            visit.session,
            visit.site.services.sealer,
            found.opened.compound,
            found.vote.vote_number,
            visit.form.get("unit", "").strip(),
            visit.form.get("recording", ""),
            visit.now,
            actor_id=visit.signed_in.viewer.person_id,
        )
    except PaperRefused as refused:
        return back(found, "/reception", told=refused.code)
    return back(found, f"/{call.serial}", told="call_registered")


async def _page(
    visit: Visit, found: OpenedVote, *, told: str = "", batch: str = "", scanned: Scanned | None = None
) -> web.Response:
    key = (found.vote.compound_id, found.vote.vote_number)
    return visit.page(
        "console/papers/reception.html",
        found=found,
        here=address_of(found),
        boxes=await list_batches(visit.session, *key),
        batch=batch,
        scanned=scanned,
        serial_words=serial_words,
        me=visit.signed_in.viewer.person_id,
        told=told,
    )

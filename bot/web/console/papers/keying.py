"""Keying papers in: the next serial, the paper as a form without anybody's marks; voiding, and the scan."""

from collections.abc import Sequence

from aiohttp import web

from bot.pictures import MEDIA_TYPE
from bot.web.console.papers.door import address_of, back, open_paper, open_papers
from bot.web.console.papers.form import entry_from, rows_of, signer_choices
from bot.web.visit import Visit
from handlers.access import NotFound, OpenedVote, Right
from handlers.voting import words
from handlers.voting.cast import NoBallot
from handlers.voting.entry import attach_scan, enter_paper, list_signers
from handlers.voting.marks import MarkError
from handlers.voting.paper_rules import BY_HAND, PaperCode, PaperRefused
from handlers.voting.papers import void_paper
from handlers.voting.progress import load_progress
from handlers.voting.reception import recording_of
from handlers.voting.serials import read_serial, serial_words
from storage.blobs import find_blob
from storage.queries.papers import IN_THE_BOX, find_paper
from storage.queries.votes import list_questions, list_vote_units
from storage.states import PaperState
from storage.tables import BallotPaper, VoteQuestion


async def show_entry(visit: Visit) -> web.Response:
    """One field for the next serial; with one, on to its paper."""
    found = await open_papers(visit)
    typed, told = visit.request.query.get("serial", ""), visit.request.query.get("told", "")
    if typed.strip():
        serial = read_serial(typed)
        key = (found.vote.compound_id, found.vote.vote_number)
        if serial is None:
            told = "odd_serial"
        elif await find_paper(visit.session, *key, serial) is None:
            told = PaperCode.NO_PAPER
        else:
            return back(found, f"/{serial}")
    return visit.page(
        "console/papers/entry.html",
        found=found,
        here=address_of(found),
        counted=(await load_progress(visit.session, found.vote)).whole,
        typed=typed[:40],
        told=told,
    )


async def show_paper(visit: Visit) -> web.Response:
    """The paper as a form. What another person read is not on this page."""
    found, paper = await open_paper(visit)
    return await _page(visit, found, paper, told=visit.request.query.get("told", ""))


async def key_in(visit: Visit) -> web.Response:
    """What somebody read, and on to the next paper; a form that lacks something comes back as it was filled in."""
    found, paper = await open_paper(visit)
    questions = await _questions(visit, found)
    try:
        entry = entry_from(rows_of(found.vote, paper, questions), questions, visit.form)
        keyed = await enter_paper(
            visit.session,
            visit.site.services.sealer,
            found.opened.compound,
            found.vote.vote_number,
            paper.serial,
            entry,
            visit.now,
            actor_id=visit.signed_in.viewer.person_id,
        )
    except MarkError as error:
        return await _page(visit, found, paper, told="mark_missing", faulty=error.question_id)
    except PaperRefused as refused:
        return await _page(visit, found, paper, told=refused.code)
    except NoBallot:
        return await _page(visit, found, paper, told="no_ballot")
    told = {
        PaperState.ENTERED: "entered_once",
        PaperState.MISMATCHED: "mismatched",
        PaperState.MATCHED: "matched",
    }[keyed.paper.state]
    if keyed.recorded is not None and keyed.recorded.rejected:
        told = "matched_rejected"
    if keyed.recorded is not None and keyed.recorded.contested:
        told = "matched_contested"
    return back(found, "/entry", told=told)


async def void_one(visit: Visit) -> web.Response:
    """Void a paper, or agree that it is void."""
    found, paper = await open_paper(visit)
    try:
        done = await void_paper(
            visit.session,
            visit.site.services.sealer,
            found.opened.compound,
            found.vote.vote_number,
            paper.serial,
            visit.form.get("reason", ""),
            visit.now,
            actor_id=visit.signed_in.viewer.person_id,
        )
    except PaperRefused as refused:
        return back(found, f"/{paper.serial}", told=refused.code)
    told = "voided" if done.state is PaperState.VOIDED else "void_proposed"
    return back(found, f"/{paper.serial}", told=told)


async def add_scan(visit: Visit) -> web.Response:
    """Keep a photo or scan of the paper."""
    found, paper = await open_paper(visit)
    if visit.refused_photos or not visit.photos:
        return back(found, f"/{paper.serial}", told=visit.refused_photos or "photo_missing")
    try:
        await attach_scan(
            visit.session,
            visit.site.services.sealer,
            found.opened.compound,
            found.vote.vote_number,
            paper.serial,
            visit.photos[0],
            MEDIA_TYPE,
            visit.now,
            actor_id=visit.signed_in.viewer.person_id,
        )
    except PaperRefused as refused:
        return back(found, f"/{paper.serial}", told=refused.code)
    return back(found, f"/{paper.serial}", told="scanned")


async def show_scan(visit: Visit) -> web.Response:
    """The scan as a picture. It shows the marks, so it is for who decides, and for who keyed the paper in."""
    found, paper = await open_paper(visit)
    me = visit.signed_in.viewer.person_id
    may = Right.DECIDE in found.opened.rights and paper.state not in (PaperState.RECEIVED, PaperState.ENTERED)
    if paper.scan_address is None or not (may or me in (paper.first_by, paper.second_by)):
        raise NotFound
    kept = await find_blob(visit.session, visit.site.services.sealer, paper.compound_id, paper.scan_address)
    if kept is None:
        raise NotFound
    return web.Response(body=kept[0], content_type=kept[1])


async def _questions(visit: Visit, found: OpenedVote) -> Sequence[VoteQuestion]:
    return await list_questions(visit.session, found.vote.compound_id, found.vote.vote_number)


async def _page(
    visit: Visit, found: OpenedVote, paper: BallotPaper, *, told: str, faulty: str = ""
) -> web.Response:
    session, sealer, me = visit.session, visit.site.services.sealer, visit.signed_in.viewer.person_id
    questions = await _questions(visit, found)
    units = await list_vote_units(session, found.vote.compound_id, found.vote.vote_number, [paper.owner_key])
    signers = await list_signers(session, sealer, found.vote, paper)
    return visit.page(
        "console/papers/paper.html",
        found=found,
        here=address_of(found),
        paper=paper,
        serial=serial_words(paper.serial),
        units=units,
        rows=[
            (row, question.question_id == faulty)
            for row, question in zip(rows_of(found.vote, paper, questions), questions, strict=True)
        ],
        signers=signer_choices(signers),
        proxies=announced_proxies(found),
        recording=recording_of(sealer, paper),
        keyed_by_me=paper.state is PaperState.ENTERED and paper.first_by == me,
        keyable=paper.state in IN_THE_BOX
        and not (paper.state is PaperState.ENTERED and paper.first_by == me),
        in_the_box=paper.state in IN_THE_BOX,
        to_void=paper.voided_by is not None and paper.state is not PaperState.VOIDED,
        voided_by_me=paper.voided_by == me,
        reasons=BY_HAND,
        filled=visit.form,
        channel=words.channel_name(paper.channel),
        told=told,
    )


def announced_proxies(found: OpenedVote) -> bool:
    """Whether the paper has a mandate to fill in."""
    return bool(found.vote.rules.get("proxy_cap") != 0)

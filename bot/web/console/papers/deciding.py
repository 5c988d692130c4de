"""A paper that two read differently: both readings beside each other, for two who decide."""

from hashlib import sha256

from aiohttp import web

from bot.web.console.papers.door import address_of, back, open_paper
from bot.web.console.papers.form import entry_words
from bot.web.visit import Visit
from handlers.access import Right
from handlers.alerts.words import office_name
from handlers.voting.cast import NoBallot
from handlers.voting.entry import decide_paper, list_signers, proposal_of, readings_of
from handlers.voting.marks import MarkError
from handlers.voting.paper_rules import Entry, PaperCode, PaperRefused
from handlers.voting.serials import serial_words
from storage.queries.votes import list_questions
from storage.states import PaperState


async def show_readings(visit: Visit) -> web.Response:
    """Who read what, and what one of the two who decide has said."""
    found, paper = await open_paper(visit, Right.DECIDE)
    session, services = visit.session, visit.site.services
    questions = await list_questions(session, found.vote.compound_id, found.vote.vote_number)
    signers = await list_signers(session, services.sealer, found.vote, paper)
    proposal = proposal_of(services.sealer, paper)
    rows = [
        {
            "who": await office_name(session, services, by, found.opened.compound),
            "said": entry_words(questions, entry, signers),
            "value": _name(entry),
            "proposed": proposal is not None and _name(proposal[1]) == _name(entry),
        }
        for by, entry in readings_of(services.sealer, paper)
    ]
    return visit.page(
        "console/papers/decide.html",
        found=found,
        here=address_of(found),
        paper=paper,
        serial=serial_words(paper.serial),
        rows=rows,
        proposed_by_me=proposal is not None and proposal[0] == visit.signed_in.viewer.person_id,
        has_scan=paper.scan_address is not None,
        told=visit.request.query.get("told", ""),
    )


async def decide_one(visit: Visit) -> web.Response:
    """Say which reading is right; with the second who says so it is a ballot."""
    found, paper = await open_paper(visit, Right.DECIDE)
    sealer, page = visit.site.services.sealer, f"/{paper.serial}/decide"
    wanted = visit.form.get("reading", "")
    entries = [entry for _by, entry in readings_of(sealer, paper) if _name(entry) == wanted]
    if not entries:
        told = "matched" if paper.state is PaperState.MATCHED else PaperCode.NOT_MISMATCHED
        return back(found, page, told=told)
    try:
        keyed = await decide_paper(
            visit.session,
            sealer,
            found.opened.compound,
            found.vote.vote_number,
            paper.serial,
            entries[0],
            visit.now,
            actor_id=visit.signed_in.viewer.person_id,
        )
    except PaperRefused as refused:
        return back(found, page, told=refused.code)
    except (NoBallot, MarkError):
        return back(found, page, told="no_ballot")
    return back(found, page, told="matched" if keyed.paper.state is PaperState.MATCHED else "decide_proposed")


def _name(entry: Entry) -> str:
    """What names a reading in a form: one that has changed since is another."""
    return sha256(entry.canonical()).hexdigest()[:16]

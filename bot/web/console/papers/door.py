"""The way in to the papers of a vote, and back to a page of theirs."""

from urllib.parse import urlencode

from aiohttp import web

from bot.web.console.alerts import NUMBER
from bot.web.console.compounds import CODE
from bot.web.visit import Visit, see_other
from handlers.access import NotFound, OpenedVote, Right, access_vote
from handlers.voting.serials import ALPHABET, LENGTH
from storage.queries.papers import find_paper
from storage.tables import BallotPaper

SERIAL = f"[{ALPHABET}]{{{LENGTH}}}"


async def open_papers(visit: Visit, right: Right = Right.ENTER_PAPERS) -> OpenedVote:
    """The vote of the address, for who handles papers. Before the notice there is nothing to print."""
    code, number = visit.part("compound", CODE), int(visit.part("number", NUMBER))
    found = await access_vote(visit.session, visit.signed_in.viewer, code, number, right)
    if found.vote.roll_root is None:
        raise NotFound
    return found


async def open_paper(visit: Visit, right: Right = Right.ENTER_PAPERS) -> tuple[OpenedVote, BallotPaper]:
    """The vote and the paper of the address."""
    found = await open_papers(visit, right)
    serial = visit.part("serial", SERIAL)
    paper = await find_paper(visit.session, found.vote.compound_id, found.vote.vote_number, serial)
    if paper is None:
        raise NotFound
    return found, paper


def address_of(found: OpenedVote) -> str:
    """Where the papers of a vote are."""
    return f"/console/{found.opened.compound.code}/votes/{found.vote.vote_number}/papers"


def back(found: OpenedVote, page: str = "", **told: str) -> web.Response:
    """On to a page of the papers, with what was done as the page knows it."""
    return see_other(f"{address_of(found)}{page}?{urlencode(told)}")

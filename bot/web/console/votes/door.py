"""The way in to every page of a vote, and what all of them show."""

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot.web.console.alerts import NUMBER
from bot.web.console.compounds import CODE
from bot.web.once import fresh_key
from bot.web.visit import Visit, see_other
from handlers.access import OpenedVote, Right, access_vote
from handlers.voting import words
from storage.queries.vote_reach import list_officers

SEE = (Right.SEE_VOTES, Right.RUN_VOTES)


@dataclass(frozen=True, slots=True)
class Entered(OpenedVote):
    """A vote on its pages. officer: the viewer is one of the two who see which units have not voted."""

    officer: bool = False


async def enter(visit: Visit, *rights: Right) -> Entered:
    """The vote that the address names, for who has any of the rights."""
    code, number = visit.part("compound", CODE), int(visit.part("number", NUMBER))
    viewer = visit.signed_in.viewer
    found = await access_vote(visit.session, viewer, code, number, *rights)
    officers = await list_officers(visit.session, found.opened.compound_id, number)
    return Entered(found.opened, found.vote, viewer.person_id in officers)


def address(found: OpenedVote) -> str:
    """Of the vote's own page; the others lie below it."""
    return f"/console/{found.opened.compound.code}/votes/{found.vote.vote_number}"


def vote_page(visit: Visit, found: Entered, template: str, current: str = "", **values: Any) -> web.Response:
    """A page of a vote. current: the name of the page in the vote's menu, "" for one that is not in it."""
    return visit.page(
        f"console/votes/{template}.html",
        opened=found.opened,
        vote=found.vote,
        base=address(found),
        rights=found.opened.rights,
        officer=found.officer,
        current=current,
        words=words,
        key=fresh_key(),
        told=visit.request.query.get("told", ""),
        **values,
    )


def back_to(found: OpenedVote, told: str, page: str = "") -> web.Response:
    """A page of the vote as it is now, with what came of a button."""
    return see_other(f"{address(found)}{page}?told={told}")

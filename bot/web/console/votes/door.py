"""The way in to every page of a vote, and what all of them show."""

from typing import Any

from aiohttp import web

from bot.web.console.alerts import NUMBER
from bot.web.console.compounds import CODE
from bot.web.once import fresh_key
from bot.web.visit import Visit, see_other
from handlers.access import OpenedVote, Right, access_vote
from handlers.voting import words

SEE = (Right.SEE_VOTES, Right.RUN_VOTES)


async def enter(visit: Visit, *rights: Right) -> OpenedVote:
    """The vote that the address names, for who has any of the rights."""
    code, number = visit.part("compound", CODE), int(visit.part("number", NUMBER))
    return await access_vote(visit.session, visit.signed_in.viewer, code, number, *rights)


def address(found: OpenedVote) -> str:
    """Of the vote's own page; the others lie below it."""
    return f"/console/{found.opened.compound.code}/votes/{found.vote.vote_number}"


def vote_page(
    visit: Visit, found: OpenedVote, template: str, current: str = "", **values: Any
) -> web.Response:
    """A page of a vote. current: the name of the page in the vote's menu, "" for one that is not in it."""
    return visit.page(
        f"console/votes/{template}.html",
        opened=found.opened,
        vote=found.vote,
        base=address(found),
        rights=found.opened.rights,
        current=current,
        words=words,
        key=fresh_key(),
        told=visit.request.query.get("told", ""),
        **values,
    )


def back_to(found: OpenedVote, told: str, page: str = "") -> web.Response:
    """A page of the vote as it is now, with what came of a button."""
    return see_other(f"{address(found)}{page}?told={told}")

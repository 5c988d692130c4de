"""The steps of a vote whose notice is out: count, publish, extend, revoke.

Each holds the vote first and looks where it is: a button that is pressed twice is answered as if it were pressed once.
"""

from aiohttp import web

from bot.web.console.votes.door import Entered, back_to, enter
from bot.web.visit import Visit
from handlers.access import Right
from handlers.voting.announced import announced_of, is_outdated
from handlers.voting.count import publish_vote, tally_vote
from handlers.voting.extend import extend_vote
from handlers.voting.life import hold_vote
from handlers.voting.revoke import revoke_vote
from handlers.voting.rules import Code, Refused
from storage.states import VoteState
from storage.tables import Vote

_PUBLISHED = (VoteState.PUBLISHED, VoteState.FINAL)


async def count(visit: Visit) -> web.Response:
    """计票."""
    found, vote = await _held(visit)
    if vote.state is VoteState.TALLIED and not is_outdated(vote):
        return back_to(found, "vote_counted", "/result")
    services, compound = visit.site.services, found.opened.compound
    try:
        if services.signer is None:
            raise Refused(Code.NO_SIGNING_KEY)
        await tally_vote(
            visit.session,
            services.sealer,
            services.signer,
            compound,
            vote.vote_number,
            visit.now,
            actor_id=visit.signed_in.viewer.person_id,
        )
    except Refused as refused:
        return back_to(found, refused.code)
    return back_to(found, "vote_counted", "/result")


async def publish(visit: Visit) -> web.Response:
    """公布结果, if it is still the one that was shown."""
    found, vote = await _held(visit)
    if vote.state in _PUBLISHED:
        return back_to(found, "vote_published")
    if visit.form.get("sure") != "yes":
        return back_to(found, "vote_not_sure", "/result")
    try:
        await publish_vote(
            visit.session,
            found.opened.compound,
            vote.vote_number,
            visit.now,
            actor_id=_who(visit),
            seen=visit.form.get("seen", ""),
        )
    except Refused as refused:
        page = "/result" if refused.code is Code.RESULT_CHANGED else ""
        return back_to(found, refused.code, page)
    return back_to(found, "vote_published")


async def extend(visit: Visit) -> web.Response:
    """延长, as it was announced."""
    found, vote = await _held(visit)
    if vote.state is VoteState.OPEN and announced_of(vote).extended:
        return back_to(found, "vote_extended")
    try:
        await extend_vote(
            visit.session, found.opened.compound, vote.vote_number, visit.now, actor_id=_who(visit)
        )
    except Refused as refused:
        return back_to(found, refused.code)
    return back_to(found, "vote_extended")


async def revoke(visit: Visit) -> web.Response:
    """撤销, with a reason that the owners read."""
    found, vote = await _held(visit)
    if vote.state is VoteState.REVOKED:
        return back_to(found, "vote_revoked")
    if visit.form.get("sure") != "yes":
        return back_to(found, "vote_not_sure")
    reason = visit.form.get("reason", "")
    try:
        await revoke_vote(
            visit.session, found.opened.compound, vote.vote_number, reason, visit.now, actor_id=_who(visit)
        )
    except Refused as refused:
        return back_to(found, refused.code)
    return back_to(found, "vote_revoked")


async def _held(visit: Visit) -> tuple[Entered, Vote]:
    found = await enter(visit, Right.RUN_VOTES)
    return found, await hold_vote(visit.session, found.opened.compound, found.vote.vote_number)


def _who(visit: Visit) -> int:
    return visit.signed_in.viewer.person_id

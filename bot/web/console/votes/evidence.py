"""The evidence of a vote: the public bundle for who sees votes, the sealed one for scrutineers, with a reason."""

import asyncio
from collections.abc import Mapping

from aiohttp import web

from bot.web.console.votes.door import SEE, Entered, back_to, enter, vote_page
from bot.web.documents import attachment
from bot.web.visit import Visit
from handlers.access import Right
from handlers.voting.bundle import PUBLIC, SEALED, write_bundle
from handlers.voting.export import export_vote
from handlers.voting.life import audit
from handlers.voting.rules import Code, Refused
from storage.queries.vote_log import list_checkpoints
from storage.states import VoteState

LONGEST = 500
REASON = "audit.vote_unsealed"  # the sealer's context
WHY = {
    "recount": "监票人重新计票",
    "objection": "看业主提的异议",
    "court": "法院要的",
    "authority": "政府部门要的",
}


async def show_evidence(visit: Visit) -> web.Response:
    """The signed heads, and what may be downloaded."""
    found = await enter(visit, *SEE, Right.SEE_EVIDENCE)
    heads = await list_checkpoints(visit.session, found.vote.compound_id, found.vote.vote_number)
    return vote_page(visit, found, "evidence", "证据", heads=list(reversed(heads))[:50], why=WHY)


async def take_public(visit: Visit) -> web.Response:
    """No ballot is open in it. Not while people vote: who has papers in their hands would see which came in."""
    found = await enter(visit, *SEE, Right.SEE_EVIDENCE)
    if found.vote.state is VoteState.OPEN:
        return back_to(found, Code.WRONG_STATE, "/evidence")
    return await _take(visit, found, PUBLIC)


async def take_sealed(visit: Visit) -> web.Response:
    """Every ballot is open in it: who takes it, and why, stays in the audit log."""
    found = await enter(visit, Right.SEE_EVIDENCE)
    why, words = visit.form.get("why", ""), visit.form.get("words", "").strip()[:LONGEST]
    if why not in WHY:
        return back_to(found, Code.NO_REASON, "/evidence")
    # The audit log is never changed again, and words may name people: they are sealed.
    sealed = visit.site.services.sealer.seal(words.encode(), REASON).hex() if words else ""
    return await _take(visit, found, SEALED, {"why": why, "words": sealed})


async def _take(
    visit: Visit, found: Entered, kind: str, reason: Mapping[str, str] | None = None
) -> web.Response:
    services, number, by = visit.site.services, found.vote.vote_number, visit.signed_in.viewer.person_id
    try:
        if services.signer is None:
            raise Refused(Code.NO_SIGNING_KEY)
        bundle = await export_vote(
            visit.session,
            services.sealer,
            services.signer,
            found.opened.compound,
            number,
            kind,
            visit.now,
            actor_id=by,
        )
    except Refused as refused:
        return back_to(found, refused.code, "/evidence")
    if reason:
        audit(visit.session, found.vote, "vote.unsealed", visit.now, by, reason)
    content = await asyncio.to_thread(write_bundle, bundle)
    return attachment(content, "application/zip", f"{found.opened.compound.code}-{number}-{kind}.zip")

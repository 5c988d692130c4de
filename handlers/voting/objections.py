"""Use cases: what owners say against a published result, and what they are answered.

Staff enter what came by phone, on paper or at the desk. The log has a commitment to the words, so that nobody can later
say that an objection was another one, or none; the words are sealed, since they may name people.
"""

import hashlib
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.voting.announced import announced_of
from handlers.voting.life import audit, hold_vote, leave
from handlers.voting.rules import Code, Refused
from storage.queries.opinions import next_number
from storage.queries.votes import find_vote_objection, find_vote_objection_by_key
from storage.sealing import Sealer
from storage.states import ObjectionState, VoteState
from storage.tables import Compound, Vote, VoteObjection

TEXT = "vote_objections.text"
LONGEST = 2000


def objections_end(vote: Vote) -> datetime | None:
    """Until when objections are taken; None before publication."""
    if vote.published_at is None:
        return None
    return vote.published_at + timedelta(days=announced_of(vote).objection_days)


async def object_to_result(
    session: AsyncSession,
    sealer: Sealer,
    compound: Compound,
    number: int,
    text: str,
    now: datetime,
    *,
    key: str,
    actor_id: int,
) -> VoteObjection:
    """Keep an objection; the one there is for the same key. Raises Refused: not published, too late, no words."""
    vote = await hold_vote(session, compound, number)
    found = await find_vote_objection_by_key(session, vote.compound_id, number, key)
    if found is not None:
        return found
    end = objections_end(vote)
    if vote.state is not VoteState.PUBLISHED or end is None:
        raise Refused(Code.WRONG_STATE)
    if now > end:
        raise Refused(Code.OBJECTIONS_OVER)
    words = text.strip()[:LONGEST]
    if not words:
        raise Refused(Code.NO_REASON)
    objection = VoteObjection(
        compound_id=vote.compound_id,
        vote_number=number,
        objection_number=await next_number(session, vote.compound_id, f"objection-{number}"),
        command_key=key,
        text_sealed=sealer.seal(words.encode(), TEXT),
        made_at=now,
        entered_by=actor_id,
    )
    session.add(objection)
    body = {"objection": objection.objection_number, "words": _keyed(sealer, words)}
    leave(session, vote, "objection", body, now)
    audit(session, vote, "vote.objected", now, actor_id, {"objection": objection.objection_number})
    await session.flush()
    return objection


async def answer_objection(
    session: AsyncSession,
    sealer: Sealer,
    compound: Compound,
    number: int,
    objection_number: int,
    state: ObjectionState,
    answer: str,
    now: datetime,
    *,
    actor_id: int,
) -> VoteObjection | None:
    """Answer an objection once; None when there is none. The same answer again changes nothing.

    Somebody else does it than who wrote the objection down.

    Accepted or not, the published figures stay: a mistake in them is put right by revoking the vote, or by a court.
    """
    assert state is not ObjectionState.OPEN
    vote = await hold_vote(session, compound, number)
    objection = await find_vote_objection(session, vote.compound_id, number, objection_number)
    if objection is None:
        return None
    if objection.entered_by == actor_id:
        raise Refused(Code.OWN_OBJECTION)
    words = answer.strip()[:LONGEST]
    if objection.state is not ObjectionState.OPEN:
        if (objection.state, objection.answer) != (state, words):
            raise Refused(Code.WRONG_STATE)
        return objection
    if not words:
        raise Refused(Code.NO_REASON)
    objection.state, objection.answer = state, words
    objection.decided_by, objection.decided_at = actor_id, now
    session.add(objection)
    body = {"objection": objection_number, "state": state.value, "words": _keyed(sealer, words)}
    leave(session, vote, "objection_answered", body, now)
    audit(session, vote, "vote.objection_answered", now, actor_id, {"objection": objection_number})
    return objection


def words_of(sealer: Sealer, objection: VoteObjection) -> str:
    """What was said."""
    return sealer.open(objection.text_sealed, TEXT).decode()


def _keyed(sealer: Sealer, words: str) -> str:
    """A keyed hash: a plain one of a few words is guessed."""
    return hashlib.sha256(sealer.lookup(words.encode(), TEXT)).hexdigest()

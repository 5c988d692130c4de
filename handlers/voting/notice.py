"""Use case: the notice is published. Roll, rules and questions are frozen, and the log begins with them."""

from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.voting.announced import Counts, announced_of, as_json, facts_of, question_of, rules_of
from handlers.voting.attachments import digests_of
from handlers.voting.checking import find_faults
from handlers.voting.codec import question_json, rules_json, words_hash
from handlers.voting.freeze import freeze_roll, hold_roll
from handlers.voting.life import hold_vote, leave, take_step
from handlers.voting.rules import Code, Command, Refused, step
from handlers.voting.signing import Signer, to_the_millisecond
from handlers.voting.terms import area_text
from storage.queries.votes import list_documents, list_questions
from storage.states import VoteMode
from storage.tables import Compound, Vote, VoteQuestion


async def notice_vote(
    session: AsyncSession,
    signer: Signer | None,
    compound: Compound,
    number: int,
    now: datetime,
    *,
    actor_id: int,
) -> Vote:
    """Freeze a linted vote; raises Refused, and RollError for units that cannot be frozen.

    It is linted once more: since it was found in order days may have passed, and the roll may have changed.
    """
    await hold_roll(session, compound)
    vote = await hold_vote(session, compound, number)
    if signer is None:
        raise Refused(Code.NO_SIGNING_KEY)
    if any(finding.error for finding in await find_faults(session, vote, now)):
        raise Refused(Code.NOT_LINTED)
    # Before anything is written: a caller that answers a refusal keeps its transaction.
    step(facts_of(vote, Counts(roll_units=1)), Command.NOTICE, now)
    frozen = await freeze_roll(session, vote)
    counts = Counts(roll_units=len(frozen.lines))
    root = {"root": frozen.root.hex()}
    take_step(session, vote, Command.NOTICE, now, actor_id=actor_id, counts=counts, details=root)
    vote.noticed_at = to_the_millisecond(now)
    questions = await list_questions(session, vote.compound_id, vote.vote_number)
    documents = await list_documents(session, vote.compound_id, vote.vote_number)
    body = {
        "key": signer.key_id,
        "mode": VoteMode(vote.mode).value,
        "rules": rules_json(rules_of(vote)),
        "questions": [question_json(question_of(row)) for row in questions],
        "roll": {
            **root,
            "units": len(frozen.lines),
            "persons": frozen.total.persons,
            "area": area_text(frozen.total.area),
        },
        "words": words_hash(words_of(vote, questions)),
        "documents": digests_of(documents),
    }
    leave(session, vote, "notice", body, now)
    return vote


def words_of(vote: Vote, questions: list[VoteQuestion]) -> dict[str, Any]:
    """Everything the owners read before they vote, as it was announced."""
    announced = as_json(announced_of(vote).model_copy(update={"extended": False}))
    return {
        "title": vote.title,
        "body": vote.body,
        "convener": vote.convener,
        "contact": vote.contact,
        "objections_to": vote.objections_to,
        "papers_to": vote.papers_to,
        "platform": vote.platform,
        "announced": announced,
        "questions": [{"id": row.question_id, "title": row.title, "body": row.body} for row in questions],
    }

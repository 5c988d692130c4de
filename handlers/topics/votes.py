"""Use cases: the vote of the owners that decides a topic is named, or drafted. It is held where all votes are."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.topics.carry_out import Carried, carry_out
from handlers.topics.commands import LinkVote
from handlers.topics.facts import Actor, Facts
from handlers.topics.rules import apply
from handlers.topics.templates import template_of
from handlers.voting.draft import create_vote
from handlers.voting.life import NoVote, hold_vote
from handlers.voting.templates import find_template, load_templates
from storage.queries.topics import is_vote_of_another
from storage.queries.votes import find_vote, list_questions, list_votes
from storage.states import VoteState
from storage.tables import Compound, Topic, Vote

_LISTED = 50


async def link_vote(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    number: int,
    vote_number: int,
    now: datetime,
    *,
    key: str,
    actor_id: int,
) -> Carried:
    """This vote of the compound decides the topic; raises Refused."""

    async def command(topic: Topic, _facts: Facts, _actor: Actor | None) -> LinkVote:
        try:
            await hold_vote(session, compound, vote_number)  # two topics may not name it at once
        except NoVote:
            return LinkVote(vote_number, fits=False)
        return LinkVote(vote_number, await _fits(session, topic, vote_number))

    return await carry_out(session, services, compound, number, command, now, key=key, actor_id=actor_id)


async def draft_vote(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    number: int,
    profile: str,
    now: datetime,
    *,
    key: str,
    actor_id: int,
) -> Carried:
    """Draft the vote that decides the topic; raises Refused, and ProfileError for a place that has no profile."""

    async def command(topic: Topic, facts: Facts, actor: Actor | None) -> LinkVote:
        apply(template_of(topic.template).plan, facts, actor, LinkVote(0, fits=True))
        vote = await create_vote(session, compound, actor_id, vote_template_of(topic), profile, now)
        await session.flush()
        return LinkVote(vote.vote_number, fits=True)

    return await carry_out(session, services, compound, number, command, now, key=key, actor_id=actor_id)


async def list_fitting(session: AsyncSession, topic: Topic) -> list[Vote]:
    """Votes of the compound that could decide a topic, the newest first."""
    votes = await list_votes(session, topic.compound_id, _LISTED)
    return [vote for vote in votes if await _fits(session, topic, vote.vote_number)]


def vote_template_of(topic: Topic) -> str:
    """What its vote is drafted from: what the template names, if that asks about one of its items."""
    named = template_of(topic.template).vote
    for code in (named, *load_templates()):
        if any(question.item in topic.items for question in find_template(code).questions):
            return code
    return named


async def _fits(session: AsyncSession, topic: Topic, vote_number: int) -> bool:
    """Whether a vote asks about this topic: not one announced before it, or named for another on the same item.

    An assembly may decide several topics in one vote, as long as each has a question of its own item: the result has
    no other sign of which question is whose.
    """
    vote = await find_vote(session, topic.compound_id, vote_number)
    if vote is None or vote.state is VoteState.REVOKED:
        return False
    if vote.noticed_at is not None and vote.noticed_at < topic.created_at:
        return False
    if await is_vote_of_another(session, topic, vote_number):
        return False
    questions = await list_questions(session, topic.compound_id, vote_number)
    return any(question.item in topic.items for question in questions)

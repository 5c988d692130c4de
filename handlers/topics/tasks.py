"""Use cases: what a step asks for is done: a task in words or figures, a poll of the residents."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.local_time import local_date
from handlers.polls import rules as polls
from handlers.polls.create import create_poll
from handlers.surveys.results import figures_of
from handlers.topics.carry_out import Carried, carry_out
from handlers.topics.commands import Code, DoTask, Refused, StartPoll
from handlers.topics.facts import Actor, Facts
from handlers.topics.record import is_through
from handlers.topics.rules import apply
from handlers.topics.templates import TaskKind, template_of
from storage.queries.polls import find_poll
from storage.states import PollKind
from storage.tables import Compound, Topic

FUNDS = ("cost", "owners", "income", "subsidy")
"""Yuan a year: what it costs, and the 三个一点 that pay for it."""
MOST_YUAN = 1_000_000_000


async def do_task(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    number: int,
    code: str,
    words: str,
    now: datetime,
    *,
    figures: Mapping[str, int],
    survey: int | None = None,
    key: str,
    actor_id: int,
) -> Carried:
    """A task of the step is done; raises Refused. figures: FUNDS of a funding plan, or the `poll` of one that asks.

    survey: of households, for a task that asks them; its figures are those of the round that is over.
    """

    async def command(topic: Topic, _facts: Facts, _actor: Actor | None) -> DoTask:
        task = template_of(topic.template).tasks.get(code)
        if task is None:
            raise Refused(Code.ODD)
        kept: dict[str, int] = {}
        if task.kind is TaskKind.FUNDING:
            kept = {name: figures.get(name, -1) for name in FUNDS}
            if not all(0 <= yuan <= MOST_YUAN for yuan in kept.values()):
                raise Refused(Code.ODD)
        elif task.kind is TaskKind.POLL:
            poll = await find_poll(session, topic.compound_id, figures.get("poll", 0))
            if poll is None or poll.about != {"topic": number, "task": code} or not is_through(poll):
                raise Refused(Code.MISSING)
            kept = {"poll": poll.poll_number}
        elif task.kind is TaskKind.SURVEY and survey is not None:
            kept = await figures_of(session, topic.compound_id, survey, number, task.round)
            if not kept:
                raise Refused(Code.NO_SURVEY)
        return DoTask(code, words, local_date(now), kept, survey if task.kind is TaskKind.SURVEY else None)

    return await carry_out(session, services, compound, number, command, now, key=key, actor_id=actor_id)


async def start_poll(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    number: int,
    closes_at: datetime,
    now: datetime,
    *,
    task: str = "",
    options: Sequence[str] = (),
    key: str,
    actor_id: int,
) -> Carried:
    """Ask the residents: whether they are satisfied, or what a task of the step is about; raises Refused."""

    async def command(topic: Topic, facts: Facts, actor: Actor | None) -> StartPoll:
        template = template_of(topic.template)
        apply(template.plan, facts, actor, StartPoll(0, task))  # refused before anybody is asked anything
        title = f"{topic.title}：{template.tasks[task].name if task else '您满意吗'}"
        draft = polls.Draft(
            kind=PollKind.STRAW if task else PollKind.SATISFACTION,
            title=title[:120],
            closes_at=closes_at,
            options=tuple(options),
        )
        try:
            poll = await create_poll(
                session,
                services,
                compound,
                draft,
                now,
                actor_id=actor_id,
                about={"topic": number} | ({"task": task} if task else {}),
            )
        except polls.Refused:
            raise Refused(Code.ODD) from None
        return StartPoll(poll.poll_number, task)

    return await carry_out(session, services, compound, number, command, now, key=key, actor_id=actor_id)


def gap_of(figures: Mapping[str, int]) -> int:
    """Yuan a year that a funding plan lacks; below zero: that are left."""
    return figures["cost"] - figures["owners"] - figures["income"] - figures["subsidy"]

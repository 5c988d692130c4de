"""Use case: what the clock does with surveys. Rounds open and close, what was said is told in steps, who has not
answered is reminded once, and who was against something learns that it was answered.

Called by every replica as often as it likes: a row is locked before it is looked at, and each notice has a claim.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.apart import each_apart
from handlers.context import Services
from handlers.reach.fields import Facts, NoticeKind
from handlers.reach.notify import Notice, notify_person
from handlers.surveys.replies import tell_reply
from handlers.surveys.rules import Due, Refused, closes_at, due, next_at
from handlers.surveys.running import close_round, lapse, open_held, times_of
from handlers.surveys.steps import WAITING
from handlers.surveys.telling import tell_some
from handlers.surveys.words import page_of, topic_of, until_of
from handlers.texts import say
from storage.database import Database
from storage.queries.surveys import (
    list_due_rounds,
    list_people_to_remind,
    list_replies_to_tell,
    list_rounds_to_tell,
    lock_round,
    lock_survey,
)
from storage.states import MessageClass
from storage.tables import Compound, Survey, SurveyRound

LIMIT = 200  # rounds in one call: a tick stays short, the next one goes on
_NEWS = timedelta(days=7)
_Work = Callable[[AsyncSession], Awaitable[int]]
AT_ONCE = 50  # people in one transaction: callbacks must not wait long behind it


async def advance_surveys(database: Database, services: Services, now: datetime) -> int:
    """Do what is due, each round in a transaction of its own; returns how many were moved on."""
    async with database.read() as session:
        rounds = await list_due_rounds(session, now, LIMIT)
        answers = await list_rounds_to_tell(session, WAITING, LIMIT)
        replies = await list_replies_to_tell(session, LIMIT)

    def move_on(key: tuple[int, int, int]) -> _Work:
        return lambda session: _advance(session, services, *key, now)

    def tell_step(key: tuple[int, int, int]) -> _Work:
        return lambda session: tell_some(session, *key)

    def send_reply(key: tuple[int, int, int, str]) -> _Work:
        return lambda session: tell_reply(session, services, *key, now)

    # All in one go: a round that cannot be closed holds up neither the figures nor the replies of others.
    work = [*map(move_on, rounds), *map(tell_step, answers), *map(send_reply, replies)]
    return await each_apart(database, work, lambda session, do: do(session))


async def _advance(
    session: AsyncSession, services: Services, compound_id: int, number: int, place: int, now: datetime
) -> int:
    survey = await lock_survey(session, compound_id, number)
    round_ = await lock_round(session, compound_id, number, place)
    if survey is None or round_ is None:
        return 0
    compound = await session.get_one(Compound, compound_id)
    match due(times_of(round_), now):
        case Due.OPEN:
            try:
                await open_held(session, services, compound, survey, round_, now, actor_id=None)
            except Refused as refused:
                await lapse(session, round_, now, refused.code.value)
                await _tell_not_opened(session, services, compound, survey, round_, now)
        case Due.LAPSE:
            await lapse(session, round_, now, "over")
            await _tell_not_opened(session, services, compound, survey, round_, now)
        case Due.CLOSE:
            await close_round(session, services.sealer, compound_id, number, place, now, actor_id=None)
        case Due.REMIND:
            await remind(session, services, compound, survey, round_, now)
        case None:
            round_.next_at = next_at(times_of(round_), now)
            session.add(round_)
            return 0
    return 1


async def _tell_not_opened(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    survey: Survey,
    round_: SurveyRound,
    now: datetime,
) -> None:
    """Tell who made the survey that a round is a draft again: they count on its having begun."""
    text = say("surveys.not_opened", compound=compound.name, title=survey.title, round=round_.name)
    key = f"{topic_of(round_)}:not_opened:{round_.starts_on}"
    notice = Notice(MessageClass.NOTICE, text, key, expires_at=now + _NEWS)
    await notify_person(session, services, survey.created_by, notice, now)


async def remind(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    survey: Survey,
    round_: SurveyRound,
    now: datetime,
) -> None:
    """Remind some more of those at whose home nobody has answered, and note how far that is."""
    people = await list_people_to_remind(session, round_, round_.reminded_after, AT_ONCE)
    link = page_of(services.public_url, compound.code, survey.survey_number)
    text = say("surveys.reminded", compound=compound.name, title=survey.title, until=until_of(round_))
    how = say("surveys.link", link=link) if link else say("surveys.by_chat")
    notice = Notice(
        MessageClass.REMINDER,
        f"{text}\n{how}",
        f"{topic_of(round_)}:reminder",
        facts=Facts(
            NoticeKind.REQUEST,
            survey.title,
            "等您回答",
            closes_at(round_.ends_on),
            compound.name,
            number=survey.survey_number,
            link=link,
        ),
        expires_at=closes_at(round_.ends_on),
        topic=topic_of(round_),
    )
    for person_id in people:
        await notify_person(session, services, person_id, notice, now)
    if len(people) == AT_ONCE:
        round_.reminded_after = people[-1]
    else:
        round_.remind_at = None
    round_.next_at = next_at(times_of(round_), now)
    session.add(round_)

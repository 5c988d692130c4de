"""Telling whoever answered for a home that somebody else's answer counts now, once for each answer of theirs.

A home is named (绑定) and not proven: nobody's answer is taken over in silence. What was answered is not in the words.
"""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.reach.fields import Facts, NoticeKind
from handlers.reach.notify import MUST_BE_READ, Notice, notify_person
from handlers.surveys.words import page_of, topic_of
from handlers.texts import say
from storage.states import MessageClass, SurveyGiver
from storage.tables import Compound, Survey, SurveyAnswer, SurveyRound


async def tell_overtaken(
    session: AsyncSession,
    services: Services,
    survey: Survey,
    round_: SurveyRound,
    before: SurveyAnswer,
    giver: SurveyGiver,
    now: datetime,
) -> None:
    """Tell whoever gave the answer of before; nobody where staff wrote it down, or who gave it was forgotten."""
    if before.person_id is None:
        return
    compound = await session.get_one(Compound, round_.compound_id)
    link = page_of(services.public_url, compound.code, survey.survey_number)
    by_owner = giver is SurveyGiver.OWNER and before.giver is not SurveyGiver.OWNER
    text = say("surveys.overtaken_by_owner" if by_owner else "surveys.overtaken", title=survey.title)
    notice = Notice(
        MessageClass.NOTICE,
        f"{text}\n{say('surveys.look_link', link=link)}" if link else text,
        f"{topic_of(round_)}:{before.unit_code}:{before.seq}:overtaken",
        facts=Facts(
            NoticeKind.REQUEST,
            survey.title,
            "又有人答过",
            now,
            compound.name,
            number=survey.survey_number,
            link=link,
        ),
        expires_at=now + MUST_BE_READ,
    )
    await notify_person(session, services, before.person_id, notice, now)

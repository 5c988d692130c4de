"""Use case: staff answer a reason against, for everybody to read. The clock tells once whoever gave the reason."""

from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.reach.fields import Facts, NoticeKind
from handlers.reach.notify import Notice, notify_person
from handlers.surveys.create import audit, hold_round
from handlers.surveys.reasons import counted_under, reasons_of
from handlers.surveys.rules import REPLY, Code, Refused
from handlers.surveys.words import page_of
from handlers.texts import say
from storage.queries.survey_answers import list_against
from storage.queries.surveys import find_survey, lock_reply, lock_round
from storage.states import MessageClass, SurveyState
from storage.tables import Compound, SurveyReply

AT_ONCE = 50  # people in one transaction: callbacks must not wait long behind it
_LASTS = timedelta(days=14)


async def reply_to_reason(
    session: AsyncSession,
    compound_id: int,
    number: int,
    place: int,
    reason: str,
    summary: str,
    answer: str,
    now: datetime,
    *,
    actor_id: int,
) -> None:
    """Answer a reason, or change the answer; raises Refused, and NotFound. summary: the concern in staff's words.

    Those who gave the reason are told of the first answer; who reads the page reads the last one.
    """
    round_ = await hold_round(session, compound_id, number, place)
    survey = await find_survey(session, compound_id, number)
    summary, answer = summary.strip(), answer.strip()
    if not answer or max(len(summary), len(answer)) > REPLY:
        raise Refused(Code.NO_REPLY)
    if survey is None or reason not in reasons_of(survey.template) or round_.state is SurveyState.DRAFT:
        raise Refused(Code.ODD)
    reply = await lock_reply(session, compound_id, number, place, reason)
    if reply is not None and (reply.summary, reply.answer) == (summary, answer):
        return
    if reply is None:
        reply = SurveyReply(
            compound_id=compound_id,
            survey_number=number,
            round_number=place,
            reason=reason,
            answer=answer,
            answered_by=actor_id,
            answered_at=now,
        )
    reply.summary, reply.answer, reply.answered_by, reply.answered_at = summary, answer, actor_id, now
    session.add(reply)
    audit(session, round_, "survey.reason_answered", now, actor_id, reason=reason)


async def tell_reply(
    session: AsyncSession,
    services: Services,
    compound_id: int,
    number: int,
    place: int,
    reason: str,
    now: datetime,
) -> int:
    """Tell some more of those who gave a reason that it was answered; returns 1, or 0 when all were told."""
    # The round first, as whoever answers a reason does: neither waits for the other.
    round_ = await lock_round(session, compound_id, number, place, shared=True)
    reply = await lock_reply(session, compound_id, number, place, reason)
    if round_ is None or reply is None or reply.told_after is None:
        return 0
    survey = await find_survey(session, compound_id, number)
    assert survey is not None
    compound = await session.get_one(Compound, compound_id)
    named = reasons_of(survey.template)[reason]
    people = sorted(
        {
            person_id
            for person_id, reasons in await list_against(session, round_, reply.told_after)
            if reason in counted_under(reasons)
        }
    )[:AT_ONCE]
    link = page_of(services.public_url, compound.code, number)
    text = say("surveys.answered", title=survey.title, reason=named, answer=reply.answer)
    if round_.state is SurveyState.OPEN:
        again = say("surveys.again_link", link=link) if link else say("surveys.again_chat", number=number)
        text = f"{text}\n{again}"
    notice = Notice(
        MessageClass.NOTICE,
        text,
        f"survey:{compound_id}:{number}:{place}:reason:{reason}",
        facts=Facts(NoticeKind.REQUEST, survey.title, "已回复", now, compound.name, number=number, link=link),
        expires_at=now + _LASTS,
    )
    for person_id in people:
        await notify_person(session, services, person_id, notice, now)
    reply.told_after = people[-1] if len(people) == AT_ONCE else None
    session.add(reply)
    return 1

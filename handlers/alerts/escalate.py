"""Use case: an alert that nobody acknowledged goes up, once."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.alerts.raise_ import alert_key, circle, tell_circle
from handlers.alerts.rules import escalation_cutoff
from handlers.alerts.words import alert_facts, escalation_text
from handlers.context import Services
from handlers.reach.notify import Notice
from handlers.texts import say
from storage.audit import add_audit_event
from storage.queries.alerts import find_episode, list_unanswered, mark_escalated
from storage.queries.opinions import find_opinion_to_quote
from storage.states import MessageClass, Role
from storage.tables import Compound

UPWARDS = (Role.SECRETARY, Role.COMMUNITY_WORKER)
LIMIT = 50  # in one transaction; the next tick takes the rest


async def escalate_due(session: AsyncSession, services: Services, now: datetime) -> int:
    """Tell secretary and community workers of alerts that nobody acknowledged in time; returns how many.

    Every replica calls it at each tick; of two that find the same alert, one escalates it.
    """
    cutoff = escalation_cutoff(now)
    escalated = 0
    for compound_id, number in await list_unanswered(session, cutoff, LIMIT):
        if await mark_escalated(session, compound_id, number, cutoff, now):
            await _escalate(session, services, compound_id, number, now)
            escalated += 1
    return escalated


async def _escalate(
    session: AsyncSession, services: Services, compound_id: int, number: int, now: datetime
) -> None:
    episode = await find_episode(session, compound_id, number)
    assert episode is not None
    compound = await session.get_one(Compound, compound_id)
    opinion = (
        await find_opinion_to_quote(session, compound_id, episode.opinion_number)
        if episode.opinion_number
        else None
    )
    text = escalation_text(services, compound, episode, opinion)
    facts = alert_facts(
        services, compound, episode, opinion, say("reach.state_unanswered"), episode.alerted_at
    )
    notice = Notice(MessageClass.ALERT, text, f"{alert_key(episode)}:up", facts)
    people = await circle(session, compound, UPWARDS)
    told = await tell_circle(session, services, people, notice, now)
    if not told:
        services.on_unheard(compound.code, number, "escalated")
    add_audit_event(
        session,
        at=now,
        verb="alert.escalated",
        compound_id=compound_id,
        subject=f"alert:{number}",
        details={"told": told},
    )

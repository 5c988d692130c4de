"""Use case: a member of staff says that they see to an alert."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.alerts.raise_ import alert_key
from handlers.alerts.words import office_name, what_of
from handlers.context import Services
from handlers.local_time import month_day_time
from handlers.reach.notify import Notice, notify_group
from handlers.texts import say
from storage.audit import add_audit_event
from storage.queries.alerts import find_episode, mark_acknowledged
from storage.queries.rooms import list_internal_groups
from storage.states import MessageClass
from storage.tables import AlertEpisode, Compound


class Outcome(StrEnum):
    """What came of it."""

    FIRST = "first"
    ALREADY = "already"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Who saw to an alert first, and when; None for an alert that does not exist.

    by: title and name, as colleagues call them. person_id: None when that person has been forgotten.
    """

    outcome: Outcome
    number: int
    at: datetime | None = None
    by: str = ""
    person_id: int | None = None


async def acknowledge(
    session: AsyncSession,
    services: Services,
    compound_id: int,
    number: int,
    person_id: int,
    now: datetime,
    *,
    heard_in: int | None = None,
) -> Acknowledged:
    """Note that someone sees to an alert. Doing it again changes nothing and tells who was first.

    The caller has checked that the person may. heard_in: the group (group_id) that reads the answer anyway.
    """
    first = await mark_acknowledged(session, compound_id, number, person_id, now)
    episode = await find_episode(session, compound_id, number)
    if episode is None:
        return Acknowledged(Outcome.UNKNOWN, number)
    compound = await session.get_one(Compound, compound_id)
    by = await office_name(session, services, episode.acknowledged_by, compound)
    if first:
        add_audit_event(
            session,
            at=now,
            verb="alert.acknowledged",
            compound_id=compound_id,
            actor_id=person_id,
            subject=f"alert:{number}",
        )
        await _tell_colleagues(session, services, episode, by, heard_in, now)
    return Acknowledged(
        Outcome.FIRST if first else Outcome.ALREADY,
        number,
        episode.acknowledged_at,
        by,
        episode.acknowledged_by,
    )


async def _tell_colleagues(
    session: AsyncSession,
    services: Services,
    episode: AlertEpisode,
    by: str,
    heard_in: int | None,
    now: datetime,
) -> None:
    """So that two do not run: the staff's groups learn that somebody goes."""
    text = say(
        "alerts.seen",
        number=episode.number,
        what=what_of(services, episode.matter),
        by=by,
        at=month_day_time(now),
    )
    for group in await list_internal_groups(session, episode.compound_id):
        if group.group_id != heard_in:
            notice = Notice(MessageClass.ALERT, text, f"{alert_key(episode)}:seen")
            await notify_group(session, services, group, notice, now)

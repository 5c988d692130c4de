"""Use case: grid workers whose list of the week is not done are reminded, once, where that was switched on."""

from datetime import date, datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.apart import each_apart
from handlers.context import Services
from handlers.hazards.rules import week_to_remind
from handlers.local_time import LOCAL
from handlers.reach.notify import Notice, notify_person
from handlers.requests.calendar import is_workday
from handlers.texts import say
from storage.audit import add_audit_event
from storage.claims import try_claim
from storage.database import Database
from storage.queries.hazards import is_weekly, list_done, list_weekly, put_weekly
from storage.queries.people import list_people_in_office, list_people_in_office_inside
from storage.queries.visits import list_claimed
from storage.states import MessageClass, Role
from storage.tables import Compound

JOB = "hazards"
LIMIT = 50  # compounds in one tick


async def advance_hazards(database: Database, services: Services, now: datetime) -> int:
    """Remind of the lists that are not done; returns how many people. For every replica's clock."""
    week = week_to_remind(now, is_workday)
    if week is None:
        return 0
    async with database.read() as session:
        done = await list_claimed(session, JOB, week)
        left = [each for each in await list_weekly(session) if f"{week}:{each}" not in done]
    return await each_apart(
        database, left[:LIMIT], lambda session, each: _remind(session, services, each, week, now)
    )


async def _remind(
    session: AsyncSession, services: Services, compound_id: int, week: str, now: datetime
) -> int:
    if not await try_claim(session, JOB, f"{week}:{compound_id}", "", now):
        return 0
    compound = await session.get_one(Compound, compound_id)
    roles = [Role.GRID_WORKER]
    held = await list_people_in_office(session, [compound.code], roles)
    held += await list_people_in_office_inside(session, compound.code, roles)
    asked = {grant.person_id for grant, _person in held} - await list_done(session, compound_id, week)
    text = say("hazards.remind", compound=compound.name)
    if url := services.public_url:
        text += "\n" + say("hazards.link", link=f"{url}/console/{compound.code}/hazards")
    ends = datetime.combine(date.fromisoformat(week) + timedelta(days=7), datetime.min.time(), LOCAL)
    # One message a week and person, also for somebody who goes round in several compounds.
    notice = Notice(MessageClass.REMINDER, text, f"hazards:{week}", expires_at=ends)
    for person_id in sorted(asked):
        await notify_person(session, services, person_id, notice, now)
    return len(asked)


async def switch_weekly(
    session: AsyncSession, compound_id: int, now: datetime, *, weekly: bool, actor_id: int
) -> None:
    """Begin to remind, or stop; again, it changes nothing."""
    if await is_weekly(session, compound_id) == weekly:
        return
    await put_weekly(session, compound_id, weekly=weekly)
    add_audit_event(
        session,
        at=now,
        verb="hazards.switched",
        compound_id=compound_id,
        actor_id=actor_id,
        subject="hazards",
        details={"weekly": weekly},
    )

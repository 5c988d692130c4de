"""Use cases: a steward (院长) was in a compound; who is below four days is told in the last week of the month.

A steward is whoever holds an office whose title says 院长, on a compound, in one, or above some.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.alerts.words import office_line
from handlers.apart import each_apart
from handlers.context import Services
from handlers.local_time import LOCAL, local_date
from handlers.reach.notify import Notice, notify_person
from handlers.requests.calendar import is_workday
from handlers.texts import say
from handlers.visits.rules import (
    OLDEST_ENTRY,
    STEWARD_DAYS,
    STEWARD_TITLE,
    Code,
    Refused,
    add_months,
    month_to_remind,
)
from storage.audit import add_audit_event
from storage.claims import try_claim
from storage.database import Database
from storage.queries.stewards import (
    add_steward_visit,
    count_steward_days,
    list_steward_visits,
    list_stewards,
)
from storage.queries.tree import list_scopes_of
from storage.queries.visits import list_claimed
from storage.states import MessageClass
from storage.tables import Compound, StewardVisit

JOB = "stewards"
LIMIT = 50


@dataclass(frozen=True, slots=True)
class Month:
    """A month of a compound. names: its stewards as colleagues call them; days: here, by steward; visits: all days."""

    names: Mapping[int, str]
    days: Mapping[int, int]
    visits: list[StewardVisit]


async def list_stewards_of(session: AsyncSession, services: Services, compound: Compound) -> dict[int, str]:
    """The stewards of a compound by person."""
    scopes = await list_scopes_of(session, compound)
    found: dict[int, str] = {}
    for grant, person in await list_stewards(session, STEWARD_TITLE, compound.code, scopes):
        found.setdefault(grant.person_id, office_line(services.sealer, grant, person))
    return found


async def load_month(session: AsyncSession, services: Services, compound: Compound, day: date) -> Month:
    """The month of a day: who was there, and how often."""
    assert compound.compound_id is not None
    first = day.replace(day=1)
    visits = await list_steward_visits(session, compound.compound_id, first, add_months(first, 1))
    names = await list_stewards_of(session, services, compound)
    days = {person_id: sum(one.person_id == person_id for one in visits) for person_id in names}
    return Month(names, days, visits)


async def log_steward_visit(
    session: AsyncSession,
    compound_id: int,
    visited_on: date,
    place_code: str | None,
    now: datetime,
    *,
    actor_id: int,
) -> bool:
    """Keep a day of these weeks, once; raises Refused for another one. The caller has seen that it is a steward."""
    if not local_date(now) - OLDEST_ENTRY <= visited_on <= local_date(now):
        raise Refused(Code.DAY)
    if not await add_steward_visit(session, compound_id, actor_id, visited_on, place_code, now):
        return False
    add_audit_event(
        session,
        at=now,
        verb="steward.visited",
        compound_id=compound_id,
        actor_id=actor_id,
        subject=f"steward:{actor_id}",
        details={"on": visited_on.isoformat()},
    )
    return True


async def advance_stewards(database: Database, services: Services, now: datetime) -> int:
    """Tell the stewards who are below, once a month; returns how many were told. For every replica's clock."""
    month = month_to_remind(now, is_workday)
    if month is None:
        return 0
    async with database.read() as session:
        done = await list_claimed(session, JOB, month)
        stewards = {grant.person_id for grant, _person in await list_stewards(session, STEWARD_TITLE)}
    left = sorted(person_id for person_id in stewards if f"{month}:{person_id}" not in done)
    return await each_apart(
        database, left[:LIMIT], lambda session, person_id: _remind(session, services, month, person_id, now)
    )


async def _remind(
    session: AsyncSession, services: Services, month: str, person_id: int, now: datetime
) -> int:
    if not await try_claim(session, JOB, f"{month}:{person_id}", "", now):
        return 0
    first = date.fromisoformat(f"{month}-01")
    following = add_months(first, 1)
    days = await count_steward_days(session, person_id, first, following)
    if days >= STEWARD_DAYS:
        return 0
    text = say("visits.steward", days=days, left=STEWARD_DAYS - days)
    ends = datetime.combine(following, datetime.min.time(), LOCAL) - timedelta(hours=3)
    notice = Notice(MessageClass.REMINDER, text, f"stewards:{month}", expires_at=ends)
    await notify_person(session, services, person_id, notice, now)
    return 1

"""Use case: once a week each worker is told how many homes are due, and which plans by their numbers.

Neither home nor level is in the message: it lies in a chat on a phone, and in the outbox. The page has them.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.access import load_viewer
from handlers.apart import each_apart
from handlers.context import Services
from handlers.local_time import LOCAL, local_date
from handlers.reach.notify import Notice, notify_person
from handlers.requests.calendar import is_workday
from handlers.texts import say
from handlers.visits.door import nodes_of, offices_of
from handlers.visits.listing import due_of
from handlers.visits.rules import HEAD, Turn, goes_to, turn, week_to_remind
from handlers.visits.sealed import home_of
from storage.claims import try_claim
from storage.database import Database
from storage.queries.people import list_people_in_office
from storage.queries.visits import list_claimed, list_plans_of_worker, list_workers
from storage.states import MessageClass
from storage.tables import Compound, VisitPlan

JOB = "visits"
LIMIT = 50  # workers in one tick
NAMED = 20  # numbers that a message names


async def advance_visits(database: Database, services: Services, now: datetime) -> int:
    """Remind the workers whose week has begun; returns how many messages were queued. For every replica's clock."""
    week = week_to_remind(now, is_workday)
    if week is None:
        return 0
    async with database.read() as session:
        done = await list_claimed(session, JOB, week)
        workers = [] if week in done else await list_workers(session)
    if week in done:
        return 0
    left = [worker for worker in workers if f"{week}:{worker}" not in done]
    if not left:
        async with database.write() as session:
            await try_claim(session, JOB, week, "", now)
        return 0
    return await each_apart(
        database, left[:LIMIT], lambda session, worker: _remind(session, services, week, worker, now)
    )


async def _remind(session: AsyncSession, services: Services, week: str, worker_id: int, now: datetime) -> int:
    if not await try_claim(session, JOB, f"{week}:{worker_id}", "", now):
        return 0
    offices = offices_of((await load_viewer(session, worker_id)).grants)
    by_compound: dict[int, list[VisitPlan]] = {}
    for plan in await list_plans_of_worker(session, worker_id):
        by_compound.setdefault(plan.compound_id, []).append(plan)
    lines, queued = [], 0
    for compound_id, plans in by_compound.items():
        compound = await session.get_one(Compound, compound_id)
        near = (await nodes_of(session, compound)).near
        own = [
            plan
            for plan in plans
            if goes_to(offices, near, compound.code, home_of(services.sealer, plan).code)
        ]
        if line := _line(services, compound, own, local_date(now)):
            lines.append(line)
        if len(own) < len(plans):
            count = len(plans) - len(own)
            queued += await _tell_heads(session, services, compound, week, worker_id, count, now)
    if lines:
        await notify_person(
            session, services, worker_id, _notice("\n".join(lines), f"visits:{week}", week), now
        )
    return queued + bool(lines)


def _line(services: Services, compound: Compound, plans: Sequence[VisitPlan], day: date) -> str:
    turns = {plan.number: turn(due_of(plan), day) for plan in plans}
    due = [number for number, one in turns.items() if one is not Turn.LATER]
    if not due:
        return ""
    text = say(
        "visits.due",
        compound=compound.name,
        count=len(due),
        overdue=sum(turns[number] is Turn.OVERDUE for number in due),
        numbers="、".join(map(str, due[:NAMED])) + ("……" if len(due) > NAMED else ""),
    )
    return text + _link(services, compound)


async def _tell_heads(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    week: str,
    worker_id: int,
    count: int,
    now: datetime,
) -> int:
    """Homes whose worker holds no office there any more: nobody goes."""
    community = (await nodes_of(session, compound)).community
    if community is None:
        return 0
    heads = await list_people_in_office(session, [community], [HEAD[0]])
    text = say("visits.nobody", compound=compound.name, count=count) + _link(services, compound)
    for person_id in dict.fromkeys(grant.person_id for grant, _person in heads):
        notice = _notice(text, f"visits:{compound.compound_id}:{week}:nobody:{worker_id}", week)
        await notify_person(session, services, person_id, notice, now)
    return len(heads)


def _notice(text: str, key: str, week: str) -> Notice:
    ends = datetime.combine(date.fromisoformat(week) + timedelta(days=7), datetime.min.time(), LOCAL)
    return Notice(MessageClass.REMINDER, text, key, expires_at=ends)


def _link(services: Services, compound: Compound) -> str:
    url = services.public_url
    return "\n" + say("visits.link", link=f"{url}/console/{compound.code}/visits") if url else ""

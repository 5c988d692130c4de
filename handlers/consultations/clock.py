"""Use case: take every compound's consultation one step further where it is due.

Called by the clock of every replica, as often as it likes. A step belongs to the replica that holds the month's row,
in the transaction that queues its words; the next one finds it done.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import NamedTuple

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.apart import each_apart
from handlers.consultations import words
from handlers.consultations.meeting import end_month
from handlers.consultations.open import open_month
from handlers.consultations.promises import load_follow_ups
from handlers.consultations.rules import DEFAULT_PLAN, Due, Plan, Step, closes_at, due, meets_at, opening
from handlers.consultations.state import COUNTER, facts_of, keep, plan_of
from handlers.consultations.tell import ABOVE, tell_coming, tell_groups, tell_residents, tell_staff
from handlers.context import Services
from handlers.digests.rules import spread_of
from handlers.local_time import local_date
from handlers.texts import say, short
from storage.audit import add_audit_event
from storage.database import Database
from storage.queries.consultations import (
    count_seats,
    list_due_consultations,
    list_items,
    list_opened,
    list_planned,
    list_unplanned_without,
    lock_consultation,
)
from storage.queries.opinions import lock_counter
from storage.states import ItemState
from storage.tables import Compound, Consultation, ConsultationItem

LIMIT = 100  # months in one round
ROUNDS = 3  # in one call: residents are told some at a time, and alerts wait for the rest of the tick


class _Month(NamedTuple):
    """One month of one compound under its lock."""

    session: AsyncSession
    services: Services
    compound: Compound
    row: Consultation
    now: datetime


async def advance_consultations(database: Database, services: Services, now: datetime) -> int:
    """Make the steps that are due; returns how many. One compound's failure is raised when all were tried."""
    done = 0
    failed: Exception | None = None
    try:
        done += await _open_due(database, services, now)
    except Exception as error:  # what cannot be opened does not hold up what is open
        failed = error
    for _ in range(ROUNDS):
        async with database.read() as session:
            found = await list_due_consultations(session, now, LIMIT)
        if not found:
            break
        done += await each_apart(database, found, lambda session, key: _advance(session, services, *key, now))
    if failed is not None:
        raise failed
    return done


async def _open_due(database: Database, services: Services, now: datetime) -> int:
    """Open the months whose agenda is due and that nobody has opened."""
    found: list[tuple[int, str, Plan]] = []
    async with database.read() as session:
        if (month := opening(DEFAULT_PLAN, now)) is not None:
            found += [
                (compound_id, month, DEFAULT_PLAN)
                for compound_id, code in await list_unplanned_without(session, month)
                if opening(DEFAULT_PLAN, now, spread_of(code)) == month
            ]
        planned = [
            (row.compound_id, wanted, plan)
            for code, row in await list_planned(session)
            for plan in [plan_of(row)]
            if (wanted := opening(plan, now, spread_of(code))) is not None
        ]
        opened = (
            await list_opened(session, {month for _compound_id, month, _plan in planned})
            if planned
            else set()
        )
    found += [each for each in planned if each[:2] not in opened]

    async def open_one(session: AsyncSession, each: tuple[int, str, Plan]) -> int:
        compound_id, month, plan = each
        compound = await session.get_one(Compound, compound_id)
        return int(await open_month(session, services, compound, month, plan, meets_at(plan, month), now))

    return await each_apart(database, found[:LIMIT], open_one)


async def _advance(
    session: AsyncSession, services: Services, compound_id: int, month: str, now: datetime
) -> int:
    await lock_counter(session, compound_id, COUNTER)
    row = await lock_consultation(session, compound_id, month)
    if row is None:
        return 0
    one = _Month(session, services, await session.get_one(Compound, compound_id), row, now)
    steps = due(facts_of(row), now)
    for step in steps:
        await _MAKERS[step.step](one, step.silent)
        if step.step is not Step.TELL:
            _note(one, step)
    keep(session, row, now)
    return len(steps)


async def _remind(one: _Month, _silent: bool) -> None:
    one.row.reminded_at = one.now
    if not await list_items(one.session, one.row.compound_id, one.row.month):
        return  # there is nothing to talk about
    text = say(
        "consultations.unsettled",
        compound=one.compound.name,
        when=words.moment(one.row.meets_at),
        closes=words.moment(closes_at(one.row.meets_at)),
    )
    what = f"unsettled:{local_date(one.row.meets_at):%Y%m%d}"
    await tell_staff(one.session, one.services, one.compound, one.row, what, text, one.now)


async def _lapse(one: _Month, _silent: bool) -> None:
    await end_month(one.session, one.row, "", one.now, actor_id=None)


async def _notice(one: _Month, silent: bool) -> None:
    row = one.row
    row.noticed_at = one.now
    if silent:
        return
    row.told_after = 0
    text = words.invitation(one.compound, row, await _on(one), one.services.public_url)
    await tell_groups(
        one.session, one.services, one.compound, row, f"notice:{row.moved}", text, one.now, row.meets_at
    )
    if row.moved:
        await tell_coming(one.session, one.services, one.compound, row, await _on(one), one.now)


async def _tell(one: _Month, silent: bool) -> None:
    if silent:
        one.row.told_after = None
        return
    await tell_residents(one.session, one.services, one.compound, one.row, await _on(one), one.now)


async def _close(one: _Month, silent: bool) -> None:
    one.row.closed_at = one.now
    if silent:
        return
    text = say(
        "consultations.closed",
        compound=one.compound.name,
        when=words.moment(one.row.meets_at),
        count=await count_seats(one.session, one.row.compound_id, one.row.month),
    )
    await tell_staff(
        one.session, one.services, one.compound, one.row, f"closed:{one.row.moved}", text, one.now
    )


async def _ask(one: _Month, silent: bool) -> None:
    one.row.asked_at = one.now
    if silent:
        return
    text = say("consultations.ask", compound=one.compound.name, when=words.moment(one.row.meets_at))
    await tell_staff(one.session, one.services, one.compound, one.row, f"ask:{one.row.moved}", text, one.now)


async def _late(one: _Month, _silent: bool) -> None:
    one.row.late_at = one.now
    text = say("consultations.late", compound=one.compound.name, when=words.moment(one.row.meets_at))
    await tell_staff(
        one.session, one.services, one.compound, one.row, f"late:{one.row.moved}", text, one.now, ABOVE
    )


async def _check(one: _Month, _silent: bool) -> None:
    one.row.checked_at = one.now
    left = [each for each in await load_follow_ups(one.session, one.row.compound_id) if not each.done]
    if not left:
        return
    text = say(
        "consultations.check",
        compound=one.compound.name,
        count=len(left),
        items=words.listed([f"{short(each.item.title)}：{each.holder}" for each in left]),
    )
    await tell_staff(one.session, one.services, one.compound, one.row, "check", text, one.now)


_MAKERS: dict[Step, Callable[[_Month, bool], Awaitable[None]]] = {
    Step.REMIND: _remind,
    Step.LAPSE: _lapse,
    Step.NOTICE: _notice,
    Step.TELL: _tell,
    Step.CLOSE: _close,
    Step.ASK: _ask,
    Step.LATE: _late,
    Step.CHECK: _check,
}


async def _on(one: _Month) -> list[ConsultationItem]:
    items = await list_items(one.session, one.row.compound_id, one.row.month)
    return [item for item in items if item.state is ItemState.ON]


def _note(one: _Month, step: Due) -> None:
    add_audit_event(
        one.session,
        at=one.now,
        verb=f"consultation.{step.step.value}",
        compound_id=one.row.compound_id,
        subject=f"consultation:{one.row.month}",
        details={"silent": step.silent},
    )

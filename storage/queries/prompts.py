"""Which residents' groups were prompted when, what came out there, and in which of them somebody has spoken since."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import OutboxState
from storage.tables import GroupPrompt, Opinion, OutboxMessage
from storage.upsert import insert_for

_OUT = (OutboxState.SENT, OutboxState.UNCERTAIN)


class LastPrompt(NamedTuple):
    """A group's last prompt. unanswered: how many in a row had no answer; spoken: whether this one has."""

    week: str
    unanswered: int
    spoken: bool


async def load_last_prompts(
    session: AsyncSession, groups: Collection[tuple[int, int]]
) -> Mapping[int, LastPrompt]:
    """Of groups (compound_id, group_id) by group_id; one that was never prompted there is left out."""
    spoken = (
        select(Opinion.number)
        .where(
            col(Opinion.group_id) == GroupPrompt.group_id,
            col(Opinion.compound_id) == GroupPrompt.compound_id,
            col(Opinion.said_at) > GroupPrompt.prompted_at,
        )
        .correlate(GroupPrompt)
        .exists()
    )
    statement = select(GroupPrompt.group_id, GroupPrompt.week, GroupPrompt.unanswered, spoken).where(
        tuple_(col(GroupPrompt.compound_id), col(GroupPrompt.group_id)).in_(groups)
    )
    rows = (await session.exec(statement)).all()
    return {group_id: LastPrompt(week, unanswered, said) for group_id, week, unanswered, said in rows}


async def list_unseen(session: AsyncSession, keys: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of these prompts (account, key) that are known not to have come out in their group."""
    statement = select(OutboxMessage.account, OutboxMessage.dedupe_key).where(
        tuple_(col(OutboxMessage.account), col(OutboxMessage.dedupe_key)).in_(keys),
        col(OutboxMessage.state).not_in(_OUT),
    )
    return set(await session.exec(statement)) if keys else set()


async def list_seen(session: AsyncSession, keys: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of these messages to groups (account, key) that came out there, as far as it is known."""
    statement = select(OutboxMessage.account, OutboxMessage.dedupe_key).where(
        tuple_(col(OutboxMessage.account), col(OutboxMessage.dedupe_key)).in_(keys),
        col(OutboxMessage.state).in_(_OUT),
    )
    return set(await session.exec(statement)) if keys else set()


async def put_prompts(
    session: AsyncSession, prompted: Sequence[tuple[int, int, int]], week: str, now: datetime
) -> None:
    """Note a week's prompts: (compound_id, group_id, prompts in a row without an answer, this one among them)."""
    if not prompted:
        return
    rows = [
        {
            "compound_id": compound_id,
            "group_id": group_id,
            "week": week,
            "prompted_at": now,
            "unanswered": unanswered,
        }
        for compound_id, group_id, unanswered in sorted(prompted)
    ]
    insert = insert_for(session, GroupPrompt)
    changed = {name: insert.excluded[name] for name in ("week", "prompted_at", "unanswered")}
    upsert = insert.on_conflict_do_update(index_elements=["compound_id", "group_id"], set_=changed)
    await session.exec(upsert, params=rows)

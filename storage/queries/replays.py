"""Reading stored opinions again, a batch at a time, in the order of compound and number."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, bindparam, func, tuple_, update
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.queries.corrections import BY_STAFF
from storage.states import OpinionState
from storage.tables import InboxMessage, Opinion, Replay


class StoredOpinion(NamedTuple):
    """What a replay needs of an opinion."""

    compound_id: int
    number: int
    text: str
    categories: list[dict[str, Any]]
    urgency: int
    version: str
    inbox_id: int
    group_id: int | None


class Heard(NamedTuple):
    """A message of a group: where it stands in what was said there."""

    account: str
    room: str
    inbox_id: int
    sent_at: datetime
    text: str


def _readable(since: datetime, only_compound: int | None) -> list[ColumnElement[bool]]:
    """Standing opinions whose words are kept, and that no human has sorted."""
    conditions = [
        col(Opinion.filed_at) >= since,
        col(Opinion.state) == OpinionState.FILED,
        col(Opinion.text).is_not(None),
        col(Opinion.lexicon_version) != BY_STAFF,
    ]
    return conditions if only_compound is None else [*conditions, col(Opinion.compound_id) == only_compound]


async def count_readable(session: AsyncSession, since: datetime, only_compound: int | None) -> int:
    """How many opinions a replay will read."""
    statement = select(func.count()).select_from(Opinion).where(*_readable(since, only_compound))
    return (await session.exec(statement)).one()


async def list_readable(
    session: AsyncSession, since: datetime, only_compound: int | None, after: tuple[int, int], limit: int
) -> list[StoredOpinion]:
    """The next opinions behind (compound, number)."""
    statement = (
        select(  # type: ignore[call-overload]
            Opinion.compound_id,
            Opinion.number,
            Opinion.text,
            Opinion.categories,
            Opinion.urgency,
            Opinion.lexicon_version,
            Opinion.inbox_id,
            Opinion.group_id,
        )
        .where(
            *_readable(since, only_compound),
            tuple_(col(Opinion.compound_id), col(Opinion.number)) > tuple_(*after),
        )
        .order_by(col(Opinion.compound_id), col(Opinion.number))
        .limit(limit)
    )
    return [StoredOpinion(*row) for row in (await session.exec(statement)).all()]


async def list_heard(session: AsyncSession, inbox_ids: Collection[int]) -> list[Heard]:
    """Where these messages stand, those of groups only."""
    return await _list_heard(session, col(InboxMessage.inbox_id).in_(inbox_ids))


async def list_heard_between(
    session: AsyncSession, account: str, room: str, first: int, last: int
) -> list[Heard]:
    """What was said in a group from one message to another, oldest first; what is gone is left out."""
    return await _list_heard(
        session,
        (col(InboxMessage.account) == account)
        & (col(InboxMessage.room) == room)
        & col(InboxMessage.inbox_id).between(first, last)
        & (col(InboxMessage.text) != ""),
    )


async def list_heard_before(session: AsyncSession, heard: Heard, since: datetime, limit: int) -> list[Heard]:
    """What was said last in the same group before a message, oldest first."""
    return await _list_heard(
        session,
        (col(InboxMessage.account) == heard.account)
        & (col(InboxMessage.room) == heard.room)
        & (col(InboxMessage.inbox_id) < heard.inbox_id)
        & (col(InboxMessage.sent_at) >= since)
        & (col(InboxMessage.text) != ""),
        limit=limit,
    )


async def _list_heard(
    session: AsyncSession, condition: ColumnElement[bool], limit: int | None = None
) -> list[Heard]:
    statement = (
        select(  # type: ignore[call-overload]
            InboxMessage.account,
            InboxMessage.room,
            InboxMessage.inbox_id,
            InboxMessage.sent_at,
            InboxMessage.text,
        )
        .where(InboxMessage.room != "", condition)  # as the index has it
        .order_by(col(InboxMessage.inbox_id).desc())
    )
    rows = (await session.exec(statement if limit is None else statement.limit(limit))).all()
    return [Heard(*row) for row in reversed(rows)]


class NewTags(NamedTuple):
    """How an opinion is read now."""

    stored: StoredOpinion
    categories: list[dict[str, Any]]
    hits: list[dict[str, Any]]
    urgency: int
    version: str


async def put_tags(session: AsyncSession, tags: Sequence[NewTags]) -> int:
    """Replace the tags of opinions; returns of how many: one that a human sorted, that was withdrawn or whose words
    went since it was read stays as it is."""
    statement = (
        select(Opinion.compound_id, Opinion.number, Opinion.lexicon_version)
        .where(
            tuple_(col(Opinion.compound_id), col(Opinion.number)).in_(
                [(new.stored.compound_id, new.stored.number) for new in tags]
            ),
            col(Opinion.text).is_not(None),
            col(Opinion.state) == OpinionState.FILED,
        )
        .order_by(col(Opinion.compound_id), col(Opinion.number))
        .with_for_update()
    )
    standing = set((await session.exec(statement)).all())
    rows = [
        {
            "of_compound": new.stored.compound_id,
            "of_number": new.stored.number,
            "categories": new.categories,
            "hits": new.hits,
            "urgency": new.urgency,
            "lexicon_version": new.version,
        }
        for new in tags
        if (new.stored.compound_id, new.stored.number, new.stored.version) in standing
    ]
    if rows:
        table = Opinion.__table__  # type: ignore[attr-defined]  # one statement for all: past the ORM
        change = (
            update(table)
            .where(table.c.compound_id == bindparam("of_compound"), table.c.number == bindparam("of_number"))
            .values({name: bindparam(name) for name in ("categories", "hits", "urgency", "lexicon_version")})
        )
        await (await session.connection()).execute(change, rows)
    return len(rows)


async def find_open_replay(session: AsyncSession) -> Replay | None:
    """The replay that has not ended, locked until the transaction ends."""
    statement = (
        select(Replay)
        .where(col(Replay.ended_at).is_(None))
        .order_by(col(Replay.replay_id).desc())
        .limit(1)
        .with_for_update()
    )
    return (await session.exec(statement)).one_or_none()


async def take_replay(
    session: AsyncSession, replay_id: int, owner: str, now: datetime, until: datetime
) -> bool:
    """Whether this worker goes on with a replay: its own, or one whose worker has not been heard of."""
    result = await session.exec(
        update(Replay)
        .where(
            col(Replay.replay_id) == replay_id,
            col(Replay.ended_at).is_(None),
            or_(
                col(Replay.lease_owner) == owner,
                col(Replay.lease_until).is_(None),
                col(Replay.lease_until) <= now,
            ),
        )
        .values(lease_owner=owner, lease_until=until)
    )
    return bool(result.rowcount)


async def advance_replay(
    session: AsyncSession,
    replay_id: int,
    owner: str,
    after: tuple[int, int],
    upto: tuple[int, int],
    read: int,
    until: datetime,
) -> bool:
    """Move a replay on from `after`; False when another worker has it, or has moved it. Locks it until the end."""
    result = await session.exec(
        update(Replay)
        .where(
            col(Replay.replay_id) == replay_id,
            col(Replay.ended_at).is_(None),
            col(Replay.lease_owner) == owner,
            col(Replay.after_compound) == after[0],
            col(Replay.after_number) == after[1],
        )
        .values(
            after_compound=upto[0],
            after_number=upto[1],
            done=Replay.done + read,
            lease_until=until,
        )
    )
    return bool(result.rowcount)


async def count_changed(session: AsyncSession, replay_id: int, changed: int) -> None:
    """Add to what a replay has changed."""
    await session.exec(
        update(Replay).where(col(Replay.replay_id) == replay_id).values(changed=Replay.changed + changed)
    )


async def end_replay(session: AsyncSession, replay_id: int, owner: str, now: datetime) -> None:
    """There is nothing behind the last opinion that was read."""
    await session.exec(
        update(Replay)
        .where(
            col(Replay.replay_id) == replay_id,
            col(Replay.lease_owner) == owner,
            col(Replay.ended_at).is_(None),
        )
        .values(ended_at=now)
    )

"""What is to be told of votes and to whom; who of them has something left to vote."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, union, update
from sqlalchemy.orm import aliased
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import BindingState, OutboxState
from storage.tables import (
    BallotSlot,
    ChatGroup,
    OutboxMessage,
    OwnerBinding,
    Residency,
    RollTitle,
    VoteNews,
    VoteOfficer,
    VoteOwner,
    VoteReach,
    VoteUnit,
)
from storage.upsert import insert_for, insert_ignore

_STANDS = (OwnerBinding.state == BindingState.BOUND, col(OwnerBinding.ended_at).is_(None))


async def add_news(
    session: AsyncSession, compound_id: int, vote_number: int, news: str, due_at: datetime
) -> bool:
    """Note that something has to be told at a time; False when it was noted before."""
    values = {"compound_id": compound_id, "vote_number": vote_number, "news": news, "due_at": due_at}
    return await insert_ignore(session, VoteNews, {**values, "after_person": 0})


async def list_due_news(session: AsyncSession, now: datetime, limit: int) -> list[tuple[int, int, str]]:
    """(compound_id, vote_number, news) of what has to be told by now, the longest due first."""
    statement = (
        select(VoteNews.compound_id, VoteNews.vote_number, VoteNews.news)
        .where(col(VoteNews.done_at).is_(None), col(VoteNews.due_at) <= now)
        .order_by(col(VoteNews.due_at), col(VoteNews.compound_id), col(VoteNews.vote_number))
        .limit(limit)
    )
    return list(await session.exec(statement))


async def lock_news(session: AsyncSession, compound_id: int, vote_number: int, news: str) -> VoteNews | None:
    """What has to be told, locked until the transaction ends; None when it was told."""
    statement = (
        select(VoteNews)
        .where(
            VoteNews.compound_id == compound_id,
            VoteNews.vote_number == vote_number,
            VoteNews.news == news,
            col(VoteNews.done_at).is_(None),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


async def list_news_due_by(
    session: AsyncSession, compound_id: int, vote_number: int, now: datetime
) -> list[VoteNews]:
    """What is still to be told of one vote by now, in the order it became due."""
    statement = (
        select(VoteNews)
        .where(
            VoteNews.compound_id == compound_id,
            VoteNews.vote_number == vote_number,
            col(VoteNews.done_at).is_(None),
            col(VoteNews.due_at) <= now,
        )
        .order_by(col(VoteNews.due_at), col(VoteNews.news))
    )
    return list(await session.exec(statement))


async def list_groups_written_to(session: AsyncSession, compound_id: int) -> list[ChatGroup]:
    """The groups of a compound that can be written to, of both kinds, in the order they were registered."""
    statement = (
        select(ChatGroup)
        .where(
            ChatGroup.compound_id == compound_id,
            ChatGroup.speaks_through != "",
            col(ChatGroup.ended_at).is_(None),
        )
        .order_by(col(ChatGroup.group_id))
    )
    return list(await session.exec(statement))


async def list_persons_of_roll(
    session: AsyncSession, compound_id: int, vote_number: int, after_person: int, limit: int
) -> list[int]:
    """Persons bound to an owner of a vote's roll, or to who owns a unit of it now, by number, behind one of them."""
    of_roll = (
        select(OwnerBinding.person_id)
        .join(VoteOwner, _same_owner())
        .where(VoteOwner.compound_id == compound_id, VoteOwner.vote_number == vote_number, *_STANDS)
    )
    behind = col(OwnerBinding.person_id) > after_person
    now_there = _bound_to_present_owners(compound_id, vote_number)
    return await _ordered(session, [of_roll.where(behind), now_there.where(behind)], limit)


async def list_persons_here(
    session: AsyncSession, compound_id: int, vote_number: int, after_person: int, limit: int
) -> list[tuple[int, bool, str | None]]:
    """Everybody to whom a vote may matter, by number, behind one of them: (person_id, whether they are bound to an
    owner of its roll, where they said they live)."""
    bound = (
        select(OwnerBinding.person_id)
        .join(VoteOwner, _same_owner())
        .where(VoteOwner.compound_id == compound_id, VoteOwner.vote_number == vote_number, *_STANDS)
    )
    lives = select(Residency.person_id).where(Residency.compound_id == compound_id)
    everybody = union(bound, lives).subquery()
    ids = (
        await session.exec(
            select(everybody.c.person_id)
            .where(everybody.c.person_id > after_person)
            .order_by(everybody.c.person_id)
            .limit(limit)
        )
    ).all()
    owners = set(await session.exec(bound.where(col(OwnerBinding.person_id).in_(ids))))
    homes = dict(
        (
            await session.exec(
                select(Residency.person_id, Residency.place_code).where(
                    Residency.compound_id == compound_id, col(Residency.person_id).in_(ids)
                )
            )
        ).all()
    )
    return [(person_id, person_id in owners, homes.get(person_id)) for person_id in ids]


async def list_persons_of_owner_key(
    session: AsyncSession, compound_id: int, vote_number: int, owner_key: str
) -> list[int]:
    """Persons bound to any of the owners behind a key of a vote, or to who owns one of its units now."""
    of_key = (
        select(OwnerBinding.person_id)
        .join(VoteOwner, _same_owner())
        .where(
            VoteOwner.compound_id == compound_id,
            VoteOwner.vote_number == vote_number,
            VoteOwner.owner_key == owner_key,
            *_STANDS,
        )
    )
    now_there = _bound_to_present_owners(compound_id, vote_number)
    return await _ordered(session, [of_key, now_there.where(col(VoteUnit.owner_key) == owner_key)], None)


async def list_persons_waited_for(
    session: AsyncSession,
    compound_id: int,
    vote_number: int,
    *,
    after_person: int = 0,
    limit: int | None = None,
    among: Collection[int] | None = None,
) -> list[int]:
    """Persons, by number, who may vote for a unit for which no ballot is there. among: only these.

    A unit for which the co-owners named somebody waits for that one only. One that was sold, or whose representative
    sold their share, waits for who owns it now (handlers/identity/sold.py).
    """
    own = aliased(VoteOwner)
    is_named = exists().where(
        col(own.compound_id) == VoteUnit.compound_id,
        col(own.vote_number) == VoteUnit.vote_number,
        col(own.owner_key) == VoteUnit.representative,
        col(own.owner_number) == OwnerBinding.owner_number,
    )
    statement = (
        select(OwnerBinding.person_id)
        .join(VoteOwner, _same_owner())
        .join(
            VoteUnit,
            (col(VoteUnit.compound_id) == VoteOwner.compound_id)
            & (col(VoteUnit.vote_number) == VoteOwner.vote_number)
            & (col(VoteUnit.owner_key) == VoteOwner.owner_key),
        )
        .outerjoin(BallotSlot, _slot_of_unit())
        .where(
            VoteOwner.compound_id == compound_id,
            VoteOwner.vote_number == vote_number,
            or_(col(VoteUnit.representative).is_(None), is_named),
            or_(_owns_still(), ~_has_an_owner()),
            ~_has_voted(),
            *_STANDS,
        )
    )
    buyers = (
        _bound_to_present_owners(compound_id, vote_number)
        .outerjoin(BallotSlot, _slot_of_unit())
        .where(
            or_(_has_left(VoteUnit.owner_key), _has_left(VoteUnit.representative)),
            or_(col(RollTitle.representative), ~_has_a_representative()),
            ~_has_voted(),
        )
    )
    wanted = [each.where(col(OwnerBinding.person_id) > after_person) for each in (statement, buyers)]
    if among is not None:
        wanted = [each.where(col(OwnerBinding.person_id).in_(among)) for each in wanted]
    return await _ordered(session, wanted, limit)


async def note_told(
    session: AsyncSession, compound_id: int, vote_number: int, person_id: int, now: datetime
) -> None:
    """Keep that a person was written to about a vote; the first time stays."""
    await insert_ignore(
        session,
        VoteReach,
        {
            "compound_id": compound_id,
            "vote_number": vote_number,
            "person_id": person_id,
            "told_at": now,
            "reminded": 0,
        },
    )


async def count_reminder(
    session: AsyncSession, compound_id: int, vote_number: int, person_id: int, most: int, now: datetime
) -> bool:
    """Whether a person may be reminded once more; then it is counted."""
    await note_told(session, compound_id, vote_number, person_id, now)
    result = await session.exec(
        update(VoteReach)
        .where(
            col(VoteReach.compound_id) == compound_id,
            col(VoteReach.vote_number) == vote_number,
            col(VoteReach.person_id) == person_id,
            col(VoteReach.reminded) < most,
        )
        .values(reminded=VoteReach.reminded + 1)
        .execution_options(synchronize_session=False)
    )
    return int(result.rowcount) == 1


async def note_confirmed(
    session: AsyncSession, compound_id: int, vote_number: int, person_id: int, now: datetime
) -> bool:
    """Keep that a person said they have read it; False when they had said so before."""
    values = {"compound_id": compound_id, "vote_number": vote_number, "person_id": person_id}
    await insert_ignore(session, VoteReach, {**values, "reminded": 0})
    result = await session.exec(
        update(VoteReach)
        .where(
            col(VoteReach.compound_id) == compound_id,
            col(VoteReach.vote_number) == vote_number,
            col(VoteReach.person_id) == person_id,
            col(VoteReach.confirmed_at).is_(None),
        )
        .values(confirmed_at=now)
        .execution_options(synchronize_session=False)
    )
    return int(result.rowcount) == 1


async def list_reaches(
    session: AsyncSession, compound_id: int, vote_number: int, among: Collection[int] | None = None
) -> list[VoteReach]:
    """Who was written to about a vote or confirmed it, by person."""
    statement = (
        select(VoteReach)
        .where(VoteReach.compound_id == compound_id, VoteReach.vote_number == vote_number)
        .order_by(col(VoteReach.person_id))
    )
    if among is not None:
        statement = statement.where(col(VoteReach.person_id).in_(among))
    return list(await session.exec(statement))


async def list_sent(
    session: AsyncSession, accounts: Iterable[str], dedupe_keys: Iterable[str]
) -> dict[str, datetime]:
    """When the platform took the messages with these keys; those that it did not take are left out."""
    statement = select(OutboxMessage.dedupe_key, OutboxMessage.done_at).where(
        col(OutboxMessage.account).in_(list(accounts)),
        col(OutboxMessage.dedupe_key).in_(list(dedupe_keys)),
        OutboxMessage.state == OutboxState.SENT,
    )
    return {key: at for key, at in (await session.exec(statement)).all() if at is not None}


async def list_owners_of_keys(
    session: AsyncSession, compound_id: int, vote_number: int, owner_keys: Collection[str]
) -> dict[str, set[int]]:
    """The numbers of the owners behind each of these keys."""
    statement = select(VoteOwner.owner_key, VoteOwner.owner_number).where(
        VoteOwner.compound_id == compound_id,
        VoteOwner.vote_number == vote_number,
        col(VoteOwner.owner_key).in_(owner_keys),
    )
    found: dict[str, set[int]] = {}
    for key, number in await session.exec(statement):
        found.setdefault(key, set()).add(number)
    return found


async def list_persons_of_owners(
    session: AsyncSession, compound_id: int, owner_numbers: Collection[int]
) -> dict[int, set[int]]:
    """The persons bound to each of these owners now."""
    statement = select(OwnerBinding.owner_number, OwnerBinding.person_id).where(
        OwnerBinding.compound_id == compound_id,
        col(OwnerBinding.owner_number).in_(owner_numbers),
        *_STANDS,
    )
    found: dict[int, set[int]] = {}
    for number, person_id in await session.exec(statement):
        found.setdefault(number, set()).add(person_id)
    return found


async def list_officers(session: AsyncSession, compound_id: int, vote_number: int) -> list[int]:
    """The persons who see which units have not voted."""
    statement = (
        select(VoteOfficer.person_id)
        .where(VoteOfficer.compound_id == compound_id, VoteOfficer.vote_number == vote_number)
        .order_by(col(VoteOfficer.person_id))
    )
    return list(await session.exec(statement))


async def put_officers(
    session: AsyncSession,
    compound_id: int,
    vote_number: int,
    person_ids: Iterable[int],
    named_by: int,
    now: datetime,
) -> None:
    """Name the officers of a vote, in the place of those who were named before."""
    await session.exec(
        delete(VoteOfficer).where(
            col(VoteOfficer.compound_id) == compound_id, col(VoteOfficer.vote_number) == vote_number
        )
    )
    await session.exec(
        insert_for(session, VoteOfficer),
        params=[
            {
                "compound_id": compound_id,
                "vote_number": vote_number,
                "person_id": person_id,
                "named_by": named_by,
                "named_at": now,
            }
            for person_id in person_ids
        ],
    )


async def _ordered(session: AsyncSession, found: Sequence[Select[Any]], limit: int | None) -> list[int]:
    """The persons that any of the statements finds, by number, each once."""
    persons = union(*found).subquery()
    statement = select(persons.c.person_id).order_by(persons.c.person_id)
    return list(await session.exec(statement if limit is None else statement.limit(limit)))


def _bound_to_present_owners(compound_id: int, vote_number: int) -> Select[Any]:
    """Persons bound to somebody who owns a unit of a vote's roll now; to be narrowed."""
    return (
        select(OwnerBinding.person_id)
        .join(
            RollTitle,
            (col(RollTitle.compound_id) == OwnerBinding.compound_id)
            & (col(RollTitle.owner_number) == OwnerBinding.owner_number),
        )
        .join(
            VoteUnit,
            (col(VoteUnit.compound_id) == RollTitle.compound_id)
            & (col(VoteUnit.unit_code) == RollTitle.unit_code),
        )
        .where(
            VoteUnit.compound_id == compound_id,
            VoteUnit.vote_number == vote_number,
            col(RollTitle.ended_at).is_(None),
            *_STANDS,
        )
    )


def _has_left(owner_key: Any) -> ColumnElement[bool]:
    """Whether nobody whom a key of a unit stands for has a title to the unit any more, and somebody had."""
    holder, title = aliased(VoteOwner), aliased(RollTitle)
    of_key = (
        col(holder.compound_id) == VoteUnit.compound_id,
        col(holder.vote_number) == VoteUnit.vote_number,
        col(holder.owner_key) == owner_key,
        col(title.compound_id) == VoteUnit.compound_id,
        col(title.unit_code) == VoteUnit.unit_code,
        col(title.owner_number) == holder.owner_number,
    )
    stands = exists().where(*of_key, col(title.ended_at).is_(None))
    return exists().where(*of_key, col(title.ended_at).is_not(None)) & ~stands


def _has_a_representative() -> ColumnElement[bool]:
    title = aliased(RollTitle)
    return exists().where(
        col(title.compound_id) == VoteUnit.compound_id,
        col(title.unit_code) == VoteUnit.unit_code,
        col(title.ended_at).is_(None),
        col(title.representative),
    )


def _same_owner() -> ColumnElement[bool]:
    return (col(VoteOwner.compound_id) == OwnerBinding.compound_id) & (
        col(VoteOwner.owner_number) == OwnerBinding.owner_number
    )


def _slot_of_unit() -> ColumnElement[bool]:
    return (
        (col(BallotSlot.compound_id) == VoteUnit.compound_id)
        & (col(BallotSlot.vote_number) == VoteUnit.vote_number)
        & (col(BallotSlot.unit_code) == VoteUnit.unit_code)
    )


def _has_an_owner() -> ColumnElement[bool]:
    return exists().where(
        col(RollTitle.compound_id) == VoteUnit.compound_id,
        col(RollTitle.unit_code) == VoteUnit.unit_code,
        col(RollTitle.ended_at).is_(None),
    )


def _owns_still() -> ColumnElement[bool]:
    return exists().where(
        col(RollTitle.compound_id) == VoteUnit.compound_id,
        col(RollTitle.unit_code) == VoteUnit.unit_code,
        col(RollTitle.owner_number) == VoteOwner.owner_number,
        col(RollTitle.ended_at).is_(None),
    )


def _has_voted() -> ColumnElement[bool]:
    return col(BallotSlot.unit_code).is_not(None) & (
        (col(BallotSlot.ballot_id) != "") | col(BallotSlot.contested)
    )

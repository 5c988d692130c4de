"""What staff sorted anew, and what they may still want to sort."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, ScalarSelect, Text, cast, func
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.queries.within import opinion_within
from storage.states import GroupKind, MessageClass, OpinionState
from storage.tables import (
    ChannelIdentity,
    ChatGroup,
    Correction,
    InboxMessage,
    Opinion,
    OutboxMessage,
)

# Stands where the version of the tagger stands on opinions that a human has sorted: no tagger sorts them again.
BY_STAFF = "staff"


async def find_opinion_to_sort(
    session: AsyncSession, compound_id: int, codes: Collection[str] | None, number: int
) -> Opinion | None:
    """An opinion by its number, if it lies in these places of the compound (None: in all of it).

    Nobody else sorts it, and no replay, until the transaction ends.
    """
    statement = (
        select(Opinion)
        .where(Opinion.compound_id == compound_id, Opinion.number == number, opinion_within(codes))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


async def find_last_correction(session: AsyncSession, compound_id: int, number: int) -> Correction | None:
    """How an opinion was sorted last, None when nobody has."""
    statement = (
        select(Correction)
        .where(Correction.compound_id == compound_id, Correction.opinion_number == number)
        .order_by(col(Correction.seq).desc())
        .limit(1)
    )
    return (await session.exec(statement)).one_or_none()


async def was_told(session: AsyncSession, opinion: Opinion, aside_key: str) -> bool:
    """Whether whoever filed an opinion has had its number.

    aside_key: how the key of a receipt begins that a speaker in a group gets 1:1, at most one a day.
    """
    if opinion.person_id is None:
        return False
    if opinion.group_id is None:
        return True
    statement = select(OutboxMessage.outbox_id).where(
        OutboxMessage.message_class == MessageClass.RECEIPT,
        or_(
            OutboxMessage.inbox_id == opinion.inbox_id,
            func.substr(OutboxMessage.dedupe_key, 1, len(aside_key)) == aside_key,
        ),
        col(OutboxMessage.text).contains(f"编号 {opinion.number}。"),
    )
    return (await session.exec(statement)).first() is not None


async def list_unsorted(
    session: AsyncSession,
    compound_id: int,
    codes: Collection[str] | None,
    since: datetime,
    limit: int,
) -> list[Opinion]:
    """Standing opinions without a category that nobody has sorted and whose words are kept, newest first."""
    statement = (
        select(Opinion)
        .where(Opinion.compound_id == compound_id, opinion_within(codes), *_unsorted(since))
        .order_by(col(Opinion.filed_at).desc(), col(Opinion.number).desc())
        .limit(limit)
    )
    return list((await session.exec(statement)).all())


async def count_unsorted(
    session: AsyncSession, compound_id: int, codes: Collection[str] | None, since: datetime
) -> int:
    """How many `list_unsorted` would list without a limit."""
    statement = select(func.count(col(Opinion.number))).where(
        Opinion.compound_id == compound_id, opinion_within(codes), *_unsorted(since)
    )
    return (await session.exec(statement)).one()


def _unsorted(since: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        col(Opinion.filed_at) >= since,
        col(Opinion.state) == OpinionState.FILED,
        col(Opinion.text).is_not(None),
        col(Opinion.lexicon_version) != BY_STAFF,
        cast(Opinion.categories, Text) == "[]",
    )


async def list_in_doubt(
    session: AsyncSession, compound_id: int, outcome: str, since: datetime, limit: int
) -> list[tuple[InboxMessage, ChatGroup]]:
    """What was said in the residents' groups of a compound, ended with this outcome and is still kept; newest first.

    Of groups that are still heard, and of nobody who has refused since.
    """
    statement = (
        select(InboxMessage, ChatGroup)
        .join(ChatGroup, _in_group())
        .where(*_in_doubt(compound_id, outcome, since))
        .order_by(col(InboxMessage.inbox_id).desc())
        .limit(limit)
    )
    return [(message, group) for message, group in (await session.exec(statement)).all()]


async def count_in_doubt(session: AsyncSession, compound_id: int, outcome: str, since: datetime) -> int:
    """How many `list_in_doubt` would list without a limit."""
    statement = (
        select(func.count(col(InboxMessage.inbox_id)))
        .join(ChatGroup, _in_group())
        .where(*_in_doubt(compound_id, outcome, since))
    )
    return (await session.exec(statement)).one()


async def lock_in_doubt(
    session: AsyncSession, compound_id: int, outcome: str, since: datetime, inbox_id: int
) -> tuple[InboxMessage, ChatGroup] | None:
    """One of those that `list_in_doubt` lists; nobody else sorts it, or takes it back, until the transaction ends."""
    statement = (
        select(InboxMessage, ChatGroup)
        .join(ChatGroup, _in_group())
        .where(*_in_doubt(compound_id, outcome, since), InboxMessage.inbox_id == inbox_id)
        .with_for_update(of=InboxMessage)
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


def _in_group() -> ColumnElement[bool]:
    return (col(ChatGroup.account) == InboxMessage.account) & (col(ChatGroup.room) == InboxMessage.room)


def _in_doubt(compound_id: int, outcome: str, since: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        col(ChatGroup.compound_id) == compound_id,
        col(ChatGroup.kind) == GroupKind.CUSTOMER,
        col(ChatGroup.ended_at).is_(None),
        col(InboxMessage.room) != "",  # as the index has it
        col(InboxMessage.outcome) == outcome,
        col(InboxMessage.text) != "",
        col(InboxMessage.sent_at) >= since,
        ~_refused(),
    )


async def list_words_in_doubt(session: AsyncSession, outcome: str, since: datetime, limit: int) -> list[str]:
    """The words of what staff may want to sort, in all compounds, newest first: filed without a category, and heard
    in a group with this outcome."""
    filed = select(Opinion.text).where(*_unsorted(since)).order_by(col(Opinion.filed_at).desc()).limit(limit)
    heard = (
        select(InboxMessage.text)
        .where(InboxMessage.outcome == outcome, InboxMessage.text != "", InboxMessage.sent_at >= since)
        .where(InboxMessage.room != "")
        .where(~_refused())
        .order_by(col(InboxMessage.inbox_id).desc())
        .limit(limit)
    )
    words = [text for text in (await session.exec(filed)).all() if text]
    return words + list((await session.exec(heard)).all())


def _refused() -> ColumnElement[bool]:
    """Whoever said a message has refused since to be heard in groups."""
    return (
        select(ChannelIdentity.identity_id)
        .where(
            ChannelIdentity.person_id == InboxMessage.person_id,
            col(ChannelIdentity.refused_at).is_not(None),
        )
        .exists()
    )


async def list_corrected(
    session: AsyncSession,
    compound_id: int,
    codes: Collection[str] | None,
    since: datetime,
    limit: int,
    offset: int = 0,
) -> list[tuple[Correction, Opinion]]:
    """How staff last sorted each opinion since a time in these places of a compound, newest first."""
    statement = (
        select(Correction, Opinion)
        .join(
            Opinion,
            (col(Opinion.compound_id) == Correction.compound_id)
            & (col(Opinion.number) == Correction.opinion_number),
        )
        .where(*_sorted(compound_id, codes, since))
        .order_by(col(Correction.corrected_at).desc(), col(Correction.opinion_number).desc())
        .offset(offset)
        .limit(limit)
    )
    return [(correction, opinion) for correction, opinion in (await session.exec(statement)).all()]


async def count_corrected(
    session: AsyncSession, compound_id: int, codes: Collection[str] | None, since: datetime
) -> int:
    """How many `list_corrected` would list without a limit."""
    statement = (
        select(func.count(col(Opinion.number)))
        .select_from(Correction)
        .join(
            Opinion,
            (col(Opinion.compound_id) == Correction.compound_id)
            & (col(Opinion.number) == Correction.opinion_number),
        )
        .where(*_sorted(compound_id, codes, since))
    )
    return (await session.exec(statement)).one()


def _sorted(
    compound_id: int, codes: Collection[str] | None, since: datetime
) -> tuple[ColumnElement[bool], ...]:
    return (
        col(Correction.compound_id) == compound_id,
        col(Correction.corrected_at) >= since,
        col(Correction.seq) == _last_seq(),
        opinion_within(codes),
    )


def _last_seq() -> ScalarSelect[int]:
    return (
        select(func.max(Correction.seq))
        .where(Correction.compound_id == Opinion.compound_id, Correction.opinion_number == Opinion.number)
        .correlate(Opinion)
        .scalar_subquery()
    )


async def list_taught(session: AsyncSession) -> list[tuple[Correction, Opinion]]:
    """The last correction of each opinion whose words are still kept, by compound and number."""
    statement = (
        select(Correction, Opinion)
        .join(
            Opinion,
            (col(Opinion.compound_id) == Correction.compound_id)
            & (col(Opinion.number) == Correction.opinion_number),
        )
        .where(col(Opinion.text).is_not(None), Correction.seq == _last_seq())
        .order_by(col(Correction.compound_id), col(Correction.opinion_number))
    )
    return [(correction, opinion) for correction, opinion in (await session.exec(statement)).all()]

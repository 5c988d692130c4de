"""Taking a person out of groups, browsers, the staff's accounts, and what others were sent."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, tuple_, update
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.tables import (
    ChannelIdentity,
    ChatGroup,
    Compound,
    Erasure,
    GroupMember,
    OneTimeLink,
    Opinion,
    OutboxMessage,
    StaffAccount,
    WebSession,
)

_CHUNK = 500
KEY_HEAD = 39  # so much of a dedupe key that was too long is left as it was


async def forget_memberships(session: AsyncSession, accounts: Collection[str], external_id: str) -> None:
    """Take someone off the member lists of the groups that these accounts know."""
    groups = select(ChatGroup.group_id).where(col(ChatGroup.account).in_(accounts))
    await session.exec(
        delete(GroupMember).where(
            col(GroupMember.external_id) == external_id, col(GroupMember.group_id).in_(groups)
        )
    )


async def list_erased(
    session: AsyncSession, subjects: Collection[bytes], since: datetime | None = None
) -> set[bytes]:
    """Which of these hashes of identities are of people who asked to be forgotten; since then, or at any time."""
    statement = select(Erasure.subject_lookup).where(col(Erasure.subject_lookup).in_(subjects))
    if since is not None:
        statement = statement.where(col(Erasure.erased_at) >= since)
    return set((await session.exec(statement)).all())


async def list_compound_codes(session: AsyncSession, compound_ids: Collection[int]) -> dict[int, str]:
    """The codes of these compounds by id."""
    statement = select(Compound.compound_id, Compound.code).where(col(Compound.compound_id).in_(compound_ids))
    return {compound_id or 0: code for compound_id, code in (await session.exec(statement)).all()}


async def list_recipients_of(
    session: AsyncSession, person_ids: Collection[int | None]
) -> list[tuple[str, str]]:
    """Where these people are written to: (account, external id)."""
    statement = select(ChannelIdentity.account, ChannelIdentity.external_id).where(
        col(ChannelIdentity.person_id).in_([person_id for person_id in person_ids if person_id is not None])
    )
    return [(account, external_id) for account, external_id in (await session.exec(statement)).all()]


async def list_quoting_since(
    session: AsyncSession,
    since: datetime,
    after: int,
    keys: Sequence[str],
    authors: Sequence[tuple[str, str]],
) -> list[tuple[int, str, dict[str, Any] | None]]:
    """Outgoing messages that may quote these authors (outbox_id, text, payload), in chunks beyond id `after`: those
    whose key begins with one of these, and what the authors were sent."""
    statement = (
        select(OutboxMessage.outbox_id, OutboxMessage.text, OutboxMessage.payload)
        .where(
            OutboxMessage.created_at >= since,
            col(OutboxMessage.outbox_id) > after,
            or_(
                # Of a key that was too long its beginning is left.
                *(col(OutboxMessage.dedupe_key).startswith(key[:KEY_HEAD], autoescape=True) for key in keys),
                tuple_(col(OutboxMessage.account), col(OutboxMessage.recipient)).in_(authors),
            ),
            OutboxMessage.text != "",
        )
        .order_by(col(OutboxMessage.outbox_id))
        .limit(_CHUNK)
    )
    rows = (await session.exec(statement)).all()
    return [
        (outbox_id, text, dict(payload) if payload is not None else None)
        for outbox_id, text, payload in rows
        if outbox_id is not None
    ]


async def lock_opinions_with_words(session: AsyncSession, person_id: int) -> list[Opinion]:
    """A person's opinions that still have their words, locked: nobody is just passing them on."""
    statement = (
        select(Opinion)
        .where(Opinion.person_id == person_id, col(Opinion.text).is_not(None))
        .order_by(col(Opinion.compound_id), col(Opinion.number))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list((await session.exec(statement)).all())


async def forget_browsers(session: AsyncSession, person_id: int) -> None:
    """Sign a person out everywhere, and let no link of theirs act any more."""
    await session.exec(delete(WebSession).where(col(WebSession.person_id) == person_id))
    await session.exec(delete(OneTimeLink).where(col(OneTimeLink.person_id) == person_id))


async def close_staff_account(session: AsyncSession, person_id: int, now: datetime) -> None:
    """Disable a person's local account and take its name and password away; nothing happens without one."""
    await session.exec(
        update(StaffAccount)
        .where(col(StaffAccount.person_id) == person_id)
        .values(disabled_at=now, password_hash="", username=f"erased-{person_id}")
    )

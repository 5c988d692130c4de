"""Staff accounts, web sessions and one-time links."""

from datetime import datetime

from sqlalchemy import delete, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import SessionKind
from storage.tables import (
    ChannelIdentity,
    Compound,
    OneTimeLink,
    Place,
    Region,
    RoleGrant,
    StaffAccount,
    WebSession,
)
from storage.upsert import insert_ignore


async def find_staff_account(
    session: AsyncSession, username: str, *, lock: bool = False
) -> StaffAccount | None:
    """An account by its username as it is stored; `lock` keeps other transactions from changing it meanwhile."""
    statement = select(StaffAccount).where(StaffAccount.username == username)
    return (await session.exec(statement.with_for_update() if lock else statement)).one_or_none()


async def find_staff_account_of(session: AsyncSession, person_id: int) -> StaffAccount | None:
    """The account of a person."""
    return await session.get(StaffAccount, person_id)


async def is_node(session: AsyncSession, scope_code: str) -> bool:
    """Whether a role can be granted there: on a region, a compound, or COMPOUND/PLACE."""
    compound, _, place = scope_code.partition("/")
    statement = select(Region.code).where(Region.code == scope_code)
    if place:
        statement = (
            select(Place.code)
            .join(Compound, col(Compound.compound_id) == Place.compound_id)
            .where(Compound.code == compound, Place.code == place)
        )
    elif (await session.exec(select(Compound.code).where(Compound.code == scope_code))).first() is not None:
        return True
    return (await session.exec(statement)).first() is not None


async def end_roles_of(session: AsyncSession, person_id: int, now: datetime) -> int:
    """End all roles of a person; returns how many."""
    result = await session.exec(
        update(RoleGrant)
        .where(col(RoleGrant.person_id) == person_id, col(RoleGrant.ended_at).is_(None))
        .values(ended_at=now)
    )
    return int(result.rowcount)


async def find_identity_of(session: AsyncSession, account: str, person_id: int) -> ChannelIdentity | None:
    """How a person appears on a channel account; None when they do not, or not any more."""
    statement = select(ChannelIdentity).where(
        ChannelIdentity.account == account, ChannelIdentity.person_id == person_id
    )
    return (await session.exec(statement.limit(1))).first()


async def add_web_session(session: AsyncSession, row: WebSession) -> None:
    """A newly signed-in browser."""
    session.add(row)
    await session.flush()


async def find_web_session(session: AsyncSession, token_hash: bytes) -> WebSession | None:
    """A session by the hash of its cookie, whatever its state."""
    return await session.get(WebSession, token_hash)


async def touch_web_session(
    session: AsyncSession, token_hash: bytes, unseen_since: datetime, now: datetime
) -> None:
    """Note that a session is in use, unless that was noted after `unseen_since`."""
    await session.exec(
        update(WebSession)
        .where(
            col(WebSession.token_hash) == token_hash,
            col(WebSession.seen_at) <= unseen_since,
            col(WebSession.revoked_at).is_(None),
        )
        .values(seen_at=now)
    )


async def revoke_web_session(session: AsyncSession, token_hash: bytes, now: datetime) -> None:
    """End one session."""
    await session.exec(
        update(WebSession)
        .where(col(WebSession.token_hash) == token_hash, col(WebSession.revoked_at).is_(None))
        .values(revoked_at=now)
    )


async def revoke_web_sessions_of(
    session: AsyncSession, person_id: int, kind: SessionKind, now: datetime
) -> int:
    """End all sessions of a person of one kind; returns how many."""
    result = await session.exec(
        update(WebSession)
        .where(
            col(WebSession.person_id) == person_id,
            col(WebSession.kind) == kind,
            col(WebSession.revoked_at).is_(None),
        )
        .values(revoked_at=now)
    )
    return int(result.rowcount)


async def add_link(
    session: AsyncSession,
    token_hash: bytes,
    purpose: str,
    subject: str,
    person_id: int,
    created_at: datetime,
    expires_at: datetime,
    used_at: datetime | None = None,
) -> bool:
    """Keep a link; False when there is one with this hash already."""
    return await insert_ignore(
        session,
        OneTimeLink,
        {
            "token_hash": token_hash,
            "purpose": purpose,
            "subject": subject,
            "person_id": person_id,
            "created_at": created_at,
            "expires_at": expires_at,
            "used_at": used_at,
        },
    )


async def find_link(session: AsyncSession, token_hash: bytes) -> OneTimeLink | None:
    """A link by the hash of its token, used or not."""
    return await session.get(OneTimeLink, token_hash)


async def use_link(
    session: AsyncSession, token_hash: bytes, purpose: str, now: datetime
) -> OneTimeLink | None:
    """Use a link up; None when it is unknown, for something else, too old, or somebody was faster."""
    statement = (
        update(OneTimeLink)
        .where(
            col(OneTimeLink.token_hash) == token_hash,
            col(OneTimeLink.purpose) == purpose,
            col(OneTimeLink.used_at).is_(None),
            col(OneTimeLink.expires_at) > now,
        )
        .values(used_at=now)
        .returning(OneTimeLink)
    )
    return (await session.exec(statement)).scalar_one_or_none()


async def expire_links_of(session: AsyncSession, person_id: int, now: datetime) -> None:
    """Make the links that a person has not used yet worthless."""
    await session.exec(
        update(OneTimeLink)
        .where(col(OneTimeLink.person_id) == person_id, col(OneTimeLink.used_at).is_(None))
        .values(used_at=now)
    )


async def forget_sign_ins(session: AsyncSession, before: datetime) -> int:
    """Drop sessions and links that ended before a time; returns how many."""
    dropped = 0
    for table in (WebSession, OneTimeLink):
        result = await session.exec(delete(table).where(col(table.expires_at) < before))
        dropped += int(result.rowcount)
    return dropped

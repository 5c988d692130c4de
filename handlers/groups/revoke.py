"""Use case: someone took a message back in the group. Its words and pictures go, and all that was made of them."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.matters.recount import lose_voices
from handlers.people.unquote import unquote
from handlers.texts import say
from storage.audit import PLATFORM, add_audit_event
from storage.inbox import Lease
from storage.queries.archive import (
    REVOKED,
    add_revoked_before_heard,
    blank_answers,
    lock_messages,
    lock_opinions_of_messages,
)
from storage.queries.matters import list_matters_of_messages, lock_matters
from storage.queries.photos import drop_photos_of_messages, drop_photos_of_opinions
from storage.states import InboxState, OpinionState
from storage.tables import InboxMessage, Opinion


async def revoke_messages(
    session: AsyncSession,
    services: Services,
    *,
    account: str,
    keys: Collection[str],
    expected: dict[str, str],
    lease: Lease,
) -> bool:
    """Blank the messages with these keys; returns whether there was anything to blank.

    expected: room by key, of messages whose revocation may come before they do. Doing it again changes nothing.
    """
    if not keys:
        return False
    now = lease.received_at
    messages = await lock_messages(session, account, keys)
    missing = expected.keys() - {message.message_key for message in messages}
    await add_revoked_before_heard(session, account, {key: expected[key] for key in sorted(missing)}, lease)
    messages = [message for message in messages if message.outcome != REVOKED]
    if not messages:
        return False
    inbox_ids = [message.inbox_id for message in messages if message.inbox_id is not None]
    await _lock_matters_of(session, inbox_ids)
    opinions = await lock_opinions_of_messages(session, inbox_ids)
    await blank_answers(session, inbox_ids, now)
    await unquote(session, opinions, say("groups.revoked_words"))
    await drop_photos_of_messages(session, inbox_ids)
    await drop_photos_of_opinions(session, [(each.compound_id, each.number) for each in opinions])
    _audit(session, messages, opinions, now)
    for opinion in opinions:
        opinion.text, opinion.hits, opinion.unit = None, [], None
        opinion.state = OpinionState.WITHDRAWN
    await session.flush()
    for compound_id, number in await list_matters_of_messages(session, inbox_ids):
        await lose_voices(session, services, compound_id, number, now)
    for message in messages:
        message.text = message.media_id = message.quoted = ""
        message.outcome = REVOKED
        if message.state is InboxState.NEW:
            message.state, message.done_at = InboxState.DONE, now
    await session.flush()
    return True


async def _lock_matters_of(session: AsyncSession, inbox_ids: Collection[int]) -> None:
    """Before the opinions themselves, as whoever files or merges does."""
    compounds = {compound_id for compound_id, _matter in await list_matters_of_messages(session, inbox_ids)}
    for compound_id in sorted(compounds):
        await lock_matters(session, compound_id)


def _audit(
    session: AsyncSession, messages: Sequence[InboxMessage], opinions: Sequence[Opinion], now: datetime
) -> None:
    by_message = {opinion.inbox_id: opinion for opinion in opinions}
    for message in messages:
        opinion = by_message.get(message.inbox_id or 0)
        add_audit_event(
            session,
            at=now,
            verb=REVOKED,
            compound_id=opinion.compound_id if opinion else PLATFORM,
            actor_id=message.person_id,
            subject=f"inbox:{message.inbox_id}",
            details={"opinion": opinion.number} if opinion else None,
        )

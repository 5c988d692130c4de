"""Use case: someone took a message back in the group. Its words go, and everything that was made of them."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

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
from storage.states import InboxState, OpinionState
from storage.tables import InboxMessage, Opinion


async def revoke_messages(
    session: AsyncSession, *, account: str, keys: Collection[str], expected: dict[str, str], lease: Lease
) -> bool:
    """Blank the messages with these keys; returns whether there were words to blank.

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
    opinions = await lock_opinions_of_messages(session, inbox_ids)
    await blank_answers(session, inbox_ids, now)
    await unquote(session, opinions, say("groups.revoked_words"))
    _audit(session, messages, opinions, now)
    for opinion in opinions:
        opinion.text, opinion.hits, opinion.unit = None, [], None
        opinion.state = OpinionState.WITHDRAWN
    for message in messages:
        message.text = message.media_id = message.quoted = ""
        message.outcome = REVOKED
        if message.state is InboxState.NEW:
            message.state, message.done_at = InboxState.DONE, now
    await session.flush()
    return True


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

"""Use case: someone took a message back in the group. Its words go, and everything that was made of them."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.groups.redact import Quoted
from handlers.requests.forget import redact_requests
from handlers.texts import say
from storage.audit import PLATFORM, add_audit_event
from storage.inbox import Lease
from storage.queries.archive import (
    REVOKED,
    add_revoked_before_heard,
    blank_answers,
    list_outbox_since,
    lock_cycles_since,
    lock_messages,
    lock_opinions_of_messages,
    put_outbox_words,
)
from storage.states import InboxState, OpinionState
from storage.tables import InboxMessage, Opinion

_WEEK = timedelta(days=8)  # a digest's week begins at most this long before what is said in it


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
    words = [message.text for message in messages] + [opinion.text or "" for opinion in opinions]
    quoted = Quoted(words, say("groups.revoked_words"))
    await blank_answers(session, inbox_ids, now)
    await _redact_outbox(session, quoted, min(message.received_at for message in messages))
    await _redact_digests(session, quoted, opinions)
    await redact_requests(session, quoted, opinions)
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


async def _redact_outbox(session: AsyncSession, quoted: Quoted, since: datetime) -> None:
    """Whatever was queued since may quote the words: progress, alerts, digests."""
    after = 0
    while chunk := await list_outbox_since(session, since, after):
        for outgoing in chunk:
            assert outgoing.outbox_id is not None
            after = outgoing.outbox_id
            text, payload = quoted.redact(outgoing.text), quoted.redact_json(outgoing.payload)
            if (text, payload) != (outgoing.text, outgoing.payload):
                await put_outbox_words(session, after, text, payload)
                session.expire(outgoing)


async def _redact_digests(session: AsyncSession, quoted: Quoted, opinions: Sequence[Opinion]) -> None:
    if not opinions:
        return
    first = min(opinion.said_at for opinion in opinions) - _WEEK
    compounds = {opinion.compound_id for opinion in opinions}
    for cycle in await lock_cycles_since(session, compounds, first.date().isoformat()):
        numbers = {opinion.number for opinion in opinions if opinion.compound_id == cycle.compound_id}
        assert cycle.digest is not None
        digest = dict(cycle.digest)
        # A quote is nothing without its words; an urgent matter stays one.
        digest["quotes"] = [
            quote for quote in digest.get("quotes", ()) if quoted.redact(quote["text"]) == quote["text"]
        ]
        digest["urgent"] = [
            matter | {"text": say("groups.revoked_words")}
            if matter["number"] in numbers
            else matter | {"text": quoted.redact(matter["text"])}
            for matter in digest.get("urgent", ())
        ]
        if digest != cycle.digest:
            cycle.digest = digest


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

"""Received messages, handled in the caller's transaction: state, audit row and answer stand or fall together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers import opinions, people
from handlers.context import Answer, Context, Services
from handlers.inbound import Inbound, InboundKind
from handlers.router import dispatch
from handlers.texts import fit, say
from storage.outbox import add_reply, open_windows
from storage.queries.people import get_or_add_identities
from storage.states import InboxState, WindowRule
from storage.tables import ChannelIdentity, InboxMessage

ANSWER_BYTES = 2048  # what a platform takes in one answer

ROUTES = (*people.ROUTES, *opinions.ROUTES)


@dataclass(frozen=True, slots=True)
class Hold:
    """Keeps an answer for the request that waits for it."""

    owner: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Received:
    """An inbox row to work on.

    window: what the platform now allows to be sent to this person. hold: set when a request waits for the answer.
    """

    message: InboxMessage
    window: WindowRule | None
    hold: Hold | None


async def receive(
    session: AsyncSession, services: Services, batch: Sequence[Received], now: datetime
) -> list[Answer]:
    """Work on inbox rows in order and mark them done; returns the answers as they were queued.

    What is the same for all is asked once for the batch. An exception leaves the caller to roll back.
    """
    people = [(received.message.account, received.message.sender) for received in batch]
    windows = {
        (account, sender, r.window) for r, (account, sender) in zip(batch, people, strict=True) if r.window
    }
    await open_windows(session, windows, now)
    identities = await get_or_add_identities(session, dict.fromkeys(people), now)
    answers = []
    for received, person in zip(batch, people, strict=True):
        if person not in identities:  # forgotten by an earlier message of this batch
            identities |= await get_or_add_identities(session, [person], now)
        answer = await _handle(session, services, received, identities[person], now)
        if answer.farewell:
            del identities[person]
            if received.window:  # went with everything else, and the farewell itself has to get through
                await open_windows(session, {(*person, received.window)}, now)
        answers.append(answer)
    return answers


async def _handle(
    session: AsyncSession, services: Services, received: Received, identity: ChannelIdentity, now: datetime
) -> Answer:
    message, hold = received.message, received.hold
    assert message.inbox_id is not None
    message.state = InboxState.DONE
    message.done_at = now
    message.person_id = identity.person_id
    context = Context(
        session=session,
        services=services,
        now=now,
        inbound=to_inbound(message),
        inbox_id=message.inbox_id,
        identity=identity,
    )
    answer = await dispatch(ROUTES, context)
    message.outcome = answer.outcome
    text, notice = answer.text.strip(), ""
    if text and identity.told_at is None and not answer.farewell:
        notice = f"\n{say('people.notice', days=services.raw_text_days)}"
        identity.told_at = now
    text = fit(text, ANSWER_BYTES - len(notice.encode())) + notice
    if text:
        add_reply(
            session,
            inbox_id=message.inbox_id,
            account=context.inbound.account,
            recipient=context.inbound.sender,
            message_class=answer.message_class,
            text=text,
            now=now,
            lease_owner=hold.owner if hold else "",
            lease_until=hold.until if hold else None,
        )
    return replace(answer, text=text)


def to_inbound(message: InboxMessage) -> Inbound:
    """The message as its channel handed it over."""
    return Inbound(
        account=message.account,
        kind=InboundKind(message.kind),
        key=message.message_key,
        sender=message.sender,
        sent_at=message.sent_at,
        text=message.text,
        scene=message.scene,
        media_id=message.media_id,
    )

"""One received message, handled in the caller's transaction: state, audit row and answer stand or fall together."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers import opinions, people
from handlers.context import Answer, Context, Services
from handlers.inbound import Inbound, InboundKind
from handlers.router import dispatch
from handlers.texts import say
from storage.outbox import add_message, open_window
from storage.queries.people import get_or_add_identity
from storage.states import InboxState, WindowRule
from storage.tables import InboxMessage

ROUTES = (*people.ROUTES, *opinions.ROUTES)


@dataclass(frozen=True, slots=True)
class Hold:
    """Keeps an answer for the request that waits for it."""

    owner: str
    until: datetime


async def receive(
    session: AsyncSession,
    services: Services,
    message: InboxMessage,
    *,
    now: datetime,
    window: WindowRule | None,
    hold: Hold | None,
) -> Answer:
    """Work on one inbox row and mark it done; returns the answer as it was queued.

    window: what the platform now allows to be sent to this person. hold: set when a request waits for the answer.
    """
    assert message.inbox_id is not None
    inbound = to_inbound(message)
    if window is not None:
        await open_window(session, inbound.account, inbound.sender, window, now)
    identity = await get_or_add_identity(session, inbound.account, inbound.sender, now)
    context = Context(
        session=session,
        services=services,
        now=now,
        inbound=inbound,
        inbox_id=message.inbox_id,
        identity=identity,
        first_contact=identity.told_at is None,
    )
    answer = await dispatch(ROUTES, context)
    text = answer.text.strip()
    if text and answer.tells and context.first_contact:
        text = f"{text}\n{say('people.notice', days=services.raw_text_days)}"
        identity.told_at = now
    if text:
        await add_message(
            session,
            account=inbound.account,
            recipient=inbound.sender,
            message_class=answer.message_class,
            text=text,
            dedupe_key=f"inbox:{message.inbox_id}",
            now=now,
            inbox_id=message.inbox_id,
            lease_owner=hold.owner if hold else "",
            lease_until=hold.until if hold else None,
        )
    message.state = InboxState.DONE
    message.outcome = answer.outcome
    message.done_at = now
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

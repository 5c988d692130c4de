"""Received messages, handled in the caller's transaction: state, audit row and answer stand or fall together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.alerts import chat as alerts
from handlers.batch import Batch
from handlers.consultations import chat as consultations
from handlers.context import Answer, Context, Services
from handlers.grid import chat as grid
from handlers.groups.chat import CUSTOMER_ROUTES, STAFF_ROUTES
from handlers.identity import chat as identity
from handlers.inbound import Inbound, InboundKind
from handlers.matters import chat as matters
from handlers.opinions import chat as opinions
from handlers.people import chat as people
from handlers.photos import chat as photos
from handlers.points import chat as points
from handlers.polls import chat as polls
from handlers.requests import chat as requests
from handlers.requests import staff as handling
from handlers.router import Route, dispatch
from handlers.surveys import chat as surveys
from handlers.texts import fit, say
from handlers.topics import chat as topics
from handlers.voting import chat as voting
from nlp.quotes import addressed
from storage.outbox import add_reply
from storage.queries.people import get_or_add_identities
from storage.send_windows import open_windows
from storage.states import ChannelKind, InboxState, WindowRule
from storage.tables import ChannelIdentity, InboxMessage

ANSWER_BYTES = 2048  # what a platform takes in one answer


@dataclass(frozen=True, slots=True)
class Manner:
    """How messages of one origin are treated.

    called: the bot's own name stands in them, and is no part of what is said. tells: the first answer says what
    becomes of people's words. silent: nothing is ever answered.
    """

    routes: Sequence[Route]
    called: bool = False
    tells: bool = False
    silent: bool = False


RESIDENTS = Manner(
    (
        *people.ROUTES,
        *grid.ROUTES,
        *identity.ROUTES,
        *alerts.ROUTES,
        *voting.ROUTES,
        *polls.ROUTES,
        *surveys.ROUTES,
        *points.ROUTES,
        *consultations.ROUTES,
        *topics.ROUTES,
        *requests.ROUTES,
        *matters.ROUTES,
        *photos.ROUTES,
        *opinions.ROUTES,
    ),
    tells=True,
)
STAFF = Manner(
    (
        *handling.ROUTES,
        *voting.STAFF_ROUTES,
        *topics.STAFF_ROUTES,
        *matters.STAFF_ROUTES,
        *STAFF_ROUTES,
    ),
    called=True,
)
CUSTOMER_GROUPS = Manner(CUSTOMER_ROUTES, silent=True)

_MANNERS = {
    ChannelKind.OFFICIAL_ACCOUNT: RESIDENTS,
    ChannelKind.WECOM_APP: STAFF,
    ChannelKind.AIBOT: STAFF,
    ChannelKind.GROUP_WEBHOOK: STAFF,  # hears nothing
    ChannelKind.CHAT_ARCHIVE: CUSTOMER_GROUPS,
}


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
    people = [(services.people_of(r.message.account), r.message.sender) for r in batch]
    # What a platform allows is its own affair: windows are kept by account, people by where they are known.
    windows = {(r.message.account, r.message.sender, r.window) for r in batch if r.window}
    await open_windows(session, windows, now)
    identities = await get_or_add_identities(session, dict.fromkeys(people), now)
    shared = Batch(session, (identity.person_id for identity in identities.values()))
    await shared.meet_groups({(r.message.account, r.message.room) for r in batch if r.message.room})
    answers = []
    for received, person in zip(batch, people, strict=True):
        if person not in identities:  # forgotten by an earlier message of this batch
            identities |= await get_or_add_identities(session, [person], now)
        identity = identities[person]
        answer = await _handle(session, services, received, identity, shared, now)
        if answer.farewell:
            identities = {
                key: known for key, known in identities.items() if known.person_id != identity.person_id
            }
            if received.window:  # went with everything else, and the farewell itself has to get through
                message = received.message
                await open_windows(session, {(message.account, person[1], received.window)}, now)
        answers.append(answer)
    return answers


async def _handle(
    session: AsyncSession,
    services: Services,
    received: Received,
    identity: ChannelIdentity,
    shared: Batch,
    now: datetime,
) -> Answer:
    message, hold = received.message, received.hold
    assert message.inbox_id is not None
    message.state = InboxState.DONE
    message.done_at = now
    message.person_id = identity.person_id
    manner = _MANNERS[services.kind_of(message.account)]
    inbound = to_inbound(message)
    context = Context(
        session=session,
        services=services,
        now=now,
        inbound=inbound._replace(text=addressed(inbound.text)) if manner.called else inbound,
        inbox_id=message.inbox_id,
        identity=identity,
        batch=shared,
        group=shared.group_of(message.account, message.room),
    )
    answer = await dispatch(manner.routes, context)
    message.outcome = answer.outcome
    if answer.unheard:
        message.text = message.quoted = message.media_id = ""
    text, notice = "" if manner.silent else answer.text.strip(), ""
    if text and manner.tells and identity.told_at is None and not answer.farewell:
        notice = f"\n{say('people.notice', days=services.raw_text_days)}"
        identity.told_at = now
    text = fit(text, ANSWER_BYTES - len(notice.encode())) + notice
    if text:
        add_reply(
            session,
            inbox_id=message.inbox_id,
            account=inbound.account,
            recipient=inbound.sender,
            message_class=answer.message_class,
            text=text,
            reply_address=inbound.reply_address,
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
        room=message.room,
        quoted=message.quoted,
        reply_address=message.reply_address,
    )

"""The outbox table: adding messages, taking due ones under a lease, recording what became of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, func, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import (
    POLICIES,
    Form,
    MessageClass,
    OutboxState,
    Promise,
)
from storage.tables import OutboxMessage, SendWindow
from storage.upsert import insert_new

KEPT_FOR = timedelta(days=3)  # a message nobody could be sent for this long has lost its point
THEN = " > "  # in a reason: between the ways that were tried, oldest first

_URGENT = [message_class for message_class, policy in POLICIES.items() if policy.urgent]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message to queue.

    fallbacks: (account, recipient, form) to try in turn when this one cannot reach the recipient. topic: what it is
    news of (storage.supersede).
    """

    account: str
    recipient: str
    message_class: MessageClass
    text: str
    dedupe_key: str
    not_before: datetime | None = None
    expires_at: datetime | None = None
    form: Form = Form.TEXT
    payload: dict[str, Any] | None = None
    fallbacks: Sequence[Sequence[str]] = ()
    topic: str = ""


async def add_message(session: AsyncSession, *, now: datetime, **draft: Any) -> bool:
    """Queue a Draft in the caller's transaction; returns False when (account, dedupe_key) was queued before."""
    return await add_messages(session, [Draft(**draft)], now) == 1


async def add_messages(session: AsyncSession, drafts: Sequence[Draft], now: datetime) -> int:
    """Queue messages in the caller's transaction, in their order; returns how many were not queued before."""
    rows = [_row_of(draft, now) for draft in drafts]
    return len(await insert_new(session, OutboxMessage, rows, OutboxMessage.outbox_id))


def _row_of(draft: Draft, now: datetime) -> dict[str, Any]:
    return {
        "form": draft.form,
        "payload": draft.payload,
        "fallbacks": [list(each) for each in draft.fallbacks] or None,
        "topic": draft.topic,
        "account": draft.account,
        "recipient": draft.recipient,
        "message_class": draft.message_class,
        "text": draft.text,
        "dedupe_key": draft.dedupe_key,
        "created_at": now,
        "not_before": draft.not_before or now,
        "expires_at": draft.expires_at or now + KEPT_FOR,
        "state": OutboxState.PENDING,
        "lease_owner": "",
        "attempts": 0,
        "reason": "",
    }


async def take_due(
    session: AsyncSession,
    owner: str,
    now: datetime,
    lease_seconds: float,
    limit: int,
    skip_accounts: Collection[str],
    *,
    only_urgent: bool = False,
) -> list[OutboxMessage]:
    """Due messages, now SENDING under this replica's lease: urgent ones first, or only those, then the oldest.

    One per recipient, so that order is kept. Of `skip_accounts` only urgent ones, which may go another way.
    Messages whose sender vanished while SENDING come back here when at least once was promised, and become
    UNCERTAIN when at most once was.
    """
    await session.exec(
        update(OutboxMessage)
        .where(
            col(OutboxMessage.state) == OutboxState.SENDING,
            col(OutboxMessage.lease_until) <= now,
            col(OutboxMessage.message_class).in_(_promised(Promise.AT_MOST_ONCE)),
        )
        .values(state=OutboxState.UNCERTAIN, reason="sender vanished", done_at=now)
    )
    await session.exec(
        update(OutboxMessage)
        .where(
            col(OutboxMessage.state) == OutboxState.SENDING,
            col(OutboxMessage.lease_until) <= now,
            col(OutboxMessage.message_class).in_(_promised(Promise.AT_LEAST_ONCE)),
        )
        .values(state=OutboxState.PENDING)
    )
    on_its_way = aliased(OutboxMessage)
    statement = (
        select(OutboxMessage)
        .where(
            OutboxMessage.state == OutboxState.PENDING,
            OutboxMessage.not_before <= now,
            or_(col(OutboxMessage.lease_until).is_(None), col(OutboxMessage.lease_until) <= now),
            or_(
                col(OutboxMessage.account).not_in(skip_accounts),
                col(OutboxMessage.message_class).in_(_URGENT),
            ),
            # What is on its way to somebody arrives before the next one sets out, whoever sends it.
            ~select(on_its_way.outbox_id)
            .where(
                on_its_way.account == OutboxMessage.account,
                on_its_way.recipient == OutboxMessage.recipient,
                on_its_way.state == OutboxState.SENDING,
            )
            .exists(),
        )
        .order_by(
            case((col(OutboxMessage.message_class).in_(_URGENT), 0), else_=1), col(OutboxMessage.outbox_id)
        )
        .limit(limit)
        .with_for_update(skip_locked=True, of=OutboxMessage)
    )
    if only_urgent:
        statement = statement.where(col(OutboxMessage.message_class).in_(_URGENT))
    taken: dict[tuple[str, str], OutboxMessage] = {}
    for message in (await session.exec(statement)).all():
        taken.setdefault((message.account, message.recipient), message)
    for message in taken.values():
        message.state = OutboxState.SENDING
        message.lease_owner = owner
        message.lease_until = now + timedelta(seconds=lease_seconds)
    return list(taken.values())


def add_reply(
    session: AsyncSession,
    *,
    inbox_id: int,
    account: str,
    recipient: str,
    message_class: MessageClass,
    text: str,
    now: datetime,
    lease_owner: str,
    lease_until: datetime | None,
    reply_address: str = "",
) -> None:
    """Queue the one answer to a received message; a lease keeps it for the request that waits for it."""
    session.add(
        OutboxMessage(
            account=account,
            recipient=recipient,
            message_class=message_class,
            text=text,
            reply_address=reply_address,
            dedupe_key=f"inbox:{inbox_id}",
            created_at=now,
            not_before=now,
            expires_at=now + KEPT_FOR,
            inbox_id=inbox_id,
            lease_owner=lease_owner,
            lease_until=lease_until,
        )
    )


async def has_due(session: AsyncSession, now: datetime, *, only_urgent: bool = False) -> bool:
    """Whether `take_due` would find something to do; a read that takes no lock."""
    statement = (
        select(OutboxMessage.outbox_id)
        .where(
            or_(
                (col(OutboxMessage.state) == OutboxState.PENDING) & (col(OutboxMessage.not_before) <= now),
                col(OutboxMessage.state) == OutboxState.SENDING,
            ),
            or_(col(OutboxMessage.lease_until).is_(None), col(OutboxMessage.lease_until) <= now),
        )
        .limit(1)
    )
    if only_urgent:
        statement = statement.where(col(OutboxMessage.message_class).in_(_URGENT))
    return (await session.exec(statement)).first() is not None


def _promised(promise: Promise) -> list[MessageClass]:
    return [kind for kind, policy in POLICIES.items() if policy.promise is promise]


async def settle(
    session: AsyncSession,
    message: OutboxMessage,
    state: OutboxState,
    *,
    now: datetime,
    reason: str = "",
    not_before: datetime | None = None,
    expires_at: datetime | None = None,
    platform_id: str = "",
    count_attempt: bool = True,
) -> None:
    """Record what became of a message this replica was sending; nothing happens when another has taken it since.

    What was noted of ways that were tried before stays in front of `reason`.
    """
    ended = state not in (OutboxState.PENDING, OutboxState.WAITING, OutboxState.AWAITING_OWNER)
    await session.exec(
        update(OutboxMessage)
        .where(*_still_ours(message))
        .values(
            state=state,
            reason=add_to_history(message.reason, reason),
            not_before=not_before or message.not_before,
            expires_at=expires_at or message.expires_at,
            platform_id=platform_id,
            lease_until=None,
            attempts=message.attempts if count_attempt else message.attempts - 1,
            done_at=now if ended else None,
        )
    )


def add_to_history(reasons: str, reason: str) -> str:
    """`reasons` with what it says of the present way replaced by `reason`; the end of it, when it gets too long."""
    before, then, _ = reasons.rpartition(THEN)
    return (before + then + reason)[-120:] if then else reason[:120]


def _still_ours(message: OutboxMessage) -> tuple[Any, ...]:
    return (
        col(OutboxMessage.outbox_id) == message.outbox_id,
        col(OutboxMessage.state) == OutboxState.SENDING,
        col(OutboxMessage.lease_owner) == message.lease_owner,
    )


async def fall_back(
    session: AsyncSession, message: OutboxMessage, accounts: Collection[str], *, now: datetime, reason: str
) -> bool:
    """Let a message this replica was sending go the next way there is; False when none is left.

    A way is passed over when its account is not one of `accounts`, or has a message with the same key already.
    """
    ways = list(message.fallbacks or [])
    while ways:
        account, recipient, form = ways.pop(0)
        if account not in accounts:
            continue
        values = {
            "account": account,
            "recipient": recipient,
            "form": Form(form),
            "fallbacks": ways or None,
            "state": OutboxState.PENDING,
            "reason": add_to_history(message.reason, reason)[-100:] + THEN,
            "not_before": now,
            "lease_until": None,
            "attempts": 0,
        }
        if await _move(session, message, values):
            return True
    return False


async def _move(session: AsyncSession, message: OutboxMessage, values: dict[str, Any]) -> bool:
    statement = (
        update(OutboxMessage)
        .where(*_still_ours(message))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if values["account"] == message.account:
        return int((await session.exec(statement)).rowcount) == 1
    try:
        async with session.begin_nested():
            return int((await session.exec(statement)).rowcount) == 1
    except IntegrityError:
        return False


async def hold_back(
    session: AsyncSession, account: str, recipient: str, except_id: int | None, until: datetime
) -> None:
    """Leave what else is due to a recipient alone until then: the platform wants a distance between two messages."""
    due = (
        select(OutboxMessage.outbox_id)
        .where(
            OutboxMessage.account == account,
            OutboxMessage.recipient == recipient,
            OutboxMessage.state == OutboxState.PENDING,
            OutboxMessage.not_before < until,
            OutboxMessage.outbox_id != except_id,
        )
        # What another replica has just taken will find the distance by itself; waiting for it could be for ever.
        .with_for_update(skip_locked=True, of=OutboxMessage)
    )
    await session.exec(
        update(OutboxMessage)
        .where(col(OutboxMessage.outbox_id).in_(due))
        .values(not_before=until)
        .execution_options(synchronize_session=False)
    )


async def find_reply(session: AsyncSession, inbox_id: int) -> OutboxMessage | None:
    """The answer to a received message, wherever it stands."""
    statement = select(OutboxMessage).where(OutboxMessage.inbox_id == inbox_id).limit(1)
    return (await session.exec(statement)).first()


async def hold_reply(
    session: AsyncSession, inbox_id: int, owner: str, until: datetime, now: datetime
) -> bool:
    """Lease an unsent answer to a waiting request; False when it went, or is going, another way.

    An answer that was offered before may be offered again: the platform only asks again when it did not get it.
    """
    result = await session.exec(
        update(OutboxMessage)
        .where(
            col(OutboxMessage.inbox_id) == inbox_id,
            or_(
                col(OutboxMessage.state) == OutboxState.OFFERED,
                col(OutboxMessage.state).in_((OutboxState.PENDING, OutboxState.WAITING))
                & or_(
                    col(OutboxMessage.lease_until).is_(None),
                    col(OutboxMessage.lease_until) <= now,
                    col(OutboxMessage.lease_owner) == owner,
                ),
            ),
        )
        .values(lease_owner=owner, lease_until=until)
    )
    return int(result.rowcount) == 1


async def mark_offered(session: AsyncSession, inbox_ids: Collection[int], now: datetime) -> None:
    """Note answers that were written to the request that waited for them."""
    await session.exec(
        update(OutboxMessage)
        .where(
            col(OutboxMessage.inbox_id).in_(inbox_ids),
            col(OutboxMessage.state).in_((OutboxState.PENDING, OutboxState.WAITING)),
        )
        .values(state=OutboxState.OFFERED, lease_until=None, done_at=now)
    )


async def release_replies(session: AsyncSession, inbox_ids: Collection[int], owner: str) -> None:
    """Let the outbox send answers whose request went away without them."""
    await session.exec(
        update(OutboxMessage)
        .where(
            col(OutboxMessage.inbox_id).in_(inbox_ids),
            col(OutboxMessage.state) == OutboxState.PENDING,
            col(OutboxMessage.lease_owner) == owner,
        )
        .values(lease_until=None)
    )


async def release_outbox_leases(session: AsyncSession, owner: str) -> None:
    """Let other replicas have the answers this one holds; what it is sending keeps its lease until that ends."""
    await session.exec(
        update(OutboxMessage)
        .where(col(OutboxMessage.state) == OutboxState.PENDING, col(OutboxMessage.lease_owner) == owner)
        .values(lease_until=None)
    )


async def expire_messages(session: AsyncSession, now: datetime) -> int:
    """Give up messages that have lost their point; returns how many."""
    result = await session.exec(
        update(OutboxMessage)
        .where(
            col(OutboxMessage.state).in_((OutboxState.PENDING, OutboxState.WAITING)),
            col(OutboxMessage.expires_at) <= now,
        )
        .values(state=OutboxState.DEAD, reason="expired", done_at=now)
    )
    return int(result.rowcount)


async def count_by_state(session: AsyncSession) -> dict[OutboxState, int]:
    """How many messages are in each state."""
    statement = select(OutboxMessage.state, func.count()).group_by(col(OutboxMessage.state))
    return {OutboxState(state): count for state, count in (await session.exec(statement)).all()}


async def list_dead(session: AsyncSession, limit: int) -> list[OutboxMessage]:
    """The latest dead letters and uncertain ones."""
    statement = (
        select(OutboxMessage)
        .where(col(OutboxMessage.state).in_((OutboxState.DEAD, OutboxState.UNCERTAIN)))
        .order_by(col(OutboxMessage.outbox_id).desc())
        .limit(limit)
    )
    return list((await session.exec(statement)).all())


async def forget_recipient(
    session: AsyncSession, account: str, recipient: str, forgotten: str, now: datetime
) -> None:
    """Take a recipient and what was written to them out of the outbox and the ledger; unsent messages are cancelled."""
    of_recipient = (col(OutboxMessage.account) == account, col(OutboxMessage.recipient) == recipient)
    await session.exec(
        update(OutboxMessage)
        .where(
            *of_recipient,
            # What is being sent will not come back as pending either: its words and recipient are gone.
            col(OutboxMessage.state).in_((OutboxState.PENDING, OutboxState.WAITING, OutboxState.SENDING)),
        )
        .values(state=OutboxState.CANCELLED, reason="erased", done_at=now)
    )
    await session.exec(
        update(OutboxMessage)
        .where(*of_recipient)
        .values(text="", recipient=forgotten, payload=None, fallbacks=None, reply_address="", topic="")
    )
    for window in (
        await session.exec(
            select(SendWindow).where(SendWindow.account == account, SendWindow.recipient == recipient)
        )
    ).all():
        await session.delete(window)

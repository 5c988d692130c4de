"""When people may be written to: windows that what they did opened, with how many messages, and pace."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import case, delete, tuple_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import (
    Form,
    OutboxState,
    WindowKind,
    WindowRule,
)
from storage.tables import OutboxMessage, SendWindow
from storage.upsert import insert_for

GRANT_LASTS = timedelta(
    days=365
)  # the platform names no end; a person has forgotten by then what they accepted
# What counts as permission for a form; the others need none.
_WINDOWS_OF = {Form.TEXT: (WindowKind.MESSAGE, WindowKind.GESTURE), Form.SUBSCRIBE: (WindowKind.SUBSCRIBE,)}


async def open_windows(
    session: AsyncSession, opened: Collection[tuple[str, str, WindowRule]], now: datetime
) -> None:
    """People did something that allows messages to them: start their counts afresh and wake what waited.

    opened: (account, recipient, rule), each at most once.
    """
    if not opened:
        return
    statement = insert_for(session, SendWindow)
    fresh = {name: statement.excluded[name] for name in ("opened_at", "expires_at", "allowed", "used")}
    await session.exec(
        statement.on_conflict_do_update(index_elements=["account", "recipient", "kind"], set_=fresh),
        params=[
            {
                "account": account,
                "recipient": recipient,
                "kind": rule.kind,
                "opened_at": now,
                "expires_at": now + timedelta(seconds=rule.seconds),
                "allowed": rule.allowed,
                "used": 0,
            }
            # In one order everywhere: two replicas must not wait for each other's rows.
            for account, recipient, rule in sorted(opened, key=lambda entry: (*entry[:2], entry[2].kind))
        ],
    )
    await session.exec(
        update(OutboxMessage)
        .where(
            tuple_(col(OutboxMessage.account), col(OutboxMessage.recipient)).in_(
                [(account, recipient) for account, recipient, _ in opened]
            ),
            col(OutboxMessage.state) == OutboxState.WAITING,
            col(OutboxMessage.form) != Form.SUBSCRIBE,
        )
        .values(state=OutboxState.PENDING, not_before=now)
        .execution_options(synchronize_session=False)
    )


async def add_grant(session: AsyncSession, account: str, recipient: str, now: datetime) -> None:
    """Someone accepted one more 订阅通知: count it, and wake what waited for it."""
    statement = insert_for(session, SendWindow).values(
        account=account,
        recipient=recipient,
        kind=WindowKind.SUBSCRIBE,
        opened_at=now,
        expires_at=now + GRANT_LASTS,
        allowed=1,
        used=0,
    )
    over = col(SendWindow.expires_at) <= now
    await session.exec(
        statement.on_conflict_do_update(
            index_elements=["account", "recipient", "kind"],
            set_={
                "opened_at": now,
                "expires_at": now + GRANT_LASTS,
                "allowed": case((over, 1), else_=col(SendWindow.allowed) + 1),
                "used": case((over, 0), else_=col(SendWindow.used)),
            },
        )
    )
    await session.exec(
        update(OutboxMessage)
        .where(
            col(OutboxMessage.account) == account,
            col(OutboxMessage.recipient) == recipient,
            col(OutboxMessage.state) == OutboxState.WAITING,
            col(OutboxMessage.form) == Form.SUBSCRIBE,
        )
        .values(state=OutboxState.PENDING, not_before=now)
        .execution_options(synchronize_session=False)
    )


async def take_pace(
    session: AsyncSession, account: str, recipient: str, seconds: float, now: datetime
) -> datetime | None:
    """Note that a recipient is written to now and not again for `seconds`; else returns until when that was noted.

    The row is one lock for all replicas: who comes second sees what the first wrote.
    """
    until = now + timedelta(seconds=seconds)
    statement = insert_for(session, SendWindow).values(
        account=account,
        recipient=recipient,
        kind=WindowKind.PACE,
        opened_at=now,
        expires_at=until,
        allowed=0,
        used=0,
    )
    result = await session.exec(
        statement.on_conflict_do_update(
            index_elements=["account", "recipient", "kind"],
            set_={"opened_at": now, "expires_at": until},
            where=col(SendWindow.expires_at) <= now,
        )
    )
    if int(result.rowcount) == 1:
        return None
    return (
        await session.exec(
            select(SendWindow.expires_at).where(
                SendWindow.account == account,
                SendWindow.recipient == recipient,
                SendWindow.kind == WindowKind.PACE,
            )
        )
    ).one()


_AT_ONCE = 2000  # recipients in one statement: both databases take 32,000 parameters
Window = tuple[str, str, WindowKind]  # account, recipient, kind


async def list_open_windows(
    session: AsyncSession, recipients: Collection[tuple[str, str]], now: datetime
) -> set[Window]:
    """Of (account, recipient) the windows that are open with some left, however many are asked for."""
    found: set[Window] = set()
    each = sorted(set(recipients))
    for start in range(0, len(each), _AT_ONCE):
        statement = select(SendWindow.account, SendWindow.recipient, SendWindow.kind).where(
            tuple_(col(SendWindow.account), col(SendWindow.recipient)).in_(each[start : start + _AT_ONCE]),
            SendWindow.expires_at > now,
            col(SendWindow.used) < col(SendWindow.allowed),
        )
        for account, recipient, kind in await session.exec(statement):
            found.add((account, recipient, WindowKind(kind)))
    return found


async def use_window(
    session: AsyncSession, account: str, recipient: str, now: datetime, form: Form = Form.TEXT
) -> bool:
    """Count one message against the window of its form that closes first; False when none is open with some left."""
    statement = (
        select(SendWindow)
        .where(
            SendWindow.account == account,
            SendWindow.recipient == recipient,
            col(SendWindow.kind).in_(_WINDOWS_OF.get(form, ())),
            SendWindow.expires_at > now,
            col(SendWindow.used) < col(SendWindow.allowed),
        )
        .order_by(col(SendWindow.expires_at))
        .limit(1)
        .with_for_update()
    )
    window = (await session.exec(statement)).first()
    if window is None:
        return False
    window.used += 1
    return True


async def give_back(
    session: AsyncSession, account: str, recipient: str, now: datetime, form: Form = Form.TEXT
) -> None:
    """Take one message off the count again: the platform surely did not take it."""
    statement = (
        select(SendWindow)
        .where(
            SendWindow.account == account,
            SendWindow.recipient == recipient,
            col(SendWindow.kind).in_(_WINDOWS_OF.get(form, ())),
            SendWindow.expires_at > now,
            SendWindow.used > 0,
        )
        .order_by(col(SendWindow.expires_at))
        .limit(1)
        .with_for_update()
    )
    if window := (await session.exec(statement)).first():
        window.used -= 1


async def close_windows(
    session: AsyncSession, account: str, recipient: str, opened_before: datetime, form: Form = Form.TEXT
) -> None:
    """The platform says this person cannot be written to so: believe that, but not over what they did since."""
    await session.exec(
        update(SendWindow)
        .where(
            col(SendWindow.account) == account,
            col(SendWindow.recipient) == recipient,
            col(SendWindow.kind).in_(_WINDOWS_OF.get(form, ())),
            col(SendWindow.opened_at) <= opened_before,
        )
        .values(used=SendWindow.allowed)
    )


async def forget_closed_windows(session: AsyncSession, now: datetime) -> int:
    """Drop what the ledger knows about windows that have ended; returns how many."""
    result = await session.exec(delete(SendWindow).where(col(SendWindow.expires_at) <= now))
    return int(result.rowcount)


async def wake_waiting(session: AsyncSession, now: datetime) -> int:
    """Make due what waits although its recipient may be written to; returns how many.

    A window wakes what waits when it opens. This finds what began to wait in that very moment.
    """
    may_go = (
        select(OutboxMessage.outbox_id)
        .where(
            OutboxMessage.state == OutboxState.WAITING,
            select(SendWindow.kind)
            .where(
                SendWindow.account == OutboxMessage.account,
                SendWindow.recipient == OutboxMessage.recipient,
                (SendWindow.kind == WindowKind.SUBSCRIBE) == (OutboxMessage.form == Form.SUBSCRIBE),
                SendWindow.expires_at > now,
                col(SendWindow.used) < col(SendWindow.allowed),
            )
            .exists(),
        )
        .with_for_update(skip_locked=True, of=OutboxMessage)  # somebody is just waking those
    )
    result = await session.exec(
        update(OutboxMessage)
        .where(col(OutboxMessage.outbox_id).in_(may_go))
        .values(state=OutboxState.PENDING, not_before=now)
        .execution_options(synchronize_session=False)
    )
    return int(result.rowcount)

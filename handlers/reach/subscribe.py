"""Use case: a person accepted, or turned off, the 订阅通知 of a service account."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from storage.send_windows import add_grant, close_windows
from storage.states import Form


async def grant_subscribe(
    session: AsyncSession, account: str, openid: str, accepted: int, now: datetime
) -> None:
    """Count `accepted` more notices that may be sent to a person; 0: they want none of those they had accepted.

    Belongs in the transaction that works on the event, so that an event that comes twice counts once.
    """
    for _ in range(accepted):
        await add_grant(session, account, openid, now)
    if not accepted:
        await close_windows(session, account, openid, now, Form.SUBSCRIBE)

"""Use cases: a week's picture is kept and goes to the groups of staff; it is forgotten when nobody looks for it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.digests.rules import DAY, sends_at, spread_of
from handlers.reach.notify import Notice, notify_group, takes_pictures
from handlers.texts import say
from storage.blobs import drop_blobs, lock_blobs, put_blob
from storage.database import Database
from storage.queries.charts import Uncharted, claim_charts, list_old_charts, put_chart
from storage.queries.cycles import list_groups_of
from storage.states import GroupKind, MessageClass
from storage.tables import ChatGroup

KEPT = timedelta(days=30)
CHUNK = 50
_PNG = "image/png"


def is_worth_drawing(digest: Mapping[str, Any]) -> bool:
    """Whether there are two weeks to compare, in one of which something was said."""
    known = [count for count in digest.get("trend", ()) if count is not None]
    return len(known) > 1 and any(known)


async def list_shown_to(
    session: AsyncSession, services: Services, compound_ids: list[int]
) -> dict[int, list[ChatGroup]]:
    """The groups of staff that can be sent a picture, by compound."""
    found: dict[int, list[ChatGroup]] = {}
    for group in await list_groups_of(session, compound_ids, GroupKind.INTERNAL):
        if takes_pictures(services, group):
            found.setdefault(group.compound_id, []).append(group)
    return found


async def send_chart(
    database: Database,
    services: Services,
    entry: Uncharted,
    groups: list[ChatGroup],
    picture: bytes | None,
    now: datetime,
) -> bool:
    """Keep a week's picture and queue it; returns whether this caller was the one. None: it could not be made."""
    week = (entry.compound_id, entry.week)
    async with database.write() as session:
        if not await claim_charts(session, [week], now):
            return False
        if picture is None:
            return False
        address = await put_blob(session, services.sealer, entry.compound_id, picture, _PNG, now)
        await put_chart(session, week, address)
        due_at = datetime.fromisoformat(entry.digest["to"]) + spread_of(entry.code)
        not_before = sends_at(entry.code, due_at, now)
        notice = Notice(
            message_class=MessageClass.DIGEST,
            text=say("digests.chart"),
            dedupe_key=f"cycle:{entry.code}:{entry.week}:chart",
            not_before=not_before,
            expires_at=not_before + DAY,
            picture=(entry.compound_id, address),
        )
        for group in groups:
            await notify_group(session, services, group, notice, now)
    return True


async def forget_charts(database: Database, before: datetime) -> int:
    """Drop the pictures made before then; returns how many. The figures stay."""
    dropped = 0
    while True:
        async with database.write() as session:
            old = await list_old_charts(session, before, CHUNK)
            for compound_id in sorted({week[0] for week, _address in old}):
                await lock_blobs(session, compound_id)
            for week, _address in old:
                await put_chart(session, week, None)
            await drop_blobs(session, [(week[0], address) for week, address in old])
        dropped += len(old)
        if len(old) < CHUNK:
            return dropped

"""Talking to the handlers as the worker does: a row in the inbox, then `receive` in one transaction."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sqlmodel import SQLModel, select

from handlers.context import AccountFacts, Answer, Services
from handlers.inbound import InboundKind
from handlers.people.enrol import CompoundEntry, ContactEntry, PlaceEntry, RegionEntry, enrol_compound
from handlers.receive import Received, receive
from storage.database import Database
from storage.states import ChannelKind, PlaceLevel, RegionLevel, Role, WindowKind, WindowRule
from storage.tables import InboxMessage

NOW = datetime(2026, 3, 12, 4, 0, tzinfo=UTC)  # noon in Shanghai
WINDOW = WindowRule(WindowKind.MESSAGE, 48 * 3600, 5)

ACCOUNTS = {
    "main": AccountFacts(ChannelKind.OFFICIAL_ACCOUNT, "main"),
    "east": AccountFacts(ChannelKind.OFFICIAL_ACCOUNT, "east"),
    "corp": AccountFacts(ChannelKind.WECOM_APP, "corp"),
    "helper": AccountFacts(ChannelKind.AIBOT, "corp"),
    "duty-group": AccountFacts(ChannelKind.GROUP_WEBHOOK, "corp"),
    "archive": AccountFacts(ChannelKind.CHAT_ARCHIVE, "corp"),
}

Table = TypeVar("Table", bound=SQLModel)

REGIONS = (
    RegionEntry(RegionLevel.DISTRICT, "440199", "清平区"),
    RegionEntry(RegionLevel.COMMUNITY, "440199001", "河沿社区"),
)
PLACES = (
    PlaceEntry(PlaceLevel.BUILDING, "3", "3栋", None),
    PlaceEntry(PlaceLevel.ENTRANCE, "3-1", "3栋1单元", "3"),
    PlaceEntry(PlaceLevel.ENTRANCE, "3-2", "3栋2单元", "3"),
    PlaceEntry(PlaceLevel.BUILDING, "12", "12栋", None),
)
CONTACTS = (
    ContactEntry(Role.COMMITTEE, "业委会主任", "欧阳秋实", "13912340001", public=True),
    ContactEntry(Role.PROPERTY, "项目经理", "司马春野", "13912340002", public=False),
)


def compound(code: str = "XH-1", name: str = "新禾苑") -> CompoundEntry:
    return CompoundEntry(code, name, REGIONS, PLACES, CONTACTS if code == "XH-1" else ())


def flat(code: str) -> PlaceEntry:
    """A flat by its code: "3-2-501", or "12-301" in a building without entrances."""
    return PlaceEntry(PlaceLevel.UNIT, code, code, code.rpartition("-")[0])


class Talk:
    """A conversation on one account; the clock moves a second with each batch."""

    def __init__(self, database: Database, services: Services) -> None:
        self.database = database
        self.services = services
        self.now = NOW
        self._count = 0

    async def enrol(self, entry: CompoundEntry) -> int:
        async with self.database.write() as session:
            return await enrol_compound(session, self.services.sealer, entry, self.now)

    def message(
        self,
        sender: str,
        text: str = "",
        kind: InboundKind = InboundKind.TEXT,
        scene: str = "",
        account: str = "main",
        room: str = "",
        quoted: str = "",
    ) -> InboxMessage:
        self._count += 1
        return InboxMessage(
            account=account,
            message_key=f"m:{self._count}",
            kind=kind,
            sender=sender,
            sent_at=self.now,
            text=text,
            scene=scene,
            media_id="media-1" if kind in (InboundKind.IMAGE, InboundKind.VOICE) else "",
            room=room,
            quoted=quoted,
            reply_address="https://platform.example/answer/1" if account == "helper" else "",
            received_at=self.now,
            lease_owner="",
            lease_until=self.now,
        )

    async def batch(self, messages: Sequence[InboxMessage]) -> list[Answer]:
        """Store messages, then work on all of them in one transaction."""
        async with self.database.write() as session:
            session.add_all(messages)
            await session.flush()
            ids = [message.inbox_id for message in messages]
        self.now += timedelta(seconds=1)
        async with self.database.write() as session:
            rows = [await session.get_one(InboxMessage, inbox_id) for inbox_id in ids]
            received = [Received(row, WINDOW, None) for row in rows]
            return await receive(session, self.services, received, self.now)

    async def hear(
        self,
        sender: str,
        text: str = "",
        kind: InboundKind = InboundKind.TEXT,
        scene: str = "",
        account: str = "main",
    ) -> Answer:
        """What one message is answered."""
        [answer] = await self.batch([self.message(sender, text, kind, scene, account)])
        return answer

    async def say(self, sender: str, text: str) -> str:
        """The words that one text is answered with."""
        return (await self.hear(sender, text)).text

    async def bind(self, sender: str, scene: str = "XH-1/3-2") -> str:
        """Let someone follow the account by the code on their wall; they have then been told."""
        return (await self.hear(sender, kind=InboundKind.FOLLOW, scene=scene)).text

    async def rows(self, table: type[Table]) -> list[Table]:
        async with self.database.read() as session:
            by_key = table.__table__.primary_key.columns  # type: ignore[attr-defined]
            return list((await session.exec(select(table).order_by(*by_key))).all())

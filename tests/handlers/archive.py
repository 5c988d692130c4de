"""A compound with a customer group, and pages of the archive as the poller hands them over."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from handlers.context import Services
from handlers.groups.entries import Entry, Revoked, Said
from handlers.groups.listen import Listened, listen
from handlers.groups.members import Member, Synced, sync_members
from handlers.groups.register import GroupEntry, note_told, register_group
from handlers.inbound import InboundKind
from handlers.learning.taggers import Taggers
from nlp.reader import Reader
from storage.database import Database
from storage.inbox import Lease
from storage.queries.groups import find_group
from storage.queries.tree import find_compound
from storage.sealing import Sealer
from storage.states import GroupKind
from storage.tables import ChatGroup
from tests.conftest import COLUMN_KEY, LOOKUP_KEY
from tests.handlers.talk import ACCOUNTS, NOW

ARCHIVE, PEOPLE = "archive", "corp"
ROOM = "wrVcDaCwAA7TgGvxHyNpz0o1Qm2"
STAFF = "wangjing"
SEALER = Sealer([COLUMN_KEY], LOOKUP_KEY)
BEFORE = NOW - timedelta(days=30)
_TAGGERS = Taggers(Reader.load())  # read here: what is asked for on the loop must not read files


def services() -> Services:
    """What the archive needs of the application."""
    return Services(_TAGGERS, SEALER, 180, {}, accounts=ACCOUNTS)


def external(name: str) -> str:
    return f"wm{name}".ljust(32, "x")


ZHAO, QIAN, SUN = external("Zhao"), external("Qian"), external("Sun")
MEMBERS = (
    Member(STAFF, True, "", BEFORE),
    Member(ZHAO, False, "", BEFORE),
    Member(QIAN, False, "", BEFORE),
)


class Group:
    """A registered group of XH-1 and its archive; `seq` counts up."""

    def __init__(self, database: Database, services: Services) -> None:
        self.database = database
        self.services = services
        self.now = NOW
        self._seq = 0

    async def register(self, room: str = ROOM, name: str = "3栋业主群", **also: str | bool) -> ChatGroup:
        async with self.database.write() as session:
            compound = await find_compound(session, "XH-1")
            assert compound is not None
            entry = GroupEntry(ARCHIVE, room, GroupKind.CUSTOMER, name, speaks_through=PEOPLE, owner=STAFF)
            welcomes = bool(also.get("welcomes"))
            if welcomes:
                entry = GroupEntry(ARCHIVE, room, GroupKind.CUSTOMER, name, welcomes=True)
            return await register_group(session, compound, entry, self.now)

    async def sync(self, members: Sequence[Member] = MEMBERS, room: str = ROOM) -> Synced:
        async with self.database.write() as session:
            group = await find_group(session, ARCHIVE, room)
            assert group is not None
            return await sync_members(session, SEALER, group, PEOPLE, members, self.now)

    async def tell(self, room: str = ROOM) -> int:
        async with self.database.write() as session:
            group = await find_group(session, ARCHIVE, room)
            assert group is not None
            return await note_told(session, group, PEOPLE, self.now)

    async def open(self) -> None:
        """Registered, synced and told, an hour ago."""
        self.now -= timedelta(hours=1)
        await self.register()
        await self.sync()
        await self.tell()
        self.now += timedelta(hours=1)

    def said(
        self,
        text: str,
        sender: str = ZHAO,
        room: str = ROOM,
        key: str = "",
        kind: InboundKind | None = InboundKind.TEXT,
        at: datetime | None = None,
    ) -> Said:
        self._seq += 1
        return Said(self._seq, key or f"a:{self._seq}", room, sender, at or self.now, kind, text)

    def revoked(self, key: str, room: str = ROOM) -> Revoked:
        self._seq += 1
        return Revoked(self._seq, key, room)

    async def hear(self, *entries: Entry) -> Listened:
        async with self.database.write() as session:
            lease = Lease("replica-a", self.now, self.now + timedelta(seconds=10))
            return await listen(
                session, self.services, account=ARCHIVE, people=PEOPLE, entries=entries, lease=lease
            )

    async def counts(self, *entries: Entry) -> Counter[str]:
        return +(await self.hear(*entries)).counts

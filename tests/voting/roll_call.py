"""A vote from its notice on, with people on WeChat who are bound to its owners, and what they are sent."""

from datetime import datetime, timedelta

from sqlmodel import col, select, update

from handlers.context import AccountFacts, Services
from handlers.voting.outreach import advance_outreach
from storage.database import Database
from storage.queries.tree import find_compound
from storage.send_windows import open_windows
from storage.states import (
    BindingState,
    ChannelKind,
    GroupKind,
    OutboxState,
    VoteState,
    WindowKind,
    WindowRule,
)
from storage.tables import (
    ChannelIdentity,
    ChatGroup,
    OutboxMessage,
    OwnerBinding,
    Person,
    Residency,
    Vote,
)
from tests.voting.assembly import NUMBER, assemble
from tests.voting.test_whole_life import CLOSES, DRAFTED, Life
from tests.voting.votes import at

ACCOUNTS = {
    "main": AccountFacts(ChannelKind.OFFICIAL_ACCOUNT, "main"),
    "corp": AccountFacts(ChannelKind.WECOM_APP, "corp"),
    "helper": AccountFacts(ChannelKind.AIBOT, "corp"),
    "duty-group": AccountFacts(ChannelKind.GROUP_WEBHOOK, "corp"),
    "archive": AccountFacts(ChannelKind.CHAT_ARCHIVE, "corp"),
}
URL = "https://yishi.example.org"
OWNERS = {"3-101": [1], "3-102": [2], "3-103": [3], "5-101": [4, 5], "5-102": [6], "5-103": [7]}
DAYS = (3, 1)
_LONG = WindowRule(WindowKind.MESSAGE, 90 * 24 * 3600, 50)


class RollCall:
    """A vote that was noticed, and what is told of it."""

    def __init__(self, life: Life, services: Services) -> None:
        self.life = life
        self.services = services
        self.database = life.database
        self.compound_id = life.assembly.compound_id

    @property
    def key(self) -> tuple[int, int]:
        return self.compound_id, self.life.number

    async def person(self, openid: str, *, lives: bool = False) -> int:
        """Somebody who follows the service account and may be written to."""
        async with self.database.write() as session:
            person = Person(created_at=DRAFTED)
            session.add(person)
            await session.flush()
            assert person.person_id is not None
            session.add(
                ChannelIdentity(
                    account="main", external_id=openid, person_id=person.person_id, first_seen_at=DRAFTED
                )
            )
            if lives:
                session.add(
                    Residency(compound_id=self.compound_id, person_id=person.person_id, bound_at=DRAFTED)
                )
            await open_windows(session, {("main", openid, _LONG)}, DRAFTED)
        return person.person_id

    async def owner(self, number: int, person_id: int | None = None) -> int:
        """Somebody bound to an owner; the same one again when they are given."""
        person_id = person_id or await self.person(f"o-{number}")
        async with self.database.write() as session:
            session.add(
                OwnerBinding(
                    compound_id=self.compound_id,
                    binding_number=number,
                    owner_number=number,
                    person_id=person_id,
                    state=BindingState.BOUND,
                    possession="code",
                    possession_at=DRAFTED,
                    knowledge="document",
                    bound_at=DRAFTED,
                )
            )
        return person_id

    async def groups(self) -> None:
        """A customer group and the staff's own."""
        rows = [
            ("archive", "wr-1", GroupKind.CUSTOMER, "邻里群", "corp", "li"),
            ("helper", "staff-chat", GroupKind.INTERNAL, "工作群", "duty-group", ""),
        ]
        async with self.database.write() as session:
            for account, room, kind, name, speaks_through, owner in rows:
                session.add(
                    ChatGroup(
                        compound_id=self.compound_id,
                        account=account,
                        room=room,
                        kind=kind,
                        name=name,
                        speaks_through=speaks_through,
                        owner=owner,
                        registered_at=DRAFTED,
                    )
                )

    async def tell(self, now: datetime) -> int:
        return await advance_outreach(self.database, self.services, DAYS, now)

    async def sent(self, *states: OutboxState) -> list[OutboxMessage]:
        """What is queued, or in one of these states, in its order."""
        async with self.database.read() as session:
            statement = select(OutboxMessage).order_by(col(OutboxMessage.outbox_id))
            found = list(await session.exec(statement))
        return [row for row in found if not states or row.state in states]

    async def goes_out(self, now: datetime) -> None:
        """The platform takes all that waits."""
        async with self.database.write() as session:
            await session.exec(
                update(OutboxMessage)
                .where(col(OutboxMessage.state) == OutboxState.PENDING)
                .values(state=OutboxState.SENT, done_at=now)
            )

    async def opens(self) -> datetime:
        """The clock opens the vote, and what that tells has gone out; returns the time."""
        now = at(20)
        await self.life.advance(now)
        await self.tell(now)
        await self.goes_out(now)
        return now


async def call(database: Database, services: Services) -> RollCall:
    """A compound with six owners of six flats, two of them of one flat, and a draft."""
    assembly = await assemble(database, OWNERS)
    async with database.read() as session:
        compound = await find_compound(session, "XH-1")
    assert compound is not None
    async with database.write() as session:  # the votes of these tests are the second and later
        first = await session.get_one(Vote, (assembly.compound_id, NUMBER))
        first.state = VoteState.REVOKED
    life = Life(database, assembly, compound)
    return RollCall(life, services)


LAST_3, LAST_1 = CLOSES - timedelta(days=3), CLOSES - timedelta(days=1)

"""A compound with owners who have documents, residents on WeChat, and operators, in a real database."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import AccountFacts, Services
from handlers.identity.bind import Claim, Said, claim_owner
from handlers.identity.codes import issue_codes
from handlers.learning.taggers import Taggers
from handlers.roll.sealed import seal_owner
from handlers.voting.terms import area_of
from storage.database import Database
from storage.queries.people import get_or_add_identities
from storage.sealing import Sealer
from storage.states import BindingState, Capacity, ChannelKind, OwnerKind
from storage.tables import (
    Compound,
    OutboxMessage,
    OwnerBinding,
    Person,
    RollOwner,
    RollTitle,
    RollUnit,
)
from tests.conftest import COLUMN_KEY, LOOKUP_KEY

SEALER = Sealer([COLUMN_KEY], LOOKUP_KEY)
NOW = datetime(2026, 5, 1, 4, 0, tzinfo=UTC)
FLAT, PAIR, CHILD, SHOP, OTHER = "1-1-101", "1-1-102", "1-1-103", "S-1", "1-1-104"
ZHANG, LI, WANG, KID, FIRM, ZHAO = 1, 2, 3, 4, 5, 6
TAILS = {ZHANG: "11001X", LI: "220022", WANG: "330033", KID: "440044", ZHAO: "660066"}
NAMES = {ZHANG: "张三丰", LI: "李四", WANG: "王五", KID: "赵小小", FIRM: "四季贸易有限公司", ZHAO: "赵大"}
PHONES = {ZHANG: "13900000001"}
# Two co-owners; Zhao owns a flat and is the child's mother.
TITLES = {FLAT: [ZHANG], PAIR: [LI, WANG], CHILD: [KID], SHOP: [FIRM], OTHER: [ZHAO]}
# What these use cases never ask.
SERVICES = Services(
    cast(Taggers, None),
    SEALER,
    180,
    {"main": "XH-1"},
    accounts={"main": AccountFacts(ChannelKind.OFFICIAL_ACCOUNT, "main")},
    public_url="https://yishi.example.org",
)
_T = TypeVar("_T")


@dataclass
class World:
    """The compound, and what is done there; each step is one transaction."""

    database: Database
    compound: Compound
    secretary: int
    worker: int
    people: dict[str, int] = field(default_factory=dict)

    @property
    def compound_id(self) -> int:
        assert self.compound.compound_id is not None
        return self.compound.compound_id

    async def do(self, use_case: Callable[..., Awaitable[_T]], *arguments: Any, **more: Any) -> _T:
        """use_case(session, services, compound, *arguments)."""
        async with self.database.write() as session:
            return await use_case(session, SERVICES, self.compound, *arguments, **more)

    async def read(self, query: Callable[..., Awaitable[_T]], *arguments: Any, **more: Any) -> _T:
        async with self.database.read() as session:
            return await query(session, *arguments, **more)

    async def resident(self, who: str) -> int:
        """Somebody who follows the service account."""
        if who not in self.people:
            async with self.database.write() as session:
                [identity] = (await get_or_add_identities(session, [("main", f"o-{who}")], NOW)).values()
                identity.following = True
                self.people[who] = identity.person_id
        return self.people[who]

    async def code(self, unit_code: str = FLAT, now: datetime = NOW) -> str:
        async with self.database.write() as session:
            [slip] = await issue_codes(
                session, SEALER, self.compound_id, [unit_code], now, actor_id=self.secretary
            )
        return slip.code

    async def claim(self, who: str, unit_code: str, code: str, now: datetime = NOW, **more: Any) -> Said:
        claim = Claim(unit_code, code, **more)
        return await self.do(claim_owner, await self.resident(who), claim, now)

    async def bind(self, who: str, unit_code: str, owner: int, now: datetime = NOW) -> OwnerBinding:
        """Somebody proves to be an owner by code and document."""
        code = await self.code(unit_code, now)
        assert await self.claim(who, unit_code, code, now, tail=TAILS[owner]) is Said.BOUND
        return (await self.bindings(who))[-1]

    async def ask(
        self, who: str, unit_code: str, owner: int, capacity: Capacity = Capacity.OWNER
    ) -> OwnerBinding:
        """Somebody asks two operators to look at their papers."""
        code = await self.code(unit_code)
        said = await self.claim(who, unit_code, code, name=NAMES[owner], capacity=capacity)
        assert said is Said.ASKED
        return (await self.bindings(who))[-1]

    async def bindings(self, who: str) -> list[OwnerBinding]:
        person_id = await self.resident(who)
        return await self.rows(
            select(OwnerBinding)
            .where(OwnerBinding.person_id == person_id)
            .order_by(col(OwnerBinding.binding_number))
        )

    async def states(self, who: str) -> list[BindingState]:
        return [each.state for each in await self.bindings(who)]

    async def rows(self, statement: Any) -> list[Any]:
        async with self.database.read() as session:
            return list(await session.exec(statement))

    async def told(self, who: str) -> list[str]:
        """What is on its way to somebody, the oldest first."""
        statement = (
            select(OutboxMessage.text)
            .where(OutboxMessage.recipient == f"o-{who}")
            .order_by(col(OutboxMessage.outbox_id))
        )
        return await self.rows(statement)


async def found(database: Database) -> World:
    """The compound, its roll, a secretary and a worker."""
    async with database.write() as session:
        compound = Compound(code="XH-1", name="四季园")
        operators = [Person(created_at=NOW), Person(created_at=NOW)]
        session.add_all([compound, *operators])
        await session.flush()
        assert compound.compound_id is not None
        await add_roll(session, compound.compound_id, SEALER)
        secretary, worker = (each.person_id for each in operators)
    assert secretary is not None
    assert worker is not None
    return World(database, compound, secretary, worker)


async def add_roll(session: AsyncSession, compound_id: int, sealer: Sealer) -> None:
    """The owners, units and titles of TITLES; every unit has 100 square metres."""
    rows: list[SQLModel] = [
        RollOwner(
            compound_id=compound_id,
            owner_number=number,
            kind=OwnerKind.COMPANY if number == FIRM else OwnerKind.PERSON,
            minor=number == KID,
            entered_at=NOW,
            **seal_owner(
                sealer,
                NAMES[number],
                f"440106199001{TAILS[number]}" if number in TAILS else "91440101MA5TEST01X",
                PHONES.get(number, ""),
                is_person=number != FIRM,
            ),
        )
        for number in NAMES
    ]
    for code in TITLES:
        parts = code.split("-")
        rows.append(
            RollUnit(
                compound_id=compound_id,
                unit_code=code,
                building="1",
                entrance="1" if len(parts) > 2 else "",
                room=parts[-1],
                area_register=area_of("100"),
                entered_at=NOW,
            )
        )
    session.add_all(rows)
    await session.flush()
    session.add_all(
        RollTitle(compound_id=compound_id, unit_code=code, owner_number=number, since=NOW)
        for code, owners in TITLES.items()
        for number in owners
    )
    await session.flush()

"""A city of compounds with groups, readers and opinions, for the tests of the weekly collection."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import col, insert, select

from handlers.context import AccountFacts, Services
from handlers.learning.taggers import Taggers
from handlers.people.enrol import CompoundEntry, RegionEntry, enrol_compound
from nlp.reader import Reader
from storage.database import Database
from storage.queries.people import put_role
from storage.sealing import Sealer
from storage.states import ChannelKind, GroupKind, OpinionState, Role, RoleSource
from storage.tables import ChannelIdentity, ChatGroup, Compound, Opinion, OutboxMessage, Person

ACCOUNTS = {
    "main": AccountFacts(ChannelKind.OFFICIAL_ACCOUNT, "main"),
    "corp": AccountFacts(ChannelKind.WECOM_APP, "corp"),
    "duty-group": AccountFacts(ChannelKind.GROUP_WEBHOOK, "corp"),
}
REGIONS = {"precinct": "510100-P", "community": "510100-C", "district": "510100"}


def city_services(tagger: Reader, sealer: Sealer, public_url: str = "") -> Services:
    return Services(Taggers(tagger), sealer, 180, {}, accounts=ACCOUNTS, public_url=public_url)


class City:
    """Compounds of one community; each has a group of staff and a group of residents."""

    def __init__(self, database: Database, services: Services, now: datetime) -> None:
        self.database = database
        self.services = services
        self.now = now
        self.compounds: dict[str, Compound] = {}

    def id_of(self, code: str) -> int:
        compound_id = self.compounds[code].compound_id
        assert compound_id is not None
        return compound_id

    async def enrol(
        self,
        codes: Sequence[str],
        regions: tuple[RegionEntry, ...] = (),
        kinds: Sequence[GroupKind] = (GroupKind.INTERNAL, GroupKind.CUSTOMER),
    ) -> None:
        async with self.database.write() as session:
            for code in codes:
                entry = CompoundEntry(code, f"{code}号院", regions, (), ())
                compound_id = await enrol_compound(session, self.services.sealer, entry, self.now)
                for kind in kinds:
                    internal = kind is GroupKind.INTERNAL
                    session.add(
                        ChatGroup(
                            compound_id=compound_id,
                            account="helper" if internal else "archive",
                            room=f"{kind}-{code}",
                            kind=kind,
                            name="群",
                            speaks_through="duty-group" if internal else "corp",
                            owner="" if internal else "staff-1",
                            registered_at=self.now,
                        )
                    )
            for compound in (await session.exec(select(Compound))).all():
                self.compounds[compound.code] = compound

    async def person(
        self, name: str, account: str = "corp", *, refused: bool = False, opted_out: bool = False
    ) -> int:
        async with self.database.write() as session:
            person = Person(created_at=self.now)
            session.add(person)
            await session.flush()
            assert person.person_id is not None
            session.add(
                ChannelIdentity(
                    account=account,
                    external_id=name,
                    person_id=person.person_id,
                    first_seen_at=self.now,
                    refused_at=self.now if refused else None,
                    opted_out_at=self.now if opted_out else None,
                )
            )
            return person.person_id

    async def grant(self, person_id: int, role: Role, scope_code: str, title: str = "") -> None:
        async with self.database.write() as session:
            await put_role(session, person_id, role, scope_code, title, False, RoleSource.STAFF, self.now)

    async def file(self, opinions: Sequence[dict[str, Any]]) -> None:
        """Opinions as rows, in one statement; said when they are filed."""
        rows = [
            {
                "inbox_id": values["number"],
                "said_at": values["filed_at"],
                "text": None,
                "categories": [],
                "hits": [],
                "urgency": 2,
                "lexicon_version": "test",
                "state": OpinionState.FILED,
                "person_id": None,
                "building": None,
                "group_id": None,
                "home_code": None,
                "matter_number": None,
                **values,
            }
            for values in opinions
        ]
        async with self.database.write() as session:
            for start in range(0, len(rows), 500):
                await session.exec(insert(Opinion), params=rows[start : start + 500])

    async def outbox(self) -> list[OutboxMessage]:
        async with self.database.read() as session:
            statement = select(OutboxMessage).order_by(col(OutboxMessage.outbox_id))
            return list((await session.exec(statement)).all())


class Killed(BaseException):
    """A process ends wherever it is; no handler catches that."""


class Dying(Mapping[str, AccountFacts]):
    """The accounts of a replica that is killed at the `after`-th look at them, in the middle of a transaction."""

    def __init__(self, after: int) -> None:
        self._left = after

    def __getitem__(self, account: str) -> AccountFacts:
        self._left -= 1
        if self._left < 0:
            raise Killed
        return ACCOUNTS[account]

    def __iter__(self) -> Iterator[str]:
        return iter(ACCOUNTS)

    def __len__(self) -> int:
        return len(ACCOUNTS)

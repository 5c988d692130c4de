"""What the staff of the story do about a vote: the use cases behind their pages, each in a transaction of its own."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.app import open_sealer, open_signer
from bot.cli.world import World
from bot.playground import sample_roll
from bot.playground.cast import COMPOUND_CODE
from bot.playground.cast_corp import CORP_ACCOUNT
from bot.playground.wecom.corp import Member
from handlers.identity.codes import Slip, issue_codes
from handlers.identity.register import Proxy, confirm_registration, enter_proxy
from handlers.roll.import_roll import Imported, import_roll, read_roll, settle_columns
from handlers.roll.rules import Wishes
from handlers.roll.sheet import read_book
from handlers.voting.bundle import SEALED, write_bundle
from handlers.voting.checking import lint_vote, record_checked
from handlers.voting.count import publish_vote, tally_vote
from handlers.voting.draft import Changes, create_vote, edit_vote
from handlers.voting.entry import enter_paper
from handlers.voting.export import export_vote
from handlers.voting.jurisdictions import load_profile
from handlers.voting.lint import Finding
from handlers.voting.notice import notice_vote
from handlers.voting.paper_rules import Entry
from handlers.voting.papers import print_papers
from handlers.voting.reception import count_batch, receive_papers
from handlers.voting.signing import Signer
from handlers.voting.turnout import Turnout, load_turnout
from storage.queries.tree import find_compound
from storage.queries.votes import find_vote
from storage.sealing import Sealer
from storage.tables import BallotPaper, ChannelIdentity, Compound, RollTitle, Vote

_AT_ONCE = 40  # papers in one transaction


class Office:
    """The office of the sample compound. `number`: of the vote, once there is one."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._database = world.application.database
        self.number = 0

    @property
    def _sealer(self) -> Sealer:
        return open_sealer(self._world.application.settings)

    @property
    def _signer(self) -> Signer:
        signer = open_signer(self._world.application.settings)
        assert signer is not None
        return signer

    @property
    def _now(self) -> datetime:
        return self._world.clock()

    async def person(self, account: str, external_id: str) -> int:
        """Who somebody is in the database."""
        async with self._database.read() as session:
            found = select(ChannelIdentity.person_id).where(
                ChannelIdentity.account == account, ChannelIdentity.external_id == external_id
            )
            return (await session.exec(found)).one()

    async def _by(self, member: Member) -> int:
        return await self.person(CORP_ACCOUNT, member.userid)

    async def import_roll(self) -> Imported:
        """The sheet that somebody keeps, all or nothing."""
        content = await asyncio.to_thread(sample_roll.sheet)
        source = settle_columns(read_book(content), {}, sha256(content).hexdigest())
        wishes = Wishes((sample_roll.DEVELOPER,))
        async with self._database.write() as session:
            compound = await _compound(session)
            assert compound.compound_id is not None
            rows = await read_roll(session, compound.compound_id, source, wishes, self._now)
            return await import_roll(session, self._sealer, compound, source, rows, wishes, self._now)

    async def draft(self, by: Member, template: str, values: dict[str, str], changes: Changes) -> None:
        """A draft from a template, filled in."""
        actor_id = await self._by(by)
        async with self._database.write() as session:
            compound = await _compound(session)
            vote = await create_vote(session, compound, actor_id, template, "national", self._now, values)
            self.number = vote.vote_number
            await edit_vote(session, compound, self.number, changes, self._now, actor_id=actor_id)

    async def lint(self, by: Member) -> list[Finding]:
        """What is wrong with the draft."""
        actor_id = await self._by(by)
        async with self._database.write() as session:
            compound = await _compound(session)
            return await lint_vote(session, compound, self.number, self._now, actor_id=actor_id)

    async def look_up_rules(self, by: Member) -> None:
        """Say that the rules for which there is no source were looked up."""
        actor_id = await self._by(by)
        unsourced = [name for name, key in load_profile("national").keys.items() if not key.source]
        async with self._database.write() as session:
            compound = await _compound(session)
            await record_checked(session, compound, self.number, unsourced, self._now, actor_id=actor_id)

    async def announce(self, by: Member) -> Vote:
        """The notice: roll and rules are frozen."""
        actor_id = await self._by(by)
        async with self._database.write() as session:
            compound = await _compound(session)
            return await notice_vote(
                session, self._signer, compound, self.number, self._now, actor_id=actor_id
            )

    async def hand_out_codes(self, by: Member, units: Sequence[str]) -> list[Slip]:
        """A one-time code for each unit, on slips of paper."""
        actor_id = await self._by(by)
        async with self._database.write() as session:
            compound = await _compound(session)
            assert compound.compound_id is not None
            return await issue_codes(
                session, self._sealer, compound.compound_id, units, self._now, actor_id=actor_id
            )

    async def register_proxy(self, first: Member, second: Member, unit: str, proxy: Proxy) -> None:
        """An owner's letter that somebody else votes for them this time: one enters it, another confirms."""
        services = self._world.application.services
        assert services is not None
        first_id, second_id = await self._by(first), await self._by(second)
        async with self._database.write() as session:
            compound = await _compound(session)
            owner = (
                await session.exec(select(RollTitle.owner_number).where(RollTitle.unit_code == unit))
            ).one()
            entered = await enter_proxy(
                session,
                services,
                compound,
                self.number,
                owner,
                proxy,
                "委托书第1号",
                self._now,
                actor_id=first_id,
            )
            await confirm_registration(
                session, services, compound, entered.number, self._now, actor_id=second_id
            )

    async def print_papers(self, by: Member) -> list[BallotPaper]:
        """A paper for every owner."""
        actor_id = await self._by(by)
        async with self._database.write() as session:
            compound = await _compound(session)
            return await print_papers(session, compound, self.number, self._now, actor_id=actor_id)

    async def open_box(self, first: Member, second: Member, box: str, serials: Sequence[str]) -> None:
        """Two count what is in a box before the close, and sign; then the serials are scanned."""
        people = await self._by(first), await self._by(second)
        async with self._database.write() as session:
            compound = await _compound(session)
            for actor_id in people:
                await count_batch(
                    session,
                    self._sealer,
                    compound,
                    self.number,
                    box,
                    len(serials),
                    self._now,
                    actor_id=actor_id,
                )
        async with self._database.write() as session:
            compound = await _compound(session)
            await receive_papers(
                session,
                self._sealer,
                compound,
                self.number,
                serials,
                self._now,
                actor_id=people[0],
                batch=box,
            )

    async def key_in(self, by: Member, papers: Sequence[tuple[str, Entry]]) -> None:
        """Somebody types what papers say, without seeing what another typed."""
        actor_id = await self._by(by)
        for start in range(0, len(papers), _AT_ONCE):
            async with self._database.write() as session:
                compound = await _compound(session)
                for serial, entry in papers[start : start + _AT_ONCE]:
                    await enter_paper(
                        session,
                        self._sealer,
                        compound,
                        self.number,
                        serial,
                        entry,
                        self._now,
                        actor_id=actor_id,
                    )

    async def turnout(self) -> Turnout:
        """How many have voted."""
        async with self._database.read() as session:
            return await load_turnout(session, await self.vote())

    async def count(self, by: Member) -> None:
        """The tally."""
        actor_id = await self._by(by)
        async with self._database.write() as session:
            compound = await _compound(session)
            await tally_vote(
                session, self._sealer, self._signer, compound, self.number, self._now, actor_id=actor_id
            )

    async def publish(self, by: Member) -> None:
        """The result, for everybody to see."""
        actor_id = await self._by(by)
        async with self._database.write() as session:
            compound = await _compound(session)
            await publish_vote(session, compound, self.number, self._now, actor_id=actor_id)

    async def evidence(self, by: Member) -> bytes:
        """What scrutineers take home."""
        actor_id = await self._by(by)
        async with self._database.write() as session:
            compound = await _compound(session)
            bundle = await export_vote(
                session,
                self._sealer,
                self._signer,
                compound,
                self.number,
                SEALED,
                self._now,
                actor_id=actor_id,
            )
        return await asyncio.to_thread(write_bundle, bundle)

    async def vote(self) -> Vote:
        """As it stands."""
        async with self._database.read() as session:
            compound = await _compound(session)
            assert compound.compound_id is not None
            vote = await find_vote(session, compound.compound_id, self.number)
            assert vote is not None
            return vote


async def _compound(session: AsyncSession) -> Compound:
    compound = await find_compound(session, COMPOUND_CODE)
    assert compound is not None
    return compound

"""Ballot papers of an assembly, and the people who handle them, each step a transaction of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import select

from handlers.voting.entry import Keyed, decide_paper, enter_paper
from handlers.voting.log import seal_all
from handlers.voting.paper_rules import Entry, PaperCode, PaperRefused
from handlers.voting.papers import print_papers, void_paper
from handlers.voting.reception import Received, count_batch, receive_papers
from handlers.voting.terms import AGREE, Choice
from storage.database import Database
from storage.queries.tree import find_compound
from storage.queries.vote_log import list_log
from storage.tables import Ballot, BallotPaper, BallotSlot, Compound, PaperBatch, Person, VoteLeaf
from tests.voting.assembly import DAY_21, NUMBER, OPENS, SEALER, SIGNER, Assembly, assemble

PEOPLE = ("ann", "bob", "cem")


@dataclass
class Box:
    """An assembly with papers. serials: by unit; people: person ids by name."""

    database: Database
    assembly: Assembly
    compound: Compound
    people: dict[str, int]
    serials: dict[str, str] = field(default_factory=dict)

    async def do(self, use_case: Any, *arguments: Any, **more: Any) -> Any:
        async with self.database.write() as session:
            return await use_case(session, *arguments, **more)

    async def print(self, now: datetime = OPENS, by: str = "ann", building: str | None = None) -> list[str]:
        papers: list[BallotPaper] = await self.do(
            print_papers, self.compound, NUMBER, now, actor_id=self.people[by], building=building
        )
        units = {key: unit for unit, key in self.assembly.owners.items()}
        self.serials |= {units[paper.owner_key]: paper.serial for paper in papers}
        return [paper.serial for paper in papers]

    async def receive(
        self, *units: str, now: datetime = DAY_21, by: str = "ann", batch: str = ""
    ) -> list[Received]:
        serials = [self.serials.get(unit, unit) for unit in units]
        done: list[Received] = await self.do(
            *(receive_papers, SEALER, self.compound, NUMBER, serials, now),
            actor_id=self.people[by],
            batch=batch,
        )
        return done

    async def count(self, batch: str, papers: int, by: str, now: datetime = DAY_21) -> PaperBatch:
        box: PaperBatch = await self.do(
            count_batch, SEALER, self.compound, NUMBER, batch, papers, now, actor_id=self.people[by]
        )
        return box

    async def enter(
        self, unit: str, by: str, choice: Choice = AGREE, now: datetime = DAY_21, **more: Any
    ) -> Keyed:
        return await self._key(enter_paper, unit, by, {"q1": choice}, now, **more)

    async def decide(
        self, unit: str, by: str, choice: Choice = AGREE, now: datetime = DAY_21, **more: Any
    ) -> Keyed:
        return await self._key(decide_paper, unit, by, {"q1": choice}, now, **more)

    async def _key(
        self, what: Any, unit: str, by: str, marks: Mapping[str, Choice], now: datetime, **more: Any
    ) -> Keyed:
        keyed: Keyed = await self.do(
            *(what, SEALER, self.compound, NUMBER, self.serials.get(unit, unit), Entry(marks, **more), now),
            actor_id=self.people[by],
        )
        return keyed

    async def void(self, unit: str, by: str, reason: str = "copy", now: datetime = DAY_21) -> BallotPaper:
        paper: BallotPaper = await self.do(
            *(void_paper, SEALER, self.compound, NUMBER, self.serials.get(unit, unit), reason, now),
            actor_id=self.people[by],
        )
        return paper

    async def paper(self, unit: str) -> BallotPaper:
        async with self.database.read() as session:
            key = (self.assembly.compound_id, self.serials.get(unit, unit))
            return await session.get_one(BallotPaper, key)

    async def slot(self, unit: str) -> BallotSlot:
        async with self.database.read() as session:
            return await session.get_one(BallotSlot, (self.assembly.compound_id, NUMBER, unit))

    async def ballots(self) -> Sequence[Ballot]:
        async with self.database.read() as session:
            return (await session.exec(select(Ballot))).all()

    async def log(self) -> list[VoteLeaf]:
        """All leaves, sealed."""
        await seal_all(self.database, SIGNER, DAY_21)
        async with self.database.read() as session:
            return await list_log(session, self.assembly.compound_id, NUMBER)


async def box_of(
    database: Database, owners_of: Mapping[str, Sequence[int]], *arguments: Any, **more: Any
) -> Box:
    """An assembly whose papers are printed."""
    assembly = await assemble(database, owners_of, *arguments, **more)
    async with database.write() as session:
        compound = await find_compound(session, "XH-1")
        assert compound is not None
        people = {}
        for name in PEOPLE:
            person = Person(created_at=OPENS)
            session.add(person)
            await session.flush()
            assert person.person_id is not None
            people[name] = person.person_id
    box = Box(database, assembly, compound, people)
    await box.print()
    return box


async def refused(doing: Any) -> PaperCode:
    """The code with which something is refused."""
    try:
        await doing
    except PaperRefused as error:
        return error.code
    raise AssertionError("it was done")

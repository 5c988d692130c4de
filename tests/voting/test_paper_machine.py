"""Whatever is done to a paper, in whatever order, by whomever, at once or again: it is one ballot or none, and no lost
one."""

import asyncio
import json
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlmodel import select

from handlers.voting.cast import MARKS_CONTEXT, NoBallot
from handlers.voting.marks import read_marks
from handlers.voting.paper_rules import PaperRefused
from handlers.voting.terms import AGAINST, AGREE
from storage.database import Database
from storage.migrate import upgrade
from storage.queries.papers import IN_THE_BOX
from storage.states import PaperState
from storage.tables import Ballot, BallotPaper, BallotSlot, VoteLeaf
from tests.voting.assembly import NUMBER, SEALER, cast
from tests.voting.box import PEOPLE, Box, box_of
from tests.voting.votes import at

UNITS = 200
_WHO = st.sampled_from(PEOPLE)
_CHOICE = st.sampled_from([AGREE, AGAINST])
_WHEN = st.sampled_from([at(19), at(22), at(23), at(28)])
_STEP = st.one_of(
    st.tuples(st.just("receive"), _WHO, st.sampled_from(["", "1"]), _WHEN),
    st.tuples(st.just("enter"), _WHO, _CHOICE),
    st.tuples(st.just("enter"), _WHO, _CHOICE),
    st.tuples(st.just("decide"), _WHO, _CHOICE),
    st.tuples(st.just("void"), _WHO),
    st.tuples(st.just("online"), _CHOICE),
)


class House:
    """A box with many owners, so that each example has one of its own; two replicas, on a loop of their own."""

    def __init__(self, url: str) -> None:
        self.runner = asyncio.Runner()
        self.replicas = [Database(url), Database(url)]
        self.box = self.runner.run(self._prepare())
        self.units = iter(self.box.serials)
        self.tried = 0

    async def _prepare(self) -> Box:
        if self.replicas[0].is_sqlite:
            await upgrade(self.replicas[0])
        box = await box_of(self.replicas[0], {f"3-{number}": [number] for number in range(UNITS)})
        await box.count("1", UNITS, "ann")
        await box.count("1", UNITS, "bob")
        return box

    def close(self) -> None:
        for database in self.replicas:
            self.runner.run(database.close())
        self.runner.close()


def machine_of(house: House) -> type[RuleBasedStateMachine]:
    """One paper."""

    class Paper(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.unit = next(house.units)
            self.read: dict[str, set[str]] = {AGREE: set(), AGAINST: set()}  # who ever said what it says
            self.was_taken = False

        @rule(steps=st.lists(_STEP, min_size=1, max_size=3))
        def at_once(self, steps: list[tuple[Any, ...]]) -> None:
            async def all_of_them() -> None:
                await asyncio.gather(
                    *(self._do(house.replicas[place % 2], step) for place, step in enumerate(steps))
                )

            house.runner.run(all_of_them())

        async def _do(self, database: Database, step: tuple[Any, ...]) -> None:
            box = Box(database, house.box.assembly, house.box.compound, house.box.people, house.box.serials)
            house.tried += 1
            what, *how = step
            with suppress(PaperRefused, NoBallot):
                await self._step(box, what, *how)

        def _step(self, box: Box, what: str, *how: Any) -> Coroutine[Any, Any, None]:
            steps: dict[str, Any] = {
                "receive": self._receive,
                "enter": self._enter,
                "decide": self._decide,
                "void": self._void,
                "online": self._online,
            }
            done: Coroutine[Any, Any, None] = steps[what](box, *how)
            return done

        async def _receive(self, box: Box, who: str, batch: str, when: Any) -> None:
            (answer,) = await box.receive(self.unit, by=who, batch=batch, now=when)
            self.was_taken |= answer.refused is None

        async def _enter(self, box: Box, who: str, choice: str) -> None:
            self.read[choice].add(who)
            await box.enter(self.unit, who, choice, now=at(24))

        async def _decide(self, box: Box, who: str, choice: str) -> None:
            self.read[choice].add(who)
            await box.decide(self.unit, who, choice, now=at(24))

        async def _void(self, box: Box, who: str) -> None:
            await box.void(self.unit, who, now=at(24))

        async def _online(self, box: Box, choice: str) -> None:
            key = f"{self.unit}:{choice}"
            await cast(box.database, box.assembly.order(self.unit, choice, key=key, cast_at=at(24)))

        async def _look(
            self,
        ) -> tuple[BallotPaper, list[Ballot], list[Ballot], BallotSlot | None, list[dict[str, Any]]]:
            serial, assembly = house.box.serials[self.unit], house.box.assembly
            async with house.replicas[1].read() as session:
                paper = await session.get_one(BallotPaper, (assembly.compound_id, serial))
                mine = Ballot.owner_key == assembly.owners[self.unit]
                ballots = list(await session.exec(select(Ballot).where(mine)))
                slot = await session.get(BallotSlot, (assembly.compound_id, NUMBER, self.unit))
                leaves = await session.exec(select(VoteLeaf.entry))
                told = [json.loads(entry) for entry in leaves if serial in entry]
            made = [ballot for ballot in ballots if ballot.serial == serial]
            return paper, ballots, made, slot, told

        @invariant()
        def it_is_one_ballot_or_none_and_never_lost(self) -> None:
            paper, ballots, made, slot, told = house.runner.run(self._look())
            assert len(made) == (paper.state is PaperState.MATCHED)
            assert sum(entry["kind"] == "ballot" for entry in told) == len(made)
            if made:
                assert paper.ballot_id == made[0].ballot_id
                assert made[0].cast_at == paper.received_at
                (choice,) = read_marks(SEALER.open(made[0].choices_sealed, MARKS_CONTEXT)).values()
                assert len(self.read[str(choice)]) >= 2, "one person alone made a ballot"
            if self.was_taken:
                assert paper.state in (*IN_THE_BOX, PaperState.MATCHED) or (
                    paper.voided_by is not None
                    and paper.void_seconded_by is not None
                    and paper.voided_by != paper.void_seconded_by
                ), "a paper that was taken in is gone"
                assert sum(entry.get("act") == "received" for entry in told) >= 1
            holds = paper.state in IN_THE_BOX or bool(ballots)
            assert (slot is not None and slot.ballot_id != "") == holds
            if slot is not None and slot.ballot_id and not slot.ballot_id.startswith("paper:"):
                assert slot.ballot_id in {ballot.ballot_id for ballot in ballots}

    return Paper


def test_whatever_is_done_to_a_paper(database_url: str) -> None:
    house = House(database_url)
    try:
        run_state_machine_as_test(
            machine_of(house),
            settings=settings(
                max_examples=25,
                stateful_step_count=12,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                database=None,
            ),
        )
        assert house.tried > 100
    finally:
        house.close()

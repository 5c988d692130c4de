"""A compound with a roll and a vote that is open, in a real database."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from handlers.voting.announced import Announced, as_json
from handlers.voting.cast import Order, Recorded, cast_ballot
from handlers.voting.freeze import freeze_roll
from handlers.voting.signing import Signer
from handlers.voting.terms import AGREE, Choice, area_of
from storage.database import Database
from storage.sealing import Sealer
from storage.states import BallotChannel, UnitKind, VoteState
from storage.tables import (
    Compound,
    Person,
    RollOwner,
    RollTitle,
    RollUnit,
    Vote,
    VoteQuestion,
)
from tests.conftest import COLUMN_KEY, LOOKUP_KEY
from tests.voting.votes import at

SEALER = Sealer([COLUMN_KEY], LOOKUP_KEY)
SIGNER = Signer("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
OPENS, DAY_21, CLOSES = at(20), at(21), at(27)
NUMBER = 1


@dataclass
class Assembly:
    """What a test needs to know. keys: of owners in the vote, by their numbers; owners: of units, by code."""

    compound_id: int
    operator_id: int
    keys: dict[int, str] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)

    def order(
        self, unit: str, choice: Choice = AGREE, *, key: str = "k1", cast_at: datetime = DAY_21, **more: Any
    ) -> Order:
        """A ballot of whoever owns the unit."""
        values: dict[str, Any] = {"channel": BallotChannel.ONLINE, "cast_at": cast_at, **more}
        marks: Mapping[str, Choice] = {"q1": choice}
        return Order(self.compound_id, NUMBER, self.owners[unit], marks, cast_key=key, **values)


async def assemble(
    database: Database,
    owners_of: Mapping[str, Sequence[int]],
    announced: Announced | None = None,
    *,
    representatives: Mapping[str, int] | None = None,
    questions: Sequence[VoteQuestion] = (),
    compound_id: int | None = None,
    opens_at: datetime = OPENS,
    closes_at: datetime = CLOSES,
    minors: Collection[int] = (),
) -> Assembly:
    """A vote on one question, or on those given, in a compound of its own or in one that is there.

    Every unit has 100 square metres.
    """
    now = opens_at - timedelta(days=20)
    async with database.write() as session:
        operator = Person(created_at=now)
        session.add(operator)
        if compound_id is None:
            compound = Compound(code="XH-1", name="四季园")
            session.add(compound)
            await session.flush()
            compound_id = compound.compound_id
        await session.flush()
        assert compound_id is not None
        assert operator.person_id is not None
        everybody = {number for owners in owners_of.values() for number in owners}
        session.add_all(
            RollOwner(
                compound_id=compound_id,
                owner_number=number,
                name_sealed=SEALER.seal(f"业主{number}".encode(), "roll_owners.name"),
                minor=number in minors,
                entered_at=now,
            )
            for number in everybody
        )
        session.add_all(
            RollUnit(
                compound_id=compound_id,
                unit_code=code,
                kind=UnitKind.RESIDENTIAL,
                building=code.split("-", maxsplit=1)[0],
                area_register=area_of("100"),
                entered_at=now,
            )
            for code in owners_of
        )
        await session.flush()
        session.add_all(
            RollTitle(
                compound_id=compound_id,
                unit_code=code,
                owner_number=number,
                since=now,
                representative=(representatives or {}).get(code) == number,
            )
            for code, owners in owners_of.items()
            for number in owners
        )
        vote = Vote(
            compound_id=compound_id,
            vote_number=NUMBER,
            state=VoteState.OPEN,
            title="选聘物业服务企业",
            rules=as_json(announced or Announced()),
            operator_id=operator.person_id,
            created_at=now,
            noticed_at=now,
            opens_at=opens_at,
            closes_at=closes_at,
        )
        session.add(vote)
        await session.flush()
        frozen = await freeze_roll(session, vote)
        for question in questions or [
            VoteQuestion(
                compound_id=0,
                vote_number=0,
                question_id="q1",
                position=1,
                item=4,
                title="是否选聘",
                options=[AGREE],
            )
        ]:
            question.compound_id, question.vote_number = compound_id, NUMBER
            session.add(question)
    keys = {next(iter(owners)): key for key, owners in frozen.keys.items() if len(owners) == 1}
    return Assembly(
        compound_id,
        operator.person_id,
        keys,
        {line.unit.unit_id: line.unit.owner_key for line in frozen.lines},
    )


async def cast(database: Database, order: Order, now: datetime | None = None) -> Recorded:
    """Cast a ballot in a transaction of its own."""
    async with database.write() as session:
        return await cast_ballot(session, SEALER, order, now or order.cast_at)

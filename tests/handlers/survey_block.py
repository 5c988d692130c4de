"""A block of five flats with a survey in it, for the tests of surveys of households."""

import asyncio
from collections.abc import Mapping
from datetime import date, timedelta

from handlers.surveys.answers import Kept, answer_survey, record_answer
from handlers.surveys.clock import advance_surveys
from handlers.surveys.create import add_round, create_survey
from handlers.surveys.replies import reply_to_reason
from handlers.surveys.rules import Code, Draft, Refused, Said
from handlers.surveys.running import set_round
from storage.queries.people import find_identity
from storage.queries.tree import find_compound
from storage.states import (
    BindingState,
    PlaceLevel,
    Role,
    SurveyChannel,
    SurveyChoice,
    SurveyPhase,
    UnitKind,
)
from storage.tables import (
    OutboxMessage,
    OwnerBinding,
    Place,
    RollOwner,
    RollTitle,
    RollUnit,
    SurveyAnswer,
)
from tests.handlers.neighbours import appoint
from tests.handlers.talk import Talk

AGREE, AGAINST, EITHER = SurveyChoice.AGREE, SurveyChoice.AGAINST, SurveyChoice.EITHER
TODAY = date(2026, 3, 12)
FLATS = ("3-1-101", "3-1-102", "3-2-501", "3-2-502", "12-301")


class Block:
    """新禾苑 with five flats, and a survey in it."""

    def __init__(self, talk: Talk, compound_id: int, staff: int) -> None:
        self.talk, self.compound_id, self.staff = talk, compound_id, staff
        self.number = 0

    async def ask(self, **changes: object) -> int:
        """A survey with a round that is open from now on; returns its number."""
        values: dict[str, object] = {
            "phase": SurveyPhase.PLAN,
            "question": "改不改？",
            "starts_on": TODAY,
            "ends_on": TODAY + timedelta(days=7),
            **changes,
        }
        async with self.talk.database.write() as session:
            compound = await find_compound(session, "XH-1")
            assert compound is not None
            survey, _round = await create_survey(
                session,
                compound,
                "老旧小区改造",
                "",
                Draft(**values),  # type: ignore[arg-type]
                self.talk.now,
                actor_id=self.staff,
                template="renovation",
            )
        self.number = survey.survey_number
        await self.open()
        return self.number

    async def open(self, place: int = 1) -> Code | None:
        try:
            async with self.talk.database.write() as session:
                compound = await find_compound(session, "XH-1")
                assert compound is not None
                services = self.talk.services
                await set_round(
                    session, services, compound, self.number, place, self.talk.now, actor_id=self.staff
                )
        except Refused as refused:
            return refused.code
        return None

    async def person(self, openid: str) -> int:
        async with self.talk.database.read() as session:
            identity = await find_identity(session, "main", openid)
        assert identity is not None
        return identity.person_id

    async def answer(
        self, openid: str, unit: str, choice: SurveyChoice, *reasons: str, words: str = ""
    ) -> Kept | Code:
        person_id = await self.person(openid)
        try:
            async with self.talk.database.write() as session:
                return await answer_survey(
                    session,
                    self.talk.services,
                    self.compound_id,
                    self.number,
                    1,
                    unit,
                    Said(choice, reasons, words),
                    SurveyChannel.PAGE,
                    self.talk.now,
                    person_id=person_id,
                )
        except Refused as refused:
            return refused.code

    async def draft(self, draft: Draft) -> None:
        """Another round."""
        async with self.talk.database.write() as session:
            await add_round(session, self.compound_id, self.number, draft, self.talk.now, actor_id=self.staff)

    async def reply(self, reason: str, answer: str, summary: str = "") -> None:
        """Staff answer a reason against the first round."""
        async with self.talk.database.write() as session:
            await reply_to_reason(
                session,
                *(self.compound_id, self.number, 1, reason, summary, answer, self.talk.now),
                actor_id=self.staff,
            )

    async def record(self, unit: str, choice: SurveyChoice, *reasons: str, words: str = "") -> Kept | Code:
        try:
            async with self.talk.database.write() as session:
                return await record_answer(
                    session,
                    self.talk.services.sealer,
                    self.compound_id,
                    self.number,
                    1,
                    unit,
                    Said(choice, reasons, words),
                    SurveyChannel.DOOR,
                    self.talk.now,
                    actor_id=self.staff,
                )
        except Refused as refused:
            return refused.code

    async def standing(self) -> Mapping[str, SurveyChoice]:
        answers = await self.talk.rows(SurveyAnswer)
        return {each.unit_code: each.choice for each in answers if each.in_force}

    async def own(self, openid: str, owner: int, *units: str) -> None:
        """Let somebody be the proven owner of units of the roll."""
        person_id, now = await self.person(openid), self.talk.now
        async with self.talk.database.write() as session:
            session.add(
                RollOwner(
                    compound_id=self.compound_id, owner_number=owner, name_sealed=b"sealed", entered_at=now
                )
            )
            await session.flush()
            session.add_all(
                RollTitle(compound_id=self.compound_id, unit_code=unit, owner_number=owner, since=now)
                for unit in units
            )
            session.add(
                OwnerBinding(
                    compound_id=self.compound_id,
                    binding_number=owner,
                    owner_number=owner,
                    person_id=person_id,
                    state=BindingState.BOUND,
                    possession="code",
                    possession_at=now,
                )
            )

    async def advance(self, *, replicas: int = 1) -> int:
        talk = self.talk
        return sum(
            await asyncio.gather(
                *(advance_surveys(talk.database, talk.services, talk.now) for _ in range(replicas))
            )
        )

    async def told(self, about: str) -> list[OutboxMessage]:
        rows = await self.talk.rows(OutboxMessage)
        return [row for row in rows if row.dedupe_key.startswith("survey:") and about in row.text]


async def found_block(talk: Talk) -> Block:
    async with talk.database.write() as session:
        compound = await find_compound(session, "XH-1")
        assert compound is not None
        assert compound.compound_id is not None
        compound_id = compound.compound_id
    await flats(talk, compound_id, *FLATS)
    staff = await appoint(talk, "shuji", Role.SECRETARY)
    for name, flat in zip("abcde", FLATS, strict=True):
        await talk.bind(f"o-{name}", f"XH-1/{flat}")
    return Block(talk, compound_id, staff)


async def flats(talk: Talk, compound_id: int, *codes: str) -> None:
    """Flats of the tree, each named by its code."""
    async with talk.database.write() as session:
        session.add_all(
            Place(
                compound_id=compound_id,
                code=code,
                level=PlaceLevel.UNIT,
                name=code,
                parent_code=code.rpartition("-")[0],
            )
            for code in codes
        )


async def roll(block: Block, *units: str, kind: UnitKind = UnitKind.RESIDENTIAL) -> None:
    async with block.talk.database.write() as session:
        for unit in units:
            building, _, room = unit.partition("-")
            session.add(
                RollUnit(
                    compound_id=block.compound_id,
                    unit_code=unit,
                    kind=kind,
                    building=building,
                    room=room,
                    area_survey=80_000_000,
                    entered_at=block.talk.now,
                )
            )

"""A vote that is open in the town, with papers."""

from datetime import timedelta

from handlers.voting.announced import Announced, as_json
from handlers.voting.freeze import freeze_roll
from handlers.voting.papers import list_printed, print_papers
from handlers.voting.reception import receive_papers
from handlers.voting.terms import AGREE, area_of
from storage.queries.tree import find_compound
from storage.states import PaperState, VoteState
from storage.tables import BallotPaper, Compound, RollOwner, RollTitle, RollUnit, Vote, VoteQuestion
from tests.web.town import HERE, Town

NUMBER = 1001
PAPERS = f"/console/{HERE}/votes/{NUMBER}/papers"
UNITS = tuple(f"3-1-{100 + number}" for number in range(1, 7))


async def compound_of(town: Town) -> Compound:
    async with town.site.database.read() as session:
        compound = await find_compound(session, HERE)
    assert compound is not None
    return compound


async def open_vote(town: Town, number: int = NUMBER) -> dict[str, str]:
    """Six owners, a question and an election, papers printed; the serials by unit."""
    compound, now = await compound_of(town), town.clock.now
    assert compound.compound_id is not None
    compound_id = compound.compound_id
    async with town.site.database.write() as session:
        for place, code in enumerate(UNITS):
            owner = 700 + place
            session.add(
                RollOwner(
                    compound_id=compound_id,
                    owner_number=owner,
                    name_sealed=town.sealer.seal("王建国".encode(), "roll_owners.name"),
                    entered_at=now,
                )
            )
            session.add(
                RollUnit(
                    compound_id=compound_id,
                    unit_code=code,
                    building="3",
                    entrance="1",
                    room=code.rpartition("-")[2],
                    area_register=area_of("89.73"),
                    entered_at=now,
                )
            )
            await session.flush()
            session.add(RollTitle(compound_id=compound_id, unit_code=code, owner_number=owner, since=now))
        vote = Vote(
            compound_id=compound_id,
            vote_number=number,
            state=VoteState.OPEN,
            title="续聘物业公司和选业委会",
            rules=as_json(Announced(proxy_cap=3)),
            convener={"body": "业主委员会", "name": "新禾苑业委会", "document": "2026年第3号决议"},
            operator_id=town.people["secretary"],
            created_at=now,
            noticed_at=now - timedelta(days=20),
            opens_at=now - timedelta(days=1),
            closes_at=now + timedelta(days=6),
            contact="业委会值班室",
        )
        session.add(vote)
        await session.flush()
        await freeze_roll(session, vote)
        for question_id, item, title, options, seats in (
            ("q1", 4, "续聘和顺物业", [AGREE], None),
            ("q2", 3, "选业委会", ["王建国", "李秀英", "赵敏"], 2),
        ):
            session.add(
                VoteQuestion(
                    compound_id=compound_id,
                    vote_number=number,
                    question_id=question_id,
                    position=int(question_id[1]),
                    item=item,
                    title=title,
                    options=options,
                    seats=seats,
                )
            )
        by = town.people["secretary"]
        await session.flush()
        await print_papers(session, compound, number, now, actor_id=by)
        rows = await list_printed(session, vote)
    return {code: paper.serial for paper, units in rows for code, _area in units}


async def received(town: Town, *serials: str) -> None:
    """Papers that lie in the box."""
    async with town.site.database.write() as session:
        await receive_papers(
            *(session, town.sealer, await compound_of(town), NUMBER, serials, town.clock.now),
            actor_id=town.people["secretary"],
        )


async def paper_of(town: Town, serial: str) -> BallotPaper:
    """How a paper stands."""
    compound = await compound_of(town)
    async with town.site.database.read() as session:
        return await session.get_one(BallotPaper, (compound.compound_id, serial))


async def state_of(town: Town, serial: str) -> PaperState:
    """In which state a paper is."""
    return (await paper_of(town, serial)).state

"""Several rounds of a survey added up: each household once, and nothing told that no round has told by itself."""

from collections.abc import Iterable
from datetime import timedelta

from handlers.polls.rules import FEWEST
from handlers.surveys.create import hold_round
from handlers.surveys.results import figures_of
from handlers.surveys.rules import CHOICES, Draft
from handlers.surveys.running import close_round
from handlers.surveys.steps import shown
from handlers.surveys.together import Asked, Held, Together, together
from storage.queries.survey_answers import put_attempt
from storage.states import DoorOutcome, SurveyChannel, SurveyChoice, SurveyGiver, SurveyPhase
from storage.tables import SurveyAnswer
from tests.handlers.survey_block import AGAINST, AGREE, EITHER, TODAY, Block, flats

NEVER: frozenset[int] = frozenset()


def home(building: str, units: int, rounds: Iterable[int], answered: Iterable[int] = ()) -> Asked:
    return Asked(building, frozenset(rounds), frozenset(answered), NEVER, units)


def held(question: str, **buildings: tuple[int, int, int]) -> Held:
    """A round that is over, with how many of each building said what."""
    told = [
        (building.removeprefix("b"), choice, count)
        for building, counts in buildings.items()
        for choice, count in zip(CHOICES, counts, strict=True)
    ]
    apart = [building.removeprefix("b") for building, counts in buildings.items() if sum(counts) >= FEWEST]
    return Held(question, shown(told, apart))


def test_rounds_of_single_buildings_add_up() -> None:
    rounds = {0: held("3栋装吗？", b3=(4, 1, 0)), 1: held("5栋装吗？", b5=(2, 3, 1))}
    homes = [home("3", 5, [0], [0]), home("3", 2, [0]), home("5", 6, [1], [1])]
    assert together(rounds, homes) == Together(13, 11, 11, 11, (6, 4, 1))


def test_an_answer_to_another_question_is_no_answer() -> None:
    homes = [home("3", 6, [0, 1], [0]), home("3", 5, [0, 1], [0, 1]), home("5", 8, [0], [0])]
    rounds = {0: held("旧方案行吗？", b3=(11, 0, 0), b5=(0, 8, 0)), 1: held("新方案行吗？", b3=(0, 5, 0))}
    assert together(rounds, homes) == Together(19, 13, 13, 13, (0, 13, 0))


def test_the_same_question_again_counts_the_newest_answer_and_tells_no_difference() -> None:
    homes = [home("3", 6, [0, 1], [0]), home("3", 2, [0, 1], [0, 1]), home("3", 4, [0, 1], [1])]
    rounds = {0: held("行吗？", b3=(8, 0, 0)), 1: held("行吗？", b3=(0, 6, 0))}
    # With the six of the first round, their sum would tell what the two said before.
    assert together(rounds, homes) == Together(12, 12, 12, 6, (0, 6, 0))
    few = {0: rounds[0], 1: held("行吗？", b3=(0, 2, 0))}
    again = [home("3", 8, [0, 1], [0]), home("3", 2, [0, 1], [1])]
    assert together(few, again) == Together(10, 10, 10, 8, (8, 0, 0))


def test_a_row_of_several_buildings_is_left_out_with_one_of_them() -> None:
    first = held("行吗？", b3=(6, 0, 0), b5=(0, 3, 0), b7=(0, 0, 3))
    assert set(first.told.by_building) == {"3", ""}
    rounds = {0: first, 1: held("行吗？", b5=(5, 0, 0))}
    homes = [
        home("3", 6, [0], [0]),
        home("5", 3, [0, 1], [0, 1]),
        home("5", 2, [0, 1], [1]),
        home("7", 3, [0], [0]),
    ]
    assert together(rounds, homes) == Together(14, 14, 14, 11, (11, 0, 0))


async def test_a_topic_reads_all_buildings_and_each_household_once(block: Block) -> None:
    """Round 1 asks everybody, 2 one building again, 3 another matter, 4 nobody, and each is over."""
    first = ["3-1-101", "3-1-102", "3-2-501", "3-2-502", "3-1-201"]
    everywhere = [*first, *(f"12-{room}" for room in range(401, 406))]
    await flats(block.talk, block.compound_id, *everywhere[4:], "3-1-202", "3-1-203")
    await block.ask()

    async def said(place: int, answers: dict[str, SurveyChoice]) -> None:
        async with block.talk.database.write() as session:
            session.add_all(
                SurveyAnswer(
                    compound_id=block.compound_id,
                    survey_number=block.number,
                    round_number=place,
                    unit_code=unit,
                    seq=1,
                    choice=choice,
                    channel=SurveyChannel.DOOR,
                    giver=SurveyGiver.STAFF,
                    recorded_by=block.staff,
                    answered_at=block.talk.now,
                    in_force=True,
                )
                for unit, choice in answers.items()
            )
            if place == 1:
                round_ = await hold_round(session, block.compound_id, block.number, 1)
                outcome, now = DoorOutcome.REFUSED, block.talk.now
                await put_attempt(session, round_, "12-301", TODAY, outcome, block.staff, now)
        await close(place)

    async def close(place: int) -> None:
        block.talk.now += timedelta(minutes=1)
        async with block.talk.database.write() as session:
            at = (block.compound_id, block.number, place)
            sealer, now = block.talk.services.sealer, block.talk.now
            await close_round(session, sealer, *at, now, actor_id=block.staff)

    async def ask(phase: SurveyPhase, question: str, *buildings: str) -> None:
        await block.draft(Draft(phase, question, TODAY, TODAY + timedelta(days=9), "回访", buildings))

    async def figures(phase: SurveyPhase = SurveyPhase.PLAN) -> dict[str, int]:
        async with block.talk.database.read() as session:
            return await figures_of(session, block.compound_id, block.number, 7, phase)

    await said(1, {unit: AGAINST if unit in first else AGREE for unit in everywhere})
    whole = {"round": 1, "rounds": 1, "buildings": 0, "households": 13, "asked": 11, "reached": 10}
    assert await figures() == {**whole, "told": 10, "for": 5, "against": 5, "either": 0}

    await ask(SurveyPhase.PLAN, "改了方案，行不行？", "3")
    await block.open(2)
    await said(2, dict.fromkeys([*first[1:], "3-1-202", "3-1-203"], EITHER))
    both = {**whole, "round": 2, "rounds": 2, "asked": 12, "reached": 11}
    assert await figures() == {**both, "told": 11, "for": 5, "against": 0, "either": 6}

    await ask(SurveyPhase.OTHER, "做得好不好？", "12")
    await block.open(3)
    await said(3, {everywhere[-1]: AGAINST})
    await ask(SurveyPhase.PLAN, "再改一次，行不行？")
    await block.open(4)
    await close(4)  # nobody was asked
    assert await figures() == {**both, "told": 11, "for": 5, "against": 0, "either": 6}
    alone = {"round": 3, "rounds": 1, "buildings": 1, "households": 6, "asked": 1, "reached": 1}
    assert await figures(SurveyPhase.NOTICE) == {}
    assert await figures(SurveyPhase.OTHER) == alone

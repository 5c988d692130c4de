"""What households said is told in steps: no two figures differ by one to four households, however they come."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from sqlmodel import col

from handlers.polls.rules import FEWEST
from handlers.surveys.answers import Kept
from handlers.surveys.results import Shown, load_against, load_shown
from handlers.surveys.rules import Said
from handlers.surveys.running import close_round
from handlers.surveys.steps import (
    WAITING,
    Differs,
    Home,
    differs,
    may_be_told,
    shown,
    told_apart,
    told_at_the_end,
)
from storage.queries.survey_answers import list_against, list_told, reduce_surveys
from storage.sealing import SealError
from storage.states import SurveyChoice
from storage.tables import Survey, SurveyAnswer, SurveyRound, SurveyUnit
from tests.handlers.survey_block import AGAINST, AGREE, EITHER, FLATS, TODAY, Block, flats


@dataclass
class Model:
    """A round as anybody may watch it. said: what counts, by home; states: what was told, one after the other."""

    said: dict[int, Said] = field(default_factory=dict)
    waits: dict[int, int] = field(default_factory=dict)
    states: list[dict[int, Said]] = field(default_factory=lambda: [{}])

    def answer(self, home: int, said: Said, now: int) -> None:
        self.said[home], self.waits[home] = said, now

    def tell_some(self) -> None:
        waiting = sorted(self.said.keys() - self.states[-1].keys(), key=lambda home: self.waits[home])
        now = waiting[: may_be_told(len(waiting))]
        self.states.append({**self.states[-1], **{home: self.said[home] for home in now}})

    def tell_rest(self) -> None:
        last = self.states[-1]
        changed = {home: differs(last.get(home), said) for home, said in self.said.items()}
        now = told_at_the_end(Counter(kind for kind in changed.values() if kind is not None))
        self.states.append(
            {**last, **{home: self.said[home] for home, kind in changed.items() if kind in now}}
        )


SAID = st.builds(
    Said,
    st.sampled_from(SurveyChoice),
    st.sampled_from(((), ("noise",), ("cost",))),
    st.sampled_from(("", "太吵")),
)


@st.composite
def rounds(draw: st.DrawFn) -> Model:
    """Answers and changes of twenty homes, told whenever the clock comes by, and at the end."""
    model = Model()
    events = draw(st.lists(st.tuples(st.integers(0, 19), SAID, st.booleans()), max_size=60))
    for now, (home, said, tick) in enumerate(events):
        model.answer(home, said, now)
        if tick:
            model.tell_some()
    model.tell_rest()
    return model


@settings(max_examples=300)
@given(rounds())
def test_two_figures_in_a_row_differ_by_five_households_or_none(model: Model) -> None:
    """In what they chose, in that or their reasons, and in anything they said."""
    parts: tuple[Callable[[Said], object], ...] = (
        lambda said: said.choice,
        lambda said: (said.choice, said.reasons),
        lambda said: said,
    )
    for before, after in zip(model.states, model.states[1:], strict=False):
        assert before.keys() <= after.keys()
        for part in parts:
            differ = [
                home for home, said in after.items() if home not in before or part(before[home]) != part(said)
            ]
            assert len(differ) == 0 or len(differ) >= FEWEST
    if len(model.said) < FEWEST:
        assert model.states[-1] == {}
    else:
        assert model.states[-1] == model.said  # everybody's last word is told


def test_fewer_than_five_changes_are_not_told_by_themselves() -> None:
    choice, reasons, words = Differs
    assert told_at_the_end({choice: 4}) == set()
    assert told_at_the_end({choice: 4, reasons: 4, words: 4}) == set()
    assert told_at_the_end({choice: 4, reasons: 5, words: 1}) == {reasons, words}
    assert told_at_the_end({choice: 5, reasons: 1}) == {choice, reasons, words}
    assert differs(Said(AGREE, ("noise",)), Said(AGREE, ("cost",), "贵")) is reasons
    assert differs(Said(AGREE), Said(AGREE, (), "贵")) is words
    assert differs(Said(AGREE, (), "贵"), Said(AGREE, (), "贵")) is None
    assert differs(None, Said(AGREE)) is differs(Said(EITHER), Said(AGREE)) is choice


@st.composite
def told_homes(draw: st.DrawFn) -> list[Home]:
    """Homes of two to four buildings in two to four steps of five at least; some changed what they said."""
    steps, buildings = draw(st.integers(2, 4)), draw(st.integers(2, 4))
    units = st.sampled_from((0, 0, 0, 1, 2, 5, 6))
    homes = [
        Home(str(building), (step,), draw(units)) for step in range(steps) for building in range(buildings)
    ]
    several = st.lists(st.integers(0, steps - 1), min_size=2, max_size=3, unique=True).map(sorted)
    changes = draw(st.sampled_from((0, 0, 1, 3, 5)))
    homes += [Home(str(draw(st.integers(0, buildings - 1))), tuple(draw(several))) for _ in range(changes)]
    for step in range(steps):
        told = sum(home.units for home in homes if step in home.steps)
        homes.append(Home("0", (step,), max(FEWEST - told, 0)))
    return [home for home in homes if home.units]


def cut(homes: Iterable[Home], side: dict[object, bool]) -> int:
    """How many households are on both sides: with their steps and their row."""
    found = 0
    for home in homes:
        ends = {side["row", home.building], *(side[step] for step in home.steps)}
        found += home.units * (len(ends) == 2)
    return found


@settings(max_examples=300, deadline=None)
@given(told_homes())
def test_no_sum_of_steps_comes_near_a_sum_of_buildings(homes: list[Home]) -> None:
    """Tried out with every sum there is."""
    apart = told_apart(homes)
    rows = [Home(home.building if home.building in apart else "", home.steps, home.units) for home in homes]
    sizes: Counter[str] = Counter()
    for home in rows:
        sizes[home.building] += home.units
    assert not apart or (len(sizes) > 1 and min(sizes.values()) >= FEWEST)
    nodes: list[object] = [*(("row", row) for row in sizes), *{step for home in homes for step in home.steps}]
    for sides in product((False, True), repeat=len(nodes)):
        assert not 0 < cut(rows, dict(zip(nodes, sides, strict=True))) < FEWEST


def test_buildings_stand_apart_where_their_answers_came_mixed_or_one_after_the_other() -> None:
    one_by_one = [Home("3", (1,), 5), Home("3", (2,), 5), Home("5", (3,), 7)]
    assert told_apart(one_by_one) == {"3", "5"}
    mixed = [Home(building, (step,), 2) for building in ("3", "5") for step in (1, 2, 3)]
    assert told_apart(mixed) == {"3", "5"}
    # The sixth of building 3 would stand between its row and the first step.
    assert told_apart([Home("3", (1,), 5), Home("3", (2,), 1), Home("5", (2,), 5)]) == frozenset()
    # Nor is there a row of fewer than five, nor the rest of one.
    assert told_apart([Home("3", (1,), 20), Home("5", (1,), 4)]) == frozenset()
    few = [Home("3", (1,), 20), Home("5", (1,), 4), Home("7", (1,), 1)]
    assert told_apart(few) == {"3"}
    # A change links the step in which it was told with the one before it.
    changed = [Home("3", (1, 2)), Home("3", (2,), 4), Home("5", (1,), 4), Home("5", (3,), 5)]
    assert told_apart(changed) == frozenset()


def test_a_large_round_is_told_apart_in_no_time() -> None:
    homes = [Home(str(place * 7919 % 60 + 1), (place // 5 + 1,)) for place in range(10_000)]
    assert len(told_apart(homes)) == 60


def test_figures_are_the_sums_of_what_is_told() -> None:
    told = [("3", AGREE, 4), ("3", AGAINST, 1), ("5", EITHER, 6), ("7", AGREE, 5)]
    figures = shown(told, {"3", "5"})
    assert figures.whole.options == (9, 1, 6)
    assert {building: row.options for building, row in figures.by_building.items()} == {
        "": (5, 0, 0),
        "3": (4, 1, 0),
        "5": (0, 0, 6),
    }
    assert shown(told, ()).by_building == {}
    assert (shown([], ()).whole.answers, shown([], ()).whole.options) == (0, None)


class Watched:
    """A block with fifteen flats, and what everybody reads of its survey."""

    def __init__(self, block: Block, units: list[str]) -> None:
        self.block, self.units = block, units

    async def record(self, place: int, choice: SurveyChoice, *reasons: str, words: str = "") -> None:
        self.block.talk.now += timedelta(minutes=1)
        await self.block.record(self.units[place], choice, *reasons, words=words)
        await self.block.advance(replicas=2)

    async def seen(self) -> Shown:
        [round_] = await self.block.talk.rows(SurveyRound)
        async with self.block.talk.database.read() as session:
            return await load_shown(session, round_)

    async def told(self) -> tuple[int, ...] | None:
        return (await self.seen()).figures.whole.options

    async def against(self) -> tuple[dict[str, int], tuple[str, ...]]:
        [round_] = await self.block.talk.rows(SurveyRound)
        [survey] = await self.block.talk.rows(Survey)
        async with self.block.talk.database.read() as session:
            found = await load_against(session, self.block.talk.services.sealer, survey, round_)
        return dict(found.counts), found.said

    async def close(self) -> None:
        block = self.block
        async with block.talk.database.write() as session:
            at = (block.compound_id, block.number, 1)
            await close_round(session, block.talk.services.sealer, *at, block.talk.now, actor_id=None)


async def watched(block: Block) -> Watched:
    more = [f"3-2-{room}" for room in range(601, 611)]
    await flats(block.talk, block.compound_id, *more)
    await block.ask()
    return Watched(block, [*FLATS, *more])


async def test_what_is_said_is_told_by_fives_and_the_rest_together_at_the_end(block: Block) -> None:
    round_ = await watched(block)
    for place in range(9):
        await round_.record(place, AGAINST, "noise", words=f"吵{place}")
        assert await round_.told() is None
        assert await round_.against() == ({}, ())
    assert (await round_.seen()).answered == 9
    await round_.record(9, AGREE)
    first = ({"noise": 5}, tuple(f"吵{place}" for place in range(5)))
    assert (await round_.told(), await round_.against()) == ((0, 5, 0), first)
    # Neither a change nor an answer in another's place is seen, nor another reason, nor other words.
    await round_.record(0, EITHER)
    await round_.record(1, AGAINST, "cost", words="贵")
    await block.talk.bind("o-nosy", f"XH-1/{FLATS[2]}")  # nobody proves where they live
    assert await block.answer("o-nosy", FLATS[2], AGREE) == Kept(True)
    for place in range(10, 14):
        await round_.record(place, AGREE)
        assert (await round_.told(), await round_.against()) == ((0, 5, 0), first)
    await round_.record(14, AGREE)  # ten wait: five of them are told, those who waited longest
    assert await round_.told() == (1, 9, 0)
    await round_.close()
    assert await round_.told() == (7, 7, 1)
    assert await round_.against() == (
        {"noise": 6, "cost": 1},
        ("吵3", "吵4", "吵5", "吵6", "吵7", "吵8", "贵"),
    )


async def test_of_fewer_than_five_nothing_is_ever_told(block: Block) -> None:
    round_ = await watched(block)
    for place in range(4):
        await round_.record(place, AGREE)
    await round_.close()
    seen = await round_.seen()
    assert (seen.answered, seen.figures.whole.options) == (4, None)
    assert await round_.against() == ({}, ())


async def test_a_change_that_is_taken_back_is_no_change(block: Block) -> None:
    round_ = await watched(block)
    for place in range(10):
        await round_.record(place, AGREE, words="好")
    await round_.record(0, AGAINST)
    await round_.record(0, AGREE, words="好")
    await round_.close()
    assert await round_.told() == (10, 0, 0)
    [told] = [
        each for each in await block.talk.rows(SurveyAnswer) if each.unit_code == FLATS[0] and each.told
    ]
    assert (told.seq, told.in_force) == (3, True)
    [unit] = [each for each in await block.talk.rows(SurveyUnit) if each.unit_code == FLATS[0]]
    assert unit.told_in == "1"


async def test_being_forgotten_and_time_move_no_figure(block: Block) -> None:
    """Neither what was said first, nor when, is asked: earlier answers may go."""
    round_ = await watched(block)
    assert await block.answer("o-a", FLATS[0], AGAINST, "noise", words="太吵") == Kept(True)
    for place in range(1, 10):
        await round_.record(place, AGREE)
    assert await round_.told() == (4, 1, 0)
    assert await block.answer("o-a", FLATS[0], EITHER) == Kept(True)
    await block.talk.say("o-a", "删除我的资料")
    await block.talk.say("o-a", "确认删除")
    async with block.talk.database.write() as session:
        await reduce_surveys(session, block.talk.now + timedelta(days=1))
    await block.advance()
    assert await round_.told() == (4, 1, 0)
    assert await round_.against() == ({"noise": 1}, ())  # their words are gone at once
    await round_.close()
    assert await round_.told() == (9, 0, 1)
    kept = [each for each in await block.talk.rows(SurveyAnswer) if each.unit_code == FLATS[0]]
    assert [(each.choice, each.person_id) for each in kept] == [(EITHER, None)]


async def test_steps_that_are_told_while_people_answer_have_five_at_least_each(block: Block) -> None:
    round_ = await watched(block)

    async def answer(place: int) -> None:
        for choice in (AGAINST, AGREE):
            await asyncio.sleep(place % 4 / 50)
            assert await block.record(round_.units[place], choice) == Kept(True)

    async def tick(number: int) -> None:
        await asyncio.sleep(number / 50)
        await block.advance()

    await asyncio.gather(*(answer(place) for place in range(15)), *(tick(number) for number in range(8)))
    await block.advance()
    [row] = await block.talk.rows(SurveyRound)
    assert row.told_steps >= 1
    units = await block.talk.rows(SurveyUnit)
    answers = await block.talk.rows(SurveyAnswer)
    for step in range(1, row.told_steps + 1):
        assert sum(unit.told_in == str(step) for unit in units) >= FEWEST
    waiting = {each.unit_code for each in answers if each.waits}
    assert FEWEST <= len(waiting) < WAITING
    assert waiting | {each.unit_code for each in answers if each.told} == set(round_.units)


async def _altered(block: Block, *units: str) -> None:
    """What was written at these homes cannot be opened any more, as with a key that was lost."""
    async with block.talk.database.write() as session:
        where = col(SurveyAnswer.unit_code).in_(units), col(SurveyAnswer.words_sealed).is_not(None)
        await session.exec(update(SurveyAnswer).where(*where).values(words_sealed=b"\x01?altered"))


async def test_words_that_cannot_be_opened_do_not_keep_a_round_open(block: Block) -> None:
    round_ = await watched(block)
    for place in range(5):
        await round_.record(place, AGREE, words="好")
    await _altered(block, FLATS[0])
    await round_.close()
    assert await round_.told() == (5, 0, 0)


async def test_a_round_that_cannot_be_closed_holds_up_no_figures_of_others(block: Block) -> None:
    round_ = await watched(block)
    for place in range(10):
        await round_.record(place, AGREE, words="好")
    await round_.record(0, AGREE, words="很好")
    await _altered(block, FLATS[0])
    block.talk.now += timedelta(days=7)
    await block.ask(starts_on=TODAY + timedelta(days=7), ends_on=TODAY + timedelta(days=14))
    for unit in round_.units[:10]:
        await block.record(unit, AGREE)
    block.talk.now += timedelta(days=1)
    with pytest.raises(SealError):
        await block.advance()
    rounds = {each.survey_number: each for each in await block.talk.rows(SurveyRound)}
    assert rounds[block.number].told_steps == 1


async def test_only_what_gives_a_reason_or_words_is_read_for_them(block: Block) -> None:
    round_ = await watched(block)
    for place, said in enumerate((AGREE, AGAINST, AGREE, AGREE, EITHER)):
        await round_.record(place, said, words="好" if place == 3 else "")
    await round_.close()
    [row] = await block.talk.rows(SurveyRound)
    async with block.talk.database.read() as session:
        assert [each.unit_code for each in await list_told(session, row)] == [FLATS[1], FLATS[3]]
    assert await round_.against() == ({"other": 1}, ("好",))


async def test_for_a_reply_only_those_against_who_were_not_told_are_read(block: Block) -> None:
    await block.ask()
    for name, flat, said in zip("abcd", FLATS, (AGREE, AGAINST, AGAINST, EITHER), strict=False):
        assert await block.answer(f"o-{name}", flat, said, "noise") == Kept(True)
    await block.record(FLATS[4], AGAINST, "noise")  # nobody to tell
    [round_] = await block.talk.rows(SurveyRound)
    first, second = await block.person("o-b"), await block.person("o-c")
    async with block.talk.database.read() as session:
        assert await list_against(session, round_, 0) == [(first, ["noise"]), (second, ["noise"])]
        assert await list_against(session, round_, first) == [(second, ["noise"])]

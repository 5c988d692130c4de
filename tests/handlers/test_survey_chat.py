"""Surveys in chat: answers as people write them, and nothing of them taken for a complaint."""

from datetime import timedelta

import pytest

from handlers.surveys.answers import Kept, said_in
from handlers.surveys.rules import Said
from storage.states import (
    SurveyChannel,
)
from storage.tables import (
    Opinion,
    SurveyAnswer,
)
from tests.handlers.survey_block import AGAINST, AGREE, EITHER, Block, roll


async def test_who_says_the_same_again_in_chat_keeps_reasons_and_words(block: Block) -> None:
    number = await block.ask()
    sealer = block.talk.services.sealer
    await block.answer("o-a", "3-1-101", AGAINST, "noise", words="太吵")
    for said, kept in (
        ("不同意", Said(AGAINST, ("noise",), "太吵")),
        ("不同意，还贵", Said(AGAINST, ("noise",), "还贵")),
        ("同意", Said(AGREE)),
    ):
        await block.talk.say("o-a", f"征询 {number} {said}")
        [standing] = [each for each in await block.talk.rows(SurveyAnswer) if each.in_force]
        assert said_in(sealer, standing) == kept


async def test_who_lives_in_a_building_that_is_not_asked_is_not_told_to_bind(block: Block) -> None:
    number = await block.ask(buildings=("12",))
    for said in ("意见征询", f"征询 {number} 同意"):
        told = await block.talk.say("o-a", said)
        assert "没有问到您家那一户" in told
        assert "绑定" not in told


async def test_a_household_answers_in_chat(block: Block) -> None:
    assert "现在没有在征求的意见" in await block.talk.say("o-a", "意见征询")
    number = await block.ask()
    shown = await block.talk.say("o-a", "意见征询")
    assert "改不改？" in shown
    assert "这是征求意见，不是表决" in shown
    assert f"征询 {number} 同意" in shown
    kept = await block.talk.say("o-a", f"征询 {number} 不同意，怕太吵")
    assert kept.startswith("“改不改？”\n记下了：不同意")
    assert "记下了：同意" in await block.talk.say("o-a", f"征询{number} 同意")
    assert "您家已经答过了" in await block.talk.say("o-a", "征求意见")
    assert "记下了：都行" in await block.talk.say("o-b", f"征询 {number}：都行")
    assert "没有编号 9999" in await block.talk.say("o-a", "征询 9999 同意")
    for odd in (f"征询 {number}", f"征询 {number} 同意不了啊，太吵", f"征询 {number} 不行"):
        assert f"回复“征询 {number} 同意”就行" in await block.talk.say("o-a", odd)
    assert await block.talk.rows(Opinion) == []  # whoever reads opinions does not read this
    long = await block.talk.say("o-a", f"征询 {number} 不同意。{'太吵' * 400}")
    assert "记下了：不同意" in long
    assert "只留下了前 400 个字" in long
    assert "记下了：同意" in await block.talk.say("o-a", f"征询{number}同意")
    assert await block.standing() == {"3-1-101": AGREE, "3-1-102": EITHER}
    first = (await block.talk.rows(SurveyAnswer))[0]
    assert (first.choice, first.channel) == (AGAINST, SurveyChannel.CHAT)
    sealed = first.words_sealed
    assert sealed is not None
    assert block.talk.services.sealer.open(sealed, "survey_answers.words").decode() == "怕太吵"
    await block.talk.bind("o-entrance", "XH-1/3-2")
    assert "我还不知道您住哪一户" in await block.talk.say("o-entrance", "意见征询")
    assert "我还不知道您住哪一户" in await block.talk.say("o-entrance", f"征询 {number} 同意")
    block.talk.now += timedelta(days=9)
    assert f"没有编号 {number}" in await block.talk.say("o-a", f"征询 {number} 同意")


@pytest.mark.parametrize(
    "said", ["征询{n}同意", "征询 {n}，同意", "征询 {n}号 我同意", "征询 {n} 同意（快修）"]
)
async def test_an_answer_in_chat_needs_no_exact_spelling(block: Block, said: str) -> None:
    number = await block.ask()
    assert "记下了" in await block.talk.say("o-a", said.format(n=number))
    assert await block.standing() == {"3-1-101": AGREE}


async def test_what_begins_like_an_answer_is_no_complaint(block: Block) -> None:
    number = await block.ask()
    for said in ("", " 不同意太吵了", " 再想想", "同意个啥，电梯都坏了"):
        assert f"征询 {number} 同意" in await block.talk.say("o-a", f"征询 {number}{said}")
    assert await block.standing() == {}
    assert await block.talk.rows(Opinion) == []


async def test_who_owns_two_flats_answers_for_each_on_the_page(block: Block) -> None:
    await roll(block, "3-1-101", "3-1-102")
    number = await block.ask()
    await block.own("o-a", 1, "3-1-101", "3-1-102")
    assert "不止一户" in await block.talk.say("o-a", f"征询 {number} 同意")
    assert await block.answer("o-a", "3-1-102", AGREE) == Kept(True)
    assert await block.standing() == {"3-1-102": AGREE}

"""The work list: what could not be made out, for whom it is, and without telling who said it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from handlers.access import Opened, Right
from handlers.learning.doubtful import IN_DOUBT, list_doubtful, list_sorted
from handlers.learning.suggest import Suggestions, masked
from handlers.learning.taggers import Taggers
from nlp.model import Scores
from nlp.phrases import NO_PHRASES, Phrases
from nlp.reader import Reader
from nlp.tagger import Tagged, Verdict
from storage.queries.people import put_refusal
from storage.queries.tree import find_compound
from storage.states import Role
from storage.tables import InboxMessage, Opinion
from tests.handlers.neighbours import (
    STAFF_ROOM,
    appoint,
    identity,
    open_groups,
    overheard,
    told,
)
from tests.handlers.talk import Talk, compound

ODD = "反映 三楼那家又开始弄那个东西了大家看看"
HEARD = "这个不行啊"


@pytest.fixture
async def desk(talk: Talk) -> Talk:
    await open_groups(talk, 1)
    await appoint(talk, "ZhouHui", Role.SECRETARY)
    await talk.bind("o-zhao")
    await talk.hear("o-zhao", ODD)
    [opinion] = await talk.rows(Opinion)
    async with talk.database.write() as session:  # whatever the model of the day makes of it
        row = await session.get_one(Opinion, (opinion.compound_id, opinion.number))
        row.categories, row.hits = [], []
    return talk


async def _heard(talk: Talk, text: str, sender: str = "wm-li") -> None:
    """Something heard in the residents' group that the tagger doubts."""
    await overheard(talk, sender, text)
    async with talk.database.write() as session:
        row = await session.get_one(InboxMessage, (await talk.rows(InboxMessage))[-1].inbox_id)
        row.outcome = IN_DOUBT


async def _opened(talk: Talk, code: str = "XH-1") -> Opened:
    async with talk.database.read() as session:
        compound = await find_compound(session, code)
        assert compound is not None
        return Opened(compound, frozenset(Right))


async def test_staff_see_what_waits_with_masked_words(desk: Talk) -> None:
    await _heard(desk, "我是3栋501的张伟，这个事情真的不行啊")
    alone = await told(desk, "ZhouHui", "待分类", "")
    assert alone.outcome == "doubtful.shown"
    assert "1001" in alone.text
    assert "那个东西" in alone.text
    assert "三楼" not in alone.text
    assert "群里听到｜3栋邻里群｜" in alone.text
    assert "张伟" not in alone.text
    assert "501" not in alone.text
    in_group = await told(desk, "ZhouHui", "待分类", STAFF_ROOM)
    assert in_group.outcome == "doubtful.shown"
    assert "张" not in in_group.text


async def test_what_is_sorted_leaves_the_list_and_is_listed_as_sorted(desk: Talk) -> None:
    await told(desk, "ZhouHui", "改 1001 不是问题", "")
    assert (await told(desk, "ZhouHui", "待分类", "")).outcome == "doubtful.none"
    opened = await _opened(desk)
    async with desk.database.read() as session:
        [row] = await list_sorted(session, opened, desk.now, 10)
    assert (row.number, row.before, row.after) == (1001, (), ())
    assert "三楼" not in row.words


async def test_another_compound_and_a_part_of_this_one_see_none_of_it(desk: Talk) -> None:
    await desk.enrol(compound("LH-2", "柳湖苑"))
    await _heard(desk, HEARD)
    await appoint(desk, "Other", Role.SECRETARY, "LH-2")
    assert (await told(desk, "Other", "待分类", "")).outcome == "doubtful.none"
    await appoint(desk, "LouZhang", Role.GRID_WORKER, "XH-1/12")
    assert (await told(desk, "LouZhang", "待分类", "")).outcome == "doubtful.none"
    await appoint(desk, "Property", Role.PROPERTY)
    assert (await told(desk, "Property", "待分类", "")).outcome == "staff.forbidden"


async def test_words_of_who_refused_or_of_long_ago_are_not_shown(desk: Talk) -> None:
    await _heard(desk, HEARD)
    opened = await _opened(desk)

    async def count() -> int:
        async with desk.database.read() as session:
            return len(await list_doubtful(session, desk.services, opened, desk.now, 10))

    assert await count() == 2
    author = await identity(desk, "corp", "wm-li")
    async with desk.database.write() as session:
        await put_refusal(session, author.person_id, "", desk.now)
    assert await count() == 1
    desk.now += timedelta(days=31)
    assert await count() == 0


class DoubtingReader(Reader):
    """Doubts everything."""

    def tag(self, text: str, before: Sequence[Scores] = (), phrases: Phrases = NO_PHRASES) -> Tagged:
        return super().tag(text, before, phrases)._replace(categories=(), verdict=Verdict.UNSURE, urgency=1)


async def test_a_doubt_in_a_group_is_not_filed_and_can_be_seen(desk: Talk) -> None:
    doubting = await asyncio.to_thread(DoubtingReader.load)
    desk.services = replace(desk.services, tagger=Taggers(doubting))
    before = len(await desk.rows(Opinion))
    assert (await overheard(desk, "wm-li", HEARD)).outcome == IN_DOUBT
    assert len(await desk.rows(Opinion)) == before
    assert HEARD in (await told(desk, "ZhouHui", "待分类", "")).text


class Oracle:
    """A further reader that says what it is told to."""

    def __init__(self, *answers: str | None) -> None:
        self.answers: list[str | None] | None = list(answers)
        self.asked: list[list[str]] = []

    async def read(self, texts: Sequence[str], leaves: Mapping[str, str]) -> list[str | None] | None:
        self.asked.append(list(texts))
        return self.answers[: len(texts)] if self.answers is not None else None


async def test_a_suggestion_is_shown_and_tags_nothing(desk: Talk) -> None:
    oracle = Oracle("dianti.guzhang")
    suggestions = Suggestions(oracle, batch=10)
    desk.services = replace(desk.services, suggestions=suggestions)
    text = (await desk.rows(Opinion))[0].text or ""
    leaves = {leaf.id: leaf.name for leaf in desk.services.tagger.lexicon.leaves.values()}
    assert await suggestions.ask([text], leaves) == 1
    assert await suggestions.ask([text], leaves) == 0
    assert "三楼" not in str(oracle.asked)
    answer = await told(desk, "ZhouHui", "待分类", "")
    assert "建议：电梯与加装电梯·停运与故障" in answer.text
    assert (await desk.rows(Opinion))[0].categories == []


async def test_only_known_leaves_come_in_and_no_answer_is_asked_for_again() -> None:
    oracle = Oracle("no.such", "", None)
    suggestions = Suggestions(oracle, batch=2)
    texts = ["这个东西坏了", "那个东西坏了", "东西都坏了"]
    assert await suggestions.ask(texts, {"a.b": "甲"}) == 2
    assert [suggestions.leaf_for(text) for text in texts] == [None, None, None]
    oracle.answers = None
    assert await suggestions.ask(texts, {"a.b": "甲"}) == 0
    oracle.answers = ["a.b"]
    assert await suggestions.ask(texts, {"a.b": "甲"}) == 1
    assert [suggestions.leaf_for(text) for text in texts] == [None, None, "a.b"]


@pytest.mark.parametrize(
    "text", ["找老王13812345678", "粤B12345又乱停", "我家3栋2单元501漏水", "张伟家天天吵", "加我微信abc_123"]
)
async def test_what_may_tell_who_it_is_leaves_without_it_or_not_at_all(text: str) -> None:
    oracle = Oracle("a.b")
    await Suggestions(oracle, batch=9).ask([text], {"a.b": "甲"})
    sent = str(oracle.asked)
    assert not any(mark in sent for mark in ("138", "粤B", "501", "张伟", "abc", "王"))
    assert masked(text) == "" or masked(text) in sent

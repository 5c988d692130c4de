"""Objections to a published result, on both databases."""

import asyncio
from datetime import timedelta

import pytest

from handlers.voting.log import seal_all
from handlers.voting.objections import answer_objection, object_to_result, objections_end, words_of
from handlers.voting.rules import Code, Refused
from handlers.voting.terms import AGREE
from storage.database import Database
from storage.queries.tree import find_compound
from storage.queries.vote_log import list_log
from storage.queries.votes import list_vote_objections
from storage.states import ObjectionState
from storage.tables import VoteObjection
from tests.voting.assembly import SEALER, SIGNER, assemble
from tests.voting.test_whole_life import CLOSES, OPENS, OWNERS, Life, somebody

COUNTED = CLOSES + timedelta(hours=1)
WORDS = "3栋501没有收到选票"


@pytest.fixture
async def published(database: Database) -> Life:
    assembly = await assemble(database, OWNERS)
    async with database.read() as session:
        compound = await find_compound(session, "XH-1")
    assert compound is not None
    life = Life(database, assembly, compound)
    await life.noticed()
    await life.advance(OPENS)
    await life.cast("3-101", AGREE, OPENS)
    await life.advance(COUNTED)
    await life.tally(COUNTED)
    await life.publish(COUNTED)
    return life


async def entered(life: Life, key: str = "form:1", words: str = WORDS, after: int = 1) -> VoteObjection:
    objection: VoteObjection = await life.do(
        object_to_result,
        SEALER,
        life.compound,
        life.number,
        words,
        COUNTED + timedelta(days=after),
        key=key,
        actor_id=life.me,
    )
    return objection


async def answered(
    life: Life, number: int, answer: str, state: ObjectionState = ObjectionState.DECLINED, by: int = 0
) -> None:
    by = by or await somebody(life.database)
    at = COUNTED + timedelta(days=2)
    await life.do(
        answer_objection, SEALER, life.compound, life.number, number, state, answer, at, actor_id=by
    )


async def test_one_form_is_one_objection_and_its_words_are_in_no_log(published: Life) -> None:
    first, again = await asyncio.gather(entered(published), entered(published))
    other = await entered(published, "form:2", "别的")
    assert first.objection_number == again.objection_number != other.objection_number
    assert words_of(SEALER, first) == WORDS
    await seal_all(published.database, SIGNER, COUNTED + timedelta(days=1))
    assert (await published.leaves()).count("objection") == 2
    async with published.database.read() as session:
        log = await list_log(session, published.assembly.compound_id, published.number)
    assert not any("501" in leaf.entry for leaf in log)


async def test_objections_end_with_the_announced_days_and_need_words(published: Life) -> None:
    vote = await published.vote()
    assert objections_end(vote) == COUNTED + timedelta(days=7)
    await entered(published, after=7)
    for key, words, after, code in (
        ("form:3", WORDS, 8, Code.OBJECTIONS_OVER),
        ("form:4", " ", 1, Code.NO_REASON),
    ):
        with pytest.raises(Refused) as refused:
            await entered(published, key, words, after)
        assert refused.value.code is code


async def test_an_objection_is_answered_once(published: Life) -> None:
    number = (await entered(published)).objection_number
    with pytest.raises(Refused):
        await answered(published, number, " ")
    with pytest.raises(Refused) as own:
        await answered(published, number, "已送达，有签收", by=published.me)
    assert own.value.code is Code.OWN_OBJECTION
    await answered(published, number, "已送达，有签收")
    await answered(published, number, "已送达，有签收")
    with pytest.raises(Refused):
        await answered(published, number, "改主意了", ObjectionState.ACCEPTED)
    await seal_all(published.database, SIGNER, COUNTED + timedelta(days=2))
    assert (await published.leaves()).count("objection_answered") == 1
    async with published.database.read() as session:
        (row,) = await list_vote_objections(session, published.assembly.compound_id, published.number)
    assert (row.state, row.answer) == (ObjectionState.DECLINED, "已送达，有签收")

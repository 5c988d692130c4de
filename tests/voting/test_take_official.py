"""A vote on the government's platform, from its notice to the archive, on real databases."""

import asyncio
import copy
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import rfc8785

from handlers.voting.bundle import PUBLIC, SEALED, Bundle
from handlers.voting.evidence import Broken
from handlers.voting.news import News, for_group, for_owner
from handlers.voting.official_figures import figures_from
from handlers.voting.rules import Code, Refused
from handlers.voting.signing import Checkpoint
from handlers.voting.take_official import Taken, take_official
from handlers.voting.terms import AGAINST, AGREE
from handlers.voting.verify import verify
from storage.database import Database
from storage.merkle import leaf_hash, root_of
from storage.queries.tree import find_compound
from storage.states import VoteState
from tests.voting.assembly import SEALER, SIGNER, assemble
from tests.voting.evidence_by_hand import head_json, log_rows
from tests.voting.test_whole_life import OWNERS, Life, somebody
from tests.voting.votes import at

TAKEN = at(30)


def sums(persons: int, area: str) -> dict[str, Any]:
    return {"persons": persons, "area": area}


WRITTEN: dict[str, Any] = {
    "source": {"name": "市业主决策平台", "on": "2026-05-29", "where": "结果公告第7号"},
    "questions": [
        {
            "id": "q1",
            "total": sums(10, "1000"),
            "participants": sums(8, "800"),
            "choices": [{"choice": AGREE, **sums(6, "600")}, {"choice": AGAINST, **sums(2, "200")}],
            "word": [AGREE],
        }
    ],
}


def figures(**change: Any) -> Any:
    written = copy.deepcopy(WRITTEN)
    written["questions"][0] |= change
    return figures_from(written)


class Elsewhere(Life):
    """A vote that the platform holds; `me` keys in first, `other` second."""

    other = 0

    async def take(self, who: int, what: Any = None, now: Any = TAKEN) -> Taken:
        taken: Taken = await self.do(
            take_official, SEALER, SIGNER, self.compound, self.number, what or figures(), now, actor_id=who
        )
        return taken

    async def taken(self, what: Any = None) -> None:
        assert await self.take(self.me, what) == Taken()
        assert await self.take(self.other, what) == Taken(confirmed=True)


@pytest.fixture
async def life(database: Database) -> Elsewhere:
    """The vote is closed."""
    assembly = await assemble(database, OWNERS)
    async with database.read() as session:
        compound = await find_compound(session, "XH-1")
    assert compound is not None
    life = Elsewhere(database, assembly, compound)
    life.other = await somebody(database)
    await life.draft("beijing", "other")
    await life.complete()
    assert await life.lint() == set()
    await life.notice()
    await life.advance(at(30))
    assert (await life.vote()).state is VoteState.CLOSED
    return life


async def refused(coroutine: Any) -> Code:
    with pytest.raises(Refused) as answer:
        await coroutine
    return answer.value.code


async def test_two_key_in_the_same_and_it_is_published_as_the_platforms(life: Elsewhere) -> None:
    assert await life.take(life.me) == Taken()
    assert await life.take(life.me) == Taken()
    assert (await life.vote()).result is None
    assert await life.take(life.other) == Taken(confirmed=True)
    assert await life.take(life.other) == await life.take(life.me) == Taken(confirmed=True)
    vote = await life.vote()
    assert vote.state is VoteState.TALLIED
    assert vote.result is not None
    assert vote.result["questions"][0]["status"] == "PASSED"
    vote = await life.publish(at(31))
    assert await refused(life.take(life.me)) is Code.WRONG_STATE
    for words in (
        for_group(life.compound, vote, News.PUBLISHED, "", "", [("选聘", "PASSED")]),
        for_owner(life.compound, vote, News.PUBLISHED, "", [("选聘", "PASSED")]),
    ):
        assert "这是政府平台的结果，不是在这里计的" in words.text
        assert "对不上" not in words.text
    await life.advance(at(30).replace(month=7))
    assert (await life.vote()).state is VoteState.FINAL
    leaves = await life.leaves()
    assert leaves.count("official_result") == 1
    assert [kind for kind in leaves if kind not in ("notice", "open", "day", "close")] == [
        "official_result",
        "published",
        "final",
    ]
    verbs = await life.verbs()
    assert verbs.count("vote.official_entered") == 1
    assert verbs.count("vote.official_taken") == 1


async def test_figures_that_differ_are_not_kept_and_the_first_may_bring_others(life: Elsewhere) -> None:
    await life.take(life.me)
    wrong = figures(participants=sums(9, "900"))
    assert await life.take(life.other, wrong) == Taken(differs=("q1.participants",))
    assert (await life.vote()).state is VoteState.CLOSED
    assert await life.take(life.me, wrong) == Taken()
    assert await life.take(life.other, wrong) == Taken(confirmed=True)
    vote = await life.vote()
    assert vote.result is not None
    assert [each["code"] for each in vote.result["questions"][0]["differences"]] == ["parts"]


async def test_a_mistake_is_put_right_by_two_before_it_is_published(life: Elsewhere) -> None:
    await life.taken(figures(total=sums(11, "1000")))
    assert await life.take(life.other, figures()) == Taken()
    assert await refused(life.publish(at(31))) is Code.TALLY_AGAIN
    assert await refused(life.export(PUBLIC, at(31))) is Code.WRONG_STATE
    assert await life.take(life.other, figures()) == Taken()
    assert await life.take(life.me, figures()) == Taken(confirmed=True)
    await life.publish(at(31))
    vote = await life.vote()
    assert vote.result is not None
    assert vote.result["questions"][0]["differences"] == []
    await life.advance(at(30).replace(month=7))
    assert verify(await life.export(PUBLIC)).checked


async def test_a_word_that_the_figures_do_not_bear_out_is_told(life: Elsewhere) -> None:
    await life.taken(
        figures(choices=[{"choice": AGREE, **sums(4, "400")}, {"choice": AGAINST, **sums(4, "400")}])
    )
    vote = await life.publish(at(31))
    words = for_group(life.compound, vote, News.PUBLISHED, "", "", [("选聘", "NOT_PASSED")])
    assert "有和平台写的结论对不上的地方" in words.text


async def test_nobody_takes_figures_before_the_close_or_of_a_vote_here(database: Database) -> None:
    assembly = await assemble(database, OWNERS)
    async with database.read() as session:
        compound = await find_compound(session, "XH-1")
    assert compound is not None
    life = Elsewhere(database, assembly, compound)
    await life.noticed()
    assert await refused(life.take(life.me)) is Code.WRONG_STATE
    await life.advance(at(30))
    assert await refused(life.take(life.me)) is Code.COUNTED_HERE


async def test_two_who_press_at_once_confirm_once(life: Elsewhere) -> None:
    await asyncio.gather(*(life.take(who) for who in (life.me, life.other, life.me, life.other)))
    assert (await life.vote()).state is VoteState.TALLIED
    assert (await life.leaves()).count("official_result") == 1


async def bundle_of(life: Elsewhere, kind: str = PUBLIC) -> Bundle:
    await life.taken()
    await life.publish(at(31))
    await life.advance(at(30).replace(month=7))
    return await life.export(kind)


@pytest.mark.parametrize("kind", [PUBLIC, SEALED])
async def test_its_bundle_says_that_nothing_was_counted_here(life: Elsewhere, kind: str) -> None:
    report = verify(await bundle_of(life, kind), SIGNER.key_id)
    assert "the count: the government's platform counted, not this system" in report.not_checked
    assert "the result is the one in the log" in report.checked
    assert any("come to the outcome" in line for line in report.checked)
    assert not any("ballots" in line for line in report.checked)


def _agree(result: Any) -> None:
    result["official"]["questions"][0]["choices"][0]["persons"] = 7


def _status(result: Any) -> None:
    result["questions"][0]["status"] = "NOT_PASSED"


def _source(result: Any) -> None:
    result["official"]["source"]["where"] = "结果公告第8号"


@pytest.mark.parametrize("alter", [_agree, _status, _source])
async def test_altered_figures_are_found(life: Elsewhere, alter: Callable[[Any], None]) -> None:
    bundle = await bundle_of(life)
    result = copy.deepcopy(dict(bundle.result or {}))
    alter(result)
    assert broken(replace(bundle, result=result)) == "result.json"
    assert broken(replace(bundle, result=None)) == "result.json"


async def test_whoever_has_the_key_can_still_not_call_it_something_else(life: Elsewhere) -> None:
    """A log that was signed, and says what such a vote cannot say."""
    bundle = await bundle_of(life)
    result = copy.deepcopy(dict(bundle.result or {}))
    _status(result)
    digest = leaf_hash(rfc8785.dumps(result)).hex()

    def forged(**changes: Any) -> Bundle:
        entries = [json.loads(row["entry"]) for row in bundle.log]
        written = [rfc8785.dumps(each | changes.get(each["kind"], {})).decode() for each in entries]
        root = root_of([leaf_hash(each.encode()) for each in written])
        head = Checkpoint(bundle.manifest["origin"], len(written), root, at(30).replace(month=8))
        return replace(
            bundle,
            log=log_rows(written),
            checkpoints=(head_json(head, SIGNER),),
            result=changes.get("with_result", bundle.result),
        )

    assert verify(forged()).checked
    assert (
        broken(forged(official_result={"result": digest}, published={"result": digest}, with_result=result))
        == "result.json"
    )
    assert broken(forged(official_result={"entered": [life.me, life.me]})) == "log"
    place = [json.loads(row["entry"])["kind"] for row in bundle.log].index("official_result")
    assert broken(forged(notice={"mode": "here"})) == f"log entry {place}"
    assert broken(forged(official_result={"kind": "tally"})) == f"log entry {place}"


def broken(bundle: Bundle) -> str:
    with pytest.raises(Broken) as found:
        verify(bundle)
    return found.value.where

"""Models that have learned from staff: no words in them, measured, and switched on only when they are no worse."""

import asyncio
import json
import zlib
from datetime import timedelta

import pytest
from sqlmodel import select

from bot.cli.keys import fresh_key
from bot.cli.learn import SHIPPED, activate, learn, list_trained, train_beside
from bot.config import ConfigError, Settings
from handlers.context import Services
from handlers.learning.examples import Example, list_examples
from handlers.learning.taggers import Taggers
from nlp.chats import PHRASES, TRAINING, Conversation, Phrase, load_chats, load_phrases
from nlp.model import DEFAULT_PATH, Weights
from nlp.phrases import Phrases
from storage.database import Database
from storage.queries.people import get_or_add_identities
from storage.states import ModelState
from storage.tables import AuditEvent, Correction, Opinion, TagModel
from tests.bot.fakes import NOON, Clock
from tests.bot.house import enrol

SAID = "山水庭院翟墨轩家的猪又在叫了"


@pytest.fixture
async def taught(database: Database, services: Services, clock: Clock) -> Database:
    """Twenty sorted opinions; one lost its words, one was sorted twice, one into what is no category any more."""
    await enrol(database, services, clock)
    async with database.write() as session:
        people = await get_or_add_identities(session, [("main", "o-zhai")], NOON)
        person_id = people["main", "o-zhai"].person_id
        for number in range(1001, 1021):
            session.add(
                Opinion(
                    compound_id=1, number=number, inbox_id=number, said_at=NOON, filed_at=NOON, urgency=2,
                    text=None if number == 1001 else f"{SAID}{number}", lexicon_version="staff",
                    person_id=person_id,
                )
            )  # fmt: skip
            await session.flush()
            for seq, after in ((1, ["chongwu.jiao"]), (2, ["zaoyin"] if number != 1003 else ["no.more"])):
                if seq == 1 or number in (1002, 1003):
                    session.add(
                        Correction(
                            compound_id=1, opinion_number=number, seq=seq, before=[], after=after, urgency_before=1,
                            urgency_after=2, version="t", corrected_at=NOON + timedelta(seconds=seq),
                        )
                    )  # fmt: skip
    return database


async def _examples(database: Database, services: Services) -> list[Example]:
    taggers = Taggers(services.tagger.current, {1: Phrases.of(["山水庭院"], [])})
    async with database.read() as session:
        return await list_examples(session, taggers)


async def test_what_is_learned_from(taught: Database, services: Services) -> None:
    examples = await _examples(taught, services)
    assert [example.id for example in examples] == [
        f"1:{number}" for number in range(1002, 1021) if number != 1003
    ]
    [said] = examples[0].chat.messages
    assert (said.labels, said.urgency) == (("zaoyin",), 2)
    assert said.text == "□□□□翟墨轩家的猪又在叫了1002"
    assert 0 < sum(example.is_held_out for example in examples) < len(examples)


@pytest.fixture(scope="module")
def shipped() -> tuple[list[Conversation], list[Phrase]]:
    """A part of what is shipped: enough to train, not enough to be good."""
    return load_chats(TRAINING)[::20], load_phrases(PHRASES)[::40]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # training takes its time
async def test_a_trained_model_holds_weights_and_ids(
    taught: Database, services: Services, shipped: tuple[list[Conversation], list[Phrase]]
) -> None:
    examples = await _examples(taught, services)
    row = await asyncio.to_thread(train_beside, *shipped, services.tagger.current, examples, NOON)
    unpacked = zlib.decompress(row.body).decode("utf-8", "replace")
    kept = unpacked + json.dumps(row.figures, ensure_ascii=False)
    assert not any(
        mark in kept for mark in ("翟", "墨轩", "轩家")
    )  # one person's, however often they wrote it
    assert row.figures["trained_on"] == [one.id for one in examples if not one.is_held_out]
    assert row.figures["held_out"] == [one.id for one in examples if one.is_held_out]
    assert row.figures["unseen"]["candidate"]["messages"] == row.figures["unseen"]["in_use"]["messages"] > 500
    assert row.figures["held_out_corrections"]["candidate"]["messages"] == len(row.figures["held_out"])
    assert row.version.startswith("c")
    assert len(row.version) == 9
    Weights.unpack(row.body)


def _lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What was printed for machines; logs go elsewhere when it is a command."""
    return [line for line in capsys.readouterr().out.splitlines() if line.startswith("{")]


def _settings(url: str) -> Settings:
    return Settings.model_validate(
        {
            "database": {"url": url},
            "security": {"column_keys": [f"k:{fresh_key()}"], "lookup_key": fresh_key()},
        }
    )


async def _states(database: Database) -> dict[str, ModelState]:
    async with database.read() as session:
        return {row.version: row.state for row in (await session.exec(select(TagModel))).all()}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # training takes its time
async def test_it_is_switched_on_only_when_it_is_no_worse(
    taught: Database, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = _settings(database_url)
    good = Weights.unpack(await asyncio.to_thread(DEFAULT_PATH.read_bytes))
    bad = Weights(
        "bad", good.tops, good.leaves, good.scales, good.biases, dict(list(good.rows.items())[:50]),
        good.combining, good.thresholds, {},
    )  # fmt: skip
    async with taught.write() as session:
        for version, weights in (("good", good), ("bad", bad)):
            session.add(
                TagModel(
                    version=version, trained_at=NOON, state=ModelState.TRAINED, figures={"held_out": ["1:1"]},
                    body=weights.pack(),
                )
            )  # fmt: skip
    assert await activate(settings, "good", force=False) == 0
    assert await activate(settings, "bad", force=False) == 1
    assert await _states(taught) == {"good": ModelState.ACTIVE, "bad": ModelState.TRAINED}
    assert await activate(settings, "bad", force=True) == 0
    assert await _states(taught) == {"good": ModelState.RETIRED, "bad": ModelState.ACTIVE}
    assert await activate(settings, SHIPPED, force=False) == 0
    assert await _states(taught) == {"good": ModelState.RETIRED, "bad": ModelState.RETIRED}
    with pytest.raises(ConfigError):
        await activate(settings, "none", force=False)
    rows = [json.loads(line) for line in _lines(capsys)]
    assert [bool(row["worse"]) for row in rows] == [False, True, True, True]  # the way back is always open
    assert await list_trained(settings) == 0
    listed = [json.loads(line) for line in _lines(capsys)]
    assert {row["version"]: row["state"] for row in listed} == {"good": "retired", "bad": "retired"}
    assert listed[0]["held_out"] == 1
    async with taught.read() as session:
        events = (await session.exec(select(AuditEvent).where(AuditEvent.verb == "model.activated"))).all()
    assert sorted(event.subject for event in events) == ["model:bad", "model:good", "model:shipped"]


async def test_without_corrections_there_is_nothing_to_learn(
    database: Database, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await learn(_settings(database_url)) == 1
    assert "nothing" in capsys.readouterr().err

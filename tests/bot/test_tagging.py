"""The tagger is swapped while messages are read: none is lost, nobody waits, and what does not hold stays out."""

import asyncio
import re
import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import select
from structlog.testing import capture_logs

from bot.tagging import TaggerSource
from handlers.context import Services
from nlp.lexicon import DEFAULT_PATH
from nlp.model import DEFAULT_PATH as MODEL_PATH
from storage.database import Database
from storage.queries.models import activate_model
from storage.queries.phrases import put_phrases
from storage.states import ModelState, PhraseKind
from storage.tables import Opinion, TagModel
from tests.bot.fakes import NOON, Clock, ScriptedChannel
from tests.bot.house import Replica, enrol, inbox

COMPLAINT = "3栋2单元电梯又坏了"


@pytest.fixture
def lexicon(tmp_path: Path) -> Path:
    path = tmp_path / "own.toml"
    shutil.copy(DEFAULT_PATH, path)
    return path


def _edit(path: Path, version: str, old: str = "", new: str = "") -> None:
    text = re.sub(r'^version = ".*"$', f'version = "{version}"', path.read_text("utf-8"), flags=re.MULTILINE)
    assert old in text
    path.write_text(text.replace(old, new) if old else text, "utf-8")


@pytest.fixture
async def source(database: Database, lexicon: Path) -> TaggerSource:
    source = TaggerSource(database, lexicon)
    await source.open()
    return source


async def _beat(gaps: list[float]) -> None:
    while True:
        started = time.perf_counter()
        await asyncio.sleep(0.001)
        gaps.append(time.perf_counter() - started)


@pytest.fixture
async def gaps() -> AsyncIterator[list[float]]:
    """How long the loop stood still, each time."""
    gaps: list[float] = []
    task = asyncio.create_task(_beat(gaps))
    yield gaps
    task.cancel()


async def test_messages_under_load_are_all_tagged_while_it_is_swapped(
    database: Database, source: TaggerSource, lexicon: Path, services: Services, clock: Clock
) -> None:
    await enrol(database, services, clock)
    replica = Replica(database, replace(services, tagger=source.taggers), clock, channels=[ScriptedChannel()])
    for number in range(4):
        await replica.store([COMPLAINT] * 25, prefix=f"m{number}")
    working = asyncio.create_task(replica.work())
    for version in ("2.0", "3.0"):
        await asyncio.to_thread(_edit, lexicon, version)
        await source.refresh()
        assert source.taggers.lexicon.version == version
    await replica.store([COMPLAINT] * 10, prefix="after")
    await working
    await replica.work()
    async with database.read() as session:
        opinions = (await session.exec(select(Opinion))).all()
    assert len(opinions) == len(await inbox(database)) == 110
    assert all(opinion.categories[0]["id"] == "dianti.guzhang" for opinion in opinions)
    assert {opinion.lexicon_version.partition("+")[0] for opinion in opinions} >= {"3.0"}


async def test_the_loop_stands_still_for_less_than_a_tenth_of_a_second(
    source: TaggerSource, lexicon: Path, gaps: list[float]
) -> None:
    await asyncio.to_thread(_edit, lexicon, "2.0")
    await asyncio.sleep(0.05)
    gaps.clear()
    await source.refresh()
    await asyncio.sleep(0.01)
    assert source.taggers.lexicon.version == "2.0"
    assert max(gaps) < 0.1


async def test_a_lexicon_that_does_not_hold_is_refused_once_and_the_old_one_stays(
    source: TaggerSource, lexicon: Path
) -> None:
    before = source.taggers.current
    with capture_logs() as logs:
        await asyncio.to_thread(_edit, lexicon, "2.0", "[cues]", "[clues]")
        for _ in range(3):
            await source.refresh()
    assert [entry["event"] for entry in logs] == ["lexicon.refused"]
    assert source.taggers.current is before
    assert source.refused is True
    await asyncio.to_thread(shutil.copy, DEFAULT_PATH, lexicon)
    await source.refresh()
    again: bool = source.refused
    assert not again
    await asyncio.to_thread(lexicon.unlink)
    with capture_logs() as logs:
        await source.refresh()
        await source.refresh()
    assert [entry["event"] for entry in logs] == ["lexicon.refused"]


async def test_a_lexicon_without_a_category_of_the_model_is_refused(
    source: TaggerSource, lexicon: Path
) -> None:
    with capture_logs() as logs:
        await asyncio.to_thread(_edit, lexicon, "2.0", 'id = "dianti.kunren"', 'id = "dianti.other"')
        await source.refresh()
    assert [entry["event"] for entry in logs] == ["lexicon.refused"]
    assert "dianti.kunren" in logs[0]["reason"]


async def test_every_replica_follows_the_active_model(database: Database) -> None:
    sources = [TaggerSource(database), TaggerSource(database)]
    for source in sources:
        await source.open()
    shipped = sources[0].taggers.current.version
    body = await asyncio.to_thread(MODEL_PATH.read_bytes)
    async with database.write() as session:
        for version, packed in (("c1", body), ("broken", b"no model")):
            session.add(
                TagModel(version=version, trained_at=NOON, state=ModelState.TRAINED, figures={}, body=packed)
            )
        await session.flush()
        await activate_model(session, "c1")
    swapped = [source.taggers.current for source in sources]
    for source, before in zip(sources, swapped, strict=True):
        await source.refresh()
        assert source.taggers.current is not before
    async with database.write() as session:
        await activate_model(session, "broken")
    with capture_logs() as logs:
        await sources[0].refresh()
        await sources[0].refresh()
    assert [entry["event"] for entry in logs] == ["model.refused"]
    async with database.write() as session:
        await activate_model(session, None)
    await sources[0].refresh()
    assert sources[0].taggers.current.version == shipped
    async with database.read() as session:
        assert {row.state for row in (await session.exec(select(TagModel))).all()} == {ModelState.RETIRED}


async def test_phrases_of_a_compound_are_noticed_and_count_there_only(
    database: Database, services: Services, clock: Clock
) -> None:
    await enrol(database, services, clock)
    source = TaggerSource(database)
    taggers = await source.open()
    text = "漏水岭污水口3栋"
    assert taggers.of(1).tag(text).clean == text
    for names, blanked in (
        ({"漏水岭污水口": PhraseKind.NAME, "荷花池": PhraseKind.PLACE}, "□□□□□□3栋"),
        ({"漏水岭": PhraseKind.NAME}, "□□□污水口3栋"),
        ({}, text),
    ):
        async with database.write() as session:
            assert await put_phrases(session, 1, names)
            assert not await put_phrases(session, 1, names)
        await source.refresh()
        assert taggers.of(1).tag(text).clean == blanked
        assert taggers.of(2).tag(text).clean == text
        assert taggers.of(None).tag(text).clean == text

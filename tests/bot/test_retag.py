"""Stored opinions are read again: tried first, then kept, once, whoever dies, and staff's word stands."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import col, select

from bot import retag
from bot.cli import retag as command
from bot.cli.keys import fresh_key
from bot.config import ConfigError, Settings
from bot.retag import Progress, Scope, TakenError, replay, try_out
from handlers.context import Services
from handlers.groups.chat import DOUBTED
from handlers.learning.replay import fetch_batch, keep_batch, read_again
from handlers.learning.taggers import Taggers
from nlp.reader import Reader
from storage.database import Database
from storage.queries.corrections import BY_STAFF
from storage.states import GroupKind, InboxState
from storage.tables import (
    AlertEpisode,
    AuditEvent,
    ChatGroup,
    InboxMessage,
    Opinion,
    OutboxMessage,
    Replay,
)
from tests.bot.fakes import NOON, Clock
from tests.bot.house import enrol

BATCH = 500  # of these tests: a few of them are rows enough
EVER = Scope(NOON - timedelta(days=3650))
LIFT, LEAK, FIRE, CHATTER = "3栋电梯坏了没人修", "垃圾桶满了没人清运", "三楼着火了冒浓烟", "大家早上好"
ROOT = Path(__file__).parents[2]


def _opinion(number: int, text: str, version: str = "old", **values: object) -> Opinion:
    return Opinion.model_validate(
        {
            "compound_id": 1,
            "number": number,
            "inbox_id": number,
            "said_at": NOON,
            "filed_at": NOON,
            "text": text,
            "categories": [{"id": "lvhua.yanghu", "score": 0.5}],
            "hits": [],
            "urgency": 1,
            "lexicon_version": version,
            **values,
        }
    )


def _row(opinion: Opinion) -> Opinion:
    return Opinion(**opinion.model_dump())


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retag, "BATCH", BATCH)


@pytest.fixture
async def archive(database: Database, services: Services, clock: Clock) -> Database:
    """Many opinions with an old reading, three of them particular: 5001 by staff, 5002 without words, 5003 danger."""
    await enrol(database, services, clock)
    async with database.write() as session:
        session.add_all(
            _row(_opinion(1001 + number, (LIFT, LEAK, CHATTER)[number % 3]))
            for number in range(2 * BATCH + 50)
        )
        session.add(_row(_opinion(5001, LIFT, BY_STAFF)))
        session.add(Opinion(**{**_opinion(5002, "").model_dump(), "text": None}))
        session.add(_row(_opinion(5003, FIRE)))
    return database


async def _stored(database: Database) -> dict[int, Opinion]:
    async with database.read() as session:
        rows = (await session.exec(select(Opinion).order_by(col(Opinion.number)))).all()
    return {row.number: row for row in rows}


async def test_trying_it_out_counts_and_keeps_nothing(archive: Database, services: Services) -> None:
    before = await _stored(archive)
    progress = await try_out(archive, services.tagger, EVER, lambda progress: None)
    total = 2 * BATCH + 50
    assert (progress.read, progress.total) == (total + 1, total + 1)
    assert progress.changed == sum(progress.steps.values()) == total + 1
    assert progress.steps["lvhua.yanghu", "none"] == total // 3
    assert progress.examples["lvhua.yanghu", "dianti.guzhang"][0] == (1, 1001, LIFT)
    assert {number: row.categories for number, row in (await _stored(archive)).items()} == {
        number: row.categories for number, row in before.items()
    }
    async with archive.read() as session:
        assert (await session.exec(select(Replay))).all() == []


async def test_a_database_that_is_busy_for_a_while_does_not_end_a_replay(
    archive: Database, services: Services, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep, busy = keep_batch, [2]

    async def keep_when_not_busy(*arguments: Any) -> int | None:
        if busy[0]:
            busy[0] -= 1
            raise OperationalError("UPDATE", {}, Exception("database is locked"))
        return await keep(*arguments)

    monkeypatch.setattr(retag, "keep_batch", keep_when_not_busy)
    monkeypatch.setattr(retag, "PAUSE_SECONDS", 0)
    progress = await replay(archive, services.tagger, EVER, "a", clock, lambda progress: None, 0)
    assert progress.changed == 2 * BATCH + 51
    busy[0] = 1000
    with pytest.raises(OperationalError):
        await replay(archive, services.tagger, EVER, "a", clock, lambda progress: None, 0)


async def test_a_replay_replaces_tags_and_urgency_and_raises_no_alert(
    archive: Database, services: Services, clock: Clock
) -> None:
    progress = await replay(archive, services.tagger, EVER, "a", clock, lambda progress: None, 0)
    stored = await _stored(archive)
    assert stored[1001].categories[0]["id"] == "dianti.guzhang"
    assert stored[1001].hits
    assert stored[1001].lexicon_version == services.tagger.current.version
    assert stored[1003].categories == []
    assert stored[5001].categories[0]["id"] == "lvhua.yanghu"
    assert stored[5002].categories[0]["id"] == "lvhua.yanghu"
    assert stored[5003].urgency == 3
    async with archive.read() as session:
        [row] = (await session.exec(select(Replay))).all()
        assert (await session.exec(select(AlertEpisode))).all() == []
        assert (await session.exec(select(OutboxMessage))).all() == []
        [event] = (await session.exec(select(AuditEvent).where(AuditEvent.verb == "replay.ended"))).all()
    assert row.ended_at is not None
    assert (row.done, row.total, row.changed) == (progress.read, progress.read, progress.changed)
    assert event.details["read"] == progress.read
    again = await replay(archive, services.tagger, EVER, "a", clock, lambda progress: None, 0)
    assert (again.read, again.changed) == (progress.read, 0)


class _StopError(Exception):
    """A process that ends in the middle."""


def _dies_after(batches: int) -> Callable[[Progress], None]:
    def report(progress: Progress) -> None:
        if progress.read >= batches * BATCH:
            raise _StopError

    return report


async def test_it_goes_on_where_it_stopped_and_two_do_not_do_it_twice(
    archive: Database, services: Services, clock: Clock
) -> None:
    with pytest.raises(_StopError):
        await replay(archive, services.tagger, EVER, "a", clock, _dies_after(1), 0)
    with pytest.raises(TakenError):
        await replay(archive, services.tagger, EVER, "b", clock, lambda progress: None, 0)
    clock.forward(31)
    rest = await replay(archive, services.tagger, EVER, "b", clock, lambda progress: None, 0)
    assert rest.read == BATCH + 51
    async with archive.read() as session:
        [row] = (await session.exec(select(Replay))).all()
    assert (row.done, row.changed) == (2 * BATCH + 51, 2 * BATCH + 51)


async def test_a_slow_worker_that_was_overtaken_writes_nothing(
    archive: Database, services: Services, clock: Clock
) -> None:
    rests = asyncio.Event()
    slow = asyncio.create_task(
        replay(archive, services.tagger, EVER, "a", clock, lambda progress: rests.set(), 5)
    )
    await rests.wait()
    clock.forward(31)
    await replay(archive, services.tagger, EVER, "b", clock, lambda progress: None, 0)
    with pytest.raises(TakenError):
        await slow
    async with archive.read() as session:
        [row] = (await session.exec(select(Replay))).all()
    assert (row.done, row.changed, row.lease_owner) == (2 * BATCH + 51, 2 * BATCH + 51, "b")


async def test_one_of_another_version_that_stopped_is_given_up(
    archive: Database, services: Services, clock: Clock
) -> None:
    with pytest.raises(_StopError):
        await replay(archive, services.tagger, EVER, "a", clock, _dies_after(1), 0)
    clock.forward(31)
    async with archive.write() as session:
        row = (await session.exec(select(Replay))).one()
        row.version = "gone"
    await replay(archive, services.tagger, EVER, "a", clock, lambda progress: None, 0)
    async with archive.read() as session:
        rows = (await session.exec(select(Replay).order_by(col(Replay.replay_id)))).all()
    assert [(row.version == "gone", row.ended_at is not None, row.done) for row in rows] == [
        (True, True, BATCH),
        (False, True, 2 * BATCH + 51),
    ]


async def test_what_staff_sort_meanwhile_stands(archive: Database, services: Services, clock: Clock) -> None:
    async with archive.read() as session:
        fetched = await fetch_batch(session, EVER.since, None, (0, 0), 10)
    assert fetched is not None
    read = read_again(services.tagger, fetched)
    async with archive.write() as session:
        row = await session.get_one(Opinion, (1, 1001))
        row.lexicon_version, row.categories = BY_STAFF, [{"id": "tingche.chewei", "score": 1.0}]
        session.add(Replay(version="v", requested_at=NOON, since=EVER.since, total=10, lease_owner="a"))
        await session.flush()
    async with archive.write() as session:
        replay_row = (await session.exec(select(Replay))).one()
        assert await keep_batch(session, replay_row, "a", (0, 0), read, NOON) == 9
        assert await keep_batch(session, replay_row, "a", (0, 0), read, NOON) is None
    assert (await _stored(archive))[1001].categories[0]["id"] == "tingche.chewei"


async def test_what_was_said_in_a_group_is_read_after_what_was_said_before(
    database: Database, services: Services, clock: Clock
) -> None:
    await enrol(database, services, clock)
    said = ["5栋的水龙头放出来是黄的", "我这儿也是", "@所有人 谁还有", "我这儿也是黄的，三楼"]
    async with database.write() as session:
        group = ChatGroup(
            compound_id=1,
            account="archive",
            room="wr",
            kind=GroupKind.CUSTOMER,
            name="群",
            registered_at=NOON,
        )
        session.add(group)
        await session.flush()
        for number, text in enumerate(said):
            message = InboxMessage(
                account="archive", message_key=f"m{number}", kind="text", sender="wm", text=text, scene="",
                media_id="", room="wr", sent_at=NOON + timedelta(minutes=number), received_at=NOON,
                state=InboxState.DONE, lease_owner="", lease_until=NOON, outcome=DOUBTED.outcome,
            )  # fmt: skip
            session.add(message)
            await session.flush()
            session.add(
                _row(_opinion(1001 + number, text, inbox_id=message.inbox_id, group_id=group.group_id))
            )
    reader = services.tagger.current
    scores = [reader.score(text) for text in said[:3]]
    expected = reader.tag(said[3], scores)
    await replay(database, services.tagger, EVER, "a", clock, lambda progress: None, 0)
    last = (await _stored(database))[1004]
    assert last.categories == [category._asdict() for category in expected.categories]
    assert last.urgency == expected.urgency


def _settings(url: str) -> Settings:
    return Settings.model_validate(
        {
            "database": {"url": url},
            "security": {"column_keys": [f"k:{fresh_key()}"], "lookup_key": fresh_key()},
        }
    )


async def _command(url: str, **options: object) -> int:
    usual = {
        "lexicon": None,
        "model": None,
        "compound": None,
        "since": None,
        "dry_run": False,
        "words": False,
    }
    return await command.run(_settings(url), **{**usual, **options})  # type: ignore[arg-type]


async def test_the_command_prints_numbers_on_stdout_and_words_only_when_asked_on_stderr(
    archive: Database, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await _command(database_url, dry_run=True) == 0
    told = capsys.readouterr()
    assert "电梯" not in told.out + told.err
    *steps, total = map(json.loads, told.out.splitlines())
    assert sum(step["opinions"] for step in steps) == total["changed"] == 2 * BATCH + 51
    assert steps[0]["examples"][0].startswith("XH-1/")
    assert not total["kept"]
    assert await _command(database_url, dry_run=True, words=True, compound="XH-1", since="2026-03-01") == 0
    told = capsys.readouterr()
    assert "电梯" in told.err
    assert "电梯" not in told.out
    assert await _command(database_url, dry_run=True, since="2030-01-01") == 0
    assert json.loads(capsys.readouterr().out)["read"] == 0
    for wrong in ({"lexicon": "x"}, {"compound": "NO"}, {"since": "gestern"}, {"words": True}):
        with pytest.raises(ConfigError):
            await _command(database_url, **wrong)
    with pytest.raises(ConfigError):
        await _command(database_url, dry_run=True, lexicon="/does/not/exist")


SHIPPED_BATCH = retag.BATCH
KILLED = 3 * SHIPPED_BATCH


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # two processes; what differs is above
async def test_kill_9_and_again(
    database: Database, database_url: str, services: Services, clock: Clock, tmp_path: Path
) -> None:
    """A real process, killed in the middle; the next one finishes, and every opinion was counted once."""
    await enrol(database, services, clock)
    async with database.write() as session:
        session.add_all(_row(_opinion(1001 + number, LIFT)) for number in range(KILLED))
    config = tmp_path / "retag.toml"
    config.write_text(
        f'database.url = "{database_url}"\n[security]\ncolumn_keys = ["k:{fresh_key()}"]\n'
        f'lookup_key = "{fresh_key()}"\n'
    )

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "bot", "retag", "--config", str(config)], cwd=ROOT,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    async def done() -> int:
        async with database.read() as session:
            rows = (await session.exec(select(Replay))).all()
        return rows[0].done if rows else 0

    first = start()
    while await done() < SHIPPED_BATCH:
        assert first.poll() is None, first.communicate()
        await asyncio.sleep(0.005)
    first.send_signal(signal.SIGKILL)
    await asyncio.to_thread(first.communicate)
    at = await done()
    assert at >= SHIPPED_BATCH
    async with database.write() as session:
        row = (await session.exec(select(Replay))).one()
        assert row.lease_until is not None
        row.lease_until = datetime.now(row.lease_until.tzinfo)  # instead of waiting half a minute
    second = start()
    out, err = await asyncio.to_thread(second.communicate)
    assert second.returncode == 0, err
    assert json.loads(out.splitlines()[-1])["read"] == KILLED - at
    async with database.read() as session:
        row = (await session.exec(select(Replay))).one()
    assert (row.done, row.changed, row.ended_at is not None) == (KILLED, KILLED, True)
    assert {opinion.categories[0]["id"] for opinion in (await _stored(database)).values()} == {
        "dianti.guzhang"
    }


def test_readers_in_taggers_are_the_same_thing(tagger: Reader) -> None:
    assert Taggers(tagger).of(7).tag(LIFT).categories == tagger.tag(LIFT).categories

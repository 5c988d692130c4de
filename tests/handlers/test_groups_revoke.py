"""Someone takes a message back: its words go, with everything that was made of them, on either database."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from handlers.groups.entries import Entry
from handlers.groups.register import end_group
from storage.audit import add_audit_event
from storage.outbox import add_message, add_reply
from storage.queries.groups import find_group
from storage.queries.inbox import take_new
from storage.queries.opinions import next_number
from storage.states import InboxState, MessageClass, OpinionState, OutboxState, Tombstone
from storage.tables import (
    ArchiveTombstone,
    AuditEvent,
    Compound,
    InboxMessage,
    Opinion,
    OutboxMessage,
    WeeklyCycle,
)
from tests.handlers.archive import ARCHIVE, ROOM, ZHAO, Group
from tests.handlers.talk import NOW, Talk

SAID = "3栋2单元501的王家天天往楼下扔垃圾"
OTHER = "小区大门口路灯坏了一个月没人修"


@pytest.fixture
async def group(talk: Talk) -> Group:
    group = Group(talk.database, talk.services)
    await group.open()
    return group


async def file(session: Any, message: InboxMessage, compound_id: int) -> Opinion:
    """What a worker makes of a message."""
    assert message.inbox_id is not None
    message.state, message.outcome, message.done_at = InboxState.DONE, "opinion.filed", NOW
    opinion = Opinion(
        compound_id=compound_id,
        number=await next_number(session, compound_id, "opinion"),
        inbox_id=message.inbox_id,
        said_at=message.sent_at,
        filed_at=NOW,
        text=message.text,
        categories=[{"id": "rubbish.litter", "score": 0.9}],
        hits=[{"leaf": "rubbish.litter", "term": "扔垃圾", "rule": "term", "start": 14, "end": 17}],
        urgency=3,
        building="3",
        entrance="2",
        unit="501",
        lexicon_version="1",
    )
    session.add(opinion)
    add_reply(
        session,
        inbox_id=message.inbox_id,
        account="corp",
        recipient="wangjing",
        message_class=MessageClass.RECEIPT,
        text=f"已登记：{message.text}",
        now=NOW,
        lease_owner="",
        lease_until=None,
    )
    return opinion


async def file_all(talk: Talk) -> list[int]:
    async with talk.database.write() as session:
        home = (await session.exec(select(Compound))).one()
        assert home.compound_id is not None
        messages = await take_new(session, "replica-a", NOW, 50)
        opinions = [await file(session, message, home.compound_id) for message in messages]
        await session.flush()
        return [opinion.number for opinion in opinions]


async def send(talk: Talk, text: str, key: str, payload: dict[str, Any] | None = None) -> None:
    async with talk.database.write() as session:
        await add_message(
            session,
            account="corp",
            recipient="wangjing",
            message_class=MessageClass.ALERT,
            text=text,
            dedupe_key=key,
            now=NOW + timedelta(minutes=1),
        )
        row = (await session.exec(select(OutboxMessage).where(OutboxMessage.dedupe_key == key))).one()
        row.payload = payload


async def test_a_revoked_message_leaves_no_word_anywhere(talk: Talk, group: Group) -> None:
    await group.hear(group.said(SAID, key="a:x"), group.said(OTHER))
    number, other = await file_all(talk)
    fields = {"notices": {"template:main": {"fields": {"thing1": SAID[:20]}, "template": "T-1"}}}
    await send(talk, f"紧急 {number}：{SAID}\n请处理", "alert:1:1:260312:person:1", fields)
    others = {"notices": {"template:main": {"fields": {"thing1": OTHER[:20]}, "template": "T-1"}}}
    await send(talk, f"紧急 {other}：{OTHER}", "alert:1:2:260312:person:1", others)
    async with talk.database.write() as session:
        home = (await session.exec(select(Compound))).one()
        assert home.compound_id is not None
        digest = {
            "week": "2026-03-09",
            "total": 2,
            "categories": [{"id": "rubbish.litter", "name": "乱扔垃圾", "count": 1, "last": 0}],
            "urgent": [
                {"number": number, "label": "乱扔垃圾", "place": "3栋", "text": SAID, "state": "filed"},
                {"number": other, "label": "路灯", "place": "", "text": OTHER, "state": "filed"},
            ],
            "quotes": [{"text": "天天往楼下扔垃圾", "label": "x"}, {"text": OTHER, "label": "y"}],
        }
        session.add(
            WeeklyCycle(compound_id=home.compound_id, week="2026-03-09", digested_at=NOW, digest=digest)
        )
    group.now += timedelta(minutes=2)
    listened = await group.hear(group.revoked("a:x"))
    assert listened.blanked
    assert +listened.counts == {"revoked": 1}

    gone, stays = await talk.rows(InboxMessage)
    assert (gone.text, gone.state, gone.outcome) == ("", InboxState.DONE, "message.revoked")
    assert (stays.text, stays.outcome) == (OTHER, "opinion.filed")
    withdrawn, filed = await talk.rows(Opinion)
    assert (withdrawn.text, withdrawn.hits, withdrawn.unit) == (None, [], None)
    assert (withdrawn.state, withdrawn.categories != []) == (OpinionState.WITHDRAWN, True)
    assert (filed.text, filed.state) == (OTHER, OpinionState.FILED)
    receipt, kept, alert, unrelated = await talk.rows(OutboxMessage)
    assert (receipt.text, receipt.state, receipt.reason) == ("", OutboxState.CANCELLED, "revoked")
    assert kept.text == f"已登记：{OTHER}"
    assert alert.text == f"紧急 {number}：（已撤回）\n请处理"
    assert (alert.payload, alert.state) == (
        {"notices": {"template:main": {"fields": {"thing1": "（已撤回）"}, "template": "T-1"}}},
        OutboxState.PENDING,
    )
    assert unrelated.payload == others
    [cycle] = await talk.rows(WeeklyCycle)
    assert cycle.digest is not None
    assert cycle.digest["quotes"] == [{"text": OTHER, "label": "y"}]
    assert [matter["text"] for matter in cycle.digest["urgent"]] == ["（已撤回）", OTHER]
    assert cycle.digest["total"] == 2
    [event] = [event for event in await talk.rows(AuditEvent) if event.verb == "message.revoked"]
    assert (event.subject, event.details) == (f"inbox:{gone.inbox_id}", {"opinion": number})
    assert {row.reason for row in await talk.rows(ArchiveTombstone)} == {Tombstone.REVOKED}


async def test_a_message_nobody_has_worked_on_will_not_be(talk: Talk, group: Group) -> None:
    await group.hear(group.said(SAID, key="a:x"))
    await group.hear(group.revoked("a:x"))
    assert await file_all(talk) == []
    assert [message.text for message in await talk.rows(InboxMessage)] == [""]


async def test_a_revocation_that_comes_first_or_twice_is_the_same(talk: Talk, group: Group) -> None:
    first = await group.hear(group.revoked("a:x"), group.revoked("a:x"))
    again = await group.hear(group.revoked("a:x"))
    assert not first.blanked
    assert not again.blanked
    assert +(await group.hear(group.said(SAID, key="a:x"))).counts == {"stored": 1}
    [message] = await talk.rows(InboxMessage)
    assert (message.text, message.sender, message.state) == ("", "", InboxState.DONE)
    # In one page, in either order.
    for key in ("a:y", "a:z"):
        page: list[Entry] = [group.said(SAID, key=key), group.revoked(key)]
        counts = await group.counts(*(page if key == "a:y" else page[::-1]))
        assert counts == {"revoked": 2}
    assert {message.text for message in await talk.rows(InboxMessage)} == {""}
    assert [event.verb for event in await talk.rows(AuditEvent)].count("message.revoked") == 0


async def test_revoking_twice_says_so_once(talk: Talk, group: Group) -> None:
    await group.hear(group.said(SAID, key="a:x"))
    assert (await group.hear(group.revoked("a:x"))).blanked
    assert not (await group.hear(group.revoked("a:x"))).blanked
    assert [event.verb for event in await talk.rows(AuditEvent)].count("message.revoked") == 1


async def test_what_was_stored_before_the_group_ended_can_still_be_taken_back(
    talk: Talk, group: Group
) -> None:
    await group.hear(group.said(SAID, key="a:x"))
    async with talk.database.write() as session:
        row = await find_group(session, ARCHIVE, ROOM)
        assert row is not None
        end_group(session, row, group.now)
    assert (await group.hear(group.revoked("a:x"), group.revoked("a:unknown"))).blanked
    assert [message.text for message in await talk.rows(InboxMessage)] == [""]


async def test_a_revocation_in_a_strange_room_leaves_only_its_tombstone(talk: Talk, group: Group) -> None:
    await group.hear(group.revoked("a:x", room="wrElsewhere"), group.revoked("a:y", room=""))
    assert await talk.rows(InboxMessage) == []
    assert len(await talk.rows(ArchiveTombstone)) == 2


async def test_a_message_that_a_worker_holds_is_blanked_with_what_the_worker_makes_of_it(
    talk: Talk, group: Group
) -> None:
    """On PostgreSQL the poller waits at the row; on SQLite at the door."""
    await group.hear(group.said(SAID, key="a:x"))
    holds = asyncio.Event()

    async def work() -> None:
        async with talk.database.write() as session:
            home = (await session.exec(select(Compound))).one()
            assert home.compound_id is not None
            [message] = await take_new(session, "replica-a", NOW, 50)
            holds.set()
            await asyncio.sleep(0.3)
            await file(session, message, home.compound_id)

    async def revoke() -> None:
        await holds.wait()
        await group.hear(group.revoked("a:x"))

    await asyncio.gather(work(), revoke())
    assert [(row.text, row.outcome) for row in await talk.rows(InboxMessage)] == [("", "message.revoked")]
    assert [(row.text, row.state) for row in await talk.rows(Opinion)] == [(None, OpinionState.WITHDRAWN)]
    assert [row.text for row in await talk.rows(OutboxMessage)] == [""]


async def test_no_byte_of_the_words_stays_in_the_files(talk: Talk, group: Group) -> None:
    if not talk.database.is_sqlite:
        return  # PostgreSQL overwrites when it vacuums
    await group.hear(*[group.said(f"{SAID}，第{number}次", key=f"a:{number}") for number in range(300)])
    await file_all(talk)
    assert files_hold(talk, "王家天天")
    await group.hear(*[group.revoked(f"a:{number}") for number in range(300)])
    async with talk.database.write() as session:
        add_audit_event(session, at=NOW, verb="test.after", subject="test")
    assert files_hold(talk, "王家天天")  # the log has the pages as they were
    assert await talk.database.scrub()
    assert not files_hold(talk, "王家天天")
    assert not files_hold(talk, "扔垃圾")


async def test_a_reader_puts_scrubbing_off_and_stops_nothing(talk: Talk, group: Group) -> None:
    if not talk.database.is_sqlite:
        assert await talk.database.scrub()
        return
    async with talk.database.read() as session:
        await session.exec(select(InboxMessage))
        await group.hear(group.said(SAID, key="a:x"))
        assert not await talk.database.scrub()
        await group.hear(group.revoked("a:x"))
    assert await talk.database.scrub()
    assert not files_hold(talk, SAID)


def files_hold(talk: Talk, words: str) -> bool:
    raw = words.encode()
    return any(raw in Path(talk.database.path + suffix).read_bytes() for suffix in ("", "-wal", "-shm"))


async def test_the_sender_is_still_known_for_erasure(talk: Talk, group: Group) -> None:
    await group.hear(group.said(SAID, key="a:x"))
    await group.hear(group.revoked("a:x"))
    assert [message.sender for message in await talk.rows(InboxMessage)] == [ZHAO]

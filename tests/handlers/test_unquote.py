"""Words that go take nothing else along: neither another compound's, nor the figures and dates of a digest."""

import asyncio
from datetime import timedelta
from typing import Any

from sqlmodel import select

from handlers.alerts.escalate import escalate_due
from handlers.groups.redact import Quoted
from storage.outbox import add_message
from storage.queries.archive import lock_opinions_of_messages
from storage.queries.cycles import claim_step, put_digests
from storage.queries.inbox import take_new
from storage.states import CycleStep, MessageClass, Role
from storage.tables import AlertEpisode, Opinion, OutboxMessage, WeeklyCycle
from tests.handlers.archive import Group
from tests.handlers.neighbours import RESIDENTS_ROOM, appoint, open_groups, overheard
from tests.handlers.talk import Talk, compound
from tests.handlers.test_groups_revoke import OTHER, SAID, file

WEEK = "2026-03-09"
FIRE = "楼道里电瓶车着火了，全是烟，快来人"


def digest_of(text: str, number: int = 1001) -> dict[str, Any]:
    return {
        "compound": "新禾苑",
        "code": "XH-1",
        "week": WEEK,
        "from": "2026-03-08T20:00:00+08:00",
        "to": "2026-03-15T20:00:00+08:00",
        "total": 1,
        "last_number": number,
        "categories": [{"id": "shuidian", "name": "水电气暖与电梯", "count": 1, "last": 0}],
        "urgent": [],
        "unanswered": [{"number": number, "label": "水电", "place": "3栋", "days": 3}],
        "quotes": [{"text": text, "label": "电梯", "number": number}],
        "has_words": True,
    }


async def test_an_erasure_leaves_the_dates_and_names_of_a_digest(talk: Talk) -> None:
    """A date that somebody wrote is a date of every digest too."""
    await talk.bind("o-zhao")
    said = "2026-03-08T20:00:00+08:00到2026-03-15T20:00:00+08:00新禾苑水电气暖与电梯都停了"
    await talk.say("o-zhao", said)
    async with talk.database.write() as session:
        digest = digest_of("水电气暖与电梯都停了")
        session.add(WeeklyCycle(compound_id=1, week=WEEK, digested_at=talk.now, digest=digest))
    assert (await talk.hear("o-zhao", "确认删除")).outcome == "person.erased"
    [cycle] = await talk.rows(WeeklyCycle)
    assert cycle.digest == digest_of("") | {"quotes": [], "has_words": False}


async def _alert(talk: Talk, compound_id: int, text: str) -> None:
    async with talk.database.write() as session:
        await add_message(
            session,
            account="corp",
            recipient="deng",
            message_class=MessageClass.ALERT,
            text=text,
            dedupe_key=f"alert:{compound_id}:1:260312040000:person:7",
            now=talk.now,
        )


async def test_another_compounds_alert_says_what_was_said_there(talk: Talk) -> None:
    """Else whoever writes an alert's words into a group, and takes them back, silences everybody's alerts."""
    await talk.enrol(compound("XH-2", "别苑"))
    group = Group(talk.database, talk.services)
    await group.open()
    await group.hear(group.said(FIRE, key="a:x"))
    async with talk.database.write() as session:
        [message] = await take_new(session, "replica-a", group.now, 50)
        await file(session, message, 1)
    for compound_id in (1, 2):
        await _alert(talk, compound_id, f"有人说：“{FIRE}”")
    await group.hear(group.revoked("a:x"))
    alerts = {
        row.dedupe_key.split(":")[1]: row.text
        for row in await talk.rows(OutboxMessage)
        if row.message_class is MessageClass.ALERT
    }
    assert alerts == {"1": "有人说：“（已撤回）”", "2": f"有人说：“{FIRE}”"}


async def test_a_digest_that_is_just_being_made_quotes_no_word_taken_back(talk: Talk) -> None:
    group = Group(talk.database, talk.services)
    await group.open()
    await group.hear(group.said(SAID, key="a:x"), group.said(OTHER))
    async with talk.database.write() as session:
        for message in await take_new(session, "replica-a", group.now, 50):
            await file(session, message, 1)
        session.add(WeeklyCycle(compound_id=1, week=WEEK, opened_at=group.now, closed_at=group.now))
    reads = asyncio.Event()

    async def digest() -> None:
        async with talk.database.write() as session:
            assert await claim_step(session, CycleStep.DIGEST, [(1, WEEK)], group.now)
            texts = [opinion.text or "" for opinion in (await session.exec(select(Opinion))).all()]
            reads.set()
            await asyncio.sleep(0.3)
            await put_digests(session, {(1, WEEK): digest_of(texts[0])})
            await add_message(
                session,
                account="corp",
                recipient="shu",
                message_class=MessageClass.DIGEST,
                text=texts[0],
                dedupe_key=f"cycle:XH-1:{WEEK}:digest:person:7",
                now=group.now,
            )

    async def revoke() -> None:
        await reads.wait()
        await group.hear(group.revoked("a:x"))

    await asyncio.gather(digest(), revoke())
    [cycle] = await talk.rows(WeeklyCycle)
    assert "王家" not in str(cycle.digest)
    assert all("王家" not in row.text for row in await talk.rows(OutboxMessage))


async def test_an_alert_that_is_just_going_up_says_no_word_taken_back(talk: Talk) -> None:
    await open_groups(talk, 1)
    await appoint(talk, "deng", Role.DUTY)
    await appoint(talk, "shu", Role.SECRETARY)
    await overheard(talk, "wm-zhao-0000000001", FIRE, RESIDENTS_ROOM)
    [episode] = await talk.rows(AlertEpisode)
    assert episode.escalated_at is None
    holds = asyncio.Event()

    async def forget() -> None:
        """As a revocation does: lock, and only then blank."""
        async with talk.database.write() as session:
            [opinion] = await lock_opinions_of_messages(session, [1])
            holds.set()
            await asyncio.sleep(0.3)
            opinion.text = None

    async def escalate() -> None:
        await holds.wait()
        async with talk.database.write() as session:
            later = talk.now + timedelta(minutes=6)
            assert await escalate_due(session, talk.services, later) == 1

    await asyncio.gather(forget(), escalate())
    [up] = [
        row.text
        for row in await talk.rows(OutboxMessage)
        if (row.recipient, row.message_class) == ("shu", MessageClass.ALERT)
    ]
    assert FIRE not in up


def test_a_short_text_takes_only_itself_along() -> None:
    quoted = Quoted(["电梯坏了", "三栋楼道的路灯从上周开始就不亮了"], "…")
    assert quoted.redact("有人说：“电梯坏了”") == "有人说：“…”"
    assert quoted.redact("大门口的路灯从来不亮") == "大门口的路灯从来不亮"  # four of a longer text in a row
    assert quoted.redact("说楼道的路灯从上周") == "说…"

"""删除我的资料: the person goes from everywhere, counts and tags stay, and they are a stranger afterwards."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from storage.outbox import take_due, use_window
from storage.queries.inbox import postpone
from storage.states import InboxState, OutboxState
from storage.tables import (
    AuditEvent,
    ChannelIdentity,
    Erasure,
    InboxMessage,
    Opinion,
    OutboxMessage,
    Person,
    Residency,
    RoleGrant,
    SendWindow,
    metadata,
)
from tests.handlers.talk import Talk

SAID = "楼下垃圾堆了三天没人收，味道熏天"


@pytest.fixture
async def erased(talk: Talk) -> Talk:
    """赵 has spoken, also before binding, and asked to be forgotten; 钱 has spoken too."""
    await talk.say("o-zhao", SAID)
    for sender in ("o-zhao", "o-qian"):
        await talk.bind(sender)
        await talk.say(sender, f"3栋2单元501门口{SAID}")
    await talk.say("o-zhao", "退订")
    assert (await talk.hear("o-zhao", "删除我的资料")).outcome == "erasure.asked"
    assert [opinion.text is None for opinion in await talk.rows(Opinion)] == [False, False, False]
    assert (await talk.hear("o-zhao", "确认删除")).outcome == "person.erased"
    return talk


async def test_no_table_holds_the_openid_but_for_the_farewell(erased: Talk) -> None:
    holding: list[tuple[str, str]] = []
    async with erased.database.read() as session:
        connection = await session.connection()
        for table in metadata.sorted_tables:
            for found in (await connection.execute(table.select())).mappings():
                holding += [(table.name, name) for name, value in found.items() if "o-zhao" in str(value)]
    # The window is what lets the farewell through; retention takes both away.
    assert sorted(holding) == [("outbox", "recipient"), ("send_windows", "recipient")]


async def test_the_words_are_gone_from_inbox_outbox_and_opinions(erased: Talk) -> None:
    inbox = await erased.rows(InboxMessage)
    assert {(m.text, m.sender) for m in inbox if m.sender != "o-qian"} == {("", "")}
    outbox = await erased.rows(OutboxMessage)
    assert [m.text.startswith("已清除") for m in outbox if m.recipient == "o-zhao"] == [True]
    assert {m.text for m in outbox if m.recipient.startswith("erased-")} == {""}
    opinions = await erased.rows(Opinion)
    assert [(o.text is None, o.person_id is None, o.home_code, o.unit, o.hits == []) for o in opinions] == [
        (True, True, None, None, True),
        (True, True, None, None, True),
        (False, False, "3-2", "501", False),
    ]


async def test_counts_tags_and_the_neighbour_stay(erased: Talk) -> None:
    opinions = await erased.rows(Opinion)
    assert [opinion.number for opinion in opinions] == [1001, 1002, 1003]
    assert all(opinion.categories for opinion in opinions)
    assert [opinion.building for opinion in opinions] == [None, "3", "3"]
    assert "反映了 3 件事" in await erased.say("o-qian", "我的小区")
    assert SAID in await erased.say("o-qian", "进度 1003")


async def test_nothing_links_to_the_person_any_longer(erased: Talk) -> None:
    assert [identity.external_id for identity in await erased.rows(ChannelIdentity)] == ["o-qian"]
    assert len(await erased.rows(Residency)) == 1
    [qian] = await erased.rows(ChannelIdentity)
    assert {message.person_id for message in await erased.rows(InboxMessage)} == {None, qian.person_id}


async def test_what_was_not_sent_yet_is_cancelled_and_the_farewell_goes(erased: Talk) -> None:
    states = {m.state for m in await erased.rows(OutboxMessage) if m.recipient.startswith("erased-")}
    assert states == {OutboxState.CANCELLED}
    async with erased.database.write() as session:
        taken = await take_due(session, "a", erased.now, 60, 20, ())
        assert [m.text[:3] for m in taken if m.recipient != "o-qian"] == ["已清除"]
        assert await use_window(session, "main", "o-zhao", erased.now)


async def test_the_log_says_so_without_a_word_or_name(erased: Talk) -> None:
    events = await erased.rows(AuditEvent)
    assert [event.details for event in events if event.verb == "person.erased"] == [{"opinions": 2}]
    for event in events:
        logged = f"{event.verb} {event.subject} {event.details}"
        for secret in ("o-zhao", "o-qian", "垃圾", "欧阳", "1391234"):
            assert secret not in logged


async def test_a_keyed_hash_remains_to_forget_again_after_a_restore(erased: Talk) -> None:
    [erasure] = await erased.rows(Erasure)
    lookup = erased.services.sealer.lookup(b"main:o-zhao", "erasures.subject")
    assert erasure.subject_lookup == lookup
    assert erasure.erased_at == erased.now


async def test_the_next_message_is_a_first_contact(erased: Talk) -> None:
    answer = await erased.say("o-zhao", "进度")
    assert "还没有登记过" in answer
    assert "【告知】" in answer
    assert "绑定" in await erased.say("o-zhao", "我的小区")
    assert (await erased.hear("o-zhao", "进度 1001")).outcome == "progress.unknown"
    identities = {i.external_id: i for i in await erased.rows(ChannelIdentity)}
    assert identities["o-zhao"].opted_out_at is None


async def test_binding_again_files_nothing_from_before(erased: Talk) -> None:
    assert "编号 10" not in await erased.bind("o-zhao")


async def test_all_of_it_within_one_batch(talk: Talk) -> None:
    await talk.bind("o-zhao")
    answers = await talk.batch(
        [
            talk.message("o-zhao", SAID),
            talk.message("o-zhao", "确认删除"),
            talk.message("o-zhao", "你好"),
            talk.message("o-zhao", SAID),
            talk.message("o-zhao", "确认删除"),
            talk.message("o-zhao", "进度"),
        ]
    )
    assert [answer.outcome for answer in answers] == [
        "opinion.filed", "person.erased", "chat.greeted", "opinion.held", "person.erased", "progress.none",
    ]  # fmt: skip
    assert ["【告知】" in answer.text for answer in answers] == [False, False, True, False, False, True]
    assert [opinion.text for opinion in await talk.rows(Opinion)] == [None]
    inbox = await talk.rows(InboxMessage)
    assert [message.text for message in inbox] == ["", "", "", "", "", "", "进度"]
    assert [message.state for message in inbox] == [InboxState.DONE] * 7
    assert len(await talk.rows(ChannelIdentity)) == 1


async def test_messages_that_could_never_be_handled_are_blanked_too(talk: Talk) -> None:
    await talk.bind("o-zhao")
    poison = talk.message("o-zhao", "门口的树倒了")
    async with talk.database.write() as session:
        session.add(poison)
        await session.flush()
        assert poison.inbox_id is not None
        await postpone(session, poison.inbox_id, talk.now, 2, max_attempts=1)
    await talk.say("o-zhao", "确认删除")
    async with talk.database.read() as session:
        kept = await session.get_one(InboxMessage, poison.inbox_id)
    assert (kept.state, kept.text, kept.sender) == (InboxState.FAILED, "", "")


async def test_someone_in_office_loses_name_phone_and_office(talk: Talk) -> None:
    async with talk.database.write() as session:
        grant = (await session.exec(select(RoleGrant).where(col(RoleGrant.public)))).one()
        officer = grant.person_id
    await talk.bind("o-ouyang")
    async with (
        talk.database.write() as session
    ):  # the identity of someone in office, as a later use case links it
        await session.exec(
            update(ChannelIdentity)
            .where(col(ChannelIdentity.external_id) == "o-ouyang")
            .values(person_id=officer)
        )
    await talk.say("o-ouyang", "确认删除")
    async with talk.database.read() as session:
        person = await session.get_one(Person, officer)
        assert (person.name_sealed, person.phone_sealed, person.phone_lookup) == (None, None, None)
    await talk.bind("o-zhao")
    assert "139" not in await talk.say("o-zhao", "我的小区")


async def test_a_failure_half_way_forgets_nothing(talk: Talk) -> None:
    await talk.bind("o-zhao")
    await talk.say("o-zhao", SAID)
    with pytest.raises(ZeroDivisionError):
        async with talk.database.write() as session:
            from handlers.receive import Received, receive

            message = talk.message("o-zhao", "确认删除")
            session.add(message)
            await session.flush()
            await receive(
                session, talk.services, [Received(message, None, None)], talk.now + timedelta(seconds=1)
            )
            raise ZeroDivisionError
    assert SAID in await talk.say("o-zhao", "进度 1001")
    assert await talk.rows(Erasure) == []
    assert [window.used for window in await talk.rows(SendWindow)] == [0]

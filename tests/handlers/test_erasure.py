"""删除我的资料: the person goes from everywhere, counts and tags stay, and they are a stranger afterwards."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta

import pytest
from sqlalchemy import Table, update
from sqlmodel import col, select

from handlers.inbound import InboundKind
from handlers.receive import Received, receive
from storage.outbox import take_due
from storage.queries.inbox import postpone
from storage.send_windows import use_window
from storage.states import BindingState, Form, InboxState, MessageClass, OutboxState, Role, SessionKind
from storage.tables import (
    AlertEpisode,
    AuditEvent,
    ChannelIdentity,
    Erasure,
    GroupMember,
    InboxMessage,
    OneTimeLink,
    Opinion,
    OutboxMessage,
    OwnerBinding,
    Person,
    Residency,
    RoleGrant,
    SendWindow,
    StaffAccount,
    WebSession,
    WeeklyCycle,
    metadata,
)
from tests.handlers.neighbours import (
    RESIDENTS_ROOM,
    appoint,
    identity,
    join,
    open_groups,
    overheard,
    told,
)
from tests.handlers.talk import WINDOW, Talk
from tests.identity.world import LI, WANG, ZHANG, add_roll

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
    assert [m.text.startswith("已删除") for m in outbox if m.recipient == "o-zhao"] == [True]
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
        assert [m.text[:3] for m in taken if m.recipient != "o-qian"] == ["已删除"]
        assert await use_window(session, "main", "o-zhao", erased.now)


async def test_the_log_says_so_without_a_word_or_name(erased: Talk) -> None:
    events = await erased.rows(AuditEvent)
    assert [event.details for event in events if event.verb == "person.erased"] == [
        {"opinions": 2, "photos": 0, "polls": 0, "surveys": 0, "proposals": 0, "bindings": 0}
    ]
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


async def test_groups_browsers_links_and_the_staff_account_forget_too(talk: Talk) -> None:
    groups = await open_groups(talk, 1)
    await talk.bind("o-zhao")
    await talk.bind("o-qian")
    for external, openid in (("wm-zhao-0000000001", "o-zhao"), ("wm-qian-0000000001", "o-qian")):
        await join(talk, external, openid)
        await overheard(talk, external, "电梯坏了三天，老人下不了楼")
    people = {row.external_id: row.person_id for row in await talk.rows(ChannelIdentity)}
    hour = timedelta(hours=1)
    async with talk.database.write() as session:
        for name in ("zhao", "qian"):
            person_id = people[f"o-{name}"]
            session.add_all(
                [
                    GroupMember(
                        group_id=groups[RESIDENTS_ROOM],
                        external_id=f"wm-{name}-0000000001",
                        is_staff=False,
                        joined_at=talk.now,
                    ),
                    WebSession(
                        token_hash=name.encode(),
                        kind=SessionKind.RESIDENT,
                        person_id=person_id,
                        created_at=talk.now,
                        seen_at=talk.now,
                        expires_at=talk.now + hour,
                    ),
                    OneTimeLink(
                        token_hash=name.encode(),
                        purpose="sign_in",
                        person_id=person_id,
                        created_at=talk.now,
                        expires_at=talk.now + hour,
                    ),
                    StaffAccount(
                        person_id=person_id, username=f"{name}-desk", password_hash="x", created_at=talk.now
                    ),
                ]
            )
    quoting = talk.message("o-zhao", "就是这个", quoted="赵大爷：电梯坏了")
    await talk.batch([quoting])
    assert (await talk.hear("o-zhao", "确认删除")).outcome == "person.erased"
    assert [row.external_id for row in await talk.rows(GroupMember)] == ["wm-qian-0000000001"]
    assert [row.token_hash for row in await talk.rows(WebSession)] == [b"qian"]
    assert [row.token_hash for row in await talk.rows(OneTimeLink)] == [b"qian"]
    accounts = {row.person_id: row for row in await talk.rows(StaffAccount)}
    closed, open_one = accounts[people["o-zhao"]], accounts[people["o-qian"]]
    assert (closed.disabled_at, closed.password_hash, "zhao" in closed.username) == (talk.now, "", False)
    assert (open_one.disabled_at, open_one.username) == (None, "qian-desk")
    assert [(o.text is None, o.person_id is None) for o in await talk.rows(Opinion)] == [
        (True, True),
        (False, False),
    ]
    assert {row.quoted for row in await talk.rows(InboxMessage)} == {""}
    holding = [
        table.name
        for table in metadata.sorted_tables
        async for found in _rows_of(talk, table)
        if any("zhao" in str(value) for value in found.values())
    ]
    assert sorted(holding) == ["outbox", "send_windows"]  # the farewell


async def _rows_of(talk: Talk, table: Table) -> AsyncIterator[Mapping[str, object]]:
    async with talk.database.read() as session:
        for found in (await (await session.connection()).execute(table.select())).mappings():
            yield dict(found)


async def test_what_was_said_on_another_account_in_the_same_batch_is_a_strangers(talk: Talk) -> None:
    await open_groups(talk, 1)
    await talk.bind("o-zhao")
    await join(talk, "wm-zhao-0000000001", "o-zhao")
    answers = await talk.batch(
        [
            talk.message("o-zhao", "确认删除"),
            talk.message("wm-zhao-0000000001", SAID, account="archive", room=RESIDENTS_ROOM),
        ]
    )
    assert [answer.outcome for answer in answers] == ["person.erased", "group.filed"]
    [opinion] = await talk.rows(Opinion)
    [stranger] = await talk.rows(ChannelIdentity)
    assert (opinion.person_id, stranger.account) == (stranger.person_id, "corp")


async def test_alerts_and_digests_quote_the_words_no_longer(talk: Talk) -> None:
    await open_groups(talk, 1)
    await appoint(talk, "deng", Role.DUTY)
    await talk.bind("o-zhao")
    await talk.bind("o-qian", "XH-1/12")
    said, other = "楼道里一股煤气味，闻着头晕得很", "12栋楼下着火了，快来人救火啊"
    await talk.say("o-zhao", said)
    await talk.say("o-qian", other)
    digest = {
        "total": 2,
        "urgent": [{"number": 1001, "text": said}, {"number": 1002, "text": other}],
        "quotes": [{"text": "一股煤气味，闻着头晕", "label": "燃气"}],
    }
    filled = {"template:main": {"template_id": "t-1", "fields": {"thing1": {"value": said}}}}
    async with talk.database.write() as session:
        session.add(WeeklyCycle(compound_id=1, week="2026-03-09", digested_at=talk.now, digest=digest))
        session.add(
            OutboxMessage(
                dedupe_key="request:1:1001:asked",
                account="main",
                recipient="o-deng",
                text="有一件事归您",
                payload={"notices": filled},
                message_class=MessageClass.NOTICE,
                form=Form.TEMPLATE,
                created_at=talk.now,
                not_before=talk.now,
                expires_at=talk.now,
            )
        )
    await talk.say("o-zhao", "确认删除")
    held = "".join(f"{row.text}{row.payload}" for row in await talk.rows(OutboxMessage))
    assert (said[:6] in held, other[:6] in held) == (False, True)
    [cycle] = await talk.rows(WeeklyCycle)
    assert "煤气味" not in str(cycle.digest)
    assert cycle.digest is not None
    assert (cycle.digest["total"], cycle.digest["urgent"][1]["text"]) == (2, other)


async def test_who_acknowledged_an_alert_stays_a_number(talk: Talk) -> None:
    await open_groups(talk, 1)
    duty = await appoint(talk, "deng", Role.DUTY, name="邓守夜", title="值班")
    await join(talk, "deng", "o-deng")
    deng = (await identity(talk, "corp", "deng")).person_id
    await appoint(talk, "deng", Role.DUTY, name="邓守夜", title="值班")
    await overheard(talk, "wm-zhao-0000000001", "楼道里一股煤气味，闻着头晕")
    assert (await told(talk, "deng", "收到 1", "")).outcome == "alert.acknowledged"
    await talk.say("o-deng", "确认删除")
    [episode] = await talk.rows(AlertEpisode)
    assert episode.acknowledged_by == deng != duty
    await appoint(talk, "li", Role.PROPERTY)
    assert "邓" not in (await told(talk, "li", "收到 1")).text


async def test_what_was_not_worked_on_yet_is_forgotten_too(talk: Talk) -> None:
    await talk.say("o-zhao", "绑定 新禾苑")
    waiting = talk.message("o-zhao", "楼道灯坏了，我是赵某", kind=InboundKind.TEXT)
    async with talk.database.write() as session:
        session.add(waiting)
    await talk.say("o-zhao", "确认删除")
    [row] = [row for row in await talk.rows(InboxMessage) if row.message_key == waiting.message_key]
    assert (row.text, row.sender, row.state) == ("", "", InboxState.DONE)
    assert await talk.rows(Opinion) == []


async def test_nobody_is_forgotten_while_another_replica_files_their_words(talk: Talk) -> None:
    await talk.say("o-zhao", "楼下的路灯坏了")  # held: nobody knows yet where
    scan = talk.message("o-zhao", kind=InboundKind.SCAN, scene="XH-1/3-1")
    forget = talk.message("o-zhao", "确认删除")
    async with talk.database.write() as session:
        session.add_all([scan, forget])
        await session.flush()
        ids = [scan.inbox_id, forget.inbox_id]
    filed = asyncio.Event()

    async def work(inbox_id: int | None, pause: float) -> None:
        async with talk.database.write() as session:
            row = await session.get_one(InboxMessage, inbox_id)
            await receive(session, talk.services, [Received(row, WINDOW, None)], talk.now)
            await session.flush()
            filed.set()
            await asyncio.sleep(pause)

    first = asyncio.create_task(work(ids[0], 0.5))
    await filed.wait()
    await asyncio.gather(first, work(ids[1], 0))
    assert all(opinion.text is None and opinion.person_id is None for opinion in await talk.rows(Opinion))
    assert await talk.rows(Residency) == []
    assert all("路灯" not in row.text for row in await talk.rows(InboxMessage))


async def test_who_is_forgotten_is_no_owner_any_more_and_their_neighbours_in_the_flat_are_told(
    talk: Talk,
) -> None:
    for sender in ("o-zhao", "o-qian"):
        await talk.bind(sender)
    people = [(await identity(talk, "main", sender)).person_id for sender in ("o-zhao", "o-qian")]
    async with talk.database.write() as session:
        await add_roll(session, 1, talk.services.sealer)
        session.add_all(
            OwnerBinding(
                compound_id=1,
                binding_number=number,
                owner_number=owner,
                person_id=people[who],
                state=state,
                possession="code",
                possession_at=talk.now,
            )
            for number, (who, owner, state) in enumerate(
                [
                    (0, LI, BindingState.BOUND),
                    (0, ZHANG, BindingState.CONTESTED),
                    (1, WANG, BindingState.BOUND),
                ],
                1,
            )
        )
    await talk.say("o-zhao", "确认删除")
    bindings = {row.binding_number: row for row in await talk.rows(OwnerBinding)}
    assert [bindings[number].state for number in (1, 2, 3)] == [
        *[BindingState.REVOKED] * 2,
        BindingState.BOUND,
    ]
    assert [bindings[number].ended_at is None for number in (1, 2, 3)] == [False, False, True]
    held = [row for row in await talk.rows(OutboxMessage) if "微信绑定由本人解除" in row.text]
    assert [row.recipient for row in held] == ["o-qian"]
    verbs = [row.verb for row in await talk.rows(AuditEvent)]
    assert verbs.count("binding.left") == 2

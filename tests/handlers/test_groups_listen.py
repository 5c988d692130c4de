"""Groups are registered, their members known and told, and only then is anything of them stored."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text as sql
from sqlmodel import select

from handlers.groups.entries import Dropped, Entry, Said
from handlers.groups.members import Member
from handlers.groups.register import GroupEntry, GroupError, end_group, register_group
from handlers.inbound import InboundKind
from storage.queries.groups import find_group
from storage.queries.people import get_or_add_identities
from storage.queries.tree import find_compound
from storage.states import GroupKind, InboxState, Role, RoleSource, Tombstone
from storage.tables import (
    ArchiveTombstone,
    AuditEvent,
    ChannelIdentity,
    ChatGroup,
    GroupMember,
    InboxMessage,
    Opinion,
    Residency,
    RoleGrant,
)
from tests.handlers.archive import (
    ARCHIVE,
    BEFORE,
    MEMBERS,
    PEOPLE,
    QIAN,
    ROOM,
    STAFF,
    SUN,
    ZHAO,
    Group,
    external,
)
from tests.handlers.talk import NOW, Talk, compound
from tests.statements import asked_of


@pytest.fixture
async def group(talk: Talk) -> Group:
    return Group(talk.database, talk.services)


async def identity(talk: Talk, who: str, account: str = PEOPLE) -> ChannelIdentity:
    [found] = [
        row for row in await talk.rows(ChannelIdentity) if (row.account, row.external_id) == (account, who)
    ]
    return found


# Listening


async def test_what_may_be_heard_is_in_the_inbox_with_its_room(talk: Talk, group: Group) -> None:
    await group.open()
    page = [group.said("3栋电梯坏了"), group.said("", kind=InboundKind.IMAGE)]
    listened = await group.hear(*page)
    assert +listened.counts == {"stored": 2}
    assert listened.unmet == frozenset()
    first, second = await talk.rows(InboxMessage)
    assert (first.account, first.message_key, first.kind) == (ARCHIVE, "a:1", "text")
    assert (first.sender, first.text, first.room, first.sent_at) == (ZHAO, "3栋电梯坏了", ROOM, group.now)
    assert (first.state, first.lease_owner) == (InboxState.NEW, "replica-a")
    assert (second.kind, second.text) == ("image", "")
    assert await talk.rows(ArchiveTombstone) == []


async def test_everything_else_leaves_a_reason_and_not_a_word(talk: Talk, group: Group) -> None:
    await group.open()
    await group.register("wrEnded", "已解散的群")
    async with talk.database.write() as session:
        ended = await find_group(session, ARCHIVE, "wrEnded")
        assert ended is not None
        end_group(session, ended, group.now)
    async with talk.database.write() as session:
        refusing = (
            await session.exec(select(ChannelIdentity).where(ChannelIdentity.external_id == QIAN))
        ).one()
        refusing.refused_at = group.now
    mark = "琥珀"
    page: list[Entry] = [
        group.said(f"悄悄话{mark}", room=""),
        group.said(f"别的群{mark}", room="wrSomewhere"),
        group.said(f"散了的群{mark}", room="wrEnded"),
        group.said(f"通知{mark}", sender=STAFF),
        group.said(f"我是机器人{mark}", sender="wbRobot0000000000000"),
        group.said(f"新来的{mark}", sender=SUN),
        group.said(f"不许听{mark}", sender=QIAN),
        group.said(f"以前的话{mark}", at=group.now - timedelta(hours=2)),
        group.said("", kind=None),
        group.said(f'这是一条引用/回复消息："{mark}"\n------\n'),
        Dropped(99, Tombstone.UNREADABLE),
    ]
    listened = await group.hear(*page)
    assert [(row.seq, row.reason) for row in await talk.rows(ArchiveTombstone)] == [
        (1, Tombstone.PRIVATE),
        (2, Tombstone.UNKNOWN_ROOM),
        (3, Tombstone.UNKNOWN_ROOM),
        (4, Tombstone.STAFF),
        (5, Tombstone.STAFF),
        (6, Tombstone.NOT_TOLD),
        (7, Tombstone.REFUSED),
        (8, Tombstone.NOT_TOLD),
        (9, Tombstone.NOT_WORDS),
        (10, Tombstone.NOT_WORDS),
        (99, Tombstone.UNREADABLE),
    ]
    assert await talk.rows(InboxMessage) == []
    assert listened.unmet == {ROOM}  # 孙 is on no list: ask the platform who joined
    assert not listened.blanked


async def test_only_ones_own_words_are_stored(talk: Talk, group: Group) -> None:
    await group.open()
    await group.hear(
        group.said('这是一条引用/回复消息："孙家：有人拒绝被听见"\n------\n我家也漏水 @物业小王')
    )
    [message] = await talk.rows(InboxMessage)
    assert (message.text, message.quoted) == ("我家也漏水 @物业小王", "key:")  # to nothing that is here


async def test_a_page_that_comes_again_changes_nothing(talk: Talk, group: Group) -> None:
    await group.open()
    said = group.said("3栋电梯坏了")
    again = Said(7, said.key, said.room, said.sender, said.sent_at, said.kind, "换了内容")
    for _ in range(2):
        await group.hear(said, group.said("悄悄话", room=""), said, again)
    assert [message.text for message in await talk.rows(InboxMessage)] == ["3栋电梯坏了"]
    assert {row.reason for row in await talk.rows(ArchiveTombstone)} == {Tombstone.PRIVATE}


async def test_a_refusal_counts_on_whichever_account_it_was_said(talk: Talk, group: Group) -> None:
    await group.open()
    await talk.bind("o-zhao")
    async with talk.database.write() as session:
        on_account = (
            await session.exec(select(ChannelIdentity).where(ChannelIdentity.external_id == "o-zhao"))
        ).one()
        on_account.union_id = "u-zhao"
    await group.sync([*MEMBERS[:1], Member(ZHAO, False, "u-zhao", BEFORE), MEMBERS[2]])
    assert await group.counts(group.said("听得见")) == {"stored": 1}
    async with talk.database.write() as session:
        on_account = await session.get_one(ChannelIdentity, on_account.identity_id)
        on_account.refused_at = group.now
    assert await group.counts(group.said("听不见了")) == {"refused": 1}


async def test_a_page_asks_the_same_few_questions_whatever_its_length(talk: Talk, group: Group) -> None:
    await group.open()
    for length in (2, 400):
        with asked_of(talk.database.engine) as asked:
            await group.hear(*[group.said(f"第{number}句") for number in range(length)])
        assert len([line for line in asked if line.startswith("SELECT")]) == 4


# Registering


async def test_a_groups_place_is_what_its_name_says_or_what_it_is_told(talk: Talk, group: Group) -> None:
    assert (await group.register()).place_code == "3"
    assert (await group.register("wrAll", "新禾苑业主群")).place_code is None
    assert (await group.register("wrNone", "8栋业主群")).place_code is None
    async with talk.database.write() as session:
        home = await find_compound(session, "XH-1")
        assert home is not None
        entry = GroupEntry(ARCHIVE, "wrTold", GroupKind.CUSTOMER, "老邻居", place_code="12")
        assert (await register_group(session, home, entry, NOW)).place_code == "12"
        with pytest.raises(GroupError, match="no place 99"):
            await register_group(
                session, home, GroupEntry(ARCHIVE, "x", GroupKind.CUSTOMER, "x", place_code="99"), NOW
            )


async def test_registering_again_changes_what_differs_and_takes_no_other_compounds_group(
    talk: Talk, group: Group
) -> None:
    await group.open()
    told_at = (await talk.rows(ChatGroup))[0].told_at
    await group.register(name="3栋邻里群")
    [row] = await talk.rows(ChatGroup)
    assert (row.name, row.told_at, row.registered_at) == ("3栋邻里群", told_at, NOW - timedelta(hours=1))
    await talk.enrol(compound("XH-2", "另一个小区"))
    async with talk.database.write() as session:
        other = await find_compound(session, "XH-2")
        assert other is not None
        entry = GroupEntry(ARCHIVE, ROOM, GroupKind.CUSTOMER, "抢来的群")
        with pytest.raises(GroupError, match="another compound"):
            await register_group(session, other, entry, NOW)
    verbs = [row.verb for row in await talk.rows(AuditEvent) if row.verb.startswith("group.")]
    assert sorted(verbs) == ["group.changed", "group.registered", "group.synced", "group.told"]


async def test_a_group_that_begins_anew_must_be_told_anew(talk: Talk, group: Group) -> None:
    await group.open()
    async with talk.database.write() as session:
        row = await find_group(session, ARCHIVE, ROOM)
        assert row is not None
        end_group(session, row, group.now)
        end_group(session, row, group.now + timedelta(hours=1))
        assert row.ended_at == group.now
    assert await group.counts(group.said("散了")) == {"unknown_room": 1}
    row = await group.register()
    assert (row.ended_at, row.told_at, row.registered_at) == (None, None, group.now)
    # Whoever was told before still knows; whoever came in between does not.
    await group.sync([*MEMBERS, Member(SUN, False, "", group.now - timedelta(minutes=1))])
    assert await group.counts(group.said("又来了"), group.said("新人", sender=SUN)) == {
        "stored": 1,
        "not_told": 1,
    }


# Members


async def test_telling_the_group_tells_its_members_once(talk: Talk, group: Group) -> None:
    await group.register()
    await group.sync()
    assert await group.counts(group.said("还没说")) == {"not_told": 1}
    assert await group.tell() == 2
    group.now += timedelta(hours=1)
    assert await group.tell() == 0
    assert (await identity(talk, ZHAO)).told_at == NOW
    assert (await identity(talk, STAFF)).told_at is None
    assert await group.counts(group.said("说过了", at=NOW + timedelta(minutes=1))) == {"stored": 1}


async def test_newcomers_are_heard_when_the_group_welcomes_them_or_after_the_next_notice(
    talk: Talk, group: Group
) -> None:
    await group.open()
    newcomer = Member(SUN, False, "", group.now)
    group.now += timedelta(minutes=5)
    assert (await group.sync([*MEMBERS, newcomer])).joined == 1
    assert await group.counts(group.said("新人", sender=SUN)) == {"not_told": 1}
    assert await group.tell() == 1
    assert await group.counts(group.said("新人", sender=SUN)) == {"stored": 1}
    await group.register("wrWelcome", "新禾苑", welcomes=True)
    old, new = (
        Member(external("Li"), False, "", BEFORE),
        Member(external("Zhou"), False, "", group.now + timedelta(minutes=1)),
    )
    await group.sync([old, new], "wrWelcome")
    group.now += timedelta(minutes=2)
    assert await group.counts(
        group.said("老人", sender=old.external_id, room="wrWelcome"),
        group.said("新人", sender=new.external_id, room="wrWelcome"),
    ) == {"not_told": 1, "stored": 1}


async def test_the_list_follows_the_platform_and_choices_outlast_leaving(talk: Talk, group: Group) -> None:
    await group.open()
    async with talk.database.write() as session:
        row = (await session.exec(select(ChannelIdentity).where(ChannelIdentity.external_id == QIAN))).one()
        row.refused_at = group.now
    synced = await group.sync(MEMBERS[:2])
    assert (synced.joined, synced.left, synced.linked) == (0, 1, 0)
    assert {member.external_id for member in await talk.rows(GroupMember)} == {STAFF, ZHAO}
    back = Member(QIAN, False, "", group.now)
    assert (await group.sync([*MEMBERS[:2], back])).joined == 1
    assert await group.counts(group.said("回来了", sender=QIAN)) == {"refused": 1}
    assert (await group.sync([*MEMBERS[:2], back])) == (await group.sync([*MEMBERS[:2], back]))
    promoted = Member(ZHAO, True, "", BEFORE)
    await group.sync([MEMBERS[0], promoted, back])
    assert await group.counts(group.said("现在是楼长")) == {"staff": 1}


async def test_the_same_person_on_two_channels_becomes_one(talk: Talk, group: Group) -> None:
    await talk.bind("o-zhao")
    async with talk.database.write() as session:
        on_account = (await session.exec(select(ChannelIdentity))).one()
        on_account.union_id = "u-zhao"
        person = on_account.person_id
    await group.open()
    in_group = await identity(talk, ZHAO)
    async with talk.database.write() as session:  # said before anybody knew who it was
        home = await find_compound(session, "XH-1")
        assert home is not None
        assert home.compound_id is not None
        session.add(
            Opinion(
                compound_id=home.compound_id, number=77, inbox_id=77, person_id=in_group.person_id,
                said_at=NOW, filed_at=NOW, text="漏水", urgency=1, lexicon_version="1",
            )
        )  # fmt: skip
        session.add(Residency(compound_id=home.compound_id, person_id=in_group.person_id, bound_at=NOW))
    known = [MEMBERS[0], Member(ZHAO, False, "u-zhao", BEFORE), Member(QIAN, False, "u-qian", BEFORE)]
    assert (await group.sync(known)).linked == 1
    assert (await identity(talk, ZHAO)).person_id == person
    assert [opinion.person_id for opinion in await talk.rows(Opinion)] == [person]
    assert [(row.person_id, row.place_code) for row in await talk.rows(Residency)] == [(person, "3-2")]
    assert (await group.sync(known)).linked == 0


async def test_linking_takes_nothing_from_someone_in_office(talk: Talk, group: Group) -> None:
    await group.open()
    in_group = await identity(talk, ZHAO)
    await talk.bind("o-zhao")
    async with talk.database.write() as session:
        session.add(
            RoleGrant(
                person_id=in_group.person_id,
                role=Role.COMMITTEE,
                scope_code="XH-1",
                source=RoleSource.IMPORT,
                granted_at=NOW,
            )
        )
        row = (
            await session.exec(select(ChannelIdentity).where(ChannelIdentity.external_id == "o-zhao"))
        ).one()
        row.union_id = "u-zhao"
    await group.sync([Member(ZHAO, False, "u-zhao", BEFORE)])
    assert (await identity(talk, ZHAO)).person_id == (await identity(talk, "o-zhao", "main")).person_id
    grants = [row.person_id for row in await talk.rows(RoleGrant) if row.granted_at == NOW]
    assert in_group.person_id in grants


async def test_two_replicas_that_sync_at_once_make_one_list(talk: Talk, group: Group) -> None:
    await group.register()
    await asyncio.gather(*[group.sync() for _ in range(4)])
    assert len(await talk.rows(GroupMember)) == 3
    async with talk.database.read() as session:
        doubled = await (await session.connection()).execute(
            sql("SELECT count(*) FROM channel_identities WHERE account = 'corp'")
        )
        assert doubled.scalar_one() == 3


async def test_who_was_forgotten_is_not_heard_again_because_they_sit_there_still(
    talk: Talk, group: Group
) -> None:
    await talk.bind("o-zhao")
    async with talk.database.write() as session:
        (await session.exec(select(ChannelIdentity))).one().union_id = "u-zhao"
    await group.open()
    known = [MEMBERS[0], Member(ZHAO, False, "u-zhao", BEFORE), MEMBERS[2]]
    await group.sync(known)
    assert (await talk.hear("o-zhao", "确认删除")).outcome == "person.erased"
    assert await group.counts(group.said("楼道灯坏了")) == {"not_told": 1}
    for _ in range(2):
        await group.sync(known)  # as every night
        assert await group.counts(group.said("楼道灯坏了")) == {"refused": 1}
    assert await group.counts(group.said("路灯坏了", QIAN)) == {"stored": 1}
    assert await talk.rows(InboxMessage) != []
    # As for everybody, it is theirs to say that they may be heard.
    async with talk.database.write() as session:
        zhao = (await session.exec(select(ChannelIdentity).where(ChannelIdentity.external_id == ZHAO))).one()
        zhao.refused_at = None
    await group.sync(known)
    assert await group.counts(group.said("楼道灯坏了")) == {"stored": 1}


async def test_words_that_are_being_filed_go_to_the_person_they_turn_out_to_be(
    talk: Talk, group: Group
) -> None:
    await talk.bind("o-zhao")
    async with talk.database.write() as session:
        on_account = (await session.exec(select(ChannelIdentity))).one()
        on_account.union_id, person = "u-zhao", on_account.person_id
    await group.open()
    files = asyncio.Event()

    async def work() -> None:
        async with talk.database.write() as session:
            known = await get_or_add_identities(session, [("corp", ZHAO)], NOW)
            files.set()
            await asyncio.sleep(0.3)
            session.add(
                Opinion(
                    compound_id=1, number=77, inbox_id=77, person_id=known["corp", ZHAO].person_id,
                    said_at=NOW, filed_at=NOW, text="漏水", urgency=1, lexicon_version="1",
                )
            )  # fmt: skip

    async def link() -> None:
        await files.wait()
        await group.sync([MEMBERS[0], Member(ZHAO, False, "u-zhao", BEFORE), MEMBERS[2]])

    await asyncio.gather(work(), link())
    assert [opinion.person_id for opinion in await talk.rows(Opinion)] == [person]


async def test_an_answer_keeps_which_message_it_answers_and_not_its_words(talk: Talk, group: Group) -> None:
    await group.open()
    asked = group.said("3栋电梯又坏了，老人下不了楼", key="a:lift")
    answer = '这是一条引用/回复消息："赵家：3栋电梯又坏了，老人下不了楼"\n------\n+1'
    await group.hear(asked, group.said(answer, QIAN))
    await group.hear(group.said(answer, QIAN))
    rows = await talk.rows(InboxMessage)
    assert [(row.text, row.quoted) for row in rows[1:]] == [("+1", "key:a:lift")] * 2

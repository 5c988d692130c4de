"""Reach: which way a notice takes now, what it falls back on, and who is left alone."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from handlers.context import AccountFacts, Services
from handlers.reach.fields import Facts, NoticeKind, Template
from handlers.reach.notify import Notice, Reached, notify_all, notify_group, notify_person
from handlers.reach.rules import Door, Way, way_to_group, ways_to_person
from handlers.reach.subscribe import grant_subscribe
from storage.database import Database
from storage.queries.people import get_or_add_identities
from storage.send_windows import open_windows
from storage.states import (
    CAPABILITIES,
    POLICIES,
    ChannelKind,
    Form,
    GroupKind,
    MessageClass,
    WindowKind,
    WindowRule,
)
from storage.tables import ChannelIdentity, ChatGroup, OutboxMessage

NOW = datetime.fromisoformat("2026-03-12T04:00:00+00:00")  # noon in Shanghai
WINDOW = WindowRule(WindowKind.MESSAGE, 48 * 3600, 5)
FACTS = Facts(
    NoticeKind.RECEIPT, "停水通知", "已登记", NOW, "新禾苑", number=1001, link="https://yishi.example.org/h5"
)
TEMPLATE = Template("template-1", {"thing1": "what", "time2": "time"})
SUBSCRIBE = Template("subscribe-1", {"character_string1": "number", "phrase2": "state", "thing3": "=请查看"})
ACCOUNTS = {
    "main": AccountFacts(ChannelKind.OFFICIAL_ACCOUNT, "main"),
    "corp": AccountFacts(ChannelKind.WECOM_APP, "corp"),
    "helper": AccountFacts(ChannelKind.AIBOT, "corp"),
    "duty-group": AccountFacts(ChannelKind.GROUP_WEBHOOK, "corp"),
    "archive": AccountFacts(ChannelKind.CHAT_ARCHIVE, "corp"),
}
WITH_NOTICES = {
    **ACCOUNTS,
    "main": AccountFacts(
        ChannelKind.OFFICIAL_ACCOUNT,
        "main",
        {
            (NoticeKind.RECEIPT, Form.TEMPLATE): TEMPLATE,
            (NoticeKind.RECEIPT, Form.SUBSCRIBE): SUBSCRIBE,
            (NoticeKind.ALERT, Form.TEMPLATE): Template("template-2", {"thing1": "place"}),
        },
    ),
}
CLASSES = st.sampled_from(MessageClass)
DOORS = st.builds(
    Door,
    account=st.sampled_from(["main", "east", "corp"]),
    kind=st.sampled_from(ChannelKind),
    recipient=st.sampled_from(["o-zhao", "li"]),
    inside=st.booleans(),
    following=st.booleans(),
    opted_out=st.booleans(),
    has_window=st.booleans(),
    has_grant=st.booleans(),
    may_template=st.booleans(),
)


class House:
    """People who can be met on accounts."""

    def __init__(self, database: Database, services: Services) -> None:
        self.database = database
        self.services = replace(services, accounts=ACCOUNTS)

    async def meet(self, *identities: tuple[str, str], opted_out: bool = False, follows: bool = True) -> int:
        """One person on these accounts."""
        async with self.database.write() as session:
            found = await get_or_add_identities(session, identities[:1], NOW)
            person_id = found[identities[0]].person_id
            first = found[identities[0]]
            first.following = follows
            first.opted_out_at = NOW if opted_out else None
            for number, (account, external_id) in enumerate(identities[1:], 1):
                session.add(
                    ChannelIdentity(
                        account=account,
                        external_id=external_id,
                        person_id=person_id,
                        first_seen_at=NOW + timedelta(seconds=number),
                    )
                )
        return person_id

    async def writes(self, openid: str = "o-zhao") -> None:
        async with self.database.write() as session:
            await open_windows(session, {("main", openid, WINDOW)}, NOW)

    async def accepts(self, openid: str = "o-zhao", count: int = 1) -> None:
        async with self.database.write() as session:
            await grant_subscribe(session, "main", openid, count, NOW)

    async def tell(self, person_id: int, notice: Notice) -> Reached:
        async with self.database.write() as session:
            return await notify_person(session, self.services, person_id, notice, NOW)

    async def tell_group(self, group: ChatGroup, notice: Notice) -> Reached:
        async with self.database.write() as session:
            return await notify_group(session, self.services, group, notice, NOW)

    async def queued(self) -> list[OutboxMessage]:
        async with self.database.read() as session:
            statement = select(OutboxMessage).order_by(col(OutboxMessage.outbox_id))
            return list((await session.exec(statement)).all())


@pytest.fixture
def house(database: Database, services: Services) -> House:
    return House(database, services)


def notice(
    message_class: MessageClass = MessageClass.NOTICE,
    text: str = "明天上午停水",
    key: str = "停水-0313",
    facts: Facts | None = None,
) -> Notice:
    return Notice(message_class, text, key, facts)


# The pure choice


@given(st.lists(DOORS, max_size=4), CLASSES)
def test_no_way_is_chosen_that_the_platform_refuses(doors: list[Door], message_class: MessageClass) -> None:
    choice = ways_to_person(doors, message_class)
    policy = POLICIES[message_class]
    assert not (choice.ways and choice.opted_out)
    for way in choice.ways:
        mine = [d for d in doors if (d.account, d.recipient) == (way.account, way.recipient)]
        if way.form is not Form.TEXT:
            mine = [d for d in mine if (d.has_grant if way.form is Form.SUBSCRIBE else d.may_template)]
        else:
            assert any(d.kind in (ChannelKind.WECOM_APP, ChannelKind.OFFICIAL_ACCOUNT) for d in mine)
        assert any(
            d.inside if d.kind is ChannelKind.WECOM_APP else d.following
            for d in mine
            if policy.solicited or policy.urgent or not d.opted_out
        )


@given(st.lists(DOORS, max_size=4))
def test_an_alert_finds_a_way_wherever_there_is_one(doors: list[Door]) -> None:
    choice = ways_to_person(doors, MessageClass.ALERT)
    assert bool(choice.ways) == any(
        (d.kind is ChannelKind.WECOM_APP and d.inside)
        or (d.kind is ChannelKind.OFFICIAL_ACCOUNT and d.following)
        for d in doors
    )


@pytest.mark.parametrize("channel", list(ChannelKind))
@pytest.mark.parametrize("group", list(GroupKind))
def test_a_group_is_written_to_only_as_the_matrix_allows(channel: ChannelKind, group: GroupKind) -> None:
    way = way_to_group("account", channel, group, "room-1", "li")
    capability = CAPABILITIES.get((channel, group))
    if way is not None:
        assert capability is not None
        assert way.form is capability.speak
    expected = {
        (ChannelKind.WECOM_APP, GroupKind.CUSTOMER): Way("account", "room-1", Form.GROUP_TASK),
        (ChannelKind.GROUP_WEBHOOK, GroupKind.INTERNAL): Way("account", "group", Form.TEXT),
    }
    assert way == expected.get((channel, group))


# People


async def test_a_resident_who_wrote_lately_gets_text(house: House) -> None:
    person_id = await house.meet(("main", "o-zhao"))
    await house.writes()
    assert await house.tell(person_id, notice()) is Reached.QUEUED
    [message] = await house.queued()
    assert (message.account, message.recipient, message.form) == ("main", "o-zhao", Form.TEXT)
    assert message.fallbacks is None


async def test_a_resident_who_did_not_gets_what_they_accepted_then_a_template_then_waits(
    house: House,
) -> None:
    house.services = replace(house.services, accounts=WITH_NOTICES)
    person_id = await house.meet(("main", "o-zhao"))
    await house.accepts()
    assert await house.tell(person_id, notice(facts=FACTS)) is Reached.QUEUED
    [message] = await house.queued()
    assert message.form is Form.SUBSCRIBE
    assert message.payload == {
        "notices": {
            "template@main": {
                "template_id": "template-1",
                "fields": {"thing1": "停水通知", "time2": "2026年3月12日 12:00"},
                "url": "https://yishi.example.org/h5",
            },
            "subscribe@main": {
                "template_id": "subscribe-1",
                "fields": {"character_string1": "1001", "phrase2": "已登记", "thing3": "请查看"},
                "url": "https://yishi.example.org/h5",
            },
        }
    }
    assert message.fallbacks == [["main", "o-zhao", "template"], ["main", "o-zhao", "text"]]


async def test_without_a_grant_it_is_a_template_and_without_fields_text_that_waits(house: House) -> None:
    house.services = replace(house.services, accounts=WITH_NOTICES)
    person_id = await house.meet(("main", "o-zhao"))
    await house.tell(person_id, notice(facts=FACTS))
    await house.accepts()
    await house.tell(person_id, notice(key="停水-0314"))
    first, second = await house.queued()
    assert (first.form, first.fallbacks) == (Form.TEMPLATE, [["main", "o-zhao", "text"]])
    assert (second.form, second.fallbacks, second.payload) == (Form.TEXT, None, None)


async def test_each_kind_of_notice_has_its_own_templates(house: House) -> None:
    house.services = replace(house.services, accounts=WITH_NOTICES)
    person_id = await house.meet(("main", "o-zhao"))
    await house.accepts()
    alarm = replace(FACTS, kind=NoticeKind.ALERT, link="")
    await house.tell(person_id, notice(MessageClass.ALERT, facts=alarm))
    await house.tell(person_id, notice(key="别的", facts=replace(FACTS, kind=NoticeKind.DIGEST)))
    alert, digest = await house.queued()
    assert (alert.form, alert.fallbacks) == (Form.TEMPLATE, [["main", "o-zhao", "text"]])
    assert alert.payload == {
        "notices": {"template@main": {"template_id": "template-2", "fields": {"thing1": "无"}}}
    }
    assert (digest.form, digest.payload) == (Form.TEXT, None)


async def test_a_grant_that_was_turned_off_is_not_used(house: House) -> None:
    house.services = replace(house.services, accounts=WITH_NOTICES)
    person_id = await house.meet(("main", "o-zhao"))
    await house.accepts(count=3)
    await house.accepts(count=0)
    await house.tell(person_id, notice(facts=FACTS))
    assert (await house.queued())[0].form is Form.TEMPLATE


async def test_staff_are_written_to_at_work_and_at_home_when_that_fails(house: House) -> None:
    person_id = await house.meet(("main", "o-li"), ("corp", "li"))
    assert await house.tell(person_id, notice(MessageClass.ALERT)) is Reached.QUEUED
    [message] = await house.queued()
    assert (message.account, message.recipient) == ("corp", "li")
    assert message.fallbacks == [["main", "o-li", "text"]]


async def test_a_customer_of_the_corp_is_not_a_member_of_it(house: House) -> None:
    person_id = await house.meet(("corp", "wmEAlECwAAHrbWYDOK5u3Af13xlYDDNQ"))
    assert await house.tell(person_id, notice()) is Reached.UNREACHABLE
    assert await house.queued() == []


async def test_nobody_is_reached_who_is_not_met_or_left(house: House) -> None:
    left = await house.meet(("main", "o-qian"), follows=False)
    elsewhere = await house.meet(("gone", "o-sun"))
    for person_id in (left, elsewhere, 999_999):
        assert await house.tell(person_id, notice(MessageClass.ALERT)) is Reached.UNREACHABLE


@pytest.mark.parametrize("message_class", list(MessageClass))
async def test_who_opted_out_is_asked_nothing_and_told_what_is_urgent(
    house: House, message_class: MessageClass
) -> None:
    person_id = await house.meet(("main", "o-zhao"), opted_out=True)
    await house.writes()
    policy = POLICIES[message_class]
    expected = Reached.QUEUED if policy.solicited or policy.urgent else Reached.OPTED_OUT
    assert await house.tell(person_id, notice(message_class)) is expected
    assert len(await house.queued()) == (expected is Reached.QUEUED)


async def test_a_notice_reaches_a_person_once_whatever_way_is_best_the_second_time(house: House) -> None:
    person_id = await house.meet(("main", "o-zhao"), ("corp", "zhao"))
    assert await house.tell(person_id, notice()) is Reached.QUEUED
    house.services = replace(house.services, accounts={"main": ACCOUNTS["main"]})
    assert await house.tell(person_id, notice()) is Reached.ALREADY
    assert len(await house.queued()) == 1


async def test_one_key_serves_many_people(house: House) -> None:
    for name in ("o-zhao", "o-qian"):
        assert await house.tell(await house.meet(("main", name)), notice()) is Reached.WAITING
    assert [message.recipient for message in await house.queued()] == ["o-zhao", "o-qian"]


async def test_two_replicas_that_see_different_ways_queue_one(house: House, database_url: str) -> None:
    person_id = await house.meet(("main", "o-zhao"), ("corp", "zhao"))
    other = House(Database(database_url), house.services)
    other.services = replace(house.services, accounts={"main": ACCOUNTS["main"]})
    results = await asyncio.gather(*(each.tell(person_id, notice()) for each in (house, other) * 4))
    assert sorted(results) == [Reached.ALREADY] * 7 + [Reached.QUEUED]
    assert len(await house.queued()) == 1
    await other.database.close()


async def test_what_was_unreachable_can_be_reached_later(house: House) -> None:
    person_id = await house.meet(("main", "o-zhao"), follows=False)
    assert await house.tell(person_id, notice()) is Reached.UNREACHABLE
    async with house.database.write() as session:
        identities = await get_or_add_identities(session, [("main", "o-zhao")], NOW)
        identities["main", "o-zhao"].following = True
    assert await house.tell(person_id, notice()) is Reached.WAITING
    await house.writes()
    assert await house.tell(person_id, notice(key="另一件")) is Reached.QUEUED


async def test_a_long_text_goes_in_numbered_parts(house: House) -> None:
    person_id = await house.meet(("corp", "li"), ("main", "o-li"))
    await house.tell(person_id, notice(text="垃圾桶满了没人清。" * 200))
    parts = await house.queued()
    assert [part.text[:5] for part in parts] == ["(1/3)", "(2/3)", "(3/3)"]
    assert all(len(part.text.encode()) <= 2048 for part in parts)
    assert len({part.dedupe_key for part in parts}) == 3
    assert await house.tell(person_id, notice(text="垃圾桶满了没人清。" * 200)) is Reached.ALREADY


async def test_a_very_long_key_is_still_a_key(house: House) -> None:
    person_id = await house.meet(("corp", "li"))
    for end in ("甲", "乙"):
        assert await house.tell(person_id, notice(key="k" * 200 + end)) is Reached.QUEUED
    assert len({message.dedupe_key for message in await house.queued()}) == 2


async def test_times_of_a_notice_are_kept(house: House) -> None:
    person_id = await house.meet(("corp", "li"))
    soon, late = NOW + timedelta(minutes=7), NOW + timedelta(hours=9)
    told = Notice(MessageClass.PROMPT, "本周征集开始", "w10", not_before=soon, expires_at=late)
    await house.tell(person_id, told)
    [message] = await house.queued()
    assert (message.not_before, message.expires_at) == (soon, late)


# Groups


def group(kind: GroupKind, through: str, owner: str = "", ended: bool = False) -> ChatGroup:
    return ChatGroup(
        group_id=3,
        compound_id=1,
        account="archive",
        room="wrRoom1",
        kind=kind,
        name="3栋业主群",
        speaks_through=through,
        owner=owner,
        registered_at=NOW,
        ended_at=NOW if ended else None,
    )


async def test_a_customer_group_is_written_to_through_its_owner(house: House) -> None:
    residents = group(GroupKind.CUSTOMER, "corp", "li")
    assert await house.tell_group(residents, notice(text="周报" * 900)) is Reached.QUEUED
    parts = await house.queued()
    assert [(p.account, p.recipient, p.form, p.payload) for p in parts] == [
        ("corp", "wrRoom1", Form.GROUP_TASK, {"owner": "li"})
    ] * 2
    assert all(len(part.text.encode()) <= 4000 for part in parts)
    assert await house.tell_group(residents, notice()) is Reached.ALREADY


async def test_the_staffs_group_is_written_to_through_its_webhook(house: House) -> None:
    staff = group(GroupKind.INTERNAL, "duty-group")
    assert await house.tell_group(staff, notice(MessageClass.ALERT)) is Reached.QUEUED
    [message] = await house.queued()
    assert (message.account, message.recipient, message.form) == ("duty-group", "group", Form.TEXT)


@pytest.mark.parametrize(
    "closed",
    [
        group(GroupKind.CUSTOMER, "", "li"),
        group(GroupKind.CUSTOMER, "corp"),
        group(GroupKind.CUSTOMER, "duty-group", "li"),
        group(GroupKind.CUSTOMER, "archive", "li"),
        group(GroupKind.INTERNAL, "helper"),
        group(GroupKind.INTERNAL, "corp", "li"),
        group(GroupKind.INTERNAL, "gone"),
        group(GroupKind.INTERNAL, "duty-group", ended=True),
    ],
    ids=lambda each: f"{each.kind}-{each.speaks_through or 'none'}",
)
async def test_a_group_without_a_door_is_left_alone(house: House, closed: ChatGroup) -> None:
    assert await house.tell_group(closed, notice(MessageClass.ALERT)) is Reached.UNREACHABLE
    assert await house.queued() == []


async def test_one_key_serves_a_group_and_a_person(house: House) -> None:
    assert await house.tell_group(group(GroupKind.INTERNAL, "duty-group"), notice()) is Reached.QUEUED
    assert await house.tell(await house.meet(("main", "o-zhao")), notice()) is Reached.WAITING


async def test_many_notices_are_queued_as_each_alone_would_be(house: House) -> None:
    member = await house.meet(("corp", "li"))
    resident = await house.meet(("main", "o-zhao"))
    gone = await house.meet(("main", "o-qian"), follows=False)
    silent = await house.meet(("main", "o-sun"), opted_out=True)
    staff = group(GroupKind.INTERNAL, "duty-group")
    reminder = notice(message_class=MessageClass.REMINDER)
    await house.tell(member, replace(reminder, dedupe_key="before"))
    async with house.database.write() as session:
        wanted: list[tuple[int | ChatGroup, Notice]] = [
            (member, reminder),
            (staff, reminder),
            (resident, reminder),
            (gone, reminder),
            (silent, reminder),
            (member, reminder),
            (member, replace(reminder, dedupe_key="before")),
        ]
        reached = await notify_all(session, house.services, wanted, NOW)
        assert await notify_all(session, house.services, [], NOW) == []
    assert reached == [
        Reached.QUEUED,
        Reached.QUEUED,
        Reached.WAITING,
        Reached.UNREACHABLE,
        Reached.OPTED_OUT,
        Reached.ALREADY,
        Reached.ALREADY,
    ]
    assert [message.recipient for message in await house.queued()] == [
        "li",
        "li",
        "group",
        "o-zhao",
    ]

"""Union ids of followers: asked for in the background, and what one says 1:1 then holds for one's words in groups."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, cast

import aiohttp
import pytest
from sqlmodel import select
from structlog.testing import capture_logs

from bot.channels.base import Channel, ChannelError, SendResult, Verdict
from bot.channels.official_account import Follower, OfficialAccount
from bot.config import OfficialAccountSettings
from bot.followers import ASK_AGAIN, ASKED_FOR, BATCH, BLOCKED, PAUSE, REST, UnionIds
from bot.playground.account import Account
from bot.playground.faults import ALWAYS
from bot.playground.platform import Platform
from handlers.context import Services
from handlers.groups.members import Member
from handlers.inbound import InboundKind
from handlers.receive import Received, receive
from storage.database import Database
from storage.queries.people import get_or_add_identities
from storage.states import InboxState, MessageClass, Role, RoleSource, SessionKind
from storage.tables import (
    AuditEvent,
    ChannelIdentity,
    InboxMessage,
    Opinion,
    OutboxMessage,
    RoleGrant,
    WebSession,
)
from tests.bot.fakes import Clock, ScriptedChannel
from tests.channels.by_hand import APP_ID, KEY, TOKEN
from tests.handlers.archive import BEFORE, MEMBERS, QIAN, ROOM, ZHAO, Group
from tests.handlers.talk import ACCOUNTS, Talk, compound
from tests.statements import asked_of

SECRET = "the-app-secret-of-tests"
INFO = "/cgi-bin/user/info"
LIFT = "3栋电梯坏了三天，老人下不了楼"
O_ZHAO, O_QIAN = "o-zhao", "o-qian"


class Town:
    """A group that has been told, a service account on the simulated platform, and one replica that asks."""

    def __init__(self, talk: Talk, platform: Platform, asker: UnionIds, clock: Clock) -> None:
        self.talk, self.platform, self.asker, self.clock = talk, platform, asker, clock
        self.group = Group(talk.database, talk.services)

    @property
    def asked(self) -> int:
        return self.platform.counters.api_calls[INFO]

    async def follow(self, openid: str, union_id: str = "") -> None:
        self.platform.add_follower(openid)
        if union_id:
            self.platform.union_ids[openid] = union_id
        await self.talk.bind(openid)
        self.now()

    def now(self, **later: float) -> None:
        """The clocks of the conversation, of the group and of the replica are one."""
        self.talk.now = max(self.talk.now, self.clock.now) + timedelta(**later)
        self.clock.now = self.group.now = self.talk.now

    async def ask(self) -> None:
        self.now()
        assert await self.asker.step() is False

    async def hear(self, *texts: str, sender: str = ZHAO) -> None:
        """Words in the group: through the archive's filter, then as the worker takes them."""
        self.now(seconds=1)
        await self.group.hear(*(self.group.said(text, sender=sender) for text in texts))
        async with self.talk.database.write() as session:
            rows = (
                await session.exec(select(InboxMessage).where(InboxMessage.state == InboxState.NEW))
            ).all()
            await receive(
                session, self.talk.services, [Received(row, None, None) for row in rows], self.talk.now
            )

    async def person_of(self, account: str, external_id: str) -> int:
        return (await self.identity(account, external_id)).person_id

    async def identity(self, account: str, external_id: str) -> ChannelIdentity:
        [found] = [
            row
            for row in await self.talk.rows(ChannelIdentity)
            if (row.account, row.external_id) == (account, external_id)
        ]
        return found


@pytest.fixture
def services(services: Services) -> Services:
    return Services(services.tagger, services.sealer, 180, {}, accounts=ACCOUNTS)


@pytest.fixture
async def town(database: Database, services: Services, clock: Clock) -> AsyncIterator[Town]:
    talk = Talk(database, services)
    await talk.enrol(compound())
    platform = Platform(Account(APP_ID, SECRET, TOKEN, KEY, "gh_7f083739789a"))
    settings = {
        "kind": "official_account", "app_id": APP_ID, "app_secret": SECRET, "token": TOKEN,
        "encoding_aes_key": KEY, "api_base": await platform.start(),
    }  # fmt: skip
    async with aiohttp.ClientSession() as http:
        timeout = aiohttp.ClientTimeout(total=1, connect=0.5, sock_connect=0.5)
        channel = OfficialAccount(
            "main", OfficialAccountSettings.model_validate(settings), http, time.monotonic, timeout=timeout
        )
        town = Town(talk, platform, UnionIds(database, services, {"main": channel}, clock), clock)
        town.group.now = talk.now
        await town.group.open()
        known = [MEMBERS[0], Member(ZHAO, False, "u-zhao", BEFORE), Member(QIAN, False, "", BEFORE)]
        await town.group.sync(known)
        yield town
    await platform.stop()


# What it is for


async def test_refusing_1_to_1_stops_the_storage_of_the_same_persons_group_words(town: Town) -> None:
    await town.follow(O_ZHAO, "u-zhao")
    await town.ask()
    await town.hear("说在前面")
    assert (await town.talk.hear(O_ZHAO, "群里别记我")).outcome == "person.refused_groups"
    await town.hear("说在后面")
    await town.hear("别人还听得见", sender=QIAN)
    said = [row.text for row in await town.talk.rows(InboxMessage) if row.room == ROOM]
    assert said == ["说在前面", "别人还听得见"]
    assert (await town.talk.hear(O_ZHAO, "群里可以记我")).outcome == "person.allowed_groups"
    await town.hear("又听得见了")
    assert [row.text for row in await town.talk.rows(InboxMessage)][-1] == "又听得见了"


async def test_a_refusal_that_was_said_before_the_platform_was_asked_holds_as_well(town: Town) -> None:
    await town.follow(O_ZHAO, "u-zhao")
    await town.talk.hear(O_ZHAO, "群里别记我")
    await town.ask()
    await town.hear("听不见了")
    assert [row.text for row in await town.talk.rows(InboxMessage) if row.room == ROOM] == []


async def test_erasing_1_to_1_erases_the_same_persons_group_words(town: Town) -> None:
    await town.hear(LIFT)
    await town.hear("楼道的灯也坏了", sender=QIAN)
    await town.follow(O_ZHAO, "u-zhao")
    await town.ask()
    await town.hear("地下车库漏水漏了一个月")
    assert (await town.talk.hear(O_ZHAO, "确认删除")).outcome == "person.erased"
    assert [row.text for row in await town.talk.rows(Opinion)] == [None, "楼道的灯也坏了", None]
    heard = [(row.text, row.sender) for row in await town.talk.rows(InboxMessage) if row.room == ROOM]
    assert heard == [("", ""), ("楼道的灯也坏了", QIAN), ("", "")]
    assert {row.external_id for row in await town.talk.rows(ChannelIdentity)} & {ZHAO, O_ZHAO} == set()


async def test_a_receipt_for_a_group_matter_goes_1_to_1_once_a_day(town: Town) -> None:
    def receipts(rows: list[OutboxMessage]) -> list[tuple[str, str]]:
        return [
            (row.account, row.recipient)
            for row in rows
            if row.message_class is MessageClass.RECEIPT and "群里" in row.text
        ]

    await town.hear(LIFT)
    await town.follow(O_ZHAO, "u-zhao")
    assert receipts(await town.talk.rows(OutboxMessage)) == []
    await town.ask()
    await town.hear("地下车库漏水漏了一个月", "楼道的灯坏了")
    assert receipts(await town.talk.rows(OutboxMessage)) == [("main", O_ZHAO)]
    town.now(days=1)
    await town.hear("垃圾没人收")
    assert receipts(await town.talk.rows(OutboxMessage)) == [("main", O_ZHAO)] * 2


async def test_the_group_may_be_met_before_or_after_the_follower(town: Town) -> None:
    await town.follow(O_QIAN, "u-qian")
    await town.ask()
    assert await town.person_of("main", O_QIAN) != await town.person_of("corp", QIAN)
    await town.group.sync([*MEMBERS[:2], Member(QIAN, False, "u-qian", BEFORE)])
    assert await town.person_of("main", O_QIAN) == await town.person_of("corp", QIAN)
    before = await town.person_of("corp", ZHAO)
    await town.follow(O_ZHAO, "u-zhao")
    await town.ask()
    assert before != await town.person_of("corp", ZHAO) == await town.person_of("main", O_ZHAO)
    joined = [row for row in await town.talk.rows(AuditEvent) if row.verb == "person.joined"]
    assert [(row.subject, row.details) for row in joined] == [
        (f"person:{await town.person_of('main', O_ZHAO)}", {"identities": 1})
    ]


async def test_who_is_signed_in_on_two_service_accounts_stays_signed_in(town: Town) -> None:
    await town.follow(O_ZHAO, "u-zhao")
    async with town.talk.database.write() as session:
        east = (await get_or_add_identities(session, [("east", "o-east")], town.clock.now))["east", "o-east"]
        east.union_id = "u-zhao"
        for number, kind in enumerate(SessionKind):
            session.add(
                WebSession(
                    token_hash=bytes([number]), kind=kind, person_id=east.person_id, account="east",
                    created_at=town.clock.now, seen_at=town.clock.now, expires_at=town.clock.now,
                )
            )  # fmt: skip
        session.add(
            RoleGrant(
                person_id=east.person_id,
                role=Role.COMMITTEE,
                scope_code="XH-1",
                source=RoleSource.STAFF,
                granted_at=town.clock.now,
            )
        )
        office = east.person_id
    await town.ask()
    person = await town.person_of("main", O_ZHAO)
    assert await town.person_of("east", "o-east") == await town.person_of("corp", ZHAO) == person
    sessions = {row.kind: row.person_id for row in await town.talk.rows(WebSession)}
    assert sessions == {SessionKind.RESIDENT: person, SessionKind.STAFF: office}
    # An office is nobody's by a platform's word.
    assert office in {row.person_id for row in await town.talk.rows(RoleGrant) if row.ended_at is None}


# How it is asked


async def test_who_has_no_union_id_is_not_asked_for_again_and_again(town: Town) -> None:
    await town.follow(O_ZHAO)
    for _ in range(3):
        await town.ask()
        town.now(minutes=30)
    assert town.asked == 1
    town.platform.union_ids[O_ZHAO] = "u-zhao"  # the account was bound to the open platform
    town.now(seconds=ASK_AGAIN.total_seconds())
    await town.ask()
    assert town.asked == 2
    assert await town.person_of("main", O_ZHAO) == await town.person_of("corp", ZHAO)
    town.now(days=365)
    await town.ask()
    assert town.asked == 2


async def test_an_account_that_is_not_bound_tells_no_union_ids(town: Town) -> None:
    town.platform.faults.no_union_id = ALWAYS
    await town.follow(O_ZHAO, "u-zhao")
    await town.ask()
    assert town.asked == 1
    assert (await town.identity("main", O_ZHAO)).union_id == ""


async def test_following_again_asks_again_and_leaving_asks_no_more(town: Town) -> None:
    await town.follow(O_ZHAO)
    await town.talk.hear(O_ZHAO, kind=InboundKind.UNFOLLOW)
    await town.ask()
    assert town.asked == 0
    for known in (False, True):
        await town.follow(O_ZHAO, "u-zhao" if known else "")
        await town.ask()
    assert town.asked == 2
    await town.follow(O_ZHAO)
    await town.ask()
    assert town.asked == 2


async def test_of_who_does_not_follow_nothing_is_told_until_they_do(town: Town) -> None:
    await town.follow(O_ZHAO, "u-zhao")
    town.platform.audience.remove(O_ZHAO)  # and the event was lost
    await town.ask()
    town.now(days=365)
    await town.ask()
    assert town.asked == 1
    await town.follow(O_ZHAO)
    await town.ask()
    assert (await town.identity("main", O_ZHAO)).union_id == "u-zhao"


async def test_only_people_of_service_accounts_are_asked_for(town: Town) -> None:
    await town.hear("大家好")
    await town.ask()
    assert town.asked == 0
    assert not await town.asker.has_work()


async def test_a_round_is_bounded_and_the_latest_come_first(town: Town) -> None:
    for number in range(BATCH + 3):
        await town.follow(f"o-{number}", f"u-{number}")
    await town.ask()
    assert town.asked == BATCH
    known = {
        row.external_id for row in await town.talk.rows(ChannelIdentity) if row.union_id.startswith("u-")
    }
    assert known == {ZHAO, *(f"o-{number}" for number in range(3, BATCH + 3))}
    await town.ask()
    assert town.asked == BATCH  # it rests
    town.now(seconds=REST.total_seconds())
    await town.ask()
    assert town.asked == BATCH + 3


@pytest.mark.parametrize(
    ("fault", "pause"),
    [
        ("rate_limited", timedelta(hours=1)),  # what the table of errcodes says for 45009
        ("busy", PAUSE),
        ("http_500", PAUSE),
        ("timeout_after", PAUSE),
        ("ip_not_whitelisted", BLOCKED),
    ],
)
async def test_an_account_that_does_not_answer_is_left_alone_for_a_while(
    town: Town, fault: str, pause: timedelta
) -> None:
    await town.follow(O_ZHAO, "u-zhao")
    town.platform.faults.api_path = INFO
    setattr(town.platform.faults, fault, 1)
    with capture_logs() as logs:
        await town.ask()
    assert [entry["event"] for entry in logs] == ["followers.not_told"]
    assert "o-zhao" not in str(logs)
    await town.follow(O_QIAN, "u-qian")
    town.now(seconds=pause.total_seconds() - 10)
    await town.ask()
    assert town.asked == 1
    town.now(seconds=11)
    await town.ask()
    assert town.asked == 3
    assert await town.person_of("main", O_ZHAO) == await town.person_of("corp", ZHAO)


async def test_one_whom_the_platform_does_not_know_holds_up_nobody(town: Town) -> None:
    await town.talk.bind("o-of-another-account")
    await town.follow(O_ZHAO, "u-zhao")
    await town.ask()
    town.now(hours=2)
    await town.ask()
    assert town.asked == 2
    assert (await town.identity("main", O_ZHAO)).union_id == "u-zhao"


# What happens meanwhile


class Scripted(ScriptedChannel):
    """Tells union ids; `meanwhile` happens while it is asked."""

    def __init__(self, union_id: str = "u-zhao") -> None:
        super().__init__()
        self.union_id = union_id
        self.asked: list[str] = []

    async def follower_of(self, openid: str) -> Follower:
        self.asked.append(openid)
        if self.meanwhile is not None:
            await self.meanwhile()
        return Follower(True, self.union_id)


def asker(town: Town, channel: Any, database: Database | None = None) -> UnionIds:
    channels = cast(dict[str, Channel], {"main": channel})
    return UnionIds(database or town.talk.database, town.talk.services, channels, town.clock)


async def test_no_transaction_is_open_while_the_platform_is_asked(town: Town) -> None:
    channel = Scripted()

    async def write() -> None:
        async with asyncio.timeout(5), town.talk.database.write() as session:
            [row] = (
                await session.exec(
                    select(ChannelIdentity).where(ChannelIdentity.external_id == O_ZHAO).with_for_update()
                )
            ).all()
            row.opted_out_at = town.clock.now

    await town.follow(O_ZHAO)
    channel.meanwhile = write
    await asker(town, channel).step()
    row = await town.identity("main", O_ZHAO)
    assert (row.union_id, row.opted_out_at) == ("u-zhao", town.clock.now)


async def test_who_was_erased_meanwhile_does_not_come_back(town: Town) -> None:
    channel = Scripted()
    await town.follow(O_ZHAO)
    channel.meanwhile = lambda: town.talk.hear(O_ZHAO, "确认删除")
    await asker(town, channel).step()
    assert channel.asked == [O_ZHAO]
    assert {row.external_id for row in await town.talk.rows(ChannelIdentity)} & {O_ZHAO} == set()
    assert (await town.identity("corp", ZHAO)).union_id == "u-zhao"


async def test_two_replicas_ask_once(town: Town, database_url: str) -> None:
    other = Database(database_url)
    channels = [Scripted(), Scripted()]
    await town.follow(O_ZHAO)
    await town.follow(O_QIAN)
    await asyncio.gather(asker(town, channels[0]).step(), asker(town, channels[1], other).step())
    assert sorted(channels[0].asked + channels[1].asked) == [O_QIAN, O_ZHAO]
    await other.close()


async def test_two_accounts_that_learn_of_one_human_being_at_once_make_one_person(
    town: Town, database_url: str
) -> None:
    other = Database(database_url)
    both = asyncio.Barrier(2)
    for round_number in range(5):
        main, east = f"o-main-{round_number}", f"o-east-{round_number}"
        await town.follow(main)
        await town.talk.hear(east, kind=InboundKind.FOLLOW, account="east")
        town.now(minutes=1)
        channels = [Scripted(f"u-{round_number}"), Scripted(f"u-{round_number}")]
        for channel in channels:
            channel.meanwhile = both.wait
        askers = [
            UnionIds(database, town.talk.services, cast(dict[str, Channel], {account: channel}), town.clock)
            for database, account, channel in zip(
                (town.talk.database, other), ("main", "east"), channels, strict=True
            )
        ]
        await asyncio.gather(*(each.step() for each in askers))
        assert [channel.asked for channel in channels] == [[main], [east]]
        assert await town.person_of("main", main) == await town.person_of("east", east)
    await other.close()


async def test_whoever_died_asking_is_made_up_for(town: Town) -> None:
    channel = Scripted()
    channel.meanwhile = _die
    await town.follow(O_ZHAO)
    with pytest.raises(ZeroDivisionError):
        await asker(town, channel).step()
    channel.meanwhile = None
    await asker(town, channel).step()
    assert channel.asked == [O_ZHAO]
    town.now(seconds=ASKED_FOR.total_seconds())
    await asker(town, channel).step()
    assert channel.asked == [O_ZHAO] * 2


async def _die() -> None:
    raise ZeroDivisionError


class Silent(ScriptedChannel):
    async def follower_of(self, openid: str) -> Follower:
        raise ChannelError(SendResult(Verdict.UNKNOWN))


async def test_a_look_while_nobody_may_be_asked_costs_nothing(town: Town) -> None:
    await town.follow(O_ZHAO)
    silent = asker(town, Silent())
    await silent.step()
    with asked_of(town.talk.database.engine) as asked:
        assert not await silent.has_work()
        assert not await asker(town, ScriptedChannel()).has_work()  # a channel that tells of nobody
    assert asked == []

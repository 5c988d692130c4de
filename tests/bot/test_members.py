"""Member lists: who is asked for when, and that groups that cannot be asked for keep nobody else waiting."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.channels.base import ChannelError, SendResult, Verdict
from bot.channels.wecom_app import CustomerGroup, Member
from bot.members import AT_ONCE, MemberLists
from handlers.context import Services
from storage.database import Database
from storage.tables import GroupMember
from tests.bot.fakes import Clock, ScriptedChannel
from tests.handlers.archive import ARCHIVE, BEFORE, ZHAO, Group
from tests.handlers.talk import ACCOUNTS, Talk, compound

REFUSED = SendResult(Verdict.REFUSED, 60011, "not in the app's range")


class Corp(ScriptedChannel):
    """A corp whose app may not see the groups of some owners."""

    def __init__(self) -> None:
        super().__init__("corp")
        self.asked: list[str] = []

    async def get_group(self, chat_id: str) -> CustomerGroup:
        self.asked.append(chat_id)
        if chat_id.startswith("wrClosed"):
            raise ChannelError(REFUSED)
        return CustomerGroup(chat_id, "群", "li", (Member(ZHAO, False, "", BEFORE),))


@pytest.fixture
def services(services: Services) -> Services:
    return replace(services, accounts=ACCOUNTS)


async def test_groups_that_cannot_be_asked_for_keep_no_other_waiting(
    database: Database, services: Services, clock: Clock
) -> None:
    await Talk(database, services).enrol(compound())
    group = Group(database)
    closed = [f"wrClosed{number:03}" for number in range(5 * AT_ONCE)]
    for room in [*closed, "wrOpen"]:
        await group.register(room, "业主群")
    corp = Corp()
    lists = MemberLists(database, {"corp": corp}, services, "replica-a")
    want = lists.want(ARCHIVE)
    for _ in range(4 * len(closed) // AT_ONCE):
        want(closed)  # somebody unknown speaks in each of them all the time
        await lists.refresh(clock.now)
        clock.forward(30)
    assert "wrOpen" in corp.asked
    assert set(closed) < set(corp.asked)
    times = [corp.asked.count(room) for room in closed]
    assert max(times) <= min(times) + 2
    assert [row.external_id for row in await Talk(database, services).rows(GroupMember)] == [ZHAO]


async def test_a_room_in_which_somebody_unknown_speaks_is_asked_for_at_once_and_not_again_soon(
    database: Database, services: Services, clock: Clock
) -> None:
    await Talk(database, services).enrol(compound())
    await Group(database).register("wrOpen")
    corp = Corp()
    lists = MemberLists(database, {"corp": corp}, services, "replica-a")
    for seconds, asked in ((0, 1), (30, 1), (119, 1), (121, 2)):
        lists.want(ARCHIVE)(["wrOpen"])
        await lists.refresh(clock.now + timedelta(seconds=seconds))
        assert len(corp.asked) == asked

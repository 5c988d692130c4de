"""Matters follow when words are taken back in the group, as the archive brings it."""

from sqlmodel import select

from handlers.receive import Received, receive
from storage.states import InboxState, RequestState
from storage.tables import InboxMessage, Matter, Opinion, Request
from tests.handlers.archive import QIAN, ZHAO, Group
from tests.handlers.talk import Talk

FIRE = "楼道里着火了，都是烟"


async def work(talk: Talk) -> list[str]:
    async with talk.database.write() as session:
        rows = (await session.exec(select(InboxMessage).where(InboxMessage.state == InboxState.NEW))).all()
        received = [Received(row, None, None) for row in rows]
        return [answer.outcome for answer in await receive(session, talk.services, received, talk.now)]


async def test_what_is_revoked_counts_no_longer_and_the_last_voice_takes_the_request_along(
    talk: Talk,
) -> None:
    group = Group(talk.database, talk.services)
    await group.open()
    quote = f'这是一条引用/回复消息："赵：{FIRE}"\n------\n我家也是'
    await group.hear(group.said(FIRE, key="a:1"), group.said(quote, QIAN, key="a:2"))
    assert await work(talk) == ["group.filed", "group.echoed"]
    [matter] = await talk.rows(Matter)
    assert matter.speakers == 2
    await group.hear(group.revoked("a:1"))
    [matter] = await talk.rows(Matter)
    assert (matter.number, matter.speakers) == (1001, 1)
    assert [request.state for request in await talk.rows(Request)] == [RequestState.RAISED]
    await group.hear(group.revoked("a:2"), group.said("晚上吃什么", ZHAO))
    [matter] = await talk.rows(Matter)
    assert (matter.households, matter.speakers) == (0, 0)
    assert [request.state for request in await talk.rows(Request)] == [RequestState.CANCELLED]
    assert {opinion.text for opinion in await talk.rows(Opinion)} == {None}

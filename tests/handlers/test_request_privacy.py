"""Words in timelines and ratings go with everything else: in time, by erasure, and where one was revoked."""

from datetime import timedelta

from handlers.groups.revoke import revoke_messages
from handlers.oversight.retention import reduce_raw_text
from storage.inbox import Lease
from storage.states import RequestState
from storage.tables import OutboxMessage, Request, RequestEvent, RequestRating
from tests.handlers.neighbours import RESIDENTS_ROOM, silently, told
from tests.handlers.orders import confirm, lamp, office, request
from tests.handlers.talk import Talk

MINE = "我家孩子晚自习回来摔过一跤"


async def rated(talk: Talk) -> int:
    await office(talk)
    number = await lamp(talk, "o-zhao", "o-qian")
    await told(talk, "shu", f"派单 {number} 物业", "")
    await talk.say("o-zhao", f"补充 {number} {MINE}")
    await told(talk, "li", f"办结 {number} 灯换好了", "")
    await talk.say("o-zhao", f"评价 {number} 不满意 {MINE}，还是黑")
    return number


async def words(talk: Talk) -> list[str]:
    events = [event.text for event in await talk.rows(RequestEvent) if event.text]
    return events + [rating.comment for rating in await talk.rows(RequestRating) if rating.comment]


async def test_after_their_time_words_are_gone_and_the_figures_stay(talk: Talk) -> None:
    number = await rated(talk)
    entries = len(await talk.rows(RequestEvent))
    assert len(await words(talk)) == 4  # supplement, reply, and the comment in both places
    await reduce_raw_text(talk.database, talk.now - timedelta(days=1))
    assert len(await words(talk)) == 4
    await reduce_raw_text(talk.database, talk.now + timedelta(seconds=1))
    assert await words(talk) == []
    assert len(await talk.rows(RequestEvent)) == entries
    assert [row.rating for row in await talk.rows(RequestRating)] == ["dissatisfied"]
    assert (await request(talk, number)).state is RequestState.REOPENED


async def test_who_asks_to_be_forgotten_is_quoted_nowhere(talk: Talk) -> None:
    await rated(talk)
    assert MINE in (await told(talk, "li", "进度 1001", "")).text
    passed_on = [row.text for row in await talk.rows(OutboxMessage) if row.recipient == "li"]
    assert sum(MINE in text for text in passed_on) == 3
    await talk.say("o-zhao", "删除我的资料")
    assert (await talk.hear("o-zhao", "确认删除")).outcome == "person.erased"
    assert await words(talk) == ["灯换好了"]
    for row in await talk.rows(OutboxMessage):
        assert "晚自习" not in row.text
        assert "还是黑" not in row.text
    # Who is left goes on.
    number = (await talk.rows(Request))[0].number
    await told(talk, "li", f"办结 {number} 又换了", "")
    assert (await talk.hear("o-qian", "满意")).outcome == "request.rated"


async def test_when_staff_are_forgotten_their_orders_are_their_roles(talk: Talk) -> None:
    await office(talk)
    number = await lamp(talk)
    await told(talk, "shu", f"派单 {number} 李向前", "")
    await told(talk, "li", f"备注 {number} 我去看过了", "")
    from storage.queries.requests import forget_in_requests

    row = await request(talk, number)
    assert row.assignee_id is not None
    async with talk.database.write() as session:
        await forget_in_requests(session, row.assignee_id)
    row = await request(talk, number)
    assert (row.role, row.assignee_id) == ("property", None)
    assert await words(talk) == []
    assert (await told(talk, "song", f"接单 {number}", "")).outcome == "request.accepted"


async def test_a_revoked_message_goes_from_where_staff_quoted_it(talk: Talk) -> None:
    await office(talk)
    said = "3栋2单元路灯坏了，我妈昨晚在楼下绊倒了"
    message = talk.message("wm-zhao-0000000001", said, account="archive", room=RESIDENTS_ROOM)
    await silently(talk, [message])
    await confirm(talk, [1001])
    await told(talk, "li", "备注 1001 居民说“我妈昨晚在楼下绊倒了”，先放警示牌", "")
    async with talk.database.write() as session:
        assert await revoke_messages(
            session,
            talk.services,
            account="archive",
            keys=[message.message_key],
            expected={},
            lease=Lease("replica", talk.now, talk.now),
        )
    [left] = await words(talk)
    assert "绊倒" not in left
    assert "先放警示牌" in left

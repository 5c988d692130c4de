"""What waits to be told of a request while it moves on: people read how it is, once, and are asked to rate it."""

from datetime import timedelta

import pytest

from handlers.matters.confirm import dismiss_matter
from handlers.requests.clock import advance_requests
from handlers.requests.commands import Told, Verb
from handlers.requests.topics import over_for_staff, replaced_by, topic_of, topic_to_staff
from storage.states import OutboxState
from storage.tables import Compound, Matter, OutboxMessage, Person
from tests.handlers.neighbours import told
from tests.handlers.orders import LAMP, NOISE, lamp, office
from tests.handlers.talk import Talk

GONE = OutboxState.CANCELLED


@pytest.fixture
async def yard(talk: Talk) -> Talk:
    """新禾苑 with everybody in office; nothing is ever sent, so that all of it waits."""
    await office(talk)
    return talk


async def waits(talk: Talk, recipient: str) -> list[str]:
    """What would still go out to somebody about requests, in order."""
    return [
        row.text
        for row in await talk.rows(OutboxMessage)
        if row.recipient == recipient and row.state is not GONE and row.inbox_id is None
    ]


async def staff(talk: Talk, *said: tuple[str, str]) -> None:
    for userid, words in said:
        answer = await told(talk, userid, words, "")
        assert answer.outcome.startswith(("request.", "matter.")), (words, answer)


async def test_only_the_last_step_is_told(yard: Talk) -> None:
    number = await lamp(yard)
    await staff(
        yard, ("shu", f"派单 {number} 社区"), ("shu", f"派单 {number} 物业"), ("li", f"接单 {number}")
    )
    [step] = await waits(yard, "o-zhao")
    assert "已经接单" in step


async def test_the_question_takes_the_place_of_the_steps_and_stays(yard: Talk) -> None:
    number = await lamp(yard, "o-zhao", "o-qian")
    await staff(
        yard,
        ("shu", f"派单 {number} 物业"),
        ("li", f"回复 {number} 灯具明天到货"),
        ("li", f"办结 {number} 换好了"),
    )
    reply, question = await waits(yard, "o-zhao")
    assert "灯具明天到货" in reply  # written by hand: for reading
    assert "您满意吗" in question
    await yard.say("o-qian", f"评价 {number + 1} 满意")
    texts = await waits(yard, "o-zhao")
    assert [text[-6:] for text in texts[:2]] == [reply[-6:], question[-6:]]
    assert "有邻居评价了" in texts[2]
    assert not any(
        "您满意吗" in text for text in await waits(yard, "o-qian")
    )  # who has answered is not asked


async def test_opened_again_nobody_is_asked_to_rate(yard: Talk) -> None:
    number = await lamp(yard, "o-zhao", "o-qian")
    await staff(yard, ("shu", f"派单 {number} 物业"), ("li", f"办结 {number} 换好了"))
    await yard.say("o-qian", f"还没好 {number + 1}")
    [again] = await waits(yard, "o-zhao")
    assert "重新办理" in again
    assert await waits(yard, "o-qian") == []
    await staff(yard, ("li", f"办结 {number} 又换了一只"))
    for resident in ("o-zhao", "o-qian"):
        [question] = await waits(yard, resident)
        assert "又换了一只" in question


async def test_who_took_their_own_back_is_told_no_more(yard: Talk) -> None:
    number = await lamp(yard, "o-zhao", "o-qian")
    await staff(yard, ("shu", f"派单 {number} 物业"))
    await yard.say("o-qian", f"撤回 {number + 1}")
    assert await waits(yard, "o-qian") == []
    assert len(await waits(yard, "o-zhao")) == 1


async def test_two_requests_of_one_person_do_not_touch_each_other(yard: Talk) -> None:
    first, second = await lamp(yard, text=LAMP), await lamp(yard, text=NOISE)
    await staff(yard, ("shu", f"派单 {first} 物业"), ("shu", f"派单 {second} 物业"), ("li", f"接单 {second}"))
    assert [f"编号 {first}（" in text for text in await waits(yard, "o-zhao")] == [True, False]


async def test_what_has_gone_out_is_left_alone(yard: Talk) -> None:
    number = await lamp(yard)
    await staff(yard, ("shu", f"派单 {number} 物业"))
    async with yard.database.write() as session:
        rows = [row for row in await yard.rows(OutboxMessage) if row.recipient == "o-zhao"]
        (await session.get_one(OutboxMessage, rows[-1].outbox_id)).state = OutboxState.SENT
    await staff(yard, ("li", f"接单 {number}"))
    assert ["已交给" in text for text in await waits(yard, "o-zhao")] == [True, False]


async def test_merged_they_read_that_and_no_step_of_what_is_gone(yard: Talk) -> None:
    first, second = await lamp(yard), await lamp(yard, "o-qian", text=NOISE)
    await staff(yard, ("shu", f"派单 {second} 物业"), ("shu", f"合并 {first} {second}"))
    [merged] = await waits(yard, "o-qian")
    assert "和邻居反映的编号" in merged
    await staff(yard, ("shu", f"拆开 {second}"))
    texts = await waits(yard, "o-qian")
    assert ["单独办理" in text for text in texts] == [False, True]
    assert "立单" in texts[0]


async def test_ones_own_two_matters_are_not_a_neighbours(yard: Talk) -> None:
    first, second = await lamp(yard), await lamp(yard, text=NOISE)
    await staff(yard, ("shu", f"合并 {first} {second}"))
    merged = (await waits(yard, "o-zhao"))[-1]
    assert f"您反映的编号 {second} 和您反映的编号 {first}" in merged
    assert "邻居" not in merged


async def test_staff_are_not_asked_for_what_another_has_done(yard: Talk) -> None:
    number = await lamp(yard)
    assert ["待派单" in text for text in await waits(yard, "shu")] == [True]
    await staff(yard, ("shu", f"派单 {number} 物业"))
    assert await waits(yard, "shu") == []
    yard.now += timedelta(days=20)
    await advance_requests(yard.database, yard.services, yard.now)
    assert [text[:2] for text in await waits(yard, "song")] == ["新单", "单 ", "单 "]
    await staff(yard, ("li", f"接单 {number}"))
    assert [text[:40] for text in await waits(yard, "song") if "新单" in text or "接单" in text] == []


async def test_dismissed_it_is_only_told_that(yard: Talk) -> None:
    number = await lamp(yard)
    await staff(yard, ("shu", f"派单 {number} 物业"), ("li", f"办结 {number} 好了"))
    async with yard.database.write() as session:
        home, matter = await session.get_one(Compound, 1), await session.get_one(Matter, (1, number))
        actor = (await yard.rows(Person))[0].person_id or 0
        await dismiss_matter(session, yard.services, home, matter, yard.now, actor_id=actor)
    [text] = await waits(yard, "o-zhao")
    assert "不再办理" in text


def test_no_step_takes_the_place_of_the_question() -> None:
    rate = topic_of(1, 1001, 7, Told.DONE)
    drops = {what for what in Told if rate in replaced_by(1, 1001, 7, what)}
    assert drops == {Told.DONE, Told.REOPENED, Told.CLOSED, Told.CANCELLED}
    assert {what for what in Told if not topic_of(1, 1001, 7, what)} == {Told.REPLIED}


def test_what_staff_are_asked_for_ends_when_it_is_done() -> None:
    call, deadline = topic_to_staff(1, 1001, Told.YOURS), topic_to_staff(1, 1001, Told.LATE)
    assert over_for_staff(1, 1001, {Verb.ACCEPTED}) == (call, deadline)
    assert over_for_staff(1, 1001, {Verb.MISSED}) == (deadline,)
    for verb in (Verb.NOTED, Verb.REPLIED, Verb.SUPPLEMENTED, Verb.REMINDED, Verb.CLIMBED, Verb.HELPED):
        assert over_for_staff(1, 1001, {verb}) == ()

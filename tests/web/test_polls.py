"""Polls on pages: asked by staff, answered by residents, figures only when they may be seen."""

import re
from datetime import timedelta

from sqlmodel import select

from storage.queries.people import get_or_add_identities, put_residency
from storage.states import PollKind
from storage.tables import Poll, PollAnswer
from tests.web.town import HERE, THERE, Town, here_id

POLL = f"/h5/polls/{HERE}/78"


async def poll(town: Town, *, choose: int = 1) -> int:
    """A poll that is open, and a resident who lives there."""
    compound_id, now = await here_id(town), town.clock.now
    async with town.site.database.write() as session:
        session.add(
            Poll(
                compound_id=compound_id,
                poll_number=78,
                kind=PollKind.STRAW,
                title="楼下装椅子吗",
                options=["装", "不装", "都行"],
                choose=choose,
                created_by=town.people["secretary"],
                created_at=now,
                opens_at=now,
                closes_at=now + timedelta(days=7),
            )
        )
        people = await get_or_add_identities(session, [("main", "o-resident")], now)
        await put_residency(session, compound_id, people["main", "o-resident"].person_id, "3", now)
    return compound_id


async def answers(town: Town) -> list[list[int]]:
    async with town.site.database.read() as session:
        return [list(ticked) for ticked in await session.exec(select(PollAnswer.ticked))]


async def test_a_resident_answers_and_thinks_again(town: Town) -> None:
    await poll(town)
    browser = await town.as_resident()
    listed = await browser.get("/h5/polls")
    assert POLL in listed.text
    page = await browser.get(POLL)
    assert "checked" not in page.text
    assert "结果要等结束以后" in page.text
    for one in ("0", "0", "2"):
        answer = await browser.post(POLL, {"csrf": page.csrf, "one": one})
        assert answer.location == f"{POLL}?told=answered"
    assert await answers(town) == [[2]]
    again = await browser.get(answer.location)
    assert re.findall(r'value="(\d)" checked', again.text) == ["2"]
    assert "记下了" in again.text
    for odd in ({}, {"one": "7"}, {"one": "x"}, {"o0": "yes", "o1": "yes"}):
        assert (await browser.post(POLL, {"csrf": page.csrf, **odd})).location.endswith("told=poll.ticks")
    assert await answers(town) == [[2]]


async def test_several_may_be_ticked_where_that_was_asked(town: Town) -> None:
    await poll(town, choose=2)
    browser = await town.as_resident()
    page = await browser.get(POLL)
    assert page.text.count('type="checkbox"') == 3
    await browser.post(POLL, {"csrf": page.csrf, "o0": "yes", "o2": "yes"})
    assert await answers(town) == [[0, 2]]


async def test_after_the_end_there_is_no_form_and_of_few_no_figure(town: Town) -> None:
    await poll(town)
    browser = await town.as_resident()
    page = await browser.get(POLL)
    await browser.post(POLL, {"csrf": page.csrf, "one": "0"})
    town.clock.forward(timedelta(days=7, seconds=1))
    browser = await town.as_resident()
    page = await browser.get(POLL)
    assert 'name="one"' not in page.text
    assert "不到五位" in page.text
    late = await browser.post(POLL, {"csrf": page.csrf, "one": "1"})
    assert late.location.endswith("told=poll.over")
    assert await answers(town) == [[0]]


async def test_somebody_elses_poll_is_not_there(town: Town) -> None:
    await poll(town)
    stranger = await town.as_resident(openid="o-stranger")
    assert (await stranger.get(POLL)).status == 404
    resident = await town.as_resident()
    assert (await resident.get(f"/h5/polls/{THERE}/78")).status == 404
    assert (await resident.get(f"/h5/polls/{HERE}/79")).status == 404


async def test_staff_ask_once_and_end_it(town: Town) -> None:
    asked = f"/console/{HERE}/polls"
    browser = await town.as_staff("secretary")
    page = await browser.get(asked)
    key = re.search(r'name="key" value="([^"]+)"', page.text)
    assert key is not None
    fields = {
        "csrf": page.csrf,
        "key": key[1],
        "kind": "straw",
        "title": "楼下装椅子吗",
        "options": "装\r\n不装\r\n\r\n",
        "choose": "1",
        "building": "3",
        "days": "7",
        "live": "yes",
    }
    for _ in range(2):
        assert (await browser.post(asked, fields)).location == f"{asked}?told=poll_created"
    for wrong in (
        {"options": "装"},
        {"days": "400"},
        {"building": "99"},
        {"kind": "binding"},
        {"choose": "9"},
        {"title": ""},
    ):
        typed = {**fields, "body": "谁坐 <b>", **wrong}
        for _ in range(2):  # the second time it is no poll either, and nothing that was typed is lost
            page = await browser.post(asked, typed)
            assert "没有发出去" in page.text
            assert "谁坐 &lt;b&gt;" in page.text
            assert typed["title"] in page.text
            assert typed["options"].split()[0] in page.text
    async with town.site.database.read() as session:
        [held] = list(await session.exec(select(Poll)))
    assert (held.options, held.places, held.live) == (["装", "不装"], ["3"], True)
    one = f"{asked}/{held.poll_number}"
    shown = await browser.get(one)
    assert "只问3栋" in shown.text
    done = await browser.post(f"{one}/end", {"csrf": page.csrf})
    ended = await browser.get(done.location)
    assert "已经结束" in ended.text
    assert "现在就结束" not in ended.text
    assert (await (await town.as_staff("property")).get(asked)).status == 403

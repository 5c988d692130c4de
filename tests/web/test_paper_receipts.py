"""The owner of a paper is told that it came in, and looks it up; before the close nobody else, its marks never."""

import asyncio
from datetime import timedelta

import pytest

from handlers.voting.entry import enter_paper
from handlers.voting.paper_news import announce_papers
from handlers.voting.paper_rules import Entry
from handlers.voting.papers import print_papers, void_paper
from handlers.voting.reception import receive_papers, register_call
from handlers.voting.serials import serial_words
from handlers.voting.terms import Choice
from storage.states import VoteState
from storage.tables import Compound, OutboxMessage
from tests.voting.assembly import NUMBER
from tests.web.hall import PATH, Hall, open_hall
from tests.web.orders import text_of
from tests.web.town import Town

MARKS: dict[str, Choice] = {"q1": "agree", "q2": "甲公司", "q3": frozenset({"赵二"})}


class Desk:
    """Where papers are handed in, and two who key them in."""

    def __init__(self, hall: Hall, serials: dict[str, str]) -> None:
        self.hall = hall
        self.town = hall.town
        self.serials = serials
        self.people = (hall.assembly.operator_id, hall.town.people["secretary"])

    async def do(self, use_case: object, *arguments: object, by: int = 0, **more: object) -> object:
        async with self.town.site.database.write() as session:
            compound = await session.get_one(Compound, self.hall.assembly.compound_id)
            arguments = tuple(compound if each is Compound else each for each in arguments)
            done: object = await use_case(session, *arguments, actor_id=self.people[by], **more)  # type: ignore[operator]
        return done

    async def receive(self, unit: str) -> object:
        serials = [self.serials[unit]]
        return await self.do(receive_papers, self.town.sealer, Compound, NUMBER, serials, self.town.clock.now)

    async def key_in(self, unit: str) -> None:
        for by in (0, 1):
            await self.do(
                *(enter_paper, self.town.sealer, Compound, NUMBER, self.serials[unit], Entry(MARKS)),
                self.town.clock.now,
                by=by,
            )

    async def void(self, unit: str, reason: str = "copy") -> None:
        for by in (0, 1):
            await self.do(
                *(void_paper, self.town.sealer, Compound, NUMBER, self.serials[unit], reason),
                self.town.clock.now,
                by=by,
            )

    async def told(self) -> list[OutboxMessage]:
        """All messages, when the clock has been at the papers and at the ballots."""
        await announce_papers(self.town.site.database, self.town.site.services, self.town.clock.now)
        return sorted(await self.hall.messages(), key=lambda each: each.outbox_id or 0)


@pytest.fixture
async def desk(town: Town) -> Desk:
    hall = await open_hall(town)
    desk = Desk(hall, {})
    papers = await desk.do(print_papers, Compound, NUMBER, town.clock.now)
    units = {key: unit for unit, key in reversed(hall.assembly.owners.items())}
    desk.serials = {units[paper.owner_key]: paper.serial for paper in papers}  # type: ignore[attr-defined]
    return desk


async def test_everybody_bound_is_told_that_the_paper_came_in_and_then_that_it_is_a_ballot(
    desk: Desk,
) -> None:
    for openid in ("", "o-wife"):
        await desk.hall.as_owner(1, openid)
    await desk.hall.as_owner(2)
    await desk.receive("3-101")
    await desk.receive("3-101")  # scanned again
    rows = await desk.told()
    assert sorted(row.recipient for row in rows) == ["o-owner-1", "o-wife"]
    for row in rows:
        assert "【选票收到】" in row.text
        assert serial_words(desk.serials["3-101"]) in row.text
        assert "不是您或您家里人交的" in row.text
        assert row.expires_at > desk.town.clock.now + timedelta(days=60)
    await desk.key_in("3-101")
    rows = (await desk.told())[2:]
    assert [("【选票回执】" in row.text, "甲公司" in row.text) for row in rows] == [(True, False)] * 2
    assert all("这里和网页上都不写" in row.text for row in rows)


async def test_a_paper_that_is_keyed_in_at_once_is_told_of_as_a_ballot_only(desk: Desk) -> None:
    await desk.hall.as_owner(1)
    await desk.receive("3-101")
    await desk.key_in("3-101")
    (row,) = await desk.told()
    assert "【选票回执】" in row.text


async def test_who_reads_that_the_paper_does_not_count_reads_why(desk: Desk) -> None:
    await desk.hall.as_owner(1)
    await desk.hall.as_owner(2)
    await desk.receive("3-101")
    await desk.told()
    await desk.void("3-101", "not_theirs")
    rows = (await desk.told())[1:]
    assert ["【纸票作废】" in row.text and "不是业主或受托人交的" in row.text for row in rows] == [True]
    desk.town.clock.now += timedelta(days=7)
    for _ in range(2):
        await desk.receive("3-103")
    rows = (await desk.told())[2:]
    assert [(row.recipient, "收到的时候投票已经截止" in row.text) for row in rows] == [("o-owner-2", True)]


async def test_a_call_is_told_of_like_a_paper(desk: Desk) -> None:
    await desk.hall.as_owner(2)
    await desk.do(
        *(register_call, desk.town.sealer, Compound, NUMBER, "3-103", "录音 7"), desk.town.clock.now
    )
    (row,) = await desk.told()
    assert "电话" in row.text


async def test_two_replicas_tell_of_a_paper_once(desk: Desk, second: Town) -> None:
    await desk.hall.as_owner(1)
    await desk.hall.as_owner(2)
    await desk.receive("3-101")
    await desk.receive("3-103")
    databases = [desk.town.site.database, second.site.database] * 2
    told = await asyncio.gather(
        *(announce_papers(each, desk.town.site.services, desk.town.clock.now) for each in databases)
    )
    assert sum(told) == 2
    assert len(await desk.told()) == 2


async def test_owners_look_their_paper_up_without_its_marks(desk: Desk) -> None:
    wife = await desk.hall.as_owner(1, "o-wife")
    assert "还没有收到您家的纸票" in text_of(await wife.get(f"{PATH}/papers"))
    await desk.receive("3-101")
    serial = desk.serials["3-101"]
    page = await wife.get(f"{PATH}/papers/{serial}")
    assert "等着录入" in text_of(page)
    await desk.key_in("3-101")
    (ballot,) = await desk.hall.ballots()
    await desk.hall.seal()
    assert f"{PATH}/papers/{serial}" in (await wife.get(f"{PATH}/papers")).text
    page = await wife.get(f"{PATH}/papers/{serial}")
    shown = text_of(page)
    assert "票录好了，算数" in shown
    assert "已经写进公开的记录" in shown
    assert ballot.leaf_hash.hex()[:4] in page.text
    for secret in ("甲公司", "赵二", "同意"):
        assert secret not in shown


async def test_a_serial_alone_tells_nothing_while_people_vote_and_then_what_the_log_tells(desk: Desk) -> None:
    neighbour = await desk.hall.as_neighbour()
    other = await desk.hall.as_owner(2)
    await desk.receive("3-101")
    await desk.key_in("3-101")
    await desk.hall.seal()
    serial, unused = desk.serials["3-101"], desk.serials["3-103"]
    for browser in (neighbour, other):
        answers = [await browser.get(f"{PATH}/papers/{each}") for each in (serial, unused, "222222222")]
        assert [answer.status for answer in answers] == [404] * 3
        answers = [await browser.get(f"{PATH}/papers?serial={each}") for each in (serial, unused)]
        assert [answer.status for answer in answers] == [404] * 2
        assert len({answer.text.replace(unused, "").replace(serial, "") for answer in answers}) == 1
    await desk.hall.set(state=VoteState.CLOSED, closes_at=desk.town.clock.now - timedelta(seconds=1))
    answer = await neighbour.get(f"{PATH}/papers?serial={serial_words(serial).lower()}")
    assert answer.location == f"{PATH}/papers/{serial}"
    page = await neighbour.get(answer.location)
    shown = text_of(page)
    assert "票录好了" in shown
    for secret in ("3-101", "3栋", "算数", "甲公司"):
        assert secret not in shown.replace("算数的", "")
    assert (await neighbour.get(f"{PATH}/papers/{unused}")).status == 404

"""Polls on real databases: one answer a person, until the end; who is forgotten leaves the counts; chat."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import select

from handlers.people.join import join_people
from handlers.polls.answer import answer_poll
from handlers.polls.close import advance_polls, close_poll
from handlers.polls.create import create_poll
from handlers.polls.results import load_figures
from handlers.polls.rules import Code, Draft, Refused
from storage.queries.people import find_identity, put_residency
from storage.queries.polls import find_poll
from storage.queries.tree import find_compound
from storage.states import OutboxState, PollKind, Role
from storage.tables import AuditEvent, ChannelIdentity, Compound, OutboxMessage, Person, Poll, PollAnswer
from tests.handlers.neighbours import appoint, open_groups
from tests.handlers.talk import Talk


class Street:
    """People who live in 新禾苑, and a poll."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.number = 0
        self.compound_id = 0

    async def ask(self, **values: object) -> Poll:
        by = await appoint(self.talk, "shuji", Role.SECRETARY)
        draft = {
            "kind": PollKind.STRAW,
            "title": "楼下装椅子吗",
            "closes_at": self.talk.now + timedelta(days=7),
            "options": ("装", "不装", "都行"),
            **values,
        }
        async with self.talk.database.write() as session:
            compound = await find_compound(session, "XH-1")
            assert compound is not None
            poll = await create_poll(
                session,
                self.talk.services,
                compound,
                Draft(**draft),  # type: ignore[arg-type]
                self.talk.now,
                actor_id=by,
            )
        self.number, self.compound_id = poll.poll_number, poll.compound_id
        return poll

    async def person(self, openid: str) -> int:
        async with self.talk.database.read() as session:
            identity = await find_identity(session, "main", openid)
        assert identity is not None
        return identity.person_id

    async def answer(self, openid: str, *ticked: int) -> Code | None:
        person_id = await self.person(openid)
        try:
            async with self.talk.database.write() as session:
                await answer_poll(
                    session,
                    self.talk.services.sealer,
                    self.compound_id,
                    self.number,
                    person_id,
                    ticked,
                    self.talk.now,
                )
        except Refused as refused:
            return refused.code
        return None

    async def counts(self) -> tuple[int, tuple[int, ...] | None] | None:
        async with self.talk.database.read() as session:
            poll = await find_poll(session, self.compound_id, self.number)
            assert poll is not None
            found = await load_figures(session, poll, self.talk.now)
        return None if found is None else (found.whole.answers, found.whole.options)


@pytest.fixture
async def street(talk: Talk) -> Street:
    for name in ("a", "b", "c", "d", "e", "f"):
        await talk.bind(f"o-{name}", "XH-1/3-2" if name != "f" else "XH-1/12")
    await talk.hear("o-far", "你好")
    return Street(talk)


async def test_one_person_is_one_answer_which_they_may_change_until_the_end(street: Street) -> None:
    await street.ask(live=True)
    for name, ticked in (("a", 0), ("b", 0), ("c", 1), ("d", 2), ("e", 0), ("a", 1), ("a", 1)):
        assert await street.answer(f"o-{name}", ticked) is None
    assert await street.counts() == (5, (2, 2, 1))
    assert await street.answer("o-far", 0) is Code.NOT_ASKED
    assert await street.answer("o-b", 0, 1) is Code.TICKS
    assert await street.answer("o-b", 9) is Code.TICKS
    street.talk.now += timedelta(days=8)
    assert await street.answer("o-b", 1) is Code.OVER
    assert await street.counts() == (5, (2, 2, 1))


async def test_figures_wait_for_the_end_and_few_are_hidden(street: Street) -> None:
    await street.ask()
    for name in "abcd":
        await street.answer(f"o-{name}", 0)
    assert await street.counts() is None
    street.talk.now += timedelta(days=7, seconds=1)
    assert await street.counts() == (4, None)


async def test_the_clock_ends_a_poll_once_whoever_asks(street: Street) -> None:
    poll = await street.ask()
    database, over = street.talk.database, poll.closes_at + timedelta(seconds=1)
    assert await advance_polls(database, poll.closes_at) == 0
    assert sum(await asyncio.gather(*(advance_polls(database, over) for _ in range(3)))) == 1
    async with database.read() as session:
        ended = await find_poll(session, street.compound_id, street.number)
        assert ended is not None
        assert ended.ended_at == poll.closes_at
        events = await session.exec(select(AuditEvent).where(AuditEvent.verb == "poll.ended"))
        assert len(list(events)) == 1


async def test_what_staff_end_takes_no_more_answers(street: Street) -> None:
    await street.ask()
    await street.answer("o-a", 0)
    person = await street.person("o-a")
    async with street.talk.database.write() as session:
        assert await close_poll(session, street.compound_id, street.number, street.talk.now, actor_id=person)
        assert not await close_poll(
            session, street.compound_id, street.number, street.talk.now, actor_id=person
        )
    assert await street.answer("o-a", 1) is Code.OVER


async def test_only_the_building_that_is_meant_is_asked(street: Street) -> None:
    await street.ask(places=("12",))
    assert await street.answer("o-f", 0) is None
    assert await street.answer("o-a", 0) is Code.NOT_ASKED
    assert "没有要填的问卷" in await street.talk.say("o-a", "问卷")
    [answer] = await street.talk.rows(PollAnswer)
    assert answer.home_code == "12"  # the building, not the flat


async def test_who_is_forgotten_leaves_the_counts_and_nothing_else(street: Street) -> None:
    await street.ask(live=True)
    for name in "abcde":
        await street.answer(f"o-{name}", 0)
    person = await street.person("o-a")
    await street.talk.say("o-a", "删除我的资料")
    await street.talk.say("o-a", "确认删除")
    assert await street.counts() == (5, (5, 0, 0))
    answers = await street.talk.rows(PollAnswer)
    assert person not in {answer.person_id for answer in answers}
    assert sum(answer.person_id < 0 for answer in answers) == 1
    # What they answered stands: who comes back has no second answer, on the page or in the chat.
    await street.talk.bind("o-a")
    assert await street.answer("o-a", 1) is Code.FORGOTTEN
    assert "删除过资料" in await street.talk.say("o-a", f"选 {street.number} 2")
    street.talk.now += timedelta(days=8)
    assert await street.counts() == (5, (5, 0, 0))
    await street.ask(live=True)
    assert await street.answer("o-a", 1) is None  # the next poll is another one


async def test_while_answers_come_they_are_shown_by_fives(street: Street) -> None:
    """Who looks before and after a neighbour answers does not learn what they ticked."""
    await street.ask(live=True)
    for name in "abcde":
        await street.answer(f"o-{name}", 0)
    street.talk.now += timedelta(minutes=1)
    await street.answer("o-f", 1)
    assert await street.counts() == (5, (5, 0, 0))
    street.talk.now += timedelta(days=8)
    assert await street.counts() == (6, (5, 1, 0))


async def test_two_who_turn_out_to_be_one_count_once_with_the_newer_answer(street: Street) -> None:
    await street.ask(live=True)
    for name in "abcde":
        await street.answer(f"o-{name}", 0)
    async with street.talk.database.write() as session:
        person = Person(created_at=street.talk.now)
        session.add(person)
        await session.flush()
        assert person.person_id is not None
        session.add(
            ChannelIdentity(
                account="corp",
                external_id="wm-a",
                person_id=person.person_id,
                union_id="u-a",
                first_seen_at=street.talk.now,
            )
        )
        await put_residency(session, street.compound_id, person.person_id, "3", street.talk.now)
        later = street.talk.now + timedelta(minutes=1)
        await answer_poll(
            session,
            street.talk.services.sealer,
            street.compound_id,
            street.number,
            person.person_id,
            [1],
            later,
        )
        own = await find_identity(session, "main", "o-a")
        assert own is not None
        own.union_id = "u-a"
    async with street.talk.database.write() as session:
        assert await join_people(session, street.talk.services, "u-a", street.talk.now) == 1
    assert await street.counts() == (5, (4, 1, 0))


async def test_a_poll_is_answered_in_chat(street: Street) -> None:
    await street.ask(choose=2, live=True)
    shown = await street.talk.say("o-a", "问卷")
    assert "楼下装椅子吗" in shown
    assert "2 不装" in shown
    assert f"选 {street.number}" in shown
    assert "记下了：装、都行" in await street.talk.say("o-a", f"选 {street.number} 1，3")
    assert "没有记下" in await street.talk.say("o-a", f"选 {street.number} 4")
    assert "记下了：不装" in await street.talk.say("o-a", f"选 {street.number} 2")
    assert "没有编号 9999" in await street.talk.say("o-a", "选 9999 1")
    assert "没有编号" in await street.talk.say("o-far", f"选 {street.number} 1")
    [answer] = await street.talk.rows(PollAnswer)
    assert answer.ticked == [1]
    street.talk.now += timedelta(days=8)
    assert "已经结束" in await street.talk.say("o-a", f"选 {street.number} 1")


async def test_a_number_that_two_compounds_have_means_the_poll_that_asks(street: Street) -> None:
    talk = street.talk
    first = await street.ask()
    by = first.created_by
    async with talk.database.write() as session:
        other = Compound(code="XH-9", name="远山")
        session.add(other)
        await session.flush()
        assert other.compound_id is not None
        person = await street.person("o-a")
        await put_residency(session, other.compound_id, person, None, talk.now)
        draft = Draft(PollKind.STRAW, "修路吗", talk.now + timedelta(days=20), options=("修", "不修"))
        second = await create_poll(session, talk.services, other, draft, talk.now, actor_id=by)
    assert first.poll_number == second.poll_number
    said = f"选 {first.poll_number} 2"
    told = await talk.say("o-a", said)
    assert "都有编号" in told
    assert "修路吗" in told
    assert await talk.rows(PollAnswer) == []
    talk.now += timedelta(days=8)  # the first is over
    assert "记下了：不修" in await talk.say("o-a", said)
    [answer] = await talk.rows(PollAnswer)
    assert answer.compound_id == second.compound_id
    talk.now += timedelta(days=20)
    assert "已经结束" in await talk.say("o-a", said)


async def test_what_still_waits_to_ask_goes_when_the_poll_ends(street: Street) -> None:
    poll = await street.ask()
    await open_groups(street.talk, poll.compound_id)
    poll = await street.ask(title="第二份")
    async with street.talk.database.write() as session:
        await close_poll(
            session, poll.compound_id, poll.poll_number, street.talk.now, actor_id=poll.created_by
        )
    rows = [row for row in await street.talk.rows(OutboxMessage) if row.dedupe_key.startswith("poll:")]
    assert {row.state for row in rows} == {OutboxState.CANCELLED}


async def test_a_poll_is_told_to_the_groups_of_those_who_are_asked(street: Street) -> None:
    poll = await street.ask()
    await open_groups(street.talk, poll.compound_id)
    await street.ask(title="第二份")
    await street.ask(title="第三份", places=("12",))
    told = [row for row in await street.talk.rows(OutboxMessage) if row.dedupe_key.startswith("poll:")]
    assert [row.account for row in told] == ["corp", "duty-group", "duty-group"]
    assert all("不算业主表决" in row.text for row in told)

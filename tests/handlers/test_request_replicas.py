"""Requests with two replicas at work, and commands that come again: nothing lost or doubled, nobody told twice."""

import asyncio
from collections import Counter
from datetime import time, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from bot.delivery import Quiet, held_until
from handlers.context import Services
from handlers.requests.carry_out import Carried, carry_out
from handlers.requests.clock import advance_requests
from handlers.requests.commands import (
    ENDED,
    OPEN,
    Accept,
    Actor,
    Cancel,
    Command,
    Decline,
    Dispatch,
    Finish,
    Note,
    Party,
    Rate,
    Reopen,
    Reply,
    Supplement,
    Why,
)
from handlers.requests.record import facts_of
from handlers.requests.rules import due
from storage.database import Database
from storage.migrate import upgrade
from storage.states import MatterState, Rating, RequestState, Role
from storage.tables import AuditEvent, Compound, Matter, OutboxMessage, RequestEvent
from tests.handlers.neighbours import told
from tests.handlers.orders import confirm, events_of, lamp, news, office, request, say_lamp, timeline
from tests.handlers.talk import Talk, compound


async def test_of_two_who_accept_at_once_one_has_it(talk: Talk, database_url: str) -> None:
    people = await office(talk)
    number = await lamp(talk)
    await told(talk, "shu", f"派单 {number} 物业", "")
    twin = Database(database_url)

    async def accept(database: Database, userid: str) -> Carried:
        async with database.write() as session:
            return await carry_out(
                session,
                talk.services,
                await session.get_one(Compound, 1),
                await session.get_one(Matter, (1, number)),
                Accept(Actor(people[userid], frozenset({Role.PROPERTY}))),
                talk.now,
                key=f"accept:{userid}",
                actor_id=people[userid],
            )

    try:
        results = await asyncio.gather(accept(talk.database, "li"), accept(twin, "song"))
    finally:
        await twin.close()
    assert sorted(result.refused is None for result in results) == [False, True]
    assert (await timeline(talk, number)).count("accepted") == 1
    assert ["已经接单" in text for text in await news(talk, "o-zhao")] == [False, True]


async def test_two_replicas_confirm_and_tick_at_once(talk: Talk, database_url: str) -> None:
    await office(talk)
    numbers = await say_lamp(talk, "o-zhao")
    await confirm(talk, numbers)
    number = numbers[0]
    await told(talk, "shu", f"派单 {number} 物业", "")
    twin = Database(database_url)
    try:
        for hours, verbs in ((3, ["reminded"]), (4, ["missed"]), (24, ["climbed"])):
            talk.now += timedelta(hours=hours)
            before = await timeline(talk, number)
            done = await asyncio.gather(
                *(advance_requests(each, talk.services, talk.now) for each in (talk.database, twin) * 2)
            )
            assert sum(done) == len(verbs)
            assert (await timeline(talk, number))[len(before) :] == verbs
    finally:
        await twin.close()
    for words in ("快到时间", "已过时间", "报到社区督办"):
        assert sum(words in text for text in await news(talk, "li")) == 1, words
    assert sum("报到社区" in text for text in await news(talk, "o-zhao")) == 1
    assert sum("报到社区" in text for text in await news(talk, "sun")) == 1
    assert not any("快到时间" in text for text in await news(talk, "shu"))


async def test_unrated_for_a_week_the_clock_closes_it_and_says_so(talk: Talk) -> None:
    await office(talk)
    number = await lamp(talk)
    await told(talk, "shu", f"派单 {number} 物业", "")
    await told(talk, "li", f"办结 {number} 换了", "")
    talk.now += timedelta(days=7)
    assert await advance_requests(talk.database, talk.services, talk.now) == 1
    assert await advance_requests(talk.database, talk.services, talk.now) == 0
    assert (await request(talk, number)).state is RequestState.CLOSED
    assert "七天没有评价" in (await news(talk, "o-zhao"))[-1]
    assert (await talk.hear("o-zhao", f"评价 {number} 满意")).outcome == "request.too_late"


async def test_at_night_nobody_is_reminded(talk: Talk) -> None:
    await office(talk)
    number = await lamp(talk, urgency=3)
    await told(talk, "shu", f"派单 {number} 物业", "")
    talk.now = talk.now.replace(hour=15)  # 23:00 in Shanghai
    await advance_requests(talk.database, talk.services, talk.now)
    reminders = [row for row in await talk.rows(OutboxMessage) if row.message_class == "reminder"]
    assert reminders
    for row in reminders:
        assert held_until(row.message_class, row.created_at, talk.now, Quiet(time(21), time(8))) is not None


ACTORS = {"li": Role.PROPERTY, "sun": Role.COMMUNITY_WORKER, "wu": Role.GRID_WORKER}
REPORTERS = ("o-zhao", "o-qian")


class House:
    """A compound with two replicas, on a loop of its own."""

    def __init__(self, url: str, services: Services) -> None:
        self.runner = asyncio.Runner()
        self.services = services
        self.replicas = [Database(url), Database(url)]
        self.talk = Talk(self.replicas[0], services)
        self.people: dict[str, int] = {}
        self.keys = 0
        self.runner.run(self._prepare())

    async def _prepare(self) -> None:
        if self.replicas[0].is_sqlite:
            await upgrade(self.replicas[0])
        await self.talk.enrol(compound())
        self.people = await office(self.talk)
        for reporter in REPORTERS:
            await self.talk.bind(reporter)
        for message in await self.talk.rows(OutboxMessage):
            self.people.setdefault(message.recipient, 0)

    def close(self) -> None:
        for database in self.replicas:
            self.runner.run(database.close())
        self.runner.close()


_ACTOR = st.sampled_from(sorted(ACTORS))
_PARTY = st.sampled_from([Party(Role.PROPERTY), Party(Role.COMMUNITY_WORKER), Party(Role.GRID_WORKER)])
_WORDS = st.sampled_from(["", "灯换好了"])
_REPORTER = st.sampled_from(REPORTERS)


def machine_of(house: House) -> type[RuleBasedStateMachine]:
    """Commands by any of them, from either replica, once, twice, or against each other."""

    class Replicas(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.number = house.runner.run(self._raise())
            self.carried: dict[str, int] = {}  # by command key: how often it was carried out

        async def _raise(self) -> int:
            house.talk.now += timedelta(days=40)  # so that it is not the last example's matter again
            numbers = [
                int(
                    (await house.talk.hear(reporter, "反映 3栋2单元路灯坏了"))
                    .text.split("编号 ")[1]
                    .split("。")[0]
                )
                for reporter in REPORTERS
            ]
            await confirm(house.talk, numbers)
            return numbers[0]

        def command(
            self, kind: str, who: str, party: Party, words: str, rating: Rating
        ) -> tuple[Command, str]:
            actor = Actor(house.people[who], frozenset({ACTORS[who]}))
            commands: dict[str, Command] = {
                "dispatch": Dispatch(party),
                "accept": Accept(actor),
                "decline": Decline(actor, words, party.role),
                "finish": Finish(actor, words),
                "note": Note(words),
                "reply": Reply(words),
                "supplement": Supplement(words),
                "rate": Rate(rating, comment=words),
                "reopen": Reopen(words),
            }
            return commands[kind], who

        @rule(
            orders=st.lists(
                st.tuples(
                    st.sampled_from(
                        [
                            "dispatch",
                            "accept",
                            "decline",
                            "finish",
                            "note",
                            "reply",
                            "supplement",
                            "rate",
                            "reopen",
                        ]
                    ),
                    _ACTOR,
                    _PARTY,
                    _WORDS,
                    st.sampled_from(list(Rating)),
                ),
                min_size=1,
                max_size=2,
            ),
            again=st.booleans(),
        )
        def at_once(self, orders: list[tuple[str, str, Party, str, Rating]], again: bool) -> None:
            jobs = []
            for place, order in enumerate(orders):
                house.keys += 1
                key = f"test:{house.keys}"
                self.carried[key] = 0
                jobs += [
                    self._one(house.replicas[(place + copy) % 2], key, *self.command(*order))
                    for copy in range(2 if again else 1)
                ]
            house.runner.run(self._gather(jobs))

        async def _gather(self, jobs: list) -> None:  # type: ignore[type-arg]
            await asyncio.gather(*jobs)

        async def _one(self, database: Database, key: str, command: Command, who: str) -> None:
            async with database.write() as session:
                carried = await carry_out(
                    session,
                    house.services,
                    await session.get_one(Compound, 1),
                    await session.get_one(Matter, (1, self.number)),
                    command,
                    house.talk.now,
                    key=key,
                    actor_id=house.people[who],
                )
            self.carried[key] += carried.refused is None and not carried.again

        @rule(hours=st.sampled_from([1, 5, 30, 200]))
        def time_passes_and_both_tick(self, hours: int) -> None:
            house.talk.now += timedelta(hours=hours)
            house.runner.run(
                self._gather(
                    [advance_requests(each, house.services, house.talk.now) for each in house.replicas]
                )
            )
            row = house.runner.run(request(house.talk, self.number))
            assert due(facts_of(row), house.talk.now) == ()

        @invariant()
        def every_command_left_one_entry_and_none_is_missing(self) -> None:
            events = house.runner.run(events_of(house.replicas[1], self.number))
            assert [event.seq for event in events] == list(range(1, len(events) + 1))
            keys = Counter(event.command_key for event in events if event.command_key)
            assert set(keys.values()) <= {1}
            for key, times in self.carried.items():
                assert times <= 1
                assert keys[key] == times, key

        @invariant()
        def it_stands_in_a_state_that_there_is(self) -> None:
            facts = facts_of(house.runner.run(request(house.talk, self.number)))
            assert facts.state in OPEN | ENDED | {RequestState.DONE}
            assert facts.waits_for_dispatch == (facts.state in OPEN and facts.party is None)

        def teardown(self) -> None:
            house.runner.run(self._end())

        async def _end(self) -> None:
            """Nobody was told twice of one change; then out of the clock's way."""
            rows = await house.talk.rows(OutboxMessage)
            prefix = f"request:1:{self.number}:"
            told = Counter(
                (row.recipient, (row.dedupe_key or "").split(":")[3])
                for row in rows
                if (row.dedupe_key or "").startswith(prefix)
            )
            assert set(told.values()) <= {1}, told
            events = await events_of(house.talk.database, self.number)
            audited = [
                event
                for event in await house.talk.rows(AuditEvent)
                if event.subject == f"request:{self.number}"
            ]
            assert len(audited) == len(events)
            async with house.talk.database.write() as session:
                home = await session.get_one(Compound, 1)
                matter = await session.get_one(Matter, (1, self.number))
                key = f"end:{self.number}"
                await carry_out(
                    session, house.services, home, matter, Cancel(Why.DISMISSED), house.talk.now, key=key
                )

    return Replicas


def test_whatever_two_replicas_do_at_once(database_url: str, services: Services) -> None:
    house = House(database_url, services)
    try:
        run_state_machine_as_test(
            machine_of(house),
            settings=settings(
                max_examples=5,
                stateful_step_count=10,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                database=None,
            ),
        )
    finally:
        house.close()


async def test_a_command_that_comes_again_after_a_crash_acts_once(talk: Talk) -> None:
    """The inbox row is worked on anew when its transaction failed; here even though it had gone through."""
    people = await office(talk)
    number = await lamp(talk)
    for _ in range(2):
        async with talk.database.write() as session:
            carried = await carry_out(
                session,
                talk.services,
                await session.get_one(Compound, 1),
                await session.get_one(Matter, (1, number)),
                Note("已联系厂家"),
                talk.now,
                key="inbox:4711",
                actor_id=people["li"],
            )
    assert carried.again
    assert await timeline(talk, number) == ["raised", "noted"]
    with pytest.raises(LookupError):
        async with talk.database.write() as session:
            other = Matter(
                compound_id=1,
                number=9,
                urgency=1,
                opened_at=talk.now,
                heard_at=talk.now,
                state=MatterState.CANDIDATE,
            )
            await carry_out(
                session,
                talk.services,
                await session.get_one(Compound, 1),
                other,
                Note("x"),
                talk.now,
                key="inbox:1",
            )
    assert len(await talk.rows(RequestEvent)) == 2

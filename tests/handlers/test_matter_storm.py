"""Residents and staff say whatever they like to two workers at once; afterwards every voice is where it belongs.

Everything goes through the inbox and the real workers, so that batches cross, take locks in any order and are tried
again; on PostgreSQL they do it in parallel.
"""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from bot.replies import ReplyDesk
from bot.telemetry import Metrics
from bot.worker import Worker
from handlers.context import Services
from handlers.matters.rules import Said, count
from handlers.requests.clock import advance_requests
from handlers.requests.commands import OPEN
from handlers.requests.record import facts_of
from handlers.requests.rules import due
from storage.database import Database, is_passing
from storage.migrate import upgrade
from storage.queries.matters import list_said
from storage.states import InboxState, MatterState, OpinionState, RequestState
from storage.tables import AuditEvent, InboxMessage, Matter, Opinion, OutboxMessage, Request, RequestEvent
from tests.handlers.neighbours import RESIDENTS_ROOM
from tests.handlers.orders import office
from tests.handlers.talk import Talk, compound

RESIDENTS = ("o-zhao", "o-qian", "o-sun")
STANDING = (MatterState.CANDIDATE, MatterState.CONFIRMED, MatterState.DISMISSED)
WORDS = (
    "反映 3栋2单元路灯坏了",
    "反映 12栋地下室积水",
    "反映 3栋楼道堆满纸箱",
    "还是没人管",
    "反映 煤气味很重",
)
OWN = (
    "评价 {} 满意",
    "评价 {} 不满意",
    "评价 {} 答非所问",
    "还没好 {}",
    "撤回 {}",
    "不同 {}",
    "补充 {} 灯还在闪",
    "确认 {}",
)
ORDERS = (
    ("shu", "派单 {} 物业"),
    ("shu", "派单 {} 社区"),
    ("li", "接单 {}"),
    ("li", "不是我们的 {} 社区的"),
    ("sun", "不是我们的 {} 物业的"),
    ("li", "办结 {} 修好了"),
    ("sun", "办结 {} 好了"),
    ("wei", "不是事 {}"),
    ("shu", "确认 {}"),
    ("shu", "改 {} 电梯"),
    ("wu", "改 {} 急"),
    ("sun", "改 {} 不是问题"),
    ("shu", "拆开 {}"),
    ("shu", "回复 {} 明天修"),
)
FIRST = 1001
STORMS = 5


class Town:
    """A compound with two replicas, on a loop of its own."""

    def __init__(self, url: str, services: Services) -> None:
        self.runner = asyncio.Runner()
        self.services = services
        self.replicas = [Database(url), Database(url)]
        self.talk = Talk(self.replicas[0], services)
        self.raised = 0  # by a worker, since the database was at fault
        self.runner.run(self._prepare())
        self.workers = [
            Worker(
                database,
                services,
                {},
                ReplyDesk(database, name),
                Metrics(),
                name,
                lambda: self.talk.now,
                arrivals=lambda: 0,
            )
            for database, name in zip(self.replicas, ("one", "two"), strict=True)
        ]

    async def _prepare(self) -> None:
        if self.replicas[0].is_sqlite:
            await upgrade(self.replicas[0])
        await self.talk.enrol(compound())
        await office(self.talk)
        for place, resident in enumerate(RESIDENTS):
            await self.talk.bind(resident, ("XH-1/3-2", "XH-1/3-1", "XH-1/12")[place])

    async def say(self, messages: list[InboxMessage]) -> None:
        """Have both workers work on these, in one batch or one by one, until nothing is left."""
        async with self.replicas[0].write() as session:
            session.add_all(messages)
        self.talk.now += timedelta(seconds=1)
        await asyncio.gather(*map(self._work, self.workers))

    async def _work(self, worker: Worker) -> None:
        while True:
            try:
                if not await worker.step() and not await worker.has_work():
                    return
            except Exception as error:
                if not is_passing(error):
                    raise
                self.raised += 1

    async def tick(self) -> None:
        await asyncio.gather(
            *(advance_requests(each, self.services, self.talk.now) for each in self.replicas)
        )

    def close(self) -> None:
        for database in self.replicas:
            self.runner.run(database.close())
        self.runner.close()


def machine_of(town: Town) -> type[RuleBasedStateMachine]:
    numbers = st.integers(0, 5)  # back from the newest

    class Storm(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            town.talk.now += timedelta(days=50)
            self.newest = town.runner.run(self._newest())

        async def _newest(self) -> int:
            return max((row.number for row in await town.talk.rows(Opinion)), default=FIRST)

        def number(self, back: int) -> int:
            return max(self.newest - back, FIRST)

        said = st.tuples(st.just("say"), st.sampled_from(RESIDENTS), st.sampled_from(WORDS))
        overheard = st.tuples(
            st.just("group"), st.sampled_from(("wm-a", "wm-b")), st.sampled_from(("3栋路灯坏了", "+1"))
        )
        own = st.tuples(st.just("own"), st.sampled_from(RESIDENTS), st.sampled_from(OWN), numbers)
        order = st.tuples(st.just("order"), st.sampled_from(ORDERS), numbers)
        merge = st.tuples(st.just("merge"), numbers, numbers)

        @rule(words=st.lists(st.one_of(said, overheard), min_size=2, max_size=4))
        def people_talk(self, words: list[Any]) -> None:
            self._say(words)

        @rule(words=st.lists(st.one_of(order, merge, own), min_size=2, max_size=8))
        def people_act(self, words: list[Any]) -> None:
            self._say(words)

        @rule(words=st.lists(st.one_of(said, own, order, merge), min_size=2, max_size=8))
        def all_at_once(self, words: list[Any]) -> None:
            self._say(words)

        def _say(self, words: list[Any]) -> None:
            town.runner.run(town.say([self.message(each) for each in words]))
            self.newest = town.runner.run(self._newest())

        def message(self, what: Any) -> InboxMessage:
            talk = town.talk
            match what:
                case "say", who, text:
                    return talk.message(who, text)
                case "group", who, text:
                    return talk.message(who, text, account="archive", room=RESIDENTS_ROOM)
                case "own", who, text, back:
                    return talk.message(who, text.format(self.number(back)))
                case "order", (who, text), back:
                    return talk.message(who, text.format(self.number(back)), account="corp")
                case "merge", one, other:
                    text = f"合并 {self.number(one)} {self.number(other)}"
                    return talk.message("shu", text, account="corp")
                case _:
                    raise AssertionError(what)

        @rule(hours=st.sampled_from([1, 5, 30, 200, 800]))
        def time_passes_and_both_tick(self, hours: int) -> None:
            town.talk.now += timedelta(hours=hours)
            town.runner.run(town.tick())
            for row in town.runner.run(town.talk.rows(Request)):
                assert due(facts_of(row), town.talk.now) == ()

        @rule(resident=st.sampled_from(RESIDENTS))
        def somebody_is_forgotten(self, resident: str) -> None:
            talk = town.talk
            for text in ("删除我的资料", "确认删除"):
                town.runner.run(town.say([talk.message(resident, text)]))
            town.runner.run(talk.bind(resident))

        @invariant()
        def every_message_was_worked_on_at_the_first_try(self) -> None:
            rows = town.runner.run(town.talk.rows(InboxMessage))
            assert {(row.state, row.attempts) for row in rows} == {(InboxState.DONE, 0)}

        @invariant()
        def every_voice_is_in_a_matter_that_stands(self) -> None:
            matters = {row.number: row for row in town.runner.run(town.talk.rows(Matter))}
            opinions = town.runner.run(town.talk.rows(Opinion))
            for opinion in opinions:
                assert opinion.matter_number is not None
                assert matters[opinion.matter_number].state in STANDING, opinion.number
            where = {opinion.number: opinion.matter_number for opinion in opinions}
            for matter in matters.values():
                stands = matter.state in STANDING
                assert (where[matter.number] == matter.number) is stands, matter.number
                assert (matter.merged_into is None) is stands

        @invariant()
        def whoever_stands_behind_it_is_counted_and_has_a_request(self) -> None:
            town.runner.run(self._check_counts())

        async def _check_counts(self) -> None:
            requests = {row.number: row for row in await town.talk.rows(Request)}
            async with town.replicas[1].read() as session:
                for matter in await town.talk.rows(Matter):
                    said = [Said(*row) for row in await list_said(session, 1, matter.number)]
                    counts = count(said)
                    assert (counts.households, counts.speakers) == (matter.households, matter.speakers)
                    request = requests.get(matter.number)
                    if matter.state is MatterState.CONFIRMED and counts.total:
                        assert request is not None, matter.number
                        assert request.state is not RequestState.CANCELLED, matter.number
                    elif request is not None:
                        assert request.state not in OPEN, (matter.number, matter.state)

        @invariant()
        def it_is_as_urgent_as_its_most_urgent_voice(self) -> None:
            living: dict[int | None, int] = {}
            for opinion in town.runner.run(town.talk.rows(Opinion)):
                if opinion.state is OpinionState.FILED:
                    number = opinion.matter_number
                    living[number] = max(living.get(number, 0), opinion.urgency)
            for matter in town.runner.run(town.talk.rows(Matter)):
                assert matter.urgency >= living.get(matter.number, 0), matter.number

        @invariant()
        def timelines_have_no_gap_and_are_audited(self) -> None:
            events = town.runner.run(town.talk.rows(RequestEvent))
            by_number: dict[int, list[int]] = {}
            for event in events:
                by_number.setdefault(event.number, []).append(event.seq)
            for seqs in by_number.values():
                assert seqs == list(range(1, len(seqs) + 1))
            audited = [
                row
                for row in town.runner.run(town.talk.rows(AuditEvent))
                if row.subject.startswith("request:")
            ]
            assert len(audited) == len(events)
            for row in town.runner.run(town.talk.rows(Request)):
                facts = facts_of(row)
                assert facts.waits_for_dispatch == (facts.state in OPEN and facts.party is None)
                assert (facts.ended_at is not None) == (
                    facts.state in (RequestState.RATED, RequestState.CLOSED, RequestState.CANCELLED)
                )

        @invariant()
        def nobody_is_told_twice_of_one_change(self) -> None:
            told = Counter(
                (row.recipient, tuple((row.dedupe_key or "").split(":")[:4]))
                for row in town.runner.run(town.talk.rows(OutboxMessage))
                if (row.dedupe_key or "").startswith("request:") and row.recipient in RESIDENTS
            )
            assert set(told.values()) <= {1}

    return Storm


def test_whatever_residents_and_staff_say_to_two_workers(database_url: str, services: Services) -> None:
    town = Town(database_url, services)
    try:
        # The databases remember: nothing could be tried again, and no storm can be compared with the one before.
        for _ in range(STORMS):
            run_state_machine_as_test(
                machine_of(town),
                settings=settings(
                    max_examples=1,
                    stateful_step_count=12,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                    database=None,
                    phases=[Phase.generate],
                ),
            )
    finally:
        town.close()


def test_batches_that_take_the_same_requests_in_other_orders_both_go_through(
    database_url: str, services: Services
) -> None:
    town = Town(database_url, services)

    async def cross() -> list[str]:
        await town.say([town.talk.message("o-zhao", text) for text in WORDS[:3]])
        numbers = sorted(row.number for row in await town.talk.rows(Request))
        await town.say([town.talk.message("shu", f"派单 {each} 物业", account="corp") for each in numbers])
        before = len(await town.talk.rows(InboxMessage))
        messages = []
        for owner, word, order in (("one", "接单 {}", numbers), ("two", "备注 {} 看过了", numbers[::-1])):
            for number in order:
                message = town.talk.message("li", word.format(number), account="corp")
                message.sender = "li" if owner == "one" else "song"
                message.lease_owner, message.lease_until = owner, town.talk.now + timedelta(hours=1)
                messages.append(message)
        await town.say(messages)
        return [row.outcome for row in (await town.talk.rows(InboxMessage))[before:]]

    try:
        outcomes = town.runner.run(cross())
        assert outcomes == ["request.accepted"] * 3 + ["request.noted"] * 3
        assert town.raised == 0
    finally:
        town.close()

"""Sending in several forms: permission and distance for each, and the next way when one does not get through."""

import asyncio
from datetime import timedelta

import pytest

from bot.channels.base import Outgoing, SendResult, Verdict
from bot.delivery import REPLY_ADDRESS_LIFE, URGENT_ATTEMPTS
from bot.outbox import BATCH
from handlers.context import Services
from storage.database import Database
from storage.outbox import add_message, add_reply
from storage.send_windows import add_grant, open_windows
from storage.states import ChannelKind, Form, MessageClass, OutboxState
from tests.bot.fakes import WINDOW, Clock, ScriptedChannel
from tests.bot.house import Replica, outbox
from tests.bot.post import Post

ALERT = MessageClass.ALERT


class App(ScriptedChannel):
    """Writes to members at any time, at a distance of two seconds."""

    kind = ChannelKind.WECOM_APP

    def needs_window(self, form: Form) -> bool:
        return False

    def pace_seconds(self, form: Form) -> float:
        return 2.0


class Service(ScriptedChannel):
    """A service account."""

    def needs_window(self, form: Form) -> bool:
        return form in (Form.TEXT, Form.SUBSCRIBE)


class Robot(App):
    """Answers what it was asked."""

    kind = ChannelKind.AIBOT


@pytest.fixture
def post(database: Database, services: Services, clock: Clock) -> Post:
    return Post(database, services, clock)


async def states(post: Post) -> list[OutboxState]:
    return [message.state for message in await outbox(post.database)]


# Forms


async def test_form_and_payload_get_to_the_channel(post: Post) -> None:
    service = Service()
    payload = {"fields": {"thing1": "停水通知"}}
    await post.queue(form=Form.TEMPLATE, payload=payload)
    await post.another("replica-a", service).send()
    [outgoing] = service.sent
    assert (outgoing.form, outgoing.payload) == (Form.TEMPLATE, payload)
    assert await states(post) == [OutboxState.SENT]


async def test_a_subscribe_message_needs_a_grant_and_uses_it_up(post: Post) -> None:
    service = Service()
    replica = post.another("replica-a", service)
    await post.writes()
    for number in range(3):
        await post.queue(f"第{number}条", form=Form.SUBSCRIBE)
    await replica.send()
    assert service.sent == []  # the window of a message is no grant
    async with post.database.write() as session:
        for _ in range(2):
            await add_grant(session, "main", "o-zhao", post.clock.now)
    await replica.send()
    assert service.texts == ["第0条", "第1条"]
    assert await states(post) == [OutboxState.SENT, OutboxState.SENT, OutboxState.WAITING]


async def test_a_grant_does_not_let_text_through(post: Post) -> None:
    service = Service()
    async with post.database.write() as session:
        await add_grant(session, "main", "o-zhao", post.clock.now)
    await post.queue()
    await post.another("replica-a", service).send()
    assert service.sent == []
    assert await states(post) == [OutboxState.WAITING]


async def test_a_refused_subscribe_message_closes_grants_not_windows(post: Post) -> None:
    service = Service("main", SendResult(Verdict.NO_WINDOW, 43101))
    replica = post.another("replica-a", service)
    await post.writes()
    async with post.database.write() as session:
        await add_grant(session, "main", "o-zhao", post.clock.now)
    await post.queue("通知", form=Form.SUBSCRIBE)
    await replica.send()
    await post.queue("文字")
    await post.queue("又一个通知", form=Form.SUBSCRIBE)
    await replica.send()
    assert service.texts == ["通知", "文字"]
    assert await states(post) == [OutboxState.WAITING, OutboxState.SENT, OutboxState.WAITING]


async def test_what_no_window_can_wake_does_not_wait(post: Post) -> None:
    await post.queue(account="corp", recipient="li")
    await post.another("replica-a", App("corp", SendResult(Verdict.QUOTA_USED, 1))).send()
    message = await post.only()
    assert (message.state, message.reason) == (OutboxState.DEAD, "quota_used 1")


# Distance


async def test_the_next_message_to_someone_keeps_the_platforms_distance(post: Post) -> None:
    app = App("corp")
    replica = post.another("replica-a", app)
    for number in range(4):
        await post.queue(f"第{number}条", account="corp", recipient="li")
    await post.queue("别人的", account="corp", recipient="wang")
    for number in range(4):
        await replica.send()
        assert [text for text in app.texts if text != "别人的"] == [f"第{n}条" for n in range(number + 1)]
        post.clock.forward(1)
        await replica.send()
        post.clock.forward(1)
    assert "别人的" in app.texts
    assert {(m.state, m.attempts) for m in await outbox(post.database)} == {(OutboxState.SENT, 1)}


async def test_two_replicas_keep_one_distance(post: Post, database_url: str) -> None:
    other_database = Database(database_url)
    first, second = App("corp"), App("corp")
    replicas = [
        post.another("replica-a", first),
        Replica(other_database, post.services, post.clock, "replica-b", [second]),
    ]
    for number in range(6):
        await post.queue(f"第{number}条", account="corp", recipient="li")
    for round_ in range(1, 7):
        await asyncio.gather(*(replica.send() for replica in replicas))
        assert len(first.sent) + len(second.sent) == round_
        post.clock.forward(2)
    assert sorted(first.texts + second.texts) == [f"第{number}条" for number in range(6)]
    await other_database.close()


async def test_an_alert_goes_before_what_was_queued_earlier(post: Post) -> None:
    app = App("corp")
    replica = post.another("replica-a", app)
    for number in range(3):
        await post.queue(f"第{number}条", account="corp", recipient="li")
    await replica.send()
    await post.queue("燃气泄漏", ALERT, account="corp", recipient="li")
    post.clock.forward(2)
    await replica.send()
    assert app.texts == ["第0条", "燃气泄漏"]


# Ways


async def test_a_refused_message_goes_the_next_way_and_remembers(post: Post) -> None:
    app, service = App("corp", SendResult(Verdict.REFUSED, 81013)), Service()
    await post.writes()
    await post.queue(account="corp", recipient="li", fallbacks=[("main", "o-zhao", Form.TEXT)])
    await post.another("replica-a", app, service).send()
    [outgoing] = service.sent
    assert (outgoing.recipient, outgoing.form) == ("o-zhao", Form.TEXT)
    message = await post.only()
    assert (message.state, message.account, message.fallbacks) == (OutboxState.SENT, "main", None)
    assert message.reason == "text@corp: refused 81013 > "


async def test_without_a_window_it_goes_as_a_notice_and_waits_as_text_at_last(post: Post) -> None:
    service = Service("main", SendResult(Verdict.NO_WINDOW, 43101), SendResult(Verdict.REFUSED, 40037))
    async with post.database.write() as session:
        await add_grant(session, "main", "o-zhao", post.clock.now)
    await post.queue(
        fallbacks=[
            ("main", "o-zhao", Form.SUBSCRIBE),
            ("main", "o-zhao", Form.TEMPLATE),
            ("main", "o-zhao", Form.TEXT),
        ]
    )
    replica = post.another("replica-a", service)
    await replica.send()
    assert [outgoing.form for outgoing in service.sent] == [Form.SUBSCRIBE, Form.TEMPLATE]
    message = await post.only()
    assert (message.state, message.form, message.attempts) == (OutboxState.WAITING, Form.TEXT, 0)
    assert message.reason.endswith("template@main: refused 40037 > no window")
    await post.writes()
    await replica.send()
    assert [outgoing.form for outgoing in service.sent][2:] == [Form.TEXT]
    assert await states(post) == [OutboxState.SENT]


async def test_a_way_that_has_this_message_already_is_passed_over(post: Post) -> None:
    app, service = App("corp", Verdict.REFUSED), Service("east")
    async with post.database.write() as session:
        await add_message(
            session,
            account="main",
            recipient="o-zhao",
            message_class=MessageClass.NOTICE,
            text="早已排队",
            dedupe_key="停水-li",
            now=post.clock.now,
            not_before=post.clock.now + timedelta(days=1),
        )
    ways = [("gone", "x", Form.TEXT), ("main", "o-zhao", Form.TEXT), ("east", "o-east", Form.TEMPLATE)]
    await post.queue("停水", account="corp", recipient="li", fallbacks=ways)
    await post.another("replica-a", app, Service(), service).send()
    assert service.texts == ["停水"]
    assert await states(post) == [OutboxState.PENDING, OutboxState.SENT]


async def test_with_no_way_left_it_is_dead_with_the_last_reason(post: Post) -> None:
    app = App("corp", Verdict.REFUSED)
    await post.queue("停水", account="corp", recipient="li", fallbacks=[("gone", "x", Form.TEXT)])
    await post.another("replica-a", app).send()
    message = await post.only()
    assert (message.state, message.reason) == (OutboxState.DEAD, "refused")


@pytest.mark.parametrize("message_class", [MessageClass.DIGEST, MessageClass.PROMPT, MessageClass.REMINDER])
async def test_at_most_once_takes_no_other_way_in_doubt(post: Post, message_class: MessageClass) -> None:
    app, service = App("corp", Verdict.UNKNOWN), Service()
    await post.writes()
    await post.queue("周报", message_class, "li", "corp", fallbacks=[("main", "o-zhao", Form.TEXT)])
    await post.another("replica-a", app, service).send()
    assert service.sent == []
    assert await states(post) == [OutboxState.UNCERTAIN]


async def test_an_alert_does_not_wait_long_for_an_answer_while_there_is_another_way(post: Post) -> None:
    app, service = App("corp", *[Verdict.UNKNOWN] * 10), Service()
    replica = post.another("replica-a", app, service)
    await post.writes()
    for text, message_class in (("燃气泄漏", ALERT), ("明天停水", MessageClass.NOTICE)):
        await post.queue(text, message_class, f"li-{text}", "corp", fallbacks=[("main", "o-zhao", Form.TEXT)])
    for _ in range(3):
        await replica.send()
        post.clock.forward(20)
    assert service.texts == ["燃气泄漏"]
    assert app.texts.count("燃气泄漏") == URGENT_ATTEMPTS
    for _ in range(12):
        post.clock.forward(1400)
        await replica.send()
    assert service.texts == ["燃气泄漏", "明天停水"]  # the notice when all its tries were used up


async def test_alerts_do_not_wait_for_an_operator_while_there_is_another_way(post: Post) -> None:
    app, service = App("corp", Verdict.ACCOUNT_BLOCKED), Service()
    replica = post.another("replica-a", app, service)
    await post.writes()
    ways = [("main", "o-zhao", Form.TEXT)]
    await post.queue("通知", recipient="li", account="corp", fallbacks=ways)
    await replica.send()  # the account is found to be blocked by this one, which waits
    await post.queue("警报一", ALERT, "li", "corp", fallbacks=ways)
    await post.queue("警报二", ALERT, "wang", "corp")
    await replica.send()
    assert service.texts == ["警报一"]
    assert app.texts == ["通知"]
    assert await states(post) == [OutboxState.PENDING, OutboxState.SENT, OutboxState.PENDING]
    post.clock.forward(600)
    await replica.send()
    assert sorted(app.texts) == sorted(["通知", "通知", "警报二"])


# Answers to an aibot's question


async def ask(post: Post, reply_address: str) -> None:
    async with post.database.write() as session:
        add_reply(
            session,
            inbox_id=7,
            account="helper",
            recipient="li",
            message_class=MessageClass.REPLY,
            text="已登记",
            now=post.clock.now,
            lease_owner="",
            lease_until=None,
            reply_address=reply_address,
        )


async def test_an_answer_goes_to_its_address_while_that_is_good(post: Post) -> None:
    robot = Robot("helper")
    await ask(post, "https://reply")
    post.clock.forward(REPLY_ADDRESS_LIFE.total_seconds() - 1)
    await post.another("replica-a", robot).send()
    assert [outgoing.reply_address for outgoing in robot.sent] == ["https://reply"]


@pytest.mark.parametrize(
    ("address", "reason"), [("https://reply", "reply address too old"), ("", "no reply address")]
)
async def test_an_answer_without_a_good_address_is_a_dead_letter(
    post: Post, address: str, reason: str
) -> None:
    robot = Robot("helper")
    await ask(post, address)
    post.clock.forward(REPLY_ADDRESS_LIFE.total_seconds())
    await post.another("replica-a", robot).send()
    message = await post.only()
    assert (message.state, message.reason, robot.sent) == (OutboxState.DEAD, reason, [])


# Slow answers


class Slow(App):
    """Answers the first message only when all others have been taken."""

    def __init__(self, account: str, total: int) -> None:
        super().__init__(account)
        self.total = total
        self.all_taken = asyncio.Event()

    async def send(self, outgoing: Outgoing) -> SendResult:
        self.sent.append(outgoing)
        if len(self.sent) == self.total:
            self.all_taken.set()
        if len(self.sent) == 1:
            await self.all_taken.wait()
        return SendResult(Verdict.SENT)


async def test_a_slow_answer_keeps_nobody_else_waiting(post: Post) -> None:
    slow = Slow("corp", 3 * BATCH)
    for number in range(3 * BATCH):
        await post.queue(account="corp", recipient=f"li-{number}")
    async with asyncio.timeout(10):
        await post.another("replica-a", slow).sender.step()
    assert set(await states(post)) == {OutboxState.SENT}


async def test_a_sender_that_is_closed_takes_no_more(post: Post) -> None:
    app = App("corp")
    replica = post.another("replica-a", app)

    async def close() -> None:
        replica.sender.close()

    app.meanwhile = close
    for number in range(3 * BATCH):
        await post.queue(account="corp", recipient=f"li-{number}")
    await replica.sender.step()
    assert (await states(post)).count(OutboxState.SENT) == len(app.sent) == BATCH


async def test_two_replicas_with_many_for_the_same_people_do_not_block_each_other(
    post: Post, database_url: str
) -> None:
    other_database = Database(database_url)
    channels = [ScriptedChannel(), App("corp")]
    replicas = [
        post.another("replica-a", *channels),
        Replica(other_database, post.services, post.clock, "replica-b", channels),
    ]
    people = [f"o-{number}" for number in range(BATCH)]
    for person in people:
        await post.writes(person)
    for turn in range(4):
        for person in people if turn % 2 else reversed(people):
            await post.queue(f"第{turn}条", recipient=person)
            await post.queue(f"第{turn}条", account="corp", recipient=person)

    async def write_all() -> None:
        async with other_database.write() as session:
            await open_windows(session, {("main", person, WINDOW) for person in people}, post.clock.now)

    for _ in range(8):
        async with asyncio.timeout(20):
            await asyncio.gather(*(replica.send() for replica in replicas), write_all())
        post.clock.forward(2)
    assert set(await states(post)) == {OutboxState.SENT}
    assert len(channels[0].sent) == len(channels[1].sent) == 4 * BATCH
    await other_database.close()

"""The outbox table: who may take a message, in which order, and what becomes of it."""

from collections.abc import Collection
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from storage.database import Database
from storage.outbox import (
    add_message,
    add_reply,
    count_by_state,
    expire_messages,
    find_reply,
    forget_recipient,
    has_due,
    hold_reply,
    list_dead,
    mark_offered,
    release_outbox_leases,
    release_replies,
    settle,
    take_due,
)
from storage.states import POLICIES, MessageClass, OutboxState, Promise
from storage.tables import OutboxMessage
from tests.storage.rows import ACCOUNT, NOW


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


async def queue(
    database: Database,
    key: str,
    recipient: str = "o-zhao",
    message_class: MessageClass = MessageClass.NOTICE,
    account: str = ACCOUNT,
    not_before: datetime | None = None,
) -> bool:
    async with database.write() as session:
        return await add_message(
            session,
            account=account,
            recipient=recipient,
            message_class=message_class,
            text=f"通知 {key}",
            dedupe_key=key,
            now=NOW,
            not_before=not_before,
        )


async def take(
    database: Database,
    owner: str = "replica-a",
    now: datetime = NOW,
    limit: int = 20,
    skip_accounts: Collection[str] = (),
) -> list[str]:
    async with database.write() as session:
        taken = await take_due(session, owner, now, 60, limit, skip_accounts)
        return [message.dedupe_key for message in taken]


async def end(database: Database, key: str, state: OutboxState, now: datetime = NOW) -> None:
    async with database.write() as session:
        message = (await session.exec(select(OutboxMessage).where(OutboxMessage.dedupe_key == key))).one()
        await settle(session, message, state, now=now)


async def states(database: Database) -> dict[str, OutboxState]:
    async with database.read() as session:
        return {row.dedupe_key: row.state for row in (await session.exec(select(OutboxMessage))).all()}


async def test_a_dedupe_key_is_queued_once_an_account(database: Database) -> None:
    assert await queue(database, "停水通知-0312")
    assert not await queue(database, "停水通知-0312")
    assert await queue(database, "停水通知-0312", account="east")
    assert await take(database) == ["停水通知-0312", "停水通知-0312"]


async def test_what_is_not_due_yet_is_left(database: Database) -> None:
    await queue(database, "a", not_before=later(30))
    assert await take(database, now=later(29)) == []
    async with database.read() as session:
        assert not await has_due(session, later(29))
        assert await has_due(session, later(30))
    assert await take(database, now=later(30)) == ["a"]


async def test_a_second_replica_takes_nothing_until_the_lease_ends(database: Database) -> None:
    await queue(database, "a")
    assert await take(database, "replica-a") == ["a"]
    assert await take(database, "replica-b", now=later(59)) == []
    async with database.read() as session:
        assert not await has_due(session, later(59))
        assert await has_due(session, later(61))
    assert await take(database, "replica-b", now=later(61)) == ["a"]


async def test_a_replica_that_lost_its_lease_cannot_settle(database: Database) -> None:
    await queue(database, "a")
    async with database.write() as session:
        [mine] = await take_due(session, "replica-a", NOW, 60, 20, ())
    await take(database, "replica-b", now=later(61))
    async with database.write() as session:
        await settle(session, mine, OutboxState.DEAD, now=later(62))
    assert await states(database) == {"a": OutboxState.SENDING}


@pytest.mark.parametrize("message_class", list(MessageClass))
async def test_a_vanished_sender_leaves_what_the_class_promises(
    database: Database, message_class: MessageClass
) -> None:
    await queue(database, "a", message_class=message_class)
    assert await take(database) == ["a"]
    again = await take(database, "replica-b", now=later(61))
    if POLICIES[message_class].promise is Promise.AT_LEAST_ONCE:
        assert again == ["a"]
        assert await states(database) == {"a": OutboxState.SENDING}
    else:
        assert again == []
        assert await states(database) == {"a": OutboxState.UNCERTAIN}
        async with database.read() as session:
            assert [(m.dedupe_key, m.reason) for m in await list_dead(session, 5)] == [
                ("a", "sender vanished")
            ]


async def test_one_recipient_gets_messages_one_at_a_time_in_order(database: Database) -> None:
    for key in ("zhao-1", "zhao-2", "qian-1", "zhao-3"):
        await queue(database, key, recipient=f"o-{key[:4]}")
    assert await take(database) == ["zhao-1", "qian-1"]
    # The first is still on its way: neither this replica nor another may overtake it.
    assert await take(database) == []
    assert await take(database, "replica-b") == []
    await end(database, "zhao-1", OutboxState.SENT)
    assert await take(database, "replica-b") == ["zhao-2"]
    await end(database, "zhao-2", OutboxState.SENT)
    assert await take(database) == ["zhao-3"]


async def test_the_oldest_go_first_and_no_more_than_the_limit(database: Database) -> None:
    for number in range(5):
        await queue(database, f"m{number}", recipient=f"o-{number}")
    assert await take(database, limit=2) == ["m0", "m1"]
    assert await take(database, "replica-b", limit=2) == ["m2", "m3"]


async def test_a_blocked_account_is_passed_over_and_keeps_its_messages(database: Database) -> None:
    await queue(database, "main-1")
    await queue(database, "east-1", account="east")
    assert await take(database, skip_accounts=["main"]) == ["east-1"]
    assert await take(database) == ["main-1"]


async def test_settling_counts_the_attempt_unless_told_otherwise(database: Database) -> None:
    for key, counted in (("a", True), ("b", False)):
        await queue(database, key, recipient=key)
        async with database.write() as session:
            [message] = await take_due(session, "replica-a", NOW, 60, 20, ())
            message.attempts += 1
        async with database.write() as session:
            await settle(
                session,
                message,
                OutboxState.PENDING,
                now=NOW,
                not_before=later(9),
                reason="x" * 500,
                count_attempt=counted,
            )
    async with database.read() as session:
        rows = {m.dedupe_key: m for m in (await session.exec(select(OutboxMessage))).all()}
    assert {key: row.attempts for key, row in rows.items()} == {"a": 1, "b": 0}
    assert {row.not_before for row in rows.values()} == {later(9)}
    assert {len(row.reason) for row in rows.values()} == {120}
    assert {row.done_at for row in rows.values()} == {None}


async def test_messages_past_their_time_are_given_up_but_not_those_on_their_way(database: Database) -> None:
    await queue(database, "under way")
    await queue(database, "pending", recipient="o-qian")
    assert await take(database, limit=1) == ["under way"]
    three_days = timedelta(days=3)
    async with database.write() as session:
        assert await expire_messages(session, NOW + three_days - timedelta(seconds=1)) == 0
        assert await expire_messages(session, NOW + three_days) == 1
    assert await states(database) == {"under way": OutboxState.SENDING, "pending": OutboxState.DEAD}
    async with database.read() as session:
        assert await count_by_state(session) == {OutboxState.SENDING: 1, OutboxState.DEAD: 1}


# Answers that a request waits for


async def answer(
    database: Database, owner: str = "", until: datetime | None = None, inbox_id: int = 7
) -> None:
    async with database.write() as session:
        add_reply(
            session,
            inbox_id=inbox_id,
            account=ACCOUNT,
            recipient="o-zhao",
            message_class=MessageClass.REPLY,
            text="已登记",
            now=NOW,
            lease_owner=owner,
            lease_until=until,
        )


async def hold(database: Database, owner: str, now: datetime = NOW) -> bool:
    async with database.write() as session:
        return await hold_reply(session, 7, owner, now + timedelta(seconds=8), now)


async def state_of_answer(database: Database) -> OutboxState:
    async with database.read() as session:
        found = await find_reply(session, 7)
        assert found is not None
        return found.state


async def test_a_held_answer_is_left_to_its_request_until_the_hold_ends(database: Database) -> None:
    await answer(database, "replica-a", later(8))
    assert await take(database, "replica-b", now=later(7)) == []
    assert await take(database, "replica-a", now=later(7)) == []
    assert await take(database, "replica-b", now=later(8)) == ["inbox:7"]


async def test_an_offered_answer_is_not_sent_again_and_a_retry_is_offered_the_same(
    database: Database,
) -> None:
    await answer(database, "replica-a", later(8))
    async with database.write() as session:
        await mark_offered(session, {7}, NOW)
    assert await state_of_answer(database) is OutboxState.OFFERED
    assert await take(database, now=later(999)) == []
    assert await hold(database, "replica-b", later(5))
    assert await hold(database, "replica-a", later(10))
    # The write to the retry failed: an earlier one had worked, so it does not go out another way.
    async with database.write() as session:
        await release_replies(session, {7}, "replica-a")
    assert await take(database, now=later(999)) == []
    assert await state_of_answer(database) is OutboxState.OFFERED


async def test_a_released_answer_goes_out_at_once(database: Database) -> None:
    await answer(database, "replica-a", later(8))
    async with database.write() as session:
        await release_replies(session, {7}, "replica-a")
    assert await take(database) == ["inbox:7"]


async def test_a_replica_releases_only_what_it_holds(database: Database) -> None:
    await answer(database, "replica-a", later(8))
    async with database.write() as session:
        await release_replies(session, {7}, "replica-b")
        await release_outbox_leases(session, "replica-b")
    assert await take(database) == []
    async with database.write() as session:
        await release_outbox_leases(session, "replica-a")
    assert await take(database) == ["inbox:7"]


async def test_an_answer_held_by_another_request_cannot_be_held_until_that_ends(database: Database) -> None:
    await answer(database, "replica-a", later(8))
    assert not await hold(database, "replica-b", later(7))
    assert await hold(database, "replica-a", later(7))
    assert await hold(database, "replica-b", later(16))


async def test_an_answer_on_its_way_or_sent_is_not_offered(database: Database) -> None:
    await answer(database)
    assert await take(database) == ["inbox:7"]
    assert not await hold(database, "replica-a")
    async with database.write() as session:
        await mark_offered(session, {7}, NOW)
    assert await state_of_answer(database) is OutboxState.SENDING
    await end(database, "inbox:7", OutboxState.SENT)
    assert not await hold(database, "replica-a", later(999))
    assert await state_of_answer(database) is OutboxState.SENT


async def test_one_message_has_one_answer(database: Database) -> None:
    await answer(database)
    with pytest.raises(Exception, match=r"(?i)unique"):
        await answer(database)


async def test_forgetting_a_recipient_leaves_no_word_and_sends_nothing(database: Database) -> None:
    for key in ("sent", "sending", "pending"):
        await queue(database, key)
        if key != "pending":
            await take(database)
        if key == "sent":
            await end(database, key, OutboxState.SENT)
    await queue(database, "neighbour", recipient="o-qian")
    async with database.write() as session:
        await forget_recipient(session, ACCOUNT, "o-zhao", "erased-1", NOW)
    async with database.read() as session:
        rows = (await session.exec(select(OutboxMessage))).all()
    assert {(row.text, row.recipient) for row in rows if row.dedupe_key != "neighbour"} == {("", "erased-1")}
    assert await take(database, now=later(999)) == ["neighbour"]
    assert await states(database) == {
        "sent": OutboxState.SENT,
        "sending": OutboxState.CANCELLED,
        "pending": OutboxState.CANCELLED,
        "neighbour": OutboxState.SENDING,
    }

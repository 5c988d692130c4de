"""The quota ledger: what the platform lets us send to one person, counted exactly."""

import asyncio
from datetime import datetime, timedelta

import pytest

from storage.database import Database
from storage.outbox import add_message, take_due
from storage.queries.people import list_identities_of
from storage.send_windows import (
    GRANT_LASTS,
    add_grant,
    close_windows,
    give_back,
    list_open_windows,
    open_windows,
    take_pace,
    use_window,
    wake_waiting,
)
from storage.states import Form, MessageClass, OutboxState, WindowKind, WindowRule
from tests.storage.rows import ACCOUNT, GESTURE_WINDOW, MESSAGE_WINDOW, NOW


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


async def opens(database: Database, rule: WindowRule, now: datetime = NOW, person: str = "o-zhao") -> None:
    async with database.write() as session:
        await open_windows(session, {(ACCOUNT, person, rule)}, now)


async def used(database: Database, now: datetime = NOW, person: str = "o-zhao") -> bool:
    async with database.write() as session:
        return await use_window(session, ACCOUNT, person, now)


async def count_left(database: Database, now: datetime = NOW) -> int:
    count = 0
    while await used(database, now):
        count += 1
        assert count < 50
    return count


async def test_without_a_window_nothing_may_be_sent(database: Database) -> None:
    assert not await used(database)


async def test_a_message_opens_five_for_48_hours(database: Database) -> None:
    await opens(database, MESSAGE_WINDOW)
    assert not await used(database, later(48 * 3600))
    assert await count_left(database, later(48 * 3600 - 1)) == 5
    assert not await used(database, later(1))


async def test_a_gesture_opens_three_for_a_minute(database: Database) -> None:
    await opens(database, GESTURE_WINDOW)
    assert not await used(database, later(60))
    assert await count_left(database, later(59)) == 3


async def test_the_window_that_closes_first_is_used_first(database: Database) -> None:
    await opens(database, MESSAGE_WINDOW)
    await opens(database, GESTURE_WINDOW)
    for _ in range(3):
        assert await used(database, later(10))
    # The gesture's three are gone, the message's five untouched.
    assert await count_left(database, later(61)) == 5


async def test_both_windows_together_allow_eight(database: Database) -> None:
    await opens(database, MESSAGE_WINDOW)
    await opens(database, GESTURE_WINDOW)
    assert await count_left(database) == 8


async def test_windows_are_one_persons(database: Database) -> None:
    await opens(database, MESSAGE_WINDOW)
    assert not await used(database, person="o-qian")
    async with database.write() as session:
        assert not await use_window(session, "east", "o-zhao", NOW)


async def test_a_message_given_back_can_be_sent_again_once(database: Database) -> None:
    await opens(database, MESSAGE_WINDOW)
    assert await count_left(database) == 5
    async with database.write() as session:
        await give_back(session, ACCOUNT, "o-zhao", NOW)
    assert await count_left(database) == 1


async def test_nothing_can_be_given_back_beyond_what_was_used(database: Database) -> None:
    await opens(database, MESSAGE_WINDOW)
    async with database.write() as session:
        await give_back(session, ACCOUNT, "o-zhao", NOW)
    assert await count_left(database) == 5


async def test_a_new_message_starts_the_count_afresh(database: Database) -> None:
    await opens(database, MESSAGE_WINDOW)
    assert await count_left(database) == 5
    await opens(database, MESSAGE_WINDOW, later(3600))
    assert await count_left(database, later(49 * 3600 - 1)) == 5


async def test_a_window_the_platform_denies_is_closed(database: Database) -> None:
    await opens(database, MESSAGE_WINDOW)
    await opens(database, GESTURE_WINDOW)
    async with database.write() as session:
        await close_windows(session, ACCOUNT, "o-zhao", later(1))
    assert not await used(database, later(2))


async def test_a_window_opened_after_the_platform_was_asked_stays_open(database: Database) -> None:
    await opens(database, MESSAGE_WINDOW, later(2))
    async with database.write() as session:
        await close_windows(session, ACCOUNT, "o-zhao", later(1))
    assert await count_left(database, later(3)) == 5


async def test_senders_racing_for_the_last_ones_get_no_more_than_there_are(
    database: Database, database_url: str
) -> None:
    other = Database(database_url)
    await opens(database, MESSAGE_WINDOW)
    results = await asyncio.gather(*(used(each) for _ in range(6) for each in (database, other)))
    assert sum(results) == 5
    await other.close()


async def _waiting(database: Database) -> None:
    async with database.write() as session:
        await add_message(
            session,
            account=ACCOUNT,
            recipient="o-zhao",
            message_class=MessageClass.NOTICE,
            text="明天上午停水",
            dedupe_key="停水",
            now=NOW,
        )
        [message] = await take_due(session, "a", NOW, 60, 20, ())
        message.state, message.lease_until = OutboxState.WAITING, None


async def _due(database: Database, now: datetime) -> list[str]:
    async with database.write() as session:
        return [message.text for message in await take_due(session, "a", now, 60, 20, ())]


async def test_what_waits_is_woken_by_a_new_window_of_that_person_only(database: Database) -> None:
    await _waiting(database)
    await opens(database, MESSAGE_WINDOW, later(100), person="o-qian")
    assert await _due(database, later(100)) == []
    await opens(database, MESSAGE_WINDOW, later(200))
    assert await _due(database, later(200)) == ["明天上午停水"]


@pytest.mark.parametrize("rule", [MESSAGE_WINDOW, GESTURE_WINDOW])
async def test_what_began_to_wait_beside_an_open_window_is_found(
    database: Database, rule: WindowRule
) -> None:
    await opens(database, rule)
    await _waiting(database)
    assert await _due(database, later(1)) == []
    async with database.write() as session:
        assert await wake_waiting(session, later(1)) == 1
    assert await _due(database, later(1)) == ["明天上午停水"]


async def test_a_used_up_or_ended_window_wakes_nobody(database: Database) -> None:
    await opens(database, MESSAGE_WINDOW)
    await _waiting(database)
    async with database.write() as session:
        assert await wake_waiting(session, later(48 * 3600)) == 0
    assert await count_left(database) == 5
    async with database.write() as session:
        assert await wake_waiting(session, later(1)) == 0


# Grants of 订阅通知


async def grant(database: Database, now: datetime = NOW) -> None:
    async with database.write() as session:
        await add_grant(session, ACCOUNT, "o-zhao", now)


async def granted(database: Database, now: datetime = NOW) -> bool:
    async with database.write() as session:
        return await use_window(session, ACCOUNT, "o-zhao", now, Form.SUBSCRIBE)


async def test_each_acceptance_allows_one(database: Database) -> None:
    assert not await granted(database)
    await grant(database)
    await grant(database)
    assert [await granted(database) for _ in range(3)] == [True, True, False]
    await grant(database)
    assert [await granted(database) for _ in range(2)] == [True, False]


async def test_acceptances_at_the_same_moment_all_count(database: Database, database_url: str) -> None:
    other = Database(database_url)
    await asyncio.gather(*(grant(each) for _ in range(5) for each in (database, other)))
    results = await asyncio.gather(*(granted(each) for _ in range(6) for each in (database, other)))
    assert sum(results) == 10
    await other.close()


async def test_grants_and_windows_do_not_pay_for_each_other(database: Database) -> None:
    await grant(database)
    assert not await used(database)
    await opens(database, MESSAGE_WINDOW)
    assert await granted(database)
    assert not await granted(database)
    assert await count_left(database) == 5
    async with database.write() as session:
        await give_back(session, ACCOUNT, "o-zhao", NOW, Form.SUBSCRIBE)
    assert not await used(database)
    assert await granted(database)


async def test_an_acceptance_is_forgotten_after_a_year_and_a_later_one_starts_afresh(
    database: Database,
) -> None:
    await grant(database)
    assert not await granted(database, NOW + GRANT_LASTS)
    await grant(database, NOW + GRANT_LASTS)
    assert [await granted(database, NOW + GRANT_LASTS) for _ in range(2)] == [True, False]


@pytest.mark.parametrize("kind", ["message", "subscribe"])
async def test_only_what_the_new_permission_is_for_is_woken(database: Database, kind: str) -> None:
    for form in (Form.TEXT, Form.SUBSCRIBE):
        async with database.write() as session:
            await add_message(
                session,
                account=ACCOUNT,
                recipient="o-zhao",
                message_class=MessageClass.NOTICE,
                text=form,
                dedupe_key=form,
                now=NOW,
                form=form,
            )
            [message] = await take_due(session, "a", NOW, 60, 20, ())
            message.state, message.lease_until = OutboxState.WAITING, None
    if kind == "message":
        await opens(database, MESSAGE_WINDOW)
    else:
        await grant(database)
    due = ["text" if kind == "message" else "subscribe"]
    assert await _due(database, later(1)) == due
    async with database.write() as session:
        assert await wake_waiting(session, later(1)) == 0


# Distance between messages


async def pace(database: Database, seconds: float, now: datetime = NOW) -> datetime | None:
    async with database.write() as session:
        return await take_pace(session, ACCOUNT, "group", seconds, now)


async def test_a_distance_is_kept_until_it_ends(database: Database) -> None:
    assert await pace(database, 3) is None
    assert await pace(database, 3, later(1)) == later(3)
    assert await pace(database, 3, later(2.9)) == later(3)
    assert await pace(database, 3, later(3)) is None
    assert await pace(database, 3, later(5)) == later(6)


async def test_only_one_of_two_at_the_same_moment_goes(database: Database, database_url: str) -> None:
    other = Database(database_url)
    results = await asyncio.gather(*(pace(each, 3) for _ in range(4) for each in (database, other)))
    assert sorted(results, key=str) == sorted([None, *[later(3)] * 7], key=str)
    await other.close()


async def test_a_distance_is_no_permission(database: Database) -> None:
    assert await pace(database, 60) is None
    async with database.write() as session:
        assert not await use_window(session, ACCOUNT, "group", NOW)
        assert await list_open_windows(session, [(ACCOUNT, "group")], NOW) == set()


async def test_open_windows_are_listed_until_they_are_used_up(database: Database) -> None:
    people = [(ACCOUNT, "o-zhao"), (ACCOUNT, "o-qian")]
    await opens(database, MESSAGE_WINDOW)
    await grant(database)
    async with database.read() as session:
        assert await list_open_windows(session, people, NOW) == {
            (ACCOUNT, "o-zhao", WindowKind.MESSAGE),
            (ACCOUNT, "o-zhao", WindowKind.SUBSCRIBE),
        }
    # More than one statement has parameters for.
    many = [*people, *((ACCOUNT, f"o-{number}") for number in range(17_000))]
    async with database.read() as session:
        assert len(await list_open_windows(session, many, NOW)) == 2
        assert await list_identities_of(session, range(1, 40_000)) == {}
    assert await count_left(database) == 5
    async with database.read() as session:
        found = await list_open_windows(session, people, NOW)
        assert {kind for _, _, kind in found} == {WindowKind.SUBSCRIBE}

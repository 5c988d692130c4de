"""Everybody bound to a unit is told that a ballot was recorded for it, whichever way it came."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from handlers.voting.announced import Announced
from handlers.voting.cast import Recorded, cast_ballot
from handlers.voting.receipts import announce_ballots, by_day
from handlers.voting.terms import AGREE, Revote
from storage.states import BallotChannel
from tests.web.hall import Hall, open_hall, person_of
from tests.web.town import Town


async def record(hall: Hall, unit: str, key: str, voter: str | None = None, **more: object) -> Recorded:
    town = hall.town
    order = replace(
        hall.assembly.order(unit, key=key, cast_at=town.clock.now),
        marks={"q1": AGREE, "q2": "甲公司", "q3": frozenset({"赵二"})},
        voter=voter,
        **more,  # type: ignore[arg-type]
    )
    async with town.site.database.write() as session:
        return await cast_ballot(session, town.sealer, order, town.clock.now)


async def test_a_paper_is_told_to_everybody_bound_by_day(town: Town) -> None:
    hall = await open_hall(town)
    town.clock.now = datetime(2026, 3, 12, 15, 0, tzinfo=UTC)  # 23:00 there
    await hall.as_owner(1)
    await hall.as_owner(1, "o-wife")
    await record(hall, "3-101", "k", channel=BallotChannel.PAPER, serial="S1")
    messages = await hall.messages()
    assert sorted(message.recipient for message in messages) == ["o-owner-1", "o-wife"]
    for message in messages:
        assert "纸票" in message.text
        assert "共2套" in message.text
        assert "甲公司" not in message.text
        assert message.not_before == datetime(2026, 3, 13, 0, 0, tzinfo=UTC)
        # Who writes to us next month still learns of a ballot that they did not cast.
        assert message.expires_at > town.clock.now + timedelta(days=60)


async def test_whoever_cast_it_is_told_at_once_and_the_others_in_the_morning(town: Town) -> None:
    hall = await open_hall(town)
    town.clock.now = datetime(2026, 3, 12, 15, 0, tzinfo=UTC)
    await hall.as_owner(1)
    await hall.as_owner(1, "o-wife")
    await record(hall, "3-101", "k", person_id=await person_of(town, "o-wife"))
    waits = {message.recipient: message.not_before for message in await hall.messages()}
    assert waits["o-owner-1"] == datetime(2026, 3, 13, 0, 0, tzinfo=UTC)
    assert waits["o-wife"] <= town.clock.now


async def test_whoever_cast_it_is_told_though_they_are_bound_to_no_unit_of_it(town: Town) -> None:
    """Somebody with a mandate; a seller whose title ended during the vote."""
    hall = await open_hall(town)
    await hall.as_owner(1)
    await hall.as_owner(2)
    await record(hall, "3-101", "k", person_id=await person_of(town, "o-owner-2"), proxy="p")
    assert sorted(message.recipient for message in await hall.messages()) == ["o-owner-1", "o-owner-2"]


@pytest.mark.parametrize(
    ("hour", "minute", "morning"),
    [(8, 0, None), (20, 59, None), (21, 0, 1), (23, 59, 1), (0, 0, 0), (7, 59, 0)],
)
def test_the_night_is_from_nine_to_eight(hour: int, minute: int, morning: int | None) -> None:
    local = datetime(2026, 3, 12, hour, minute, tzinfo=UTC) - timedelta(hours=8)
    expected = None if morning is None else datetime(2026, 3, 12 + morning, 0, 0, tzinfo=UTC)
    assert by_day(local) == expected


async def test_two_replicas_tell_of_a_ballot_once(town: Town, second: Town) -> None:
    hall = await open_hall(town)
    await hall.as_owner(1)
    await record(hall, "3-101", "k")
    await record(hall, "3-103", "k2")
    databases = [town.site.database, second.site.database] * 2
    told = await asyncio.gather(
        *(announce_ballots(each, town.site.services, town.clock.now) for each in databases)
    )
    assert sum(told) == 2
    assert len(await hall.messages()) == 1
    assert await announce_ballots(databases[0], town.site.services, town.clock.now) == 0


async def test_the_same_form_tells_nobody_again_and_a_change_tells_again(town: Town) -> None:
    hall = await open_hall(town, announced=Announced(revote=Revote.LAST))
    await hall.as_owner(1)
    await asyncio.gather(*(record(hall, "3-101", "k") for _ in range(4)))
    assert len(await hall.messages()) == 1
    await record(hall, "3-101", "k2")
    assert len(await hall.messages()) == 2


async def test_what_does_not_count_and_what_is_contested_is_said(town: Town) -> None:
    hall = await open_hall(town)
    for owner in (1, 3, 4):
        await hall.as_owner(owner)
    await record(hall, "3-101", "k1")
    await record(hall, "3-101", "k2", channel=BallotChannel.PAPER, serial="S1")
    await record(hall, "3-104", "k3", hall.assembly.keys[3])
    await hall.messages()  # the first of two is told before there is a second
    await record(hall, "3-104", "k4", hall.assembly.keys[4])
    said = [message.text for message in await hall.messages()]
    assert sum("这张票不算数：已经用别的方式投过" in text for text in said) == 1
    assert sum("要核实以后才算" in text for text in said) == 2

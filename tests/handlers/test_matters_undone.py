"""Merging, splitting and withdrawing in odd orders: no voice is lost, and no request stands with nobody behind it."""

import asyncio
from datetime import timedelta

from handlers.requests.clock import advance_requests
from storage.database import Database
from storage.queries.matters import list_opinions_in, lock_matters
from storage.states import MatterState, RequestState
from storage.tables import Matter, Opinion
from tests.handlers.neighbours import silently, told
from tests.handlers.orders import NOISE, lamp, office, request, say_lamp, timeline
from tests.handlers.talk import Talk

CELLAR = "12栋地下室积水，一股臭味"
THIRD = "3栋2单元楼道堆满了纸箱，过不去人"


async def matter(talk: Talk, number: int) -> Matter:
    [found] = [row for row in await talk.rows(Matter) if row.number == number]
    return found


async def voices(talk: Talk) -> dict[int, int | None]:
    """By number of the opinion: its matter."""
    return {row.number: row.matter_number for row in await talk.rows(Opinion)}


async def three(talk: Talk) -> list[int]:
    """Three matters of three people."""
    await office(talk)
    numbers = []
    for sender, text in (("o-zhao", None), ("o-qian", NOISE), ("o-sun", CELLAR)):
        numbers += await say_lamp(talk, sender, **({"text": text} if text else {}))
    matters = await voices(talk)
    assert [matters[number] for number in numbers] == numbers
    return numbers


async def staff(talk: Talk, *orders: str) -> None:
    for order in orders:
        answer = await told(talk, "shu", order, "")
        assert answer.outcome in ("matter.merged", "matter.split", "matter.dismissed", "matter.confirmed"), (
            answer
        )


async def test_each_receipt_leads_to_its_own_matter_after_merging_in_a_circle_and_taking_it_apart(
    talk: Talk,
) -> None:
    a, b, c = await three(talk)
    await staff(talk, f"合并 {b} {a}", f"合并 {c} {b}", f"拆开 {a}", f"合并 {a} {c}", f"拆开 {b}")
    assert await voices(talk) == {a: a, b: b, c: a}
    await staff(talk, f"拆开 {c}")
    assert await voices(talk) == {a: a, b: b, c: c}
    for number in (a, b, c):
        assert (await matter(talk, number)).state is MatterState.CONFIRMED
        assert (await request(talk, number)).state is RequestState.RAISED


async def test_what_left_by_itself_does_not_come_along_when_an_older_merge_is_taken_back(talk: Talk) -> None:
    await office(talk)
    a, other = await say_lamp(talk, "o-zhao", "o-li")
    [b] = await say_lamp(talk, "o-qian", text=NOISE)
    await staff(talk, f"合并 {b} {a}", f"拆开 {other}", f"合并 {b} {other}", f"拆开 {a}")
    assert await voices(talk) == {a: a, other: b, b: b}
    await staff(talk, f"拆开 {other}")
    assert await voices(talk) == {a: a, other: other, b: b}


async def test_what_was_merged_goes_along_when_the_others_go_on_under_another_number(talk: Talk) -> None:
    await office(talk)
    a, second = await say_lamp(talk, "o-zhao", "o-li")
    [b] = await say_lamp(talk, "o-qian", text=NOISE)
    await staff(talk, f"合并 {a} {b}", f"拆开 {a}")
    assert await voices(talk) == {a: a, second: second, b: second}
    await staff(talk, f"拆开 {b}")
    assert await voices(talk) == {a: a, second: second, b: b}


async def test_a_matter_whose_own_voice_is_withdrawn_ends_when_the_others_are_taken_out(talk: Talk) -> None:
    a, b, _c = await three(talk)
    await staff(talk, f"合并 {b} {a}")
    await talk.hear("o-qian", f"撤回 {b}")
    assert (await request(talk, b)).state is RequestState.RAISED
    await staff(talk, f"拆开 {a}")
    assert (await request(talk, a)).state is RequestState.RAISED
    assert (await request(talk, b)).state is RequestState.CANCELLED


async def test_nothing_is_raised_for_a_matter_that_nobody_stands_behind(talk: Talk) -> None:
    a, b, _c = await three(talk)
    await staff(talk, f"合并 {b} {a}")
    await talk.hear("o-zhao", f"撤回 {a}")
    await staff(talk, f"拆开 {a}")
    assert (await request(talk, a)).state is RequestState.CANCELLED
    await staff(talk, f"不是事 {b}")
    await talk.hear("o-qian", f"撤回 {b}")
    await told(talk, "shu", f"确认 {b}", "")
    assert (await request(talk, b)).state is RequestState.CANCELLED


async def test_what_is_merged_into_something_withdrawn_is_still_seen_to(talk: Talk) -> None:
    a, b, c = await three(talk)
    await talk.hear("o-qian", f"撤回 {b}")
    assert (await request(talk, b)).state is RequestState.CANCELLED
    await staff(talk, f"合并 {b} {a}")
    assert await voices(talk) == {a: a, b: a, c: c}
    assert (await request(talk, a)).state is RequestState.RAISED
    assert (await request(talk, b)).state is RequestState.CANCELLED


async def test_what_is_merged_into_something_just_done_opens_it_again(talk: Talk) -> None:
    a, b, _c = await three(talk)
    await told(talk, "shu", f"派单 {a} 物业", "")
    await told(talk, "li", f"办结 {a} 换了", "")
    await staff(talk, f"合并 {a} {b}")
    assert (await request(talk, a)).state is RequestState.REOPENED
    assert (await request(talk, b)).state is RequestState.CANCELLED


async def test_what_is_merged_into_something_long_over_is_still_seen_to(talk: Talk) -> None:
    await office(talk)
    old = await lamp(talk)
    await told(talk, "shu", f"派单 {old} 物业", "")
    await told(talk, "li", f"办结 {old} 换了", "")
    talk.now += timedelta(days=7)
    await advance_requests(talk.database, talk.services, talk.now)
    talk.now += timedelta(days=40)
    [new] = await say_lamp(talk, "o-qian", text=NOISE)
    await staff(talk, f"合并 {old} {new}")
    assert await voices(talk) == {old: new, new: new}
    assert (await request(talk, old)).state is RequestState.CLOSED
    assert (await request(talk, new)).state is RequestState.RAISED


async def test_a_quote_of_something_long_over_founds_a_matter_of_its_own(talk: Talk) -> None:
    """Neither reopened nor lost."""
    await office(talk)
    old = await lamp(talk)
    await told(talk, "shu", f"派单 {old} 物业", "")
    await told(talk, "li", f"办结 {old} 换了", "")
    for _ in range(4):  # as often as it can be reopened
        assert (await talk.hear("o-zhao", f"还没好 {old}")).outcome == "request.reopened"
        await told(talk, "shu", f"派单 {old} 物业", "")
        await told(talk, "li", f"办结 {old} 又换了", "")
    assert (await talk.hear("o-zhao", f"还没好 {old}")).outcome == "request.exhausted"
    [new] = await say_lamp(talk, "o-qian")
    assert (await voices(talk))[new] == new
    assert (await request(talk, new)).state is RequestState.RAISED


async def test_dismissing_and_confirming_in_one_batch_ends_as_the_last_word_says(talk: Talk) -> None:
    await office(talk)
    number = await lamp(talk)
    orders = [f"不是事 {number}", f"确认 {number}"] * 2 + [f"不是事 {number}"]
    await silently(talk, [talk.message("shu", order, account="corp") for order in orders])
    assert (await matter(talk, number)).state is MatterState.DISMISSED
    assert (await request(talk, number)).state is RequestState.CANCELLED
    assert await timeline(talk, number) == ["raised", "cancelled"] + ["raised", "cancelled"] * 2


async def test_a_dismissed_matter_that_was_merged_by_mistake_is_dismissed_when_it_is_taken_apart(
    talk: Talk,
) -> None:
    a, b, _c = await three(talk)
    await staff(talk, f"不是事 {a}", f"合并 {b} {a}", f"拆开 {a}")
    assert (await matter(talk, a)).state is not MatterState.CONFIRMED
    assert (await request(talk, a)).state is RequestState.CANCELLED


async def test_of_two_who_withdraw_at_once_one_is_noted(talk: Talk) -> None:
    from storage.tables import AuditEvent

    await office(talk)
    number = await lamp(talk)
    await silently(talk, [talk.message("o-zhao", f"撤回 {number}") for _ in range(2)])
    verbs = [row.verb for row in await talk.rows(AuditEvent)]
    assert verbs.count("opinion.withdrawn") == verbs.count("matter.emptied") == 1


async def test_forgetting_somebody_and_sorting_what_they_said_do_not_wait_for_each_other(
    talk: Talk, database_url: str
) -> None:
    await office(talk)
    number = await lamp(talk)
    await talk.hear("o-zhao", "删除我的资料")
    twin = Database(database_url)
    try:
        async with twin.write() as session:
            await lock_matters(session, 1)  # as whoever merges or sorts does
            forgetting = asyncio.create_task(talk.hear("o-zhao", "确认删除"))
            await asyncio.sleep(0.5)
            assert not forgetting.done()
            await list_opinions_in(session, 1, number)
        assert (await forgetting).outcome == "person.erased"
    finally:
        await twin.close()
    [opinion] = await talk.rows(Opinion)
    assert (opinion.person_id, opinion.text) == (None, None)


async def test_merging_something_late_away_loses_neither_the_miss_nor_the_day(talk: Talk) -> None:
    await office(talk)
    [old] = await say_lamp(talk, "o-zhao", text=CELLAR)
    await told(talk, "shu", f"派单 {old} 物业", "")
    talk.now += timedelta(hours=5)
    await advance_requests(talk.database, talk.services, talk.now)
    late = await request(talk, old)
    assert (late.accepted_in_time, late.done_in_time) == (False, None)
    [new] = await say_lamp(talk, "o-qian", text=NOISE)
    await staff(talk, f"合并 {new} {old}")
    whole = await request(talk, new)
    assert (whole.accepted_in_time, whole.done_in_time) == (False, None)
    assert whole.done_by == late.done_by
    assert whole.warn_at is not None
    talk.now = late.done_by or talk.now
    await advance_requests(talk.database, talk.services, talk.now)
    assert (await request(talk, new)).done_in_time is False

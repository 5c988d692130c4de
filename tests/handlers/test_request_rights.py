"""Who may do and read what about a request: each right counts where it was given, and for as long as it is held."""

import pytest

from storage.queries.accounts import end_roles_of
from storage.states import Role
from storage.tables import OutboxMessage
from tests.handlers.neighbours import appoint, told
from tests.handlers.orders import lamp, news, office, request, timeline
from tests.handlers.talk import Talk

WORDS = "我是张伟，电话13912345678，灯还在闪"


@pytest.fixture
async def yard(talk: Talk) -> Talk:
    await office(talk)
    return talk


async def test_a_right_in_one_building_and_another_office_in_the_whole_compound_do_not_add_up(
    yard: Talk,
) -> None:
    number = await lamp(yard)  # in building 3
    await appoint(yard, "feng", Role.GRID_WORKER, "XH-1/12", "冯网格")
    await appoint(yard, "feng", Role.DUTY, "XH-1")
    await appoint(yard, "lou", Role.SECRETARY, "XH-1/12", "楼书记")
    await appoint(yard, "lou", Role.COMMITTEE, "XH-1")
    before = await timeline(yard, number)
    for userid, order in (
        ("feng", f"回复 {number} 明天修"),
        ("feng", f"备注 {number} 看过了"),
        ("feng", f"协办 {number} 社区"),
        ("lou", f"派单 {number} 网格"),
    ):
        assert (await told(yard, userid, order, "")).outcome == "request.unknown", order
    assert await timeline(yard, number) == before


async def test_words_of_residents_are_read_by_those_who_handle_it_without_names_and_doors(yard: Talk) -> None:
    number = await lamp(yard)
    await told(yard, "shu", f"派单 {number} 物业", "")
    await yard.hear("o-zhao", f"补充 {number} {WORDS}")
    await appoint(yard, "jian", Role.SUPERVISOR, "XH-1", "监督")
    await told(yard, "li", f"回复 {number} 明天换灯", "")
    for userid, reads in (("li", True), ("shu", True), ("wei", False), ("jian", False)):
        text = (await told(yard, userid, f"进度 {number}", "")).text
        assert ("灯还在闪" in text) is reads, (userid, text)
        assert "明天换灯" in text
        assert "13912345678" not in text
        assert "张伟" not in text
    notices = "".join(await news(yard, "li"))
    assert "灯还在闪" in notices
    assert "13912345678" not in notices


async def test_whoever_has_left_office_is_told_nothing_more_and_their_colleagues_are(yard: Talk) -> None:
    people = await office_again(yard)
    number = await lamp(yard)
    await told(yard, "shu", f"派单 {number} 物业", "")
    await told(yard, "li", f"接单 {number}", "")
    async with yard.database.write() as session:
        await end_roles_of(session, people["li"], yard.now)
    before = len(await yard.rows(OutboxMessage))
    await yard.hear("o-zhao", f"补充 {number} 灯还在闪")
    new = [row for row in (await yard.rows(OutboxMessage))[before:] if "灯还在闪" in row.text]
    assert {row.recipient for row in new} == {"song"}
    assert (await request(yard, number)).role is Role.PROPERTY


async def office_again(talk: Talk) -> dict[str, int]:
    from tests.handlers.neighbours import identity

    return {userid: (await identity(talk, "corp", userid)).person_id for userid in ("li", "song")}

"""我看到了, on the page of a vote."""

from sqlmodel import select

from storage.tables import VoteReach
from tests.web.hall import PATH, open_hall
from tests.web.town import Town


async def test_an_owner_says_once_that_they_have_read_the_notice(town: Town) -> None:
    hall = await open_hall(town)
    browser = await hall.as_owner(1, "o-resident")
    page = await browser.get(PATH)
    assert "公告看完了" in page.text
    for _ in range(2):
        answer = await browser.post(f"{PATH}/seen", {"csrf": page.csrf})
        assert answer.location == PATH
    assert "您已经点过" in (await browser.get(PATH)).text
    async with town.site.database.read() as session:
        [row] = list(await session.exec(select(VoteReach)))
    assert row.confirmed_at == town.clock.now
    assert row.told_at is None  # nobody had written to them: two facts


async def test_who_owns_nothing_there_is_not_asked(town: Town) -> None:
    hall = await open_hall(town)
    await hall.as_owner(1, "o-other")
    resident = await hall.as_neighbour("o-resident")
    page = await resident.get(PATH)
    assert page.status == 200
    assert "公告看完了" not in page.text
    await resident.post(f"{PATH}/seen", {"csrf": page.csrf})
    async with town.site.database.read() as session:
        assert list(await session.exec(select(VoteReach))) == []

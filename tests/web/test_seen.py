"""我看到了, on the page of a vote."""

from sqlmodel import select

from handlers.voting.outreach import news_key
from storage.states import MessageClass, OutboxState
from storage.tables import OutboxMessage, VoteReach
from tests.voting.assembly import NUMBER
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
    async with town.site.database.read() as session:
        [row] = list(await session.exec(select(VoteReach)))
    assert row.confirmed_at == town.clock.now
    assert row.told_at is None  # nobody had written to them: two facts


async def test_who_said_so_before_the_message_came_is_asked_once_more(town: Town) -> None:
    hall = await open_hall(town)
    browser = await hall.as_owner(1, "o-resident")
    await browser.post(f"{PATH}/seen", {"csrf": (await browser.get(PATH)).csrf})
    early = await browser.get(PATH)
    assert "收到以后请再点一次" in early.text
    assert f'action="{PATH}/seen"' in early.text
    async with town.site.database.write() as session:
        [row] = list(await session.exec(select(VoteReach)))
        key = f"{news_key(row.compound_id, NUMBER, 'noticed')}:person:{row.person_id}"
        session.add(
            OutboxMessage(
                account=next(iter(town.site.services.accounts)),
                recipient="o-resident",
                dedupe_key=key,
                message_class=MessageClass.NOTICE,
                text="公告",
                state=OutboxState.SENT,
                not_before=town.clock.now,
                expires_at=town.clock.now,
                created_at=town.clock.now,
                done_at=town.clock.now,
            )
        )
    assert "您已经点过" in (await browser.get(PATH)).text


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

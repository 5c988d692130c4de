"""Documents of a vote that cannot be made: tried again by the clock, and said on the vote's page; both databases."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.vote_documents import VoteDocuments
from handlers.voting.documents import RESTS, RESULT, Fault, may_try
from storage.queries.votes import list_document_faults, list_documents
from storage.states import VoteState
from storage.tables import Vote, VoteDocumentFault
from tests.voting.assembly import SIGNER
from tests.web.assemblies import drafted, enrolled
from tests.web.test_vote_drafts import complete, save, seen, vote_of
from tests.web.test_vote_pages import BASE, at, cast, press
from tests.web.town import Browser, Page, Town

UNKNOWN = "\U000323af"  # in no font


@pytest.fixture
async def unprintable(town: Town) -> Town:
    """The notice of a vote is out whose title no font can set."""
    await enrolled(town)
    await drafted(town)
    secretary = await town.as_staff("secretary")
    await complete(secretary)
    await save(secretary, "words", {"title": f"关于{UNKNOWN}的表决", "body": "为什么"})
    shown = await secretary.get(f"{BASE}/launch")
    form = {"csrf": shown.csrf, "sure": "yes", "seen": seen(shown)}
    assert (await secretary.post(f"{BASE}/launch", form)).location == f"{BASE}?told=vote_launched"
    return town


def maker(town: Town) -> VoteDocuments:
    return VoteDocuments(town.site.database, town.sealer, SIGNER.key_id, "https://yishi.example.org")


async def faults(town: Town) -> dict[str, VoteDocumentFault]:
    vote, _ = await vote_of(town)
    async with town.site.database.read() as session:
        return await list_document_faults(session, vote.compound_id, vote.vote_number)


async def kinds(town: Town) -> set[str]:
    vote, _ = await vote_of(town)
    async with town.site.database.read() as session:
        return {each.kind for each in await list_documents(session, vote.compound_id, vote.vote_number)}


async def change(town: Town, **values: object) -> None:
    vote, _ = await vote_of(town)
    async with town.site.database.write() as session:
        row = await session.get_one(Vote, (vote.compound_id, vote.vote_number))
        for name, value in values.items():
            setattr(row, name, value)


async def pages(browser: Browser) -> list[Page]:
    return [await browser.get(f"{BASE}{page}") for page in ("", "/documents")]


async def test_what_cannot_be_made_is_tried_again_ever_later_and_said_why(unprintable: Town) -> None:
    town = unprintable
    secretary = await town.as_staff("secretary")
    assert all("表决公告正在做" in page.text for page in await pages(secretary))
    makers = [maker(town), maker(town)]
    start = town.clock.now
    moment = start
    for attempt, rest in enumerate((*RESTS, RESTS[-1]), 1):
        assert [await each.step(moment) for each in makers] == [0, 0]  # two replicas, one failure
        fault = (await faults(town))["notice"]
        assert (fault.reason, fault.detail, fault.attempts) == (Fault.NO_CHARACTER, UNKNOWN, attempt)
        assert fault.next_at == moment + rest
        moment += rest
    for page in await pages(secretary):
        assert "表决公告还没有做出来：里面有一个字，服务器的字体里没有。" in page.text
        assert f"那个字是“{UNKNOWN}”" in page.text
        assert "已经试了 5 次" in page.text
    await change(town, title="关于梯的表决")
    assert await maker(town).step(moment - timedelta(seconds=1)) == 0  # a restart changes nothing
    assert await maker(town).step(moment) == 1
    assert await faults(town) == {}
    assert await kinds(town) == {"notice"}
    assert not any("没有做出来" in page.text for page in await pages(secretary))


@pytest.mark.parametrize("reason", list(Fault))
async def test_every_reason_is_said_in_words(unprintable: Town, reason: Fault) -> None:
    town = unprintable
    vote, _ = await vote_of(town)
    async with town.site.database.write() as session:
        session.add(
            VoteDocumentFault(
                compound_id=vote.compound_id,
                vote_number=1001,
                kind="notice",
                reason=reason,
                attempts=1,
                failed_at=town.clock.now,
                next_at=town.clock.now,
            )
        )
    for page in await pages(await town.as_staff("committee")):
        assert "请联系管技术的人" in page.text
        assert reason not in page.text


async def test_a_result_is_printed_also_when_the_vote_is_over_by_then(unprintable: Town) -> None:
    town = unprintable
    secretary = await town.as_staff("secretary")
    people = {"secretary": secretary}
    await at(town, "opens_at", people, hours=1)
    await cast(town, "13-1-101", "agree")
    await at(town, "closes_at", people, hours=1)
    await press(secretary, "", "/count")
    await press(secretary, "/result", "/publish", sure="yes")
    assert await maker(town).step(town.clock.now) == 0
    assert set(await faults(town)) == {"notice", RESULT}
    assert "结果公告和会议纪要还没有做出来" in (await secretary.get(BASE)).text
    await at(town, "published_at", people, days=23)
    assert (await vote_of(town))[0].state is VoteState.FINAL
    await change(town, title="关于梯的表决")
    assert await maker(town).step(town.clock.now) == 2
    assert await kinds(town) == {"notice", RESULT}
    assert await maker(town).step(town.clock.now) == 0


def test_a_clock_that_was_set_back_does_not_put_a_document_off_for_years() -> None:
    now = datetime(2026, 3, 9, 9, tzinfo=UTC)
    ahead = now + timedelta(days=365)
    fault = VoteDocumentFault(
        compound_id=1,
        vote_number=1,
        kind="notice",
        reason=Fault.OTHER,
        attempts=9,
        failed_at=ahead,
        next_at=ahead + RESTS[-1],
    )
    assert may_try(fault, now)
    assert not may_try(fault, ahead)


async def test_what_cannot_be_printed_is_said_before_the_notice_is_out(town: Town) -> None:
    await enrolled(town)
    await drafted(town)
    secretary = await town.as_staff("secretary")
    await complete(secretary)
    assert "印不出来" not in (await secretary.get(f"{BASE}/launch")).text
    await save(secretary, "words", {"title": "关于梯的表决", "body": f"甲{UNKNOWN}说明"})
    page = await secretary.get(f"{BASE}/launch")
    assert f"那个字是“{UNKNOWN}”，也可以换一种写法" in page.text
    assert page.text.count("发公告") >= 2  # it is theirs to decide

"""A resident's own matter: what they read of it, and what comes of their buttons."""

from datetime import timedelta

import pytest
from sqlmodel import select

from handlers.requests.commands import Accept, Actor, Dispatch, Finish, Note, Party, Reply, Supplement
from storage.states import MatterState, OpinionState, Rating, RequestState, Role
from storage.tables import Compound, Matter, Opinion, RequestEvent, RequestRating
from tests.web.orders import act, fields_of, forms_of, matter, press, request_of, text_of, verbs_of
from tests.web.town import THERE, Town, here_id, opinion

PROPERTY = Dispatch(Party(Role.PROPERTY))


async def done(town: Town, *openids: str, building: str = "3") -> int:
    """A request that waits to be rated."""
    number = await matter(town, *openids, building=building)
    actor = Actor(town.people["property"], frozenset({Role.PROPERTY}))
    await act(town, number, PROPERTY, Accept(actor), Finish(actor, "灯换好了"), who="property")
    return number


async def test_the_list_says_how_far_each_is_and_leads_there(town: Town) -> None:
    first = await matter(town)
    second = await done(town, building="13")
    heard = await matter(town, is_confirmed=False)
    page = await (await town.as_resident()).get("/h5/mine")
    shown = text_of(page)
    for number, state in ((first, "已立单，等着派人"), (second, "已办好，请您评价"), (heard, "待核实")):
        assert f"{number}号 {state}" in shown
        assert f'href="/h5/mine/{number}"' in page.text
    assert (await (await town.as_resident()).get("/h5")).status == 200


async def test_somebody_elses_number_does_not_exist(town: Town) -> None:
    number = await done(town, "o-lin", "o-zhao")
    lin, resident = await town.as_resident(openid="o-lin"), await town.as_resident()
    assert (await resident.get(f"/h5/mine/{number}")).status == 404
    page = await lin.get(f"/h5/mine/{number}")
    assert "共2人反映" in page.text
    assert (await lin.get(f"/h5/mine/{number + 1}")).status == 404  # the neighbour's receipt
    fields = fields_of(page, "rate") | {"rating": "satisfied", "csrf": (await resident.get("/h5")).csrf}
    for action in ("confirm", "disclaim", "rate", "supplement", "reopen", "withdraw"):
        answer = await resident.post(f"/h5/mine/{number}/{action}", fields | {"words": "好"})
        assert answer.status == 404
    assert (await verbs_of(town, number))[-1] == "done"


async def test_a_resident_reads_what_is_public_and_nothing_else(town: Town) -> None:
    number = await matter(town)
    await act(town, number, PROPERTY, Note("这家老投诉"), Reply("明天来换"), Supplement("一共三盏"))
    page = await (await town.as_resident()).get(f"/h5/mine/{number}")
    shown = text_of(page)
    for part in ("已派人，等着接单", "接下来：物业在", "明天来换", "楼道灯坏了"):
        assert part in shown
    for hidden in ("这家老投诉", "一共三盏", "姓property", "姓secretary"):
        assert hidden not in shown
    assert forms_of(page) == ["supplement", "photos", "withdraw"]


async def test_what_is_still_to_be_confirmed_says_what_comes_next(town: Town) -> None:
    number = await matter(town, is_confirmed=False)
    browser = await town.as_resident()
    page = await browser.get(f"/h5/mine/{number}")
    assert "还在核实" in page.text
    assert forms_of(page) == ["confirm", "disclaim", "photos", "withdraw"]
    async with town.site.database.write() as session:
        (await session.get_one(Matter, (await here_id(town), number))).state = MatterState.DISMISSED
    assert "不用办理" in (await browser.get(f"/h5/mine/{number}")).text


async def test_who_was_overheard_confirms_it_and_it_is_seen_to_once(town: Town) -> None:
    number = await matter(town, "o-resident", "o-zhao", is_confirmed=False)
    browser, path = await town.as_resident(), f"/h5/mine/{number}"
    sent = fields_of(await browser.get(path), "confirm")
    answers = [await browser.post(f"{path}/confirm", sent) for _ in range(2)]
    assert [answer.location for answer in answers] == [f"{path}?told=confirmed"] * 2
    page = await browser.get(answers[0].location)
    assert "已经转去办理" in page.text
    assert "confirm" not in forms_of(page)
    assert (await request_of(town, number)).state is RequestState.RAISED
    assert await verbs_of(town, number) == ["raised"]


async def test_who_was_overheard_says_that_it_was_only_talk(town: Town) -> None:
    number = await matter(town, "o-resident", "o-zhao", is_confirmed=False)
    browser, path = await town.as_resident(), f"/h5/mine/{number}"
    sent = fields_of(await browser.get(path), "disclaim")
    answers = [await browser.post(f"{path}/disclaim", sent) for _ in range(2)]
    assert [answer.location for answer in answers] == [f"{path}?told=disclaimed"] * 2
    page = await browser.get(answers[0].location)
    assert "这句不算" in page.text
    assert forms_of(page) == []
    async with town.site.database.read() as session:
        row = await session.get_one(Matter, (await here_id(town), number))
        opinions = (await session.exec(select(Opinion).order_by(Opinion.number))).all()  # type: ignore[arg-type]
    assert (row.state, row.speakers) == (MatterState.CANDIDATE, 1)  # the neighbour still says so
    assert [one.state for one in opinions] == [OpinionState.WITHDRAWN, OpinionState.FILED]


async def test_an_old_page_neither_revives_nor_drops_what_others_decided(town: Town) -> None:
    number = await matter(town, is_confirmed=False)
    browser, path = await town.as_resident(), f"/h5/mine/{number}"
    page = await browser.get(path)
    confirming, dropping = fields_of(page, "confirm"), fields_of(page, "disclaim")
    async with town.site.database.write() as session:
        (await session.get_one(Matter, (await here_id(town), number))).state = MatterState.DISMISSED
    for action, sent in (("confirm", confirming), ("disclaim", dropping)):
        answer = await browser.post(f"{path}/{action}", sent)
        assert answer.location == f"{path}?told=not_to_confirm"
    assert "已经有人处理了" in (await browser.get(answer.location)).text
    async with town.site.database.read() as session:
        assert (await session.exec(select(Opinion))).one().state is OpinionState.FILED
        assert (await session.exec(select(Matter))).one().state is MatterState.DISMISSED


@pytest.mark.parametrize("rating", list(Rating))
async def test_rating_in_four_words(town: Town, rating: Rating) -> None:
    number = await done(town)
    browser, path = await town.as_resident(), f"/h5/mine/{number}"
    page = await browser.get(path)
    assert "灯换好了" in page.text
    sent = fields_of(page, "rate") | {"rating": rating, "words": "谢谢"}
    answers = [await browser.post(f"{path}/rate", sent) for _ in range(2)]
    unhappy = rating in (Rating.DISSATISFIED, Rating.BESIDE_THE_POINT)
    assert [answer.location for answer in answers] == [
        f"{path}?told={'reopened' if unhappy else 'rated'}"
    ] * 2
    state = RequestState.REOPENED if unhappy else RequestState.RATED
    assert (await request_of(town, number)).state is state
    assert (await verbs_of(town, number)).count("rated") == 1
    async with town.site.database.read() as session:
        (row,) = (await session.exec(select(RequestRating))).all()
    assert (row.rating, row.comment) == (rating, "谢谢")
    page = await browser.get(answers[0].location)
    assert ("重新办理" if unhappy else "记下了，谢谢您") in page.text
    if not unhappy:
        assert "checked" in page.text  # a second thought is possible


async def test_a_rating_needs_one_of_the_four(town: Town) -> None:
    number = await done(town)
    for rating in ("", "excellent"):
        page = await press(await town.as_resident(), f"/h5/mine/{number}", "rate", rating=rating)
        assert "请先选一个" in page.text
    assert (await request_of(town, number)).state is RequestState.DONE


async def test_after_a_week_only_reopening_is_offered_and_later_nothing(town: Town) -> None:
    number = await done(town)
    path = f"/h5/mine/{number}"
    town.clock.forward(timedelta(days=8))
    browser = await town.as_resident()
    assert forms_of(await browser.get(path)) == ["supplement", "photos", "reopen"]
    old = fields_of(await browser.get(path), "reopen")
    page = await press(browser, path, "reopen", words="又不亮了")
    assert "已经重新办理" in page.text
    await browser.post(f"{path}/reopen", old | {"words": "又不亮了，真的"})
    assert (await verbs_of(town, number)).count("reopened") == 1


async def test_a_rating_that_comes_too_late_is_said_kindly(town: Town) -> None:
    number = await done(town)
    browser, path = await town.as_resident(), f"/h5/mine/{number}"
    sent = fields_of(await browser.get(path), "rate") | {"rating": "satisfied"}
    town.clock.forward(timedelta(days=7))
    browser = await town.as_resident()
    sent["csrf"] = (await browser.get(path)).csrf
    page = await browser.get((await browser.post(f"{path}/rate", sent)).location)
    assert "过了时间" in page.text


async def test_adding_and_taking_back(town: Town) -> None:
    number = await matter(town)
    browser, path = await town.as_resident(), f"/h5/mine/{number}"
    page = await press(browser, path, "supplement", words="一共三盏")
    assert "已经转给办的人" in page.text
    async with town.site.database.read() as session:
        texts = {event.text: event.public for event in (await session.exec(select(RequestEvent))).all()}
    assert texts["一共三盏"] is False
    for _ in range(2):
        page = await browser.get(path)
        if "withdraw" in forms_of(page):
            page = await press(browser, path, "withdraw")
    assert "已经撤回" in page.text or "已撤回" in page.text
    assert forms_of(page) == []
    assert (await request_of(town, number)).state is RequestState.CANCELLED
    async with town.site.database.read() as session:
        assert (await session.exec(select(Opinion))).one().state is OpinionState.WITHDRAWN


async def test_a_session_that_only_reads_has_no_buttons(town: Town) -> None:
    number = await done(town, "o-snapshot")
    browser = await town.as_resident("snapshot")
    page = await browser.get(f"/h5/mine/{number}")
    assert "现在是快照页" in page.text
    assert forms_of(page) == []


async def test_one_number_in_two_compounds_is_two_matters(town: Town) -> None:
    number = await done(town)
    async with town.site.database.write() as session:
        there = (await session.exec(select(Compound).where(Compound.code == THERE))).one()
        own = (await session.exec(select(Opinion))).one()
        assert own.person_id is not None
        row = opinion(there.compound_id or 0, number, own.person_id, town.clock.now, "兰花里的门坏了")
        row.filed_at += timedelta(hours=1)
        session.add(row)
    browser = await town.as_resident()
    page = await browser.get("/h5/mine")
    for code, words in (("XH-1", "楼道灯坏了"), ("LH-2", "兰花里的门坏了")):
        assert f'href="/h5/mine/{number}?compound={code}"' in page.text
        assert words in (await browser.get(f"/h5/mine/{number}?compound={code}")).text
    page = await browser.get(f"/h5/mine/{number}?compound=XH-1")
    sent = fields_of(page, "rate") | {"rating": "satisfied"}
    answer = await browser.post(f"/h5/mine/{number}/rate?compound=XH-1", sent)
    assert answer.location == f"/h5/mine/{number}?compound=XH-1&told=rated"
    assert (await browser.get(f"/h5/mine/{number}?compound=nowhere")).status == 404

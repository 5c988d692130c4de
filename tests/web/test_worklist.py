"""待分类 on a page: what waits, sorting it in one step, and sorting it again."""

import re
from datetime import timedelta

import pytest
from sqlmodel import select

from handlers.learning.doubtful import IN_DOUBT
from storage.queries.opinions import next_number
from storage.queries.people import get_or_add_identities
from storage.states import GroupKind, InboxState, MatterState
from storage.tables import AuditEvent, ChatGroup, Correction, InboxMessage, Matter, Opinion
from tests.web.orders import text_of
from tests.web.town import HERE, Browser, Page, Town, here_id, opinion

PATH = f"/console/{HERE}/worklist"
ODD = "我是3栋501的张伟，三楼那家又开始弄那个东西了"
HEARD = "这个真的不行啊，张师傅电话13812345678"


async def doubt(town: Town, text: str = ODD, building: str = "3") -> int:
    """An opinion that the tagger could not name, with the matter that it founded."""
    compound_id, now = await here_id(town), town.clock.now
    async with town.site.database.write() as session:
        [identity] = (await get_or_add_identities(session, [("main", "o-resident")], now)).values()
        number = await next_number(session, compound_id, "opinion")
        row = opinion(compound_id, number, identity.person_id, now, text, building=building)
        row.matter_number = number
        session.add(row)
        session.add(
            Matter(
                compound_id=compound_id,
                number=number,
                urgency=1,
                building=building,
                opened_at=now,
                heard_at=now,
                state=MatterState.CANDIDATE,
                speakers=1,
            )
        )
    return number


async def hear(town: Town, text: str = HEARD, key: str = "m1") -> int:
    """Something in the residents' group that the tagger doubts; its inbox_id."""
    compound_id, now = await here_id(town), town.clock.now
    async with town.site.database.write() as session:
        if (await session.exec(select(ChatGroup))).first() is None:
            session.add(
                ChatGroup(
                    account="archive",
                    room="room-1",
                    name="3栋邻里群",
                    compound_id=compound_id,
                    place_code="3",
                    kind=GroupKind.CUSTOMER,
                    speaks_through="corp",
                    registered_at=now,
                )
            )
        [identity] = (await get_or_add_identities(session, [("archive", "wm-li")], now)).values()
        message = InboxMessage(
            account="archive",
            message_key=key,
            kind="text",
            sender="wm-li",
            sent_at=now,
            text=text,
            room="room-1",
            scene="",
            media_id="",
            received_at=now,
            lease_owner="",
            lease_until=now,
            state=InboxState.DONE,
            outcome=IN_DOUBT,
            person_id=identity.person_id,
        )
        session.add(message)
        await session.flush()
        assert message.inbox_id is not None
        return message.inbox_id


def forms(page: Page) -> list[dict[str, str]]:
    """The hidden fields of each form of the list, in the order of the page."""
    found = re.findall(rf'<form method="post" action="{PATH}"[^>]*>(.*?)</form>', page.text, re.DOTALL)
    return [dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form)) for form in found]


async def choose(browser: Browser, category: str, which: int = 0, path: str = PATH) -> Page:
    """Choose a category in a form of the list, press its button, and see where it leads."""
    sent = forms(await browser.get(path))[which] | {"category": category}
    answer = await browser.post(PATH, sent)
    assert answer.status == 303, answer.text
    return await browser.get(answer.location)


def leaf_of(town: Town) -> str:
    return next(iter(town.site.services.tagger.lexicon.leaves))


async def corrections(town: Town) -> list[Correction]:
    async with town.site.database.read() as session:
        return list((await session.exec(select(Correction).order_by(Correction.seq))).all())  # type: ignore[arg-type]


async def test_words_are_masked_and_say_what_the_tagger_thinks(town: Town) -> None:
    number = await doubt(town)
    await hear(town)
    page = await (await town.as_staff("secretary")).get(PATH)
    shown = text_of(page)
    assert f"{number}号 · 3栋" in shown
    assert "3栋邻里群里听到的，还没登记" in shown
    assert "那个东西" in shown
    assert "（助手猜的）" in shown
    assert '<option value="none">不是问题' in page.text
    for hidden in ("张伟", "501", "三楼", "13812345678"):
        assert hidden not in shown
    assert len(forms(page)) == 2
    assert "<script" not in page.text


async def test_sorting_takes_one_step_and_leaves_the_list(town: Town) -> None:
    number, leaf = await doubt(town), leaf_of(town)
    browser = await town.as_staff("secretary")
    assert "待分类 1" in text_of(await browser.get(f"/console/{HERE}"))  # the menu
    page = await choose(browser, leaf)
    assert "记下了" in text_of(page)
    assert "都分好了" in text_of(page)
    assert "待分类 1" not in text_of(await browser.get(f"/console/{HERE}"))
    async with town.site.database.read() as session:
        row = await session.get_one(Opinion, (await here_id(town), number))
        assert (row.categories[0]["id"], row.lexicon_version) == (leaf, "staff")
    [correction] = await corrections(town)
    assert (correction.after, correction.corrected_by) == ([leaf], town.people["secretary"])


async def test_two_clicks_sort_once_and_an_old_page_changes_nothing(town: Town) -> None:
    await doubt(town)
    browser, leaf = await town.as_staff("secretary"), leaf_of(town)
    old = forms(await browser.get(PATH))[0] | {"category": leaf}
    answers = [await browser.post(PATH, old) for _ in range(2)]
    assert {answer.location for answer in answers} == {f"{PATH}?view=&page=1&told=sorted"}
    await choose(await town.as_staff("committee"), "none", -1, f"{PATH}?view=sorted")
    await browser.post(PATH, old)  # goes back and presses it once more
    assert [one.after for one in await corrections(town)] == [[leaf], []]


async def test_what_was_sorted_can_be_sorted_again_and_taken_back(town: Town) -> None:
    await doubt(town)
    browser, leaf = await town.as_staff("secretary"), leaf_of(town)
    other = list(town.site.services.tagger.lexicon.leaves)[-1]
    await choose(browser, leaf)
    page = await browser.get(f"{PATH}?view=sorted")
    assert "姓secretary分的" in text_of(page)
    assert "助手原来没听明白" in text_of(page)
    page = await choose(browser, other, -1, f"{PATH}?view=sorted")
    assert town.site.services.tagger.lexicon.name(other) in text_of(page)
    assert len(re.findall(r'<section class="card">', page.text)) == 1  # the last word about each
    back = forms(page)[0]
    assert back["category"] == leaf
    await browser.get((await browser.post(PATH, back)).location)
    assert [one.after for one in await corrections(town)] == [[leaf], [other], [leaf]]


async def test_small_talk_leaves_the_list_and_is_no_matter(town: Town) -> None:
    inbox_id = await hear(town)
    page = await choose(await town.as_staff("community_worker"), "none")
    assert "都分好了" in text_of(page)
    async with town.site.database.read() as session:
        assert (await session.get_one(InboxMessage, inbox_id)).outcome == "group.passed"
        assert (await session.exec(select(Opinion))).all() == []
        verbs = (await session.exec(select(AuditEvent.verb))).all()
    assert "message.passed" in verbs


async def test_what_was_overheard_is_filed_once_it_is_sorted(town: Town) -> None:
    inbox_id, leaf = await hear(town), leaf_of(town)
    browser = await town.as_staff("secretary")
    old = forms(await browser.get(PATH))[0] | {"category": leaf}
    for _ in range(2):
        answer = await browser.post(PATH, old)
    page = await browser.get(answer.location)
    assert "记下了" in text_of(page)
    async with town.site.database.read() as session:
        row = (await session.exec(select(Opinion))).one()
        matter = (await session.exec(select(Matter))).one()
        assert (await session.get_one(InboxMessage, inbox_id)).outcome == "group.filed"
    assert (row.inbox_id, row.categories[0]["id"], row.building, row.text) == (inbox_id, leaf, "3", HEARD)
    assert (matter.leaf, matter.state) == (leaf, MatterState.CANDIDATE)  # nobody has confirmed it
    assert [one.after for one in await corrections(town)] == [[leaf]]
    # Somebody else had the page open: they are told, and nothing is filed twice.
    late = await town.as_staff("committee")
    sent = old | {"csrf": (await late.get(PATH)).csrf}
    assert "已经有人分好了" in text_of(await late.get((await late.post(PATH, sent)).location))


async def test_a_steward_sorts_their_building_and_nothing_overheard(town: Town) -> None:
    mine, theirs, heard = await doubt(town), await doubt(town, building="13"), await hear(town)
    browser = await town.as_staff("building_steward")
    page = await browser.get(PATH)
    assert [form.get("number") for form in forms(page)] == [str(mine)]
    for field, value in (("number", theirs), ("heard", heard)):
        sent = {"csrf": page.csrf, "key": "k" * 16, "category": leaf_of(town), field: str(value)}
        assert (await browser.post(PATH, sent)).location.endswith("told=sort_gone")
    assert await corrections(town) == []


@pytest.mark.parametrize("category", ["", "galaxy", "*", "<b>"])
async def test_a_category_that_there_is_not_is_asked_again(town: Town, category: str) -> None:
    await doubt(town)
    page = await choose(await town.as_staff("secretary"), category)
    assert "请先选一个类别" in text_of(page)
    assert await corrections(town) == []


async def test_a_long_list_has_pages_and_stays_on_its_page(town: Town) -> None:
    for place in range(12):
        await doubt(town, f"那个东西又来了，第{place}回")
        town.clock.forward(timedelta(seconds=1))
    for place in range(3):
        await hear(town, f"这个不行，第{place}回", f"m{place}")
        town.clock.forward(timedelta(seconds=1))
    browser = await town.as_staff("secretary")
    first, second = await browser.get(PATH), await browser.get(f"{PATH}?page=2")
    assert (len(forms(first)), len(forms(second))) == (10, 5)
    assert "第 2 页，共 2 页" in text_of(second)
    seen = [form.get("number") or form["heard"] for form in (*forms(first), *forms(second))]
    assert len(set(seen)) == 15
    page = await choose(browser, "none", 0, f"{PATH}?page=2")
    assert "第 2 页，共 2 页" in text_of(page)


async def test_an_empty_list_is_said_kindly(town: Town) -> None:
    browser = await town.as_staff("grid_worker")
    assert "都分好了" in text_of(await browser.get(PATH))
    assert "最近 30 天还没有人分过类" in text_of(await browser.get(f"{PATH}?view=sorted&page=zz"))

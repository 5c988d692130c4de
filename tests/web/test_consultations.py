"""A month on pages and by the clock: agenda, notice, sign-up, record, minutes, and what the next month begins with."""

import re
from datetime import timedelta

from sqlmodel import select

from handlers.consultations.clock import advance_consultations
from storage.queries.people import get_or_add_identities, put_residency
from storage.states import ItemState, MeetingForm
from storage.tables import Consultation, ConsultationItem, Topic
from tests.web.orders import matter, request_of
from tests.web.town import HERE, Browser, Page, Town, here_id

ROOT = f"/console/{HERE}/consultations"
MARCH = f"{ROOT}/2026-03"
PUBLIC = f"/h5/consultations/{HERE}/2026-03"


async def move_in(town: Town, openid: str = "o-resident") -> None:
    async with town.site.database.write() as session:
        people = await get_or_add_identities(session, [("main", openid)], town.clock.now)
        person_id = people["main", openid].person_id
        await put_residency(session, await here_id(town), person_id, "3", town.clock.now)


async def announced(town: Town) -> None:
    """A meeting that people were told of."""
    async with town.site.database.write() as session:
        row = Consultation(
            compound_id=await here_id(town),
            month="2026-03",
            meets_at=town.clock.now + timedelta(days=5),
            form=MeetingForm.BENCH,
            opened_at=town.clock.now,
            agreed_at=town.clock.now,
            noticed_at=town.clock.now,
        )
        session.add(row)


async def tick(town: Town, **later: float) -> int:
    town.clock.forward(timedelta(**later))
    return await advance_consultations(town.site.database, town.site.services, town.clock.now)


async def items(town: Town, month: str = "2026-03") -> list[ConsultationItem]:
    async with town.site.database.read() as session:
        statement = select(ConsultationItem).where(ConsultationItem.month == month)
        return sorted(await session.exec(statement), key=lambda item: item.position)


class Desk:
    """Somebody at the pages, who signs in again each day."""

    answer: Page  # of the form that was sent last

    def __init__(self, town: Town, who: str = "", openid: str | None = None) -> None:
        self.town, self.who, self.openid = town, who, openid

    async def enter(self) -> Browser:
        if self.who:
            return await self.town.as_staff(self.who)
        return await self.town.as_resident(openid=self.openid)

    async def get(self, path: str) -> Page:
        return await (await self.enter()).get(path)

    async def press(self, do: str, at: str = MARCH, to: str = "", **fields: str) -> str:
        """Send a form of the page twice, as a double click does; returns what was told."""
        browser = await self.enter()
        page = await browser.get(at)
        key = re.search(r'name="key" value="([^"]+)"', page.text)
        assert key is not None, page.text
        form = {"csrf": page.csrf, "key": key[1], "do": do, **fields}
        answers = [await browser.post(to or at, form) for _ in range(2)]
        told = [self.told(answer) for answer in answers]
        assert told[0] == told[1]
        self.answer = answers[1]
        return told[0]

    def told(self, answer: Page) -> str:
        """What came of a form: where it leads says so; what is refused is said on the page that comes back."""
        if answer.status != 200:
            return answer.location.partition("told=")[2]
        said = re.search(r'role="alert">([^<]+)<', answer.text)
        assert said is not None, answer.text
        words = self.town.site.templates.words("refused_to_staff")
        return next((code for code, text in words.items() if text == said[1]), said[1])

    async def item(self, which: int, do: str, **fields: str) -> str:
        return await self.press(do, to=f"{MARCH}/items/{which}", **fields)


async def test_a_month_from_the_agenda_to_what_the_next_begins_with(town: Town) -> None:
    await move_in(town)
    lamp = await matter(town, "o-a", "o-b", "o-c")
    gas = await matter(town, "o-d", urgency=3, is_confirmed=False)
    desk = Desk(town, "secretary")
    resident = Desk(town)

    # The agenda is proposed: safety first, each with what speaks for it.
    assert await tick(town) > 0
    assert await tick(town) == 0
    assert [(item.matter_number, item.state) for item in await items(town)] == [
        (gas, ItemState.ON),
        (lamp, ItemState.ON),
    ]
    shown = await desk.get(MARCH)
    assert "关系安全" in shown.text
    assert "3 位居民提到" in shown.text
    assert (await resident.get(PUBLIC)).status == 404  # nobody was told yet

    # A resident proposes, and the agenda waits for an answer.
    assert (
        await resident.press("", "/h5/consultations", f"/h5/consultations/{HERE}", said="广场舞小点声")
        == "proposed"
    )
    [*_two, dance] = await items(town)
    assert await desk.press("settle") == "consultation.waiting"
    assert await desk.item(dance.item_number, "edit", title="广场舞几点停") == "consultation_item"
    assert await desk.item(dance.item_number, "lift") == "consultation_item"
    assert [item.position for item in await items(town)] == [1, 2, 3]
    assert [item.title for item in await items(town)][1] == "广场舞几点停"
    assert await desk.press("add", title="车棚") == "consultation_add"
    shed = (await items(town))[-1]
    assert await desk.item(shed.item_number, "drop") == "consultation.no_words"
    assert await desk.item(shed.item_number, "drop", reason="等报价") == "consultation_item"
    assert await desk.press("settle") == "consultation_settle"

    # Notice five days before, sign-up, a place that is moved.
    await tick(town, days=4)
    invited = await resident.get(PUBLIC)
    assert "广场舞几点停" in invited.text
    assert "车棚" not in invited.text
    assert await resident.press("come", PUBLIC, named="yes", name="王秀英") == "joined"
    moved = {"date": "2026-03-20", "time": "19:30", "form": "courtyard", "place": "3栋楼下", "seats": "1"}
    assert await desk.press("move", **moved) == "consultation_move"
    await move_in(town, "o-second")
    await tick(town)
    second = Desk(town, openid="o-second")
    assert "名额满了" in await second.press("come", PUBLIC)
    assert await desk.press("record", attended="3", summary="早了") == "consultation.too_early"

    # After the meeting every item gets an outcome before the minutes are out.
    await tick(town, days=5)
    assert 'value="come"' not in (await second.get(PUBLIC)).text
    page = await desk.get(MARCH)
    seat = re.search(r'name="(p\d+)"', page.text)
    assert seat is not None
    came = {seat[1]: "yes", "attended": "12", "present": "李书记 小区书记", "summary": "都说了话。"}
    assert await desk.press("record", **came) == "consultation_record"
    assert await desk.press("publish") == "consultation.no_outcome"
    first, *_rest = await items(town)
    assert (
        await desk.item(first.item_number, "decide", outcome="order", number=str(gas)) == "consultation_item"
    )
    assert (await request_of(town, gas)).state == "raised"
    assert (
        await desk.item(dance.item_number, "decide", outcome="mediation", holder="社区王主任")
        == "consultation.no_date"
    )
    done = {"outcome": "mediation", "holder": "社区王主任", "until": "2026-04-10", "words": "先谈时间"}
    assert await desk.item(dance.item_number, "decide", **done) == "consultation_item"
    lamp_item = next(item for item in await items(town) if item.matter_number == lamp)
    for words in ("大家想装声控的", "装声控的"):
        began = await desk.item(lamp_item.item_number, "decide", outcome="topic", words=words)
        assert began == "consultation_item"
    async with town.site.database.read() as session:
        [topic] = await session.exec(select(Topic))
    assert (topic.title, topic.body) == (lamp_item.title, "大家想装声控的")
    assert topic.template == "plain"
    assert f"/topics/{topic.topic_number}" in (await desk.get(MARCH)).text
    assert (
        await desk.item(lamp_item.item_number, "decide", outcome="answered", words="灯已经换了")
        == "consultation_item"
    )
    assert await desk.press("publish") == "consultation_publish"
    assert 'value="decide"' not in (await desk.get(MARCH)).text  # final

    # Minutes: a paper with the names of those who agreed, a page without any.
    browser = await desk.enter()
    cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}
    async with town.http.get(f"{town.base}{MARCH}/minutes", headers=cookies) as paper:
        assert (await paper.read()).startswith(b"%PDF")
    public = await resident.get(PUBLIC)
    assert "社区王主任来调解，4月10日前有结果" in public.text
    assert "来了 12 人" in public.text
    for name in ("王秀英", "李书记"):
        assert name not in public.text

    # The next month begins with what was promised.
    await tick(town, days=21)
    april = await items(town, "2026-04")
    assert [(item.title, item.from_item) for item in april][:2] == [
        (first.title, first.item_number),
        ("广场舞几点停", dance.item_number),
    ]
    assert all(item.why.startswith("上次说的：") for item in april[:2])
    assert (await desk.get(f"{ROOT}/2026-04")).status == 200


async def test_what_nobody_settles_waits_for_the_next_month(town: Town) -> None:
    desk = Desk(town, "committee")
    plan = {
        "meets_by": "weekday",
        "day": "20",
        "nth": "3",
        "weekday": "6",
        "time": "09:30",
        "form": "sunshine",
    }
    assert await desk.press("plan", ROOT, enabled="yes", **plan) == "consultation_plan"
    assert await desk.press("plan", ROOT, enabled="yes", **{**plan, "weekday": "9"}) == "consultation.odd"
    await tick(town)
    assert await desk.press("add", title="车棚") == "consultation_add"
    await tick(town, days=9, hours=-2)
    async with town.site.database.read() as session:
        row = await session.get_one(Consultation, (await here_id(town), "2026-03"))
    assert row.ended_at is not None
    assert row.noticed_at is None
    assert "没有按时定下来" in (await desk.get(MARCH)).text
    await tick(town, days=20)
    assert [item.title for item in await items(town, "2026-04")] == ["车棚"]
    assert await desk.press("cancel", f"{ROOT}/2026-04", why="下大雨") == "consultation_cancel"
    async with town.site.database.read() as session:
        [waiting] = await session.exec(select(ConsultationItem))
    assert (waiting.title, waiting.month) == ("车棚", None)


async def test_a_form_that_is_refused_comes_back_as_it_was_typed(town: Town) -> None:
    await move_in(town)
    desk, resident = Desk(town, "secretary"), Desk(town)
    long = "灯" * 600
    said = await resident.press("", "/h5/consultations", f"/h5/consultations/{HERE}", said=long)
    assert "写得太长了" in said
    assert long in resident.answer.text
    started = {"date": "2026-03-01", "time": "18:45"}
    assert await desk.press("start", ROOT, **started) == "consultation.bad_time"
    for value in started.values():
        assert f'value="{value}"' in desk.answer.text
    plan = {"meets_by": "date", "day": "7", "nth": "2", "weekday": "9", "time": "09:10", "form": "bench"}
    assert await desk.press("plan", ROOT, place="老槐树下", seats="abc", **plan) == "consultation.odd"
    for part in ('value="老槐树下"', 'value="abc"', "<option selected>7", 'value="09:10"'):
        assert part in desk.answer.text, part

    await matter(town, "o-a", "o-b", "o-c")
    await tick(town)
    [item] = await items(town)
    await desk.item(item.item_number, "edit", title="换灯", body="")
    moved = {"date": "2026-03-20", "time": "", "form": "courtyard", "place": "凉亭", "seats": "7"}
    assert await desk.press("move", **moved) == "consultation.bad_time"
    assert 'value="凉亭"' in desk.answer.text
    assert await desk.press("add", title="", body="车棚漏雨", number="") == "consultation.no_words"
    assert "车棚漏雨" in desk.answer.text
    assert await desk.press("settle") == "consultation_settle"
    await tick(town, days=30)
    [row] = await items(town, "2026-03")
    assert await desk.press("record", attended="x", present="王工", summary="说了灯") == "consultation.odd"
    for part in ('value="x"', "王工</textarea>", "说了灯</textarea>"):
        assert part in desk.answer.text, part
    half = {"outcome": "mediation", "holder": "老周", "words": "再谈一次"}
    assert await desk.item(row.item_number, "decide", **half) == "consultation.no_date"
    for part in ('value="mediation" checked', 'value="老周"', "再谈一次</textarea>"):
        assert part in desk.answer.text, part
    assert (await items(town))[0].outcome is None


async def test_the_secretary_chooses_what_kind_of_topic_an_item_becomes(town: Town) -> None:
    lift = await matter(town, "o-a", "o-b", "o-c", leaf="dianti.jiazhuang")
    await tick(town)
    desk = Desk(town, "secretary")
    proposal = (await desk.get(f"/console/{HERE}/topics?matter={lift}")).text
    assert re.findall(r'value="(\w+)" checked', proposal) == ["lift"]
    await desk.press("settle")
    [item] = await items(town)
    await tick(town, days=30)
    assert '<option value="lift" selected>' in (await desk.get(MARCH)).text
    odd = await desk.item(item.item_number, "decide", outcome="topic", template="none")
    assert odd == "consultation.odd"
    chosen = {"outcome": "topic", "template": "fund", "words": "先修"}
    assert await desk.item(item.item_number, "decide", **chosen) == "consultation_item"
    async with town.site.database.read() as session:
        [topic] = await session.exec(select(Topic))
    assert (topic.template, topic.items, topic.matter_number) == ("fund", [5], lift)
    assert 'name="template"' not in (await desk.get(MARCH)).text  # it has its topic


async def test_doors(town: Town) -> None:
    await tick(town)
    supervisor = await town.as_staff("supervisor")
    page = await supervisor.get(MARCH)
    assert page.status == 200
    assert 'value="settle"' not in page.text
    assert (await (await town.as_staff("property")).get(ROOT)).status == 403
    assert (await (await town.as_staff("neighbour_secretary")).get(MARCH)).status == 404
    assert (await (await town.as_staff("secretary")).get(f"{ROOT}/2026-13")).status == 404
    stranger = await town.as_resident(openid="o-stranger")
    assert (await stranger.get(PUBLIC)).status == 404

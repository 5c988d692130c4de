"""The pages in a real browser, on a phone and on a desk, without scripts."""

import asyncio
from datetime import timedelta

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import FilePayload, expect
from playwright.async_api import Page as Tab

from handlers.people.passwords import hash_password
from handlers.people.sign_in import make_link
from handlers.requests.commands import Accept, Actor, Dispatch, Finish, Note, Party, Reply, Supplement
from storage.states import Role
from tests.bot.shots import shot as shot_of
from tests.web.chromium import (  # noqa: F401  fixtures
    database_url,
    fits,
    public_url,
    pytestmark,
    running_chromium,
    shot,
    sign_in,
    tab_of_each_width,
)
from tests.web.orders import act, matter
from tests.web.test_pages import HOSTILE, person_of, unsent
from tests.web.test_worklist import doubt, hear
from tests.web.town import PASSWORD, WEEK, Town, digest, episode, here_id, opinion, staff_account, week_row


@pytest.fixture
async def lively(town: Town) -> Town:
    """A compound with something on every page, hostile words among it."""
    await town.as_resident()
    compound_id, person_id = await here_id(town), await person_of(town)
    leaves = list(town.site.services.tagger.lexicon.leaves)
    long_words = "楼道灯又不亮了，" * 12 + "A" * 60
    password_hash = await asyncio.to_thread(hash_password, PASSWORD)
    seen = episode(compound_id, 1, town.clock.now - timedelta(hours=3), f"{leaves[0]}@3", 1001)
    seen.acknowledged_at, seen.acknowledged_by = town.clock.now, town.people["duty"]
    async with town.site.database.write() as session:
        session.add(staff_account(town.people["secretary"], "chen", password_hash, town.clock.now))
        session.add_all(
            [
                opinion(
                    compound_id,
                    1001 + number,
                    person_id,
                    town.clock.now - timedelta(hours=number),
                    HOSTILE if number == 3 else long_words,
                    (leaves[number * 7 % len(leaves)],),
                    urgency=3 if number == 0 else 1,
                )
                for number in range(12)
            ]
        )
        changes = digest()
        quotes = [{"text": HOSTILE, "label": "公共照明"}, {"text": long_words, "label": "电梯故障"}]
        changes.update(quotes=quotes)
        session.add_all(
            [
                seen,
                episode(compound_id, 2, town.clock.now, f"{leaves[1]}@3", 1002),
                week_row(compound_id, town.clock.now, **changes),
                unsent(town, 1),
                unsent(town, 2, reason="45047 " + "x" * 100),
            ]
        )
    return town


async def test_a_secretary_signs_in_looks_around_and_leaves(lively: Town, tab: Tab) -> None:
    await tab.goto("/console/XH-1/alerts")
    await fits(tab)
    await shot(tab, "sign-in")
    await tab.get_by_label("账号").fill("chen")
    await tab.get_by_label("密码").fill("wrong password")
    await tab.get_by_role("button", name="登录").click()
    await expect(tab.get_by_role("alert")).to_contain_text("没有登录成功")
    await shot(tab, "sign-in-refused")
    await tab.get_by_label("密码").fill(PASSWORD)
    await tab.get_by_role("button", name="登录").click()

    await expect(tab).to_have_url(f"{lively.base}/console/XH-1/alerts")
    await fits(tab)
    await shot(tab, "alerts")
    await tab.get_by_role("button", name="我去处理").click()
    await expect(tab.get_by_text("已确认")).to_have_count(2)

    await tab.get_by_role("link", name="本周").click()
    await expect(tab.locator(".numbers dd").nth(3)).to_contain_text("12")
    await fits(tab)
    await shot(tab, "compound")
    await tab.get_by_role("link", name="那一周").click()
    await expect(tab.locator("blockquote").first).to_contain_text("<script>alert(1)</script>")
    full, half = tab.locator(".bar.w20").first, tab.locator(".bar.last.w8").first
    boxes = await full.bounding_box(), await half.bounding_box()
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert 0.35 < boxes[1]["width"] / boxes[0]["width"] < 0.45
    await fits(tab)
    await shot(tab, "digest")

    await tab.goto("/console")
    await fits(tab)
    await shot(tab, "compounds")
    await tab.get_by_role("button", name="退出", exact=True).click()
    await expect(tab).to_have_url(f"{lively.base}/console/sign-in")
    await tab.goto(f"/console/XH-1/digest/{WEEK}")
    await expect(tab.get_by_role("heading")).to_have_text("工作人员登录")


async def test_a_one_time_link_is_a_page_with_a_button(lively: Town, tab: Tab) -> None:
    async with lively.site.database.write() as session:
        token = await make_link(session, lively.sealer, lively.people["secretary"], lively.clock.now)
    await tab.goto(f"/console/link/{token}")
    await fits(tab)
    await shot(tab, "link")
    await tab.get_by_role("button", name="登录").click()
    await expect(tab.get_by_role("heading", name="新禾苑")).to_be_visible()
    await tab.goto(f"/console/link/{token}")
    await expect(tab.get_by_role("heading")).to_have_text("链接不能用了")
    await shot(tab, "link-used")


async def test_an_operator_sees_what_was_not_sent(lively: Town, tab: Tab) -> None:
    browser = await lively.as_staff("operator")
    await sign_in(tab, lively, browser.cookies)
    await tab.goto("/console")
    await tab.get_by_role("link", name="没发出去的消息").click()
    await expect(tab.locator(".card")).to_have_count(2)
    await fits(tab)
    await shot(tab, "outbox")


async def test_a_resident_sees_what_they_raised(lively: Town, tab: Tab) -> None:
    browser = await lively.as_resident()
    await sign_in(tab, lively, browser.cookies)
    await tab.goto("/h5")
    await expect(tab.locator(".card")).to_have_count(12)
    await expect(tab.locator(".said").nth(3)).to_contain_text("<script>alert(1)</script>")
    await fits(tab)
    await shot(tab, "h5")
    await tab.get_by_role("link", name="您的资料怎么保管").click()
    await fits(tab)
    await shot(tab, "privacy")
    await tab.goto("/h5/none")
    await expect(tab.get_by_role("heading")).to_have_text("没有这个页面")
    await fits(tab)
    await shot(tab, "not-found")


@pytest.fixture
async def busy(town: Town) -> dict[str, int]:
    """A board with something at each stage, long words and hostile ones among it."""
    await town.as_resident()
    leaves = list(town.site.services.tagger.lexicon.leaves)
    mine = Actor(town.people["property"], frozenset({Role.PROPERTY}))
    to_property = Dispatch(Party(Role.PROPERTY))
    found = {"late": await matter(town, *(f"o-{n}" for n in range(12)), leaf=leaves[40], urgency=2)}
    town.clock.forward(timedelta(days=5))
    found["heard"] = await matter(town, "o-20", leaf=leaves[7], building="13", is_confirmed=False)
    found["danger"] = await matter(town, "o-21", leaf=leaves[25], urgency=3, text=HOSTILE)
    found["done"] = await matter(town, leaf=leaves[60], text="楼道灯又不亮了，" * 12 + "A" * 60)
    await act(town, found["done"], to_property, Accept(mine), who="property")
    await act(town, found["done"], Reply("师傅明天上午来换灯，请留意。"), who="property")
    await act(town, found["done"], Note("配件明早到"), who="grid_worker")
    found["given"] = await matter(town, "o-22", leaf=leaves[90], building="13")
    await act(town, found["given"], to_property)
    found["in_hand"] = await matter(
        town, "o-23", "o-24", leaf=leaves[50], text="三栋门口的路灯不亮，晚上看不见"
    )
    await act(town, found["in_hand"], to_property, Accept(mine), Note("配件明早到"), who="property")
    await act(town, found["in_hand"], Reply("师傅明天上午来换灯"), Supplement("一共坏了三盏"), who="property")
    await act(town, found["done"], Finish(mine, "灯换好了，一共三盏。"), who="property")
    for number in range(20):
        await matter(town, f"o-many-{number}", leaf=leaves[number * 5])
    return found


async def test_a_secretary_works_through_the_board(busy: dict[str, int], town: Town, tab: Tab) -> None:
    browser = await town.as_staff("secretary")
    await sign_in(tab, town, browser.cookies)
    await tab.goto("/console/XH-1")
    await shot(tab, "compound-with-board")
    await tab.get_by_role("link", name="办理", exact=True).click()
    await expect(tab.locator(".board li").first).to_have_class("late")
    await fits(tab)
    await shot(tab, "board")
    await tab.locator(".chips").get_by_role("link", name="待核实").click()
    await tab.locator(".board a").first.click()
    await fits(tab)
    await shot(tab, "request-heard")
    await tab.get_by_role("button", name="确认要办").click()
    await expect(tab.get_by_role("status")).to_contain_text("已经确认")
    await fits(tab)
    await shot(tab, "request-confirmed")
    await tab.get_by_label("派给").first.select_option("property")
    await tab.get_by_role("button", name="派单").dblclick()
    await expect(tab.get_by_role("status")).to_contain_text("派好了")
    await expect(tab.locator(".line b", has_text="派单")).to_have_count(1)
    await tab.goto(f"/console/XH-1/requests/{busy['late']}")
    await tab.get_by_text("写备注").click()
    await tab.get_by_label("备注").fill("已经打过电话")
    await shot(tab, "request-late")
    await tab.get_by_role("button", name="记下备注").click()
    await expect(tab.locator(".line .inside")).to_have_text("内部")
    await tab.goto(f"/console/XH-1/requests/{busy['done']}")
    await fits(tab)
    await shot(tab, "request-done")
    await tab.goto(f"/console/XH-1/requests/{busy['danger']}")
    await expect(tab.locator(".said").first).to_contain_text("<script>alert(1)</script>")
    await tab.goto("/console/XH-1/rules")
    await tab.get_by_role("button", name="记下").click()
    await expect(tab.get_by_role("status")).to_contain_text("规矩记下了")
    await fits(tab)
    await shot(tab, "rules")


async def test_a_secretary_sorts_what_was_in_doubt(town: Town, tab: Tab) -> None:
    for words in ("三楼那家又开始弄那个东西了，" * 6, HOSTILE):
        await doubt(town, words)
    await hear(town)
    browser = await town.as_staff("secretary")
    await sign_in(tab, town, browser.cookies)
    await tab.goto("/console/XH-1")
    await tab.locator(".tabs").get_by_role("link", name="待分类").click()
    await expect(tab.locator("form.sort")).to_have_count(3)
    await fits(tab)
    await shot(tab, "worklist")
    await tab.get_by_label("这是哪一类").first.select_option(index=1)
    await tab.get_by_role("button", name="记下").first.dblclick()
    await expect(tab.get_by_role("status")).to_contain_text("记下了")
    await expect(tab.locator("form.sort")).to_have_count(2)
    await tab.get_by_label("这是哪一类").first.select_option("none")
    await tab.get_by_role("button", name="记下").first.click()
    await tab.get_by_label("这是哪一类").first.select_option("none")
    await tab.get_by_role("button", name="记下").first.click()
    await expect(tab.get_by_text("都分好了")).to_be_visible()
    await fits(tab)
    await shot(tab, "worklist-empty")
    await tab.locator(".chips").get_by_role("link", name="分好的").click()
    await tab.get_by_text("改过来").first.click()
    await fits(tab)
    await shot(tab, "worklist-sorted")


async def test_a_resident_confirms_what_was_overheard(town: Town, tab: Tab) -> None:
    await town.as_resident()
    number = await matter(town, is_confirmed=False)
    browser = await town.as_resident()
    await sign_in(tab, town, browser.cookies)
    await tab.goto(f"/h5/mine/{number}")
    await expect(tab.get_by_role("button", name="随口说的，不用办")).to_be_visible()
    await fits(tab)
    await shot(tab, "own-heard")
    await tab.get_by_role("button", name="确认").dblclick()
    await expect(tab.get_by_role("status")).to_contain_text("已经转去办理")
    await fits(tab)
    await shot(tab, "own-confirmed")


async def test_the_company_takes_and_finishes(busy: dict[str, int], town: Town, tab: Tab) -> None:
    browser = await town.as_staff("property")
    await sign_in(tab, town, browser.cookies)
    await tab.goto(f"/console/XH-1/requests/{busy['given']}")
    await fits(tab)
    await shot(tab, "request-given")
    await tab.get_by_role("button", name="我来办").click()
    await expect(tab.get_by_role("status")).to_contain_text("您接下了")
    await tab.get_by_label("怎么办的").fill("道闸修好了")
    await tab.get_by_role("button", name="办结").click()
    await expect(tab.get_by_role("status")).to_contain_text("办结了")
    await tab.goto(f"/console/XH-1/requests/{busy['in_hand']}")
    await tab.get_by_text("不归我们管").click()
    await fits(tab)
    await shot(tab, "request-in-hand")


async def test_a_resident_rates(busy: dict[str, int], town: Town, tab: Tab) -> None:
    browser = await town.as_resident()
    await sign_in(tab, town, browser.cookies)
    await tab.goto("/h5/mine")
    await shot(tab, "own-list")
    await tab.get_by_role("link", name=f"{busy['done']}号").click()
    await fits(tab)
    await shot(tab, "own-done")
    await tab.get_by_label("基本满意").check()
    await tab.get_by_label("还想说一句").fill("谢谢师傅")
    await tab.get_by_role("button", name="提交评价").click()
    await expect(tab.get_by_role("status")).to_contain_text("谢谢您")
    await expect(tab.get_by_label("基本满意")).to_be_checked()
    await tab.get_by_text("还没好，请重新办").click()
    await fits(tab)
    await shot(tab, "own-rated")


async def loaded(tab: Tab) -> None:
    """All pictures of the page are there; each has to be on the screen once."""
    for picture in await tab.locator(".album img").all():
        await picture.scroll_into_view_if_needed()
        await expect(picture).to_have_js_property("naturalWidth", 800)


async def test_photos_are_added_and_seen_without_a_script(busy: dict[str, int], town: Town, tab: Tab) -> None:
    number = busy["done"]
    resident = await town.as_resident()
    await sign_in(tab, town, resident.cookies)
    await tab.goto(f"/h5/mine/{number}")
    await tab.get_by_text("加照片").first.click()
    files: list[FilePayload] = [
        {
            "name": f"IMG_{n}.jpg",
            "mimeType": "image/jpeg",
            "buffer": shot_of(800, 600, colour=(20, 60 * n, 150)),
        }
        for n in (1, 2)
    ]
    await tab.get_by_label("照片 最多").set_input_files(files)
    await tab.locator("#photo-words").fill("左边这盏还是不亮")
    await fits(tab)
    await shot(tab, "own-photos-form")
    await tab.get_by_role("button", name="加照片").click()
    await expect(tab.get_by_role("status")).to_contain_text("照片加上了")
    pictures = tab.locator(".album img")
    await expect(pictures).to_have_count(2)
    await loaded(tab)
    await fits(tab)
    await shot(tab, "own-photos")
    await tab.get_by_text("加照片").first.click()
    page: FilePayload = {"name": "page.jpg", "mimeType": "image/jpeg", "buffer": b"<html>"}
    await tab.get_by_label("照片 最多").set_input_files([page])
    await tab.get_by_role("button", name="加照片").click()
    await expect(tab.get_by_role("alert")).to_contain_text("不是能用的照片")
    await shot(tab, "own-photos-refused")

    staff = await town.as_staff("property")
    await sign_in(tab, town, staff.cookies)
    await tab.goto(f"/console/XH-1/requests/{number}")
    await expect(tab.locator(".line .album img")).to_have_count(2)
    await tab.get_by_text("加照片").first.click()
    await tab.get_by_label("反映过的居民").check()
    await tab.get_by_label("照片 最多").set_input_files(files[:1])
    await fits(tab)
    await shot(tab, "request-photos-form")
    await tab.get_by_role("button", name="加照片").click()
    await expect(tab.get_by_role("status")).to_contain_text("照片加上了")
    await expect(tab.locator(".line .album img")).to_have_count(3)
    await loaded(tab)
    await fits(tab)
    await shot(tab, "request-photos")
    await tab.goto(f"/h5/mine/{number}")
    await expect(tab.locator("blockquote .album img")).to_have_count(1)
    await shot(tab, "own-photos-reply")


async def test_an_inline_script_would_not_run(lively: Town, chromium: Chromium) -> None:
    """The policy holds even where escaping would fail."""
    page = await chromium.new_page(base_url=lively.base)
    await page.goto("/console/sign-in")
    ran = await page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.pwned = 1";
            document.body.append(script);
            document.body.insertAdjacentHTML("beforeend", "<p id=p style='color: rgb(1, 2, 3)'>x</p>");
            return [window.pwned ?? null, getComputedStyle(document.getElementById("p")).color];
        }"""
    )
    assert ran[0] is None
    assert ran[1] != "rgb(1, 2, 3)"
    await page.close()

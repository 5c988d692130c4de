"""Surveys of households in a real browser: nothing is cut on a phone, and answering needs no script."""

from playwright.async_api import Page as Tab
from playwright.async_api import expect

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
from tests.web.test_surveys import FIRST, FORM, ONE, OWN, SURVEYS, flats, lives, press
from tests.web.town import HERE, Town

WORDS = "晚上灯太亮照进屋里，睡不好，" * 6 + "A" * 60


async def test_the_pages_of_a_survey_fit_and_a_household_answers(town: Town, tab: Tab) -> None:
    await flats(town, *(f"3-1-{floor}0{door}" for floor in range(1, 4) for door in (1, 2)), "13-1201")
    secretary = await town.as_staff("secretary")
    await press(secretary, SURVEYS, {**FORM, "question": "同意在主路装六盏太阳能路灯吗？" * 3})
    await sign_in(tab, town, secretary.cookies)
    for path, name in ((SURVEYS, "surveys"), (FIRST, "survey-draft")):
        await tab.goto(path)
        await fits(tab)
        await shot(tab, name)
    await press(secretary, FIRST, {"act": "set"})
    me = str(town.people["secretary"])
    await press(secretary, ONE, {"act": "name", "person": me, "p-3": "yes", "p-13": "yes"})
    doors = f"{FIRST}/doors?building=3"
    for unit, said in (("3-1-101", "absent"), ("3-1-102", "agree"), ("3-1-201", "refused")):
        on = town.clock.now.date().isoformat()
        await press(
            secretary, doors, {"building": "3", "unit": unit, "said": said, "channel": "door", "on": on}
        )
    for number, code in enumerate(("3-1-202", "3-1-301", "3-1-302", "13-1201")):
        resident = await lives(town, f"o-{number}", code)
        await press(
            resident, OWN, {"unit": code, "said": "against", "r-noise": "yes", "words": WORDS + str(number)}
        )
    reply = {"act": "reply", "reason": "noise", "summary": "怕灯太亮", "answer": "装灯罩，十点后调暗。" * 9}
    await press(secretary, FIRST, reply)

    resident = await lives(town, "o-zhao", "3-1-101")
    await sign_in(tab, town, resident.cookies)
    await tab.goto("/h5/surveys")
    await fits(tab)
    await shot(tab, "own-surveys")
    await tab.get_by_role("link", name="院里要不要加装路灯").click()
    await expect(tab.get_by_text("这是征求意见，不是表决")).to_be_visible()
    await fits(tab)
    await shot(tab, "own-survey-before")
    await tab.get_by_label("不同意", exact=True).check()
    await tab.get_by_label("施工太吵、太打扰").check()
    await tab.get_by_label("想说的话").fill(WORDS)
    await tab.get_by_role("button", name="答好了").click()
    await expect(tab.get_by_role("status")).to_contain_text("记下了")
    await expect(tab.get_by_label("不同意", exact=True)).to_be_checked()
    await fits(tab)
    await shot(tab, "own-survey")

    for path, name in (
        (ONE, "survey"),
        (FIRST, "survey-round"),
        (f"/console/{HERE}/doors", "survey-own-doors"),
        (f"{FIRST}/doors", "survey-doors"),
        (doors, "survey-doors-building"),
    ):
        await tab.goto(path)
        for summary in await tab.locator("summary").all():
            await summary.click()
        await fits(tab)
        await shot(tab, name)
    await press(secretary, FIRST, {"act": "close", "sure": "yes"})
    for path, name in ((FIRST, "survey-closed"), (doors, "survey-doors-closed")):
        await tab.goto(path)
        await fits(tab)
        await shot(tab, name)

"""The pages of a vote in a real browser, on a phone and on a desk."""

from playwright.async_api import Page as Tab
from playwright.async_api import expect

from tests.roll.sheets import roll
from tests.web.assemblies import drafted, enrolled
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
from tests.web.test_roll_pages import ROWS, send
from tests.web.test_vote_drafts import complete
from tests.web.test_vote_pages import at, cast
from tests.web.town import Town


async def seen(tab: Tab, path: str, name: str) -> None:
    answer = await tab.goto(path)
    assert answer is not None
    assert answer.ok, path
    await fits(tab)
    await shot(tab, name)


async def test_a_vote_from_its_draft_to_its_result(town: Town, tab: Tab) -> None:
    await enrolled(town)
    await drafted(town)
    secretary = await town.as_staff("secretary")
    base = "/console/XH-1/votes/1001"
    await sign_in(tab, town, secretary.cookies)
    for path, name in (
        ("/console/XH-1/votes", "votes"),
        ("/console/XH-1/votes/new", "vote-choose"),
        ("/console/XH-1/votes/new/spend_fund", "vote-fill"),
        (base, "vote-draft"),
        *(
            (f"{base}/edit/{part}", f"vote-edit-{part}")
            for part in ("question-1", "rules", "checked", "window")
        ),
        (f"{base}/attachments", "vote-attachments"),
        ("/console/XH-1/roll", "roll"),
    ):
        await seen(tab, path, name)
    sent = await send(secretary, roll([*ROWS, ("3栋1单元103", "赵六", "44010119900101123X", 80, "", "住宅")]))
    await seen(tab, sent.location, "roll-upload")
    await complete(secretary)
    await seen(tab, f"{base}/launch", "vote-launch")
    await tab.get_by_label("我都看过了").check()
    await tab.get_by_role("button", name="发公告").click()
    await expect(tab.get_by_role("status")).to_contain_text("公告已经发布")
    await fits(tab)
    await shot(tab, "vote-noticed")
    people = {"secretary": secretary}
    await at(town, "opens_at", people, hours=1)
    for room in range(101, 111):
        await cast(town, f"3-{1 if room < 107 else 2}-{room}", "agree")
    await sign_in(tab, town, secretary.cookies)
    await seen(tab, f"{base}/turnout", "vote-turnout")
    await at(town, "closes_at", people, hours=1)
    await sign_in(tab, town, secretary.cookies)
    await tab.goto(base)
    await tab.get_by_role("button", name="开始计票").click()
    await expect(
        tab.get_by_role("heading", name="通过").or_(tab.get_by_text("未形成有效决定")).first
    ).to_be_visible()
    await fits(tab)
    await shot(tab, "vote-result")
    for page in ("cases", "documents", "evidence"):
        await seen(tab, f"{base}/{page}", f"vote-{page}")

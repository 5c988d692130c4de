"""Pages of what is watched on the narrowest phone, 360 pixels, in a real browser: nothing sticks out."""

from datetime import timedelta

from playwright.async_api import Browser as Chromium

from handlers.local_time import local_date
from storage.tables import CampaignPlace, OversightSettings, PropertyContract
from tests.web.chromium import (  # noqa: F401  fixtures
    database_url,
    fits,
    open_tab,
    public_url,
    pytestmark,
    running_chromium,
    shot,
    sign_in,
)
from tests.web.test_campaigns import campaign_1001
from tests.web.town import HERE, Town, here_id

NARROW = 360


async def test_campaigns_and_companies_fit_the_narrowest_phone(town: Town, chromium: Chromium) -> None:
    compound_id, today = await here_id(town), local_date(town.clock.now)
    secretary = town.people["secretary"]
    async with town.site.database.write() as session:
        session.add(campaign_1001(town, compound_id, "占用消防通道和毁绿种菜整治"))
        session.add(OversightSettings(compound_id=compound_id, rate_cards=True))
        session.add(
            PropertyContract(
                compound_id=compound_id,
                since_on=today - timedelta(days=20),
                company="广州市安居乐业物业服务有限责任公司",
            )
        )
        await session.flush()
        session.add(
            CampaignPlace(
                compound_id=compound_id,
                number=1001,
                place_number=1,
                building="13",
                words="北门绿化带围起来种了一大片菜，还拉了铁丝网",
                added_by=secretary,
                added_at=town.clock.now,
            )
        )
    tab, complaints = await open_tab(chromium, town, NARROW, scripts=False)
    await sign_in(tab, town, (await town.as_staff("secretary")).cookies)
    for place in ("campaigns/1001", "campaigns", "property", "oversight"):
        await tab.goto(f"/console/{HERE}/{place}")
        await fits(tab)
        await shot(tab, f"narrow-{place.replace('/', '-')}")
    await tab.context.close()
    assert complaints == []

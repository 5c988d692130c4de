"""What belongs to a vote on pages of its own, in a real browser: papers, the canvass list, its officers, polls."""

import re

from playwright.async_api import Page as Tab

from handlers.voting.papers import print_papers
from storage.tables import VoteOfficer
from tests.web.assemblies import here
from tests.web.chromium import (  # noqa: F401  fixtures
    database_url,
    public_url,
    pytestmark,
    running_chromium,
    sign_in,
    tab_of_each_width,
)
from tests.web.test_vote_browser import seen
from tests.web.test_vote_pages import BASE, at, noticed  # noqa: F401  fixture
from tests.web.town import Town


async def test_the_pages_around_a_vote_fit(noticed: Town, tab: Tab) -> None:  # noqa: F811
    town, compound = noticed, await here(noticed)
    assert compound.compound_id is not None
    people = town.people
    async with town.site.database.write() as session:
        for who in ("secretary", "committee"):
            session.add(
                VoteOfficer(
                    compound_id=compound.compound_id,
                    vote_number=1001,
                    person_id=people[who],
                    named_by=people["secretary"],
                    named_at=town.clock.now,
                )
            )
        await print_papers(session, compound, 1001, town.clock.now, actor_id=people["secretary"])
    secretary = await town.as_staff("secretary")
    await at(town, "opens_at", {"secretary": secretary}, hours=1)
    await sign_in(tab, town, secretary.cookies)
    for path, name in (
        (BASE, "around-vote"),
        (f"{BASE}/canvass", "around-canvass"),
        (f"{BASE}/canvass?building=3", "around-canvass-building"),
        (f"{BASE}/officers", "around-officers"),
        (f"{BASE}/papers", "around-papers"),
        (f"{BASE}/papers/print", "around-papers-print"),
        (f"{BASE}/papers/reception", "around-papers-reception"),
        (f"{BASE}/papers/entry", "around-papers-entry"),
        ("/console/XH-1/polls", "around-polls"),
        ("/console/XH-1/owners", "around-owners"),
        ("/console/XH-1/roll", "around-roll"),
    ):
        await seen(tab, path, name)
        if name in ("around-papers-print", "around-roll"):
            text = await tab.content()
            assert re.findall(r">(13|3)栋", text)[:2] == ["3", "13"]

"""A property company's rate card on pages: off, switched on, counted from the records, with the company's own words."""

from datetime import timedelta

from sqlmodel import select

from handlers.local_time import local_date
from storage.states import RequestState, Role
from storage.tables import AuditEvent, Request
from tests.web.orders import matter
from tests.web.town import HERE, Town, here_id

PAGE = f"/console/{HERE}/property"
QUARTER = "2026Q1"


async def test_a_company_has_a_card_once_that_is_switched_on_and_may_speak_beside_it(town: Town) -> None:
    compound_id = await here_id(town)
    number = await matter(town)
    async with town.site.database.write() as session:
        request = await session.get_one(Request, (compound_id, number))
        request.role, request.state = Role.PROPERTY, RequestState.CLOSED
        request.accepted_in_time, request.done_in_time = True, False
    browser = await town.as_staff("secretary")
    page = await browser.get(PAGE)
    assert "没有打开物业信用评价" in page.text
    contract = {
        "csrf": page.csrf,
        "company": "安居物业",
        "since": f"{local_date(town.clock.now) - timedelta(days=9)}",
    }
    for name in ("安居物业公", "安居物业", "安居物业"):  # misspelt at first
        done = await browser.post(f"{PAGE}/contract", contract | {"company": name})
        assert done.location == f"{PAGE}?told=contract_set"
    early = await browser.post(f"{PAGE}/contract", {**contract, "company": "别家", "since": "2020-01-01"})
    assert early.location == f"{PAGE}?told=contract_odd"
    assert "按时接单 100%" not in (await browser.get(PAGE)).text
    for _ in range(2):
        await browser.post(f"{PAGE}/switch", {"csrf": page.csrf, "on": "yes"})
    company = await town.as_staff("property")
    words = {"csrf": (await company.get(PAGE)).csrf, "words": "电梯配件<b>晚到了"}
    said = await company.post(f"{PAGE}/{QUARTER}/statement", words)
    assert said.location == f"{PAGE}/{QUARTER}?told=statement_kept"
    shown = await browser.get(PAGE)
    assert "安居物业" in shown.text
    assert "按时接单 100%（1/1）" in shown.text
    assert "按时办结 0%（0/1）" in shown.text
    assert "件数太少，不评" in shown.text
    assert "物业企业的说明：电梯配件&lt;b&gt;晚到了" in shown.text
    async with town.site.database.read() as session:
        verbs = list(
            await session.exec(select(AuditEvent.verb).where(AuditEvent.subject == "oversight:rate_cards"))
        )
    assert verbs == ["oversight.switched"]
    assert (await (await town.as_staff("neighbour_secretary")).get(PAGE)).status == 404

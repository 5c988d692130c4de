"""A property company's rate card on pages: off, switched on, counted from the records, with the company's own words."""

import re
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import event
from sqlmodel import select

from handlers.local_time import local_date
from handlers.oversight.companies import load_rate_cards
from handlers.requests.commands import Accept, Actor, Dispatch, Finish, Party, Rate
from storage.states import Rating, RequestState, Role
from storage.tables import (
    AuditEvent,
    Compound,
    OversightSettings,
    PropertyContract,
    PropertyStatement,
    Request,
)
from tests.web.orders import act, matter, request_of
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


async def test_in_the_quarter_of_a_change_each_company_has_its_own_days_and_words(town: Town) -> None:
    compound_id, now = await here_id(town), town.clock.now
    today = local_date(now)
    async with town.site.database.write() as session:
        session.add(OversightSettings(compound_id=compound_id, rate_cards=True))
        change = today - timedelta(days=20)
        session.add(
            PropertyContract(
                compound_id=compound_id,
                since_on=today - timedelta(days=400),
                company="旧家物业",
                until_on=change - timedelta(days=1),
            )
        )
        session.add(PropertyContract(compound_id=compound_id, since_on=change, company="新家物业"))
    for days, accepted in ((30, False), (10, True)):
        number = await matter(town, f"o-{days}", at=now - timedelta(days=days))
        async with town.site.database.write() as session:
            request = await session.get_one(Request, (compound_id, number))
            request.role, request.state, request.round = Role.PROPERTY, RequestState.CLOSED, 2
            request.raised_at = now - timedelta(days=days)
            request.accepted_in_time, request.done_in_time = accepted, True
    company = await town.as_staff("property")
    form = {"csrf": (await company.get(PAGE)).csrf, "words": "刚接手，正在补"}
    await company.post(f"{PAGE}/{QUARTER}/statement", form)
    browser = await town.as_staff("secretary")
    for path in (PAGE, f"{PAGE}/{QUARTER}"):
        new, old = re.split("<h2>旧家物业</h2>", (await browser.get(path)).text)
        assert "新家物业" in new
        assert "按时接单 100%（1/1）" in new
        assert "重办 1 件" in new
        assert "刚接手，正在补" in new
        assert "只算 2月20日 到 3月31日" in new
        assert "按时接单 0%（0/1）" in old
        assert "重办 1 件" in old
        assert "刚接手" not in old
        assert "只算 1月1日 到 2月19日" in old


async def contracts(town: Town, first: str, second: str) -> int:
    """One company until the end of 2025, another from then on; with rate cards."""
    compound_id = await here_id(town)
    async with town.site.database.write() as session:
        session.add(OversightSettings(compound_id=compound_id, rate_cards=True))
        session.add(
            PropertyContract(
                compound_id=compound_id, since_on=date(2025, 1, 1), until_on=date(2025, 12, 31), company=first
            )
        )
        session.add(PropertyContract(compound_id=compound_id, since_on=date(2026, 1, 1), company=second))
    return compound_id


async def test_who_comes_after_takes_nothing_back_of_the_one_before(town: Town) -> None:
    compound_id = await contracts(town, "旧家物业", "新家物业")
    async with town.site.database.write() as session:
        at = datetime(2025, 12, 30, 4, tzinfo=UTC)
        session.add(
            PropertyStatement(
                compound_id=compound_id,
                quarter="2025Q4",
                company="旧家物业",
                words="配件晚到，有单据",
                written_at=at,
            )
        )
    company = await town.as_staff("property")
    csrf = (await company.get(PAGE)).csrf
    assert "新家物业要说明什么" in (await company.get(PAGE)).text
    assert "要说明什么" not in (await company.get(f"{PAGE}/2025Q4")).text
    for words in ("", "都是上一家的事"):
        refused = await company.post(f"{PAGE}/2025Q4/statement", {"csrf": csrf, "words": words})
        assert "没有写上" in refused.text
        assert f'maxlength="1000">{words}</textarea>' in refused.text
    shown = (await (await town.as_staff("secretary")).get(f"{PAGE}/2025Q4")).text
    assert "配件晚到，有单据" in re.split("<h2>旧家物业</h2>", shown)[1]
    assert "都是上一家的事" not in shown


async def cards_of(town: Town, quarter: str = QUARTER) -> dict[str, str]:
    """What a page shows of each company."""
    shown = (await (await town.as_staff("secretary")).get(f"{PAGE}/{quarter}")).text
    parts = re.split("<h2>(.+物业)</h2>", shown)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


async def register(town: Town, company: str, days_ago: int) -> None:
    browser = await town.as_staff("secretary")
    since = local_date(town.clock.now) - timedelta(days=days_ago)
    form = {"csrf": (await browser.get(PAGE)).csrf, "company": company, "since": f"{since}"}
    assert (await browser.post(f"{PAGE}/contract", form)).location == f"{PAGE}?told=contract_set"


async def state(town: Town, words: str, quarter: str = QUARTER) -> None:
    company = await town.as_staff("property")
    form = {"csrf": (await company.get(PAGE)).csrf, "words": words}
    said = await company.post(f"{PAGE}/{quarter}/statement", form)
    assert said.location == f"{PAGE}/{quarter}?told=statement_kept"


async def test_each_of_two_companies_says_its_side_of_a_quarter_beside_its_own_card(town: Town) -> None:
    async with town.site.database.write() as session:
        session.add(OversightSettings(compound_id=await here_id(town), rate_cards=True))
    await register(town, "旧家物业", 40)
    await state(town, "电梯等配件")
    town.clock.now += timedelta(days=1)
    await register(town, "新家物业", 0)
    await state(town, "刚接手")
    await state(town, "刚接手，正在补")
    cards = await cards_of(town)
    assert "电梯等配件" in cards["旧家物业"]
    assert "正在补" not in cards["旧家物业"]
    assert "刚接手，正在补" in cards["新家物业"]
    assert "电梯等配件" not in cards["新家物业"]
    town.clock.now += timedelta(days=31)  # the quarter is over: the list of all compounds shows it
    listed = (await (await town.as_staff("community_secretary")).get("/console/property")).text
    old, new = listed.index("<h2>旧家物业</h2>"), listed.index("<h2>新家物业</h2>")
    assert new < listed.index("刚接手，正在补") < old < listed.index("电梯等配件")
    await state(town, "")  # the new one takes its own words back, and nobody else's
    cards = await cards_of(town)
    assert "电梯等配件" in cards["旧家物业"]
    assert "物业企业的说明" not in cards["新家物业"]


async def test_words_follow_a_name_that_is_put_right_and_a_contract_that_is_entered_late(town: Town) -> None:
    async with town.site.database.write() as session:
        session.add(OversightSettings(compound_id=await here_id(town), rate_cards=True))
    await register(town, "旧假物业", 40)
    await state(town, "电梯等配件")
    await register(town, "旧家物业", 40)  # it was misspelt
    assert "电梯等配件" in (await cards_of(town))["旧家物业"]
    town.clock.now += timedelta(days=5)
    await state(town, "这几天是我们管的", "2026Q1")
    town.clock.now += timedelta(days=1)
    await register(town, "新家物业", 3)  # so the newer words were its own
    cards = await cards_of(town)
    assert "这几天是我们管的" in cards["新家物业"]
    assert "物业企业的说明" not in cards["旧家物业"]


async def test_of_two_statements_that_become_one_companys_the_newer_stands(town: Town) -> None:
    async with town.site.database.write() as session:
        session.add(OversightSettings(compound_id=await here_id(town), rate_cards=True))
    await register(town, "安居物业", 40)
    await state(town, "先前的话")
    town.clock.now += timedelta(days=2)
    await register(town, "安居物业公司", 1)
    await state(town, "后来的话")
    town.clock.now += timedelta(minutes=1)
    await register(town, "安居物业", 1)  # it never was another
    shown = (await cards_of(town))["安居物业"]
    assert "后来的话" in shown
    assert "先前的话" not in shown


async def test_a_renewed_contract_is_the_same_companys(town: Town) -> None:
    await contracts(town, "安居物业", "安居物业")
    company = await town.as_staff("property")
    form = {"csrf": (await company.get(PAGE)).csrf, "words": "冬天管子冻裂了"}
    await company.post(f"{PAGE}/2025Q4/statement", form)
    assert "冬天管子冻裂了" in (await (await town.as_staff("secretary")).get(f"{PAGE}/2025Q4")).text


async def test_a_page_of_many_contracts_asks_as_often_as_one_of_few(town: Town) -> None:
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    async def add(compounds: int, first: int) -> None:
        async with town.site.database.write() as session:
            for number in range(first, first + compounds):
                compound = Compound(code=f"QT-{number}", name=f"小区{number}", region_code="440199001")
                session.add(compound)
                await session.flush()
                assert compound.compound_id is not None
                session.add(OversightSettings(compound_id=compound.compound_id, rate_cards=True))
                session.add(
                    PropertyContract(
                        compound_id=compound.compound_id,
                        since_on=local_date(town.clock.now) - timedelta(days=400),
                        company="安居物业",
                    )
                )

    counts = []
    browser = await town.as_staff("community_secretary")
    engine = town.site.database._reader.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        for compounds, first in ((1, 1), (6, 2)):
            await add(compounds, first)
            asked.clear()
            assert "安居物业" in (await browser.get("/console/property")).text
            counts.append(len([each for each in asked if " requests" in each or "request_" in each]))
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert counts[0] == counts[1] > 0


async def test_what_was_sent_back_three_times_does_not_leave_the_companys_card(town: Town) -> None:
    compound_id = await contracts(town, "甲物业", "乙物业")
    number = await matter(town)
    company = Party(Role.PROPERTY, town.people["property"])
    doer = Actor(town.people["property"], frozenset({Role.PROPERTY}))
    await act(town, number, Dispatch(company))
    for _ in range(3):
        await act(town, number, Accept(doer), Finish(doer, "好了"), Rate(Rating.DISSATISFIED))
        town.clock.forward(timedelta(minutes=1))
    assert (await request_of(town, number)).role is None  # it waits a step up
    async with town.site.database.read() as session:
        [card] = await load_rate_cards(session, town.site.services, [compound_id], QUARTER)
    assert (card.company, card.rates.raised, card.reopened) == ("乙物业", 1, 1)


async def test_a_renewed_contract_leaves_the_companys_words_where_they_are(town: Town) -> None:
    async with town.site.database.write() as session:
        session.add(OversightSettings(compound_id=await here_id(town), rate_cards=True))
    await register(town, "安居物业", 40)
    await state(town, "电梯等配件")
    town.clock.now += timedelta(days=1)
    await register(town, "安居物业", 1)  # renewed
    assert "电梯等配件" in (await cards_of(town))["安居物业"]


async def test_what_was_passed_on_and_then_sent_back_is_not_the_companys(town: Town) -> None:
    compound_id = await contracts(town, "甲物业", "乙物业")
    number = await matter(town)
    doer = Actor(town.people["committee"], frozenset({Role.COMMITTEE}))
    await act(town, number, Dispatch(Party(Role.PROPERTY, town.people["property"])))
    await act(town, number, Dispatch(Party(Role.COMMITTEE, town.people["committee"])))
    await act(town, number, Accept(doer), Finish(doer, "好了"), Rate(Rating.DISSATISFIED))
    async with town.site.database.read() as session:
        [card] = await load_rate_cards(session, town.site.services, [compound_id], QUARTER)
    assert (card.company, card.rates.raised, card.reopened) == ("乙物业", 0, 0)


async def test_what_was_sent_back_and_then_passed_on_stays_the_companys(town: Town) -> None:
    compound_id = await contracts(town, "甲物业", "乙物业")
    number = await matter(town)
    doer = Actor(town.people["property"], frozenset({Role.PROPERTY}))
    await act(town, number, Dispatch(Party(Role.PROPERTY, town.people["property"])))
    await act(town, number, Accept(doer), Finish(doer, "好了"), Rate(Rating.DISSATISFIED))
    town.clock.forward(timedelta(minutes=1))
    await act(town, number, Dispatch(Party(Role.COMMITTEE, town.people["committee"])))
    async with town.site.database.read() as session:
        [card] = await load_rate_cards(session, town.site.services, [compound_id], QUARTER)
    assert (card.company, card.rates.raised, card.reopened) == ("乙物业", 1, 1)

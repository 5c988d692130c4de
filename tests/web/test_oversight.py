"""What rises, on a page: seen, followed to its matters, and switched off by those who may."""

from collections.abc import Mapping

from sqlmodel import select

from handlers.oversight.board import WARNINGS, load_communities
from storage.states import RegionLevel
from storage.tables import AuditEvent, CommunityWarning, Compound, EarlyWarning, Region
from tests.statements import asked_of
from tests.web.orders import matter
from tests.web.town import HERE, Town, here_id

PAGE = f"/console/{HERE}/oversight"


async def test_a_rise_is_shown_with_its_matters_and_may_be_switched_off(town: Town) -> None:
    compound_id = await here_id(town)
    number = await matter(town)
    async with town.site.database.write() as session:
        for week, ended in (("2026-03-02", None), ("2025-11-03", "2025-11-17")):
            session.add(
                EarlyWarning(
                    compound_id=compound_id,
                    category="dianti",
                    week=week,
                    weeks=1,
                    people=6,
                    usual_tenths=3,
                    still_usual=1,
                    matters=[number],
                    raised_at=town.clock.now,
                    ended_week=ended,
                )
            )
    browser = await town.as_staff("secretary")
    page = await browser.get(PAGE)
    assert "下面 1 类事，最近说的人比往常多" in page.text
    assert "3月2日那一周有 6 户（人）说起，往常不到 1 户（人）。" in page.text
    assert "已经平息的" in page.text
    assert page.text.count(f'href="/console/{HERE}/requests/{number}"') == 2
    supervisor = await (await town.as_staff("supervisor")).get(PAGE)
    assert "关掉提醒" not in supervisor.text
    for _ in range(2):
        answer = await browser.post(PAGE, {"csrf": page.csrf, "warnings": "no"})
        assert answer.location == f"{PAGE}?told=switched"
    assert "苗头提醒关着" in (await browser.get(PAGE)).text
    async with town.site.database.read() as session:
        verbs = list(
            await session.exec(select(AuditEvent.details).where(AuditEvent.verb == "oversight.switched"))
        )
    assert verbs == [{"on": False}]


async def test_what_rises_in_a_community_is_for_those_who_see_all_of_it(town: Town) -> None:
    async with town.site.database.write() as session:
        second = Compound(code="XH-9", name="竹园", region_code="440199001")
        session.add(second)
        for week, ended in (("2026-03-02", None), ("2025-11-03", "2025-11-17")):
            session.add(
                CommunityWarning(
                    region_code="440199001",
                    category="dianti",
                    week=week,
                    weeks=1,
                    people=9,
                    usual_tenths=23,
                    still_usual=4,
                    compounds=["XH-9", HERE],
                    raised_at=town.clock.now,
                    ended_week=ended,
                )
            )
    for who in ("community_secretary", "district_secretary"):
        page = await (await town.as_staff(who)).get("/console/communities")
        assert "河沿社区" in page.text
        assert "下面 1 类事" in page.text
        assert "几个小区合起来有 9 户（人）说起，往常大约 2 户（人）" in page.text
        assert f'href="/console/{HERE}/oversight">新禾苑' in page.text
        assert "已经平息的" in page.text
        assert "兰溪社区" not in page.text
    for who in ("secretary", "precinct_secretary", "neighbour_community"):
        page = await (await town.as_staff(who)).get("/console/communities")
        assert "竹园" not in page.text
        assert "9 户" not in page.text


async def test_many_communities_are_asked_about_as_often_as_few_and_each_has_its_own_list(town: Town) -> None:
    def warning(code: str, number: int, ended: str | None = None) -> CommunityWarning:
        return CommunityWarning(
            region_code=code,
            category=f"kind{number}",
            week="2026-03-02",
            weeks=1,
            people=9,
            usual_tenths=23,
            still_usual=4,
            raised_at=town.clock.now,
            ended_week=ended,
        )

    seen: dict[int, Compound] = {}
    async with town.site.database.write() as session:
        for number in range(5):
            code = f"C-{number}"
            session.add(Region(code=code, level=RegionLevel.COMMUNITY, name=code))
            session.add(Region(code=f"P-{number}", level=RegionLevel.PRECINCT, name=code, parent_code=code))
            await session.flush()
            for region in (code, f"P-{number}"):
                compound = Compound(code=f"X-{region}", name=region, region_code=region)
                session.add(compound)
                await session.flush()
                seen[compound.compound_id or 0] = compound
            session.add_all([warning(code, 1, "2026-03-09"), warning(code, 2)])
        session.add_all([warning("C-0", number) for number in range(3, WARNINGS + 5)])
    unseen = max(seen)

    async def load(some: Mapping[int, Compound]) -> tuple[dict[str, list[str]], int]:
        with asked_of(town.site.database._reader) as asked:
            async with town.site.database.read() as session:
                found = await load_communities(session, some)
        return {each.code: [one.category for one in each.warnings] for each in found}, len(asked)

    few, asked_few = await load({key: each for key, each in seen.items() if "-0" in each.code})
    many, asked_many = await load({key: each for key, each in seen.items() if key != unseen})
    assert list(few) == ["C-0"]
    assert asked_few == asked_many
    assert list(many) == ["C-0", "C-1", "C-2", "C-3"]  # of the last one a compound is not seen
    assert (len(many["C-0"]), many["C-1"]) == (WARNINGS, ["kind2", "kind1"])

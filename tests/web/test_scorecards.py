"""Cards of months on pages: each sees their own compounds, with the place among all of the subdistrict."""

import io

from python_calamine import CalamineWorkbook
from sqlmodel import select

from handlers.oversight.month import figures_of
from handlers.oversight.scoring import score_of
from handlers.people.enrol import CompoundEntry, enrol_compound
from handlers.requests.rates import Rate, Rates
from storage.queries.scorecards import Extras
from storage.tables import Compound, Scorecard
from tests.web.town import ENTRIES, HERE, THERE, Town

MONTH = "2026-02"


async def card(town: Town, code: str, good: int, raised: int = 20, revision: int = 1) -> None:
    rates = Rates(raised, *(Rate(good, raised) for _ in range(4)))
    async with town.site.database.write() as session:
        statement = select(Compound.compound_id).where(Compound.code == code)
        compound_id = (await session.exec(statement)).one()
        assert compound_id is not None
        session.add(
            Scorecard(
                compound_id=compound_id,
                month=MONTH,
                revision=revision,
                place="" if code == THERE else "4401990",
                figures=figures_of(rates, Extras(people=9, reopened=1, steward_days=4)),
                score=score_of(rates),
                made_at=town.clock.now,
            )
        )


async def test_each_sees_their_compounds_with_their_place_and_as_a_sheet(town: Town) -> None:
    async with town.site.database.write() as session:
        for code, name in (("XH-8", "=HYPERLINK(1)"), ("XH-9", "少言里")):
            entry = CompoundEntry(code, name, ENTRIES[0].regions, (), ())
            await enrol_compound(session, town.sealer, entry, town.clock.now)
    await card(town, HERE, 15)
    await card(town, HERE, 16, revision=2)
    await card(town, "XH-8", 19)
    await card(town, "XH-9", 3, raised=3)
    await card(town, THERE, 20)
    own = await (await town.as_staff("secretary")).get("/console/scorecards")
    assert "柳荫街道" in own.text
    assert "这里一共 2 个小区排了名次" in own.text
    assert "第 2 名" in own.text
    assert "75.0 分" in own.text
    assert "院长到场 4 天" in own.text
    assert "更正：一个月后再算，是 80.0 分" in own.text
    assert "少言里" not in own.text
    above = await (await town.as_staff("subdistrict_secretary")).get(f"/console/scorecards/{MONTH}")
    assert above.text.index("第 1 名") < above.text.index("第 2 名") < above.text.index("少言里")
    assert "兰花里" not in above.text
    far = await (await town.as_staff("neighbour_secretary")).get("/console/scorecards")
    assert "兰花里" in far.text
    assert "新禾苑" not in far.text
    browser = await town.as_staff("subdistrict_secretary")
    url = f"{browser.base}/console/scorecards/{MONTH}/sheet"
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    async with browser.http.get(url, headers={"Cookie": cookies}) as answer:
        book = CalamineWorkbook.from_filelike(io.BytesIO(await answer.read()))
    rows = [row[:5] for row in book.get_sheet_by_name(MONTH).to_python()]
    assert rows[1:] == [
        ["柳荫街道", "=HYPERLINK(1)", 1, 95, ""],
        ["柳荫街道", "新禾苑", 2, 75, 80],
        ["柳荫街道", "少言里", "不排", "", ""],
    ]

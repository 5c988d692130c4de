"""The roll on pages: a sheet step by step, and objections; on both databases."""

import re
from io import BytesIO

import aiohttp
import pytest
from sqlmodel import select

from storage.queries.roll import list_objections, list_roll_units
from storage.states import ObjectionState
from storage.tables import RollUnit, RollUpload
from tests.roll.sheets import identity, roll
from tests.web.assemblies import enrolled, here
from tests.web.town import Browser, Page, Town

HERE = "/console/XH-1/roll"
ROWS = [
    ("3栋1单元101", "王小明", identity(1), 89.73, "13800000001", "住宅"),
    ("3栋1单元102", "李红、周强", f"{identity(2)}、{identity(3)}", 90.5, "", "住宅"),
]


async def send(browser: Browser, content: bytes, name: str = "清册.xlsx") -> Page:
    form = aiohttp.FormData(default_to_multipart=True)
    form.add_field("csrf", (await browser.get(HERE)).csrf)
    form.add_field("sheet", BytesIO(content), filename=name, content_type="application/octet-stream")
    headers = {"Cookie": "; ".join(f"{n}={value}" for n, value in browser.cookies.items())}
    async with browser.http.post(
        f"{browser.base}{HERE}/uploads", data=form, headers=headers, allow_redirects=False
    ) as response:
        return Page(response.status, await response.text(), response.headers)


def seen(page: Page) -> str:
    found = re.search(r'name="seen" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return found[1]


async def units(town: Town) -> dict[str, RollUnit]:
    compound = await here(town)
    assert compound.compound_id is not None
    async with town.site.database.read() as session:
        return {unit.unit_code: unit for unit in await list_roll_units(session, compound.compound_id)}


async def uploads(town: Town) -> int:
    async with town.site.database.read() as session:
        return len(list(await session.exec(select(RollUpload))))


async def test_a_sheet_is_looked_at_before_it_is_imported_once(town: Town) -> None:
    secretary = await town.as_staff("secretary")
    assert "还没有清册" in (await secretary.get(HERE)).text
    sheet = roll(ROWS)
    first, again = [await send(secretary, sheet) for _ in range(2)]
    assert first.location == again.location == f"{HERE}/uploads/1001"
    page = await secretary.get(first.location)
    assert "没有错误，可以导入" in page.text
    for private in ("王小明", identity(1), "13800000001"):
        assert private not in page.text
    assert await units(town) == {}
    form = {"csrf": page.csrf, "seen": seen(page)}
    done = await secretary.post(f"{first.location}/import", form)
    assert done.location == f"{HERE}?told=roll_imported"
    assert (await secretary.post(f"{first.location}/import", form)).location == f"{HERE}?told=sheet_gone"
    assert set(await units(town)) == {"3-1-101", "3-1-102"}
    assert await uploads(town) == 0
    page = await secretary.get(HERE)
    assert "王*" in page.text
    assert "李*、周*" in page.text
    assert "180.23 平方米" in page.text
    assert "王小明" not in page.text
    # The same sheet again has nothing to change.
    again = await send(secretary, sheet)
    assert "和现在的清册一样" in (await secretary.get(again.location)).text


async def test_a_row_with_a_fault_keeps_everything_back(town: Town) -> None:
    secretary = await town.as_staff("secretary")
    sent = await send(secretary, roll([*ROWS, ("3栋1单元103", "赵六", "44010119900101123X", 80, "", "住宅")]))
    page = await secretary.get(sent.location)
    assert "有 1 行有错" in page.text
    assert "第 4 行" in page.text
    assert "身份证号码不对" in page.text
    assert "</b>导入" not in page.text
    assert 'name="seen"' not in page.text
    answer = await secretary.post(f"{sent.location}/import", {"csrf": page.csrf, "seen": "x"})
    assert answer.location == f"{sent.location}?told=roll_changed_meanwhile"
    assert await units(town) == {}
    dropped = await secretary.post(f"{sent.location}/drop", {"csrf": page.csrf})
    assert dropped.location == f"{HERE}?told=roll_dropped"
    assert await uploads(town) == 0


async def test_columns_that_were_guessed_wrong_are_put_right(town: Town) -> None:
    secretary = await town.as_staff("secretary")
    header = ("编号", "谁", "某面积", "房产证面积")
    sent = await send(secretary, roll([("3栋1单元101", "王小明", 70, 89.73)], header))
    page = await secretary.get(sent.location)
    assert "没认出表头" in page.text
    said = {"csrf": page.csrf, "column-room": "A", "column-owner": "B", "column-area_register": "D"}
    assert (await secretary.post(f"{sent.location}/columns", said)).location == sent.location
    page = await secretary.get(sent.location)
    assert "没有错误，可以导入" in page.text, page.text
    await secretary.post(f"{sent.location}/import", {"csrf": page.csrf, "seen": seen(page)})
    assert (await units(town))["3-1-101"].area_register == 89_730_000


async def test_an_import_that_would_do_something_else_than_was_shown_is_shown_again(town: Town) -> None:
    secretary = await town.as_staff("secretary")
    sent = await send(secretary, roll(ROWS))
    page = await secretary.get(sent.location)
    other = await send(secretary, roll(ROWS[:1]))
    shown = await secretary.get(other.location)
    await secretary.post(f"{other.location}/import", {"csrf": shown.csrf, "seen": seen(shown)})
    answer = await secretary.post(f"{sent.location}/import", {"csrf": page.csrf, "seen": seen(page)})
    assert answer.location == f"{sent.location}?told=roll_changed_meanwhile"
    assert set(await units(town)) == {"3-1-101"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "sheet_missing"),
        (b"x" * 20_000_001, "sheet_too_large"),
    ],
    ids=["none", "large"],
)
async def test_what_is_no_file_is_told(town: Town, content: bytes, told: str) -> None:
    secretary = await town.as_staff("secretary")
    assert (await send(secretary, content)).location == f"{HERE}?told={told}"


@pytest.mark.parametrize(
    ("content", "told"), [(b"PK nothing", "打不开"), (b"\xd0\xcf\x11\xe0 old", "旧格式")]
)
async def test_what_is_no_sheet_is_told(town: Town, content: bytes, told: str) -> None:
    secretary = await town.as_staff("secretary")
    sent = await send(secretary, content)
    page = await secretary.get(sent.location)
    assert page.status == 200
    assert told in page.text


async def test_nobody_else_s_sheet_is_there(town: Town) -> None:
    secretary, neighbour = [await town.as_staff(who) for who in ("secretary", "neighbour_secretary")]
    sent = await send(secretary, roll(ROWS))
    assert (await neighbour.get(sent.location)).status == 404
    there = sent.location.replace("XH-1", "LH-2")
    assert (await neighbour.get(there)).location == "/console/LH-2/roll?told=sheet_gone"


async def test_an_objection_is_entered_and_decided(town: Town) -> None:
    await enrolled(town)
    secretary, worker = [await town.as_staff(who) for who in ("secretary", "community_worker")]
    csrf = (await secretary.get(HERE)).csrf
    said = {"csrf": csrf, "unit": "3-1-101", "text": "面积少了一平方"}
    for _ in range(2):
        assert (await secretary.post(f"{HERE}/objections", said)).location == f"{HERE}?told=objection_kept"
    unknown = await secretary.post(f"{HERE}/objections", said | {"unit": "99"})
    assert unknown.location == f"{HERE}?told=roll.unknown_unit"
    page = await worker.get(HERE)
    assert "1 件没处理" in page.text
    form = {"csrf": page.csrf, "decision": "accept", "area": "90.73", "answer": "改好了"}
    at = f"{HERE}/objections/1001"
    assert (await worker.post(at, form | {"area": "九十"})).location == f"{HERE}?told=roll.area"
    for _ in range(2):
        assert (await worker.post(at, form)).location == f"{HERE}?told=roll_objection_decided"
    assert (await worker.post(at, form | {"decision": "decline"})).location.endswith("roll.objection_decided")
    assert (await units(town))["3-1-101"].area_register == 90_730_000
    compound = await here(town)
    assert compound.compound_id is not None
    async with town.site.database.read() as session:
        assert await list_objections(session, compound.compound_id, ObjectionState.OPEN) == []


async def test_units_that_the_sheet_lacks_are_told_and_stay(town: Town) -> None:
    await enrolled(town, ("3",), 2)
    secretary = await town.as_staff("secretary")
    sent = await send(secretary, roll([ROWS[0]]))
    page = await secretary.get(sent.location)
    assert page.status == 200
    assert "导入后保留" in page.text
    assert "3-2-102" in page.text
    await secretary.post(f"{sent.location}/import", {"csrf": page.csrf, "seen": seen(page)})
    assert set(await units(town)) == {"3-1-101", "3-2-102"}

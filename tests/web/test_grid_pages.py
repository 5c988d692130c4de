"""The tree and its grid cells on pages: a sheet that is looked at, imported once, and what is odd about the cells."""

import re
from collections.abc import Sequence
from io import BytesIO

import aiohttp
from sqlmodel import select

from storage.queries.people import get_or_add_identities, put_residency
from storage.sealing import Sealer
from storage.states import Role, RoleSource
from storage.tables import GridCell, GridUpload, Person, Place, RoleGrant
from tests.roll.sheets import roll
from tests.web.orders import matter, text_of
from tests.web.test_visits import plan as visit_plan
from tests.web.town import HERE, Browser, Page, Town, here_id

GRID = f"/console/{HERE}/grid"
HEADER = ("小区", "楼栋", "楼栋名称", "单元", "房号", "网格", "网格员")


def flats(building: str, floors: int, cell: str, worker: str = "", name: str = "") -> list[Sequence[object]]:
    """Four flats a floor at entrance 1."""
    return [
        ("新禾苑", building, name, "1单元", f"{floor}0{door}", cell, worker)
        for floor in range(1, floors + 1)
        for door in range(1, 5)
    ]


async def send(browser: Browser, rows: Sequence[Sequence[object]]) -> Page:
    form = aiohttp.FormData(default_to_multipart=True)
    form.add_field("csrf", (await browser.get(GRID)).csrf)
    form.add_field("sheet", BytesIO(roll(rows, HEADER)), filename="楼栋.xlsx")
    headers = {"Cookie": "; ".join(f"{n}={value}" for n, value in browser.cookies.items())}
    async with browser.http.post(
        f"{browser.base}{GRID}/upload", data=form, headers=headers, allow_redirects=False
    ) as response:
        return Page(response.status, await response.text(), response.headers)


async def import_shown(browser: Browser, times: int = 1) -> list[str]:
    page = await browser.get(f"{GRID}/upload")
    found = re.search(r'name="seen" value="([^"]+)"', page.text)
    assert found is not None, page.text
    form = {"csrf": page.csrf, "seen": found[1]}
    answers = [await browser.post(f"{GRID}/upload/import", form) for _ in range(times)]
    return [answer.location.rpartition("=")[2] for answer in answers]


async def places(town: Town) -> dict[str, str]:
    async with town.site.database.read() as session:
        statement = select(Place).where(Place.compound_id == await here_id(town))
        return {place.code: place.name for place in await session.exec(statement)}


async def call(town: Town, sealer: Sealer, who: str, name: str) -> None:
    """Give a member of staff a name; those of the town have one that nobody would write."""
    async with town.site.database.write() as session:
        person = await session.get_one(Person, town.people[who])
        person.name_sealed = sealer.seal(name.encode(), "persons.name")


async def test_a_sheet_brings_in_the_tree_with_its_cells_once(town: Town, sealer: Sealer) -> None:
    await call(town, sealer, "grid_worker", "毕小满")
    secretary = await town.as_staff("secretary")
    rows = [*flats("3栋", 8, "一网格", "毕小满"), *flats("13栋", 3, "二网格", "没有此人")]
    assert (await send(secretary, rows)).location == f"{GRID}/upload"
    page = text_of(await secretary.get(f"{GRID}/upload"))
    assert "没有错误，可以导入" in page
    assert "没有叫这个名字的网格员账号" in page
    assert len(await places(town)) == 3  # nothing is written yet
    assert await import_shown(secretary, times=2) == ["tree_imported", "sheet_gone"]
    assert len(await places(town)) == 3 + 1 + 32 + 12
    async with town.site.database.read() as session:
        assert list(await session.exec(select(GridUpload))) == []
    # What is said of a place there is its worker's to know of.
    number = await matter(town)
    assert "网格 一网格 书记毕小满" in text_of(await secretary.get(f"/console/{HERE}/requests/{number}"))
    grid = text_of(await secretary.get(GRID))
    assert "一网格 32 户" in grid
    assert "二网格 12 户" in grid
    assert "不到 20 户" in grid
    assert "没有网格员" in grid
    steward = await town.as_staff("grid_worker")
    mine = await steward.get(GRID)
    assert "您的" in mine.text
    assert f'action="{GRID}/cells"' not in mine.text
    # A new name keeps the codes, and the cell its worker.
    await send(secretary, [*flats("3", 8, "一网格", name="兰苑"), *flats("13", 3, "一网格")])
    assert await import_shown(secretary) == ["tree_imported"]
    assert (await places(town))["3-1-803"] == "兰苑1单元803"
    grid = text_of(await secretary.get(GRID))
    assert "一网格 44 户" in grid
    assert "超过 40 户" in grid


async def test_of_two_grid_workers_with_one_name_none_is_given_a_cell(town: Town, sealer: Sealer) -> None:
    await call(town, sealer, "grid_worker", "王芳")
    await call(town, sealer, "duty", "王芳")
    async with town.site.database.write() as session:
        session.add(
            RoleGrant(
                person_id=town.people["duty"], role=Role.GRID_WORKER, scope_code=HERE,
                source=RoleSource.STAFF, granted_at=town.clock.now,
            )
        )  # fmt: skip
    secretary = await town.as_staff("secretary")
    await send(secretary, [*flats("3栋", 8, "一网格", "王芳"), *flats("13栋", 8, "二网格")])
    assert "有几位同名" in (await secretary.get(f"{GRID}/upload")).text
    assert await import_shown(secretary) == ["tree_imported"]
    async with town.site.database.read() as session:
        cells = list(await session.exec(select(GridCell)))
    assert [cell.worker_id for cell in cells] == [None, None]


async def test_what_is_needed_cannot_be_left_out_and_what_is_elsewhere_is_refused(town: Town) -> None:
    secretary = await town.as_staff("community_worker")
    await send(secretary, flats("3栋", 2, "一网格"))
    page = await secretary.get(f"{GRID}/upload")
    assert "有人在这里任职" in page.text  # building 13 has a steward
    assert "/import" not in page.text
    await send(secretary, [*flats("3栋", 2, "一网格"), *flats("13栋", 1, "一网格")])
    assert await import_shown(secretary) == ["tree_imported"]
    compound_id = await here_id(town)
    async with town.site.database.write() as session:
        people = await get_or_add_identities(session, [("main", "o-resident")], town.clock.now)
        person_id = people["main", "o-resident"].person_id
        await put_residency(session, compound_id, person_id, "3-1-204", town.clock.now)
    fewer = [*flats("3栋", 1, "一网格"), *flats("13栋", 1, "一网格")]
    await send(secretary, fewer)
    refused = await secretary.get(f"{GRID}/upload")
    assert "3-1-204" in refused.text
    assert "这里还登记着和住户有关的事" in refused.text
    # A home that is visited is kept as well, and nothing tells it from any other home.
    await visit_plan(town, home="3栋1单元203")
    await send(secretary, fewer)
    refused = await secretary.get(f"{GRID}/upload")
    assert [refused.text.count(home) for home in ("3-1-203", "3-1-204")] == [1, 1]
    assert "走访" not in refused.text
    forced = await secretary.post(f"{GRID}/upload/import", {"csrf": refused.csrf, "seen": "x"})
    assert forced.location.endswith("tree_refused")
    assert "3-1-201" in await places(town)
    await send(secretary, [("兰花里", "3栋", "", "1单元", "101", "", "")])
    assert "别的小区" in (await secretary.get(f"{GRID}/upload")).text


async def test_what_changed_since_it_was_shown_is_shown_again(town: Town) -> None:
    secretary = await town.as_staff("secretary")
    await send(secretary, [*flats("3栋", 5, "一网格"), *flats("13栋", 5, "二网格")])
    page = await secretary.get(f"{GRID}/upload")
    await send(secretary, [*flats("3栋", 6, "一网格"), *flats("13栋", 5, "二网格")])
    stale = re.search(r'name="seen" value="([^"]+)"', page.text)
    assert stale is not None
    answer = await secretary.post(f"{GRID}/upload/import", {"csrf": page.csrf, "seen": stale[1]})
    assert answer.location.endswith("tree_changed_meanwhile")
    assert len(await places(town)) == 3


async def test_a_cell_is_given_to_grid_workers_only(town: Town) -> None:
    secretary = await town.as_staff("secretary")
    await send(secretary, [*flats("3栋", 5, "一网格"), *flats("13栋", 5, "二网格")])
    await import_shown(secretary)
    for who, told in (("grid_worker", "cell_given"), ("property", "cell_odd"), ("nobody", "cell_given")):
        worker = str(town.people.get(who, who))
        answer = await secretary.submit(GRID, f"{GRID}/cells", {"cell": "一网格", "worker": worker})
        assert answer.location == f"{GRID}?told={told}", who
    for odd in ({"cell": "没有", "worker": "nobody"}, {"cell": "一网格", "worker": "x"}):
        assert (await secretary.submit(GRID, f"{GRID}/cells", odd)).location.endswith("cell_odd")

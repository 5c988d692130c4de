"""A walk of the pages on which somebody proves to be an owner, and staff hand out codes and decide."""

import re

from sqlmodel import select

from storage.states import BindingState
from storage.tables import OwnerBinding, OwnerRegistration, UnitCode
from tests.identity.world import CHILD, FLAT, KID, NAMES, TAILS, ZHANG, add_roll
from tests.web.town import HERE, Browser, Town, here_id

CONSOLE, OWNER = f"/console/{HERE}/owners", "/h5/owner"


async def settle(town: Town) -> None:
    async with town.site.database.write() as session:
        await add_roll(session, await here_id(town), town.sealer)


async def key_at(browser: Browser, path: str) -> dict[str, str]:
    page = await browser.get(path)
    found = re.search(r'name="key" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return {"csrf": page.csrf, "key": found[1]}


async def code_of(town: Town, unit: str) -> str:
    """Staff search the unit, press the button and read the slip."""
    staff = await town.as_staff("secretary")
    form = await key_at(staff, f"{CONSOLE}?unit={unit}")
    page = await staff.post(f"{CONSOLE}/codes", {**form, "unit": unit})
    assert page.status == 200
    assert "no-store" in page.headers["Cache-Control"]
    code: str
    [code] = re.findall(r'class="code big">([0-9A-Z]{5}-[0-9A-Z]{5})<', page.text)
    again = await staff.post(f"{CONSOLE}/codes", {**form, "unit": unit})
    assert again.location == f"{CONSOLE}?told=printed_already"
    return code


async def rows(town: Town, table: type) -> list[object]:
    async with town.site.database.read() as session:
        return list(await session.exec(select(table)))


async def claim(browser: Browser, **fields: str) -> str:
    """What the page says to the form, by its name."""
    form = {"csrf": (await browser.get(OWNER)).csrf, "compound": HERE, **fields}
    return (await browser.post(OWNER, form)).location.removeprefix(f"{OWNER}?told=")


async def test_an_owner_proves_it_with_the_slip_and_the_document(town: Town) -> None:
    await settle(town)
    code = await code_of(town, FLAT)
    browser = await town.as_resident()
    assert await claim(browser, unit="看不懂", code=code, tail=TAILS[ZHANG]) == "odd_unit"
    assert await claim(browser, unit="1栋1单元101", code=code, tail="000000") == "wrong"
    assert await claim(browser, unit="1栋1单元101", code="", tail="", name="") == "nothing"
    assert await claim(browser, unit="1栋1单元１０１", code=code.lower(), tail="11001x") == "bound"
    page = await browser.get(f"{OWNER}?told=bound")
    assert "您可以在手机上投票了" in page.text
    assert "1栋1单元101" in page.text
    assert NAMES[ZHANG] not in page.text
    [binding] = await rows(town, OwnerBinding)
    assert isinstance(binding, OwnerBinding)
    leave = f"{OWNER}/{HERE}/{binding.binding_number}/leave"
    form = await key_at(browser, OWNER)
    for _ in range(2):
        assert (await browser.post(leave, form)).location == f"{OWNER}?told=left"
    assert "1栋1单元101" not in (await browser.get(OWNER)).text


async def test_somebody_else_in_the_flat_is_contested_and_two_operators_decide(town: Town) -> None:
    await settle(town)
    eve, zhang = await town.as_resident(openid="o-eve"), await town.as_resident(openid="o-zhang")
    for browser in (eve, zhang):
        code = await code_of(town, FLAT)
        assert await claim(browser, unit=FLAT, code=code, tail=TAILS[ZHANG]) == "bound"
    page = await zhang.get(OWNER)
    assert "另一个微信用户" in page.text
    [address] = re.findall(r'action="(\S+/contest)"', page.text)
    stranger = await town.as_resident(openid="o-stranger")
    form = await key_at(zhang, OWNER)
    assert (
        await stranger.post(address, {"csrf": (await stranger.get(OWNER)).csrf, "key": form["key"]})
    ).status == 404
    assert (await zhang.post(address, form)).location == f"{OWNER}?told=contested_it"
    assert "已经暂停" in (await zhang.get(f"{OWNER}?told=contested_it")).text
    assert "有人提出异议" in (await eve.get(OWNER)).text
    number = address.split("/")[-2]
    first, second = await town.as_staff("secretary"), await town.as_staff("committee")
    assert "不是本人，解除" in (await first.get(CONSOLE)).text
    told = await first.submit(CONSOLE, CONSOLE, {"do": "revoke", "number": number, "letter": "查过证件"})
    assert told.location.endswith("told=revoke")
    [entered] = await rows(town, OwnerRegistration)
    assert isinstance(entered, OwnerRegistration)
    confirm = {"do": "confirm", "number": str(entered.number)}
    refused = await first.submit(CONSOLE, CONSOLE, confirm)
    assert refused.location.endswith("told=identity.same_twice")
    assert (await second.submit(CONSOLE, CONSOLE, confirm)).location.endswith("told=confirm")
    states = {row.state for row in await rows(town, OwnerBinding) if isinstance(row, OwnerBinding)}
    assert states == {BindingState.REVOKED, BindingState.BOUND}


async def test_a_guardian_is_looked_at_by_two_operators(town: Town) -> None:
    await settle(town)
    browser = await town.as_resident()
    code = await code_of(town, CHILD)
    asked = {"unit": CHILD, "code": code, "capacity": "guardian", "name": NAMES[KID]}
    assert await claim(browser, **asked) == "asked"
    [binding] = await rows(town, OwnerBinding)
    assert isinstance(binding, OwnerBinding)
    seen = {"do": "approve", "number": str(binding.binding_number)}
    first, second = await town.as_staff("secretary"), await town.as_staff("community_worker")
    assert (await first.submit(CONSOLE, CONSOLE, seen)).location.endswith("told=identity.no_letter")
    for operator in (first, second):
        page = await operator.submit(CONSOLE, CONSOLE, {**seen, "letter": "出生证原件"})
        assert page.location.endswith("told=approve")
    assert "监护人 · 已确认" in (await browser.get(OWNER)).text


async def test_slips_of_an_entrance_are_one_page_and_odd_forms_change_nothing(town: Town) -> None:
    await settle(town)
    staff = await town.as_staff("secretary")
    form = await key_at(staff, CONSOLE)
    page = await staff.post(f"{CONSOLE}/codes", {**form, "building": "1", "entrance": "1"})
    assert len(re.findall("业主开通码", page.text)) == 4
    assert len(await rows(town, UnitCode)) == 4
    for fields in ({"do": "nothing"}, {"do": "approve", "number": "x"}, {"do": "proxy", "number": "1"}):
        assert (await staff.submit(CONSOLE, CONSOLE, fields)).status == 303
    page = await staff.get(f"{CONSOLE}?unit=%3Cscript%3E&told=identity.no_holder")
    assert "&lt;script&gt;" in page.text
    assert "请写受托人的姓名和手机号" in page.text
    assert await rows(town, OwnerRegistration) == []

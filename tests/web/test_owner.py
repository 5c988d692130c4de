"""A walk of the pages on which somebody proves to be an owner, and staff hand out codes and decide."""

import re
from dataclasses import replace
from datetime import timedelta

from sqlmodel import select

from handlers.identity.entitled import list_entitlements
from handlers.voting.announced import Announced, as_json
from handlers.voting.cast import cast_ballot
from handlers.voting.fate import order_of
from handlers.voting.freeze import freeze_roll
from handlers.voting.terms import AGREE, CaseKind
from storage.queries.votes import find_vote
from storage.states import BindingState, VoteState
from storage.tables import OwnerBinding, OwnerRegistration, RollTitle, UnitCode, Vote, VoteCase, VoteQuestion
from tests.identity.world import CHILD, FLAT, KID, NAMES, PAIR, TAILS, ZHANG, add_roll
from tests.web.town import HERE, Browser, Town, here_id

CONSOLE, OWNER = f"/console/{HERE}/owners", "/h5/owner"
WRONG = {"odd_unit": "没看懂是哪一户", "wrong": "对不上。请看看", "nothing": "请写证件号后六位；要当面"}


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
    """What the page says to the form, by its name; what was wrong, it shows again as it was typed."""
    form = {"csrf": (await browser.get(OWNER)).csrf, "compound": HERE, **fields}
    page = await browser.post(OWNER, form)
    if page.status != 422:
        return page.location.removeprefix(f"{OWNER}?told=")
    for name in ("unit", "code", "tail", "name"):
        assert f'name="{name}" value="{fields.get(name, "")}"' in page.text
    [told] = [name for name, words in WRONG.items() if words in page.text]
    return told


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
    assert "另一个微信" in page.text
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


async def test_what_somebody_left_behind_is_contested_or_disowned_at_the_counter(town: Town) -> None:
    await settle(town)
    compound_id = await here_id(town)
    async with town.site.database.write() as session:
        session.add(vote_of(compound_id, town))
        await session.flush()
        vote = await find_vote(session, compound_id, 1)
        assert vote is not None
        await freeze_roll(session, vote)
        session.add(
            VoteQuestion(
                compound_id=compound_id,
                vote_number=1,
                question_id="q1",
                position=1,
                item=4,
                title="是否选聘",
                options=[AGREE],
            )
        )
    eve = await town.as_resident(openid="o-eve")
    assert await claim(eve, unit=FLAT, code=await code_of(town, FLAT), tail=TAILS[ZHANG]) == "bound"
    [binding] = await rows(town, OwnerBinding)
    assert isinstance(binding, OwnerBinding)
    async with town.site.database.write() as session:
        [one] = await list_entitlements(session, vote, binding.person_id, hold=True)
        order = replace(
            order_of(vote, one, town.clock.now),
            marks={"q1": AGREE},
            cast_key="eve",
            person_id=binding.person_id,
        )
        await cast_ballot(session, town.sealer, order, town.clock.now)
    leave = f"{OWNER}/{HERE}/{binding.binding_number}/leave"
    assert (await eve.post(leave, await key_at(eve, OWNER))).location == f"{OWNER}?told=left"
    # At the counter, whether there is a ballot or not: the page does not tell.
    staff = await town.as_staff("secretary")
    page = await staff.get(f"{CONSOLE}?unit={FLAT}")
    assert "业主来说：不是他绑的" in page.text
    assert "解除这个绑定" not in page.text
    disown = {"do": "disown", "number": str(binding.binding_number), "letter": "看过身份证"}
    assert (await staff.submit(CONSOLE, CONSOLE, disown)).location == f"{CONSOLE}?told=disown"
    second = await town.as_staff("committee")
    assert "不是业主本人" in (await second.get(CONSOLE)).text
    # On the phone, by the owner.
    zhang = await town.as_resident(openid="o-zhang")
    assert await claim(zhang, unit=FLAT, code=await code_of(town, FLAT), tail=TAILS[ZHANG]) == "bound"
    page = await zhang.get(OWNER)
    assert "它投过的票还在" in page.text
    [address] = re.findall(r'action="(\S+/contest)"', page.text)
    assert (await zhang.post(address, await key_at(zhang, OWNER))).location == f"{OWNER}?told=contested_it"
    assert "它投过的票还在" not in (await zhang.get(OWNER)).text
    [entered] = await rows(town, OwnerRegistration)
    assert isinstance(entered, OwnerRegistration)
    confirm = {"do": "confirm", "number": str(entered.number)}
    assert (await second.submit(CONSOLE, CONSOLE, confirm)).location.endswith("told=confirm")
    [case] = await rows(town, VoteCase)
    assert isinstance(case, VoteCase)
    assert case.kind == CaseKind.CONTESTED


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
    assert len(re.findall('class="slips"', page.text)) == 1
    assert len(await rows(town, UnitCode)) == 4
    for fields in ({"do": "nothing"}, {"do": "approve", "number": "x"}):
        assert (await staff.submit(CONSOLE, CONSOLE, fields)).status == 303
    assert (await staff.submit(CONSOLE, CONSOLE, {"do": "proxy", "number": "1"})).status == 422
    page = await staff.get(f"{CONSOLE}?unit=%3Cscript%3E&told=identity.no_holder")
    assert "&lt;script&gt;" in page.text
    assert "请写受托人的姓名和手机号" in page.text
    assert await rows(town, OwnerRegistration) == []


async def test_a_snapshot_proves_nothing(town: Town) -> None:
    await settle(town)
    code = await code_of(town, FLAT)
    snapshot = await town.as_resident("snapshot")
    page = await snapshot.get(OWNER)
    assert "现在是快照页" in page.text
    assert 'name="code"' not in page.text
    form = {"compound": HERE, "unit": FLAT, "code": code, "tail": TAILS[ZHANG]}
    refused = await snapshot.submit(OWNER, OWNER, form)
    assert refused.status == 403
    assert await rows(town, OwnerBinding) == []
    assert await claim(await town.as_resident(), unit=FLAT, code=code, tail=TAILS[ZHANG]) == "bound"


async def test_the_form_for_a_representative_is_filled_in_and_confirmed(town: Town) -> None:
    await settle(town)
    first, second = await town.as_staff("secretary"), await town.as_staff("committee")
    at = f"{CONSOLE}?unit={PAIR}"
    page = await first.get(at)
    chosen = re.findall(r'<option value="(\d+)">(\S+?)</option>', page.text.partition("谁代表")[2])
    form = {"do": "representative", "unit": PAIR, "number": chosen[1][0], "letter": ""}
    again = await first.submit(at, CONSOLE, form)
    assert again.status == 422
    assert "请写上看过什么材料" in again.text
    assert f'<option value="{chosen[1][0]}" selected>' in again.text
    told = await first.submit(at, CONSOLE, {**form, "letter": "5月1日推选书"})
    assert told.location == f"{CONSOLE}?told=representative"
    assert "是您登记的，要另一位同事来确认" in (await first.get(CONSOLE)).text
    page = await second.get(CONSOLE)
    assert "共有人代表" in page.text
    assert "5月1日推选书" in page.text
    [entered] = await rows(town, OwnerRegistration)
    assert isinstance(entered, OwnerRegistration)
    confirm = {"do": "confirm", "number": str(entered.number)}
    assert (await second.submit(CONSOLE, CONSOLE, confirm)).location.endswith("told=confirm")
    named = {row.owner_number for row in await rows(town, RollTitle) if row.representative}  # type: ignore[attr-defined]
    assert named == {int(chosen[1][0])}
    assert "（代表）" in (await first.get(at)).text


async def test_the_form_for_a_proxy_loses_nothing_that_was_typed(town: Town) -> None:
    await settle(town)
    holder = await town.as_resident(openid="o-holder")
    number = re.findall(r"\d+-[0-9A-F]{4}", (await holder.get(OWNER)).text)[0]
    async with town.site.database.write() as session:
        session.add(vote_of(await here_id(town), town))
        await session.flush()
        vote = await find_vote(session, await here_id(town), 1)
        assert vote is not None
        await freeze_roll(session, vote)
    first, second = await town.as_staff("secretary"), await town.as_staff("committee")
    at = f"{CONSOLE}?unit={FLAT}"
    form = {
        "do": "proxy",
        "unit": FLAT,
        "number": str(ZHANG),
        "vote": "1",
        "name": "钱七",
        "phone": "13911112222",
        "document": "P1234567",
        "holder": number[:-1] + "G",
        "letter": "委托书5月1日",
    }
    again = await first.submit(at, CONSOLE, form)
    assert again.status == 422
    assert "受托人的编号不对" in again.text
    for name in ("vote", "name", "phone", "document", "holder", "letter"):
        assert f'name="{name}" value="{form[name]}"' in again.text
    assert (await first.submit(at, CONSOLE, {**form, "vote": "9", "holder": number})).status == 422
    told = await first.submit(at, CONSOLE, {**form, "holder": number})
    assert told.location == f"{CONSOLE}?told=proxy"
    page = await second.get(CONSOLE)
    assert "钱七 *2222" in page.text
    assert "13911112222" not in page.text
    [entered] = await rows(town, OwnerRegistration)
    assert isinstance(entered, OwnerRegistration)
    confirm = {"do": "confirm", "number": str(entered.number)}
    assert (await second.submit(CONSOLE, CONSOLE, confirm)).location.endswith("told=confirm")
    assert "第 1 号表决" in (await first.get(CONSOLE)).text
    assert "由您来投" in (await holder.get(f"/h5/votes/{HERE}/1/eligible")).text


def vote_of(compound_id: int, town: Town) -> Vote:
    """One that is open."""
    now = town.clock.now
    return Vote(
        compound_id=compound_id,
        vote_number=1,
        state=VoteState.OPEN,
        title="选聘物业服务企业",
        rules=as_json(Announced()),
        operator_id=town.people["secretary"],
        created_at=now,
        noticed_at=now - timedelta(days=20),
        opens_at=now - timedelta(days=1),
        closes_at=now + timedelta(days=6),
    )

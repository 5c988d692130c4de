"""Forms and words that mean harm, and who reads what before they decide."""

import pytest
from sqlmodel import select

from handlers.requests.commands import Dispatch, Party
from storage.states import RequestState, Role
from storage.tables import DispatchRule
from tests.web.orders import act, fields_of, matter, press, request_of, text_of, verbs_of
from tests.web.town import Town, here_id

BOARD = "/console/XH-1/requests"
NASTY = (
    "a\0b",
    "\u202e倒过来\u200f",
    "😀" * 300,
    '=HYPERLINK("http://x")',
    "<script>alert(1)</script><b onclick=x>",
    "{{ 7*7 }} {% raw %} %s %(x)s {0}",
    "长" * 1500,
)


@pytest.mark.parametrize("words", NASTY, ids=range(len(NASTY)))
async def test_whatever_is_typed_is_kept_as_words_and_shown_as_words(town: Town, words: str) -> None:
    number = await matter(town, "o-1", building="3")
    await act(town, number, Dispatch(Party(Role.PROPERTY)))
    page = await press(await town.as_staff("property"), f"{BOARD}/{number}", "finish", words=words)
    assert (await request_of(town, number)).state is RequestState.DONE
    own = await (await town.as_resident(openid="o-1")).get(f"/h5/mine/{number}")
    for each in (page, own):
        assert "<script>alert" not in each.text
        assert "49" not in text_of(each)
        assert "<b onclick" not in each.text
    page = await press(
        await town.as_resident(openid="o-1"), f"/h5/mine/{number}", "rate", rating="dissatisfied", words=words
    )
    assert (await request_of(town, number)).state is RequestState.REOPENED


async def test_a_rule_for_a_category_with_a_null_byte_is_none(town: Town) -> None:
    browser = await town.as_staff("secretary")
    page = await browser.get("/console/XH-1/rules")
    fields = fields_of(page, "rules") | {"category": "a\0", "building": "\0", "party": "\0"}
    assert (await browser.post("/console/XH-1/rules", fields)).status == 303
    fields = {name: fields[name] for name in ("csrf", "category")} | {"building": ""}
    assert (await browser.post("/console/XH-1/rules/drop", fields)).status == 303
    async with town.site.database.read() as session:
        assert (await session.exec(select(DispatchRule))).all() == []


@pytest.mark.parametrize("number", ["9" * 18, "9" * 19, "0", "-1", "1e3", "٣", "%00", "1001;drop"])
async def test_a_number_that_is_none_leads_nowhere(town: Town, number: str) -> None:
    browser = await town.as_staff("secretary")
    assert (await browser.get(f"{BOARD}/{number}")).status == 404
    assert (await browser.get(f"{BOARD}?number={number}")).status == 200
    assert (await (await town.as_resident(openid="o-1")).get(f"/h5/mine/{number}")).status == 404


async def test_who_decides_about_what_was_overheard_reads_it_without_who_said_it(town: Town) -> None:
    told = await matter(town, "o-1", text="三号楼路灯坏了一个月", is_confirmed=False)
    named = await matter(town, "o-2", text="我是张伟，住3栋501，灯坏了", is_confirmed=False)
    committee = await town.as_staff("committee")
    assert "路灯坏了一个月" in text_of(await committee.get(f"{BOARD}/{told}"))
    page = text_of(await committee.get(f"{BOARD}/{named}"))
    assert "张伟" not in page
    assert "501" not in page
    supervisor = await town.as_staff("supervisor")
    assert "路灯坏了一个月" not in text_of(await supervisor.get(f"{BOARD}/{told}"))
    await press(committee, f"{BOARD}/{told}", "confirm")
    assert "路灯坏了一个月" not in text_of(await committee.get(f"{BOARD}/{told}"))


async def test_two_tabs_of_one_stale_page_do_not_undo_each_other(town: Town) -> None:
    number = await matter(town, "o-1", is_confirmed=False)
    browser = await town.as_staff("secretary")
    first, second = [await browser.get(f"{BOARD}/{number}") for _ in range(2)]
    assert (await browser.post(f"{BOARD}/{number}/confirm", fields_of(first, "confirm"))).status == 303
    await press(browser, f"{BOARD}/{number}", "dispatch", party="property")
    assert (await browser.post(f"{BOARD}/{number}/confirm", fields_of(second, "confirm"))).status == 303
    assert (await browser.post(f"{BOARD}/{number}/confirm", fields_of(first, "confirm"))).status == 303
    assert await verbs_of(town, number) == ["raised", "dispatched"]


async def test_a_category_that_the_lexicon_has_no_longer_breaks_no_page(town: Town) -> None:
    number = await matter(town, "o-1", leaf="gone.forever")
    async with town.site.database.write() as session:
        session.add(
            DispatchRule(compound_id=await here_id(town), category="gone.forever", role=Role.PROPERTY)
        )
    secretary = await town.as_staff("secretary")
    for path in (BOARD, f"{BOARD}/{number}", "/console/XH-1/rules", "/console/XH-1"):
        assert (await secretary.get(path)).status == 200, path
    for path in ("/h5/mine", f"/h5/mine/{number}"):
        assert (await (await town.as_resident(openid="o-1")).get(path)).status == 200, path
    await press(secretary, f"{BOARD}/{number}", "dispatch", party="property")
    assert (await request_of(town, number)).state is RequestState.DISPATCHED


async def test_a_neighbour_reads_and_rates_nothing_of_another(town: Town) -> None:
    number = await matter(town, "o-1")
    await act(town, number, Dispatch(Party(Role.PROPERTY)))
    stranger = await town.as_resident(openid="o-2")
    assert (await stranger.get(f"/h5/mine/{number}")).status == 404
    page = await (await town.as_resident(openid="o-1")).get(f"/h5/mine/{number}")
    stolen = fields_of(page, "supplement")
    for action in ("rate", "supplement", "reopen", "withdraw"):
        own = await stranger.get("/h5/mine")
        fields = stolen | {"rating": "satisfied", "words": "x"} | fields_of(own, "sign-out")
        assert (await stranger.post(f"/h5/mine/{number}/{action}", fields)).status == 404, action
    assert await verbs_of(town, number) == ["raised", "dispatched"]

"""Voting, and checking a receipt, in a real browser on small phones; the vote works without scripts."""

import asyncio
import copy
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from handlers.voting.announced import Announced
from handlers.voting.evidence import Broken
from handlers.voting.receipt import check_receipt, check_roll_lines
from handlers.voting.terms import Revote
from storage.states import VoteMode
from tests.docs.pages import ROOT
from tests.voting.assembly import SIGNER
from tests.voting.test_receipt import SILENT, altered
from tests.web.chromium import (  # noqa: F401  fixtures
    database_url,
    fits,
    open_tab,
    public_url,
    pytestmark,
    running_chromium,
    shot,
    sign_in,
)
from tests.web.hall import MARKS, PATH, Hall, open_hall, vote
from tests.web.town import Town

SIZES = {"phone": (390, False), "small": (320, False), "large": (390, True), "small_large": (320, True)}


OWNERS = {f"3-{number}": [number] for number in range(101, 107)} | {"5-201": [101], "5-202": [202, 203]}


@pytest.mark.parametrize("size", SIZES)
async def test_an_owner_votes_on_a_small_phone(chromium: Chromium, town: Town, size: str) -> None:
    width, large = SIZES[size]
    hall = await open_hall(town, OWNERS, Announced(revote=Revote.ONCE))
    await hall.set(
        body="小区的电梯用了十五年，去年停了二十三次。\n物业合同今年底到期，要一起定下来。",
        contact="社区服务站 陈书记，0571-00000000",
        convener={"body": "业主委员会", "name": "四季园业委会", "document": "2026年第3号决议"},
    )
    await hall.document(b"%PDF-1.7", "application/pdf", "电梯更换方案（第2稿）.pdf")
    tab, complaints = await open_tab(chromium, town, width, scripts=True)
    owner = await hall.as_owner(101)
    await sign_in(tab, town, owner.cookies)
    if large:
        await tab.goto("/h5/votes")
        await tab.get_by_role("button", name="大字").click()
        await expect(tab.locator("html.large")).to_have_count(1)

    async def seen(name: str) -> None:
        await fits(tab)
        await shot(tab, f"vote-{name}{'-large' if large else ''}")

    await tab.goto("/h5/votes")
    await seen("list")
    await tab.get_by_role("link", name="看议题，去投票").click()
    await seen("page")
    await tab.get_by_role("link", name="我能投票吗？").click()
    await seen("eligible")
    await tab.get_by_role("link", name="去投票").click()
    await seen("form")
    await tab.get_by_role("button", name="下一步：核对").click()
    await expect(tab.get_by_role("alert")).to_contain_text("一项都还没有选")
    await tab.get_by_label("同意", exact=True).first.check()
    for name in ("丁一", "赵二", "孙三"):
        await tab.get_by_label(name).check()
    await tab.get_by_role("button", name="下一步：核对").click()
    await expect(tab.get_by_role("alert").first).to_contain_text("有的地方要改一改")
    await seen("form-wrong")
    await tab.get_by_label("赵二").uncheck()
    await tab.get_by_label("乙公司").check()
    await tab.get_by_role("button", name="下一步：核对").click()
    await expect(tab.get_by_role("heading", name="核对一下，再投出去")).to_be_visible()
    await seen("confirm")
    await tab.get_by_role("button", name="回去改").click()
    await expect(tab.get_by_label("乙公司")).to_be_checked()
    await tab.get_by_role("button", name="下一步：核对").click()
    await tab.get_by_role("button", name="投出去").click()
    await expect(tab.get_by_role("heading", name="票收到了，算数")).to_be_visible()
    await hall.seal()
    await tab.reload()
    await seen("receipt")
    await tab.goto(f"{PATH}/roll")
    await seen("roll")
    await tab.goto(f"{PATH}/log")
    await seen("log")
    assert len(await hall.ballots()) == 1
    for number in (102, 103, 104, 105):
        await vote(await hall.as_owner(number), MARKS | {"m-q1": "against"})
    await hall.publish()
    await tab.goto(f"{PATH}/result")
    await seen("result")
    await tab.goto(PATH)
    await seen("page-published")
    neighbour = await hall.as_neighbour()
    await sign_in(tab, town, neighbour.cookies)
    await tab.goto(f"{PATH}/eligible")
    await seen("not-bound")
    await hall.set(mode=VoteMode.OFFICIAL_PLATFORM)
    await tab.goto(PATH)
    await seen("official")
    await tab.context.close()
    assert complaints == []


async def receipt_of(hall: Hall, town: Town) -> tuple[dict[str, Any], dict[str, Any]]:
    for number in (102, 103, 104):
        await vote(await hall.as_owner(number))
    browser = await hall.as_owner(101)
    answer = await vote(browser)
    await hall.seal()
    receipt = json.loads((await browser.get(f"{answer.location}/download")).text)
    return receipt, json.loads((await browser.get(f"{PATH}/roll/download")).text)


async def test_the_check_page_finds_what_the_command_finds(chromium: Chromium, town: Town) -> None:
    hall = await open_hall(town, OWNERS)
    receipt, lines = await receipt_of(hall, town)
    tab, complaints = await open_tab(chromium, town, 390, scripts=True)
    await tab.goto("/h5/check")

    async def verdict(kept: Any) -> bool:
        await tab.locator("#text").fill(
            kept if isinstance(kept, str) else json.dumps(kept, ensure_ascii=False)
        )
        await tab.evaluate("document.getElementById('found').replaceChildren()")
        await tab.get_by_role("button", name="核对").click()
        await expect(tab.locator(".verdict")).to_have_count(1)
        return await tab.locator(".verdict").inner_text() == "对得上"

    assert await verdict(receipt)
    fingerprint = SIGNER.key_id
    await expect(tab.locator("#found")).to_contain_text(
        " ".join(fingerprint[start : start + 4] for start in range(0, 16, 4))
    )
    await expect(tab.locator("#found")).to_contain_text("乙公司")
    await fits(tab)
    await shot(tab, "check-good")
    for where, other in altered(receipt):
        if where in SILENT:
            continue
        with pytest.raises(Broken):
            check_receipt(other, fingerprint)
        if where == "public_key":
            assert not await verdict(other)
            continue
        assert not await verdict(other), where
    await shot(tab, "check-bad")
    promised = {name: receipt[name] for name in receipt if name not in ("index", "proof", "checkpoint")}
    assert await verdict(promised)
    await expect(tab.locator("#found")).to_contain_text("还没有写进公开的记录")
    assert await verdict(lines)
    assert check_roll_lines(lines).checked
    broken = copy.deepcopy(lines)
    broken["units"][0]["line"]["area"] = "100.01"
    assert not await verdict(broken)
    for odd in ("", "{", "[]", "{}", '{"type": "yishi/receipt/1"}', "<script>alert(1)</script>"):
        assert not await verdict(odd)
    await tab.context.close()
    assert complaints == []


async def test_a_receipt_is_chosen_as_a_file_and_nothing_is_sent(
    chromium: Chromium, town: Town, tmp_path: Path
) -> None:
    hall = await open_hall(town, OWNERS)
    receipt, _ = await receipt_of(hall, town)
    file = tmp_path / "receipt.json"
    await asyncio.to_thread(file.write_text, json.dumps(receipt), "utf-8")
    tab, complaints = await open_tab(chromium, town, 320, scripts=True)
    await tab.goto("/h5/check")
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    await tab.locator("#file").set_input_files(file)
    await expect(tab.locator(".verdict")).to_have_text("对得上")
    await fits(tab)
    assert [url for url in asked if "/static/" not in url and not url.startswith("blob:")] == []
    await tab.context.close()
    assert complaints == []


async def test_without_scripts_the_page_says_so_and_names_the_command(chromium: Chromium, town: Town) -> None:
    tab, _ = await open_tab(chromium, town, 390, scripts=False)
    await tab.goto("/h5/check")
    await expect(tab.get_by_text("关掉了脚本")).to_be_visible()
    await expect(tab.get_by_role("button", name="核对")).to_be_hidden()
    await shot(tab, "check-without-scripts")
    await tab.context.close()


async def test_only_that_page_may_run_scripts_and_none_within_it(chromium: Chromium, town: Town) -> None:
    tab, _ = await open_tab(chromium, town, 390, scripts=True)
    for path, scripts in (("/h5/check", "script-src 'self'"), ("/h5/privacy", "script-src 'none'")):
        answer = await tab.goto(path)
        assert answer is not None
        assert scripts in answer.headers["content-security-policy"]
        ran = await tab.evaluate(
            """() => { const script = document.createElement("script");
                script.textContent = "window.pwned = 1"; document.body.append(script);
                return window.pwned ?? null; }"""
        )
        assert ran is None
    await tab.context.close()


def test_scripts_of_others_are_those_that_were_written_down() -> None:
    folder = ROOT / "bot/web/static/vendor"
    told = (folder / "README.md").read_text("utf-8")
    scripts = list(folder.glob("*.js"))
    assert scripts
    for script in scripts:
        assert f"`{script.name}`" in told
        assert hashlib.sha256(script.read_bytes()).hexdigest() in told
        assert script.with_suffix(".LICENSE").is_file()

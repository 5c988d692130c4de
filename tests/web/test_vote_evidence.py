"""What residents and anybody can check a vote by, and the published result."""

import io
import json
from datetime import timedelta
from zipfile import ZipFile

from handlers.voting.bundle import read_bundle
from handlers.voting.receipt import check_receipt, check_roll_lines
from storage.states import VoteState
from tests.voting.assembly import SIGNER
from tests.web.hall import MARKS, PATH, open_hall, vote
from tests.web.orders import text_of
from tests.web.town import Browser, Town


async def raw(browser: Browser, path: str) -> tuple[int, bytes, str]:
    sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}
    async with browser.http.get(browser.base + path, headers=sent, allow_redirects=False) as response:
        return response.status, await response.read(), response.headers.get("Content-Disposition", "")


async def test_a_downloaded_receipt_is_first_a_promise_and_then_a_proof(town: Town) -> None:
    hall = await open_hall(town)
    browser = await hall.as_owner(1)
    answer = await vote(browser)
    assert "已经签了保证" in text_of(await browser.get(answer.location))
    receipt = json.loads((await browser.get(f"{answer.location}/download")).text)
    assert "checkpoint" not in receipt
    check_receipt(receipt, SIGNER.key_id)
    await hall.seal()
    page = await browser.get(answer.location)
    assert "已经写进公开的记录：第 1 条" in text_of(page)
    _, body, named = await raw(browser, f"{answer.location}/download")
    assert "attachment" in named
    receipt = json.loads(body)
    assert len(check_receipt(receipt, SIGNER.key_id).checked) == 4
    assert receipt["content"]["marks"]["q2"] == "乙公司"


async def test_owners_get_their_own_lines_of_the_roll_and_nobody_elses(town: Town) -> None:
    hall = await open_hall(town)
    owner, neighbour = await hall.as_owner(1), await hall.as_neighbour()
    page = await owner.get(f"{PATH}/roll")
    assert "100.00 平方米" in text_of(page)
    assert "3-103" not in page.text
    kept = json.loads((await owner.get(f"{PATH}/roll/download")).text)
    assert [row["line"]["unit"] for row in kept["units"]] == ["3-101", "3-102"]
    assert len(check_roll_lines(kept).checked) == 2
    for address in (f"{PATH}/roll", f"{PATH}/roll/download"):
        assert (await neighbour.get(address)).status == 404


async def test_anybody_reads_the_log_and_recomputes_the_bundle(town: Town) -> None:
    hall = await open_hall(town)
    answer = await vote(await hall.as_owner(1))
    stranger = town.browser()
    page = await stranger.get(f"{PATH}/log")
    assert "还没有签名" in text_of(page)
    await hall.seal()
    page = await stranger.get(f"{PATH}/log")
    (ballot,) = await hall.ballots()
    assert ballot.leaf_hash.hex() in page.text
    assert answer.location.rpartition("/")[2] not in page.text
    for secret in ("乙公司", "3-101", ballot.owner_key, "o-owner-1"):
        assert secret not in page.text
    # While people vote it would tell who brings papers which of them have come in.
    assert (await stranger.get(f"{PATH}/bundle")).location == f"{PATH}/log"
    assert "截止以后可以下载" in text_of(page)
    await hall.set(closes_at=town.clock.now - timedelta(seconds=1))
    status, content, named = await raw(stranger, f"{PATH}/bundle")
    assert (status, named) == (200, 'attachment; filename="vote-XH-1-1.zip"')
    with ZipFile(io.BytesIO(content)) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
    for secret in ("3-101", ballot.owner_key):
        assert secret.encode() not in everything
    assert read_bundle(io.BytesIO(content)).manifest["kind"] == "public"


async def test_there_is_no_evidence_of_a_draft(town: Town) -> None:
    hall = await open_hall(town, state=VoteState.LINTED)
    owner, stranger = await hall.as_owner(1), town.browser()
    for address in (f"{PATH}/log", f"{PATH}/bundle", "/h5/votes/NO-9/1/log"):
        assert (await stranger.get(address)).status == 404
    for address in ("", "/eligible", "/roll", "/roll/download", "/result", "/documents/1"):
        assert (await owner.get(f"{PATH}{address}")).status == 404


OWNERS = {f"3-{number}": [number] for number in range(101, 107)} | {
    f"5-{number}": [number] for number in range(201, 208)
}


async def test_the_result_is_read_after_its_publication_in_integers(town: Town) -> None:
    hall = await open_hall(town, OWNERS)
    owners = [each for (each,) in OWNERS.values()]
    for number in owners[:10]:
        mark = "agree" if number != 101 else "against"
        await vote(await hall.as_owner(number), MARKS | {"m-q1": mark})
    browser = await hall.as_owner(101)
    assert (await browser.get(f"{PATH}/result")).status == 404
    await hall.publish()
    browser = await hall.as_owner(101)
    assert "看结果" in text_of(await browser.get(PATH))
    page = await browser.get(f"{PATH}/result")
    shown = text_of(page)
    for words in (
        "通过",
        "参加的",
        "10",
        "1,000.00",
        "丁一、孙三",
        "乙公司",
        "一共 10 张",
        "按楼栋",
        "以前可以提异议",
    ):
        assert words in shown, words
    for name in ("3-101", "业主101"):
        assert name not in shown
    status, content, _ = await raw(browser, f"{PATH}/bundle")
    assert status == 200
    assert read_bundle(io.BytesIO(content)).result is not None


async def test_while_it_is_counted_anew_there_is_no_result(town: Town) -> None:
    hall = await open_hall(town, OWNERS)
    await vote(await hall.as_owner(101))
    await hall.publish()
    await hall.set(tallied_at=None)
    browser = await hall.as_owner(101)
    assert "正在重新计票" in text_of(await browser.get(f"{PATH}/result"))
    assert (await browser.get(f"{PATH}/bundle")).location == f"{PATH}/log"


async def test_documents_that_are_public_are_read_by_residents(town: Town) -> None:
    hall = await open_hall(town)
    await hall.document(b"%PDF-1.7 plan", "application/pdf", "电梯方案 第2稿.pdf")
    await hall.document(b"<script>", "text/html", "page.html")
    await hall.document(b"secret", "application/pdf", "minutes.pdf", public=False)
    browser = await hall.as_neighbour()
    page = await browser.get(PATH)
    assert "电梯方案 第2稿.pdf" in page.text
    assert "minutes.pdf" not in page.text
    status, content, named = await raw(browser, f"{PATH}/documents/1")
    assert (status, content, named.partition(";")[0]) == (200, b"%PDF-1.7 plan", "inline")
    assert (await raw(browser, f"{PATH}/documents/2"))[2].startswith("attachment")
    for number in (3, 4):
        assert (await browser.get(f"{PATH}/documents/{number}")).status == 404

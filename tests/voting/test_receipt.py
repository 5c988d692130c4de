"""A receipt that an owner kept: good ones hold, and a byte flipped anywhere is found."""

import asyncio
import copy
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from bot.cli.verify import run
from handlers.voting.bundle import PUBLIC, write_bundle
from handlers.voting.evidence import Broken
from handlers.voting.export import bundle_of
from handlers.voting.log import seal_all
from handlers.voting.proofs import load_receipt, load_roll_lines
from handlers.voting.receipt import check_receipt, check_roll_lines
from handlers.voting.signing import Signer
from storage.database import Database
from storage.states import VoteState
from storage.tables import Compound, Vote
from tests.voting.assembly import NUMBER, SEALER, SIGNER, Assembly, assemble, cast
from tests.voting.votes import at

UNITS = {f"3-10{number}": [number] for number in range(1, 8)}


@pytest.fixture
async def assembly(database: Database) -> Assembly:
    return await assemble(database, UNITS)


async def receipt_of(database: Database, assembly: Assembly, unit: str = "3-104") -> dict[str, Any]:
    """A ballot among others, sealed."""
    for number, other in enumerate(UNITS):
        if other != unit:
            await cast(database, assembly.order(other, key=f"k{number}"))
    recorded = await cast(database, assembly.order(unit, key="mine"))
    await seal_all(database, SIGNER, at(21))
    return await load(database, assembly, recorded.ballot)


async def load(database: Database, assembly: Assembly, ballot: Any) -> dict[str, Any]:
    async with database.read() as session:
        compound = await session.get_one(Compound, assembly.compound_id)
        receipt = await load_receipt(session, SEALER, SIGNER, compound, ballot)
    assert json.loads(json.dumps(receipt)) == receipt
    return receipt


async def test_a_receipt_holds_and_says_what_it_does_not_prove(
    database: Database, assembly: Assembly
) -> None:
    receipt = await receipt_of(database, assembly)
    report = check_receipt(receipt, SIGNER.key_id)
    assert report.anchored
    assert len(report.checked) == 4
    assert any("whether it was counted" in each for each in report.not_checked)
    assert not check_receipt(receipt).anchored


async def test_before_it_is_sealed_there_is_a_promise(database: Database, assembly: Assembly) -> None:
    recorded = await cast(database, assembly.order("3-101"))
    receipt = await load(database, assembly, recorded.ballot)
    assert "checkpoint" not in receipt
    report = check_receipt(receipt, SIGNER.key_id)
    assert any("only a signed promise" in each for each in report.not_checked)
    await seal_all(database, SIGNER, at(21))
    later = await load(database, assembly, recorded.ballot)
    assert later["index"] == 0
    assert {name: later[name] for name in receipt} == receipt


async def test_the_proof_leads_to_a_head_that_others_have(database: Database, assembly: Assembly) -> None:
    recorded = await cast(database, assembly.order("3-101"))
    for place, unit in enumerate(("3-102", "3-103", "3-104")):
        reason = "daily" if place == 1 else "sealing"
        await cast(database, assembly.order(unit, key=unit))
        await seal_all_for(database, assembly, reason)
    receipt = await load(database, assembly, recorded.ballot)
    assert (receipt["checkpoint"]["reason"], receipt["checkpoint"]["size"]) == ("daily", 3)
    check_receipt(receipt)


async def seal_all_for(database: Database, assembly: Assembly, reason: str) -> None:
    from handlers.voting.log import origin_of, seal

    async with database.write() as session:
        await seal(session, SIGNER, assembly.compound_id, NUMBER, origin_of("XH-1", NUMBER), at(21), reason)


def flipped(text: str) -> str:
    """The first character that is a letter or a digit, changed."""
    if not text:
        return "x"
    place = next(number for number, each in enumerate(text) if each.isalnum())
    other = "1" if text[place] != "1" else "2"
    return text[:place] + other + text[place + 1 :]


def altered(receipt: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The receipt with each of its parts changed in one place."""
    found = []

    def visit(at: Any, path: list[Any]) -> None:
        for key, value in at.items() if isinstance(at, dict) else enumerate(at):
            if isinstance(value, dict | list):
                visit(value, [*path, key])
                continue
            copied = copy.deepcopy(receipt)
            there: Any = copied
            for step in path:
                there = there[step]
            if isinstance(value, str):
                there[key] = flipped(value)
            elif isinstance(value, bool):
                there[key] = not value
            elif isinstance(value, int):
                there[key] = value + 1
            else:
                there[key] = "x"
            found.append((".".join(map(str, [*path, key])), copied))

    visit(receipt, [])
    return found


# What is beside the evidence: why a head was made.
SILENT = {"checkpoint.reason"}


async def test_a_change_anywhere_is_found(database: Database, assembly: Assembly) -> None:
    receipt = await receipt_of(database, assembly)
    tried = altered(receipt)
    assert len(tried) > 20
    for where, other in tried:
        if where in SILENT:
            continue
        with pytest.raises(Broken):
            check_receipt(other, SIGNER.key_id)
    for part in receipt:
        if part in ("index", "proof", "checkpoint"):
            continue
        with pytest.raises(Broken):
            check_receipt({name: value for name, value in receipt.items() if name != part})


@pytest.mark.parametrize("odd", [{}, {"type": "yishi/receipt/1"}, {"type": "other", "origin": "XH-1/1"}])
def test_what_is_no_receipt_is_refused(odd: dict[str, Any]) -> None:
    with pytest.raises(Broken):
        check_receipt(odd)
    with pytest.raises(Broken):
        check_roll_lines(odd)


async def test_another_key_signs_nothing_here(database: Database, assembly: Assembly) -> None:
    receipt = await receipt_of(database, assembly)
    other = Signer("Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=")
    with pytest.raises(Broken, match="promise: is not signed"):
        check_receipt({**receipt, "public_key": other.public_key.hex()})
    with pytest.raises(Broken, match="the key is"):
        check_receipt(receipt, other.key_id)


async def test_lines_of_the_roll_lead_to_the_root_in_the_notice(
    database: Database, assembly: Assembly
) -> None:
    async with database.read() as session:
        compound = await session.get_one(Compound, assembly.compound_id)
        vote = await session.get_one(Vote, (assembly.compound_id, NUMBER))
        kept = await load_roll_lines(session, compound, vote, ["3-102", "3-107"])
    assert vote.roll_root is not None
    assert kept["root"] == vote.roll_root.hex()
    assert [row["line"]["unit"] for row in kept["units"]] == ["3-102", "3-107"]
    assert len(check_roll_lines(kept).checked) == 2
    for where, other in altered(kept):
        # The root says which roll it is; how many lines it has is told, and in the log's notice.
        if where == "origin" or where.endswith(".size"):
            continue
        with pytest.raises(Broken):
            check_roll_lines(other)


async def test_the_command_checks_a_receipt_alone_and_in_a_bundle(
    database: Database, assembly: Assembly, tmp_path: Path
) -> None:
    receipt = await receipt_of(database, assembly)
    async with database.write() as session:
        compound = await session.get_one(Compound, assembly.compound_id)
        vote = await session.get_one(Vote, (assembly.compound_id, NUMBER))
        vote.state = VoteState.OPEN
        bundle = await bundle_of(session, SEALER, SIGNER, compound, vote, PUBLIC)
    good, broken, zipped = tmp_path / "good.json", tmp_path / "broken.json", tmp_path / "vote.zip"
    odd = tmp_path / "odd.json"
    await asyncio.to_thread(good.write_text, json.dumps(receipt), "utf-8")
    await asyncio.to_thread(
        broken.write_text, json.dumps({**receipt, "nonce": flipped(receipt["nonce"])}), "utf-8"
    )
    await asyncio.to_thread(odd.write_text, "[]", "utf-8")
    await asyncio.to_thread(zipped.write_bytes, write_bundle(bundle))

    def call(path: Path, key: str | None = SIGNER.key_id) -> tuple[int, dict[str, Any], str]:
        out, err = StringIO(), StringIO()
        code = run(None, key, [], out, err, str(path))
        return code, json.loads(out.getvalue() or "{}"), err.getvalue()

    code, line, _ = await asyncio.to_thread(call, good)
    assert (code, line["ok"], line["anchored"], line["origin"]) == (0, True, True, "XH-1/1")
    code, line, said = await asyncio.to_thread(call, broken)
    assert (code, line["ok"], line["broken"]) == (1, False, "content")
    assert "altered" in said
    assert (await asyncio.to_thread(call, odd))[0] == 2
    assert (await asyncio.to_thread(call, tmp_path / "none.json"))[0] == 2
    log = bundle.log
    assert any("of the bundle's log" in each for each in check_receipt(receipt, None, log).checked)
    with pytest.raises(Broken, match="not in the log"):
        check_receipt(receipt, None, [row for row in log if row["entry"] != receipt["entry"]])

"""A vote is recomputed from its evidence, and whatever was altered is named."""

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from bot.cli.verify import run
from handlers.voting.bundle import PUBLIC, Bundle, BundleError, read_bundle, write_bundle
from handlers.voting.evidence import Broken
from handlers.voting.signing import Checkpoint, utc_text
from handlers.voting.verify import verify
from storage.merkle import leaf_hash, root_of
from tests.voting.evidence_by_hand import ORIGIN, OTHER, SAID, SIGNER, evidence, head_json, with_entries
from tests.voting.votes import at

GOOD = evidence()
PUBLISHED = evidence(kind=PUBLIC)
ON_PAPER = evidence(papers=True)


def broken(bundle: Bundle, **more: Any) -> str:
    with pytest.raises(Broken) as found:
        verify(bundle, **more)
    return found.value.where


def entries() -> list[str]:
    return [row["entry"] for row in GOOD.log]


def test_the_sealed_bundle_is_recomputed_to_the_byte() -> None:
    report = verify(GOOD, SIGNER.key_id, GOOD.checkpoints[1:3])
    assert report.anchored
    assert report.not_checked == []
    assert "the ballots add up to the result, to the byte" in report.checked
    assert GOOD.result is not None
    assert GOOD.result["rejected"] == {"revote_refused": 1}
    assert [question["status"] for question in GOOD.result["questions"]] == ["PASSED", "PASSED"]


def test_the_public_bundle_opens_no_ballot() -> None:
    report = verify(PUBLISHED)
    assert not report.anchored
    assert any("public" in text for text in report.not_checked)
    assert any("whose key" in text for text in report.not_checked)
    written = write_bundle(PUBLISHED)
    for secret in (b"3-101", b"nonce"):
        assert secret not in written
    assert PUBLISHED.ballots == ()


def test_an_open_case_is_recomputed_too() -> None:
    bundle = evidence(ruled=False)
    assert verify(bundle).checked
    assert bundle.result is not None
    question = bundle.result["questions"][0]
    assert question["status"] == "REVIEW_REQUIRED"
    assert question["rulings"]["outcomes"] == ["PASSED"]


def test_the_file_reads_back_as_it_was_written() -> None:
    written = write_bundle(GOOD)
    assert write_bundle(read_bundle(io.BytesIO(written))) == written
    assert read_bundle(io.BytesIO(written)).log == GOOD.log


@pytest.mark.parametrize("odd", ["\u2028", "\u2029", "\x85", "\x0b", "\r"])
def test_whatever_ends_a_line_elsewhere_ends_none_in_a_bundle(odd: str) -> None:
    bundle = replace(GOOD, rulings=({"question": f"甲{odd}乙"},))
    assert read_bundle(io.BytesIO(write_bundle(bundle))).rulings == bundle.rulings


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_file_packed_in_another_way_is_refused_in_words(packing: int) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as archive:
        archive.writestr("manifest.json", "{}")
    with pytest.raises(BundleError, match="no bundle"):
        read_bundle(out)


@pytest.mark.parametrize("place", range(len(GOOD.log)))
def test_one_flipped_byte_of_an_entry_is_named(place: int) -> None:
    row = GOOD.log[place]
    middle = len(row["entry"]) // 2
    flipped = row["entry"][:middle] + chr(ord(row["entry"][middle]) ^ 1) + row["entry"][middle + 1 :]
    log = [*GOOD.log]
    log[place] = {**row, "entry": flipped}
    assert broken(replace(GOOD, log=tuple(log))) == f"log entry {place}"


@pytest.mark.parametrize("place", range(len(GOOD.log)))
def test_a_dropped_entry_is_named(place: int) -> None:
    where = broken(replace(GOOD, log=GOOD.log[:place] + GOOD.log[place + 1 :]))
    last = place == len(GOOD.log) - 1
    assert where == (f"checkpoint {len(GOOD.checkpoints) - 1}" if last else f"log entry {place}")


@pytest.mark.parametrize("place", range(len(GOOD.log) - 1))
def test_two_swapped_entries_are_named(place: int) -> None:
    log = [*GOOD.log]
    log[place], log[place + 1] = log[place + 1], log[place]
    assert broken(replace(GOOD, log=tuple(log))) == f"log entry {place}"


@pytest.mark.parametrize("change", ["drop", "swap", "alter", "backdate"])
def test_a_log_rewritten_with_fitting_hashes_does_not_fit_the_signed_heads(change: str) -> None:
    text = entries()
    if change == "drop":
        del text[3]
    elif change == "swap":
        text[3], text[4] = text[4], text[3]
    else:
        entry = json.loads(text[3])
        entry |= {"channel": "paper"} if change == "alter" else {"at": utc_text(at(19))}
        text[3] = rfc8785.dumps(entry).decode()
    # Which span: from the last head that still fits to the first that does not.
    assert broken(with_entries(GOOD, text)) in ("log entries 2 to 3", "log entry 3")


def test_an_entry_that_no_head_covers_is_named() -> None:
    text = [*entries(), rfc8785.dumps({"kind": "ballot", "at": utc_text(at(29))}).decode()]
    assert broken(with_entries(GOOD, text)) == f"log entry {len(text) - 1}"


def test_an_entry_dated_after_its_head_is_named() -> None:
    text = entries()[:1]
    head = Checkpoint(ORIGIN, 1, root_of([leaf_hash(text[0].encode())]), at(1) - timedelta(days=1))
    bundle = replace(with_entries(GOOD, text), checkpoints=(head_json(head, SIGNER),))
    assert broken(bundle) == "log entry 0"


@pytest.mark.parametrize("place", range(len(GOOD.checkpoints)))
@pytest.mark.parametrize("key", ["root", "signature", "time", "size"])
def test_a_head_that_was_altered_is_named(place: int, key: str) -> None:
    heads = [dict(head) for head in GOOD.checkpoints]
    value = heads[place][key]
    heads[place][key] = {"size": 3, "time": utc_text(at(3))}.get(key) or ("0" * 8 + value[8:])
    assert broken(replace(GOOD, checkpoints=tuple(heads))) == f"checkpoint {place}"


def test_a_head_signed_by_another_key_is_named() -> None:
    row = GOOD.checkpoints[0]
    head = Checkpoint(ORIGIN, row["size"], bytes.fromhex(row["root"]), at(20))
    heads = (head_json(head, OTHER), *GOOD.checkpoints[1:])
    assert broken(replace(GOOD, checkpoints=heads)) == "checkpoint 0"


def test_heads_out_of_order_are_named() -> None:
    assert broken(replace(GOOD, checkpoints=GOOD.checkpoints[::-1])) == "checkpoint 1"


def test_a_fork_shows_by_a_head_that_somebody_kept() -> None:
    forked = entries()
    forked[4] = rfc8785.dumps({"kind": "ballot", "at": utc_text(at(21)), "ballot": "x"}).decode()
    hashes = [leaf_hash(entry.encode()) for entry in forked[:6]]
    kept = head_json(Checkpoint(ORIGIN, 6, root_of(hashes), at(22)), SIGNER)
    assert broken(GOOD, witnesses=[GOOD.checkpoints[0], kept]) == "witness 1"
    longer = head_json(Checkpoint(ORIGIN, 99, b"\x00" * 32, at(22)), SIGNER)
    assert broken(GOOD, witnesses=[longer]) == "witness 0"
    assert (
        broken(GOOD, witnesses=[head_json(Checkpoint(ORIGIN, 6, root_of(hashes), at(22)), OTHER)])
        == "witness 0"
    )


def test_another_key_is_not_the_one_that_was_printed() -> None:
    assert broken(GOOD, fingerprint=OTHER.key_id) == "manifest.json"
    whole = replace(GOOD, manifest={**GOOD.manifest, "public_key": OTHER.public_key.hex()})
    assert broken(whole) == "checkpoint 0"


def test_evidence_of_one_vote_does_not_serve_for_another() -> None:
    assert broken(replace(GOOD, manifest={**GOOD.manifest, "origin": "XH-1/2"})) == "checkpoint 0"


@pytest.mark.parametrize(
    ("key", "value"),
    [("area", "500.00"), ("owner", "0" * 32), ("unit", "3-999"), ("kind", "parking"), ("salt", "00" * 16)],
)
def test_a_line_of_the_roll_that_was_altered_shows(key: str, value: str) -> None:
    roll = [dict(row) for row in GOOD.roll]
    roll[5] = {**roll[5], "line": {**roll[5]["line"], key: value}}
    assert broken(replace(GOOD, roll=tuple(roll))) == "roll"


def test_a_line_that_is_missing_or_doubled_shows() -> None:
    assert broken(replace(GOOD, roll=GOOD.roll[1:])) == "roll"
    assert broken(replace(GOOD, roll=(*GOOD.roll, GOOD.roll[0]))) == f"roll line {len(GOOD.roll)}"
    assert broken(replace(PUBLISHED, roll=PUBLISHED.roll[1:])) == "roll"


@pytest.mark.parametrize("key", ["marks", "units", "owner", "voter", "cast_at", "recorded_at"])
def test_a_ballot_that_was_altered_is_named(key: str) -> None:
    ballots = [dict(row) for row in GOOD.ballots]
    other = {"marks": {"q1": "against", "q2": "abstain"}, "units": ["3-105"], "cast_at": utc_text(at(26))}
    content = {**ballots[2]["content"], key: other.get(key, "x")}
    ballots[2] = {**ballots[2], "content": content}
    assert broken(replace(GOOD, ballots=tuple(ballots))) == f"ballot {ballots[2]['ballot']}"


def test_ballots_left_out_added_or_doubled_are_named() -> None:
    first = GOOD.ballots[0]
    assert broken(replace(GOOD, ballots=GOOD.ballots[1:])) == f"ballot {first['ballot']}"
    assert broken(replace(GOOD, ballots=(*GOOD.ballots, first))) == f"ballot {first['ballot']}"
    strange = {**first, "ballot": "f" * 32}
    assert broken(replace(GOOD, ballots=(*GOOD.ballots, strange))) == f"ballot {'f' * 32}"


def test_a_ruling_that_was_altered_or_dropped_is_named() -> None:
    other = {**GOOD.rulings[0], "mark": "agree"}
    assert broken(replace(GOOD, rulings=(other, *GOOD.rulings[1:]))) == "ruling 0"
    assert broken(replace(GOOD, rulings=())) == "rulings"


@pytest.mark.parametrize("bundle", [GOOD, PUBLISHED], ids=["sealed", "public"])
def test_another_result_shows(bundle: Bundle) -> None:
    assert bundle.result is not None
    assert broken(replace(bundle, result={**bundle.result, "ballots": 99})) == "result.json"


def test_a_bundle_before_the_tally_says_so() -> None:
    assert "the result: there is none yet" in verify(evidence(tallied=False)).not_checked
    assert broken(replace(GOOD, result=None)) == "result.json"


@pytest.mark.parametrize("seed", range(200))
def test_no_flipped_byte_of_the_file_passes_for_the_same_evidence(seed: int) -> None:
    """Whatever byte is flipped: the file cannot be read, or it is broken, or it says what it said before."""
    written = bytearray(write_bundle(GOOD))
    written[seed * len(written) // 200] ^= 1 << seed % 8
    try:
        again = read_bundle(io.BytesIO(written))
        verify(again, SIGNER.key_id)
    except (BundleError, Broken):
        return
    assert again == GOOD


def command(path: Path, *witnesses: Path, key: str | None = None) -> tuple[int, dict[str, Any], str]:
    out, err = io.StringIO(), io.StringIO()
    code = run(str(path), key, [str(each) for each in witnesses], out, err)
    return code, json.loads(out.getvalue() or "{}"), err.getvalue()


def test_the_command_says_which_kind_it_read_and_what_it_checked(tmp_path: Path) -> None:
    path, kept = tmp_path / "vote.zip", tmp_path / "kept.jsonl"
    path.write_bytes(write_bundle(GOOD))
    kept.write_text(json.dumps(GOOD.checkpoints[0]) + "\n")
    code, line, err = command(path, kept, key=SIGNER.key_id)
    assert (code, err) == (0, "")
    assert (line["kind"], line["ok"], line["anchored"], line["origin"]) == ("sealed", True, True, ORIGIN)


def test_the_command_names_the_broken_entry_and_exits_with_1(tmp_path: Path) -> None:
    path = tmp_path / "vote.zip"
    path.write_bytes(write_bundle(replace(GOOD, log=GOOD.log[:3] + GOOD.log[4:])))
    code, line, err = command(path)
    assert (code, line["ok"], line["broken"]) == (1, False, "log entry 3")
    assert "log entry 3" in err


def test_files_that_cannot_be_read_exit_with_2(tmp_path: Path) -> None:
    path, witness = tmp_path / "vote.zip", tmp_path / "kept.jsonl"
    assert command(path)[0] == 2
    path.write_text("no archive")
    assert command(path)[0] == 2
    path.write_bytes(write_bundle(GOOD))
    witness.write_text("not json\n")
    code, _, err = command(path, witness)
    assert (code, err.count("\n")) == (2, 1)
    assert "line 1" in err


def test_heads_of_the_sample_cover_it_step_by_step() -> None:
    sizes = [head["size"] for head in GOOD.checkpoints]
    assert sizes[-1] == len(GOOD.log)
    assert all(first < second for first, second in pairwise(sizes))


def resigned(text: list[str], bundle: Bundle = GOOD) -> Bundle:
    """The same vote with another log, by somebody who has the key."""
    root = root_of([leaf_hash(entry.encode()) for entry in text])
    head = Checkpoint(ORIGIN, len(text), root, at(30))
    return replace(with_entries(bundle, text), checkpoints=(head_json(head, SIGNER),))


def changed(kind: str, **more: Any) -> list[str]:
    """The entries of the sample with those of a kind altered."""
    read = [json.loads(entry) for entry in entries()]
    return [rfc8785.dumps({**each, **more} if each["kind"] == kind else each).decode() for each in read]


def test_a_log_that_is_signed_anew_as_it_was_is_good() -> None:
    assert verify(resigned(entries()), SIGNER.key_id).anchored


@pytest.mark.parametrize(("key", "value"), [("persons", 12), ("area", "1197.27"), ("units", 12)])
def test_a_notice_with_other_sums_than_its_roll_is_named(key: str, value: object) -> None:
    roll = json.loads(entries()[0])["roll"]
    assert broken(resigned(changed("notice", roll={**roll, key: value}))) == "roll"


@pytest.mark.parametrize("deciders", [[], [7], [7, 7]])
def test_a_ruling_by_fewer_than_two_is_named(deciders: list[int]) -> None:
    assert broken(resigned(changed("ruling", deciders=deciders))) == "ruling 0"


@pytest.mark.parametrize(
    "notice",
    [
        {**SAID, "title": "解聘物业服务企业"},
        {**SAID, "questions": []},
        {"title": 0.5},
        {"title": "\ud800"},
        {},
    ],
)
@pytest.mark.parametrize("bundle", [GOOD, PUBLISHED], ids=["sealed", "public"])
def test_a_notice_with_other_words_than_those_announced_is_named(
    bundle: Bundle, notice: dict[str, object]
) -> None:
    assert broken(replace(bundle, notice=notice)) == "notice.json"


def test_a_second_notice_or_one_with_another_key_is_named() -> None:
    first, *rest = entries()
    assert broken(resigned([first, first, *rest])) == "log"
    assert broken(resigned(changed("notice", key=OTHER.key_id))) == "log"


def test_a_result_that_the_log_has_and_the_ballots_do_not_is_named() -> None:
    assert GOOD.result is not None
    result = {**GOOD.result, "ballots": 99}
    digest = leaf_hash(rfc8785.dumps(result)).hex()
    assert broken(resigned(changed("tally", result=digest), replace(GOOD, result=result))) == "result.json"


def test_an_extension_is_heard_when_the_ballots_are_counted_again() -> None:
    """The sample's result is that of the window in its notice; with another one it is not its result any more."""
    *most, last = entries()
    entry = {"kind": "extension", "at": utc_text(at(26)), "closes_at": utc_text(at(28))}
    assert broken(resigned([*most, rfc8785.dumps(entry).decode(), last])) == "result.json"


def test_papers_and_deliveries_are_checked_and_the_report_says_so() -> None:
    report = verify(ON_PAPER, SIGNER.key_id)
    assert (
        "2 ballots on paper or by phone were received before the close and keyed in by two" in report.checked
    )
    assert "the units that the notice provably reached are those of the log" in report.checked
    assert verify(evidence(kind=PUBLIC, papers=True), SIGNER.key_id).checked


PAPERS = [row["ballot"] for row in ON_PAPER.ballots[-2:]]


def of_papers(change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> Bundle:
    """The vote with papers, with another log that is signed; what `change` makes None of is left out."""
    read = (change(json.loads(row["entry"])) for row in ON_PAPER.log)
    return resigned([rfc8785.dumps(each).decode() for each in read if each is not None], ON_PAPER)


def with_act(act: str, **more: Any) -> Bundle:
    return of_papers(lambda each: {**each, **more} if each.get("act") == act else each)


def test_the_papers_signed_anew_as_they_were_are_good() -> None:
    assert verify(of_papers(lambda each: each), SIGNER.key_id).checked


@pytest.mark.parametrize("act", ["received", "matched"])
def test_a_paper_ballot_whose_paper_was_not_received_or_keyed_in_is_named(act: str) -> None:
    assert broken(of_papers(lambda each: None if each.get("act") == act else each)) == f"ballot {PAPERS[0]}"


@pytest.mark.parametrize(
    "more",
    [
        {"by": [7]},
        {"by": [7, 7]},
        {"by": []},
        {"by": 7},
        {"by": None},
        {"deciders": [9]},
        {"deciders": [9, 9]},
        {"serial": "7K3M9PQ2Z"},
        {"at": utc_text(at(27, 19))},
    ],
)
def test_a_paper_keyed_in_by_one_or_later_or_another_one_is_named(more: dict[str, Any]) -> None:
    assert broken(with_act("matched", **more)) == f"ballot {PAPERS[0]}"


def test_a_paper_that_two_deciders_settled_is_good() -> None:
    assert verify(with_act("matched", deciders=[9, 10])).checked


@pytest.mark.parametrize("moved", [{"received"}, {"received", "at"}])
@pytest.mark.parametrize("moment", [at(26, 13), at(28)])
def test_a_paper_received_at_another_time_than_its_ballot_says_is_named(
    moment: datetime, moved: set[str]
) -> None:
    assert broken(with_act("received", **dict.fromkeys(moved, utc_text(moment)))) == f"ballot {PAPERS[0]}"


def test_a_paper_received_after_the_close_is_named() -> None:
    """Both its entries say so; the ballot's own content would be next to be found."""
    late = utc_text(at(27, 13))
    changed = of_papers(
        lambda each: {**each, "received": late, "at": max(each["at"], late)} if "received" in each else each
    )
    assert broken(changed) == f"ballot {PAPERS[0]}"


@pytest.mark.parametrize(
    "more",
    [{"by": [7, 7]}, {"by": [7]}, {"batch": "2号箱"}, {"at": utc_text(at(25, 13))}],
)
def test_a_paper_scanned_after_the_close_from_a_box_that_no_two_signed_before_is_named(
    more: dict[str, Any],
) -> None:
    assert broken(with_act("batch", **more)) == f"ballot {PAPERS[1]}"
    assert (
        broken(of_papers(lambda each: None if each.get("act") == "batch" else each)) == f"ballot {PAPERS[1]}"
    )


def test_a_paper_that_says_it_is_older_than_its_reception_is_named() -> None:
    """Without a box, when it was scanned is when it was received."""
    moved = of_papers(
        lambda each: (
            {**each, "at": utc_text(at(27, 17))}
            if each.get("act") == "received" and "batch" not in each
            else each
        )
    )
    assert broken(moved) == f"ballot {PAPERS[0]}"


def test_deliveries_that_are_not_those_of_the_roll_are_named() -> None:
    reached = [place for place, row in enumerate(ON_PAPER.roll) if row["delivered"]]
    assert len(reached) == 1
    for place in (reached[0], (reached[0] + 1) % len(ON_PAPER.roll)):
        roll = [dict(row) for row in ON_PAPER.roll]
        roll[place]["delivered"] = not roll[place]["delivered"]
        assert broken(replace(ON_PAPER, roll=tuple(roll))) == f"roll line {place}"
    none_logged = of_papers(lambda each: None if each["kind"] == "delivery" else each)
    assert broken(none_logged) == f"roll line {reached[0]}"
    nobody = {"kind": "delivery", "at": utc_text(at(23)), "how": "paper", "unit": "0" * 64}
    text = [row["entry"] for row in ON_PAPER.log]
    assert broken(resigned([*text, rfc8785.dumps(nobody).decode()], ON_PAPER)) == "log"
    late = of_papers(lambda each: {**each, "at": utc_text(at(28))} if each["kind"] == "delivery" else each)
    assert broken(late) == f"roll line {reached[0]}"

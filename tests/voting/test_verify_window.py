"""A bundle in which something happened when it may not have, is named, however well it is signed."""

import io
import json
import warnings
import zipfile
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import rfc8785

from handlers.voting.bundle import Bundle, BundleError, read_bundle, write_bundle
from handlers.voting.signing import utc_text
from handlers.voting.verify import verify
from tests.voting.evidence_by_hand import evidence
from tests.voting.test_verify import GOOD, PUBLISHED, broken, changed, entries, resigned
from tests.voting.votes import at


def entry(kind: str, moment: Any, **more: Any) -> str:
    return rfc8785.dumps({"kind": kind, "at": utc_text(moment), **more}).decode()


def extended(*extensions: str, bundle: Bundle = PUBLISHED) -> Bundle:
    """The sample with entries of extensions before its last one, signed anew."""
    *most, last = entries_of(bundle)
    return resigned([*most, *extensions, last], bundle)


def entries_of(bundle: Bundle) -> list[str]:
    return [row["entry"] for row in bundle.log]


AS_ANNOUNCED = entry("extension", at(26), closes_at=utc_text(at(28)))


def test_an_extension_as_it_was_announced_is_good() -> None:
    report = verify(extended(AS_ANNOUNCED))
    assert any("put off once as announced" in line for line in report.checked)


@pytest.mark.parametrize(
    "extensions",
    [
        (AS_ANNOUNCED, AS_ANNOUNCED),
        (entry("extension", at(26), closes_at=utc_text(at(29, 11))),),  # by more days than the notice has
        (entry("extension", at(26), closes_at=utc_text(at(27, 11))),),  # earlier
        (entry("extension", at(27) + timedelta(seconds=1), closes_at=utc_text(at(28))),),  # when it was over
    ],
)
def test_an_extension_otherwise_than_announced_is_named(extensions: tuple[str, ...]) -> None:
    assert broken(extended(*extensions)) == "log"


def test_a_count_before_the_close_is_named() -> None:
    assert broken(resigned(changed("tally", at=utc_text(at(27))))) == "log"


def test_a_publication_of_another_result_or_a_second_one_is_named() -> None:
    digest = json.loads(entries()[-1])["result"]
    good = entry("published", at(29, 13), result=digest)
    assert verify(resigned([*entries(), good])).checked
    assert broken(resigned([*entries(), good, good])) == "log"
    assert broken(resigned([*entries(), entry("published", at(29, 13), result="00" * 32)])) == "log"
    assert broken(resigned([*entries()[:-1], good], replace(GOOD, result=None))) == "log"


def test_online_ballots_that_the_log_has_after_the_close_are_said() -> None:
    late = [json.loads(each) for each in entries()]
    ballot = next(each for each in late if each["kind"] == "ballot")
    ballot["at"] = utc_text(at(27) + timedelta(minutes=3))
    report = verify(resigned([rfc8785.dumps(each).decode() for each in late]))
    assert any(
        line.startswith("whether 1 online ballots came before the close") for line in report.not_checked
    )


def test_a_vote_that_was_revoked_before_its_result_was_published_has_none_to_show() -> None:
    revoked = entry("revoked", at(29, 13), reason="00" * 32)
    report = verify(resigned([*entries_of(PUBLISHED), revoked], replace(PUBLISHED, result=None)))
    assert any("revoked before any was published" in line for line in report.not_checked)
    digest = json.loads(entries_of(PUBLISHED)[-1])["result"]
    published = entry("published", at(29, 13), result=digest)
    gone = [*entries_of(PUBLISHED), published, revoked]
    assert broken(resigned(gone, replace(PUBLISHED, result=None))) == "result.json"


def test_documents_that_were_given_are_to_be_compared() -> None:
    report = verify(resigned(changed("notice", documents=["00" * 32, "11" * 32])))
    assert any(line.startswith("2 documents that owners were given") for line in report.not_checked)


@pytest.mark.parametrize(
    "change",
    [
        {"rules": 7},
        {"questions": [{"id": "q1"}]},
        {"roll": []},
        {"rules": {"closes_at": None}},
    ],
)
def test_whatever_a_stranger_writes_is_told_in_words(change: dict[str, Any]) -> None:
    assert broken(resigned(changed("notice", **change))) in ("bundle", "roll", "notice.json")


def packed(*parts: tuple[str, str]) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in parts:
            archive.writestr(name, text)
    return out


def parts_of(bundle: Bundle) -> list[tuple[str, str]]:
    with zipfile.ZipFile(io.BytesIO(write_bundle(bundle))) as archive:
        return [(name, archive.read(name).decode()) for name in archive.namelist()]


def test_a_part_that_is_there_twice_or_that_nobody_checks_is_refused() -> None:
    parts = parts_of(PUBLISHED)
    assert read_bundle(packed(*parts)) == PUBLISHED
    sealed = next(part for part in parts_of(evidence()) if part[0] == "ballots.jsonl")
    for more in (parts[-1], ("result.html", "<h1>100 %</h1>"), sealed):
        with warnings.catch_warnings(action="ignore"), pytest.raises(BundleError):
            read_bundle(packed(*parts, more))


def test_a_key_that_is_there_twice_is_refused() -> None:
    parts = dict(parts_of(PUBLISHED))
    text = parts["result.json"]
    twice = {**parts, "result.json": f'{{"ballots":99,{text[1:]}'}
    with pytest.raises(BundleError, match="twice"):
        read_bundle(packed(*twice.items()))
    first, rest = parts["roll.jsonl"].split("\n", 1)
    twice = {**parts, "roll.jsonl": f'{{"hash":"00",{first[1:]}\n{rest}'}
    with pytest.raises(BundleError, match="line 1"):
        read_bundle(packed(*twice.items()))

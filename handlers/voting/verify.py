"""Recomputing a vote from its bundle: no database, no network, nothing taken on trust but the key's fingerprint. Pure.

Checks run in the order in which they rest on one another; the first that fails ends it and names the entry.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from handlers.voting.bundle import Bundle
from handlers.voting.codec import words_hash
from handlers.voting.evidence import Broken, Read, Report, hex_of
from handlers.voting.signing import key_id_of
from handlers.voting.verify_count import check_ballots, check_published, check_result, check_roll
from handlers.voting.verify_log import check_heads, check_log, check_witnesses
from handlers.voting.verify_official import check_official, is_elsewhere
from handlers.voting.verify_papers import check_deliveries, check_papers
from handlers.voting.verify_window import check_absence, check_publication, check_window


def verify(
    bundle: Bundle, fingerprint: str | None = None, witnesses: Sequence[Mapping[str, Any]] = ()
) -> Report:
    """Check a bundle; raises Broken.

    fingerprint: of the key, as the notice or a paper printed it. witnesses: checkpoints that somebody kept, in the
    form of checkpoints.jsonl.
    """
    try:
        return _verify(bundle, fingerprint, witnesses)
    except Broken:
        raise
    except Exception as error:  # whatever a stranger wrote, it is told in words
        raise Broken("bundle", f"has a part that is not what it must be ({type(error).__name__})") from error


def _verify(bundle: Bundle, fingerprint: str | None, witnesses: Sequence[Mapping[str, Any]]) -> Report:
    report = Report(bundle.manifest["kind"], bundle.manifest["origin"])
    read = Read()
    report.checked += _key(bundle, read, report, fingerprint)
    report.checked += check_log(bundle, read)
    report.checked += check_heads(bundle, read)
    report.checked += check_witnesses(bundle, read, witnesses)
    report.checked += _notice(bundle, read, report)
    report.checked += check_window(bundle, read, report)
    report.checked += check_publication(bundle, read)
    report.checked += check_roll(bundle, read)
    report.checked += check_papers(read)
    if bundle.is_sealed:
        report.checked += check_deliveries(bundle, read)
    if is_elsewhere(read):
        report.not_checked.append("the count: the government's platform counted, not this system")
        report.checked += check_official(bundle, read)
    elif bundle.is_sealed:
        report.checked += check_ballots(bundle, read)
        report.checked += check_result(bundle, read)
    else:
        report.not_checked.append("the ballots: a public bundle opens none")
        report.checked += check_published(bundle, read)
    if bundle.result is None:
        check_absence(read, report)
    if not witnesses:
        report.not_checked.append("copies of checkpoints that others kept: none were given")
    return report


def _key(bundle: Bundle, read: Read, report: Report, fingerprint: str | None) -> Iterator[str]:
    read.public_key = hex_of(bundle.manifest.get("public_key"), "manifest.json", "public_key")
    report.key_id = key_id_of(read.public_key)
    if fingerprint is None:
        report.not_checked.append(f"whose key it is: compare {report.key_id} with the notice or a paper")
        return
    if fingerprint.lower().replace(" ", "") != report.key_id:
        raise Broken("manifest.json", f"the key is {report.key_id}, not {fingerprint}")
    report.anchored = True
    yield f"the key has the fingerprint that was given, {report.key_id}"


def _notice(bundle: Bundle, read: Read, report: Report) -> Iterator[str]:
    notices = read.all_of("notice")
    if len(notices) != 1:
        raise Broken("log", f"{len(notices)} notices")
    if notices[0].get("key") != report.key_id:
        raise Broken("log", f"the notice names the key {notices[0].get('key')}, not {report.key_id}")
    yield "the notice names this key, the rules and the root of the roll"
    if documents := notices[0].get("documents"):
        report.not_checked.append(
            f"{len(documents)} documents that owners were given: compare the SHA-256 of each with the notice's entry"
        )
    try:
        digest = words_hash(bundle.notice)
        asked = [row["id"] for row in bundle.notice["questions"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Broken("notice.json", "is not what a notice says") from None
    if digest != notices[0].get("words") or asked != [row["id"] for row in notices[0]["questions"]]:
        raise Broken("notice.json", "is not what was announced: a word was altered")
    yield "the words in notice.json are those that were announced"

"""Checking by a bundle's log when things happened: extended as announced, counted after the close. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from handlers.voting.bundle import Bundle
from handlers.voting.evidence import Broken, Read, Report
from storage.states import BallotChannel

_COUNTS = ("tally", "official_result")


def check_window(bundle: Bundle, read: Read, report: Report) -> Iterator[str]:
    """The close was put off only as it was announced, and nobody counted before it."""
    announced = datetime.fromisoformat(read.last("notice")["rules"]["closes_at"])
    closes_at = announced
    extensions = read.all_of("extension")
    if len(extensions) > 1:
        raise Broken("log", f"{len(extensions)} extensions, and one may be")
    for entry in extensions:
        days = bundle.notice.get("announced", {}).get("extension_days", 0)
        closes_at = datetime.fromisoformat(entry["closes_at"])
        if not days or closes_at != announced + timedelta(days=days):
            raise Broken("log", "the close was put off otherwise than it was announced")
        if _at(entry) > announced:
            raise Broken("log", "the close was put off when it was over")
    for kind in _COUNTS:
        if any(_at(entry) <= closes_at for entry in read.all_of(kind)):
            raise Broken("log", "it was counted before the close")
    yield "the close is the announced one, or was put off once as announced; nobody counted before it"
    late = sum(
        read.entries[place].get("channel") == BallotChannel.ONLINE and _at(read.entries[place]) > closes_at
        for place in read.ballots.values()
    )
    if late:
        # One that waited for its turn is written a moment later: named, not refused.
        report.not_checked.append(
            f"whether {late} online ballots came before the close, after which the log has them: "
            "only what they say themselves tells it"
        )


def check_publication(bundle: Bundle, read: Read) -> Iterator[str]:
    """What was published is the result that is in the bundle."""
    published = read.all_of("published")
    if len(published) > 1:
        raise Broken("log", "there are several publications")
    for entry in published:
        counted = [each for kind in _COUNTS for each in read.all_of(kind)]
        if not counted or entry.get("result") != counted[-1].get("result"):
            raise Broken("log", "another result was published than was counted last")
        yield "the result that was published is the one that was counted last"


def check_absence(read: Read, report: Report) -> None:
    """Without a result there was none, or it was never published since the vote was revoked."""
    if not any(read.all_of(kind) for kind in _COUNTS):
        report.not_checked.append("the result: there is none yet")
    elif read.all_of("revoked") and not read.all_of("published"):
        report.not_checked.append("the result: the vote was revoked before any was published")
    else:
        raise Broken("result.json", "is missing, though the log has a result")


def _at(entry: dict[str, str]) -> datetime:
    return datetime.fromisoformat(entry["at"])

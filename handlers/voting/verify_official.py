"""Checking the bundle of a vote that was held on the government's platform: its figures, never a count. Pure."""

from collections.abc import Iterator

import rfc8785

from handlers.voting.bundle import Bundle
from handlers.voting.codec import question_from, rules_from
from handlers.voting.evidence import Broken, Read
from handlers.voting.official import FiguresError, official_result_of
from handlers.voting.official_figures import figures_from
from handlers.voting.result import result_bytes
from handlers.voting.terms import Sums, area_of
from handlers.voting.verify_count import check_published, extension_of
from storage.states import VoteMode

_LEAF = "official_result"


def is_elsewhere(read: Read) -> bool:
    """Whether the vote was held on the government's platform, as its notice says; raises Broken.

    A vote that was announced to be counted here has no other result, and the other way round.
    """
    elsewhere = read.last("notice").get("mode") == VoteMode.OFFICIAL_PLATFORM.value
    for kind in ("tally", "ballot") if elsewhere else (_LEAF,):
        if read.all_of(kind):
            place = next(place for place, entry in enumerate(read.entries) if entry.get("kind") == kind)
            raise Broken(f"log entry {place}", "has no place in a vote that was announced like this one")
    return elsewhere


def check_official(bundle: Bundle, read: Read) -> Iterator[str]:
    """The figures are those of the log, keyed in by two; and they come to what is said they come to."""
    if bundle.ballots or bundle.rulings:
        raise Broken("ballots", "there are some, though nobody voted here")
    if bundle.result is None:
        return
    if len(set(read.last(_LEAF).get("entered", ()))) != 2:
        raise Broken("log", "the platform's figures were not keyed in by two")
    yield from check_published(bundle, read, _LEAF)
    notice = read.last("notice")
    rules = rules_from({**notice["rules"], **extension_of(read)})
    questions = [question_from(each) for each in notice["questions"]]
    roll = Sums(notice["roll"]["persons"], area_of(notice["roll"]["area"]))
    try:
        figures = figures_from(bundle.result.get("official"))
        again = result_bytes(official_result_of(rules, questions, roll, figures))
    except FiguresError as error:
        raise Broken("result.json", "has no figures of a platform for these questions") from error
    if again != rfc8785.dumps(dict(bundle.result)):
        raise Broken("result.json", "the platform's figures come to something else")
    yield "the platform's figures come to the outcome beside them, by the rules in the notice"

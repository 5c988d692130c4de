"""What a meeting may make of an item, pure: nothing ends without an outcome, and no promise without a holder."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from handlers.topics.templates import PLAIN, load_templates
from storage.states import ItemOutcome, ItemState

WORDS = 500  # characters
HOLDER = 60
FARTHEST = timedelta(days=366)
PROMISES = frozenset({ItemOutcome.ORDER, ItemOutcome.TOPIC, ItemOutcome.MEDIATION, ItemOutcome.DEFERRED})


class Code(StrEnum):
    """Why something was not done; stable, for pages."""

    OVER = "consultation.over"  # ended or recorded: nothing changes any more
    FULL = "consultation.full"
    CLOSED = "consultation.closed"
    NO_WORDS = "consultation.no_words"
    NO_MATTER = "consultation.no_matter"
    NO_HOLDER = "consultation.no_holder"
    NO_DATE = "consultation.no_date"
    BAD_TIME = "consultation.bad_time"
    EMPTY = "consultation.empty"  # an agenda with nothing on it
    WAITING = "consultation.waiting"  # a resident's proposal has no answer
    NO_OUTCOME = "consultation.no_outcome"
    NO_RECORD = "consultation.no_record"
    TOO_EARLY = "consultation.too_early"
    ODD = "consultation.odd"


class Refused(Exception):  # noqa: N818  an answer, not an error
    """Nothing was kept. `code` is stable."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of an item. holder, until: who sees to it and by when, where somebody has to. template: of the topic
    that begins."""

    outcome: ItemOutcome
    words: str = ""
    matter_number: int | None = None
    holder: str = ""
    until: date | None = None
    template: str = PLAIN


def checked(decision: Decision, today: date) -> Decision:
    """The decision as it is kept; raises Refused."""
    outcome = decision.outcome
    words, holder = decision.words.strip(), " ".join(decision.holder.split())
    if len(words) > WORDS or len(holder) > HOLDER:
        raise Refused(Code.ODD)
    if outcome in (ItemOutcome.ANSWERED, ItemOutcome.DEFERRED) and not words:
        raise Refused(Code.NO_WORDS)
    if outcome is ItemOutcome.ORDER and decision.matter_number is None:
        raise Refused(Code.NO_MATTER)
    if outcome is ItemOutcome.MEDIATION and not holder:
        raise Refused(Code.NO_HOLDER)
    if outcome is ItemOutcome.TOPIC and decision.template not in load_templates():
        raise Refused(Code.ODD)
    until = decision.until
    if outcome in (ItemOutcome.MEDIATION, ItemOutcome.DEFERRED):
        if until is None or not today < until <= today + FARTHEST:
            raise Refused(Code.NO_DATE)
    else:
        holder, until = "", None
    number = decision.matter_number if outcome is ItemOutcome.ORDER else None
    return Decision(outcome, words, number, holder, until, decision.template)


def may_settle(states: Iterable[ItemState]) -> Code | None:
    """What stands between an agenda and its notice; None for nothing."""
    there = set(states)
    if ItemState.PROPOSED in there:
        return Code.WAITING
    return None if ItemState.ON in there else Code.EMPTY


def may_publish(
    items: Iterable[tuple[ItemState, ItemOutcome | None]], attended: int | None, summary: str
) -> Code | None:
    """What is missing from the minutes; None for nothing."""
    if attended is None or not summary.strip():
        return Code.NO_RECORD
    open_ends = (
        state is not ItemState.DROPPED and (state is ItemState.PROPOSED or outcome is None)
        for state, outcome in items
    )
    return Code.NO_OUTCOME if any(open_ends) else None

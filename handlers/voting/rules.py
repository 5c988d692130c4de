"""The life of a vote: draft, linted, noticed, open, closed, tallied, published, final or revoked. Pure.

`step` says what a command makes of a vote, or why it may not be. Opening and closing are facts of the clock: a ballot
is judged by the announced window when it arrives (`in_window`), and the stored state only follows.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from storage.states import VoteMode, VoteState

_UNFROZEN = frozenset({VoteState.DRAFT, VoteState.LINTED})
_TAKES_BALLOTS = frozenset(
    {VoteState.NOTICED, VoteState.OPEN, VoteState.CLOSED}
)  # the state follows the clock
_REVOCABLE = frozenset(
    {
        VoteState.NOTICED,
        VoteState.OPEN,
        VoteState.CLOSED,
        VoteState.TALLIED,
        VoteState.PUBLISHED,
        VoteState.FINAL,
    }
)
HIDES_RESULT = frozenset(
    {VoteState.DRAFT, VoteState.LINTED, VoteState.NOTICED, VoteState.OPEN, VoteState.CLOSED}
)
"""While a vote is one of these nobody, staff included, sees how ballots were marked in sum."""


class Code(StrEnum):
    """Why a command is refused; stable, for pages and scripts."""

    WRONG_STATE = "vote.wrong_state"
    NOT_LINTED = "vote.not_linted"
    NOTICE_TOO_SHORT = "vote.notice_too_short"
    NO_ROLL = "vote.no_roll"
    NOT_DUE = "vote.not_due"
    PAPERS_OPEN = "vote.papers_open"
    CASES_OPEN = "vote.cases_open"
    NOT_ANNOUNCED = "vote.not_announced"
    NO_REASON = "vote.no_reason"
    ELSEWHERE = "vote.official_platform_only"
    TALLY_AGAIN = "vote.tally_again"
    RESULT_CHANGED = "vote.result_changed"
    NO_SIGNING_KEY = "vote.no_signing_key"
    OBJECTIONS_OVER = "vote.objections_over"
    COUNTED_HERE = "vote.counted_here"
    OWN_OBJECTION = "vote.own_objection"
    ONE_HUMAN = "vote.one_human"


class Refused(Exception):  # noqa: N818  an answer, not an error
    """A command that may not be. `code` is stable."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules look at.

    notice_days: between notice and opening. extension_days: by which the close may be put off once, as announced;
    0: not at all. objection_days and public_days: what comes between publication and final, one after the other.
    papers_open: received and not yet entered by two with the same marks. cases_open: nobody has ruled on them.
    outdated: a ruling came after the tally.
    """

    state: VoteState
    revision: int
    linted_revision: int | None
    mode: VoteMode = VoteMode.HERE
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    notice_days: int = 15
    extension_days: int = 0
    extended: bool = False
    objection_days: int = 7
    public_days: int = 15
    published_at: datetime | None = None
    papers_open: int = 0
    cases_open: int = 0
    outdated: bool = False
    roll_units: int = 0


class Command(StrEnum):
    """What somebody, or the clock, does to a vote."""

    EDIT = "edit"
    LINT = "lint"
    NOTICE = "notice"
    OPEN = "open"
    EXTEND = "extend"
    CLOSE = "close"
    TALLY = "tally"
    TAKE_OFFICIAL = "take_official"
    PUBLISH = "publish"
    FINALISE = "finalise"
    REVOKE = "revoke"


def is_over(facts: Facts, now: datetime) -> bool:
    """Whether the announced close is past: a clock that was ahead for a while may have closed a vote before it."""
    return facts.closes_at is not None and now > facts.closes_at


def in_window(facts: Facts, arrived_at: datetime) -> bool:
    """Whether a ballot that arrived then is in time: both ends of the window belong to it.

    None is after the count, which would no longer be that of the record.
    """
    if facts.opens_at is None or facts.closes_at is None or facts.state not in _TAKES_BALLOTS:
        return False
    return facts.opens_at <= arrived_at <= facts.closes_at


def step(facts: Facts, command: Command, now: datetime, *, reason: str = "") -> Facts:
    """The vote after a command at `now`; raises Refused. What it was is never changed."""
    if command is Command.REVOKE:
        return _revoke(facts, reason)
    return _STEPS[command](facts, now)


def final_at(facts: Facts) -> datetime | None:
    """When objections and public notice are over; None before publication."""
    if facts.published_at is None:
        return None
    return facts.published_at + timedelta(days=facts.objection_days + facts.public_days)


def due(facts: Facts, now: datetime) -> Command | None:
    """What the clock has to do now; pure, so that a tick that is missed, doubled or late changes nothing."""
    for state, command, at in (
        (VoteState.NOTICED, Command.OPEN, facts.opens_at),
        (VoteState.OPEN, Command.CLOSE, facts.closes_at),
        (VoteState.PUBLISHED, Command.FINALISE, final_at(facts)),
    ):
        if (
            facts.state is state
            and at is not None
            and (now > at or (now == at and command is not Command.CLOSE))
        ):
            return command
    return None


def next_at(facts: Facts) -> datetime | None:
    """When the clock has something to do; None when it has nothing."""
    at = {
        VoteState.NOTICED: facts.opens_at,
        VoteState.OPEN: facts.closes_at,
        VoteState.PUBLISHED: final_at(facts),
    }
    return at.get(facts.state)


def _edit(facts: Facts, _now: datetime) -> Facts:
    _need(facts, *_UNFROZEN)
    return replace(facts, state=VoteState.DRAFT, revision=facts.revision + 1)


def _lint(facts: Facts, _now: datetime) -> Facts:
    _need(facts, *_UNFROZEN)
    return replace(facts, state=VoteState.LINTED, linted_revision=facts.revision)


def _notice(facts: Facts, now: datetime) -> Facts:
    _need(facts, *_UNFROZEN)
    if facts.state is not VoteState.LINTED or facts.linted_revision != facts.revision:
        raise Refused(Code.NOT_LINTED)
    if facts.roll_units == 0:
        raise Refused(Code.NO_ROLL)
    if facts.opens_at is None or facts.closes_at is None or facts.closes_at <= facts.opens_at:
        raise Refused(Code.NOT_LINTED)
    if facts.opens_at < now + timedelta(days=facts.notice_days):
        raise Refused(Code.NOTICE_TOO_SHORT)
    return replace(facts, state=VoteState.NOTICED)


def _open(facts: Facts, now: datetime) -> Facts:
    _need(facts, VoteState.NOTICED)
    _due(facts.opens_at, now)
    return replace(facts, state=VoteState.OPEN)


def _extend(facts: Facts, now: datetime) -> Facts:
    """Only as it was announced, once, and before the close: nobody may see a result first."""
    _need(facts, VoteState.OPEN)
    if facts.closes_at is None or now > facts.closes_at:
        raise Refused(Code.WRONG_STATE)
    if not facts.extension_days or facts.extended:
        raise Refused(Code.NOT_ANNOUNCED)
    return replace(facts, closes_at=facts.closes_at + timedelta(days=facts.extension_days), extended=True)


def _close(facts: Facts, now: datetime) -> Facts:
    _need(facts, VoteState.OPEN)
    if facts.closes_at is None or now <= facts.closes_at:
        raise Refused(Code.NOT_DUE)
    return replace(facts, state=VoteState.CLOSED)


def _tally(facts: Facts, now: datetime) -> Facts:
    """Again after a ruling, as often as it takes. What the government's platform counted is not ours to count."""
    _need(facts, VoteState.CLOSED, VoteState.TALLIED)
    if facts.mode is VoteMode.OFFICIAL_PLATFORM:
        raise Refused(Code.ELSEWHERE)
    if facts.papers_open:
        raise Refused(Code.PAPERS_OPEN)
    _need_over(facts, now)
    return replace(facts, state=VoteState.TALLIED)


def _take_official(facts: Facts, now: datetime) -> Facts:
    """What the government's platform counted takes the place of a count; again until it is published."""
    _need(facts, VoteState.CLOSED, VoteState.TALLIED)
    if facts.mode is not VoteMode.OFFICIAL_PLATFORM:
        raise Refused(Code.COUNTED_HERE)
    _need_over(facts, now)
    return replace(facts, state=VoteState.TALLIED)


def _publish(facts: Facts, now: datetime) -> Facts:
    _need(facts, VoteState.TALLIED)
    if facts.cases_open:
        raise Refused(Code.CASES_OPEN)
    if facts.outdated:
        raise Refused(Code.TALLY_AGAIN)
    _need_over(facts, now)
    return replace(facts, state=VoteState.PUBLISHED, published_at=now)


def _finalise(facts: Facts, now: datetime) -> Facts:
    _need(facts, VoteState.PUBLISHED)
    _due(final_at(facts), now)
    return replace(facts, state=VoteState.FINAL)


def _revoke(facts: Facts, reason: str) -> Facts:
    _need(facts, *_REVOCABLE)
    if not reason.strip():
        raise Refused(Code.NO_REASON)
    return replace(facts, state=VoteState.REVOKED)


def _need(facts: Facts, *states: VoteState) -> None:
    if facts.state not in states:
        raise Refused(Code.WRONG_STATE)


def _need_over(facts: Facts, now: datetime) -> None:
    if not is_over(facts, now):
        raise Refused(Code.NOT_DUE)


def _due(at: datetime | None, now: datetime) -> None:
    if at is None or now < at:
        raise Refused(Code.NOT_DUE)


_STEPS: dict[Command, Callable[[Facts, datetime], Facts]] = {
    Command.EDIT: _edit,
    Command.LINT: _lint,
    Command.NOTICE: _notice,
    Command.OPEN: _open,
    Command.EXTEND: _extend,
    Command.CLOSE: _close,
    Command.TALLY: _tally,
    Command.TAKE_OFFICIAL: _take_official,
    Command.PUBLISH: _publish,
    Command.FINALISE: _finalise,
}

"""What a request's way is told in: its facts, the commands there are, and what comes of one. Pure."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from storage.states import GOING_ON, Ladder, MediationOutcome, Rating, RequestState, Role

# What stands still in one of these waits for a person; DONE waits to be rated, the others have ended.
OPEN = frozenset(GOING_ON)
ENDED = frozenset({RequestState.RATED, RequestState.CLOSED, RequestState.CANCELLED})


@dataclass(frozen=True, slots=True)
class Party:
    """Whose a request is: a person in a role, or everybody who holds the role."""

    role: Role
    person_id: int | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, with the roles they hold where the request is."""

    person_id: int
    roles: frozenset[Role]


@dataclass(frozen=True, slots=True)
class Facts:
    """A request as the rules see it; the fields are those of the table."""

    state: RequestState
    raised_at: datetime
    round_at: datetime
    level: Ladder = Ladder.COMPOUND
    party: Party | None = None
    helpers: tuple[Party, ...] = ()
    round: int = 1
    refusals: int = 0
    dispatched_at: datetime | None = None
    accepted_at: datetime | None = None
    done_at: datetime | None = None
    ended_at: datetime | None = None
    accept_by: datetime | None = None
    done_by: datetime | None = None
    remind_at: datetime | None = None
    warn_at: datetime | None = None
    climb_at: datetime | None = None
    close_at: datetime | None = None
    accepted_in_time: bool | None = None
    done_in_time: bool | None = None
    rating: Rating | None = None

    @property
    def waits_for_dispatch(self) -> bool:
        """Whether it is nobody's."""
        return self.state in OPEN and self.party is None

    @property
    def next_at(self) -> datetime | None:
        """When the clock has to look at it again."""
        times = [at for at in (self.remind_at, self.warn_at, self.climb_at, self.close_at) if at]
        return min(times, default=None)


@dataclass(frozen=True, slots=True)
class Span:
    """A deadline, when to remind of it, and when a request that missed it goes up the ladder."""

    remind_at: datetime
    by: datetime
    up_at: datetime


@dataclass(frozen=True, slots=True)
class Moments:
    """What would run from now on: to accept, to be done in this round, to be done in a round that begins now.

    again: when a request that goes up the ladder now goes up once more.
    """

    accept: Span
    done: Span
    fresh: Span
    again: datetime


# Commands. Words are carried, never looked at, but for whether there are any.


@dataclass(frozen=True, slots=True)
class Dispatch:
    """派单. by_rule: nobody's decision, but a rule's."""

    party: Party
    by_rule: bool = False


@dataclass(frozen=True, slots=True)
class Accept:
    """接单."""

    actor: Actor


@dataclass(frozen=True, slots=True)
class Decline:
    """不是我们的, with the reason, and whose it is as far as the reason says so."""

    actor: Actor
    reason: str
    named: Role | None = None


@dataclass(frozen=True, slots=True)
class AddHelper:
    """协办."""

    party: Party


@dataclass(frozen=True, slots=True)
class Finish:
    """办结, with what the reporters read."""

    actor: Actor
    reply: str


@dataclass(frozen=True, slots=True)
class Note:
    """备注: for colleagues only."""

    words: str


@dataclass(frozen=True, slots=True)
class Mediate:
    """调解: somebody brought the two sides together. Who and what was agreed is kept beside the timeline."""

    outcome: MediationOutcome


@dataclass(frozen=True, slots=True)
class Reply:
    """回复: for the reporters."""

    words: str


@dataclass(frozen=True, slots=True)
class Supplement:
    """补充: a reporter adds words, for those who handle it; other reporters do not read them."""

    words: str


@dataclass(frozen=True, slots=True)
class Rate:
    """评价. others: what the other reporters think of this round. comment: only whether it is there matters."""

    rating: Rating
    others: tuple[Rating, ...] = ()
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Reopen:
    """还没好."""

    words: str = ""


class Why(StrEnum):
    """Why a request is cancelled."""

    WITHDRAWN = "withdrawn"  # by all who raised it
    DISMISSED = "dismissed"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class Cancel:
    """The matter is none any more, or another one's. into: the number of the other one."""

    why: Why
    into: int | None = None


@dataclass(frozen=True, slots=True)
class Sort:
    """改: staff say that it is about something else. before, after: leaves."""

    before: str | None
    after: str


@dataclass(frozen=True, slots=True)
class Revive:
    """下单 once more, for a matter whose request was cancelled."""


@dataclass(frozen=True, slots=True)
class Remind:
    """A deadline is near."""


@dataclass(frozen=True, slots=True)
class Warn:
    """A deadline was missed."""


@dataclass(frozen=True, slots=True)
class Climb:
    """It has waited too long here: up the ladder."""


@dataclass(frozen=True, slots=True)
class Close:
    """Nobody rated it in time."""


Command = (
    Dispatch
    | Accept
    | Decline
    | AddHelper
    | Finish
    | Note
    | Mediate
    | Reply
    | Supplement
    | Rate
    | Reopen
    | Cancel
    | Sort
    | Revive
    | Remind
    | Warn
    | Climb
    | Close
)


class Code(StrEnum):
    """Why a command was refused; stable."""

    ENDED = "request.ended"
    NOT_YOURS = "request.not_yours"
    NOT_DISPATCHED = "request.not_dispatched"
    ALREADY_THERE = "request.already_there"
    ALREADY_ACCEPTED = "request.already_accepted"
    ALREADY_HELPS = "request.already_helps"
    ALREADY_DONE = "request.already_done"
    NOT_DONE = "request.not_done"
    STILL_OPEN = "request.still_open"
    TOO_LATE = "request.too_late"
    EXHAUSTED = "request.exhausted"  # reopened as often as the ladder has steps
    NO_WORDS = "request.no_words"
    NOT_DUE = "request.not_due"


@dataclass(frozen=True, slots=True)
class Refused:
    """The command changes nothing."""

    code: Code


class Verb(StrEnum):
    """What an entry of the timeline tells."""

    RAISED = "request.raised"
    DISPATCHED = "request.dispatched"
    ACCEPTED = "request.accepted"
    REFUSED = "request.refused"
    HELPED = "request.helped"
    DONE = "request.done"
    NOTED = "request.noted"
    MEDIATED = "request.mediated"
    REPLIED = "request.replied"
    SUPPLEMENTED = "request.supplemented"
    RATED = "request.rated"
    REOPENED = "request.reopened"
    CLIMBED = "request.climbed"
    REMINDED = "request.reminded"
    MISSED = "request.missed"
    CLOSED = "request.closed"
    CANCELLED = "request.cancelled"
    SORTED = "request.sorted"


# Their words are a resident's, and who acted is nobody's business.
BY_RESIDENTS = frozenset({Verb.SUPPLEMENTED, Verb.RATED, Verb.REOPENED})


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the timeline. public: its words are for the reporters too. details: ids and states."""

    verb: Verb
    words: str | None = None
    public: bool = False
    details: dict[str, object] = field(default_factory=dict)


class Whom(StrEnum):
    """Who is told."""

    REPORTERS = "reporters"
    PARTY = "party"  # the one that the telling names
    DISPATCHERS = "dispatchers"  # who decides on its level


class Told(StrEnum):
    """What they are told."""

    RAISED = "raised"
    DISPATCHED = "dispatched"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    DONE = "done"
    REPLIED = "replied"
    RATED = "rated"
    REOPENED = "reopened"
    CLIMBED = "climbed"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    TO_DISPATCH = "to_dispatch"
    YOURS = "yours"
    SORTED = "sorted"  # its category is another, and whoever has it may not be whose it is
    MOVED = "moved"  # it is somebody else's now
    PASSED_ON = "passed_on"  # whoever had it named whose it is
    HELP = "help"
    SUPPLEMENTED = "supplemented"
    UNHAPPY = "unhappy"
    NEAR = "near"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Tell:
    """An effect: somebody is told something. words: what is quoted."""

    whom: Whom
    what: Told
    party: Party | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What a command does: the request as it is then, at least one entry, and who is told what."""

    facts: Facts
    entries: tuple[Entry, ...]
    tells: tuple[Tell, ...] = ()

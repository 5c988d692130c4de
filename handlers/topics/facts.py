"""Pure: a topic as the rules see it, and what a template asks of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction

from storage.states import Role, TopicState, TopicStep

STEPS = tuple(TopicStep)


class Need(StrEnum):
    """What must be there before a step may be left, beside its tasks and the answers to objections."""

    DOCUMENT = "document"
    DECISION = "decision"
    MILESTONES = "milestones"
    ACCEPTANCE = "acceptance"
    POLL = "poll"
    STATEMENT = "statement"


class Standing(StrEnum):
    """How far a vote of the owners, or a decision, is."""

    NONE = "none"
    WAITING = "waiting"  # under way, or objections may still be made or wait for an answer
    PASSED = "passed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StepPlan:
    """What a template asks of one step. days: until it should be left. tasks: codes of what has to be done; first:
    those that come before any of the works is done."""

    days: int
    needs: frozenset[Need] = frozenset()
    tasks: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    may_skip: bool = False


Plan = Mapping[TopicStep, StepPlan]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, with the roles they hold for the compound. filled: roles that somebody holds for it."""

    person_id: int
    roles: frozenset[Role]
    filled: frozenset[Role]


@dataclass(frozen=True, slots=True)
class Done:
    """A task that was done. figures: yuan a year of a funding plan, the poll it rests on, or households of a
    survey. survey: its number."""

    words: str
    on: date
    figures: Mapping[str, int] = field(default_factory=dict)
    survey: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What a committee decided. in_favour: of all its members."""

    body: str
    members: int
    in_favour: int
    words: str
    on: date

    @property
    def adopted(self) -> bool:
        """More than half of all members."""
        return 2 * self.in_favour > self.members


@dataclass(frozen=True, slots=True)
class Milestone:
    """A piece of the works, until when, and since when it is done."""

    title: str
    due_on: date
    done_on: date | None = None
    words: str = ""

    def is_late(self, today: date) -> bool:
        """Not done in time."""
        return (self.done_on or today) > self.due_on


@dataclass(frozen=True, slots=True)
class Election:
    """How the representatives were elected, and which share of them has to sign; announced before anybody does."""

    how: str
    on: date
    share: Fraction


@dataclass(frozen=True, slots=True)
class Facts:
    """A topic as the rules see it.

    entry: how often a step was entered, ends included. items: of art. 278. documents: public ones of this entry. vote:
    how far the owners' vote is that was linked. spent: votes of earlier rounds. representatives, signed, refused,
    objections (open ones): counts.
    """

    state: TopicState = TopicState.OPEN
    step: TopicStep = TopicStep.PROPOSE
    entry: int = 1
    lawful: bool = False
    items: tuple[int, ...] = ()
    done: Mapping[str, Done] = field(default_factory=dict)
    skipped: Mapping[TopicStep, str] = field(default_factory=dict)
    documents: int = 0
    vote_number: int | None = None
    vote: Standing = Standing.NONE
    spent: tuple[int, ...] = ()
    decision: Decision | None = None
    milestones: tuple[Milestone, ...] = ()
    election: Election | None = None
    representatives: int = 0
    signed: int = 0
    refused: int = 0
    poll_number: int | None = None
    poll_over: bool = False
    statement: str = ""
    objections: int = 0


@dataclass(frozen=True, slots=True)
class Times:
    """When the clock has to say something; None when it did, or has nothing to say."""

    due_at: datetime | None = None
    remind_at: datetime | None = None
    overdue_at: datetime | None = None

    @property
    def next_at(self) -> datetime | None:
        """The first of them."""
        return min((at for at in (self.remind_at, self.overdue_at) if at is not None), default=None)

"""Pure: what may be done to a topic, what comes of it, and why it may not be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from handlers.topics.facts import Decision, Election, Facts
from storage.states import TopicStep, TopicVerb

WORDS = 2000  # characters of what staff write
NAME = 120


class Code(StrEnum):
    """Why a command is refused; stable, for pages."""

    OVER = "topic.over"
    NOT_YOURS = "topic.not_yours"
    MISSING = "topic.missing"  # something has to be there first
    OBJECTIONS = "topic.objections"
    NO_SKIP = "topic.no_skip"
    NO_WORDS = "topic.no_words"
    WRONG_STEP = "topic.wrong_step"
    ODD = "topic.odd"
    NEEDS_VOTE = "topic.needs_vote"
    NO_VOTE = "topic.no_vote"
    VOTE_SPENT = "topic.vote_spent"  # it decided an earlier round
    NOT_ELECTED = "topic.not_elected"
    SIGNING = "topic.signing"  # somebody has signed: who signs, and how many must, stands
    INTERESTED = "topic.interested"  # of the property company, or of whoever does the works
    SAME_PERSON = "topic.same_person"  # a paper takes two
    OBJECTED = "topic.objected"  # one objection a step
    ANSWERED = "topic.answered"
    POLL_THERE = "topic.poll_there"
    TOO_MANY = "topic.too_many"  # documents
    NO_SURVEY = "topic.no_survey"  # none of this number for the topic, or none that is over


class Refused(Exception):  # noqa: N818  an answer, not an error
    """Nothing was changed. `code` is stable."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Advance:
    """Leave the step for the next one; the last one for good."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Go past the present step without what it asks for."""

    reason: str


@dataclass(frozen=True, slots=True)
class GoBack:
    """To an earlier step, which has to be done anew with all that follow it."""

    to: TopicStep
    reason: str


@dataclass(frozen=True, slots=True)
class End:
    """Withdraw the topic."""

    reason: str


@dataclass(frozen=True, slots=True)
class DoTask:
    """A task of the present step was done."""

    code: str
    words: str
    on: date
    figures: Mapping[str, int] = field(default_factory=dict)
    survey: int | None = None


@dataclass(frozen=True, slots=True)
class AddDocument:
    """A document or photo was kept; milestone: the one it shows."""

    name: str
    public: bool
    milestone: int | None = None


@dataclass(frozen=True, slots=True)
class RequireVote:
    """It turns out that owners have to decide it; there is no way back from that."""

    item: int


@dataclass(frozen=True, slots=True)
class LinkVote:
    """This vote of the compound decides it. fits: it asks about one of the topic's items."""

    number: int
    fits: bool


@dataclass(frozen=True, slots=True)
class Decide:
    """What a committee decided, where the law leaves it to one."""

    decision: Decision


@dataclass(frozen=True, slots=True)
class PlanMilestone:
    """One more piece of the works."""

    title: str
    due_on: date


@dataclass(frozen=True, slots=True)
class FinishMilestone:
    """A piece, by its place from 0, is done."""

    place: int
    words: str
    on: date


@dataclass(frozen=True, slots=True)
class Elect:
    """How the representatives were elected."""

    election: Election


@dataclass(frozen=True, slots=True)
class NameRepresentative:
    """One of the elected, the `which`-th. interested: of the property company or of whoever does the works."""

    interested: bool
    which: int = 0


@dataclass(frozen=True, slots=True)
class Sign:
    """A representative accepts the works, or refuses to. before: what they said before."""

    accepts: bool
    reason: str
    before: bool | None
    interested: bool = False
    which: int = 0


@dataclass(frozen=True, slots=True)
class EnterPaper:
    """One of staff reads on a paper what a representative says; another has to read the same."""

    accepts: bool
    reason: str
    which: int = 0


@dataclass(frozen=True, slots=True)
class Object:
    """Somebody who lives there, or for whom staff wrote it down, is against it. again: they said so in this step."""

    again: bool = False


@dataclass(frozen=True, slots=True)
class AnswerObjection:
    """An open objection is answered."""

    words: str
    answered_before: bool = False
    which: int = 0


@dataclass(frozen=True, slots=True)
class StartPoll:
    """The residents are asked whether they are satisfied; or, with a task of the step, what that task is about."""

    number: int
    task: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """What the supervisors say of how it went."""

    words: str


Command = (
    Advance
    | Skip
    | GoBack
    | End
    | DoTask
    | AddDocument
    | RequireVote
    | LinkVote
    | Decide
    | PlanMilestone
    | FinishMilestone
    | Elect
    | NameRepresentative
    | Sign
    | EnterPaper
    | Object
    | AnswerObjection
    | StartPoll
    | State
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the record."""

    verb: TopicVerb
    words: str = ""
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What comes of a command. moved: the step changed, which is told once."""

    facts: Facts
    entry: Entry
    moved: bool = False

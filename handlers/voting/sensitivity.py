"""What an outcome hangs on: how far it is from the next one, and which rule or ruling would change it. Pure.

It adds nothing up itself: it asks `tally` again under other rules.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from handlers.voting.judge import Judged, judge
from handlers.voting.tally import reckon, tally
from handlers.voting.terms import Ballot, Choice, Outcome, Question, Rules, Ruling, Status, Sums, Unit
from handlers.voting.thresholds import majority_for
from storage.states import UnitKind

_COMBINATIONS = 4096  # of rulings that are tried; more cases than that are told apart by the extremes


@dataclass(frozen=True, slots=True)
class Distance:
    """What is there and the least that is enough, in persons and area (millionths)."""

    have: Sums
    need: Sums

    @property
    def reached(self) -> bool:
        """Whether both are enough."""
        return self.have.persons >= self.need.persons and self.have.area >= self.need.area

    @property
    def missing(self) -> Sums:
        """What is not there yet, never below nothing."""
        return Sums(max(self.need.persons - self.have.persons, 0), max(self.need.area - self.have.area, 0))


def to_quorum(rules: Rules, question: Question, outcome: Outcome) -> Distance:
    """How many persons and how much area take part, and how many must."""
    quorum = majority_for(rules.regime, question.item).quorum
    total = outcome.total
    return Distance(outcome.participants, Sums(quorum.least(total.persons), quorum.least(total.area)))


def to_passing(rules: Rules, question: Question, outcome: Outcome) -> Distance:
    """How many agree, and how many of those who take part must; for a question that is no election."""
    assert outcome.agreed is not None
    majority = majority_for(rules.regime, question.item)
    base = outcome.total if majority.of_all else outcome.participants
    return Distance(
        outcome.agreed, Sums(majority.agreement.least(base.persons), majority.agreement.least(base.area))
    )


def no_show_paradox(rules: Rules, question: Question, outcome: Outcome) -> bool:
    """Whether more votes AGAINST would make the quorum with which the matter passes.

    Without quorum nothing is decided, so opponents who stay away may be better off than those who vote. The owners
    are told so, since it is theirs to know.
    """
    if outcome.agreed is None or outcome.status is not Status.NO_QUORUM:
        return False
    need = to_quorum(rules, question, outcome).need
    enough = Sums(max(need.persons, outcome.participants.persons), max(need.area, outcome.participants.area))
    return majority_for(rules.regime, question.item).passes(outcome.total, enough, outcome.agreed)


@dataclass(frozen=True, slots=True)
class Alternative:
    """The same ballots under one other rule."""

    name: str
    status: Status


def alternatives(
    rules: Rules,
    question: Question,
    roll: Mapping[str, Unit],
    ballots: Sequence[Ballot],
    rulings: Sequence[Ruling] = (),
) -> list[Alternative]:
    """What the question would have come to with spoiled papers, parking and deemed votes in or out.

    Nothing is said of parking where the roll has none: a roll that was frozen without it cannot tell.
    """
    turned = {
        "spoiled": replace(rules, spoiled_participates=not rules.spoiled_participates),
        "deemed": replace(rules, deemed_follow=not rules.deemed_follow),
    }
    if any(unit.kind is UnitKind.PARKING for unit in roll.values()):
        turned["parking"] = replace(rules, parking_counts=not rules.parking_counts)
    return [
        Alternative(
            name,
            tally(other, [question], roll, judge(other, roll, ballots), rulings)[question.question_id].status,
        )
        for name, other in turned.items()
    ]


@dataclass(frozen=True, slots=True)
class Open:
    """What rulings on the open cases can still make of a question. exact: every combination was tried."""

    statuses: frozenset[Status]
    exact: bool

    @property
    def matters(self) -> bool:
        """Whether any ruling could change the outcome."""
        return len(self.statuses) > 1


def what_rulings_can_do(
    rules: Rules, question: Question, roll: Mapping[str, Unit], judged: Judged, rulings: Sequence[Ruling] = ()
) -> Open:
    """Every outcome that rulings on the open cases can lead to: each case counts as one of its papers says, or not.

    With more combinations than can be tried, the extremes are: all out, and all for each thing that any of them says.
    """
    cases, ruled = reckon(rules, question, roll, judged, rulings)
    ways: list[list[Choice | None]] = []
    for case in cases:
        said = list(dict.fromkeys(choice for _, choice in case.said))
        ways.append([None, *said])
    count = 1
    for way in ways:
        count *= len(way)
    exact = count <= _COMBINATIONS
    combinations: Iterable[Sequence[Choice | None]]
    if exact:
        combinations = product(*ways)
    else:
        every = list(dict.fromkeys(choice for way in ways for choice in way))
        combinations = [[choice if choice in way else way[-1] for way in ways] for choice in every]
    return Open(frozenset(ruled(combination).status for combination in combinations), exact)

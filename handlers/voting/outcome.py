"""What the law makes of the sums of one question. Pure; adds up nothing but choices that are moved to another.

A case that is open wins over everything else, then the quorum, then the majority. "Not passed" is 未形成有效决定 and
never the opposite decision.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction

from handlers.voting.terms import (
    ABSTAIN,
    FOLLOW,
    FOLLOW_UNDEFINED,
    SPOILED,
    Added,
    Case,
    Outcome,
    Question,
    Rank,
    Rules,
    Status,
    Sums,
)
from handlers.voting.thresholds import majority_for

DEEMED = "deemed_follow"  # papers provably delivered with a warning, and not returned
_NOTHING = Sums()
_NOT_EXPRESSED = frozenset({ABSTAIN, SPOILED, FOLLOW, DEEMED})


def decide(
    rules: Rules, question: Question, total: Sums, added: Added, cases: tuple[Case, ...] = ()
) -> Outcome:
    """The outcome of a question.

    `added` may hold FOLLOW and DEEMED. They go to the one choice that leads by persons and by area alike; where there
    is none they abstain, with a note. In an election there is no such choice.
    """
    choices = dict(added.choices)
    following = choices.pop(FOLLOW, _NOTHING).plus(choices.pop(DEEMED, _NOTHING))
    notes: tuple[str, ...] = ()
    if following != _NOTHING:
        leader = _leader(choices) if question.seats is None else None
        if leader is None:
            notes = (FOLLOW_UNDEFINED,)
        target = leader or ABSTAIN
        choices[target] = choices.get(target, _NOTHING).plus(following)
    settled = Added(added.participants, choices)
    if question.seats is not None:
        return elect(rules, question, question.seats, total, settled, cases, notes)
    majority = majority_for(rules.regime, question.item)
    passed = [
        option
        for option in question.options
        if majority.passes(total, added.participants, choices.get(option, _NOTHING))
    ]
    if cases:
        status = Status.REVIEW_REQUIRED
    elif not majority.has_quorum(total, added.participants):
        status = Status.NO_QUORUM
    else:
        status = Status.PASSED if passed else Status.NOT_PASSED
    return Outcome(
        status=status,
        total=total,
        participants=added.participants,
        agreed=max(choices.get(option, _NOTHING) for option in question.options),
        choices=choices,
        cases=cases,
        notes=notes,
        passed=passed[0] if status is Status.PASSED else None,
    )


def _leader(choices: Mapping[str, Sums]) -> str | None:
    """The choice with more persons and more area than every other one; those that express nothing do not run."""
    expressed = {name: sums for name, sums in choices.items() if name not in _NOT_EXPRESSED}
    for name, sums in expressed.items():
        others = [other for each, other in expressed.items() if each != name]
        if all(sums.persons > other.persons and sums.area > other.area for other in others):
            return name
    return None


def elect(
    rules: Rules,
    question: Question,
    seats: int,
    total: Sums,
    added: Added,
    cases: tuple[Case, ...] = (),
    notes: tuple[str, ...] = (),
) -> Outcome:
    """The outcome of an election: each candidate needs the majority by persons and by area, the best of them sit.

    Equal candidates across the last seat are a tie: those above them sit, they run again. The order of candidates who
    are equal within the seats is that of the ballot paper.
    """
    majority = majority_for(rules.regime, question.item)
    key = _rank_key(rules.rank, added.participants)
    standing = {name: added.choices.get(name, _NOTHING) for name in question.options}
    ranked = sorted(
        (name for name, sums in standing.items() if majority.passes(total, added.participants, sums)),
        key=lambda name: key(standing[name]),
        reverse=True,
    )
    elected, rest, tie = ranked[:seats], ranked[seats:], list[str]()
    if elected and rest and key(standing[elected[-1]]) == key(standing[rest[0]]):
        last = key(standing[rest[0]])
        tie = [name for name in ranked if key(standing[name]) == last]
        elected = [name for name in elected if name not in tie]
        rest = [name for name in rest if name not in tie]
    if cases:
        status = Status.REVIEW_REQUIRED
    elif not majority.has_quorum(total, added.participants):
        status = Status.NO_QUORUM
    elif tie:
        status = Status.RUNOFF_REQUIRED
    else:
        status = Status.PASSED if len(elected) == seats else Status.SEATS_UNFILLED
    if status in (Status.REVIEW_REQUIRED, Status.NO_QUORUM):
        elected, rest, tie = [], [], []
    return Outcome(
        status=status,
        total=total,
        participants=added.participants,
        agreed=None,
        choices=added.choices,
        cases=cases,
        notes=notes,
        elected=tuple(elected),
        alternates=tuple(rest),
        tie=tuple(tie),
        seats_unfilled=seats - len(elected),
    )


def _rank_key(rank: Rank, participants: Sums) -> Callable[[Sums], tuple[int | Fraction, ...]]:
    if rank is Rank.COUNT_THEN_AREA:
        return lambda sums: (sums.persons, sums.area)
    if rank is Rank.AREA_THEN_COUNT:
        return lambda sums: (sums.area, sums.persons)
    return lambda sums: (
        Fraction(sums.persons, participants.persons) + Fraction(sums.area, participants.area),
    )

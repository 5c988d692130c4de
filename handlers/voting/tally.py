"""Adding up a vote. Pure and exact; nothing else in Yishi adds votes up.

What is added: persons and areas of the units whose ballots count (`judge.py` says which), for each choice of a
question. What the law makes of the sums: `outcome.py`.

A person takes part when any of their units has a counted ballot; only the areas of those units add up. Several units
of one person that say different things are a case: the person is left out until two deciders have ruled on it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from handlers.voting.judge import Judged
from handlers.voting.outcome import DEEMED, decide
from handlers.voting.terms import (
    ABSTAIN,
    BLANK,
    SPOILED,
    Added,
    Ballot,
    Case,
    CaseKind,
    Choice,
    Outcome,
    Question,
    Rules,
    Ruling,
    Sums,
    Unit,
    in_scope,
    person_of,
)


def tally(
    rules: Rules,
    questions: Iterable[Question],
    roll: Mapping[str, Unit],
    judged: Judged,
    rulings: Iterable[Ruling] = (),
) -> dict[str, Outcome]:
    """The outcome of each question, by its id. `roll` by unit_id; units out of scope may be in it."""
    total, deemed = _total(rules, roll), _deemed(rules, roll, judged)
    outcomes = {}
    for question in questions:
        parts, cases = _parts(rules, question, roll, judged, _ruled(question, rulings))
        parts += deemed
        outcomes[question.question_id] = replace(
            decide(rules, question, total, _add(rules, parts), tuple(cases)),
            by_building=_table(rules, parts, lambda part: part.unit.building),
            by_channel=_table(rules, parts, lambda part: part.channel),
        )
    return outcomes


def reckon(
    rules: Rules,
    question: Question,
    roll: Mapping[str, Unit],
    judged: Judged,
    rulings: Iterable[Ruling] = (),
) -> tuple[list[Case], Callable[[Sequence[Choice | None]], Outcome]]:
    """The open cases of a question, and what it comes to when each is ruled so (None: nothing counts).

    All else is added up once: a case is about persons of its own, so its sums are added to those of the others.
    """
    total = _total(rules, roll)
    parts, cases = _parts(rules, question, roll, judged, _ruled(question, rulings))
    settled = _add(rules, parts + _deemed(rules, roll, judged))

    def ruled(choices: Sequence[Choice | None]) -> Outcome:
        more = [
            _Part(case.person, roll[unit_id], "", choice)
            for case, choice in zip(cases, choices, strict=True)
            if choice is not None
            for unit_id in dict.fromkeys(unit_id for unit_id, _ in case.said)
        ]
        return decide(rules, question, total, settled.plus(_add(rules, more)), ())

    return cases, ruled


def _total(rules: Rules, roll: Mapping[str, Unit]) -> Sums:
    """N and A."""
    scope = [unit for unit in roll.values() if in_scope(rules, unit)]
    return Sums(len({person_of(unit) for unit in scope}), sum(unit.area for unit in scope))


def _deemed(rules: Rules, roll: Mapping[str, Unit], judged: Judged) -> list["_Part"]:
    """Those who got the papers, returned nothing, and follow the majority where that was announced."""
    if not rules.deemed_follow:
        return []
    return [
        _Part(person_of(unit), unit, DEEMED, DEEMED)
        for unit in roll.values()
        if unit.delivered and in_scope(rules, unit) and person_of(unit) not in judged.returned
    ]


def _ruled(question: Question, rulings: Iterable[Ruling]) -> dict[str, Choice | None]:
    return {each.person: each.choice for each in rulings if each.question_id == question.question_id}


class _Part(NamedTuple):
    """What one unit adds."""

    person: str
    unit: Unit
    channel: str
    choice: Choice


def _parts(
    rules: Rules,
    question: Question,
    roll: Mapping[str, Unit],
    judged: Judged,
    ruled: Mapping[str, Choice | None],
) -> tuple[list[_Part], list[Case]]:
    """What each unit says to a question, and the conflicts that nobody has ruled on."""
    said: dict[str, list[_Part]] = {}
    for unit_id, ballot in judged.slots.items():
        part = _part(rules, question, roll[unit_id], ballot)
        said.setdefault(part.person, []).append(part)
    contested = set()
    for unit_id, ballots in judged.contested.items():
        contested.add(person_of(roll[unit_id]))
        for ballot in ballots:
            part = _part(rules, question, roll[unit_id], ballot)
            said.setdefault(part.person, []).append(part)
    counted: list[_Part] = []
    cases = []
    for person, parts in said.items():
        if person not in contested and (len(parts) == 1 or not _differ(parts)):
            counted += parts
        elif person not in ruled:
            kind = CaseKind.CO_OWNER_CONFLICT if person in contested else CaseKind.SAME_OWNER_CONFLICT
            cases.append(Case(kind, person, tuple((part.unit.unit_id, part.choice) for part in parts)))
        elif (choice := ruled[person]) is not None:
            each_once = {part.unit.unit_id: part for part in parts}
            counted += [part._replace(choice=choice) for part in each_once.values()]
    return counted, sorted(cases, key=lambda case: case.person)


def _part(rules: Rules, question: Question, unit: Unit, ballot: Ballot) -> _Part:
    return _Part(person_of(unit), unit, ballot.channel, choice_of(rules, question, ballot))


def _differ(parts: list[_Part]) -> bool:
    """A spoiled paper says nothing, so it contradicts nothing."""
    return len({part.choice for part in parts if part.choice != SPOILED}) > 1


def choice_of(rules: Rules, question: Question, ballot: Ballot) -> Choice:
    """What a ballot says to a question, with blanks and what cannot be read settled by the announced rules."""
    choice = ballot.choices.get(question.question_id, BLANK)
    if choice == BLANK:
        return SPOILED if rules.blank_is_spoiled else ABSTAIN
    if isinstance(choice, frozenset):
        if question.seats is None or len(choice) > question.seats or not choice <= set(question.options):
            return SPOILED
        return choice or ABSTAIN
    return choice


def _add(rules: Rules, parts: Iterable[_Part]) -> Added:
    """Persons and area of each choice, and of all who took part.

    A person whose papers are partly spoiled is counted by those that are not.
    """
    said: dict[str, Choice] = {}
    areas: dict[str, int] = {}
    area = 0
    for person, unit, _, choice in parts:
        if choice == SPOILED:
            if not rules.spoiled_participates:
                continue
            said.setdefault(person, SPOILED)
        else:
            said[person] = choice
        area += unit.area
        for name in _names(choice):
            areas[name] = areas.get(name, 0) + unit.area
    persons: dict[str, int] = {}
    for choice in said.values():
        for name in _names(choice):
            persons[name] = persons.get(name, 0) + 1
    choices = {name: Sums(persons.get(name, 0), each) for name, each in areas.items()}
    return Added(Sums(len(said), area), choices)


def _names(choice: Choice) -> Iterable[str]:
    return (choice,) if isinstance(choice, str) else choice


def _table(rules: Rules, parts: Iterable[_Part], key: Callable[[_Part], str]) -> dict[str, Added]:
    groups: dict[str, list[_Part]] = {}
    for part in parts:
        groups.setdefault(key(part), []).append(part)
    return {name: _add(rules, groups[name]) for name in sorted(groups)}

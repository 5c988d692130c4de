"""Adding up a vote. Pure and exact; nothing else in Yishi adds votes up.

What is added: persons and areas of the units whose ballots count (`judge.py` says which), for each choice of a
question. What the law makes of the sums: `outcome.py`.

A person takes part when any of their units has a counted ballot; only the areas of those units add up. Several units
of one person that say different things are a case, and so is a ballot that the owner says was not theirs: the person
is left out until two deciders have ruled on it.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
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
        parts = _taking_part(rules, parts + deemed)
        outcomes[question.question_id] = replace(
            decide(rules, question, total, _add(parts), tuple(cases)),
            by_building=_table(parts, lambda part: part.unit.building),
            by_channel=_table(parts, lambda part: part.channel),
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
    settled = _add(_taking_part(rules, parts + _deemed(rules, roll, judged)))

    def ruled(choices: Sequence[Choice | None]) -> Outcome:
        more = [
            _Part(case.person, roll[unit_id], "", choice)
            for case, choice in zip(cases, choices, strict=True)
            if choice is not None
            for unit_id in dict.fromkeys(unit_id for unit_id, _ in case.said)
        ]
        return decide(rules, question, total, settled.plus(_add(_taking_part(rules, more))), ())

    return cases, ruled


def _total(rules: Rules, roll: Mapping[str, Unit]) -> Sums:
    """N and A."""
    scope = [unit for unit in roll.values() if in_scope(rules, unit)]
    return Sums(len(set(map(person_of, scope))), sum(unit.area for unit in scope))


def _deemed(rules: Rules, roll: Mapping[str, Unit], judged: Judged) -> list["_Part"]:
    """Those who got the papers, returned nothing, and follow the majority where that was announced."""
    if not rules.deemed_follow:
        return []
    return [
        _Part(person_of(unit), unit, DEEMED, DEEMED)
        for unit in roll.values()
        if in_scope(rules, unit) and unit.delivered and person_of(unit) not in judged.returned
    ]


def _taking_part(rules: Rules, parts: list["_Part"]) -> list["_Part"]:
    """Without what is spoiled, unless it was announced that it takes part."""
    if not rules.spoiled_participates:
        parts = [part for part in parts if part.choice != SPOILED]
    return parts


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
    """What each unit says to a question, and the conflicts that nobody has ruled on.

    A spoiled paper says nothing, so it contradicts nothing.
    """
    contests = ((unit_id, each) for unit_id, ballots in judged.contested.items() for each in ballots)
    parts = [
        _Part(person_of(unit := roll[unit_id]), unit, ballot.channel, choice_of(rules, question, ballot))
        for unit_id, ballot in chain(judged.slots.items(), contests)
    ]
    contested = {person_of(roll[unit_id]) for unit_id in judged.contested}
    disputed: dict[str, list[_Part]] = {person: [] for person in contested | judged.doubted}
    said: dict[str, Choice] = {}
    for part in parts:
        if part.choice != SPOILED and said.setdefault(part.person, part.choice) != part.choice:
            disputed[part.person] = []
    if not disputed:
        return parts, []
    counted: list[_Part] = []
    for part in parts:
        disputed.get(part.person, counted).append(part)
    cases = []
    for person, papers in sorted(disputed.items()):
        if person not in ruled:
            cases.append(
                Case(
                    _kind_of(person, judged, contested),
                    person,
                    tuple((part.unit.unit_id, part.choice) for part in papers),
                )
            )
        elif (choice := ruled[person]) is not None:
            each_once = {part.unit.unit_id: part for part in papers}
            counted += [part._replace(choice=choice) for part in each_once.values()]
    return counted, cases


def _kind_of(person: str, judged: Judged, contested: Collection[str]) -> CaseKind:
    if person in judged.doubted:
        return CaseKind.CONTESTED
    return CaseKind.CO_OWNER_CONFLICT if person in contested else CaseKind.SAME_OWNER_CONFLICT


def choice_of(rules: Rules, question: Question, ballot: Ballot) -> Choice:
    """What a ballot says to a question, with blanks and what cannot be read settled by the announced rules."""
    choice = ballot.choices.get(question.question_id) or BLANK  # a list of names with no tick is blank, too
    if choice == BLANK:
        return SPOILED if rules.blank_is_spoiled else ABSTAIN
    if isinstance(choice, str):
        return choice
    readable = (
        question.seats is not None and len(choice) <= question.seats and choice <= set(question.options)
    )
    return choice if readable else SPOILED


def _add(parts: Iterable[_Part]) -> Added:
    """Persons and area of each choice, and of all who took part.

    A person whose papers are partly spoiled is counted by those that are not.
    """
    said: dict[str, Choice] = {}
    areas: dict[Choice, int] = {}
    for person, unit, _, choice in parts:
        areas[choice] = areas.get(choice, 0) + unit.area
        if choice == SPOILED:
            said.setdefault(person, SPOILED)
        else:
            said[person] = choice
    persons = Counter(said.values())
    choices: dict[str, Sums] = {}
    for choice, area in areas.items():
        for name in (choice,) if isinstance(choice, str) else choice:
            choices[name] = choices.get(name, Sums()).plus(Sums(persons[choice], area))
    return Added(Sums(len(said), sum(areas.values())), choices)


def _table(parts: Iterable[_Part], key: Callable[[_Part], str]) -> dict[str, Added]:
    groups: dict[str, list[_Part]] = {}
    for part in parts:
        groups.setdefault(key(part), []).append(part)
    return {name: _add(groups[name]) for name in sorted(groups)}

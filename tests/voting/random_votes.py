"""Small votes by chance, for two counts to be held against each other: each is made from its number alone."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import NamedTuple

from handlers.voting.terms import (
    ABSTAIN,
    AGAINST,
    AGREE,
    BLANK,
    DEVELOPER,
    FOLLOW,
    SPOILED,
    Ballot,
    ChannelPriority,
    Choice,
    Question,
    Rank,
    Regime,
    Revote,
    Rules,
    Ruling,
    Unit,
    area_of,
)
from storage.states import UnitKind
from tests.voting.votes import at

OPENS, CLOSES = at(1), at(20)
MOMENT = timedelta(microseconds=1)
CANDIDATES = ("甲", "乙", "丙", "丁")
PLAIN = (AGREE, AGREE, AGREE, AGAINST, ABSTAIN, SPOILED, BLANK, FOLLOW)
# Round ones meet at one half, two thirds and three quarters; those with three decimals are just beside.
AREAS = ("100", "100", "100", "50", "200", "33.33", "66.67", "99.99", "100.001", "33.333", "0.01")


class Vote(NamedTuple):
    """One vote on one question; ballots in the order of their file."""

    rules: Rules
    question: Question
    units: list[Unit]
    ballots: list[Ballot]
    rulings: list[Ruling]


def random_votes(seed: str, count: int) -> Iterator[Vote]:
    """As many votes; the one with number `n` depends on seed and n only."""
    for number in range(count):
        yield _vote(Random(f"{seed}/{number}"))


def _vote(random: Random) -> Vote:
    rules, question = _rules(random), _question(random)
    if random.random() < 0.3:
        return _even(random, rules, question)
    units = _units(random)
    calm = random.random() < 0.5  # else most votes would end in a case
    ballots = list(_ballots(random, question, units, calm=calm))
    persons = sorted({each.owner_key for each in units} | {DEVELOPER})
    rulings = [
        Ruling("q", person, None if random.random() < 0.3 else _choice(random, question, ruled=True))
        for person in persons
        if random.random() < 0.4
    ]
    return Vote(rules, question, units, ballots, rulings)


def _even(random: Random, rules: Rules, question: Question) -> Vote:
    """A flat of one size for everybody and nothing to refuse: here ties and exact shares are frequent."""
    units = [
        Unit(f"u{number}", f"o{number}", UnitKind.RESIDENTIAL, area_of("100"), building="1")
        for number in range(random.choice((2, 3, 4, 5, 6, 8, 12)))
    ]
    names, seats = question.options, question.seats
    ballots = [
        Ballot(
            each.unit_id,
            {"q": frozenset(random.sample(names, min(seats, len(names)))) if seats else choice},
            "paper",
        )
        for each in units
        if (choice := random.choice((AGREE, AGREE, AGREE, AGAINST, ABSTAIN))) and random.random() < 0.85
    ]
    return Vote(replace(rules, scope_buildings=frozenset()), question, units, ballots, [])


def _rules(random: Random) -> Rules:
    return Rules(
        regime=random.choice((Regime.CIVIL_CODE, Regime.CIVIL_CODE, Regime.PROPERTY_LAW)),
        scope_buildings=frozenset(random.choice(("", "", "1", "12"))),
        parking_counts=random.random() < 0.4,
        spoiled_participates=random.random() < 0.5,
        blank_is_spoiled=random.random() < 0.3,
        revote=random.choice(list(Revote)),
        channel_priority=random.choice(list(ChannelPriority)),
        proxy_cap=random.choice((None, 0, 1, 1, 2, 3)),
        deemed_follow=random.random() < 0.4,
        rank=random.choice(list(Rank)),
        opens_at=random.choice((OPENS, OPENS, None)),
        closes_at=random.choice((CLOSES, CLOSES, None)),
    )


def _question(random: Random) -> Question:
    kind = random.random()
    if kind < 0.3:
        seats = random.choice((1, 2, 2, 3, 3))
        return Question("q", 3, CANDIDATES[: seats + random.choice((0, 1, 1, 1))], seats)
    if kind < 0.4:
        return Question("q", 4, ("甲公司", "乙公司"))
    return Question("q", random.randint(1, 9))


def _units(random: Random) -> list[Unit]:
    count = random.choice((0, 1, 2, 3, 4, 5, 6, 8, 10, 12))
    owners = [f"o{number}" for number in range(max(1, round(count * random.choice((0.5, 0.8, 1.5)))))]
    same = random.random() < 0.6
    kinds = [*[UnitKind.RESIDENTIAL] * 9, *UnitKind]
    return [
        Unit(
            unit_id=f"u{number}",
            owner_key=random.choice(owners),
            kind=random.choice(kinds),
            area=area_of("100" if same else random.choice(AREAS)),
            building=random.choice("112"),
            co_owned=random.random() < 0.2,
            owner_minor=random.random() < 0.1,
            delivered=random.random() < 0.5,
            representative=random.choice((None, None, None, None, "wife")),
        )
        for number in range(count)
    ]


def _ballots(random: Random, question: Question, units: list[Unit], *, calm: bool) -> Iterator[Ballot]:
    """One for most units, and some more; of a calm vote all of a person's say the same."""
    said: dict[str, Choice] = {}
    turnout = random.choice((0.5, 0.8, 1.0, 1.0))
    plain = random.random() < 0.5  # nothing to refuse
    cast = [each for each in units if random.random() < turnout]
    cast += random.choices(units, k=random.choice((0, 0, 2, 5))) if units and not plain else []
    for unit in cast:
        choice = _choice(random, question)
        channel = random.choice(("online", "online", "paper", "phone"))
        if plain:
            yield Ballot(
                unit.unit_id, {"q": said.setdefault(unit.owner_key, choice) if calm else choice}, channel
            )
            continue
        moment = None if random.random() < 0.03 else at(random.randint(1, 19), random.randint(12, 15))
        if random.random() < 0.15:
            moment = random.choice((OPENS - MOMENT, OPENS, CLOSES, CLOSES + MOMENT))
        yield Ballot(
            unit_id="nowhere" if random.random() < 0.03 else unit.unit_id,
            choices={"q": said.setdefault(unit.owner_key, choice) if calm else choice},
            channel=channel,
            cast_at=moment,
            seq=random.choice((None, 1, 2, 3)),
            by=random.choice((None, unit.owner_key, "husband", "wife")),
            proxy=random.choice((None, None, "z", "y")),
            recorded_at=at(random.randint(1, 25)) if moment and channel == "paper" else None,
        )


def _choice(random: Random, question: Question, *, ruled: bool = False) -> Choice:
    if question.seats is None or random.random() < 0.1:
        plain = [each for each in PLAIN if not (ruled and each == BLANK)]
        if question.seats is not None:
            plain = [each for each in plain if each not in (AGREE, AGAINST)]
        elif len(question.options) > 1:
            plain = [*question.options * 3, "neither", *plain[4:]]
        return random.choice(plain)
    ticks = random.choice((0, 1, 2, 3, *[question.seats] * 6)) + (random.random() < 0.03)
    if ruled:
        ticks = min(max(ticks, 1), question.seats, len(question.options))
    names = question.options if ruled or random.random() < 0.97 else ("路人", *question.options)
    return frozenset(random.sample(names, min(ticks, len(names))))

"""The tally and a second count in SQL, written apart from it, agree on every vote that chance makes."""

import os
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal

import asyncpg

from handlers.voting.judge import judge
from handlers.voting.tally import tally
from handlers.voting.terms import (
    FOLLOW_UNDEFINED,
    ChannelPriority,
    Choice,
    Regime,
    Rejection,
    Status,
    Sums,
    area_text,
)
from tests.voting.random_votes import Vote, random_votes
from tests.voting.sql_tally import Counted, Row, Sum, count

COUNT = int(os.environ.get("YISHI_TWO_COUNTS", "3000"))
SEED = os.environ.get("YISHI_TWO_COUNTS_SEED", "2026")


def as_rows(vote: Vote) -> Row:
    """A vote as the second count reads it: square metres, choices as lists."""
    rules, question = vote.rules, vote.question
    return Row(
        vote=(
            rules.regime is Regime.PROPERTY_LAW,
            question.item,
            list(question.options),
            question.seats,
            sorted(rules.scope_buildings),
            rules.parking_counts,
            rules.spoiled_participates,
            rules.blank_is_spoiled,
            rules.revote.value,
            rules.channel_priority is ChannelPriority.PAPER_OVER_ONLINE,
            rules.proxy_cap,
            rules.deemed_follow,
            rules.rank.value,
            rules.opens_at,
            rules.closes_at,
        ),
        units=[
            (
                each.unit_id,
                each.owner_key,
                each.kind.value,
                Decimal(area_text(each.area)),
                each.building,
                each.co_owned,
                each.owner_minor,
                each.delivered,
                each.representative,
            )
            for each in vote.units
        ],
        ballots=[
            (
                place,
                each.unit_id,
                each.channel,
                _list(each.choices["q"]),
                each.cast_at,
                each.recorded_at,
                each.seq,
                each.by,
                each.proxy,
            )
            for place, each in enumerate(vote.ballots)
        ],
        rulings=[(each.person, None if each.choice is None else _list(each.choice)) for each in vote.rulings],
    )


def _list(choice: Choice) -> list[str]:
    return [choice] if isinstance(choice, str) else sorted(choice)


def first_count(vote: Vote) -> Counted:
    """What handlers/voting makes of a vote."""
    roll = {each.unit_id: each for each in vote.units}
    # The same ballot may come twice: the judge must not make a copy, so each is known by what it is.
    places = {id(each): place for place, each in enumerate(vote.ballots)}
    judged = judge(vote.rules, roll, vote.ballots)
    outcome = tally(vote.rules, [vote.question], roll, judged, vote.rulings)["q"]
    assert len({id(each) for each, _ in judged.rejected}) == len(judged.rejected)
    return Counted(
        status=outcome.status.value,
        total=_sum(outcome.total),
        participants=_sum(outcome.participants),
        agreed=_sum(outcome.agreed) if outcome.agreed is not None else None,
        passed=outcome.passed,
        elected=outcome.elected,
        tie=outcome.tie,
        alternates=outcome.alternates,
        follow_undefined=FOLLOW_UNDEFINED in outcome.notes,
        choices=_sums(outcome.choices),
        cases={case.person: case.kind.value for case in outcome.cases},
        rejected={places[id(each)]: reason.value for each, reason in judged.rejected},
        groups={
            (kind, name): (_sum(added.participants), _sums(added.choices))
            for kind, table in (("building", outcome.by_building), ("channel", outcome.by_channel))
            for name, added in table.items()
        },
    )


def _sum(sums: Sums) -> Sum:
    return sums.persons, Decimal(area_text(sums.area))


def _sums(choices: Mapping[str, Sums]) -> dict[str, Sum]:
    return {name: _sum(sums) for name, sums in choices.items()}


async def test_both_counts_agree(postgres_url: str) -> None:
    votes = list(random_votes(SEED, COUNT))
    connection = await asyncpg.connect(postgres_url)
    try:
        seconds = await count(connection, map(as_rows, votes))
    finally:
        await connection.close()
    assert len(seconds) == COUNT
    met: Counter[str] = Counter()
    for number, (vote, second) in enumerate(zip(votes, seconds, strict=True)):
        first = first_count(vote)
        differing = {name: (getattr(first, name), getattr(second, name)) for name in first._fields}
        differing = {name: pair for name, pair in differing.items() if pair[0] != pair[1]}
        assert not differing, f"vote {number} of seed {SEED}: {differing} in {vote}"
        met.update([first.status, *first.cases.values(), *first.rejected.values()])
        met.update(["follow_undefined"] * first.follow_undefined)
    rare = [name for name in (*Status, *Rejection, "follow_undefined") if met[name] < COUNT / 200]
    assert not rare, f"hardly met: {rare} of {met}"

"""Casting ballots on real databases."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from handlers.identity.entitled import Entitlement
from handlers.voting.announced import Announced
from handlers.voting.cast import MARKS_CONTEXT, MOST_BALLOTS, NONCE_CONTEXT, Code, NoBallot
from handlers.voting.count import load_evidence
from handlers.voting.fate import foresee
from handlers.voting.judge import judge
from handlers.voting.log import seal_all
from handlers.voting.marks import MarkError, ballot_content, commitment, read_marks
from handlers.voting.terms import ABSTAIN, AGAINST, AGREE, ChannelPriority, Choice, Rejection, Revote
from storage.database import Database
from storage.queries.vote_log import list_log
from storage.queries.votes import find_vote, list_vote_units
from storage.states import BallotChannel, PaperState
from storage.tables import Ballot, BallotPaper, BallotSlot, VoteCase, VoteLeaf, VoteQuestion
from tests.voting.assembly import CLOSES, NUMBER, OPENS, SEALER, SIGNER, Assembly, assemble, cast
from tests.voting.votes import at


async def slots(database: Database) -> dict[str, BallotSlot]:
    async with database.read() as session:
        return {slot.unit_code: slot for slot in await session.exec(select(BallotSlot))}


async def count(database: Database, table: type[Ballot | VoteLeaf | VoteCase]) -> int:
    async with database.read() as session:
        return len((await session.exec(select(table))).all())


async def refusal(database: Database, order: object) -> Code:
    with pytest.raises(NoBallot) as refused:
        await cast(database, order)  # type: ignore[arg-type]
    return refused.value.code


async def test_a_ballot_fills_the_slots_of_all_units_of_its_owner(database: Database) -> None:
    assembly = await assemble(database, {"3-101": [1], "3-102": [1], "3-103": [2]})
    recorded = await cast(database, assembly.order("3-101"))
    assert [unit.unit_code for unit in recorded.units] == ["3-101", "3-102"]
    assert (recorded.rejected, recorded.contested, recorded.repeated) == ({}, False, False)
    filled = await slots(database)
    assert {code: slot.ballot_id for code, slot in filled.items()} == {
        "3-101": recorded.ballot.ballot_id,
        "3-102": recorded.ballot.ballot_id,
    }


async def test_the_log_commits_to_the_ballot_without_telling_it(database: Database) -> None:
    assembly = await assemble(database, {"3-101": [1]})
    recorded = await cast(database, assembly.order("3-101", voter=assembly.keys[1]))
    await seal_all(database, SIGNER, at(21))
    async with database.read() as session:
        (leaf,) = await list_log(session, assembly.compound_id, NUMBER)
    entry = json.loads(leaf.entry)
    ballot = recorded.ballot
    nonce = SEALER.open(ballot.nonce_sealed, NONCE_CONTEXT)
    marks = read_marks(SEALER.open(ballot.choices_sealed, MARKS_CONTEXT))
    assert marks == {"q1": AGREE}
    content = ballot_content(
        ["3-101"], ballot.owner_key, assembly.keys[1], None, marks, ballot.cast_at, ballot.recorded_at
    )
    assert entry == {
        "kind": "ballot",
        "at": "2026-05-21T04:00:00.000Z",
        "ballot": ballot.ballot_id,
        "channel": "online",
        "commitment": commitment(nonce, content),
    }
    assert "3-101" not in leaf.entry
    assert ballot.owner_key not in leaf.entry


async def test_a_double_tap_is_one_ballot_with_the_same_answer(database: Database) -> None:
    assembly = await assemble(database, {"3-101": [1]})
    first = await cast(database, assembly.order("3-101"))
    second = await cast(database, assembly.order("3-101", AGAINST))
    assert second.repeated
    assert second.ballot.ballot_id == first.ballot.ballot_id
    assert second.rejected == {}
    assert await count(database, Ballot) == 1


async def test_a_key_of_somebody_else_opens_nothing(database: Database) -> None:
    assembly = await assemble(database, {"3-101": [1], "3-102": [2]})
    await cast(database, assembly.order("3-101"))
    assert await refusal(database, assembly.order("3-102")) is Code.NOT_ELIGIBLE


@pytest.mark.parametrize("same_form", [True, False])
async def test_two_devices_at_once_fill_one_slot_once(database: Database, same_form: bool) -> None:
    assembly = await assemble(database, {"3-101": [1], "3-102": [1]})
    orders = [assembly.order("3-101", key="k" if same_form else f"k{number}") for number in range(6)]
    answers = await asyncio.gather(*(cast(database, order) for order in orders))
    counted = {slot.ballot_id for slot in (await slots(database)).values()}
    assert len(counted) == 1
    assert await count(database, Ballot) == (1 if same_form else 6)
    accepted = [answer for answer in answers if not answer.rejected]
    assert {answer.ballot.ballot_id for answer in accepted} == counted


@pytest.mark.parametrize(("revote", "counted"), [(Revote.NONE, 1), (Revote.ONCE, 2), (Revote.LAST, 3)])
async def test_changing_a_ballot_follows_the_announced_rule(
    database: Database, revote: Revote, counted: int
) -> None:
    assembly = await assemble(database, {"3-101": [1]}, Announced(revote=revote))
    answers = [
        await cast(database, assembly.order("3-101", choice, key=choice, cast_at=at(21 + day)))
        for day, choice in enumerate((AGREE, AGAINST, ABSTAIN))
    ]
    slot = (await slots(database))["3-101"]
    assert slot.ballot_id == answers[counted - 1].ballot.ballot_id
    assert slot.changes == counted - 1
    assert [bool(answer.rejected) for answer in answers] == [False, counted < 2, counted < 3]
    assert await count(database, Ballot) == 3  # nothing is dropped from the record


async def test_the_window_is_judged_on_arrival_whatever_the_state_says(database: Database) -> None:
    assembly = await assemble(database, {"3-101": [1]})
    assert await refusal(database, assembly.order("3-101", cast_at=at(20, 11))) is Code.NOT_OPEN
    assert await refusal(database, assembly.order("3-101", cast_at=at(27, 13))) is Code.CLOSED
    assert (await cast(database, assembly.order("3-101", cast_at=CLOSES))).rejected == {}
    assert await count(database, Ballot) == 1
    assert OPENS < CLOSES


async def test_paper_counts_by_when_it_was_received(database: Database) -> None:
    assembly = await assemble(database, {"3-101": [1]})
    order = assembly.order("3-101", channel=BallotChannel.PAPER, cast_at=at(26), serial="S1")
    recorded = await cast(database, order, at(29))
    assert recorded.rejected == {}
    assert (recorded.ballot.cast_at, recorded.ballot.entered_at) == (at(26), at(29))


async def test_another_channel_is_refused_and_kept(database: Database) -> None:
    assembly = await assemble(database, {"3-101": [1]})
    await cast(database, assembly.order("3-101"))
    paper = await cast(
        database, assembly.order("3-101", key="k2", channel=BallotChannel.PAPER, cast_at=at(22), serial="S1")
    )
    assert paper.rejected == {"3-101": Rejection.DUPLICATE_OTHER_CHANNEL}
    assert await count(database, Ballot) == 2


async def test_paper_over_online_takes_the_slot_where_announced(database: Database) -> None:
    announced = Announced(channel_priority=ChannelPriority.PAPER_OVER_ONLINE)
    assembly = await assemble(database, {"3-101": [1]}, announced)
    await cast(database, assembly.order("3-101"))
    paper = await cast(
        database, assembly.order("3-101", key="k2", channel=BallotChannel.PAPER, cast_at=at(22))
    )
    assert (await slots(database))["3-101"].ballot_id == paper.ballot.ballot_id


async def test_a_paper_in_the_box_holds_its_place_before_it_is_keyed_in(database: Database) -> None:
    assembly = await assemble(database, {"3-101": [1]})
    async with database.write() as session:
        session.add(
            BallotPaper(
                compound_id=assembly.compound_id,
                serial="S1",
                vote_number=NUMBER,
                owner_key=assembly.owners["3-101"],
                state=PaperState.RECEIVED,
                printed_at=at(20),
                received_at=at(21),
            )
        )
    online = await cast(database, assembly.order("3-101", cast_at=at(22)))
    assert online.rejected == {"3-101": Rejection.DUPLICATE_OTHER_CHANNEL}
    paper = await cast(
        database,
        assembly.order(
            "3-101", key="k2", channel=BallotChannel.PAPER, cast_at=at(21), registered_at=at(21), serial="S1"
        ),
        at(23),
    )
    assert paper.rejected == {}
    assert (await slots(database))["3-101"].ballot_id == paper.ballot.ballot_id


async def test_two_co_owners_make_one_case(database: Database) -> None:
    assembly = await assemble(database, {"3-101": [1, 2]})
    first = await cast(database, assembly.order("3-101", voter=assembly.keys[1]))
    second = await cast(database, assembly.order("3-101", AGAINST, key="k2", voter=assembly.keys[2]))
    third = await cast(database, assembly.order("3-101", key="k3", voter=assembly.keys[1]))
    assert [first.contested, second.contested, third.contested] == [False, True, True]
    assert (await slots(database))["3-101"].contested
    assert await count(database, VoteCase) == 1


async def test_only_the_representative_votes_for_co_owners(database: Database) -> None:
    assembly = await assemble(database, {"3-101": [1, 2]}, representatives={"3-101": 2})
    other = await cast(database, assembly.order("3-101", voter=assembly.keys[1]))
    named = await cast(database, assembly.order("3-101", key="k2", voter=assembly.keys[2]))
    assert other.rejected == {"3-101": Rejection.NOT_REPRESENTATIVE}
    assert named.rejected == {}


async def test_a_proxy_holds_no_more_mandates_than_announced(database: Database) -> None:
    assembly = await assemble(database, {"3-101": [1], "3-102": [2], "3-103": [3]}, Announced(proxy_cap=2))
    answers = [
        await cast(database, assembly.order(f"3-10{number}", key=f"k{number}", proxy="p"))
        for number in (1, 2, 3)
    ]
    assert [bool(answer.rejected) for answer in answers] == [False, False, True]


async def test_nobody_fills_the_record_with_ballots(database: Database) -> None:
    assembly = await assemble(database, {"3-101": [1]})
    for number in range(MOST_BALLOTS):
        await cast(database, assembly.order("3-101", key=f"k{number}"))
    assert await refusal(database, assembly.order("3-101", key="one more")) is Code.TOO_MANY


async def test_marks_that_the_paper_does_not_have_are_no_ballot(database: Database) -> None:
    questions = [
        VoteQuestion(
            compound_id=0, vote_number=0, question_id="q1", position=1, item=4, title="a", options=[AGREE]
        ),
        VoteQuestion(
            compound_id=0,
            vote_number=0,
            question_id="q2",
            position=2,
            item=3,
            title="b",
            options=["甲", "乙"],
            seats=1,
        ),
    ]
    assembly = await assemble(database, {"3-101": [1]}, questions=questions)
    wrong: list[dict[str, Choice]] = [
        {"q1": "maybe", "q2": frozenset()},
        {"q1": AGREE},
        {"q1": AGREE, "q2": frozenset({"甲", "乙"})},
        {"q1": AGREE, "q2": ABSTAIN, "q3": AGREE},
    ]
    for marks in wrong:
        with pytest.raises(MarkError):
            await cast(database, replace(assembly.order("3-101"), marks=marks))
    assert await count(database, Ballot) == 0


async def test_nobody_changes_a_ballot_afterwards(database: Database) -> None:
    assembly = await assemble(database, {"3-101": [1]})
    await cast(database, assembly.order("3-101"))
    for statement in ("UPDATE ballots SET channel = 'paper'", "DELETE FROM ballot_units"):
        with pytest.raises(DBAPIError, match="append-only"):
            async with database.write() as session:
                await (await session.connection()).execute(text(statement))


async def test_whom_a_proxy_may_not_act_for_is_not_kept_out_by_them(database: Database) -> None:
    """What a cap refused holds no place, whoever asks: the owner, the page before they vote, the count."""
    assembly = await assemble(database, {"3-101": [1], "3-102": [2]}, Announced(proxy_cap=1))
    await cast(database, assembly.order("3-101", key="k1", proxy="p", channel=BallotChannel.PAPER))
    over = await cast(database, assembly.order("3-102", key="k2", proxy="p", channel=BallotChannel.PAPER))
    assert over.rejected == {"3-102": Rejection.PROXY_CAP}
    assert await foreseen(database, assembly, "3-102") == {}
    own = await cast(database, assembly.order("3-102", AGAINST, key="k3", cast_at=at(22)))
    assert own.rejected == {}
    assert await count_as_slots(database, assembly) == {"3-101", "3-102"}


async def test_what_was_refused_uses_up_no_mandate(database: Database) -> None:
    assembly = await assemble(database, {"3-101": [1], "3-102": [2]}, Announced(proxy_cap=1))
    await cast(database, assembly.order("3-101", key="k1"))
    late = await cast(database, assembly.order("3-101", key="k2", proxy="p", channel=BallotChannel.PAPER))
    assert late.rejected == {"3-101": Rejection.DUPLICATE_OTHER_CHANNEL}
    other = await cast(database, assembly.order("3-102", key="k3", proxy="p", channel=BallotChannel.PAPER))
    assert other.rejected == {}
    assert await count_as_slots(database, assembly) == {"3-101", "3-102"}


async def test_a_mandate_that_took_its_place_earlier_takes_a_later_ones_slot(database: Database) -> None:
    """Scanned first and keyed in last: the slots of the other owner follow."""
    assembly = await assemble(database, {"3-101": [1], "3-102": [2]}, Announced(proxy_cap=1))
    paper: dict[str, Any] = {"channel": BallotChannel.PAPER, "proxy": "p"}
    await cast(database, assembly.order("3-101", key="k1", registered_at=at(21, 14), **paper))
    assert (await slots(database))["3-101"].ballot_id
    first = await cast(database, assembly.order("3-102", key="k2", registered_at=at(21, 13), **paper))
    assert first.rejected == {}
    assert await count_as_slots(database, assembly) == {"3-102"}


async def test_two_papers_of_one_moment_are_judged_in_the_order_of_the_count(database: Database) -> None:
    assembly = await assemble(
        database, {f"3-10{number}": [number] for number in range(1, 7)}, Announced(proxy_cap=2)
    )
    for number in range(1, 7):
        order = assembly.order(
            f"3-10{number}",
            key=f"k{number}",
            proxy="p",
            channel=BallotChannel.PAPER,
            registered_at=at(21, 13),
        )
        await cast(database, order)
        await count_as_slots(database, assembly)


async def test_a_co_owner_who_votes_over_and_over_keeps_the_other_one_out_of_nothing(
    database: Database,
) -> None:
    assembly = await assemble(database, {"3-101": [1, 2]})
    for number in range(MOST_BALLOTS):
        await cast(database, assembly.order("3-101", key=f"k{number}", voter=assembly.keys[1]))
    again = assembly.order("3-101", key="one more", voter=assembly.keys[1])
    assert await refusal(database, again) is Code.TOO_MANY
    other = await cast(database, assembly.order("3-101", AGAINST, key="hers", voter=assembly.keys[2]))
    assert other.contested


async def test_many_ballots_online_keep_no_paper_out(database: Database) -> None:
    assembly = await assemble(database, {"3-101": [1]})
    for number in range(MOST_BALLOTS):
        await cast(database, assembly.order("3-101", key=f"k{number}", voter=assembly.keys[1]))
    paper = assembly.order("3-101", key="paper", channel=BallotChannel.PAPER, voter=assembly.keys[1])
    assert (await cast(database, paper)).rejected == {"3-101": Rejection.DUPLICATE_OTHER_CHANNEL}


async def foreseen(database: Database, assembly: Assembly, unit: str) -> Mapping[str, Rejection]:
    """What a page says to the owner before they vote."""
    async with database.read() as session:
        vote = await find_vote(session, assembly.compound_id, NUMBER)
        assert vote is not None
        key = assembly.owners[unit]
        units = tuple(await list_vote_units(session, assembly.compound_id, NUMBER, [key]))
        refused, _contest = await foresee(session, SEALER, vote, Entitlement(key, key, units), at(22))
    return refused


async def count_as_slots(database: Database, assembly: Assembly) -> set[str]:
    """The units that have voted: the slots say of each what the count of all ballots says."""
    async with database.read() as session:
        vote = await find_vote(session, assembly.compound_id, NUMBER)
        assert vote is not None
        evidence = await load_evidence(session, SEALER, vote)
    judged = judge(evidence.rules, evidence.roll, evidence.ballots)
    counted = {unit: ballot.ballot_id for unit, ballot in judged.slots.items()}
    filled = await slots(database)
    assert {unit: slot.ballot_id for unit, slot in filled.items() if slot.ballot_id} == counted
    return set(counted)

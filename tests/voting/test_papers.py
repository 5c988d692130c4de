"""Ballot papers on real databases: printed, received, keyed in by two, voided; nothing counts twice or is lost."""

import asyncio
import json
from hashlib import sha256
from typing import Any

import pytest
from sqlmodel import select

from handlers.identity.mandates import proxy_mark
from handlers.people.office import get_or_add_person
from handlers.voting.announced import Announced
from handlers.voting.cast import MARKS_CONTEXT, NoBallot
from handlers.voting.count import counts_of
from handlers.voting.entry import (
    PROXY_CONTEXT,
    Keyed,
    attach_scan,
    enter_paper,
    list_signers,
    proposal_of,
    readings_of,
)
from handlers.voting.life import NoVote
from handlers.voting.marks import MarkError, read_marks
from handlers.voting.paper_rules import GUARDIAN, Entry, Holder, PaperCode, PaperRefused
from handlers.voting.papers import list_printed, reprint_papers
from handlers.voting.progress import Counted, load_progress
from handlers.voting.reception import receive_papers, recording_of, register_call
from handlers.voting.terms import AGAINST, AGREE, FOLLOW, SPOILED, ChannelPriority, Rejection, Revote, area_of
from storage.blobs import find_blob, put_blob
from storage.database import Database
from storage.queries.photos import Place, drop_photos_of_person, put_photo
from storage.queries.votes import find_vote
from storage.states import BallotChannel, PaperState, VoteMode, VoteState
from storage.tables import AuditEvent, Blob, RollOwner, Vote, VoteUnit
from tests.voting.assembly import CLOSES, DAY_21, NUMBER, OPENS, SEALER, cast
from tests.voting.box import Box, box_of, refused
from tests.voting.votes import at

THREE = {"3-101": [1], "3-102": [2], "5-101": [3]}
AFTER = at(28)


async def states(box: Box) -> dict[str, PaperState]:
    return {unit: (await box.paper(unit)).state for unit in box.serials}


async def acts(box: Box) -> list[str]:
    """What the log says of papers, by name: what is of one moment has no order."""
    entries = [json.loads(leaf.entry) for leaf in await box.log()]
    return sorted(entry.get("act", entry["kind"]) for entry in entries)


async def open_papers(box: Box) -> int:
    async with box.database.read() as session:
        vote = await find_vote(session, box.assembly.compound_id, NUMBER)
        assert vote is not None
        return (await counts_of(session, vote)).papers_open


async def matched(box: Box, unit: str, *, choice: str = AGREE, **more: Any) -> Keyed:
    await box.enter(unit, "ann", choice, **more)
    return await box.enter(unit, "bob", choice, **more)


# Printing


async def test_an_owner_has_one_paper_however_often_papers_are_printed(database: Database) -> None:
    box = await box_of(database, {"3-101": [1], "3-102": [1], "3-103": [2]})
    assert len(box.serials) == 2
    again = await asyncio.gather(*(box.print() for _ in range(3)))
    assert {tuple(serials) for serials in again} == {tuple(dict.fromkeys(again[0]))}
    assert set(again[0]) == set(box.serials.values())
    assert await acts(box) == ["printed"]


async def test_papers_are_printed_by_building_in_the_order_of_the_roll(database: Database) -> None:
    box = await box_of(database, {**THREE, "5-102": [1]})  # owner 1 has units in both
    async with database.read() as session:
        vote = await find_vote(session, box.assembly.compound_id, NUMBER)
        assert vote is not None
        printed = await list_printed(session, vote, "3")
    assert [units for _, units in printed] == [
        [("3-101", area_of("100")), ("5-102", area_of("100"))],
        [("3-102", area_of("100"))],
    ]
    assert await box.print(building="5") == [box.serials["5-101"]]


async def test_who_handed_a_paper_in_is_not_given_another_by_the_way(database: Database) -> None:
    box = await box_of(database, THREE)
    await box.receive("3-101")
    assert set(await box.print()) == {box.serials["3-102"], box.serials["5-101"]}


async def test_a_lost_paper_is_void_once_another_is_printed(database: Database) -> None:
    box = await box_of(database, THREE)
    (new,) = await box.do(reprint_papers, box.compound, NUMBER, ["3-101"], DAY_21, actor_id=box.people["ann"])
    assert (await box.paper("3-101")).state is PaperState.VOIDED
    for _ in range(2):
        assert [each.refused for each in await box.receive("3-101", new.serial)] == [PaperCode.VOIDED, None]
    assert (await acts(box)).count("refused") == 1


async def test_nothing_is_printed_before_the_notice_nor_after_the_close_nor_for_another_platform(
    database: Database,
) -> None:
    box = await box_of(database, THREE)
    assert await refused(box.print(AFTER)) is PaperCode.NOT_NOW
    for change in ({"state": VoteState.DRAFT}, {"mode": VoteMode.OFFICIAL_PLATFORM}):
        async with database.write() as session:
            vote = await session.get_one(Vote, (box.assembly.compound_id, NUMBER))
            for name, value in change.items():
                setattr(vote, name, value)
            session.add(vote)
        assert await refused(box.print()) is PaperCode.NOT_NOW
    assert await refused(box.receive("3-101")) is PaperCode.NOT_NOW


async def test_a_paper_for_a_unit_that_is_not_there_is_refused(database: Database) -> None:
    box = await box_of(database, THREE)
    again = box.do(reprint_papers, box.compound, NUMBER, ["3-101", "9-9"], DAY_21, actor_id=box.people["ann"])
    assert await refused(again) is PaperCode.NO_UNIT
    assert (await box.paper("3-101")).state is PaperState.PRINTED


# Reception


async def test_a_scanned_paper_is_received_once(database: Database) -> None:
    box = await box_of(database, THREE)
    first = await box.receive("3-101", "3-101", "ZZZZZZZZZ")
    assert [(each.refused, each.repeated) for each in first] == [(None, False), (PaperCode.NO_PAPER, False)]
    again = await asyncio.gather(*(box.receive("3-101", by="bob", now=at(22)) for _ in range(3)))
    assert all(each.repeated for answers in again for each in answers)
    paper = await box.paper("3-101")
    assert (paper.received_at, paper.received_by) == (DAY_21, box.people["ann"])
    assert await acts(box) == ["printed", "received"]


async def test_what_is_scanned_after_the_close_is_late_and_kept(database: Database) -> None:
    box = await box_of(database, THREE)
    assert [each.refused for each in await box.receive("3-101", now=CLOSES)] == [None]
    for _ in range(2):
        assert [each.refused for each in await box.receive("3-102", now=AFTER)] == [PaperCode.LATE]
    paper = await box.paper("3-102")
    assert (paper.state, paper.void_reason, paper.received_at) == (PaperState.VOIDED, "late", AFTER)
    assert await refused(box.enter("3-102", "ann", now=AFTER)) is PaperCode.VOIDED
    entries = [json.loads(leaf.entry) for leaf in await box.log()]
    assert [(entry["serial"], entry["reason"]) for entry in entries if entry.get("act") == "refused"] == [
        (box.serials["3-102"], "paper.late")
    ]


async def test_a_revoked_vote_takes_no_papers_in_and_calls_none_late(database: Database) -> None:
    box = await box_of(database, THREE)
    async with database.write() as session:
        vote = await session.get_one(Vote, (box.assembly.compound_id, NUMBER))
        vote.state = VoteState.REVOKED
        session.add(vote)
    assert await refused(box.receive("3-101")) is PaperCode.NOT_NOW
    assert (await box.paper("3-101")).state is PaperState.PRINTED


async def test_a_paper_that_comes_before_the_vote_opens_waits(database: Database) -> None:
    box = await box_of(database, THREE)
    assert [each.refused for each in await box.receive("3-101", now=at(20, 11))] == [PaperCode.EARLY]
    assert (await box.paper("3-101")).state is PaperState.PRINTED
    assert [each.refused for each in await box.receive("3-101", now=OPENS)] == [None]


async def test_a_box_signed_by_two_before_the_close_is_keyed_in_afterwards(database: Database) -> None:
    box = await box_of(database, THREE)
    await box.count("1号箱", 2, "ann", at(27, 11))
    signed = await box.count(" 1号箱 ", 2, "bob", CLOSES)
    assert (signed.signed_by, signed.signed_at) == (box.people["bob"], CLOSES)
    # Scanned without the box by mistake first: nothing is lost.
    assert [each.refused for each in await box.receive("3-101", now=AFTER)] == [PaperCode.LATE]
    answers = await box.receive("3-101", "3-102", "5-101", now=AFTER, batch="1号箱")
    assert [each.refused for each in answers] == [None, None, PaperCode.BATCH_FULL]
    paper = await box.paper("3-101")
    assert (paper.received_at, paper.registered_at, paper.batch) == (CLOSES, AFTER, "1号箱")
    keyed = await matched(box, "3-101", now=AFTER)
    assert keyed.recorded is not None
    assert keyed.recorded.rejected == {}
    assert keyed.recorded.ballot.cast_at == CLOSES
    assert (await states(box))["5-101"] is PaperState.PRINTED


async def test_a_box_is_signed_only_by_a_second_person_who_counted_the_same(database: Database) -> None:
    box = await box_of(database, THREE)
    await box.count("1", 3, "ann")
    assert (await box.count("1", 3, "ann")).signed_at is None  # a double click is no signature
    assert await refused(box.count("1", 2, "bob")) is PaperCode.BATCH_DIFFERS
    assert (await box.count("1", 2, "ann")).papers == 2  # counted again
    assert (await box.count("1", 2, "bob")).signed_at is not None
    assert (await box.count("1", 2, "bob")).signed_by == box.people["bob"]
    assert await refused(box.count("1", 3, "ann")) is PaperCode.BATCH_SIGNED
    assert await refused(box.count("2", 2, "ann", AFTER)) is PaperCode.LATE
    assert await refused(box.count("2", 0, "ann")) is PaperCode.BATCH_ODD
    assert await refused(box.receive("3-101", batch="9")) is PaperCode.NO_BATCH
    assert (await acts(box)).count("batch") == 1


async def test_a_box_is_not_signed_for_fewer_papers_than_came_out_of_it(database: Database) -> None:
    box = await box_of(database, THREE)
    await box.count("1", 2, "ann")
    await box.receive("3-101", "3-102", batch="1")
    assert await refused(box.count("1", 1, "ann")) is PaperCode.BATCH_DIFFERS
    assert (await box.count("1", 2, "bob")).signed_at is not None


async def test_two_who_count_one_box_at_once_sign_it_or_one_of_them_does(database: Database) -> None:
    box = await box_of(database, THREE)
    await asyncio.gather(*(box.count("1", 3, who) for who in ("ann", "bob")))
    async with database.read() as session:
        audits = list(await session.exec(select(AuditEvent).where(AuditEvent.subject == f"vote:{NUMBER}")))
    verbs = [each.verb for each in audits if each.verb.startswith("batch.")]
    assert sorted(verbs) == ["batch.counted", "batch.signed"]


async def test_a_paper_in_the_box_has_voted_and_keeps_its_place(database: Database) -> None:
    box = await box_of(database, THREE)
    await box.receive("3-101")
    assert (await box.slot("3-101")).ballot_id == f"paper:{box.serials['3-101']}"
    online = await cast(database, box.assembly.order("3-101", AGAINST, cast_at=at(22)))
    assert online.rejected == {"3-101": Rejection.DUPLICATE_OTHER_CHANNEL}
    keyed = await matched(box, "3-101", now=AFTER)
    assert keyed.recorded is not None
    assert keyed.recorded.rejected == {}
    slot = await box.slot("3-101")
    assert (slot.ballot_id, slot.changes) == (keyed.recorded.ballot.ballot_id, 0)


async def test_who_voted_online_keeps_the_place_also_before_a_clock_that_is_behind(
    database: Database,
) -> None:
    box = await box_of(database, THREE)
    await cast(database, box.assembly.order("3-101", cast_at=at(23)))
    (received,) = await box.receive("3-101", now=at(22))  # another replica
    assert received.other
    keyed = await matched(box, "3-101", choice=AGAINST, now=at(24))
    assert keyed.recorded is not None
    assert keyed.recorded.rejected == {"3-101": Rejection.DUPLICATE_OTHER_CHANNEL}
    assert len(await box.ballots()) == 2  # nothing is dropped from the record


async def test_paper_over_online_is_asked_as_announced(database: Database) -> None:
    box = await box_of(database, THREE, Announced(channel_priority=ChannelPriority.PAPER_OVER_ONLINE))
    await cast(database, box.assembly.order("3-101"))
    await box.receive("3-101", now=at(22))
    keyed = await matched(box, "3-101", choice=AGAINST)
    assert keyed.recorded is not None
    assert (await box.slot("3-101")).ballot_id == keyed.recorded.ballot.ballot_id


# Keying in


async def test_two_who_read_the_same_make_one_ballot(database: Database) -> None:
    box = await box_of(database, THREE)
    await box.receive("3-101")
    assert (await box.enter("3-101", "ann")).recorded is None
    assert (await box.paper("3-101")).state is PaperState.ENTERED
    assert await open_papers(box) == 1
    keyed = await box.enter("3-101", "bob", now=AFTER)
    assert keyed.recorded is not None
    ballot = keyed.recorded.ballot
    assert (ballot.channel, ballot.serial) == (BallotChannel.PAPER, box.serials["3-101"])
    assert (ballot.cast_at, ballot.entered_at) == (DAY_21, AFTER)
    assert read_marks(SEALER.open(ballot.choices_sealed, MARKS_CONTEXT)) == {"q1": AGREE}
    assert await open_papers(box) == 0
    assert await acts(box) == ["ballot", "matched", "printed", "received"]


async def test_one_person_alone_makes_no_ballot(database: Database) -> None:
    box = await box_of(database, THREE)
    await box.receive("3-101")
    await box.enter("3-101", "ann")
    assert (await box.enter("3-101", "ann")).repeated  # a double click
    assert await refused(box.enter("3-101", "ann", AGAINST)) is PaperCode.SAME_PERSON
    assert len(await box.ballots()) == 0


async def test_the_same_paper_keyed_in_again_is_one_ballot(database: Database) -> None:
    box = await box_of(database, THREE)
    await box.receive("3-101")
    await box.enter("3-101", "ann")
    answers = await asyncio.gather(*(box.enter("3-101", "bob") for _ in range(4)))
    assert sum(answer.recorded is not None for answer in answers) == 1
    assert (await box.enter("3-101", "ann")).repeated
    assert await refused(box.enter("3-101", "bob", AGAINST)) is PaperCode.ENTERED
    assert await refused(box.enter("3-101", "cem")) is PaperCode.ENTERED
    assert len(await box.ballots()) == 1


async def test_a_paper_that_nobody_received_is_not_keyed_in(database: Database) -> None:
    box = await box_of(database, THREE)
    assert await refused(box.enter("3-101", "ann")) is PaperCode.NOT_RECEIVED
    assert await refused(box.enter("ZZZZZZZZZ", "ann")) is PaperCode.NO_PAPER


async def test_marks_that_the_paper_does_not_have_are_refused_and_blank_ones_kept(database: Database) -> None:
    box = await box_of(database, THREE)
    await box.receive("3-101", "3-102")
    with pytest.raises(MarkError):
        await box.enter("3-101", "ann", "maybe")
    keyed = await matched(box, "3-102", choice=SPOILED)
    assert keyed.recorded is not None
    assert (await box.paper("3-101")).state is PaperState.RECEIVED


async def mismatched(database: Database) -> Box:
    box = await box_of(database, THREE)
    await box.receive("3-101")
    await box.enter("3-101", "ann", AGREE)
    await box.enter("3-101", "bob", AGAINST)
    assert (await box.paper("3-101")).state is PaperState.MISMATCHED
    assert await open_papers(box) == 1  # nothing is counted before it is settled
    assert await box.ballots() == []
    return box


async def test_two_who_look_again_agree(database: Database) -> None:
    box = await mismatched(database)
    keyed = await box.enter("3-101", "bob", AGREE)
    assert keyed.recorded is not None
    assert await acts(box) == ["ballot", "matched", "mismatched", "printed", "received"]


@pytest.mark.parametrize("choice", [AGREE, AGAINST])
async def test_a_third_reading_settles_it_when_it_is_one_of_the_two(database: Database, choice: str) -> None:
    box = await mismatched(database)
    assert await refused(box.enter("3-101", "cem", SPOILED)) is PaperCode.THREE_READINGS
    keyed = await box.enter("3-101", "cem", choice)
    assert keyed.recorded is not None
    marks = read_marks(SEALER.open(keyed.recorded.ballot.choices_sealed, MARKS_CONTEXT))
    assert marks == {"q1": choice}


async def test_two_decide_what_two_read_differently(database: Database) -> None:
    box = await mismatched(database)
    paper = await box.paper("3-101")
    assert [(by, entry.marks["q1"]) for by, entry in readings_of(SEALER, paper)] == [
        (box.people["ann"], AGREE),
        (box.people["bob"], AGAINST),
    ]
    assert (await box.decide("3-101", "cem", SPOILED)).recorded is None
    assert (await box.decide("3-101", "cem", SPOILED)).repeated
    proposal = proposal_of(SEALER, await box.paper("3-101"))
    assert proposal is not None
    assert (proposal[0], proposal[1].marks) == (box.people["cem"], {"q1": SPOILED})
    assert await refused(box.decide("3-101", "ann", AGREE)) is PaperCode.OTHERWISE
    keyed = await box.decide("3-101", "ann", SPOILED)
    assert keyed.recorded is not None
    assert (await box.decide("3-101", "ann", SPOILED)).repeated
    (entry,) = [json.loads(leaf.entry) for leaf in await box.log() if '"matched"' in leaf.entry]
    assert entry["deciders"] == sorted([box.people["ann"], box.people["cem"]])
    assert await refused(box.decide("3-101", "bob", AGREE)) is PaperCode.NOT_MISMATCHED


async def test_who_keys_in_sees_nobody_elses_marks(database: Database) -> None:
    box = await box_of(database, THREE)
    await box.receive("3-101")
    await box.enter("3-101", "ann")
    assert readings_of(SEALER, await box.paper("3-101")) == []
    async with database.read() as session:
        events = list(await session.exec(select(AuditEvent)))
    assert not [each for each in events if AGREE in json.dumps(each.details)]
    assert not [leaf for leaf in await box.log() if AGREE in leaf.entry]


async def test_co_owners_who_sign_alone_are_told_apart(database: Database) -> None:
    box = await box_of(database, {"3-101": [1, 2]})
    async with database.read() as session:
        vote = await find_vote(session, box.assembly.compound_id, NUMBER)
        assert vote is not None
        signers = await list_signers(session, SEALER, vote, await box.paper("3-101"))
    assert signers == {box.assembly.keys[1]: "业*", box.assembly.keys[2]: "业*"}
    await box.receive("3-101")
    keyed = await matched(box, "3-101", signed_by=box.assembly.keys[1])
    assert keyed.recorded is not None
    assert keyed.recorded.ballot.voter == box.assembly.keys[1]
    other = await cast(
        database, box.assembly.order("3-101", AGAINST, cast_at=at(22), voter=box.assembly.keys[2])
    )
    assert other.contested
    assert await refused(box.enter("3-101", "ann", signed_by="somebody")) is PaperCode.ODD_SIGNER


async def test_a_guardian_signs_for_a_minor(database: Database) -> None:
    box = await box_of(database, THREE)
    async with database.write() as session:
        unit = await session.get_one(VoteUnit, (box.assembly.compound_id, NUMBER, "3-101"))
        unit.owner_minor = True
        session.add(unit)
        owner = await session.get_one(RollOwner, (box.assembly.compound_id, 1))
        owner.minor = True
        session.add(owner)
    await box.receive("3-101")
    keyed = await matched(box, "3-101", signed_by=GUARDIAN)
    assert keyed.recorded is not None
    assert keyed.recorded.rejected == {}


async def test_a_proxy_on_paper_has_one_mark_for_all_mandates(database: Database) -> None:
    box = await box_of(database, THREE, Announced(proxy_cap=2))
    await box.receive("3-101", "3-102", "5-101")
    holders = [
        Holder("王芳", "11010119800307123x"),
        Holder(" 王 芳", "１１０１０１１９８００３０７１２３X"),
        Holder("王芳", "11010119800307123X"),
    ]
    answers = [
        await matched(box, unit, proxy=holder) for unit, holder in zip(box.serials, holders, strict=True)
    ]
    ballots = [answer.recorded.ballot for answer in answers if answer.recorded]
    assert len({ballot.proxy for ballot in ballots}) == 1
    assert "王芳" not in str(ballots[0].proxy)
    assert [answer.recorded is not None and bool(answer.recorded.rejected) for answer in answers] == [
        False,
        False,
        True,
    ]
    paper = await box.paper("3-101")
    assert paper.proxy_sealed is not None
    assert json.loads(SEALER.open(paper.proxy_sealed, PROXY_CONTEXT))["name"] == "王芳"
    async with database.read() as session:
        vote = await find_vote(session, box.assembly.compound_id, NUMBER)
    assert vote is not None
    assert proxy_mark(SEALER, vote.compound_id, NUMBER, "11010119800307123X") == ballots[0].proxy
    assert "proxy" in await acts(box)
    assert await refused(box.enter("3-101", "ann", proxy=Holder("王芳", ""))) is PaperCode.ODD_PROXY


async def test_a_refused_paper_leaves_no_slot_filled(database: Database) -> None:
    box = await box_of(database, {"3-101": [1, 2]}, representatives={"3-101": 2})
    await box.receive("3-101")
    keyed = await matched(box, "3-101", signed_by=box.assembly.keys[1])
    assert keyed.recorded is not None
    assert keyed.recorded.rejected == {"3-101": Rejection.NOT_REPRESENTATIVE}
    assert (await box.slot("3-101")).ballot_id == ""


@pytest.mark.parametrize(("revote", "counts"), [(Revote.NONE, 0), (Revote.LAST, 1)])
async def test_two_papers_of_one_owner_follow_the_announced_rule(
    database: Database, revote: Revote, counts: int
) -> None:
    box = await box_of(database, THREE, Announced(revote=revote))
    await box.receive("3-101")
    (second,) = await box.do(
        reprint_papers, box.compound, NUMBER, ["3-101"], DAY_21, actor_id=box.people["ann"]
    )
    (received,) = await box.receive(second.serial, now=at(22))
    assert received.other
    keyed = [await matched(box, second.serial, choice=AGAINST), await matched(box, "3-101")][::-1]
    ballots = [each.recorded.ballot.ballot_id for each in keyed if each.recorded]
    assert (await box.slot("3-101")).ballot_id == ballots[counts]


# Voiding


async def test_one_voids_a_paper_that_was_lost_and_two_what_lies_in_the_box(database: Database) -> None:
    box = await box_of(database, THREE)
    assert (await box.void("3-102", "ann", "lost")).state is PaperState.VOIDED
    await box.receive("3-101")
    assert (await box.void("3-101", "ann")).state is PaperState.RECEIVED
    assert (await box.void("3-101", "ann")).state is PaperState.RECEIVED  # alone, and twice
    paper = await box.void("3-101", "bob", "not_theirs")
    assert (paper.state, paper.void_reason) == (PaperState.VOIDED, "copy")
    assert (paper.voided_by, paper.void_seconded_by) == (box.people["ann"], box.people["bob"])
    assert (await box.void("3-101", "cem")).state is PaperState.VOIDED
    told = [json.loads(leaf.entry) for leaf in await box.log() if '"voided"' in leaf.entry]
    assert sorted(entry["by"] for entry in told) == [
        [box.people["ann"]],
        [box.people["ann"], box.people["bob"]],
    ]
    assert await refused(box.void("5-101", "ann", "late")) is PaperCode.ODD_REASON
    assert await refused(box.enter("3-101", "ann")) is PaperCode.VOIDED


async def test_a_void_paper_gives_its_place_to_who_was_kept_out(database: Database) -> None:
    box = await box_of(database, THREE)
    await box.receive("3-101", "3-102")
    online = await cast(database, box.assembly.order("3-101", cast_at=at(22)))
    for unit in ("3-101", "3-102"):
        await box.void(unit, "ann")
        await box.void(unit, "bob")
    assert (await box.slot("3-101")).ballot_id == online.ballot.ballot_id
    assert (await box.slot("3-102")).ballot_id == ""


async def test_a_ballot_is_not_voided_and_a_wish_to_void_lapses_with_it(database: Database) -> None:
    box = await box_of(database, THREE)
    await box.receive("3-101")
    await box.void("3-101", "ann")
    await matched(box, "3-101")
    assert (await box.paper("3-101")).void_reason is None
    assert await refused(box.void("3-101", "bob")) is PaperCode.IS_BALLOT


# Phone, scans


async def test_a_call_is_keyed_in_by_two_like_a_paper(database: Database) -> None:
    box = await box_of(database, THREE)

    async def register(recording: str = "录音 0521-03", unit: str = "3-101") -> str:
        call = await box.do(
            register_call,
            *(SEALER, box.compound, NUMBER, unit, recording, at(22)),
            actor_id=box.people["ann"],
        )
        assert recording_of(SEALER, call) == recording
        return str(call.serial)

    serials = {await register(), await register(), *await asyncio.gather(register(), register())}
    assert len(serials) == 1
    (serial,) = serials
    with pytest.raises(MarkError):
        await box.enter(serial, "ann", SPOILED)  # a voice is not spoiled
    await box.enter(serial, "ann")
    keyed = await box.enter(serial, "bob", now=AFTER)
    assert keyed.recorded is not None
    assert keyed.recorded.ballot.channel is BallotChannel.PHONE
    assert (await box.slot("3-101")).channel is BallotChannel.PHONE
    with pytest.raises(PaperRefused):
        await register(unit="9-9")


async def test_a_scan_is_kept_and_the_log_has_its_hash(database: Database) -> None:
    box = await box_of(database, THREE)
    scan = b"\xff\xd8 a picture"

    async def attach(content: bytes = scan) -> None:
        await box.do(
            attach_scan,
            *(SEALER, box.compound, NUMBER, box.serials["3-101"], content, "image/jpeg", DAY_21),
            actor_id=box.people["ann"],
        )

    assert await refused(attach()) is PaperCode.NOT_RECEIVED
    await box.receive("3-101")
    await attach()
    await attach()
    await matched(box, "3-101")
    entries = [json.loads(leaf.entry) for leaf in await box.log() if "scan" in leaf.entry]
    assert {(entry["act"], entry["scan"]) for entry in entries} == {
        ("scanned", sha256(scan).hexdigest()),
        ("matched", sha256(scan).hexdigest()),
    }
    assert len(entries) == 2
    paper = await box.paper("3-101")
    assert paper.scan_address is not None
    async with database.read() as session:
        assert await find_blob(session, SEALER, box.assembly.compound_id, paper.scan_address) == (
            scan,
            "image/jpeg",
        )


async def test_a_scan_stays_when_a_photo_with_the_same_bytes_goes(database: Database) -> None:
    box = await box_of(database, THREE)
    await box.receive("3-101", "3-102")
    compound_id, content, ann = box.assembly.compound_id, b"\xff\xd8 both", box.people["ann"]
    async with database.write() as session:
        for place, sent in enumerate((content, b"\xff\xd8 another")):
            address = await put_blob(session, SEALER, compound_id, sent, "image/jpeg", DAY_21)
            about = Place(opinion_number=1001)
            await put_photo(
                *(session, compound_id, f"photo:{place}", about, DAY_21),
                person_id=ann,
                said_at=DAY_21,
                address=address,
            )
    await box.do(
        *(attach_scan, SEALER, box.compound, NUMBER, box.serials["3-101"], content, "image/jpeg", DAY_21),
        actor_id=ann,
    )
    assert await box.do(drop_photos_of_person, ann) == 2
    paper = await box.paper("3-101")
    assert paper.scan_address is not None
    async with database.read() as session:
        assert await find_blob(session, SEALER, compound_id, paper.scan_address) == (content, "image/jpeg")
        assert len((await session.exec(select(Blob.address))).all()) == 1


async def test_papers_of_another_vote_are_not_there(database: Database) -> None:
    box = await box_of(database, THREE)
    with pytest.raises(NoVote):
        await box.do(receive_papers, SEALER, box.compound, 99, [box.serials["3-101"]], DAY_21, actor_id=1)


def test_an_entry_is_the_same_bytes_whatever_the_order() -> None:
    one = Entry({"q1": AGREE, "q2": frozenset({"甲", "乙"})})
    two = Entry({"q2": frozenset({"乙", "甲"}), "q1": AGREE})
    assert one.canonical() == two.canonical()


async def test_where_the_vote_takes_no_ballot_the_paper_stays_as_it_is(database: Database) -> None:
    box = await box_of(database, THREE)
    await box.receive("3-101")
    await box.enter("3-101", "ann")
    async with database.write() as session:
        vote = await session.get_one(Vote, (box.assembly.compound_id, NUMBER))
        vote.state = VoteState.REVOKED
        session.add(vote)
    async with database.write() as session:
        # As a page does it, which answers with a sentence and so commits.
        with pytest.raises(NoBallot):
            await enter_paper(
                *(session, SEALER, box.compound, NUMBER, box.serials["3-101"], Entry({"q1": AGREE}), DAY_21),
                actor_id=box.people["bob"],
            )
    paper = await box.paper("3-101")
    assert (paper.state, paper.second_by, paper.ballot_id) == (PaperState.ENTERED, None, None)


async def test_who_ticks_to_follow_the_majority_does_so_where_it_was_announced(database: Database) -> None:
    box = await box_of(database, THREE, Announced(deemed_follow=True))
    await box.receive("3-101")
    keyed = await matched(box, "3-101", choice=FOLLOW)
    assert keyed.recorded is not None


async def test_progress_is_told_by_building_where_there_are_enough_owners(database: Database) -> None:
    owners = {f"3-{number}": [number] for number in range(101, 107)} | {"5-1": [1001], "5-2": [1002]}
    box = await box_of(database, owners)
    await box.receive("3-101", "3-102", "3-103", "5-1")
    await box.enter("3-102", "ann")
    await matched(box, "3-103")
    await box.enter("5-1", "ann")
    await box.enter("5-1", "bob", AGAINST)
    await box.void("5-2", "ann", "lost")
    async with database.read() as session:
        vote = await find_vote(session, box.assembly.compound_id, NUMBER)
        assert vote is not None
        progress = await load_progress(session, vote)
    assert progress.by_building == {
        "3": Counted(out=3, received=1, once=1, matched=1),
        "": Counted(mismatched=1, voided=1),
    }
    assert progress.whole == Counted(out=3, received=1, once=1, mismatched=1, matched=1, voided=1)
    assert progress.whole.open == 3
    assert progress.owners == {"3": 0, "5": 1}
    assert [paper.serial for paper in progress.mismatched] == [box.serials["5-1"]]


async def test_two_accounts_of_one_human_make_and_void_no_ballot(database: Database) -> None:
    box = await box_of(database, {"1-1-101": [1], "1-1-102": [2], "1-1-103": [3]})
    async with database.write() as session:
        for name, phone in (("dora", "13911112222"), ("dora2", "0086 139 1111 2222"), ("eli", "8765-4321")):
            box.people[name] = await get_or_add_person(session, SEALER, name, phone, OPENS)
    await box.receive("1-1-101", "1-1-102", "1-1-103")
    await box.enter("1-1-101", "dora")
    assert await refused(box.enter("1-1-101", "dora2")) is PaperCode.ONE_HUMAN
    assert (await box.enter("1-1-101", "eli")).recorded is not None
    for by, choice in (("ann", AGREE), ("bob", AGAINST)):
        await box.enter("1-1-102", by, choice)
    await box.decide("1-1-102", "dora", AGREE)
    assert await refused(box.decide("1-1-102", "dora2", AGREE)) is PaperCode.ONE_HUMAN
    await box.void("1-1-103", "dora")
    assert await refused(box.void("1-1-103", "dora2")) is PaperCode.ONE_HUMAN
    await box.count("1号箱", 5, "dora")
    assert await refused(box.count("1号箱", 5, "dora2")) is PaperCode.ONE_HUMAN
    assert (await box.count("1号箱", 5, "eli")).signed_at is not None
    assert (await box.paper("1-1-103")).state is PaperState.RECEIVED

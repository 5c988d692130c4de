"""A vote from the draft to the end, through the use cases, on real databases, with a clock that the test drives."""

import asyncio
import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from handlers.roll.import_roll import LOCK
from handlers.voting.bundle import PUBLIC, SEALED, Bundle
from handlers.voting.cast import Code as CastCode
from handlers.voting.cast import NoBallot, cast_ballot, make_case, write_ballot
from handlers.voting.checking import lint_vote, record_checked
from handlers.voting.clock import advance_votes
from handlers.voting.count import publish_vote, tally_vote
from handlers.voting.draft import Changes, Convener, QuestionEntry, create_vote, edit_vote
from handlers.voting.evidence import Broken
from handlers.voting.export import export_vote
from handlers.voting.extend import extend_vote
from handlers.voting.jurisdictions import load_profile
from handlers.voting.log import seal_all
from handlers.voting.notice import notice_vote
from handlers.voting.revoke import revoke_vote
from handlers.voting.rules import Code, Refused
from handlers.voting.ruling import CaseCode, NoRuling, rule_on_case
from handlers.voting.sides import load_sides
from handlers.voting.signing import key_id_of, utc_text
from handlers.voting.templates import find_template
from handlers.voting.terms import AGAINST, AGREE, CaseKind, Choice, Sums, area_of
from handlers.voting.turnout import load_turnout
from handlers.voting.verify import verify
from storage.database import Database
from storage.queries.ballots import list_ballots_touching
from storage.queries.opinions import lock_counter
from storage.queries.tree import find_compound
from storage.queries.vote_log import list_checkpoints, list_log
from storage.queries.votes import find_vote, list_cases, list_vote_units, list_vote_units_coded
from storage.states import VoteMode, VoteState
from storage.tables import AuditEvent, Compound, Person, RollTitle, RollUnit, Vote
from tests.voting.assembly import SEALER, SIGNER, Assembly, assemble, cast
from tests.voting.evidence_by_hand import OTHER
from tests.voting.votes import at

DRAFTED, NOTICED, OPENS, CLOSES = at(1), at(2), at(20), at(29)
OWNERS = {f"3-{number}": [number] for number in range(101, 109)} | {"5-101": [201, 202], "5-102": [203]}


class Life:
    """A vote, and what is done to it; each step is one transaction."""

    def __init__(self, database: Database, assembly: Assembly, compound: Compound) -> None:
        self.database, self.assembly, self.compound = database, assembly, compound
        self.me = assembly.operator_id
        self.number = 0

    async def do(self, use_case: Any, *arguments: Any, **more: Any) -> Any:
        async with self.database.write() as session:
            return await use_case(session, *arguments, **more)

    async def draft(self, profile: str = "national", template: str = "select_company") -> Vote:
        values = {name: field.example for name, field in find_template(template).fields.items()}
        vote: Vote = await self.do(create_vote, self.compound, self.me, template, profile, DRAFTED, values)
        self.number = vote.vote_number
        return vote

    async def edit(self, now: datetime = DRAFTED, **changes: Any) -> Vote:
        done: Vote = await self.do(
            edit_vote, self.compound, self.number, Changes(**changes), now, actor_id=self.me
        )
        return done

    async def complete(self) -> None:
        await self.edit(
            convener=Convener(body="业主委员会", name="四季园业委会", document="2026年第3号决议"),
            contact="居委会陈书记 020-81230000",
            platform="市业主电子投票平台",
            opens_at=OPENS,
            closes_at=CLOSES,
        )
        profile = load_profile((await self.vote()).profile)
        await self.do(
            record_checked, self.compound, self.number, profile.unverified, DRAFTED, actor_id=self.me
        )

    async def lint(self, now: datetime = DRAFTED) -> set[str]:
        findings = await self.do(lint_vote, self.compound, self.number, now, actor_id=self.me)
        return {finding.code for finding in findings if finding.error}

    async def notice(self, now: datetime = NOTICED) -> Vote:
        done: Vote = await self.do(notice_vote, SIGNER, self.compound, self.number, now, actor_id=self.me)
        async with self.database.read() as session:
            units = await list_vote_units(session, done.compound_id, self.number)
        self.assembly.owners = {unit.unit_code: unit.owner_key for unit in units}
        return done

    async def noticed(self) -> Vote:
        await self.draft()
        await self.complete()
        assert await self.lint() == set()
        return await self.notice()

    async def advance(self, now: datetime) -> int:
        return await advance_votes(self.database, SIGNER, now)

    async def cast(self, unit: str, choice: Choice, moment: datetime, **more: Any) -> Any:
        order = self.assembly.order(unit, choice, key=f"{unit}{moment}{more}", cast_at=moment, **more)
        return await cast(self.database, replace(order, vote_number=self.number))

    async def tally(self, now: datetime) -> Vote:
        done: Vote = await self.do(
            tally_vote, SEALER, SIGNER, self.compound, self.number, now, actor_id=self.me
        )
        return done

    async def publish(self, now: datetime) -> Vote:
        done: Vote = await self.do(publish_vote, self.compound, self.number, now, actor_id=self.me)
        return done

    async def rule(self, case: int, decision: dict[str, Choice | None], who: int, now: datetime) -> Any:
        return await self.do(
            rule_on_case,
            SEALER,
            self.compound,
            self.number,
            case,
            decision,
            "看过两份选票",
            now,
            decider_id=who,
        )

    async def export(self, kind: str, now: datetime = CLOSES) -> Bundle:
        bundle: Bundle = await self.do(
            export_vote, SEALER, SIGNER, self.compound, self.number, kind, now, actor_id=self.me
        )
        return bundle

    async def vote(self) -> Vote:
        async with self.database.read() as session:
            vote = await find_vote(session, self.assembly.compound_id, self.number)
        assert vote is not None
        return vote

    async def leaves(self) -> list[str]:
        async with self.database.read() as session:
            return [leaf.kind for leaf in await list_log(session, self.assembly.compound_id, self.number)]

    async def verbs(self) -> list[str]:
        async with self.database.read() as session:
            statement = select(AuditEvent).where(AuditEvent.subject == f"vote:{self.number}")
            return [event.verb for event in await session.exec(statement)]


@pytest.fixture
async def life(database: Database) -> Life:
    """A compound with a roll; the votes of the test are its second and later."""
    assembly = await assemble(database, OWNERS)
    async with database.read() as session:
        compound = await find_compound(session, "XH-1")
    assert compound is not None
    return Life(database, assembly, compound)


async def somebody(database: Database) -> int:
    async with database.write() as session:
        person = Person(created_at=DRAFTED)
        session.add(person)
        await session.flush()
    assert person.person_id is not None
    return person.person_id


async def refused(coroutine: Any) -> Code:
    with pytest.raises(Refused) as answer:
        await coroutine
    return answer.value.code


def broken(bundle: Bundle) -> str:
    with pytest.raises(Broken) as found:
        verify(bundle)
    return found.value.where


async def closed(life: Life) -> None:
    """Open and closed: six owners agree, one is against, and two co-owners are of two minds."""
    await life.noticed()
    await life.advance(OPENS)
    for number in range(101, 108):
        await life.cast(f"3-{number}", AGAINST if number == 101 else AGREE, OPENS + timedelta(minutes=number))
    await life.cast("5-101", AGREE, at(21), voter="he")
    await life.cast("5-101", AGAINST, at(22), voter="she")
    await seal_all(life.database, SIGNER, at(22))
    await life.advance(CLOSES + timedelta(seconds=1))


async def test_a_whole_life(life: Life) -> None:
    other = await somebody(life.database)
    await closed(life)
    assert (await life.vote()).state is VoteState.CLOSED
    assert await refused(life.export(SEALED)) is Code.WRONG_STATE
    vote = await life.tally(CLOSES + timedelta(hours=1))
    assert vote.result is not None
    assert vote.result["questions"][0]["status"] == "REVIEW_REQUIRED"
    assert verify(await life.export(SEALED)).checked
    assert await refused(life.publish(at(30))) is Code.CASES_OPEN

    async with life.database.read() as session:
        (case,) = await list_cases(session, vote.compound_id, life.number)
    await life.rule(case.case_number, {"q1": AGREE}, life.me, at(30))
    await life.rule(case.case_number, {"q1": AGREE}, other, at(30))
    assert await refused(life.publish(at(30))) is Code.TALLY_AGAIN
    assert await refused(life.export(SEALED)) is Code.TALLY_AGAIN
    vote = await life.tally(at(30, 13))
    assert vote.result is not None
    question = vote.result["questions"][0]
    assert (question["status"], question["agreed"]) == ("PASSED", {"persons": 7, "area": "700.00"})
    assert await refused(life.export(PUBLIC)) is Code.WRONG_STATE
    await life.publish(at(31))
    assert await life.advance(at(31)) == 0
    await life.advance(at(31) + timedelta(days=22))
    vote = await life.vote()
    assert (vote.state, vote.next_at) == (VoteState.FINAL, None)

    # One head, and one leaf, a morning while it was open.
    kinds = await life.leaves()
    assert [kind for kind in kinds if kind not in ("ballot", "day")] == [
        *("notice", "open", "case", "close", "tally", "ruling", "tally", "published", "final")
    ]
    assert kinds.count("ballot") == 9
    report = verify(await life.export(SEALED), SIGNER.key_id)
    assert "the ballots add up to the result, to the byte" in report.checked
    assert report.not_checked == ["copies of checkpoints that others kept: none were given"]
    assert verify(await life.export(PUBLIC), SIGNER.key_id).anchored
    verbs = await life.verbs()
    assert [verb for verb in verbs if verb == "vote.exported"] == ["vote.exported"] * 2  # the sealed ones
    steps = {f"vote.{verb}" for verb in ("drafted", "edited", "checked", "linted", "noticed", "opened")}
    steps |= {
        f"vote.{verb}" for verb in ("closed", "tallied", "ruling_proposed", "ruled", "published", "finalised")
    }
    assert set(verbs) == steps | {"vote.exported"}


async def test_one_altered_value_of_a_bundle_is_named(life: Life) -> None:
    await closed(life)
    await life.tally(at(30))
    sealed = await life.export(SEALED)
    ballot = {**sealed.ballots[0], "content": {**sealed.ballots[0]["content"], "marks": {"q1": AGREE}}}
    assert broken(replace(sealed, ballots=(ballot, *sealed.ballots[1:]))) == f"ballot {ballot['ballot']}"
    line = {**sealed.roll[0], "line": {**sealed.roll[0]["line"], "area": "101.00"}}
    assert broken(replace(sealed, roll=(line, *sealed.roll[1:]))) == "roll"
    assert sealed.result is not None
    assert broken(replace(sealed, result={**sealed.result, "ballots": 8})) == "result.json"
    entry = {**sealed.log[1], "entry": sealed.log[1]["entry"].replace("open", "oven")}
    assert broken(replace(sealed, log=(sealed.log[0], entry, *sealed.log[2:]))) == "log entry 1"
    head = {**sealed.checkpoints[0], "time": utc_text(at(3))}
    assert broken(replace(sealed, checkpoints=(head, *sealed.checkpoints[1:]))) == "checkpoint 0"


async def test_replicas_that_advance_at_once_write_one_leaf_each(life: Life) -> None:
    await life.noticed()
    done = await asyncio.gather(*(life.advance(OPENS) for _ in range(3)))
    assert sorted(done) == [0, 0, 1]
    done = await asyncio.gather(*(life.advance(at(21, 9)) for _ in range(3)))
    assert sorted(done) == [0, 0, 1]
    done = await asyncio.gather(*(life.advance(CLOSES + timedelta(seconds=1)) for _ in range(3)))
    assert sorted(done) == [0, 0, 1]
    assert await life.leaves() == ["notice", "open", "day", "close"]
    async with life.database.read() as session:
        heads = await list_checkpoints(session, life.assembly.compound_id, life.number)
    assert [head.reason for head in heads] == ["opening", "daily", "close"]
    assert verify(await life.export(PUBLIC)).key_id == key_id_of(SIGNER.public_key)


async def test_the_clock_is_set_for_what_comes_next(life: Life) -> None:
    assert (await life.noticed()).next_at == OPENS
    assert await life.advance(OPENS - timedelta(seconds=1)) == 0
    await life.advance(OPENS)
    assert (await life.vote()).next_at == at(21, 8)
    await life.advance(at(28, 8))
    assert (await life.vote()).next_at == at(29, 8)
    await life.advance(at(29, 8))
    assert (await life.vote()).next_at == CLOSES
    assert await life.advance(CLOSES) == 0  # the moment belongs to the window
    await life.advance(CLOSES + timedelta(milliseconds=1))
    vote = await life.vote()
    assert (vote.state, vote.next_at) == (VoteState.CLOSED, None)


async def test_a_server_that_slept_over_a_vote_opens_and_closes_it_in_order(life: Life) -> None:
    await life.noticed()
    assert await life.advance(at(31)) == 2
    assert await life.leaves() == ["notice", "open", "close"]
    assert verify(await life.export(PUBLIC)).checked


async def test_what_was_linted_is_edited_and_has_to_be_linted_again(life: Life) -> None:
    vote = await life.draft()
    assert (vote.state, vote.mode, vote.revision) == (VoteState.DRAFT, VoteMode.HERE, 1)
    assert {"lint.no_window", "lint.no_convener", "lint.unverified"} <= await life.lint()
    await life.complete()
    assert await life.lint() == set()
    vote = await life.edit(title="关于选聘的表决", rules={"proxy_cap": 3})
    assert (vote.state, vote.revision, vote.rules["proxy_cap"]) == (VoteState.DRAFT, 3, 3)
    assert await refused(life.notice()) is Code.NOT_LINTED
    await life.lint()
    await life.notice()
    assert await refused(life.edit(title="改了")) is Code.WRONG_STATE
    assert await refused(life.lint()) is Code.WRONG_STATE
    assert (await life.vote()).title == "关于选聘的表决"


async def test_a_refused_notice_leaves_nothing_behind(life: Life) -> None:
    """A page answers a refusal within its transaction, which is kept."""
    await life.draft()
    await life.complete()
    await life.lint()
    async with life.database.write() as session:
        vote = await session.get_one(Vote, (life.assembly.compound_id, life.number))
        vote.state = VoteState.DRAFT  # edited meanwhile
    async with life.database.write() as session:
        with pytest.raises(Refused):
            await notice_vote(session, SIGNER, life.compound, life.number, NOTICED, actor_id=life.me)
    vote = await life.vote()
    assert vote.roll_root is None
    async with life.database.read() as session:
        assert await list_vote_units(session, vote.compound_id, life.number) == []
    await life.lint()
    assert (await life.notice()).state is VoteState.NOTICED


async def test_who_looked_up_a_rule_of_the_place_is_kept(life: Life) -> None:
    await life.draft("hangzhou")
    await life.complete()
    vote = await life.vote()
    assert vote.checked["notice_days"] == {"by": life.me, "at": utc_text(DRAFTED)}
    assert "window_min_days" not in vote.checked  # it has a source


async def test_a_notice_is_held_against_the_day_and_the_roll_it_goes_out_with(life: Life) -> None:
    await life.draft()
    await life.complete()
    await life.lint()
    assert await refused(life.notice(at(10))) is Code.NOT_LINTED  # ten days ahead
    async with life.database.write() as session:
        title = (await session.exec(select(RollTitle).where(RollTitle.unit_code == "5-102"))).one()
        title.ended_at = DRAFTED
        session.add(title)
    assert await refused(life.notice()) is Code.NOT_LINTED
    assert "lint.roll_unready" in await life.lint()
    assert await life.leaves() == []


async def test_a_notice_waits_for_an_import_that_is_under_way(life: Life) -> None:
    await life.draft()
    await life.complete()
    assert await life.lint() == set()
    code = "3-101"
    async with life.database.write() as session:
        await lock_counter(session, life.assembly.compound_id, LOCK)  # as an import does
        unit = await session.get_one(RollUnit, (life.assembly.compound_id, code))
        unit.area_register = area_of("321.5")
        session.add(unit)
        await session.flush()
        notice = asyncio.create_task(life.notice())
        await asyncio.sleep(0.3)
        assert not notice.done()
    await notice
    async with life.database.read() as session:
        [frozen] = await list_vote_units_coded(session, life.assembly.compound_id, life.number, [code])
    assert frozen.area == area_of("321.5")


async def test_a_notice_needs_a_signing_key(life: Life) -> None:
    await life.draft()
    await life.complete()
    await life.lint()
    arguments = (None, life.compound, life.number, NOTICED)
    assert await refused(life.do(notice_vote, *arguments, actor_id=life.me)) is Code.NO_SIGNING_KEY


async def test_the_notice_begins_the_log_with_what_was_frozen(life: Life) -> None:
    vote = await life.noticed()
    await seal_all(life.database, SIGNER, NOTICED)
    async with life.database.read() as session:
        (leaf,) = await list_log(session, vote.compound_id, life.number)
    entry = json.loads(leaf.entry)
    assert vote.roll_root is not None
    assert entry["roll"] == {"root": vote.roll_root.hex(), "units": 10, "persons": 10, "area": "1000.00"}
    assert entry["key"] == SIGNER.key_id
    assert (vote.roll_persons, vote.roll_area) == (10, area_of("1000"))
    assert vote.noticed_at == NOTICED
    assert "物业" not in leaf.entry


async def test_where_only_the_official_platform_counts_there_is_no_count_here(life: Life) -> None:
    vote = await life.draft("beijing")
    assert vote.mode is VoteMode.OFFICIAL_PLATFORM
    await life.complete()
    assert await life.lint() == set()
    await life.notice()
    await life.advance(at(30))
    assert await refused(life.tally(at(30))) is Code.ELSEWHERE


async def test_turnout_is_in_both_measures_and_hides_the_few(life: Life) -> None:
    await life.noticed()
    await life.advance(OPENS)
    await life.cast("3-101", AGREE, at(21))
    await life.cast("5-101", AGREE, at(21), voter="he")
    await life.cast("5-101", AGAINST, at(22), voter="she")
    async with life.database.read() as session:
        turnout = await load_turnout(session, await life.vote())
    assert turnout.whole.voted == Sums(2, 0)
    assert turnout.whole.total == Sums(10, area_of("1000"))
    # Building 5 has two owners: its row would tell who voted, and so would the difference to the whole.
    assert list(turnout.by_building) == [""]
    await life.advance(CLOSES + timedelta(seconds=1))
    async with life.database.read() as session:
        turnout = await load_turnout(session, await life.vote())
    assert turnout.whole.voted == Sums(2, area_of("200"))


async def test_an_extension_is_logged_and_counted_with(life: Life) -> None:
    await life.draft()
    await life.complete()
    await life.edit(rules={"extension_days": 7})
    await life.lint()
    await life.notice()
    await life.advance(OPENS)
    vote = await life.do(extend_vote, life.compound, life.number, at(28), actor_id=life.me)
    assert vote.closes_at == CLOSES + timedelta(days=7)
    assert await refused(life.do(extend_vote, life.compound, life.number, at(28), actor_id=life.me)) is (
        Code.NOT_ANNOUNCED
    )
    await life.cast("3-101", AGREE, CLOSES + timedelta(days=1))
    await life.advance(CLOSES + timedelta(days=8))
    vote = await life.tally(CLOSES + timedelta(days=8))
    assert vote.result is not None
    assert vote.result["rejected"] == {}
    assert verify(await life.export(SEALED)).checked


async def test_a_ruling_takes_two_who_say_the_same(life: Life) -> None:
    other = await somebody(life.database)
    await closed(life)
    async with life.database.read() as session:
        (case,) = await list_cases(session, life.assembly.compound_id, life.number)

    async def code(decision: dict[str, Choice | None], who: int) -> CaseCode:
        with pytest.raises(NoRuling) as answer:
            await life.rule(case.case_number, decision, who, at(30))
        return answer.value.code

    assert await code({}, life.me) is CaseCode.INCOMPLETE
    await life.rule(case.case_number, {"q1": None}, life.me, at(30))
    again = await life.rule(case.case_number, {"q1": AGREE}, life.me, at(30))  # alone, they may think again
    assert (again.state, again.seconded_by) == ("open", None)
    assert await code({"q1": AGAINST}, other) is CaseCode.OTHERWISE
    ruled = await life.rule(case.case_number, {"q1": AGREE}, other, at(30))
    assert (ruled.state, ruled.decided_by, ruled.seconded_by) == ("ruled", life.me, other)
    assert await code({"q1": AGREE}, other) is CaseCode.RULED


async def test_the_later_of_two_rulings_holds_also_when_the_clock_was_set_back(life: Life) -> None:
    other = await somebody(life.database)
    await closed(life)
    vote = await life.vote()
    async with life.database.write() as session:
        (case,) = await list_cases(session, vote.compound_id, life.number)
        ballots = await list_ballots_touching(session, vote.compound_id, life.number, ["5-101"])
        number = ballots[0][0].ballot_id
        told = {"ballot": number}
        assert await make_case(session, vote, CaseKind.CONTESTED, number, case.person, at(30), told)
    async with life.database.read() as session:
        first, second = await list_cases(session, vote.compound_id, life.number)
    for each, mark, moment in ((first, AGREE, at(30, 13)), (second, AGAINST, at(30, 12))):
        for decider in (life.me, other):
            await life.rule(each.case_number, {"q1": mark}, decider, moment)
        await seal_all(life.database, SIGNER, moment)
    vote = await life.tally(at(31))
    assert vote.result is not None
    assert vote.result["questions"][0]["agreed"]["persons"] == 6
    assert verify(await life.export(SEALED)).checked


async def test_nobody_counts_before_the_close_where_a_clock_was_ahead(life: Life) -> None:
    """A replica whose clock was two hours ahead has closed the vote; ballots are taken, and nothing is opened."""
    await life.noticed()
    await life.advance(OPENS)
    await life.cast("5-101", AGREE, at(21), voter="he")
    await life.cast("5-101", AGAINST, at(22), voter="she")
    await life.advance(CLOSES + timedelta(seconds=1))
    before = CLOSES - timedelta(hours=2)
    assert await refused(life.tally(before)) is Code.NOT_DUE
    vote = await life.vote()
    assert vote.state is VoteState.CLOSED
    async with life.database.read() as session:
        (case,) = await list_cases(session, vote.compound_id, life.number)
        assert await refused(load_sides(session, SEALER, vote, case, before)) is Code.NOT_DUE
        assert len(await load_sides(session, SEALER, vote, case, CLOSES + timedelta(seconds=1))) == 2
    assert await refused(life.rule(case.case_number, {"q1": AGREE}, life.me, CLOSES)) is Code.NOT_DUE
    assert (await life.cast("3-101", AGREE, before)).rejected == {}
    await life.tally(CLOSES + timedelta(hours=1))
    assert verify(await life.export(SEALED)).checked


async def test_a_result_that_was_never_published_is_in_no_public_bundle(life: Life) -> None:
    other = await somebody(life.database)
    await closed(life)
    await life.tally(at(30))
    vote = await life.vote()
    async with life.database.read() as session:
        (case,) = await list_cases(session, vote.compound_id, life.number)
    for decider in (life.me, other):
        await life.rule(case.case_number, {"q1": AGREE}, decider, at(30))
    await life.do(revoke_vote, life.compound, life.number, "公告有误", at(31), actor_id=life.me)
    await seal_all(life.database, SIGNER, at(31))
    for kind in (PUBLIC, SEALED):  # what is outdated is no result either
        bundle = await life.export(kind)
        assert bundle.result is None
        assert any("revoked before any was published" in line for line in verify(bundle).not_checked)


async def test_a_published_result_stays_in_the_bundle_of_a_revoked_vote(life: Life) -> None:
    await life.noticed()
    await life.advance(CLOSES + timedelta(seconds=1))
    await life.tally(at(30))
    assert await refused(life.publish(at(28))) is Code.NOT_DUE
    await life.publish(at(31))
    await life.do(revoke_vote, life.compound, life.number, "公告有误", at(31), actor_id=life.me)
    await seal_all(life.database, SIGNER, at(31))
    bundle = await life.export(PUBLIC)
    assert bundle.result is not None
    assert verify(bundle).checked


async def test_a_conflict_that_only_the_count_shows_becomes_a_case_of_its_question(
    database: Database,
) -> None:
    # No page or paper is for one unit of an owner alone, so nothing but a mistake of ours brings this about.
    assembly = await assemble(database, {"3-101": [1], "3-102": [1], "3-103": [3], "3-104": [4]})
    async with database.read() as session:
        compound = await find_compound(session, "XH-1")
    assert compound is not None
    life = Life(database, assembly, compound)
    other = await somebody(database)
    await life.draft()
    await life.complete()
    election = QuestionEntry(item=3, title="选举委员", options=["甲", "乙", "丙"], seats=2)
    await life.edit(questions=[QuestionEntry(item=4, title="是否选聘安和物业"), election])
    await life.lint()
    vote = await life.notice()
    assert vote.roll_persons == 3
    await life.advance(OPENS)
    owners = life.assembly.owners
    for unit, first in (("3-101", AGREE), ("3-102", AGAINST), ("3-103", AGREE), ("3-104", AGREE)):
        marks: dict[str, Choice] = {"q1": first, "q2": frozenset({"甲"})}
        order = replace(
            life.assembly.order(unit, key=unit, cast_at=at(21)),
            vote_number=life.number,
            marks=marks,
        )
        async with database.write() as session:
            await write_ballot(session, SEALER, order, [unit], marks, at(21), at(21))
    await life.advance(at(30))
    vote = await life.tally(at(30))
    await life.tally(at(30))  # the same case is not made twice
    async with database.read() as session:
        (case,) = await list_cases(session, vote.compound_id, life.number)
    assert (case.kind, case.person, case.question_id) == ("same_owner_conflict", owners["3-101"], "q1")
    assert verify(await life.export(SEALED)).checked
    await life.rule(case.case_number, {"q1": AGAINST}, life.me, at(30))
    await life.rule(case.case_number, {"q1": AGAINST}, other, at(30))
    vote = await life.tally(at(30))
    assert vote.result is not None
    assert vote.result["questions"][0]["agreed"] == {"persons": 2, "area": "200.00"}
    assert [question["status"] for question in vote.result["questions"]] == [
        "NOT_PASSED",
        "SEATS_UNFILLED",
    ]  # exactly half
    assert verify(await life.export(SEALED)).checked


async def test_no_ballot_comes_after_the_count(life: Life) -> None:
    await closed(life)
    late = await life.cast(
        "5-102", AGREE, CLOSES
    )  # it arrived in time, and was on its way when the vote closed
    assert late.rejected == {}
    await life.tally(at(30))
    with pytest.raises(NoBallot) as answer:
        await life.cast("3-108", AGREE, CLOSES)
    assert answer.value.code is CastCode.CLOSED
    assert verify(await life.export(SEALED)).checked


async def test_a_ballot_that_meets_the_count_waits_for_it_and_is_refused(life: Life) -> None:
    await closed(life)
    async with life.database.write() as session:
        await tally_vote(session, SEALER, SIGNER, life.compound, life.number, at(30), actor_id=life.me)
        casting = asyncio.create_task(life.cast("5-102", AGREE, CLOSES))
        assert not (await asyncio.wait({casting}, timeout=0.3))[0]
    with pytest.raises(NoBallot):
        await casting
    assert verify(await life.export(SEALED)).checked


async def test_a_count_that_meets_a_ballot_waits_for_it_and_counts_it(life: Life) -> None:
    await closed(life)
    order = replace(life.assembly.order("5-102", key="late", cast_at=CLOSES), vote_number=life.number)
    async with life.database.write() as session:
        await cast_ballot(session, SEALER, order, CLOSES)
        counting = asyncio.create_task(life.tally(at(30)))
        assert not (await asyncio.wait({counting}, timeout=0.3))[0]
    vote = await counting
    assert vote.result is not None
    assert vote.result["ballots"] == 10
    assert verify(await life.export(SEALED)).checked


async def test_a_vote_is_revoked_with_a_reason_that_the_log_commits_to(life: Life) -> None:
    await life.noticed()
    arguments = (life.compound, life.number)
    assert await refused(life.do(revoke_vote, *arguments, " ", at(3), actor_id=life.me)) is Code.NO_REASON
    vote = await life.do(revoke_vote, *arguments, "候选企业退出", at(3), actor_id=life.me)
    assert (vote.state, vote.next_at, vote.revoked_reason) == (VoteState.REVOKED, None, "候选企业退出")
    assert await life.advance(OPENS) == 0
    await seal_all(life.database, SIGNER, at(3))
    assert await life.leaves() == ["notice", "revoked"]
    assert verify(await life.export(PUBLIC)).checked


async def test_evidence_is_not_handed_out_under_another_key(life: Life) -> None:
    await closed(life)
    await life.tally(at(30))
    arguments = (SEALER, OTHER, life.compound, life.number, SEALED, at(30))
    assert await refused(life.do(export_vote, *arguments, actor_id=life.me)) is Code.NO_SIGNING_KEY

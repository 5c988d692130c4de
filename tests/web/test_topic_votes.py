"""A topic that owners decide, walked from the proposal through their vote to its works; and back when it fails."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlmodel import select

from handlers.context import AccountFacts
from handlers.topics.after_vote import follow_votes
from handlers.topics.clock import advance_topics
from handlers.voting.cast import Order, cast_ballot
from handlers.voting.checking import lint_vote, record_checked
from handlers.voting.clock import advance_votes
from handlers.voting.count import publish_vote, tally_vote
from handlers.voting.draft import Changes, Convener, QuestionEntry, edit_vote
from handlers.voting.jurisdictions import load_profile
from handlers.voting.notice import notice_vote
from handlers.voting.objections import answer_objection, object_to_result
from handlers.voting.terms import AGAINST, AGREE, Choice
from storage.queries.topics import list_topic_events
from storage.queries.votes import find_vote, list_vote_units
from storage.states import BallotChannel, ChannelKind, ObjectionState, TopicStep, TopicVerb, VoteState
from storage.tables import Compound, OutboxMessage, Vote
from tests.statements import asked_of
from tests.voting.assembly import SIGNER
from tests.web.assemblies import enrolled, here
from tests.web.test_topics import TOPICS, Office, key_of
from tests.web.town import Town

FLATS = 12


class Assembly:
    """The owners of one vote, and who runs it; each step is one transaction."""

    def __init__(self, office: Office, compound: Compound, number: int) -> None:
        self.office, self.town, self.compound, self.number = office, office.town, compound, number
        town = self.town
        self.me, self.other = town.people["secretary"], town.people["community_secretary"]

    async def do(self, use_case: Any, *arguments: Any, **more: Any) -> Any:
        async with self.town.site.database.write() as session:
            return await use_case(session, *arguments, **more)

    async def step(self, use_case: Any, *before: Any, by: int | None = None) -> Any:
        """use_case(session, *before, compound, number, now)."""
        now, by = self.town.clock.now, by or self.me
        return await self.do(use_case, *before, self.compound, self.number, now, actor_id=by)

    async def clock(self, until: timedelta = timedelta(0)) -> None:
        self.town.clock.forward(until)
        self.office.browsers.clear()  # nobody stays signed in for so long
        database, now = self.town.site.database, self.town.clock.now
        await advance_votes(database, SIGNER, now)
        for _ in range(2):  # a second replica, or the next tick, does nothing more
            await follow_votes(database, self.town.site.services, now)

    async def vote(self) -> Vote:
        async with self.town.site.database.read() as session:
            vote = await find_vote(session, self.compound.compound_id or 0, self.number)
        assert vote is not None
        return vote

    async def announce(self) -> None:
        """From the draft that the topic made to the open vote."""
        now, draft = self.town.clock.now, await self.vote()
        changes = Changes(
            title="关于人车分流的表决",
            body="方案在公告栏。",
            convener=Convener(body="业主委员会", name="新禾苑业委会", document="第3号决议"),
            contact="居委会陈书记 020-81230000",
            platform="市业主电子投票平台",
            opens_at=now + timedelta(days=18),
            closes_at=now + timedelta(days=27),
            questions=[QuestionEntry(item=9, title="是否同意人车分流")],
        )
        await self.do(edit_vote, self.compound, self.number, changes, now, actor_id=self.me)
        unverified = load_profile(draft.profile).unverified
        await self.do(record_checked, self.compound, self.number, unverified, now, actor_id=self.me)
        assert [each.code for each in await self.step(lint_vote) if each.error] == []
        await self.step(notice_vote, SIGNER)
        await self.clock(timedelta(days=19))
        assert (await self.vote()).state is VoteState.OPEN

    async def ballot(self, choice: Choice, owners: int) -> None:
        """So many owners vote the same."""
        compound_id, now = self.compound.compound_id or 0, self.town.clock.now
        async with self.town.site.database.read() as session:
            units = await list_vote_units(session, compound_id, self.number)
        assert len(units) == FLATS
        for unit in units[:owners]:
            order = Order(
                compound_id,
                self.number,
                unit.owner_key,
                {"q1": choice},
                channel=BallotChannel.ONLINE,
                cast_key=unit.unit_code,
                cast_at=now,
            )
            await self.do(cast_ballot, self.town.sealer, order, now)

    async def publish(self) -> None:
        await self.clock(timedelta(days=9))
        await self.step(tally_vote, self.town.sealer, SIGNER)
        await self.step(publish_vote)


async def begun(town: Town) -> Office:
    """A topic of item 9, up to the decision, where colleagues can be written to."""
    accounts = {"corp": AccountFacts(ChannelKind.WECOM_APP, "corp")}
    town.site.services = replace(town.site.services, accounts=accounts)
    await enrolled(town, ("3",), FLATS)
    secretary = await town.as_staff("secretary")
    page = await secretary.get(TOPICS)
    form = {"csrf": page.csrf, "key": key_of(page), "template": "plain", "title": "人车分流", "item": "9"}
    proposed = await secretary.post(TOPICS, form)
    office = Office(town, proposed.location.partition("?")[0])
    await office.press("secretary", "advance", "topic_moved")
    await office.press("secretary", "task", task="talk", words="3月12日在院里商量过")
    await office.press("committee", "advance", "topic_moved")
    return office


async def drafted(office: Office) -> Assembly:
    """The vote that the topic's page drafts."""
    await office.press("community_worker", "draft", profile="national")
    row = await office.row()
    assert row.vote_number is not None
    return Assembly(office, await here(office.town), row.vote_number)


async def verbs(office: Office) -> list[TopicVerb]:
    row = await office.row()
    async with office.town.site.database.read() as session:
        return [each.verb for each in await list_topic_events(session, row.compound_id, row.topic_number)]


async def test_owners_agree_and_the_works_begin_by_themselves(town: Town) -> None:
    office = await begun(town)
    assembly = await drafted(office)
    await assembly.announce()
    await assembly.ballot(AGREE, 9)
    await office.press("community_worker", "advance", "topic.missing")
    await assembly.publish()
    now, compound = town.clock.now, assembly.compound
    said = await assembly.do(
        object_to_result,
        town.sealer,
        compound,
        assembly.number,
        "我家没有收到选票",
        now,
        key="1",
        actor_id=assembly.me,
    )
    await assembly.clock(timedelta(days=21))
    assert (await assembly.vote()).state is VoteState.PUBLISHED
    await assembly.clock(timedelta(days=2))
    assert (await assembly.vote()).state is VoteState.FINAL
    assert (await office.row()).step is TopicStep.DECIDE  # what was objected waits for its answer

    await assembly.do(
        answer_objection,
        town.sealer,
        compound,
        assembly.number,
        said.objection_number,
        ObjectionState.DECLINED,
        "送达记录在",
        town.clock.now,
        actor_id=assembly.other,
    )
    await office.press("secretary", "object", words="怕绕路")
    assert [each for each in await outbox(town) if "业主表决通过了" in each.text] == []
    for _ in range(2):
        await assembly.clock()
    assert (await office.row()).step is TopicStep.DECIDE  # so does what was objected to the topic
    held = [each.recipient for each in await outbox(town) if "业主表决通过了" in each.text]
    assert "u-community_worker" in held
    assert len(set(held)) == len(held)
    await assembly.clock()
    with asked_of(town.site.database.reader) as asked:
        await follow_votes(town.site.database, town.site.services, town.clock.now)
    assert len(asked) == 1  # as long as nothing is new of it, nobody looks at it again
    await office.press("secretary", "object", words="怕看不见指示牌")
    with asked_of(town.site.database.engine) as asked:
        assert await follow_votes(town.site.database, town.site.services, town.clock.now) == 0
    assert any("topic_documents" in each for each in asked)
    await office.press("community_worker", "answer", objection="2", accepted="yes", words="加指示牌")
    await assembly.clock()
    assert (await office.row()).step is TopicStep.DECIDE
    await office.press("community_worker", "answer", objection="1", accepted="no", words="只多走三十米")
    await assembly.clock()
    row = await office.row()
    assert (row.step, row.entry, row.entered_at) == (TopicStep.EXECUTE, 4, town.clock.now)
    assert (await verbs(office)).count(TopicVerb.ADVANCED) == 3
    assert [each.recipient for each in await outbox(town) if "到了“执行”" in each.text] == [
        *("u-secretary", "u-committee", "u-property")
    ]
    await office.press("property", "plan", words="划线", due="2026-07-01")
    # The time of the works begins now, whatever the decision took.
    assert row.due_at is not None and row.due_at > town.clock.now + timedelta(days=59)
    assert await advance_topics(town.site.database, town.site.services, town.clock.now) == 0


async def test_owners_do_not_agree_and_the_topic_takes_the_way_back(town: Town) -> None:
    office = await begun(town)
    assembly = await drafted(office)
    await assembly.announce()
    await assembly.ballot(AGAINST, 9)
    await assembly.publish()
    await assembly.clock(timedelta(days=23))
    assert (await assembly.vote()).state is VoteState.FINAL
    assert (await office.row()).step is TopicStep.DECIDE
    assert (await verbs(office)).count(TopicVerb.VOTE_FAILED) == 1
    told = [each for each in await outbox(town) if "业主表决没有通过" in each.text]
    assert "u-community_worker" in [each.recipient for each in told]
    assert len({each.recipient for each in told}) == len(told)  # each once
    assert "表决没有通过" in await office.page()
    await office.press("community_worker", "advance", "topic.missing")
    await office.press("community_worker", "back", "topic_moved", to="discuss", words="再改一改方案")
    await office.press("secretary", "skip", "topic_moved", words="上次商量过了")
    again = await drafted(office)
    assert again.number != assembly.number
    await again.announce()
    await again.ballot(AGREE, FLATS)
    await again.publish()
    await again.clock(timedelta(days=23))
    assert (await office.row()).step is TopicStep.EXECUTE


async def outbox(town: Town) -> list[OutboxMessage]:
    async with town.site.database.read() as session:
        return list(await session.exec(select(OutboxMessage)))

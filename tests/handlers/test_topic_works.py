"""Which vote decides a topic, who signs for its works, and what a poll that was cut short is worth."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from handlers.access import NotFound
from handlers.polls.close import close_poll
from handlers.topics import commands as c
from handlers.topics.acceptance import enter_paper, sign
from handlers.topics.commands import Code, Refused
from handlers.topics.tasks import start_poll
from handlers.topics.votes import link_vote
from storage.states import TopicStep, VoteState
from storage.tables import Topic, TopicEvent, TopicRepresentative, Vote, VoteQuestion
from tests.handlers.neighbours import identity
from tests.handlers.test_topics import Hall, hall

__all__ = ["hall"]
DAY = timedelta(days=1)


async def put(hall: Hall, number: int, step: TopicStep, **values: object) -> None:
    async with hall.talk.database.write() as session:
        topic = await session.get_one(Topic, (hall.compound.compound_id, number))
        topic.step = step
        for name, value in values.items():
            setattr(topic, name, value)


async def works(hall: Hall) -> tuple[int, int]:
    """A lift that stands, and the one representative, who has to sign for it."""
    number = await hall.propose("lift")
    await hall.talk.bind("o-a")
    person_id = (await identity(hall.talk, "main", "o-a")).person_id
    done = {"title": "装扶手", "due_on": "2026-03-20", "done_on": "2026-03-01", "words": ""}
    election = {"how": "推选", "on": "2026-03-01", "share": "1"}
    work = {"milestones": [done], "election": election}
    await put(hall, number, TopicStep.EXECUTE, lawful=False, work=work)
    name = hall.talk.services.sealer.seal("周晓".encode(), "topic_representatives.name")
    async with hall.talk.database.write() as session:
        session.add(
            TopicRepresentative(
                compound_id=hall.compound.compound_id or 0,
                topic_number=number,
                representative_number=1,
                person_id=person_id,
                name_sealed=name,
                unit_code="3-1-101",
            )
        )
    return number, person_id


async def paper(hall: Hall, number: int, who: str, accepts: bool, words: str = "") -> None:
    async with hall.talk.database.write() as session:
        what = (hall.talk.services, hall.compound, number, 1, accepts, words, hall.talk.now)
        await enter_paper(session, *what, key=f"paper:{who}", actor_id=hall.people[who])


async def forget(hall: Hall) -> None:
    await hall.talk.say("o-a", "删除我的资料")
    await hall.talk.say("o-a", "确认删除")


async def link(hall: Hall, number: int, vote: int) -> None:
    async with hall.talk.database.write() as session:
        what = (hall.talk.services, hall.compound, number, vote, hall.talk.now)
        await link_vote(session, *what, key=f"link:{number}:{vote}", actor_id=hall.people["shequ"])


async def asked(hall: Hall, at: datetime, items: Sequence[int], **values: object) -> None:
    """A vote, number 7, that was announced then, with a question on each of these items."""
    async with hall.talk.database.write() as session:
        vote = Vote(
            compound_id=hall.compound.compound_id or 0,
            vote_number=7,
            title="业主大会",
            operator_id=hall.people["shequ"],
            created_at=at,
            noticed_at=at,
            **values,  # type: ignore[arg-type]
        )
        session.add(vote)
        await session.flush()
        session.add_all(
            VoteQuestion(
                compound_id=vote.compound_id,
                vote_number=7,
                question_id=f"q{position}",
                position=position,
                item=item,
                title="同意吗",
            )
            for position, item in enumerate(items, 1)
        )


@pytest.mark.parametrize("of_another", [True, False])
async def test_a_vote_on_something_else_does_not_decide(hall: Hall, of_another: bool) -> None:
    first = await hall.propose(items=[9])
    at = hall.talk.now + DAY if of_another else hall.talk.now - 400 * DAY
    result = {"questions": [{"item": 9, "status": "PASSED"}]}
    await asked(hall, at, [9], state=VoteState.FINAL, result=result)
    second = await hall.propose(title="人车分流", items=[9])
    for number in (first, second):
        await put(hall, number, TopicStep.DECIDE)
    if of_another:
        await link(hall, first, 7)
    with pytest.raises(Refused) as refused:
        await link(hall, second, 7)
    assert refused.value.code is Code.NO_VOTE


async def test_one_vote_decides_topics_of_different_items(hall: Hall) -> None:
    topics = [await hall.propose(items=[9]), await hall.propose(title="换物业", items=[2])]
    await asked(hall, hall.talk.now + DAY, [9, 2], state=VoteState.NOTICED)
    for number in topics:
        await put(hall, number, TopicStep.DECIDE)
        await link(hall, number, 7)
    assert [topic.vote_number for topic in await hall.talk.rows(Topic)] == [7, 7]


async def test_who_is_forgotten_leaves_no_words_that_they_refused_with_on_paper(hall: Hall) -> None:
    number, _person_id = await works(hall)
    for who in ("shuji", "shequ"):
        await paper(hall, number, who, False, "我家501窗前的扶手松了")
    await forget(hall)
    [seat] = await hall.talk.rows(TopicRepresentative)
    said = [seat.reason, seat.paper_reason, *(row.words for row in await hall.talk.rows(TopicEvent))]
    assert not any("501" in words for words in said)
    assert seat.accepts is False  # what they said stands


async def test_nobody_signs_for_a_representative_who_was_forgotten(hall: Hall) -> None:
    number, _person_id = await works(hall)
    await forget(hall)
    with pytest.raises(NotFound):
        await paper(hall, number, "shuji", True)


async def test_back_at_works_that_are_done_representatives_are_asked_again(hall: Hall) -> None:
    number, person_id = await works(hall)
    async with hall.talk.database.write() as session:
        what = (hall.talk.services, hall.compound, number, True, "", hall.talk.now)
        await sign(session, *what, key="sign", person_id=person_id)
    await put(hall, number, TopicStep.REVIEW)
    await hall.do(number, c.GoBack(TopicStep.EXECUTE, "扶手又松了"), "back", "jiandu")
    [seat] = await hall.talk.rows(TopicRepresentative)
    assert seat.accepts is None
    assert "签" in (await hall.told("o-a"))[-1]


async def test_a_poll_that_is_cut_short_is_no_review_and_another_takes_its_place(hall: Hall) -> None:
    number = await hall.propose()
    await put(hall, number, TopicStep.REVIEW)
    await hall.do(number, c.State("过程公开"), "state", "jiandu")
    compound_id, jiandu = hall.compound.compound_id or 0, hall.people["jiandu"]
    for key, over in (("1", DAY), ("2", 7 * DAY)):
        now = hall.talk.now
        async with hall.talk.database.write() as session:
            what = (hall.talk.services, hall.compound, number, now + 7 * DAY, now)
            carried = await start_poll(session, *what, key=f"poll:{key}", actor_id=jiandu)
            poll = carried.facts.poll_number or 0
            await close_poll(session, compound_id, poll, now + over, actor_id=jiandu)
        if over < 7 * DAY:
            assert await hall.refused(number, c.Advance(), f"on:{key}", "jiandu") is Code.MISSING
    assert (await hall.do(number, c.Advance(), "on", "jiandu")).topic.state == "done"

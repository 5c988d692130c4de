"""Use case: telling people of a vote. What is to be told was noted with the step; the clock tells it, some at a time.

Called by every replica at each tick. A piece of news is locked before it is looked at and remembers who was told
last, so a replica that dies half-way leaves the rest to the next one. Nobody is told twice: each notice has a claim.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.apart import each_apart
from handlers.context import Services
from handlers.reach.notify import Notice, notify_group, notify_person
from handlers.voting.announced import announced_of
from handlers.voting.news import (
    News,
    due_times,
    for_group,
    for_owner,
    for_resident,
    for_waited,
    is_of_this_close,
    kind_of,
    last_days,
    owners_page,
    page_of,
)
from storage.database import Database
from storage.queries.vote_log import lock_vote
from storage.queries.vote_reach import (
    add_news,
    count_reminder,
    list_due_news,
    list_groups_written_to,
    list_news_due_by,
    list_persons_here,
    list_persons_of_roll,
    list_persons_waited_for,
    lock_news,
    note_told,
)
from storage.queries.votes import find_vote, list_questions
from storage.states import MessageClass, VoteState
from storage.supersede import supersede
from storage.tables import Compound, Vote, VoteNews

BATCH = 100  # persons in one transaction
ROUNDS = 50  # in one tick; the next one goes on
VOTES = 100
MOST_REMINDERS = 3  # to one person of one vote, however often its close is put off
_LASTS = timedelta(days=10)  # so long it may wait until somebody can be written to


def news_topic(compound_id: int, number: int, person_id: int) -> str:
    """What a step is news of, to one person: the next step takes its place while it waits."""
    return f"vote:{compound_id}:{number}:news:{person_id}"


def reminder_topic(compound_id: int, number: int, person_id: int) -> str:
    """What a reminder is about: it goes when they vote."""
    return f"vote:{compound_id}:{number}:remind:{person_id}"


def group_topic(compound_id: int, number: int, group_id: int) -> str:
    """What a group is told of a vote: nobody there is called to vote in what was revoked meanwhile."""
    return f"vote:{compound_id}:{number}:group:{group_id}"


def news_key(compound_id: int, number: int, news: str) -> str:
    """The dedupe key of a notice, for groups and persons alike."""
    return f"vote:{compound_id}:{number}:{news}"


async def advance_outreach(
    database: Database, services: Services, days_before: Sequence[int], now: datetime
) -> int:
    """Tell what is due; returns how many batches were told. days_before: the close, when who has not voted is asked."""
    done = 0
    for _round in range(ROUNDS):
        async with database.read() as session:
            found = await list_due_news(session, now, VOTES)
        if not found:
            break
        done += await each_apart(
            database, found, lambda session, key: _tell(session, services, days_before, *key, now)
        )
    return done


async def _tell(
    session: AsyncSession,
    services: Services,
    days_before: Sequence[int],
    compound_id: int,
    number: int,
    name: str,
    now: datetime,
) -> int:
    kind = kind_of(name)
    # Before the news: who votes shares the vote's row, so that nobody is reminded of what they are just doing.
    hold = lock_vote if kind is News.LAST_DAYS else find_vote
    vote = await hold(session, compound_id, number)
    news = await lock_news(session, compound_id, number, name)
    if vote is None or news is None:
        return 0
    compound = await session.get_one(Compound, compound_id)
    if not await _has_point(session, vote, news, kind, now):
        news.done_at = now
        session.add(news)
        return 1
    if news.after_person == 0:
        await _tell_groups(session, services, compound, vote, name, kind, now)
        if kind in (News.OPENED, News.EXTENDED):
            await _plan_reminders(session, vote, days_before, now)
    match kind:
        case News.LAST_DAYS:
            told = await _remind(session, services, compound, vote, news, now)
        case News.NOTICED:
            told = await _tell_everybody(session, services, compound, vote, news, now)
        case _:
            told = await _tell_owners(session, services, compound, vote, news, kind, now)
    if len(told) < BATCH:
        news.done_at = now
    else:
        news.after_person = told[-1]
    session.add(news)
    return 1


async def _has_point(session: AsyncSession, vote: Vote, news: VoteNews, kind: News, now: datetime) -> bool:
    """Whether it is still worth telling: after a night without a server only the last of what piled up is."""
    if kind is News.REVOKED:
        return True
    if vote.state is VoteState.REVOKED:  # also where it was begun: nobody is called to vote in it any more
        return False
    if news.after_person:  # what was begun is finished
        return kind is not News.LAST_DAYS or _is_still_open(vote, news, now)
    if kind in (News.NOTICED, News.PUBLISHED):
        return True
    if not _is_still_open(vote, news, now):
        return False
    waiting = await list_news_due_by(session, vote.compound_id, vote.vote_number, now)
    behind = [each.news for each in waiting if kind_of(each.news) is kind]
    return not behind or behind[-1] == news.news


def _is_still_open(vote: Vote, news: VoteNews, now: datetime) -> bool:
    if vote.closes_at is None or now >= vote.closes_at or vote.state is not VoteState.OPEN:
        return False
    return kind_of(news.news) is not News.LAST_DAYS or is_of_this_close(news.news, vote.closes_at)


async def _plan_reminders(
    session: AsyncSession, vote: Vote, days_before: Sequence[int], now: datetime
) -> None:
    assert vote.opens_at is not None
    assert vote.closes_at is not None
    for days, at in due_times(vote.opens_at, vote.closes_at, list(days_before)):
        if at > now:
            await add_news(session, vote.compound_id, vote.vote_number, last_days(vote.closes_at, days), at)


async def _tell_groups(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    vote: Vote,
    name: str,
    kind: News,
    now: datetime,
) -> None:
    key = services.signer.key_id if services.signer else ""
    link = page_of(services.public_url, compound, vote.vote_number)
    words = for_group(compound, vote, kind, key, link, await _outcomes(session, vote, kind))
    buildings = set(announced_of(vote).scope_buildings)
    for group in await list_groups_written_to(session, vote.compound_id):
        if buildings and group.place_code is not None and _building(group.place_code) not in buildings:
            continue
        assert group.group_id is not None
        topic = group_topic(vote.compound_id, vote.vote_number, group.group_id)
        notice = Notice(
            MessageClass.PROMPT if kind is News.LAST_DAYS else MessageClass.NOTICE,
            words.text,
            news_key(vote.compound_id, vote.vote_number, name),
            expires_at=_expires(vote, kind, now),
            topic=topic,
            replaces=(topic,),
            markdown=words.markdown,
        )
        await notify_group(session, services, group, notice, now)


async def _tell_everybody(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    vote: Vote,
    news: VoteNews,
    now: datetime,
) -> list[int]:
    """The notice: to owners, and to residents how to become known as one."""
    link = page_of(services.public_url, compound, vote.vote_number)
    to_owner = for_owner(compound, vote, News.NOTICED, link, [])
    to_resident = for_resident(compound, vote, owners_page(services.public_url))
    buildings = set(announced_of(vote).scope_buildings)
    found = await list_persons_here(session, vote.compound_id, vote.vote_number, news.after_person, BATCH)
    for person_id, is_owner, home in found:
        if not is_owner and buildings and home is not None and _building(home) not in buildings:
            continue
        words = to_owner if is_owner else to_resident
        notice = Notice(
            MessageClass.NOTICE,
            words.text,
            news_key(vote.compound_id, vote.vote_number, news.news),
            words.facts,
            expires_at=_expires(vote, News.NOTICED, now),
            topic=news_topic(vote.compound_id, vote.vote_number, person_id),
        )
        await notify_person(session, services, person_id, notice, now)
        if is_owner:
            await note_told(session, vote.compound_id, vote.vote_number, person_id, now)
    return [person_id for person_id, _is_owner, _home in found]


async def _tell_owners(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    vote: Vote,
    news: VoteNews,
    kind: News,
    now: datetime,
) -> list[int]:
    link = page_of(services.public_url, compound, vote.vote_number)
    words = for_owner(compound, vote, kind, link, await _outcomes(session, vote, kind))
    found = await list_persons_of_roll(session, vote.compound_id, vote.vote_number, news.after_person, BATCH)
    for person_id in found:
        topic = news_topic(vote.compound_id, vote.vote_number, person_id)
        over = (topic, reminder_topic(vote.compound_id, vote.vote_number, person_id))
        notice = Notice(
            MessageClass.NOTICE,
            words.text,
            news_key(vote.compound_id, vote.vote_number, news.news),
            words.facts,
            expires_at=_expires(vote, kind, now),
            topic=topic,
            replaces=over,
        )
        await notify_person(session, services, person_id, notice, now)
        await note_told(session, vote.compound_id, vote.vote_number, person_id, now)
    return found


async def _remind(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    vote: Vote,
    news: VoteNews,
    now: datetime,
) -> list[int]:
    """Only those for whose units no ballot is there; the vote is held, so that none comes meanwhile."""
    key = (vote.compound_id, vote.vote_number)
    words = for_waited(compound, vote, page_of(services.public_url, compound, vote.vote_number))
    found = await list_persons_waited_for(session, *key, after_person=news.after_person, limit=BATCH)
    for person_id in found:
        if not await count_reminder(session, *key, person_id, MOST_REMINDERS, now):
            continue
        topic = reminder_topic(*key, person_id)
        notice = Notice(
            MessageClass.REMINDER,
            words.text,
            news_key(*key, news.news),
            words.facts,
            expires_at=_expires(vote, News.LAST_DAYS, now),
            topic=topic,
            replaces=(topic, news_topic(*key, person_id)),
        )
        await notify_person(session, services, person_id, notice, now)
    return found


async def drop_reminders(
    session: AsyncSession, compound_id: int, number: int, person_ids: Sequence[int], now: datetime
) -> None:
    """Take back what still waits to remind these persons, unless something is left for them to vote."""
    if not person_ids:
        return
    waited_for = await list_persons_waited_for(session, compound_id, number, among=person_ids)
    over = [each for each in person_ids if each not in waited_for]
    await supersede(session, [reminder_topic(compound_id, number, each) for each in over], now)


async def _outcomes(session: AsyncSession, vote: Vote, kind: News) -> list[tuple[str, str]]:
    """(title, status) of each question, once the result is published."""
    if kind is not News.PUBLISHED or vote.result is None:
        return []
    titles = {
        row.question_id: row.title
        for row in await list_questions(session, vote.compound_id, vote.vote_number)
    }
    return [
        (titles.get(row.get("id", ""), ""), row["status"])
        for row in vote.result.get("questions", [])
        if "status" in row
    ]


def _expires(vote: Vote, kind: News, now: datetime) -> datetime:
    """Nobody is asked to vote after the close; that a vote was noticed is no news when it has closed."""
    if kind in (News.PUBLISHED, News.REVOKED) or vote.closes_at is None:
        return now + _LASTS
    return min(vote.closes_at, now + timedelta(days=90))


def _building(place_code: str) -> str:
    return place_code.partition("-")[0]

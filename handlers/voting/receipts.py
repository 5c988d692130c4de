"""Use case: telling everybody bound to a unit that a ballot was recorded for it, whichever way it came.

`cast_ballot` leaves a row with the ballot, in one transaction; the clock tells it within seconds and takes the row
away, in another. So no ballot is recorded in silence, whoever records it, and no ballot waits for its messages. They
have number, hash, way and time; never what was marked.
"""

from datetime import datetime, time, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.apart import each_apart
from handlers.context import Services
from handlers.local_time import LOCAL, full_moment
from handlers.reach.fields import Facts, NoticeKind
from handlers.reach.notify import MUST_BE_READ, Notice, Reached, notify_person
from handlers.texts import say
from handlers.voting.fate import Fate, fate_of
from handlers.voting.news import page_of, paper_page_of
from handlers.voting.words import channel_name, rejection_words
from storage.database import Database
from storage.queries.bindings import list_persons_bound_to
from storage.queries.voters import (
    list_unannounced_ballots,
    list_units_of_ballot,
    take_unannounced_ballot,
)
from storage.states import MessageClass
from storage.tables import Ballot, Compound, Vote

LIMIT = 500  # in one call: the next one goes on
_DAY, _NIGHT = time(8, 0), time(21, 0)


async def announce_ballots(database: Database, services: Services, now: datetime) -> int:
    """Tell of every ballot that nobody has been told of, each in a transaction of its own; returns how many."""

    async def do(session: AsyncSession, key: tuple[int, int, str]) -> int:
        if not await take_unannounced_ballot(session, *key):  # another replica has it
            return 0
        await announce_ballot(session, services, await session.get_one(Ballot, key), now)
        return 1

    async with database.read() as session:
        found = await list_unannounced_ballots(session, LIMIT)
    return await each_apart(database, found, do)


async def announce_ballot(
    session: AsyncSession, services: Services, ballot: Ballot, now: datetime
) -> dict[int, Reached]:
    """Queue a receipt for every identity bound to a unit of the ballot, and for who cast it; how it went, by person.

    Who cast it need not be bound: somebody with a mandate, or a seller whose title has ended. Each gets it once for a
    ballot. Whoever cast it is told at once, the others not at night.
    """
    key = (ballot.compound_id, ballot.vote_number)
    compound = await session.get_one(Compound, ballot.compound_id)
    vote = await session.get_one(Vote, key)
    codes = await list_units_of_ballot(session, *key, ballot.ballot_id)
    fate = await fate_of(session, services.sealer, vote, ballot, codes)
    link = page_of(services.public_url, compound, vote.vote_number)
    if ballot.serial is not None:
        link = paper_page_of(services.public_url, compound, vote.vote_number, ballot.serial)
    text = say(
        "ballots.recorded",
        compound=compound.name,
        title=vote.title,
        way=channel_name(ballot.channel),
        at=full_moment(ballot.cast_at),
        units=len(codes),
        number=short_number(ballot.ballot_id),
        code=short_hash(ballot.leaf_hash),
        counts=_counts(fate),
        secret=say("ballots.secret") if ballot.serial is None else say("ballots.secret_on_paper"),
        link=say("ballots.link", link=link) if link else "",
    )
    facts = Facts(
        NoticeKind.BALLOT,
        what=say("ballots.brief_what"),
        state=say("ballots.brief_state"),
        at=ballot.entered_at,
        compound=compound.name,
        number=ballot.vote_number,
        todo=say("ballots.brief_todo"),
        link=link,
    )
    reached = {}
    told = set(await list_persons_bound_to(session, ballot.compound_id, codes))
    if ballot.person_id is not None:
        told.add(ballot.person_id)
    for person_id in sorted(told):
        notice = Notice(
            MessageClass.RECEIPT,
            text,
            f"ballot:{ballot.compound_id}:{ballot.vote_number}:{ballot.ballot_id}",
            facts=facts,
            not_before=None if person_id == ballot.person_id else by_day(now),
            expires_at=now + MUST_BE_READ,
        )
        reached[person_id] = await notify_person(session, services, person_id, notice, now)
    return reached


def by_day(now: datetime) -> datetime | None:
    """None by day; at night the next morning, in the compound's time."""
    local = now.astimezone(LOCAL)
    if _DAY <= local.time() < _NIGHT:
        return None
    morning = datetime.combine(local.date(), _DAY, LOCAL)
    return morning if morning > local else morning + timedelta(days=1)


def short_number(ballot_id: str) -> str:
    """A ballot's number as people read it out: 4F1C-9A02."""
    return f"{ballot_id[:4]}-{ballot_id[4:8]}".upper()


def short_hash(leaf_hash: bytes) -> str:
    """The short code of a ballot's place in the log: 16 digits in groups of four."""
    digits = leaf_hash.hex()[:16]
    return " ".join(digits[start : start + 4] for start in range(0, 16, 4))


def _counts(fate: Fate) -> str:
    """What became of it, when it does not simply count."""
    if fate.contested:
        return say("ballots.contested")
    if not fate.rejected:
        return ""
    reasons = "；".join(dict.fromkeys(rejection_words(reason) for reason in fate.rejected.values()))
    return say("ballots.refused_in_part" if fate.counts else "ballots.refused", reasons=reasons)

"""Use case: telling everybody bound to a unit what became of the owner's paper: it came in, or does not count.

Whoever takes a paper in, refuses or voids it leaves a row, in one transaction; the clock tells it within seconds and
takes the row away, in another. When it is keyed in, the ballot is told of (receipts.py). Nothing of what is marked is
said: nobody has read it yet.
"""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.apart import each_apart
from handlers.context import Services
from handlers.local_time import full_moment
from handlers.reach.fields import Facts, NoticeKind
from handlers.reach.notify import MUST_BE_READ, Notice, notify_person
from handlers.texts import say
from handlers.voting.news import paper_page_of
from handlers.voting.paper_rules import VoidReason
from handlers.voting.receipts import LIMIT, by_day
from handlers.voting.serials import serial_words
from handlers.voting.words import channel_name
from storage.database import Database
from storage.queries.bindings import list_persons_bound_to
from storage.queries.papers import (
    IN_THE_BOX,
    find_paper,
    list_unannounced_papers,
    take_unannounced_paper,
)
from storage.queries.votes import list_vote_units
from storage.states import MessageClass, PaperAct, PaperState
from storage.tables import BallotPaper, Compound, Vote


async def announce_papers(database: Database, services: Services, now: datetime) -> int:
    """Tell of every paper that nobody has been told of, each in a transaction of its own; returns how many."""

    async def do(session: AsyncSession, key: tuple[int, int, str, PaperAct]) -> int:
        if not await take_unannounced_paper(session, *key):  # another replica has it
            return 0
        compound_id, number, serial, act = key
        paper = await find_paper(session, compound_id, number, serial)
        if paper is not None and _is_so_still(paper, act):
            await _announce(session, services, paper, act, now)
        return 1

    async with database.read() as session:
        found = await list_unannounced_papers(session, LIMIT)
    return await each_apart(database, found, do)


def _is_so_still(paper: BallotPaper, act: PaperAct) -> bool:
    """Of what has gone on meanwhile the newer news tells."""
    return paper.state in IN_THE_BOX if act is PaperAct.RECEIVED else paper.state is PaperState.VOIDED


async def _announce(
    session: AsyncSession, services: Services, paper: BallotPaper, act: PaperAct, now: datetime
) -> None:
    compound = await session.get_one(Compound, paper.compound_id)
    vote = await session.get_one(Vote, (paper.compound_id, paper.vote_number))
    units = await list_vote_units(session, paper.compound_id, paper.vote_number, [paper.owner_key])
    link = paper_page_of(services.public_url, compound, vote.vote_number, paper.serial)
    text = _text(compound, vote, paper, act)
    if link:
        text += "\n" + say("papers.link", link=link)
    facts = Facts(
        NoticeKind.BALLOT,
        what=say("ballots.brief_what"),
        state=say("ballots.brief_state") if act is PaperAct.RECEIVED else say("papers.brief_void"),
        at=paper.received_at or now,
        compound=compound.name,
        number=vote.vote_number,
        todo=say("ballots.brief_todo") if act is PaperAct.RECEIVED else say("papers.brief_todo"),
        link=link,
    )
    notice = Notice(
        MessageClass.RECEIPT,
        text,
        f"paper:{paper.compound_id}:{paper.serial}:{act.value}",
        facts=facts,
        not_before=by_day(now),
        expires_at=now + MUST_BE_READ,
    )
    codes = [unit.unit_code for unit in units]
    for person_id in await list_persons_bound_to(session, paper.compound_id, codes):
        await notify_person(session, services, person_id, notice, now)


def _text(compound: Compound, vote: Vote, paper: BallotPaper, act: PaperAct) -> str:
    serial = serial_words(paper.serial)
    at = full_moment(paper.received_at) if paper.received_at else ""
    match act:
        case PaperAct.RECEIVED:
            return say(
                "papers.received",
                compound=compound.name,
                title=vote.title,
                way=channel_name(paper.channel),
                at=at,
                serial=serial,
            )
        case PaperAct.REFUSED:
            return say(
                "papers.refused",
                compound=compound.name,
                title=vote.title,
                at=at,
                serial=serial,
                reason=void_words(paper.void_reason),
            )
        case PaperAct.VOIDED:
            return say(
                "papers.voided",
                compound=compound.name,
                title=vote.title,
                serial=serial,
                reason=void_words(paper.void_reason),
            )


def void_words(reason: str | None) -> str:
    """Why a paper does not count, as its owner reads it."""
    match reason:
        case VoidReason.LATE:
            return say("papers.late")
        case VoidReason.REPRINTED:
            return say("papers.reprinted")
        case VoidReason.COPY:
            return say("papers.copy")
        case VoidReason.NOT_THEIRS:
            return say("papers.not_theirs")
        case VoidReason.MISPRINTED:
            return say("papers.misprinted")
        case _:
            return say("papers.lost")

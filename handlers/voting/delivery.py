"""Use cases: what is on record of a notice reaching an owner. Three facts, kept apart: sent, confirmed, voted.

`VoteUnit.delivered_at` counts towards the law only where the rules say that who does not answer goes with the
majority, so it takes a proof, and there are two:

- on paper: a visitor handed the papers over at the door and the owner signed for them (canvass.note_contact);
- on the phone: WeChat took the notice for somebody bound to the owner, and that person, signed in as themselves, said
  on the vote's page that they have read it (confirm_notice). Neither half is enough by itself: what WeChat took may
  never have been looked at, and who looks at the page was not told when by anybody.

Of co-owners each has to be reached, or the one they named. Each proof is an entry of the vote's log, which says how
and, by a commitment with the unit's salt, for which unit. None is taken before the notice or after the close.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.voting.life import audit, leave
from handlers.voting.marks import commitment
from handlers.voting.news import News
from handlers.voting.outreach import news_key
from handlers.voting.result import FEWEST_OWNERS
from storage.queries.bindings import list_bound_owners
from storage.queries.vote_log import share_vote
from storage.queries.vote_reach import (
    list_owners_of_keys,
    list_persons_of_owners,
    list_persons_waited_for,
    list_reaches,
    list_sent,
    note_confirmed,
)
from storage.queries.votes import list_owner_keys, list_vote_units
from storage.states import VoteState
from storage.tables import Vote, VoteUnit

_RUNNING = frozenset({VoteState.NOTICED, VoteState.OPEN})


class How(StrEnum):
    """What proves that the papers reached an owner."""

    PAPER = "paper"
    ONLINE = "online"


async def confirm_notice(
    session: AsyncSession, services: Services, compound_id: int, number: int, person_id: int, now: datetime
) -> bool:
    """Somebody signed in says on the vote's page that they have read the notice; False when the vote is not running,
    or nothing in its roll is theirs. Again, it changes nothing, but sees a message that has gone out meanwhile."""
    vote = await share_vote(session, compound_id, number)
    if vote is None or not is_running(vote, now):
        return False
    keys: set[str] = set()
    for owner_number in await list_bound_owners(session, compound_id, person_id):
        keys |= set(await list_owner_keys(session, compound_id, number, owner_number))
    if not keys:
        return False
    if await note_confirmed(session, compound_id, number, person_id, now):
        audit(session, vote, "vote.notice_read", now, person_id)
    units = [
        unit
        for unit in await list_vote_units(session, compound_id, number, keys)
        if unit.delivered_at is None
    ]
    if units:
        mark_delivered(session, vote, await _proved(session, services, vote, units), How.ONLINE, now)
    return True


class Said(StrEnum):
    """What somebody has said of the notice. EARLY: before WeChat took it for them, so it has to be said again."""

    NOTHING = "nothing"
    EARLY = "early"
    COUNTS = "counts"


async def what_they_said(session: AsyncSession, services: Services, vote: Vote, person_id: int) -> Said:
    """Whether somebody said that they have read the notice of a vote, and whether that proves anything."""
    rows = await list_reaches(session, vote.compound_id, vote.vote_number, [person_id])
    if not any(row.confirmed_at for row in rows):
        return Said.NOTHING
    return Said.COUNTS if await _sent_to(session, services, vote, [person_id]) else Said.EARLY


def is_running(vote: Vote, now: datetime) -> bool:
    """Whether papers may still reach somebody in time."""
    return vote.state in _RUNNING and vote.closes_at is not None and now <= vote.closes_at


def mark_delivered(
    session: AsyncSession, vote: Vote, units: Iterable[VoteUnit], how: How, now: datetime
) -> None:
    """Keep a proof for units that have none; the vote must be held or shared, so that nobody counts meanwhile."""
    for unit in units:
        if unit.delivered_at is None:
            unit.delivered_at = now
            session.add(unit)
            proof = {"how": how.value, "unit": commitment(unit.salt, {"delivered": unit.unit_code})}
            leave(session, vote, "delivery", proof, now)


async def _proved(
    session: AsyncSession, services: Services, vote: Vote, units: Collection[VoteUnit]
) -> list[VoteUnit]:
    """Those units all of whose owners, or the one they named, were reached on the phone."""
    named = {unit.representative for unit in units if unit.representative is not None}
    of_keys = await list_owners_of_keys(
        session, vote.compound_id, vote.vote_number, {unit.owner_key for unit in units} | named
    )
    owners = set().union(*of_keys.values())
    persons = await list_persons_of_owners(session, vote.compound_id, owners)
    reached_persons = await _reached(session, services, vote, set().union(*persons.values()))
    reached = {owner for owner in owners if persons.get(owner, set()) & reached_persons}
    return [unit for unit in units if of_keys.get(unit.representative or unit.owner_key, {-1}) <= reached]


async def _reached(
    session: AsyncSession, services: Services, vote: Vote, persons: Collection[int]
) -> set[int]:
    """Who confirmed, and was sent the notice or that the vote is open."""
    key = (vote.compound_id, vote.vote_number)
    confirmed = {
        row.person_id for row in await list_reaches(session, *key, persons) if row.confirmed_at is not None
    }
    return confirmed & set(await _sent_to(session, services, vote, confirmed))


async def _sent_to(
    session: AsyncSession, services: Services, vote: Vote, persons: Iterable[int]
) -> dict[int, datetime]:
    """When WeChat first took the notice for each of these persons; those for whom it has not are left out."""
    keys = {
        f"{news_key(vote.compound_id, vote.vote_number, news)}:person:{person_id}": person_id
        for person_id in persons
        for news in (News.NOTICED, News.OPENED)
    }
    sent: dict[int, datetime] = {}
    names = list(keys)
    for start in range(0, len(names), 500):
        some = await list_sent(session, services.accounts, names[start : start + 500])
        for name, at in some.items():
            person_id = keys[name]
            sent[person_id] = min(at, sent.get(person_id, at))
    return sent


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a vote got on the phone, in persons bound to an owner of its roll. Neither is made out of another.

    told: it was written to them, whatever became of it. sent: WeChat took it. confirmed: they said so on the page.
    waited_for: something is left for them to vote.
    """

    told: int
    sent: int
    confirmed: int
    waited_for: int

    @property
    def is_few(self) -> bool:
        """Whether who is waited for would tell of so few whether one of them has voted."""
        return max(self.told, self.waited_for) < FEWEST_OWNERS


async def load_reach(session: AsyncSession, services: Services, vote: Vote) -> Reach:
    """The figures for whoever runs the vote; nobody in particular is in them."""
    rows = await list_reaches(session, vote.compound_id, vote.vote_number)
    told = [row.person_id for row in rows if row.told_at is not None]
    return Reach(
        told=len(told),
        sent=len(await _sent_to(session, services, vote, told)),
        confirmed=sum(row.confirmed_at is not None for row in rows),
        waited_for=len(await list_persons_waited_for(session, vote.compound_id, vote.vote_number)),
    )

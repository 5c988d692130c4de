"""Units that change hands while a vote is held (voting.md section 2): the frozen roll, N and A stay as they are.

A ballot of the seller that is there stands. Who owns a unit no more casts none for it; where none is there, whoever
bought it votes in its place. A unit that ended with nobody owning it (merged, split) was not sold. Where the one whom
the co-owners named has sold their share, nobody else of the frozen roll may vote: whoever owns the unit now does.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from storage.queries.bindings import list_persons_bound_to
from storage.queries.titles import list_titles_ever
from storage.queries.vote_reach import list_owners_of_keys
from storage.queries.voters import find_ballot, list_slots
from storage.queries.votes import list_vote_units, list_vote_units_coded
from storage.states import BallotChannel
from storage.tables import Vote, VoteUnit


async def list_owned_by_others(session: AsyncSession, vote: Vote, unit_codes: Collection[str]) -> set[str]:
    """Those of the units of somebody who has no title to them now that have an owner all the same."""
    if not unit_codes:
        return set()
    titles = await list_titles_ever(session, vote.compound_id, unit_codes)
    return {title.unit_code for title in titles if title.ended_at is None}


async def list_sold(session: AsyncSession, vote: Vote, owner_keys: Collection[str]) -> dict[str, datetime]:
    """Units of keys that none of their owners has now, but somebody else, with when the last of them ceased to."""
    if not owner_keys:
        return {}
    units = await list_vote_units(session, vote.compound_id, vote.vote_number, owner_keys)
    return await _sold(session, vote, units)


async def list_gone(session: AsyncSession, vote: Vote, owner_key: str, by: datetime) -> set[int]:
    """Owners behind a key who had no title to any of its units any more by then, while somebody has: who sold a share
    signs no paper alone."""
    units = await list_vote_units(session, vote.compound_id, vote.vote_number, [owner_key])
    titles = await list_titles_ever(session, vote.compound_id, {unit.unit_code for unit in units})
    stand = {title.owner_number for title in titles if title.ended_at is None or title.ended_at > by}
    return {title.owner_number for title in titles} - stand if stand else set()


async def list_bought_together(
    session: AsyncSession, vote: Vote, owner_key: str, by: datetime
) -> frozenset[str]:
    """Units of a key that were sold by then to the same people; none when to others each, as no paper tells."""
    sold = {code for code, at in (await list_sold(session, vote, [owner_key])).items() if at <= by}
    buyers: dict[str, set[int]] = {}
    for title in await list_titles_ever(session, vote.compound_id, sold):
        if title.ended_at is None:
            buyers.setdefault(title.unit_code, set()).add(title.owner_number)
    return frozenset(sold) if len({frozenset(each) for each in buyers.values()}) == 1 else frozenset()


async def list_bought(
    session: AsyncSession, vote: Vote, owner_number: int, unit_codes: Collection[str]
) -> list[VoteUnit]:
    """Those of the units which an owner has now that were somebody else's when the roll was frozen.

    Also those whose representative sold their share, for all who own them now. Where the present co-owners named
    somebody, for that one only.
    """
    if not unit_codes:
        return []
    units = await list_vote_units_coded(session, vote.compound_id, vote.vote_number, unit_codes)
    sold = {*await _sold(session, vote, units), *await list_unspoken_for(session, vote, units)}
    named: dict[str, int] = {}
    for title in await list_titles_ever(session, vote.compound_id, sold):
        if title.ended_at is None and title.representative:
            named[title.unit_code] = title.owner_number
    mine = [
        unit
        for unit in units
        if unit.unit_code in sold and named.get(unit.unit_code, owner_number) == owner_number
    ]
    return sorted(mine, key=lambda unit: unit.position)


async def find_earlier(session: AsyncSession, vote: Vote, unit_code: str) -> frozenset[str] | None:
    """What stands in the slot of a bought unit: nothing, or the number of a ballot of its present owners.

    None when it is somebody else's place: the seller voted, by whatever channel, and that stands.
    """
    key = (vote.compound_id, vote.vote_number)
    slot = (await list_slots(session, *key, [unit_code])).get(unit_code)
    if slot is None or not (slot.ballot_id or slot.contested):
        return frozenset()
    ballot = None if slot.contested else await find_ballot(session, *key, slot.ballot_id)
    if ballot is None or ballot.channel is not BallotChannel.ONLINE or ballot.voter is not None:
        return None
    owners = await list_persons_bound_to(session, vote.compound_id, [unit_code])
    return frozenset([ballot.ballot_id]) if ballot.person_id in owners else None


async def list_unspoken_for(session: AsyncSession, vote: Vote, units: Sequence[VoteUnit]) -> set[str]:
    """Units whose representative of the frozen roll has no title to them any more, while somebody has."""
    named = {unit.unit_code: unit.representative for unit in units if unit.representative is not None}
    if not named:
        return set()
    owners = await list_owners_of_keys(session, vote.compound_id, vote.vote_number, set(named.values()))
    stand: set[str] = set()
    left: set[str] = set()
    owned: set[str] = set()
    for title in await list_titles_ever(session, vote.compound_id, named):
        code, is_named = title.unit_code, title.owner_number in owners.get(named[title.unit_code], ())
        if title.ended_at is None:
            owned.add(code)
        if is_named:
            (stand if title.ended_at is None else left).add(code)
    return (left & owned) - stand


async def _sold(session: AsyncSession, vote: Vote, units: Sequence[VoteUnit]) -> dict[str, datetime]:
    if not units:
        return {}
    keys = {unit.owner_key for unit in units}
    owners = await list_owners_of_keys(session, vote.compound_id, vote.vote_number, keys)
    of_unit = {unit.unit_code: owners.get(unit.owner_key, set()) for unit in units}
    stand: set[str] = set()
    ended: dict[str, datetime] = {}
    others: set[str] = set()
    for title in await list_titles_ever(session, vote.compound_id, of_unit):
        code = title.unit_code
        if title.owner_number not in of_unit[code]:
            if title.ended_at is None:
                others.add(code)
        elif title.ended_at is None:
            stand.add(code)
        else:
            ended[code] = max(ended.get(code, title.ended_at), title.ended_at)
    return {code: at for code, at in ended.items() if code in others and code not in stand}

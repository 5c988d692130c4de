"""Use case: a resident answers a poll; until its end they may think again."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.access import NotFound
from handlers.people.forgotten import was_forgotten_since
from handlers.polls.rules import Code, Refused, building_of, is_asked, is_open, ticks
from storage.queries.polls import find_poll, list_homes_in, lock_poll, put_answer
from storage.queries.tree import find_compound
from storage.sealing import Sealer
from storage.tables import Compound, Poll


async def access_poll(
    session: AsyncSession, person_id: int, code: str, number: int
) -> tuple[Compound, Poll, bool]:
    """A poll of a compound where somebody lives or owns, and whether they are asked; raises NotFound for others."""
    compound = await find_compound(session, code)
    if compound is None or compound.compound_id is None:
        raise NotFound
    homes = await list_homes_in(session, person_id)
    if compound.compound_id not in homes:
        raise NotFound
    poll = await find_poll(session, compound.compound_id, number)
    if poll is None:
        raise NotFound
    return compound, poll, is_asked(poll.places, building_of(homes[compound.compound_id]))


async def answer_poll(
    session: AsyncSession,
    sealer: Sealer,
    compound_id: int,
    number: int,
    person_id: int,
    ticked: Sequence[int],
    now: datetime,
) -> Poll:
    """Keep what somebody ticked (places of options from 0), in the place of an earlier answer; raises Refused.

    One answer a person, whatever they answer it on. Again with the same ticks, it changes nothing. Who was forgotten
    since it began has none left: what they answered before is nobody's, and stands.
    """
    poll = await lock_poll(session, compound_id, number, shared=True)
    if poll is None or not is_open(poll.opens_at, poll.closes_at, poll.ended_at, now):
        raise Refused(Code.OVER)
    homes = await list_homes_in(session, person_id)
    building = building_of(homes.get(compound_id))
    if compound_id not in homes or not is_asked(poll.places, building):
        raise Refused(Code.NOT_ASKED)
    if await was_forgotten_since(session, sealer, person_id, poll.opens_at):
        raise Refused(Code.FORGOTTEN)
    chosen = ticks(len(poll.options), poll.choose, ticked)
    await put_answer(session, compound_id, number, person_id, chosen, building, now)
    return poll

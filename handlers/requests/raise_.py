"""Use cases for whoever keeps matters: 下单 for a confirmed one, taking the request back, opening it again."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.requests.carry_out import Carried, carry_out, write_down
from handlers.requests.commands import OPEN, Cancel, Change, Dispatch, Refused, Reopen, Revive, Why
from handlers.requests.dispatching import assignment_of
from handlers.requests.record import facts_of, values_of
from handlers.requests.rules import absorbed, apply, may_reopen, raised
from storage.queries.requests import add_request, find_request, lock_request, put_request
from storage.tables import Compound, Matter


async def raise_request(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    matter: Matter,
    now: datetime,
    *,
    actor_id: int | None = None,
) -> bool:
    """Raise the request of a confirmed matter, and dispatch it at once when a rule says so.

    The matter's row has been written, and its voices counted: nothing is raised for one that nobody stands behind. A
    matter has one request: doing it again changes nothing, but for one that was cancelled, which begins anew. Returns
    whether something was raised. actor_id: who confirmed the matter.
    """
    assert compound.compound_id is not None
    if not matter.households + matter.speakers:
        return False
    moments = services.deadlines.moments(matter.leaf, matter.urgency, None, now)
    change = raised(now, moments)
    row = values_of(change.facts) | {"compound_id": compound.compound_id, "number": matter.number}
    if not await add_request(session, row):
        request = await lock_request(session, compound.compound_id, matter.number)
        assert request is not None
        revived = apply(facts_of(request), Revive(), now, moments)
        if isinstance(revived, Refused):
            return False
        change = revived
    assigned = await assignment_of(session, services, compound, matter)
    if assigned.auto:
        dispatched = apply(change.facts, Dispatch(assigned.party, by_rule=True), now, moments)
        assert isinstance(dispatched, Change)
        # Whoever waited for it is told how far it is, once, and nobody need dispatch it.
        change = Change(dispatched.facts, (*change.entries, *dispatched.entries), dispatched.tells)
    await write_down(session, services, compound, matter, change, now, key=None, actor_id=actor_id)
    return True


async def cancel_request(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    matter: Matter,
    why: Why,
    now: datetime,
    *,
    actor_id: int | None = None,
    into: int | None = None,
) -> bool:
    """Take back the request of a matter; returns whether there was one that could be. Doing it again changes nothing.

    into: with Why.MERGED the number of the other matter. Reporters are those who stand behind `matter` when it is
    called: move their opinions afterwards.
    """
    assert compound.compound_id is not None
    if await find_request(session, compound.compound_id, matter.number) is None:
        return False
    carried = await carry_out(
        session, services, compound, matter, Cancel(why, into), now, key=None, actor_id=actor_id
    )
    return carried.refused is None


async def reopen_request(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    matter: Matter,
    now: datetime,
    *,
    key: str | None,
    actor_id: int | None = None,
    words: str = "",
) -> Carried | None:
    """A voice says that it is still not solved. None when the matter has no request.

    key: names what was said (`inbox:ID`), so that it reopens once; None for what staff decided. `refused` in the
    answer says why it was not reopened: not done yet, more than 30 days ago, or as often as the ladder has steps.
    """
    assert compound.compound_id is not None
    if await find_request(session, compound.compound_id, matter.number) is None:
        return None
    return await carry_out(
        session, services, compound, matter, Reopen(words), now, key=key, actor_id=actor_id
    )


async def absorb_request(session: AsyncSession, matter: Matter, gone: Matter) -> None:
    """Let the request of a matter go on for that of another, which has just been cancelled for it."""
    request = await lock_request(session, matter.compound_id, matter.number)
    other = await find_request(session, gone.compound_id, gone.number)
    if request is not None and other is not None:
        facts = absorbed(facts_of(request), facts_of(other))
        await put_request(session, matter.compound_id, matter.number, values_of(facts))


async def is_over(session: AsyncSession, matter: Matter, now: datetime) -> bool:
    """Whether the request of a matter has ended for good, so that nothing that is said of it now would open it."""
    request = await find_request(session, matter.compound_id, matter.number)
    if request is None:
        return False
    return request.state not in OPEN and not may_reopen(facts_of(request), now)

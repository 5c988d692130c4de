"""Use case: one command on one request. State, timeline, audit row and what people are told stand or fall together.

The request's row is locked first: of two replicas with a command each, the second decides on what the first left, and
finds its own entry when it comes again.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.requests.commands import Change, Command, Facts, Rate, Refused
from handlers.requests.record import facts_of, values_of
from handlers.requests.rules import apply
from handlers.requests.tell import tell_all
from storage.audit import add_audit_event
from storage.queries.requests import (
    add_events,
    find_event_of,
    list_ratings,
    lock_request,
    put_rating,
    put_request,
)
from storage.tables import Compound, Matter


@dataclass(frozen=True, slots=True)
class Carried:
    """What came of a command: the request as it is now, and why nothing changed, if nothing did.

    again: this very command was carried out before, and did nothing now.
    """

    facts: Facts
    refused: Refused | None = None
    again: bool = False


async def carry_out(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    matter: Matter,
    command: Command,
    now: datetime,
    *,
    key: str | None,
    actor_id: int | None = None,
    heard_in: int | None = None,
) -> Carried:
    """Carry out a command in the caller's transaction; rights have been checked. LookupError without a request.

    key: names the command; with the same key it acts once in a compound. None for one that follows from the state of
    a matter whose compound the caller holds, and does nothing the second time by itself. actor_id: who acts, None for
    the clock and for rules. heard_in: the group (group_id) that reads the answer anyway.
    """
    assert compound.compound_id is not None
    request = await lock_request(session, compound.compound_id, matter.number)
    if request is None:
        raise LookupError(f"matter {matter.number} has no request")
    before = facts_of(request)
    if key is not None and await find_event_of(session, compound.compound_id, key) is not None:
        return Carried(before, again=True)
    if isinstance(command, Rate):
        assert actor_id is not None
        given = await list_ratings(session, compound.compound_id, matter.number, before.round)
        given.pop(actor_id, None)
        command = Rate(command.rating, tuple(given.values()), command.comment)
    moments = services.deadlines.moments(matter.leaf, matter.urgency, before, now)
    change = apply(before, command, now, moments)
    if isinstance(change, Refused):
        return Carried(before, change)
    if isinstance(command, Rate):
        await put_rating(
            session,
            {
                "compound_id": compound.compound_id,
                "number": matter.number,
                "round": before.round,
                "person_id": actor_id,
                "rating": command.rating,
                "comment": command.comment or None,
                "rated_at": now,
            },
        )
    await write_down(
        session, services, compound, matter, change, now, key=key, actor_id=actor_id, heard_in=heard_in
    )
    return Carried(change.facts)


async def write_down(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    matter: Matter,
    change: Change,
    now: datetime,
    *,
    key: str | None,
    actor_id: int | None,
    heard_in: int | None = None,
) -> None:
    """Keep a change of a request whose row the caller has locked or just added, and tell whom it tells."""
    assert compound.compound_id is not None
    await put_request(session, compound.compound_id, matter.number, values_of(change.facts))
    rows = [
        {
            "verb": entry.verb,
            "at": now,
            "actor_id": actor_id,
            "public": entry.public,
            "text": entry.words,
            "details": entry.details,
            "command_key": key if place == 0 else None,
        }
        for place, entry in enumerate(change.entries)
    ]
    seq = await add_events(session, compound.compound_id, matter.number, rows)
    for entry in change.entries:
        add_audit_event(
            session,
            at=now,
            verb=entry.verb,
            compound_id=compound.compound_id,
            actor_id=actor_id,
            subject=f"request:{matter.number}",
            details=entry.details,
        )
    await tell_all(
        session,
        services,
        compound,
        matter,
        change,
        now,
        seq=seq,
        actor_id=actor_id,
        heard_in=heard_in,
    )

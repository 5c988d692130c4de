"""Use case: what one operator enters about who may act for an owner, and another confirms.

A representative of co-owners, by a letter that all of them signed; a proxy for one assembly, by a written mandate; the
end of a binding, also of one that is not the owner's, and the return of a contested one. Nothing holds, and
nothing is told, before the second has said so.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.identity.carried_out import carry_out_registration, may_be_decided, take_back
from handlers.identity.concerned import is_concerned
from handlers.identity.errors import Code, IdentityError
from handlers.identity.mandates import proxy_of
from handlers.identity.rules import LETTER, read_document, read_phone
from handlers.people.same import is_one_human
from handlers.roll.documents import is_identity_number
from handlers.roll.import_roll import LOCK
from storage.audit import add_audit_event
from storage.queries.bindings import (
    find_binding,
    find_owner,
    find_registration,
    list_owners_of_unit,
    list_registrations,
)
from storage.queries.opinions import lock_counter, next_number
from storage.queries.vote_log import share_vote
from storage.states import BindingState, RegistrationKind, RegistrationState, VoteState
from storage.tables import Compound, OwnerRegistration

NUMBERS = "owner_registrations"
_DOCUMENT = re.compile(r"[^\s\x00-\x1f]{5,30}")
_LIKE_IDENTITY = re.compile(r"[0-9]{17}[0-9X]")
_TAKES_PROXIES = (VoteState.NOTICED, VoteState.OPEN, VoteState.CLOSED)  # papers are keyed in after the close
_STANDING = (RegistrationState.ENTERED, RegistrationState.CONFIRMED)
_OF_BINDING = (RegistrationKind.REVOCATION, RegistrationKind.RESTORATION, RegistrationKind.DISOWNING)


@dataclass(frozen=True, slots=True)
class Proxy:
    """Who holds an owner's mandate. document: its number, by which all that they hold is known as theirs; it is not
    kept. person_id: their identity here, when they are to vote on their phone."""

    name: str
    phone: str
    document: str
    person_id: int | None = None


async def enter_representative(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    unit_code: str,
    owner_number: int,
    letter: str,
    now: datetime,
    *,
    actor_id: int,
) -> OwnerRegistration:
    """Enter who of several co-owners votes for a unit. Raises IdentityError."""
    compound_id = await _lock(session, compound)
    owners = [
        owner.owner_number for _title, owner in await list_owners_of_unit(session, compound_id, unit_code)
    ]
    if not owners:
        raise IdentityError(Code.UNKNOWN_UNIT)
    if len(owners) == 1:
        raise IdentityError(Code.NOT_CO_OWNED)
    if owner_number not in owners:
        raise IdentityError(Code.UNKNOWN_OWNER)
    wanted = OwnerRegistration(
        compound_id=compound_id,
        number=0,
        kind=RegistrationKind.REPRESENTATIVE,
        owner_number=owner_number,
        unit_code=unit_code,
        letter=letter,
        entered_by=actor_id,
        entered_at=now,
    )
    return await _enter(session, services, wanted)


async def enter_proxy(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    vote_number: int,
    owner_number: int,
    proxy: Proxy,
    letter: str,
    now: datetime,
    *,
    actor_id: int,
) -> OwnerRegistration:
    """Enter an owner's written mandate for one vote. Raises IdentityError.

    How many mandates one may hold is judged with the ballots (handlers/voting/judge.py).
    """
    compound_id = await _lock(session, compound)
    if await find_owner(session, compound_id, owner_number) is None:
        raise IdentityError(Code.UNKNOWN_OWNER)
    if not proxy.name.strip() or not read_phone(proxy.phone):
        raise IdentityError(Code.NO_HOLDER)
    document = read_document(proxy.document)
    if not _DOCUMENT.fullmatch(document) or (
        _LIKE_IDENTITY.fullmatch(document) and not is_identity_number(document)
    ):
        raise IdentityError(Code.ODD_DOCUMENT)
    vote = await share_vote(session, compound_id, vote_number)
    if vote is None:
        raise IdentityError(Code.UNKNOWN_VOTE)
    if vote.state not in _TAKES_PROXIES:
        raise IdentityError(Code.TOO_LATE)
    standing = await list_registrations(
        session, compound_id, _STANDING, kind=RegistrationKind.PROXY, vote_number=vote_number
    )
    held = await proxy_of(
        session, services, compound, vote, proxy.name, proxy.phone, document, proxy.person_id, standing
    )
    same = [each for each in standing if each.owner_number == owner_number]
    if any(each.mark != held.mark for each in same):
        raise IdentityError(Code.HAS_PROXY)
    if same:
        return same[0]
    wanted = OwnerRegistration(
        compound_id=compound_id,
        number=0,
        kind=RegistrationKind.PROXY,
        owner_number=owner_number,
        vote_number=vote_number,
        holder_id=proxy.person_id,
        holder_sealed=held.sealed,
        mark=held.mark,
        letter=letter,
        entered_by=actor_id,
        entered_at=now,
    )
    return await _enter(session, services, wanted)


async def enter_about_binding(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    kind: RegistrationKind,
    binding_number: int,
    letter: str,
    now: datetime,
    *,
    actor_id: int,
) -> OwnerRegistration:
    """Enter that a binding is to end, that a contested one is right, or that one is not the owner's: an owner who is
    bound to nothing can say so at the counter only. letter: why. Raises IdentityError.
    """
    assert kind in _OF_BINDING
    compound_id = await _lock(session, compound)
    binding = await find_binding(session, compound_id, binding_number)
    if binding is None:
        raise IdentityError(Code.UNKNOWN_BINDING)
    if not may_be_decided(kind, binding):
        raise IdentityError(Code.ENDED)
    if kind is RegistrationKind.RESTORATION and binding.state is not BindingState.CONTESTED:
        raise IdentityError(Code.DECIDED)
    wanted = OwnerRegistration(
        compound_id=compound_id,
        number=0,
        kind=kind,
        owner_number=binding.owner_number,
        binding_number=binding_number,
        letter=letter,
        entered_by=actor_id,
        entered_at=now,
    )
    return await _enter(session, services, wanted)


async def confirm_registration(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    number: int,
    now: datetime,
    *,
    actor_id: int,
) -> OwnerRegistration:
    """Confirm what another operator entered; it holds from now. Again, it changes nothing. Raises IdentityError."""
    compound_id = await _lock(session, compound)
    registration = await find_registration(session, compound_id, number)
    if registration is None:
        raise IdentityError(Code.UNKNOWN_REGISTRATION)
    if registration.state is RegistrationState.CONFIRMED and registration.confirmed_by == actor_id:
        return registration
    if registration.state is not RegistrationState.ENTERED:
        raise IdentityError(Code.DECIDED)
    if registration.entered_by == actor_id:
        raise IdentityError(Code.SAME_TWICE)
    if await is_concerned(session, services.sealer, registration, actor_id):
        raise IdentityError(Code.ABOUT_YOURSELF)
    if await is_one_human(session, services.sealer, actor_id, registration.entered_by):
        raise IdentityError(Code.ONE_HUMAN)
    registration.state = RegistrationState.CONFIRMED
    registration.confirmed_by, registration.confirmed_at = actor_id, now
    session.add(registration)
    _audit(session, registration, "registration.confirmed", now, actor_id)
    await session.flush()
    await carry_out_registration(session, services, compound, registration, now, actor_id)
    return registration


async def end_registration(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    number: int,
    now: datetime,
    *,
    actor_id: int,
) -> OwnerRegistration:
    """Take back what was entered, or end a proxy or a representative; one is enough. Raises IdentityError.

    What was carried out about a binding does not come back so: that is entered anew.
    """
    compound_id = await _lock(session, compound)
    registration = await find_registration(session, compound_id, number)
    if registration is None:
        raise IdentityError(Code.UNKNOWN_REGISTRATION)
    if registration.state is RegistrationState.ENDED:
        return registration
    was_confirmed = registration.state is RegistrationState.CONFIRMED
    if was_confirmed and registration.kind in _OF_BINDING:
        raise IdentityError(Code.DECIDED)
    registration.state, registration.ended_at = RegistrationState.ENDED, now
    session.add(registration)
    _audit(session, registration, "registration.ended", now, actor_id)
    await session.flush()
    if was_confirmed:
        await take_back(session, services, compound, registration, now)
    return registration


async def _lock(session: AsyncSession, compound: Compound) -> int:
    assert compound.compound_id is not None
    await lock_counter(session, compound.compound_id, LOCK)
    return compound.compound_id


async def _enter(session: AsyncSession, services: Services, wanted: OwnerRegistration) -> OwnerRegistration:
    """The same again, while it waits to be confirmed, is one registration."""
    wanted.letter = wanted.letter.strip()[:LETTER]
    if not wanted.letter:
        raise IdentityError(Code.NO_LETTER)
    if await is_concerned(session, services.sealer, wanted, wanted.entered_by):
        raise IdentityError(Code.ABOUT_YOURSELF)
    about = ("kind", "owner_number", "unit_code", "binding_number", "vote_number")
    for other in await list_registrations(session, wanted.compound_id, [RegistrationState.ENTERED]):
        if all(getattr(other, name) == getattr(wanted, name) for name in about):
            return other
    wanted.number = await next_number(session, wanted.compound_id, NUMBERS)
    session.add(wanted)
    _audit(session, wanted, "registration.entered", wanted.entered_at, wanted.entered_by)
    await session.flush()
    return wanted


def _audit(
    session: AsyncSession, registration: OwnerRegistration, verb: str, now: datetime, actor_id: int
) -> None:
    add_audit_event(
        session,
        at=now,
        verb=verb,
        subject=f"registration:{registration.number}",
        compound_id=registration.compound_id,
        actor_id=actor_id,
        details={
            "kind": registration.kind.value,
            "owner": registration.owner_number,
            "unit": registration.unit_code,
            "binding": registration.binding_number,
            "vote": registration.vote_number,
            "mark": registration.mark,
        },
    )

"""What follows when the second operator has confirmed a registration, and when it is taken back."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.identity.announce import Told, announce
from handlers.identity.bind import audit_binding
from handlers.identity.errors import Code, IdentityError
from handlers.voting.contested import contest_ballots
from handlers.voting.log import write_leaf
from handlers.voting.signing import to_the_millisecond
from storage.queries.bindings import find_binding, list_owners_of_unit
from storage.queries.vote_log import lock_vote
from storage.states import BindingState, RegistrationKind
from storage.tables import Compound, OwnerBinding, OwnerRegistration


async def carry_out_registration(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    registration: OwnerRegistration,
    now: datetime,
    actor_id: int,
) -> None:
    """Let a confirmed registration hold, and tell the owner's identities. Raises IdentityError."""
    also: list[int] = []
    if registration.kind is RegistrationKind.REPRESENTATIVE:
        told = Told.REPRESENTATIVE
        await _set_representative(session, registration)
    elif registration.kind is RegistrationKind.PROXY:
        told = Told.PROXY
        also = [registration.holder_id] if registration.holder_id is not None else []
        operators = sorted(each for each in (registration.entered_by, actor_id))
        await _log_proxy(session, registration, now, {"proxy": registration.mark, "operators": operators})
    else:
        told = await _carry_out_on_binding(session, registration, now, actor_id, also)
    key = f"registration:{registration.number}"
    await announce(session, services, compound, registration.owner_number, key, told, now, also=also)


async def take_back(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    registration: OwnerRegistration,
    now: datetime,
) -> None:
    """Undo a proxy or a representative that held. Ballots that were cast on it stand."""
    if registration.kind is RegistrationKind.REPRESENTATIVE:
        for title, owner in await list_owners_of_unit(
            session, registration.compound_id, registration.unit_code
        ):
            if owner.owner_number == registration.owner_number:
                title.representative = False
                session.add(title)
        told = Told.REPRESENTATIVE_ENDED
    else:
        told = Told.PROXY_ENDED
        await _log_proxy(session, registration, now, {"ended": True})
    key = f"registration:{registration.number}:ended"
    also = [registration.holder_id] if registration.holder_id is not None else []
    await announce(session, services, compound, registration.owner_number, key, told, now, also=also)


async def _set_representative(session: AsyncSession, registration: OwnerRegistration) -> None:
    """The one of the letter, instead of whoever it was. The roll of a vote that was announced stays as it is."""
    owners = await list_owners_of_unit(session, registration.compound_id, registration.unit_code)
    numbers = {owner.owner_number for _title, owner in owners}
    if registration.owner_number not in numbers or len(numbers) == 1:
        raise IdentityError(Code.NOT_CO_OWNED)
    for title, owner in owners:
        title.representative = owner.owner_number == registration.owner_number
        session.add(title)


async def _log_proxy(
    session: AsyncSession, registration: OwnerRegistration, now: datetime, body: dict[str, object]
) -> None:
    """The vote's log learns that there is a mandate and by which mark ballots will name it, not of whom."""
    assert registration.vote_number is not None
    vote = await lock_vote(session, registration.compound_id, registration.vote_number)
    if vote is None:
        raise IdentityError(Code.UNKNOWN_VOTE)
    write_leaf(
        session,
        vote.compound_id,
        vote.vote_number,
        "proxy",
        {"mandate": registration.number, **body},
        to_the_millisecond(now),
    )


def may_be_decided(kind: RegistrationKind, binding: OwnerBinding) -> bool:
    """Whether two may still say this of a binding: one that has ended has only its ballots left."""
    if binding.ended_at is None:
        return True
    return kind is RegistrationKind.DISOWNING and binding.bound_at is not None


async def _carry_out_on_binding(
    session: AsyncSession,
    registration: OwnerRegistration,
    now: datetime,
    actor_id: int,
    also: list[int],
) -> Told:
    assert registration.binding_number is not None
    binding = await find_binding(session, registration.compound_id, registration.binding_number)
    if binding is None or not may_be_decided(registration.kind, binding):
        raise IdentityError(Code.ENDED)
    also.append(binding.person_id)
    first = registration.entered_by
    if registration.kind is RegistrationKind.DISOWNING:
        if binding.ended_at is None:
            binding.state, binding.ended_at = BindingState.REVOKED, now
        binding.contested_at = now
        session.add(binding)
        await session.flush()
        ballots = await contest_ballots(
            session, binding.compound_id, binding.person_id, binding.owner_number, now
        )
        audit_binding(session, binding, "binding.disowned", now, actor_id, first=first, ballots=ballots)
        told = Told.DISOWNED
    elif registration.kind is RegistrationKind.REVOCATION:
        binding.state, binding.ended_at = BindingState.REVOKED, now
        audit_binding(session, binding, "binding.revoked", now, actor_id, first=first)
        told = Told.REVOKED
    else:
        if binding.state is not BindingState.CONTESTED:
            raise IdentityError(Code.DECIDED)
        # One that was contested before it was bound still waits for two operators.
        binding.state = BindingState.BOUND if binding.bound_at is not None else BindingState.PENDING
        audit_binding(session, binding, "binding.restored", now, actor_id, first=first)
        told = Told.RESTORED
    session.add(binding)
    await session.flush()
    return told

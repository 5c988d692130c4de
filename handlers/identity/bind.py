"""Use case: somebody proves to be an owner of the roll. Two factors: a code of the unit, and what only the owner knows.

Whatever is wrong gets one answer, after the same look-ups, so that nobody learns which half was right. Wrong answers
are counted in rows that all replicas see, under the lock under which the roll changes, and stand in the audit log.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hmac import compare_digest

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.identity.announce import Told, announce
from handlers.identity.codes import code_lookup
from handlers.identity.rules import (
    WRONG_KEPT,
    capacity_fits,
    read_code,
    read_name,
    read_tail,
    too_often,
)
from handlers.identity.words import owner_name
from handlers.roll.import_roll import LOCK
from handlers.roll.sealed import DOCUMENT_TAIL
from storage.audit import add_audit_event
from storage.queries.bindings import (
    count_attempts,
    find_unit_code,
    list_owners_of_unit,
    list_standing_bindings,
)
from storage.queries.opinions import lock_counter, next_number
from storage.sealing import Sealer
from storage.states import BindingState, Capacity
from storage.tables import BindingAttempt, Compound, OwnerBinding, RollOwner, UnitCode

NUMBERS = "owner_bindings"
DOCUMENT, IN_PERSON = "document", "in_person"
_LONGEST_UNIT = 60


class Said(StrEnum):
    """What came of it; stable, for pages."""

    BOUND = "bound"
    ASKED = "asked"  # two operators look at the papers next
    ALREADY = "already"
    WRONG = "wrong"
    TOO_OFTEN = "too_often"
    NEEDS_GUARDIAN = "needs_guardian"
    NEEDS_LETTER = "needs_letter"
    CONTESTED = "contested"


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody says they are. As typed, but for the unit.

    tail: the end of the document, of who is the owner; without it two operators look at the papers, and `name` says
    which owner it is about.
    """

    unit_code: str
    code: str
    tail: str = ""
    name: str = ""
    capacity: Capacity = Capacity.OWNER


async def claim_owner(
    session: AsyncSession, services: Services, compound: Compound, person_id: int, claim: Claim, now: datetime
) -> Said:
    """Bind a signed-in resident to an owner, or ask two operators to, in the caller's transaction.

    It must commit whatever is answered: what was wrong is counted.
    """
    compound_id = compound.compound_id
    assert compound_id is not None
    sealer, unit_code = services.sealer, claim.unit_code[:_LONGEST_UNIT]
    await lock_counter(session, compound_id, LOCK)
    wrong = await count_attempts(session, compound_id, person_id, unit_code, now - WRONG_KEPT)
    code = await find_unit_code(session, compound_id, code_lookup(sealer, read_code(claim.code)))
    owners = [owner for _title, owner in await list_owners_of_unit(session, compound_id, unit_code)]
    owner = _by_tail(sealer, owners, claim.tail) if claim.tail else _by_name(sealer, owners, claim.name)
    if too_often(*wrong):
        return Said.TOO_OFTEN
    if owner is None or code is None or not _is_good(code, unit_code, person_id, now):
        _note_wrong(session, compound_id, person_id, unit_code, now)
        return Said.WRONG
    standing = await list_standing_bindings(
        session, compound_id, person_id=person_id, owner_numbers=[owner.owner_number]
    )
    if standing and standing[0].state is BindingState.CONTESTED:
        return Said.CONTESTED
    if standing and (standing[0].state is BindingState.BOUND or not claim.tail):
        return Said.ALREADY
    if code.used_at is not None and not standing:  # theirs, of a binding that has ended
        _note_wrong(session, compound_id, person_id, unit_code, now)
        return Said.WRONG
    if not capacity_fits(claim.capacity, owner.kind, minor=owner.minor):
        return Said.NEEDS_GUARDIAN if owner.minor else Said.NEEDS_LETTER
    if claim.tail and claim.capacity is not Capacity.OWNER:
        return Said.NEEDS_LETTER
    code.used_at, code.used_by = now, person_id
    session.add(code)
    binding = standing[0] if standing else await _new(session, compound_id, owner, person_id, code, now)
    binding.capacity = claim.capacity
    if claim.tail:
        binding.state, binding.knowledge, binding.bound_at = BindingState.BOUND, DOCUMENT, now
    session.add(binding)
    is_bound = binding.state is BindingState.BOUND
    audit_binding(session, binding, "binding.bound" if is_bound else "binding.asked", now, person_id)
    await session.flush()
    await announce(
        session,
        services,
        compound,
        owner.owner_number,
        f"{binding.binding_number}:{'bound' if is_bound else 'asked'}",
        Told.OWNER if is_bound else Told.ASKED,
        now,
        also=[person_id],
    )
    return Said.BOUND if is_bound else Said.ASKED


def audit_binding(
    session: AsyncSession,
    binding: OwnerBinding,
    verb: str,
    now: datetime,
    actor_id: int | None,
    **details: object,
) -> None:
    """An audit row about a binding: who, to which owner, by which proof."""
    add_audit_event(
        session,
        at=now,
        verb=verb,
        subject=f"binding:{binding.binding_number}",
        compound_id=binding.compound_id,
        actor_id=actor_id,
        details={
            "owner": binding.owner_number,
            "person": binding.person_id,
            "capacity": binding.capacity.value,
            "possession": binding.possession,
            "knowledge": binding.knowledge,
            **details,
        },
    )


def _by_tail(sealer: Sealer, owners: list[RollOwner], typed: str) -> RollOwner | None:
    """The owner whose document ends so. Every owner is compared, whichever fits."""
    tail = sealer.lookup(read_tail(typed).encode(), DOCUMENT_TAIL)
    fitting = [owner for owner in owners if compare_digest(owner.document_tail or b"", tail)]
    return fitting[0] if fitting else None


def _by_name(sealer: Sealer, owners: list[RollOwner], typed: str) -> RollOwner | None:
    """The owner of that name; what is typed by somebody who brings the papers."""
    wanted = read_name(typed)
    fitting = [owner for owner in owners if read_name(owner_name(sealer, owner)) == wanted]
    return fitting[0] if wanted and fitting else None


def _is_good(code: UnitCode, unit_code: str, person_id: int, now: datetime) -> bool:
    """Whether a code proves something: unused, or used by the same person before, who may have tapped twice."""
    return (
        code.unit_code == unit_code
        and code.used_by in (None, person_id)
        and code.voided_at is None
        and now <= code.expires_at
    )


def _note_wrong(
    session: AsyncSession, compound_id: int, person_id: int, unit_code: str, now: datetime
) -> None:
    """Count a wrong answer against whoever gave it and the unit it was about."""
    session.add(
        BindingAttempt(
            compound_id=compound_id,
            attempt_id=secrets.token_hex(16),
            person_id=person_id,
            unit_code=unit_code,
            at=now,
        )
    )
    add_audit_event(
        session,
        at=now,
        verb="binding.refused",
        subject=f"person:{person_id}",
        compound_id=compound_id,
        actor_id=person_id,
        details={"unit": unit_code},
    )


async def _new(
    session: AsyncSession, compound_id: int, owner: RollOwner, person_id: int, code: UnitCode, now: datetime
) -> OwnerBinding:
    return OwnerBinding(
        compound_id=compound_id,
        binding_number=await next_number(session, compound_id, NUMBERS),
        owner_number=owner.owner_number,
        person_id=person_id,
        state=BindingState.PENDING,
        unit_code=code.unit_code,
        possession="code",
        possession_at=now,
    )

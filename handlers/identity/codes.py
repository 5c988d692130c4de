"""Use case: hand out one-time codes for units. Shown once, on a slip of paper; only a keyed hash is kept."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.identity.errors import Code, IdentityError
from handlers.identity.rules import CODE_LIFE, make_code, show_code
from handlers.identity.words import unit_name
from handlers.roll.duties import has_seen_documents
from handlers.roll.import_roll import LOCK
from storage.audit import add_audit_event
from storage.queries.bindings import void_unit_codes
from storage.queries.opinions import lock_counter
from storage.queries.roll import list_roll_units
from storage.sealing import Sealer
from storage.tables import UnitCode

CODE_CONTEXT = "unit_codes.code"


@dataclass(frozen=True, slots=True)
class Slip:
    """What is printed for a unit. code: in its groups; it is nowhere else."""

    unit_code: str
    unit: str
    code: str
    expires_at: datetime


async def issue_codes(
    session: AsyncSession,
    sealer: Sealer,
    compound_id: int,
    unit_codes: Collection[str],
    now: datetime,
    *,
    actor_id: int,
) -> list[Slip]:
    """A new code for each unit; those that were out for them and unused count no more. Raises IdentityError.

    Not by whoever has seen the documents in a sheet of the roll: code and document together bind an owner.
    Audited with how many and a hash of which, so that one may ask who had codes printed.
    """
    await lock_counter(session, compound_id, LOCK)
    if await has_seen_documents(session, sealer, compound_id, actor_id):
        raise IdentityError(Code.SAW_DOCUMENTS)
    units = {unit.unit_code: unit for unit in await list_roll_units(session, compound_id)}
    if not unit_codes or not set(unit_codes) <= units.keys():
        raise IdentityError(Code.UNKNOWN_UNIT)
    await void_unit_codes(session, compound_id, unit_codes, now)
    slips = []
    for unit_code in dict.fromkeys(unit_codes):
        code, expires_at = make_code(), now + CODE_LIFE
        session.add(
            UnitCode(
                compound_id=compound_id,
                code_lookup=code_lookup(sealer, code),
                unit_code=unit_code,
                issued_at=now,
                issued_by=actor_id,
                expires_at=expires_at,
            )
        )
        slips.append(Slip(unit_code, unit_name(units[unit_code]), show_code(code), expires_at))
    only = unit_codes if len(slips) == 1 else ()
    add_audit_event(
        session,
        at=now,
        verb="unit_code.issued",
        subject=f"unit:{next(iter(only))}" if only else f"units:{len(slips)}",
        compound_id=compound_id,
        actor_id=actor_id,
        details={
            "units": len(slips),
            "which": hashlib.sha256("\n".join(sorted(unit_codes)).encode()).hexdigest(),
        },
    )
    await session.flush()
    return slips


def code_lookup(sealer: Sealer, code: str) -> bytes:
    """The keyed hash by which a code is found."""
    return sealer.lookup(code.encode(), CODE_CONTEXT)

"""Use case: a code sent to the phone that the roll has of an owner, instead of the one on paper.

Who can send messages to phones is a port: without one, nothing offers this. Nothing is sent inside a transaction.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.identity.bind import note_wrong
from handlers.identity.codes import code_lookup
from handlers.identity.rules import (
    PHONE_CODE_LIFE,
    PHONE_CODES,
    WRONG_KEPT,
    make_code,
    read_phone,
    show_code,
    too_often,
)
from handlers.roll.import_roll import LOCK
from handlers.roll.sealed import PHONE, phone_lookup
from storage.audit import add_audit_event
from storage.queries.bindings import count_attempts, count_phone_codes, list_owners_of_unit
from storage.queries.opinions import lock_counter
from storage.sealing import Sealer
from storage.tables import Compound, UnitCode


class PhoneCodes(Protocol):
    """A service that sends a code to a phone."""

    async def send_code(self, phone: str, compound: str, code: str, minutes: int) -> None:
        """Send it; raises OSError when the service did not take it."""


@dataclass(frozen=True, slots=True)
class ToSend:
    """What is to be sent when the transaction has committed."""

    phone: str = field(repr=False)
    code: str = field(repr=False)


async def prepare_phone_code(
    session: AsyncSession,
    sealer: Sealer,
    compound: Compound,
    person_id: int,
    unit_code: str,
    phone: str,
    now: datetime,
) -> ToSend | None:
    """A code for the owner of a unit who has this phone in the roll; None when there is none, or too many were asked.

    Whoever asks is told the same either way. phone: as typed; the roll is not shown to anybody who does not know it.
    A phone that the roll does not have counts as a wrong answer.
    """
    compound_id = compound.compound_id
    assert compound_id is not None
    await lock_counter(session, compound_id, LOCK)
    since = now - WRONG_KEPT
    wrong = await count_attempts(session, compound_id, person_id, unit_code, since)
    asked = await count_phone_codes(session, compound_id, unit_code, since)
    owners = [owner for _title, owner in await list_owners_of_unit(session, compound_id, unit_code)]
    lookup = phone_lookup(sealer, read_phone(phone))
    owner = next((each for each in owners if each.phone_lookup == lookup), None)
    if too_often(*wrong) or asked >= PHONE_CODES:
        return None
    if owner is None or owner.phone_sealed is None:
        note_wrong(session, compound_id, person_id, unit_code, now)
        return None
    code = make_code()
    session.add(
        UnitCode(
            compound_id=compound_id,
            code_lookup=code_lookup(sealer, code),
            unit_code=unit_code,
            owner_number=owner.owner_number,
            issued_at=now,
            issued_by=person_id,
            expires_at=now + PHONE_CODE_LIFE,
        )
    )
    add_audit_event(
        session,
        at=now,
        verb="phone_code.made",
        subject=f"unit:{unit_code}",
        compound_id=compound_id,
        actor_id=person_id,
        details={"owner": owner.owner_number},
    )
    await session.flush()
    return ToSend(sealer.open(owner.phone_sealed, PHONE).decode(), show_code(code))

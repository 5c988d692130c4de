"""Use case: record that somebody mediated (调解) in what a request is about, and read it again.

The timeline says that there was a mediation and what came of it. Who the two sides were and what they agreed is sealed,
and only for those who mediate there (Right.MEDIATE).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.local_time import local_date
from handlers.requests.carry_out import Carried, carry_out
from handlers.requests.commands import Mediate
from handlers.texts import say
from storage.queries.requests import find_event_of, list_mediations
from storage.sealing import Sealer
from storage.states import MediationOutcome
from storage.tables import Compound, Matter, Mediation

_CONTEXT = "mediations.sealed"
LONGEST = {"mediators": 80, "parties": 200, "words": 2000}


class MediationFault(StrEnum):
    """Why a record is not taken; stable."""

    MISSING = "mediation.missing"
    DAY = "mediation.day"


class MediationRefused(Exception):  # noqa: N818  an answer, not an error
    """A record is not taken. `fault` says why."""

    def __init__(self, fault: MediationFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Record:
    """mediators: who mediated. parties: the two sides. words: what was said and agreed.

    The last two are "" for whoever may not read them, and when their time is over.
    """

    on: date
    outcome: MediationOutcome
    mediators: str
    parties: str = ""
    words: str = ""


def fault_of(record: Record, raised_on: date, today: date) -> MediationFault | None:
    """What is wrong with a record. A dispute may have been mediated before it was reported, but not a year before."""
    if not (record.mediators and record.parties and record.words):
        return MediationFault.MISSING
    if record.on > today or (raised_on - record.on).days > 365:
        return MediationFault.DAY
    return None


async def record_mediation(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    matter: Matter,
    record: Record,
    now: datetime,
    *,
    key: str,
    actor_id: int,
) -> Carried:
    """Keep a record and its entry in the timeline; with the same key it does so once. Raises MediationRefused, and
    LookupError without a request."""
    assert compound.compound_id is not None
    raised_on, today = (local_date(at) for at in (matter.opened_at, now))
    if (fault := fault_of(record, raised_on, today)) is not None:
        raise MediationRefused(fault)
    carried = await carry_out(
        session, services, compound, matter, Mediate(record.outcome), now, key=key, actor_id=actor_id
    )
    if carried.refused is not None or carried.again:
        return carried
    event = await find_event_of(session, compound.compound_id, key)
    assert event is not None
    body = json.dumps({"parties": record.parties, "words": record.words}, ensure_ascii=False)
    session.add(
        Mediation(
            compound_id=compound.compound_id,
            number=matter.number,
            seq=event.seq,
            mediated_on=record.on,
            outcome=record.outcome,
            mediators=record.mediators,
            sealed=services.sealer.seal(body.encode(), _CONTEXT),
            recorded_by=actor_id,
            recorded_at=now,
        )
    )
    await session.flush()
    return carried


async def records_of(
    session: AsyncSession, sealer: Sealer, compound_id: int, number: int, *, may_read: bool
) -> Mapping[int, Record]:
    """By its place in the timeline each mediation of a request; the two sides only where `may_read`."""
    found = {}
    for row in await list_mediations(session, compound_id, number):
        body = json.loads(sealer.open(row.sealed, _CONTEXT)) if may_read and row.sealed else {}
        found[row.seq] = Record(row.mediated_on, MediationOutcome(row.outcome), row.mediators, **body)
    return found


def outcome_name(outcome: MediationOutcome) -> str:
    """What came of a mediation, in words."""
    match outcome:
        case MediationOutcome.AGREED:
            return say("requests.mediation_agreed")
        case MediationOutcome.NOT_AGREED:
            return say("requests.mediation_not_agreed")
        case MediationOutcome.REFERRED:
            return say("requests.mediation_referred")

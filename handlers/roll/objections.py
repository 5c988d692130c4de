"""Use cases: somebody says that the roll is wrong, and whoever keeps it decides, before a vote freezes it.

A frozen roll does not change any more; what is decided afterwards holds for the next vote.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.roll.columns import AREAS, Field
from handlers.roll.import_roll import LOCK
from handlers.roll.sealed import OBJECTION
from handlers.voting.terms import area_text
from storage.audit import add_audit_event
from storage.queries.opinions import lock_counter, next_number
from storage.queries.roll import find_objection, find_roll_unit, list_objections
from storage.sealing import Sealer
from storage.states import ObjectionState, UnitKind
from storage.tables import RollObjection, RollUnit

LONGEST = 500
_NUMBERS = "roll_objections"


class ObjectionError(Exception):
    """Why it cannot be; `code` is stable.

    roll.unknown_unit, roll.empty_objection, roll.unknown_objection, roll.own_objection, roll.objection_decided,
    roll.empty_answer, roll.area.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Correction:
    """What is put right in a unit when an objection is accepted: areas in millionths, kind.

    Owners are put right in the sheet and imported again: their documents have to be seen.
    """

    areas: Mapping[Field, int] = field(default_factory=dict)
    kind: UnitKind | None = None


async def object_to_roll(
    session: AsyncSession,
    sealer: Sealer,
    compound_id: int,
    unit_code: str,
    text: str,
    now: datetime,
    *,
    person_id: int | None = None,
    entered_by: int | None = None,
) -> int:
    """Keep what somebody says is wrong about a unit; returns its number. Raises ObjectionError.

    person_id: who says it; None when it came on paper, which `entered_by` of the staff writes down. The same words
    again by the same person, while they wait to be decided, are one objection.
    """
    words = text.strip()[:LONGEST]
    if not words:
        raise ObjectionError("roll.empty_objection")
    await lock_counter(session, compound_id, _NUMBERS)
    if await find_roll_unit(session, compound_id, unit_code) is None:
        raise ObjectionError("roll.unknown_unit")
    for other in await list_objections(session, compound_id, ObjectionState.OPEN):
        if (other.person_id, other.unit_code) == (person_id, unit_code) and words_of(sealer, other) == words:
            return other.number
    number = await next_number(session, compound_id, _NUMBERS)
    session.add(
        RollObjection(
            compound_id=compound_id,
            number=number,
            unit_code=unit_code,
            person_id=person_id,
            text_sealed=sealer.seal(words.encode(), OBJECTION),
            made_at=now,
            entered_by=entered_by,
        )
    )
    add_audit_event(
        session,
        at=now,
        verb="roll.objected",
        subject=f"roll_objection:{number}",
        compound_id=compound_id,
        actor_id=person_id if entered_by is None else entered_by,
        details={"unit": unit_code},
    )
    await session.flush()
    return number


async def decide_objection(
    session: AsyncSession,
    compound_id: int,
    number: int,
    state: ObjectionState,
    answer: str,
    now: datetime,
    *,
    decided_by: int,
    correction: Correction | None = None,
) -> RollObjection:
    """Accept or decline, with an answer for whoever objected, and put the unit right in the same transaction.

    Raises ObjectionError: for an objection of one's own or that one wrote down, for one that was decided otherwise.
    Deciding the same again changes nothing. Audited with what the unit had before and has now.
    """
    assert state is not ObjectionState.OPEN
    await lock_counter(session, compound_id, LOCK)  # an import would read what is changed here
    objection = await find_objection(session, compound_id, number)
    if objection is None:
        raise ObjectionError("roll.unknown_objection")
    if decided_by in (objection.person_id, objection.entered_by):
        raise ObjectionError("roll.own_objection")
    if objection.state is not ObjectionState.OPEN:
        if objection.state is not state:
            raise ObjectionError("roll.objection_decided")
        return objection
    if not answer.strip():
        raise ObjectionError("roll.empty_answer")
    details: dict[str, object] = {"unit": objection.unit_code, "state": state.value}
    if correction is not None and state is ObjectionState.ACCEPTED:
        details |= await _correct(session, objection, correction)
    objection.state, objection.answer = state, answer.strip()[:LONGEST]
    objection.decided_by, objection.decided_at = decided_by, now
    session.add(objection)
    add_audit_event(
        session,
        at=now,
        verb="roll.objection_decided",
        subject=f"roll_objection:{number}",
        compound_id=compound_id,
        actor_id=decided_by,
        details=details,
    )
    await session.flush()
    return objection


def words_of(sealer: Sealer, objection: RollObjection) -> str:
    """What was said; "" when the words are gone."""
    return sealer.open(objection.text_sealed, OBJECTION).decode() if objection.text_sealed else ""


async def _correct(
    session: AsyncSession, objection: RollObjection, correction: Correction
) -> dict[str, object]:
    unit = await find_roll_unit(session, objection.compound_id, objection.unit_code)
    if unit is None:
        raise ObjectionError("roll.unknown_unit")
    if any(each not in AREAS or area <= 0 for each, area in correction.areas.items()):
        raise ObjectionError("roll.area")
    before = _facts(unit)
    for each, area in correction.areas.items():
        setattr(unit, each.value, area)
    unit.kind = correction.kind or unit.kind
    session.add(unit)
    return {"before": before, "after": _facts(unit)}


def _facts(unit: RollUnit) -> dict[str, str]:
    areas = {each.value: area_text(area) for each in AREAS if (area := getattr(unit, each.value)) is not None}
    return {"kind": unit.kind.value, **areas}

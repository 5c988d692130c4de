"""Use cases: going from door to door. Who goes where is named; each sees their own doors only, and each look is noted.

They see at which door an answer is missing, and never what was answered at another.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.access import Forbidden, NotFound, Opened, Right, Viewer, access_compound
from handlers.alerts.words import office_line
from handlers.context import Services
from handlers.surveys.answers import Kept, record_answer
from handlers.surveys.create import audit, hold_round
from handlers.surveys.rules import Code, Refused, Said, building_order, covers, is_open, may_have_been
from storage.audit import add_audit_event
from storage.queries.people import list_people_in_office, list_people_in_office_inside
from storage.queries.survey_answers import (
    count_entrances,
    list_attempts,
    list_givers,
    list_written_down,
    put_attempt,
)
from storage.queries.surveys import (
    add_canvasser,
    drop_canvasser,
    find_survey,
    has_building,
    list_canvassers,
    list_rounds,
    list_units_coded,
    list_units_in,
    lock_survey,
)
from storage.queries.tree import list_houses, list_scopes_of
from storage.sealing import Sealer
from storage.states import DoorOutcome, Role, SurveyChannel, SurveyGiver
from storage.tables import Compound, Survey, SurveyAttempt, SurveyRound, SurveyUnit

# Never the property company: it has a contract, and sometimes the works, to gain or lose.
_ROLES = (Role.SECRETARY, Role.COMMITTEE, Role.COMMUNITY_WORKER, Role.GRID_WORKER)
STAFF_CHANNELS = (SurveyChannel.DOOR, SurveyChannel.PHONE)


@dataclass(frozen=True, slots=True)
class OpenedDoors:
    """A round that is open to one of its canvassers. parts: where they go."""

    opened: Opened
    survey: Survey
    round: SurveyRound
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Door:
    """A unit to go to. answered: there is an answer; by_staff: it is what staff wrote down. both: staff wrote
    something down too, and the household answered itself; whether that is the same would tell what it said. last: the
    last visit in vain."""

    unit: SurveyUnit
    answered: bool
    by_staff: bool
    both: bool
    last: SurveyAttempt | None


@dataclass(frozen=True, slots=True)
class Entrance:
    """The doors of an entrance. entrance: "" where a building has none."""

    building: str
    entrance: str
    doors: Sequence[Door]

    @property
    def missing(self) -> int:
        """Doors without an answer."""
        return sum(not door.answered for door in self.doors)


async def access_doors(
    session: AsyncSession, viewer: Viewer, code: str, number: int, place: int
) -> OpenedDoors:
    """A round, for somebody who was named to go from door to door, as far as they hold an office there.

    Raises what `access_compound` does, NotFound without such a round, and Forbidden for everybody else.
    """
    opened = await access_compound(session, viewer, code, Right.CANVASS)
    survey = await find_survey(session, opened.compound_id, number)
    rounds = await list_rounds(session, [opened.compound_id], number)
    round_ = next((each for each in rounds if each.round_number == place), None)
    if survey is None or round_ is None:
        raise NotFound
    named = await list_canvassers(session, opened.compound_id, number)
    parts = tuple(each.part for each in named if each.person_id == viewer.person_id)
    if not parts:
        raise Forbidden
    return OpenedDoors(opened, survey, round_, parts)


async def count_doors(session: AsyncSession, found: OpenedDoors) -> dict[str, tuple[int, int]]:
    """By building, 2 before 10: how many doors of a canvasser, and how many without an answer."""
    counts: dict[str, tuple[int, int]] = {}
    rows = await count_entrances(session, found.round)
    for building, entrance, units, answered in sorted(rows, key=lambda row: building_order(row[0])):
        if _goes_to(found, building, entrance):
            doors, missing = counts.get(building, (0, 0))
            counts[building] = (doors + units, missing + units - answered)
    return counts


async def list_doors(session: AsyncSession, found: OpenedDoors, building: str) -> list[Entrance]:
    """The doors of a canvasser in a building, by entrance."""
    units = [
        unit
        for unit in await list_units_in(session, found.round, building)
        if _goes_to(found, unit.building, unit.entrance)
    ]
    codes = [unit.unit_code for unit in units]
    givers = await list_givers(session, found.round, codes)
    written = await list_written_down(session, found.round, codes)
    attempts = await list_attempts(session, found.round, codes)
    entrances: dict[str, list[Door]] = {}
    for unit in units:
        giver = givers.get(unit.unit_code)
        by_staff = giver is SurveyGiver.STAFF
        door = Door(
            unit,
            answered=giver is not None,
            by_staff=by_staff,
            both=giver is not None and not by_staff and unit.unit_code in written,
            last=attempts.get(unit.unit_code),
        )
        entrances.setdefault(unit.entrance, []).append(door)
    return [Entrance(building, entrance, doors) for entrance, doors in entrances.items()]


async def note_look(
    session: AsyncSession, found: OpenedDoors, building: str, now: datetime, *, actor_id: int
) -> None:
    """Keep who looked at the list, and at which building: what is none is left out, the log keeps no free text."""
    if building and not await has_building(session, found.round, building):
        building = ""
    audit(session, found.round, "survey.doors_seen", now, actor_id, building=building)


async def note_answer(
    session: AsyncSession,
    sealer: Sealer,
    found: OpenedDoors,
    unit_code: str,
    said: Said,
    channel: SurveyChannel,
    now: datetime,
    *,
    actor_id: int,
) -> Kept:
    """Write down what a household said at its door or on the phone; raises Refused for a door that is not theirs."""
    await _theirs(session, found, unit_code)
    if channel not in STAFF_CHANNELS:
        raise Refused(Code.ODD)
    return await record_answer(
        session,
        sealer,
        found.opened.compound_id,
        found.survey.survey_number,
        found.round.round_number,
        unit_code,
        said,
        channel,
        now,
        actor_id=actor_id,
    )


async def note_attempt(
    session: AsyncSession,
    found: OpenedDoors,
    unit_code: str,
    outcome: DoorOutcome,
    tried_on: date,
    now: datetime,
    *,
    actor_id: int,
) -> None:
    """Keep that nobody answered at a door; raises Refused. Once for a person and day, the last word stands."""
    await _theirs(session, found, unit_code)
    round_ = await hold_round(
        session,
        found.opened.compound_id,
        found.survey.survey_number,
        found.round.round_number,
        shared=True,
    )
    if not is_open(round_.state, round_.ends_on, now):
        raise Refused(Code.OVER)
    if not may_have_been(tried_on, round_.starts_on, now):
        raise Refused(Code.DAY)
    await put_attempt(session, round_, unit_code, tried_on, outcome, actor_id, now)
    audit(session, round_, "survey.tried", now, actor_id, unit=unit_code)


async def list_fit(session: AsyncSession, services: Services, compound: Compound) -> dict[int, str]:
    """Who may be named, as colleagues call them, by person."""
    held = await list_people_in_office(session, await list_scopes_of(session, compound), _ROLES)
    held += await list_people_in_office_inside(session, compound.code, _ROLES)
    found: dict[int, str] = {}
    for grant, person in held:
        found.setdefault(grant.person_id, office_line(services.sealer, grant, person))
    return found


async def list_parts(session: AsyncSession, compound_id: int) -> dict[str, str]:
    """Where somebody may be sent: names of buildings and entrances by code."""
    return {place.code: place.name for place in await list_houses(session, compound_id)}


async def name_canvasser(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    number: int,
    person_id: int,
    parts: Collection[str],
    now: datetime,
    *,
    actor_id: int,
) -> None:
    """Let somebody go to these parts ("" for all); raises Refused. Naming them again changes nothing."""
    assert compound.compound_id is not None
    if await lock_survey(session, compound.compound_id, number) is None:
        raise NotFound
    known = {"", *await list_parts(session, compound.compound_id)}
    if person_id not in await list_fit(session, services, compound) or not parts or not known >= set(parts):
        raise Refused(Code.CANVASSER)
    for part in sorted(set(parts)):
        values = {
            "compound_id": compound.compound_id,
            "survey_number": number,
            "person_id": person_id,
            "part": part,
            "named_by": actor_id,
            "named_at": now,
        }
        if await add_canvasser(session, values):
            _audit(
                session,
                compound.compound_id,
                number,
                "survey.canvasser_named",
                person_id,
                part,
                now,
                actor_id,
            )


async def unname_canvasser(
    session: AsyncSession,
    compound_id: int,
    number: int,
    person_id: int,
    part: str,
    now: datetime,
    *,
    actor_id: int,
) -> None:
    """Let somebody go there no more; again, it changes nothing."""
    if await drop_canvasser(session, compound_id, number, person_id, part):
        _audit(session, compound_id, number, "survey.canvasser_dropped", person_id, part, now, actor_id)


def _audit(
    session: AsyncSession,
    compound_id: int,
    number: int,
    verb: str,
    person_id: int,
    part: str,
    now: datetime,
    actor_id: int,
) -> None:
    add_audit_event(
        session,
        at=now,
        verb=verb,
        compound_id=compound_id,
        actor_id=actor_id,
        subject=f"survey:{number}",
        details={"person": person_id, "part": part},
    )


async def _theirs(session: AsyncSession, found: OpenedDoors, unit_code: str) -> None:
    units = await list_units_coded(session, found.round, [unit_code])
    if not units or not _goes_to(found, units[0].building, units[0].entrance):
        raise Refused(Code.NOT_ASKED)


def _goes_to(found: OpenedDoors, building: str, entrance: str) -> bool:
    """What they were named for, as far as their office reaches today."""
    reach = found.opened.codes
    return covers(found.parts, building, entrance) and (reach is None or covers(reach, building, entrance))

"""Surveys of households, their rounds, the units that are asked, and who goes there."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, literal, tuple_, union, union_all
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import BindingState, PlaceLevel, SurveyState, UnitKind
from storage.tables import (
    OwnerBinding,
    Place,
    Residency,
    RollTitle,
    RollUnit,
    Survey,
    SurveyAnswer,
    SurveyCanvasser,
    SurveyReply,
    SurveyRound,
    SurveyUnit,
)
from storage.upsert import insert_ignore

AT_ONCE = 2000  # rows in one go; both databases take 32,000 parameters
_BOUND = (OwnerBinding.state == BindingState.BOUND, col(OwnerBinding.ended_at).is_(None))
# Nobody lives in a parking space, or yet in what is not handed over.
_LIVED_IN = (UnitKind.RESIDENTIAL, UnitKind.SHOP)


async def find_survey(session: AsyncSession, compound_id: int, number: int) -> Survey | None:
    """A survey by its number."""
    return await session.get(Survey, (compound_id, number))


async def find_surveys(
    session: AsyncSession, keys: Collection[tuple[int, int]]
) -> dict[tuple[int, int], Survey]:
    """Surveys by (compound_id, survey_number)."""
    if not keys:
        return {}
    statement = select(Survey).where(tuple_(col(Survey.compound_id), col(Survey.survey_number)).in_(keys))
    return {(each.compound_id, each.survey_number): each for each in await session.exec(statement)}


async def list_surveys(session: AsyncSession, compound_ids: Collection[int], limit: int) -> list[Survey]:
    """Surveys of these compounds, the newest first."""
    statement = (
        select(Survey)
        .where(col(Survey.compound_id).in_(compound_ids))
        .order_by(col(Survey.created_at).desc(), col(Survey.survey_number).desc())
        .limit(limit)
    )
    return list(await session.exec(statement))


async def list_surveys_of_topic(session: AsyncSession, compound_id: int, topic_number: int) -> list[Survey]:
    """The surveys for a topic, the newest first."""
    statement = (
        select(Survey)
        .where(Survey.compound_id == compound_id, Survey.topic_number == topic_number)
        .order_by(col(Survey.survey_number).desc())
    )
    return list(await session.exec(statement))


async def list_rounds(
    session: AsyncSession, compound_ids: Collection[int], number: int | None = None
) -> list[SurveyRound]:
    """The rounds of one survey, or of all, in order."""
    statement = select(SurveyRound).where(col(SurveyRound.compound_id).in_(compound_ids))
    if number is not None:
        statement = statement.where(SurveyRound.survey_number == number)
    order = (SurveyRound.compound_id, SurveyRound.survey_number, SurveyRound.round_number)
    return list(await session.exec(statement.order_by(*map(col, order))))


async def lock_survey(session: AsyncSession, compound_id: int, number: int) -> Survey | None:
    """A survey, locked until the transaction ends: its rounds take their numbers, and open, one after the other."""
    statement = (
        select(Survey)
        .where(Survey.compound_id == compound_id, Survey.survey_number == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


async def lock_round(
    session: AsyncSession, compound_id: int, number: int, place: int, *, shared: bool = False
) -> SurveyRound | None:
    """A round, locked until the transaction ends. shared: by all who answer, so that only its end waits for them."""
    statement = (
        select(SurveyRound)
        .where(
            SurveyRound.compound_id == compound_id,
            SurveyRound.survey_number == number,
            SurveyRound.round_number == place,
        )
        .with_for_update(read=shared, key_share=shared)
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


async def list_due_rounds(session: AsyncSession, now: datetime, limit: int) -> list[tuple[int, int, int]]:
    """(compound_id, survey_number, round_number) of the rounds that the clock has to look at."""
    statement = (
        select(SurveyRound.compound_id, SurveyRound.survey_number, SurveyRound.round_number)
        .where(col(SurveyRound.next_at) <= now)
        .order_by(col(SurveyRound.next_at))
        .limit(limit)
    )
    return list(await session.exec(statement))


async def list_rounds_to_tell(session: AsyncSession, waiting: int, limit: int) -> list[tuple[int, int, int]]:
    """The keys of the open rounds in which the answers of so many units wait to be told."""
    key = ("compound_id", "survey_number", "round_number")
    waits: Any = (
        select(func.count())
        .where(
            *(getattr(SurveyAnswer, name) == getattr(SurveyRound, name) for name in key),
            col(SurveyAnswer.waits),
        )
        .correlate(SurveyRound)
        .scalar_subquery()
    )
    statement = (
        select(SurveyRound.compound_id, SurveyRound.survey_number, SurveyRound.round_number)
        .where(col(SurveyRound.next_at).is_not(None), SurveyRound.state == SurveyState.OPEN, waits >= waiting)
        .order_by(col(SurveyRound.next_at))
        .limit(limit)
    )
    return list(await session.exec(statement))


async def has_building(session: AsyncSession, round_: SurveyRound, building: str) -> bool:
    """Whether a round asks anybody in a building."""
    statement = select(SurveyUnit.unit_code).where(
        *in_round(SurveyUnit, round_), SurveyUnit.building == building
    )
    return (await session.exec(statement.limit(1))).first() is not None


async def has_open_round(session: AsyncSession, compound_id: int, number: int) -> bool:
    """Whether a round of a survey is open."""
    statement = select(func.count()).where(
        SurveyRound.compound_id == compound_id,
        SurveyRound.survey_number == number,
        SurveyRound.state == SurveyState.OPEN,
    )
    return bool((await session.exec(statement)).one())


async def list_askable(session: AsyncSession, compound_id: int) -> list[RollUnit] | list[Place]:
    """The units of the roll that somebody may live in; where there is no roll, the flats of the tree."""
    roll = select(RollUnit).where(*_in_roll(compound_id)).order_by(col(RollUnit.unit_code))
    units = list(await session.exec(roll))
    if units:
        return units
    flats = (
        select(Place)
        .where(Place.compound_id == compound_id, Place.level == PlaceLevel.UNIT)
        .order_by(col(Place.code))
    )
    return list(await session.exec(flats))


async def count_roll(session: AsyncSession, compound_id: int) -> dict[str, int]:
    """How many units of the roll somebody may live in, by building."""
    building = col(RollUnit.building)
    statement = select(building, func.count()).where(*_in_roll(compound_id)).group_by(building)
    return dict(list(await session.exec(statement)))


async def count_flats(session: AsyncSession, compound_id: int) -> dict[str, int]:
    """How many flats the tree has, by the code of the building or entrance they are in."""
    parent = col(Place.parent_code)
    statement = (
        select(parent, func.count())
        .where(Place.compound_id == compound_id, Place.level == PlaceLevel.UNIT)
        .group_by(parent)
    )
    return {code or "": flats for code, flats in await session.exec(statement)}


def _in_roll(compound_id: int) -> Iterable[Any]:
    return (
        RollUnit.compound_id == compound_id,
        col(RollUnit.ended_at).is_(None),
        col(RollUnit.kind).in_(_LIVED_IN),
    )


async def add_units(session: AsyncSession, rows: list[dict[str, Any]]) -> None:
    """Keep the units of a round."""
    for start in range(0, len(rows), AT_ONCE):
        await session.exec(insert(SurveyUnit), params=rows[start : start + AT_ONCE])


async def list_units_in(session: AsyncSession, round_: SurveyRound, building: str) -> list[SurveyUnit]:
    """The units of a building in a round, in order."""
    statement = (
        select(SurveyUnit)
        .where(*in_round(SurveyUnit, round_), SurveyUnit.building == building)
        .order_by(col(SurveyUnit.position))
    )
    return list(await session.exec(statement))


async def list_units_coded(
    session: AsyncSession, round_: SurveyRound, codes: Collection[str]
) -> list[SurveyUnit]:
    """Those units of a round that have one of these codes, in order."""
    statement = (
        select(SurveyUnit)
        .where(*in_round(SurveyUnit, round_), col(SurveyUnit.unit_code).in_(codes))
        .order_by(col(SurveyUnit.position))
    )
    return list(await session.exec(statement))


async def lock_unit(session: AsyncSession, round_: SurveyRound, unit_code: str) -> SurveyUnit | None:
    """A unit of a round, locked until the transaction ends: of two answers one comes after the other."""
    statement = (
        select(SurveyUnit)
        .where(*in_round(SurveyUnit, round_), SurveyUnit.unit_code == unit_code)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


async def list_owned_units(session: AsyncSession, compound_id: int, person_id: int) -> set[str]:
    """The codes of what is owned by whoever a person proved to be."""
    statement = (
        select(RollTitle.unit_code)
        .join(
            OwnerBinding,
            (col(OwnerBinding.compound_id) == RollTitle.compound_id)
            & (col(OwnerBinding.owner_number) == RollTitle.owner_number),
        )
        .where(
            RollTitle.compound_id == compound_id,
            col(RollTitle.ended_at).is_(None),
            OwnerBinding.person_id == person_id,
            *_BOUND,
        )
    )
    return set(await session.exec(statement))


async def find_flat_of(
    session: AsyncSession, compound_id: int, person_id: int, *, hold: bool = False
) -> str | None:
    """The code of the flat that a person said they live in; None where they named none.

    hold: until the transaction ends they name no other one.
    """
    statement = (
        select(Place.code, Place.level, Place.parent_code)
        .join(
            Residency,
            (col(Residency.compound_id) == Place.compound_id) & (col(Residency.place_code) == Place.code),
        )
        .where(Residency.compound_id == compound_id, Residency.person_id == person_id)
    )
    if hold:
        statement = statement.with_for_update(of=Residency)
    found = (await session.exec(statement)).one_or_none()
    if found is None or found[1] not in (PlaceLevel.UNIT, PlaceLevel.HOUSEHOLD):
        return None
    code, level, parent = found
    return code if level == PlaceLevel.UNIT else parent


async def list_people_to_remind(
    session: AsyncSession, round_: SurveyRound, after: int, limit: int
) -> list[int]:
    """Persons who own or live in a unit of which no answer is in force, by number, behind one of them."""
    there: Any = select(col(SurveyUnit.unit_code).label("code"), literal(0).label("answers"))
    answered = select(SurveyAnswer.unit_code, literal(1)).where(col(SurveyAnswer.in_force))
    # Both read once and sorted together: see `survey_answers`.
    each: Any = union_all(
        there.where(*in_round(SurveyUnit, round_)), answered.where(*in_round(SurveyAnswer, round_))
    ).subquery()
    missing = select(each.c.code).group_by(each.c.code).having(func.sum(each.c.answers) == 0)
    owners = (
        select(OwnerBinding.person_id)
        .join(
            RollTitle,
            (col(OwnerBinding.compound_id) == RollTitle.compound_id)
            & (col(OwnerBinding.owner_number) == RollTitle.owner_number),
        )
        .where(
            RollTitle.compound_id == round_.compound_id,
            col(RollTitle.ended_at).is_(None),
            col(RollTitle.unit_code).in_(missing),
            OwnerBinding.person_id > after,
            *_BOUND,
        )
    )
    flat = or_(
        col(Residency.place_code).in_(missing),
        (col(Place.level) == PlaceLevel.HOUSEHOLD) & col(Place.parent_code).in_(missing),
    )
    living = (
        select(Residency.person_id)
        .join(
            Place,
            (col(Residency.compound_id) == Place.compound_id) & (col(Residency.place_code) == Place.code),
        )
        .where(Residency.compound_id == round_.compound_id, flat, Residency.person_id > after)
    )
    both = union(owners, living).subquery()
    [person_id] = both.c
    return list(await session.exec(select(person_id).order_by(person_id).limit(limit)))


async def list_canvassers(session: AsyncSession, compound_id: int, number: int) -> list[SurveyCanvasser]:
    """Who goes from door to door for a survey, and where."""
    statement = (
        select(SurveyCanvasser)
        .where(SurveyCanvasser.compound_id == compound_id, SurveyCanvasser.survey_number == number)
        .order_by(col(SurveyCanvasser.named_at), col(SurveyCanvasser.person_id), col(SurveyCanvasser.part))
    )
    return list(await session.exec(statement))


async def list_canvassed(session: AsyncSession, compound_id: int, person_id: int) -> dict[int, Survey]:
    """The surveys for which somebody goes from door to door, by number."""
    named = select(SurveyCanvasser.survey_number).where(
        SurveyCanvasser.compound_id == compound_id, SurveyCanvasser.person_id == person_id
    )
    statement = select(Survey).where(Survey.compound_id == compound_id, col(Survey.survey_number).in_(named))
    return {survey.survey_number: survey for survey in await session.exec(statement)}


async def add_canvasser(session: AsyncSession, values: dict[str, Any]) -> bool:
    """Name one; False when they were."""
    return await insert_ignore(session, SurveyCanvasser, values)


async def drop_canvasser(
    session: AsyncSession, compound_id: int, number: int, person_id: int, part: str
) -> bool:
    """Let somebody go there no more; False when they did not."""
    result = await session.exec(
        delete(SurveyCanvasser).where(
            col(SurveyCanvasser.compound_id) == compound_id,
            col(SurveyCanvasser.survey_number) == number,
            col(SurveyCanvasser.person_id) == person_id,
            col(SurveyCanvasser.part) == part,
        )
    )
    return bool(result.rowcount)


async def list_replies(session: AsyncSession, compound_id: int, number: int) -> list[SurveyReply]:
    """What was answered to reasons in all rounds of a survey."""
    statement = (
        select(SurveyReply)
        .where(SurveyReply.compound_id == compound_id, SurveyReply.survey_number == number)
        .order_by(col(SurveyReply.round_number), col(SurveyReply.answered_at), col(SurveyReply.reason))
    )
    return list(await session.exec(statement))


async def list_replies_to_tell(session: AsyncSession, limit: int) -> list[tuple[int, int, int, str]]:
    """The keys of the replies that not everybody was told of."""
    statement = (
        select(
            SurveyReply.compound_id, SurveyReply.survey_number, SurveyReply.round_number, SurveyReply.reason
        )
        .where(col(SurveyReply.told_after).is_not(None))
        .order_by(col(SurveyReply.answered_at))
        .limit(limit)
    )
    return list(await session.exec(statement))


async def lock_reply(
    session: AsyncSession, compound_id: int, number: int, place: int, reason: str
) -> SurveyReply | None:
    """A reply, locked until the transaction ends."""
    statement = (
        select(SurveyReply)
        .where(
            SurveyReply.compound_id == compound_id,
            SurveyReply.survey_number == number,
            SurveyReply.round_number == place,
            SurveyReply.reason == reason,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


def in_round(table: Any, round_: SurveyRound) -> Iterable[Any]:
    """The rows of a table that belong to a round."""
    return (
        table.compound_id == round_.compound_id,
        table.survey_number == round_.survey_number,
        table.round_number == round_.round_number,
    )

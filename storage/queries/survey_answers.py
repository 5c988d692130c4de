"""What households answered in a survey, and the visits at which nobody did."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import case, cast, delete, func, literal, null, union_all, update
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.queries.surveys import AT_ONCE, in_round
from storage.states import DoorOutcome, SurveyChannel, SurveyChoice, SurveyGiver
from storage.tables import SurveyAnswer, SurveyAttempt, SurveyCanvasser, SurveyRound, SurveyUnit
from storage.upsert import insert_for


async def list_against(session: AsyncSession, round_: SurveyRound, after: int) -> list[tuple[int, list[str]]]:
    """(person_id, reasons) of the answers in force that are against it, of persons with a higher number, by number."""
    person_id = col(SurveyAnswer.person_id)
    statement: Any = (
        select(person_id, SurveyAnswer.reasons)
        .where(*in_round(SurveyAnswer, round_), col(SurveyAnswer.in_force))
        .where(SurveyAnswer.choice == SurveyChoice.AGAINST, person_id > after)
        .order_by(person_id)
    )
    return list(await session.exec(statement))


async def list_told(session: AsyncSession, round_: SurveyRound) -> list[SurveyAnswer]:
    """The answers of a round that are told and give a reason against or words, in no order that tells anything."""
    speaks = or_(SurveyAnswer.choice == SurveyChoice.AGAINST, col(SurveyAnswer.words_sealed).is_not(None))
    told = select(SurveyAnswer).where(*in_round(SurveyAnswer, round_), col(SurveyAnswer.told), speaks)
    return list(await session.exec(told.order_by(col(SurveyAnswer.unit_code))))


async def list_waiting(session: AsyncSession, round_: SurveyRound) -> list[SurveyAnswer]:
    """The answers of units of which nothing is told yet, those that have waited longest first."""
    statement = (
        select(SurveyAnswer)
        .where(*in_round(SurveyAnswer, round_), col(SurveyAnswer.waits))
        .order_by(col(SurveyAnswer.answered_at), col(SurveyAnswer.unit_code))
    )
    return list(await session.exec(statement))


async def list_untold(session: AsyncSession, round_: SurveyRound) -> list[SurveyAnswer]:
    """The answers in force that are not told: of units of which nothing is, and those that took another's place."""
    untold = (*in_round(SurveyAnswer, round_), col(SurveyAnswer.in_force), ~col(SurveyAnswer.told))
    return list(await session.exec(select(SurveyAnswer).where(*untold)))


async def find_told(
    session: AsyncSession, round_: SurveyRound, unit_codes: Sequence[str]
) -> dict[str, SurveyAnswer]:
    """What is told of these units, by unit."""
    found: dict[str, SurveyAnswer] = {}
    for start in range(0, len(unit_codes), AT_ONCE):
        statement = select(SurveyAnswer).where(
            *in_round(SurveyAnswer, round_),
            col(SurveyAnswer.unit_code).in_(unit_codes[start : start + AT_ONCE]),
            col(SurveyAnswer.told),
        )
        found |= {each.unit_code: each for each in await session.exec(statement)}
    return found


async def tell(
    session: AsyncSession, told: Sequence[tuple[SurveyAnswer | None, SurveyAnswer]], step: int | None
) -> None:
    """Tell answers of a round, each in the place of the one of its unit that was told, None for none.

    step: the number of the step in which their choices are told; None where these were told already. An answer that was
    kept of somebody who was forgotten only because it was told goes.
    """
    for before, _answer in told:
        if (
            before is not None
            and before.person_id is None
            and before.recorded_by is None
            and not before.in_force
        ):
            await session.delete(before)
        elif before is not None:
            before.told = False
            session.add(before)
    await session.flush()  # before the others: of a unit one answer is told at any moment
    for _before, answer in told:
        answer.told, answer.waits = True, False
        session.add(answer)
    if step is None:
        return
    for start in range(0, len(told), AT_ONCE):
        answers = [answer for _before, answer in told[start : start + AT_ONCE]]
        codes = [answer.unit_code for answer in answers]
        units = select(SurveyUnit).where(
            SurveyUnit.compound_id == answers[0].compound_id,
            SurveyUnit.survey_number == answers[0].survey_number,
            SurveyUnit.round_number == answers[0].round_number,
            col(SurveyUnit.unit_code).in_(codes),
        )
        for unit in await session.exec(units):
            unit.told_in = f"{unit.told_in},{step}" if unit.told_in else str(step)
            session.add(unit)


async def count_told_in(session: AsyncSession, round_: SurveyRound) -> list[tuple[str, tuple[int, ...], int]]:
    """How many units of a round were told in which steps: (building, steps, units)."""
    alike = (SurveyUnit.building, SurveyUnit.told_in)
    statement = (
        select(*alike, func.count())
        .where(*in_round(SurveyUnit, round_), SurveyUnit.told_in != "")
        .group_by(*map(col, alike))
    )
    return [
        (building, tuple(map(int, steps.split(","))), units)
        for building, steps, units in await session.exec(statement)
    ]


async def count_answered(session: AsyncSession, round_: SurveyRound) -> tuple[int, int]:
    """How many units a round asks, and of how many an answer is in force."""
    asked = select(func.count()).where(*in_round(SurveyUnit, round_))
    answered = select(func.count()).where(*in_round(SurveyAnswer, round_), col(SurveyAnswer.in_force))
    return (await session.exec(asked)).one(), (await session.exec(answered)).one()


async def count_told(session: AsyncSession, round_: SurveyRound) -> list[tuple[str, SurveyChoice, int]]:
    """What is told: (building, choice, units)."""
    homes = _homes(round_, told=True)
    alike = (homes.c.building, homes.c.choice)
    statement: Any = select(*alike, func.count()).where(homes.c.choice.is_not(None)).group_by(*alike)
    return list(await session.exec(statement))


async def count_households(
    session: AsyncSession, round_: SurveyRound
) -> list[tuple[str, int | None, SurveyChoice | None, DoorOutcome | None, int]]:
    """The units of a round: (building, area of all of them or None where one is missing, choice in force, what came of
    the last visit in vain, units)."""
    homes = _homes(round_, visits=True)
    alike = (homes.c.building, homes.c.choice, homes.c.outcome)
    sums = (func.count(), func.count(homes.c.area), func.sum(homes.c.area))
    statement = select(*alike, *sums).group_by(*alike)  # type: ignore[call-overload]  # more than it has words for
    return [
        (building, int(area) if known == count else None, choice, outcome, count)
        for building, choice, outcome, count, known, area in await session.exec(statement)
    ]


def _homes(round_: SurveyRound, *, visits: bool = False, told: bool = False) -> Any:
    """The units of a round, one row each: building, entrance, area, choice in force or told, what came of the last
    visit in vain.

    Each table is read once and all is put together by sorting. Joined to each other, PostgreSQL compares each unit with
    each answer as long as it has no statistics of them, and a round opens with thousands of rows at once.
    """
    choice: Any = SurveyAnswer.choice
    outcome: Any = SurveyAttempt.outcome
    names = ("building", "entrance", "area", "choice", "outcome")
    empty: dict[str, Any] = {
        **{name: cast(null(), getattr(SurveyUnit, name).type) for name in names[:3]},
        "choice": cast(null(), choice.type),
        "outcome": cast(null(), outcome.type),
    }

    def of(table: Any, **known: Any) -> Any:
        columns = [known.get(name, empty[name]).label(name) for name in names]
        return select(col(table.unit_code), *columns).where(*in_round(table, round_))

    parts = [
        of(SurveyUnit, **{name: getattr(SurveyUnit, name) for name in names[:3]}),
        of(SurveyAnswer, choice=choice).where(col(SurveyAnswer.told if told else SurveyAnswer.in_force)),
    ]
    if visits:
        last = func.row_number().over(
            partition_by=col(SurveyAttempt.unit_code),
            order_by=(col(SurveyAttempt.tried_on).desc(), col(SurveyAttempt.noted_at).desc()),
        )
        tried = of(SurveyAttempt, outcome=outcome).add_columns(last.label("place")).subquery()
        parts.append(select(*(tried.c[name] for name in ("unit_code", *names))).where(tried.c.place == 1))
    each: Any = union_all(*parts).subquery()
    # One row of a unit has its building, one at most a choice and an outcome: the greatest is the only one.
    columns: list[Any] = [func.max(each.c[name]).label(name) for name in names]
    return select(*columns).group_by(each.c.unit_code).subquery()


async def count_asked(
    session: AsyncSession, rounds: Sequence[SurveyRound]
) -> list[tuple[str, frozenset[int], frozenset[int], frozenset[int], int]]:
    """Of rounds of one survey: (building, rounds that asked, rounds answered, rounds in which somebody was there in
    vain, units), each round by its place here.

    Each table is read once and joined with none, so that no plan depends on what the database knows of them.
    """
    numbers = [each.round_number for each in rounds]
    none = literal(0)

    def rows(table: Any, *shown: Any) -> Any:
        survey = (table.compound_id == rounds[0].compound_id, table.survey_number == rounds[0].survey_number)
        return select(col(table.unit_code), *shown).where(*survey, col(table.round_number).in_(numbers))

    def bit(table: Any) -> Any:
        return case({number: 1 << at for at, number in enumerate(numbers)}, value=col(table.round_number))

    tried = rows(SurveyAttempt, literal(""), none, none, bit(SurveyAttempt).label("bit")).distinct()
    each: Any = union_all(
        rows(
            SurveyUnit,
            col(SurveyUnit.building).label("building"),
            bit(SurveyUnit).label("asked"),
            none.label("answered"),
            none.label("tried"),
        ),
        rows(SurveyAnswer, literal(""), none, bit(SurveyAnswer), none).where(col(SurveyAnswer.in_force)),
        tried,
    ).subquery()
    sums = [func.sum(each.c[name]).label(name) for name in ("asked", "answered", "tried")]
    columns: list[Any] = [func.max(each.c.building).label("building"), *sums]
    homes: Any = select(*columns).group_by(each.c.unit_code).subquery()
    statement: Any = select(*homes.c, func.count()).group_by(*homes.c)  # type: ignore[call-overload]
    return [
        (building, *(_places(int(bits)) for bits in sets), units)
        for building, *sets, units in await session.exec(statement)
    ]


def _places(bits: int) -> frozenset[int]:
    return frozenset(at for at in range(bits.bit_length()) if bits >> at & 1)


async def count_channels(session: AsyncSession, round_: SurveyRound) -> dict[SurveyChannel, int]:
    """How the answers in force came, in units."""
    statement: Any = (
        select(SurveyAnswer.channel, func.count())
        .where(*in_round(SurveyAnswer, round_), col(SurveyAnswer.in_force))
        .group_by(col(SurveyAnswer.channel))
    )
    return dict(list(await session.exec(statement)))


async def count_entrances(session: AsyncSession, round_: SurveyRound) -> list[tuple[str, str, int, int]]:
    """(building, entrance, units, those of them with an answer in force)."""
    homes = _homes(round_)
    where = (homes.c.building, homes.c.entrance)
    statement: Any = select(*where, func.count(), func.count(homes.c.choice)).group_by(*where)
    return list(await session.exec(statement))


async def list_answers_of_units(
    session: AsyncSession, round_: SurveyRound, unit_codes: Collection[str]
) -> list[SurveyAnswer]:
    """All answers of these units of a round, in the order they came."""
    statement = (
        select(SurveyAnswer)
        .where(*in_round(SurveyAnswer, round_), col(SurveyAnswer.unit_code).in_(unit_codes))
        .order_by(col(SurveyAnswer.unit_code), col(SurveyAnswer.seq))
    )
    return list(await session.exec(statement))


async def has_answered_elsewhere(
    session: AsyncSession, round_: SurveyRound, person_id: int, unit_code: str
) -> bool:
    """Whether somebody has answered in this round for another unit that they only named as their home."""
    statement = (
        select(func.count())
        .select_from(SurveyAnswer)
        .where(
            *in_round(SurveyAnswer, round_),
            SurveyAnswer.person_id == person_id,
            SurveyAnswer.giver == SurveyGiver.RESIDENT,
            SurveyAnswer.unit_code != unit_code,
        )
    )
    return bool((await session.exec(statement)).one())


async def list_givers(
    session: AsyncSession, round_: SurveyRound, unit_codes: Collection[str]
) -> dict[str, SurveyGiver]:
    """Who gave the answer in force, by unit; of these units only."""
    statement: Any = select(SurveyAnswer.unit_code, SurveyAnswer.giver).where(
        *in_round(SurveyAnswer, round_),
        col(SurveyAnswer.unit_code).in_(unit_codes),
        col(SurveyAnswer.in_force),
    )
    return dict(list(await session.exec(statement)))


async def list_written_down(
    session: AsyncSession, round_: SurveyRound, unit_codes: Collection[str]
) -> set[str]:
    """Those of these units of which staff wrote something down, also where it is not in force."""
    statement = (
        select(SurveyAnswer.unit_code)
        .where(
            *in_round(SurveyAnswer, round_),
            col(SurveyAnswer.unit_code).in_(unit_codes),
            SurveyAnswer.giver == SurveyGiver.STAFF,
        )
        .distinct()
    )
    return set(await session.exec(statement))


async def count_both(session: AsyncSession, round_: SurveyRound) -> int:
    """How many units answered themselves and have something that staff wrote down."""
    by_staff = col(SurveyAnswer.giver) == SurveyGiver.STAFF
    both = (
        select(SurveyAnswer.unit_code)
        .where(*in_round(SurveyAnswer, round_))
        .group_by(col(SurveyAnswer.unit_code))
        .having(
            func.count().filter(by_staff) > 0,
            func.count().filter(~by_staff & col(SurveyAnswer.in_force)) > 0,
        )
    )
    return int((await session.exec(select(func.count()).select_from(both.subquery()))).one())


async def list_attempts(
    session: AsyncSession, round_: SurveyRound, unit_codes: Collection[str]
) -> dict[str, SurveyAttempt]:
    """The last visit in vain to each of these units of a round."""
    statement = (
        select(SurveyAttempt)
        .where(*in_round(SurveyAttempt, round_), col(SurveyAttempt.unit_code).in_(unit_codes))
        .order_by(col(SurveyAttempt.tried_on), col(SurveyAttempt.noted_at))
    )
    return {attempt.unit_code: attempt for attempt in await session.exec(statement)}


async def put_attempt(
    session: AsyncSession,
    round_: SurveyRound,
    unit_code: str,
    tried_on: date,
    outcome: DoorOutcome,
    noted_by: int,
    now: datetime,
) -> None:
    """Keep what came of a visit, in the place of what the same person noted for that day."""
    values = {"outcome": outcome, "noted_at": now}
    key = {
        "compound_id": round_.compound_id,
        "survey_number": round_.survey_number,
        "round_number": round_.round_number,
        "unit_code": unit_code,
        "tried_on": tried_on,
        "noted_by": noted_by,
    }
    await session.exec(
        insert_for(session, SurveyAttempt)
        .values(**key, **values)
        .on_conflict_do_update(index_elements=list(key), set_=values)
    )


async def forget_survey_answers_of(session: AsyncSession, person_id: int) -> int:
    """Take a person out of surveys: their words and earlier answers go, what counts or is told stays nameless.

    Returns how many answers.
    """
    mine = col(SurveyAnswer.person_id) == person_id
    count = int((await session.exec(select(func.count()).where(mine))).one())
    replaced = ~col(SurveyAnswer.in_force) & ~col(SurveyAnswer.told)
    await session.exec(delete(SurveyAnswer).where(mine, replaced))
    await session.exec(update(SurveyAnswer).where(mine).values(person_id=None, words_sealed=None))
    await session.exec(delete(SurveyCanvasser).where(col(SurveyCanvasser.person_id) == person_id))
    return count


async def forget_survey_doors(session: AsyncSession, places: Collection[tuple[int, str]]) -> None:
    """Take away what staff wrote down in somebody's words at these homes (compound_id, unit), and visits in vain."""
    units: dict[int, list[str]] = {}
    for compound_id, code in sorted(places):
        units.setdefault(compound_id, []).append(code)
    for compound_id, codes in units.items():
        await session.exec(
            update(SurveyAnswer)
            .where(
                col(SurveyAnswer.compound_id) == compound_id,
                col(SurveyAnswer.unit_code).in_(codes),
                col(SurveyAnswer.giver) == SurveyGiver.STAFF,
            )
            .values(words_sealed=None)
        )
        await session.exec(
            delete(SurveyAttempt).where(
                col(SurveyAttempt.compound_id) == compound_id, col(SurveyAttempt.unit_code).in_(codes)
            )
        )


async def move_survey_answers(session: AsyncSession, old: int, new: int) -> None:
    """Two turn out to be one person."""
    await session.exec(update(SurveyAnswer).where(col(SurveyAnswer.person_id) == old).values(person_id=new))


async def reduce_surveys(session: AsyncSession, before: datetime) -> int:
    """Take away the words of before then, what was answered before an answer that counts, and visits in vain."""
    old = col(SurveyAnswer.answered_at) < before
    spent = ~col(SurveyAnswer.in_force) & ~col(SurveyAnswer.told)
    replaced = await session.exec(delete(SurveyAnswer).where(old, spent))
    worded = await session.exec(
        update(SurveyAnswer).where(old, col(SurveyAnswer.words_sealed).is_not(None)).values(words_sealed=None)
    )
    tried = await session.exec(delete(SurveyAttempt).where(col(SurveyAttempt.noted_at) < before))
    return int(replaced.rowcount + worded.rowcount + tried.rowcount)

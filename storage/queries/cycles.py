"""The weekly collection: who is due, who makes a step, what the digest counts."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Integer, String, and_, bindparam, case, func, tuple_, update
from sqlalchemy.orm import aliased
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import (
    CycleStep,
    GroupKind,
    RegionLevel,
    Role,
)
from storage.tables import (
    ChatGroup,
    Compound,
    CycleSettings,
    Opinion,
    Region,
    RoleGrant,
    WeeklyCycle,
)
from storage.upsert import insert_for, insert_new

_WEEK_MINUTES = 7 * 1440
_PROMPT_MINUTES = 1440 + 20  # how long after its minute a prompt may still go out, with the widest spread


_STEP_COLUMNS = (
    (col(CycleSettings.open_weekday), col(CycleSettings.open_minute)),
    (col(CycleSettings.prompt_weekday), col(CycleSettings.prompt_minute)),
    (col(CycleSettings.close_weekday), col(CycleSettings.close_minute)),
)


class WeekRow(NamedTuple):
    """What was done of a week."""

    week: str
    prompted: bool
    closed: bool
    digested: bool
    skipped: bool


class Candidate(NamedTuple):
    """A compound with something to do, and the weeks that matter.

    settings: weekday and minute of opening, prompt and close; None for the defaults.
    """

    compound_id: int
    code: str
    name: str
    settings: tuple[int, int, int, int, int, int] | None
    weeks: list[WeekRow]


async def list_candidates(
    session: AsyncSession, this_week: str, minute: int, defaults: Sequence[tuple[int, int]]
) -> list[Candidate]:
    """Compounds that may have a step due, in one query; none when there is nothing to do.

    minute: of the week that began on the Monday `this_week`, local. defaults: (weekday, minute) of opening, prompt
    and close. A compound's weeks are the unfinished ones, this one, and the newest before it. A few too many are
    found: what is really due is for the pure rule to say.
    """
    statement = _candidates(tuple(defaults))
    rows = await session.exec(statement, params={"this_week": this_week, "minute": minute})
    found: dict[int, Candidate] = {}
    for compound_id, code, name, *values in rows.all():
        settings = None if values[0] is None else tuple(values[:6])
        candidate = found.setdefault(compound_id, Candidate(compound_id, code, name, settings, []))
        if values[6] is not None:
            candidate.weeks.append(WeekRow(*values[6:]))
    return list(found.values())


@cache
def _candidates(defaults: tuple[tuple[int, int], ...]) -> Any:
    """The statement, which every tick of every replica runs: built once."""
    this_week, minute = bindparam("this_week", type_=String), bindparam("minute", type_=Integer)
    opens, prompts, closes = _minutes(defaults)
    row, end, this, newest = (aliased(WeeklyCycle) for _ in range(4))
    has_open_end = (
        select(end.week)
        .where(
            col(end.compound_id) == col(Compound.compound_id),
            _is_left(end, this_week),
            or_(
                col(end.week) < this_week,
                closes <= minute,
                and_(col(end.prompted_at).is_(None), prompts <= minute, prompts + _PROMPT_MINUTES >= minute),
            ),
        )
        .exists()
    )
    has_this_week = (
        select(this.week)
        .where(col(this.compound_id) == col(Compound.compound_id), col(this.week) == this_week)
        .exists()
    )
    last_before = (
        select(func.max(newest.week))
        .where(col(newest.compound_id) == col(Compound.compound_id), col(newest.week) < this_week)
        .scalar_subquery()
    )
    matters = or_(_is_left(row, this_week), col(row.week) == this_week, col(row.week) == last_before)
    return (
        select(
            col(Compound.compound_id),
            col(Compound.code),
            col(Compound.name),
            *(column for pair in _STEP_COLUMNS for column in pair),
            col(row.week),
            col(row.prompted_at).is_not(None),
            col(row.closed_at).is_not(None),
            col(row.digested_at).is_not(None),
            col(row.skipped),
        )  # type: ignore[call-overload]
        .outerjoin(CycleSettings, col(CycleSettings.compound_id) == Compound.compound_id)
        .outerjoin(row, and_(col(row.compound_id) == col(Compound.compound_id), matters))
        .where(
            func.coalesce(col(CycleSettings.enabled), True).is_(True),
            or_(has_open_end, and_(~has_this_week, opens <= minute)),
        )
        .order_by(col(Compound.compound_id), col(row.week))
    )


def _is_left(row: type[WeeklyCycle], this_week: ColumnElement[str]) -> ColumnElement[bool]:
    """A week up to this one whose digest was neither made nor passed over."""
    return and_(col(row.digested_at).is_(None), col(row.skipped).is_(False), col(row.week) <= this_week)


def _minutes(defaults: Sequence[tuple[int, int]]) -> list[ColumnElement[int]]:
    """Opening, prompt and close as minutes since Monday 00:00; the latter two follow the first."""
    opens, *others = [
        func.coalesce((weekday - 1) * 1440 + minute, (default[0] - 1) * 1440 + default[1])
        for (weekday, minute), default in zip(_STEP_COLUMNS, defaults, strict=True)
    ]
    return [opens, *(case((other <= opens, other + _WEEK_MINUTES), else_=other) for other in others)]


# Who makes a step: the first to write it down. A step that another replica holds is passed by, not waited for.

Week = tuple[int, str]  # compound_id, Monday


async def claim_openings(session: AsyncSession, weeks: Sequence[Week], now: datetime) -> list[Week]:
    """Open weeks that nobody has opened; returns those that this caller opened."""
    rows = [
        {"compound_id": compound_id, "week": week, "opened_at": now, "skipped": False}
        for compound_id, week in sorted(weeks)
    ]
    return await _add(session, rows)


async def _add(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> list[Week]:
    added = await insert_new(session, WeeklyCycle, rows, WeeklyCycle.compound_id, WeeklyCycle.week)
    return [(compound_id, week) for compound_id, week in added]


async def claim_step(
    session: AsyncSession, step: CycleStep, weeks: Sequence[Week], now: datetime, *, skip: bool = False
) -> list[Week]:
    """Note that PROMPT, CLOSE or DIGEST is done; returns the weeks for which this caller is the one to do it.

    skip: the week is passed over instead of digested. A week that nobody opened gets its row here.
    """
    name = {
        CycleStep.PROMPT: "prompted_at",
        CycleStep.CLOSE: "closed_at",
        CycleStep.DIGEST: "digested_at",
    }[step]
    column = getattr(WeeklyCycle, name)
    if step is not CycleStep.PROMPT:
        rows = [
            {"compound_id": compound_id, "week": week, "skipped": False}
            for compound_id, week in sorted(weeks)
        ]
        await _add(session, rows)
    key = tuple_(col(WeeklyCycle.compound_id), col(WeeklyCycle.week))
    free = (
        select(WeeklyCycle.compound_id, WeeklyCycle.week)
        .where(key.in_(list(weeks)), col(column).is_(None), col(WeeklyCycle.skipped).is_(False))
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(WeeklyCycle)
        .where(key.in_(free), col(column).is_(None), col(WeeklyCycle.skipped).is_(False))
        .values({"skipped": True} if skip else {name: now})
        .returning(col(WeeklyCycle.compound_id), col(WeeklyCycle.week))
        .execution_options(synchronize_session=False)
    )
    return [(compound_id, week) for compound_id, week in (await session.exec(statement)).all()]


async def put_digests(session: AsyncSession, digests: Mapping[Week, dict[str, Any]]) -> None:
    """Keep what the committees get, by week."""
    if digests:
        await session.exec(
            update(WeeklyCycle),
            params=[
                {"compound_id": compound_id, "week": week, "digest": digest}
                for (compound_id, week), digest in sorted(digests.items(), key=_key)
            ],
        )


def _key(entry: tuple[Week, object]) -> Week:
    return entry[0]


async def load_digests(session: AsyncSession, weeks: Sequence[Week]) -> dict[Week, dict[str, Any]]:
    """The digests of these weeks, as far as there are some."""
    statement = select(WeeklyCycle.compound_id, WeeklyCycle.week, WeeklyCycle.digest).where(
        tuple_(col(WeeklyCycle.compound_id), col(WeeklyCycle.week)).in_(weeks)
    )
    return {
        (compound_id, week): dict(digest)
        for compound_id, week, digest in (await session.exec(statement)).all()
        if digest
    }


class CountedUntil(NamedTuple):
    """How far a week's digest counted. until: its close, ISO 8601, and last_number: the last opinion's; both None
    without a digest, the number also where none was known."""

    passed_over: bool
    until: str | None
    last_number: int | None


async def load_counted(
    session: AsyncSession, compound_ids: Collection[int], weeks: Collection[str]
) -> dict[Week, CountedUntil]:
    """How far these weeks were counted, as far as they have a row; no words are read."""
    digest = col(WeeklyCycle.digest)
    statement: Any = select(  # type: ignore[call-overload]
        WeeklyCycle.compound_id,
        WeeklyCycle.week,
        WeeklyCycle.skipped,
        digest["to"].as_string(),
        digest["last_number"].as_integer(),
    ).where(col(WeeklyCycle.compound_id).in_(compound_ids), col(WeeklyCycle.week).in_(weeks))
    return {
        (compound_id, week): CountedUntil(*values)
        for compound_id, week, *values in (await session.exec(statement)).all()
    }


class WeekFigures(NamedTuple):
    """What a stored digest counted. kinds: matters by top category; total: all of them."""

    total: int
    kinds: Mapping[str, int]


async def load_figures(
    session: AsyncSession, compound_ids: Collection[int], weeks: Collection[str], unit: str
) -> dict[Week, WeekFigures]:
    """The figures of stored digests that counted in this unit; no words are read."""
    digest = col(WeeklyCycle.digest)
    statement = select(
        WeeklyCycle.compound_id, WeeklyCycle.week, digest["total"].as_integer(), digest["categories"]
    ).where(
        col(WeeklyCycle.compound_id).in_(compound_ids),
        col(WeeklyCycle.week).in_(weeks),
        digest["unit"].as_string() == unit,
    )
    return {
        (compound_id, week): WeekFigures(total, {kind["id"]: kind["count"] for kind in kinds})
        for compound_id, week, total, kinds in (await session.exec(statement)).all()
    }


async def load_digest(session: AsyncSession, compound_id: int, week: str) -> dict[str, Any] | None:
    """The digest of a week as it was sent, None when there is none."""
    statement = select(WeeklyCycle.digest).where(
        WeeklyCycle.compound_id == compound_id, WeeklyCycle.week == week
    )
    digest = (await session.exec(statement)).one_or_none()
    return dict(digest) if digest else None


class LastTold(NamedTuple):
    """The newest digest before a week. ended: its close; told_since: from when on its feedback says what was done.

    Both as the digest has them, ISO 8601.
    """

    week: str
    ended: str
    told_since: str


async def load_last_told(session: AsyncSession, weeks: Sequence[Week]) -> dict[int, LastTold]:
    """The newest digest before each of these weeks, by compound_id; at most one week of each compound."""
    if not weeks:
        return {}
    newest = (
        select(WeeklyCycle.compound_id, func.max(WeeklyCycle.week))
        .where(
            or_(
                *(
                    and_(col(WeeklyCycle.compound_id) == compound_id, col(WeeklyCycle.week) < week)
                    for compound_id, week in weeks
                )
            ),
            col(WeeklyCycle.digested_at).is_not(None),
        )
        .group_by(col(WeeklyCycle.compound_id))
    )
    digest = col(WeeklyCycle.digest)
    began = func.coalesce(digest["told_since"].as_string(), digest["from"].as_string())
    statement = select(WeeklyCycle.compound_id, WeeklyCycle.week, digest["to"].as_string(), began).where(
        tuple_(col(WeeklyCycle.compound_id), col(WeeklyCycle.week)).in_(newest)
    )
    rows = (await session.exec(statement)).all()
    return {compound_id: LastTold(week, ended, since) for compound_id, week, ended, since in rows if ended}


async def list_weeks(session: AsyncSession, compound_id: int) -> list[str]:
    """The weeks that have a digest, newest first."""
    statement = (
        select(WeeklyCycle.week)
        .where(
            WeeklyCycle.compound_id == compound_id,
            col(WeeklyCycle.digested_at).is_not(None),
        )
        .order_by(col(WeeklyCycle.week).desc())
    )
    return list((await session.exec(statement)).all())


async def list_cycles(session: AsyncSession, compound_id: int, limit: int) -> list[WeeklyCycle]:
    """The latest weeks of a compound, newest first."""
    statement = (
        select(WeeklyCycle)
        .where(WeeklyCycle.compound_id == compound_id)
        .order_by(col(WeeklyCycle.week).desc())
        .limit(limit)
    )
    return list((await session.exec(statement)).all())


async def find_settings(session: AsyncSession, compound_id: int) -> CycleSettings | None:
    """When a compound's week has its steps; None for the defaults."""
    return await session.get(CycleSettings, compound_id)


async def put_settings(session: AsyncSession, values: dict[str, Any]) -> None:
    """Set when a compound's week has its steps; all columns."""
    changed = {key: value for key, value in values.items() if key != "compound_id"}
    await session.exec(
        insert_for(session, CycleSettings)
        .values(**values)
        .on_conflict_do_update(index_elements=["compound_id"], set_=changed)
    )


# Who is written to


async def list_groups_of(
    session: AsyncSession, compound_ids: Collection[int], kind: GroupKind
) -> list[ChatGroup]:
    """The groups of these compounds that can be written to, in one order everywhere."""
    statement = (
        select(ChatGroup)
        .where(
            col(ChatGroup.compound_id).in_(compound_ids),
            ChatGroup.kind == kind,
            ChatGroup.speaks_through != "",
            col(ChatGroup.ended_at).is_(None),
        )
        .order_by(col(ChatGroup.compound_id), col(ChatGroup.group_id))
    )
    return list((await session.exec(statement)).all())


async def list_lively_groups(session: AsyncSession, since: Mapping[int, datetime], opinions: int) -> set[int]:
    """Groups in which at least so many opinions were filed since the moment of their compound."""
    statement = (
        select(Opinion.group_id)
        .where(
            or_(
                *(
                    and_(col(Opinion.compound_id) == compound_id, col(Opinion.filed_at) >= moment)
                    for compound_id, moment in since.items()
                )
            ),
            col(Opinion.group_id).is_not(None),
        )
        .group_by(col(Opinion.group_id))
        .having(func.count() >= opinions)
    )
    return {group_id for group_id in (await session.exec(statement)).all() if group_id is not None}


async def list_readers(
    session: AsyncSession, compound_ids: Collection[int], roles: Collection[Role]
) -> list[tuple[int, int]]:
    """(compound_id, person_id) of people in these roles for a compound, its precinct or its community.

    People of a subdistrict or district are left out: they would get the digests of hundreds of compounds.
    """
    nearest, above = aliased(Region), aliased(Region)
    near = (RegionLevel.PRECINCT, RegionLevel.COMMUNITY)
    statement = (
        select(Compound.compound_id, RoleGrant.person_id)
        .outerjoin(nearest, col(nearest.code) == Compound.region_code)
        .outerjoin(above, col(above.code) == nearest.parent_code)
        .join(
            RoleGrant,
            or_(
                col(RoleGrant.scope_code) == Compound.code,
                and_(col(nearest.level).in_(near), col(RoleGrant.scope_code) == nearest.code),
                and_(col(above.level).in_(near), col(RoleGrant.scope_code) == above.code),
            ),
        )
        .where(
            col(Compound.compound_id).in_(compound_ids),
            col(RoleGrant.role).in_(roles),
            col(RoleGrant.ended_at).is_(None),
        )
        .distinct()
        .order_by(col(Compound.compound_id), col(RoleGrant.person_id))
    )
    return [(compound_id or 0, person_id) for compound_id, person_id in (await session.exec(statement)).all()]


_HAS_WORDS = col(WeeklyCycle.digest)["has_words"].as_boolean()


async def list_old_words(
    session: AsyncSession, before_week: str, limit: int
) -> list[tuple[int, str, dict[str, Any]]]:
    """(compound_id, week, digest) of digests from before this week that still hold what people said."""
    statement = (
        select(WeeklyCycle.compound_id, WeeklyCycle.week, WeeklyCycle.digest)
        .where(WeeklyCycle.week < before_week, col(WeeklyCycle.digest).is_not(None), _HAS_WORDS)
        .limit(limit)
    )
    return [
        (compound_id, week, dict(digest))
        for compound_id, week, digest in (await session.exec(statement)).all()
        if digest
    ]


async def list_digests_of(
    session: AsyncSession, person_id: int
) -> list[tuple[int, str, dict[str, Any], set[int]]]:
    """(compound_id, week, digest, numbers of the person's opinions) of digests that may hold what they said."""
    numbers: dict[int, set[int]] = {}
    spoken = select(Opinion.compound_id, Opinion.number).where(Opinion.person_id == person_id)
    for compound_id, number in (await session.exec(spoken)).all():
        numbers.setdefault(compound_id, set()).add(number)
    statement = select(WeeklyCycle.compound_id, WeeklyCycle.week, WeeklyCycle.digest).where(
        col(WeeklyCycle.compound_id).in_(numbers), col(WeeklyCycle.digest).is_not(None), _HAS_WORDS
    )
    return [
        (compound_id, week, dict(digest), numbers[compound_id])
        for compound_id, week, digest in (await session.exec(statement)).all()
        if digest
    ]

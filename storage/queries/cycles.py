"""The weekly collection: who is due, who makes a step, what the digest counts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Integer, String, and_, bindparam, case, func, tuple_, update
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, aliased, defer
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.queries.matters import ENDED
from storage.states import (
    CycleStep,
    GroupKind,
    MatterState,
    OpinionState,
    PlaceLevel,
    RegionLevel,
    RequestState,
    Role,
)
from storage.tables import (
    ChannelIdentity,
    ChatGroup,
    Compound,
    CycleSettings,
    Matter,
    Opinion,
    Place,
    Region,
    Request,
    RoleGrant,
    WeeklyCycle,
)
from storage.upsert import insert_for

_WEEK_MINUTES = 7 * 1440
_PROMPT_MINUTES = 1440 + 20  # how long after its minute a prompt may still go out, with the widest spread

# The best leaf of an opinion, NULL for an unsorted one.
_LEAF = col(Opinion.categories)[(0, "id")].as_string()


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
    statement = (
        insert_for(session, WeeklyCycle)
        .values(
            [
                {"compound_id": compound_id, "week": week, "opened_at": now, "skipped": False}
                for compound_id, week in sorted(weeks)
            ]
        )
        .on_conflict_do_nothing()
        .returning(WeeklyCycle.compound_id, WeeklyCycle.week)
    )
    return [(compound_id, week) for compound_id, week in (await session.exec(statement)).all()]


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
        await session.exec(
            insert_for(session, WeeklyCycle)
            .values(
                [
                    {"compound_id": compound_id, "week": week, "skipped": False}
                    for compound_id, week in sorted(weeks)
                ]
            )
            .on_conflict_do_nothing()
        )
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


async def load_digest(session: AsyncSession, compound_id: int, week: str) -> dict[str, Any] | None:
    """The digest of a week as it was sent, None when there is none."""
    statement = select(WeeklyCycle.digest).where(
        WeeklyCycle.compound_id == compound_id, WeeklyCycle.week == week
    )
    digest = (await session.exec(statement)).one_or_none()
    return dict(digest) if digest else None


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


async def list_lively_groups(
    session: AsyncSession, compound_ids: Collection[int], since: datetime, opinions: int
) -> set[int]:
    """Groups in which at least so many opinions were filed since then."""
    statement = (
        select(Opinion.group_id)
        .where(
            col(Opinion.compound_id).in_(compound_ids),
            Opinion.filed_at >= since,
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


# What the digests count, for a batch of compounds at a time: a query each, not a query each a compound


@dataclass(frozen=True, slots=True)
class Period:
    """Which opinions belong to a week of a compound: those filed in [since, until).

    An opinion is filed once and its number only grows, so that each falls into one week, also one that was said
    before its speaker was known. after_number: the last number that the digest before counted; with it, what was
    filed while the clock went wrong is counted too.
    """

    compound_id: int
    since: datetime
    until: datetime
    after_number: int | None = None


def _holds(periods: Sequence[Period]) -> ColumnElement[bool]:
    """The condition on opinions of these periods, withdrawn ones included."""
    return or_(*map(_holds_one, periods))


def _holds_one(period: Period) -> ColumnElement[bool]:
    begun: ColumnElement[bool] = col(Opinion.filed_at) >= period.since
    if period.after_number is not None:
        begun = or_(begun, col(Opinion.number) > period.after_number)
    return and_(col(Opinion.compound_id) == period.compound_id, col(Opinion.filed_at) < period.until, begun)


_DISMISSED = (
    select(Matter.number)
    .where(
        Matter.compound_id == Opinion.compound_id,
        Matter.number == Opinion.matter_number,
        Matter.state == MatterState.DISMISSED,
    )
    .correlate(Opinion)
    .exists()
)
_STANDS = and_(col(Opinion.state) != OpinionState.WITHDRAWN, ~_DISMISSED)

# What is counted: the matter of an opinion; one that was put with none yet is one by itself.
_MATTER = func.coalesce(Opinion.matter_number, Opinion.number)
_OF_MATTER = and_(col(Matter.compound_id) == Opinion.compound_id, col(Matter.number) == Opinion.matter_number)
_HOME = and_(
    col(Place.compound_id) == Opinion.compound_id,
    col(Place.code) == Opinion.home_code,
    col(Place.level).in_((PlaceLevel.UNIT, PlaceLevel.HOUSEHOLD)),
)
_UNIT = case(
    (col(Place.level) == PlaceLevel.UNIT, Place.code),
    (col(Place.level) == PlaceLevel.HOUSEHOLD, func.coalesce(Place.parent_code, Place.code)),
)


class Totals(NamedTuple):
    """Figures of a week. households: bound homes that spoke; speakers: other people who did.

    urgent: matters of at least the urgency asked for; candidates: matters that nobody has confirmed; last_number: the
    highest number given out in it.
    """

    matters: int = 0
    households: int = 0
    speakers: int = 0
    urgent: int = 0
    candidates: int = 0
    last_number: int = 0


async def count_weeks(session: AsyncSession, periods: Sequence[Period], urgency: int) -> dict[int, Totals]:
    """Figures by compound; compounds where nothing was filed are left out."""
    statement = (
        select(
            Opinion.compound_id,
            func.count(func.distinct(case((_STANDS, _MATTER)))),
            func.count(func.distinct(case((_STANDS, _UNIT)))),
            func.count(func.distinct(case((and_(_STANDS, _UNIT.is_(None)), col(Opinion.person_id))))),
            func.count(func.distinct(case((and_(_STANDS, col(Opinion.urgency) >= urgency), _MATTER)))),
            func.count(
                func.distinct(
                    case((and_(_STANDS, col(Matter.state) == MatterState.CANDIDATE), Matter.number))
                )
            ),
            func.max(Opinion.number),
        )  # type: ignore[call-overload]
        .outerjoin(Place, _HOME)
        .outerjoin(Matter, _OF_MATTER)
        .where(_holds(periods))
        .group_by(col(Opinion.compound_id))
    )
    return {row[0]: Totals(*row[1:]) for row in (await session.exec(statement)).all()}


async def count_leaves(session: AsyncSession, periods: Sequence[Period]) -> dict[int, list[tuple[str, int]]]:
    """(leaf, matters) by compound; the empty leaf for unsorted ones."""
    statement = (
        select(
            Opinion.compound_id,
            func.coalesce(Matter.leaf, _LEAF).label("counted_leaf"),
            func.count(func.distinct(_MATTER)),
        )
        .outerjoin(Matter, _OF_MATTER)
        .where(_holds(periods), _STANDS)
        .group_by(col(Opinion.compound_id), sql("counted_leaf"))
    )
    counts: dict[int, list[tuple[str, int]]] = {}
    for compound_id, leaf, count in (await session.exec(statement)).all():
        counts.setdefault(compound_id, []).append((leaf or "", count))
    return counts


async def count_buildings(
    session: AsyncSession, periods: Sequence[Period], limit: int
) -> dict[int, list[tuple[str, str, int]]]:
    """(building, its name in the tree or "", matters) of the buildings named most, by compound."""
    counted = (
        select(Opinion.compound_id, Opinion.building, func.count(func.distinct(_MATTER)).label("count"))
        .where(_holds(periods), _STANDS, col(Opinion.building).is_not(None))
        .group_by(col(Opinion.compound_id), col(Opinion.building))
        .subquery()
    )
    statement = (
        select(counted.c.compound_id, counted.c.building, Place.name, counted.c.count)
        .outerjoin(
            Place,
            and_(col(Place.compound_id) == counted.c.compound_id, col(Place.code) == counted.c.building),
        )
        .order_by(counted.c.compound_id, counted.c.count.desc(), counted.c.building)
    )
    places: dict[int, list[tuple[str, str, int]]] = {}
    for compound_id, building, name, count in (await session.exec(statement)).all():
        of_compound = places.setdefault(compound_id, [])
        if len(of_compound) < limit:
            of_compound.append((building, name or "", count))
    return places


def _refused() -> ColumnElement[bool]:
    return (
        select(ChannelIdentity.identity_id)
        .where(
            col(ChannelIdentity.person_id) == Opinion.person_id, col(ChannelIdentity.refused_at).is_not(None)
        )
        .exists()
    )


class First(NamedTuple):
    """The first opinion of a matter. refused: its speaker does not want to be heard. matter: None for no matter yet."""

    opinion: Opinion
    refused: bool
    matter: Matter | None


async def _list_first(
    session: AsyncSession,
    condition: ColumnElement[bool],
    group: Sequence[ColumnElement[Any] | Mapped[Any]],
    order: Sequence[ColumnElement[Any]],
    each: int,
) -> list[First]:
    """The first few opinions of each group, at most one of each matter."""
    nth = (
        func.row_number()
        .over(partition_by=[col(Opinion.compound_id), _MATTER], order_by=list(order))
        .label("nth")
    )
    voices = select(Opinion.compound_id, Opinion.number, nth).where(condition).subquery()
    rank = func.row_number().over(partition_by=list(group), order_by=list(order)).label("rank")
    ranked = (
        select(Opinion.compound_id, Opinion.number, rank)
        .join(
            voices,
            and_(
                voices.c.compound_id == Opinion.compound_id,
                voices.c.number == Opinion.number,
                voices.c.nth == 1,
            ),
        )
        .subquery()
    )
    statement = (
        select(Opinion, _refused(), Matter)
        .outerjoin(Matter, _OF_MATTER)
        .join(
            ranked,
            and_(
                ranked.c.compound_id == Opinion.compound_id,
                ranked.c.number == Opinion.number,
                ranked.c.rank <= each,
            ),
        )
        .order_by(col(Opinion.compound_id), ranked.c.rank, col(Opinion.number))
        .options(defer(Opinion.hits))  # type: ignore[arg-type]
    )
    return [First(*row) for row in (await session.exec(statement)).all()]


async def list_urgent(
    session: AsyncSession, periods: Sequence[Period], urgency: int, each: int
) -> list[First]:
    """The first opinion of each matter of at least this urgency, so many of each compound."""
    condition = and_(_holds(periods), _STANDS, col(Opinion.urgency) >= urgency)
    return await _list_first(
        session, condition, [col(Opinion.compound_id)], [col(Opinion.number).asc()], each
    )


async def list_quotable(
    session: AsyncSession, periods: Sequence[Period], below_urgency: int, longest: int, each: int
) -> list[Opinion]:
    """The first few opinions of every leaf that somebody may be quoted with; nobody who refused to be heard."""
    condition = and_(
        _holds(periods),
        _STANDS,
        col(Opinion.urgency) < below_urgency,
        col(Opinion.person_id).is_not(None),
        func.length(Opinion.text) <= longest,
        ~col(Opinion.echo),
        col(Opinion.repost_of).is_(None),
        ~_refused(),
    )
    found = await _list_first(
        session, condition, [col(Opinion.compound_id), _LEAF], [col(Opinion.number).asc()], each
    )
    return [first.opinion for first in found]


# Of the request that a matter has: somebody has seen to it, or nobody wants it any more.
_OVER = (
    select(Request.number)
    .where(
        Request.compound_id == Opinion.compound_id,
        Request.number == Opinion.matter_number,
        col(Request.state).in_((*ENDED, RequestState.CANCELLED)),
    )
    .correlate(Opinion)
    .exists()
)


def _unanswered(periods: Sequence[Period], days: int) -> ColumnElement[bool]:
    return and_(
        _STANDS,
        ~_OVER,
        or_(
            *(
                and_(
                    col(Opinion.compound_id) == period.compound_id,
                    col(Opinion.filed_at) < period.until - timedelta(days=days),
                )
                for period in periods
            )
        ),
    )


async def count_unanswered(session: AsyncSession, periods: Sequence[Period], days: int) -> dict[int, int]:
    """How many matters nobody has answered for so many days at the end of the period, by compound."""
    statement = (
        select(Opinion.compound_id, func.count(func.distinct(_MATTER)))
        .where(_unanswered(periods, days))
        .group_by(col(Opinion.compound_id))
    )
    return dict((await session.exec(statement)).all())


async def list_unanswered(
    session: AsyncSession, periods: Sequence[Period], days: int, each: int
) -> list[First]:
    """The most urgent of them, then the oldest; so many of each compound."""
    return await _list_first(
        session,
        _unanswered(periods, days),
        [col(Opinion.compound_id)],
        [col(Opinion.urgency).desc(), col(Opinion.filed_at).asc(), col(Opinion.number).asc()],
        each,
    )


# Words do not outlive their time in a digest either


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

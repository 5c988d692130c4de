"""What the digests of a week count, for a batch of compounds at a time: a query each, not one for each compound."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Subquery, and_, case, func, literal, tuple_, union_all
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, defer
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.queries.matters import ENDED
from storage.states import (
    GOING_ON,
    MatterState,
    OpinionState,
    PlaceLevel,
    RequestState,
)
from storage.tables import (
    ChannelIdentity,
    Matter,
    Opinion,
    Place,
    Request,
    RequestEvent,
)
from storage.types import UtcDateTime

# The best leaf of an opinion, NULL for an unsorted one.
_LEAF = col(Opinion.categories)[(0, "id")].as_string()


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
# The same where the matter is joined anyway: PostgreSQL would look for it once more for each figure.
_STANDS_JOINED = and_(
    col(Opinion.state) != OpinionState.WITHDRAWN,
    or_(col(Matter.state).is_(None), col(Matter.state) != MatterState.DISMISSED),
)

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
            func.count(func.distinct(case((_STANDS_JOINED, _MATTER)))),
            func.count(func.distinct(case((_STANDS_JOINED, _UNIT)))),
            func.count(func.distinct(case((and_(_STANDS_JOINED, _UNIT.is_(None)), col(Opinion.person_id))))),
            func.count(func.distinct(case((and_(_STANDS_JOINED, col(Opinion.urgency) >= urgency), _MATTER)))),
            func.count(
                func.distinct(
                    case((and_(_STANDS_JOINED, col(Matter.state) == MatterState.CANDIDATE), Matter.number))
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


class Kind(NamedTuple):
    """Matters of a top category, "" for unsorted ones. people: homes that spoke, and others whose home is not known."""

    top: str
    matters: int
    people: int


_PEOPLE = func.count(func.distinct(_UNIT)) + func.count(
    func.distinct(case((_UNIT.is_(None), col(Opinion.person_id))))
)


def _top_of(leaf: Any) -> ColumnElement[str]:
    """`dianti` of `dianti.kunren` and of `dianti`, in the words that both databases know."""
    ending = func.replace(leaf, ".", "")  # with its characters the end is taken off as far as the dot
    return func.rtrim(func.coalesce(func.nullif(func.rtrim(leaf, ending), ""), leaf), ".")


async def count_kinds(session: AsyncSession, periods: Sequence[Period]) -> dict[int, list[Kind]]:
    """The kinds of what was said, by compound."""
    statement = (
        select(
            Opinion.compound_id,
            _top_of(func.coalesce(Matter.leaf, _LEAF)).label("counted_top"),
            func.count(func.distinct(_MATTER)),
            _PEOPLE,
        )
        .outerjoin(Place, _HOME)
        .outerjoin(Matter, _OF_MATTER)
        .where(_holds(periods), _STANDS)
        .group_by(col(Opinion.compound_id), sql("counted_top"))
    )
    return _by_compound((await session.exec(statement)).all())


def _by_compound(rows: Iterable[tuple[int, str | None, int, int]]) -> dict[int, list[Kind]]:
    kinds: dict[int, list[Kind]] = {}
    for compound_id, top, matters, people in rows:
        kinds.setdefault(compound_id, []).append(Kind(top or "", matters, people))
    return kinds


class Building(NamedTuple):
    """How many matters were about a building. name: its name in the tree, or "". people: as of a Kind."""

    building: str
    name: str
    matters: int
    people: int


async def count_buildings(
    session: AsyncSession, periods: Sequence[Period], limit: int
) -> dict[int, list[Building]]:
    """The buildings named most, by compound."""
    counted = (
        select(
            Opinion.compound_id,
            Opinion.building,
            func.count(func.distinct(_MATTER)).label("count"),
            _PEOPLE.label("people"),
        )
        .outerjoin(Place, _HOME)
        .where(_holds(periods), _STANDS, col(Opinion.building).is_not(None))
        .group_by(col(Opinion.compound_id), col(Opinion.building))
        .subquery()
    )
    statement = (
        select(counted.c.compound_id, counted.c.building, Place.name, counted.c.count, counted.c.people)  # type: ignore[call-overload]
        .outerjoin(
            Place,
            and_(col(Place.compound_id) == counted.c.compound_id, col(Place.code) == counted.c.building),
        )
        .order_by(counted.c.compound_id, counted.c.count.desc(), counted.c.building)
    )
    places: dict[int, list[Building]] = {}
    for compound_id, building, name, count, people in (await session.exec(statement)).all():
        of_compound = places.setdefault(compound_id, [])
        if len(of_compound) < limit:
            of_compound.append(Building(building, name or "", count, people))
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
    ranked = _ranked(condition, group, order)
    statement = (
        select(Opinion, _refused(), Matter)
        .outerjoin(Matter, _OF_MATTER)
        .join(ranked, _is_among(ranked, each))
        .order_by(col(Opinion.compound_id), ranked.c.rank, col(Opinion.number))
        .options(defer(Opinion.hits))  # type: ignore[arg-type]
    )
    return [First(*row) for row in (await session.exec(statement)).all()]


def _ranked(
    condition: ColumnElement[bool],
    group: Sequence[ColumnElement[Any] | Mapped[Any]],
    order: Sequence[ColumnElement[Any]],
) -> Subquery:
    """The first opinion of each matter, with its rank in its group."""
    nth = (
        func.row_number()
        .over(partition_by=[col(Opinion.compound_id), _MATTER], order_by=list(order))
        .label("nth")
    )
    voices = select(Opinion.compound_id, Opinion.number, nth).where(condition).subquery()
    rank = func.row_number().over(partition_by=list(group), order_by=list(order)).label("rank")
    return (
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


def _is_among(ranked: Subquery, each: int) -> ColumnElement[bool]:
    return and_(
        ranked.c.compound_id == Opinion.compound_id,
        ranked.c.number == Opinion.number,
        ranked.c.rank <= each,
    )


class Outcomes(NamedTuple):
    """What became of requests in a period. late: not done at its end, and should have been."""

    ordered: int = 0
    answered: int = 0
    done: int = 0
    late: int = 0


async def count_outcomes(
    session: AsyncSession, periods: Sequence[Period], replied: str
) -> dict[int, Outcomes]:
    """What became of requests, by compound. replied: the verb of an answer to the reporters.

    Each figure is looked up by its own moment, so that what is long over is not read again every week.
    """
    of_request = and_(
        col(Request.compound_id) == RequestEvent.compound_id, col(Request.number) == RequestEvent.number
    )
    is_late = or_(
        *(
            and_(col(Request.compound_id) == period.compound_id, col(Request.done_by) < period.until)
            for period in periods
        )
    )
    counted = {
        "ordered": select(Request.compound_id, func.count()).where(
            _of_request(periods, Request.dispatched_at), col(Request.state) != RequestState.CANCELLED
        ),
        "answered": select(RequestEvent.compound_id, func.count(func.distinct(RequestEvent.number)))
        .join(Request, of_request)
        .where(
            col(RequestEvent.verb) == replied,
            or_(*(_within(period, RequestEvent.compound_id, RequestEvent.at) for period in periods)),
            col(Request.state) != RequestState.CANCELLED,
        ),
        "done": select(Request.compound_id, func.count()).where(_is_done(periods)),
        "late": select(Request.compound_id, func.count()).where(col(Request.state).in_(GOING_ON), is_late),
    }
    each_figure: Any = union_all(
        *(
            each.add_columns(literal(name)).group_by(each.selected_columns[0])
            for name, each in counted.items()
        )
    ).subquery()
    found: dict[int, Outcomes] = {}
    for compound_id, count, name in (await session.exec(select(*each_figure.c))).all():
        found[compound_id] = found.get(compound_id, Outcomes())._replace(**{name: count})
    return found


async def count_done_kinds(session: AsyncSession, periods: Sequence[Period]) -> dict[int, list[Kind]]:
    """The kinds of what was done, by compound, with the people who had raised it, whenever that was."""
    statement = (
        select(
            Request.compound_id,
            _top_of(col(Matter.leaf)).label("counted_top"),
            func.count(func.distinct(Request.number)),
            _PEOPLE,
        )
        .join(
            Matter, and_(col(Matter.compound_id) == Request.compound_id, col(Matter.number) == Request.number)
        )
        .join(
            Opinion,
            and_(
                col(Opinion.compound_id) == Request.compound_id, col(Opinion.matter_number) == Request.number
            ),
        )
        .outerjoin(Place, _HOME)
        .where(_is_done(periods), col(Opinion.state) != OpinionState.WITHDRAWN)
        .group_by(col(Request.compound_id), sql("counted_top"))
    )
    return _by_compound((await session.exec(statement)).all())


async def count_people_about(
    session: AsyncSession, compound_id: int, leaves: Collection[str], since: datetime, until: datetime
) -> int:
    """Homes, and others whose home is not known, behind the matters of these leaves opened in [since, until)."""
    statement = (
        select(_PEOPLE)
        .select_from(Opinion)
        .outerjoin(Place, _HOME)
        .join(Matter, _OF_MATTER)
        .where(
            Opinion.compound_id == compound_id,
            col(Matter.leaf).in_(leaves),
            Matter.opened_at >= since,
            Matter.opened_at < until,
            col(Matter.state).in_((MatterState.CANDIDATE, MatterState.CONFIRMED)),
            Opinion.state != OpinionState.WITHDRAWN,
        )
    )
    return (await session.exec(statement)).one()


def _is_done(periods: Sequence[Period]) -> ColumnElement[bool]:
    return and_(col(Request.state).in_(ENDED), _of_request(periods, Request.done_at))


def _of_request(periods: Sequence[Period], at: Any) -> ColumnElement[bool]:
    return or_(*(_within(period, Request.compound_id, at) for period in periods))


def _within(period: Period, compound_id: Any, at: Any) -> ColumnElement[bool]:
    return and_(col(compound_id) == period.compound_id, col(at) >= period.since, col(at) < period.until)


async def list_urgent(
    session: AsyncSession, periods: Sequence[Period], urgency: int, each: int
) -> list[First]:
    """The first opinion of each matter of at least this urgency, so many of each compound."""
    condition = and_(_holds(periods), _STANDS, col(Opinion.urgency) >= urgency)
    return await _list_first(
        session, condition, [col(Opinion.compound_id)], [col(Opinion.number).asc()], each
    )


class Quotable(NamedTuple):
    """What somebody said, as far as a quote needs it. leaf: None for an unsorted one."""

    compound_id: int
    number: int
    person_id: int
    leaf: str | None
    text: str


async def list_quotable(
    session: AsyncSession, periods: Sequence[Period], below_urgency: int, longest: int, each: int
) -> list[Quotable]:
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
    ranked = _ranked(condition, [col(Opinion.compound_id), _LEAF], [col(Opinion.number).asc()])
    statement = (
        select(Opinion.compound_id, Opinion.number, Opinion.person_id, _LEAF, Opinion.text)  # type: ignore[call-overload]
        .join(ranked, _is_among(ranked, each))
        .order_by(col(Opinion.compound_id), ranked.c.rank, col(Opinion.number))
    )
    return [Quotable(*row) for row in (await session.exec(statement)).all()]


def _unanswered(periods: Sequence[Period], days: int) -> Subquery:
    """Opinions (compound_id, number, matter) that were filed so many days before the end of the period and whose
    matter is not over.

    Looked up from what goes on, which is little, and not in all that was ever said: the requests that go on, what was
    overheard and has no request, and what was put with no matter yet.
    """
    compounds = [period.compound_id for period in periods]
    has_request = (
        select(Request.number)
        .where(Request.compound_id == Matter.compound_id, Request.number == Matter.number)
        .correlate(Matter)
        .exists()
    )
    going_on = union_all(
        select(Request.compound_id, Request.number).where(
            col(Request.compound_id).in_(compounds), col(Request.state).in_(GOING_ON)
        ),
        select(Matter.compound_id, Matter.number).where(
            col(Matter.compound_id).in_(compounds), col(Matter.state) == MatterState.CANDIDATE, ~has_request
        ),
    ).cte("going_on")
    # SQLite knows nothing of the rows and would begin with all that was said.
    going_on = going_on.prefix_with("MATERIALIZED", dialect="sqlite")
    before = case(
        {
            period.compound_id: literal(period.until - timedelta(days=days), UtcDateTime())
            for period in periods
        },
        value=col(Opinion.compound_id),
    )
    found = select(Opinion.compound_id, Opinion.number, _MATTER.label("matter")).where(
        _STANDS, col(Opinion.filed_at) < before
    )
    of_matter = and_(
        going_on.c.compound_id == Opinion.compound_id, going_on.c.number == Opinion.matter_number
    )
    return union_all(
        found.join(going_on, of_matter),
        found.where(col(Opinion.compound_id).in_(compounds), col(Opinion.matter_number).is_(None)),
    ).subquery()


async def count_unanswered(session: AsyncSession, periods: Sequence[Period], days: int) -> dict[int, int]:
    """How many matters nobody has answered for so many days at the end of the period, by compound."""
    voices = _unanswered(periods, days)
    statement = select(voices.c.compound_id, func.count(func.distinct(voices.c.matter))).group_by(
        voices.c.compound_id
    )
    return dict((await session.exec(statement)).all())


async def list_unanswered(
    session: AsyncSession, periods: Sequence[Period], days: int, each: int
) -> list[First]:
    """The most urgent of them, then the oldest; so many of each compound."""
    voices = _unanswered(periods, days)
    return await _list_first(
        session,
        tuple_(col(Opinion.compound_id), col(Opinion.number)).in_(
            select(voices.c.compound_id, voices.c.number)
        ),
        [col(Opinion.compound_id)],
        [col(Opinion.urgency).desc(), col(Opinion.filed_at).asc(), col(Opinion.number).asc()],
        each,
    )


# Words do not outlive their time in a digest either

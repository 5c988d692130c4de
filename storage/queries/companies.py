"""Property companies: which one serves a compound, what was theirs to do, what they say to their figures."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, exists, or_, update
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.queries.opinions import lock_counter
from storage.queries.requests import Raised, list_raised
from storage.states import RequestState, Role
from storage.tables import OversightSettings, PropertyContract, PropertyStatement, Request, RequestEvent
from storage.upsert import insert_for

_REFUSED, _DISPATCHED = "request.refused", "request.dispatched"


async def lock_contract(session: AsyncSession, compound_id: int) -> PropertyContract | None:
    """The contract that goes on; nobody else changes a compound's contracts until the transaction ends."""
    await lock_counter(session, compound_id, "contract")
    statement = (
        select(PropertyContract)
        .where(PropertyContract.compound_id == compound_id, col(PropertyContract.until_on).is_(None))
        .order_by(col(PropertyContract.since_on).desc())
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).first()


async def list_contracts(session: AsyncSession, compound_ids: Collection[int]) -> list[PropertyContract]:
    """The contracts of these compounds, past ones too, in order."""
    statement = (
        select(PropertyContract)
        .where(col(PropertyContract.compound_id).in_(compound_ids))
        .order_by(col(PropertyContract.compound_id), col(PropertyContract.since_on))
    )
    return list((await session.exec(statement)).all())


async def list_switched_on(session: AsyncSession, compound_ids: Collection[int]) -> list[int]:
    """Those of these compounds that have rate cards."""
    statement = select(OversightSettings.compound_id).where(
        col(OversightSettings.compound_id).in_(compound_ids), col(OversightSettings.rate_cards).is_(True)
    )
    return list(await session.exec(statement))


class Trouble(NamedTuple):
    """A request that the company refused, or that was its own and reopened."""

    compound_id: int
    raised_at: datetime
    refused: bool
    reopened: bool


def _had(verb: str) -> ColumnElement[bool]:
    """Whether the property company is named by such an entry of a request's timeline."""
    return exists().where(
        col(RequestEvent.compound_id) == Request.compound_id,
        col(RequestEvent.number) == Request.number,
        col(RequestEvent.verb) == verb,
        col(RequestEvent.details)["role"].as_string() == Role.PROPERTY.value,
    )


def _was_sent_back() -> ColumnElement[bool]:
    """Whether a request was reopened while it was the property company's: nobody was given it between."""
    given, reopened, between = (aliased(RequestEvent) for _ in range(3))

    def of(event: type[RequestEvent], verb: str) -> ColumnElement[bool]:
        same = and_(col(event.compound_id) == Request.compound_id, col(event.number) == Request.number)
        return and_(same, col(event.verb) == verb)

    others = exists().where(
        of(between, _DISPATCHED),
        col(between.seq) > given.seq,
        col(between.seq) < reopened.seq,
    )
    return exists().where(
        of(given, _DISPATCHED),
        col(given.details)["role"].as_string() == Role.PROPERTY.value,
        of(reopened, "request.reopened"),
        col(reopened.seq) > given.seq,
        ~others.correlate(Request, given, reopened),
    )


# Also what was sent back so often that it was taken from the company: nothing leaves the card by being bad.
_THEIRS = or_(col(Request.role) == Role.PROPERTY, and_(col(Request.round) > 1, _was_sent_back()))


async def list_raised_theirs(
    session: AsyncSession, compound_ids: Collection[int], since: datetime, until: datetime
) -> list[Raised]:
    """The requests raised in [since, until) that are, or at their end were, the property company's, and those that were
    taken from it because what it did was sent back."""
    return await list_raised(session, compound_ids, since, until, _THEIRS)


async def list_troubles(
    session: AsyncSession, compound_ids: Collection[int], since: datetime, until: datetime
) -> list[Trouble]:
    """Of the requests raised in [since, until) those that the company refused or had to do again."""
    refused = _had(_REFUSED)
    reopened = and_(col(Request.round) > 1, _THEIRS)
    statement = select(Request.compound_id, Request.raised_at, refused, reopened).where(
        col(Request.compound_id).in_(compound_ids),
        col(Request.raised_at) >= since,
        col(Request.raised_at) < until,
        col(Request.state) != RequestState.CANCELLED,
        or_(refused, reopened),
    )
    return [Trouble(of, at, bool(one), bool(two)) for of, at, one, two in await session.exec(statement)]


async def list_statements(
    session: AsyncSession, compound_ids: Collection[int], quarter: str
) -> list[PropertyStatement]:
    """What was said to a quarter of these compounds."""
    statement = (
        select(PropertyStatement)
        .where(
            col(PropertyStatement.compound_id).in_(compound_ids),
            PropertyStatement.quarter == quarter,
            PropertyStatement.words != "",
        )
        .order_by(col(PropertyStatement.compound_id), col(PropertyStatement.company))
    )
    return list((await session.exec(statement)).all())


async def put_statement(
    session: AsyncSession,
    compound_id: int,
    quarter: str,
    company: str,
    words: str,
    now: datetime,
    person_id: int,
) -> None:
    """Keep a company's words in the place of its earlier ones."""
    values = {"words": words, "written_by": person_id, "written_at": now}
    await session.exec(
        insert_for(session, PropertyStatement)
        .values(compound_id=compound_id, quarter=quarter, company=company, **values)
        .on_conflict_do_update(index_elements=["compound_id", "quarter", "company"], set_=values)
    )


async def hand_statements_over(
    session: AsyncSession, compound_id: int, company: str, other: str, since: datetime
) -> None:
    """Make what was said in a company's name from `since` on the other's; of two to one quarter the newer stands."""
    if company == other:  # its contract is renewed
        return
    statement = select(PropertyStatement).where(
        PropertyStatement.compound_id == compound_id,
        col(PropertyStatement.company).in_((company, other)),
    )
    rows = (await session.exec(statement)).all()
    theirs = {each.quarter: each for each in rows if each.company == other}
    for each in rows:
        if each.company != company or each.written_at < since:
            continue
        there = theirs.get(each.quarter)
        if there is not None:
            older, newer = sorted((there, each), key=lambda row: row.written_at)
            await session.delete(older)
            await session.flush()
            if newer is there:
                continue
        each.company = other
        session.add(each)
    await session.flush()


async def forget_statements_of(session: AsyncSession, person_id: int) -> None:
    """What a company said stays; who wrote it down goes."""
    await session.exec(
        update(PropertyStatement)
        .where(col(PropertyStatement.written_by) == person_id)
        .values(written_by=None)
    )

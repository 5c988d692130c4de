"""Requests, their timelines and ratings, and the rules by which they are dispatched."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, delete, func, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.queries.matters import find_matter_behind
from storage.states import Ladder, MessageClass, OpinionState, Rating, RequestState
from storage.tables import (
    DispatchRule,
    Matter,
    Mediation,
    Opinion,
    OutboxMessage,
    Request,
    RequestEvent,
    RequestRating,
)
from storage.upsert import insert_for, insert_ignore

_CHUNK = 500

# Which matter, which request


async def find_request(session: AsyncSession, compound_id: int, number: int) -> Request | None:
    """A request by the number of its matter."""
    statement = select(Request).where(Request.compound_id == compound_id, Request.number == number)
    return (await session.exec(statement)).one_or_none()


async def lock_request(session: AsyncSession, compound_id: int, number: int) -> Request | None:
    """A request as it is now; nobody else changes it, or its timeline, until the transaction ends."""
    statement = (
        select(Request)
        .where(Request.compound_id == compound_id, Request.number == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


async def add_request(session: AsyncSession, values: dict[str, Any]) -> bool:
    """Add a request; False when its matter has one."""
    return await insert_ignore(session, Request, values)


async def put_request(session: AsyncSession, compound_id: int, number: int, values: dict[str, Any]) -> None:
    """Change a request; the caller has locked it."""
    await session.exec(
        update(Request)
        .where(col(Request.compound_id) == compound_id, col(Request.number) == number)
        .values(**values)
        .execution_options(synchronize_session="fetch")
    )


async def list_due_requests(session: AsyncSession, now: datetime, limit: int) -> list[tuple[int, int]]:
    """Requests (compound_id, number) at which the clock has to look, those that waited longest first."""
    statement = (
        select(Request.compound_id, Request.number)
        .where(col(Request.next_at).is_not(None), col(Request.next_at) <= now)
        .order_by(col(Request.next_at), col(Request.compound_id), col(Request.number))
        .limit(limit)
    )
    return [(compound_id, number) for compound_id, number in await session.exec(statement)]


async def list_standing(
    session: AsyncSession, compound_ids: Collection[int], states: Collection[RequestState]
) -> list[tuple[Request, Matter]]:
    """Requests of these compounds in these states, the most urgent and then the oldest first."""
    statement = (
        select(Request, Matter)
        .join(
            Matter,
            (col(Matter.compound_id) == Request.compound_id) & (col(Matter.number) == Request.number),
        )
        .where(col(Request.compound_id).in_(compound_ids), col(Request.state).in_(states))
        .order_by(col(Matter.urgency).desc(), col(Request.raised_at), col(Request.number))
    )
    return list((await session.exec(statement)).all())


async def list_requests_numbered(
    session: AsyncSession, compound_ids: Collection[int], number: int
) -> list[tuple[Request, Matter]]:
    """The requests that a receipt's number leads to, in each of these compounds that has one."""
    found = []
    for compound_id in compound_ids:
        matter = await find_matter_behind(session, compound_id, number)
        request = await find_request(session, compound_id, matter.number) if matter else None
        if matter is not None and request is not None:
            found.append((request, matter))
    return found


async def list_own_requests(
    session: AsyncSession,
    person_id: int,
    states: Collection[RequestState],
    done_since: datetime | None = None,
) -> list[tuple[Request, int]]:
    """Requests in these states that this person reported, the last done or else raised first.

    Each with the number of the person's own first opinion on it. done_since: only what was done since then.
    """
    own = (
        select(
            col(Opinion.compound_id).label("compound_id"),
            col(Opinion.matter_number).label("matter"),
            func.min(Opinion.number).label("own"),
        )
        .where(Opinion.person_id == person_id, Opinion.state == OpinionState.FILED)
        .group_by(col(Opinion.compound_id), col(Opinion.matter_number))
        .subquery()
    )
    statement = (
        select(Request, own.c.own)
        .join(own, (own.c.compound_id == Request.compound_id) & (own.c.matter == Request.number))
        .where(col(Request.state).in_(states))
        .order_by(
            func.coalesce(Request.done_at, Request.raised_at).desc(),
            col(Request.number),
            col(Request.compound_id),
        )
    )
    if done_since is not None:
        statement = statement.where(col(Request.done_at) >= done_since)
    return [(request, int(number)) for request, number in await session.exec(statement)]


async def list_voices(session: AsyncSession, compound_id: int, number: int) -> dict[int, int]:
    """By person who stands behind a matter: the number of their first opinion on it, which stays the same."""
    statement = (
        select(Opinion.person_id, func.min(Opinion.number))
        .where(
            Opinion.compound_id == compound_id,
            Opinion.matter_number == number,
            Opinion.state == OpinionState.FILED,
            col(Opinion.person_id).is_not(None),
        )
        .group_by(col(Opinion.person_id))
    )
    return {person_id: int(first) for person_id, first in await session.exec(statement) if person_id}


async def list_states(
    session: AsyncSession, keys: Collection[tuple[int, int]]
) -> dict[tuple[int, int], RequestState]:
    """The states of the requests with these (compound_id, number of the matter)."""
    if not keys:
        return {}
    compounds, numbers = {key[0] for key in keys}, {key[1] for key in keys}
    statement = select(Request.compound_id, Request.number, Request.state).where(
        col(Request.compound_id).in_(compounds), col(Request.number).in_(numbers)
    )
    return {
        (compound_id, number): RequestState(state)
        for compound_id, number, state in await session.exec(statement)
    }


# The timeline


async def find_event_of(session: AsyncSession, compound_id: int, command_key: str) -> RequestEvent | None:
    """The entry that a command left."""
    statement = select(RequestEvent).where(
        RequestEvent.compound_id == compound_id, RequestEvent.command_key == command_key
    )
    return (await session.exec(statement)).one_or_none()


async def add_events(
    session: AsyncSession, compound_id: int, number: int, entries: Sequence[dict[str, Any]]
) -> int:
    """Add entries behind the last one; returns the seq of the last. The caller has locked the request.

    entries: verb, at, actor_id, public, text, details, command_key.
    """
    statement = select(func.max(RequestEvent.seq)).where(
        RequestEvent.compound_id == compound_id, RequestEvent.number == number
    )
    seq = int((await session.exec(statement)).one() or 0)
    for entry in entries:
        seq += 1
        session.add(RequestEvent(compound_id=compound_id, number=number, seq=seq, **entry))
    await session.flush()
    return seq


async def list_events(session: AsyncSession, compound_id: int, number: int) -> list[RequestEvent]:
    """The timeline of a request, from its beginning."""
    statement = (
        select(RequestEvent)
        .where(RequestEvent.compound_id == compound_id, RequestEvent.number == number)
        .order_by(col(RequestEvent.seq))
    )
    return list((await session.exec(statement)).all())


async def list_mediations(session: AsyncSession, compound_id: int, number: int) -> list[Mediation]:
    """The mediations in what a request is about, from the first."""
    statement = (
        select(Mediation)
        .where(Mediation.compound_id == compound_id, Mediation.number == number)
        .order_by(col(Mediation.seq))
    )
    return list((await session.exec(statement)).all())


async def find_last_words(
    session: AsyncSession, compound_id: int, number: int, *, public: bool
) -> RequestEvent | None:
    """The last entry that still has words, of those for the reporters or of the others."""
    statement = (
        select(RequestEvent)
        .where(
            RequestEvent.compound_id == compound_id,
            RequestEvent.number == number,
            RequestEvent.public == public,
            col(RequestEvent.text).is_not(None),
        )
        .order_by(col(RequestEvent.seq).desc())
        .limit(1)
    )
    return (await session.exec(statement)).first()


# Ratings


async def put_rating(session: AsyncSession, values: dict[str, Any]) -> None:
    """What a reporter thinks of a round; a later word replaces an earlier one."""
    changed = {key: values[key] for key in ("rating", "comment", "rated_at")}
    await session.exec(
        insert_for(session, RequestRating)
        .values(**values)
        .on_conflict_do_update(index_elements=["compound_id", "number", "round", "person_id"], set_=changed)
    )


async def list_ratings(
    session: AsyncSession, compound_id: int, number: int, round_: int
) -> dict[int, Rating]:
    """What each reporter thinks of a round."""
    statement = select(RequestRating.person_id, RequestRating.rating).where(
        RequestRating.compound_id == compound_id,
        RequestRating.number == number,
        RequestRating.round == round_,
    )
    return {person_id: Rating(rating) for person_id, rating in await session.exec(statement)}


class Raised(NamedTuple):
    """What a request's rates are taken of. ratings: what each reporter thought of it last, in whichever round."""

    compound_id: int
    number: int
    state: RequestState
    accepted_in_time: bool | None
    done_in_time: bool | None
    rating: Rating | None
    level: Ladder
    raised_at: datetime
    ratings: tuple[Rating, ...] = ()


async def list_raised(
    session: AsyncSession,
    compound_ids: Collection[int],
    since: datetime,
    until: datetime,
    *conditions: ColumnElement[bool],
) -> list[Raised]:
    """The requests of these compounds raised from `since` until before `until`; conditions: which of them."""
    raised = (
        col(Request.compound_id).in_(compound_ids),
        col(Request.raised_at) >= since,
        col(Request.raised_at) < until,
        *conditions,
    )
    statement = (
        select(RequestRating.compound_id, RequestRating.number, RequestRating.person_id, RequestRating.rating)
        .join(
            Request,
            (col(Request.compound_id) == RequestRating.compound_id)
            & (col(Request.number) == RequestRating.number),
        )
        .where(*raised)
        .order_by(col(RequestRating.round))
    )
    last: dict[tuple[int, int], dict[int, Rating]] = {}
    for compound_id, number, person_id, rating in await session.exec(statement):
        last.setdefault((compound_id, number), {})[person_id] = Rating(rating)
    rows = await session.exec(
        select(
            Request.compound_id,
            Request.number,
            Request.state,
            Request.accepted_in_time,
            Request.done_in_time,
            Request.rating,
            Request.level,
            Request.raised_at,
        ).where(*raised)  # type: ignore[call-overload]
    )
    return [
        Raised(
            compound_id,
            number,
            state,
            accepted,
            done,
            rating,
            level,
            raised_at,
            tuple(last.get((compound_id, number), {}).values()),
        )
        for compound_id, number, state, accepted, done, rating, level, raised_at in rows
    ]


# Dispatch rules


async def list_dispatch_rules(session: AsyncSession, compound_id: int) -> list[DispatchRule]:
    """The rules of a compound, by category and building."""
    statement = (
        select(DispatchRule)
        .where(DispatchRule.compound_id == compound_id)
        .order_by(col(DispatchRule.category), col(DispatchRule.building))
    )
    return list((await session.exec(statement)).all())


async def put_dispatch_rule(session: AsyncSession, values: dict[str, Any]) -> None:
    """Set the rule for a category and a building."""
    changed = {key: values[key] for key in ("role", "assignee_id", "auto")}
    await session.exec(
        insert_for(session, DispatchRule)
        .values(**values)
        .on_conflict_do_update(index_elements=["compound_id", "category", "building"], set_=changed)
    )


async def drop_dispatch_rules(
    session: AsyncSession, compound_id: int, keys: Iterable[tuple[str, str]]
) -> int:
    """Drop the rules with these (category, building); returns how many there were."""
    dropped = 0
    for category, building in keys:
        result = await session.exec(
            delete(DispatchRule).where(
                col(DispatchRule.compound_id) == compound_id,
                col(DispatchRule.category) == category,
                col(DispatchRule.building) == building,
            )
        )
        dropped += int(result.rowcount)
    return dropped


# Forgetting


async def list_request_words_of(session: AsyncSession, person_id: int) -> list[tuple[datetime, str]]:
    """What somebody wrote in timelines and beside ratings, as far as it is still there, with when."""
    events = select(RequestEvent.at, RequestEvent.text).where(
        RequestEvent.actor_id == person_id, col(RequestEvent.text).is_not(None)
    )
    comments = select(RequestRating.rated_at, RequestRating.comment).where(
        RequestRating.person_id == person_id, col(RequestRating.comment).is_not(None)
    )
    found = [*(await session.exec(events)).all(), *(await session.exec(comments)).all()]
    return [(at, text) for at, text in found if text]


async def list_passed_on_since(
    session: AsyncSession, since: datetime, after: int
) -> list[tuple[int, str, dict[str, Any] | None]]:
    """Notices and answers (outbox_id, text, payload) that may quote a timeline, in chunks beyond id `after`."""
    statement = (
        select(OutboxMessage.outbox_id, OutboxMessage.text, OutboxMessage.payload)
        .where(
            OutboxMessage.created_at >= since,
            col(OutboxMessage.outbox_id) > after,
            col(OutboxMessage.message_class).in_((MessageClass.NOTICE, MessageClass.REPLY)),
            OutboxMessage.text != "",
        )
        .order_by(col(OutboxMessage.outbox_id))
        .limit(_CHUNK)
    )
    return [
        (outbox_id, text, dict(payload) if payload is not None else None)
        for outbox_id, text, payload in await session.exec(statement)
        if outbox_id is not None
    ]


async def forget_in_requests(session: AsyncSession, person_id: int) -> None:
    """Take somebody and their words out of timelines, ratings, rules, and what they were to do."""
    await session.exec(
        update(RequestEvent).where(col(RequestEvent.actor_id) == person_id).values(text=None, actor_id=None)
    )
    await session.exec(
        update(RequestRating).where(col(RequestRating.person_id) == person_id).values(comment=None)
    )
    for table in (Request, DispatchRule):  # what was theirs is their role's
        await session.exec(update(table).where(col(table.assignee_id) == person_id).values(assignee_id=None))


async def blank_request_words(session: AsyncSession, before: datetime, limit: int) -> int:
    """Blank words in timelines and beside ratings that are older than `before`, some at a time; returns how many."""
    events = (
        select(RequestEvent).where(RequestEvent.at < before, col(RequestEvent.text).is_not(None)).limit(limit)
    )
    found = list((await session.exec(events)).all())
    for event in found:
        event.text = None
    comments = (
        select(RequestRating)
        .where(RequestRating.rated_at < before, col(RequestRating.comment).is_not(None))
        .limit(limit)
    )
    rated = list((await session.exec(comments)).all())
    for rating in rated:
        rating.comment = None
    old = (
        select(Mediation)
        .where(Mediation.recorded_at < before, col(Mediation.sealed).is_not(None))
        .limit(limit)
    )
    mediated = list((await session.exec(old)).all())
    for mediation in mediated:
        mediation.sealed, mediation.mediators = None, ""
    return len(found) + len(rated) + len(mediated)


async def list_events_with_words(
    session: AsyncSession, keys: Collection[tuple[int, int]]
) -> list[RequestEvent]:
    """The entries with words of these requests (compound_id, number), locked."""
    if not keys:
        return []
    compounds, numbers = {key[0] for key in keys}, {key[1] for key in keys}
    statement = (
        select(RequestEvent)
        .where(
            col(RequestEvent.compound_id).in_(compounds),
            col(RequestEvent.number).in_(numbers),
            col(RequestEvent.text).is_not(None),
        )
        .order_by(col(RequestEvent.compound_id), col(RequestEvent.number), col(RequestEvent.seq))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return [
        event for event in (await session.exec(statement)).all() if (event.compound_id, event.number) in keys
    ]

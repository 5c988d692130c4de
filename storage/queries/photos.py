"""Photos: whose they are, fetching them, showing them, and letting them go with their blobs."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, delete, func, tuple_, update
from sqlalchemy import select as select_of
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.blobs import PHOTO_COUNTER, drop_blobs, lock_blobs
from storage.queries.opinions import next_number
from storage.states import MatterState, OpinionState, PhotoState, RequestState
from storage.tables import InboxMessage, Matter, Opinion, Photo, Request, RequestEvent
from storage.upsert import insert_ignore


async def lock_photos(session: AsyncSession, compound_id: int) -> None:
    """Let no other transaction keep or drop a photo of a compound until this one ends."""
    await lock_blobs(session, compound_id)


# Whose they are


async def list_pictures_near(
    session: AsyncSession, person_id: int, since: datetime, until: datetime, rooms: Collection[str]
) -> list[InboxMessage]:
    """A person's messages with pictures that were sent in that span in these rooms ("" for 1:1), in order."""
    statement = (
        select(InboxMessage)
        .where(
            InboxMessage.person_id == person_id,
            col(InboxMessage.kind).in_(("image", "text")),
            InboxMessage.media_id != "",
            InboxMessage.sent_at >= since,
            InboxMessage.sent_at <= until,
            col(InboxMessage.room).in_(rooms),
        )
        .order_by(col(InboxMessage.sent_at), col(InboxMessage.inbox_id))
    )
    return list((await session.exec(statement)).all())


async def list_opinions_near(
    session: AsyncSession, person_id: int, since: datetime, until: datetime
) -> list[Opinion]:
    """A person's standing opinions that were said in that span."""
    statement = select(Opinion).where(
        Opinion.person_id == person_id,
        Opinion.state == OpinionState.FILED,
        Opinion.said_at >= since,
        Opinion.said_at <= until,
    )
    return list((await session.exec(statement)).all())


async def list_added_near(
    session: AsyncSession, person_id: int, since: datetime, until: datetime, outcomes: Collection[str]
) -> list[tuple[datetime, RequestEvent, str]]:
    """The entries that a person's 1:1 messages of that span left in timelines, each with when its message was sent and
    what that came to."""
    sent = select(InboxMessage.inbox_id, InboxMessage.sent_at, InboxMessage.outcome).where(
        InboxMessage.person_id == person_id,
        col(InboxMessage.outcome).in_(outcomes),
        InboxMessage.room == "",
        InboxMessage.sent_at >= since,
        InboxMessage.sent_at <= until,
    )
    found = {f"inbox:{inbox_id}": (at, outcome) for inbox_id, at, outcome in (await session.exec(sent)).all()}
    if not found:
        return []
    events = select(RequestEvent).where(
        RequestEvent.actor_id == person_id, col(RequestEvent.command_key).in_(found)
    )
    return [
        (at, event, outcome)
        for event in (await session.exec(events)).all()
        for at, outcome in [found[event.command_key or ""]]
    ]


async def list_first_opinions(
    session: AsyncSession, person_id: int, keys: Collection[tuple[int, int]]
) -> dict[tuple[int, int], int]:
    """A person's first standing opinion on each of these matters (compound_id, matter)."""
    statement = (
        select(Opinion.compound_id, Opinion.matter_number, func.min(Opinion.number))
        .where(
            Opinion.person_id == person_id,
            Opinion.state == OpinionState.FILED,
            tuple_(col(Opinion.compound_id), col(Opinion.matter_number)).in_(list(keys)),
        )
        .group_by(col(Opinion.compound_id), col(Opinion.matter_number))
    )
    return {
        (compound_id, matter or 0): number for compound_id, matter, number in await session.exec(statement)
    }


async def list_waiting_of_person(
    session: AsyncSession, person_id: int, states: Collection[RequestState]
) -> list[Opinion]:
    """A person's standing opinions whose matter is not over: no request yet, or one in these states; newest first."""
    statement = (
        select(Opinion)
        .join(
            Matter,
            (col(Matter.compound_id) == Opinion.compound_id) & (col(Matter.number) == Opinion.matter_number),
        )
        .outerjoin(
            Request,
            (col(Request.compound_id) == Opinion.compound_id)
            & (col(Request.number) == Opinion.matter_number),
        )
        .where(
            Opinion.person_id == person_id,
            Opinion.state == OpinionState.FILED,
            col(Matter.state).in_((MatterState.CANDIDATE, MatterState.CONFIRMED)),
            or_(col(Request.state).is_(None), col(Request.state).in_(states)),
        )
        .order_by(col(Opinion.said_at).desc(), col(Opinion.number).desc())
    )
    return list((await session.exec(statement)).all())


class Place(NamedTuple):
    """Where a photo belongs: an opinion, an entry of a timeline, or both."""

    opinion_number: int | None
    request_number: int | None = None
    event_seq: int | None = None


async def put_photo(
    session: AsyncSession,
    compound_id: int,
    photo_key: str,
    place: Place,
    now: datetime,
    *,
    person_id: int | None,
    said_at: datetime,
    message: InboxMessage | None = None,
    media_id: str = "",
    address: str | None = None,
) -> bool:
    """Note a photo, or move the one with this key to another place; returns whether it is new.

    message, media_id: where the platform has it. address: the blob of one that is here already.
    """
    known = select(Photo).where(Photo.compound_id == compound_id, Photo.photo_key == photo_key)
    photo = (await session.exec(known.with_for_update())).one_or_none()
    if photo is not None:
        photo.opinion_number, photo.request_number, photo.event_seq = place
        return False
    values = {
        "compound_id": compound_id,
        "number": await next_number(session, compound_id, PHOTO_COUNTER),
        "photo_key": photo_key,
        "inbox_id": message.inbox_id if message else None,
        "account": message.account if message else "",
        "media_id": media_id,
        "person_id": person_id,
        **place._asdict(),
        "said_at": said_at,
        "state": PhotoState.KEPT if address else PhotoState.WANTED,
        "next_at": now,
        "attempts": 0,
        "address": address,
    }
    return await insert_ignore(session, Photo, values)


async def count_photos_at(session: AsyncSession, compound_id: int, place: Place) -> int:
    """How many photos belong there."""
    statement = select(func.count()).where(
        Photo.compound_id == compound_id,
        Photo.opinion_number == place.opinion_number,
        Photo.event_seq == place.event_seq if place.event_seq is not None else col(Photo.event_seq).is_(None),
    )
    return (await session.exec(statement)).one()


# Fetching


class Wanted(NamedTuple):
    """A photo to fetch, as this taker has it. attempts: with this one."""

    compound_id: int
    number: int
    account: str
    media_id: str
    said_at: datetime
    attempts: int


def _due(accounts: Collection[str], now: datetime) -> list[ColumnElement[bool]]:
    return [
        col(Photo.state) == PhotoState.WANTED,
        col(Photo.next_at) <= now,
        col(Photo.account).in_(accounts),
    ]


async def has_wanted(session: AsyncSession, accounts: Collection[str], now: datetime) -> bool:
    """Whether `take_wanted` would find one; a read that takes no lock."""
    statement = select(Photo.number).where(*_due(accounts, now)).limit(1)
    return (await session.exec(statement)).first() is not None


async def count_waiting(session: AsyncSession, before: datetime) -> tuple[int, int]:
    """How many photos are still to be fetched, and how many of those were sent before then."""
    old = func.count().filter(col(Photo.said_at) < before)
    statement = select(func.count(), old).where(Photo.state == PhotoState.WANTED)
    waiting, long = (await session.exec(statement)).one()
    return waiting, long


async def take_wanted(
    session: AsyncSession, accounts: Collection[str], now: datetime, until: datetime, limit: int
) -> list[Wanted]:
    """Photos of these accounts that are due, the longest waiting first; nobody else gets them before `until`."""
    statement = (
        select(Photo)
        .where(*_due(accounts, now))
        .order_by(col(Photo.next_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = []
    for photo in (await session.exec(statement)).all():
        photo.next_at, photo.attempts = until, photo.attempts + 1
        taken.append(
            Wanted(
                photo.compound_id, photo.number, photo.account, photo.media_id, photo.said_at, photo.attempts
            )
        )
    return taken


async def lock_wanted(session: AsyncSession, wanted: Wanted) -> Photo | None:
    """The photo, if it still waits for what this taker brings: nobody took it later, and it was not taken back."""
    statement = (
        select(Photo)
        .where(
            Photo.compound_id == wanted.compound_id,
            Photo.number == wanted.number,
            Photo.state == PhotoState.WANTED,
            Photo.attempts == wanted.attempts,
        )
        .with_for_update()
    )
    return (await session.exec(statement)).one_or_none()


# Showing


def _of_matter(compound_id: int, matter: int) -> list[ColumnElement[bool]]:
    voices = select_of(col(Opinion.number)).where(
        col(Opinion.compound_id) == compound_id,
        col(Opinion.matter_number) == matter,
        col(Opinion.state) == OpinionState.FILED,
    )
    return [
        col(Photo.compound_id) == compound_id,
        or_(col(Photo.opinion_number).in_(voices), col(Photo.request_number) == matter),
    ]


async def list_photos_of_matter(session: AsyncSession, compound_id: int, matter: int) -> list[Photo]:
    """The photos of a matter, of whoever sent them, in the order in which they were sent."""
    statement = (
        select(Photo).where(*_of_matter(compound_id, matter)).order_by(col(Photo.said_at), col(Photo.number))
    )
    return list((await session.exec(statement)).all())


async def find_photo_of_matter(
    session: AsyncSession, compound_id: int, matter: int, number: int
) -> Photo | None:
    """A photo of a matter by its number."""
    statement = select(Photo).where(*_of_matter(compound_id, matter), Photo.number == number)
    return (await session.exec(statement)).one_or_none()


async def count_photos_of_matter(session: AsyncSession, compound_id: int, matter: int) -> int:
    """How many photos of a matter there are, or are still to be fetched."""
    statement = select(func.count()).where(
        *_of_matter(compound_id, matter), col(Photo.state).in_((PhotoState.WANTED, PhotoState.KEPT))
    )
    return (await session.exec(statement)).one()


async def list_photos_of_opinion(session: AsyncSession, compound_id: int, number: int) -> list[Photo]:
    """The photos of an opinion, in the order in which they were sent."""
    statement = (
        select(Photo)
        .where(Photo.compound_id == compound_id, Photo.opinion_number == number)
        .order_by(col(Photo.said_at), col(Photo.number))
    )
    return list((await session.exec(statement)).all())


# Letting go


async def drop_photos_of_opinions(session: AsyncSession, keys: Collection[tuple[int, int]]) -> int:
    """Let go of the photos of these opinions (compound_id, number); no later words may take them up again."""
    if not keys:
        return 0
    theirs = tuple_(col(Photo.compound_id), col(Photo.opinion_number)).in_(list(keys))
    sent = select_of(col(Photo.inbox_id)).where(theirs, col(Photo.inbox_id).is_not(None))
    await session.exec(update(InboxMessage).where(col(InboxMessage.inbox_id).in_(sent)).values(media_id=""))
    return await _drop(session, theirs)


async def drop_photos_of_messages(session: AsyncSession, inbox_ids: Collection[int]) -> int:
    """Let go of the photos that came with these messages."""
    return await _drop(session, col(Photo.inbox_id).in_(inbox_ids))


async def drop_photos_of_person(session: AsyncSession, person_id: int) -> int:
    """Let go of all photos that somebody sent."""
    return await _drop(session, col(Photo.person_id) == person_id)


async def drop_photos_before(session: AsyncSession, before: datetime, limit: int) -> int:
    """Let go of photos that were sent before then, some at a time; returns how many."""
    statement = (
        select(Photo.compound_id, Photo.number)
        .where(Photo.said_at < before)
        .order_by(col(Photo.said_at))
        .limit(limit)
    )
    keys = list((await session.exec(statement)).all())
    if not keys:
        return 0
    return await _drop(session, tuple_(col(Photo.compound_id), col(Photo.number)).in_(keys))


async def _drop(session: AsyncSession, which: ColumnElement[bool]) -> int:
    """Delete rows, and the blobs that nothing else has."""
    compounds = (await session.exec(select(Photo.compound_id).where(which).distinct())).all()
    for compound_id in sorted(compounds):
        await lock_photos(session, compound_id)
    gone: Any = await session.exec(
        delete(Photo)
        .where(which, col(Photo.compound_id).in_(compounds))
        .returning(col(Photo.compound_id), col(Photo.address))
        .execution_options(synchronize_session=False)
    )
    rows = gone.all()
    await drop_blobs(session, [(row[0], row[1]) for row in rows if row[1] is not None])
    return len(rows)

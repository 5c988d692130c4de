"""Matters, their voices, and what was said around them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, func, or_
from sqlalchemy.orm import defer
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.ordering import order_of_few
from storage.queries.opinions import lock_counter
from storage.queries.within import matter_within
from storage.states import MatterState, OpinionState, PlaceLevel, RequestState
from storage.tables import AlertEpisode, InboxMessage, Matter, Opinion, Place, Request

ENDED = (RequestState.DONE, RequestState.RATED, RequestState.CLOSED)


async def lock_matters(session: AsyncSession, compound_id: int) -> None:
    """Let no other transaction change a compound's matters until this one ends.

    It is the row that numbers its opinions: whoever files one holds it anyway, so that everybody locks in one order.
    """
    await lock_counter(session, compound_id, "opinion")


async def find_matter(session: AsyncSession, compound_id: int, number: int) -> Matter | None:
    """A matter by its own number, as it is now; its row stays locked until the transaction ends."""
    statement = (
        select(Matter)
        .where(Matter.compound_id == compound_id, Matter.number == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


async def find_matter_number(session: AsyncSession, compound_id: int, number: int) -> int | None:
    """The matter that any number leads to: of an opinion its matter; merged ones are followed. None for no such."""
    statement = select(Opinion.matter_number).where(
        Opinion.compound_id == compound_id, Opinion.number == number
    )
    found = (await session.exec(statement)).one_or_none() or number
    follow = select(Matter.number, Matter.merged_into).where(Matter.compound_id == compound_id)
    while (row := (await session.exec(follow.where(Matter.number == found))).one_or_none()) is not None:
        if row[1] is None:
            return row[0]
        found = row[1]
    return None


async def find_matter_behind(session: AsyncSession, compound_id: int, number: int) -> Matter | None:
    """The matter itself that any number leads to; not locked."""
    found = await find_matter_number(session, compound_id, number)
    statement = select(Matter).where(Matter.compound_id == compound_id, Matter.number == found)
    return (await session.exec(statement)).one_or_none() if found is not None else None


async def find_matter_number_within(
    session: AsyncSession, compound_id: int, codes: Collection[str] | None, number: int
) -> int | None:
    """The same, if the matter has a voice in one of these places of the compound; None: in all of it."""
    found = await find_matter_number(session, compound_id, number)
    if found is None or codes is None:
        return found
    statement = select(Matter.number).where(
        Matter.compound_id == compound_id, Matter.number == found, matter_within(codes)
    )
    return (await session.exec(statement)).one_or_none()


async def list_merged_below(session: AsyncSession, compound_id: int, number: int) -> list[Matter]:
    """The matters that were merged into this one, straight or by way of others, locked; the nearest first."""
    found: list[Matter] = []
    above = [number]
    while above:
        statement = (
            select(Matter)
            .where(Matter.compound_id == compound_id, col(Matter.merged_into).in_(above))
            .order_by(col(Matter.number))
            .with_for_update()
        )
        below = (await session.exec(statement)).all()
        found += below
        above = [matter.number for matter in below]
    return found


class Recent(NamedTuple):
    """A matter that may be meant. ended_at: when its request was done; None while it is open, or there is none."""

    matter: Matter
    ended_at: datetime | None


async def list_recent_matters(
    session: AsyncSession,
    compound_id: int,
    leaves: Collection[str],
    *,
    spoken_of: int | None,
    heard_since: datetime,
    going_since: datetime,
    ended_since: datetime,
    limit: int,
) -> list[Recent]:
    """Matters with standing voices in these categories that were heard lately or whose request ended lately.

    spoken_of: one that counts whatever its category. going_since: confirmed ones that have not ended. The last heard
    first.
    """
    goes_on = and_(col(Matter.state) == MatterState.CONFIRMED, col(Matter.heard_at) >= going_since)
    statement = (
        select(Matter, Request.state, Request.done_at, Request.ended_at)
        .outerjoin(
            Request,
            and_(
                col(Request.compound_id) == Matter.compound_id,
                col(Request.number) == Matter.number,
                col(Request.state).in_(ENDED),
            ),
        )
        .where(
            Matter.compound_id == compound_id,
            col(Matter.state).in_((MatterState.CANDIDATE, MatterState.CONFIRMED)),
            Matter.households + Matter.speakers > 0,
            or_(col(Matter.leaf).in_(leaves), col(Matter.number) == spoken_of),
            or_(
                and_(col(Request.state).is_(None), or_(col(Matter.heard_at) >= heard_since, goes_on)),
                func.coalesce(Request.done_at, Request.ended_at) >= ended_since,
            ),
        )
        .order_by(col(Matter.heard_at).desc(), col(Matter.number).desc())
        .limit(limit)
    )
    return [
        Recent(matter, (done_at or ended_at) if state is not None else None)
        for matter, state, done_at, ended_at in (await session.exec(statement)).all()
    ]


async def find_ended_matter(
    session: AsyncSession, compound_id: int, leaf: str, building: str | None, since: datetime
) -> int | None:
    """The number of the matter of this leaf and building whose request ended last; none that ended before `since`."""
    ended_at = func.coalesce(Request.done_at, Request.ended_at)
    statement = (
        select(Matter.number)
        .join(
            Request,
            and_(col(Request.compound_id) == Matter.compound_id, col(Request.number) == Matter.number),
        )
        .where(
            Matter.compound_id == compound_id,
            Matter.leaf == leaf,
            col(Matter.building).is_(None) if building is None else Matter.building == building,
            col(Request.state).in_(ENDED),
            ended_at >= since,
        )
        .order_by(ended_at.desc())
        .limit(1)
    )
    return (await session.exec(statement)).first()


async def find_request_state(session: AsyncSession, matter: Matter) -> RequestState | None:
    """How far a matter's request is; None for one that was never raised."""
    statement = select(Request.state).where(
        Request.compound_id == matter.compound_id, Request.number == matter.number
    )
    state = (await session.exec(statement)).one_or_none()
    return RequestState(state) if state is not None else None


class Words(NamedTuple):
    """What one opinion said, for comparing. leaves: best first; repost_of: what it is a copy of."""

    number: int
    matter_number: int
    person_id: int | None
    text: str
    repost_of: int | None
    leaves: tuple[str, ...]


async def list_words(
    session: AsyncSession, compound_id: int, matters: Collection[int], limit: int
) -> list[Words]:
    """The latest standing voices of these matters that still have their words, newest first; no echoes."""
    statement = (
        select(
            Opinion.number,
            Opinion.matter_number,
            Opinion.person_id,
            Opinion.text,
            Opinion.repost_of,
            Opinion.categories,
        )  # type: ignore[call-overload]
        .where(
            Opinion.compound_id == compound_id,
            col(Opinion.matter_number).in_(matters),
            Opinion.state == OpinionState.FILED,
            col(Opinion.text).is_not(None),
            ~col(Opinion.echo),
        )
        .order_by(order_of_few(col(Opinion.number)).desc())
        .limit(limit)
    )
    return [
        Words(number, matter, person, text, copied, tuple(category["id"] for category in categories))
        for number, matter, person, text, copied, categories in (await session.exec(statement)).all()
    ]


async def list_people(
    session: AsyncSession, compound_id: int, matters: Collection[int]
) -> dict[int, set[int]]:
    """Who (person_id) has a standing voice in each of these matters."""
    statement = (
        select(Opinion.matter_number, Opinion.person_id)
        .where(
            Opinion.compound_id == compound_id,
            col(Opinion.matter_number).in_(matters),
            Opinion.state == OpinionState.FILED,
            col(Opinion.person_id).is_not(None),
        )
        .distinct()
    )
    people: dict[int, set[int]] = {}
    for matter, person in (await session.exec(statement)).all():
        people.setdefault(matter or 0, set()).add(person or 0)
    return people


class Said(NamedTuple):
    """One voice of a matter, without its words. unit: the code of the home it is bound to, None for no such."""

    number: int
    person_id: int | None
    unit: str | None
    repost_of: int | None
    standing: bool


async def list_said(session: AsyncSession, compound_id: int, matter: int) -> list[Said]:
    """All voices of a matter, also withdrawn ones, by number."""
    unit = Opinion.home_code
    statement = (
        select(
            Opinion.number,
            Opinion.person_id,
            unit,
            Place.level,
            Place.parent_code,
            Opinion.repost_of,
            Opinion.state,
        )  # type: ignore[call-overload]
        .outerjoin(
            Place,
            and_(
                col(Place.compound_id) == Opinion.compound_id,
                col(Place.code) == Opinion.home_code,
                col(Place.level).in_((PlaceLevel.UNIT, PlaceLevel.HOUSEHOLD)),
            ),
        )
        .where(Opinion.compound_id == compound_id, Opinion.matter_number == matter)
        .order_by(order_of_few(col(Opinion.number)))
    )
    said = []
    for number, person_id, home, level, parent, repost_of, state in (await session.exec(statement)).all():
        unit_code = {PlaceLevel.UNIT: home, PlaceLevel.HOUSEHOLD: parent or home}.get(level)
        said.append(Said(number, person_id, unit_code, repost_of, state is OpinionState.FILED))
    return said


async def find_highest_urgency(session: AsyncSession, compound_id: int, matter: int) -> int | None:
    """Of the standing voices of a matter; None when there is none."""
    statement = select(func.max(Opinion.urgency)).where(
        Opinion.compound_id == compound_id,
        Opinion.matter_number == matter,
        Opinion.state == OpinionState.FILED,
    )
    return (await session.exec(statement)).one()


async def list_opinions_in(session: AsyncSession, compound_id: int, matter: int) -> list[Opinion]:
    """The opinions of a matter, by number, locked until the transaction ends."""
    statement = (
        select(Opinion)
        .where(Opinion.compound_id == compound_id, Opinion.matter_number == matter)
        .order_by(order_of_few(col(Opinion.number)))
        .with_for_update()
        .options(defer(Opinion.hits))  # type: ignore[arg-type]
    )
    return list((await session.exec(statement)).all())


async def list_matters_of_person(session: AsyncSession, person_id: int) -> list[tuple[int, int]]:
    """(compound_id, matter) in which a person has a voice, in one order everywhere."""
    statement = (
        select(Opinion.compound_id, Opinion.matter_number)
        .where(Opinion.person_id == person_id, col(Opinion.matter_number).is_not(None))
        .distinct()
        .order_by(col(Opinion.compound_id), col(Opinion.matter_number))
    )
    return [(compound_id, matter or 0) for compound_id, matter in (await session.exec(statement)).all()]


async def list_matters_of_messages(
    session: AsyncSession, inbox_ids: Collection[int]
) -> list[tuple[int, int]]:
    """(compound_id, matter) of what these messages became, in one order everywhere."""
    statement = (
        select(Opinion.compound_id, Opinion.matter_number)
        .where(col(Opinion.inbox_id).in_(inbox_ids), col(Opinion.matter_number).is_not(None))
        .distinct()
        .order_by(col(Opinion.compound_id), col(Opinion.matter_number))
    )
    return [(compound_id, matter or 0) for compound_id, matter in (await session.exec(statement)).all()]


async def find_latest_of_person(
    session: AsyncSession, compound_id: int, person_id: int, since: datetime, group_id: int | None = None
) -> int | None:
    """The matter of the last standing opinion that a person raised since then, in this group when one is given."""
    statement = (
        select(Opinion.matter_number)
        .where(
            Opinion.person_id == person_id,
            Opinion.compound_id == compound_id,
            Opinion.state == OpinionState.FILED,
            Opinion.said_at >= since,
            col(Opinion.matter_number).is_not(None),
        )
        .order_by(order_of_few(col(Opinion.number)).desc())
        .limit(1)
    )
    if group_id is not None:
        statement = statement.where(Opinion.group_id == group_id)
    return (await session.exec(statement)).first()


async def has_voice(session: AsyncSession, compound_id: int, matter: int, person_id: int) -> bool:
    """Whether a person has a standing voice in a matter."""
    statement = (
        select(Opinion.number)
        .where(
            Opinion.compound_id == compound_id,
            Opinion.matter_number == matter,
            Opinion.person_id == person_id,
            Opinion.state == OpinionState.FILED,
        )
        .limit(1)
    )
    return (await session.exec(statement)).first() is not None


class Spoken(NamedTuple):
    """A message of a group, with the matter it became a voice of."""

    inbox_id: int
    message_key: str
    sent_at: datetime
    text: str
    matter_number: int | None


async def list_spoken(
    session: AsyncSession, account: str, room: str, before_inbox_id: int | None, limit: int
) -> list[Spoken]:
    """What was said in a group just before a message, or up to now for None; the last first."""
    statement = (
        select(
            InboxMessage.inbox_id,
            InboxMessage.message_key,
            InboxMessage.sent_at,
            InboxMessage.text,
            Opinion.matter_number,
        )  # type: ignore[call-overload]
        .outerjoin(
            Opinion,
            and_(col(Opinion.inbox_id) == InboxMessage.inbox_id, col(Opinion.state) == OpinionState.FILED),
        )
        .where(
            InboxMessage.account == account,
            InboxMessage.room == room,
            col(InboxMessage.room) != "",  # so that the index of rooms is used
        )
        .order_by(col(InboxMessage.inbox_id).desc())
        .limit(limit)
    )
    if before_inbox_id is not None:
        statement = statement.where(col(InboxMessage.inbox_id) < before_inbox_id)
    return [Spoken(*row) for row in (await session.exec(statement)).all()]


async def find_matter_of_message(
    session: AsyncSession, account: str, room: str, message_key: str
) -> int | None:
    """The matter that a message of this group became a voice of."""
    statement = (
        select(Opinion.matter_number)
        .join(InboxMessage, col(InboxMessage.inbox_id) == Opinion.inbox_id)
        .where(
            InboxMessage.account == account,
            InboxMessage.message_key == message_key,
            InboxMessage.room == room,
            Opinion.state == OpinionState.FILED,
        )
    )
    return (await session.exec(statement)).first()


async def find_open_episode_of(session: AsyncSession, compound_id: int, matter: int) -> AlertEpisode | None:
    """The newest alert that a voice of this matter opened and nobody has acknowledged."""
    voices = select(Opinion.number).where(Opinion.compound_id == compound_id, Opinion.matter_number == matter)
    statement = (
        select(AlertEpisode)
        .where(
            AlertEpisode.compound_id == compound_id,
            col(AlertEpisode.acknowledged_at).is_(None),
            col(AlertEpisode.opinion_number).in_(voices),
        )
        .order_by(col(AlertEpisode.number).desc())
        .limit(1)
    )
    return (await session.exec(statement)).first()


async def list_waiting_matters(
    session: AsyncSession, compound_id: int, codes: Collection[str] | None, limit: int
) -> Sequence[Matter]:
    """Matters with standing voices whose request is open, or that have none yet, in these places of a compound, None
    for all of it; the oldest first."""
    over = (
        select(Request.number)
        .where(
            Request.compound_id == Matter.compound_id,
            Request.number == Matter.number,
            col(Request.state).in_((*ENDED, RequestState.CANCELLED)),
        )
        .exists()
    )
    statement = (
        select(Matter)
        .where(
            Matter.compound_id == compound_id,
            col(Matter.state).in_((MatterState.CANDIDATE, MatterState.CONFIRMED)),
            Matter.households + Matter.speakers > 0,
            matter_within(codes),
            ~over,
        )
        .order_by(col(Matter.opened_at), col(Matter.number))
        .limit(limit)
    )
    return (await session.exec(statement)).all()


async def list_unmattered(session: AsyncSession, limit: int) -> list[tuple[int, int]]:
    """(compound_id, number) of opinions that belong to no matter yet, the oldest of each compound first."""
    statement = (
        select(Opinion.compound_id, Opinion.number)
        .where(col(Opinion.matter_number).is_(None))
        .order_by(col(Opinion.compound_id), col(Opinion.number))
        .limit(limit)
    )
    return [(compound_id, number) for compound_id, number in (await session.exec(statement)).all()]


async def find_unmattered(session: AsyncSession, compound_id: int, numbers: Collection[int]) -> list[Opinion]:
    """Those of these opinions that still belong to no matter, by number, locked until the transaction ends."""
    statement = (
        select(Opinion)
        .where(
            Opinion.compound_id == compound_id,
            col(Opinion.number).in_(numbers),
            col(Opinion.matter_number).is_(None),
        )
        .order_by(col(Opinion.number))
        .with_for_update()
    )
    return list((await session.exec(statement)).all())


async def list_reporters(session: AsyncSession, compound_id: int, number: int) -> list[int]:
    """Those (person_id) with a standing opinion in this matter; whoever was forgotten is left out."""
    statement = (
        select(Opinion.person_id)
        .where(
            Opinion.compound_id == compound_id,
            Opinion.matter_number == number,
            Opinion.state == OpinionState.FILED,
            col(Opinion.person_id).is_not(None),
        )
        .distinct()
        .order_by(col(Opinion.person_id))
    )
    return [person_id for person_id in (await session.exec(statement)).all() if person_id is not None]

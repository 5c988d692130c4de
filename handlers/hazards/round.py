"""Use cases: somebody goes round, ticks off what is in order, and reports what is not."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.batch import Batch
from handlers.context import Context, Services
from handlers.hazards.items import ITEMS
from handlers.hazards.rules import Item, is_done, items_for, week_of
from handlers.inbound import Inbound, InboundKind
from handlers.opinions.file import file_opinion
from handlers.opinions.rules import SAFETY
from handlers.photos.add import keep_photos
from nlp.ranking import Category
from nlp.tagger import Tagged, Verdict
from storage.audit import add_audit_event
from storage.queries.hazards import lock_hazard_list
from storage.queries.opinions import find_opinion_of_message, lock_counter
from storage.queries.photos import Place as PhotoPlace
from storage.tables import ChannelIdentity, Compound, HazardFinding, HazardList, Place

WORDS_LENGTH = 200


def items_of(compound: Compound) -> list[Item]:
    """What is looked at in a compound."""
    return items_for(ITEMS.values(), compound.tenure, compound.stewardship)


async def tick(
    session: AsyncSession, compound: Compound, seen: Collection[str], now: datetime, *, actor_id: int
) -> HazardList:
    """These were looked at and are in order; again, it changes nothing, and nothing is unticked."""
    assert compound.compound_id is not None
    items = [item.item_id for item in items_of(compound)]
    row = await lock_hazard_list(session, compound.compound_id, week_of(now), actor_id, items, now)
    new = [item for item in row.items if item in seen and item not in row.seen]
    if not new:
        return row
    row.seen = [*row.seen, *new]
    if row.finished_at is None and is_done(row.items, row.seen):
        row.finished_at = now
        add_audit_event(
            session,
            at=now,
            verb="hazards.checked",
            compound_id=row.compound_id,
            actor_id=actor_id,
            subject=f"week:{row.week}",
        )
    session.add(row)
    return row


async def report_hazard(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    item: Item,
    building: Place | None,
    words: str,
    photos: Sequence[bytes],
    media_type: str,
    now: datetime,
    *,
    danger: bool,
    key: str,
    actor_id: int,
) -> int:
    """A hazard becomes an opinion of whoever found it, confirmed at once; returns its number.

    danger: those on duty are told in the same transaction. building: None for none in
    particular. With the same key nothing is filed twice.
    """
    assert compound.compound_id is not None
    behind = _message_id(key)
    await lock_counter(
        session, compound.compound_id, "opinion"
    )  # of two clicks the second waits, and finds it
    if (known := await find_opinion_of_message(session, behind)) is not None:
        return known.number
    text, tagged = _read(services, compound, item, building, words, danger=danger)
    filed = await file_opinion(
        _context(session, services, now, actor_id), (compound, None), behind, text, now, tagged
    )
    number = filed.opinion.number
    session.add(
        HazardFinding(
            compound_id=compound.compound_id,
            opinion_number=number,
            week=week_of(now),
            item=item.item_id,
            found_at=now,
        )
    )
    await keep_photos(
        session,
        services,
        compound.compound_id,
        photos,
        media_type,
        PhotoPlace(number),
        now,
        key=key,
        actor_id=actor_id,
    )
    await tick(session, compound, [item.item_id], now, actor_id=actor_id)
    return number


def _message_id(key: str) -> int:
    """What stands for the message that an opinion came from: below zero, since there is none."""
    return -1 - (int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) >> 2)


def _read(
    services: Services, compound: Compound, item: Item, building: Place | None, words: str, *, danger: bool
) -> tuple[str, Tagged]:
    said = f"每周排查：{item.ask}。{' '.join(words.split())[:WORDS_LENGTH]}"
    tagger = services.tagger.of(compound.compound_id)
    text = f"{building.name}，{said}" if building else said
    tagged = tagger.tag(text)
    if building and tagged.place.building != building.code:  # it has a name of its own
        text = f"{building.code}栋，{said}"
        tagged = tagger.tag(text)
    # What it is about is known: the words are read for the place alone.
    # Whoever stands there decides what is a danger; a form for gas only suggests it.
    urgency = SAFETY if danger else min(item.urgency, SAFETY - 1)
    return text, tagged._replace(
        categories=(Category(item.leaf, 1.0),), urgency=urgency, verdict=Verdict.MATTER
    )


def _context(session: AsyncSession, services: Services, now: datetime, person_id: int) -> Context:
    """As if they had said it to the bot: an opinion is filed in one way only."""
    inbound = Inbound("", "", InboundKind.TEXT, "", now)
    identity = ChannelIdentity(account="", external_id="", person_id=person_id, first_seen_at=now)
    return Context(session, services, now, inbound, 0, identity, Batch(session, [person_id]))

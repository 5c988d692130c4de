"""Use cases: places of a campaign that staff found, with photos before and after; what residents read of places."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.local_time import local_date
from storage.audit import add_audit_event
from storage.blobs import drop_blobs, lock_blobs, put_blob
from storage.queries.campaigns import lock_place
from storage.queries.opinions import next_number
from storage.tables import Campaign, CampaignPlace

WORDS_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Building:
    """How many places of a campaign lie in a building, "" for none of them, and how many were put right."""

    code: str
    places: int
    done: int


async def add_place(
    session: AsyncSession,
    services: Services,
    campaign: Campaign,
    building: str,
    words: str,
    photo: bytes | None,
    media_type: str,
    now: datetime,
    *,
    actor_id: int,
) -> CampaignPlace | None:
    """A place of a campaign, with how it looks before; None without words. The caller has seen that it is new."""
    said = " ".join(words.split())
    if not 0 < len(said) <= WORDS_LENGTH:
        return None
    of = campaign.compound_id
    place = CampaignPlace(
        compound_id=of,
        number=campaign.number,
        place_number=await next_number(session, of, f"campaign-{campaign.number}"),
        building=building,
        words=said,
        before_address=await put_blob(session, services.sealer, of, photo, media_type, now)
        if photo
        else None,
        added_by=actor_id,
        added_at=now,
    )
    session.add(place)
    _audit(session, place, "campaign.place_added", now, actor_id)
    return place


async def finish_place(
    session: AsyncSession,
    services: Services,
    campaign: Campaign,
    number: int,
    photo: bytes | None,
    media_type: str,
    now: datetime,
    *,
    actor_id: int,
) -> bool:
    """A place was put right, with how it looks after; again, only the photo is another. False without such a place."""
    place = await lock_place(session, campaign.compound_id, campaign.number, number)
    if place is None:
        return False
    if photo:
        before, place.after_address = (
            place.after_address,
            await put_blob(session, services.sealer, place.compound_id, photo, media_type, now),
        )
        await session.flush()
        if before is not None and before != place.after_address:
            await drop_blobs(session, [(place.compound_id, before)])
            _audit(session, place, "campaign.photo_replaced", now, actor_id)
    if place.done_on is None:
        place.done_on = local_date(now)
        _audit(session, place, "campaign.place_done", now, actor_id)
    session.add(place)
    return True


async def drop_place(
    session: AsyncSession,
    _services: Services,
    campaign: Campaign,
    number: int,
    now: datetime,
    *,
    actor_id: int,
) -> bool:
    """A place that should not be there goes with its words and photos; again, nothing. False when there is none."""
    place = await lock_place(session, campaign.compound_id, campaign.number, number)
    if place is None:
        return False
    of = campaign.compound_id
    await lock_blobs(session, of)
    await session.delete(place)
    await session.flush()
    await drop_blobs(
        session, [(of, address) for address in (place.before_address, place.after_address) if address]
    )
    _audit(session, place, "campaign.place_dropped", now, actor_id)
    return True


def by_building(places: Sequence[CampaignPlace]) -> list[Building]:
    """What residents read of the places that staff found: how many in each building, nothing nearer.

    What residents said is not among them: its kind is known, and kinds and buildings are never crossed.
    """
    found = [(place.building, place.done_on is not None) for place in places]
    count, done = Counter(code for code, _done in found), Counter(code for code, is_done in found if is_done)
    order = sorted(count, key=lambda code: (not code, len(code), code))
    return [Building(code, count[code], done[code]) for code in order]


def _audit(session: AsyncSession, place: CampaignPlace, verb: str, now: datetime, actor_id: int) -> None:
    add_audit_event(
        session,
        at=now,
        verb=verb,
        compound_id=place.compound_id,
        actor_id=actor_id,
        subject=f"campaign:{place.number}",
        details={"place": place.place_number},
    )

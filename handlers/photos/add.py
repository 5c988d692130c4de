"""Use case: photos that somebody adds on a page, with the words they say to them."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.access import OpenedMatter, Own
from handlers.context import Services
from handlers.requests.carry_out import carry_out
from handlers.requests.commands import Code, Command, Note, Reply, Supplement
from handlers.texts import say
from storage.audit import add_audit_event
from storage.blobs import put_blob
from storage.queries.photos import Place, lock_photos, put_photo
from storage.queries.requests import find_event_of, find_request
from storage.states import MatterState, OpinionState
from storage.tables import Compound, Matter


async def add_photos_as_staff(
    session: AsyncSession,
    services: Services,
    found: OpenedMatter,
    photos: Sequence[bytes],
    media_type: str,
    words: str,
    now: datetime,
    *,
    is_public: bool,
    key: str,
    actor_id: int,
) -> Code | None:
    """Photos with an entry of the timeline: a reply that all reporters get, or a note for colleagues.

    Returns why nothing was added, if nothing was. Raises LookupError for a matter without a request. Rights have been
    checked, and the photos looked at. With the same key nothing is added twice.
    """
    said = _with_count(words, len(photos))
    command = Reply(said) if is_public else Note(said)
    place = await _entry(
        session, services, found.opened.compound, found.matter, command, now, key=key, actor_id=actor_id
    )
    if isinstance(place, Code):
        return place
    compound_id = found.opened.compound_id
    await keep_photos(
        session, services, compound_id, photos, media_type, place, now, key=key, actor_id=actor_id
    )
    return None


async def add_photos_as_reporter(
    session: AsyncSession,
    services: Services,
    own: Own,
    photos: Sequence[bytes],
    media_type: str,
    words: str,
    now: datetime,
    *,
    key: str,
    actor_id: int,
) -> Code | None:
    """Photos for those who handle it: with an entry of the timeline, or without one while there is no request.

    Otherwise as `add_photos_as_staff`; LookupError also for an opinion that does not stand.
    """
    opinion, matter = own.opinion, own.matter
    if matter is None or opinion.state is not OpinionState.FILED:
        raise LookupError("the opinion does not stand")
    place = Place(opinion.number)
    if await find_request(session, matter.compound_id, matter.number) is not None:
        command = Supplement(_with_count(words, len(photos)))
        entry = await _entry(
            session, services, own.compound, matter, command, now, key=key, actor_id=actor_id
        )
        if isinstance(entry, Code):
            return entry
        place = entry._replace(opinion_number=opinion.number)
    elif matter.state is not MatterState.CANDIDATE:
        raise LookupError("the matter is none")
    await keep_photos(
        session, services, opinion.compound_id, photos, media_type, place, now, key=key, actor_id=actor_id
    )
    return None


def _with_count(words: str, count: int) -> str:
    if not words:
        return say("photos.alone", count=count)
    return say("photos.behind_words", words=words, count=count)


async def _entry(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    matter: Matter,
    command: Command,
    now: datetime,
    *,
    key: str,
    actor_id: int,
) -> Place | Code:
    carried = await carry_out(session, services, compound, matter, command, now, key=key, actor_id=actor_id)
    if carried.refused is not None:
        return carried.refused.code
    event = await find_event_of(session, matter.compound_id, key)
    assert event is not None
    return Place(None, event.number, event.seq)


async def keep_photos(
    session: AsyncSession,
    services: Services,
    compound_id: int,
    photos: Sequence[bytes],
    media_type: str,
    place: Place,
    now: datetime,
    *,
    key: str,
    actor_id: int,
) -> None:
    """Photos that were looked at, at a place; with the same key none is kept twice."""
    await lock_photos(session, compound_id)
    new = 0
    for part, content in enumerate(photos):
        address = await put_blob(session, services.sealer, compound_id, content, media_type, now)
        new += await put_photo(
            session,
            compound_id,
            f"{key}:{part}",
            place,
            now,
            person_id=actor_id,
            said_at=now,
            address=address,
        )
    if new:
        number = place.request_number or place.opinion_number
        noun = "request" if place.request_number else "opinion"
        add_audit_event(
            session,
            at=now,
            verb="photo.added",
            compound_id=compound_id,
            actor_id=actor_id,
            subject=f"{noun}:{number}",
            details={"photos": new},
        )

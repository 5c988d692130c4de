"""Which photos somebody may see, and where on a page they stand. Others do not exist for them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.access import Forbidden, NotFound, OpenedMatter, Own, Right
from storage.queries.photos import find_photo_of_matter, list_photos_of_matter, list_photos_of_opinion
from storage.queries.requests import list_events
from storage.states import PhotoState
from storage.tables import Photo


@dataclass(slots=True)
class Album:
    """Photos by the opinion they came with, and by the entry of the request's timeline.

    The same picture twice in one place is shown once.
    """

    by_opinion: dict[int, list[Photo]] = field(default_factory=dict)
    by_event: dict[int, list[Photo]] = field(default_factory=dict)

    def add(self, photo: Photo, matter: int | None) -> None:
        """Put a photo where it belongs on a matter's page; one of another timeline stays with its opinion."""
        if photo.request_number == matter and photo.event_seq is not None:
            there = self.by_event.setdefault(photo.event_seq, [])
        else:
            there = self.by_opinion.setdefault(photo.opinion_number or 0, [])
        if photo.address is None or all(photo.address != other.address for other in there):
            there.append(photo)


def _is_residents(photo: Photo) -> bool:
    return photo.opinion_number is not None


async def album_for_staff(session: AsyncSession, found: OpenedMatter) -> Album:
    """What residents sent is for those who handle it, as their words are; what staff added, for all who see it."""
    album = Album()
    for photo in await list_photos_of_matter(session, found.opened.compound_id, found.matter.number):
        if Right.HANDLE in found.rights or not _is_residents(photo):
            album.add(photo, found.matter.number)
    return album


async def access_photo_as_staff(session: AsyncSession, found: OpenedMatter, number: int) -> Photo:
    """A photo of a matter that the viewer was let in to; raises NotFound, and Forbidden for a resident's."""
    photo = await find_photo_of_matter(session, found.opened.compound_id, found.matter.number, number)
    if photo is None or photo.state is not PhotoState.KEPT:
        raise NotFound
    if _is_residents(photo) and Right.HANDLE not in found.rights:
        raise Forbidden
    return photo


async def album_for_reporter(session: AsyncSession, own: Own) -> Album:
    """A resident's own photos, and those that staff added for the reporters; never a neighbour's."""
    album = Album()
    matter = own.matter.number if own.matter else None
    for photo in await _photos_of(session, own):
        album.add(photo, matter)
    return album


async def access_photo_as_reporter(session: AsyncSession, own: Own, number: int) -> Photo:
    """One of those; raises NotFound for any other."""
    for photo in await _photos_of(session, own):
        if photo.number == number and photo.state is PhotoState.KEPT:
            return photo
    raise NotFound


async def _photos_of(session: AsyncSession, own: Own) -> Sequence[Photo]:
    photos = await list_photos_of_opinion(session, own.opinion.compound_id, own.opinion.number)
    if own.matter is None:
        return photos
    public = await _public_entries(session, own)
    added = await list_photos_of_matter(session, own.matter.compound_id, own.matter.number)
    return [
        *photos,
        *(photo for photo in added if not _is_residents(photo) and photo.event_seq in public),
    ]


async def _public_entries(session: AsyncSession, own: Own) -> Collection[int]:
    assert own.matter is not None
    events = await list_events(session, own.matter.compound_id, own.matter.number)
    return {event.seq for event in events if event.public}

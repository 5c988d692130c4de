"""Use case: a picture and the words it belongs to, whichever of the two comes first.

Whoever files an opinion and whoever takes a picture holds the row that numbers the compound's opinions. So of two
replicas that work on the two at once, the later one sees what the other left.
"""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.photos.rules import WITHIN, Said, words_of
from storage.queries.photos import (
    Place,
    count_photos_at,
    list_added_near,
    list_first_opinions,
    list_opinions_near,
    list_pictures_near,
    put_photo,
)
from storage.tables import ChatGroup, InboxMessage, Opinion

# What somebody's message may have added to the timeline of a request of theirs.
SHOWN = "photo.supplemented"
ADDED = ("request.supplemented", "request.reopened", SHOWN)


async def find_words(session: AsyncSession, person_id: int, sent_at: datetime, room: str) -> Said | None:
    """The words of this person that a picture belongs to; None for none yet."""
    return words_of(sent_at, room, await _said_near(session, person_id, sent_at - WITHIN, sent_at + WITHIN))


async def put_photos(session: AsyncSession, message: InboxMessage, words: Said, now: datetime) -> bool:
    """Note the pictures of a message for these words; returns whether there were none of other messages yet.

    Again, it changes nothing; with other words than before, the pictures move to these.
    """
    place = Place(words.opinion_number, words.request_number, words.event_seq)
    others = await count_photos_at(session, words.compound_id, place)
    for part, media_id in enumerate(message.media_id.split("\n")):
        await put_photo(
            session,
            words.compound_id,
            f"inbox:{message.inbox_id}:{part}",
            place,
            now,
            person_id=message.person_id,
            said_at=message.sent_at,
            message=message,
            media_id=media_id,
        )
    return not others


async def take_up_pictures(
    session: AsyncSession, opinion: Opinion, group: ChatGroup | None, now: datetime
) -> int:
    """Give an opinion that was just filed the pictures that belong to it; returns how many messages had some."""
    assert opinion.person_id is not None
    rooms = {"", group.room} if group else {""}
    since, until = opinion.said_at - WITHIN, opinion.said_at + WITHIN
    pictures = await list_pictures_near(session, opinion.person_id, since, until, rooms)
    if not pictures:
        return 0
    said = await _said_near(session, opinion.person_id, since - WITHIN, until + WITHIN)
    taken = 0
    for picture in pictures:
        words = words_of(picture.sent_at, picture.room, said)
        if words is not None and (words.compound_id, words.opinion_number) == (
            opinion.compound_id,
            opinion.number,
        ):
            await put_photos(session, picture, words, now)
            taken += 1
    return taken


async def _said_near(session: AsyncSession, person_id: int, since: datetime, until: datetime) -> list[Said]:
    opinions = await list_opinions_near(session, person_id, since, until)
    rooms = await _rooms_of(session, {each.group_id for each in opinions})
    said = [
        Said(each.said_at, each.compound_id, each.number, rooms.get(each.group_id, "")) for each in opinions
    ]
    added = [
        (at, event, outcome == SHOWN)
        for at, event, outcome in await list_added_near(session, person_id, since, until, ADDED)
    ]
    keys = {(event.compound_id, event.number) for _at, event, _is_picture in added}
    own = await list_first_opinions(session, person_id, keys) if keys else {}
    for at, event, is_picture in added:
        if (number := own.get((event.compound_id, event.number))) is not None:
            said.append(Said(at, event.compound_id, number, "", event.number, event.seq, is_picture))
    return said


async def _rooms_of(session: AsyncSession, group_ids: set[int | None]) -> dict[int | None, str]:
    groups = [await session.get_one(ChatGroup, group_id) for group_id in group_ids if group_id is not None]
    return {group.group_id: group.room for group in groups}

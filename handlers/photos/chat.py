"""What becomes of a picture that somebody sends, and what they are told."""

from handlers.context import Answer, Context
from handlers.filters import kind
from handlers.inbound import InboundKind
from handlers.opinions.file import find_home_of_speaker
from handlers.photos.attach import SHOWN, find_words, put_photos
from handlers.photos.rules import RECENT, WITHIN, Said
from handlers.requests.carry_out import carry_out
from handlers.requests.commands import OPEN, Supplement
from handlers.router import Route
from handlers.texts import say
from storage.queries.matters import find_matter_behind, lock_matters
from storage.queries.photos import list_pictures_near, list_waiting_of_person
from storage.queries.requests import find_event_of, find_request
from storage.states import GroupKind
from storage.tables import Compound, InboxMessage

ATTACHED = "photo.attached"
LOOSE = "media.seen"


async def take_picture(context: Context) -> Answer:
    """A picture or a video, sent 1:1.

    Of several pictures in a row only the first is answered: the platform lets us write five times to somebody who has
    written, and an album would use that up.
    """
    if context.inbound.kind is not InboundKind.IMAGE or not context.inbound.media_id:
        return Answer(LOOSE, say("opinions.picture"))
    home = await find_home_of_speaker(context)
    if home is None:
        return Answer(LOOSE, f"{say('opinions.picture')}\n{say('people.bind_how')}")
    await lock_matters(context.session, home[0].compound_id or 0)
    message = await context.session.get_one(InboxMessage, context.inbox_id)
    words = await find_words(context.session, context.person_id, message.sent_at, "")
    if words is not None:
        is_first = await put_photos(context.session, message, words, context.now)
        return Answer(ATTACHED, say("photos.attached", number=words.opinion_number) if is_first else "")
    if (answer := await _supplement(context, message)) is not None:
        return answer
    return Answer(LOOSE, "" if await _just_asked(context) else say("opinions.picture"))


async def overhear_picture(context: Context) -> Answer:
    """A picture in a customer group. It shows what its sender says there within two minutes, or nobody looks at it."""
    if context.identity.refused_at is not None:  # refused after the archive had been read
        return Answer("group.refused", unheard=True)
    if context.group is None:
        return Answer("group.unknown", unheard=True)
    group, compound = context.group
    if group.kind is not GroupKind.CUSTOMER or not context.inbound.media_id:
        return Answer("group.passed")
    await lock_matters(context.session, compound.compound_id or 0)
    message = await context.session.get_one(InboxMessage, context.inbox_id)
    words = await find_words(context.session, context.person_id, message.sent_at, group.room)
    if words is None:
        return Answer("group.passed")
    await put_photos(context.session, message, words, context.now)
    return Answer("group.photo")


async def _supplement(context: Context, message: InboxMessage) -> Answer | None:
    """A picture without words nearby shows the only matter of theirs that is not over, if they told it lately.

    With two of them, or one of last week, it is anybody's guess: a picture of a stairway with the wrong number sends
    somebody to the wrong house. Then None, and they are asked for a sentence, which takes the picture along. Words that
    come within two minutes after it take it along as well.
    """
    session = context.session
    waiting = await list_waiting_of_person(session, context.person_id, OPEN)
    if len({(each.compound_id, each.matter_number) for each in waiting}) != 1:
        return None
    opinion = waiting[0]
    if context.inbound.sent_at - opinion.said_at > RECENT:
        return None
    matter = await find_matter_behind(session, opinion.compound_id, opinion.number)
    if matter is None:
        return None
    words = Said(message.sent_at, opinion.compound_id, opinion.number)
    outcome = ATTACHED
    if await find_request(session, opinion.compound_id, matter.number) is not None:
        key = f"inbox:{context.inbox_id}"
        carried = await carry_out(
            session,
            context.services,
            await session.get_one(Compound, opinion.compound_id),
            matter,
            Supplement(say("photos.sent")),
            context.now,
            key=key,
            actor_id=context.person_id,
        )
        event = await find_event_of(session, opinion.compound_id, key)
        if carried.refused is not None or event is None:
            return None
        words = words._replace(request_number=event.number, event_seq=event.seq)
        outcome = SHOWN
    await put_photos(session, message, words, context.now)
    return Answer(outcome, say("photos.attached_later", number=opinion.number))


async def _just_asked(context: Context) -> bool:
    """Whether another picture without words was sent, and answered, within the two minutes before this one."""
    at = context.inbound.sent_at
    pictures = await list_pictures_near(context.session, context.person_id, at - WITHIN, at, {""})
    return any(each.inbox_id != context.inbox_id and each.outcome == LOOSE for each in pictures)


ROUTES = (Route(kind(InboundKind.IMAGE, InboundKind.VIDEO), take_picture),)

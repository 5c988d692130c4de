"""What is being talked about in a customer group: the messages before, and the one that a message answers to.

Asked of the tables, so that any replica knows it.
"""

from collections.abc import Iterable
from typing import TypeVar

from handlers.context import Context
from handlers.groups.rules import REFERENCE
from handlers.matters.rules import REACH, WINDOW, Talk
from nlp.echo import Echo
from nlp.quotes import quoted_words
from nlp.similar import plain
from storage.queries.matters import (
    find_latest_of_person,
    find_matter_of_message,
    list_spoken,
)

Belonging = TypeVar("Belonging")

QUOTABLE = 60  # messages back in which quoted words are looked for
_SHORTEST = 4  # plain characters of a quote that was cut off


async def read_talk(context: Context) -> Talk:
    """What was said in the group before this message, as far as it may still be the subject."""
    inbound = context.inbound
    spoken = await list_spoken(context.session, inbound.account, inbound.room, context.inbox_id, REACH)
    return Talk(
        tuple(message.matter_number for message in spoken), tuple(message.sent_at for message in spoken)
    )


def answers_something(context: Context) -> bool:
    """Whether a message answers to a certain other one."""
    return bool(context.inbound.quoted or quoted_words(context.inbound.text))


async def find_quoted_matter(context: Context) -> int | None:
    """The matter of the message that this one answers to; None when it answers to none, or to chatter."""
    inbound = context.inbound
    if inbound.quoted.startswith(REFERENCE):
        key = inbound.quoted.removeprefix(REFERENCE)
        return await find_matter_of_message(context.session, inbound.account, inbound.room, key)
    words = inbound.quoted or quoted_words(inbound.text)
    if not words:
        return None
    spoken = await list_spoken(context.session, inbound.account, inbound.room, context.inbox_id, QUOTABLE)
    found = find_text(words, ((message.text, message) for message in spoken))
    return found.matter_number if found else None


def find_text(words: str, texts: Iterable[tuple[str, Belonging]]) -> Belonging | None:
    """What belongs to the first text that is quoted with these words, whole or cut off; None when none is."""
    wanted = plain(words.rstrip("…."))
    for text, belonging in texts:
        own = plain(text)
        if own and (own == wanted or (len(wanted) >= _SHORTEST and own.startswith(wanted))):
            return belonging
    return None


async def find_echoed_matter(context: Context, echo: Echo, compound_id: int) -> int | None:
    """The matter that a message without a subject is about; None when there is none, so that it is chatter."""
    assert context.group is not None
    if answers_something(context):
        return await find_quoted_matter(context)
    said_at = context.inbound.sent_at
    subject = (await read_talk(context)).subject(said_at)
    if subject is None and echo is Echo.UNSOLVED:
        # 还是没人管, a day later: whoever says so means what they have said here before.
        return await find_latest_of_person(
            context.session, compound_id, context.person_id, said_at - WINDOW, context.group[0].group_id
        )
    return subject

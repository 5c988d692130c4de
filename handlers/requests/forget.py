"""Use cases: words in timelines and beside ratings go when their time is over, or when whose they are wants it."""

from collections.abc import Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.groups.redact import Quoted
from handlers.texts import say
from storage.queries.archive import put_outbox_words
from storage.queries.requests import (
    forget_in_requests,
    list_events_with_words,
    list_passed_on_since,
    list_request_words_of,
)
from storage.tables import Opinion


async def forget_requests_of(session: AsyncSession, person_id: int) -> None:
    """Take a person's words out of timelines, ratings, and the notices that passed them on; what was done stays."""
    said = await list_request_words_of(session, person_id)
    if said:
        quoted = Quoted((words for _at, words in said), say("opinions.words_gone"))
        after = 0
        while chunk := await list_passed_on_since(session, min(at for at, _words in said), after):
            for after, text, payload in chunk:
                redacted = quoted.redact(text), quoted.redact_json(payload)
                if redacted != (text, payload):
                    await put_outbox_words(session, after, *redacted)
    await forget_in_requests(session, person_id)


async def redact_requests(session: AsyncSession, quoted: Quoted, opinions: Sequence[Opinion]) -> None:
    """Take words out of the timelines of the requests that these opinions belong to, where somebody quoted them."""
    keys = {
        (opinion.compound_id, opinion.matter_number)
        for opinion in opinions
        if opinion.matter_number is not None
    }
    for event in await list_events_with_words(session, keys):
        event.text = quoted.redact(event.text or "")

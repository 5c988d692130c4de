"""Taking a person's words out of what quotes them to others: alerts, digests as sent, digests as stored."""

from collections.abc import Sequence
from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.groups.redact import Quoted
from handlers.requests.forget import redact_requests
from handlers.texts import say
from storage.queries.archive import lock_cycles_since, put_outbox_words
from storage.queries.forget import list_quoting_since
from storage.tables import Opinion

_WEEK = timedelta(days=8)  # a digest's week begins at most this long before what is said in it


async def unquote(session: AsyncSession, opinions: Sequence[Opinion]) -> None:
    """Blank the words of these opinions wherever they were passed on; what was said about them stays."""
    said = [opinion for opinion in opinions if opinion.text]
    if not said:
        return
    quoted = Quoted((opinion.text or "" for opinion in said), say("opinions.words_gone"))
    first = min(opinion.said_at for opinion in said)
    after = 0
    while chunk := await list_quoting_since(session, min(o.filed_at for o in said), after):
        for after, text, payload in chunk:
            redacted = quoted.redact(text), quoted.redact_json(payload)
            if redacted != (text, payload):
                await put_outbox_words(session, after, *redacted)
    await redact_requests(session, quoted, said)
    compounds = {opinion.compound_id for opinion in said}
    for cycle in await lock_cycles_since(session, compounds, (first - _WEEK).date().isoformat()):
        digest = quoted.redact_json(cycle.digest)
        if digest != cycle.digest:
            cycle.digest = digest

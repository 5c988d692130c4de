"""Taking somebody's words out of what quotes them to others: alerts, digests as sent, digests as stored."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.groups.redact import Quoted
from handlers.requests.forget import redact_requests
from storage.queries.archive import lock_cycles_since, put_outbox_words
from storage.queries.forget import list_compound_codes, list_quoting_since, list_recipients_of
from storage.tables import Opinion

_WEEK = timedelta(days=8)  # a digest's week begins at most this long before what is said in it


async def unquote(session: AsyncSession, opinions: Sequence[Opinion], mark: str) -> None:
    """Blank the words of these opinions, which the caller has locked, wherever they were passed on.

    What was said about them stays. Only where they may stand is looked: in the alerts and digests of their compounds,
    and in the answers to their authors. Others say the same words, and those are theirs.
    """
    said = [opinion for opinion in opinions if opinion.text]
    if not said:
        return
    quoted = Quoted((opinion.text or "" for opinion in said), mark)
    codes = await list_compound_codes(session, {opinion.compound_id for opinion in said})
    # Before anything is looked at: whoever is making a digest of them holds its week until it can be seen.
    first = (min(opinion.said_at for opinion in said) - _WEEK).date().isoformat()
    cycles = await lock_cycles_since(session, codes, first)
    authors = await list_recipients_of(session, {opinion.person_id for opinion in said})
    since, after = min(opinion.filed_at for opinion in said), 0
    while chunk := await list_quoting_since(session, since, after, codes, authors):
        for after, text, payload in chunk:
            redacted = quoted.redact(text), _redact_fields(quoted, payload)
            if redacted != (text, payload):
                await put_outbox_words(session, after, *redacted)
    await redact_requests(session, quoted, said)
    for cycle in cycles:
        if cycle.digest:
            numbers = {opinion.number for opinion in said if opinion.compound_id == cycle.compound_id}
            digest = _redact_digest(cycle.digest, numbers, quoted, mark)
            if digest != cycle.digest:
                cycle.digest = digest


def _redact_fields(quoted: Quoted, payload: dict[str, Any] | None) -> dict[str, Any] | None:
    """Nothing but the fields of notices are words; the rest is for the channel."""
    if not payload or "notices" not in payload:
        return payload
    notices = {
        key: notice | {"fields": quoted.redact_json(notice["fields"])}
        for key, notice in payload["notices"].items()
    }
    return payload | {"notices": notices}


def _redact_digest(digest: dict[str, Any], numbers: set[int], quoted: Quoted, mark: str) -> dict[str, Any]:
    """Only where people are quoted: names, labels and dates are the digest's own, however often somebody wrote them."""
    quotes = digest.get("quotes", ())
    return digest | {
        # A quote is nothing without its words; an urgent matter stays one.
        "quotes": [quote for quote in quotes if quoted.redact(quote["text"]) == quote["text"]],
        "urgent": [
            matter | {"text": mark if matter["number"] in numbers else quoted.redact(matter["text"])}
            for matter in digest.get("urgent", ())
        ],
    }

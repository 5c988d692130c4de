"""Taking somebody's words out of what quotes them to others: alerts, news of requests and topics, digests as sent,
digests as stored."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.groups.redact import Quoted
from handlers.requests.forget import redact_requests
from handlers.topics.objections import words_of
from storage.queries.archive import lock_cycles_since, put_outbox_words
from storage.queries.forget import list_compound_codes, list_quoting_since, list_recipients_of
from storage.queries.topics import list_words_in_topics, lock_records_since
from storage.sealing import Sealer
from storage.states import TopicVerb
from storage.tables import Opinion

_OF_TOPICS = ("topic", "topics")  # in keys: of one topic, of several at once
_WEEK = timedelta(days=8)  # a digest's week begins at most this long before what is said in it


async def unquote(session: AsyncSession, opinions: Sequence[Opinion], mark: str) -> None:
    """Blank the words of these opinions, which the caller has locked, wherever they were passed on.

    What was said about them stays. Only where they may stand is looked: in the alerts, the news and the digests of
    their compounds, and in the answers to their authors. Others say the same words, and those are theirs.
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
    keys = [f"{noun}:{compound_id}:" for noun in ("alert", "request", *_OF_TOPICS) for compound_id in codes]
    keys += [f"cycle:{code}:" for code in codes.values()]
    await _redact_outbox(session, quoted, min(opinion.filed_at for opinion in said), keys, authors)
    await redact_requests(session, quoted, said)
    for cycle in cycles:
        if cycle.digest:
            numbers = {opinion.number for opinion in said if opinion.compound_id == cycle.compound_id}
            digest = _redact_digest(cycle.digest, numbers, quoted, mark)
            if digest != cycle.digest:
                cycle.digest = digest


async def unquote_in_topics(session: AsyncSession, sealer: Sealer, person_id: int, mark: str) -> None:
    """The same for what somebody objected to topics, and why they refused to accept works: staff tell groups and each
    other why a step goes back, and may do so in these words."""
    objections, seats = await list_words_in_topics(session, person_id)
    said: dict[int, list[tuple[datetime, str]]] = {}
    for objection in objections:
        said.setdefault(objection.compound_id, []).append((objection.made_at, words_of(sealer, objection)))
    for seat in seats:
        if seat.said_at is not None:
            said.setdefault(seat.compound_id, []).append((seat.said_at, seat.reason))
    for compound_id, words in said.items():
        quoted = Quoted((text for _at, text in words), mark)
        keys = [f"{noun}:{compound_id}:" for noun in _OF_TOPICS]
        since = min(at for at, _text in words)
        await _redact_outbox(session, quoted, since, keys, ())
        await _redact_records(session, quoted, compound_id, since)


async def _redact_records(session: AsyncSession, quoted: Quoted, compound_id: int, since: datetime) -> None:
    """Why a step went back or was skipped stands on pages in the same words; what stood there before is left."""
    for topic, events in await lock_records_since(session, compound_id, since):
        for event in events:
            words = quoted.redact(event.words)
            if words == event.words:
                continue
            event.words = words
            skipped = topic.work.get("skipped", {})
            if event.verb is TopicVerb.SKIPPED and event.details["from"] in skipped:
                topic.work = topic.work | {"skipped": skipped | {event.details["from"]: words}}


async def _redact_outbox(
    session: AsyncSession,
    quoted: Quoted,
    since: datetime,
    keys: Sequence[str],
    authors: Sequence[tuple[str, str]],
) -> None:
    after = 0
    while chunk := await list_quoting_since(session, since, after, keys, authors):
        for after, text, payload in chunk:
            redacted = quoted.redact(text), _redact_fields(quoted, payload)
            if redacted != (text, payload):
                await put_outbox_words(session, after, *redacted)


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

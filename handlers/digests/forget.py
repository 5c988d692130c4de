"""Use cases: what people said leaves the stored digests with everything else of theirs; the figures stay."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.digests.rules import WEEK, monday_of
from storage.database import Database
from storage.queries.cycles import list_digests_of, list_old_words, put_digests

CHUNK = 100


async def reduce_digests(database: Database, before: datetime) -> int:
    """Take the words out of digests of weeks that ended before then; returns how many."""
    # A week's words may be as old as its Monday, and are gone when the first of them is due to go.
    week = (monday_of(before) + WEEK).isoformat()
    reduced = 0
    while True:
        async with database.write() as session:
            found = await list_old_words(session, week, CHUNK)
            await put_digests(
                session,
                {(compound_id, monday): _without(digest, None) for compound_id, monday, digest in found},
            )
        reduced += len(found)
        if len(found) < CHUNK:
            return reduced


async def forget_words_of(session: AsyncSession, person_id: int) -> int:
    """Take a person's words out of the digests that quote them; returns how many digests changed.

    To be called while their opinions still say whose they are.
    """
    changed = {}
    for compound_id, week, digest, numbers in await list_digests_of(session, person_id):
        left = _without(digest, numbers)
        if left != digest:
            changed[compound_id, week] = left
    await put_digests(session, changed)
    return len(changed)


def _without(digest: dict[str, Any], numbers: Collection[int] | None) -> dict[str, Any]:
    """A digest without the words of these opinions, None for all."""
    quotes = [quote for quote in digest["quotes"] if numbers is not None and quote["number"] not in numbers]
    urgent = [
        {**entry, "text": ""} if numbers is None or entry["number"] in numbers else entry
        for entry in digest["urgent"]
    ]
    return {
        **digest,
        "quotes": quotes,
        "urgent": urgent,
        "has_words": bool(quotes) or any(entry["text"] for entry in urgent),
    }

"""The work list: what the tagger could not make out, and what staff have sorted.

Words are masked for everybody, and in a group left out when they might still tell who said them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.access import Opened
from handlers.context import Services
from handlers.digests.masking import mask
from handlers.opinions.rules import place_name
from storage.queries.corrections import list_corrected, list_in_doubt, list_unsorted

IN_DOUBT = "group.in_doubt"  # outcome of what was heard in a group, is no matter, and has the cues of one
REACH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Doubtful:
    """One message to be sorted. number: of the opinion; None for something said in a group and not filed.

    words: masked. where: building, as far as it was said; or the group's name. suggestion: a leaf that a further
    reader thinks of, None without one.
    """

    number: int | None
    said_at: datetime
    words: str
    where: str
    suggestion: str | None = None


@dataclass(frozen=True, slots=True)
class Sorted:
    """One correction. before, after: category ids, best first; () for no matter. words: masked, empty when gone."""

    number: int
    before: tuple[str, ...]
    after: tuple[str, ...]
    urgency: tuple[int, int]
    corrected_at: datetime
    corrected_by: int | None
    words: str


async def list_doubtful(
    session: AsyncSession, services: Services, opened: Opened, now: datetime, limit: int
) -> list[Doubtful]:
    """What waits to be sorted in a compound as far as Right.CORRECT opens it, newest first.

    What was only overheard belongs to no building: somebody with a part of the compound does not see it.
    """
    since = now - min(REACH, timedelta(days=services.raw_text_days))
    found = [
        Doubtful(
            opinion.number,
            opinion.said_at,
            mask(opinion.text or ""),
            place_name(opinion.building, None, None),
            services.suggested(opinion.text or ""),
        )
        for opinion in await list_unsorted(session, opened.compound_id, opened.codes, since, limit)
    ]
    if opened.codes is None:
        found += [
            Doubtful(None, message.sent_at, mask(message.text), group.name, services.suggested(message.text))
            for message, group in await list_in_doubt(session, opened.compound_id, IN_DOUBT, since, limit)
        ]
    return sorted(found, key=lambda one: one.said_at, reverse=True)[:limit]


async def list_sorted(session: AsyncSession, opened: Opened, now: datetime, limit: int) -> list[Sorted]:
    """What staff have sorted in a compound as far as it is open, newest first."""
    return [
        Sorted(
            correction.opinion_number,
            tuple(correction.before),
            tuple(correction.after),
            (correction.urgency_before, correction.urgency_after),
            correction.corrected_at,
            correction.corrected_by,
            mask(opinion.text or ""),
        )
        for correction, opinion in await list_corrected(
            session, opened.compound_id, opened.codes, now - REACH, limit
        )
    ]

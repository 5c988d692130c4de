"""The work list: what the tagger could not make out, and what staff have sorted.

Words are masked for everybody, and in a group left out when they might still tell who said them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.access import Opened
from handlers.alerts.rules import anonymous
from handlers.context import Services
from handlers.digests.masking import mask
from handlers.opinions.rules import place_name
from storage.queries.corrections import (
    count_corrected,
    count_in_doubt,
    count_unsorted,
    list_corrected,
    list_in_doubt,
    list_unsorted,
)

IN_DOUBT = "group.in_doubt"  # outcome of what was heard in a group, is no matter, and has the cues of one
REACH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Doubtful:
    """One message to be sorted. number: of the opinion; None for something said in a group and not filed.

    heard: the inbox_id of that. words: masked. where: building, as far as it was said; or the group's name. guess: the
    leaf that the tagger finds likeliest. suggestion: a leaf that a further reader thinks of, None without one.
    """

    number: int | None
    heard: int | None
    said_at: datetime
    words: str
    where: str
    guess: str
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
    session: AsyncSession, services: Services, opened: Opened, now: datetime, limit: int, offset: int = 0
) -> list[Doubtful]:
    """What waits to be sorted in a compound as far as Right.CORRECT opens it, newest first.

    What was only overheard belongs to no building: somebody with a part of the compound does not see it.
    """
    since, most = reach(services, now), offset + limit
    found: list[tuple[datetime, int | None, int | None, str, str]] = [
        (o.said_at, o.number, None, place_name(o.building, None, None), o.text or "")
        for o in await list_unsorted(session, opened.compound_id, opened.codes, since, most)
    ]
    if opened.codes is None:
        found += [
            (message.sent_at, None, message.inbox_id, group.name, message.text)
            for message, group in await list_in_doubt(session, opened.compound_id, IN_DOUBT, since, most)
        ]
    found.sort(key=lambda one: one[0], reverse=True)
    tagger = services.tagger.of(opened.compound_id)
    return [
        Doubtful(
            number,
            heard,
            said_at,
            _hidden(text),
            where,
            tagger.reader.guess(text, tagger.phrases),
            services.suggested(text),
        )
        for said_at, number, heard, where, text in found[offset:most]
    ]


async def count_doubtful(session: AsyncSession, services: Services, opened: Opened, now: datetime) -> int:
    """How many there are in all."""
    since = reach(services, now)
    count = await count_unsorted(session, opened.compound_id, opened.codes, since)
    if opened.codes is None:
        count += await count_in_doubt(session, opened.compound_id, IN_DOUBT, since)
    return count


def reach(services: Services, now: datetime) -> datetime:
    """What is older is not to be sorted any more, or its words are gone."""
    return now - min(REACH, timedelta(days=services.raw_text_days))


async def count_sorted(session: AsyncSession, opened: Opened, now: datetime) -> int:
    """How many `list_sorted` would list without a limit."""
    return await count_corrected(session, opened.compound_id, opened.codes, now - REACH)


async def list_sorted(
    session: AsyncSession, opened: Opened, now: datetime, limit: int, offset: int = 0
) -> list[Sorted]:
    """How staff last sorted each opinion in a compound as far as it is open, newest first."""
    return [
        Sorted(
            correction.opinion_number,
            tuple(correction.before),
            tuple(correction.after),
            (correction.urgency_before, correction.urgency_after),
            correction.corrected_at,
            correction.corrected_by,
            _hidden(opinion.text or ""),
        )
        for correction, opinion in await list_corrected(
            session, opened.compound_id, opened.codes, now - REACH, limit, offset
        )
    ]


def _hidden(text: str) -> str:
    """Words without storeys and doors, and without names, phones and plates as far as they are recognised."""
    return anonymous(mask(text))

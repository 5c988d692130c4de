"""Since when residents have not heard what was done: a feedback may have fallen out, with its week or by itself."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.digests.rules import WEEK
from handlers.local_time import LOCAL
from handlers.reach.notify import key_in_group
from storage.queries import cycles
from storage.queries.prompts import list_seen
from storage.tables import ChatGroup

LONGEST = 8 * WEEK  # what was done longer ago is no news, and its day needs no year


class Untold(NamedTuple):
    """since: what was done from here on was in no feedback that went out; shown_until: up to here pages show it."""

    since: datetime
    shown_until: datetime


class Told(NamedTuple):
    """A week whose digest is made now. groups: of residents, that can be written to."""

    compound_id: int
    code: str
    week: str
    groups: Sequence[ChatGroup]


def feedback_key(code: str, week: str) -> str:
    """What names a week's feedback to residents."""
    return f"cycle:{code}:{week}:feedback"


async def find_untold(session: AsyncSession, weeks: Sequence[Told]) -> dict[int, Untold]:
    """By compound_id, at most one week of each; a compound without a digest before and without groups is left out.

    A feedback went out when one of the groups of residents has it. What still waits for its morning is not out: the
    new one takes its place. Without groups the page is all there is.
    """
    lasts = await cycles.load_last_told(session, [(each.compound_id, each.week) for each in weeks])
    keys = {
        each.compound_id: [
            (group.speaks_through, key_in_group(feedback_key(each.code, last.week), group.group_id or 0))
            for group in each.groups
        ]
        for each in weeks
        if (last := lasts.get(each.compound_id))
    }
    seen = await list_seen(session, [key for some in keys.values() for key in some])
    return {
        each.compound_id: untold
        for each in weeks
        if (untold := _untold(each, lasts, seen.intersection(keys.get(each.compound_id, ()))))
    }


def _untold(week: Told, lasts: Mapping[int, cycles.LastTold], seen: set[tuple[str, str]]) -> Untold | None:
    last = lasts.get(week.compound_id)
    if last is None:
        began = min((group.registered_at for group in week.groups), default=None)
        if began is None:
            return None
        began = max(began, datetime.fromisoformat(week.week).replace(tzinfo=LOCAL) - LONGEST)
        return Untold(began, began)
    ended = datetime.fromisoformat(last.ended)
    if seen or not week.groups:
        return Untold(ended, ended)
    return Untold(max(datetime.fromisoformat(last.told_since), ended - LONGEST), ended)

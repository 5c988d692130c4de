"""What everybody may read of a week: counts, made from the stored digest, in which nobody can be told."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.access import NotFound
from handlers.local_time import month_day
from handlers.texts import say
from storage.queries.cycles import list_weeks, load_digest
from storage.queries.tree import find_compound

FEWEST = 3  # homes behind a kind or a building that is named; what fewer spoke of is summed into 其他
IN_MESSAGE = 4  # kinds
WEEKS = 8  # that the page offers


@dataclass(frozen=True, slots=True)
class Part:
    """How many matters of one kind, or about one building."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class PublicWeek:
    """A week without words, numbers and doors. others, others_done: what too few spoke of to be named.

    trend: the totals of the last weeks, this one last; None where there was none.

    ordered, answered, done: how many requests were given to somebody, answered and done in it, whenever they began;
    in more than the week, from told_since on, when what came before was in no feedback that went out.
    """

    compound: str
    week: str
    since: datetime
    until: datetime
    total: int
    trend: tuple[int | None, ...]
    kinds: tuple[Part, ...]
    others: int
    places: tuple[Part, ...]
    ordered: int
    answered: int
    done: int
    kinds_done: tuple[Part, ...]
    others_done: int
    told_since: datetime | None = None

    @property
    def is_empty(self) -> bool:
        """Nothing was said, and nothing came of what was said before."""
        return not (self.total or self.ordered or self.answered or self.done)


def public_week(digest: Mapping[str, Any]) -> PublicWeek:
    """The public part of a digest; one of before, which does not say how many spoke, names no kind and no place."""
    told = digest.get("told")
    became = told or digest.get("became", {})
    kinds, others = _named(digest["categories"])
    places, _elsewhere = _named(digest["places"])
    kinds_done, others_done = _named(became.get("kinds", ()))
    return PublicWeek(
        compound=digest["compound"],
        week=digest["week"],
        since=datetime.fromisoformat(digest["from"]),
        until=datetime.fromisoformat(digest["to"]),
        total=digest["total"],
        trend=tuple(digest.get("trend", ())),
        kinds=kinds,
        others=others,
        places=places,
        ordered=became.get("ordered", 0),
        answered=became.get("answered", 0),
        done=became.get("done", 0),
        kinds_done=kinds_done,
        others_done=others_done,
        told_since=datetime.fromisoformat(digest["told_since"]) if told else None,
    )


def _named(entries: Iterable[Mapping[str, Any]]) -> tuple[tuple[Part, ...], int]:
    """Those that enough people spoke of, and how many matters the others are together."""
    named, rest = [], 0
    for entry in entries:
        # What nobody could sort has no name that says anything.
        if entry.get("people", 0) >= FEWEST and entry.get("id", "-"):
            named.append(Part(entry["name"], entry["count"]))
        else:
            rest += entry["count"]
    return tuple(named), rest


def feedback_text(week: PublicWeek, link: str = "") -> str:
    """The short message to residents' groups; empty when there is nothing to tell."""
    if week.is_empty:
        return ""
    since, until = month_day(week.since), month_day(week.until)
    lines = [say("digests.feedback_title", compound=week.compound, since=since, until=until)]
    if week.total:
        lines.append(say("digests.feedback_said", total=week.total))
        if parts := _listed(week.kinds, week.others):
            lines.append(say("digests.feedback_kinds", kinds=parts))
    if (became := "，".join(_became(week))) and week.told_since:
        lines.append(say("digests.feedback_caught_up", since=month_day(week.told_since), parts=became))
    elif became:
        lines.append(say("digests.feedback_became", parts=became))
    else:
        lines.append(say("digests.feedback_noted"))
    if link:
        lines.append(say("digests.feedback_link", link=link))
    return "\n".join(lines)


def _became(week: PublicWeek) -> list[str]:
    parts = []
    if week.done:
        parts.append(say("digests.feedback_done", count=week.done))
    if week.ordered:
        parts.append(say("digests.feedback_ordered", count=week.ordered))
    if week.answered:
        parts.append(say("digests.feedback_answered", count=week.answered))
    return parts


def _listed(kinds: tuple[Part, ...], others: int) -> str:
    shown, left = kinds[:IN_MESSAGE], kinds[IN_MESSAGE:]
    rest = others + sum(part.count for part in left)
    if not shown:  # 其他 alone says nothing
        return ""
    parts = [*shown, *([Part(say("digests.others"), rest)] if rest else [])]
    return "，".join(say("digests.place", name=part.name, count=part.count) for part in parts)


async def access_public_week(session: AsyncSession, code: str, week: str) -> tuple[PublicWeek, list[str]]:
    """A week that anybody may look at, and which others there are, newest first; raises NotFound."""
    compound = await find_compound(session, code)
    if compound is None or compound.compound_id is None:
        raise NotFound
    digest = await load_digest(session, compound.compound_id, week)
    if digest is None:
        raise NotFound
    return public_week(digest), (await list_weeks(session, compound.compound_id))[:WEEKS]

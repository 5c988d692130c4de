"""Use case: stored opinions are read again, after the lexicon, the model or a compound's phrases changed.

Tags and urgency are replaced; what staff sorted stays as it is, and no alert comes of old words.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.groups.earlier import WITHIN
from handlers.learning.taggers import LocalTagger, Taggers
from handlers.opinions.file import reasons
from nlp.context import REACH
from nlp.model import Scores
from storage.queries.replays import (
    Heard,
    NewTags,
    StoredOpinion,
    advance_replay,
    count_changed,
    list_heard,
    list_heard_before,
    list_heard_between,
    list_readable,
    put_tags,
)
from storage.tables import Replay

Position = tuple[int, int]  # compound, number


def step_of(change: NewTags) -> tuple[str, str]:
    """From which category to which: the best leaf, "none" for none."""
    return _first(change.stored.categories), _first(change.categories)


@dataclass(frozen=True, slots=True)
class Read:
    """A batch that was read again. upto: its last opinion."""

    upto: Position
    count: int
    changes: tuple[NewTags, ...]


@dataclass(frozen=True, slots=True)
class Fetched:
    """A batch to be read again: each opinion with what was said before it in its group, oldest first."""

    opinions: tuple[tuple[StoredOpinion, tuple[str, ...]], ...]


async def fetch_batch(
    session: AsyncSession, since: datetime, only_compound: int | None, after: Position, limit: int
) -> Fetched | None:
    """The next opinions; None behind the last. What was said before counts as far as it is still kept."""
    batch = await list_readable(session, since, only_compound, after, limit)
    if not batch:
        return None
    heard = {
        one.inbox_id: one
        for one in await list_heard(session, [each.inbox_id for each in batch if each.group_id is not None])
    }
    said = await _said_around(session, list(heard.values()))
    opinions = []
    for stored in batch:
        own = heard.get(stored.inbox_id)
        opinions.append((stored, tuple(_before(own, said[own.account, own.room])) if own else ()))
    return Fetched(tuple(opinions))


def read_again(taggers: Taggers, fetched: Fetched) -> Read:
    """Read a batch again, opinions of groups after what was said before them. Asks no database: for a thread."""
    known: dict[tuple[int, str], Scores] = {}
    changes: list[NewTags] = []
    for stored, texts in fetched.opinions:
        tagger = taggers.of(stored.compound_id)
        before: list[Scores] = []
        for text in texts:
            key = (stored.compound_id, text)
            if key not in known:
                known[key] = tagger.score(text)
            before.append(known[key])
        changes += _read_one(tagger, stored, before)
    last = fetched.opinions[-1][0]
    return Read((last.compound_id, last.number), len(fetched.opinions), tuple(changes))


async def keep_batch(
    session: AsyncSession, replay: Replay, owner: str, after: Position, read: Read, until: datetime
) -> int | None:
    """Keep what a batch came to and move the replay on, in the caller's transaction; returns how many changed.

    Matters and their requests stay as they are: somebody may be seeing to them. None when another worker has the
    replay: nothing was written.
    """
    assert replay.replay_id is not None
    if not await advance_replay(session, replay.replay_id, owner, after, read.upto, read.count, until):
        return None
    changed = await put_tags(session, read.changes) if read.changes else 0
    if changed:
        await count_changed(session, replay.replay_id, changed)
    return changed


def _read_one(tagger: LocalTagger, stored: StoredOpinion, before: Sequence[Scores]) -> Iterator[NewTags]:
    tagged = tagger.tag(stored.text, before)
    leaves = [category.id for category in tagged.categories]
    if leaves != [category["id"] for category in stored.categories] or tagged.urgency != stored.urgency:
        categories = [category._asdict() for category in tagged.categories]
        yield NewTags(stored, categories, reasons(tagged), tagged.urgency, tagged.version)


async def _said_around(session: AsyncSession, heard: Sequence[Heard]) -> dict[tuple[str, str], list[Heard]]:
    """What was said in the groups of these messages, from a little before the first to the last, oldest first."""
    rooms: dict[tuple[str, str], list[Heard]] = defaultdict(list)
    for one in heard:
        rooms[one.account, one.room].append(one)
    said = {}
    for (account, room), own in rooms.items():
        first = min(own, key=lambda one: one.inbox_id)
        last = max(one.inbox_id for one in own)
        said[account, room] = [
            *await list_heard_before(session, first, first.sent_at - WITHIN, REACH),
            *await list_heard_between(session, account, room, first.inbox_id, last),
        ]
    return said


def _before(own: Heard, said: Sequence[Heard]) -> list[str]:
    """As handlers.groups.earlier has it when a message is heard."""
    earlier = [
        one.text for one in said if one.inbox_id < own.inbox_id and one.sent_at >= own.sent_at - WITHIN
    ]
    return earlier[-REACH:]


def _first(categories: Sequence[dict[str, Any]]) -> str:
    return str(categories[0]["id"]) if categories else "none"

"""Reading the archive again: trying a change on it first, then a replay that goes on where it stopped.

A process of its own, below the bot's priority. Each batch is one short transaction, and the next one waits a little.
"""

import asyncio
import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from handlers.learning.replay import Position, keep_batch, read_batch, step_of
from handlers.learning.taggers import Taggers
from storage.audit import add_audit_event
from storage.database import Database
from storage.queries.replays import count_readable, end_replay, find_open_replay, take_replay
from storage.tables import Replay

BATCH = 500
LEASE = timedelta(seconds=30)
REST = 0.15  # of the time that a batch took: the bot's own transactions come in between
EXAMPLES = 5
_NICENESS = 10


class Scope(NamedTuple):
    """Which opinions: filed since, of one compound (its id) or of all."""

    since: datetime
    only_compound: int | None = None


class Progress:
    """What has been read so far. steps: how many changed from which category to which; examples: some of each."""

    def __init__(self, total: int, done: int = 0) -> None:
        self.total, self.done, self.changed = total, done, 0
        self.read = 0
        self.steps: Counter[tuple[str, str]] = Counter()
        self.examples: dict[tuple[str, str], list[tuple[int, int, str]]] = defaultdict(list)
        self._started = time.monotonic()

    @property
    def per_second(self) -> float:
        """Opinions, by this process."""
        return self.read / max(time.monotonic() - self._started, 1e-9)

    @property
    def seconds_left(self) -> float:
        """At the pace so far."""
        return max(self.total - self.done, 0) / max(self.per_second, 1e-9)


Report = Callable[[Progress], None]


class TakenError(Exception):
    """Another worker is at it, or was a moment ago."""


async def try_out(database: Database, taggers: Taggers, scope: Scope, report: Report) -> Progress:
    """Read all of the scope again and keep nothing."""
    async with database.read() as session:
        progress = Progress(await count_readable(session, *scope))
    after: Position = (0, 0)
    while True:
        async with database.read() as session:
            read = await read_batch(session, taggers, *scope, after, BATCH)
        if read is None:
            return progress
        after = read.upto
        for change in read.changes:
            progress.steps[step_of(change)] += 1
            if len(progress.examples[step_of(change)]) < EXAMPLES:
                stored = change.stored
                progress.examples[step_of(change)].append((stored.compound_id, stored.number, stored.text))
        progress.changed += len(read.changes)
        progress.done += read.count
        progress.read += read.count
        report(progress)


async def replay(
    database: Database,
    taggers: Taggers,
    scope: Scope,
    owner: str,
    clock: Callable[[], datetime],
    report: Report,
    rest: float = REST,
) -> Progress:
    """Read all of the scope again and keep it, going on with a replay of the same version and scope that stopped.

    One of another version that has stopped is given up: what it would write is no longer what the bot reads. Raises
    TakenError when another worker has it.
    """
    version = taggers.current.version
    row = await _open(database, scope, version, owner, clock())
    assert row.replay_id is not None
    progress = Progress(row.total, row.done)
    after: Position = (row.after_compound, row.after_number)
    while True:
        started = time.monotonic()
        async with database.read() as session:
            read = await read_batch(session, taggers, row.since, row.only_compound, after, BATCH)
        async with database.write() as session:
            now = clock()
            if read is None:
                await end_replay(session, row.replay_id, owner, now)
                add_audit_event(
                    session,
                    at=now,
                    verb="replay.ended",
                    subject=f"replay:{row.replay_id}",
                    details={"version": version, "read": progress.done, "changed_here": progress.changed},
                )
                return progress
            changed = await keep_batch(session, row, owner, after, read, now + LEASE)
        if changed is None:
            raise TakenError("another worker has taken the replay over")
        after = read.upto
        progress.steps.update(step_of(change) for change in read.changes)
        progress.changed += changed
        progress.done += read.count
        progress.read += read.count
        report(progress)
        await asyncio.sleep(rest * (time.monotonic() - started))


async def _open(database: Database, scope: Scope, version: str, owner: str, now: datetime) -> Replay:
    async with database.write() as session:
        row = await find_open_replay(session)
        if (
            row is not None
            and row.lease_owner not in ("", owner)
            and row.lease_until
            and row.lease_until > now
        ):
            raise TakenError(
                f"another worker is at it, {row.done} of {row.total} done; it may have died a moment ago"
            )
        if row is not None and (row.version, row.since, row.only_compound) != (version, *scope):
            row.ended_at = now
            row = None
        if row is None:
            row = Replay(
                version=version,
                requested_at=now,
                since=scope.since,
                only_compound=scope.only_compound,
                total=await count_readable(session, *scope),
            )
            session.add(row)
        await session.flush()
        assert row.replay_id is not None
        await take_replay(session, row.replay_id, owner, now, now + LEASE)
        return row


def step_back() -> None:
    """Let the bot go first wherever both want the processor."""
    os.nice(_NICENESS)

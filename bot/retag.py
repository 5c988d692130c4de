"""Reading the archive again: trying a change on it first, then a replay that goes on where it stopped.

A process of its own. Each batch is one short transaction, and the next one waits a little. Messages are read in a
thread below the bot's priority; transactions are not: whoever holds SQLite's lock and is not given the processor keeps
the bot from storing what comes in.
"""

import asyncio
import os
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.learning.replay import Position, Read, fetch_batch, keep_batch, read_again, step_of
from handlers.learning.taggers import Taggers
from storage.audit import add_audit_event
from storage.database import Database, is_passing
from storage.queries.replays import count_readable, end_replay, find_open_replay, take_replay
from storage.tables import Replay

BATCH = 2000  # beside a busy bot a replay waits for the lock most of the time: so few transactions as may be
LEASE = timedelta(seconds=30)
REST = 0.15  # of the time that a batch took: the bot's own transactions come in between
EXAMPLES = 5
MOST_FAILURES = 30  # in a row, before a replay gives up; it can be gone on with
PAUSE_SECONDS = 1.0
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


Reading = Callable[[Scope, Position], Awaitable[Read | None]]


@asynccontextmanager
async def _reading(database: Database, taggers: Taggers) -> AsyncIterator[Reading]:
    """Reads the batch of a scope behind a position; None behind the last."""
    loop = asyncio.get_running_loop()
    thread = ThreadPoolExecutor(1, thread_name_prefix="reading", initializer=_step_back)

    async def read(scope: Scope, after: Position) -> Read | None:
        async with database.read() as session:
            fetched = await fetch_batch(session, *scope, after, BATCH)
        if fetched is None:
            return None
        return await loop.run_in_executor(thread, read_again, taggers, fetched)

    try:
        yield read
    finally:
        thread.shutdown(wait=False)  # idle by now; joining it would block the loop


def _step_back() -> None:
    """On Linux niceness is a thread's own."""
    os.nice(_NICENESS)


class TakenError(Exception):
    """Another worker is at it, or was a moment ago."""


async def try_out(database: Database, taggers: Taggers, scope: Scope, report: Report) -> Progress:
    """Read all of the scope again and keep nothing."""
    async with database.read() as session:
        progress = Progress(await count_readable(session, *scope))
    after: Position = (0, 0)
    async with _reading(database, taggers) as reading:
        while (read := await reading(scope, after)) is not None:
            after = read.upto
            for change in read.changes:
                progress.steps[step_of(change)] += 1
                if len(progress.examples[step_of(change)]) < EXAMPLES:
                    stored = change.stored
                    progress.examples[step_of(change)].append(
                        (stored.compound_id, stored.number, stored.text)
                    )
            progress.changed += len(read.changes)
            progress.done += read.count
            progress.read += read.count
            report(progress)
    return progress


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
    failures = 0
    async with _reading(database, taggers) as reading:
        while True:
            started = time.monotonic()
            try:
                read = await reading(Scope(row.since, row.only_compound), after)
                async with database.write() as session:
                    now = clock()
                    if read is None:
                        await _end(session, row, owner, version, progress, now)
                        return progress
                    changed = await keep_batch(session, row, owner, after, read, now + LEASE)
            except Exception as error:
                # On a busy machine the bot may hold SQLite's lock again and again for longer than a wait for it.
                failures += 1
                if not is_passing(error) or failures > MOST_FAILURES:
                    raise
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            failures = 0
            if changed is None:
                raise TakenError("another worker has taken the replay over")
            after = read.upto
            progress.steps.update(step_of(change) for change in read.changes)
            progress.changed += changed
            progress.done += read.count
            progress.read += read.count
            report(progress)
            await asyncio.sleep(rest * (time.monotonic() - started))


async def _end(
    session: AsyncSession, row: Replay, owner: str, version: str, progress: Progress, now: datetime
) -> None:
    assert row.replay_id is not None
    await end_replay(session, row.replay_id, owner, now)
    add_audit_event(
        session,
        at=now,
        verb="replay.ended",
        subject=f"replay:{row.replay_id}",
        details={"version": version, "read": progress.done, "changed_here": progress.changed},
    )


async def _open(database: Database, scope: Scope, version: str, owner: str, now: datetime) -> Replay:
    # Not inside the transaction: counting a million takes a second or more, in which nothing could be stored.
    async with database.read() as session:
        total = await count_readable(session, *scope)
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
                total=total,
            )
            session.add(row)
        await session.flush()
        assert row.replay_id is not None
        await take_replay(session, row.replay_id, owner, now, now + LEASE)
        return row

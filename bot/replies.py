"""Between a waiting request and the worker: answers that can still go back on the same connection."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.receive import Hold
from storage.database import Database
from storage.outbox import find_reply, hold_reply, mark_offered, release_replies
from storage.queries.inbox import is_new
from storage.states import OutboxState

HOLD_SECONDS = 8.0  # longer than any request waits; afterwards the outbox sends the answer
LOOK_AGAIN_SECONDS = 0.2

Key = tuple[str, str]  # channel account, message key


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it lies in the outbox; `at` is when it was written, so that rendering it again gives the same."""

    inbox_id: int
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Marks:
    """Inbox ids of answers that were written to their request, and of those that could not be."""

    offered: set[int]
    released: set[int]


class ReplyDesk:
    """Requests register before their message is stored, so that the worker knows to hold the answer for them."""

    def __init__(self, database: Database, replica: str) -> None:
        self._database = database
        self._replica = replica
        self._waiting: dict[Key, asyncio.Future[Reply | None]] = {}
        self._offered: set[int] = set()
        self._released: set[int] = set()

    def expect(self, key: Key) -> asyncio.Future[Reply | None] | None:
        """A future that the worker fulfils; None when another request waits for the same message already."""
        if key in self._waiting:
            return None
        self._waiting[key] = asyncio.get_running_loop().create_future()
        return self._waiting[key]

    def forget(self, key: Key) -> None:
        """Nobody waits for this message any longer."""
        self._waiting.pop(key, None)

    def hold(self, key: Key, now: datetime) -> Hold | None:
        """How the outbox should hold the answer, when a request waits for it."""
        if key not in self._waiting:
            return None
        return Hold(self._replica, now + timedelta(seconds=HOLD_SECONDS))

    @property
    def anybody_waits(self) -> bool:
        """Whether a request is open that wants an answer."""
        return bool(self._waiting)

    def deliver(self, key: Key, reply: Reply | None, *, held: bool) -> None:
        """The worker is done with a message; None means that there is nothing to say.

        held: the answer lies in the outbox under the hold that `hold` gave.
        """
        future = self._waiting.pop(key, None)
        if future is not None and not future.done():
            future.set_result(reply)
        elif reply is not None and held:
            self._released.add(reply.inbox_id)

    def offered(self, inbox_id: int) -> None:
        """An answer was written to its request."""
        self._offered.add(inbox_id)

    def released(self, inbox_id: int) -> None:
        """An answer could not be written: the outbox may send it."""
        self._released.add(inbox_id)

    @property
    def has_marks(self) -> bool:
        """Whether there is something to write down."""
        return bool(self._offered or self._released)

    def take_marks(self) -> Marks:
        """What was offered and released since the last time, to be written down."""
        marks = Marks(self._offered, self._released)
        self._offered, self._released = set(), set()
        return marks

    def restore_marks(self, marks: Marks) -> None:
        """They could not be written down: keep them for the next time."""
        self._offered |= marks.offered
        self._released |= marks.released

    async def write_marks(self, session: AsyncSession, marks: Marks, now: datetime) -> None:
        """Write marks down in the caller's transaction."""
        if marks.offered:
            await mark_offered(session, marks.offered, now)
        if marks.released:
            await release_replies(session, marks.released, self._replica)

    async def find_earlier(self, inbox_id: int, now: datetime, seconds: float) -> Reply | None:
        """The answer to a message that came before (a platform's retry), leased to this request.

        Another replica may still be working on it: looks again until `seconds` are over. None when there is
        nothing to say, or when it went another way.
        """
        until = now + timedelta(seconds=HOLD_SECONDS)
        for _ in range(int(seconds / LOOK_AGAIN_SECONDS) + 1):
            async with self._database.read() as session:
                # In this order: between the two statements the work may be done, and its answer must be seen.
                unfinished = await is_new(session, inbox_id)
                found = await find_reply(session, inbox_id)
                unfinished = unfinished and found is None
            if found is not None:
                async with self._database.write() as session:
                    if await hold_reply(session, inbox_id, self._replica, until, now):
                        return Reply(inbox_id, found.text, found.created_at)
            # Another replica may have it for a request of its own, and will soon write down that it was offered.
            held = found is not None and found.state in (OutboxState.PENDING, OutboxState.WAITING)
            if not (unfinished or held):
                return None
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        return None

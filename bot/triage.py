"""Which of the messages that wait sound like danger, so that they are worked on before all others.

A preference and no state: it lives in memory, is gone with the process, and the next one finds it again by reading
what waits. Reading a message costs a small part of the work on it, and both stages hear it, as they will then.
"""

import time
from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from handlers.alerts.rules import SAFETY
from handlers.context import Services
from storage.database import Database
from storage.queries.inbox import list_texts, list_waiting

AT_ONCE = 100  # texts between two turns of the loop: a few milliseconds
SWEEP_SECONDS = (
    10.0  # what another replica left behind, or a slow commit brought late, is found after so long
)
MOST = 10_000  # of the oldest that one sweep goes through


class Triage:
    """One for each replica."""

    def __init__(
        self, database: Database, services: Services, replica: str, clock: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._services = services
        self._replica = replica
        self._clock = clock
        self._read: set[int] = set()
        self._read_upto = 0
        self._sweep_at = 0.0
        self._urgent: set[int] = set()

    async def look(self) -> bool:
        """Read what has come, the oldest first and no further than something urgent; whether that waits."""
        if self._urgent:
            return True
        unread = await self._list_unread()
        while unread and not self._urgent:
            some, unread = unread[:AT_ONCE], unread[AT_ONCE:]
            async with self._database.read() as session:
                texts = await list_texts(session, some)
            self._urgent.update(inbox_id for inbox_id, text in texts if self._sounds_urgent(text))
            self._read.update(some)
            self._read_upto = max(self._read_upto, some[-1])
        return bool(self._urgent)

    async def _list_unread(self) -> Sequence[int]:
        now = time.monotonic()
        sweeps = now >= self._sweep_at
        async with self._database.read() as session:
            waiting = await list_waiting(
                session, self._replica, self._clock(), 0 if sweeps else self._read_upto, MOST
            )
        if sweeps:
            self._sweep_at = now + SWEEP_SECONDS
            self._read.intersection_update(waiting)
        return [inbox_id for inbox_id in waiting if inbox_id not in self._read]

    def _sounds_urgent(self, text: str) -> bool:
        try:
            return self._services.tagger.tag(text).urgency >= SAFETY
        except Exception:  # it costs only its own message, when that is worked on
            return False

    def first(self, most: int) -> list[int]:
        """The oldest of those that sound like danger (inbox ids)."""
        return sorted(self._urgent)[:most]

    def forget(self, inbox_ids: Collection[int]) -> None:
        """They are worked on, or another replica has them."""
        self._urgent.difference_update(inbox_ids)

"""Draws the weeks whose digests are out, for the groups of staff that can be sent a picture.

Called by every replica at each tick, after the digests and outside of their transactions: a picture that cannot be
made holds up no text, and is not tried again. Of two replicas that draw the same one queues it.
"""

from dataclasses import dataclass
from datetime import datetime

import structlog

from bot.documents.render import in_thread
from bot.documents.week import chart_png
from handlers.context import Services
from handlers.digests.charts import is_worth_drawing, list_shown_to, send_chart
from handlers.digests.rules import DAY
from storage.database import Database
from storage.queries.charts import Uncharted, claim_charts, list_uncharted

LIMIT = 20  # in one tick: about a second and a half
LOOKED_FOR = 2 * DAY  # a picture that comes later than this nobody needs

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class WeekCharts:
    """The one who draws, of one replica."""

    database: Database
    services: Services

    async def step(self, now: datetime) -> int:
        """Draw what is missing; returns how many pictures were queued."""
        async with self.database.read() as session:
            waiting = await list_uncharted(session, now - LOOKED_FOR, LIMIT)
            if not waiting:
                return 0
            groups = await list_shown_to(session, self.services, [entry.compound_id for entry in waiting])
        wanted = [
            entry for entry in waiting if entry.compound_id in groups and is_worth_drawing(entry.digest)
        ]
        if others := [(entry.compound_id, entry.week) for entry in waiting if entry not in wanted]:
            async with self.database.write() as session:
                await claim_charts(session, others, now)
        sent = 0
        for entry in wanted:
            picture = await self._draw(entry, now)
            try:
                sent += await send_chart(
                    self.database, self.services, entry, groups[entry.compound_id], picture, now
                )
            except (
                Exception
            ) as error:  # the oldest comes first at every tick: it must not keep back the others
                log.warning("week.not_sent", compound=entry.code, week=entry.week, error=type(error).__name__)
        return sent

    async def _draw(self, entry: Uncharted, now: datetime) -> bytes | None:
        try:
            return await in_thread(chart_png, entry.digest, now)
        except Exception as error:  # whatever it is, the other weeks are drawn
            log.warning(
                "week.not_drawn",
                compound=entry.code,
                week=entry.week,
                error=f"{type(error).__name__}: {error}"[:200],
            )
            return None

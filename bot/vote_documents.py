"""Makes the papers of votes whose notice or result is out: found by what is missing, so a crash loses none.

Called by every replica at each tick. They are made in a thread and outside any transaction; of two replicas that make
the same one keeps it.
"""

from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.documents.fonts import FontMissing
from bot.documents.of_vote import Source, load_about, load_published, make
from bot.documents.render import DocumentError, in_thread
from handlers.voting.documents import RESULT, documents_due, keep_documents
from storage.database import Database
from storage.queries.votes import list_documents, list_votes_with_papers
from storage.sealing import Sealer
from storage.tables import Compound, Vote

LIMIT = 5  # votes in one tick
log = structlog.get_logger()


@dataclass(slots=True)
class VoteDocuments:
    """failed: what could not be made, so that it is noted once."""

    database: Database
    sealer: Sealer
    key_id: str
    public_url: str
    failed: set[tuple[int, int, str]] = field(default_factory=set)

    async def step(self, now: datetime) -> int:
        """Make what is missing; returns how many votes got something."""
        done = 0
        async with self.database.read() as session:
            due = await self._due(session, now)
        for vote, source in due:
            done += await self._make(vote, source, now)
        return done

    async def _due(self, session: AsyncSession, now: datetime) -> list[tuple[Vote, Source]]:
        found: list[tuple[Vote, Source]] = []
        for vote in await list_votes_with_papers(session):
            key = (vote.compound_id, vote.vote_number)
            for kind in documents_due(vote, await list_documents(session, *key)):
                if (*key, kind) in self.failed or len(found) == LIMIT:
                    continue
                compound = await session.get_one(Compound, vote.compound_id)
                about = await load_about(session, compound, vote, self.key_id, self.public_url, now)
                published = await load_published(session, vote, now) if kind == RESULT else None
                found.append((vote, Source(kind, about, published)))
        return found

    async def _make(self, vote: Vote, source: Source, now: datetime) -> bool:
        try:
            made = await in_thread(make, source)
        except (DocumentError, FontMissing) as error:
            self.failed.add((vote.compound_id, vote.vote_number, source.kind))
            log.error("vote.not_printable", vote=vote.vote_number, kind=source.kind, error=str(error)[:200])
            return False
        async with self.database.write() as session:
            key = (vote.compound_id, vote.vote_number)
            return await keep_documents(session, self.sealer, *key, source.kind, made, now)

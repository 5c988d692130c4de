"""Makes the papers of votes whose notice or result is out: found by what is missing, so a crash loses none.

Called by every replica at each tick. They are made in a thread and outside any transaction; of two replicas that make
the same one keeps it. What cannot be made is tried again, after longer and longer; the vote's page says so.
"""

from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.documents.fonts import FontMissing, look_again
from bot.documents.of_vote import Source, load_about, load_published, make
from bot.documents.render import DocumentError, in_thread
from handlers.voting.documents import (
    RESULT,
    Fault,
    Made,
    keep_documents,
    load_missing,
    may_try,
    note_fault,
)
from storage.blobs import LIMIT_BYTES
from storage.database import Database
from storage.queries.votes import list_documents, list_votes_with_papers
from storage.sealing import Sealer
from storage.tables import Compound, Vote

LIMIT = 5  # kinds of documents in one tick
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class VoteDocuments:
    """The maker of one replica."""

    database: Database
    sealer: Sealer
    key_id: str
    public_url: str

    async def step(self, now: datetime) -> int:
        """Make what is missing; returns how many kinds of documents are there now that were not."""
        done = 0
        async with self.database.read() as session:
            due = await self._due(session, now)
        for vote, source in due:
            done += await self._make(vote, source, now)
        return done

    async def _due(self, session: AsyncSession, now: datetime) -> list[tuple[Vote, Source]]:
        found: list[tuple[Vote, Source]] = []
        for vote in await list_votes_with_papers(session):
            there = await list_documents(session, vote.compound_id, vote.vote_number)
            for missing in await load_missing(session, vote, there):
                if not may_try(missing.fault, now):
                    continue
                compound = await session.get_one(Compound, vote.compound_id)
                about = await load_about(session, compound, vote, self.key_id, self.public_url, now)
                published = await load_published(session, vote, now) if missing.kind == RESULT else None
                found.append((vote, Source(missing.kind, about, published)))
                if len(found) == LIMIT:
                    return found
        return found

    async def _make(self, vote: Vote, source: Source, now: datetime) -> bool:
        key = (vote.compound_id, vote.vote_number)
        made = await self._made(vote, source)
        async with self.database.write() as session:
            if isinstance(made, list):
                return await keep_documents(session, self.sealer, *key, source.kind, made, now)
            fault, error = made
            is_news = await note_fault(session, *key, source.kind, fault, now)
        if is_news:
            log.error("vote.not_printable", vote=vote.vote_number, kind=source.kind, error=error)
        return False

    async def _made(self, vote: Vote, source: Source) -> list[Made] | tuple[tuple[Fault, str], str]:
        """The documents, or why there are none: for the page and for the log."""
        try:
            made = await in_thread(make, source)
        except DocumentError as error:
            look_again()
            return error.fault, str(error)[:200]
        except FontMissing as error:
            look_again()
            return (Fault.NO_FONT, ""), str(error)
        except Exception as error:  # whatever it is, the papers of other votes are made
            return (Fault.OTHER, ""), type(error).__name__
        if any(len(each.content) > LIMIT_BYTES for each in made):
            return (Fault.TOO_LARGE, ""), f"a document is larger than {LIMIT_BYTES} bytes"
        return made

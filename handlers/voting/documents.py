"""The documents of a vote: which are due, keeping them once, and one of them to hand out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.voting.announced import announced_of
from storage.blobs import find_blob, put_blob
from storage.queries.vote_log import lock_vote
from storage.queries.votes import list_document_faults, list_documents
from storage.sealing import Sealer
from storage.states import VoteState
from storage.tables import Vote, VoteDocument, VoteDocumentFault

NOTICE, EXTENSION, RESULT = "notice", "extension", "result"
PUBLISHED = (VoteState.PUBLISHED, VoteState.FINAL)
# How long it rests after each failure; after the last one as long as after that.
RESTS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))


class Fault(StrEnum):
    """Why a document could not be made; stable, for pages."""

    NO_FONT = "no_font"
    NO_CHARACTER = "no_character"
    TOO_LARGE = "too_large"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Missing:
    """A kind of documents that should be there. fault: of the last try, None while there was none."""

    kind: str
    fault: VoteDocumentFault | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A document that was generated. kind: what it belongs to, NOTICE, EXTENSION or RESULT."""

    kind: str
    name: str
    content: bytes
    media_type: str
    public: bool = True


@dataclass(frozen=True, slots=True)
class Loaded:
    """A document to hand out."""

    name: str
    content: bytes
    media_type: str


def documents_due(vote: Vote, there: Sequence[VoteDocument]) -> list[str]:
    """The kinds that a vote should have and has not. Pure."""
    wanted = [NOTICE] if vote.noticed_at is not None and vote.state is not VoteState.REVOKED else []
    if wanted and announced_of(vote).extended:
        wanted.append(EXTENSION)
    if vote.state in PUBLISHED:
        wanted.append(RESULT)
    kinds = {document.kind for document in there}
    return [kind for kind in wanted if kind not in kinds]


def may_try(fault: VoteDocumentFault | None, now: datetime) -> bool:
    """Whether it is time to make a kind of documents, again where it failed. Pure.

    A failure in the future is one of a clock that has been set back since.
    """
    return fault is None or now >= fault.next_at or now < fault.failed_at


async def load_missing(session: AsyncSession, vote: Vote, there: Sequence[VoteDocument]) -> list[Missing]:
    """What a vote should have and has not."""
    faults = await list_document_faults(session, vote.compound_id, vote.vote_number)
    return [Missing(kind, faults.get(kind)) for kind in documents_due(vote, there)]


async def note_fault(
    session: AsyncSession,
    compound_id: int,
    number: int,
    kind: str,
    fault: tuple[Fault, str],
    now: datetime,
) -> bool:
    """Keep that one kind of documents could not be made, and when it is tried again; returns whether it is news.

    fault: with the character that no font has, else "". Under the vote's lock, so that of two makers one counts.
    """
    vote = await lock_vote(session, compound_id, number)
    there = await list_documents(session, compound_id, number)
    if vote is None or kind not in documents_due(vote, there):
        return False
    row = await session.get(VoteDocumentFault, (compound_id, number, kind))
    if not may_try(row, now):
        return False
    reason, detail = fault
    is_news = row is None or (row.reason, row.detail) != (reason, detail)
    attempts = row.attempts + 1 if row is not None else 1
    await session.merge(
        VoteDocumentFault(
            compound_id=compound_id,
            vote_number=number,
            kind=kind,
            reason=reason,
            detail=detail,
            attempts=attempts,
            failed_at=now,
            next_at=now + RESTS[min(attempts, len(RESTS)) - 1],
        )
    )
    return is_news


async def keep_documents(
    session: AsyncSession,
    sealer: Sealer,
    compound_id: int,
    number: int,
    kind: str,
    made: Sequence[Made],
    now: datetime,
) -> bool:
    """Keep what was made of one kind, unless it is there; under the vote's lock, so that of two makers one keeps."""
    vote = await lock_vote(session, compound_id, number)
    there = await list_documents(session, compound_id, number)
    if vote is None or kind not in documents_due(vote, there):
        return False
    last = max((document.document_number for document in there), default=0)
    for place, each in enumerate(made, last + 1):
        session.add(
            VoteDocument(
                compound_id=compound_id,
                vote_number=number,
                document_number=place,
                kind=each.kind,
                name=each.name,
                address=await put_blob(session, sealer, compound_id, each.content, each.media_type, now),
                public=each.public,
                made_at=now,
            )
        )
    failed = await session.get(VoteDocumentFault, (compound_id, number, kind))
    if failed is not None:
        await session.delete(failed)
    return True


async def load_document(
    session: AsyncSession,
    sealer: Sealer,
    compound_id: int,
    number: int,
    document_number: int,
    *,
    public_only: bool,
) -> Loaded | None:
    """A document of a vote; None when there is none, or none for everybody. Rights have been checked."""
    document = await session.get(VoteDocument, (compound_id, number, document_number))
    if document is None or (public_only and not document.public):
        return None
    found = await find_blob(session, sealer, compound_id, document.address)
    if found is None or (document.digest and sha256(found[0]).hexdigest() != document.digest):
        return None  # not what the page says it is, nor the notice's leaf
    return Loaded(document.name, *found)

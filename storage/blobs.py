"""Photos, scans and documents: stored once per content and compound, sealed, at most 10 MB.

One blob may be a photo and a scan at the same time, so it goes with the last row that refers to it. The row that
numbers a compound's photos is the lock under which blobs come and go: who puts one finds it as it is, and who lets one
go sees every other row that has it.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, tuple_
from sqlalchemy import select as select_of
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.queries.opinions import lock_counter
from storage.sealing import Sealer
from storage.tables import BallotPaper, Blob, CampaignPlace, Photo, TopicDocument, VoteDocument, WeeklyCycle
from storage.upsert import insert_ignore

LIMIT_BYTES = 10 * 1024 * 1024
PHOTO_COUNTER = "photo"
REFERRING = (
    (Photo.compound_id, Photo.address),
    (VoteDocument.compound_id, VoteDocument.address),
    (BallotPaper.compound_id, BallotPaper.scan_address),
    (TopicDocument.compound_id, TopicDocument.address),
    (WeeklyCycle.compound_id, WeeklyCycle.chart_address),
    (CampaignPlace.compound_id, CampaignPlace.before_address),
    (CampaignPlace.compound_id, CampaignPlace.after_address),
)  # whatever has a blob; a test looks for columns that are missing here
_CONTEXT = "blobs.content"


class BlobTooLargeError(Exception):
    """A content is larger than LIMIT_BYTES."""


async def lock_blobs(session: AsyncSession, compound_id: int) -> None:
    """Let no other transaction keep or drop a blob of a compound until this one ends."""
    await lock_counter(session, compound_id, PHOTO_COUNTER)


async def put_blob(
    session: AsyncSession, sealer: Sealer, compound_id: int, content: bytes, media_type: str, now: datetime
) -> str:
    """Keep a content and return its address, the same for the same content; raises BlobTooLargeError.

    The address is a keyed hash: a plain one would tell who holds the database that a known picture is in it.
    """
    if len(content) > LIMIT_BYTES:
        raise BlobTooLargeError
    address = sealer.lookup(content, _CONTEXT).hex()
    await lock_blobs(session, compound_id)
    await insert_ignore(
        session,
        Blob,
        {
            "compound_id": compound_id,
            "address": address,
            "media_type": media_type,
            "size": len(content),
            "sealed": sealer.seal(content, _CONTEXT),
            "created_at": now,
        },
    )
    return address


async def find_blob(
    session: AsyncSession, sealer: Sealer, compound_id: int, address: str
) -> tuple[bytes, str] | None:
    """Content and media type; None for an address that this compound does not have."""
    statement = select(Blob).where(Blob.compound_id == compound_id, Blob.address == address)
    blob = (await session.exec(statement)).one_or_none()
    return (sealer.open(blob.sealed, _CONTEXT), blob.media_type) if blob else None


async def drop_blobs(session: AsyncSession, blobs: Collection[tuple[int, str]]) -> None:
    """Let those of these blobs (compound_id, address) go that no row refers to any more; under `lock_blobs`."""
    if not blobs:
        return
    unused = [
        ~select_of(col(address))
        .where(col(compound_id) == Blob.compound_id, col(address) == Blob.address)
        .exists()
        for compound_id, address in REFERRING
    ]
    await session.exec(
        delete(Blob)
        .where(tuple_(col(Blob.compound_id), col(Blob.address)).in_(list(blobs)), *unused)
        .execution_options(synchronize_session=False)
    )

"""Photos, scans and documents: stored once per content and compound, sealed, at most 10 MB."""

from datetime import datetime

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.sealing import Sealer
from storage.tables import Blob
from storage.upsert import insert_ignore

LIMIT_BYTES = 10 * 1024 * 1024
_CONTEXT = "blobs.content"


class BlobTooLargeError(Exception):
    """A content is larger than LIMIT_BYTES."""


async def put_blob(
    session: AsyncSession, sealer: Sealer, compound_id: int, content: bytes, media_type: str, now: datetime
) -> str:
    """Keep a content and return its address, the same for the same content; raises BlobTooLargeError.

    The address is a keyed hash: a plain one would tell who holds the database that a known picture is in it.
    """
    if len(content) > LIMIT_BYTES:
        raise BlobTooLargeError
    address = sealer.lookup(content, _CONTEXT).hex()
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

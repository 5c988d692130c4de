"""Use cases: a sheet of the tree between its upload and its import. It names people, so it is sealed."""

from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from storage.queries.grid import drop_grid_upload, find_grid_upload, forget_grid_uploads, put_grid_upload
from storage.sealing import Sealer
from storage.tables import GridUpload

_CONTENT = "grid_uploads.content"
KEPT = timedelta(days=1)
_LONGEST_NAME = 120


async def keep_grid_upload(
    session: AsyncSession,
    sealer: Sealer,
    compound_id: int,
    content: bytes,
    name: str,
    now: datetime,
    *,
    actor_id: int,
) -> None:
    """Keep a sheet, in the place of the one before."""
    await put_grid_upload(
        session,
        {
            "compound_id": compound_id,
            "name": name[:_LONGEST_NAME],
            "sealed": sealer.seal(content, _CONTENT),
            "uploaded_by": actor_id,
            "uploaded_at": now,
        },
    )


async def find_grid_sheet(
    session: AsyncSession, sealer: Sealer, compound_id: int
) -> tuple[GridUpload, bytes] | None:
    """The sheet that waits, and what is in it."""
    upload = await find_grid_upload(session, compound_id)
    return (upload, sealer.open(upload.sealed, _CONTENT)) if upload else None


async def drop_grid_sheet(session: AsyncSession, compound_id: int) -> None:
    """Forget the sheet that waits."""
    await drop_grid_upload(session, compound_id)


async def forget_old_grid_sheets(session: AsyncSession, now: datetime) -> None:
    """Forget every sheet that nobody imported within a day."""
    await forget_grid_uploads(session, now - KEPT)

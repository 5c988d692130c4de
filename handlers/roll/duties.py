"""Who reads a sheet of the roll hands out no codes: code and document together make somebody an owner's voice."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.people.same import is_one_human
from storage.queries.roll import list_issuers, list_sheet_readers, void_codes_by
from storage.sealing import Sealer


async def has_seen_documents(session: AsyncSession, sealer: Sealer, compound_id: int, person_id: int) -> bool:
    """Whether somebody, or another account of theirs, uploaded or imported a sheet. Under the roll's lock."""
    for reader in await list_sheet_readers(session, compound_id):
        if reader == person_id or await is_one_human(session, sealer, person_id, reader):
            return True
    return False


async def void_codes_of(
    session: AsyncSession, sealer: Sealer, compound_id: int, person_id: int, now: datetime
) -> None:
    """What they printed before they read the sheet, and nobody has used, counts no more. Under the roll's lock."""
    for issuer in await list_issuers(session, compound_id):
        if issuer == person_id or await is_one_human(session, sealer, person_id, issuer):
            await void_codes_by(session, compound_id, issuer, now)

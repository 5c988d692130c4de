"""Use cases: a sheet between its upload and its import, so that whoever brings it sends it once.

It holds names and documents, so it is sealed, and gone with the import, or after a day at the latest.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.roll.columns import Field
from handlers.roll.duties import void_codes_of
from handlers.roll.import_roll import LOCK
from handlers.roll.rules import Wishes
from storage.audit import add_audit_event
from storage.queries.opinions import lock_counter, next_number
from storage.queries.roll import delete_upload, find_upload, forget_uploads
from storage.sealing import Sealer
from storage.tables import RollUpload
from storage.upsert import insert_ignore

CONTENT = "roll_uploads.content"
KEPT = timedelta(days=1)
_LONGEST_NAME = 120
_NUMBERS = "roll_upload"


@dataclass(frozen=True, slots=True)
class Said:
    """What whoever imports a sheet says beside it.

    columns: by field the letter of its column, "" for none. sheet: the name of one of several. developers, replace: see
    rules.Wishes.
    """

    columns: Mapping[Field, str]
    sheet: str = ""
    developers: Sequence[str] = ()
    replace: bool = False

    @property
    def wishes(self) -> Wishes:
        """For the import."""
        return Wishes(tuple(self.developers), self.replace)


async def keep_upload(
    session: AsyncSession,
    sealer: Sealer,
    compound_id: int,
    content: bytes,
    name: str,
    now: datetime,
    *,
    actor_id: int,
) -> int:
    """Keep a file and return its number; the same file again has the number it has.

    Audited, since whoever has the sheet has seen the owners' documents.
    """
    digest = hashlib.sha256(content).hexdigest()
    await lock_counter(session, compound_id, LOCK)
    known = await find_upload(session, compound_id, digest=digest)
    if known is None or known.uploaded_by != actor_id:
        await void_codes_of(session, sealer, compound_id, actor_id, now)
        add_audit_event(
            session,
            at=now,
            verb="roll.uploaded",
            subject=f"compound:{compound_id}",
            compound_id=compound_id,
            actor_id=actor_id,
            details={"file": digest},
        )
    if known is not None:
        return known.upload_number
    number = await next_number(session, compound_id, _NUMBERS)
    values: dict[str, Any] = {
        "compound_id": compound_id,
        "upload_number": number,
        "digest": digest,
        "name": name[:_LONGEST_NAME],
        "sealed": sealer.seal(content, CONTENT),
        "said": {},
        "uploaded_by": actor_id,
        "uploaded_at": now,
    }
    if await insert_ignore(session, RollUpload, values):
        return number
    known = await find_upload(session, compound_id, digest=digest)
    assert known is not None
    return known.upload_number


def content_of(sealer: Sealer, upload: RollUpload) -> bytes:
    """The file."""
    return sealer.open(upload.sealed, CONTENT)


def said_of(upload: RollUpload) -> Said:
    """What was said beside it so far."""
    said = upload.said
    return Said(
        {Field(name): column for name, column in said.get("columns", {}).items()},
        said.get("sheet", ""),
        tuple(said.get("developers", ())),
        bool(said.get("replace")),
    )


def say(session: AsyncSession, upload: RollUpload, said: Said) -> None:
    """Keep what is said beside a sheet."""
    upload.said = {
        "columns": {field.value: column for field, column in said.columns.items()},
        "sheet": said.sheet,
        "developers": list(said.developers),
        "replace": said.replace,
    }
    session.add(upload)


async def drop_upload(session: AsyncSession, compound_id: int, number: int) -> None:
    """Forget a sheet."""
    await delete_upload(session, compound_id, number)


async def forget_old_uploads(session: AsyncSession, now: datetime) -> None:
    """Forget every sheet that nobody imported within a day."""
    await forget_uploads(session, now - KEPT)

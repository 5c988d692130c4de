"""What a kept sheet would do to the roll, before anything is written: sheets, columns, a line for each row."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.roll.cells import spelled
from handlers.roll.import_roll import Imported, Source, read_roll, settle_columns, try_import
from handlers.roll.report import report
from handlers.roll.rows import Row
from handlers.roll.sheet import Book, Cell, Sheet, SheetError, letters_of, read_book
from handlers.roll.upload import Said, content_of, said_of
from storage.sealing import Sealer
from storage.tables import RollUpload

_LOOKED_AT = 5  # rows whose first words say what a column is, where no header was found


@dataclass(frozen=True, slots=True)
class Looked:
    """names: of the visible sheets. columns: (letters, what stands above) of the one in use. error: a code of
    reasons.toml's [sheet], and then there is no source. lines: of the report."""

    names: Sequence[str]
    columns: Sequence[tuple[str, str]]
    error: str = ""
    source: Source | None = None
    rows: Sequence[Row] = ()
    tried: Imported | None = None
    lines: Sequence[dict[str, Any]] = ()


async def look_at_upload(
    session: AsyncSession, sealer: Sealer, compound_id: int, upload: RollUpload, now: datetime
) -> Looked:
    """Read a sheet and try its import; nothing is written."""
    said = said_of(upload)
    try:
        book = await asyncio.to_thread(read_book, content_of(sealer, upload))
    except SheetError as error:
        return Looked((), (), error.code)
    names = [sheet.name for sheet in book.sheets]
    try:
        source = settle_columns(book, said.columns, upload.digest, said.sheet)
    except SheetError as error:
        return Looked(names, _columns(book, said), error.code)
    rows = await read_roll(session, compound_id, source, said.wishes, now)
    tried = await try_import(session, sealer, compound_id, rows, said.wishes)
    columns = [(letters_of(place), label) for place, label in enumerate(source.columns.labels)]
    # The plan takes notes on the rows, so whoever imports reads them again.
    return Looked(names, columns, "", source, rows, tried, list(report(source, tried, dry_run=True)))


def _columns(book: Book, said: Said) -> list[tuple[str, str]]:
    sheets: list[Sheet] = [sheet for sheet in book.sheets if said.sheet in ("", sheet.name)]
    if not sheets:
        return []
    rows = sheets[0].rows[:_LOOKED_AT]
    width = len(rows[0]) if rows else 0
    return [(letters_of(place), _first_words([row[place] for row in rows])) for place in range(width)]


def _first_words(cells: Sequence[Cell]) -> str:
    return next((spelled(cell) for cell in cells if isinstance(cell, str) and cell), "")

"""What many tests begin with, made once for all of them: the first time as ever, then its rows are put back."""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from sqlalchemy import Table, func, insert, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.database import Database
from storage.tables import metadata

Made = TypeVar("Made")


class Beginning(Generic[Made]):
    """Rows in an empty database. Most of what making them costs is statements one by one; theirs is one for a table."""

    def __init__(self, make: Callable[[AsyncSession], Awaitable[Made]]) -> None:
        """`make` writes the rows in the session's transaction; what it returns must hold for any database."""
        self._make = make
        self._made: tuple[Made, dict[Table, list[dict[str, Any]]]] | None = None

    async def lay(self, database: Database) -> Made:
        """Write the rows; returns what `make` did."""
        async with database.write() as session:
            if self._made is None:
                made = await self._make(session)
                await session.flush()
                self._made = made, await _read(session)
            else:
                made, rows = self._made
                await _write(session, rows, numbered=not database.is_sqlite)
        return made


async def _read(session: AsyncSession) -> dict[Table, list[dict[str, Any]]]:
    connection = await session.connection()
    found = {}
    for table in metadata.sorted_tables:
        rows = await connection.execute(select(table).order_by(*table.primary_key))
        found[table] = [dict(row) for row in rows.mappings()]
    return {table: rows for table, rows in found.items() if rows}


async def _write(session: AsyncSession, made: dict[Table, list[dict[str, Any]]], *, numbered: bool) -> None:
    """numbered: the database counts keys apart from the rows that have them."""
    connection = await session.connection()
    for table, rows in made.items():
        await connection.execute(insert(table), rows)
    if numbered:
        counted = [(table, table.autoincrement_column) for table in made]
        await connection.execute(
            select(
                *(
                    func.setval(
                        func.pg_get_serial_sequence(table.name, column.name),
                        max(row[column.name] for row in made[table]),
                    )
                    for table, column in counted
                    if column is not None
                )
            )
        )

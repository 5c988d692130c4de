"""INSERT ... ON CONFLICT for both databases."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession


def insert_for(session: AsyncSession, table: type[SQLModel]) -> Any:
    """The dialect's INSERT, which knows on_conflict_do_nothing and on_conflict_do_update."""
    dialect = session.get_bind().dialect.name
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


async def insert_new(
    session: AsyncSession, table: type[SQLModel], rows: Sequence[dict[str, Any]], *columns: Any
) -> list[Any]:
    """Insert rows of the same keys, each unless a unique key stands in the way; returns `columns` of those added.

    The rows are parameters, not part of the statement: it is compiled once, however many they are.
    """
    if not rows:
        return []
    statement = insert_for(session, table).on_conflict_do_nothing().returning(*columns)
    return list((await session.exec(statement, params=rows)).all())


async def insert_ignore(session: AsyncSession, table: type[SQLModel], values: dict[str, Any]) -> bool:
    """Insert unless a unique key stands in the way; returns whether a row was added."""
    result = await session.exec(insert_for(session, table).values(**values).on_conflict_do_nothing())
    return int(result.rowcount) == 1

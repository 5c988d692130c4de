"""Work on several rows, each in a transaction of its own: one that fails does not hold up the others."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from sqlmodel.ext.asyncio.session import AsyncSession

from storage.database import Database

_T = TypeVar("_T")


async def each_apart(
    database: Database, found: Iterable[_T], do: Callable[[AsyncSession, _T], Awaitable[int]]
) -> int:
    """Do `do` with each; returns the sum of what it returns. The first error is raised when all were tried."""
    done = 0
    errors: list[Exception] = []
    for one in found:
        try:
            async with database.write() as session:
                done += await do(session, one)
        except Exception as error:  # whatever it is, the time of the others goes on
            errors.append(error)
    if errors:
        raise errors[0]
    return done

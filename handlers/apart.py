"""Work on several rows, apart from each other: one that fails does not hold up the others."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError
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


async def some_apart(
    database: Database,
    batches: Iterable[Sequence[_T]],
    do: Callable[[AsyncSession, Sequence[_T]], Awaitable[int]],
) -> int:
    """Do `do` with each batch in one transaction, and one by one with a batch that fails; returns as `each_apart`.

    When the database itself cannot be asked, nobody's turn can come: that is raised at once.
    """

    async def alone(session: AsyncSession, one: _T) -> int:
        return await do(session, [one])

    done = 0
    errors: list[Exception] = []
    for batch in batches:
        try:
            async with database.write() as session:
                done += await do(session, batch)
        except (OperationalError, InterfaceError, OSError):
            raise
        except Exception as failed:  # whatever it is, only the culprit is left
            if len(batch) == 1:
                errors.append(failed)
                continue
            try:
                done += await each_apart(database, batch, alone)
            except Exception as error:
                errors.append(error)
    if errors:
        raise errors[0]
    return done

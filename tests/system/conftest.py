"""A fleet of server processes, the simulated platform they call, and a look into their database."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.playground.platform import Platform
from bot.playground.windows import Opening
from tests.system.books import found_compound
from tests.system.fleet import ACCOUNT, Fleet
from tests.system.residents import PEOPLE


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """Starts servers; afterwards all of them are gone and their logs are looked through."""
    fleet = Fleet(tmp_path)
    yield fleet
    fleet.end()
    fleet.check_logs()


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    """The platform that the servers call; it knows every resident, and each may be written to."""
    platform = Platform(ACCOUNT, followers=PEOPLE)
    for openid in PEOPLE:
        platform.audience.opened(openid, Opening.MESSAGE)
    await platform.start()
    yield platform
    await platform.stop()


@pytest.fixture
async def founded(database_url: str) -> str:
    """The address of a database of either kind with a compound in it."""
    await found_compound(database_url)
    return database_url


@pytest.fixture
async def founded_postgres(migrated_postgres: str) -> str:
    """The address of a PostgreSQL with a compound in it."""
    await found_compound(migrated_postgres)
    return migrated_postgres


@pytest.fixture
async def founded_sqlite(tmp_path: Path) -> str:
    """The address of an SQLite file with a compound in it."""
    url = f"sqlite:///{tmp_path}/yishi.db"
    await found_compound(url)
    return url

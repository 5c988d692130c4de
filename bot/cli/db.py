"""./run db: the schema."""

import sys

from bot.config import Settings
from storage import migrate
from storage.database import Database, DatabaseError


async def run(settings: Settings, action: str, revision: str | None) -> int:
    """Returns 1 when the database is not what this version needs or cannot be reached."""
    database = Database(settings.database.url.get_secret_value())
    try:
        if action == "upgrade":
            await migrate.upgrade(database, revision or "head")
        elif action == "downgrade" and revision:
            await migrate.downgrade(database, revision)
        found, needed = await migrate.current(database), migrate.head()
        durability = await database.assert_durable()
    except (DatabaseError, OSError) as error:
        print(f"yishi: {error}", file=sys.stderr)
        return 1
    finally:
        await database.close()
    print(f"revision {found or 'none'} (this version needs {needed}); {durability}", file=sys.stderr)
    return 0 if action != "check" or found == needed else 1

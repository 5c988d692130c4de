"""Use case: hold the ledger of points against the records, every few minutes, by whichever replica comes first."""

from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.apart import each_apart
from handlers.points.rules import Deed, looks_back_to, put_right
from handlers.points.scale import SCALE
from storage.database import Database
from storage.queries.points import (
    give_points,
    list_attended,
    list_point_entries,
    list_ratings_since,
    list_reports,
    list_unswept,
    lock_point_settings,
    take_points_back,
)
from storage.states import PointKind

EVERY = timedelta(minutes=10)
LIMIT = 50  # compounds in one tick


async def advance_points(database: Database, now: datetime) -> int:
    """Put the ledgers right that are due; returns how many entries changed."""
    async with database.read() as session:
        found = await list_unswept(session, now - EVERY, LIMIT)
    return await each_apart(database, found, lambda session, compound_id: _sweep(session, compound_id, now))


async def _sweep(session: AsyncSession, compound_id: int, now: datetime) -> int:
    settings = await lock_point_settings(session, compound_id)
    if settings.on_since is None or (settings.swept_at is not None and settings.swept_at >= now - EVERY):
        return 0  # another replica was first
    settings.swept_at = now
    session.add(settings)
    since = looks_back_to(now)
    entries = await list_point_entries(session, compound_id, since)
    standing = [
        Deed(entry.source, entry.person_id, entry.kind, entry.at)
        for entry in entries
        if entry.taken_back_at is None
    ]
    changes = put_right(await _deeds(session, compound_id, since), standing, settings.on_since, SCALE)
    for deed in changes.take:
        await take_points_back(session, compound_id, deed.source, deed.person_id, now)
    for deed in changes.give:
        points = SCALE[deed.kind].points
        await give_points(session, compound_id, deed.source, deed.person_id, deed.kind, points, deed.at)
    return len(changes.take) + len(changes.give)


async def _deeds(session: AsyncSession, compound_id: int, since: datetime) -> list[Deed]:
    """What earns points: never anything about a vote."""
    reports = [
        Deed(f"report:{number}", person_id, PointKind.REPORT, at)
        for number, person_id, at in await list_reports(session, compound_id, since)
    ]
    ratings = [
        Deed(f"rating:{number}:{round_}", person_id, PointKind.RATING, at)
        for number, round_, person_id, at in await list_ratings_since(session, compound_id, since)
        if person_id > 0
    ]
    attended = [
        Deed(f"consultation:{month}", person_id, PointKind.CONSULTATION, at)
        for month, person_id, at in await list_attended(session, compound_id, since)
    ]
    return [*reports, *attended, *ratings]

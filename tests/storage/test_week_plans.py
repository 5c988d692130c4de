"""What a week's digest counts of requests and of what waits is looked up, not read out of years of records."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import event, text
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.database import Database
from storage.queries.week_figures import (
    Outcomes,
    Period,
    count_done_kinds,
    count_outcomes,
    count_unanswered,
    list_unanswered,
)

REPLIED = "request.replied"
LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
MOMENTS = 1000  # of each compound, an opinion with its matter and request every six hours
UNTIL = LONG_AGO + timedelta(hours=6 * MOMENTS)
COMPOUNDS = 30  # of which the weeks of three are asked for
PERIODS = [Period(compound_id, UNTIL - timedelta(days=7), UNTIL) for compound_id in (1, 2, 3)]
# Those of the last 40 days go on, every fourth of them is only a candidate, and one of each hundred of before.
GOES_ON = f"(i > {MOMENTS - 160} OR i % 100 = 0)"
ROWS = f"""
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MOMENTS}),
    c(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM c WHERE id < {COMPOUNDS})
"""
READS: dict[str, Callable[[AsyncSession], Awaitable[Any]]] = {
    "outcomes": lambda session: count_outcomes(session, PERIODS, REPLIED),
    "kinds": lambda session: count_done_kinds(session, PERIODS),
    "unanswered": lambda session: count_unanswered(session, PERIODS, 3),
    "listed": lambda session: list_unanswered(session, PERIODS, 3, 10),
}
INDEXES = {
    "outcomes": (
        "ix_requests_compound_id_dispatched_at",
        "ix_requests_compound_id_done_at",
        "ix_requests_compound_id_state",
        "ix_request_events_compound_id_verb_at",
    ),
    "kinds": ("ix_requests_compound_id_done_at",),
    "unanswered": (
        "ix_requests_compound_id_state",
        "ix_matters_compound_id_state_heard_at",
        "ix_opinions_compound_id_matter_number",
    ),
    "listed": (
        "ix_requests_compound_id_state",
        "ix_matters_compound_id_state_heard_at",
        "ix_opinions_compound_id_matter_number",
    ),
}


async def fill(database: Database) -> None:
    """Years of the compounds; PostgreSQL has looked at its tables, SQLite does not."""
    at = (
        f"strftime('%Y-%m-%d %H:%M:%f000', '{LONG_AGO:%Y-%m-%d}', '+' || (i * 6) || ' hours')"
        if database.is_sqlite
        else f"TIMESTAMPTZ '{LONG_AGO.isoformat()}' + i * INTERVAL '6 hours'"
    )
    empty = "'[]'" if database.is_sqlite else "'[]'::json"
    state = f"CASE WHEN {GOES_ON} THEN 'accepted' WHEN i % 50 = 1 THEN 'cancelled' ELSE 'closed' END"
    statements = [
        f"INSERT INTO compounds (compound_id, code, name) {ROWS} SELECT id, 'X' || id, 'X' FROM c",
        f"""INSERT INTO matters (compound_id, number, leaf, urgency, opened_at, heard_at, state, households, speakers)
            {ROWS} SELECT id, i, 'a.b', 1, {at}, {at},
            CASE WHEN i % 4 = 0 AND {GOES_ON} THEN 'candidate' ELSE 'confirmed' END, 1, 0 FROM n, c""",
        f"""INSERT INTO opinions (compound_id, number, inbox_id, said_at, filed_at, categories, hits, urgency,
            lexicon_version, matter_number, state)
            {ROWS} SELECT id, i, i, {at}, {at}, {empty}, {empty}, 1, 't', i, 'filed' FROM n, c""",
        f"""INSERT INTO requests (compound_id, number, state, level, helpers, raised_at, round_at, dispatched_at,
            done_at, done_by, round, refusals)
            {ROWS} SELECT id, i, {state}, 'compound', {empty}, {at}, {at}, {at},
            CASE WHEN {GOES_ON} THEN NULL ELSE {at} END, {at}, 1, 0
            FROM n, c WHERE NOT (i % 4 = 0 AND {GOES_ON})""",
        f"""INSERT INTO request_events (compound_id, number, seq, verb, at, public, details)
            {ROWS} SELECT id, i, 1, '{REPLIED}', {at}, TRUE, {empty.replace("[]", "{}")} FROM n, c
            WHERE NOT (i % 4 = 0 AND {GOES_ON})""",
    ]
    async with database.write() as session:
        connection = await session.connection()
        for statement in statements:
            await connection.execute(text(statement))
        if not database.is_sqlite:
            await connection.execute(text("ANALYZE"))


async def plan_of(database: Database, read: Callable[[AsyncSession], Awaitable[Any]]) -> str:
    """How the database looks up what a query asks."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        asked.append((statement, parameters))

    engine = database.reader.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        async with database.read() as session:
            await read(session)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    statement, parameters = next(each for each in asked if each[0].startswith(("SELECT", "WITH")))
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    async with database.read() as session:
        rows = await (await session.connection()).exec_driver_sql(f"{explain} {statement}", parameters)
        return "\n".join(str(row[-1]) for row in rows)


async def test_the_figures_of_a_week_are_looked_up_by_their_moments(database: Database) -> None:
    await fill(database)
    for name, read in READS.items():
        plan = await plan_of(database, read)
        for index in INDEXES[name]:
            assert index in plan, (name, plan)
        for slow in ("Seq Scan on requests", "Seq Scan on request_events", "Seq Scan on opinions"):
            assert slow not in plan, (name, plan)
        for slow in ("SCAN requests", "SCAN request_events", "SCAN opinions", "SCAN matters"):
            assert slow not in plan, (name, plan)


async def test_the_figures_of_a_week_are_those_of_all_records(database: Database) -> None:
    await fill(database)
    numbers = range(1, MOMENTS + 1)
    going_on = [i for i in numbers if i > MOMENTS - 160 or i % 100 == 0]
    with_request = [i for i in numbers if not (i % 4 == 0 and i in set(going_on))]
    in_week = range(MOMENTS - 28, MOMENTS)  # the last one is at the close itself
    cancelled = {i for i in numbers if i % 50 == 1 and i not in set(going_on)}
    async with database.read() as session:
        outcomes = await count_outcomes(session, PERIODS, REPLIED)
        unanswered = await count_unanswered(session, PERIODS, 3)
        first = await list_unanswered(session, PERIODS, 3, 4)
    living = [i for i in with_request if i in in_week and i not in cancelled]
    late = [i for i in going_on if i in set(with_request) and i < MOMENTS]
    assert outcomes == dict.fromkeys((1, 2, 3), Outcomes(len(living), len(living), 0, len(late)))
    assert unanswered == dict.fromkeys((1, 2, 3), len([i for i in going_on if i < MOMENTS - 12]))
    assert [each.opinion.number for each in first if each.opinion.compound_id == 2] == [100, 200, 300, 400]


async def test_nothing_is_counted_of_a_compound_without_records(database: Database) -> None:
    async with database.read() as session:
        assert await count_outcomes(session, PERIODS, REPLIED) == {}
        assert await count_unanswered(session, PERIODS, 3) == {}


async def test_a_close_in_another_zone_is_the_same_moment(database: Database) -> None:
    await fill(database)
    local = [replace(each, until=each.until.astimezone(ZoneInfo("Asia/Shanghai"))) for each in PERIODS]
    async with database.read() as session:
        assert await count_unanswered(session, local, 3) == await count_unanswered(session, PERIODS, 3)

"""Figures of a survey on PostgreSQL: each table is read once, also while nothing is known of a round that opened."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.database import Database
from storage.queries.survey_answers import (
    count_asked,
    count_both,
    count_entrances,
    count_households,
    count_told,
)
from storage.queries.surveys import list_rounds_to_tell
from storage.states import SurveyPhase
from storage.tables import SurveyRound
from tests.storage.test_week_plans import plan_of

TODAY = date(2026, 3, 12)
ROUND = SurveyRound(
    compound_id=1,
    survey_number=1001,
    round_number=1,
    phase=SurveyPhase.PLAN,
    name="方案设计",
    question="改不改？",
    starts_on=TODAY,
    ends_on=TODAY,
)
READS: dict[str, Callable[[AsyncSession], Awaitable[Any]]] = {
    "households": lambda session: count_households(session, ROUND),
    "told": lambda session: count_told(session, ROUND),
    "entrances": lambda session: count_entrances(session, ROUND),
    "both": lambda session: count_both(session, ROUND),
    "rounds": lambda session: count_asked(session, [ROUND]),
}


@pytest.mark.parametrize("name", list(READS))
async def test_no_row_is_compared_with_each_other_one(migrated_postgres: str, name: str) -> None:
    """In a nested loop or a correlated query 10,000 households took half a minute, until the tables were analysed."""
    database = Database(migrated_postgres)
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        asked.append((statement, parameters))

    event.listen(database.reader.sync_engine, "before_cursor_execute", note)
    try:
        async with database.read() as session:
            await READS[name](session)
        statement, parameters = next(each for each in asked if each[0].startswith("SELECT"))
        async with database.read() as session:
            connection = await session.connection()
            rows = await connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
            plan = "\n".join(row[0] for row in rows)
    finally:
        await database.close()
    assert "survey_answers" in plan
    for slow in ("Nested Loop", "SubPlan"):
        assert slow not in plan, plan


async def test_what_waits_to_be_told_is_looked_up_by_its_index(database: Database) -> None:
    """With every tick, of all open rounds: not all that was ever answered in them."""
    plan = await plan_of(database, lambda session: list_rounds_to_tell(session, 10, 200))
    assert "ix_survey_answers_waits" in plan, plan

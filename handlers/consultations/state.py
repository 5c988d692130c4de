"""Between the rules' view of a month and its row."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.consultations.rules import DEFAULT_PLAN, Facts, Plan, next_at
from storage.queries.consultations import find_plan
from storage.tables import Consultation, ConsultationPlan

COUNTER = (
    "agenda"  # numbers the items of a compound; whoever changes an agenda holds it, before the month's row
)

_SAME = (
    "meets_at",
    "agreed_at",
    "moved",
    "reminded_at",
    "noticed_at",
    "closed_at",
    "asked_at",
    "late_at",
    "recorded_at",
    "checked_at",
    "ended_at",
)
_OF_PLAN = ("meets_by", "day", "nth", "weekday", "minute", "form", "place", "seats")


def facts_of(row: Consultation) -> Facts:
    """The row as the rules see it."""
    return Facts(**{name: getattr(row, name) for name in _SAME}, telling=row.told_after is not None)


def keep(session: AsyncSession, row: Consultation, now: datetime) -> None:
    """After every change: when the clock has to look again."""
    row.next_at = next_at(facts_of(row), now)
    session.add(row)


def plan_of(row: ConsultationPlan | None) -> Plan:
    """A compound's plan, the default without one."""
    return DEFAULT_PLAN if row is None else Plan(**{name: getattr(row, name) for name in _OF_PLAN})


async def load_plan(session: AsyncSession, compound_id: int) -> Plan:
    """The plan that holds for a compound, switched on or not."""
    return plan_of(await find_plan(session, compound_id))

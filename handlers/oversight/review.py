"""Use cases: residents are asked about their owners' committee (业委会履职评价), by the quarter or by the year.

The question, its options and its time are always the same: nobody words it. It is a poll (handlers/polls/): tenants are
asked too, figures appear after the end and from five answers on. Whoever is asked about cannot end it early.
"""

from datetime import datetime, time, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.apart import each_apart
from handlers.context import Services
from handlers.local_time import LOCAL, local_date, month_of
from handlers.oversight.periods import bounds_of_quarter, quarter_before, quarter_of
from handlers.polls.create import create_poll
from handlers.polls.rules import Draft
from handlers.texts import say
from storage.claims import try_claim
from storage.database import Database
from storage.queries import reviews as queries
from storage.states import PollKind, ReviewRhythm
from storage.tables import Compound, OversightSettings

JOB = "committee_review"
ABOUT = "review"  # the key in a poll's `about`
BEGINS = timedelta(
    days=4, hours=10
)  # into the new quarter: behind New Year and the first days of May and October
ASKED_WITHIN = timedelta(days=45)  # after that it is not made up for
DAYS = 14
_ENDS_AT = time(20, 0)
_LIMIT = 50


def due_review(rhythm: ReviewRhythm, now: datetime) -> str | None:
    """Which period residents are to be asked about now: 2027Q1, 2027, or None. Pure."""
    quarter = quarter_before(quarter_of(month_of(now)))
    begun = bounds_of_quarter(quarter)[1] + BEGINS
    if not begun <= now < begun + ASKED_WITHIN:
        return None
    if rhythm is ReviewRhythm.QUARTERLY:
        return quarter
    return quarter[:4] if rhythm is ReviewRhythm.YEARLY and quarter.endswith("Q4") else None


async def advance_reviews(database: Database, services: Services, now: datetime) -> int:
    """Ask where it is due and was not asked; returns how many. Called by every replica as often as it likes."""
    due = {rhythm: period for rhythm in ReviewRhythm if (period := due_review(rhythm, now)) is not None}
    if not due:
        return 0
    async with database.read() as session:
        found = await queries.list_unasked(session, JOB, due, _LIMIT)
    return await each_apart(
        database,
        found,
        lambda session, settings: _ask(session, services, settings, due[settings.review], now),
    )


async def _ask(
    session: AsyncSession, services: Services, settings: OversightSettings, period: str, now: datetime
) -> int:
    assert settings.review_by is not None
    if not await try_claim(session, JOB, f"{settings.compound_id}:{period}", "clock", now):
        return 0
    compound = await session.get_one(Compound, settings.compound_id)
    ends_on = local_date(now) + timedelta(days=DAYS)
    draft = Draft(
        kind=PollKind.SATISFACTION,
        title=say("oversight.review_title", period=period_text(period)),
        body=say("oversight.review_body"),
        closes_at=datetime.combine(ends_on, _ENDS_AT, LOCAL),
    )
    await create_poll(
        session, services, compound, draft, now, actor_id=settings.review_by, about={ABOUT: period}
    )
    return 1


def period_text(period: str) -> str:
    """A quarter or a year as people say it."""
    if len(period) == 4:
        return say("oversight.year", year=period)
    return say("oversight.quarter", year=period[:4], quarter="一二三四"[int(period[5]) - 1])

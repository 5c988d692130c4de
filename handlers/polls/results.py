"""What came of a poll, as far as it may be told."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.polls.rules import Figures, figures, in_fives, is_over, may_show
from storage.queries.polls import list_answers
from storage.tables import Poll


async def load_figures(session: AsyncSession, poll: Poll, now: datetime) -> Figures | None:
    """The figures of a poll, for staff and residents alike; None before they may be seen."""
    if not may_show(poll.live, poll.closes_at, poll.ended_at, now):
        return None
    answers = await list_answers(session, poll.compound_id, poll.poll_number)
    over = is_over(poll.closes_at, poll.ended_at, now)
    return figures(len(poll.options), answers if over else in_fives(answers))

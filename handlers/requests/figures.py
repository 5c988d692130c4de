"""The rates of a compound, from its rows and in words."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.requests.rates import Rate, Rates, Row, rates
from handlers.texts import say
from storage.queries.requests import list_figures


async def rates_of(
    session: AsyncSession, services: Services, compound_id: int, since: datetime, until: datetime
) -> Rates:
    """The figures of what was raised in a compound from `since` until before `until` (docs/rates.md)."""
    requests, ratings = await list_figures(session, compound_id, since, until)
    rows = [
        Row(
            request.state,
            request.accepted_in_time,
            request.done_in_time,
            request.rating,
            tuple(ratings.get(request.number, ())),
        )
        for request in requests
    ]
    return rates(rows, services.rates_over)


def rates_text(found: Rates) -> str:
    """The figures as staff read them."""
    return say(
        "requests.rates",
        raised=found.raised,
        response=_rate_text(found.response),
        on_time=_rate_text(found.on_time),
        resolution=_rate_text(found.resolution),
        satisfaction=_rate_text(found.satisfaction),
    )


def _rate_text(rate: Rate) -> str:
    if rate.percent is None:
        return say("requests.rate_none")
    return say("requests.rate_some", count=rate.count, total=rate.total, percent=rate.percent)

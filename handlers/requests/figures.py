"""The rates of a compound, from its rows and in words."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.requests.rates import Rate, Rates, Row, rates
from handlers.texts import say
from storage.queries.requests import list_raised


async def rates_of(
    session: AsyncSession, services: Services, compound_id: int, since: datetime, until: datetime
) -> Rates:
    """The figures of what was raised in a compound from `since` until before `until` (docs/rates.md)."""
    return (await rates_of_many(session, services, [compound_id], since, until))[compound_id]


async def rates_of_many(
    session: AsyncSession,
    services: Services,
    compound_ids: Collection[int],
    since: datetime,
    until: datetime,
) -> dict[int, Rates]:
    """The same for each of these compounds."""
    rows: dict[int, list[Row]] = {compound_id: [] for compound_id in compound_ids}
    for raised in await list_raised(session, compound_ids, since, until):
        rows[raised.compound_id].append(
            Row(
                raised.state,
                raised.accepted_in_time,
                raised.done_in_time,
                raised.rating,
                raised.ratings,
                raised.level,
            )
        )
    return {compound_id: rates(of_compound, services.rates_over) for compound_id, of_compound in rows.items()}


def rates_text(found: Rates) -> str:
    """The figures as staff read them."""
    return say(
        "requests.rates",
        raised=found.raised,
        response=_rate_text(found.response),
        on_time=_rate_text(found.on_time),
        resolution=_rate_text(found.resolution),
        satisfaction=_rate_text(found.satisfaction),
        in_compound=_rate_text(found.in_compound),
        in_community=_rate_text(found.in_community),
    )


def _rate_text(rate: Rate) -> str:
    if rate.percent is None:
        return say("requests.rate_none")
    return say("requests.rate_some", count=rate.count, total=rate.total, percent=rate.percent)

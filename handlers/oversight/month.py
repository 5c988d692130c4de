"""Use case: when a month is over, keep what the records say of it, once; a month later, what they say by then.

Called by the clock of every replica, some compounds at a time. A card that is there is never counted again but for its
correction; of two replicas that count the same one, one keeps it.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.local_time import local_date
from handlers.oversight.periods import bounds_of_month, last_month, month_before
from handlers.oversight.scoring import RATES, rate_of, score_of
from handlers.requests.figures import rates_of_many
from handlers.requests.rates import Rate, Rates
from storage.database import Database
from storage.queries import scorecards as queries
from storage.queries.scorecards import Extras
from storage.queries.stewards import count_days_there

AT_ONCE = 50  # compounds in one transaction
MOST = 200  # compounds in one call: a tick stays short, the next one goes on
MISSED = 3  # months that are made up for after a stop


async def advance_months(database: Database, services: Services, now: datetime) -> int:
    """Make the cards that are due and not made; returns how many."""
    done = 0
    newest = last_month(now)
    async with database.read() as session:
        wanted = [
            (month, await queries.list_uncarded(session, month, MOST))
            for month in (month_before(newest, back) for back in range(MISSED))
        ]
        checks = await queries.list_unchecked(session, month_before(newest), MOST)
    for make, months in ((make_cards, wanted), (check_cards, list(checks.items()))):
        for month, compound_ids in months:
            for start in range(0, len(compound_ids), AT_ONCE):
                if done >= MOST:
                    return done
                some = compound_ids[start : start + AT_ONCE]
                async with database.write() as session:
                    done += await make(session, services, some, month, now)
    return done


async def make_cards(
    session: AsyncSession, services: Services, compound_ids: Collection[int], month: str, now: datetime
) -> int:
    """Count a month of these compounds; returns how many cards are new."""
    counted = await _count(session, services, compound_ids, month)
    places = await queries.list_places_ranked(session, compound_ids)
    cards = [
        {
            "compound_id": compound_id,
            "month": month,
            "revision": 1,
            "place": places.get(compound_id, ""),
            "figures": figures_of(rates, extras),
            "score": score_of(rates),
            "made_at": now,
        }
        for compound_id, (rates, extras) in counted.items()
    ]
    return await queries.add_cards(session, cards)


async def check_cards(
    session: AsyncSession, services: Services, compound_ids: Collection[int], month: str, now: datetime
) -> int:
    """Count a month once more, and keep beside it what is otherwise by now; returns how many were looked at."""
    first = await queries.lock_unchecked(session, compound_ids, month)
    counted = await _count(session, services, [card.compound_id for card in first], month)
    corrections = []
    for card in first:
        rates, extras = counted[card.compound_id]
        figures = figures_of(rates, extras)
        # A card that was made before something was counted is not wrong for the lack of it.
        if any(figures[name] != kept for name, kept in card.figures.items()):
            corrections.append(
                {
                    "compound_id": card.compound_id,
                    "month": month,
                    "revision": 2,
                    "place": card.place,
                    "figures": figures,
                    "score": score_of(rates),
                    "made_at": now,
                }
            )
        card.checked_at = now
        session.add(card)
    await queries.add_cards(session, corrections)
    return len(first)


def figures_of(rates: Rates, extras: Extras) -> dict[str, Any]:
    """What a card keeps: {"raised": 7, "response": [5, 6], ..., "reopened": 1, ...}."""
    return {
        "raised": rates.raised,
        **{name: [rate_of(rates, name).count, rate_of(rates, name).total] for name in RATES},
        **extras._asdict(),
    }


def rate_kept(figures: Mapping[str, Any], name: str) -> Rate:
    """One of the RATES of a card."""
    count, total = figures[name]
    return Rate(count, total)


async def _count(
    session: AsyncSession, services: Services, compound_ids: Collection[int], month: str
) -> dict[int, tuple[Rates, Extras]]:
    since, until = bounds_of_month(month)
    rates = await rates_of_many(session, services, compound_ids, since, until)
    extras = await queries.count_extras(session, compound_ids, since, until)
    days = await count_days_there(session, compound_ids, local_date(since), local_date(until))
    return {
        compound_id: (
            rates[compound_id],
            extras.get(compound_id, Extras())._replace(steward_days=days.get(compound_id, 0)),
        )
        for compound_id in compound_ids
    }
